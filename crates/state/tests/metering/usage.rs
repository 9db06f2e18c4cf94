//! Usage as it is asked for.

use palisade_estate::machine::PowerState;
use palisade_estate::metering::{Currency, RateCard, amount};
use palisade_estate::plan::{Plan, PlanSwitch, PlansChange, ServersPlan};
use palisade_state::{DeviceScope, UsageBy, UsageQuery, UsageRow};
use palisade_types::TimeMicros;

use crate::world::{World, minute};

fn card(effective: TimeMicros, currency: &str, rates: &[(Plan, u64)]) -> RateCard {
    RateCard {
        currency: currency.parse().expect("a currency"),
        effective,
        rates: rates.iter().copied().collect(),
    }
}

fn query(by: &[UsageBy]) -> UsageQuery {
    let (from, to) = World::hours(0, 100);
    UsageQuery::between(from, to, by.to_vec())
}

fn money(row: &UsageRow) -> Vec<(String, String)> {
    row.tally.costs.iter().map(|(c, cost)| (c.to_string(), amount(cost.micros))).collect()
}

/// Two subscriptions: two machines of `web` and one of `db` in A under Plan 1 and Posture, one in B on trial.
async fn estate() -> World {
    let mut w = World::new().await;
    let a = w.paying("Alpha", ServersPlan::P1).await;
    let posture = PlansChange { posture: Some(PlanSwitch::Pay), ..PlansChange::default() };
    w.plans(a, posture, minute(-900)).await;
    let b = w.subscription("Beta", "aws").await;
    let trial = PlansChange { step: Some(ServersPlan::P2), servers: Some(PlanSwitch::Trial), posture: None };
    w.plans(b, trial, minute(0)).await;
    for name in ["web-1", "web-2"] {
        w.list(a, name, PowerState::Running, minute(0)).await;
    }
    let tags = [("team".to_owned(), "db".to_owned())].into();
    w.list_tagged(a, "db-1", PowerState::Running, tags, minute(60)).await;
    w.list(b, "lab-1", PowerState::Running, minute(0)).await;
    w.meter(minute(240)).await;
    w
}

#[tokio::test]
async fn hours_add_up_by_whatever_is_asked() {
    let w = estate().await;
    let by = |what: Vec<UsageBy>| query(&what);
    let all = w.api.usage(w.tenant, &by(vec![])).await.expect("read");
    // Alpha: 4 + 4 + 3 hours of each of two plans; Beta: 4 on trial.
    assert_eq!((all.totals.tally.hours, all.totals.tally.trial_hours, all.totals.machines), (26, 4, 4));
    assert_eq!(all.page.items.len(), 1);
    assert_eq!(all.page.items[0].tally, all.totals.tally);
    let subscriptions = w.api.usage(w.tenant, &by(vec![UsageBy::Subscription])).await.expect("read");
    let rows: Vec<_> = subscriptions
        .page
        .items
        .iter()
        .map(|r| {
            (r.subscription.as_ref().map(|s| s.1.as_str()).unwrap_or_default(), r.tally.hours, r.machines)
        })
        .collect();
    assert_eq!(rows, [("Alpha", 22, 3), ("Beta", 4, 1)]);
    let owners = w.api.usage(w.tenant, &by(vec![UsageBy::Owner, UsageBy::Plan])).await.expect("read");
    let rows: Vec<_> = owners
        .page
        .items
        .iter()
        .map(|r| (r.owner.clone().unwrap_or_default(), r.plan.map_or("", Plan::as_str), r.tally.hours))
        .collect();
    let expected = [
        ("db", "posture", 3),
        ("db", "servers_p1", 3),
        ("web", "posture", 8),
        ("web", "servers_p1", 8),
        ("web", "servers_p2", 4),
    ];
    assert_eq!(rows, expected.map(|(o, p, h)| (o.to_owned(), p, h)));
    let machine = w.api.usage(w.tenant, &by(vec![UsageBy::Machine, UsageBy::Hour])).await.expect("read");
    assert_eq!(machine.page.total, 15, "an hour of each");
    assert!(
        machine
            .page
            .items
            .iter()
            .all(|r| r.machine.is_some() && r.hour.is_some() && r.subscription.is_none())
    );
}

