//! Downloads of a query's rows: tickets, what is sent, and what becomes of it when something goes wrong.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use palisade_api::ExportFormat;
use palisade_state::Role;
use palisade_testkit::eventually;
use palisade_types::TimeMicros;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::{Answer, HOUR, World, group_of, limited_token};

const QUERY: &str = "DeviceProcessEvents | project FileName";

async fn ticket(world: &World, token: &str, body: Value) -> Answer {
    world.call("POST", "/api/v1/hunting/exports").bearer(token).json(&body).send().await
}

/// Where a new download of some query is.
async fn download(world: &World, token: &str, format: &str) -> String {
    let made = ticket(world, token, json!({"query": QUERY, "format": format})).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.text("download").to_owned()
}

#[tokio::test]
async fn a_file_is_sent_with_its_name_and_type() {
    let world = World::new().await;
    world.query.answer(|_| vec![json!({"FileName": "bash"}), json!({"FileName": "zsh"})]);
    for (format, kind) in [
        ("csv", "text/csv; charset=utf-8; header=present"),
        ("json", "application/json"),
        ("jsonl", "application/jsonl"),
        ("parquet", "application/vnd.apache.parquet"),
    ] {
        let at = download(&world, &world.a.reader, format).await;
        let file = world.get(&at, &world.a.reader).expect(200).await;
        assert_eq!(file.header("content-type"), kind);
        let named = format!("attachment; filename=\"query-results.{format}\"");
        assert_eq!(file.header("content-disposition"), named);
        assert_eq!(file.bytes, b"{\"FileName\":\"bash\"}\n{\"FileName\":\"zsh\"}\n");
        // It can be fetched again while it is good.
        world.get(&at, &world.a.reader).expect(200).await;
    }
    let asked = {
        let seen = world.query.seen.lock();
        (seen[0].row_cap, seen[0].deadline, seen[0].devices.clone())
    };
    assert_eq!(asked, (10_000_000, Duration::from_secs(600), None));
    use ExportFormat::{Csv, Json, Jsonl, Parquet};
    let formats = [Csv, Csv, Json, Json, Jsonl, Jsonl, Parquet, Parquet];
    assert_eq!(*world.query.formats.lock(), formats);

    let body =
        json!({"query": QUERY, "format": "csv", "max_rows": 5, "deadline_ms": 1000, "file_name": "my rows"});
    let made = ticket(&world, &world.a.reader, body).await;
    let file = world.get(made.text("download"), &world.a.reader).expect(200).await;
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"my rows.csv\"");
    let entry = world.audit(&world.a.tenant).await.remove(0);
    assert_eq!((entry.kind.as_str(), entry.target.as_str()), ("hunting.export", made.text("id")));
    let told = (&entry.detail["rows"], &entry.detail["format"], &entry.detail["query"]);
    assert_eq!(told, (&json!(2), &json!("csv"), &json!(QUERY)));
    assert_eq!(entry.detail["bytes"], file.bytes.len());
    let last = world.query.seen.lock().last().map(|r| (r.row_cap, r.deadline, r.query_id.clone()));
    assert_eq!(last, Some((5, Duration::from_secs(1), made.text("id").to_owned())));
}

#[tokio::test]
async fn what_is_asked_is_checked_before_there_is_a_ticket() {
    let world = World::new().await;
    for (body, code) in [
        (json!({"query": "Nothing | take 1", "format": "csv"}), "unknown_table"),
        (json!({"query": QUERY, "format": "xls"}), "invalid_body"),
        (json!({"query": QUERY, "format": "csv", "max_rows": 0}), "invalid_argument"),
        (json!({"query": QUERY, "format": "csv", "max_rows": 10_000_001}), "invalid_argument"),
        (json!({"query": QUERY, "format": "csv", "deadline_ms": 600_001}), "invalid_argument"),
        (json!({"query": QUERY, "format": "csv", "file_name": "../x"}), "invalid_argument"),
        (json!({"query": "print 'a\u{0}b'", "format": "csv"}), "invalid_argument"),
    ] {
        let told = ticket(&world, &world.a.reader, body.clone()).await;
        assert_eq!((told.status, told.code()), (400, code), "{body}: {}", told.body);
    }
    assert_eq!(world.query.count(), 0, "no worker was bothered");
}

