//! Webhooks, rules, deliveries and the event timeline over HTTP.

use palisade_estate::notify::EventKind;
use palisade_state::DbRole;
use palisade_state::notifications::{DeliveryOutcome, RemediationNotice};
use palisade_types::TimeMicros;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{Answer, World};

async fn make(world: &World, path: &str, body: Value) -> Answer {
    world.call("POST", path).bearer(&world.a.admin).json(&body).send().await
}

fn webhook() -> Value {
    json!({
        "name": "Team", "url": "https://hooks.example.com/T/secret-path", "format": "jira",
        "settings": {"project": "SEC"}, "headers": {"Authorization": "Basic c2VjcmV0"}, "tickets": true,
    })
}

#[tokio::test]
async fn a_webhooks_secrets_come_out_once_or_never() {
    let world = World::new().await;
    let made = make(&world, "/api/v1/webhooks", webhook()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(made.text("signing_secret").starts_with("whsec_") && made.text("signing_secret").len() > 60);
    assert_eq!(
        (made.text("origin"), &made.body["headers"]),
        ("https://hooks.example.com", &json!(["authorization"]))
    );
    let path = format!("/api/v1/webhooks/{}", made.text("id"));
    for list in ["/api/v1/webhooks", &path] {
        let shown = world.get(list, &world.a.reader).expect(200).await;
        let told = String::from_utf8_lossy(&shown.bytes).into_owned();
        for secret in ["secret-path", "c2VjcmV0", "whsec_", "signing_secret"] {
            assert!(!told.contains(secret), "{list} tells {secret}: {told}");
        }
    }
    let audit = world.audit(&world.a.tenant).await;
    let entry = audit.iter().find(|e| e.kind == "webhook.create").expect("an entry");
    assert!(!entry.detail.to_string().contains("secret-path"), "{}", entry.detail);

    let patch =
        async |body: Value| world.call("PATCH", &path).bearer(&world.a.admin).json(&body).send().await;
    let elsewhere = patch(json!({"url": "https://evil.example/"})).await;
    assert_eq!((elsewhere.status, elsewhere.code()), (400, "webhook_secret_needed"));
    let half = patch(json!({"signing_secret": "x".repeat(20)})).await;
    assert_eq!(half.code(), "webhook_secret_needed", "the headers would be lost");
    let same = patch(json!({"url": "https://hooks.example.com/other", "name": "Crew"})).await;
    assert_eq!((same.status, same.text("name"), same.text("signing_secret")), (200, "Crew", ""));
    let moved = patch(json!({"url": "https://new.example/", "headers": {}, "enabled": false})).await;
    assert_eq!((moved.status, moved.text("origin")), (200, "https://new.example"));
    assert!(moved.text("signing_secret").starts_with("whsec_"));
    assert_eq!(
        make(&world, &format!("{path}/test"), json!({})).await.code(),
        "conflict",
        "it is switched off"
    );
    world.call("DELETE", &path).bearer(&world.a.admin).expect(204).await;
    assert_eq!(world.get(&path, &world.a.admin).expect(404).await.code(), "not_found");
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_with_a_code() {
    let world = World::new().await;
    for (key, value) in [
        ("url", json!("ftp://example.com/")),
        ("url", json!("https://user:pass@example.com/")),
        ("format", json!("xml")),
        ("settings", json!({})),
        ("settings", json!({"project": "SEC", "ticket_key": "key"})),
        ("headers", json!({"Host": "x"})),
        ("headers", json!({"x": "a\r\nb: c"})),
        ("headers", json!({"Palisade-Signature": "x"})),
        ("signing_secret", json!("short")),
    ] {
        let mut body = webhook();
        body[key] = value;
        let refused = make(&world, "/api/v1/webhooks", body.clone()).await;
        assert_eq!((refused.status, refused.code()), (400, "webhook_invalid"), "{body}");
    }
    let rule = |kinds: Value, webhook: Uuid| json!({"name": "r", "kinds": kinds, "webhook_ids": [webhook]});
    for (body, code) in [
        (rule(json!(["nonsense"]), Uuid::nil()), "invalid_argument"),
        (rule(json!([]), Uuid::nil()), "invalid_argument"),
        (rule(json!(["feed_trouble"]), Uuid::nil()), "not_found"),
    ] {
        assert_eq!(make(&world, "/api/v1/notification-rules", body).await.code(), code);
    }
    for (path, code) in [
        ("/api/v1/vulnerability-events?kind=bad", "invalid_argument"),
        ("/api/v1/vulnerability-events?since=yesterday", "invalid_argument"),
        ("/api/v1/vulnerability-events?cursor=bad", "cursor_invalid"),
        ("/api/v1/notification-deliveries?state=bad", "invalid_argument"),
    ] {
        assert_eq!(world.get(path, &world.a.reader).expect(400).await.code(), code, "{path}");
    }
}

#[tokio::test]
async fn a_rule_is_made_tried_changed_and_its_deliveries_are_seen() {
    let world = World::new().await;
    let webhook = make(&world, "/api/v1/webhooks", webhook()).await;
    let body = |kinds: Value| {
        json!({"name": "Exploited", "kinds": kinds, "severity": "high", "exploited_only": true,
               "webhook_ids": [webhook.text("id"), webhook.text("id")]})
    };
    let made =
        make(&world, "/api/v1/notification-rules", body(json!(["new_vulnerability", "feed_trouble"]))).await;
    assert_eq!((made.status, &made.body["webhooks"][0]["name"]), (201, &json!("Team")), "{}", made.body);
    assert_eq!(made.body["webhooks"].as_array().map(Vec::len), Some(1), "named twice is named once");
    let path = format!("/api/v1/notification-rules/{}", made.text("id"));
    let tried = make(&world, &format!("{path}/test"), json!({})).await;
    assert_eq!((tried.status, &tried.body["items"][0]["type"]), (202, &json!("test")));
    let events = tried.body["items"][0]["document"]["events"].as_array().expect("events");
    assert_eq!(events.len(), 2, "one of each kind");
    let body = body(json!(["end_of_life"]));
    let changed = world.call("PUT", &path).bearer(&world.a.admin).json(&body).expect(200).await;
    assert_eq!(changed.body["kinds"], json!(["end_of_life"]));

    let connect = world.db.state(DbRole::Connect).await;
    let (tenant, now) = (world.a.tenant.id, TimeMicros::now());
    let taken = connect.claim_deliveries(tenant, "test", 10, now).await.expect("taken").remove(0);
    let outcome = DeliveryOutcome {
        status: Some(401),
        code: "webhook_status".into(),
        error: "it answered 401".into(),
        ..DeliveryOutcome::default()
    };
    connect.delivery_ended(tenant, (taken.id, "test"), &outcome, now).await.expect("written");
    let dead = world.get("/api/v1/notification-deliveries?state=dead", &world.a.reader).expect(200).await;
    let shown = &dead.body["items"][0];
    assert_eq!(
        (&shown["last_status"], &shown["error"], &shown["rule"]),
        (&json!(401), &json!("it answered 401"), &json!("Exploited"))
    );
    let retry = format!("/api/v1/notification-deliveries/{}/retry", taken.id);
    let refused = world.call("POST", &retry).bearer(&world.a.operator).send().await;
    assert_eq!(refused.status, 403, "operators only look");
    let again = world.call("POST", &retry).bearer(&world.a.admin).expect(202).await;
    assert_eq!((again.text("state"), &again.body["attempts"]), ("queued", &json!(0)));
    let file = world.get("/api/v1/notification-deliveries?format=csv", &world.a.reader).expect(200).await;
    assert_eq!(String::from_utf8(file.bytes).expect("UTF-8").lines().count(), 2);
    connect.close().await;
}

#[tokio::test]
async fn the_timeline_is_a_list_and_a_file() {
    let world = World::new().await;
    let (tenant, device) = (world.a.tenant.id, world.a.device);
    let vuln = world.db.state(DbRole::Vuln).await;
    vuln.device_ordinals(tenant, &[device]).await.expect("a number");
    vuln.close().await;
    for (n, kind) in [EventKind::RemediationChanged, EventKind::RemediationOverdue].into_iter().enumerate() {
        let notice = RemediationNotice {
            remediation: Uuid::from_u128(1),
            kind,
            key: n.to_string(),
            title: format!("=step {n}"),
            severity: "high".into(),
            exploited: true,
            devices: vec![device],
            detail: json!({"state": "running"}),
        };
        let at = TimeMicros::now().plus_micros(i64::try_from(n).expect("few"));
        world.state.remediation_event(tenant, &notice, at).await.expect("written");
    }
    let path = "/api/v1/vulnerability-events";
    let all = world.get(path, &world.a.reader).expect(200).await;
    assert_eq!(
        (&all.body["total"], &all.body["items"][0]["kind"]),
        (&json!(2), &json!("remediation_overdue"))
    );
    let first = &all.body["items"][1];
    assert_eq!(
        (&first["devices"], &first["exploited"], &first["detail"]["state"]),
        (&json!(1), &json!(true), &json!("running"))
    );
    let some =
        world.get(&format!("{path}?kind=remediation_changed&limit=1"), &world.a.reader).expect(200).await;
    assert_eq!(some.body["total"], 1);
    let file = world.get(&format!("{path}?format=csv"), &world.a.reader).expect(200).await;
    let text = String::from_utf8(file.bytes).expect("UTF-8");
    assert!(text.starts_with("at,kind,subject_type,") && text.contains(",'=step 0,"), "{text}");
}
