//! Device groups through the contract.

use palisade_state::Role;
use serde_json::{Value, json};

use crate::world::{World, limited_token};

fn group(name: &str, rule: &Value) -> Value {
    json!({"name": name, "rule": rule, "criticality": "high", "automation": "semi"})
}

fn named(name: &str) -> Value {
    json!({"field": "name", "op": "starts_with", "value": name})
}

#[tokio::test]
async fn a_group_is_tried_saved_shown_on_its_devices_and_deleted() {
    let world = World::new().await;
    let admin = world.a.admin.as_str();
    world.enrol(&world.a.tenant, "Web-1", "Ubuntu").await;
    let rule = json!({"all": [named(" WEB"), {"any": [{"field": "os_distribution", "op": "equals", "value": "Ubuntu"}]}]});
    let preview = json!({"rule": rule});
    let tried =
        world.call("POST", "/api/v1/device-groups/preview").bearer(admin).json(&preview).expect(200).await;
    assert_eq!((&tried.body["total"], &tried.body["items"][0]["name"]), (&json!(1), &json!("Web-1")));

    let new = group("Web", &rule);
    let made = world.call("POST", "/api/v1/device-groups").bearer(admin).json(&new).expect(201).await;
    assert_eq!((&made.body["device_count"], &made.body["rank"]), (&json!(1), &json!(1)));
    assert_eq!(made.body["rule"], tried.body["rule"], "what is tried is what is saved");
    let id = made.text("id").to_owned();
    let path = format!("/api/v1/device-groups/{id}");

    let found = world.get(&format!("/api/v1/devices?group={id}"), &world.a.reader).expect(200).await;
    assert_eq!(found.body["total"], 1);
    let device = &found.body["items"][0];
    assert_eq!(device["groups"], json!([{"id": id, "name": "Web"}]));
    assert_eq!((&device["criticality"], &device["automation"]), (&json!("high"), &json!("semi")));
    let other = world.get(&format!("/api/v1/devices/{}", world.a.device), admin).expect(200).await;
    assert_eq!((other.text("criticality"), other.text("automation")), ("normal", "none"));
    world.get("/api/v1/devices?group=web", admin).expect(400).await;

    // Of a device's groups the first by rank decides.
    let above = json!({"name": "All", "rule": {"every": true}, "criticality": "low", "automation": "none", "rank": 1});
    world.call("POST", "/api/v1/device-groups").bearer(admin).json(&above).expect(201).await;
    let device = world.get(&format!("/api/v1/devices?group={id}"), admin).expect(200).await;
    assert_eq!(device.body["items"][0]["criticality"], "low");
    let mut moved = group("Web", &rule);
    moved["rank"] = json!(1);
    let moved = world.call("PUT", &path).bearer(admin).json(&moved).expect(200).await;
    assert_eq!(moved.body["rank"], 1);
    let device = world.get(&format!("/api/v1/devices?group={id}"), admin).expect(200).await;
    assert_eq!(device.body["items"][0]["criticality"], "high");

    for (bad, code) in [
        (json!({"all": []}), "rule_empty"),
        (json!({"field": "name"}), "rule_malformed"),
        (json!({"field": "address", "op": "within", "value": "10.0.0.0/40"}), "rule_value_invalid"),
        (
            json!({"any": [{"not": {"not": {"field": "os_version", "op": "below", "value": "x"}}}]}),
            "rule_value_invalid",
        ),
    ] {
        let refused = world
            .call("POST", "/api/v1/device-groups")
            .bearer(admin)
            .json(&group("x", &bad))
            .expect(400)
            .await;
        assert_eq!(refused.code(), code, "{bad}");
    }
    let place = json!({"any": [{"not": {"field": "name", "op": "below", "value": "x"}}]});
    let refused =
        world.call("POST", "/api/v1/device-groups/preview").bearer(admin).json(&json!({"rule": place}));
    assert_eq!(refused.expect(400).await.body["error"]["details"]["at"], "any[0].not");
    let taken = world.call("POST", "/api/v1/device-groups").bearer(admin).json(&group("WEB", &rule));
    assert_eq!(taken.expect(409).await.code(), "conflict");

    let groups = vec![id.parse().expect("an id")];
    limited_token(&world.state, &world.a.tenant, world.a.admin_user, Role::Reader, groups).await;
    let used = world.call("DELETE", &path).bearer(admin).expect(409).await;
    assert_eq!(used.code(), "group_in_use");
    let tokens = world.get("/api/v1/tokens", admin).expect(200).await;
    let token = tokens.body["items"].as_array().expect("items").iter().find(|t| t["name"] == "limited");
    let token = token.and_then(|t| t["id"].as_str()).expect("the token");
    world.call("DELETE", &format!("/api/v1/tokens/{token}")).bearer(admin).expect(204).await;
    world.call("DELETE", &path).bearer(admin).expect(204).await;
    world.get(&path, admin).expect(404).await;
}

