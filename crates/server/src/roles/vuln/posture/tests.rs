use palisade_state::{AssessmentBasis, KeptInventory};
use palisade_types::TenantId;

use super::*;
use crate::roles::vuln::estate;
use crate::roles::vuln::fleet::{Fleet, Touched};

fn device(n: u8) -> DeviceId {
    DeviceId([n; 20])
}

fn told(profile: &str, checks: &Value) -> Value {
    json!({
        "format": "palisade-baseline-told/1", "profile": profile, "revision": "2-ab", "taken_us": 5, "system": "debian 12",
        "checks": checks,
    })
}

#[test]
fn runs_are_read_under_their_own_name_and_unknown_checks_are_counted() {
    let own = told(
        "own",
        &json!({"ssh.permit_root_login": {"state": "not_compliant"}, "later.check": {"state": "compliant"}}),
    );
    let other = told("other", &json!({}));
    let parts = [
        ("baseline/own", &own),
        ("baseline/foreign", &other),
        ("baseline/bad", &json!({"checks": 1})),
        ("head", &other),
    ];
    let found = runs(device(1), parts);
    assert_eq!(found.len(), 1);
    let run = &found[0];
    assert_eq!((run.profile.as_str(), run.revision.as_str(), run.unknown), ("own", "2-ab", 1));
    assert_eq!(
        (run.checks[0].0.id.as_str(), run.checks[0].1),
        ("ssh.permit_root_login", CheckState::NotCompliant)
    );
}

fn cause(id: &str, impact: u32, passed: &[u32], failed: &[u32]) -> SecureCheckRow {
    let set = |of: &[u32]| bytes(&of.iter().copied().collect());
    SecureCheckRow {
        cause: id.into(),
        title: String::new(),
        category: "os".into(),
        impact,
        passed: set(passed),
        failed: set(failed),
    }
}

fn score(n: u8, weight: f64) -> SecureScoreRow {
    SecureScoreRow { device_id: device(n).to_string(), weight, ..SecureScoreRow::default() }
}

#[test]
fn every_difference_of_the_score_is_explained_by_its_causes() {
    let ordinals: HashMap<DeviceId, u32> = [(device(1), 1), (device(2), 2)].into();
    let kept = KeptPosture {
        causes: vec![cause("configure/a", 5, &[1], &[2]), cause("configure/b", 5, &[1, 2], &[])],
        weights: [(device(1).to_string(), 1.0), (device(2).to_string(), 1.0)].into(),
    };
    let mended = PostureWrite {
        causes: vec![cause("configure/a", 5, &[1, 2], &[]), cause("configure/b", 5, &[1, 2], &[])],
        scores: vec![score(1, 1.0), score(2, 1.0)],
        ..PostureWrite::default()
    };
    let parts = changes(&kept, &mended, &ordinals);
    // 100 and 50 were 75 together; both are 100 now.
    assert_eq!(parts.keys().collect::<Vec<_>>(), ["configure/a"]);
    assert!((parts["configure/a"] - 25.0).abs() < 1e-9, "{parts:?}");
    assert!(
        changes(&kept, &PostureWrite { causes: kept.causes.clone(), ..mended.clone() }, &ordinals).is_empty()
    );

    let gone = PostureWrite {
        scores: vec![score(1, 1.0)],
        causes: vec![cause("configure/a", 5, &[1], &[]), cause("configure/b", 5, &[1], &[])],
        ..mended
    };
    let parts = changes(&kept, &gone, &ordinals);
    assert_eq!(parts.keys().collect::<Vec<_>>(), ["left"]);
    assert!((parts["left"] - 25.0).abs() < 1e-9, "{parts:?}");
}

#[test]
fn a_recommendation_says_what_the_check_is_about() {
    let document = document("ssh.permit_root_login");
    assert_eq!((document["severity"].as_str(), document["impact"].as_u64()), (Some("high"), Some(9)));
    assert_eq!(super::document("no.check"), Value::Null);
    assert_eq!((severity("ssh.permit_root_login"), severity("no.check")), ("high", "unknown"));
    for weight in [0.5, 1.0, 2.0, 4.0] {
        assert!((super::weight(of_weight(weight)) - weight).abs() < f64::EPSILON);
    }
}

/// A tenant with two devices in memory, and what each told of the checks of two profiles.
struct Region {
    fleet: Fleet,
    tenant: TenantId,
    ordinals: HashMap<DeviceId, u32>,
}

impl Region {
    fn new() -> Self {
        let (mut fleet, tenant) = (Fleet::default(), TenantId::random());
        fleet.keep(&BTreeSet::from([tenant]));
        let devices = vec![(device(1), "normal".to_owned()), (device(2), "high".to_owned())];
        fleet.rest_on(tenant, AssessmentBasis { devices, ..AssessmentBasis::default() });
        Self { fleet, tenant, ordinals: [(device(1), 1), (device(2), 2)].into() }
    }

