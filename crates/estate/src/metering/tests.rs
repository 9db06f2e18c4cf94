use palisade_types::{MachineId, SubscriptionId, TimeMicros};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::machine::PowerState;
use crate::plan::{Override, Plan, ServersPlan, SubscriptionPlans};
use crate::{HOUR, MINUTE};

const M: MachineId = MachineId(Uuid::from_u128(7));
const A: SubscriptionId = SubscriptionId(Uuid::from_u128(0xA));
const B: SubscriptionId = SubscriptionId(Uuid::from_u128(0xB));
/// A full hour, minute 0 of these tests.
const BASE: i64 = 472_222;

fn minute(n: i64) -> TimeMicros {
    TimeMicros(BASE * HOUR + n * MINUTE)
}

fn plan(servers: Option<ServersPlan>) -> PlanAt {
    PlanAt { servers, ..PlanAt::default() }
}

fn running(basis: Basis) -> Timeline {
    let mut t = Timeline::new(basis);
    t.placed(minute(0), A);
    t.entitled(minute(0), plan(Some(ServersPlan::P1)));
    t.owned(minute(0), "web");
    t
}

/// (hour, subscription, plan, minutes) of every metered hour up to that minute.
fn rows(t: &Timeline, until: i64) -> Vec<(i64, SubscriptionId, Plan, i64)> {
    t.hours(M, Hour(BASE), minute(until))
        .into_iter()
        .map(|u| (u.hour.0 - BASE, u.subscription, u.plan, u.micros / MINUTE))
        .collect()
}

#[test]
fn a_move_in_mid_hour_splits_at_the_hour() {
    let mut t = running(Basis::Power);
    t.power(minute(0), PowerState::Running);
    t.placed(minute(90), B);
    assert_eq!(
        rows(&t, 180),
        [(0, A, Plan::ServersP1, 60), (1, A, Plan::ServersP1, 60), (2, B, Plan::ServersP1, 60)],
        "no hour is lost and none is counted twice"
    );
}

#[test]
fn a_change_of_plan_in_mid_hour_counts_the_higher_once() {
    let mut t = running(Basis::Power);
    t.power(minute(0), PowerState::Running);
    t.entitled(minute(30), plan(Some(ServersPlan::P2)));
    t.entitled(minute(100), plan(None));
    assert_eq!(rows(&t, 240), [(0, A, Plan::ServersP2, 60), (1, A, Plan::ServersP2, 40)]);
}

#[test]
fn states_that_cost_nothing_are_not_metered() {
    for state in PowerState::ALL {
        let mut t = running(Basis::Power);
        t.power(minute(0), state);
        assert_eq!(!rows(&t, 60).is_empty(), state.metered(), "{state:?}");
    }
    let t = running(Basis::Power);
    assert!(rows(&t, 600).is_empty(), "what nobody said is not metered");
}

#[test]
fn a_machine_that_is_heard_is_metered_while_it_is_heard() {
    let mut t = running(Basis::Heard);
    for n in [0, 10, 20, 20, 20] {
        t.heard(minute(n));
    }
    assert_eq!(rows(&t, 300), [(0, A, Plan::ServersP1, 35)]);
    t.heard(minute(55));
    assert_eq!(rows(&t, 300), [(0, A, Plan::ServersP1, 40), (1, A, Plan::ServersP1, 10)]);
}

#[test]
fn a_server_that_was_down_meters_what_the_spool_tells_it_later() {
    let mut t = running(Basis::Heard);
    t.heard(minute(0));
    assert_eq!(rows(&t, 300).len(), 1, "as far as is known");
    for n in (10..300).step_by(10) {
        t.heard(minute(n));
    }
    let late = rows(&t, 300);
    assert_eq!(late.len(), 5);
    assert!(late.iter().all(|r| r.3 == 60));
}

#[test]
fn both_products_are_metered_side_by_side_and_a_trial_is_free() {
    let mut t = running(Basis::Power);
    t.power(minute(0), PowerState::Running);
    let trial =
        PlanAt { servers: Some(ServersPlan::P2), servers_trial: true, posture: true, posture_trial: false };
    t.entitled(minute(0), trial);
    t.entitled(minute(90), PlanAt { servers_trial: false, ..trial });
    let hours = t.hours(M, Hour(BASE), minute(180));
    let of = |plan: Plan| hours.iter().filter(|u| u.plan == plan).map(|u| u.trial).collect::<Vec<_>>();
    assert_eq!(of(Plan::ServersP2), [true, true, false], "the hour in which a trial ends is free");
    assert_eq!(of(Plan::Posture), [false; 3]);
}