#[tokio::test]
async fn money_follows_the_cards_and_currencies_stay_apart() {
    let w = estate().await;
    let early = card(minute(1), "EUR", &[(Plan::ServersP1, 7_000), (Plan::Posture, 1_000)]);
    let late = card(minute(180), "USD", &[(Plan::ServersP1, 10_000), (Plan::ServersP2, 20_000)]);
    for card in [&late, &early] {
        w.api.put_rate_card(w.tenant, card, "ann", minute(0)).await.expect("written");
    }
    let usage = w.api.usage(w.tenant, &query(&[UsageBy::Subscription])).await.expect("read");
    let alpha = &usage.page.items[0];
    // The first card counts from hour 1: two web hours of each plan before it have no price. Hours 1 and
    // 2: six of Plan 1 in EUR; hour 3: three in USD; nine of Posture in EUR.
    assert_eq!((alpha.tally.hours, alpha.tally.unpriced_hours), (22, 4));
    let eur = 6 * 7_000 + 9 * 1_000;
    let expected = [("EUR".to_owned(), amount(eur)), ("USD".to_owned(), amount(30_000))];
    assert_eq!(money(alpha), expected);
    assert_eq!(money(&usage.page.items[1]), [], "a trial is free");
    assert_eq!(money(&usage.totals), expected);
    // Replaced, not doubled; and taken away.
    w.api.put_rate_card(w.tenant, &card(minute(180), "EUR", &[]), "bob", minute(1)).await.expect("written");
    let cards = w.api.rate_cards(w.tenant).await.expect("read");
    assert_eq!(cards.iter().map(|c| c.created_by.as_str()).collect::<Vec<_>>(), ["ann", "bob"]);
    let usage = w.api.usage(w.tenant, &query(&[])).await.expect("read");
    let eur: Currency = "EUR".parse().expect("a currency");
    assert_eq!(usage.totals.tally.costs[&eur].micros, 9 * 7_000 + 9 * 1_000);
    for c in cards {
        w.api.delete_rate_card(w.tenant, c.id).await.expect("deleted");
        assert_eq!(w.api.delete_rate_card(w.tenant, c.id).await.expect_err("gone").code(), "not_found");
    }
    let usage = w.api.usage(w.tenant, &query(&[])).await.expect("read");
    assert_eq!(usage.totals.tally.unpriced_hours, 22);
}

#[tokio::test]
async fn pages_hold_every_row_once_and_filters_narrow() {
    let mut w = World::new().await;
    let a = w.paying("Alpha", ServersPlan::P1).await;
    for n in 0..25 {
        w.list(a, &format!("web-{n:02}"), PowerState::Running, minute(0)).await;
    }
    w.meter(minute(60)).await;
    let mut ask = UsageQuery { limit: 10, ..query(&[UsageBy::Machine]) };
    let mut names = Vec::new();
    loop {
        let usage = w.api.usage(w.tenant, &ask).await.expect("read");
        assert_eq!((usage.page.total, usage.totals.tally.hours), (25, 25), "the same on every page");
        names.extend(usage.page.items.iter().filter_map(|r| r.machine.clone().map(|m| m.1)));
        match usage.page.next_cursor {
            Some(next) => ask.cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(names, (0..25).map(|n| format!("web-{n:02}")).collect::<Vec<_>>());
    let none = UsageQuery { plan: Some(Plan::ServersP2), ..query(&[]) };
    assert_eq!(w.api.usage(w.tenant, &none).await.expect("read").totals.tally.hours, 0);
    let owner = UsageQuery { owner: Some("web".into()), subscription: Some(a), ..query(&[]) };
    assert_eq!(w.api.usage(w.tenant, &owner).await.expect("read").totals.tally.hours, 25);
    let nobody = UsageQuery { scope: DeviceScope::groups(Vec::new()), ..query(&[]) };
    assert_eq!(w.api.usage(w.tenant, &nobody).await.expect("read").totals.tally.hours, 0);
    let other = w.db.tenant("Other").await.id;
    assert_eq!(w.api.usage(other, &query(&[])).await.expect("read").totals.tally.hours, 0);
}

#[tokio::test]
async fn days_give_the_same_answer_as_their_hours() {
    let mut w = World::new().await;
    let (a, b) = (w.paying("Alpha", ServersPlan::P1).await, w.paying("Beta", ServersPlan::P2).await);
    w.list(a, "web", PowerState::Running, minute(0)).await;
    w.list(b, "db", PowerState::Running, minute(90)).await;
    w.meter(minute(60 * 100)).await;
    assert_eq!(w.days_amiss().await, 0);
    // A price that changes within a day, and one that changes with it.
    for (hour, rate) in [(1, 7_000), (37, 9_000), (72, 11_000)] {
        let card = card(minute(hour * 60), "EUR", &[(Plan::ServersP1, rate), (Plan::ServersP2, 2 * rate)]);
        w.api.put_rate_card(w.tenant, &card, "ann", minute(0)).await.expect("written");
    }
    for (from, to) in [(0, 100), (5, 77), (24, 72), (30, 40), (37, 38)] {
        let (from, to) = World::hours(from, to);
        for by in [vec![], vec![UsageBy::Subscription], vec![UsageBy::Machine, UsageBy::Plan]] {
            let days = w.api.usage(w.tenant, &UsageQuery::between(from, to, by.clone())).await.expect("read");
            let by: Vec<_> = by.into_iter().chain([UsageBy::Hour]).collect();
            let hours = w.api.usage(w.tenant, &UsageQuery::between(from, to, by)).await.expect("read");
            assert_eq!(days.totals, hours.totals);
            let sum: u64 = days.page.items.iter().map(|r| r.tally.hours).sum();
            assert_eq!(sum, hours.totals.tally.hours);
        }
    }
    // What is computed anew is added up anew.
    w.list(a, "web", PowerState::Deallocated, minute(60 * 60)).await;
    w.meter(minute(60 * 101)).await;
    assert_eq!(w.days_amiss().await, 0);
}
