use std::collections::BTreeMap;

use palisade_types::TimeMicros;
use proptest::prelude::*;
use proptest::{collection, option};
use roaring::RoaringBitmap;

use super::*;
use crate::score::{Category, Context, Criticality, Exposure, Points, Reach, Threats, Usage, Weakness};

const OPEN: Context = Context { reach: Reach::Internet, usage: Usage::Running, mitigated: false };
const NOW: TimeMicros = TimeMicros(1_000);

fn set(devices: &[u32]) -> RoaringBitmap {
    devices.iter().copied().collect()
}

/// One that is exploited and counts with exactly this share under [`OPEN`].
fn share(id: &str, share: f64, fix: Option<&str>) -> Weakness {
    Weakness {
        id: id.to_owned(),
        cvss: Some(share / 0.9 * 10.0),
        epss: Some(0.0),
        threats: Threats { exploited: true, ..Threats::default() },
        fix: fix.map(str::to_owned),
        ..Weakness::default()
    }
}

fn variant(version: &str, devices: &[u32], weaknesses: Vec<Weakness>) -> Variant {
    Variant { version: version.to_owned(), context: OPEN, devices: set(devices), weaknesses }
}

fn software(source: &str, variants: Vec<Variant>) -> Software {
    let key = Key { ecosystem: "debian".to_owned(), release: "12".to_owned(), source: source.to_owned() };
    Software { key, variants, end: None }
}

fn exception(subject: Subject, extent: Extent, justification: Justification) -> Exception {
    Exception {
        subject,
        extent,
        justification,
        reason: "the proxy filters it".to_owned(),
        from: TimeMicros(0),
        until: TimeMicros(2_000),
        cancelled: None,
    }
}

/// Two normal devices and a critical one; openssl on all, nginx on the first.
fn estate() -> Estate {
    Estate {
        devices: vec![(0, Criticality::Normal), (1, Criticality::Normal), (2, Criticality::Critical)],
        software: vec![
            software(
                "openssl",
                vec![
                    variant(
                        "3.0.9-1",
                        &[0, 1],
                        vec![share("CVE-1", 0.5, Some("3.0.11-1")), share("CVE-2", 0.2, None)],
                    ),
                    variant(
                        "3.0.8-1",
                        &[2, 99],
                        vec![share("CVE-1", 0.5, Some("3.0.11-1")), share("CVE-3", 0.4, Some("3.0.9-1"))],
                    ),
                ],
            ),
            software(
                "nginx",
                vec![variant("1.22.1-9", &[0], vec![share("CVE-4", 0.3, Some("1.22.1-9+deb12u1"))])],
            ),
        ],
        ..Estate::default()
    }
}

fn plan(estate: &Estate) -> Plan {
    Plan::of(estate, &Exceptions::default(), None).unwrap()
}

fn find<'a>(plan: &'a Plan, id: &str) -> &'a Recommendation {
    plan.recommendations.iter().find(|r| r.id == id).unwrap_or_else(|| panic!("no {id}"))
}

fn near(points: Points, value: f64) {
    assert!((points.value() - value).abs() < 1e-5, "{} is not {value}", points.value());
}

#[test]
fn an_update_says_what_it_brings_to_the_last_digit() {
    let mut estate = estate();
    estate.previous = BTreeMap::from([("update/debian/12/openssl".to_owned(), 2)]);
    let plan = plan(&estate);
    // Of a component with shares 0.5 and y: 1 - 0.5 * sqrt(1 - y).
    let first = 1.0 - 0.5 * 0.8_f64.sqrt() * 0.7;
    let second = 1.0 - 0.5 * 0.8_f64.sqrt();
    let third = 1.0 - 0.5 * 0.6_f64.sqrt();
    let before = 100.0 * (2.0 * first + 2.0 * second + 8.0 * third) / 12.0;
    near(plan.exposure.points, before);
    near(plan.exposure.residual, 100.0 * (2.0 * 0.2 + 2.0 * 0.2) / 12.0);

    let openssl = &plan.recommendations[0];
    assert_eq!(openssl.id, "update/debian/12/openssl");
    assert_eq!(openssl.kind.remediation(), Remediation::Update);
    assert!(matches!(&openssl.kind, Kind::Update { target, .. } if target == "3.0.11-1"));
    assert_eq!(openssl.resolved, ["CVE-1", "CVE-3"]);
    assert_eq!(openssl.versions, ["3.0.9-1", "3.0.8-1"]);
    assert_eq!(openssl.exposed, set(&[0, 1, 2]), "a device that does not count is skipped");
    assert_eq!((openssl.trend, openssl.state()), (Trend::Rising, State::Active));
    assert_eq!(openssl.restart, Restart::Processes);
    assert!(openssl.threats.exploited && !openssl.threats.alert);
    near(openssl.exposure.after.points, 100.0 * (2.0 * (1.0 - 0.8 * 0.7) + 2.0 * 0.2) / 12.0);
    assert_eq!(openssl.exposure.after.residual, plan.exposure.residual);

    let nginx = find(&plan, "update/debian/12/nginx");
    near(nginx.exposure.after.points, 100.0 * (4.0 * second + 8.0 * third) / 12.0);
    assert_eq!(nginx.trend, Trend::New);

    assert_eq!(plan.unfixed.len(), 1);
    assert_eq!(plan.unfixed[0].weaknesses, ["CVE-2"]);
    assert_eq!(plan.unfixed[0].devices, set(&[0, 1]));
    near(plan.unfixed[0].exposure.after.points, before - 100.0 * 2.0 * (first - 0.65 + second - 0.5) / 12.0);
}

