//! Recommendations that somebody has taken on: who sees and decides what, and that drivers do not collide.

use palisade_estate::group::{Automation, Criticality, Rule};
use palisade_state::remediations::{
    Decision, NewRemediation, Outcome, RemediationChange, RemediationQuery, RemediationState, Standing,
};
use palisade_state::vulnerabilities::Range;
use palisade_state::{DeviceScope, NewDeviceGroup, NewOrder, OrderState, State};
use palisade_testkit::VulnerableRows;
use palisade_types::{DeviceId, TenantId};
use serde_json::json;
use uuid::Uuid;

use crate::common::{NOW, World, after, enrol, world};

const UPDATE: &str = "update/debian/12/openssl";

struct Estate {
    world: World,
    web: DeviceId,
    db: DeviceId,
    group: Uuid,
}

impl Estate {
    fn api(&self) -> &State {
        &self.world.api
    }

    fn tenant(&self) -> TenantId {
        self.world.tenant.id
    }
}

/// Two devices with an old openssl; the group has only `web`.
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
    rows.component(1, ["debian", "debian:12", "openssl", "3.0.1"], &[web, db], &[web]).await;
    rows.component(2, ["debian", "debian:12", "openssl", "3.0.3"], &[db], &[]).await;
    rows.recommendation(UPDATE, ["openssl", "3.0.3"], &[web, db], 12.5).await;
    rows.paths(web, json!({})).await;
    Estate { world, web, db, group }
}

/// A recommendation that is taken on.
pub(crate) fn new(recommendation: &str, group: Option<Uuid>) -> NewRemediation {
    NewRemediation {
        recommendation: recommendation.into(),
        title: "Update openssl to 3.0.3".into(),
        ecosystem: "debian:12".into(),
        owner: "ada".into(),
        due_at: Some(after(3600)),
        priority: "high".into(),
        note: "before Friday".into(),
        group,
        run: Some(json!({ "plan": {} })),
        created_by: "ada".into(),
        created_by_id: None,
    }
}

fn decision<'a>(from: &'a [RemediationState], to: RemediationState) -> Decision<'a> {
    Decision { from, to, run: None, approved_by: None, again: false, back: false, reason_code: "" }
}

#[tokio::test]
async fn a_recommendation_is_taken_on_once_and_each_sees_their_own_devices_of_it() {
    let e = estate().await;
    let (api, tenant, all) = (e.api(), e.tenant(), DeviceScope::all());
    let limited = DeviceScope::groups(vec![e.group]);
    let made = api.create_remediation(tenant, &all, &new(UPDATE, None), NOW).await.expect("made");
    assert_eq!((made.devices, made.fixed, made.effect), (2, 0, Some(12.5)));
    assert_eq!((made.product.as_str(), made.target.as_str()), ("openssl", "3.0.3"));
    let again =
        api.create_remediation(tenant, &limited, &new(UPDATE, None), NOW).await.expect_err("there is one");
    assert_eq!(again.code(), "remediation_exists");

    let seen = api.remediation(tenant, &limited, made.id).await.expect("its devices are theirs");
    assert_eq!((seen.devices, seen.effect), (1, None));
    let devices =
        api.remediation_devices(tenant, &limited, made.id, &Range::default()).await.expect("listed");
    assert_eq!(devices.items.iter().map(|d| d.device).collect::<Vec<_>>(), [e.web]);
    // Whoever does not see all of it decides nothing about it.
    let running = decision(&[RemediationState::Requested], RemediationState::Running);
    let told =
        api.decide_remediation(tenant, &limited, made.id, &running, NOW).await.expect_err("not theirs");
    assert_eq!(told.code(), "remediation_not_whole");
    let wrong = decision(&[RemediationState::Paused], RemediationState::Running);
    let told = api.decide_remediation(tenant, &all, made.id, &wrong, NOW).await.expect_err("not paused");
    assert_eq!(told.code(), "remediation_wrong_state");

    let given_up = decision(&[RemediationState::Requested], RemediationState::Cancelled);
    api.decide_remediation(tenant, &all, made.id, &given_up, NOW).await.expect("given up");
    let change = RemediationChange { owner: Some("bob".into()), ..RemediationChange::default() };
    let told = api.change_remediation(tenant, &all, made.id, &change, NOW).await.expect_err("over");
    assert_eq!(told.code(), "remediation_over");
    let of_group =
        api.create_remediation(tenant, &all, &new(UPDATE, Some(e.group)), after(1)).await.expect("made");
    assert_eq!((of_group.devices, of_group.effect), (1, Some(12.5)));
    let page = api.remediations(tenant, &all, &RemediationQuery::default()).await.expect("listed");
    assert_eq!(page.items.iter().map(|r| r.id).collect::<Vec<_>>(), [of_group.id, made.id]);
    let overdue = RemediationQuery { overdue_at: Some(after(4000)), ..RemediationQuery::default() };
    let page = api.remediations(tenant, &all, &overdue).await.expect("listed");
    assert_eq!(page.items.iter().map(|r| r.id).collect::<Vec<_>>(), [of_group.id]);
    let of_db = RemediationQuery { device: Some(e.db), ..RemediationQuery::default() };
    let page = api.remediations(tenant, &all, &of_db).await.expect("listed");
    assert_eq!((page.items[0].id, page.total), (made.id, 1));
}

