//! Every operation of the document with no token, a wrong one, another tenant's, and each role.

use palisade_estate::health::{Cause, Code, Finding, Kind, Source, Weight};
use palisade_state::estate::{MachineWrite, NewConnector, NewSubscription};
use palisade_state::{AuditOutcome, DbRole, DeviceScope, NewOrder, NewToken, Role, Tenant, TokenScope};
use palisade_types::{DeviceId, MachineId, TimeMicros};
use serde_json::{Value, json};

use crate::world::{HOUR, Side, World, group_of, limited_token};

/// What a reader may do.
const READER: [&str; 14] = [
    "public",
    "signed-in",
    "account.manage",
    "audit.read",
    "devices.read",
    "estate.read",
    "events.read",
    "explore.run",
    "groups.read",
    "hunting.run",
    "machines.read",
    "search.run",
    "usage.read",
    "vulnerabilities.read",
];

/// What an operator may do besides; an administrator may do all.
const OPERATOR: [&str; 5] =
    ["devices.tag", "estate.operate", "machines.operate", "orders.create", "vulnerabilities.manage"];

struct Operation {
    id: String,
    method: String,
    path: String,
    permission: String,
    /// What it tells or changes of devices: `none`, `scope`, `all`.
    devices: String,
    audit: String,
}

fn operations() -> Vec<Operation> {
    let document = palisade_api::openapi();
    let text = |v: &Value| v.as_str().expect("a text").to_owned();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            all.push(Operation {
                id: text(&operation["operationId"]),
                method: method.to_uppercase(),
                path: path.clone(),
                permission: text(&operation["x-palisade-permission"]),
                devices: text(&operation["x-palisade-devices"]),
                audit: text(&operation["x-palisade-audit"]),
            });
        }
    }
    assert!(all.len() >= 30);
    all
}

/// Objects of tenant alpha that paths can name.
struct Objects {
    order: String,
    token: String,
    user: String,
    /// An account that stays, and one that is only invited.
    kept: String,
    invited: String,
    enrolment: String,
    session: String,
    /// Of the reader.
    reader_session: String,
    reader_token: String,
    /// A device group that stays, and one that may be deleted.
    group: String,
    spare_group: String,
    subscription: String,
    /// A connector that stays, and one that may be ended.
    connector: String,
    spare_connector: String,
    machine: String,
    rate_card: String,
    /// A software and an exception; vulnerability and recommendation have names that are known.
    software: String,
    exception: String,
}

/// Of the device that everybody sees.
const VULNERABILITY: &str = "CVE-2026-0001";
const RECOMMENDATION: &str = "update-openssl";
/// Of the device that is hidden.
const HIDDEN_VULNERABILITY: &str = "hidden-7f3c-2026";
const HIDDEN_RECOMMENDATION: &str = "update-hidden-7f3c";

/// What the vuln process would write of a device: a package, what is wrong with it, what to do, and the rest
/// of its inventory. Gives the software's identifier.
async fn vulnerable(
    world: &World,
    tenant: &Tenant,
    device: DeviceId,
    (number, package): (i64, &str),
    (vulnerability, recommendation): (&str, &str),
) -> String {
    use palisade_state::vulnerabilities::SoftwareQuery;
    let now = TimeMicros::now();
    let mut rows = palisade_testkit::VulnerableRows::new(&world.db, tenant.id, now).await;
    rows.component(number, ["Debian:12", "debian:12", package, "1.0"], &[device], &[device]).await;
    rows.vulnerability(vulnerability, "high", Some(7.5), false).await;
    rows.finding(number, vulnerability, "1.1").await;
    rows.recommendation(recommendation, [package, "1.1"], &[device], 1.0).await;
    rows.exposure(device, 50.0, 1.0).await;
    let item = json!([{"fingerprint": package, "subject": package, "name": package, "path": package, "store": "own"}]);
    for part in ["certificates/0", "extensions/0", "shares/0"] {
        rows.part(device, part, item.clone()).await;
    }
    rows.part(device, "head", json!({"hardware": {"vendor": package}, "boot": null})).await;
    let query = SoftwareQuery { search: Some(package.to_owned()), ..SoftwareQuery::default() };
    let page = world.state.software(tenant.id, &DeviceScope::all(), &query, now).await.expect("software");
    page.items[0].id.clone()
}

