use palisade_types::{MachineId, TimeMicros};
use proptest::prelude::*;
use uuid::Uuid;

use crate::health::*;
use crate::{HOUR, MINUTE, SECOND};

const NOW: TimeMicros = TimeMicros(1_700_000_000_000_000);
const MACHINE: MachineId = MachineId(Uuid::nil());

fn heard(causes: &[Cause]) -> Observed {
    Observed { causes: causes.to_vec(), sensor: SensorView::Heard, changes_at: None }
}

fn after(us: i64) -> Listening {
    Listening::always(NOW.plus_micros(us))
}

fn sensor(code: Code) -> Cause {
    Cause::new(code, Source::Sensor)
}

fn codes(tracker: &Tracker) -> Vec<Code> {
    tracker.findings(MACHINE).iter().map(|f| f.code).collect()
}

#[test]
fn a_cause_must_last_and_be_gone() {
    let mut t = Tracker::default();
    let cause = [sensor(Code::SpoolNearlyFull)]; // raised after 60 s, cleared after 120 s
    assert!(t.step(&heard(&cause), &after(0)).is_empty());
    assert!(t.step(&heard(&cause), &after(59 * SECOND)).is_empty());
    let raised = t.step(&heard(&cause), &after(60 * SECOND));
    assert_eq!(raised, [Change { code: Code::SpoolNearlyFull, raised: true, at: after(60 * SECOND).now }]);
    assert_eq!(t.findings(MACHINE)[0].since, NOW, "since the cause is there");
    assert!(t.step(&heard(&[]), &after(100 * SECOND)).is_empty());
    assert!(t.step(&heard(&[]), &after(219 * SECOND)).is_empty());
    let cleared = t.step(&heard(&[]), &after(220 * SECOND));
    assert_eq!(cleared.len(), 1);
    assert!(!cleared[0].raised && codes(&t).is_empty());
}

#[test]
fn a_short_cause_is_nothing() {
    let mut t = Tracker::default();
    for round in 0..20 {
        let at = round * 2 * MINUTE;
        assert!(t.step(&heard(&[sensor(Code::SpoolNearlyFull)]), &after(at)).is_empty());
        assert!(t.step(&heard(&[]), &after(at + 30 * SECOND)).is_empty());
    }
}

#[test]
fn what_is_certain_follows_at_once() {
    let mut t = Tracker::default();
    let lost = Cause::new(Code::HeartbeatLost, Source::Server);
    // One of them would otherwise be held for five minutes after its cause has gone.
    let causes = [Cause::provisioning(Code::DiskInsufficient), lost, sensor(Code::DiskLow)];
    t.step(&heard(&causes), &after(0));
    t.step(&heard(&causes), &after(2 * MINUTE));
    assert_eq!(codes(&t), [Code::DiskInsufficient, Code::HeartbeatLost, Code::DiskLow]);
    let down = Cause::provisioning(Code::Deallocated);
    t.step(&heard(std::slice::from_ref(&down)), &after(2 * MINUTE + SECOND));
    assert_eq!(codes(&t), [Code::Deallocated]);
    t.step(&heard(&[]), &after(2 * MINUTE + 2 * SECOND));
    assert!(codes(&t).is_empty());
}

#[test]
fn a_silence_is_shown_once_at_its_worst() {
    let mut t = Tracker::default();
    for (minute, code) in [(4, Code::HeartbeatLate), (16, Code::HeartbeatLost), (20_000, Code::Inactive)] {
        t.step(&heard(&[Cause::new(code, Source::Server)]), &after(minute * MINUTE));
        assert_eq!(codes(&t), [code]);
    }
    t.step(&heard(&[]), &after(20_001 * MINUTE));
    assert!(codes(&t).is_empty(), "the first heartbeat ends it");
    // A milder step that came back, and would be held, is forgotten once a worse one has taken over.
    let at = |s: i64| after(30_000 * MINUTE + s * SECOND);
    let late = heard(&[Cause::new(Code::HeartbeatLate, Source::Server)]);
    t.step(&late, &at(0));
    t.step(&heard(&[]), &at(1));
    t.step(&late, &at(2));
    t.step(&heard(&[Cause::new(Code::HeartbeatLost, Source::Server)]), &at(3));
    assert_eq!(codes(&t), [Code::HeartbeatLost]);
    t.step(&heard(&[]), &at(4));
    assert!(codes(&t).is_empty());
}

#[test]
fn a_heartbeat_every_sixteen_minutes_does_not_flap() {
    let mut t = Tracker::default();
    let mut changes = Vec::new();
    for half_minute in 0..48 * 120 {
        let at = half_minute * 30 * SECOND;
        let device = Device {
            last_seen: NOW.plus_micros(at - at % (16 * MINUTE)),
            last_heartbeat: Some(NOW.plus_micros(at - at % (16 * MINUTE))),
            last_event: Some(NOW.plus_micros(at)),
            ..Device::default()
        };
        let situation = Situation {
            power: crate::machine::PowerState::Unknown,
            power_since: NOW,
            not_applicable: None,
            offboarded: None,
            installation: &[],
            device: Some(&device),
        };
        let observed = observe(&situation, &Thresholds::default(), &after(at));
        changes.extend(t.step(&observed, &after(at)));
        assert!(t.findings(MACHINE).len() <= 1, "one silence, one finding");
    }
    let lost = changes.iter().filter(|c| c.code == Code::HeartbeatLost);
    assert!(lost.clone().count() < 16, "{changes:#?}");
    assert!(lost.clone().all(|c| c.at < after(6 * HOUR).now), "it settles, and stays");
    assert_eq!(codes(&t), [Code::HeartbeatLost]);
}

