//! The operations of the document, and a call of each: path and body.

use serde_json::{Value, json};

use super::objects::{BASELINE, Objects, PROFILE, RECOMMENDATION, SPARE_PROFILE, VULNERABILITY};
use crate::world::{Answer, Side, World};

pub(super) struct Operation {
    pub(super) id: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) permission: String,
    /// What it tells or changes of devices: `none`, `scope`, `all`.
    pub(super) devices: String,
    pub(super) audit: String,
}

pub(super) fn operations() -> Vec<Operation> {
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

pub(super) fn path(operation: &Operation, side: &Side, objects: &Objects) -> String {
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
        _ if operation.id == "application_blocks_cancel" => objects.spare_block.clone(),
        p if p.contains("/application-blocks/") => objects.block.clone(),
        _ if operation.id == "webhooks_delete" => objects.spare_webhook.clone(),
        p if p.contains("/webhooks/") => objects.webhook.clone(),
        _ if operation.id == "notification_rules_delete" => objects.spare_rule.clone(),
        p if p.contains("/notification-rules/") => objects.rule.clone(),
        p if p.contains("/notification-deliveries/") => objects.delivery.clone(),
        _ if operation.id == "remediations_cancel" => objects.spare_remediation.clone(),
        p if p.contains("/remediations/") => objects.remediation.clone(),
        _ if operation.id == "baseline_profiles_delete" => SPARE_PROFILE.to_owned(),
        p if p.contains("/baseline-profiles/") => PROFILE.to_owned(),
        _ if operation.id == "device_groups_delete" => objects.spare_group.clone(),
        p if p.contains("/device-groups/") => objects.group.clone(),
        _ if operation.id == "users_delete" => objects.user.clone(),
        _ if operation.id == "users_setup_link_revoke" => objects.invited.clone(),
        p if p.contains("_id}") && p.contains("/users/") => side.reader_user.to_string(),
        p if p.contains("/users/") => objects.kept.clone(),
        p if p.contains("/enrolment-tokens/") => objects.enrolment.clone(),
        p if p.contains("/tokens/") => objects.token.clone(),
        p if p.contains("/sessions/") => objects.session.clone(),
        p if p.contains("/hunting/links/") => objects.link.clone(),
        _ if operation.id == "saved_queries_delete" => objects.spare_query.clone(),
        p if p.contains("/saved-queries/") => objects.saved_query.clone(),
        _ if operation.id == "scheduled_exports_delete" => objects.spare_scheduled.clone(),
        // The spare one has no run that is not over either.
        p if p.contains("/scheduled-exports/") => objects.scheduled.clone(),
        p if p.contains("/exports/") => objects.export.clone(),
        _ => "walk".to_owned(),
    };
    let path = operation
        .path
        .replace("{id}", &id)
        .replace("{profile}", BASELINE)
        .replace("{check}", "ssh.permit_root_login")
        .replace("{query_id}", "walk")
        .replace(
            "{name}",
            match operation.id.as_str() {
                "hunting_uploads_delete" => "walk",
                "hunting_functions_show" => "Kept",
                "hunting_functions_delete" => "Spare",
                _ => "Walk",
            },
        )
        .replace("{run}", &objects.export_run)
        .replace("{session_id}", &objects.reader_session)
        .replace("{token_id}", &objects.reader_token);
    match operation.id.as_str() {
        "setup_check" => path + "?token=x",
        "devices_process_tree" => path + "?process_unique_id=1",
        "hunting_uploads_create" => path + "?name=walk&replace=true",
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
        "subscriptions_set_agentless" => json!({"on": true, "hours": 12}),
        "machines_set_agentless" => json!({"setting": "on"}),
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
        "hunting_functions_write" => json!({"parameters": "(n: long = 1)", "body": "DeviceInfo | take n"}),
        "hunting_links_create" => json!({"query": "DeviceInfo | take 1", "deadline_s": 60}),
        "saved_queries_create" => json!({"name": "walk", "query": "DeviceInfo | take 1"}),
        "saved_queries_update" => json!({"name": "kept", "query": "DeviceInfo", "revision": 1}),
        "hunting_query" | "hunting_validate" => json!({"query": "DeviceInfo | take 1"}),
        "hunting_exports_create" => json!({"query": "DeviceInfo | take 1", "format": "csv"}),
        "scheduled_exports_create" | "scheduled_exports_update" => json!({
            "name": "walk", "query": "DeviceInfo | take 1", "format": "csv", "every": "day", "at_minute": 5, "at_hour": 3,
        }),
        "kusto_query" | "kusto_query_v1" => json!({"db": "NetDefaultDB", "csl": "DeviceInfo | take 1"}),
        "kusto_mgmt" => json!({"csl": ".show tables"}),
        "advanced_queries_run" => json!({"Query": "DeviceInfo | take 1"}),
        "graph_run_hunting_query" => json!({"query": "DeviceInfo | take 1", "timespan": "P1D"}),
        "enrolment_tokens_create" => json!({"expires_in_hours": 1, "max_uses": 1}),
        "onboarding_create" => json!({
            "subscription_id": objects.subscription, "form": "script", "expires_in_hours": 1, "max_uses": 1,
        }),
        "vulnerability_exceptions_create" => json!({
            "subject_type": "vulnerability", "subject": VULNERABILITY, "justification": "risk_accepted",
            "note": "walk", "days": 30,
        }),
        "application_blocks_create" => json!({
            "subject_type": "vulnerability", "subject": VULNERABILITY, "mode": "warn", "note": "walk", "days": 30,
        }),
        "application_blocks_set_mode" => json!({"mode": "block", "confirm_reason": "walk"}),
        "webhooks_create" => {
            json!({"name": "walk", "url": "https://hooks.example/secret", "headers": {"x-key": "pal_x"}})
        }
        "webhooks_update" => json!({"tickets": true}),
        "notification_rules_create" => {
            json!({"name": "walk", "kinds": ["feed_trouble"], "webhook_ids": [objects.webhook]})
        }
        "notification_rules_update" => {
            json!({"name": "kept", "kinds": ["end_of_life"], "webhook_ids": [objects.webhook]})
        }
        "remediations_create" => json!({"recommendation_id": RECOMMENDATION}),
        "remediations_update" => json!({"owner": "walk", "due_at": null}),
        "remediations_approve" => json!({"phase": "dry_run"}),
        "baseline_profiles_create" => json!({"id": "walk", "title": "Walk", "level": 1}),
        "baseline_profiles_update" => json!({"title": "Kept", "checks": ["ssh.*", "audit.*"]}),
        "baseline_profiles_import" => json!({
            "document": "format = \"palisade-baseline-profile/1\"\nname = \"taken-in\"\ntitle = \"T\"\nlevel = 2\n",
            "replace": true,
        }),
        "baseline_profiles_assign" => json!({"all_devices": false, "device_group_ids": [objects.group]}),
        "tenant_region_set" => json!({"region": "local"}),
        _ => return None,
    })
}

pub(super) async fn call(
    world: &World,
    objects: &Objects,
    operation: &Operation,
    path: &str,
    token: Option<&str>,
) -> Answer {
    let mut call = world.call(&operation.method, path);
    if let Some(token) = token {
        call = call.bearer(token);
    }
    if let Some(body) = body(operation, objects) {
        call = call.json(&body);
    }
    call.send().await
}
