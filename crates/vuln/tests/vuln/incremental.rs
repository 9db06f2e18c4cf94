//! Any sequence of changes leads to what matching from scratch gives.

use std::collections::BTreeSet;

use palisade_advisory::{Advisory, Affected, Cve, Ecosystem, Named, Range, Record, Status};
use palisade_vuln::{AdvisoryChange, Component, Feed, FeedUpdate, Matcher};
use proptest::prelude::*;

use crate::data::{component, index};

const PACKAGES: [&str; 3] = ["a", "b", "c"];
const ECOSYSTEMS: [&str; 3] = ["debian:12", "debian", "pypi"];
const IDS: [&str; 6] = ["CVE-2020-1000", "CVE-2020-2000", "GHSA-x", "GHSA-y", "PYSEC-1", "ODD-1"];

/// What a device has: device, and its packages with versions.
type Inventory = (u32, Vec<(usize, usize, u8, bool)>);

#[derive(Clone, Debug)]
enum Step {
    Inventory(Inventory),
    /// Feed, id, and what it says now.
    Feed(usize, usize, Vec<Advisory>),
    Fact(usize, bool),
}

fn advisory() -> impl Strategy<Value = (usize, usize, Advisory)> {
    let affected =
        (0..3_usize, 0..3_usize, 0..5_u8, 0..4_u8).prop_map(|(ecosystem, package, fix, status)| Affected {
            ecosystem: Ecosystem::parse(ECOSYSTEMS[ecosystem]),
            package: PACKAGES[package].to_owned(),
            named: Named::Either,
            ranges: if fix == 0 { vec![Range::all()] } else { vec![Range::before_fix(&fix.to_string())] },
            status: if status == 0 { Status::NotAffected } else { Status::Affected },
            ..Affected::default()
        });
    let aliases = prop::collection::vec(0..6_usize, 0..3);
    (0..2_usize, 0..6_usize, prop::collection::vec(affected, 0..3), aliases).prop_map(
        |(feed, id, affected, aliases)| {
            let aliases: Vec<String> = aliases.into_iter().map(|a| IDS[a].to_owned()).collect();
            let named = aliases.iter().map(String::as_str).chain([IDS[id]]);
            let cves: BTreeSet<String> = named.filter(|n| n.starts_with("CVE-")).map(str::to_owned).collect();
            let covers = if cves.is_empty() { vec![IDS[id].to_owned()] } else { cves.into_iter().collect() };
            let source = feed_name(feed);
            (
                feed,
                id,
                Advisory { id: IDS[id].to_owned(), source, aliases, covers, affected, ..Advisory::default() },
            )
        },
    )
}

fn feed_name(feed: usize) -> String {
    ["osv", "vendor"][feed].to_owned()
}

fn step() -> impl Strategy<Value = Step> {
    let package = (0..2_usize, 0..3_usize, 0..6_u8, any::<bool>());
    prop_oneof![
        (0..4_u32, prop::collection::vec(package, 0..5)).prop_map(Step::Inventory),
        (advisory(), 0..3_usize)
            .prop_map(|((feed, id, advisory), times)| { Step::Feed(feed, id, vec![advisory; times.min(1)]) }),
        (0..2_usize, any::<bool>()).prop_map(|(id, rejected)| Step::Fact(id, rejected)),
    ]
}

fn installed(packages: &[(usize, usize, u8, bool)]) -> Vec<(Component, bool)> {
    let of = |(kind, package, version, running): &(usize, usize, u8, bool)| {
        let ecosystem = ["debian:12", "pypi"][*kind];
        (component(ecosystem, PACKAGES[*package], &version.to_string()), *running)
    };
    packages.iter().map(of).collect()
}

fn update(feed: &str, id: &str, records: impl IntoIterator<Item = Record>) -> FeedUpdate {
    let feed = Feed { name: feed.to_owned(), records: 1, ..Feed::default() };
    FeedUpdate { feed, ids: [id.to_owned()].into(), records: records.into_iter().collect() }
}

/// Device, component, vulnerability, advisory, fix.
type Row = (u32, Component, String, String, Option<String>);