#[test]
fn a_group_has_a_plan_and_scores_of_its_own() {
    let plan = Plan::of(&estate(), &Exceptions::default(), Some(&set(&[2]))).unwrap();
    near(plan.exposure.points, 100.0 * (1.0 - 0.5 * 0.6_f64.sqrt()));
    assert_eq!(plan.recommendations.len(), 1);
    assert_eq!(plan.recommendations[0].exposed, set(&[2]));
    assert_eq!(plan.recommendations[0].exposure.after.points, Points::ZERO);
    assert!(plan.unfixed.is_empty());
}

#[test]
fn the_target_is_the_newest_fix_as_the_ecosystem_orders() {
    let target = |fixes: &[&str]| {
        let list = fixes.iter().map(|f| share(f, 0.1, Some(f))).collect();
        gather::target(&software("x", vec![variant("1", &[0], list)])).map(str::to_owned)
    };
    assert_eq!(target(&["1.9-1", "1.10-1", "1.10~rc1-1"]).as_deref(), Some("1.10-1"));
    assert_eq!(target(&["1:0.1-1", "9-1"]).as_deref(), Some("1:0.1-1"));
    assert_eq!(target(&["", "2-1"]).as_deref(), Some("2-1"), "what is no version is passed over");
    assert_eq!(target(&[]), None);
}

#[test]
fn what_must_start_again() {
    let after = |source: &str, usage| Restart::after_update(&software(source, Vec::new()).key, usage);
    for source in ["linux", "glibc", "systemd", "kernel", "linux-aws-6.5", "kernel6.12", "linux-hwe-6.8"] {
        assert_eq!(after(source, Usage::Installed), Restart::Reboot, "{source}");
    }
    assert_eq!(after("openssl", Usage::Running), Restart::Processes);
    assert_eq!(after("openssl", Usage::Unknown), Restart::Processes);
    assert_eq!(after("openssl", Usage::Installed), Restart::None);
    assert_eq!(after("kernelshark", Usage::Installed), Restart::None);
    assert_eq!(after("linuxptp", Usage::Installed), Restart::None);
}

