//! From what is written down to hours.

use std::collections::BTreeMap;

use palisade_estate::machine::PowerState;
use palisade_estate::plan::{Override, PlanSwitch, PlansChange, ServersPlan};
use palisade_estate::{DAY, MINUTE};
use palisade_state::estate::{MachineChange, SubscriptionChange};

use crate::world::{World, minute, pay};

#[tokio::test]
async fn a_machine_that_moves_in_mid_hour_splits_at_the_hour() {
    let mut w = World::new().await;
    let (a, b) = (w.paying("A", ServersPlan::P1).await, w.paying("B", ServersPlan::P2).await);
    let m = w.list(a, "web-1", PowerState::Running, minute(0)).await;
    w.meter(minute(30)).await;
    assert_eq!(w.brief().await, [(0, a, "servers_p1".into(), 30)], "the running hour, as far as it has gone");
    w.move_to(m, b, minute(90)).await;
    w.meter(minute(200)).await;
    let expected = [
        (0, a, "servers_p1".into(), 60),
        (1, a, "servers_p1".into(), 60),
        (2, b, "servers_p2".into(), 60),
        (3, b, "servers_p2".into(), 20),
    ];
    assert_eq!(w.brief().await, expected, "no hour is lost and none is counted twice");
    assert!(w.stored().await.iter().all(|s| s.0 == m && s.5 == "web"));
}

#[tokio::test]
async fn moves_while_the_meter_was_away_are_metered_where_the_machine_was() {
    let mut w = World::new().await;
    let (a, b) = (w.paying("A", ServersPlan::P1).await, w.paying("B", ServersPlan::P1).await);
    let m = w.list(a, "web-1", PowerState::Running, minute(0)).await;
    // Nobody meters for ten hours, in which it is in the other one for three.
    w.move_to(m, b, minute(180)).await;
    w.move_to(m, a, minute(360)).await;
    w.change(
        m,
        MachineChange { plan_override: Some(Override::Off), ..MachineChange::default() },
        minute(480),
    )
    .await;
    w.meter(minute(600)).await;
    let of = |rows: Vec<(i64, _, String, i64)>, s| {
        rows.iter().filter(|r| r.1 == s).map(|r| r.0).collect::<Vec<_>>()
    };
    assert_eq!(of(w.brief().await, a), [0, 1, 2, 6, 7], "none from the ninth on: it was taken out");
    assert_eq!(of(w.brief().await, b), [3, 4, 5]);
    assert_eq!(w.count("meter_due").await, 0);
}

#[tokio::test]
async fn done_twice_it_is_the_same_and_a_second_meter_finds_nothing_to_change() {
    let mut w = World::new().await;
    let a = w.paying("A", ServersPlan::P2).await;
    let m = w.list(a, "web-1", PowerState::Running, minute(0)).await;
    let device = w.device(m, minute(0)).await;
    w.beats(device, &[minute(0), minute(10), minute(10)]).await;
    w.meter(minute(130)).await;
    let before = w.stored().await;
    w.beats(device, &[minute(10), minute(0)]).await;
    let again = w.db.state(palisade_state::DbRole::Estate).await;
    again.meter_sweep(w.tenant, minute(130)).await.expect("swept");
    let done = again.meter_step(w.tenant, 10, minute(130)).await.expect("metered");
    again.close().await;
    assert_eq!((done.machines, done.changed, done.more), (1, 0, false));
    assert_eq!(w.stored().await, before);
}

#[tokio::test]
async fn a_plan_that_changes_in_mid_hour_counts_once_at_the_higher() {
    let mut w = World::new().await;
    let a = w.paying("A", ServersPlan::P1).await;
    w.list(a, "web-1", PowerState::Running, minute(0)).await;
    w.plans(a, pay(ServersPlan::P2), minute(30)).await;
    w.plans(a, PlansChange { servers: Some(PlanSwitch::Off), ..PlansChange::default() }, minute(100)).await;
    w.meter(minute(240)).await;
    assert_eq!(w.brief().await, [(0, a, "servers_p2".into(), 60), (1, a, "servers_p2".into(), 40)]);
}

#[tokio::test]
async fn a_trial_is_free_and_ends_by_itself_also_while_the_meter_is_away() {
    let mut w = World::new().await;
    let a = w.subscription("A", "aws").await;
    let trial = PlansChange {
        step: Some(ServersPlan::P1),
        servers: Some(PlanSwitch::Trial),
        posture: Some(PlanSwitch::Pay),
    };
    w.plans(a, trial, minute(5)).await;
    w.list(a, "web-1", PowerState::Running, minute(5)).await;
    let ends = minute(5).plus_micros(30 * DAY);
    w.meter(ends.plus_micros(120 * MINUTE)).await;
    let stored = w.stored().await;
    let (servers, posture): (Vec<_>, Vec<_>) = stored.iter().partition(|s| s.2 == "servers");
    assert_eq!((servers.len(), posture.len()), (721, 723), "thirty days touch 721 hours");
    assert!(servers.iter().all(|s| s.6) && posture.iter().all(|s| !s.6));
}

