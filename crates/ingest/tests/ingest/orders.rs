use std::time::Duration;

use ed25519_dalek::SigningKey;
use palisade_ingest::{Limits, names};
use palisade_log::LogOptions;
use palisade_state::{DeviceScope, NewOrder, OrderRecord, OrderState};
use palisade_testkit::eventually;
use palisade_types::TimeMicros;
use palisade_wire::msg::Order;
use palisade_wire::sign;
use prost::Message;

use crate::client::Frames;
use crate::fixture::{Device, Fixture, limits};

async fn give(f: &Fixture, device: &Device, kind: &str) -> OrderRecord {
    let now = TimeMicros::now();
    let new = NewOrder {
        device: device.id,
        kind: kind.into(),
        reason: "test".into(),
        requested_by: "test".into(),
        requested_by_id: None,
        expires_at: now.plus_micros(3_600_000_000),
    };
    let signed = |id: palisade_types::OrderId, number: u64| {
        let order = Order { id: id.to_string(), number, kind: kind.into(), ..Order::default() };
        Ok::<_, std::convert::Infallible>(sign(&order, &SigningKey::from_bytes(&[7; 32])).encode_to_vec())
    };
    f.api.create_order(device.tenant, &DeviceScope::all(), new, signed, now).await.expect("an order")
}

fn id_of(signed: &palisade_wire::msg::SignedOrder) -> String {
    Order::decode(signed.order.clone()).expect("an order").id
}

async fn stream(device: &Device) -> Frames {
    Frames::new(device.client.send("GET", "/v1/orders", vec![]).await)
}

async fn is_delivered(f: &Fixture, order: &OrderRecord) {
    let order_of = async || {
        f.api
            .order(f.tenant.id, &DeviceScope::all(), order.id)
            .await
            .map(|o| o.state == OrderState::Delivered)
    };
    eventually("the order is marked as delivered", async || order_of().await.unwrap_or(false)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_brings_orders_of_before_and_of_now_and_keeps_alive() {
    let f =
        Fixture::with(Limits { keep_alive: Duration::from_millis(50), ..limits() }, LogOptions::default())
            .await;
    let (device, other) = (f.enrol().await, f.enrol().await);
    let before = give(&f, &device, "ping").await;
    let mut frames = stream(&device).await;
    assert_eq!(id_of(&frames.order().await.expect("an order")), before.id.to_string());
    is_delivered(&f, &before).await;
    let now = give(&f, &device, "collect-now").await;
    assert_eq!(id_of(&frames.order().await.expect("an order")), now.id.to_string());
    is_delivered(&f, &now).await;
    for _ in 0..3 {
        let idle = frames.next().await.expect("a frame");
        assert!(idle.order.is_none() && idle.server_time_us > 0);
    }
    // Another device hears nothing of it.
    let mut theirs = stream(&other).await;
    assert!(theirs.next().await.expect("a frame").order.is_none());
    // What has no receipt comes again over a new stream.
    drop(frames);
    let mut again = stream(&device).await;
    let ids =
        [id_of(&again.order().await.expect("an order")), id_of(&again.order().await.expect("an order"))];
    assert_eq!(ids, [before.id.to_string(), now.id.to_string()]);
    assert_eq!(f.count(names::ORDERS, &[]), 4);

    // A device that is taken out of service loses its stream.
    f.api.offboard_device(f.tenant.id, device.id).await.expect("offboards");
    while again.next().await.is_some() {}
    assert!(f.refused("certificate_revoked") >= 1);
    assert!(theirs.next().await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_poll_returns_with_an_order_or_after_its_time() {
    let f = Fixture::new().await;
    let device = f.enrol().await;
    let empty = device.client.raw("GET", "/v1/orders?wait=1", vec![]).await.expect("answers");
    assert!(empty.is_empty());
    let waiting = tokio::spawn({
        let client = device.client.clone();
        async move { Frames::new(client.send("GET", "/v1/orders?wait=60", vec![]).await).order().await }
    });
    let order = give(&f, &device, "ping").await;
    assert_eq!(id_of(&waiting.await.expect("ends").expect("an order")), order.id.to_string());
    is_delivered(&f, &order).await;
    for bad in ["0", "61", "x", "-1"] {
        let refused =
            device.client.raw("GET", &format!("/v1/orders?wait={bad}"), vec![]).await.expect_err("refused");
        assert_eq!(refused.code(), "batch_malformed");
    }
    assert_eq!(
        f.anonymous().raw("GET", "/v1/orders", vec![]).await.expect_err("refused").code(),
        "certificate_required"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_of_one_device_are_bounded_and_end_with_the_server() {
    let f = Fixture::with(Limits { order_streams: 2, ..limits() }, LogOptions::default()).await;
    let (device, other) = (f.enrol().await, f.enrol().await);
    let (mut a, mut b) = (stream(&device).await, stream(&device).await);
    assert!(a.next().await.is_some() && b.next().await.is_some());
    let refused = device.client.raw("GET", "/v1/orders", vec![]).await.expect_err("refused");
    assert_eq!(refused.code(), "rate_limited");
    assert!(stream(&other).await.next().await.is_some());
    drop(b);
    eventually("a place is free again", async || {
        device.client.send("GET", "/v1/orders?wait=1", vec![]).await.status() == 200
    })
    .await;
    f.server.shutdown(Duration::from_secs(30)).await;
    while a.next().await.is_some() {}
}
