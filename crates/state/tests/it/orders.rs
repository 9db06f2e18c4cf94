//! Orders: rising numbers, delivery, receipts, waking up.

use std::convert::Infallible;

use palisade_state::{
    DbRole, DeviceScope, NewOrder, OrderNotice, OrderReceipt, OrderRecord, OrderState, State,
};
use palisade_testkit::{TestDb, eventually};
use palisade_types::{DeviceId, OrderId, TenantId, TimeMicros};
use serde_json::json;
use sqlx::ConnectOptions;

use crate::common::{NOW, SECOND, after, enrol};

async fn give(api: &State, tenant: TenantId, device: DeviceId, now: TimeMicros) -> OrderRecord {
    let new = NewOrder {
        device,
        kind: "ping".into(),
        reason: "test".into(),
        requested_by: "ann".into(),
        requested_by_id: None,
        expires_at: now.plus_micros(60 * SECOND),
    };
    let sign = |id: OrderId, number: u64| Ok::<_, Infallible>(format!("{id} {number}").into_bytes());
    api.create_order(tenant, &DeviceScope::all(), new, sign, now).await.expect("given")
}

fn receipt(order: OrderId, ok: bool, at: TimeMicros) -> OrderReceipt {
    OrderReceipt { order, ok, body: json!({"proof": "a\0b"}), at }
}

#[tokio::test]
async fn numbers_rise_under_concurrency() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await.id;
    let device = enrol(&db, tenant, "h").await;
    let api = db.state(DbRole::Api).await;
    let given = futures::future::join_all((0..40).map(|_| give(&api, tenant, device, NOW))).await;
    let mut numbers: Vec<u64> = given.iter().map(|o| o.number).collect();
    numbers.sort_unstable();
    let first = u64::try_from(NOW.0 / 1000).expect("positive");
    assert_eq!(numbers, (first..first + 40).collect::<Vec<_>>());
    assert!(given.iter().all(|o| o.signed == format!("{} {}", o.id, o.number).into_bytes()));
    let due = api.due_for_device(tenant, device, NOW, NOW).await.expect("due");
    assert!(due.len() == 40 && due.is_sorted_by_key(|o| o.number));
    let earlier = give(&api, tenant, device, after(-1000)).await;
    assert_eq!(earlier.number, first + 40, "a clock that goes back changes nothing");

    let mut cursor = None;
    let mut listed = Vec::new();
    loop {
        let page = api
            .orders_for_device(tenant, &DeviceScope::all(), device, 7, cursor.as_deref())
            .await
            .expect("a page");
        assert_eq!(page.total, 41);
        listed.extend(page.items.iter().map(|o| o.number));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(listed, (first..=first + 40).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn an_order_goes_its_way_once() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await.id;
    let device = enrol(&db, tenant, "h").await;
    let (api, ingest) = (db.state(DbRole::Api).await, db.state(DbRole::Ingest).await);
    let order = give(&api, tenant, device, NOW).await;
    assert_eq!(api.order(tenant, &DeviceScope::all(), order.id).await.expect("there"), order);
    let due = async |before: i64, at: i64| {
        ingest.due_for_device(tenant, device, after(before), after(at)).await.expect("due").len()
    };
    assert_eq!(due(-30, 0).await, 1);
    ingest.mark_delivered(tenant, order.id, after(1)).await.expect("marked");
    assert_eq!(due(0, 2).await, 0, "it was just sent");
    assert_eq!(due(2, 32).await, 1, "no receipt for long");
    ingest.mark_delivered(tenant, order.id, after(32)).await.expect("marked");
    let shown = api.order(tenant, &DeviceScope::all(), order.id).await.expect("there");
    assert_eq!(
        (shown.state, shown.delivered_at, shown.round_trip_ms()),
        (OrderState::Delivered, Some(after(1)), None)
    );

    let stranger = ingest.complete_order(tenant, DeviceId::random(), receipt(order.id, true, after(3))).await;
    assert_eq!(stranger.expect_err("not its order").code(), "not_found");
    let done =
        ingest.complete_order(tenant, device, receipt(order.id, true, after(3))).await.expect("closed");
    assert_eq!((done.newly, done.order.state), (true, OrderState::Succeeded));
    assert_eq!((done.order.receipt, shown.receipt), (Some(json!({"proof": "ab"})), None));
    let again =
        ingest.complete_order(tenant, device, receipt(order.id, false, after(9))).await.expect("repeated");
    assert_eq!((again.newly, again.order.state), (false, OrderState::Succeeded));
    assert_eq!(again.order.round_trip_ms(), Some(3000));
    ingest.mark_delivered(tenant, order.id, after(10)).await.expect("nothing happens");
    assert_eq!(
        api.order(tenant, &DeviceScope::all(), order.id).await.expect("there").state,
        OrderState::Succeeded
    );
    assert!(api.expire_orders(tenant, after(9999)).await.expect("ran").is_empty());
    assert_eq!(
        api.order(tenant, &DeviceScope::all(), OrderId::random()).await.expect_err("none").code(),
        "not_found"
    );

    let failed = give(&api, tenant, device, NOW).await;
    let lake = db.state(DbRole::Lake).await;
    let done =
        lake.complete_order(tenant, device, receipt(failed.id, false, after(3))).await.expect("closed");
    assert_eq!((done.newly, done.order.state), (true, OrderState::Failed));
}

#[tokio::test]
async fn orders_expire_but_a_late_receipt_counts() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await.id;
    let device = enrol(&db, tenant, "h").await;
    let (api, ingest) = (db.state(DbRole::Api).await, db.state(DbRole::Ingest).await);
    let queued = give(&api, tenant, device, NOW).await;
    let sent = give(&api, tenant, device, NOW).await;
    ingest.mark_delivered(tenant, sent.id, after(1)).await.expect("marked");
    assert!(api.expire_orders(tenant, after(59)).await.expect("ran").is_empty());
    assert_eq!(api.expire_orders(tenant, after(60)).await.expect("ran"), [queued.id]);
    assert!(ingest.due_for_device(tenant, device, after(60), after(60)).await.expect("due").is_empty());
    assert_eq!(api.expire_orders(tenant, after(360)).await.expect("ran"), [sent.id]);
    let shown = api.order(tenant, &DeviceScope::all(), sent.id).await.expect("there");
    assert_eq!(
        (shown.state, shown.completed_at, shown.round_trip_ms()),
        (OrderState::Expired, Some(after(360)), None)
    );
    let late = ingest.complete_order(tenant, device, receipt(sent.id, true, after(400))).await.expect("late");
    assert_eq!((late.newly, late.order.state), (true, OrderState::Succeeded));
}