#[test]
fn software_without_support_has_to_go_with_all_that_it_has() {
    let mut estate = estate();
    let end = End { since: TimeMicros(5), replacement: None, category: Category::Application };
    estate.software = vec![software(
        "php7.4",
        vec![variant("7.4.33", &[0], vec![share("CVE-9", 0.4, None)]), variant("7.4.3", &[1], Vec::new())],
    )];
    estate.software[0].end = Some(end);
    estate.configurations = vec![Configuration {
        check: "ssh-root".to_owned(),
        category: Category::Accounts,
        impact: 8,
        applicable: set(&[0, 1, 2]),
        failing: set(&[2]),
        restart: Restart::Processes,
    }];
    let plan = plan(&estate);
    let gone = find(&plan, "uninstall/debian/12/php7.4");
    assert_eq!(gone.exposed, set(&[0, 1]));
    assert_eq!(gone.exposure.after.points, Points::ZERO);
    assert_eq!(plan.exposure.residual, Points::ZERO, "all of it has a remedy");
    assert!(plan.unfixed.is_empty());
    // What nobody reports is half of the prior where there is one that is worse, and all of it where there is none.
    let prior = 0.66 * (1.0 - 0.993_f64.powi(6));
    let (first, second) = (1.0 - 0.6 * (1.0 - prior).sqrt(), prior);
    near(plan.exposure.points, 100.0 * (2.0 * first + 2.0 * second) / 12.0);
    // Devices 0 and 1: 8 of 16; device 2: 0 of 8. Without it: 8 of 8.
    assert_eq!(gone.secure.before, Some(Points::from_micros(16_666_667)));
    assert_eq!(gone.secure.after, Some(Points::from_micros(33_333_333)));
    let ssh = find(&plan, "configure/ssh-root");
    assert_eq!(ssh.exposure.before, ssh.exposure.after);
    assert_eq!(ssh.secure.after, Some(Points::from_micros(83_333_333)));
    assert_eq!(plan.recommendations[0].id, "configure/ssh-root", "it has the greatest effect");

    estate.software[0].end.as_mut().unwrap().replacement = Some("8.2".to_owned());
    let plan = super::Plan::of(&estate, &Exceptions::default(), None).unwrap();
    let up = find(&plan, "upgrade/debian/12/php7.4");
    assert!(matches!(&up.kind, Kind::Upgrade { target, .. } if target == "8.2"));
}

#[test]
fn a_certificate_is_replaced_once_for_all_that_hold_it() {
    let day = 86_400 * 1_000_000;
    let facts = |days: i64, key, bits, signature, self_signed| {
        let not_after = TimeMicros(NOW.0 + days * day);
        problems(CertificateFacts { not_after, key, bits, signature, self_signed }, NOW)
    };
    assert_eq!(facts(31, "RSA", 2048, "sha256WithRSAEncryption", false), []);
    assert_eq!(facts(30, "RSA", 0, "", false), [Problem::Expiring]);
    assert_eq!(facts(0, "RSA", 1024, "", false), [Problem::Expired, Problem::WeakKey]);
    assert_eq!(facts(400, "EC", 192, "ecdsa-with-SHA1", false), [Problem::WeakKey, Problem::WeakSignature]);
    assert_eq!(facts(400, "EC", 256, "sha1WithRSAEncryption", true), []);
    assert_eq!(facts(400, "Ed25519", 256, "Ed25519", false), []);

    let mut estate = Estate { devices: estate().devices, ..Estate::default() };
    let certificate = |fingerprint: &str, devices: &[u32], problems| Certificate {
        fingerprint: fingerprint.to_owned(),
        subject: "CN=web".to_owned(),
        devices: set(devices),
        problems,
    };
    estate.certificates =
        vec![certificate("aa", &[0, 1], vec![Problem::Expired]), certificate("bb", &[1, 2], Vec::new())];
    let plan = plan(&estate);
    assert_eq!(plan.recommendations.len(), 1);
    let replace = find(&plan, "certificate/aa");
    // Device 0: 0 of 5, device 1: 5 of 10, device 2: 5 of 5.
    assert_eq!(replace.secure.before, Some(Points::from(75.0)));
    assert_eq!(replace.secure.after, Some(Points::FULL));
    assert_eq!(plan.secure.categories[Category::Network as usize], Some(Points::from(75.0)));
}