    fn tells(&mut self, who: u8, runs: &[(&str, Value)]) {
        let mut bodies = BTreeMap::from([(
            "head".to_owned(),
            json!({
                "format": "palisade-inventory/1", "taken_us": 0, "root": "/", "live": true, "host_name": "h",
                "os": {"id": "debian"},
            }),
        )]);
        bodies.extend(runs.iter().map(|(name, checks)| (format!("baseline/{name}"), told(name, checks))));
        let kept = KeptInventory {
            taken_at: TimeMicros(1),
            received_at: TimeMicros(1),
            complete: true,
            left_out: Vec::new(),
            bodies,
        };
        self.fleet.take_all(self.tenant, Touched::of(vec![(device(who), kept)]));
    }

    fn assess(&self, kept: &KeptPosture) -> (PostureWrite, Plan) {
        let tenant = self.fleet.tenant(self.tenant).expect("followed");
        let built = estate::build(self.fleet.matcher(), tenant, &self.ordinals, TimeMicros(1));
        let all = self.ordinals.values().copied().collect();
        let exceptions = estate::exceptions(tenant.basis(), &self.ordinals, &all, TimeMicros(1));
        let plan = Plan::of(&built.estate, &exceptions, None).expect("a plan");
        (rows(tenant, &self.ordinals, &plan, kept), plan)
    }
}

fn set(bytes: &[u8]) -> Vec<u32> {
    RoaringBitmap::deserialize_from(bytes).expect("a set").iter().collect()
}

#[test]
fn what_devices_told_becomes_compliance_a_score_and_what_to_do() {
    let mut region = Region::new();
    let root = |state: &str| json!({"ssh.permit_root_login": {"state": state}, "ssh.banner": {"state": "not_applicable"}});
    region.tells(1, &[("server-level1", root("compliant")), ("own", root("not_compliant"))]);
    region.tells(2, &[("server-level1", root("compliant"))]);
    let (write, plan) = region.assess(&KeptPosture::default());

    assert_eq!(write.baselines.len(), 3);
    let level1 = &write.compliance["server-level1"];
    assert_eq!(
        (level1.devices, level1.compliant_devices, level1.compliant, level1.not_compliant),
        (2, 2, 2, 0)
    );
    let check = |profile: &str, id: &str| {
        write.checks.iter().find(|c| c.profile == profile && c.check_id == id).expect("a row")
    };
    assert_eq!(set(&check("server-level1", "ssh.permit_root_login").compliant), [1, 2]);
    assert_eq!(set(&check("own", "ssh.permit_root_login").not_compliant), [1]);
    assert_eq!(set(&check("server-level1", "ssh.banner").not_applicable), [1, 2]);

    // What one of a device's profiles says is wrong is wrong; what does not apply does not count.
    let cause = &write.causes[0];
    assert_eq!(
        (write.causes.len(), cause.cause.as_str(), cause.impact),
        (1, "configure/ssh.permit_root_login", 9)
    );
    assert_eq!((set(&cause.passed), set(&cause.failed)), (vec![2], vec![1]));
    assert!(cause.title.contains("root"), "{}", cause.title);
    let scores: Vec<_> = write.scores.iter().map(|s| (s.score, s.network, s.os, s.weight)).collect();
    assert_eq!(scores, [(Some(0.0), Some(0.0), None, 1.0), (Some(100.0), Some(100.0), None, 2.0)]);
    let point = write.point.as_ref().expect("a score");
    assert!((point.score - 200.0 / 3.0).abs() < 1e-5, "{point:?}");
    assert!(point.changes.is_empty(), "there was nothing before");

    let fix = plan.recommendations.iter().find(|r| r.id == cause.cause).expect("what to do");
    let (before, after) = (fix.secure.before.expect("a score"), fix.secure.after.expect("a score"));
    assert_eq!(after, Points::FULL, "nothing else is wrong");
    assert_eq!(fix.exposed.iter().collect::<Vec<_>>(), [1]);

    let kept = KeptPosture {
        causes: write.causes.clone(),
        weights: write.scores.iter().map(|s| (s.device_id.clone(), s.weight)).collect(),
    };
    region.tells(1, &[("own", root("compliant"))]);
    let (write, _) = region.assess(&kept);
    let point = write.point.expect("a score");
    assert!((point.score - 100.0).abs() < f64::EPSILON);
    let gained = point.changes["configure/ssh.permit_root_login"];
    assert!((gained - (after.value() - before.value())).abs() < 1e-5, "as was predicted: {gained}");
    assert_eq!(write.compliance.keys().collect::<Vec<_>>(), ["own", "server-level1"]);
}
