//! Machines, connectors and health as the console asks for them.

use palisade_connectors::ConnectorError;
use palisade_estate::health::{Cause, Code, Finding, Source, Weight};
use palisade_estate::machine::{OsFacts, PowerState};
use palisade_state::DbRole;
use palisade_state::estate::{Listed, MachineWrite, NewConnector, NewSubscription, Placement, Raised};
use palisade_types::{MachineId, SubscriptionId, TimeMicros};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{HOUR, World};

pub(crate) async fn subscription(world: &World, name: &str) -> SubscriptionId {
    let new = NewSubscription {
        name: name.to_owned(),
        kind: "ssh".to_owned(),
        external_id: String::new(),
        owner_tag: String::new(),
    };
    world.state.create_subscription(world.a.tenant.id, &new, TimeMicros::now()).await.expect("made").id
}

pub(crate) async fn connector(world: &World, subscription: SubscriptionId, name: &str) -> Uuid {
    let settings = json!({"inventory": "web-1"});
    let new = NewConnector { subscription, kind: "ssh".into(), name: name.into(), settings, secret: None };
    world.state.create_connector(world.a.tenant.id, &new, TimeMicros::now()).await.expect("made").id
}

/// Machines as a connector lists them, by name and distribution.
pub(crate) async fn list(
    world: &World,
    subscription: SubscriptionId,
    connector: Uuid,
    machines: &[(&str, &str)],
) {
    let connect = world.db.state(DbRole::Connect).await;
    let listed: Vec<Listed> = machines
        .iter()
        .map(|(name, os)| Listed {
            name: (*name).to_owned(),
            cloud_id: format!("{connector}/{name}"),
            place: json!({}),
            os: OsFacts { id: (*os).to_owned(), version: "12".to_owned(), ..OsFacts::default() },
            image: String::new(),
            addresses: Vec::new(),
            tags: std::collections::BTreeMap::new(),
            power: PowerState::Unknown,
        })
        .collect();
    let place = Placement { subscription, connector: Some(connector) };
    connect.write_listing(world.a.tenant.id, place, &listed, TimeMicros::now()).await.expect("listed");
    connect.close().await;
}

/// What the estate process writes of a machine: its status, and one finding raised since an instant.
async fn judge(world: &World, machine: &str, code: Code, since: TimeMicros, stands: bool) {
    let entry = code.entry();
    let estate = world.db.state(DbRole::Estate).await;
    let machine = MachineId(machine.parse().expect("an identifier"));
    let cause = Cause::new(code, Source::Provisioning);
    let raised = |raised: bool, message: String| Raised {
        code: code.as_str(),
        kind: entry.kind.as_str().to_owned(),
        raised,
        since,
        message,
    };
    let finding = Finding {
        machine,
        kind: entry.kind,
        code,
        weight: entry.weight,
        message: cause.message(),
        remediation: "",
        since,
        last_evaluated: TimeMicros::now(),
        source: Source::Provisioning,
        evidence: cause.evidence.clone(),
    };
    let plans = palisade_estate::plan::SubscriptionPlans::default();
    let mut write = MachineWrite {
        machine,
        reconciler: palisade_estate::provision::Machine::default(),
        tracker: palisade_estate::health::Tracker::default(),
        status: if entry.weight == Weight::Unhealthy { "unhealthy" } else { "healthy" },
        extension: "partial",
        progress: "open".to_owned(),
        doing: String::new(),
        plan: palisade_estate::plan::effective(&plans, palisade_estate::plan::Override::Inherit, since),
        report: None,
        findings: vec![finding],
        changes: vec![raised(true, cause.message())],
    };
    let tenant = world.a.tenant.id;
    estate.write_machines(tenant, &[write.clone()], since).await.expect("written");
    if !stands {
        write.status = "healthy";
        write.findings.clear();
        write.changes = vec![raised(false, String::new())];
        estate.write_machines(tenant, &[write], since.plus_micros(HOUR)).await.expect("written");
    }
    estate.close().await;
}

async fn names(world: &World, query: &str) -> Vec<String> {
    let path = format!("/api/v1/machines?{query}");
    let told = world.get(&path, &world.a.reader).expect(200).await;
    let items = told.body["items"].as_array().expect("machines").clone();
    items.iter().map(|m| m["name"].as_str().expect("a name").to_owned()).collect()
}