#[test]
fn an_exception_counts_by_its_justification_where_it_holds() {
    let estate = estate();
    let all = set(&[0, 1, 2]);
    let groups = BTreeMap::from([("web".to_owned(), set(&[0, 50])), ("db".to_owned(), set(&[2]))]);
    let update = || Subject::Recommendation("update/debian/12/openssl".to_owned());
    let with =
        |list: &[Exception]| Plan::of(&estate, &Exceptions::at(NOW, list, &groups, &all), None).unwrap();
    let (web, db) =
        (Extent::Groups(vec!["web".to_owned()]), Extent::Groups(vec!["db".to_owned(), "gone".to_owned()]));
    let plain = plan(&estate);
    let base = find(&plain, "update/debian/12/openssl").clone();

    // Accepted: nothing counts less, but nobody is asked to do it there.
    let accepted = with(&[exception(update(), web.clone(), Justification::RiskAccepted)]);
    assert_eq!(accepted.exposure, plain.exposure);
    let part = find(&accepted, "update/debian/12/openssl");
    assert_eq!((part.exposed.clone(), part.excepted.clone()), (set(&[1, 2]), set(&[0])));
    assert_eq!(part.state(), State::PartialException);

    // Mitigated everywhere: as if it were done.
    assert!(
        exception(update(), Extent::Global, Justification::Inaccurate).counts(),
        "what is not so exposes nobody"
    );
    assert!(!exception(update(), Extent::Global, Justification::PlannedRemediation).counts());
    let done = with(&[exception(update(), Extent::Global, Justification::AlternateMitigation)]);
    assert_eq!(done.exposure, base.exposure.after);
    let full = find(&done, "update/debian/12/openssl");
    assert_eq!((full.state(), full.effect()), (State::FullException, 0));
    assert_eq!(full.excepted, all);

    // A global one suspends those for groups.
    let both = with(&[
        exception(update(), db.clone(), Justification::ThirdPartyControl),
        exception(update(), Extent::Global, Justification::RiskAccepted),
    ]);
    assert_eq!(both.exposure, plain.exposure);

    // Of a vulnerability every justification counts; the rest of the component stays.
    let cve = || Subject::Cve("CVE-1".to_owned());
    let less = with(&[exception(cve(), db, Justification::NoPatch)]);
    let third = 0.4;
    let drop = 8.0 * (1.0 - 0.5 * 0.6_f64.sqrt() - third) / 12.0 * 100.0;
    near(less.exposure.points, plain.exposure.points.value() - drop);
    assert_eq!(find(&less, "update/debian/12/openssl").exposed, all, "CVE-3 is left there");
    let hidden = with(&[exception(cve(), Extent::Global, Justification::RiskAccepted)]);
    let rest = find(&hidden, "update/debian/12/openssl");
    assert_eq!((rest.exposed.clone(), rest.excepted.clone()), (set(&[2]), set(&[0, 1])));
    assert_eq!(rest.resolved, ["CVE-3"]);

    // Over, not begun, taken back: as if there were none.
    let of = |change: fn(&mut Exception)| {
        let mut e = exception(update(), Extent::Global, Justification::AlternateMitigation);
        change(&mut e);
        (e.status(NOW), with(&[e]))
    };
    for (change, status) in [
        ((|e| e.until = NOW) as fn(&mut Exception), ExceptionStatus::Expired),
        (|e| e.from = TimeMicros(1_001), ExceptionStatus::Pending),
        (|e| e.cancelled = Some(NOW), ExceptionStatus::Cancelled),
    ] {
        let (is, plan) = of(change);
        assert_eq!(is, status);
        assert_eq!(plan, plain);
    }
}

#[test]
fn exceptions_from_settings_certificates_and_ends_raise_the_secure_score() {
    let mut estate =
        Estate { devices: vec![(0, Criticality::Normal), (1, Criticality::Normal)], ..Estate::default() };
    estate.configurations = vec![Configuration {
        check: "c".to_owned(),
        category: Category::Os,
        impact: 4,
        applicable: set(&[0, 1]),
        failing: set(&[0, 1]),
        restart: Restart::None,
    }];
    estate.certificates = vec![Certificate {
        fingerprint: "aa".to_owned(),
        devices: set(&[0]),
        problems: vec![Problem::Expired],
        ..Certificate::default()
    }];
    estate.software = vec![software("old", vec![variant("1", &[1], Vec::new())])];
    estate.software[0].end = Some(End { since: NOW, replacement: None, category: Category::Os });
    let all = set(&[0, 1]);
    let list: Vec<_> = ["configure/c", "certificate/aa", "uninstall/debian/12/old"]
        .map(|id| {
            exception(
                Subject::Recommendation(id.to_owned()),
                Extent::Global,
                Justification::ThirdPartyControl,
            )
        })
        .into();
    let plan = Plan::of(&estate, &Exceptions::at(NOW, &list, &BTreeMap::new(), &all), None).unwrap();
    assert_eq!(plan.secure.points, Some(Points::FULL));
    assert_eq!(plan.exposure, Exposure::default());
    assert_eq!(plan.recommendations.len(), 3);
    assert!(plan.recommendations.iter().all(|r| r.state() == State::FullException && r.effect() == 0));
}

