//! Inventories that people bring: CycloneDX, SPDX and our own JSON. What is read of them is in order, and can be
//! judged.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use palisade_advisory::{Advisory, Affected, Ecosystem, Range, Record};
use palisade_vuln::{Case, Index, IndexBuilder, MAX_COMPONENTS, Presence, Ranks, read};

/// One statement about every version of a package of each kind.
fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| {
        let mut builder = IndexBuilder::new(Ranks::default());
        let families = [
            "debian:12",
            "ubuntu:22.04",
            "redhat:9",
            "alpine:v3.20",
            "pypi",
            "npm",
            "maven",
            "go",
            "gem",
            "cargo",
            "nuget",
        ];
        let affected = families.map(|family| Affected {
            ecosystem: Ecosystem::parse(family),
            package: "a".into(),
            ranges: vec![Range::before_fix("2")],
            ..Affected::default()
        });
        builder.add(Record::Advisory(Advisory {
            id: "CVE-2020-1".into(),
            source: "fuzz".into(),
            covers: vec!["CVE-2020-1".into()],
            affected: affected.to_vec(),
            ..Advisory::default()
        }));
        builder.finish()
    })
}

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(cases) = Case::read_lines(text)
    {
        cases.iter().for_each(|case| drop(case.replay()));
    }
    let Ok(inventory) = read(data) else { return };
    assert!(inventory.installed.len() <= MAX_COMPONENTS);
    let key = |i: &palisade_vuln::Installed| (i.component.clone(), i.path.clone());
    assert!(inventory.installed.is_sorted_by_key(key));
    for one in &inventory.installed {
        assert!(!one.component.name.is_empty());
        for hit in &index().matches(&one.component).hits {
            assert_eq!(index().vulnerability(hit), "CVE-2020-1");
            let _ = index().explain(&one.component, hit);
        }
        let _ = Presence::of(one);
    }
    for bad in &inventory.bad {
        assert!(!bad.error.reason.is_empty() && bad.error.reason.len() <= 400);
    }
});
