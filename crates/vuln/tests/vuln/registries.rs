//! Registries of languages: OSV's own answers, and versions that records list one by one.

use std::collections::BTreeSet;

use palisade_advisory::{Ecosystem, Record};

use crate::data::{component, found, index, lines, records};

const FEEDS: [&str; 5] = [
    "feeds/osv-PyPI.all.zip",
    "feeds/osv-Go.all.zip",
    "feeds/osv-Rust.all.zip",
    "feeds/osv-Bitnami-sample.all.zip",
    "feeds/osv-mixed-from-fixtures.all.zip",
];

/// Every version that a record lists is found, whether a range says so too or not.
#[test]
fn listed_versions_are_found() {
    let Some(records) = records(&["feeds/osv-PyPI.all.zip"]) else { return };
    let index = index(records.clone());
    let (mut versions, mut missed) = (0_usize, Vec::new());
    for record in &records {
        let Record::Advisory(advisory) = record else { continue };
        if advisory.is_withdrawn() {
            continue;
        }
        for affected in &advisory.affected {
            // Each version of a package costs a judgement of all its advisories: a sample of them is asked.
            for version in affected.versions.iter().step_by(7) {
                let one = component("pypi", &affected.package.to_lowercase(), version);
                let found: BTreeSet<String> = index
                    .matches(&one)
                    .hits
                    .iter()
                    .flat_map(|h| {
                        let f = index.explain(&one, h);
                        f.aliases.into_iter().chain([f.vulnerability, f.advisory.id])
                    })
                    .collect();
                versions += 1;
                if !found.contains(&advisory.id) {
                    missed.push(format!("{} {} {version}", advisory.id, affected.package));
                }
            }
        }
    }
    println!("{} of {versions} listed versions are found", versions - missed.len());
    assert!(versions > 10_000 && missed.is_empty(), "{} {:?}", missed.len(), missed.first());
}

/// What OSV's service answered, for queries of which all records are in the pack; and nothing that it did not
/// answer of records that it had then.
#[test]
fn answers_of_osv() {
    let (Some(records), Some(rows)) = (records(&FEEDS), lines("golden/osv-querybatch.jsonl")) else { return };
    let mut present: BTreeSet<String> = BTreeSet::new();
    for record in &records {
        let Record::Advisory(a) = record else { continue };
        present.insert(a.id.clone());
    }
    let index = index(records);
    let (mut asked, mut right, mut extra) = (0, 0, Vec::new());
    let mut missing = Vec::new();
    for row in &rows {
        let package = &row["query"]["package"];
        let (Some(ecosystem), Some(name)) = (package["ecosystem"].as_str(), package["name"].as_str()) else {
            continue;
        };
        let version = row["query"]["version"].as_str().unwrap_or_default();
        let ids: BTreeSet<String> = row["vulns"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|v| v.as_str().map(str::to_owned))
            .collect();
        let expected: BTreeSet<&String> = ids.iter().filter(|id| present.contains(*id)).collect();
        let own = Ecosystem::of_osv(ecosystem);
        let one = component(&own.to_string(), &name.to_lowercase(), version);
        let ours: BTreeSet<String> = index
            .matches(&one)
            .hits
            .iter()
            .flat_map(|h| {
                let f = index.explain(&one, h);
                f.also.into_iter().map(|a| a.id).chain([f.advisory.id]).collect::<Vec<_>>()
            })
            .collect();
        asked += expected.len();
        right += expected.iter().filter(|id| ours.contains(**id)).count();
        missing.extend(expected.iter().filter(|id| !ours.contains(**id)).map(|id| format!("{one:?} {id}")));
        if ids.is_empty() && !found(&index, &one).is_empty() {
            extra.push(format!("{ecosystem} {name} {version}: {ours:?}"));
        }
    }
    println!(
        "{right} of {asked} answers whose record is there; {} queries with nothing have something",
        extra.len()
    );
    assert!(asked > 10, "only {asked}");
    assert!(missing.is_empty(), "{missing:?}");
    assert!(extra.is_empty(), "{extra:?}");
}
