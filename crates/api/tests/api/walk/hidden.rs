//! What somebody who is limited to other groups must never meet.

use palisade_estate::health::{Cause, Code, Finding, Kind, Source, Weight};
use palisade_state::estate::MachineWrite;
use palisade_state::{DbRole, DeviceScope, NewOrder, Tenant};
use palisade_types::{DeviceId, MachineId, TimeMicros};

use super::objects::{block_of, exception_of, machine_of, remediation_of, vulnerable};
use crate::world::{HOUR, World, group_of};

/// Of the device that is hidden.
const HIDDEN_VULNERABILITY: &str = "hidden-7f3c-2026";
const HIDDEN_RECOMMENDATION: &str = "update-hidden-7f3c";

/// What an operator who is limited to the group of one device must never meet.
pub(super) struct Hidden {
    /// Names and identifiers, each of which gives it away.
    pub(super) words: Vec<String>,
    /// In a path, by its part: what is hidden.
    pub(super) paths: Vec<(&'static str, String)>,
}

/// Another device, with everything that hangs on one. A new kind of object that belongs to a device
/// has one here.
pub(super) async fn hidden(world: &World) -> Hidden {
    let (state, tenant, now) = (&world.state, &world.a.tenant, TimeMicros::now());
    let device = world.enrol(tenant, "hidden-7f3c", "Hiddenix").await;
    let new = NewOrder {
        device,
        kind: "ping".to_owned(),
        reason: "hidden-7f3c order".to_owned(),
        requested_by: "test".to_owned(),
        requested_by_id: None,
        expires_at: now.plus_micros(HOUR),
    };
    let sign = |_, _| Ok::<_, String>(vec![1]);
    let order = state.create_order(tenant.id, &DeviceScope::all(), new, sign, now).await.expect("an order");
    let group = group_of(state, tenant, "hidden-7f3c").await;
    // A group that is not theirs is not named where a profile says which devices run it.
    let assigned = state.assign_baseline(tenant.id, "server-level2", (false, &[group]), "test", now).await;
    assigned.expect("assigned");
    let machine = machine_of(world, tenant, device).await;
    finding_of(world, tenant, machine).await;
    recommendations_of(world, tenant, machine).await;
    usage_of(world, tenant, machine, device).await;
    let found = (HIDDEN_VULNERABILITY, HIDDEN_RECOMMENDATION);
    let software = Box::pin(vulnerable(world, tenant, device, (2, "hidden-7f3c-tool"), found)).await;
    let exception = exception_of(world, tenant, HIDDEN_VULNERABILITY, Some(&group.to_string())).await;
    let everywhere = exception_of(world, tenant, HIDDEN_VULNERABILITY, None).await;
    let remediation = Box::pin(remediation_of(world, tenant, HIDDEN_RECOMMENDATION, false)).await;
    let block = block_of(world, tenant, HIDDEN_RECOMMENDATION, 30).await;
    event_of(world, tenant, device).await;
    Hidden {
        words: vec![
            remediation.clone(),
            "hidden-7f3c".to_owned(),
            device.to_string(),
            order.id.to_string(),
            group.to_string(),
            machine.to_string(),
            software.clone(),
            exception.clone(),
            everywhere,
        ],
        paths: vec![
            ("/machines/", machine.to_string()),
            ("/devices/", device.to_string()),
            ("/orders/", order.id.to_string()),
            ("/device-groups/", group.to_string()),
            ("/vulnerabilities/", HIDDEN_VULNERABILITY.to_owned()),
            ("/recommendations/", HIDDEN_RECOMMENDATION.to_owned()),
            ("/software/", software),
            ("/vulnerability-exceptions/", exception),
            ("/remediations/", remediation),
            ("/application-blocks/", block),
        ],
    }
}

/// Something on the timeline that concerns the device.
async fn event_of(world: &World, tenant: &Tenant, device: DeviceId) {
    let notice = palisade_state::notifications::RemediationNotice {
        remediation: uuid::Uuid::now_v7(),
        kind: palisade_estate::notify::EventKind::RemediationOverdue,
        key: "walk".to_owned(),
        title: "hidden-7f3c is not updated".to_owned(),
        severity: "high".to_owned(),
        exploited: false,
        devices: vec![device],
        detail: serde_json::json!({ "name": "hidden-7f3c" }),
    };
    world.state.remediation_event(tenant.id, &notice, TimeMicros::now()).await.expect("written");
}

/// An hour of a machine's usage, metered as the estate process does.
async fn usage_of(world: &World, tenant: &Tenant, machine: MachineId, device: DeviceId) {
    use palisade_estate::plan::{PlanSwitch, PlansChange, ServersPlan};
    let (state, now) = (&world.state, TimeMicros::now());
    let subscription = state.machine(tenant.id, machine).await.expect("the machine").subscription;
    let pay = PlansChange { step: Some(ServersPlan::P1), servers: Some(PlanSwitch::Pay), posture: None };
    state.change_plans(tenant.id, subscription, &pay, now).await.expect("switched");
    let (lake, estate) = (world.db.state(DbRole::Lake).await, world.db.state(DbRole::Estate).await);
    let beat = palisade_state::DeviceTouch {
        heard: vec![(now, now)],
        ..palisade_state::DeviceTouch::seen(device, now)
    };
    lake.touch_devices(tenant.id, &[beat]).await.expect("written");
    let then = now.plus_micros(HOUR / 60);
    while estate.meter_step(tenant.id, 100, then).await.expect("metered").more {}
    lake.close().await;
    estate.close().await;
}

/// Something that is wrong with a machine, as the estate process writes it.
async fn finding_of(world: &World, tenant: &Tenant, machine: MachineId) {
    let estate = world.db.state(DbRole::Estate).await;
    let now = TimeMicros::now();
    let cause = Cause::new(Code::HeartbeatLost, Source::Server);
    let finding = Finding {
        machine,
        kind: Kind::Heartbeat,
        code: Code::HeartbeatLost,
        weight: Weight::Unhealthy,
        message: cause.message(),
        remediation: "",
        since: now,
        last_evaluated: now,
        source: Source::Server,
        evidence: cause.evidence.clone(),
    };
    let plans = palisade_estate::plan::SubscriptionPlans::default();
    let write = MachineWrite {
        machine,
        reconciler: palisade_estate::provision::Machine::default(),
        tracker: palisade_estate::health::Tracker::default(),
        status: "unhealthy",
        extension: "on",
        progress: "open".to_owned(),
        doing: String::new(),
        plan: palisade_estate::plan::effective(&plans, palisade_estate::plan::Override::Inherit, now),
        report: None,
        findings: vec![finding],
        changes: Vec::new(),
    };
    estate.write_machines(tenant.id, &[write], now).await.expect("written");
    estate.close().await;
}

/// How a machine stands with the recommendations, as the estate process writes it.
async fn recommendations_of(world: &World, tenant: &Tenant, machine: MachineId) {
    use palisade_estate::edr::{Assessment, Reason, Recommendation};
    let estate = world.db.state(DbRole::Estate).await;
    let stand = |recommendation, reason: Reason| Assessment {
        recommendation,
        state: reason.state(),
        reason,
        products: Vec::new(),
        others: Vec::new(),
        misplaced: Vec::new(),
        complete: true,
        actions: Vec::new(),
    };
    let [installed, configuration] = Recommendation::ALL;
    let assessments = [stand(installed, Reason::NoEdr), stand(configuration, Reason::NoProduct)];
    let found = palisade_state::estate::Assessed { machine, assessments, facts: None };
    estate.write_assessed(tenant.id, &[found], TimeMicros::now()).await.expect("written");
    estate.close().await;
}