#[test]
fn a_silent_sensor_keeps_what_it_said() {
    let mut t = Tracker::default();
    let off = sensor(Code::PreventionOff);
    t.step(&heard(std::slice::from_ref(&off)), &after(0));
    t.step(&heard(&[off]), &after(MINUTE));
    let lost = Cause::new(Code::HeartbeatLost, Source::Server);
    let mut silent = heard(&[lost]);
    silent.sensor = SensorView::Silent;
    t.step(&silent, &after(HOUR));
    assert_eq!(codes(&t), [Code::HeartbeatLost, Code::PreventionOff]);
    let due = t.due(&silent, &after(HOUR));
    assert_eq!(due, after(HOUR).now.plus_micros(FULL_EVALUATION), "time alone does not clear it");
    silent.sensor = SensorView::Gone;
    silent.causes = vec![Cause::new(Code::Inactive, Source::Server)];
    t.step(&silent, &after(200 * HOUR));
    assert_eq!(codes(&t), [Code::Inactive]);
}

#[test]
fn nothing_is_judged_while_the_server_cannot_hear() {
    let mut t = Tracker::default();
    let lost = [Cause::new(Code::HeartbeatLost, Source::Server)];
    let down = Listening { heard_until: NOW, ..after(HOUR) };
    assert!(t.step(&heard(&lost), &down).is_empty());
    t.step(&heard(&lost), &after(0));
    let before = t.clone();
    assert!(t.step(&heard(&[]), &down).is_empty());
    assert_eq!(t, before, "and the time of the last evaluation stands");
}

#[test]
fn a_tracker_is_stored_and_read_again() {
    let mut t = Tracker::default();
    t.step(&heard(&[sensor(Code::DiskLow), Cause::provisioning(Code::InstallFailed)]), &after(0));
    let text = serde_json::to_string(&t).expect("encodes");
    assert_eq!(serde_json::from_str::<Tracker>(&text).expect("decodes"), t);
}

#[test]
fn the_word_follows_the_findings() {
    let mut t = Tracker::default();
    assert_eq!(Status::of(&t.findings(MACHINE), false), Status::Pending);
    assert_eq!(Status::of(&t.findings(MACHINE), true), Status::Healthy);
    t.step(&heard(&[Cause::provisioning(Code::OtherProductPresent)]), &after(0));
    assert_eq!(Status::of(&t.findings(MACHINE), true), Status::Healthy, "a notice changes nothing");
    let causes = [Cause::provisioning(Code::OtherProductPresent), Cause::new(Code::Inactive, Source::Server)];
    t.step(&heard(&causes), &after(1));
    let findings = t.findings(MACHINE);
    assert_eq!(Status::of(&findings, true), Status::Unhealthy);
    assert_eq!(Status::reason(&findings).map(|f| f.code), Some(Code::Inactive), "worse than a notice");
    t.step(&heard(&[Cause::provisioning(Code::NoSensorForOs)]), &after(2));
    assert_eq!(Status::of(&t.findings(MACHINE), true), Status::NotApplicable);
}

proptest! {
    /// Whatever comes and goes, and however fast: a finding changes a few times an hour at most,
    /// and stands while its cause is there for longer than it must last.
    #[test]
    fn no_finding_flaps(
        steps in prop::collection::vec((1i64..120, any::<bool>()), 1..600),
        code in prop::sample::select(vec![Code::HeartbeatLate, Code::OrdersUnavailable, Code::InstallFailed]),
    ) {
        let mut t = Tracker::default();
        let mut at = 0;
        let mut changes = Vec::new();
        let cause = Cause::new(code, Source::Server);
        let wait = i64::from(code.entry().raise_after_s) * SECOND;
        let mut there_since = None;
        for (seconds, there) in steps {
            at += seconds * SECOND;
            let causes = if there { vec![cause.clone()] } else { vec![] };
            let observed = heard(&causes);
            changes.extend(t.step(&observed, &after(at)));
            there_since = there.then(|| there_since.unwrap_or(at));
            if there_since.is_some_and(|since| at - since >= wait) {
                prop_assert!(codes(&t).contains(&code), "it was there for long enough");
            }
            prop_assert!(t.due(&observed, &after(at)) > after(at).now, "no busy waiting");
            prop_assert!(t.due(&observed, &after(at)).0 <= after(at).now.0 + FULL_EVALUATION);
        }
        for pair in changes.windows(2) {
            prop_assert_ne!(pair[0].raised, pair[1].raised, "raised and cleared take turns");
        }
        for first in &changes {
            let within = |c: &&Change| (first.at.0..first.at.0 + HOUR).contains(&c.at.0);
            let many = changes.iter().filter(within).count();
            prop_assert!(many <= 14, "{} changes within an hour", many);
        }
    }

    /// Judging twice at one instant changes nothing more than judging once.
    #[test]
    fn a_step_is_idempotent(
        picks in prop::collection::vec(prop::sample::subsequence(Code::ALL.to_vec(), 0..6), 1..20),
        gap in 1i64..600,
    ) {
        let mut t = Tracker::default();
        for (i, pick) in picks.iter().enumerate() {
            let causes: Vec<Cause> = pick.iter().map(|c| Cause::new(*c, Source::Server)).collect();
            let at = after(i64::try_from(i).unwrap_or(0) * gap * SECOND);
            t.step(&heard(&causes), &at);
            let once = t.clone();
            prop_assert_eq!(t.step(&heard(&causes), &at), vec![]);
            prop_assert_eq!(&t, &once);
        }
    }
}
