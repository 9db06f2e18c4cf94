//! Every operation of the document with no token, a wrong one, another tenant's, and each role.

use palisade_state::{AuditOutcome, NewOrder, NewToken, Role};
use palisade_types::TimeMicros;
use serde_json::{Value, json};

use crate::world::{HOUR, Side, World};

/// What a reader may do; an administrator may do all.
const READER: [&str; 5] = ["public", "signed-in", "devices.read", "events.read", "hunting.run"];

struct Operation {
    id: String,
    method: String,
    path: String,
    permission: String,
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
    enrolment: String,
    session: String,
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
    let order =
        state.create_order(a.tenant.id, new, |_, _| Ok::<_, String>(vec![1]), now).await.expect("an order");
    let new = NewToken { name: "old".to_owned(), role: Role::Reader, expires_at: Some(expires_at) };
    let (token, _) = state.create_token(a.tenant.id, Some(a.admin_user), new, now).await.expect("a token");
    let new = palisade_state::NewEnrolmentToken { created_by: "test".to_owned(), expires_at, max_uses: 1 };
    let (enrolment, _) =
        state.create_enrolment_token(a.tenant.id, new, now).await.expect("an enrolment token");
    let new = palisade_state::NewUser {
        email: "gone@a.example".to_owned(),
        name: "Gone".to_owned(),
        role: Role::Reader,
    };
    let (user, _) = state.invite_user(a.tenant.id, new, now).await.expect("invited");
    let sessions = state.sessions(a.tenant.id, a.admin_user, now).await.expect("sessions");
    Objects {
        order: order.id.to_string(),
        token: token.id.to_string(),
        user: user.id.to_string(),
        enrolment: enrolment.id.to_string(),
        session: sessions[0].id.to_string(),
    }
}

fn path(operation: &Operation, side: &Side, objects: &Objects) -> String {
    let id = match operation.path.as_str() {
        p if p.contains("/devices/") => side.device.to_string(),
        p if p.contains("/orders/") => objects.order.clone(),
        p if p.contains("/enrolment-tokens/") => objects.enrolment.clone(),
        p if p.contains("/tokens/") => objects.token.clone(),
        p if p.contains("/users/") => objects.user.clone(),
        p if p.contains("/sessions/") => objects.session.clone(),
        _ => "walk".to_owned(),
    };
    let path = operation.path.replace("{id}", &id).replace("{query_id}", "walk");
    match operation.id.as_str() {
        "setup_check" => path + "?token=x",
        "devices_process_tree" => path + "?process_unique_id=1",
        _ => path,
    }
}

fn body(operation: &Operation) -> Option<Value> {
    Some(match operation.id.as_str() {
        "setup_begin" => json!({"token": "x", "email": "x@x.example", "name": "X", "password": "x"}),
        "setup_confirm" => json!({"setup_session": "x", "code": "000000"}),
        "session_create" => json!({"email": "x@x.example", "password": "x", "tenant": "alpha"}),
        "tokens_create" => json!({"name": "walk", "role": "reader", "expires_in_days": 1}),
        "users_create" => json!({"email": "walk@a.example", "name": "Walk", "role": "reader"}),
        "orders_create" => json!({"kind": "ping", "reason": "walk"}),
        "hunting_query" | "hunting_validate" => json!({"query": "DeviceInfo | take 1"}),
        "enrolment_tokens_create" => json!({"expires_in_hours": 1, "max_uses": 1}),
        _ => return None,
    })
}

async fn call(world: &World, operation: &Operation, path: &str, token: Option<&str>) -> crate::world::Answer {
    let mut call = world.call(&operation.method, path);
    if let Some(token) = token {
        call = call.bearer(token);
    }
    if let Some(body) = body(operation) {
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
        expires_at: Some(then.plus_micros(HOUR)),
    };
    world.state.create_token(world.a.tenant.id, Some(world.a.admin_user), new, then).await.expect("a token").1
}

#[tokio::test]
async fn every_route_admits_exactly_whom_it_declares() {
    let world = World::new().await;
    let objects = objects(&world).await;
    let expired = expired(&world).await;
    world.query.answer(|_| Vec::new());
    for operation in operations() {
        let place = format!("{} {}", operation.method, operation.path);
        let path = path(&operation, &world.a, &objects);
        let public = operation.permission == "public";

        let none = call(&world, &operation, &path, None).await;
        let garbage = call(&world, &operation, &path, Some("pal_nonsense")).await;
        let ended = call(&world, &operation, &path, Some(&expired)).await;
        if public {
            assert_ne!(none.status, 403, "{place}");
        } else {
            assert_eq!((none.status, none.code()), (401, "not_signed_in"), "{place}");
            assert_eq!((garbage.status, garbage.code()), (401, "token_invalid"), "{place}");
            assert_eq!((ended.status, ended.code()), (401, "token_expired"), "{place}");
        }

        let reader = call(&world, &operation, &path, Some(&world.a.reader)).await;
        if READER.contains(&operation.permission.as_str()) {
            let own_rule = operation.id == "tokens_create" && reader.code() == "forbidden";
            assert!(own_rule || reader.status != 403, "{place}: {}", reader.body);
            assert!(public || reader.status != 401, "{place}: {}", reader.body);
        } else {
            assert_eq!((reader.status, reader.code()), (403, "forbidden"), "{place}");
        }

        // The other tenant's administrator finds nothing of this one.
        let foreign = call(&world, &operation, &path, Some(&world.b.admin)).await;
        if operation.path.contains("{id}") {
            assert_eq!((foreign.status, foreign.code()), (404, "not_found"), "{place}: {}", foreign.body);
        }
        let told = String::from_utf8_lossy(&foreign.bytes).into_owned();
        for secret in [world.a.device.to_string(), world.a.tenant.id.to_string(), "alpha.example".to_owned()]
        {
            assert!(!told.contains(&secret), "{place} tells another tenant {secret}: {told}");
        }

        let admin = call(&world, &operation, &path, Some(&world.a.admin)).await;
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
    let objects = objects(&world).await;
    for operation in operations().into_iter().filter(|o| o.audit != "none") {
        let path = path(&operation, &world.a, &objects);
        let public = operation.permission == "public";
        let before = world.audit(&world.a.tenant).await.len();
        let nobody = call(&world, &operation, &path, None).await;
        let refused = call(&world, &operation, &path, Some(&world.a.reader)).await;
        let done = call(&world, &operation, &path, Some(&world.a.admin)).await;
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