pub(crate) async fn id_of(world: &World, name: &str) -> String {
    let told = world.get(&format!("/api/v1/machines?search={name}"), &world.a.reader).expect(200).await;
    told.body["items"][0]["id"].as_str().expect("the machine").to_owned()
}

/// Two connectors with two machines and one; `host-a1` fails its installation, `host-b1` lost its heartbeat.
async fn estate(world: &World) -> (SubscriptionId, Uuid, Uuid) {
    let subscription = subscription(world, "lab").await;
    let (a, b) = (connector(world, subscription, "a").await, connector(world, subscription, "b").await);
    list(world, subscription, a, &[("host-a1", "ubuntu"), ("host-a2", "debian")]).await;
    list(world, subscription, b, &[("host-b1", "fedora")]).await;
    let now = TimeMicros::now();
    judge(
        world,
        &id_of(world, "host-a1").await,
        Code::ConnectorUnreachable,
        now.plus_micros(-5 * HOUR),
        true,
    )
    .await;
    judge(world, &id_of(world, "host-a1").await, Code::HostKeyUnknown, now.plus_micros(-3 * HOUR), true)
        .await;
    judge(world, &id_of(world, "host-a2").await, Code::HostKeyUnknown, now.plus_micros(-3 * HOUR), false)
        .await;
    judge(world, &id_of(world, "host-b1").await, Code::HeartbeatLost, now.plus_micros(-HOUR), true).await;
    (subscription, a, b)
}

#[tokio::test]
async fn machines_are_found_by_connector_and_kind_and_come_in_the_order_that_was_asked_for() {
    let world = World::new().await;
    let (_, a, b) = estate(&world).await;
    assert_eq!(names(&world, &format!("connector={a}")).await, ["host-a1", "host-a2"]);
    assert_eq!(names(&world, &format!("connector={b}")).await, ["host-b1"]);
    assert_eq!(names(&world, "kind=installation").await, ["host-a1"]);
    assert_eq!(names(&world, "kind=heartbeat").await, ["host-b1"]);
    assert_eq!(names(&world, "kind=heartbeat&status=healthy").await, [""; 0]);
    assert_eq!(names(&world, "sort=name&order=desc").await, ["host-b1", "host-a2", "host-a1"]);
    assert_eq!(names(&world, "sort=system").await, ["host-a2", "host-b1", "host-a1"]);
    assert_eq!(names(&world, "sort=status&status=healthy,unhealthy").await[0], "host-a2");
    // Page by page in the same order; a cursor of another order is refused.
    let mut seen = Vec::new();
    let mut path = "/api/v1/machines?sort=system&order=desc&limit=1".to_owned();
    let cursor = loop {
        let told = world.get(&path, &world.a.reader).expect(200).await;
        seen.push(told.body["items"][0]["name"].as_str().expect("a name").to_owned());
        match told.body["next_cursor"].as_str() {
            Some(next) if seen.len() < 3 => {
                path = format!("/api/v1/machines?sort=system&order=desc&limit=1&cursor={next}");
            }
            other => {
                break other.map(str::to_owned).or_else(|| path.split("cursor=").nth(1).map(str::to_owned));
            }
        }
    };
    assert_eq!(seen, ["host-a1", "host-b1", "host-a2"]);
    let other = format!("/api/v1/machines?sort=status&cursor={}", cursor.expect("a cursor"));
    assert_eq!(world.get(&other, &world.a.reader).expect(400).await.code(), "cursor_invalid");
    for bad in ["sort=age", "order=up", "kind=odd", "connector=x"] {
        let told = world.get(&format!("/api/v1/machines?{bad}"), &world.a.reader).expect(400).await;
        assert_eq!(told.code(), "invalid_argument", "{bad}");
    }
}

