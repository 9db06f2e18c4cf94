use palisade_advisory::Ecosystem;
use proptest::prelude::*;

use super::*;

const MINUTE: i64 = 60_000_000;

fn device(n: u8) -> DeviceId {
    DeviceId([n; 20])
}

fn place(n: u8, step: Step) -> Place {
    Place { device: device(n), step, since: TimeMicros(0), missed: 0, canary: false }
}

fn plan() -> Plan {
    Plan { dry_run_only: false, at_once: 2, canary: false, soak_minutes: 10, window: None }
}

fn at(minutes: i64) -> TimeMicros {
    TimeMicros(minutes * MINUTE)
}

fn applies(next: &Next) -> Vec<DeviceId> {
    let Next::Go(acts, _) = next else { return Vec::new() };
    acts.iter().filter_map(|a| if let Act::Apply { device, .. } = a { Some(*device) } else { None }).collect()
}

#[test]
fn everybody_is_asked_what_would_happen_before_anybody_is_changed() {
    let places = [place(1, Step::Waiting), place(2, Step::Waiting)];
    let Next::Go(acts, wait) = next(&plan(), &places, at(0)) else { panic!("it goes on") };
    assert_eq!(acts, [Act::Check(device(1)), Act::Check(device(2))]);
    assert_eq!(wait, None);
}

#[test]
fn no_more_are_changed_at_once_than_allowed_and_one_counts_until_its_inventory_shows_it() {
    let places = [place(1, Step::Applying), place(2, Step::Applied), place(3, Step::Checked)];
    assert_eq!(next(&plan(), &places, at(0)), Next::Go(vec![], Some(Wait::Devices)));
    let places = [place(1, Step::Verified), place(2, Step::Applied), place(3, Step::Checked)];
    assert_eq!(applies(&next(&plan(), &places, at(0))), [device(3)]);
}

#[test]
fn others_follow_the_canary_when_it_was_proved_and_has_stood() {
    let plan = Plan { canary: true, at_once: 5, ..plan() };
    let mut places = [place(1, Step::Checked), place(2, Step::Checked), place(3, Step::Checked)];
    let first = Act::Apply { device: device(1), canary: true };
    assert_eq!(next(&plan, &places, at(0)), Next::Go(vec![first], None));
    places[0] = Place { step: Step::Applying, canary: true, ..places[0] };
    assert_eq!(next(&plan, &places, at(1)), Next::Go(vec![], Some(Wait::Devices)));
    places[0].step = Step::Applied;
    assert_eq!(next(&plan, &places, at(2)), Next::Go(vec![], Some(Wait::Devices)));
    places[0] = Place { step: Step::Verified, since: at(2), ..places[0] };
    assert_eq!(next(&plan, &places, at(3)), Next::Go(vec![], Some(Wait::Canary(at(12)))));
    assert_eq!(applies(&next(&plan, &places, at(12))), [device(2), device(3)]);
    // A canary that left service proves nothing.
    places[0].step = Step::Gone;
    assert_eq!(applies(&next(&plan, &places, at(12))), [device(2)]);
}

#[test]
fn the_first_failure_stops_everything_that_has_not_begun() {
    let places = [place(1, Step::Failed), place(2, Step::Checked), place(3, Step::Applying)];
    assert_eq!(next(&plan(), &places, at(0)), Next::Stop(Stop::Failed(device(1))));
    let places = [place(1, Step::Refused), place(2, Step::Checked)];
    assert_eq!(next(&plan(), &places, at(0)), Next::Stop(Stop::Refused(device(1))));
    let places = [place(1, Step::Applied), place(2, Step::Checked)];
    assert_eq!(applies(&next(&plan(), &places, at(30))), [device(2)]);
    assert_eq!(next(&plan(), &places, at(31)), Next::Stop(Stop::NotVerified(device(1))));
}

#[test]
fn a_dry_run_changes_nobody_and_asks_everybody_whatever_one_says() {
    let plan = Plan { dry_run_only: true, ..plan() };
    let places = [place(1, Step::Refused), place(2, Step::Checked), place(3, Step::Waiting)];
    assert_eq!(next(&plan, &places, at(0)), Next::Go(vec![Act::Check(device(3))], None));
    let places = [place(1, Step::Refused), place(2, Step::Checked), place(3, Step::Verified)];
    assert_eq!(next(&plan, &places, at(0)), Next::Done);
}

#[test]
fn who_does_not_fetch_orders_waits_longer_each_time_and_takes_nobodys_turn() {
    let away = Place { missed: 2, ..place(1, Step::Waiting) };
    let places = [away, place(2, Step::Waiting)];
    let Next::Go(acts, _) = next(&plan(), &places, at(5)) else { panic!("it goes on") };
    assert_eq!(acts, [Act::Check(device(2)), Act::Check(device(1))]);
    assert_eq!(next(&plan(), &[away], at(1)), Next::Go(vec![], Some(Wait::Unreachable(at(2)))));
}

