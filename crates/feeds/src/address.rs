//! Databases of where addresses are, in the MaxMind DB format: no records of vulnerabilities, but one file that is mapped.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use maxminddb::{Reader, WithinOptions};
use palisade_advisory::{Fault, FaultCode, Limits, Origin, documents};
use palisade_types::TimeMicros;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::check::{Checked, TOMORROW};
use crate::code::{At, Code, FeedError};
use crate::index::Index;
use crate::manifest::FileEntry;
use crate::writer::Mapped;

/// What the catalogue calls the format.
pub(crate) const FORMAT: &str = "mmdb";
/// Largest database, bytes: also the most that whoever queries it maps.
const MAX_BYTES: u64 = 1 << 30;
/// What its metadata begins with, and in how many of its last bytes that is looked for, by the format's description.
const MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";
const MARKER_WITHIN: usize = 128 << 10;
/// Networks that are looked at for a place with a name.
const LOOKED_AT: usize = 100_000;

/// Whether bytes are a database, by their metadata.
pub(crate) fn is_database(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(MARKER_WITHIN)..];
    tail.windows(MARKER.len()).any(|w| w == MARKER)
}

/// Whether a file is called as databases are, packed or not.
pub(crate) fn is_named_so(path: &str) -> bool {
    let base = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    base.ends_with(".mmdb") || base.contains(".mmdb.")
}

/// Puts what is packed in a file in its place, since only what is not packed can be mapped.
pub(crate) fn unpack(name: &str, part: &Path, entry: &mut FileEntry) -> Result<(), FeedError> {
    let unpacked = part.with_extension("unpacked");
    let map = Mapped::open(part)?;
    if map.bytes().is_empty() || (is_database(map.bytes()) && Reader::from_source(map.bytes()).is_ok()) {
        return Ok(());
    }
    let origin = Origin { feed: "", file: name, ecosystem: None };
    let limits = Limits { document: usize::try_from(MAX_BYTES).unwrap_or(usize::MAX), ..Limits::default() };
    let mut found = None;
    let walked = documents(origin, map.bytes(), limits, &mut |doc, bytes| {
        // What is not packed at all is judged as it is.
        if std::ptr::eq(bytes, map.bytes()) || !is_database(bytes) {
            return Ok(());
        }
        let failed = |e: std::io::Error| Fault {
            file: doc.to_owned(),
            record: String::new(),
            code: FaultCode::BadArchive,
            reason: format!("what is packed in it cannot be written: {e}"),
        };
        if found.is_some() {
            let reason = "there are several databases in it".to_owned();
            return Err(Fault { reason, ..failed(std::io::ErrorKind::Other.into()) });
        }
        File::create(&unpacked).and_then(|mut out| out.write_all(bytes)).map_err(failed)?;
        found = Some((hex::encode(Sha256::digest(bytes)), bytes.len() as u64));
        Ok(())
    });
    let done = walked.map_err(|fault| FeedError { file: name.to_owned(), ..fault.into() }).and_then(|()| {
        let Some((sha256, size)) = found else { return Ok(()) };
        std::fs::rename(&unpacked, part).at(part)?;
        (entry.sha256, entry.size) = (sha256, size);
        Ok(())
    });
    if done.is_err() {
        // Why it is not taken is what counts; what stays goes after a week, as everything in `incoming`.
        let _ = std::fs::remove_file(&unpacked);
    }
    done
}

/// Looks into all of a database: its tree, its data, and whether that tells places. Its nodes are what is counted.
pub(crate) fn check(name: &str, bytes: &[u8]) -> Result<Checked, FeedError> {
    let fail = |code, reason: String| Err(FeedError::new(code, name, reason));
    if bytes.is_empty() {
        return fail(Code::Empty, "it has no bytes".to_owned());
    }
    if bytes.len() as u64 > MAX_BYTES {
        return fail(Code::TooLarge, format!("it has {} bytes, at most {MAX_BYTES} are taken", bytes.len()));
    }
    if !is_database(bytes) {
        let reason = "no database of addresses (MaxMind DB): its end is cut off, or it is something else";
        return fail(Code::UnknownFormat, reason.to_owned());
    }
    let bad = |e: maxminddb::MaxMindDbError| {
        FeedError::new(
            Code::BadRecord,
            name,
            format!("a database of addresses (MaxMind DB) that is not whole: {e}"),
        )
    };
    let reader = Reader::from_source(bytes).map_err(bad)?;
    reader.verify().map_err(bad)?;
    let metadata = reader.metadata();
    if !tells_places(&reader).map_err(bad)? {
        let reason = format!(
            "a database of the type {:?}: no network has the English name of a country or city",
            metadata.database_type
        );
        return fail(Code::WrongFormat, reason);
    }
    let built =
        i64::try_from(metadata.build_epoch).ok().and_then(|s| s.checked_mul(1_000_000)).map(TimeMicros);
    let counts = FileEntry {
        formats: [(FORMAT.to_owned(), 1)].into(),
        records: u64::from(metadata.node_count),
        newest: built.filter(|t| *t <= TimeMicros::now().plus_micros(TOMORROW)),
        ..FileEntry::default()
    };
    Ok(Checked { counts, index: Index::default() })
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

/// What queries ask of a place, as far as it must be there.
#[derive(Deserialize)]
struct Place<'a> {
    #[serde(borrow)]
    country: Option<Named<'a>>,
    #[serde(borrow)]
    city: Option<Named<'a>>,
}

fn tells_places(reader: &Reader<&[u8]>) -> Result<bool, maxminddb::MaxMindDbError> {
    for found in reader.networks(WithinOptions::default())?.take(LOOKED_AT) {
        // Another kind of database has something else under these names.
        let Ok(Some(place)) = found?.decode::<Place<'_>>() else { continue };
        let named = |n: Option<&Named<'_>>| n.and_then(|n| n.names.as_ref()).is_some_and(|n| n.en.is_some());
        if named(place.country.as_ref()) || named(place.city.as_ref()) {
            return Ok(true);
        }
    }
    Ok(false)
}
