use palisade_types::{MachineId, TimeMicros};
use uuid::Uuid;

use super::fixture::{NOW, debian, host};
use crate::edr::*;
use crate::health::{Cause, Code, Finding};
use crate::machine::{OsFacts, OsFamily, PowerState};
use crate::plan::{Effective, Enforcement, PlanBasis, ServersPlan};
use crate::provision::{Desired, OtherProducts};

struct World {
    os: OsFacts,
    power: PowerState,
    facts: Option<(HostFacts, TimeMicros)>,
    enrolled: bool,
    findings: Vec<Finding>,
    plan: Effective,
    enforcement: Enforcement,
    desired: Desired,
    runs_commands: bool,
}

impl World {
    fn with(facts: HostFacts) -> Self {
        Self {
            os: debian(),
            power: PowerState::Running,
            facts: Some((facts, NOW)),
            enrolled: false,
            findings: Vec::new(),
            plan: Effective {
                servers: None,
                servers_trial: false,
                basis: PlanBasis::SubscriptionOff,
                posture: false,
                posture_trial: false,
            },
            enforcement: Enforcement::Off,
            desired: Desired {
                component_on: true,
                exclusion: None,
                offboarded: None,
                upgrades: true,
                other_products: OtherProducts::Observe,
                version: "1".into(),
            },
            runs_commands: true,
        }
    }

    fn finding(mut self, code: Code) -> Self {
        let cause = Cause::provisioning(code);
        self.findings.push(Finding {
            machine: MachineId(Uuid::from_u128(1)),
            kind: code.entry().kind,
            code,
            weight: code.entry().weight,
            message: cause.message(),
            remediation: &code.entry().remediation,
            since: NOW,
            last_evaluated: NOW,
            source: cause.source,
            evidence: cause.evidence,
        });
        self
    }

    fn judge(&self) -> [Assessment; 2] {
        recommend(&Subject {
            now: NOW,
            os: &self.os,
            power: self.power,
            facts: self.facts.as_ref().map(|(f, at)| (f, *at)),
            own: Own { enrolled: self.enrolled, findings: &self.findings },
            plan: self.plan,
            enforcement: self.enforcement,
            desired: &self.desired,
            runs_commands: self.runs_commands,
        })
    }

    fn reasons(&self) -> [Reason; 2] {
        self.judge().map(|a| {
            assert_eq!(a.state, a.reason.state());
            a.reason
        })
    }
}

fn ours() -> HostFacts {
    host()
        .unit("palisade-sensor.service", UnitState::Active)
        .process("/opt/palisade/palisade-sensor", Place::Same)
}

fn actions(a: &Assessment) -> Vec<(Action, &'static str, &'static str)> {
    a.actions.iter().map(|r| (r.action, r.method, r.path)).collect()
}

#[test]
fn a_machine_without_any_product_can_get_ours() {
    let mut world = World::with(host());
    assert_eq!(world.reasons(), [Reason::NoEdr, Reason::NoProduct]);
    let enable = |world: &World| actions(&world.judge()[0]);
    let fix = (Action::EnableIntegration, "POST", "/api/v1/machines/{machine}/fix");
    assert_eq!(enable(&world), [fix]);
    world.runs_commands = false;
    assert_eq!(enable(&world), [(Action::EnableIntegration, "POST", "/api/v1/enrolment-tokens")]);
    world.desired.component_on = false;
    assert_eq!(
        enable(&world),
        [(Action::EnableIntegration, "PATCH", "/api/v1/subscriptions/{subscription}")]
    );
    world.desired.exclusion = Some("the tag no-sensor".into());
    assert_eq!(enable(&world), [(Action::EnableIntegration, "PATCH", "/api/v1/machines/{machine}")]);
    world.desired.offboarded = Some(NOW);
    assert_eq!(enable(&world), [(Action::EnableIntegration, "POST", "/api/v1/machines/{machine}/onboard")]);
    // Where no sensor of ours exists, none is offered; the recommendation stands all the same.
    world.os.architecture = "s390x".into();
    assert!(enable(&world).is_empty());
    assert_eq!(world.reasons()[0], Reason::NoEdr);
}