#[test]
fn a_dry_run_of_yesterday_is_made_again() {
    let places = [place(1, Step::Checked)];
    let Next::Go(acts, _) = next(&plan(), &places, at(24 * 60 + 1)) else { panic!("it goes on") };
    assert_eq!(acts, [Act::Check(device(1))]);
}

#[test]
fn updates_begin_only_while_the_window_is_open() {
    // 1970-01-01 was a Thursday (3).
    let window =
        Window { weekdays: vec![3], start: "22:00".into(), minutes: 240, timezone_offset_minutes: 60 };
    window.check().expect("a window");
    assert_eq!(window.opens_after(at(0)), Some(at(21 * 60)));
    for (minutes, open) in
        [(0, false), (21 * 60 - 1, false), (21 * 60, true), (25 * 60 - 1, true), (25 * 60, false)]
    {
        assert_eq!(window.is_open(at(minutes)), open, "{minutes}");
    }
    assert_eq!(window.opens_after(at(21 * 60)), Some(at((7 * 24 + 21) * 60)));
    let plan = Plan { window: Some(window), ..plan() };
    let places = [place(1, Step::Checked)];
    assert_eq!(next(&plan, &places, at(0)), Next::Go(vec![], Some(Wait::Window(Some(at(21 * 60))))));
    assert_eq!(applies(&next(&plan, &places, at(21 * 60))), [device(1)]);
}

#[test]
fn a_window_that_is_none_is_refused() {
    let good = Window { weekdays: vec![0], start: "00:00".into(), minutes: 1, timezone_offset_minutes: 0 };
    assert_eq!(good.check(), Ok(()));
    assert_eq!(Window { weekdays: vec![], ..good.clone() }.check(), Err(WindowError::Weekdays));
    assert_eq!(Window { weekdays: vec![7], ..good.clone() }.check(), Err(WindowError::Weekdays));
    for start in ["24:00", "1:00", "01:60", "0100", "", "+1:00"] {
        assert_eq!(
            Window { start: start.into(), ..good.clone() }.check(),
            Err(WindowError::Start),
            "{start}"
        );
    }
    assert_eq!(Window { minutes: 0, ..good.clone() }.check(), Err(WindowError::Minutes));
    assert_eq!(Window { timezone_offset_minutes: 900, ..good }.check(), Err(WindowError::Offset));
}

#[test]
fn a_device_has_the_fix_when_no_version_below_it_is_left() {
    let debian = Ecosystem::parse("debian:12");
    let held = [
        ("3.0.9-1".to_owned(), vec![1, 2]),
        ("3.0.11-1~deb12u2".to_owned(), vec![2, 3]),
        ("3.0.20-1".to_owned(), vec![4]),
    ];
    assert_eq!(below(&debian, "3.0.11-1~deb12u2", &held), BTreeSet::from([1, 2]));
    assert_eq!(below(&debian, "", &held), BTreeSet::from([1, 2, 3, 4]));
    let unknown = Ecosystem::parse("nothing-known");
    assert_eq!(below(&unknown, "1", &held[2..]), BTreeSet::from([4]));
}

fn steps() -> impl Strategy<Value = Vec<Place>> {
    let one = (0..Step::ALL.len(), 0_u32..4, 0_i64..60, any::<bool>());
    prop::collection::vec(one, 0..40).prop_map(|all| {
        let mut canary = false;
        all.into_iter()
            .enumerate()
            .map(|(n, (step, missed, since, first))| {
                let first = first && !canary;
                canary |= first;
                let n = u8::try_from(n).expect("few");
                Place { device: device(n), step: Step::ALL[step].0, since: at(since), missed, canary: first }
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn whatever_is_known_never_more_are_at_risk_than_allowed(
        places in steps(), at_once in 1_u16..8, canary: bool, dry: bool, minute in 0_i64..120,
    ) {
        let plan = Plan { dry_run_only: dry, at_once, canary, soak_minutes: 5, window: None };
        let next = next(&plan, &places, at(minute));
        let begun = applies(&next);
        let busy = places.iter().filter(|p| matches!(p.step, Step::Applying | Step::Applied)).count();
        prop_assert!(begun.is_empty() || busy + begun.len() <= usize::from(at_once));
        prop_assert!(!dry || begun.is_empty());
        let failed = places.iter().any(|p| matches!(p.step, Step::Failed | Step::Refused));
        prop_assert!(dry || !failed || matches!(next, Next::Stop(_)));
        for device in &begun {
            let place = places.iter().find(|p| p.device == *device).expect("known");
            prop_assert_eq!(place.step, Step::Checked);
        }
        let proved = places.iter().any(|p| p.canary && p.step == Step::Verified);
        prop_assert!(!canary || proved || begun.len() <= 1);
        if let Next::Go(acts, wait) = &next {
            prop_assert!(!acts.is_empty() || wait.is_some(), "it must say why it stands still");
        }
    }
}
