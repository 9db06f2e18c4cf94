//! The tables of `docs/feeds.md` are made from the catalogue. `PALISADE_BLESS=1` rewrites them.

use std::path::Path;

use palisade_feeds::{Catalogue, page};

const BEGIN: &str =
    "<!-- made from crates/feeds/data/feeds.toml and crates/feeds/src/code.rs; do not edit below -->\n";

#[test]
fn the_page_of_feeds_matches_the_catalogue() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/feeds.md");
    let kept = std::fs::read_to_string(&path).expect("docs/feeds.md is there");
    let (by_hand, _) = kept.split_once(BEGIN).expect("the page has its mark");
    let fresh = format!("{by_hand}{BEGIN}\n{}", page(&Catalogue::built_in()));
    if std::env::var_os("PALISADE_BLESS").is_some() {
        std::fs::write(&path, &fresh).expect("written");
    } else {
        assert!(kept == fresh, "docs/feeds.md differs from the catalogue: run with PALISADE_BLESS=1");
    }
}