/// An exception for a vulnerability on the devices of a group.
async fn exception_of(world: &World, tenant: &Tenant, vulnerability: &str, group: &str) -> String {
    use palisade_state::vulnerabilities::{ExceptionSubject, Justification, NewException};
    let now = TimeMicros::now();
    let new = NewException {
        subject: ExceptionSubject::Vulnerability(vulnerability.to_owned()),
        group: Some(group.parse().expect("an id")),
        justification: Justification::RiskAccepted,
        note: format!("about {vulnerability}"),
        expires_at: Some(now.plus_micros(HOUR)),
        created_by: "test".to_owned(),
    };
    let made = world.state.create_vulnerability_exception(tenant.id, &DeviceScope::all(), &new, now).await;
    made.expect("an exception").id.to_string()
}

async fn objects(world: &World) -> Objects {
    let (state, a, now) = (&world.state, &world.a, TimeMicros::now());
    let expires_at = now.plus_micros(HOUR);
    let new = NewOrder {
        device: a.device,
        kind: "ping".to_owned(),
        reason: "test".to_owned(),
        requested_by: "test".to_owned(),
        requested_by_id: None,
        expires_at,
    };
    let order = state
        .create_order(a.tenant.id, &DeviceScope::all(), new, |_, _| Ok::<_, String>(vec![1]), now)
        .await
        .expect("an order");
    let new = NewToken {
        name: "old".to_owned(),
        role: Role::Reader,
        scope: TokenScope::default(),
        expires_at: Some(expires_at),
    };
    let (token, _) = state.create_token(a.tenant.id, Some(a.admin_user), new, now).await.expect("a token");
    let new = palisade_state::NewEnrolmentToken {
        created_by: "test".to_owned(),
        expires_at,
        max_uses: 1,
        ..palisade_state::NewEnrolmentToken::default()
    };
    let (enrolment, _) =
        state.create_enrolment_token(a.tenant.id, new, now).await.expect("an enrolment token");
    let new = palisade_state::NewUser {
        email: "gone@a.example".to_owned(),
        name: "Gone".to_owned(),
        role: Role::Reader,
        groups: None,
        valid_for: None,
    };
    let invite = async |email: &str| {
        let new = palisade_state::NewUser { email: email.to_owned(), ..new.clone() };
        state.invite_user(a.tenant.id, new, now).await.expect("invited").0.id.to_string()
    };
    let (kept, invited) = (invite("kept@a.example").await, invite("invited@a.example").await);
    let (user, _) = state.invite_user(a.tenant.id, new.clone(), now).await.expect("invited");
    let of_reader = state.sessions(a.tenant.id, a.reader_user, now).await.expect("sessions");
    let scope = TokenScope::default();
    let new = NewToken { name: "other".to_owned(), role: Role::Reader, scope, expires_at: Some(expires_at) };
    let (reader_token, _) =
        state.create_token(a.tenant.id, Some(a.reader_user), new, now).await.expect("a token");
    let sessions = state.sessions(a.tenant.id, a.admin_user, now).await.expect("sessions");
    let new = NewSubscription {
        name: "kept".to_owned(),
        kind: "ssh".to_owned(),
        external_id: String::new(),
        owner_tag: String::new(),
    };
    let subscription = state.create_subscription(a.tenant.id, &new, now).await.expect("a subscription").id;
    let connector = async |name: &str| {
        let settings = json!({"inventory": "web-1"});
        let new =
            NewConnector { subscription, kind: "ssh".into(), name: name.into(), settings, secret: None };
        state.create_connector(a.tenant.id, &new, now).await.expect("a connector").id.to_string()
    };
    let (kept_connector, spare_connector) = (connector("kept").await, connector("spare").await);
    let machine = machine_of(world, &a.tenant, a.device).await;
    let found = (VULNERABILITY, RECOMMENDATION);
    let software = Box::pin(vulnerable(world, &a.tenant, a.device, (1, "openssl"), found)).await;
    let group = group_of(state, &a.tenant, "kept").await.to_string();
    Objects {
        software,
        exception: exception_of(world, &a.tenant, VULNERABILITY, &group).await,
        subscription: subscription.to_string(),
        connector: kept_connector,
        spare_connector,
        machine: machine.to_string(),
        rate_card: rate_card_of(state, &a.tenant).await,
        order: order.id.to_string(),
        token: token.id.to_string(),
        user: user.id.to_string(),
        kept,
        invited,
        reader_session: of_reader[0].id.to_string(),
        reader_token: reader_token.id.to_string(),
        group,
        spare_group: group_of(state, &a.tenant, "spare").await.to_string(),
        enrolment: enrolment.id.to_string(),
        session: sessions[0].id.to_string(),
    }
}

