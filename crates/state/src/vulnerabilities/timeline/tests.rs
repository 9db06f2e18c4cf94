use std::collections::BTreeSet;

use palisade_estate::notify::EventKind;
use proptest::prelude::*;
use roaring::RoaringBitmap;
use serde_json::json;

use super::compare::{MOST, MOVED, changes, first};
use super::record::Draft;
use super::view::{
    After, Before, GoneComponent, KnownBefore, alarms, expired, exploited, is_end_of_life, software,
};
use crate::assessment::{
    AssessmentWrite, ComponentRow, ExposurePoint, FeedStateRow, FindingRow, RecommendationRow,
    VulnerabilityRow,
};

fn set(devices: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    RoaringBitmap::from_iter(devices.iter().copied()).serialize_into(&mut bytes).expect("written");
    bytes
}

fn component(id: i64, name: &str, version: &str, devices: &[u32]) -> ComponentRow {
    ComponentRow {
        id,
        ecosystem: "debian".into(),
        release: "debian:12".into(),
        name: name.into(),
        version: version.into(),
        devices: set(devices),
        running: set(&[]),
        device_count: u32::try_from(devices.len()).expect("few"),
        ..ComponentRow::default()
    }
}

fn vulnerability(id: &str, severity: &str, devices: u32) -> VulnerabilityRow {
    VulnerabilityRow {
        id: id.into(),
        severity: severity.into(),
        device_count: devices,
        ..VulnerabilityRow::default()
    }
}

fn finding(component_id: i64, vulnerability: &str, fixed: &str) -> FindingRow {
    FindingRow {
        component_id,
        vulnerability: vulnerability.into(),
        fixed_version: fixed.into(),
        ..FindingRow::default()
    }
}

/// Two devices with openssl, which has two vulnerabilities; one of them has curl.
fn usual() -> AssessmentWrite {
    AssessmentWrite {
        components: vec![component(1, "openssl", "3.0.1", &[1, 2]), component(2, "curl", "8.1", &[2])],
        findings: vec![finding(1, "CVE-1", "3.0.3"), finding(1, "CVE-2", "")],
        vulnerabilities: vec![
            VulnerabilityRow { fixable: true, ..vulnerability("CVE-1", "high", 2) },
            vulnerability("CVE-2", "medium", 2),
        ],
        point: Some(ExposurePoint { exposure: 40.0, devices: 2, findings: 4 }),
        ..AssessmentWrite::default()
    }
}

/// What the tables hold once an assessment is written.
fn written(write: &AssessmentWrite) -> Before {
    let after = After::of(write).expect("readable");
    let known = after.known.iter().map(|(id, v)| {
        let known = KnownBefore {
            title: v.title.clone(),
            severity: v.severity.clone(),
            epss: v.epss,
            exploited: exploited(v),
            exploit_public: v.exploit_public,
            fixable: v.fixable,
            devices: v.device_count,
        };
        ((*id).to_owned(), known)
    });
    let there = || write.components.iter().filter(|c| c.device_count > 0);
    let recommendations = || write.recommendations.iter();
    Before {
        known: known.collect(),
        components: there().map(|c| c.id).collect(),
        software: there().map(|c| software(&c.ecosystem, &c.source_name, &c.name)).collect(),
        ended: recommendations().filter(|r| is_end_of_life(&r.kind)).map(|r| r.id.clone()).collect(),
        expired: recommendations().filter_map(|r| expired(&r.document["kind"]).map(str::to_owned)).collect(),
        feeds: write.feeds.iter().map(|f| (f.feed.clone(), alarms(&f.state, f.required))).collect(),
        exposure: after.exposure(),
        devices: after.judged(),
        told: after.exposure(),
        gone: write
            .vulnerabilities
            .iter()
            .map(|v| {
                let of = write.findings.iter().filter(|f| f.vulnerability == v.id);
                let gone = of.filter_map(|f| after.components.get(&f.component_id)).map(|(c, devices)| {
                    GoneComponent {
                        id: c.id,
                        label: format!("{} {}", c.name, c.version),
                        devices: devices.clone(),
                        running: RoaringBitmap::new(),
                    }
                });
                (v.id.clone(), gone.collect())
            })
            .collect(),
    }
}