#[tokio::test]
async fn power_states_are_metered_by_the_table() {
    let mut w = World::new().await;
    let a = w.paying("A", ServersPlan::P1).await;
    w.list(a, "web-1", PowerState::Starting, minute(0)).await;
    let states =
        [PowerState::Running, PowerState::Deallocated, PowerState::Stopped, PowerState::Deallocating];
    for (n, state) in states.into_iter().enumerate() {
        w.list(a, "web-1", state, minute(60 * (i64::try_from(n).expect("small") + 1))).await;
    }
    w.meter(minute(400)).await;
    assert_eq!(w.brief().await.iter().map(|r| (r.0, r.3)).collect::<Vec<_>>(), [(1, 60), (3, 60)]);
    // Its cloud deletes it while it runs: not metered from then on.
    let m = w.list(a, "web-1", PowerState::Running, minute(420)).await;
    sqlx::query("UPDATE machines SET retired_at = $2, changed_at = $2 WHERE id = $1")
        .bind(m.0)
        .bind(minute(450).0)
        .execute(&mut w.superuser)
        .await
        .expect("retired");
    w.meter(minute(600)).await;
    assert_eq!(w.brief().await.last().map(|r| (r.0, r.3)), Some((7, 30)));
}

#[tokio::test]
async fn what_a_spool_delivers_after_an_outage_is_metered_then() {
    let mut w = World::new().await;
    let a = w.subscription("Hosts", "ssh").await;
    w.plans(a, pay(ServersPlan::P1), minute(-10)).await;
    let m = w.list(a, "host-1", PowerState::Unknown, minute(0)).await;
    let device = w.device(m, minute(0)).await;
    w.beats(device, &[minute(0), minute(1)]).await;
    w.meter(minute(290)).await;
    assert_eq!(w.brief().await, [(0, a, "servers_p1".into(), 16)], "as far as is known");
    let late: Vec<_> = (2..280).map(minute).collect();
    for part in late.chunks(70).rev() {
        w.beats(device, part).await;
    }
    w.flush(minute(290)).await;
    let rows = w.brief().await;
    assert_eq!(rows.iter().map(|r| r.3).collect::<Vec<_>>(), [60, 60, 60, 60, 50], "without a sweep");
    assert_eq!(w.count("meter_heard").await, 1, "one stretch");
    assert_eq!(w.count("device_heard").await, 0);
    // Silent from then on: connected for fifteen minutes more.
    w.meter(minute(400)).await;
    assert_eq!(w.brief().await.last().map(|r| (r.0, r.3)), Some((4, 54)));
}

#[tokio::test]
async fn one_heartbeat_tells_of_an_outage_that_the_spool_did_not_keep() {
    let mut w = World::new().await;
    let a = w.subscription("Hosts", "ssh").await;
    w.plans(a, pay(ServersPlan::P1), minute(-10)).await;
    let m = w.list(a, "host-1", PowerState::Unknown, minute(0)).await;
    let device = w.device(m, minute(0)).await;
    w.beats(device, &[minute(0), minute(5)]).await;
    w.meter(minute(10)).await;
    // Ten hours without a server; the spool kept the last two heartbeats of them.
    let since = minute(-100);
    w.stretches(device, &[(since, minute(599)), (since, minute(600))]).await;
    w.flush(minute(600)).await;
    let rows = w.brief().await;
    assert_eq!(
        rows.iter().map(|r| (r.0, r.3)).collect::<Vec<_>>(),
        (0..10).map(|h| (h, 60)).collect::<Vec<_>>()
    );
    assert_eq!(w.count("meter_heard").await, 1);
    // From then on it just goes on: nothing is computed but by sweeps.
    w.stretches(device, &[(since, minute(601))]).await;
    let done = w.estate.meter_step(w.tenant, 10, minute(601)).await.expect("metered");
    assert_eq!(done.machines, 0);
}

