//! A root that a test fills, and what the tests share.

use std::io::Read;
use std::path::PathBuf;

use palisade_inventory::{Inventory, Options, Package, Root, Scanner};
use tempfile::TempDir;

pub struct World {
    dir: TempDir,
}

impl World {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a folder") }
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below.trim_start_matches('/'))
    }

    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        std::fs::write(path, content).expect("writable");
    }

    pub fn scanner(&self) -> Scanner {
        let options = Options { walk_every: std::time::Duration::ZERO, ..Options::default() };
        Scanner::new(Root::open(self.dir.path()).expect("opens"), options)
    }

    pub fn scan(&self) -> Inventory {
        self.scanner().full().expect("a scan")
    }
}

/// A fixture, unpacked.
pub fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/data/{name}.zst", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::File::open(path).expect("a fixture");
    let mut out = Vec::new();
    let mut bounded = zstd::Decoder::new(file).expect("zstd").take(64 << 20);
    bounded.read_to_end(&mut out).expect("whole");
    out
}

pub fn named<'a>(inventory: &'a Inventory, name: &str) -> &'a Package {
    let found = inventory.packages.iter().find(|p| p.name == name);
    found.unwrap_or_else(|| panic!("{name} is not among {} packages", inventory.packages.len()))
}

/// A file of the shared data, unpacked.
pub fn gunzip(path: &std::path::Path) -> Vec<u8> {
    let mut out = Vec::new();
    let file = std::fs::File::open(path).expect("there");
    flate2::read::GzDecoder::new(file).take(256 << 20).read_to_end(&mut out).expect("whole");
    out
}
