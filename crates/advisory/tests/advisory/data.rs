//! The shared test data, which may be absent outside CI.

use std::path::{Path, PathBuf};

/// A file or folder under `PALISADE_DATA`, by default `../shared/data` beside the repository.
pub fn shared(relative: &str) -> Option<PathBuf> {
    let root = std::env::var_os("PALISADE_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let path = root.join("vuln").join(relative);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is absent in CI", path.display());
    palisade_testkit::skipped(&format!("no test data {relative} (set PALISADE_DATA)"));
    None
}
