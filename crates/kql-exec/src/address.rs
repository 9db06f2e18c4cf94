//! Where addresses are: what `geo_info_from_ip_address` asks.

use std::fmt;
use std::fs::File;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use maxminddb::Reader;
use serde::{Deserialize, Serialize};

/// Largest database, bytes.
const MAX_BYTES: u64 = 1 << 30;

/// What is known of an address. Fields that are not known are empty, or null.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AddressRecord {
    /// The country's English name.
    pub country: String,
    /// The English name of its largest subdivision.
    pub state: String,
    /// The city's English name.
    pub city: String,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
}

/// Something that knows where addresses are.
pub trait AddressDatabase: Send + Sync + fmt::Debug {
    /// What is known of an address; None where nothing is.
    fn lookup(&self, address: IpAddr) -> Option<AddressRecord>;
}

/// A database in the MaxMind DB format with the fields of a city database (GeoLite2 City, DB-IP City).
pub struct MaxmindDatabase {
    reader: Reader<Bytes>,
}

/// Bytes from anywhere.
struct Bytes(Box<dyn AsRef<[u8]> + Send + Sync>);

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AddressDatabaseError {
    /// It cannot be read.
    #[error("the address database cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// It is too large, or no database.
    #[error("this is no address database: {0}")]
    Format(String),
}

impl fmt::Debug for MaxmindDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaxmindDatabase").field("type", &self.reader.metadata().database_type).finish()
    }
}

impl MaxmindDatabase {
    /// Maps a file. Whoever keeps it must replace it by another, and not write into it.
    ///
    /// # Errors
    /// If it cannot be read, is larger than 1 GiB, or is no database.
    pub fn open(path: &Path) -> Result<Self, AddressDatabaseError> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        if length > MAX_BYTES {
            return Err(AddressDatabaseError::Format(format!(
                "it has {length} bytes, more than {MAX_BYTES}"
            )));
        }
        // SAFETY: the file is replaced as a whole and never changed, as the doc comment demands.
        let map = unsafe { memmap2::Mmap::map(&file)? };
        Self::from_bytes(map)
    }

    /// A database that somebody else holds.
    ///
    /// # Errors
    /// If it is none.
    pub fn from_bytes(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Result<Self, AddressDatabaseError> {
        let reader = Reader::from_source(Bytes(Box::new(bytes)))
            .map_err(|e| AddressDatabaseError::Format(e.to_string()))?;
        Ok(Self { reader })
    }
}

#[derive(Deserialize)]
struct Names<'a> {
    en: Option<&'a str>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    names: Option<Names<'a>>,
}

#[derive(Deserialize)]
struct Location {
    latitude: Option<f64>,
    longitude: Option<f64>,
}

#[derive(Deserialize)]
struct City<'a> {
    #[serde(borrow)]
    country: Option<Named<'a>>,
    #[serde(borrow)]
    subdivisions: Option<Vec<Named<'a>>>,
    #[serde(borrow)]
    city: Option<Named<'a>>,
    location: Option<Location>,
}

impl AddressDatabase for MaxmindDatabase {
    fn lookup(&self, address: IpAddr) -> Option<AddressRecord> {
        let found: City<'_> = self.reader.lookup(address).ok()?.decode().ok()??;
        let name = |part: Option<&Named<'_>>| {
            part.and_then(|p| p.names.as_ref()).and_then(|n| n.en).unwrap_or_default().to_owned()
        };
        let location = found.location.as_ref();
        Some(AddressRecord {
            country: name(found.country.as_ref()),
            state: name(found.subdivisions.as_ref().and_then(|s| s.first())),
            city: name(found.city.as_ref()),
            latitude: location.and_then(|l| l.latitude),
            longitude: location.and_then(|l| l.longitude),
        })
    }
}

