use std::path::Path;

/// The console's tests read the schema where no server runs. `PALISADE_BLESS=1` writes it anew.
#[test]
fn the_checked_in_schema_is_what_a_builder_gets() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/explore-schema.json");
    let mut now = serde_json::to_string_pretty(&palisade_explore::schema_document()).unwrap();
    now.push('\n');
    if std::env::var_os("PALISADE_BLESS").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(
        kept == now,
        "docs/explore-schema.json is not what the schema says; run this test with PALISADE_BLESS=1"
    );
}
