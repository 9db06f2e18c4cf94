//! `docs/health-findings.md` is made from the catalogue. `PALISADE_BLESS=1` rewrites it.

use std::path::Path;

use palisade_estate::health::{catalogue, page};

#[test]
fn the_page_of_findings_matches_the_catalogue() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/health-findings.md");
    let fresh = page(catalogue());
    if std::env::var_os("PALISADE_BLESS").is_some() {
        std::fs::write(&path, &fresh).expect("written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == fresh, "docs/health-findings.md differs from the catalogue: run with PALISADE_BLESS=1");
}

#[test]
fn the_page_about_the_estate_names_every_supported_distribution() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/estate.md");
    let text = std::fs::read_to_string(&path).expect("docs/estate.md is there");
    for row in &palisade_estate::machine::SupportMatrix::shipped().distributions {
        let line = format!("| {} | {} |", row.name, row.versions.join(", "));
        assert!(text.contains(&line), "docs/estate.md lacks the line {line}");
    }
}