fn between(before: &AssessmentWrite, after: &AssessmentWrite) -> Vec<Draft> {
    changes(&written(before), &After::of(after).expect("readable"))
}

fn kinds(drafts: &[Draft]) -> Vec<(EventKind, &str)> {
    drafts.iter().map(|d| (d.kind, d.subject.as_str())).collect()
}

#[test]
fn the_first_assessment_is_one_event_and_none_where_nobody_was_judged() {
    let write = usual();
    let drafts = first(&After::of(&write).expect("readable"));
    assert_eq!(kinds(&drafts), [(EventKind::FirstAssessment, "first")]);
    assert_eq!(drafts[0].detail["severities"], json!({"high": 1, "medium": 1}));
    assert!(first(&After::of(&AssessmentWrite::default()).expect("readable")).is_empty());
}

#[test]
fn what_is_new_says_whether_packages_changed_or_somebody_learnt_it() {
    let mut learnt = usual();
    learnt.findings.push(finding(2, "CVE-3", "8.2"));
    learnt.vulnerabilities.push(VulnerabilityRow { kev_added: Some(1), ..vulnerability("CVE-3", "low", 1) });
    let drafts = between(&usual(), &learnt);
    assert_eq!(kinds(&drafts), [(EventKind::NewVulnerability, "CVE-3")]);
    let new = &drafts[0];
    assert_eq!((&new.detail["cause"], &new.detail["fixed_version"]), (&json!("new_advice"), &json!("8.2")));
    assert_eq!((new.exploited, new.count, &new.devices), (true, 1, &RoaringBitmap::from_iter([2])));
    assert_eq!(new.effect, Some(0.0), "nothing else happened");

    let mut downgraded = learnt.clone();
    downgraded.components[1] = component(3, "curl", "7.9", &[2]);
    downgraded.findings[2].component_id = 3;
    let drafts = between(&usual(), &downgraded);
    assert_eq!(kinds(&drafts), [(EventKind::NewVulnerability, "CVE-3")], "curl was there before");
    assert_eq!(drafts[0].detail["cause"], "software_changed");
    assert_eq!(drafts[0].detail["components"], json!(["curl 7.9"]));
}

#[test]
fn what_becomes_of_a_known_vulnerability_is_told_once_each() {
    let mut worse = usual();
    let second = &mut worse.vulnerabilities[1];
    (second.kev_added, second.exploit_public, second.epss, second.fixable) = (Some(5), true, Some(0.6), true);
    worse.findings[1].fixed_version = "3.0.9".into();
    let drafts = between(&usual(), &worse);
    let all: BTreeSet<EventKind> = drafts.iter().map(|d| d.kind).collect();
    assert_eq!(
        all,
        BTreeSet::from([
            EventKind::VulnerabilityExploited,
            EventKind::PublicExploit,
            EventKind::EpssRose,
            EventKind::FixAvailable
        ])
    );
    assert_eq!(drafts[0].kind, EventKind::VulnerabilityExploited, "the worst comes first");
    assert!(drafts.iter().all(|d| d.effect.is_none()), "the movement is of several");
    assert!(between(&worse, &worse).is_empty());
    assert!(between(&worse, &usual()).is_empty(), "what is taken back is no event");
    let mut likelier = usual();
    likelier.vulnerabilities[0].epss = Some(0.05);
    assert!(between(&usual(), &likelier).is_empty(), "below every threshold");
}

#[test]
fn a_fix_of_other_software_is_no_news_for_what_was_there() {
    let mut grown = usual();
    grown.components.push(component(4, "libre", "1", &[1]));
    grown.findings.push(finding(4, "CVE-2", "2"));
    grown.vulnerabilities[1].fixable = true;
    assert_eq!(
        kinds(&between(&usual(), &grown)).iter().map(|(k, _)| *k).collect::<Vec<_>>(),
        [EventKind::SoftwareAdded]
    );
}