#[tokio::test]
async fn what_people_say_of_it_is_checked() {
    let e = estate().await;
    let (api, tenant, all) = (e.api(), e.tenant(), DeviceScope::all());
    for bad in [
        NewRemediation { priority: "urgent".into(), ..new(UPDATE, None) },
        NewRemediation { due_at: Some(NOW), ..new(UPDATE, None) },
        NewRemediation { owner: "x".repeat(201), ..new(UPDATE, None) },
    ] {
        let told = api.create_remediation(tenant, &all, &bad, NOW).await.expect_err("bad");
        assert_eq!(told.code(), "invalid_argument");
    }
    let unknown = NewRemediation { recommendation: "nothing".into(), ..new(UPDATE, None) };
    let told = api.create_remediation(tenant, &all, &unknown, NOW).await.expect_err("unknown");
    assert_eq!(told.code(), "not_found");
    let made = api.create_remediation(tenant, &all, &new(UPDATE, None), NOW).await.expect("made");
    let change =
        RemediationChange { due_at: Some(None), note: Some("later".into()), ..RemediationChange::default() };
    let changed = api.change_remediation(tenant, &all, made.id, &change, NOW).await.expect("changed");
    assert_eq!((changed.due_at, changed.note.as_str(), changed.owner.as_str()), (None, "later", "ada"));
}

fn outcome(device: DeviceId, was: &str, step: &'static str) -> Outcome {
    Outcome {
        device,
        was: was.into(),
        step,
        since: NOW,
        missed: 0,
        canary: false,
        order: None,
        code: String::new(),
        message: String::new(),
        proof: None,
        versions: None,
        fixed_at: None,
    }
}

#[tokio::test]
async fn one_driver_at_a_time_reads_what_inventories_and_answers_say_and_undoes_no_decision() {
    let e = estate().await;
    let (api, tenant, all) = (e.api(), e.tenant(), DeviceScope::all());
    let id = api.create_remediation(tenant, &all, &new(UPDATE, None), NOW).await.expect("made").id;
    let driven = api.lease_remediation(tenant, id, NOW).await.expect("leased").expect("there");
    assert!(api.lease_remediation(tenant, id, after(1)).await.expect("asked").is_none(), "somebody has it");
    let mut versions = driven.held.versions.clone();
    versions.sort();
    // Nothing is known of the other device's inventory as a whole, so nothing is said of it.
    assert_eq!(versions, [("3.0.1".to_owned(), vec![e.web]), ("3.0.3".to_owned(), vec![])]);
    assert_eq!(driven.held.taken_at.keys().copied().collect::<Vec<_>>(), [e.web]);
    assert!(driven.devices.iter().all(|d| d.active && d.step == "waiting" && d.order.is_none()));

    let order = NewOrder {
        device: e.web,
        kind: "remediate".into(),
        reason: "test".into(),
        requested_by: "ada".into(),
        requested_by_id: None,
        expires_at: after(60),
    };
    let sign = |_, _| Ok::<_, String>(vec![1]);
    let given = api.create_order(tenant, &all, order, sign, NOW).await.expect("given");
    let noted = Outcome { order: Some(given.id), canary: true, ..outcome(e.web, "waiting", "applying") };
    api.note_remediation_order(tenant, id, &noted).await.expect("noted");
    let stands = |state| Standing { state, reason_code: "x".into(), reason: "y".into() };
    let was = (id, RemediationState::Requested);
    api.write_remediation(tenant, was, &stands(RemediationState::Running), &[], NOW).await.expect("written");

    let driven = api.lease_remediation(tenant, id, after(2)).await.expect("leased").expect("free again");
    let web = driven.devices.iter().find(|d| d.device == e.web).expect("there");
    let there = web.order.as_ref().expect("its order");
    assert_eq!((there.id, there.state, there.delivered), (given.id, OrderState::Queued, false));
    assert_eq!((web.step.as_str(), web.canary, driven.state), ("applying", true, RemediationState::Running));

    // Meanwhile a person halts it; what the driver thought of the whole is void, and so is a stale row.
    let halt = decision(&[RemediationState::Running], RemediationState::Paused);
    api.decide_remediation(tenant, &all, id, &halt, after(3)).await.expect("halted");
    let stale = outcome(e.web, "waiting", "failed");
    let fixed = Outcome { fixed_at: Some(after(3)), ..outcome(e.db, "waiting", "verified") };
    let was = (id, RemediationState::Running);
    api.write_remediation(tenant, was, &stands(RemediationState::Stopped), &[stale, fixed], after(4))
        .await
        .expect("written");
    let now_is = api.remediation(tenant, &all, id).await.expect("there");
    assert_eq!((now_is.state, now_is.fixed, now_is.failed), (RemediationState::Paused, 1, 0));
    assert_eq!(now_is.measured_at, Some(after(4)));

    // Going back is for devices that said what they had before.
    let back = Decision { back: true, ..decision(&[RemediationState::Paused], RemediationState::Paused) };
    let known = Outcome { versions: Some(json!([])), ..outcome(e.web, "applying", "applied") };
    api.note_remediation_order(tenant, id, &known).await.expect("noted");
    api.decide_remediation(tenant, &all, id, &back, after(5)).await.expect("going back");
    let devices = api.remediation_devices(tenant, &all, id, &Range::default()).await.expect("listed").items;
    let step = |device| devices.iter().find(|d| d.device == device).expect("there").step.as_str();
    assert_eq!((step(e.web), step(e.db)), ("rolling_back", "verified"));
}