#[test]
fn antivirus_and_monitors_are_no_edr() {
    let world = World::with(host().deb("clamav-daemon").deb("osquery").deb("auditd"));
    assert_eq!(world.reasons(), [Reason::OnlyAntivirus, Reason::NoProduct]);
    let others: Vec<String> = world.judge()[0].others.iter().map(|f| f.id.clone()).collect();
    assert_eq!(others, ["clamav", "osquery", "auditd"]);
    assert_eq!(World::with(host().deb("osquery")).reasons()[0], Reason::NoEdr);
}

#[test]
fn another_edr_is_enough_and_is_judged() {
    let falcon = || host().deb("falcon-sensor").unit("falcon-sensor.service", UnitState::Active);
    let world = World::with(falcon().source("crowdstrike_falcon.ctl", SourceState::Denied));
    assert_eq!(world.reasons(), [Reason::EdrFound, Reason::NothingWrong]);
    let [installed, configured] = world.judge();
    assert!(installed.actions.is_empty(), "none is offered beside another one");
    assert_eq!(installed.products[0].product.name, "CrowdStrike Falcon");
    assert!(!configured.complete, "what could not be seen is said");
    let broken = World::with(falcon().source("crowdstrike_falcon.ctl", SourceState::Ok));
    assert_eq!(broken.reasons(), [Reason::EdrFound, Reason::Issues]);
    let stopped = World::with(host().deb("falcon-sensor"));
    assert_eq!(stopped.reasons(), [Reason::EdrFound, Reason::Issues], "installed, and it does not run");
    let image = HostFacts { image: true, ..host().deb("falcon-sensor") };
    assert_eq!(World::with(image).reasons(), [Reason::EdrFound, Reason::NothingSeen]);
    // A process that only has the name is none, and is shown.
    let fake = World::with(host().process("/tmp/falcon-sensor", Place::Same));
    assert_eq!(fake.reasons(), [Reason::NoEdr, Reason::NoProduct]);
    assert_eq!(fake.judge()[0].misplaced.len(), 1);
}

#[test]
fn ours_is_judged_by_its_own_health() {
    let mut world = World::with(ours());
    world.enrolled = true;
    assert_eq!(world.reasons(), [Reason::EdrFound, Reason::NothingWrong]);
    assert!(world.judge()[1].complete);
    // A device that reports needs nobody to look at the machine.
    world.facts = None;
    assert_eq!(world.reasons(), [Reason::EdrFound, Reason::NothingWrong]);
    assert!(!world.judge()[1].complete, "nobody looked for others");
    let off = World { enrolled: true, ..World::with(ours()) }.finding(Code::PreventionOff);
    assert_eq!(off.reasons(), [Reason::EdrFound, Reason::Issues]);
    let failed: Vec<(Topic, String)> = off.judge()[1].products[0]
        .checks
        .iter()
        .filter(|c| c.outcome == Outcome::Unhealthy)
        .map(|c| (c.topic, c.code.clone()))
        .collect();
    assert_eq!(failed, [(Topic::Protection, "prevention_off".to_owned())]);
    let notice = World { enrolled: true, ..World::with(ours()) }.finding(Code::HeartbeatLate);
    assert_eq!(notice.reasons()[1], Reason::NothingWrong, "a notice is no issue");
}

