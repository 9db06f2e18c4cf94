use super::*;

const NOW: i64 = 1_700_000_000_000_000;

fn good() -> HealthInputs<'static> {
    let now = TimeMicros(NOW);
    HealthInputs {
        hearing: Hearing { judged_at: now, ..Hearing::default() },
        offboarded: false,
        agentless: false,
        first_seen: now.plus_micros(-INACTIVE_AFTER_US * 2),
        last_seen: now,
        last_heartbeat: Some(now),
        last_event: Some(now),
        last_loss: None,
        components: &[],
    }
}

fn judged(inputs: &HealthInputs<'_>) -> (HealthState, &'static str) {
    let health = assess(inputs);
    (health.state, health.reason)
}

#[test]
fn each_reason_has_its_bound() {
    let now = TimeMicros(NOW);
    let ago = |us: i64| now.plus_micros(-us);
    assert_eq!(judged(&good()), (HealthState::Active, "reporting"));
    assert_eq!(judged(&HealthInputs { offboarded: true, ..good() }), (HealthState::Inactive, "offboarded"));
    let unseen = |us| HealthInputs { last_seen: ago(us), last_heartbeat: Some(ago(us)), ..good() };
    assert_eq!(judged(&unseen(INACTIVE_AFTER_US + 1)), (HealthState::Inactive, "not_seen_7_days"));
    assert_eq!(judged(&unseen(INACTIVE_AFTER_US)), (HealthState::Impaired, "heartbeat_late"));
    assert_eq!(judged(&unseen(HEARTBEAT_LATE_US + 1)), (HealthState::Impaired, "heartbeat_late"));
    assert_eq!(judged(&unseen(HEARTBEAT_LATE_US)), (HealthState::Active, "reporting"));
    let never = HealthInputs { last_heartbeat: None, ..good() };
    assert_eq!(judged(&never), (HealthState::Impaired, "heartbeat_never"));
    let young =
        HealthInputs { first_seen: ago(HEARTBEAT_LATE_US), last_heartbeat: None, last_event: None, ..good() };
    assert_eq!(judged(&young), (HealthState::Active, "reporting"));
    let lost = |us| HealthInputs { last_loss: Some(ago(us)), ..good() };
    assert_eq!(judged(&lost(LOSS_SHOWN_US)), (HealthState::Impaired, "events_lost"));
    assert_eq!(judged(&lost(LOSS_SHOWN_US + 1)), (HealthState::Active, "reporting"));
    let silent = |us| HealthInputs { last_event: Some(ago(us)), ..good() };
    assert_eq!(judged(&silent(NO_EVENTS_US + 1)), (HealthState::NoSensorData, "no_events_24_hours"));
    assert_eq!(judged(&silent(NO_EVENTS_US)), (HealthState::Active, "reporting"));
    let mute = HealthInputs { first_seen: ago(FIRST_EVENT_US + 1), last_event: None, ..good() };
    assert_eq!(judged(&mute), (HealthState::NoSensorData, "no_events_since_enrolment"));
}

#[test]
fn a_failed_component_is_named() {
    let part = |name: &str, state: &str| Component {
        name: name.into(),
        state: state.into(),
        rung: 1,
        detail: String::new(),
        mechanism: String::new(),
    };
    let components =
        [part("process", "ok"), part("file", "failed"), part("network", "degraded"), part("spool", "failed")];
    let health = assess(&HealthInputs { components: &components, ..good() });
    assert_eq!((health.state, health.reason), (HealthState::Impaired, "component_failed"));
    assert_eq!(health.detail, "file, spool");
    assert!(!health.fix.is_empty());
}

#[test]
fn the_servers_own_outage_is_never_held_against_a_device() {
    let ago = |us: i64| TimeMicros(NOW - us);
    let minute = 60_000_000;
    // Heard a minute before an outage of an hour that ended a minute ago.
    let hearing = Hearing { judged_at: TimeMicros(NOW), down_from: ago(61 * minute), down_to: ago(minute) };
    let at = ago(62 * minute);
    let heard =
        HealthInputs { hearing, last_seen: at, last_heartbeat: Some(at), last_event: Some(at), ..good() };
    assert_eq!(judged(&heard).0, HealthState::Active);
    // One that was silent before is still silent after.
    let at = ago(65 * minute);
    let dead = HealthInputs { last_seen: at, last_heartbeat: Some(at), ..heard };
    assert_eq!(judged(&dead), (HealthState::Impaired, "heartbeat_late"));
    // A silence after the outage counts in full.
    let hearing = Hearing { down_from: ago(70 * minute), down_to: ago(10 * minute), ..hearing };
    let at = ago(9 * minute);
    let silent = HealthInputs { hearing, last_seen: at, last_heartbeat: Some(at), ..heard };
    assert_eq!(judged(&silent), (HealthState::Impaired, "heartbeat_late"));
}

#[test]
fn a_loss_counter_is_known_by_its_words() {
    for kind in ["events_lost", "spool_dropped", "kernel.gap", "ring-drops", "lost", "unclean_boot"] {
        assert!(is_loss_counter(kind), "{kind}");
    }
    for kind in ["secrets_masked", "paths_truncated", "droplets", "events"] {
        assert!(!is_loss_counter(kind), "{kind}");
    }
}

#[test]
fn a_state_is_written_and_read() {
    for state in HealthState::ALL {
        assert_eq!(state.as_str().parse::<HealthState>().expect("known"), state);
        assert_eq!(serde_json::to_value(state).expect("encodes"), state.as_str());
    }
    assert!("well".parse::<HealthState>().is_err());
}

#[test]
fn of_a_machine_without_a_sensor_no_heartbeat_is_missed() {
    let ago = |us: i64| TimeMicros(NOW).plus_micros(-us);
    let scanned = |us| HealthInputs {
        agentless: true,
        last_seen: ago(us),
        last_heartbeat: None,
        last_event: None,
        ..good()
    };
    assert_eq!(judged(&scanned(0)), (HealthState::Active, "agentless"));
    assert_eq!(judged(&scanned(INACTIVE_AFTER_US)), (HealthState::Active, "agentless"));
    assert_eq!(judged(&scanned(INACTIVE_AFTER_US + 1)), (HealthState::Inactive, "not_scanned_7_days"));
    let gone = HealthInputs { offboarded: true, ..scanned(0) };
    assert_eq!(judged(&gone), (HealthState::Inactive, "offboarded"));
}
