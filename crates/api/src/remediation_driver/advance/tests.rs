use palisade_state::remediations::Held;
use palisade_types::OrderId;
use palisade_vuln::remediation::Plan;
use serde_json::json;
use uuid::Uuid;

use super::*;

fn device(n: u8) -> DeviceId {
    DeviceId([n; 20])
}

fn at(seconds: i64) -> TimeMicros {
    TimeMicros(seconds * 1_000_000)
}

fn driven(devices: &[(u8, &str)]) -> Driven {
    let plan = Plan { dry_run_only: false, at_once: 5, canary: true, soak_minutes: 0, window: None };
    let all: Vec<DeviceId> = devices.iter().map(|(n, _)| device(*n)).collect();
    Driven {
        id: Uuid::nil(),
        recommendation: "update/debian/12/expat".into(),
        kind: "update".into(),
        product: "expat".into(),
        ecosystem: "debian:12".into(),
        target: "2.5.0-1+deb12u1".into(),
        state: RemediationState::Running,
        run: Some(Run { plan, named: Vec::new() }.write().expect("JSON")),
        reason_code: String::new(),
        reason: String::new(),
        approved_by: "ada".into(),
        devices: devices
            .iter()
            .map(|(n, step)| DrivenDevice {
                device: device(*n),
                step: (*step).to_owned(),
                since: at(0),
                missed: 0,
                canary: false,
                order: None,
                code: String::new(),
                message: String::new(),
                versions: None,
                fixed_at: None,
                active: true,
                takes_orders: true,
            })
            .collect(),
        held: Held {
            versions: vec![("2.5.0-1".into(), all.clone())],
            exposed: all.iter().copied().collect(),
            taken_at: all.iter().map(|d| (*d, at(0))).collect(),
        },
    }
}

fn order(state: OrderState, delivered: bool, receipt: Value) -> Option<DrivenOrder> {
    Some(DrivenOrder { id: OrderId(Uuid::nil()), state, delivered, receipt: Some(receipt) })
}

fn phases(advanced: &Advanced) -> Vec<(Phase, DeviceId)> {
    advanced.orders.iter().map(|(phase, o)| (*phase, o.device)).collect()
}

#[test]
fn a_good_dry_run_is_followed_by_the_canarys_update_in_the_same_round() {
    let mut d = driven(&[(1, "checking"), (2, "checking")]);
    d.devices[0].order = order(OrderState::Succeeded, true, json!({ "proof": { "would_change": [] } }));
    d.devices[1].order = order(OrderState::Delivered, true, Value::Null);
    let next = advance(&d, at(5));
    assert_eq!(phases(&next), [(Phase::Apply, device(1))]);
    let outcome = &next.orders[0].1;
    assert_eq!((outcome.step, outcome.was.as_str(), outcome.canary), ("applying", "checking", true));
    assert!(next.concluded.is_empty());
    assert_eq!(next.standing.state, RemediationState::Running);
}

#[test]
fn an_update_is_done_when_the_inventory_shows_it_and_not_when_the_device_says_so() {
    let mut d = driven(&[(1, "applying")]);
    let proof = json!({ "changed": [{}], "before": [{ "name": "libexpat1", "version": "2.5.0-1" }],
        "rollback": { "possible": true } });
    d.devices[0].order = order(OrderState::Succeeded, true, json!({ "proof": proof }));
    let next = advance(&d, at(5));
    assert_eq!((next.concluded[0].step, next.concluded[0].fixed_at), ("applied", None));
    assert_eq!(next.concluded[0].versions, Some(proof["before"].clone()));
    assert_eq!(next.standing.reason_code, "waiting_for_devices");

    d.devices[0].step = "applied".into();
    d.held.versions = vec![("2.5.0-1+deb12u1".into(), vec![device(1)])];
    let next = advance(&d, at(9));
    assert_eq!((next.concluded[0].step, next.concluded[0].fixed_at), ("verified", Some(at(9))));
    assert_eq!(next.standing.state, RemediationState::Completed);
}

#[test]
fn a_failure_stops_it_with_the_devices_words() {
    let mut d = driven(&[(1, "applying"), (2, "checked")]);
    let said = json!({ "code": "remediation_failed", "message": "dpkg said no", "proof": {} });
    d.devices[0].order = order(OrderState::Failed, true, said);
    let next = advance(&d, at(5));
    assert!(next.orders.is_empty());
    assert_eq!(next.standing.state, RemediationState::Stopped);
    assert_eq!(next.standing.reason_code, "update_failed");
    assert!(next.standing.reason.ends_with("remediation_failed: dpkg said no"), "{}", next.standing.reason);
}