#[test]
fn an_exception_needs_a_subject_a_reason_and_a_time() {
    let good = exception(Subject::Cve("CVE-1".to_owned()), Extent::Global, Justification::NoPatch);
    assert_eq!(good.validate(), Ok(()));
    let code = |change: fn(&mut Exception)| {
        let mut e = good.clone();
        change(&mut e);
        e.validate().unwrap_err().code()
    };
    assert_eq!(code(|e| e.subject = Subject::Cve(" ".to_owned())), "no_subject");
    assert_eq!(code(|e| e.reason = "\n".to_owned()), "no_reason");
    assert_eq!(code(|e| e.reason = "x".repeat(MAX_REASON + 1)), "reason_too_long");
    assert_eq!(code(|e| e.until = e.from), "no_duration");
    assert_eq!(code(|e| e.extent = Extent::Groups(Vec::new())), "no_group");
    assert_eq!(code(|e| e.subject = Subject::Recommendation("x".to_owned())), "justification_does_not_fit");
}

fn weakness() -> impl Strategy<Value = Weakness> {
    (0..8_u8, option::of(0.0..10.0_f64), option::of(0.0..1.0_f64), option::of(1..4_u8)).prop_map(
        |(id, cvss, epss, fix)| Weakness {
            id: format!("CVE-{id}"),
            cvss,
            epss,
            fix: fix.map(|f| format!("{f}-1")),
            ..Weakness::default()
        },
    )
}

fn devices() -> impl Strategy<Value = RoaringBitmap> {
    collection::btree_set(0..10_u32, 0..8).prop_map(|s| s.into_iter().collect())
}

fn any_software() -> impl Strategy<Value = Software> {
    let variants = collection::vec((devices(), collection::vec(weakness(), 0..5)), 1..4);
    (variants, option::of(option::of(Just("9".to_owned())))).prop_map(|(variants, end)| {
        let variants = (1..).zip(variants);
        let variants = variants
            .map(|(version, (devices, mut weaknesses)): (u8, _)| {
                weaknesses.sort_by(|a, b| a.id.cmp(&b.id));
                weaknesses.dedup_by(|a, b| a.id == b.id);
                Variant { version: version.to_string(), devices, weaknesses, context: OPEN }
            })
            .collect();
        let end = end.map(|replacement| End { since: NOW, replacement, category: Category::Application });
        Software { end, ..software("", variants) }
    })
}

fn any_estate() -> impl Strategy<Value = Estate> {
    let criticality =
        prop_oneof![Just(Criticality::Low), Just(Criticality::Normal), Just(Criticality::Critical)];
    (
        collection::btree_map(0..10_u32, criticality, 0..10),
        collection::vec(any_software(), 0..4),
        collection::vec((devices(), devices(), 0..20_u8), 0..3),
        collection::vec((devices(), any::<bool>()), 0..3),
    )
        .prop_map(|(devices, mut software, checks, certificates)| {
            software.iter_mut().enumerate().for_each(|(at, s)| s.key.source = format!("s{at}"));
            let configurations =
                checks.into_iter().enumerate().map(|(at, (applicable, failing, impact))| Configuration {
                    check: at.to_string(),
                    category: Category::ALL[at],
                    impact,
                    applicable,
                    failing,
                    restart: Restart::None,
                });
            let certificates = certificates.into_iter().enumerate().map(|(at, (devices, bad))| Certificate {
                fingerprint: at.to_string(),
                devices,
                problems: if bad { vec![Problem::Expired] } else { Vec::new() },
                ..Certificate::default()
            });
            Estate {
                devices: devices.into_iter().collect(),
                software,
                configurations: configurations.collect(),
                certificates: certificates.collect(),
                ..Estate::default()
            }
        })
}

/// The estate after a recommendation was followed on all devices that it names.
fn followed(estate: &Estate, recommendation: &Recommendation) -> Estate {
    let mut after = estate.clone();
    match &recommendation.kind {
        Kind::Update { software, .. } => {
            let software = after.software.iter_mut().find(|s| s.key == *software).unwrap();
            let mut new = Vec::new();
            for variant in &mut software.variants {
                let mut updated = variant.clone();
                updated.devices &= &recommendation.exposed;
                updated.weaknesses.retain(|w| w.fix.is_none());
                variant.devices -= &recommendation.exposed;
                new.push(updated);
            }
            software.variants.append(&mut new);
        }
        Kind::Upgrade { software, .. } | Kind::Uninstall { software, .. } => {
            let software = after.software.iter_mut().find(|s| s.key == *software).unwrap();
            software.variants.iter_mut().for_each(|v| v.devices -= &recommendation.exposed);
        }
        Kind::Configure { check, .. } => {
            let of = after.configurations.iter_mut().find(|c| c.check == *check).unwrap();
            of.failing -= &recommendation.exposed;
        }
        Kind::ReplaceCertificate { fingerprint, .. } => {
            let of = after.certificates.iter_mut().find(|c| c.fingerprint == *fingerprint).unwrap();
            let new = Certificate {
                fingerprint: "new".to_owned(),
                devices: &of.devices & &recommendation.exposed,
                problems: Vec::new(),
                ..of.clone()
            };
            of.devices -= &recommendation.exposed;
            after.certificates.push(new);
        }
    }
    after
}

