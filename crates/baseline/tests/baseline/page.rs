//! `docs/baseline-checks.md` is made from the catalogue. `PALISADE_BLESS=1` rewrites it.

use std::path::Path;

use palisade_baseline::{builtin, catalogue_page};

#[test]
fn the_page_shows_the_catalogue() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/baseline-checks.md");
    let fresh = catalogue_page(builtin());
    if std::env::var_os("PALISADE_BLESS").is_some() {
        std::fs::write(&path, &fresh).expect("the page is writable");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == fresh, "docs/baseline-checks.md differs from the catalogue: run with PALISADE_BLESS=1");
}
