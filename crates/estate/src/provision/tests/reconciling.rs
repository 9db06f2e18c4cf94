use proptest::prelude::*;

use super::fixture::*;
use crate::health::{Cause, Code};
use crate::machine::{OsFamily, PowerState};
use crate::plan::{Enforcement, PlanBasis};
use crate::provision::*;
use crate::{HOUR, MINUTE, SECOND};

fn looked(change: impl FnOnce(&mut HostReport)) -> Outcome {
    let mut r = report();
    change(&mut r);
    Outcome::Looked(Box::new(r))
}

#[test]
fn a_machine_without_a_sensor_gets_one() {
    let mut w = World::new();
    assert_eq!((w.extension().as_str(), w.progress()), ("Off", Progress::Open));
    w.run("preflight", looked(|_| ()));
    assert_eq!(w.act(), Action::Install { version: "1.0".into(), mode: Mode::Standard });
    w.run("install", Outcome::Done);
    assert_eq!(w.extension(), "1 of 2 components missing");
    w.wait();
    w.pass(MINUTE);
    w.beat();
    w.wait();
    assert_eq!((w.extension().as_str(), w.progress()), ("On", Progress::Finished));
}

#[test]
fn a_mended_cause_needs_no_hand() {
    let mut w = World::new();
    w.run("preflight", looked(|r| r.path.free_bytes = 1 << 20));
    assert_eq!((w.codes(), w.progress()), (vec!["disk_insufficient"], Progress::Refused));
    for _ in 0..20 {
        let until = w.wait().expect("it looks again");
        assert!(until.0 - w.now.0 <= 7 * MINUTE, "a look costs little, so that it comes often");
        w.now = until;
        w.run("preflight", looked(|r| r.path.free_bytes = 1 << 20));
    }
    w.now = w.wait().expect("it looks again");
    w.run("preflight", looked(|_| ()));
    assert!(w.codes().is_empty(), "what the look no longer finds is taken back");
    w.run("install", Outcome::Done);
}

#[test]
fn a_failed_installation_is_tried_again_after_a_growing_pause() {
    let mut w = World::new();
    let mut pauses = Vec::new();
    for _ in 0..12 {
        w.run("preflight", looked(|_| ()));
        let cause = Cause::provisioning(Code::ServiceFailed).with("detail", "exit 1");
        w.run("install", Outcome::Failed(cause));
        assert_eq!((w.codes(), w.progress()), (vec!["service_failed"], Progress::Broken));
        let until = w.wait().expect("a pause");
        pauses.push(until.0 - w.now.0);
        w.now = w.now.max(until).plus_micros(w.policy.preflight_valid);
    }
    assert!(pauses[0] <= 2 * MINUTE && pauses[6] > 30 * MINUTE, "{pauses:?}");
    assert!(pauses.iter().all(|p| *p <= HOUR + HOUR / 4));
    w.verb(Verb::Fix);
    w.run("preflight", looked(|_| ()));
    assert_eq!(w.codes(), ["service_failed"], "until the next try has succeeded");
    w.run("install", Outcome::Done);
    w.pass(MINUTE);
    w.beat();
    w.wait();
    assert!(w.codes().is_empty());
}

#[test]
fn a_task_that_hangs_is_given_up_and_its_late_end_ignored() {
    let mut w = World::new();
    let action = w.act();
    let task = w.machine.begin(action, w.now);
    let deadline = w.wait().expect("a deadline");
    w.now = deadline;
    w.wait();
    assert_eq!(w.codes(), ["install_timeout"]);
    let mut machine = std::mem::take(&mut w.machine);
    let before = machine.clone();
    machine.finish(task, looked(|_| ()), ID, &w.known(), &w.policy);
    assert_eq!(machine, before);
    w.machine = machine;
}

#[test]
fn an_installation_that_is_not_heard_is_a_finding() {
    let mut w = World::new();
    w.run("preflight", looked(|_| ()));
    w.run("install", Outcome::Done);
    w.now = w.wait().expect("an end of waiting");
    w.wait();
    assert_eq!((w.codes(), w.progress()), (vec!["enrolment_timeout"], Progress::Broken));
    w.now = w.wait().expect("a pause");
    assert_eq!(w.act(), Action::Preflight, "and begins at the beginning");
}

