//! Which addresses may be reached: public ones, and what the operator allows besides.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use crate::outward::{is_public, unmapped};

/// Largest file of the operator, bytes.
pub const MAX_FILE: u64 = 1 << 20;

/// A range of addresses, `10.0.0.0/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    address: IpAddr,
    bits: u8,
}

impl FromStr for Block {
    type Err = EgressError;

    fn from_str(s: &str) -> Result<Self, EgressError> {
        let bad = || EgressError(format!("{s} is no address and no range such as 10.0.0.0/8"));
        let (address, bits) = match s.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| bad())?)),
            None => (s, None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| bad())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        if bits > most { Err(bad()) } else { Ok(Self { address, bits }) }
    }
}

impl<'de> Deserialize<'de> for Block {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Block {
    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// What is wrong with the operator's file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EgressError(pub String);

/// What the operator says about where notifications may go: `notifications.toml` in the data folder, which no
/// tenant can write.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Egress {
    /// Addresses that may be reached although they are of this machine or of a private network; also without
    /// TLS.
    pub allow: Vec<Block>,
    /// A file with further certificate authorities, PEM.
    pub ca_file: Option<PathBuf>,
}

/// Why an address may not be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inward(pub IpAddr);

impl fmt::Display for Inward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is of this machine or of a private network, which the operator has not allowed", self.0)
    }
}

impl Egress {
    /// Reads the file; one that is not there allows nothing besides public addresses.
    ///
    /// # Errors
    /// When it cannot be read or says something that is not understood.
    pub fn load(path: &Path) -> Result<Self, EgressError> {
        let said = |e: &dyn fmt::Display| EgressError(format!("{}: {e}", path.display()));
        match std::fs::metadata(path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(said(&e)),
            Ok(m) if m.len() > MAX_FILE => return Err(said(&"larger than 1 MiB")),
            Ok(_) => {}
        }
        let text = std::fs::read_to_string(path).map_err(|e| said(&e))?;
        toml::from_str(&text).map_err(|e| said(&e))
    }

    /// Whether the operator named this address.
    pub fn allows(&self, address: IpAddr) -> bool {
        let plain = unmapped(address);
        self.allow.iter().any(|block| block.contains(plain))
    }

    /// Whether it may be reached at all.
    ///
    /// # Errors
    /// When it leads inwards and is not allowed.
    pub fn check(&self, address: IpAddr) -> Result<(), Inward> {
        if self.allows(address) || is_public(unmapped(address)) { Ok(()) } else { Err(Inward(address)) }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn nothing_that_leads_inwards_is_reached_however_it_is_written() {
        let egress = Egress::default();
        for inward in [
            "127.0.0.1",
            "127.1.2.3",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::1",
            "2002:a00:1::1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "fec0::1",
        ] {
            assert!(egress.check(inward.parse().expect(inward)).is_err(), "{inward}");
        }
        for public in [
            "8.8.8.8",
            "1.1.1.1",
            "172.32.0.1",
            "2606:4700::1111",
            "2002:808:808::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(egress.check(public.parse().expect(public)).is_ok(), "{public}");
        }
    }

    #[test]
    fn the_operator_allows_ranges_and_nothing_beside_them() {
        let egress: Egress =
            toml::from_str("allow = [\"127.0.0.1\", \"10.8.0.0/16\", \"fd00::/8\"]").expect("read");
        for (address, allowed) in [
            ("127.0.0.1", true),
            ("::ffff:127.0.0.1", true),
            ("127.0.0.2", false),
            ("10.8.255.1", true),
            ("10.9.0.1", false),
            ("fd12::1", true),
            ("fc00::1", false),
        ] {
            assert_eq!(egress.check(address.parse().expect(address)).is_ok(), allowed, "{address}");
        }
        assert!("10.0.0.0/33".parse::<Block>().is_err() && "x".parse::<Block>().is_err());
        assert!("0.0.0.0/0".parse::<Block>().expect("all").contains(Ipv4Addr::LOCALHOST.into()));
        assert!(toml::from_str::<Egress>("alow = []").is_err(), "a slip is told");
    }

    #[test]
    fn a_file_that_is_not_there_allows_nothing_and_a_broken_one_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("notifications.toml");
        assert_eq!(Egress::load(&file), Ok(Egress::default()));
        std::fs::write(&file, "allow = [\"10.0.0.0/99\"]").expect("written");
        assert!(Egress::load(&file).is_err());
    }
}
