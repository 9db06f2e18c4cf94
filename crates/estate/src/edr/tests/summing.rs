use palisade_types::MachineId;
use uuid::Uuid;

use super::fixture::{assessed, host};
use crate::edr::*;

fn assessment(reason: Reason, products: Vec<Assessed>) -> Assessment {
    Assessment {
        recommendation: Recommendation::EdrConfiguration,
        state: reason.state(),
        reason,
        products,
        others: Vec::new(),
        misplaced: Vec::new(),
        complete: true,
        actions: Vec::new(),
    }
}

fn id(n: u128) -> MachineId {
    MachineId(Uuid::from_u128(n))
}

#[test]
fn machines_are_counted_by_state_reason_product_and_check() {
    let stopped = |package: &str, product: &str| assessed(&host().deb(package), product);
    let two = assessment(
        Reason::Issues,
        vec![stopped("falcon-sensor", "crowdstrike_falcon"), stopped("mdatp", "microsoft_defender")],
    );
    let one = assessment(Reason::Issues, vec![stopped("mdatp", "microsoft_defender")]);
    let well = assessment(Reason::NothingWrong, Vec::new());
    let none = assessment(Reason::NoFacts, Vec::new());
    let other = Assessment { recommendation: Recommendation::EdrInstalled, ..well.clone() };
    let all = [(id(1), &none), (id(2), &well), (id(3), &two), (id(4), &one), (id(5), &other)];
    let s = Summary::over(Recommendation::EdrConfiguration, all);
    assert_eq!(s.counts, Counts { unhealthy: 2, healthy: 1, not_applicable: 1 });
    assert_eq!(s.reasons[&Reason::Issues], 2);
    assert_eq!((s.products["microsoft_defender"], s.products["crowdstrike_falcon"]), (2, 1));
    assert_eq!(s.checks["not_running"], 2, "a machine counts once");
    assert_eq!(s.topics[&Topic::Running], 2);
    let order: Vec<MachineId> = s.machines.iter().map(|m| m.machine).collect();
    assert_eq!(order, [id(3), id(4), id(2), id(1)], "unhealthy ones in front");
    assert!(!s.more && s.machines[0].failed.contains(&"not_running".to_owned()));
}

#[test]
fn lists_are_bounded_and_counts_are_not() {
    let well = assessment(Reason::NothingWrong, Vec::new());
    let bad = assessment(Reason::Issues, Vec::new());
    let many = (0..2 * MOST_LISTED as u128 + 3).map(|n| (id(n), if n % 2 == 0 { &well } else { &bad }));
    let s = Summary::over(Recommendation::EdrConfiguration, many);
    assert_eq!((s.counts.healthy, s.counts.unhealthy), (MOST_LISTED as u64 + 2, MOST_LISTED as u64 + 1));
    assert!(s.more && s.machines.len() == MOST_LISTED);
    assert!(s.machines.iter().all(|m| m.state == State::Unhealthy));
}