fn any_exceptions() -> impl Strategy<Value = Vec<Exception>> {
    let subject = prop_oneof![
        (0..8_u8).prop_map(|id| Subject::Cve(format!("CVE-{id}"))),
        (0..4_u8).prop_map(|at| Subject::Recommendation(format!("update/debian/12/s{at}"))),
        (0..4_u8).prop_map(|at| Subject::Recommendation(format!("uninstall/debian/12/s{at}"))),
        (0..3_u8).prop_map(|at| Subject::Recommendation(format!("configure/{at}"))),
        (0..3_u8).prop_map(|at| Subject::Recommendation(format!("certificate/{at}"))),
    ];
    let extent =
        prop_oneof![Just(Extent::Global), (0..3_u8).prop_map(|g| Extent::Groups(vec![g.to_string()]))];
    let justification = prop_oneof![
        Just(Justification::AlternateMitigation),
        Just(Justification::RiskAccepted),
        Just(Justification::ThirdPartyControl)
    ];
    collection::vec((subject, extent, justification), 0..5)
        .prop_map(|list| list.into_iter().map(|(s, e, j)| exception(s, e, j)).collect())
}

proptest! {
    #[test]
    fn what_is_predicted_is_what_comes(
        estate in any_estate(), exceptions in any_exceptions(), groups in collection::vec(devices(), 3),
    ) {
        let all: RoaringBitmap = estate.devices.iter().map(|(d, _)| *d).collect();
        let groups = (0..3).map(|g: u8| g.to_string()).zip(groups).collect();
        let exceptions = Exceptions::at(NOW, &exceptions, &groups, &all);
        let plan = Plan::of(&estate, &exceptions, None).unwrap();
        for recommendation in &plan.recommendations {
            prop_assert!(recommendation.exposed.is_disjoint(&recommendation.excepted));
            prop_assert!(recommendation.exposed.is_subset(&all) && recommendation.effect() >= 0);
            prop_assert!(recommendation.exposure.after.points <= recommendation.exposure.before.points);
            prop_assert!(recommendation.exposure.after.residual <= recommendation.exposure.after.points);
            let after = Plan::of(&followed(&estate, recommendation), &exceptions, None).unwrap();
            prop_assert_eq!(after.exposure, recommendation.exposure.after, "{}", recommendation.id);
            prop_assert_eq!(after.secure.points, recommendation.secure.after, "{}", recommendation.id);
            let again = after.recommendations.iter().find(|r| r.id == recommendation.id);
            prop_assert!(again.is_none_or(|r| r.exposed.is_empty()), "{} is done", recommendation.id);
        }
        let effects: Vec<_> = plan.recommendations.iter().map(Recommendation::effect).collect();
        prop_assert!(effects.is_sorted_by(|a, b| a >= b));
    }

    #[test]
    fn an_exception_never_worsens_a_score(
        estate in any_estate(), exceptions in any_exceptions(), groups in collection::vec(devices(), 3),
    ) {
        let all: RoaringBitmap = estate.devices.iter().map(|(d, _)| *d).collect();
        let groups = (0..3).map(|g: u8| g.to_string()).zip(groups).collect();
        let before = plan(&estate);
        let after = Plan::of(&estate, &Exceptions::at(NOW, &exceptions, &groups, &all), None).unwrap();
        prop_assert!(after.exposure.points <= before.exposure.points);
        prop_assert!(after.secure.points >= before.secure.points);
        // Nothing is lost from sight: who needed a fix is exposed or excepted.
        let known = |p: &Plan| p.recommendations.iter().map(|r| (r.id.clone(), &r.exposed | &r.excepted)).collect();
        let (was, is): (BTreeMap<_, _>, BTreeMap<_, _>) = (known(&before), known(&after));
        prop_assert_eq!(was, is);
    }
}