#[tokio::test]
async fn a_tag_moves_a_device_out_of_sight_at_once() {
    let world = World::new().await;
    let device = world.a.device;
    let rule = json!({"not": {"field": "tag", "op": "equals", "value": "secret"}});
    let made = world
        .call("POST", "/api/v1/device-groups")
        .bearer(&world.a.admin)
        .json(&group("open", &rule))
        .expect(201)
        .await;
    let groups = vec![made.text("id").parse().expect("an id")];
    let limited =
        limited_token(&world.state, &world.a.tenant, world.a.admin_user, Role::Operator, groups).await;
    let path = format!("/api/v1/devices/{device}");
    world.get(&path, &limited).expect(200).await;
    let tag = |by: &str, tags: Value| {
        world.call("PUT", &format!("{path}/tags")).bearer(by).json(&json!({"tags": tags}))
    };
    tag(&world.a.reader, json!(["x"])).expect(403).await;
    let done = tag(&limited, json!(["Secret", "env=prod", "env=prod"])).expect(200).await;
    assert_eq!(done.body["tags"], json!(["Secret", "env=prod"]));
    world.get(&path, &limited).expect(404).await;
    tag(&limited, json!([])).expect(404).await;
    assert_eq!(world.get("/api/v1/devices", &limited).expect(200).await.body["total"], 0);
    let back = tag(&world.a.operator, json!([])).expect(200).await;
    assert_eq!(back.body["groups"][0]["name"], "open");
    // A change that nobody has looked at yet: the next call of somebody limited does.
    world
        .state
        .set_device_tags(world.a.tenant.id, &palisade_state::DeviceScope::all(), device, &["secret".into()])
        .await
        .expect("tagged");
    world.get(&path, &limited).expect(404).await;
}

#[tokio::test]
async fn a_limited_query_is_limited_below_its_text() {
    let world = World::new().await;
    let other = world.enrol(&world.a.tenant, "other", "Debian").await;
    let made = world
        .call("POST", "/api/v1/device-groups")
        .bearer(&world.a.admin)
        .json(&group("own", &named("alpha-1")));
    let groups = vec![made.expect(201).await.text("id").parse().expect("an id")];
    let limited =
        limited_token(&world.state, &world.a.tenant, world.a.admin_user, Role::Reader, groups).await;
    world.query.answer(|_| Vec::new());
    let ask = |by: &str, query: &str| {
        world.call("POST", "/api/v1/hunting/query").bearer(by).json(&json!({"query": query}))
    };
    ask(&limited, &format!("DeviceInfo | where DeviceId == '{other}' or true")).expect(200).await;
    ask(&world.a.reader, "DeviceInfo").expect(200).await;
    let seen: Vec<_> = world.query.seen.lock().iter().map(|r| r.devices.clone()).collect();
    assert_eq!(seen, [Some(vec![world.a.device]), None]);
}