/// The answer of `geo_info_from_ip_address` as JSON; None where nothing is known.
pub(crate) fn answer(database: &Arc<dyn AddressDatabase>, text: &str) -> Option<String> {
    let address: IpAddr = text.trim().parse().ok()?;
    // A mapped address is the IPv4 address that it stands for.
    serde_json::to_string(&database.lookup(address.to_canonical())?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value of the format's data section.
    enum Data {
        Text(&'static str),
        Real(f64),
        /// The kind (5, 6, 9 for 16, 32, 64 bits) and the number.
        Number(u8, u64),
        Map(Vec<(&'static str, Data)>),
        List(Vec<Data>),
    }

    fn put(data: &Data, out: &mut Vec<u8>) {
        let mut head = |kind: u8, size: usize| {
            assert!(size < 29);
            let size = u8::try_from(size).unwrap();
            if kind > 7 {
                out.extend([size, kind - 7]);
            } else {
                out.push(kind << 5 | size);
            }
        };
        match data {
            Data::Text(s) => {
                head(2, s.len());
                out.extend(s.as_bytes());
            }
            Data::Real(n) => {
                head(3, 8);
                out.extend(n.to_be_bytes());
            }
            Data::Number(kind, n) => {
                let size = match kind {
                    5 => 2,
                    6 => 4,
                    _ => 8,
                };
                head(*kind, size);
                out.extend(&n.to_be_bytes()[8 - size..]);
            }
            Data::Map(pairs) => {
                head(7, pairs.len());
                for (key, value) in pairs {
                    put(&Data::Text(key), out);
                    put(value, out);
                }
            }
            Data::List(items) => {
                head(11, items.len());
                items.iter().for_each(|item| put(item, out));
            }
        }
    }

    /// A database of networks (first bits of 16 bytes) as the format's description says.
    fn database(networks: &[(IpAddr, usize, Data)]) -> Vec<u8> {
        let mut data = Vec::new();
        let mut offsets = Vec::new();
        for (_, _, record) in networks {
            offsets.push(data.len());
            put(record, &mut data);
        }
        // A node has two records: none, a node, or a network.
        #[derive(Clone, Copy)]
        enum To {
            Nothing,
            Node(usize),
            Network(usize),
        }
        let mut nodes = vec![[To::Nothing; 2]];
        for (at, (address, bits, _)) in networks.iter().enumerate() {
            let (bytes, bits) = match address {
                IpAddr::V4(v4) => (u128::from(u32::from(*v4)), bits + 96),
                IpAddr::V6(v6) => (u128::from(*v6), *bits),
            };
            let mut node = 0;
            for bit in 0..bits {
                let side = (bytes >> (127 - bit) & 1) as usize;
                if bit + 1 == bits {
                    nodes[node][side] = To::Network(at);
                } else if let To::Node(next) = nodes[node][side] {
                    node = next;
                } else {
                    nodes.push([To::Nothing; 2]);
                    nodes[node][side] = To::Node(nodes.len() - 1);
                    node = nodes.len() - 1;
                }
            }
        }
        let count = nodes.len();
        let mut out = Vec::new();
        for to in nodes.iter().flatten() {
            let value = match to {
                To::Nothing => count,
                To::Node(next) => *next,
                To::Network(at) => count + 16 + offsets[*at],
            };
            out.extend(&u32::try_from(value).unwrap().to_be_bytes()[1..]);
        }
        out.extend([0; 16]);
        out.extend(data);
        out.extend(b"\xab\xcd\xefMaxMind.com");
        let metadata = Data::Map(vec![
            ("binary_format_major_version", Data::Number(5, 2)),
            ("binary_format_minor_version", Data::Number(5, 0)),
            ("build_epoch", Data::Number(9, 1_700_000_000)),
            ("database_type", Data::Text("Test-City")),
            ("description", Data::Map(vec![("en", Data::Text("a test"))])),
            ("ip_version", Data::Number(5, 6)),
            ("languages", Data::List(vec![Data::Text("en")])),
            ("node_count", Data::Number(6, count as u64)),
            ("record_size", Data::Number(5, 24)),
        ]);
        put(&metadata, &mut out);
        out
    }

    fn named(name: &'static str) -> Data {
        Data::Map(vec![("names", Data::Map(vec![("en", Data::Text(name)), ("de", Data::Text("anders"))]))])
    }

    fn example() -> Vec<u8> {
        let place = Data::Map(vec![
            ("city", named("Bern")),
            ("country", named("Switzerland")),
            ("subdivisions", Data::List(vec![named("Canton of Bern"), named("inner")])),
            ("location", Data::Map(vec![("latitude", Data::Real(46.948)), ("longitude", Data::Real(7.447))])),
        ]);
        let bare = Data::Map(vec![("country", named("France"))]);
        database(&[("192.0.2.0".parse().unwrap(), 24, place), ("2001:db8::".parse().unwrap(), 32, bare)])
    }

    #[test]
    fn addresses_are_found() {
        let database: Arc<dyn AddressDatabase> = Arc::new(MaxmindDatabase::from_bytes(example()).unwrap());
        assert_eq!(
            answer(&database, "192.0.2.77").as_deref(),
            Some(
                r#"{"country":"Switzerland","state":"Canton of Bern","city":"Bern","latitude":46.948,"longitude":7.447}"#
            )
        );
        assert_eq!(answer(&database, "::ffff:192.0.2.77"), answer(&database, " 192.0.2.77 "));
        assert_eq!(
            answer(&database, "2001:db8::1").as_deref(),
            Some(r#"{"country":"France","state":"","city":"","latitude":null,"longitude":null}"#)
        );
        for unknown in ["192.0.3.1", "2001:db9::1", "", "Bern", "192.0.2", "192.0.2.0/24"] {
            assert_eq!(answer(&database, unknown), None, "{unknown}");
        }
    }

    #[test]
    fn the_file_that_other_crates_test_with_is_the_example() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/addresses.mmdb");
        assert_eq!(std::fs::read(path).unwrap(), example());
    }

    #[test]
    fn a_file_is_mapped() {
        let path = std::env::temp_dir().join(format!("palisade-addresses-{}.mmdb", std::process::id()));
        std::fs::write(&path, example()).unwrap();
        let found = MaxmindDatabase::open(&path).unwrap().lookup("192.0.2.1".parse().unwrap()).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(found.city, "Bern");
        assert!(matches!(MaxmindDatabase::open(&path), Err(AddressDatabaseError::Io(_))));
    }

    #[test]
    fn broken_databases_are_errors() {
        let good = example();
        assert!(MaxmindDatabase::from_bytes(Vec::new()).is_err());
        assert!(MaxmindDatabase::from_bytes(b"\xab\xcd\xefMaxMind.com".to_vec()).is_err());
        let try_all = |bytes: Vec<u8>| {
            if let Ok(database) = MaxmindDatabase::from_bytes(bytes) {
                for address in ["192.0.2.1", "2001:db8::1", "::", "255.255.255.255"] {
                    let _ = database.lookup(address.parse().unwrap());
                }
            }
        };
        for end in 0..good.len() {
            try_all(good[..end].to_vec());
        }
        for at in 0..good.len() {
            for value in [0, 0x7f, 0xff, good[at] ^ 0x20] {
                let mut bytes = good.clone();
                bytes[at] = value;
                try_all(bytes);
            }
        }
    }
}
