//! Baselines: profiles, where they run, what devices found; every number is one of the caller's devices.

use palisade_estate::group::{Automation, Criticality, Rule};
use palisade_state::vulnerabilities::Range;
use palisade_state::vulnerabilities::baselines::{CheckState, DeviceSecureQuery, NewProfile, Tallied};
use palisade_state::{
    AssessmentWrite, BaselineCheckRow, BaselinePoint, DbRole, DeviceBaselineRow, DeviceScope, NewDeviceGroup,
    PostureWrite, SecureCheckRow, SecurePoint, SecureScoreRow,
};
use palisade_testkit::VulnerableRows;
use palisade_types::DeviceId;
use serde_json::json;
use uuid::Uuid;

use crate::common::{NOW, World, after, enrol, world};

struct Estate {
    world: World,
    web: DeviceId,
    db: DeviceId,
    /// Only the device `web`.
    group: Uuid,
}

/// Two devices: `web` runs a profile that was given to it, both run the one of their system.
async fn estate() -> Estate {
    let world = world().await;
    let tenant = world.tenant.id;
    let (web, db) = (enrol(&world.db, tenant, "web").await, enrol(&world.db, tenant, "db").await);
    let new = NewDeviceGroup {
        name: "web".into(),
        description: String::new(),
        rank: None,
        rule: Rule::from_json(&json!({"field": "name", "op": "equals", "value": "web"})).expect("a rule"),
        criticality: Criticality::High,
        automation: Automation::None,
    };
    let group = world.api.create_device_group(tenant, &new, NOW).await.expect("a group").id;
    let mut rows = VulnerableRows::new(&world.db, tenant, NOW).await;
    let checks = |root: &'static str| [("ssh.permit_root_login", root), ("ssh.banner", "compliant")];
    rows.baseline(web, ("server-level1", ""), &checks("not_compliant")).await;
    rows.baseline(db, ("server-level1", ""), &checks("compliant")).await;
    rows.baseline(web, ("own", "2-ab"), &[("ssh.banner", "not_evaluated")]).await;
    rows.secure(web, &["ssh.banner"], &["ssh.permit_root_login"], 2.0).await;
    rows.secure(db, &["ssh.banner", "ssh.permit_root_login"], &[], 1.0).await;
    rows.posture_history("server-level1", 66.0, json!({"configure/ssh.banner": 1.5})).await;
    Estate { world, web, db, group }
}

fn profile(name: &str, by: &str) -> NewProfile {
    NewProfile { name: name.into(), document: json!({"name": name}), by: by.into() }
}

#[tokio::test]
async fn a_profile_is_made_changed_assigned_and_deleted() {
    let e = estate().await;
    let (api, tenant) = (&e.world.api, e.world.tenant.id);
    let made = api.create_baseline_profile(tenant, &profile("own", "Ann"), NOW).await.expect("made");
    assert_eq!((made.revision, made.created_by.as_str(), made.created_at), (1, "Ann", NOW));
    let again = api.create_baseline_profile(tenant, &profile("own", "Bob"), NOW).await;
    assert_eq!(again.expect_err("taken").code(), "conflict");
    let changed = api.update_baseline_profile(tenant, &profile("own", "Bob"), Some(1), after(5)).await;
    let changed = changed.expect("changed");
    assert_eq!(
        (changed.revision, changed.updated_by.as_str(), changed.created_by.as_str()),
        (2, "Bob", "Ann")
    );
    let stale = api.update_baseline_profile(tenant, &profile("own", "Ann"), Some(1), after(6)).await;
    assert_eq!(stale.expect_err("read before").code(), "conflict");
    let none = api.update_baseline_profile(tenant, &profile("none", "Ann"), None, after(6)).await;
    assert_eq!(none.expect_err("no such").code(), "not_found");

    api.assign_baseline(tenant, "own", (false, &[e.group]), "Ann", NOW).await.expect("assigned");
    let none = api.assign_baseline(tenant, "own", (false, &[Uuid::from_u128(7)]), "Ann", NOW).await;
    assert_eq!(none.expect_err("no such group").code(), "not_found");
    let places = api.baseline_assignments(tenant).await.expect("read");
    assert_eq!((places.len(), places[0].0.as_str(), places[0].1.everywhere), (1, "own", false));
    assert_eq!(places[0].1.groups, [(e.group, "web".to_owned())]);
    api.assign_baseline(tenant, "own", (true, &[]), "Ann", NOW).await.expect("assigned");
    let places = api.baseline_assignments(tenant).await.expect("read");
    assert!(places[0].1.everywhere && places[0].1.groups.is_empty());

    api.delete_baseline_profile(tenant, "own").await.expect("deleted");
    assert!(api.baseline_assignments(tenant).await.expect("read").is_empty());
    assert_eq!(api.delete_baseline_profile(tenant, "own").await.expect_err("gone").code(), "not_found");
}