#[test]
fn who_is_away_or_busy_is_asked_again_and_who_vanished_with_an_update_is_a_failure() {
    let mut d = driven(&[(1, "applying")]);
    d.devices[0].order = order(OrderState::Expired, false, Value::Null);
    let next = advance(&d, at(5));
    assert_eq!((next.concluded[0].step, next.concluded[0].missed), ("waiting", 1));
    d.devices[0].order = order(OrderState::Failed, true, json!({ "code": "remediation_locked" }));
    assert_eq!(advance(&d, at(5)).concluded[0].step, "waiting");
    d.devices[0].order = order(OrderState::Expired, true, Value::Null);
    assert!(advance(&d, at(5)).concluded.is_empty(), "an update may take its time");
    let next = advance(&d, at(3 * 3_600));
    assert_eq!((next.concluded[0].step, next.concluded[0].code.as_str()), ("failed", "no_answer"));
}

#[test]
fn a_device_of_which_nothing_is_known_is_not_fixed_and_one_that_left_counts_no_more() {
    let mut d = driven(&[(1, "waiting"), (2, "waiting")]);
    d.state = RemediationState::Requested;
    d.held = Held::default();
    d.devices[1].active = false;
    let next = advance(&d, at(5));
    assert_eq!(next.concluded.len(), 1);
    assert_eq!((next.concluded[0].device, next.concluded[0].step), (device(2), "gone"));
    assert_eq!(next.standing.state, RemediationState::Requested);
}

#[test]
fn a_machine_without_a_sensor_gets_no_order_and_is_left_to_people() {
    let mut d = driven(&[(1, "waiting"), (2, "verified")]);
    d.devices[0].takes_orders = false;
    d.held.versions = vec![("2.5.0-1".into(), vec![device(1)]), ("2.5.0-1+deb12u1".into(), vec![device(2)])];
    let next = advance(&d, at(5));
    assert!(next.orders.is_empty());
    assert_eq!(next.standing.state, RemediationState::Paused);
    assert_eq!(next.standing.reason_code, "machines_without_sensor");
    d.state = RemediationState::Paused;
    d.held.versions = vec![("2.5.0-1+deb12u1".into(), vec![device(1), device(2)])];
    assert_eq!(advance(&d, at(9)).standing.state, RemediationState::Completed);
}

#[test]
fn what_people_do_themselves_is_completed_by_the_inventory() {
    let mut d = driven(&[(1, "waiting"), (2, "waiting")]);
    d.state = RemediationState::Requested;
    d.run = None;
    d.held.versions = vec![("2.5.0-1".into(), vec![device(1)]), ("2.5.0-1+deb12u2".into(), vec![device(2)])];
    let next = advance(&d, at(5));
    assert_eq!(next.concluded.len(), 1);
    assert_eq!(next.standing.state, RemediationState::Requested);
    // Removed altogether is as good.
    d.held.versions.clear();
    d.held.exposed.clear();
    assert_eq!(advance(&d, at(6)).standing.state, RemediationState::Completed);
}

#[test]
fn a_kernel_counts_where_it_runs() {
    let mut d = driven(&[(1, "waiting")]);
    (d.product, d.target) = ("linux".into(), "6.1.140-1".into());
    d.state = RemediationState::Requested;
    d.held.versions = vec![("6.1.140-1".into(), vec![device(1)])];
    assert_eq!(advance(&d, at(5)).standing.state, RemediationState::Requested);
    d.held.exposed.clear();
    assert_eq!(advance(&d, at(5)).standing.state, RemediationState::Completed);
}

#[test]
fn going_back_is_ordered_with_the_earlier_versions_and_is_no_completion() {
    let mut d = driven(&[(1, "rolling_back")]);
    d.state = RemediationState::Paused;
    d.reason_code = "rolling_back".into();
    d.devices[0].versions = Some(json!([{ "name": "libexpat1", "arch": "amd64", "version": "2.5.0-1" }]));
    let next = advance(&d, at(5));
    assert_eq!(phases(&next), [(Phase::Rollback, device(1))]);
    assert_eq!(next.orders[0].1.versions, d.devices[0].versions);
    d.devices[0].order = order(OrderState::Succeeded, true, json!({ "proof": {} }));
    let next = advance(&d, at(9));
    assert_eq!(next.concluded[0].step, "rolled_back");
    assert_eq!(next.standing.reason_code, "rolled_back");
    assert_eq!(next.standing.state, RemediationState::Paused);
}

#[test]
fn a_proof_has_a_bound() {
    let long = json!({ "output": "x".repeat(MAX_PROOF), "before": [1] });
    assert_eq!(bounded(&long), json!({ "before": [1], "shortened": true }));
    let longer = json!({ "before": "x".repeat(MAX_PROOF) });
    assert_eq!(bounded(&longer), json!({ "shortened": true }));
}
