use palisade_types::TimeMicros;

use crate::health::*;
use crate::machine::PowerState;
use crate::{DAY, HOUR, MINUTE, SECOND};

const NOW: TimeMicros = TimeMicros(1_700_000_000_000_000);

fn ago(us: i64) -> TimeMicros {
    NOW.plus_micros(-us)
}

fn good() -> Device {
    Device {
        first_seen: ago(30 * DAY),
        last_seen: NOW,
        last_heartbeat: Some(NOW),
        last_event: Some(NOW),
        ..Device::default()
    }
}

fn situation(device: Option<&Device>) -> Situation<'_> {
    Situation {
        power: PowerState::Running,
        power_since: ago(20 * DAY),
        not_applicable: None,
        offboarded: None,
        installation: &[],
        device,
    }
}

fn seen(s: &Situation<'_>) -> Vec<Code> {
    let observed = observe(s, &Thresholds::default(), &Listening::always(NOW));
    observed.causes.iter().map(|c| c.code).collect()
}

fn of(device: &Device) -> Vec<Code> {
    seen(&situation(Some(device)))
}

fn part(name: &str, state: &str) -> Component {
    Component { name: name.into(), state: state.into(), detail: "why".into(), mechanism: String::new() }
}

#[test]
fn each_threshold_has_its_bound() {
    let t = Thresholds::default();
    let silent = |us| Device { last_seen: ago(us), last_heartbeat: Some(ago(us)), ..good() };
    assert_eq!(of(&good()), []);
    assert_eq!(of(&silent(t.late)), []);
    assert_eq!(of(&silent(t.late + 1)), [Code::HeartbeatLate]);
    assert_eq!(of(&silent(t.lost)), [Code::HeartbeatLate]);
    assert_eq!(of(&silent(t.lost + 1)), [Code::HeartbeatLost]);
    assert_eq!(of(&silent(t.inactive)), [Code::HeartbeatLost]);
    assert_eq!(of(&silent(t.inactive + 1)), [Code::Inactive]);
    let never = |us| Device { first_seen: ago(us), last_heartbeat: None, last_event: None, ..good() };
    assert_eq!(of(&never(t.late)), []);
    assert_eq!(of(&never(t.late + 1)), [Code::HeartbeatNever]);
    let loss = |us| Device { last_loss: Some(ago(us)), ..good() };
    assert_eq!(of(&loss(t.loss_shown)), [Code::EventsLost]);
    assert_eq!(of(&loss(t.loss_shown + 1)), []);
    let events = |us| Device { last_event: Some(ago(us)), ..good() };
    assert_eq!(of(&events(t.no_events)), []);
    assert_eq!(of(&events(t.no_events + 1)), [Code::NoEvents]);
    let mute = |us| Device { first_seen: ago(us), last_event: None, ..good() };
    assert_eq!(of(&mute(t.first_event)), []);
    assert_eq!(of(&mute(t.first_event + 1)), [Code::NoEventsSinceEnrolment]);
    let content = |us| Device { content: Some((ago(us), "7".into())), ..good() };
    assert_eq!(of(&content(t.content_old)), []);
    assert_eq!(of(&content(t.content_old + 1)), [Code::ContentOld]);
    let starts = |n: i64| Device { starts: (0..n).map(|i| ago(i * MINUTE)).collect(), ..good() };
    assert_eq!(of(&starts(5)), []);
    assert_eq!(of(&starts(6)), [Code::SensorRestarting]);
    let old = Device { starts: (0..6).map(|i| ago(i * MINUTE + HOUR)).collect(), ..good() };
    assert_eq!(of(&old), [], "starts of an hour ago are forgiven");
}

