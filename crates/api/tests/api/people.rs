//! People: invitations, roles, limits, sessions and tokens of others.

use palisade_state::{Role, totp_code};
use palisade_types::TimeMicros;
use serde_json::{Value, json};

use crate::world::{Answer, PASSWORD, World, group_of};

/// Uses a set-up link, with a second factor or without.
async fn set_up(world: &World, url: &str, email: &str, factor: bool) -> Answer {
    let token = url.strip_prefix("https://localhost:8443/setup?token=").expect("a link of the console");
    let account = json!({"token": token, "email": email, "name": "Name", "password": PASSWORD});
    let begun = world.call("POST", "/api/v1/setup").json(&account).expect(200).await;
    let mut confirm = json!({"setup_session": begun.text("setup_session")});
    if factor {
        let code = totp_code(begun.text("totp_secret"), TimeMicros::now()).expect("a code");
        confirm["code"] = Value::from(code);
    }
    world.call("POST", "/api/v1/setup/confirm").json(&confirm).send().await
}

async fn change(world: &World, id: &str, body: Value) -> Answer {
    world.call("PUT", &format!("/api/v1/users/{id}")).bearer(&world.a.admin).json(&body).send().await
}

#[tokio::test]
async fn an_invitation_is_listed_renewed_and_revoked() {
    let world = World::new().await;
    let admin = world.a.admin.as_str();
    let group = group_of(&world.state, &world.a.tenant, "alpha-1").await.to_string();
    let invite = json!({"email": "Op@Alpha.example", "name": "Op", "role": "operator", "device_groups": [group],
        "link_expires_in_hours": 48});
    let made = world.call("POST", "/api/v1/users").bearer(admin).json(&invite).expect(201).await;
    let id = made.body["user"]["id"].as_str().expect("an id").to_owned();
    let shown = world.get(&format!("/api/v1/users/{id}"), admin).expect(200).await;
    assert_eq!((shown.text("state"), &shown.body["device_groups"]), ("invited", &json!([group])));
    assert_eq!(shown.body["setup_link_expires_at"], made.body["expires_at"]);
    for (field, bad, code) in [
        ("link_expires_in_hours", json!(0), "invalid_argument"),
        ("link_expires_in_hours", json!(337), "invalid_argument"),
        ("role", json!("administrator"), "administrator_unlimited"),
        ("device_groups", json!(["x"]), "invalid_body"),
    ] {
        let mut wrong = invite.clone();
        wrong["email"] = json!("x@alpha.example");
        wrong[field] = bad;
        let refused = world.call("POST", "/api/v1/users").bearer(admin).json(&wrong).expect(400).await;
        assert_eq!(refused.code(), code, "{field}");
    }

    let link = format!("/api/v1/users/{id}/setup-link");
    let anew = world.call("POST", &link).bearer(admin).json(&json!({})).expect(201).await;
    let old = set_up_fails(&world, made.text("setup_url"), "op@alpha.example").await;
    assert_eq!(old, "setup_link_invalid", "the earlier link has ended");
    let refused = set_up(&world, anew.text("setup_url"), "op@alpha.example", false).await;
    assert_eq!(refused.code(), "totp_required", "an operator needs a second factor");
    let done = set_up(&world, anew.text("setup_url"), "op@alpha.example", true).await;
    assert_eq!(done.status, 200, "{}", done.body);
    let session = world.call("GET", "/api/v1/session").cookie(&done.cookie()).expect(200).await;
    assert_eq!((session.text("role"), &session.body["limited"]), ("operator", &json!(true)));
    let held: Vec<&str> =
        session.body["permissions"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert!(held.contains(&"orders.create") && !held.contains(&"users.manage"), "{held:?}");

    // Nothing is left to revoke; a link for somebody who has an account leaves the account.
    world.call("DELETE", &link).bearer(admin).expect(404).await;
    world.call("POST", &link).bearer(admin).json(&json!({})).expect(201).await;
    world.call("DELETE", &link).bearer(admin).expect(204).await;
    world.get(&format!("/api/v1/users/{id}"), admin).expect(200).await;

    let invite = json!({"email": "no@alpha.example", "name": "No", "role": "reader"});
    let made = world.call("POST", "/api/v1/users").bearer(admin).json(&invite).expect(201).await;
    let id = made.body["user"]["id"].as_str().expect("an id");
    let link = format!("/api/v1/users/{id}/setup-link");
    world.call("DELETE", &link).bearer(admin).expect(204).await;
    world.get(&format!("/api/v1/users/{id}"), admin).expect(404).await;
    assert_eq!(set_up_fails(&world, made.text("setup_url"), "no@alpha.example").await, "setup_link_invalid");
}

async fn set_up_fails(world: &World, url: &str, email: &str) -> String {
    let token = url.rsplit('=').next().expect("a token");
    let account = json!({"token": token, "email": email, "name": "Name", "password": PASSWORD});
    world.call("POST", "/api/v1/setup").json(&account).expect(410).await.code().to_owned()
}

#[tokio::test]
async fn a_role_changes_at_once_and_never_without_a_second_factor() {
    let world = World::new().await;
    let invite = json!({"email": "bob@alpha.example", "name": "Bob", "role": "reader"});
    let made = world.call("POST", "/api/v1/users").bearer(&world.a.admin).json(&invite).expect(201).await;
    let id = made.body["user"]["id"].as_str().expect("an id").to_owned();
    let session = set_up(&world, made.text("setup_url"), "bob@alpha.example", false).await.cookie();
    let body = |role: &str, disabled: bool, groups: Value| json!({"name": "Bob", "role": role, "disabled": disabled, "device_groups": groups});

    let refused = change(&world, &id, body("operator", false, Value::Null)).await;
    assert_eq!((refused.status, refused.code()), (409, "second_factor_missing"));
    // The way that the message names: a new link, with which a second factor is set up.
    let link = format!("/api/v1/users/{id}/setup-link");
    let link = world.call("POST", &link).bearer(&world.a.admin).json(&json!({})).expect(201).await;
    let anew = set_up(&world, link.text("setup_url"), "bob@alpha.example", true).await.cookie();
    world.call("GET", "/api/v1/session").cookie(&session).expect(401).await;
    assert_eq!(change(&world, &id, body("operator", false, Value::Null)).await.status, 200);

    let order = || {
        let path = format!("/api/v1/devices/{}/orders", world.a.device);
        world.call("POST", &path).cookie(&anew).csrf().json(&json!({"kind": "ping", "reason": "test"}))
    };
    order().expect(201).await;
    world.call("GET", "/api/v1/users").cookie(&anew).expect(403).await;
    let group = group_of(&world.state, &world.a.tenant, "another").await.to_string();
    assert_eq!(change(&world, &id, body("operator", false, json!([group]))).await.status, 200);
    order().expect(404).await;
    let nowhere = change(&world, &id, body("operator", false, json!([uuid::Uuid::new_v4()]))).await;
    assert_eq!((nowhere.status, nowhere.code()), (404, "not_found"));
    assert_eq!(change(&world, &id, body("reader", false, Value::Null)).await.status, 200);
    order().expect(403).await;

    assert_eq!(change(&world, &id, body("reader", true, Value::Null)).await.text("state"), "disabled");
    world.call("GET", "/api/v1/session").cookie(&anew).expect(401).await;
    let link = format!("/api/v1/users/{id}/setup-link");
    let refused = world.call("POST", &link).bearer(&world.a.admin).json(&json!({})).expect(409).await;
    assert_eq!(refused.code(), "user_disabled");
    assert_eq!(change(&world, &id, body("reader", false, Value::Null)).await.text("state"), "active");
    world.call("GET", "/api/v1/session").cookie(&anew).expect(401).await;

    let own = world.a.admin_user.to_string();
    for (role, disabled) in [("reader", false), ("administrator", true)] {
        let last = change(&world, &own, body(role, disabled, Value::Null)).await;
        assert_eq!((last.status, last.code()), (409, "last_administrator"));
    }
}

#[tokio::test]
async fn an_administrator_ends_sessions_and_tokens_of_others() {
    let world = World::new().await;
    let (admin, reader) = (&world.a.admin, world.a.reader_user);
    let sessions = format!("/api/v1/users/{reader}/sessions");
    let listed = world.get(&sessions, admin).expect(200).await;
    assert_eq!(listed.body["total"], 1);
    let id = listed.body["items"][0]["id"].as_str().expect("an id").to_owned();
    let of_another = format!("/api/v1/users/{}/sessions/{id}", world.a.admin_user);
    world.call("DELETE", &of_another).bearer(admin).expect(404).await;
    world.call("DELETE", &format!("{sessions}/{id}")).bearer(admin).expect(204).await;
    assert_eq!(world.get(&sessions, admin).expect(200).await.body["total"], 0);

    let tokens = format!("/api/v1/users/{reader}/tokens");
    let listed = world.get(&tokens, admin).expect(200).await;
    let id = listed.body["items"][0]["id"].as_str().expect("an id").to_owned();
    world.get("/api/v1/devices", &world.a.reader).expect(200).await;
    world.call("DELETE", &format!("{tokens}/{id}")).bearer(admin).expect(204).await;
    world.get("/api/v1/devices", &world.a.reader).expect(401).await;

    let own = format!("/api/v1/users/{}/sessions", world.a.admin_user);
    world.call("DELETE", &own).bearer(admin).expect(204).await;
    assert_eq!(world.get(&own, admin).expect(200).await.body["total"], 0);
    let entries = world.audit(&world.a.tenant).await;
    let kinds: Vec<(&str, &str)> =
        entries.iter().take(4).map(|e| (e.kind.as_str(), e.outcome.as_str())).collect();
    assert_eq!(
        kinds,
        [
            ("session.revoke", "success"),
            ("token.delete", "success"),
            ("session.revoke", "success"),
            ("session.revoke", "failure")
        ]
    );
    assert_eq!(entries[0].detail["sessions"], 1);
}

#[tokio::test]
async fn a_token_does_what_it_names_and_no_more() {
    let world = World::new().await;
    let group = group_of(&world.state, &world.a.tenant, "another").await.to_string();
    let create = async |by: &str, body: Value| {
        let mut whole = json!({"name": "t", "role": "administrator", "expires_in_days": 1});
        for (key, value) in body.as_object().expect("an object") {
            whole[key.as_str()] = value.clone();
        }
        world.call("POST", "/api/v1/tokens").bearer(by).json(&whole).send().await
    };
    let narrow = create(&world.a.admin, json!({"permissions": ["devices.read", "audit.read"]})).await;
    let secret = narrow.text("token").to_owned();
    world.get("/api/v1/devices", &secret).expect(200).await;
    for closed in ["/api/v1/users", "/api/v1/hunting/schema", "/api/v1/tokens", "/api/v1/sessions"] {
        let refused = world.get(closed, &secret).expect(403).await;
        assert!(
            refused.body["error"]["message"].as_str().is_some_and(|m| m.contains("was not given")),
            "{closed}"
        );
    }
    assert_eq!(create(&secret, json!({})).await.code(), "forbidden", "nor does it make wider ones");
    let session = world.get("/api/v1/session", &secret).expect(200).await;
    assert_eq!(session.body["permissions"], json!(["signed-in", "devices.read", "audit.read"]));

    let reads = create(&world.a.admin, json!({"permissions": ["read"]})).await.text("token").to_owned();
    world.get("/api/v1/hunting/schema", &reads).expect(200).await;
    world.get("/api/v1/users", &reads).expect(403).await;
    world.get("/api/v1/sessions", &reads).expect(403).await;
    let operates = json!({"role": "operator", "permissions": ["operate"], "device_groups": [group]});
    let operates = create(&world.a.admin, operates).await.text("token").to_owned();
    assert_eq!(world.get("/api/v1/devices", &operates).expect(200).await.body["total"], 0);
    let order = format!("/api/v1/devices/{}/orders", world.a.device);
    world
        .call("POST", &order)
        .bearer(&operates)
        .json(&json!({"kind": "ping", "reason": "r"}))
        .expect(404)
        .await;

    for (body, code) in [
        (json!({"permissions": []}), "invalid_argument"),
        (json!({"permissions": ["devices.write"]}), "invalid_argument"),
        (json!({"role": "reader", "permissions": ["orders.create"]}), "invalid_argument"),
        (json!({"role": "operator", "permissions": ["administer"]}), "invalid_argument"),
        (json!({"device_groups": [group]}), "administrator_unlimited"),
        (json!({"role": "reader", "device_groups": [uuid::Uuid::new_v4()]}), "not_found"),
    ] {
        assert_eq!(create(&world.a.admin, body.clone()).await.code(), code, "{body}");
    }
    let listed = world.get("/api/v1/tokens", &world.a.admin).expect(200).await;
    let shown = |key: &str| listed.body["items"].as_array().expect("items").iter().any(|t| !t[key].is_null());
    assert!(shown("permissions") && shown("device_groups"));
}

#[tokio::test]
async fn everybody_reads_their_own_deeds_and_an_administrator_all() {
    let world = World::new().await;
    let order = format!("/api/v1/devices/{}/orders", world.a.device);
    let ping = json!({"kind": "ping", "reason": "r"});
    for token in [&world.a.admin, &world.a.operator, &world.a.reader] {
        world.call("POST", &order).bearer(token).json(&ping).send().await;
    }
    let read = async |token: &str| {
        let page = world.get("/api/v1/audit", token).expect(200).await;
        let items = page.body["items"].as_array().expect("items").clone();
        assert_eq!(page.body["total"], items.len());
        items.into_iter().map(|e| e["actor"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    let all = read(&world.a.admin).await;
    assert_eq!(all.len(), 3, "{all:?}");
    assert_eq!(read(&world.a.operator).await, ["operator@alpha.example (test)"]);
    assert_eq!(read(&world.a.reader).await, ["reader@alpha.example (test)"]);
    // A session sees what its user did by any session or token.
    let link =
        world.state.renew_setup_link(world.a.tenant.id, world.a.reader_user, None, TimeMicros::now()).await;
    let url = format!("https://localhost:8443/setup?token={}", link.expect("a link").token);
    let session = set_up(&world, &url, "reader@alpha.example", false).await.cookie();
    let page = world.call("GET", "/api/v1/audit").cookie(&session).expect(200).await;
    let kinds: Vec<&str> =
        page.body["items"].as_array().expect("items").iter().filter_map(|e| e["kind"].as_str()).collect();
    assert_eq!(kinds, ["setup.confirm", "order.create"]);
    assert_eq!(
        world.state.user(world.a.tenant.id, world.a.reader_user).await.expect("there").role,
        Role::Reader
    );
}
