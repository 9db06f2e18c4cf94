use palisade_types::TimeMicros;

use super::*;

const NOW: TimeMicros = TimeMicros(1_700_000_000_000_000);

fn plans(step: Option<ServersPlan>, posture: bool) -> SubscriptionPlans {
    let on = |on| if on { PlanRecord::paid() } else { PlanRecord::default() };
    SubscriptionPlans { step, servers: on(step.is_some()), posture: on(posture) }
}

/// The published matrix, written down a second time: none, P1, P2, each without and with Posture.
const MATRIX: &[(&str, [bool; 6])] = &[
    ("capture", [true; 6]),
    ("prevention", [true; 6]),
    ("own_health", [true; 6]),
    ("hybrid", [false, false, true, true, true, true]),
    ("automatic_onboarding", [false, false, true, true, true, true]),
    ("edr", [false, false, true, true, true, true]),
    ("incidents", [false, false, true, true, true, true]),
    ("software_inventory", [false, false, true, true, true, true]),
    ("compliance", [false, false, true, true, true, true]),
    ("sensor_vulnerabilities", [false, false, true, true, true, true]),
    ("agentless_scan", [false, true, false, true, true, true]),
    ("agentless_malware", [false, false, false, false, true, true]),
    ("vulnerability_premium", [false, false, false, false, true, true]),
    ("dns_alerts", [false, false, false, false, true, true]),
    ("network_alerts", [false, false, false, false, true, true]),
    ("file_integrity", [false, false, false, false, true, true]),
    ("jit_access", [false, false, false, false, true, true]),
    ("network_map", [false, false, false, false, true, true]),
    ("os_updates", [false, false, false, false, true, true]),
    ("os_baseline", [false, false, false, false, true, true]),
    ("free_ingestion", [false, false, false, false, true, true]),
    ("explorer", [false, true, false, true, false, true]),
    ("attack_paths", [false, true, false, true, false, true]),
    ("risk_priority", [false, true, false, true, false, true]),
    ("governance", [false, true, false, true, false, true]),
    ("explorer_health", [false, false, false, true, true, true]),
    ("edr_recommendations", [false, true, false, true, true, true]),
];

#[test]
fn the_matrix_is_the_published_one() {
    assert_eq!(MATRIX.len(), Feature::ALL.len());
    for (feature, (name, expected)) in Feature::ALL.iter().zip(MATRIX) {
        assert_eq!(feature.as_str(), *name);
        let mut open = Vec::new();
        for step in [None, Some(ServersPlan::P1), Some(ServersPlan::P2)] {
            for posture in [false, true] {
                let plan = effective(&plans(step, posture), Override::Inherit, NOW);
                assert!(Enforcement::Off.decide(*feature, &plan).is_open(), "nothing is gated by default");
                open.push(Enforcement::On.decide(*feature, &plan).is_open());
            }
        }
        assert_eq!(open, expected, "{name}");
    }
    assert_eq!(Enforcement::default(), Enforcement::Off);
}

#[test]
fn a_closed_feature_says_what_would_open_it() {
    let plan = effective(&plans(Some(ServersPlan::P1), false), Override::Inherit, NOW);
    let Decision::NeedsPlan(ways) = Enforcement::On.decide(Feature::ExplorerHealth, &plan) else {
        panic!("plan 1 alone does not open it")
    };
    assert_eq!(ways, [&[Plan::ServersP2][..], &[Plan::Posture, Plan::ServersP1]]);
}

#[test]
fn a_machine_is_taken_out_of_plan_two_but_never_put_into_it() {
    let two = plans(Some(ServersPlan::P2), true);
    assert_eq!(Override::enable(Plan::ServersP2).map_err(|e| e.code()), Err("plan_two_per_machine"));
    assert_eq!(Override::enable(Plan::Posture).map_err(|e| e.code()), Err("posture_per_machine"));
    let off = effective(&two, Override::Off, NOW);
    assert_eq!((off.servers, off.basis, off.posture), (None, PlanBasis::MachineOff, true));
    let one = effective(&two, Override::enable(Plan::ServersP1).expect("allowed"), NOW);
    assert_eq!((one.servers, one.basis), (Some(ServersPlan::P1), PlanBasis::Machine));
    assert!(one.has(Plan::ServersP1) && !one.has(Plan::ServersP2));
    let alone = effective(&plans(None, false), Override::PlanOne, NOW);
    assert_eq!(alone.servers, Some(ServersPlan::P1));
    let back = effective(&two, Override::Inherit, NOW);
    assert!(back.has(Plan::ServersP1) && back.has(Plan::ServersP2), "plan 2 includes plan 1");
}