/// The machine of a device, made as the estate process makes it.
async fn machine_of(world: &World, tenant: &Tenant, device: DeviceId) -> MachineId {
    let estate = world.db.state(DbRole::Estate).await;
    let now = TimeMicros::now();
    let view = estate.device_views(tenant.id, &[device]).await.expect("the device").remove(0);
    let machine = estate.link_device(tenant.id, &view, None, now).await.expect("linked").id;
    estate.close().await;
    machine
}

fn path(operation: &Operation, side: &Side, objects: &Objects) -> String {
    let id = match operation.path.as_str() {
        p if p.contains("/devices/") => side.device.to_string(),
        p if p.contains("/machines/") => objects.machine.clone(),
        p if p.contains("/subscriptions/") => objects.subscription.clone(),
        _ if operation.id == "connectors_revoke" => objects.spare_connector.clone(),
        p if p.contains("/connectors/") => objects.connector.clone(),
        p if p.contains("/rate-cards/") => objects.rate_card.clone(),
        p if p.contains("/orders/") => objects.order.clone(),
        p if p.contains("/vulnerabilities/") => VULNERABILITY.to_owned(),
        p if p.contains("/recommendations/") => RECOMMENDATION.to_owned(),
        p if p.contains("/software/") => objects.software.clone(),
        p if p.contains("/vulnerability-exceptions/") => objects.exception.clone(),
        _ if operation.id == "device_groups_delete" => objects.spare_group.clone(),
        p if p.contains("/device-groups/") => objects.group.clone(),
        _ if operation.id == "users_delete" => objects.user.clone(),
        _ if operation.id == "users_setup_link_revoke" => objects.invited.clone(),
        p if p.contains("_id}") && p.contains("/users/") => side.reader_user.to_string(),
        p if p.contains("/users/") => objects.kept.clone(),
        p if p.contains("/enrolment-tokens/") => objects.enrolment.clone(),
        p if p.contains("/tokens/") => objects.token.clone(),
        p if p.contains("/sessions/") => objects.session.clone(),
        _ => "walk".to_owned(),
    };
    let path = operation
        .path
        .replace("{id}", &id)
        .replace("{query_id}", "walk")
        .replace("{session_id}", &objects.reader_session)
        .replace("{token_id}", &objects.reader_token);
    match operation.id.as_str() {
        "setup_check" => path + "?token=x",
        "devices_process_tree" => path + "?process_unique_id=1",
        "usage_show" => path + "?by=machine",
        "search" => path + "?q=hidden",
        "estate_recommendation_machines" => path + "?recommendation=edr_installed",
        "onboarding_package" => path + "?form=deb",
        "explore_csv" => path + "?link=" + &machines_query().link(),
        _ => path,
    }
}

fn rule() -> Value {
    json!({"not": {"field": "name", "op": "equals", "value": "nobody"}})
}