#[test]
fn the_moment_of_the_next_change_is_exact() {
    let t = Thresholds::default();
    let silent = Device { last_seen: ago(MINUTE), last_heartbeat: Some(ago(MINUTE)), ..good() };
    let at = |now| observe(&situation(Some(&silent)), &t, &Listening::always(now));
    let next = at(NOW).changes_at.expect("it will be late");
    assert_eq!(next, ago(MINUTE).plus_micros(t.late + 1));
    assert!(at(next.plus_micros(-1)).causes.is_empty());
    assert_eq!(at(next).causes[0].code, Code::HeartbeatLate);
    let lost = at(next).changes_at.expect("it will be lost");
    assert_eq!(at(lost).causes[0].code, Code::HeartbeatLost);
    assert_eq!(at(lost.plus_micros(-1)).causes[0].code, Code::HeartbeatLate);
}

#[test]
fn a_machine_that_sends_heartbeats_with_its_protection_off_says_so() {
    let parts = |list: &[(&str, &str)]| Device {
        components: list.iter().map(|(n, s)| part(n, s)).collect(),
        ..good()
    };
    assert_eq!(of(&parts(&[("process", "ok"), ("prevention", "failed")])), [Code::PreventionOff]);
    assert_eq!(of(&parts(&[("process", "failed")])), [Code::CaptureProcessOff]);
    assert_eq!(
        of(&parts(&[("process", "off")])),
        [Code::CaptureProcessOff],
        "capture is never meant to be off"
    );
    assert_eq!(of(&parts(&[("prevention", "off")])), [], "a person switched it off");
    assert_eq!(of(&parts(&[("spool", "degraded")])), [Code::SpoolNearlyFull]);
    assert_eq!(of(&parts(&[("spool", "failed")])), [Code::SpoolFailed]);
    assert_eq!(of(&parts(&[("clock", "degraded")])), [Code::ClockDiffers]);
    assert_eq!(of(&parts(&[("certificate", "degraded")])), [Code::CertificateRenewalFailing]);
    assert_eq!(of(&parts(&[("quantum", "failed")])), [Code::ComponentFailed], "of a newer sensor");
    assert_eq!(of(&parts(&[("quantum", "degraded"), ("connection", "degraded")])), []);
    let both = causes_of(&[part("file", "degraded"), part("network", "degraded")]);
    assert_eq!(both.len(), 1);
    assert_eq!(both[0].evidence.get("component"), Some("file, network"));
    assert_eq!(both[0].message(), "The capture of file, network works with limits: why, why.");
}

#[test]
fn what_a_silent_sensor_last_said_is_neither_repeated_nor_taken_back() {
    let device = Device {
        components: vec![part("process", "failed")],
        last_seen: ago(20 * MINUTE),
        last_heartbeat: Some(ago(20 * MINUTE)),
        ..good()
    };
    let observed = observe(&situation(Some(&device)), &Thresholds::default(), &Listening::always(NOW));
    assert_eq!(observed.sensor, SensorView::Silent);
    assert_eq!(observed.causes.iter().map(|c| c.code).collect::<Vec<_>>(), [Code::HeartbeatLost]);
}

#[test]
fn a_refusal_of_ingest_is_shown_with_its_code() {
    let device = Device { refused: vec![("certificate_revoked".into(), ago(SECOND))], ..good() };
    assert_eq!(of(&device), [Code::CertificateRefused]);
    let device = Device { refused: vec![("internal".into(), ago(SECOND))], ..good() };
    assert_eq!(of(&device), [], "a fault of the server is held against nobody");
}

#[test]
fn a_machine_that_is_down_is_not_applicable_until_it_speaks() {
    let silent = Device { last_seen: ago(HOUR), last_heartbeat: Some(ago(HOUR)), ..good() };
    for power in PowerState::ALL.into_iter().filter(|p| p.is_down() && *p != PowerState::Deleted) {
        let s = Situation { power, ..situation(Some(&silent)) };
        assert_eq!(seen(&s), [Code::Deallocated], "{power:?}");
    }
}