#[test]
fn nothing_is_metered_ahead_or_before() {
    let mut t = running(Basis::Power);
    t.power(minute(-600), PowerState::Running);
    assert!(t.hours(M, Hour(BASE - 10), minute(0)).is_empty(), "in no subscription yet");
    assert!(t.hours(M, Hour(BASE), minute(0)).is_empty());
    assert!(t.hours(M, Hour(BASE + 5), minute(60)).is_empty());
    assert_eq!(rows(&t, 1), [(0, A, Plan::ServersP1, 1)], "the hour that runs, as far as it has gone");
}

fn card(effective: TimeMicros, currency: &str, rates: &[(Plan, u64)]) -> RateCard {
    let currency = currency.parse().expect("a currency");
    RateCard { currency, effective, rates: rates.iter().copied().collect() }
}

#[test]
fn money_follows_the_rate_in_force_at_the_hour() {
    let mut t = running(Basis::Power);
    t.power(minute(0), PowerState::Running);
    let tariff = Tariff::new(vec![
        card(minute(200), "EUR", &[(Plan::ServersP1, 9_000)]),
        card(minute(61), "EUR", &[(Plan::ServersP1, 7_000)]),
    ])
    .expect("good");
    // Hours 0 and 1 have no rate, hours 2 and 3 the first, hour 4 the second.
    let starts = tariff.starts();
    assert_eq!(starts, [Hour(BASE + 2), Hour(BASE + 4)]);
    let mut tally = Tally::default();
    // Counted by stretches between these starts it is the same.
    let mut stretches = Tally::default();
    for u in t.hours(M, Hour(BASE), minute(300)) {
        tally.add(&tariff, u.plan, u.hour, u.trial, 1);
        let start = starts.iter().rev().find(|s| **s <= u.hour).copied().unwrap_or(Hour(0));
        stretches.add(&tariff, u.plan, start, u.trial, 1);
    }
    assert_eq!((tally.hours, tally.unpriced_hours, tally.trial_hours), (5, 2, 0));
    let eur = "EUR".parse().expect("a currency");
    assert_eq!(tally.costs.get(&eur), Some(&Cost { hours: 3, micros: 23_000 }));
    assert_eq!(stretches, tally);
}

#[test]
fn a_trial_costs_nothing_and_currencies_are_kept_apart() {
    let tariff = Tariff::new(vec![
        card(minute(0), "EUR", &[(Plan::ServersP1, 5), (Plan::Posture, 1)]),
        card(minute(60), "USD", &[(Plan::ServersP1, 6)]),
    ])
    .expect("good");
    let mut tally = Tally::default();
    tally.add(&tariff, Plan::ServersP1, Hour(BASE), true, 4);
    tally.add(&tariff, Plan::ServersP1, Hour(BASE), false, 2);
    tally.add(&tariff, Plan::ServersP1, Hour(BASE + 1), false, 3);
    tally.add(&tariff, Plan::Posture, Hour(BASE + 1), false, 1);
    tally.add(&tariff, Plan::ServersP2, Hour(BASE + 1), false, 1);
    assert_eq!((tally.hours, tally.trial_hours, tally.unpriced_hours), (11, 4, 1));
    let costs: Vec<_> =
        tally.costs.iter().map(|(c, cost)| (c.to_string(), cost.hours, cost.micros)).collect();
    // The newer card says nothing of Posture, so that the older one goes on.
    assert_eq!(costs, [("EUR".to_owned(), 3, 11), ("USD".to_owned(), 3, 18)]);
}