/// Every machine, as a question to the explorer.
fn machines_query() -> palisade_explore::Query {
    palisade_explore::Query::from_value(&json!({"version": 1, "find": {"types": ["virtual_machines"]}}))
        .expect("a query")
}

fn body(operation: &Operation, objects: &Objects) -> Option<Value> {
    Some(match operation.id.as_str() {
        "setup_begin" => json!({"token": "x", "email": "x@x.example", "name": "X", "password": "x"}),
        "setup_confirm" => json!({"setup_session": "x", "code": "000000"}),
        "session_create" => json!({"email": "x@x.example", "password": "x", "tenant": "alpha"}),
        "tokens_create" => json!({"name": "walk", "role": "reader", "expires_in_days": 1}),
        "users_create" => json!({"email": "walk@a.example", "name": "Walk", "role": "reader"}),
        "subscriptions_plans" => json!({"servers_step": "p1", "servers": "pay"}),
        "machines_plan" => json!({"plan": "servers_p1"}),
        "rate_cards_write" => {
            json!({"currency": "EUR", "effective": "2026-11", "rates": {"posture": "0.007"}})
        }
        "plan_enforcement_update" => json!({"enforcement": "off"}),
        "subscriptions_create" => json!({"name": "walk", "kind": "ssh"}),
        "subscriptions_update" => json!({"upgrades": true}),
        "connectors_create" => json!({
            "subscription_id": objects.subscription, "kind": "ssh", "name": "walk", "settings": {"inventory": "web-1"},
            "credential": {"private_key": "x"},
        }),
        "connectors_update" => json!({"settings": {"inventory": "web-2"}}),
        "host_keys_confirm" => json!({"fingerprints": ["SHA256:x"]}),
        "host_keys_forget" => json!({"host": "web-1"}),
        "machines_update" => json!({"tags": {"env": "walk"}}),
        "machines_move" => json!({"subscription_id": objects.subscription}),
        "health_thresholds_update" => json!({
            "late": 180, "lost": 900, "inactive": 604_800, "loss_shown": 3600, "first_event": 900,
            "no_events": 86_400, "content_old": 259_200, "restarts_per_hour": 5,
        }),
        "explore_run" => {
            let query: Value = serde_json::from_str(&machines_query().to_json()).expect("JSON");
            json!({ "query": query })
        }
        "users_update" => json!({"name": "Kept", "role": "reader", "disabled": false, "device_groups": null}),
        "users_setup_link_create" => json!({"expires_in_hours": 2}),
        "device_groups_create" => {
            json!({"name": "walk", "rule": rule(), "criticality": "high", "automation": "semi"})
        }
        "device_groups_update" => {
            json!({"name": "kept", "rule": rule(), "criticality": "low", "automation": "full"})
        }
        "device_groups_preview" => json!({"rule": rule()}),
        "devices_tag" => json!({"tags": ["walk"]}),
        "orders_create" => json!({"kind": "ping", "reason": "walk"}),
        "hunting_query" | "hunting_validate" => json!({"query": "DeviceInfo | take 1"}),
        "enrolment_tokens_create" => json!({"expires_in_hours": 1, "max_uses": 1}),
        "onboarding_create" => json!({
            "subscription_id": objects.subscription, "form": "script", "expires_in_hours": 1, "max_uses": 1,
        }),
        "vulnerability_exceptions_create" => json!({
            "subject_type": "vulnerability", "subject": VULNERABILITY, "justification": "risk_accepted",
            "note": "walk", "days": 30,
        }),
        "tenant_region_set" => json!({"region": "local"}),
        _ => return None,
    })
}

async fn call(
    world: &World,
    objects: &Objects,
    operation: &Operation,
    path: &str,
    token: Option<&str>,
) -> crate::world::Answer {
    let mut call = world.call(&operation.method, path);
    if let Some(token) = token {
        call = call.bearer(token);
    }
    if let Some(body) = body(operation, objects) {
        call = call.json(&body);
    }
    call.send().await
}

