//! Queries of people: compiled here, bounded, cancelled, remembered.

use std::sync::atomic::Ordering;
use std::time::Duration;

use palisade_testkit::eventually;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_query_runs_within_its_bounds() {
    let world = World::new().await;
    world.query.answer(|_| vec![json!({"FileName": "bash", "n": 3})]);
    let query = "DeviceProcessEvents | summarize n = count() by FileName";
    let run = |body: serde_json::Value| {
        world.call("POST", "/api/v1/hunting/query").bearer(&world.a.reader).json(&body)
    };
    let answer = run(json!({"query": query})).expect(200).await;
    assert_eq!(answer.body["schema"][0], json!({"name": "FileName", "type": "string"}));
    assert_eq!(answer.body["rows"], json!([["bash", 3]]));
    {
        let seen = world.query.seen.lock();
        assert_eq!((seen[0].row_cap, seen[0].deadline), (10_000, Duration::from_secs(60)));
        assert_eq!((seen[0].tenant, seen[0].query.as_str()), (world.a.tenant.id, query));
    }
    run(json!({"query": query, "row_cap": 7, "deadline_ms": 1500, "query_id": "mine"})).expect(200).await;
    {
        let seen = world.query.seen.lock();
        assert_eq!((seen[1].row_cap, seen[1].deadline), (7, Duration::from_millis(1500)));
        assert_eq!(seen[1].query_id, "mine");
    }
    for bad in [
        json!({"query": query, "row_cap": 0}),
        json!({"query": query, "row_cap": 100_001}),
        json!({"query": query, "deadline_ms": 600_001}),
        json!({"query": query, "query_id": "no spaces"}),
    ] {
        assert_eq!(run(bad).expect(400).await.code(), "invalid_argument");
    }
    assert_eq!(world.query.count(), 2);
    let entry =
        world.audit(&world.a.tenant).await.into_iter().find(|e| e.target == "mine").expect("an entry");
    assert_eq!((entry.kind.as_str(), &entry.detail["query"]), ("hunting.run", &json!(query)));
    assert_eq!(entry.detail["rows"], 1);
}

#[tokio::test]
async fn a_query_that_does_not_compile_is_told_where_and_what() {
    let world = World::new().await;
    let body = json!({"query": "DeviceProcessEvents\n| where Filename == \"x\""});
    let told =
        world.call("POST", "/api/v1/hunting/query").bearer(&world.a.reader).json(&body).expect(400).await;
    let details = &told.body["error"]["details"];
    assert_eq!((&details["line"], &details["column"]), (&json!(2), &json!(9)));
    assert_eq!(details["suggestion"], "FileName");
    assert_eq!(details["diagnostics"].as_array().map(Vec::len), Some(1));
    assert_eq!(world.query.count(), 0, "no worker was bothered");

    let checked =
        world.call("POST", "/api/v1/hunting/validate").bearer(&world.a.reader).json(&body).expect(200).await;
    assert_eq!(checked.body["diagnostics"][0]["suggestion"], "FileName");
    let good = json!({"query": "DeviceInfo | take 1"});
    let checked =
        world.call("POST", "/api/v1/hunting/validate").bearer(&world.a.reader).json(&good).expect(200).await;
    assert_eq!(checked.body["diagnostics"], json!([]));
}

#[tokio::test]
async fn the_schema_describes_every_table_and_column() {
    let world = World::new().await;
    let schema = world.get("/api/v1/hunting/schema", &world.a.reader).expect(200).await;
    let tables = schema.body["tables"].as_array().expect("tables");
    assert_eq!(tables.len(), palisade_schema::tables().len());
    for (told, table) in tables.iter().zip(palisade_schema::tables()) {
        assert_eq!(told["name"], table.name.as_str());
        assert_eq!(told["columns"].as_array().map(Vec::len), Some(table.columns.len()));
    }
}

#[tokio::test]
async fn a_running_query_is_cancelled_by_its_owner_only() {
    let world = World::new().await;
    *world.query.hang.lock() = true;
    let body = json!({"query": "DeviceInfo", "query_id": "long"});
    let call = world.call("POST", "/api/v1/hunting/query").bearer(&world.a.admin).json(&body);
    let running = tokio::spawn(call.send());
    eventually("the query runs", async || world.query.count() == 1).await;
    let twice =
        world.call("POST", "/api/v1/hunting/query").bearer(&world.a.admin).json(&body).expect(409).await;
    assert_eq!(twice.code(), "query_id_in_use");
    let cancel = |token: &str| world.call("DELETE", "/api/v1/hunting/query/long").bearer(token);
    cancel(&world.b.admin).expect(404).await;
    cancel(&world.a.reader).expect(404).await;
    cancel(&world.a.admin).expect(204).await;
    let answer = running.await.expect("the call ends");
    assert_eq!((answer.status, answer.code()), (409, "query_cancelled"));
    assert_eq!(world.query.dropped.load(Ordering::SeqCst), 1, "the run itself was dropped");
    assert_eq!(world.query.cancelled.lock().as_slice(), &[(world.a.tenant.id, "long".to_owned())]);
    cancel(&world.a.admin).expect(404).await;
}

#[tokio::test]
async fn a_query_stops_when_its_client_leaves_and_leaves_its_entry() {
    let world = World::new().await;
    *world.query.hang.lock() = true;
    let body = json!({"query": "DeviceInfo", "query_id": "left"});
    let call = world.call("POST", "/api/v1/hunting/query").bearer(&world.a.reader).json(&body);
    let running = tokio::spawn(call.send());
    eventually("the query runs", async || world.query.count() == 1).await;
    running.abort();
    eventually("the run is dropped", async || world.query.dropped.load(Ordering::SeqCst) == 1).await;
    let entry = eventually("the entry is there", async || {
        world.audit(&world.a.tenant).await.into_iter().find(|e| e.target == "left")
    })
    .await;
    assert_eq!((entry.outcome.as_str(), &entry.detail["code"]), ("failure", &json!("client_left")));
}

#[tokio::test]
async fn a_failure_of_a_worker_is_told_without_the_servers_secrets() {
    let world = World::new().await;
    let cases = [
        ("query_timeout", 504, "too long"),
        ("query_memory", 422, "too much"),
        ("query_lost", 503, "it died"),
        ("invalid_regex", 400, "bad pattern"),
        ("data_unreadable", 503, "the server's log"),
        ("plan_schema_mismatch", 500, "the server failed"),
        ("internal", 500, "the server failed"),
    ];
    for (code, status, told) in cases {
        let message = if told.contains("server") { "/secret/path" } else { told };
        *world.query.failure.lock() = Some((code.to_owned(), message.to_owned()));
        let body = json!({"query": "DeviceInfo"});
        let answer = world
            .call("POST", "/api/v1/hunting/query")
            .bearer(&world.a.reader)
            .json(&body)
            .expect(status)
            .await;
        let text = answer.body.to_string();
        assert!(text.contains(told) && !text.contains("/secret/path"), "{code}: {text}");
        let shown = if status == 500 { "internal" } else { code };
        assert_eq!(answer.code(), shown);
    }
}
