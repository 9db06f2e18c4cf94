//! Rules that warn of vulnerable applications or block them, over HTTP.

use palisade_testkit::VulnerableRows;
use palisade_types::TimeMicros;
use serde_json::{Value, json};

use crate::world::{Answer, World};

const ROUTE: &str = "/api/v1/application-blocks";

async fn filled(world: &World) -> VulnerableRows {
    let mut rows = VulnerableRows::new(&world.db, world.a.tenant.id, TimeMicros::now()).await;
    let device = world.a.device;
    rows.component(1, ["debian", "debian:12", "openssl", "3.0.1-1"], &[device], &[device]).await;
    rows.vulnerability("CVE-2026-0001", "critical", Some(9.8), true).await;
    rows.finding(1, "CVE-2026-0001", "3.0.3-1").await;
    rows.recommendation("update-openssl", ["openssl", "3.0.3-1"], &[device], 12.5).await;
    rows
}

fn body(more: &Value) -> Value {
    let mut body = json!({"subject_type": "vulnerability", "subject": "CVE-2026-0001", "mode": "warn", "note": "exploited"});
    if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
        body.extend(more.clone());
    }
    body
}

async fn make(world: &World, more: &Value, status: u16) -> Answer {
    world.call("POST", ROUTE).bearer(&world.a.operator).json(&body(more)).expect(status).await
}

#[tokio::test]
async fn a_rule_is_made_set_to_block_and_ended() {
    let world = World::new().await;
    let _rows = filled(&world).await;
    for (more, status, code) in [
        (json!({"mode": "block"}), 400, "block_warn_first"),
        (json!({"mode": "melt"}), 400, "invalid_body"),
        (json!({"days": 366}), 400, "invalid_argument"),
        (json!({"note": ""}), 400, "invalid_argument"),
        (json!({"message": "a\u{7}b"}), 400, "invalid_argument"),
        (json!({"subject": "CVE-2026-9999"}), 404, "not_found"),
        (json!({"subject_type": "software"}), 400, "invalid_argument"),
        (json!({"software": {"ecosystem": "debian:12", "source": "x"}}), 400, "invalid_argument"),
        (
            json!({"subject_type": "software", "subject": "", "software": {"ecosystem": "npm", "source": "x"}}),
            400,
            "invalid_argument",
        ),
    ] {
        assert_eq!(make(&world, &more, status).await.code(), code, "{more}");
    }
    let made = make(&world, &json!({}), 201).await;
    assert_eq!(
        (made.text("title"), made.text("mode"), made.text("state")),
        ("CVE-2026-0001: openssl below 3.0.3-1", "warn", "active")
    );
    assert_eq!(made.body["devices"]["affected"], 1);
    assert!(made.text("block_possible_at") > made.text("warning_since"));
    assert_eq!(make(&world, &json!({}), 400).await.code(), "block_exists");
    let id = made.text("id").to_owned();
    let mode = format!("{ROUTE}/{id}/mode");
    let set = |change: Value| world.call("POST", &mode).bearer(&world.a.operator).json(&change);
    assert_eq!(set(json!({"mode": "block"})).expect(400).await.code(), "block_warn_first");
    let blocks = set(json!({"mode": "block", "confirm_reason": "it is attacked"})).expect(200).await;
    assert_eq!((blocks.text("mode"), blocks.text("confirm_reason")), ("block", "it is attacked"));
    let listed = world.get(&format!("{ROUTE}?state=active&mode=block"), &world.a.reader).expect(200).await;
    assert_eq!((&listed.body["total"], &listed.body["items"][0]["id"]), (&json!(1), &json!(id)));
    let none = world.get(&format!("{ROUTE}?mode=warn"), &world.a.reader).expect(200).await;
    assert_eq!(none.body["total"], 0);
    let bad = world.get(&format!("{ROUTE}?state=bad"), &world.a.reader).expect(400).await;
    assert_eq!(bad.code(), "invalid_argument");
    let one = format!("{ROUTE}/{id}");
    let over = world.call("DELETE", &one).bearer(&world.a.operator).expect(200).await;
    assert_eq!(over.text("state"), "cancelled");
    let again = world.call("DELETE", &one).bearer(&world.a.operator).expect(200).await;
    assert_eq!(again.text("ended_at"), over.text("ended_at"), "the first word stands");
    assert_eq!(set(json!({"mode": "warn"})).expect(400).await.code(), "block_over");
    let audit = world.audit(&world.a.tenant).await;
    let said =
        |kind: &str, key: &str, value: &str| audit.iter().any(|e| e.kind == kind && e.detail[key] == value);
    assert!(said("application_block.create", "block_id", &id));
    assert!(said("application_block.mode", "confirm_reason", "it is attacked"));
    assert!(said("application_block.cancel", "title", "CVE-2026-0001: openssl below 3.0.3-1"));
}

#[tokio::test]
async fn a_rules_devices_show_what_was_proved() {
    let world = World::new().await;
    let _rows = filled(&world).await;
    let id = make(&world, &json!({}), 201).await.text("id").to_owned();
    let now = TimeMicros::now();
    let (state, tenant) = (&world.state, world.a.tenant.id);
    state.settle_application_blocks(tenant, now).await.expect("settled");
    let devices = format!("{ROUTE}/{id}/devices");
    let waits = world.get(&devices, &world.a.reader).expect(200).await;
    assert_eq!((&waits.body["total"], &waits.body["items"][0]["state"]), (&json!(1), &json!("waiting")));
    let list = state.open_application_block_lists(tenant, 10, now).await.expect("read").remove(0);
    let rule = palisade_state::vulnerabilities::blocks::BlockedRule {
        id: list.rules[0],
        state: "watched",
        files: 2,
        packages: json!(["openssl 3.0.1-1"]),
        refused: json!([{"path": "/usr/bin/sh", "package": "openssl", "code": "block_refused_never_touch", "reason": "shell"}]),
        ..Default::default()
    };
    let proved = palisade_state::vulnerabilities::blocks::BlockDevice::Proved {
        rung: "fanotify".into(),
        rules: vec![rule],
    };
    state
        .note_application_block_list(tenant, (list.device, list.revision), &proved, now)
        .await
        .expect("noted");
    let shown = world.get(&format!("{devices}?state=watched"), &world.a.reader).expect(200).await;
    let row = &shown.body["items"][0];
    assert_eq!(
        (&row["device_id"], &row["rung"], &row["files"], &row["affected"]),
        (&json!(world.a.device.to_string()), &json!("fanotify"), &json!(2), &json!(true))
    );
    assert_eq!(row["refused"][0]["code"], "block_refused_never_touch");
    assert!(row["acknowledged_at"].is_string());
    let rule = world.get(&format!("{ROUTE}/{id}"), &world.a.reader).expect(200).await;
    assert_eq!((&rule.body["devices"]["watched"], &rule.body["devices"]["waiting"]), (&json!(1), &json!(0)));
}
