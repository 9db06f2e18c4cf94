//! The contract as a checked-in document.

use std::path::Path;

/// The checked-in document is what the routes say. `PALISADE_BLESS=1` writes it anew.
#[test]
fn the_checked_in_document_is_what_the_routes_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let mut now = serde_json::to_string_pretty(&palisade_api::openapi()).expect("a document is JSON");
    now.push('\n');
    if std::env::var_os("PALISADE_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        std::fs::write(&path, &now).expect("the document is written");
    }
    let kept = std::fs::read_to_string(&path).expect("docs/openapi.json is checked in");
    assert!(kept == now, "docs/openapi.json is not what the routes say; run this test with PALISADE_BLESS=1");
}

/// Every operation says who may call it and what entry it leaves.
#[test]
fn every_operation_declares_permission_and_audit() {
    let document = palisade_api::openapi();
    let mut seen = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let permission = operation["x-palisade-permission"].as_str().unwrap_or_default();
            let audit = operation["x-palisade-audit"].as_str().unwrap_or_default();
            assert!(!permission.is_empty() && !audit.is_empty(), "{method} {path}");
            let devices = operation["x-palisade-devices"].as_str().unwrap_or_default();
            assert!(["none", "scope", "all"].contains(&devices), "{method} {path}");
            assert!(
                operation["summary"].is_string() && operation["operationId"].is_string(),
                "{method} {path}"
            );
            let changes = method != "get" && !path.ends_with("/validate") && !path.ends_with("/preview");
            // A file of rows is told like the query that makes it.
            let leaves = changes || path.ends_with("/content");
            assert_eq!(leaves, audit != "none", "{method} {path}: what changes something leaves an entry");
            seen += 1;
        }
    }
    assert!(seen >= 30, "{seen} operations");
}
