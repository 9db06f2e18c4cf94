use palisade_advisory::Rating;
use proptest::prelude::*;
use proptest::{collection, option};
use roaring::RoaringBitmap;

use super::explain::{self, Cause, Items, Snapshot};
use super::*;

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}

/// One that counts with exactly this share where it is reachable from the internet and running.
fn share(id: &str, share: f64, fix: Option<&str>) -> Weakness {
    Weakness {
        id: id.to_owned(),
        cvss: Some(share / 0.9 * 10.0),
        epss: Some(0.0),
        threats: Threats { exploited: true, ..Threats::default() },
        fix: fix.map(str::to_owned),
        ..Weakness::default()
    }
}

const OPEN: Context = Context { reach: Reach::Internet, usage: Usage::Running, mitigated: false };

#[test]
fn risk_is_the_product_of_its_factors() {
    let weakness = Weakness {
        cvss: Some(8.0),
        epss: Some(0.1),
        vector: Some(AttackVector::Network),
        ..Weakness::default()
    };
    let risk = weakness.risk(Context { reach: Reach::Network, usage: Usage::Installed, mitigated: false });
    // 1 - 0.9^6 = 0.468559; 0.7 for the network, 0.5 for not running.
    assert!(near(risk.impact, 0.8) && near(risk.probability, 0.468_559) && near(risk.context, 0.35));
    assert!(near(risk.share, 0.8 * 0.468_559 * 0.35));
    assert!(!risk.assumed_impact && !risk.assumed_epss);
}

#[test]
fn what_is_missing_is_not_zero() {
    let unknown = Weakness::default().risk(OPEN);
    assert!(near(unknown.impact, 0.66) && unknown.assumed_impact && unknown.assumed_epss);
    assert!(near(unknown.probability, 1.0 - 0.993_f64.powi(6)));
    let word = Weakness { rating: Some(Rating::Critical), ..Weakness::default() }.risk(OPEN);
    assert!(near(word.impact, 0.98) && !word.assumed_impact);
    let no_number = Weakness { cvss: Some(f64::NAN), epss: Some(f64::NAN), ..Weakness::default() };
    assert_eq!(no_number.risk(OPEN), unknown);
    // What somebody says is harmless is.
    assert_eq!(Weakness { cvss: Some(0.0), ..Weakness::default() }.risk(OPEN).share, 0.0);
}

#[test]
fn evidence_outweighs_prediction_and_a_local_attack_cannot_come_from_the_internet() {
    let floor = |threats| Weakness { cvss: Some(10.0), epss: Some(0.0), threats, ..Weakness::default() };
    let probability = |threats| floor(threats).risk(OPEN).probability;
    let none = Threats::default();
    assert!(near(probability(Threats { proof_of_concept: true, ..none }), 0.1));
    assert!(near(probability(Threats { exploit: true, ..none }), 0.3));
    assert!(near(probability(Threats { verified: true, exploit: true, ..none }), 0.5));
    assert!(near(probability(Threats { kit: true, ..none }), 0.7));
    assert!(near(probability(Threats { exploited: true, ..none }), 0.9));
    assert!(near(OPEN.factor(Some(AttackVector::Local)), 0.35));
    assert!(near(OPEN.factor(Some(AttackVector::Physical)), 0.1));
    assert!(near(Context { mitigated: true, ..OPEN }.factor(None), 0.3));
}

#[test]
fn within_a_component_the_worst_counts_and_the_rest_is_damped() {
    let h = |x: f64| -(1.0 - x).ln();
    let list = [share("a", 0.1, Some("2")), share("b", 0.5, Some("2")), share("c", 0.2, None)];
    let hazards = combine(&list, OPEN);
    assert!(near(hazards.total.value(), h(0.5) + h(0.2) / 2.0 + h(0.1) / 3.0));
    assert!(near(hazards.residual.value(), h(0.2)));
    let parts = contributions(&list, OPEN);
    assert_eq!(parts.iter().map(|p| p.index).collect::<Vec<_>>(), [1, 2, 0]);
    assert_eq!(parts.iter().map(|p| p.hazard).sum::<Hazard>(), hazards.total);
    // Hundreds of the worst kind are still one component.
    let many: Vec<_> = (0..400).map(|n| share(&n.to_string(), 0.9, None)).collect();
    assert_eq!(combine(&many, OPEN).total, Hazard::max_component());
    let sum: Hazard = contributions(&many, OPEN).iter().map(|p| p.hazard).sum();
    assert!(near(sum.value(), Hazard::max_component().value()));
}