#[tokio::test]
async fn a_deleted_group_takes_its_assignments_with_it() {
    let e = estate().await;
    let (api, tenant) = (&e.world.api, e.world.tenant.id);
    api.assign_baseline(tenant, "server-level2", (false, &[e.group]), "Ann", NOW).await.expect("assigned");
    api.delete_device_group(tenant, e.group).await.expect("deleted");
    assert!(api.baseline_assignments(tenant).await.expect("read").is_empty());
}

#[tokio::test]
async fn results_are_counted_and_listed_within_the_scope() {
    let e = estate().await;
    let (api, tenant) = (&e.world.api, e.world.tenant.id);
    let (all, limited) = (DeviceScope::all(), DeviceScope::groups(vec![e.group]));
    let runs = api.baseline_runs(tenant, &all).await.expect("read");
    let shown: Vec<_> = runs.iter().map(|r| (r.profile.as_str(), r.revision.as_str(), r.devices)).collect();
    assert_eq!(shown, [("own", "2-ab", 1), ("server-level1", "", 2)]);
    assert_eq!((runs[1].compliant_devices, runs[1].by_default, runs[0].by_default), (1, true, false));
    assert_eq!(runs[1].tallied, Tallied { compliant: 3, not_compliant: 1, ..Tallied::default() });
    assert_eq!((runs[1].tallied.percent(), runs[0].tallied.percent()), (Some(75.0), None));
    let own = api.baseline_runs(tenant, &limited).await.expect("read");
    assert_eq!((own[1].devices, own[1].compliant_devices), (1, 0));

    let checks = api.baseline_checks(tenant, &all, "server-level1").await.expect("read");
    let root = checks.iter().find(|c| c.check == "ssh.permit_root_login").expect("the check");
    assert_eq!((root.tallied.compliant, root.tallied.not_compliant), (1, 1));
    let checks = api.baseline_checks(tenant, &limited, "server-level1").await.expect("read");
    let root = checks.iter().find(|c| c.check == "ssh.permit_root_login").expect("the check");
    assert_eq!((root.tallied.compliant, root.tallied.not_compliant), (0, 1));

    let range = Range::default();
    let asked = |state| ("server-level1", "ssh.permit_root_login", state);
    let wrong =
        api.baseline_check_devices(tenant, &all, asked(CheckState::NotCompliant), (None, &range)).await;
    let wrong = wrong.expect("listed");
    assert_eq!((wrong.total, wrong.items[0].device.id), (1, e.web));
    assert_eq!(wrong.items[0].seen["observed"], format!("ssh.permit_root_login on {}", e.web));
    let right =
        api.baseline_check_devices(tenant, &limited, asked(CheckState::Compliant), (None, &range)).await;
    assert_eq!(right.expect("listed").total, 0, "the other device is not theirs");

    let first = Range { limit: 1, ..Range::default() };
    let page = api.baseline_devices(tenant, &all, "server-level1", (None, &first)).await.expect("listed");
    assert_eq!((page.total, page.items[0].device.id), (2, e.web), "the lowest first");
    let next = Range { cursor: page.next_cursor, ..first };
    let page = api.baseline_devices(tenant, &all, "server-level1", (None, &next)).await.expect("listed");
    assert_eq!((page.items[0].device.id, page.next_cursor), (e.db, None));
    let page = api.baseline_devices(tenant, &limited, "server-level1", (None, &range)).await.expect("listed");
    assert_eq!(page.total, 1);
}

