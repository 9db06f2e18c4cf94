//! API tokens: never above their maker, shown once, gone when deleted.

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_token_has_its_role_and_ends() {
    let world = World::new().await;
    let create =
        |by: &str, body: &serde_json::Value| world.call("POST", "/api/v1/tokens").bearer(by).json(body);
    let wanted = json!({"name": "ci", "role": "reader", "expires_in_days": 7});
    let made = create(&world.a.admin, &wanted).expect(201).await;
    let token = made.text("token").to_owned();

    world.get("/api/v1/devices", &token).expect(200).await;
    let denied = world.get("/api/v1/users", &token).expect(403).await;
    assert!(denied.body["error"]["message"].as_str().expect("a message").contains("users.manage"));
    let session = world.get("/api/v1/session", &token).expect(200).await;
    assert_eq!((session.text("kind"), session.text("role")), ("token", "reader"));

    let listed = world.get("/api/v1/tokens", &world.a.admin).expect(200).await;
    assert!(!listed.body.to_string().contains(&token), "a token's secret is shown once");
    let id = made.text("id");
    world.call("DELETE", &format!("/api/v1/tokens/{id}")).bearer(&world.a.admin).expect(204).await;
    let ended = world.get("/api/v1/devices", &token).expect(401).await;
    assert_eq!(ended.code(), "token_invalid");
    assert_eq!(ended.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn a_token_cannot_be_made_beyond_its_bounds() {
    let world = World::new().await;
    let create =
        |by: &str, body: serde_json::Value| world.call("POST", "/api/v1/tokens").bearer(by).json(&body);
    let above = json!({"name": "n", "role": "administrator", "expires_in_days": 1});
    assert_eq!(create(&world.a.reader, above).expect(403).await.code(), "forbidden");
    for days in [0, 366] {
        let body = json!({"name": "n", "role": "reader", "expires_in_days": days});
        assert_eq!(create(&world.a.admin, body).expect(400).await.code(), "invalid_argument");
    }
    let nameless = json!({"name": " ", "role": "reader", "expires_in_days": 1});
    assert_eq!(create(&world.a.admin, nameless).expect(400).await.code(), "name_invalid");
}

#[tokio::test]
async fn a_token_made_by_a_token_ends_with_it() {
    let world = World::new().await;
    let wanted = json!({"name": "ci", "role": "administrator", "expires_in_days": 365});
    let made = world.call("POST", "/api/v1/tokens").bearer(&world.a.admin).json(&wanted).expect(201).await;
    let listed = world.get("/api/v1/tokens", made.text("token")).expect(200).await;
    let ends: Vec<&str> = listed.body["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|t| t["expires_at"].as_str())
        .collect();
    assert_eq!((ends.len(), ends[0]), (2, ends[1]), "both end when the first one was to end");
    assert_eq!(made.text("expires_at"), ends[0]);
}

#[tokio::test]
async fn an_enrolment_token_is_shown_once_with_its_command() {
    let world = World::new().await;
    let body = json!({"expires_in_hours": 24, "max_uses": 5});
    let made =
        world.call("POST", "/api/v1/enrolment-tokens").bearer(&world.a.admin).json(&body).expect(201).await;
    assert_eq!(made.text("command"), format!("enrol {}", made.text("token")));
    let listed = world.get("/api/v1/enrolment-tokens", &world.a.admin).expect(200).await;
    let all = listed.body["items"].as_array().expect("items");
    assert!(all.iter().any(|t| t["id"] == made.body["id"] && t["uses"] == 0 && t["max_uses"] == 5));
    assert!(!listed.body.to_string().contains(made.text("token")));
    for bad in [json!({"expires_in_hours": 0, "max_uses": 1}), json!({"expires_in_hours": 1, "max_uses": 0})]
    {
        world.call("POST", "/api/v1/enrolment-tokens").bearer(&world.a.admin).json(&bad).expect(400).await;
    }
}
