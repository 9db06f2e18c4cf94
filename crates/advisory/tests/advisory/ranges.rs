//! Ranges of real feeds against versions that are known to be affected or fixed.

use std::collections::HashMap;
use std::io::Read as _;

use palisade_advisory::{
    Affected, Collected, Format, Limits, Origin, Record, Scheme, Status, decode, documents,
};
use serde_json::Value;

fn feed(file: &str, format: Format) -> Option<Collected> {
    let bytes = std::fs::read(crate::data::shared(file)?).expect("the test data can be read");
    let origin = Origin { feed: "test", file, ecosystem: None };
    let mut sink = Collected::default();
    documents(origin, &bytes, Limits::default(), &mut |name, bytes| {
        decode(format, Origin { file: name, ..origin }, bytes, &mut sink)
    })
    .expect("the feed is whole");
    assert!(sink.faults.is_empty(), "{:?}", sink.faults.first());
    Some(sink)
}

fn in_ranges(affected: &Affected, scheme: Scheme, version: &str) -> bool {
    affected.ranges.iter().any(|r| r.contains(scheme, version).unwrap_or_default())
}

/// The version before a fix is affected, the fix is not: each of Debian's own changelogs says so.
#[test]
fn debian_neighbours() {
    let Some(sink) = feed("feeds/debian-security-tracker.derived.json.gz", Format::DebianTracker) else {
        return;
    };
    let Some(path) = crate::data::shared("golden/debian-neighbours.jsonl.gz") else { return };
    let mut by_name: HashMap<(String, String), &Affected> = HashMap::new();
    for record in &sink.records {
        let Record::Advisory(advisory) = record else { continue };
        for affected in advisory.affected.iter().filter(|a| a.ecosystem.to_string() == "debian:12") {
            by_name.insert((affected.package.clone(), advisory.id.clone()), affected);
        }
    }
    let mut text = String::new();
    let bytes = std::fs::read(path).expect("the test data can be read");
    flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("text");
    let mut rows = 0;
    let mut wrong = Vec::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).expect("a row");
        let field = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let affected = by_name.get(&(field("source"), field("cve")));
        let right = affected.is_some_and(|a| {
            a.status == Status::Affected
                && in_ranges(a, Scheme::Deb, &field("vulnerable_version"))
                && !in_ranges(a, Scheme::Deb, &field("fixed_version"))
        });
        rows += 1;
        if !right {
            wrong.push(line.to_owned());
        }
    }
    assert!(rows > 3000 && wrong.is_empty(), "{} of {rows}: {:?}", wrong.len(), wrong.first());
}

/// Each enumerated version lies in a range, but for 47 that the records name beyond their ranges and 108
/// that are no versions of PEP 440 and may be placed either way.
#[test]
fn enumerated_versions_lie_in_their_ranges() {
    let Some(sink) = feed("feeds/osv-PyPI.all.zip", Format::Osv) else { return };
    let (mut versions, mut outside) = (0_usize, 0_usize);
    for record in &sink.records {
        let Record::Advisory(advisory) = record else { continue };
        for affected in advisory.affected.iter().filter(|a| !a.ranges.is_empty()) {
            versions += affected.versions.len();
            outside += affected.versions.iter().filter(|v| !in_ranges(affected, Scheme::Pep440, v)).count();
        }
    }
    assert!(versions > 50_000, "only {versions} versions");
    assert!(outside <= 155, "{outside} of {versions} are outside");
}