#[test]
fn ours_that_does_not_report_is_to_be_looked_into() {
    let never = World::with(ours());
    assert_eq!(never.reasons(), [Reason::SensorNotReporting, Reason::NothingSeen]);
    let look = (Action::TroubleshootOnboarding, "GET", "/api/v1/machines/{machine}/health");
    assert_eq!(actions(&never.judge()[0]), [look]);
    assert_eq!(actions(&never.judge()[1]), [look]);
    let lost = World { enrolled: true, ..World::with(ours()) }.finding(Code::HeartbeatLost);
    assert_eq!(lost.reasons(), [Reason::SensorNotReporting, Reason::Issues]);
    // Beside another product the machine is not without protection.
    let both = World::with(ours().deb("falcon-sensor").unit("falcon-sensor.service", UnitState::Active));
    assert_eq!(both.reasons()[0], Reason::EdrFound);
    assert_eq!(actions(&both.judge()[0]), [look]);
}

#[test]
fn what_does_not_apply_says_why() {
    let mut world = World::with(host());
    world.enforcement = Enforcement::On;
    assert_eq!(world.reasons(), [Reason::NeedsPlan; 2]);
    let upgrade = (Action::UpgradePlan, "PUT", "/api/v1/subscriptions/{subscription}/plans");
    assert!(world.judge().iter().all(|a| actions(a) == [upgrade]));
    let body = |world: &World| world.judge()[0].actions[0].body.clone();
    assert_eq!(body(&world), serde_json::json!({ "servers_step": "p2", "servers": "trial" }));
    world.plan.basis = PlanBasis::TrialEnded;
    assert_eq!(body(&world)["servers"], "pay");
    world.plan = Effective { servers: Some(ServersPlan::P1), basis: PlanBasis::Subscription, ..world.plan };
    assert_eq!(body(&world), serde_json::json!({ "servers_step": "p2" }));
    world.plan.basis = PlanBasis::Machine;
    assert_eq!(body(&world), serde_json::json!({ "posture": "trial" }));
    world.plan = Effective { servers: None, basis: PlanBasis::MachineOff, ..world.plan };
    assert_eq!(
        actions(&world.judge()[0]),
        [(Action::UpgradePlan, "DELETE", "/api/v1/machines/{machine}/plan")]
    );
    assert_eq!(world.reasons(), [Reason::NeedsPlan; 2]);
    world.plan.servers = Some(ServersPlan::P2);
    assert_eq!(world.reasons()[0], Reason::NoEdr);
    world.plan = Effective { servers: None, posture: true, ..world.plan };
    assert_eq!(world.reasons()[0], Reason::NoEdr, "posture has it, too");

    let mut world = World::with(host());
    for family in [OsFamily::WindowsServer, OsFamily::WindowsClient, OsFamily::MacOs, OsFamily::Other] {
        world.os.family = family;
        assert_eq!(world.reasons(), [Reason::NotSupported; 2]);
    }
    let off = World { power: PowerState::Stopped, ..World::with(host()) };
    assert_eq!(off.reasons(), [Reason::MachineOff; 2]);
    let blind = World { facts: None, ..World::with(host()) };
    assert_eq!(blind.reasons(), [Reason::NoFacts; 2]);
    let old = World { facts: Some((ours(), TimeMicros(NOW.0 - 4 * crate::DAY))), ..World::with(host()) };
    assert_eq!(old.reasons(), [Reason::FactsOld; 2]);
    let cut = World::with(HostFacts { complete: false, ..host() });
    assert_eq!(cut.reasons(), [Reason::FactsIncomplete; 2]);
    // What did arrive still proves something.
    let cut = World::with(HostFacts { complete: false, ..host().deb("falcon-sensor") });
    assert_eq!(cut.reasons()[0], Reason::EdrFound);
}

#[test]
fn assessments_are_plain_json() {
    let world = World::with(host().deb("mdatp").process("/tmp/falcon-sensor", Place::Same));
    let json = serde_json::to_value(&world.judge()[1]).expect("encodes");
    assert_eq!(json["recommendation"], "edr_configuration");
    assert_eq!(json["state"], "unhealthy");
    assert_eq!(json["products"][0]["product"]["id"], "microsoft_defender");
    assert_eq!(json["products"][0]["checks"][0]["code"], "not_running");
    assert_eq!(json["misplaced"][0]["like"], "crowdstrike_falcon");
}