#[test]
fn the_heartbeat_is_newer_than_the_connectors_list() {
    let device = good();
    let s = Situation { power: PowerState::Deallocated, ..situation(Some(&device)) };
    assert_eq!(seen(&s), []);
    let excluded = Cause::provisioning(Code::PlanExcludes);
    let s = Situation { not_applicable: Some(&excluded), ..situation(Some(&device)) };
    assert_eq!(seen(&s), [], "a plan never stops a device's own health");
    assert_eq!(seen(&Situation { device: None, ..s }), [Code::PlanExcludes]);
    let silent = Device { last_seen: ago(HOUR), last_heartbeat: Some(ago(HOUR)), ..good() };
    let s = Situation { not_applicable: Some(&excluded), ..situation(Some(&silent)) };
    assert_eq!(seen(&s), [Code::HeartbeatLost], "whether it is heard or not");
    let by_hand = Cause::provisioning(Code::Excluded);
    let s = Situation { not_applicable: Some(&by_hand), ..situation(Some(&silent)) };
    assert_eq!(seen(&s), [Code::Excluded], "its sensor was taken away and shall stay away");
}

#[test]
fn a_machine_that_comes_up_has_time_to_speak() {
    let then = ago(2 * DAY);
    let device = Device {
        last_seen: then,
        last_heartbeat: Some(then),
        last_event: Some(then),
        components: vec![part("spool", "failed")],
        ..good()
    };
    let up = |us| Situation { power_since: ago(us), ..situation(Some(&device)) };
    assert_eq!(seen(&up(MINUTE)), []);
    assert_eq!(seen(&up(4 * MINUTE)), [Code::HeartbeatLate]);
    assert_eq!(seen(&up(16 * MINUTE)), [Code::HeartbeatLost]);
}

#[test]
fn the_end_of_a_machine_is_told_apart() {
    let device = good();
    let s = Situation { power: PowerState::Deleted, ..situation(Some(&device)) };
    assert_eq!(seen(&s), [Code::Retired]);
    let s = Situation { offboarded: Some(NOW), ..situation(Some(&device)) };
    assert_eq!(seen(&s), [Code::Offboarded]);
}

#[test]
fn the_servers_own_outage_is_held_against_nobody() {
    let at = ago(62 * MINUTE);
    let device = Device { last_seen: at, last_heartbeat: Some(at), last_event: Some(at), ..good() };
    let back = Listening { down_from: ago(61 * MINUTE), down_to: ago(MINUTE), ..Listening::always(NOW) };
    assert!(observe(&situation(Some(&device)), &Thresholds::default(), &back).causes.is_empty());
    let at = ago(65 * MINUTE);
    let dead = Device { last_seen: at, last_heartbeat: Some(at), ..device };
    let observed = observe(&situation(Some(&dead)), &Thresholds::default(), &back);
    assert_eq!(observed.causes[0].code, Code::HeartbeatLate, "it was silent before and after");
}

#[test]
fn thresholds_that_contradict_each_other_are_refused() {
    assert!(Thresholds::default().checked().is_ok());
    let bad = Thresholds { late: HOUR, ..Thresholds::default() }.checked().expect_err("late after lost");
    assert_eq!((bad.name, bad.code()), ("late", "threshold_invalid"));
    assert!(Thresholds { late: MINUTE, ..Thresholds::default() }.checked().is_ok());
    assert!(Thresholds { late: MINUTE - 1, ..Thresholds::default() }.checked().is_err());
    let bad =
        Thresholds { look_again: MINUTE / 4, ..Thresholds::default() }.checked().expect_err("too often");
    assert_eq!(bad.to_string(), "the threshold look_again must lie between 30 s and 86400 s");
    assert!(Thresholds { lost: 30 * DAY, ..Thresholds::default() }.checked().is_err());
    assert!(Thresholds { inactive: i64::MAX, ..Thresholds::default() }.checked().is_err());
    assert!(serde_json::from_str::<Thresholds>(r#"{"lost": 60000000}"#).is_ok_and(|t| t.checked().is_err()));
    assert!(serde_json::from_str::<Thresholds>(r#"{"lots": 1}"#).is_err());
}
