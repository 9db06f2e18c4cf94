use std::collections::BTreeMap;

use palisade_types::MachineId;
use proptest::prelude::*;
use uuid::Uuid;

use super::fixture::T0;
use crate::provision::*;
use crate::{HOUR, MINUTE};

fn ids(n: u128) -> Vec<MachineId> {
    (0..n).map(|n| MachineId(Uuid::from_u128(n))).collect()
}

#[test]
fn waves_grow_and_everybody_is_in_one() {
    let plan = WavePlan::default();
    let count = |n| {
        let mut sizes = [0usize; 4];
        for wave in plan.assign(ids(n)).values() {
            sizes[*wave] += 1;
        }
        sizes
    };
    assert_eq!(count(1000), [10, 90, 400, 500]);
    assert_eq!(count(100), [5, 5, 40, 50]);
    assert_eq!(count(3), [3, 0, 0, 0]);
    assert_eq!(count(0), [0; 4]);
    assert_ne!(
        WavePlan { seed: 1, ..plan.clone() }.assign(ids(1000)),
        plan.assign(ids(1000)),
        "not always the same machines come first"
    );
}

#[test]
fn the_next_wave_waits_for_this_one_and_for_its_soak() {
    let plan = WavePlan::default();
    let mut r = Rollout::begin(plan.clone(), ids(1000), T0);
    let later = ids(1000).into_iter().find(|m| r.wave(*m) == 1).expect("a second wave");
    r.step(T0.plus_micros(MINUTE), |_| Progress::Open);
    assert_eq!(r.gate(later), Gate::Waiting);
    r.step(T0.plus_micros(2 * MINUTE), |_| Progress::Finished);
    assert_eq!((r.gate(later), r.due()), (Gate::Waiting, Some(T0.plus_micros(2 * MINUTE + plan.soak))));
    r.step(T0.plus_micros(2 * MINUTE + plan.soak), |_| Progress::Finished);
    assert_eq!((r.gate(later), r.waves()), (Gate::Open, (2, 4)));
}

#[test]
fn one_machine_never_holds_the_others() {
    let mut r = Rollout::begin(WavePlan::default(), ids(1000), T0);
    let canaries: Vec<MachineId> = ids(1000).into_iter().filter(|m| r.wave(*m) == 0).collect();
    let broken = |m| if m == canaries[0] { Progress::Broken } else { Progress::Finished };
    r.step(T0, broken);
    r.step(T0.plus_micros(HOUR), broken);
    assert_eq!(r.waves().0, 2);
    // One that never ends is waited for in vain, and then no longer.
    let mut r = Rollout::begin(WavePlan::default(), ids(1000), T0);
    let hangs = |m| if m == canaries[0] { Progress::Open } else { Progress::Finished };
    r.step(T0.plus_micros(HOUR), hangs);
    assert_eq!(r.waves().0, 1);
    r.step(T0.plus_micros(2 * HOUR), hangs);
    assert_eq!(r.waves().0, 2);
}

#[test]
fn a_bad_version_is_held_until_a_person_says_otherwise() {
    let mut r = Rollout::begin(WavePlan::default(), ids(1000), T0);
    let canaries: Vec<MachineId> = ids(1000).into_iter().filter(|m| r.wave(*m) == 0).collect();
    let bad = |m| if canaries[..4].contains(&m) { Progress::Broken } else { Progress::Finished };
    r.step(T0, bad);
    assert_eq!(r.gate(canaries[9]), Gate::Held { broken: 4, finished: 10 });
    r.step(T0.plus_micros(100 * HOUR), bad);
    assert_eq!((r.waves().0, r.due()), (1, None), "time alone lets nothing go");
    r.resume();
    r.step(T0.plus_micros(100 * HOUR), bad);
    r.step(T0.plus_micros(101 * HOUR), bad);
    assert_eq!(r.waves().0, 2);
}

proptest! {
    /// Nobody is left out, the first waves are the smaller ones, and the cut depends on nothing
    /// but the seed and who is there.
    #[test]
    fn waves_are_a_partition(n in 0u128..400, seed in any::<u64>(), shuffle in any::<bool>()) {
        let plan = WavePlan { seed, ..WavePlan::default() };
        let mut machines = ids(n);
        let waves = plan.assign(machines.clone());
        prop_assert_eq!(waves.len(), machines.len());
        if shuffle {
            machines.reverse();
        }
        prop_assert_eq!(&plan.assign(machines), &waves);
        let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
        for wave in waves.values() {
            prop_assert!(*wave < plan.percent.len());
            *sizes.entry(*wave).or_default() += 1;
        }
        if n >= 5 {
            prop_assert!(sizes[&0] >= 5);
        }
        if n >= 100 {
            prop_assert!(sizes[&0] <= sizes[&1] && sizes[&1] <= sizes[&2] && sizes[&2] <= sizes[&3]);
        }
    }
}