#[test]
fn what_no_device_has_any_more_says_why() {
    let without = |change: fn(&mut AssessmentWrite)| {
        let mut write = usual();
        write.findings.retain(|f| f.vulnerability != "CVE-1");
        write.vulnerabilities.retain(|v| v.id != "CVE-1");
        change(&mut write);
        let drafts = between(&usual(), &write);
        let fixed: Vec<&Draft> = drafts.iter().filter(|d| d.subject == "CVE-1").collect();
        assert_eq!(fixed.len(), 1, "{drafts:?}");
        assert_eq!((fixed[0].kind, fixed[0].count), (EventKind::VulnerabilityFixed, 2));
        assert_eq!(fixed[0].devices, RoaringBitmap::from_iter([1, 2]));
        fixed[0].detail["cause"].as_str().expect("a cause").to_owned()
    };
    assert_eq!(without(|_| {}), "advice_changed", "the package is still there");
    assert_eq!(without(|w| w.components[0] = component(9, "openssl", "3.0.3", &[1, 2])), "software_changed");
    assert_eq!(without(|w| w.components = vec![component(2, "curl", "8.1", &[7])]), "devices_left");
}

#[test]
fn software_without_vulnerabilities_is_no_event() {
    let mut grown = usual();
    grown.components.push(component(5, "hello", "1", &[1, 2]));
    assert!(between(&usual(), &grown).is_empty());
    grown.findings.push(finding(5, "CVE-1", ""));
    let drafts = between(&usual(), &grown);
    assert_eq!(drafts.len(), 1);
    let added = &drafts[0];
    assert_eq!((added.kind, added.severity.as_str(), added.count), (EventKind::SoftwareAdded, "high", 2));
    assert_eq!(added.detail["examples"], json!(["CVE-1"]));
}

#[test]
fn support_certificates_and_feeds_are_told_when_they_turn_bad() {
    let recommend = |id: &str, kind: &str, document: serde_json::Value| RecommendationRow {
        id: id.into(),
        kind: kind.into(),
        product: "debian".into(),
        release: "10".into(),
        devices: set(&[1]),
        device_count: 1,
        document: json!({ "kind": document }),
        ..RecommendationRow::default()
    };
    let certificate = |problems: serde_json::Value| {
        let kind = json!({"kind": "replace_certificate", "fingerprint": "ab", "subject": "CN=a", "problems": problems});
        recommend("certificate/ab", "replace_certificate", kind)
    };
    let feed = |state: &str, required: bool| FeedStateRow {
        feed: "kev".into(),
        title: "KEV".into(),
        state: state.into(),
        required,
        ..FeedStateRow::default()
    };
    let mut calm = usual();
    calm.recommendations = vec![certificate(json!(["expiring"]))];
    calm.feeds = vec![feed("ok", true)];
    let mut bad = usual();
    bad.recommendations = vec![
        certificate(json!(["expired"])),
        recommend("upgrade/debian/10", "upgrade_system", json!({"ended": 0})),
    ];
    bad.feeds = vec![feed("old", false)];
    let drafts = between(&calm, &bad);
    assert_eq!(
        kinds(&drafts),
        [
            (EventKind::FeedTrouble, "kev"),
            (EventKind::EndOfLife, "upgrade/debian/10"),
            (EventKind::CertificateExpired, "ab")
        ]
    );
    assert_eq!(drafts[1].detail["ended"], "1970-01-01T00:00:00.000000Z");
    assert!(between(&bad, &bad).is_empty());
    assert_eq!(kinds(&between(&bad, &calm)), [(EventKind::FeedRecovered, "kev")]);
    assert!(!alarms("never", false) && alarms("never", true) && !alarms("ok", true));
}

#[test]
fn the_exposure_is_told_when_it_has_moved_enough_since_it_was_last_told() {
    let at = |exposure: f64| AssessmentWrite {
        point: Some(ExposurePoint { exposure, devices: 2, findings: 4 }),
        ..usual()
    };
    assert!(between(&usual(), &at(40.0 + MOVED * 0.9)).is_empty());
    let drafts = between(&usual(), &at(38.5));
    assert_eq!(kinds(&drafts), [(EventKind::ExposureChanged, "organisation")]);
    assert_eq!(drafts[0].effect, Some(-1.5));
    // Small steps add up.
    let mut before = written(&at(40.9));
    before.told = Some(40.0);
    let after = at(41.1);
    let drafts = changes(&before, &After::of(&after).expect("readable"));
    assert_eq!(drafts.len(), 1);
    assert!((drafts[0].effect.expect("told") - 1.1).abs() < 1e-9);
}