#[test]
fn an_existing_sensor_is_adopted_and_a_foreign_one_left_alone() {
    let mut w = World::new();
    w.beat();
    assert_eq!(w.act(), Action::Adopt { device: Some(DEVICE) });
    w.run("adopt", Outcome::Done);
    w.pass(MINUTE);
    w.beat();
    w.wait();
    assert_eq!(w.extension(), "On");

    let mut w = World::new();
    w.run("preflight", looked(|r| r.sensor = present(true, &[])));
    w.run("adopt", Outcome::Done);
    assert!(w.codes().is_empty());

    let mut w = World::new();
    w.run(
        "preflight",
        looked(|r| {
            r.sensor = HostSensor::Present {
                version: "1.0".into(),
                running: true,
                missing: vec![],
                server: "https://other".into(),
                tenant: Some(palisade_types::TenantId(uuid::Uuid::from_u128(99))),
                device: None,
            };
        }),
    );
    assert_eq!(w.codes(), ["foreign_sensor"]);
    w.wait();
}

#[test]
fn a_deleted_extension_returns_and_the_sensor_is_not_touched() {
    let mut w = World::settled();
    w.verb(Verb::RemoveExtension);
    assert_eq!(w.extension(), "1 of 2 components missing");
    w.run("deploy_extension", Outcome::Done);
    assert_eq!(w.extension(), "On");
    w.verb(Verb::Moved);
    w.run("deploy_extension", Outcome::Done);
    w.verb(Verb::ComponentOff);
    w.verb(Verb::RemoveExtension);
    w.wait();
    w.beat();
    assert_eq!(w.extension(), "1 of 2 components missing", "the sensor goes on");
}

#[test]
fn a_sensor_that_was_removed_comes_back() {
    let mut w = World::settled();
    w.pass(w.policy.late + SECOND);
    w.run("probe", Outcome::Probed(HostSensor::Absent));
    assert_eq!(w.codes(), ["sensor_removed"]);
    w.run("preflight", looked(|_| ()));
    assert_eq!(w.codes(), ["sensor_removed"]);
    w.run("install", Outcome::Done);
    w.pass(MINUTE);
    w.beat();
    w.wait();
    assert!(w.codes().is_empty());
}

#[test]
fn a_deleted_file_is_noticed_while_the_sensor_still_runs() {
    let mut w = World::settled();
    while !matches!(w.next(), Next::Act(_)) {
        w.pass(MINUTE);
        w.beat();
    }
    w.run("probe", Outcome::Probed(present(true, &["/opt/palisade/palisade-sensor"])));
    assert_eq!(w.codes(), ["installation_damaged"]);
    w.run("preflight", looked(|r| r.sensor = present(true, &["/opt/palisade/palisade-sensor"])));
    assert!(matches!(w.act(), Action::Install { .. }));
}

#[test]
fn a_sensor_that_is_stopped_is_started_and_a_silent_one_looked_at() {
    let mut w = World::settled();
    w.pass(w.policy.late + SECOND);
    w.run("probe", Outcome::Probed(present(false, &[])));
    assert_eq!(w.codes(), ["sensor_stopped"]);
    w.run("start", Outcome::Done);
    w.pass(MINUTE);
    w.beat();
    w.wait();
    assert!(w.codes().is_empty());
    w.pass(w.policy.late + SECOND);
    w.run("probe", Outcome::Probed(present(true, &[])));
    assert!(w.codes().is_empty(), "it runs: its silence is the heartbeat's affair");
    assert!(w.wait().is_some_and(|at| at > w.now));
}

#[test]
fn a_look_that_fails_is_held_against_a_silent_machine_only() {
    let fails = |code| Outcome::Failed(Cause::provisioning(code));
    let mut w = World::settled();
    let probe = |w: &mut World| {
        while !matches!(w.next(), Next::Act(Action::Probe)) {
            w.pass(MINUTE);
            w.beat();
        }
    };
    probe(&mut w);
    w.run("probe", fails(Code::ConnectorUnreachable));
    assert!(w.codes().is_empty(), "its sensor reports: a closed door is no fault of it");
    assert!(w.wait().is_some_and(|at| at > w.now));
    probe(&mut w);
    w.run("probe", fails(Code::HostKeyMismatch));
    assert_eq!(w.codes(), ["host_key_mismatch"], "that is worth knowing always");

    let mut w = World::settled();
    w.pass(w.policy.late + SECOND);
    w.run("probe", fails(Code::ConnectorUnreachable));
    assert_eq!(w.codes(), ["connector_unreachable"]);
    w.wait();
    w.beat();
    w.run("probe", Outcome::Probed(present(true, &[])));
    assert!(w.codes().is_empty(), "looked at as soon as it was heard");
}