#[tokio::test]
async fn a_device_tells_what_it_ran_to_those_who_see_it() {
    let e = estate().await;
    let (api, tenant) = (&e.world.api, e.world.tenant.id);
    let (all, limited) = (DeviceScope::all(), DeviceScope::groups(vec![e.group]));
    let runs = api.device_baselines(tenant, &all, e.web).await.expect("read");
    assert_eq!(runs.iter().map(|r| r.profile.as_str()).collect::<Vec<_>>(), ["own", "server-level1"]);
    let (body, excepted) = api.device_baseline(tenant, &all, (e.web, "own"), NOW).await.expect("read");
    assert_eq!((&body["revision"], excepted.len()), (&json!("2-ab"), 0));
    for gone in [
        api.device_baseline(tenant, &all, (e.db, "own"), NOW).await.expect_err("it did not run it"),
        api.device_baseline(tenant, &limited, (e.db, "server-level1"), NOW).await.expect_err("not theirs"),
    ] {
        assert_eq!(gone.code(), "not_found");
    }
    assert_eq!(
        api.device_baselines(tenant, &limited, e.db).await.expect_err("not theirs").code(),
        "not_found"
    );

    let batch =
        api.baseline_batch(tenant, &limited, None, (None, 10), NOW).await.expect("read").expect("one");
    assert_eq!(batch.devices.iter().map(|d| d.name.as_str()).collect::<Vec<_>>(), ["web"]);
    assert_eq!(batch.devices[0].runs.keys().collect::<Vec<_>>(), ["own", "server-level1"]);
    assert!(!batch.excepted(&batch.devices[0], "ssh.banner"));
    let after = api.baseline_batch(tenant, &limited, None, (Some(batch.last), 10), NOW).await.expect("read");
    assert!(after.is_none());

    let course = api.baseline_history(tenant, &all, "server-level1", after_day()).await.expect("read");
    assert_eq!((course.len(), course[0].percent, course[0].devices), (1, Some(75.0), 2));
    assert!(
        api.baseline_history(tenant, &limited, "server-level1", after_day()).await.expect("read").is_empty()
    );
}

fn after_day() -> palisade_types::TimeMicros {
    after(-86_400)
}

#[tokio::test]
async fn the_secure_score_is_the_mean_of_the_scope_and_says_what_costs() {
    let e = estate().await;
    let (api, tenant) = (&e.world.api, e.world.tenant.id);
    let (all, limited) = (DeviceScope::all(), DeviceScope::groups(vec![e.group]));
    let score = api.secure_score(tenant, &all, true).await.expect("read");
    // 50 counts twice, 100 once.
    assert!((score.score.expect("a score") - 200.0 / 3.0).abs() < 1e-9, "{score:?}");
    assert_eq!((score.devices, score.unassessed, score.categories.os), (2, 0, None));
    assert_eq!(score.costs.len(), 1);
    let cost = &score.costs[0];
    assert_eq!((cost.cause.as_str(), cost.failing, cost.impact), ("configure/ssh.permit_root_login", 1, 5));
    assert!((cost.points - 100.0 / 3.0).abs() < 1e-9, "what is missing to 100: {cost:?}");
    let own = api.secure_score(tenant, &limited, true).await.expect("read");
    assert_eq!((own.score, own.devices), (Some(50.0), 1));
    assert!((own.costs[0].points - 50.0).abs() < 1e-9);
    assert!(api.secure_score(tenant, &all, false).await.expect("read").costs.is_empty());

    let first =
        DeviceSecureQuery { range: Range { limit: 1, ..Range::default() }, ..DeviceSecureQuery::default() };
    let page = api.device_secure_scores(tenant, &all, &first).await.expect("listed");
    assert_eq!((page.total, page.items[0].device.id, page.items[0].score), (2, e.web, Some(50.0)));
    let next = DeviceSecureQuery {
        range: Range { cursor: page.next_cursor, ..first.range },
        ..DeviceSecureQuery::default()
    };
    assert_eq!(api.device_secure_scores(tenant, &all, &next).await.expect("listed").items[0].device.id, e.db);
    let of = api.device_secure_score(tenant, &all, e.web).await.expect("read").expect("a score");
    assert_eq!((of.score.score, of.costs.len()), (Some(50.0), 1));
    assert_eq!(
        api.device_secure_score(tenant, &limited, e.db).await.expect_err("hidden").code(),
        "not_found"
    );
    let course = api.secure_score_history(tenant, &all, after(-60)).await.expect("read");
    assert_eq!((course.len(), &course[0].changes["configure/ssh.banner"]), (1, &json!(1.5)));
    assert!(api.secure_score_history(tenant, &limited, after(-60)).await.expect("read").is_empty());
}