#[test]
fn components_are_independent_and_the_fleet_is_the_weighted_mean() {
    let mut fleet = Fleet::new();
    fleet.insert(0, Criticality::Normal).unwrap();
    fleet.insert(7, Criticality::Critical).unwrap();
    let put = |x| Hazards { total: Hazard::of(x), residual: Hazard::ZERO };
    fleet.shift(0, Hazards::ZERO, put(0.5)).unwrap();
    fleet.shift(0, Hazards::ZERO, put(0.2)).unwrap();
    // 1 - 0.5 * 0.8 = 0.6; (2 * 60 + 8 * 0) / 10 = 12.
    assert_eq!(fleet.device(0).unwrap().points, Points::from(60.0));
    assert_eq!(fleet.exposure().points, Points::from(12.0));
    assert_eq!(fleet.exposure().points.level(), Level::Low);
    let both: RoaringBitmap = [0, 7].into();
    let gone = Shift { devices: &RoaringBitmap::from([0]), before: put(0.5), after: Hazards::ZERO };
    assert_eq!(fleet.predict(&[gone]).unwrap().points, Points::from(4.0));
    assert_eq!(fleet.exposure().points, Points::from(12.0), "a prediction changes nothing");
    let before = fleet.clone();
    let wrong = Shift { devices: &both, before: put(0.5), after: Hazards::ZERO };
    assert_eq!(fleet.shift_all(wrong), Err(ScoreError::NotHeld(7)));
    assert_eq!(fleet, before, "all or none");
    assert_eq!(fleet.shift(3, put(0.0), put(0.1)).unwrap_err().code(), "unknown_device");
    assert_eq!(fleet.insert(MAX_ORDINAL, Criticality::Low).unwrap_err().code(), "ordinal_too_large");
    assert_eq!(fleet.ordinals(), both);
    assert!(fleet.remove(7) && !fleet.remove(7));
    assert_eq!(fleet.exposure().points, Points::from(60.0));
}

#[test]
fn the_secure_score_weighs_checks_by_impact_and_skips_what_does_not_apply() {
    let check = |category, impact, passed| Some(Check { category, impact, passed });
    let mut posture = Posture::new();
    assert_eq!(posture.secure(), Secure::default());
    for device in 0..3 {
        posture.insert(device, Criticality::Normal).unwrap();
    }
    posture.shift(0, None, check(Category::Accounts, 9, true)).unwrap();
    posture.shift(0, None, check(Category::Network, 3, false)).unwrap();
    posture.shift(1, None, check(Category::Network, 3, true)).unwrap();
    // Device 0: 9 of 12, device 1: 3 of 3, device 2 has no check that applies.
    assert_eq!(posture.state(0).unwrap().secure().points, Some(Points::from(75.0)));
    let secure = posture.secure();
    assert_eq!(secure.points, Some(Points::from(87.5)));
    assert_eq!(secure.categories[Category::Network as usize], Some(Points::from(50.0)));
    assert_eq!(secure.categories[Category::Accounts as usize], Some(Points::FULL));
    assert_eq!(secure.categories[Category::Os as usize], None);
    let mend = Shift {
        devices: &RoaringBitmap::from([0]),
        before: check(Category::Network, 3, false),
        after: check(Category::Network, 3, true),
    };
    assert_eq!(posture.predict(&[mend]).unwrap().points, Some(Points::FULL));
    // It failed there, so it cannot be taken off as passed; and another category holds none.
    assert_eq!(posture.shift(0, check(Category::Os, 1, false), None), Err(ScoreError::NotHeld(0)));
    assert_eq!(posture.shift(0, check(Category::Network, 3, true), None), Err(ScoreError::NotHeld(0)));
}