/// A token that has ended.
async fn expired(world: &World) -> String {
    let then = TimeMicros::now().plus_micros(-2 * HOUR);
    let new = NewToken {
        name: "ended".to_owned(),
        role: Role::Administrator,
        scope: TokenScope::default(),
        expires_at: Some(then.plus_micros(HOUR)),
    };
    world.state.create_token(world.a.tenant.id, Some(world.a.admin_user), new, then).await.expect("a token").1
}

#[tokio::test]
async fn every_route_admits_exactly_whom_it_declares() {
    let world = World::new().await;
    let objects = Box::pin(objects(&world)).await;
    let expired = expired(&world).await;
    world.query.answer(|_| Vec::new());
    for operation in operations() {
        let place = format!("{} {}", operation.method, operation.path);
        let path = path(&operation, &world.a, &objects);
        let public = operation.permission == "public";

        let none = call(&world, &objects, &operation, &path, None).await;
        let garbage = call(&world, &objects, &operation, &path, Some("pal_nonsense")).await;
        let ended = call(&world, &objects, &operation, &path, Some(&expired)).await;
        if public {
            assert_ne!(none.status, 403, "{place}");
        } else {
            assert_eq!((none.status, none.code()), (401, "not_signed_in"), "{place}");
            assert_eq!((garbage.status, garbage.code()), (401, "token_invalid"), "{place}");
            assert_eq!((ended.status, ended.code()), (401, "token_expired"), "{place}");
        }

        let permission = operation.permission.as_str();
        for (token, may) in [
            (&world.a.reader, READER.contains(&permission)),
            (&world.a.operator, READER.contains(&permission) || OPERATOR.contains(&permission)),
        ] {
            let told = call(&world, &objects, &operation, &path, Some(token)).await;
            if may {
                let own_rule = operation.id == "tokens_create" && told.code() == "forbidden";
                assert!(own_rule || told.status != 403, "{place}: {}", told.body);
                assert!(public || told.status != 401, "{place}: {}", told.body);
            } else {
                assert_eq!((told.status, told.code()), (403, "forbidden"), "{place}");
            }
        }

        // The other tenant's administrator finds nothing of this one.
        let foreign = call(&world, &objects, &operation, &path, Some(&world.b.admin)).await;
        if operation.path.contains("{id}") {
            assert_eq!((foreign.status, foreign.code()), (404, "not_found"), "{place}: {}", foreign.body);
        }
        let told = String::from_utf8_lossy(&foreign.bytes).into_owned();
        for secret in [world.a.device.to_string(), world.a.tenant.id.to_string(), "alpha.example".to_owned()]
        {
            assert!(!told.contains(&secret), "{place} tells another tenant {secret}: {told}");
        }

        let admin = call(&world, &objects, &operation, &path, Some(&world.a.admin)).await;
        match operation.id.as_str() {
            "session_end" => assert_eq!(admin.code(), "not_a_session", "{place}"),
            "hunting_cancel" | "devices_process_tree" => assert_eq!(admin.code(), "not_found", "{place}"),
            // The foreign administrator has made an account of the same address in the other tenant only.
            _ if public => {}
            _ => assert!((200..300).contains(&admin.status), "{place}: {} {}", admin.status, admin.body),
        }
    }
}

