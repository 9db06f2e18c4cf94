//! Every operation of the document with no token, a wrong one, another tenant's, and each role.
//!
//! What the calls are is in `walk/operations.rs`, what they meet in `walk/objects.rs` and `walk/hidden.rs`.

mod hidden;
mod objects;
mod operations;

use palisade_state::{AuditOutcome, NewToken, Role, TokenScope};
use palisade_types::TimeMicros;

use crate::world::{HOUR, World, group_of, limited_token};
use hidden::hidden;
use objects::objects;
use operations::{Operation, call, operations, path};

/// What a reader may do.
const READER: [&str; 15] = [
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
    "notifications.read",
    "search.run",
    "usage.read",
    "vulnerabilities.read",
];

/// What an operator may do besides; an administrator may do all.
const OPERATOR: [&str; 7] = [
    "devices.tag",
    "estate.operate",
    "hunting.manage",
    "hunting.upload",
    "machines.operate",
    "orders.create",
    "vulnerabilities.manage",
];

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
            "remediations_create" => assert_eq!(admin.code(), "remediation_exists", "{place}"),
            "application_blocks_create" => assert_eq!(admin.code(), "block_exists", "{place}"),
            "machines_scan" => assert_eq!(admin.code(), "agentless_no_connector", "{place}"),
            // The operator did both a moment ago.
            "hunting_functions_write" => assert_eq!(admin.code(), "already_exists", "{place}"),
            "hunting_functions_delete" => assert_eq!(admin.code(), "not_found", "{place}"),
            "hunting_cancel" | "devices_process_tree" | "hunting_uploads_delete" => {
                assert_eq!(admin.code(), "not_found", "{place}")
            }
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

/// Operations that reach devices, have no object in their path, and answer with none: why.
const WITHOUT_ROWS: [(&str, &str); 30] = [
    ("baseline_checks_list", "checks, which are of no device"),
    ("estate_recommendations", "numbers of the scope, no machine"),
    ("exposure_history", "the organisation's course, which somebody limited is not told"),
    ("exposure_score", "numbers of the scope, no device"),
    ("vulnerability_exceptions_create", "the exception that was made"),
    ("application_blocks_create", "the rule that was made"),
    ("remediations_create", "the remediation that was made"),
    ("vulnerability_feeds", "feeds, which are of no device"),
    ("health_summary", "numbers of the scope, no machine"),
    ("health_trend", "numbers of the scope over time, no machine"),
    ("secure_score", "numbers of the scope, no device"),
    ("secure_score_history", "the organisation's course, which somebody limited is not told"),
    ("hunting_schema", "the tables, not their rows"),
    ("hunting_functions_list", "texts of queries, which hold no rows"),
    ("hunting_history_list", "texts of the caller's own queries"),
    ("hunting_history_forget", "texts of the caller's own queries"),
    ("hunting_links_create", "the text that was sent"),
    ("saved_queries_list", "texts of queries, which hold no rows"),
    ("saved_queries_create", "the text that was sent"),
    ("hunting_validate", "what is wrong with a text"),
    ("hunting_exports_create", "where a file will be"),
    ("hunting_uploads_list", "files that somebody uploaded, which are of no device"),
    ("scheduled_exports_list", "exports, which are their owners'; a token with less than its user sees none"),
    ("scheduled_exports_create", "the export that was made"),
    ("hunting_query", "rows of the workers, which are looked at by what they are asked"),
    ("kusto_query", "the same"),
    ("kusto_query_v1", "the same"),
    ("kusto_mgmt", "the tables, not their rows"),
    ("advanced_queries_run", "rows of the workers, which are looked at by what they are asked"),
    ("graph_run_hunting_query", "the same"),
];

/// Operations that reach devices with a path that names none of them: why.
const WITHOUT_OBJECT: [(&str, &str); 19] = [
    ("hunting_cancel", "a query, by its own name"),
    ("hunting_functions_show", "a function, which is of no device"),
    ("hunting_links_show", "a text, which is of no device"),
    ("saved_queries_show", "a text, which is of no device"),
    ("saved_queries_update", "a text, which is of no device"),
    ("saved_queries_delete", "a text, which is of no device"),
    ("hunting_exports_content", "a download, which is its maker's; rows as of a query"),
    ("scheduled_exports_show", "an export, which is its owner's"),
    ("scheduled_exports_update", "the same"),
    ("scheduled_exports_delete", "the same"),
    ("scheduled_exports_runs", "the same"),
    ("scheduled_exports_run", "the same"),
    ("scheduled_exports_content", "the same"),
    ("baseline_profiles_show", "a profile, which is of no device"),
    ("baseline_profiles_export", "a profile, which is of no device"),
    ("baseline_profiles_checks", "numbers of the scope, no device"),
    ("baseline_profiles_check_devices", "a profile, which is of no device; its devices are of the scope"),
    ("baseline_profiles_devices", "a profile, which is of no device; its devices are of the scope"),
    ("baseline_profiles_history", "the organisation's course, which somebody limited is not told"),
];

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
                // No connector knows it, which only whoever sees it is told.
                let unreached = operation.id == "machines_scan" && there.code() == "agentless_no_connector";
                // It was ended a moment ago, by the same walk.
                let over = operation.id == "application_blocks_set_mode" && there.code() == "block_over";
                // The hidden one was given up by a call before this.
                let over = over || there.code() == "remediation_wrong_state";
                let told = empty || unreached || over || there.status < 300;
                assert!(told, "{place}: it is there, for others: {}", there.body);
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