#[test]
fn an_upgrade_keeps_the_old_version_when_it_fails() {
    let mut w = World::settled();
    w.desired.version = "1.1".into();
    assert_eq!(w.act(), Action::Upgrade { from: "1.0".into(), to: "1.1".into() });
    let cause = Cause::provisioning(Code::UpgradeFailed);
    w.run("upgrade", Outcome::Failed(cause));
    assert_eq!((w.codes(), w.extension().as_str()), (vec!["upgrade_failed"], "On"));
    w.now = w.wait().expect("a pause");
    w.beat();
    w.run("upgrade", Outcome::Done);
    w.wait();
    w.pass(MINUTE);
    w.beat();
    w.wait();
    assert_eq!(w.codes(), ["upgrade_failed"], "the old version is the one that reports");
    w.now = w.wait().expect("a pause");
    w.beat();
    w.run("upgrade", Outcome::Done);
    w.pass(MINUTE);
    w.beat();
    w.device.as_mut().expect("there").version = "1.1".into();
    w.wait();
    assert!(w.codes().is_empty());
    w.desired.version = "1.2".into();
    w.desired.upgrades = false;
    w.wait();
}

#[test]
fn offboarding_is_its_own_verb_and_can_be_undone() {
    let mut w = World::settled();
    w.verb(Verb::Offboard);
    w.run("offboard", Outcome::Failed(Cause::provisioning(Code::OffboardingFailed)));
    assert_eq!(w.codes(), ["offboarding_failed"]);
    w.now = w.wait().expect("a pause");
    w.run("offboard", Outcome::Done);
    w.pass(24 * HOUR);
    assert_eq!(w.wait(), None, "it does not come back by itself");
    assert_eq!(w.machine.not_applicable(&w.known()).map(|c| c.code), Some(Code::Offboarded));
    w.verb(Verb::Onboard);
    w.device = None;
    w.run("preflight", looked(|_| ()));
}

#[test]
fn what_is_excluded_is_left_alone_and_says_why() {
    let why = |change: &dyn Fn(&mut World)| {
        let mut w = World::new();
        change(&mut w);
        assert_eq!(w.wait(), None);
        assert_eq!(w.progress(), Progress::Finished);
        w.machine.not_applicable(&w.known()).map(|c| c.code)
    };
    assert_eq!(why(&|w| w.desired.component_on = false), Some(Code::ComponentOff));
    assert_eq!(why(&|w| w.desired.exclusion = Some("the tag x".into())), Some(Code::Excluded));
    assert_eq!(why(&|w| w.plan.basis = PlanBasis::MachineOff), Some(Code::PlanExcludes));
    assert_eq!(why(&|w| w.power = PowerState::Deleted), Some(Code::Retired));
    assert_eq!(why(&|w| w.os.family = OsFamily::WindowsServer), Some(Code::NoSensorForOs));
    assert_eq!(why(&|w| w.os.family = OsFamily::WindowsClient), Some(Code::ClientOs));
    let enforced = |basis| {
        why(&move |w: &mut World| {
            w.plan.basis = basis;
            w.enforcement = Enforcement::On;
        })
    };
    assert_eq!(enforced(PlanBasis::SubscriptionOff), Some(Code::PlanExcludes));
    assert_eq!(enforced(PlanBasis::TrialEnded), Some(Code::PlanExcludes));
    let mut open = World::new();
    open.plan.basis = PlanBasis::SubscriptionOff;
    assert_eq!(open.act(), Action::Preflight, "plans exclude nothing while they are not enforced");
    let mut off = World::new();
    off.power = PowerState::Deallocated;
    assert_eq!(off.wait(), None);
    assert_eq!(off.machine.not_applicable(&off.known()), None, "being off is health's affair");
}

#[test]
fn the_machine_itself_can_say_no_and_change_its_mind() {
    let mut w = World::new();
    w.run("preflight", looked(|r| r.excluded_by_file = true));
    let cause = w.machine.not_applicable(&w.known()).expect("excluded");
    assert!(cause.message().contains("/etc/palisade/exclude"), "{}", cause.message());
    assert!(w.codes().is_empty(), "and it is no failure");
    w.now = w.wait().expect("it is asked again");
    w.run("preflight", looked(|_| ()));
    assert_eq!(w.machine.not_applicable(&w.known()), None);
    assert!(matches!(w.act(), Action::Install { .. }));
}