#[test]
fn ten_thousand_findings_at_once_are_summarised_and_the_worst_are_among_the_told() {
    let mut flood = usual();
    for n in 0..10_000 {
        let id = format!("CVE-X-{n}");
        flood.findings.push(finding(1, &id, ""));
        let kev_added = (n == 7_777).then_some(1);
        flood.vulnerabilities.push(VulnerabilityRow { kev_added, ..vulnerability(&id, "low", 2) });
    }
    let drafts = between(&usual(), &flood);
    assert_eq!(drafts.len(), MOST + 1);
    assert_eq!(drafts[0].subject, "CVE-X-7777");
    let rest = drafts.last().expect("a summary");
    assert_eq!(rest.kind, EventKind::ManyEvents);
    assert_eq!(rest.detail["counts"], json!({"new_vulnerability": 10_000 - MOST}));
}

fn any_write() -> impl Strategy<Value = AssessmentWrite> {
    let components =
        proptest::collection::btree_map(0i64..6, proptest::collection::btree_set(0u32..5, 0..4), 0..6);
    let findings = proptest::collection::btree_set((0i64..6, 0u8..8, any::<bool>()), 0..12);
    let facts =
        proptest::collection::vec((any::<bool>(), any::<bool>(), proptest::option::of(0.0f64..1.0)), 8);
    (components, findings, facts, 0.0f64..100.0).prop_map(|(components, findings, facts, exposure)| {
        let components: Vec<ComponentRow> = components
            .iter()
            .map(|(id, devices)| {
                let devices: Vec<u32> = devices.iter().copied().collect();
                component(*id, &format!("p{}", id / 2), &id.to_string(), &devices)
            })
            .collect();
        let count = |id: i64| components.iter().find(|c| c.id == id).map_or(0, |c| c.device_count);
        let findings: Vec<FindingRow> = findings
            .iter()
            .filter(|(c, ..)| components.iter().any(|row| row.id == *c))
            .map(|(c, v, fixed)| finding(*c, &format!("CVE-{v}"), if *fixed { "9" } else { "" }))
            .collect();
        let vulnerabilities = (0..8usize)
            .filter_map(|n| {
                let id = format!("CVE-{n}");
                let own: Vec<&FindingRow> = findings.iter().filter(|f| f.vulnerability == id).collect();
                let devices = own.iter().map(|f| count(f.component_id)).max()?;
                let (exploited, public, epss) = facts[n];
                Some(VulnerabilityRow {
                    kev_added: exploited.then_some(1),
                    exploit_public: public,
                    epss,
                    fixable: own.iter().any(|f| !f.fixed_version.is_empty()),
                    ..vulnerability(&id, "high", devices)
                })
            })
            .collect();
        let point = Some(ExposurePoint { exposure, devices: 5, findings: 1 });
        AssessmentWrite { components, findings, vulnerabilities, point, ..AssessmentWrite::default() }
    })
}

proptest! {
    #[test]
    fn an_assessment_that_is_written_again_changes_nothing(write in any_write()) {
        prop_assert!(between(&write, &write).is_empty());
    }

    #[test]
    fn new_and_gone_are_exactly_what_was_not_there_and_is_not_any_more(a in any_write(), b in any_write()) {
        let ids = |w: &AssessmentWrite| -> BTreeSet<String> {
            w.vulnerabilities.iter().filter(|v| v.device_count > 0).map(|v| v.id.clone()).collect()
        };
        let (before, after) = (ids(&a), ids(&b));
        let drafts = between(&a, &b);
        let of = |kind: EventKind| -> BTreeSet<String> {
            drafts.iter().filter(|d| d.kind == kind).map(|d| d.subject.clone()).collect()
        };
        prop_assert_eq!(of(EventKind::NewVulnerability), &after - &before);
        prop_assert_eq!(of(EventKind::VulnerabilityFixed), &before - &after);
        let tenant = palisade_types::TenantId(uuid::Uuid::nil());
        let unique: BTreeSet<uuid::Uuid> = drafts.iter().map(|d| d.id(tenant, palisade_types::TimeMicros(1))).collect();
        prop_assert_eq!(unique.len(), drafts.len(), "each event has an identifier of its own");
        for draft in drafts.iter().filter(|d| d.kind == EventKind::NewVulnerability) {
            prop_assert!(!draft.devices.is_empty());
        }
    }
}
