//! Rust: the list that cargo-auditable puts into a program.

use std::io::Read;

use serde::Deserialize;

use super::elf::Elf;
use super::package;
use crate::error::{InventoryError, Result};
use crate::model::{Ecosystem, Package};

const SECTION: &str = ".dep-v0";
const MAX_LIST: u64 = 8 << 20;
const MAX_PACKAGES: usize = 8192;

#[derive(Deserialize)]
struct List {
    packages: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: String,
    #[serde(default)]
    source: String,
    /// What only the build needed says so.
    #[serde(default)]
    kind: String,
}

/// The crates of the program at `path`; none if it has no list.
pub(super) fn packages(elf: &Elf<'_>, path: &str) -> Result<Vec<Package>> {
    let Some(place) = elf.section(SECTION) else { return Ok(Vec::new()) };
    let packed = elf.read(place)?;
    let bad = || InventoryError::Malformed("the list of crates of a program");
    let mut text = Vec::new();
    flate2::read::ZlibDecoder::new(&packed[..]).take(MAX_LIST).read_to_end(&mut text).map_err(|_| bad())?;
    let list: List = serde_json::from_slice(&text).map_err(|_| bad())?;
    if list.packages.len() > MAX_PACKAGES {
        return Err(InventoryError::TooMany("crates of a program"));
    }
    let of = |e: Entry| {
        let p = package(Ecosystem::Cargo, &e.name, &e.version, path)?;
        let origin_by = if e.source.is_empty() { String::new() } else { "record".into() };
        Some(Package { origin: crate::bytes::text(e.source.as_bytes(), 256), origin_by, ..p })
    };
    Ok(list.packages.into_iter().filter(|e| e.kind != "build").filter_map(of).collect())
}