#[tokio::test]
async fn every_change_leaves_an_entry_whether_it_worked_or_not() {
    let world = World::new().await;
    let objects = Box::pin(objects(&world)).await;
    for operation in operations().into_iter().filter(|o| o.audit != "none") {
        let path = path(&operation, &world.a, &objects);
        let public = operation.permission == "public";
        let before = world.audit(&world.a.tenant).await.len();
        let nobody = call(&world, &objects, &operation, &path, None).await;
        let refused = call(&world, &objects, &operation, &path, Some(&world.a.reader)).await;
        let done = call(&world, &objects, &operation, &path, Some(&world.a.admin)).await;
        let after = world.audit(&world.a.tenant).await;
        let place = format!("{} {}", operation.method, operation.path);
        assert_eq!(after.len() - before, 3, "{place}");
        assert_eq!(after[2].actor_kind, "anonymous", "{place}");
        for (entry, answer) in [(&after[2], &nobody), (&after[1], &refused), (&after[0], &done)] {
            assert_eq!(entry.kind, operation.audit, "{place}");
            assert_eq!(entry.address, "192.0.2.9", "{place}");
            let outcome = if answer.status < 400 { AuditOutcome::Success } else { AuditOutcome::Failure };
            assert_eq!(entry.outcome, outcome.as_str(), "{place}: {}", answer.body);
            if answer.status >= 400 {
                assert_eq!(entry.detail["code"], answer.code(), "{place}");
            }
        }
        if !public {
            assert!(after[..2].iter().all(|e| e.actor_kind == "token"), "{place}");
            assert!(
                after[0].actor_name.contains("administrator@alpha.example"),
                "{place}: {}",
                after[0].actor_name
            );
        }
    }
    let all = serde_json::to_string(
        &world.audit(&world.a.tenant).await.iter().map(|e| e.detail.clone()).collect::<Vec<_>>(),
    );
    assert!(!all.expect("JSON").contains("pal_"), "no secret is in the audit log");
}