#[test]
fn beside_another_product_it_observes_and_says_so() {
    let product = Product { name: "Falcon".into(), evidence: "unit falcon-sensor".into(), running: true };
    let mut w = World::new();
    let with = product.clone();
    w.run("preflight", looked(move |r| r.products = vec![with]));
    assert_eq!(w.codes(), ["other_product_present"]);
    assert_eq!(w.act(), Action::Install { version: "1.0".into(), mode: Mode::Observing });
    assert_eq!(w.progress(), Progress::Open, "a notice is no failure");
    let mut w = World::new();
    w.desired.other_products = OtherProducts::LeaveAlone;
    w.run("preflight", looked(move |r| r.products = vec![product]));
    assert_eq!(w.machine.not_applicable(&w.known()).map(|c| c.code), Some(Code::OtherProductOwnsHost));
}

#[test]
fn a_machine_that_no_connector_knows_enrols_by_itself() {
    let mut w = World::new();
    w.runs_commands = false;
    assert_eq!((w.wait(), w.progress()), (None, Progress::Finished));
    w.beat();
    w.run("adopt", Outcome::Done);
    w.pass(10 * HOUR);
    w.wait();
    w.beat();
    w.desired.version = "2.0".into();
    w.wait();
}

proptest! {
    /// Whatever happens in whatever order: it never panics, never begins a second task, never
    /// installs without a fresh look, and never waits for a moment that has passed.
    #[test]
    fn no_order_of_events_confuses_it(events in prop::collection::vec((0u8..16, 1i64..900), 1..120)) {
        let mut w = World::new();
        let mut looked_at = None;
        for (event, seconds) in events {
            w.pass(seconds * SECOND);
            match event {
                0 => w.beat(),
                1 => w.device = None,
                2 => w.power = PowerState::Running,
                3 => w.power = PowerState::Deallocated,
                4 => w.verb(Verb::RemoveExtension),
                5 => w.verb(Verb::Offboard),
                6 => w.verb(Verb::Onboard),
                7 => w.verb(Verb::Fix),
                8 => w.desired.version = format!("1.{}", seconds % 3),
                9 => w.desired.exclusion = (seconds % 2 == 0).then(|| "a rule".into()),
                _ => {}
            }
            match w.next() {
                Next::Wait(Some(at)) => prop_assert!(at > w.now, "waits for {} at {}", at, w.now),
                Next::Wait(None) => {}
                Next::Act(action) => {
                    prop_assert!(!w.machine.is_busy());
                    if matches!(action, Action::Install { .. }) {
                        let fresh = looked_at.is_some_and(|at: palisade_types::TimeMicros| {
                            w.now.0 - at.0 <= w.policy.preflight_valid
                        });
                        prop_assert!(fresh, "installs without a look");
                    }
                    let outcome = match (&action, event) {
                        (_, 10) => None,
                        (_, 11) => Some(Outcome::Failed(Cause::provisioning(Code::InstallFailed))),
                        (Action::Preflight, 12) => Some(looked(|r| r.cpus = 0)),
                        (Action::Preflight, _) => Some(looked(|_| ())),
                        (Action::Probe, 13) => Some(Outcome::Probed(HostSensor::Absent)),
                        (Action::Probe, 14) => Some(Outcome::Probed(present(false, &[]))),
                        (Action::Probe, _) => Some(Outcome::Probed(present(true, &[]))),
                        _ => Some(Outcome::Done),
                    };
                    if action == Action::Preflight && event != 10 && event != 11 && event != 12 {
                        looked_at = Some(w.now);
                    }
                    let task = w.machine.begin(action, w.now);
                    if let Some(outcome) = outcome {
                        let mut machine = std::mem::take(&mut w.machine);
                        machine.finish(task, outcome, ID, &w.known(), &w.policy);
                        w.machine = machine;
                    }
                }
            }
            let text = serde_json::to_string(&w.machine).expect("encodes");
            prop_assert_eq!(&serde_json::from_str::<Machine>(&text).expect("decodes"), &w.machine);
        }
    }
}