#[tokio::test]
async fn an_order_that_cannot_be_given_leaves_nothing() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await.id;
    let device = enrol(&db, tenant, "h").await;
    let api = db.state(DbRole::Api).await;
    let new = |device, expires_at| NewOrder {
        device,
        kind: "ping".into(),
        reason: String::new(),
        requested_by: "ann".into(),
        requested_by_id: None,
        expires_at,
    };
    let sign = |_: OrderId, _: u64| Err::<Vec<u8>, _>("no key");
    let code = async |new| {
        api.create_order(tenant, &DeviceScope::all(), new, sign, NOW).await.expect_err("refused").code()
    };
    assert_eq!(code(new(device, after(1))).await, "internal");
    assert_eq!(code(new(device, NOW)).await, "invalid_argument");
    assert_eq!(code(new(DeviceId::random(), after(1))).await, "not_found");
    let long = NewOrder { reason: "x".repeat(1001), ..new(device, after(1)) };
    assert_eq!(code(long).await, "invalid_argument");
    assert_eq!(
        api.orders_for_device(tenant, &DeviceScope::all(), device, 0, None).await.expect("listed").total,
        0
    );
    api.offboard_device(tenant, device).await.expect("offboarded");
    assert_eq!(code(new(device, after(1))).await, "not_found");
}

#[tokio::test]
async fn a_new_order_wakes_the_listener_and_a_lost_connection_says_so() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Example").await.id;
    let device = enrol(&db, tenant, "h").await;
    let (api, ingest) = (db.state(DbRole::Api).await, db.state(DbRole::Ingest).await);
    let mut listener = ingest.order_listener().await.expect("listens");
    give(&api, tenant, device, NOW).await;
    assert_eq!(listener.recv().await.expect("woken"), OrderNotice::Order { tenant, device });

    let mut admin = db.superuser().connect().await.expect("connects");
    let killed = sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE usename = 'palisade_ingest' AND datname = current_database()",
    );
    killed.execute(&mut admin).await.expect("killed");
    let mut notices = Vec::new();
    // The loss may first be told as an error; the next call connects anew.
    eventually("the notice of the loss", async || listener.recv().await.map(|notice| notices.push(notice)))
        .await;
    assert_eq!(notices, [OrderNotice::Resync]);
    give(&api, tenant, device, NOW).await;
    assert_eq!(listener.recv().await.expect("woken"), OrderNotice::Order { tenant, device });
}