#[tokio::test]
async fn a_machine_that_goes_on_beating_is_computed_by_sweeps_only() {
    let mut w = World::new().await;
    let a = w.subscription("Hosts", "ssh").await;
    w.plans(a, pay(ServersPlan::P1), minute(-10)).await;
    let m = w.list(a, "host-1", PowerState::Unknown, minute(0)).await;
    let device = w.device(m, minute(0)).await;
    w.beats(device, &[minute(0)]).await;
    w.flush(minute(1)).await;
    assert_eq!(w.brief().await.len(), 1, "seen at once");
    for n in 1..=59 {
        w.beats(device, &[minute(n)]).await;
        let done = w.estate.meter_step(w.tenant, 10, minute(n)).await.expect("metered");
        assert_eq!(done.machines, 0, "minute {n}");
    }
    w.beats(device, &[minute(61)]).await;
    // The hour before is closed by whatever comes first: the sweep, or beats that are late.
    w.meter(minute(62)).await;
    assert_eq!(w.brief().await.iter().map(|r| (r.0, r.3)).collect::<Vec<_>>(), [(0, 60), (1, 2)]);
}

#[tokio::test]
async fn beats_before_enrolment_or_of_nobodys_device_are_not_metered() {
    let mut w = World::new().await;
    let a = w.subscription("Hosts", "ssh").await;
    w.plans(a, pay(ServersPlan::P1), minute(-2000)).await;
    let m = w.list(a, "host-1", PowerState::Unknown, minute(-1000)).await;
    let device = w.loose_device(minute(10)).await;
    w.beats(device, &[minute(-600), minute(20)]).await;
    for n in 0..30 {
        w.beats(device, &[minute(30 + n)]).await;
    }
    w.meter(minute(100)).await;
    assert_eq!(w.count("usage_hours").await, 0, "no machine is known for it");
    assert_eq!(w.count("device_heard").await, 1, "but what was heard is kept, joined");
    w.link(device, m).await;
    w.flush(minute(100)).await;
    // From its enrolment, minute 10, to fifteen minutes after minute 59.
    assert_eq!(w.brief().await.iter().map(|r| (r.0, r.3)).collect::<Vec<_>>(), [(0, 50), (1, 14)]);
}

#[tokio::test]
async fn an_owner_is_the_value_of_the_subscriptions_tag() {
    let mut w = World::new().await;
    let a = w.paying("A", ServersPlan::P1).await;
    let m = w.list(a, "web-1", PowerState::Running, minute(0)).await;
    let tags = BTreeMap::from([("team".to_owned(), "db".to_owned()), ("cost".to_owned(), "4711".to_owned())]);
    w.change(m, MachineChange { tags: Some(tags), ..MachineChange::default() }, minute(60)).await;
    let change = SubscriptionChange { owner_tag: Some("cost".into()), ..SubscriptionChange::default() };
    w.api.change_subscription(w.tenant, a, &change, minute(120)).await.expect("changed");
    let change = SubscriptionChange { owner_tag: Some(String::new()), ..SubscriptionChange::default() };
    w.api.change_subscription(w.tenant, a, &change, minute(180)).await.expect("changed");
    w.meter(minute(240)).await;
    let owners: Vec<String> = w.stored().await.into_iter().map(|s| s.5).collect();
    assert_eq!(owners, ["web", "db", "4711", ""]);
}

#[tokio::test]
async fn a_subscription_that_left_is_metered_no_more() {
    let mut w = World::new().await;
    let a = w.paying("A", ServersPlan::P1).await;
    w.list(a, "web-1", PowerState::Running, minute(0)).await;
    sqlx::query("UPDATE subscriptions SET state = 'left', changed_at = $2 WHERE id = $1")
        .bind(a.0)
        .bind(minute(60).0)
        .execute(&mut w.superuser)
        .await
        .expect("left");
    w.meter(minute(300)).await;
    assert_eq!(w.brief().await, [(0, a, "servers_p1".into(), 60)], "its history stays");
}

#[tokio::test]
async fn the_past_is_closed_after_45_days_and_hours_stay() {
    let mut w = World::new().await;
    let (a, b) = (w.paying("A", ServersPlan::P1).await, w.paying("B", ServersPlan::P1).await);
    let m = w.list(a, "web-1", PowerState::Running, minute(0)).await;
    w.move_to(m, b, minute(60)).await;
    w.move_to(m, a, minute(120)).await;
    w.meter(minute(240)).await;
    let before = w.stored().await;
    let facts = w.count("meter_facts").await;
    let later = minute(240).plus_micros(46 * DAY);
    w.estate.meter_close(w.tenant, later).await.expect("closed");
    assert!(w.count("meter_facts").await < facts, "what no open hour needs is forgotten");
    w.meter(later).await;
    let after = w.stored().await;
    assert_eq!(after[..3], before[..3], "what was metered stays");
    assert_eq!(after.len(), 4 + 45 * 24, "the window is metered, the gap before it is not");
    assert!(after[4..].iter().all(|s| s.4 == a), "by what held when it was closed");
}
