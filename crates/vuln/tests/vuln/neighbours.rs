//! Debian's own changelogs: the version before a fix is vulnerable, the fix is not.

use std::collections::HashMap;

use crate::data::{component, found, index, lines, records};

#[test]
fn debian_neighbours() {
    for feed in ["feeds/debian-security-tracker.derived.json.gz", "feeds/osv-Debian-12.derived.all.zip"] {
        let (Some(records), Some(rows)) = (records(&[feed]), lines("golden/debian-neighbours.jsonl.gz"))
        else {
            return;
        };
        let index = index(records);
        let mut wrong = Vec::new();
        let mut known: HashMap<(String, String), Vec<String>> = HashMap::new();
        for row in &rows {
            let field = |key: &str| row[key].as_str().unwrap_or_default();
            let mut has = |version: &str| {
                let source = field("source");
                let found = known.entry((source.to_owned(), version.to_owned())).or_insert_with(|| {
                    // The package is called otherwise than the source, as most are; of a kernel the image counts.
                    let name = if source == "linux" { "linux-image-6.1.0-1-amd64" } else { "some-binary" };
                    let mut component = component("debian:12", name, version);
                    component.source = source.to_owned();
                    found(&index, &component)
                });
                found.iter().any(|v| v == field("cve"))
            };
            if !has(field("vulnerable_version")) || has(field("fixed_version")) {
                wrong.push(row);
            }
        }
        println!("{feed}: {} of {} neighbours are right", rows.len() - wrong.len(), rows.len());
        assert!(rows.len() > 3000 && wrong.is_empty(), "{:?}", wrong.first());
    }
}
