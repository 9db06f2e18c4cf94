//! Orders: signed by the tenant's key, carried, closed by a receipt.

use palisade_state::{DbRole, OrderReceipt};
use palisade_types::TimeMicros;
use palisade_wire::{OrderCheck, msg, verify};
use prost::Message;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn an_order_is_signed_delivered_and_done() {
    let world = World::new().await;
    let path = format!("/api/v1/devices/{}/orders", world.a.device);
    let body = json!({"kind": "collect-now", "reason": "to see it"});
    let made = world.call("POST", &path).bearer(&world.a.admin).json(&body).expect(201).await;
    assert_eq!((made.text("state"), made.text("kind")), ("queued", "collect-now"));
    assert!(made.text("requested_by").contains("administrator@alpha.example"));

    let ingest = world.db.state(DbRole::Ingest).await;
    let now = TimeMicros::now();
    let due = ingest
        .due_for_device(world.a.tenant.id, world.a.device, TimeMicros(0), now)
        .await
        .expect("due orders");
    let signed = msg::SignedOrder::decode(due[0].signed.as_slice()).expect("a signed order");
    let key = world.key.verifying_key().to_bytes();
    let tenant = world.a.tenant.id.to_string();
    let check =
        OrderCheck { key: &key, device: world.a.device, tenant: &tenant, last_number: 0, now_us: now.0 };
    let order = verify(&signed, &check).expect("the sensor would obey");
    assert_eq!((order.kind.as_str(), order.reason.as_str()), ("collect-now", "to see it"));
    assert_eq!((order.id.as_str(), order.number), (made.text("id"), due[0].number));
    assert!(verify(&signed, &OrderCheck { device: world.b.device, ..check }).is_err());

    ingest.mark_delivered(world.a.tenant.id, due[0].id, now).await.expect("delivered");
    let lake = world.db.state(DbRole::Lake).await;
    let receipt =
        OrderReceipt { order: due[0].id, ok: true, body: json!({"rows": 3}), at: TimeMicros::now() };
    lake.complete_order(world.a.tenant.id, world.a.device, receipt).await.expect("completed");
    let shown = world.get(&format!("/api/v1/orders/{}", made.text("id")), &world.a.reader).expect(200).await;
    assert_eq!(shown.text("state"), "succeeded");
    assert_eq!(shown.body["receipt"]["rows"], 3);
    assert!(shown.body["round_trip_ms"].is_number() && shown.body["delivered_at"].is_string());
    let listed = world.get(&path, &world.a.reader).expect(200).await;
    assert_eq!((&listed.body["total"], &listed.body["items"][0]["id"]), (&json!(1), &made.body["id"]));

    let entry = &world.audit(&world.a.tenant).await[0];
    assert_eq!(
        (entry.kind.as_str(), entry.target.as_str()),
        ("order.create", world.a.device.to_string().as_str())
    );
    assert_eq!(entry.detail["order_id"], made.body["id"]);
    assert_eq!(entry.detail["reason"], "to see it");
}

#[tokio::test]
async fn an_order_needs_a_reason_and_a_known_kind() {
    let world = World::new().await;
    let path = format!("/api/v1/devices/{}/orders", world.a.device);
    let give = |body: serde_json::Value| world.call("POST", &path).bearer(&world.a.admin).json(&body);
    assert_eq!(give(json!({"kind": "ping", "reason": "  "})).expect(400).await.code(), "reason_required");
    assert_eq!(
        give(json!({"kind": "ping", "reason": "x".repeat(501)})).expect(400).await.code(),
        "reason_required"
    );
    assert_eq!(give(json!({"kind": "format", "reason": "x"})).expect(400).await.code(), "invalid_body");
    assert_eq!(world.audit(&world.a.tenant).await.len(), 3, "what was refused leaves its entry too");
    let orders = world.get(&path, &world.a.admin).expect(200).await;
    assert_eq!(orders.body["total"], 0);
}