#[tokio::test]
async fn what_a_device_should_run_and_what_it_does_stand_side_by_side() {
    let e = estate().await;
    let (api, tenant) = (&e.world.api, e.world.tenant.id);
    let wishes = api.baseline_wishes(tenant, "", 10).await.expect("read");
    assert_eq!(wishes.len(), 1, "who runs the default and should is nobody's concern: {wishes:?}");
    assert_eq!((wishes[0].device, wishes[0].assigned.len()), (e.web, 0));
    assert_eq!(wishes[0].told, [("own".to_owned(), "2-ab".to_owned())]);

    api.assign_baseline(tenant, "own", (false, &[e.group]), "Ann", NOW).await.expect("assigned");
    api.assign_baseline(tenant, "server-level2", (true, &[]), "Ann", NOW).await.expect("assigned");
    let wishes = api.baseline_wishes(tenant, "", 10).await.expect("read");
    let of = |id: DeviceId| wishes.iter().find(|w| w.device == id).expect("a wish");
    assert_eq!(of(e.web).assigned, ["own", "server-level2"]);
    assert_eq!((of(e.db).assigned.clone(), of(e.db).told.len()), (vec!["server-level2".to_owned()], 0));
    let (first, second) = (wishes[0].device, wishes[1].device);
    let rest = api.baseline_wishes(tenant, &first.to_string(), 10).await.expect("read");
    assert_eq!(rest.iter().map(|w| w.device).collect::<Vec<_>>(), [second]);

    api.baseline_ordered(tenant, e.db, ("server-level2 0-x", 1, after(60))).await.expect("noted");
    api.baseline_ordered(tenant, e.db, ("server-level2 0-x", 2, after(90))).await.expect("noted");
    let wishes = api.baseline_wishes(tenant, "", 10).await.expect("read");
    let db = wishes.iter().find(|w| w.device == e.db).expect("a wish");
    assert_eq!(db.ordered, Some(("server-level2 0-x".to_owned(), 2, after(90))));
    api.baseline_settled(tenant, e.db).await.expect("noted");
    let wishes = api.baseline_wishes(tenant, "", 10).await.expect("read");
    assert!(wishes.iter().all(|w| w.ordered.is_none()));
}

#[tokio::test]
async fn what_the_vuln_process_writes_is_read_back_and_changes_of_an_hour_add_up() {
    let w = world().await;
    let tenant = w.tenant.id;
    let device = enrol(&w.db, tenant, "web").await;
    let vuln = w.db.state(DbRole::Vuln).await;
    let ordinals = vuln.device_ordinals(tenant, &[device]).await.expect("numbers");
    let mut set = Vec::new();
    roaring::RoaringBitmap::from_iter([ordinals[&device]]).serialize_into(&mut set).expect("written");
    let mut none = Vec::new();
    roaring::RoaringBitmap::new().serialize_into(&mut none).expect("written");
    let posture = PostureWrite {
        baselines: vec![DeviceBaselineRow {
            device_id: device.to_string(),
            profile: "own".into(),
            revision: "1-a".into(),
            not_compliant: 1,
            ran_at: NOW.0,
            ..DeviceBaselineRow::default()
        }],
        checks: vec![BaselineCheckRow {
            profile: "own".into(),
            check_id: "ssh.banner".into(),
            compliant: none.clone(),
            not_compliant: set.clone(),
            not_applicable: none.clone(),
            not_evaluated: none.clone(),
        }],
        compliance: [(
            "own".to_owned(),
            BaselinePoint { devices: 1, not_compliant: 1, ..BaselinePoint::default() },
        )]
        .into(),
        scores: vec![SecureScoreRow {
            device_id: device.to_string(),
            score: Some(0.0),
            network: Some(0.0),
            possible: 5,
            weight: 1.0,
            ..SecureScoreRow::default()
        }],
        causes: vec![SecureCheckRow {
            cause: "configure/ssh.banner".into(),
            title: "A banner".into(),
            category: "network".into(),
            impact: 5,
            passed: none,
            failed: set,
        }],
        point: Some(SecurePoint {
            score: 0.0,
            devices: 1,
            changes: [("configure/ssh.banner".to_owned(), -2.0)].into(),
            ..SecurePoint::default()
        }),
    };
    let write = AssessmentWrite { posture: posture.clone(), ..AssessmentWrite::default() };
    vuln.write_assessment(tenant, &write, NOW).await.expect("written");
    vuln.write_assessment(tenant, &write, NOW).await.expect("written again");
    let kept = vuln.kept_posture(tenant).await.expect("read");
    assert_eq!(kept.causes, posture.causes);
    assert_eq!(kept.weights, [(device.to_string(), 1.0)].into());
    let all = DeviceScope::all();
    let course = w.api.secure_score_history(tenant, &all, after(-3600)).await.expect("read");
    assert_eq!((course.len(), &course[0].changes), (1, &json!({"configure/ssh.banner": -4.0})));
    let days = w.api.baseline_history(tenant, &all, "own", after(-100_000)).await.expect("read");
    assert_eq!((days.len(), days[0].percent), (1, Some(0.0)));
    assert_eq!(w.api.secure_score(tenant, &all, true).await.expect("read").costs[0].title, "A banner");

    vuln.write_assessment(tenant, &AssessmentWrite::default(), after(1)).await.expect("written");
    assert!(
        w.api.baseline_runs(tenant, &all).await.expect("read").is_empty(),
        "what is no longer so is gone"
    );
    vuln.close().await;
}