#[test]
fn a_difference_is_explained_by_what_changed() {
    let was = vec![(1, Hazard::of(0.5)), (2, Hazard::of(0.2))];
    let is = vec![(1, Hazard::of(0.5)), (3, Hazard::of(0.1))];
    let parts = was.change(&is);
    assert_eq!(parts.iter().map(|p| p.cause).collect::<Vec<_>>(), [2, 3]);
    assert!(parts[0].points < 0.0 && parts[1].points > 0.0);
    // 100 (1 - 0.5 * 0.9) - 100 (1 - 0.5 * 0.8) = 55 - 60.
    assert!(near(parts.iter().map(|p| p.points).sum(), -5.0));

    let check = |impact, passed| Check { category: Category::Os, impact, passed };
    let was = vec![(1, check(4, true)), (2, check(4, false))];
    let is = vec![(1, check(4, true)), (2, check(4, true)), (3, check(2, false))];
    // 50 to 80: the second check is worth 4 of 10, the third costs half of its 2 of 10.
    assert_eq!(
        was.change(&is),
        [explain::Part { cause: 2, points: 40.0 }, explain::Part { cause: 3, points: -10.0 }]
    );
    assert_eq!(was.change(&Vec::new()), []);
}

fn weakness() -> impl Strategy<Value = Weakness> {
    let threats = any::<[bool; 7]>().prop_map(|[a, b, c, d, e, f, g]| Threats {
        proof_of_concept: a,
        exploit: b,
        verified: c,
        kit: d && e,
        exploited: e && f && g,
        alert: a && b && c && d,
        campaign: d && e && f && g,
    });
    let vector = option::of(prop_oneof![
        Just(AttackVector::Physical),
        Just(AttackVector::Local),
        Just(AttackVector::Adjacent),
        Just(AttackVector::Network)
    ]);
    let number =
        |most: f64| option::of(prop_oneof![9 => 0.0..=most, 1 => -1e3..1e3_f64, 1 => Just(f64::NAN)]);
    (number(10.0), number(1.0), threats, vector, any::<bool>()).prop_map(
        |(cvss, epss, threats, vector, fixed)| Weakness {
            cvss,
            epss,
            threats,
            vector,
            fix: fixed.then(|| "2".to_owned()),
            ..Weakness::default()
        },
    )
}

fn context() -> impl Strategy<Value = Context> {
    let reach =
        prop_oneof![Just(Reach::Local), Just(Reach::Unknown), Just(Reach::Network), Just(Reach::Internet)];
    let usage = prop_oneof![Just(Usage::Installed), Just(Usage::Unknown), Just(Usage::Running)];
    (reach, usage, any::<bool>()).prop_map(|(reach, usage, mitigated)| Context { reach, usage, mitigated })
}

fn criticality() -> impl Strategy<Value = Criticality> {
    prop_oneof![
        Just(Criticality::Low),
        Just(Criticality::Normal),
        Just(Criticality::High),
        Just(Criticality::Critical)
    ]
}

type Components = Vec<(u8, Hazard)>;
type Checks = Vec<(u8, Check)>;

fn snapshot() -> impl Strategy<Value = Snapshot<Components>> {
    let components = collection::btree_map(0..6_u8, 0.0..1.0_f64, 0..6);
    (criticality(), components).prop_map(|(criticality, components)| Snapshot {
        criticality,
        items: components.into_iter().map(|(k, x)| (k, Hazard::of(x))).collect(),
    })
}

fn checked() -> impl Strategy<Value = Snapshot<Checks>> {
    let checks = collection::btree_map(0..6_u8, (1..=10_u8, any::<bool>()), 0..6);
    let check = |(key, (impact, passed))| {
        (key, Check { category: Category::ALL[usize::from(key % 5)], impact, passed })
    };
    (criticality(), checks).prop_map(move |(criticality, checks)| Snapshot {
        criticality,
        items: checks.into_iter().map(check).collect(),
    })
}

fn total(snapshot: &Snapshot<Components>) -> Hazards {
    let total = snapshot.items.iter().map(|(_, h)| *h).sum();
    Hazards { total, residual: Hazard::ZERO }
}