#[test]
fn a_rate_card_is_checked() {
    let one = card(minute(0), "EUR", &[(Plan::Posture, 1)]);
    assert_eq!(Tariff::new(vec![one.clone(), one.clone()]).map_err(|e| e.code()), Err("rates_collide"));
    let many = (0..1001).map(|n| RateCard { effective: minute(n), ..one.clone() }).collect();
    assert_eq!(Tariff::new(many).map_err(|e| e.code()), Err("rates_too_many"));
    for bad in ["eur", "EURO", "E", "", "€"] {
        assert_eq!(bad.parse::<Currency>(), Err(BillError::Currency), "{bad}");
    }
    let text = r#"{"currency": "USD", "effective": 0, "rates": {"servers_p1": 7000}}"#;
    let read: RateCard = serde_json::from_str(text).expect("decodes");
    assert_eq!((read.currency.to_string(), read.rates[&Plan::ServersP1]), ("USD".to_owned(), 7000));
    assert!(serde_json::from_str::<RateCard>(r#"{"currency": "usd", "effective": 0, "rates": {}}"#).is_err());
}

#[test]
fn amounts_are_exact_decimals() {
    for (text, micros) in [("0", 0), ("0.007", 7_000), ("12", 12_000_000), ("1.000001", 1_000_001)] {
        assert_eq!(parse_amount(text), Ok(micros), "{text}");
    }
    for bad in ["", ".", "-1", "1.", ".5", "1e3", "1,5", "0.0000001", "1000001", "1 ", "١"] {
        assert_eq!(parse_amount(bad).map_err(|e| e.code()), Err("amount_invalid"), "{bad}");
    }
    assert_eq!(amount(23_000), "0.023000");
    assert_eq!(amount(12_000_001), "12.000001");
}

#[test]
fn an_owner_is_never_a_formula() {
    assert_eq!(csv_field("=1+1"), "'=1+1");
    assert_eq!(csv_field("a,\"b\""), "\"a,\"\"b\"\"\"");
    assert_eq!(csv_field("plain"), "plain");
}

#[test]
fn entitlements_change_when_a_trial_ends() {
    let mut plans = SubscriptionPlans { step: Some(ServersPlan::P1), ..SubscriptionPlans::default() };
    let ends = plans.servers.start_trial(minute(0)).expect("the first");
    plans.posture.pay();
    let paid = PlanAt { posture: true, ..PlanAt::default() };
    let trial = PlanAt { servers: Some(ServersPlan::P1), servers_trial: true, ..paid };
    let until = ends.plus_micros(HOUR);
    let told = entitlements(&plans, Override::Inherit, minute(5), until);
    assert_eq!(told, [(minute(5), trial), (ends, paid)]);
    assert_eq!(entitlements(&plans, Override::Inherit, minute(5), ends), [(minute(5), trial)]);
    assert_eq!(entitlements(&plans, Override::Off, minute(5), until), [(minute(5), paid)], "nothing changes");
    let own = PlanAt { servers_trial: false, ..trial };
    assert_eq!(entitlements(&plans, Override::PlanOne, minute(5), until), [(minute(5), trial), (ends, own)]);
}

#[test]
fn hours_are_written_readably() {
    assert_eq!(Hour::of(TimeMicros(1_700_000_000_000_000)).to_string(), "2023-11-14T22:00Z");
    assert_eq!(Hour::of(TimeMicros(-1)), Hour(-1));
}

#[derive(Clone, Debug)]
enum Report {
    Power(i64, PowerState),
    Heard(i64),
    Placed(i64, SubscriptionId),
    Entitled(i64, PlanAt),
    Owned(i64, &'static str),
}

fn reports() -> impl Strategy<Value = Vec<Report>> {
    let at = 0i64..360;
    let servers = prop::sample::select(vec![None, Some(ServersPlan::P1), Some(ServersPlan::P2)]);
    let plan =
        (servers, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(servers, st, posture, pt)| {
            PlanAt { servers, servers_trial: st, posture, posture_trial: pt }
        });
    let one = prop_oneof![
        (at.clone(), prop::sample::select(PowerState::ALL.to_vec())).prop_map(|(t, s)| Report::Power(t, s)),
        at.clone().prop_map(Report::Heard),
        (at.clone(), prop::sample::select(vec![A, B])).prop_map(|(t, s)| Report::Placed(t, s)),
        (at.clone(), plan).prop_map(|(t, p)| Report::Entitled(t, p)),
        (at, prop::sample::select(vec!["web", "db", ""])).prop_map(|(t, o)| Report::Owned(t, o)),
    ];
    prop::collection::vec(one, 0..60)
}

fn basis() -> impl Strategy<Value = Basis> {
    prop::sample::select(vec![Basis::Power, Basis::Heard, Basis::PowerElseHeard])
}

fn timeline(basis: Basis, reports: &[Report]) -> Timeline {
    let mut t = Timeline::new(basis);
    for r in reports {
        match r {
            Report::Power(at, s) => t.power(minute(*at), *s),
            Report::Heard(at) => t.heard(minute(*at)),
            Report::Placed(at, s) => t.placed(minute(*at), *s),
            Report::Entitled(at, p) => t.entitled(minute(*at), *p),
            Report::Owned(at, o) => t.owned(minute(*at), o),
        }
    }
    t
}

/// The plain model: every minute by itself, every fact by a search through all reports.
fn model(basis: Basis, reports: &[Report], until: i64) -> Vec<HourUsage> {
    fn last<T: Ord + Clone>(facts: impl Iterator<Item = (i64, T)>, minute: i64) -> Option<T> {
        facts.filter(|(at, _)| *at <= minute).max().map(|(_, value)| value)
    }
    let pick = |f: fn(&Report) -> Option<(i64, SubscriptionId)>, m| last(reports.iter().filter_map(f), m);
    let mut rows: Vec<HourUsage> = Vec::new();
    for m in 0..until {
        let power = last(
            reports.iter().filter_map(|r| if let Report::Power(at, s) = r { Some((*at, *s)) } else { None }),
            m,
        );
        let heard = reports.iter().any(|r| matches!(r, Report::Heard(at) if (*at..*at + 15).contains(&m)));
        let metered = match basis {
            Basis::Power => power.is_some_and(PowerState::metered),
            Basis::Heard => heard,
            Basis::PowerElseHeard => {
                power.filter(|p| *p != PowerState::Unknown).map_or(heard, PowerState::metered)
            }
        };
        let place = pick(|r| if let Report::Placed(at, s) = r { Some((*at, *s)) } else { None }, m);
        let plan = last(
            reports
                .iter()
                .filter_map(|r| if let Report::Entitled(at, p) = r { Some((*at, *p)) } else { None }),
            m,
        );
        let owner = last(
            reports.iter().filter_map(|r| if let Report::Owned(at, o) = r { Some((*at, *o)) } else { None }),
            m,
        );
        let (true, Some(subscription), Some(plan)) = (metered, place, plan) else { continue };
        let bought = [
            plan.servers.map(|s| (Plan::from(s), plan.servers_trial)),
            plan.posture.then_some((Plan::Posture, plan.posture_trial)),
        ];
        let hour = Hour(BASE + m / 60);
        for (plan, trial) in bought.into_iter().flatten() {
            let same =
                |u: &&mut HourUsage| u.hour == hour && (u.plan == Plan::Posture) == (plan == Plan::Posture);
            match rows.iter_mut().find(same) {
                None => rows.push(HourUsage {
                    hour,
                    plan,
                    machine: M,
                    subscription,
                    owner: owner.unwrap_or_default().into(),
                    trial,
                    micros: MINUTE,
                }),
                Some(row) => {
                    row.micros += MINUTE;
                    if row.subscription == subscription {
                        row.plan = row.plan.max(plan);
                        row.trial |= trial;
                    }
                }
            }
        }
    }
    rows.sort();
    rows
}

fn sorted(mut rows: Vec<HourUsage>) -> Vec<HourUsage> {
    rows.sort();
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Hours are what a look at every single minute says.
    #[test]
    fn hours_are_those_of_the_plain_model(
        reports in reports(),
        until in 0i64..400,
        basis in basis(),
    ) {
        let t = timeline(basis, &reports);
        prop_assert_eq!(sorted(t.hours(M, Hour(BASE), minute(until))), model(basis, &reports, until));
    }

    /// The order of reports and how often each is told change nothing.
    #[test]
    fn order_and_repetition_change_nothing(
        (reports, shuffled) in reports().prop_flat_map(|r| {
            let doubled: Vec<Report> = r.iter().chain(&r).cloned().collect();
            (Just(r), Just(doubled).prop_shuffle())
        }),
        basis in basis(),
    ) {
        prop_assert_eq!(timeline(basis, &reports), timeline(basis, &shuffled));
    }

    /// No machine has more hours than the clock, whatever is reported; and closing the past, or
    /// storing and reading, changes none of the hours that are still open.
    #[test]
    fn hours_are_bounded_and_survive_closing(
        reports in reports(),
        closed in 0i64..6,
        basis in basis(),
    ) {
        let mut t = timeline(basis, &reports);
        let before = t.hours(M, Hour(BASE + closed), minute(360));
        prop_assert!(t.hours(M, Hour(BASE), minute(360)).len() <= 12, "six hours of two products");
        for u in &before {
            prop_assert!(u.micros > 0 && u.micros <= HOUR);
        }
        t.close_before(Hour(BASE + closed));
        prop_assert_eq!(&t.hours(M, Hour(BASE + closed), minute(360)), &before);
        let text = serde_json::to_string(&t).expect("encodes");
        let read: Timeline = serde_json::from_str(&text).expect("decodes");
        prop_assert_eq!(read, t);
    }

    /// Stretches are a set of instants: adding in any order gives the same, and nothing overlaps.
    #[test]
    fn stretches_are_a_set(spans in prop::collection::vec((0i64..200, 1i64..40), 0..40)) {
        let mut s = super::steps::Spans::default();
        let mut set = std::collections::BTreeSet::new();
        for (from, length) in &spans {
            s.add(crate::Span { from: TimeMicros(*from), to: TimeMicros(from + length) });
            set.extend(*from..from + length);
        }
        let all = s.within(crate::Span { from: TimeMicros(-1000), to: TimeMicros(1000) });
        let listed: Vec<i64> = all.iter().flat_map(|s| s.from.0..s.to.0).collect();
        prop_assert_eq!(listed, set.into_iter().collect::<Vec<_>>());
        prop_assert!(all.windows(2).all(|w| w[0].to < w[1].from), "those that touch are one");
        prop_assert_eq!(all.len(), s.len());
    }
}