#[test]
fn a_trial_runs_thirty_days_and_cannot_be_paused() {
    let mut record = PlanRecord::default();
    assert_eq!(record.standing(NOW), Standing::Off);
    let ends = record.start_trial(NOW).expect("the first");
    assert_eq!(ends, NOW.plus_micros(TRIAL));
    record.switch_off();
    let later = NOW.plus_micros(TRIAL / 2);
    assert_eq!(record.standing(later), Standing::Off);
    assert_eq!(record.start_trial(later), Ok(ends), "the old end stands");
    assert!(record.standing(ends.plus_micros(-1)).is_active());
    assert_eq!(record.standing(ends), Standing::TrialEnded);
    assert_eq!(record.start_trial(ends), Err(PlanError::TrialUsed));
    record.pay();
    assert_eq!(record.standing(later), Standing::Trial { ends }, "what is left of it stays free");
    assert_eq!(record.standing(ends), Standing::Paid);
}

#[test]
fn the_end_of_a_trial_closes_pages_and_nothing_that_protects() {
    let mut two = SubscriptionPlans { step: Some(ServersPlan::P2), ..SubscriptionPlans::default() };
    let ends = two.servers.start_trial(NOW).expect("starts");
    let during = effective(&two, Override::Inherit, NOW);
    assert!(during.servers_trial && during.has(Plan::ServersP2));
    let after = effective(&two, Override::Inherit, ends);
    assert_eq!((after.servers, after.basis), (None, PlanBasis::TrialEnded));
    for feature in [Feature::Capture, Feature::Prevention, Feature::OwnHealth] {
        assert!(Enforcement::On.decide(feature, &after).is_open());
    }
    assert!(!Enforcement::On.decide(Feature::FileIntegrity, &after).is_open());
    // A machine that somebody switched on by itself keeps it, and pays from then on.
    let own = effective(&two, Override::PlanOne, ends);
    assert_eq!((own.servers, own.servers_trial), (Some(ServersPlan::P1), false));
}

#[test]
fn a_change_of_plans_is_whole_or_nothing() {
    let none = SubscriptionPlans::default();
    let change = |servers, posture| PlansChange { step: None, servers, posture };
    let refused = change(Some(PlanSwitch::Pay), Some(PlanSwitch::Pay)).apply(&none, NOW);
    assert_eq!(refused.map_err(|e| e.code()), Err("plan_step_missing"));
    assert_eq!(change(Some(PlanSwitch::Off), None).apply(&none, NOW), Ok(none), "off needs no step");
    let two = PlansChange { step: Some(ServersPlan::P2), servers: Some(PlanSwitch::Trial), posture: None };
    let trial = two.apply(&none, NOW).expect("the first");
    assert!(trial.servers.standing(NOW).is_trial() && !trial.posture.standing(NOW).is_active());
    let later = NOW.plus_micros(TRIAL);
    let off = change(Some(PlanSwitch::Off), Some(PlanSwitch::Pay)).apply(&trial, NOW).expect("allowed");
    assert_eq!((off.step, off.posture.standing(NOW)), (Some(ServersPlan::P2), Standing::Paid));
    let again = change(Some(PlanSwitch::Trial), Some(PlanSwitch::Off)).apply(&off, later);
    assert_eq!(again.map_err(|e| e.code()), Err("trial_used"));
    let paid = change(Some(PlanSwitch::Pay), None).apply(&off, later).expect("the step is known");
    assert_eq!(effective(&paid, Override::Inherit, later).servers, Some(ServersPlan::P2));
}

#[test]
fn a_plan_is_written_and_read() {
    for plan in Plan::ALL {
        assert_eq!(plan.as_str().parse(), Ok(plan));
        assert_eq!(serde_json::to_value(plan).expect("encodes"), plan.as_str());
    }
    assert_eq!("gold".parse::<Plan>(), Err(UnknownPlan));
    for feature in Feature::ALL {
        assert_eq!(serde_json::to_value(feature).expect("encodes"), feature.as_str());
        assert!(!feature.title().is_empty());
    }
}