#[tokio::test]
async fn health_is_told_by_kind_and_over_time() {
    let world = World::new().await;
    estate(&world).await;
    let told = world.get("/api/v1/health/summary", &world.a.reader).expect(200).await;
    assert_eq!(told.body["machines"]["unhealthy"], 2, "{}", told.body);
    assert_eq!(told.body["unhealthy"], json!({"installation": 1, "heartbeat": 1}));
    let lost =
        told.body["findings"].as_array().expect("findings").iter().find(|f| f["code"] == "heartbeat_lost");
    assert_eq!(lost.expect("it stands")["weight"], "unhealthy");

    let told = world.get("/api/v1/health/trend?hours=6", &world.a.reader).expect(200).await;
    assert_eq!(told.body["step_seconds"], 360);
    let points = told.body["items"].as_array().expect("points").clone();
    assert_eq!(points.len(), 61);
    // Minutes ago, machines by installation and by heartbeat: two findings of one machine count once.
    let at = |minutes: usize| &points[60 - minutes / 6];
    for (minutes, installation, heartbeat) in
        [(354, 0, 0), (282, 1, 0), (162, 2, 0), (102, 1, 0), (30, 1, 1), (0, 1, 1)]
    {
        let point = at(minutes);
        assert_eq!(point["installation"], installation, "{minutes} minutes ago: {points:?}");
        assert_eq!(point["heartbeat"], heartbeat, "{minutes} minutes ago: {points:?}");
    }
    let refused = world.get("/api/v1/health/trend?hours=0", &world.a.reader).expect(400).await;
    assert_eq!(refused.code(), "invalid_argument");
}

#[tokio::test]
async fn a_connector_says_what_hangs_on_it_what_is_wrong_and_what_to_do() {
    let world = World::new().await;
    let (subscription, a, _) = estate(&world).await;
    let (tenant, now) = (world.a.tenant.id, TimeMicros::now());
    let error = ConnectorError::Unreachable { address: "web-1".into(), detail: "refused".into() };
    let checks = json!([
        {"name": "client", "outcome": "ok", "evidence": "OpenSSH", "cause": null},
        {"name": "reach", "outcome": "failed", "evidence": "0 of 1", "cause": error.cause()},
    ]);
    let connect = world.db.state(DbRole::Connect).await;
    let said = json!({"message": error.to_string(), "code": error.code().as_str()});
    connect.listing_ended(tenant, a, Some(&said), &checks, now).await.expect("written");
    let key = palisade_state::estate::HostKey {
        host: "web-1".into(),
        key_type: "ssh-ed25519".into(),
        key: "AAAA".into(),
        fingerprint: "SHA256:x".into(),
        confirmed_at: None,
        confirmed_by: None,
    };
    connect.host_keys_seen(tenant, a, &[key], now).await.expect("written");
    connect.close().await;

    let path = format!("/api/v1/connectors/{a}");
    let told = world.get(&path, &world.a.reader).expect(200).await.body;
    assert_eq!((&told["machines"], &told["keys_waiting"]), (&json!(2), &json!(1)));
    assert_eq!(told["error_code"], "connector_unreachable");
    assert_eq!(told["error_fix"], Code::ConnectorUnreachable.entry().remediation);
    assert_eq!(
        told["checks"][0],
        json!({"name": "client", "outcome": "ok", "evidence": "OpenSSH", "code": null, "fix": ""})
    );
    assert_eq!(told["checks"][1]["code"], "connector_unreachable");
    assert_eq!(told["checks"][1]["fix"], told["error_fix"]);

    // Rolled out, paused with a reason, ended with another; then it cannot be paused.
    world.call("POST", &format!("{path}/rollout")).bearer(&world.a.operator).expect(202).await;
    assert_eq!(world.get(&path, &world.a.reader).expect(200).await.text("state"), "active");
    let paused = world.call("POST", &format!("{path}/pause")).bearer(&world.a.operator);
    let paused = paused.json(&json!({"reason": "a change freeze"})).expect(200).await;
    assert_eq!(paused.text("state"), "planned");
    assert_eq!(world.audit(&world.a.tenant).await[0].detail["reason"], "a change freeze");
    world.call("POST", &format!("{path}/pause")).bearer(&world.a.operator).expect(200).await;
    world.call("DELETE", &format!("{path}?reason=moved%20away")).bearer(&world.a.admin).expect(204).await;
    assert_eq!(world.audit(&world.a.tenant).await[0].detail["reason"], "moved away");
    let late = world.call("POST", &format!("{path}/pause")).bearer(&world.a.operator).expect(409).await;
    assert_eq!(late.code(), "conflict");

    let told = world.get(&format!("/api/v1/subscriptions/{subscription}/rollout"), &world.a.reader);
    assert_eq!(told.expect(200).await.text("state"), "none");
}

