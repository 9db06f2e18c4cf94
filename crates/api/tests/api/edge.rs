//! What holds for every request: bounds, headers, errors that tell nothing.

use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn every_answer_has_the_headers_that_protect() {
    let world = World::new().await;
    for path in ["/api/v1/instance", "/api/v1/nothing", "/", "/healthz", "/assets/nothing.js"] {
        let answer = world.call("GET", path).header("host", "127.0.0.1:8443").send().await;
        let csp = answer.header("content-security-policy");
        assert!(csp.starts_with("default-src 'self'; ") && !csp.contains("unsafe-eval"), "{path}: {csp}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(answer.header("strict-transport-security").contains("max-age="), "{path}");
        assert_eq!(answer.header("x-request-id").len(), 32, "{path}");
        if path.starts_with("/api") {
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        }
    }
    world.call("GET", "/healthz").expect(200).await;
}

#[tokio::test]
async fn bodies_are_bounded_and_typed() {
    let world = World::new().await;
    let post = || world.call("POST", "/api/v1/hunting/validate").bearer(&world.a.reader);
    let large = post().json(&json!({"query": "x".repeat(2 << 20)})).expect(413).await;
    assert_eq!(large.code(), "body_too_large");
    let deep = "[".repeat(100_000);
    assert_eq!(post().raw("application/json", deep).expect(400).await.code(), "invalid_body");
    assert_eq!(post().raw("text/plain", "{}").expect(415).await.code(), "unsupported_media_type");
    assert_eq!(post().json(&json!({"query": "x", "more": 1})).expect(400).await.code(), "invalid_body");
    assert_eq!(post().json(&Value::Null).expect(400).await.code(), "invalid_body");
    assert_eq!(
        post().raw("application/json; charset=utf-8", "{\"query\": \"DeviceInfo\"}").expect(200).await.status,
        200
    );
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_same_shape() {
    let world = World::new().await;
    let missing = world.get("/api/v1/nothing", &world.a.admin).expect(404).await;
    assert_eq!(missing.code(), "not_found");
    let wrong = world.call("PUT", "/api/v1/devices").bearer(&world.a.admin).expect(405).await;
    assert_eq!(wrong.code(), "method_not_allowed");
    world.call("POST", "/somewhere").expect(405).await;
}

#[tokio::test]
async fn a_fault_of_the_server_tells_nothing() {
    let world = World::new().await;
    world.state.close().await;
    let answer = world.get("/api/v1/devices", &world.a.admin).send().await;
    assert!(answer.status >= 500, "{}", answer.status);
    let text = answer.body.to_string();
    assert!(!text.contains("sqlx") && !text.contains("pool") && !text.contains("postgres"), "{text}");
}

#[tokio::test]
async fn the_console_answers_every_page_of_its_own() {
    let world = World::new().await;
    let page = world.call("GET", "/devices/some/page").send().await;
    if page.status == 404 {
        assert_eq!(page.code(), "console_not_built");
        palisade_testkit::skipped("the console is not built");
        return;
    }
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert_eq!(page.header("cache-control"), "no-cache");
    let tag = page.header("etag").to_owned();
    let again = world.call("GET", "/").header("if-none-match", &tag).send().await;
    assert_eq!(again.status, 304);
    let packed = world.call("GET", "/").header("accept-encoding", "zstd").send().await;
    assert_eq!(packed.header("content-encoding"), "zstd");
    world.call("GET", "/assets/nothing.js").expect(404).await;
}