proptest! {
    #[test]
    fn a_component_is_bounded_and_what_is_open_is_part_of_it(
        list in collection::vec(weakness(), 0..60), context in context(),
    ) {
        let hazards = combine(&list, context);
        prop_assert!(hazards.residual <= hazards.total && hazards.total <= Hazard::max_component());
        let worst = list.iter().map(|w| w.hazard(context)).max().unwrap_or_default();
        prop_assert!(worst <= hazards.total);
        for weakness in &list {
            let risk = weakness.risk(context);
            prop_assert!((0.0..=MAX_SHARE).contains(&risk.share) && (0.0..=1.0).contains(&risk.context));
        }
    }

    #[test]
    fn fewer_weaknesses_are_never_worse(
        list in collection::vec(weakness(), 1..40), context in context(), keep in any::<u64>(),
    ) {
        let kept = list.iter().enumerate().filter(|(at, _)| keep >> (at % 64) & 1 == 1).map(|(_, w)| w);
        let (all, fewer) = (combine(&list, context), combine(kept, context));
        prop_assert!(fewer.total <= all.total && fewer.residual <= all.residual);
    }

    #[test]
    fn a_fix_that_appears_never_raises_anything(
        mut list in collection::vec(weakness(), 1..40), context in context(), at in any::<prop::sample::Index>(),
    ) {
        let before = combine(&list, context);
        at.get_mut(&mut list).fix = Some("3".to_owned());
        let after = combine(&list, context);
        prop_assert_eq!(after.total, before.total);
        prop_assert!(after.residual <= before.residual);
    }

    #[test]
    fn each_factor_is_monotone(
        w in weakness(), context in context(), more in 0.0..1.0_f64, other in weakness(), vector in any::<bool>(),
    ) {
        let hazard = w.hazard(context);
        let cvss = w.cvss.filter(|s| s.is_finite()).map(|s| s + more * 10.0);
        let epss = w.epss.filter(|s| s.is_finite()).map(|s| s + more);
        let worse = Weakness { cvss, epss, threats: w.threats.or(other.threats), ..w.clone() };
        prop_assert!(hazard <= worse.hazard(context));
        let from_anywhere = Weakness { vector: vector.then_some(AttackVector::Network), ..w.clone() };
        prop_assert!(hazard <= from_anywhere.hazard(context));
        for open in [
            Context { reach: Reach::Internet, ..context },
            Context { usage: Usage::Running, ..context },
            Context { mitigated: false, ..context },
        ] {
            prop_assert!(hazard <= w.hazard(open));
        }
    }

    #[test]
    fn a_score_is_bounded_and_rises_with_the_hazard(a in 0.0..1.0_f64, b in 0.0..1.0_f64, n in 1..40_usize) {
        let (low, high) = (a.min(b), a.max(b));
        let points = |x| std::iter::repeat_n(Hazard::of(x), n).sum::<Hazard>().points();
        prop_assert!(points(low) <= points(high) && points(high) <= Points::FULL);
    }

    #[test]
    fn differences_come_to_the_same_as_computing_anew(
        steps in collection::vec((0..12_u32, 0..5_usize, 0.0..1.0_f64, 0.0..1.0_f64, criticality(), 0..12_u8), 1..120),
    ) {
        let mut fleet = Fleet::new();
        let mut truth = std::collections::BTreeMap::<u32, (Criticality, [Hazards; 5])>::new();
        for (ordinal, component, total, open, criticality, kind) in steps {
            match (kind, truth.get_mut(&ordinal)) {
                (0, _) => {
                    prop_assert_eq!(fleet.remove(ordinal), truth.remove(&ordinal).is_some());
                }
                (1, Some(device)) => {
                    fleet.insert(ordinal, criticality).unwrap();
                    device.0 = criticality;
                }
                (_, None) => {
                    fleet.insert(ordinal, criticality).unwrap();
                    truth.insert(ordinal, (criticality, [Hazards::ZERO; 5]));
                }
                (_, Some((_, components))) => {
                    let after = Hazards { total: Hazard::of(total), residual: Hazard::of(total * open) };
                    let alone = RoaringBitmap::from([ordinal]);
                    let shift = Shift { devices: &alone, before: components[component], after };
                    let predicted = fleet.predict(&[shift]).unwrap();
                    fleet.shift_all(shift).unwrap();
                    prop_assert_eq!(predicted, fleet.exposure());
                    components[component] = after;
                }
            }
        }
        let mut anew = Fleet::new();
        for (ordinal, (criticality, components)) in &truth {
            anew.insert(*ordinal, *criticality).unwrap();
            for hazards in components {
                anew.shift(*ordinal, Hazards::ZERO, *hazards).unwrap();
            }
        }
        prop_assert_eq!(fleet, anew);
    }

    #[test]
    fn explanations_add_up(was in snapshot(), is in snapshot()) {
        let (old, new) = (total(&was).total.share() * 100.0, total(&is).total.share() * 100.0);
        let sum: f64 = was.items.change(&is.items).iter().map(|p| p.points).sum();
        prop_assert!(near(sum, new - old), "{sum} is not {new} - {old}");
        let sum: f64 = explain::level(&was.items).iter().map(|p| p.points).sum();
        prop_assert!(near(sum, old));
    }

    #[test]
    fn a_fleets_explanation_adds_up(
        devices in collection::vec((option::of(snapshot()), option::of(snapshot())), 1..12),
    ) {
        let (mut old, mut new) = (Fleet::new(), Fleet::new());
        for (ordinal, (was, is)) in (0..).zip(&devices) {
            for (fleet, device) in [(&mut old, was), (&mut new, is)] {
                if let Some(device) = device {
                    fleet.insert(ordinal, device.criticality).unwrap();
                    fleet.shift(ordinal, Hazards::ZERO, total(device)).unwrap();
                }
            }
        }
        let parts = explain::fleet_change(&devices);
        if old.ordinals().is_empty() || new.ordinals().is_empty() {
            prop_assert!(parts.is_empty());
            return Ok(());
        }
        let sum: f64 = parts.iter().map(|p| p.points).sum();
        let change = new.exposure().points.value() - old.exposure().points.value();
        prop_assert!((sum - change).abs() < 1e-5, "{sum} is not {change}");
        if devices.iter().all(|(was, _)| was.is_some()) {
            prop_assert!(parts.iter().all(|p| p.cause != Cause::Joined));
        }
    }

    #[test]
    fn a_secure_scores_explanation_adds_up(
        devices in collection::vec((option::of(checked()), option::of(checked())), 1..12),
    ) {
        let (mut old, mut new) = (Posture::new(), Posture::new());
        for (ordinal, (was, is)) in (0..).zip(&devices) {
            for (posture, device) in [(&mut old, was), (&mut new, is)] {
                if let Some(device) = device {
                    posture.insert(ordinal, device.criticality).unwrap();
                    for (_, check) in &device.items {
                        posture.shift(ordinal, None, Some(*check)).unwrap();
                    }
                }
            }
            if let (Some(was), Some(is)) = (was, is) {
                let sum: f64 = was.items.change(&is.items).iter().map(|p| p.points).sum();
                if let (Some(old), Some(new)) = (was.items.points(), is.items.points()) {
                    prop_assert!(near(sum, new - old));
                }
            }
        }
        let parts = explain::fleet_change(&devices);
        match (old.secure().points, new.secure().points) {
            (Some(old), Some(new)) => {
                let sum: f64 = parts.iter().map(|p| p.points).sum();
                prop_assert!((sum - (new.value() - old.value())).abs() < 1e-5);
            }
            _ => prop_assert!(parts.is_empty()),
        }
    }

    #[test]
    fn complying_with_more_never_lowers_the_secure_score(device in checked(), at in 0..6_u8) {
        let mut posture = Posture::new();
        posture.insert(0, device.criticality).unwrap();
        for (_, check) in &device.items {
            posture.shift(0, None, Some(*check)).unwrap();
        }
        let before = posture.secure();
        prop_assert!(before.points <= Some(Points::FULL));
        if let Some((_, check)) = device.items.iter().find(|(key, _)| *key == at) {
            posture.shift(0, Some(*check), Some(Check { passed: true, ..*check })).unwrap();
            let after = posture.secure();
            prop_assert!(before.points <= after.points && (check.passed || before.points < after.points));
        }
    }
}