/// What an operator who is limited to the group of one device must never meet.
struct Hidden {
    /// Names and identifiers, each of which gives it away.
    words: Vec<String>,
    /// In a path, by its part: what is hidden.
    paths: Vec<(&'static str, String)>,
}

/// Another device, with everything that hangs on one. A new kind of object that belongs to a device
/// has one here.
async fn hidden(world: &World) -> Hidden {
    let (state, tenant, now) = (&world.state, &world.a.tenant, TimeMicros::now());
    let device = world.enrol(tenant, "hidden-7f3c", "Hiddenix").await;
    let new = NewOrder {
        device,
        kind: "ping".to_owned(),
        reason: "hidden-7f3c order".to_owned(),
        requested_by: "test".to_owned(),
        requested_by_id: None,
        expires_at: now.plus_micros(HOUR),
    };
    let sign = |_, _| Ok::<_, String>(vec![1]);
    let order = state.create_order(tenant.id, &DeviceScope::all(), new, sign, now).await.expect("an order");
    let group = group_of(state, tenant, "hidden-7f3c").await;
    let machine = machine_of(world, tenant, device).await;
    finding_of(world, tenant, machine).await;
    recommendations_of(world, tenant, machine).await;
    usage_of(world, tenant, machine, device).await;
    let found = (HIDDEN_VULNERABILITY, HIDDEN_RECOMMENDATION);
    let software = Box::pin(vulnerable(world, tenant, device, (2, "hidden-7f3c-tool"), found)).await;
    let exception = exception_of(world, tenant, HIDDEN_VULNERABILITY, &group.to_string()).await;
    Hidden {
        words: vec![
            "hidden-7f3c".to_owned(),
            device.to_string(),
            order.id.to_string(),
            group.to_string(),
            machine.to_string(),
            software.clone(),
            exception.clone(),
        ],
        paths: vec![
            ("/machines/", machine.to_string()),
            ("/devices/", device.to_string()),
            ("/orders/", order.id.to_string()),
            ("/device-groups/", group.to_string()),
            ("/vulnerabilities/", HIDDEN_VULNERABILITY.to_owned()),
            ("/recommendations/", HIDDEN_RECOMMENDATION.to_owned()),
            ("/software/", software),
            ("/vulnerability-exceptions/", exception),
        ],
    }
}

async fn rate_card_of(state: &palisade_state::State, tenant: &Tenant) -> String {
    let card = palisade_estate::metering::RateCard {
        currency: "EUR".parse().expect("a currency"),
        effective: TimeMicros(0),
        rates: std::collections::BTreeMap::new(),
    };
    let kept = state.put_rate_card(tenant.id, &card, "test", TimeMicros::now()).await;
    kept.expect("written").id.to_string()
}

/// An hour of a machine's usage, metered as the estate process does.
async fn usage_of(world: &World, tenant: &Tenant, machine: MachineId, device: DeviceId) {
    use palisade_estate::plan::{PlanSwitch, PlansChange, ServersPlan};
    let (state, now) = (&world.state, TimeMicros::now());
    let subscription = state.machine(tenant.id, machine).await.expect("the machine").subscription;
    let pay = PlansChange { step: Some(ServersPlan::P1), servers: Some(PlanSwitch::Pay), posture: None };
    state.change_plans(tenant.id, subscription, &pay, now).await.expect("switched");
    let (lake, estate) = (world.db.state(DbRole::Lake).await, world.db.state(DbRole::Estate).await);
    let beat = palisade_state::DeviceTouch {
        heard: vec![(now, now)],
        ..palisade_state::DeviceTouch::seen(device, now)
    };
    lake.touch_devices(tenant.id, &[beat]).await.expect("written");
    let then = now.plus_micros(HOUR / 60);
    while estate.meter_step(tenant.id, 100, then).await.expect("metered").more {}
    lake.close().await;
    estate.close().await;
}

/// Something that is wrong with a machine, as the estate process writes it.
async fn finding_of(world: &World, tenant: &Tenant, machine: MachineId) {
    let estate = world.db.state(DbRole::Estate).await;
    let now = TimeMicros::now();
    let cause = Cause::new(Code::HeartbeatLost, Source::Server);
    let finding = Finding {
        machine,
        kind: Kind::Heartbeat,
        code: Code::HeartbeatLost,
        weight: Weight::Unhealthy,
        message: cause.message(),
        remediation: "",
        since: now,
        last_evaluated: now,
        source: Source::Server,
        evidence: cause.evidence.clone(),
    };
    let plans = palisade_estate::plan::SubscriptionPlans::default();
    let write = MachineWrite {
        machine,
        reconciler: palisade_estate::provision::Machine::default(),
        tracker: palisade_estate::health::Tracker::default(),
        status: "unhealthy",
        extension: "on",
        progress: "open".to_owned(),
        doing: String::new(),
        plan: palisade_estate::plan::effective(&plans, palisade_estate::plan::Override::Inherit, now),
        report: None,
        findings: vec![finding],
        changes: Vec::new(),
    };
    estate.write_machines(tenant.id, &[write], now).await.expect("written");
    estate.close().await;
}

/// How a machine stands with the recommendations, as the estate process writes it.
async fn recommendations_of(world: &World, tenant: &Tenant, machine: MachineId) {
    use palisade_estate::edr::{Assessment, Reason, Recommendation};
    let estate = world.db.state(DbRole::Estate).await;
    let stand = |recommendation, reason: Reason| Assessment {
        recommendation,
        state: reason.state(),
        reason,
        products: Vec::new(),
        others: Vec::new(),
        misplaced: Vec::new(),
        complete: true,
        actions: Vec::new(),
    };
    let [installed, configuration] = Recommendation::ALL;
    let assessments = [stand(installed, Reason::NoEdr), stand(configuration, Reason::NoProduct)];
    let found = palisade_state::estate::Assessed { machine, assessments, facts: None };
    estate.write_assessed(tenant.id, &[found], TimeMicros::now()).await.expect("written");
    estate.close().await;
}

/// Operations that reach devices, have no object in their path, and answer with none: why.
const WITHOUT_ROWS: [(&str, &str); 10] = [
    ("estate_recommendations", "numbers of the scope, no machine"),
    ("exposure_history", "the organisation's course, which somebody limited is not told"),
    ("exposure_score", "numbers of the scope, no device"),
    ("vulnerability_exceptions_create", "the exception that was made"),
    ("vulnerability_feeds", "feeds, which are of no device"),
    ("health_summary", "numbers of the scope, no machine"),
    ("health_trend", "numbers of the scope over time, no machine"),
    ("hunting_schema", "the tables, not their rows"),
    ("hunting_validate", "what is wrong with a text"),
    ("hunting_query", "rows of the workers, which are looked at by what they are asked"),
];

/// Operations that reach devices with a path that names none of them: why.
const WITHOUT_OBJECT: [(&str, &str); 1] = [("hunting_cancel", "a query, by its own name")];

#[tokio::test]
async fn whoever_is_limited_to_groups_meets_no_other_device_on_any_route() {
    let world = World::new().await;
    let objects = Box::pin(objects(&world)).await;
    let hidden = Box::pin(hidden(&world)).await;
    let own = group_of(&world.state, &world.a.tenant, "alpha-1").await;
    let operators = world.state.users(world.a.tenant.id).await.expect("users");
    let operator = operators.iter().find(|u| u.role == Role::Operator).expect("the operator").id;
    let limited = limited_token(&world.state, &world.a.tenant, operator, Role::Operator, vec![own]).await;
    world.query.answer(|_| Vec::new());
    let meets = |bytes: &[u8]| {
        let told = String::from_utf8_lossy(bytes).into_owned();
        hidden.words.iter().any(|word| told.contains(word.as_str()))
    };
    for operation in operations().into_iter().filter(|o| o.permission != "public") {
        let place = format!("{} {} ({})", operation.method, operation.path, operation.id);
        let visible = path(&operation, &world.a, &objects).replace(&objects.group, &own.to_string());
        if operation.devices == "all" {
            let told = call(&world, &objects, &operation, &visible, Some(&limited)).await;
            assert!(["limited_to_groups", "forbidden"].contains(&told.code()), "{place}: {}", told.body);
            continue;
        }
        if operation.devices == "scope" {
            let object = hidden.paths.iter().find(|(part, _)| operation.path.contains(part));
            if let Some((part, id)) = object.filter(|_| operation.path.contains('{')) {
                let away = format!("{}{id}{}", before(&visible, part), after(&visible, part));
                let told = call(&world, &objects, &operation, &away, Some(&limited)).await;
                assert_eq!((told.status, told.code()), (404, "not_found"), "{place}: {away}: {}", told.body);
                let there = call(&world, &objects, &operation, &away, Some(&world.a.admin)).await;
                let empty = operation.id == "devices_process_tree";
                assert!(empty || there.status < 300, "{place}: it is there, for others: {}", there.body);
            } else if operation.path.contains('{') {
                assert!(excused(&WITHOUT_OBJECT, &operation), "{place}: tell this test of a hidden object");
            } else if !excused(&WITHOUT_ROWS, &operation) {
                let whole = call(&world, &objects, &operation, &visible, Some(&world.a.admin)).await;
                assert!(meets(&whole.bytes), "{place}: give this test something to hide: {}", whole.body);
            }
        }
        let asked = world.query.count();
        let told = call(&world, &objects, &operation, &visible, Some(&limited)).await;
        assert!(!meets(&told.bytes), "{place}: {}", told.body);
        assert_ne!(told.status, 500, "{place}: {}", told.body);
        for request in &world.query.seen.lock()[asked..] {
            assert_eq!(request.devices.as_deref(), Some(&[world.a.device][..]), "{place}: {}", request.query);
        }
    }
}

fn excused(list: &[(&str, &str)], operation: &Operation) -> bool {
    list.iter().any(|(id, why)| *id == operation.id && !why.is_empty())
}

/// A path up to and with a part.
fn before<'p>(path: &'p str, part: &str) -> &'p str {
    &path[..path.find(part).map_or(0, |at| at + part.len())]
}

/// A path behind the identifier that follows a part.
fn after<'p>(path: &'p str, part: &str) -> &'p str {
    let rest = &path[before(path, part).len()..];
    &rest[rest.find(['/', '?']).unwrap_or(rest.len())..]
}