fn rows(matcher: &Matcher) -> BTreeSet<Row> {
    let index = matcher.index();
    let row = |r: palisade_vuln::Expanded| {
        let component = matcher.component(r.tuple).expect("a component").clone();
        let fix = index.fix(&r.hit).map(str::to_owned);
        (
            r.device,
            component,
            index.vulnerability(&r.hit).to_owned(),
            index.advisory_id(&r.hit).to_owned(),
            fix,
        )
    };
    matcher.rows().map(row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn changes_lead_to_the_same_as_starting_again(steps in prop::collection::vec(step(), 1..25)) {
        let mut matcher = Matcher::new(index([]));
        let mut devices: std::collections::BTreeMap<u32, Vec<(usize, usize, u8, bool)>> = Default::default();
        let mut advisories: std::collections::BTreeMap<(usize, usize), Vec<Advisory>> = Default::default();
        let mut facts: std::collections::BTreeMap<usize, bool> = Default::default();
        let mut shown: BTreeSet<Row> = BTreeSet::new();
        for step in steps {
            let delta = match step {
                Step::Inventory((device, packages)) => {
                    let now: Vec<palisade_vuln::Installed> = installed(&packages).into_iter().map(|(component, running)| {
                        palisade_vuln::Installed { component, running: Some(running), ..Default::default() }
                    }).collect();
                    devices.insert(device, packages);
                    matcher.apply_inventory(device, &now)
                }
                Step::Feed(feed, id, now) => {
                    advisories.insert((feed, id), now.clone());
                    // As a change by itself, or as a part of what a new snapshot says.
                    if id % 2 == 0 {
                        let change = AdvisoryChange { feed: feed_name(feed), id: IDS[id].to_owned(), now };
                        matcher.apply_feed_change(&[change])
                    } else {
                        matcher.apply_update(vec![update(&feed_name(feed), IDS[id], now.into_iter().map(Record::Advisory))])
                    }
                }
                Step::Fact(id, rejected) => {
                    facts.insert(id, rejected);
                    let cve = Cve { id: IDS[id].to_owned(), source: "cve5".into(), rejected, ..Cve::default() };
                    // What is no longer said is as what was never said.
                    match (id, rejected) {
                        (0, _) => matcher.apply_facts(vec![cve]),
                        (_, true) => matcher.apply_update(vec![update("cve5", IDS[id], [Record::Cve(cve)])]),
                        (_, false) => matcher.apply_update(vec![update("cve5", IDS[id], [])]),
                    }
                }
            };
            // From scratch, with feeds in the order of the running one's.
            let mut records: Vec<Record> = Vec::new();
            for now in advisories.values() {
                records.extend(now.iter().cloned().map(Record::Advisory));
            }
            for (id, rejected) in &facts {
                let cve = Cve { id: IDS[*id].to_owned(), source: "cve5".into(), rejected: *rejected, ..Cve::default() };
                records.push(Record::Cve(cve));
            }
            let mut again = Matcher::new(index(records));
            for (device, packages) in &devices {
                let tuples: Vec<(u32, Option<bool>)> =
                    installed(packages).into_iter().map(|(c, r)| (again.intern(&c), Some(r))).collect();
                again.apply_tuples(*device, &tuples);
            }
            let (ours, theirs) = (rows(&matcher), rows(&again));
            let short = |rows: &BTreeSet<Row>| -> BTreeSet<(u32, Component, String)> {
                rows.iter().map(|r| (r.0, r.1.clone(), r.2.clone())).collect()
            };
            prop_assert_eq!(short(&ours), short(&theirs));
            // What the delta says leads from what was shown to what is.
            let mut moved = short(&shown);
            for change in &delta.tuples {
                let component = matcher.component(change.tuple).expect("a component").clone();
                let on: Vec<u32> = match delta.device {
                    Some(device) => vec![device],
                    None => matcher.devices(change.tuple).expect("devices").iter().collect(),
                };
                for device in on {
                    for hit in &change.gone {
                        moved.remove(&(device, component.clone(), matcher.index().vulnerability(hit).to_owned()));
                    }
                    for hit in &change.came {
                        moved.insert((device, component.clone(), matcher.index().vulnerability(hit).to_owned()));
                    }
                }
            }
            prop_assert_eq!(moved, short(&ours));
            for vulnerability in IDS {
                let with: BTreeSet<u32> = matcher.devices_with(vulnerability).iter().collect();
                let expected: BTreeSet<u32> = ours.iter().filter(|r| r.2 == vulnerability).map(|r| r.0).collect();
                prop_assert_eq!(with, expected);
            }
            shown = ours;
        }
    }
}