#[tokio::test]
async fn a_ticket_is_its_makers_and_ends() {
    let world = World::new().await;
    let at = download(&world, &world.a.reader, "csv").await;
    for other in [&world.a.admin, &world.a.operator, &world.b.admin] {
        assert_eq!(world.get(&at, other).expect(404).await.code(), "not_found");
    }
    let maker = world.state.authenticate_token(&world.a.reader, TimeMicros::now()).await.expect("the reader");
    let id = at.split('/').nth(5).expect("an id").parse().expect("an id");
    let later = TimeMicros::now().plus_micros(HOUR);
    assert!(world.state.export_ticket(&maker, id, TimeMicros::now()).await.is_ok());
    assert_eq!(world.state.export_ticket(&maker, id, later).await.expect_err("over").code(), "not_found");
    for _ in 0..99 {
        download(&world, &world.a.reader, "csv").await;
    }
    let told = ticket(&world, &world.a.reader, json!({"query": QUERY, "format": "csv"})).await;
    assert_eq!((told.status, told.code()), (400, "too_many_exports"));
    download(&world, &world.a.operator, "csv").await;
}

#[tokio::test]
async fn somebody_who_is_limited_gets_rows_of_their_devices() {
    let world = World::new().await;
    let group = group_of(&world.state, &world.a.tenant, "alpha-1").await;
    let users = world.state.users(world.a.tenant.id).await.expect("users");
    let operator = users.iter().find(|u| u.role == Role::Operator).expect("the operator").id;
    let limited = limited_token(&world.state, &world.a.tenant, operator, Role::Operator, vec![group]).await;
    let at = download(&world, &limited, "csv").await;
    world.get(&at, &limited).expect(200).await;
    let devices = world.query.seen.lock().last().and_then(|r| r.devices.clone());
    assert_eq!(devices, Some(vec![world.a.device]));
}

#[tokio::test]
async fn what_fails_before_there_are_rows_is_an_answer() {
    let world = World::new().await;
    let at = download(&world, &world.a.reader, "json").await;
    for (code, status) in [("query_memory", 422), ("query_timeout", 504), ("query_lost", 503)] {
        *world.query.failure.lock() = Some((code.to_owned(), String::new()));
        assert_eq!(world.get(&at, &world.a.reader).expect(status).await.code(), code);
        let entry = world.audit(&world.a.tenant).await.remove(0);
        assert_eq!((entry.outcome.as_str(), &entry.detail["code"]), ("failure", &json!(code)));
    }
}

/// A request as it comes, and its answer with a body that is not read yet.
async fn begun(world: &World, at: &str) -> axum::response::Response {
    let request = Request::get(at)
        .header("host", "localhost:8443")
        .header("authorization", format!("Bearer {}", world.a.reader));
    world.router.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer")
}

#[tokio::test]
async fn a_query_that_fails_behind_its_first_rows_aborts_the_transfer() {
    let world = World::new().await;
    world.query.answer(|_| vec![json!({"FileName": "bash"}), json!({"FileName": "zsh"})]);
    *world.query.cut.lock() = Some("query_memory".to_owned());
    let at = download(&world, &world.a.reader, "csv").await;
    let answer = begun(&world, &at).await;
    assert_eq!(answer.status(), 200);
    let mut body = answer.into_body();
    let first = body.frame().await.expect("a frame").expect("the first row");
    assert_eq!(first.into_data().expect("bytes"), "{\"FileName\":\"bash\"}\n");
    assert!(body.frame().await.expect("no good end").is_err());
    let entry = world.audit(&world.a.tenant).await.remove(0);
    assert_eq!((entry.outcome.as_str(), &entry.detail["code"]), ("failure", &json!("query_memory")));
}

#[tokio::test]
async fn an_export_is_cancelled_by_its_name_or_by_leaving() {
    let world = World::new().await;
    world.query.answer(|_| vec![json!({"FileName": "bash"})]);
    *world.query.hang.lock() = true;
    let at = download(&world, &world.a.reader, "csv").await;
    let mut body = begun(&world, &at).await.into_body();
    body.frame().await.expect("a frame").expect("the first row");
    // One of a name runs at once.
    assert_eq!(world.get(&at, &world.a.reader).expect(409).await.code(), "query_id_in_use");
    let id = at.split('/').nth(5).expect("an id");
    world.call("DELETE", &format!("/api/v1/hunting/query/{id}")).bearer(&world.a.reader).expect(204).await;
    assert!(body.frame().await.expect("no good end").is_err());
    assert_eq!(world.query.dropped.load(Ordering::SeqCst), 1);

    let body = begun(&world, &at).await.into_body();
    drop(body);
    eventually("the query is let go", async || world.query.dropped.load(Ordering::SeqCst) == 2).await;
    eventually("it is remembered", async || {
        world.audit(&world.a.tenant).await[0].detail["code"] == "client_left"
    })
    .await;
}