#[tokio::test]
async fn machines_are_invited_with_a_token_that_is_bounded_and_belongs_to_a_subscription() {
    let world = World::new().await;
    let subscription = subscription(&world, "edge").await.to_string();
    let ask = |form: &str, hours: u32| json!({"subscription_id": subscription, "form": form, "expires_in_hours": hours, "max_uses": 3});
    let before =
        world.get("/api/v1/enrolment-tokens", &world.a.admin).expect(200).await.body["total"].clone();
    for (form, begins) in
        [("script", "#!/bin/sh\n"), ("cloud_init", "#cloud-config\n"), ("package", "#!/bin/sh\n")]
    {
        let call = world.call("POST", "/api/v1/onboarding").bearer(&world.a.admin);
        let made = call.json(&ask(form, 2)).expect(201).await;
        let text = made.text("text").to_owned();
        assert!(text.starts_with(begins), "{form}: {text}");
        // User data is packed.
        assert!(form == "cloud_init" || (text.contains("pale_") && text.contains("https://localhost:8444")));
        let list = world.get("/api/v1/enrolment-tokens", &world.a.admin).expect(200).await;
        let tokens = list.body["items"].as_array().expect("tokens");
        let token = tokens.iter().find(|t| t["id"] == made.body["token_id"]).expect("the token is listed");
        assert_eq!((&token["subscription_id"], &token["max_uses"]), (&json!(subscription), &json!(3)));
        assert_eq!(token["machine_id"], Value::Null);
    }
    let entry = &world.audit(&world.a.tenant).await[0];
    assert_eq!((entry.kind.as_str(), &entry.detail["form"]), ("onboarding.create", &json!("package")));
    assert!(!entry.detail.to_string().contains("pale_"));

    let call = |body: &Value| world.call("POST", "/api/v1/onboarding").bearer(&world.a.admin).json(body);
    assert_eq!(call(&ask("script", 0)).expect(400).await.code(), "invalid_argument");
    let elsewhere =
        json!({"subscription_id": Uuid::new_v4(), "form": "script", "expires_in_hours": 1, "max_uses": 1});
    assert_eq!(call(&elsewhere).expect(404).await.code(), "not_found");

    let deb = world.get("/api/v1/onboarding/package?form=deb", &world.a.admin).expect(200).await;
    assert!(deb.bytes.starts_with(b"!<arch>\n"));
    assert_eq!(deb.header("content-disposition"), "attachment; filename=\"palisade-sensor_1.0_amd64.deb\"");
    let rpm = world.get("/api/v1/onboarding/package?form=rpm", &world.a.admin).expect(200).await;
    assert!(rpm.bytes.starts_with(&[0xed, 0xab, 0xee, 0xdb]));
    // The sensor is gone from the server: said with a code, and no token stays behind.
    std::fs::remove_file(world.sensor.path().join("palisade-sensor")).expect("removed");
    assert_eq!(call(&ask("script", 2)).expect(503).await.code(), "sensor_missing");
    let list = world.get("/api/v1/enrolment-tokens", &world.a.admin).expect(200).await;
    assert_eq!(list.body["total"].as_u64(), before.as_u64().map(|n| n + 3));
}

#[tokio::test]
async fn verbs_leave_their_reason_in_the_audit_log() {
    let world = World::new().await;
    estate(&world).await;
    let machine = id_of(&world, "host-a2").await;
    let other = subscription(&world, "other").await.to_string();
    let path = format!("/api/v1/machines/{machine}");
    let last = async || world.audit(&world.a.tenant).await[0].detail["reason"].clone();
    let moved = json!({"subscription_id": other, "reason": "its owner changed"});
    let told =
        world.call("POST", &format!("{path}/move")).bearer(&world.a.admin).json(&moved).expect(200).await;
    assert_eq!(told.text("subscription"), "other");
    assert_eq!(last().await, "its owner changed");
    let why = json!({"reason": "sold"});
    world.call("POST", &format!("{path}/offboard")).bearer(&world.a.admin).json(&why).expect(200).await;
    assert_eq!(last().await, "sold");
    // A script may leave the reason out, and the body too.
    world.call("POST", &format!("{path}/onboard")).bearer(&world.a.admin).expect(200).await;
    assert_eq!(last().await, Value::Null);
    let gone = format!("{path}/extension?reason=odd%20state");
    world.call("DELETE", &gone).bearer(&world.a.operator).expect(202).await;
    assert_eq!(last().await, "odd state");
}
