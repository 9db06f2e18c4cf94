//! The doors of other products' clients: Kusto, Defender, Graph.

use std::time::Duration;

use axum::http::Request;
use palisade_state::Role;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::{World, group_of, limited_token};

const QUERY: &str = "DeviceInfo | project DeviceName, Timestamp";

fn frame<'a>(body: &'a Value, kind: &str) -> &'a Value {
    let frames = body.as_array().expect("frames");
    frames.iter().find(|f| f["TableKind"] == kind || f["FrameType"] == kind).expect("the frame")
}

#[tokio::test]
async fn a_query_is_answered_in_both_versions_within_its_options() {
    let world = World::new().await;
    world.query.answer(|_| vec![json!({"DeviceName": "a", "Timestamp": "2026-01-01T00:00:00Z"})]);
    let ask = |path: &str, body: Value| world.call("POST", path).bearer(&world.a.reader).json(&body);
    let properties = json!({"Options": {"servertimeout": "0:00:30", "truncationmaxrecords": 7,
        "query_now": "2026-01-02"}, "Parameters": {"n": "x"}});
    let csl = format!("declare query_parameters(n:string); {QUERY} | where DeviceName != n");
    let body = json!({"db": "Alpha", "csl": csl, "properties": properties.to_string()});
    let told =
        ask("/v2/rest/query", body).header("x-ms-client-request-id", "KPC.execute;7").expect(200).await;
    assert_eq!(told.header("x-ms-client-request-id"), "KPC.execute;7");
    assert_eq!(frame(&told.body, "PrimaryResult")["Rows"], json!([["a", "2026-01-01T00:00:00Z"]]));
    assert_eq!(frame(&told.body, "PrimaryResult")["Columns"][1]["ColumnType"], "datetime");
    let status = frame(&told.body, "QueryCompletionInformation");
    assert_eq!(status["Rows"][0][1], "KPC.execute;7");
    assert_eq!(status["Rows"][0][2], told.header("x-ms-activity-id"));
    assert_eq!(frame(&told.body, "DataSetCompletion")["HasErrors"], false);
    {
        let seen = world.query.seen.lock();
        assert_eq!((seen[0].row_cap, seen[0].deadline), (7, Duration::from_secs(30)));
        assert_eq!(seen[0].now_us, 1_767_312_000_000_000);
        assert!(seen[0].query.starts_with("let n = \"x\";"), "{}", seen[0].query);
    }
    let told = ask("/v1/rest/query", json!({"csl": QUERY})).expect(200).await;
    assert_eq!(told.body["Tables"][0]["Columns"][1]["DataType"], "DateTime");
    assert_eq!(told.body["Tables"].as_array().map(Vec::len), Some(4));
    assert_eq!(world.query.seen.lock()[1].deadline, Duration::from_secs(240));
    let entry = world.audit(&world.a.tenant).await;
    assert_eq!((entry[0].kind.as_str(), &entry[0].detail["query"]), ("hunting.run", &json!(QUERY)));
}

#[tokio::test]
async fn a_database_is_the_callers_tenant_and_nothing_else() {
    let world = World::new().await;
    let ask = |db: Value| {
        let body = json!({"db": db, "csl": QUERY});
        world.call("POST", "/v2/rest/query").bearer(&world.a.reader).json(&body)
    };
    for db in
        [json!("alpha"), json!(world.a.tenant.id.to_string()), json!("NetDefaultDB"), json!(""), Value::Null]
    {
        ask(db).expect(200).await;
    }
    let other = ask(json!("beta")).expect(400).await;
    let none = ask(json!("gamma")).expect(400).await;
    assert_eq!(other.code(), "entity_not_found");
    let words = |answer: &crate::world::Answer| answer.body["error"]["@message"].as_str().map(str::to_owned);
    assert_eq!(words(&other).map(|m| m.replace("beta", "gamma")), words(&none));
    assert_eq!(world.query.count(), 5);
}

#[tokio::test]
async fn errors_have_the_shape_that_clients_read() {
    let world = World::new().await;
    let ask = |body: Value| world.call("POST", "/v2/rest/query").bearer(&world.a.reader).json(&body);
    let told = ask(json!({"csl": "DeviceInfo | where Nam == 1"})).expect(400).await;
    let error = &told.body["error"];
    assert!(error["@message"].as_str().is_some_and(|m| m.starts_with("Semantic error: ")), "{error}");
    assert_eq!((&error["@permanent"], &error["innererror"]["@line"]), (&json!(true), &json!(1)));
    let syntax = ask(json!({"csl": "DeviceInfo | where ("})).expect(400).await;
    assert!(syntax.body["error"]["@message"].as_str().is_some_and(|m| m.starts_with("Syntax error: ")));
    let unknown = world.call("POST", "/v2/rest/query").json(&json!({"csl": QUERY})).expect(401).await;
    assert_eq!((&unknown.body["error"]["code"], unknown.code()), (&json!("Unauthorized"), "not_signed_in"));
    assert_eq!(unknown.header("www-authenticate"), "Bearer");
    assert!(ask(json!({"csl": 5})).expect(400).await.body["error"]["@type"].is_string());
    let option = json!({"csl": QUERY, "properties": {"Options": {"query_datetimescope_to": "x"}}});
    assert_eq!(ask(option).expect(400).await.code(), "not_supported");
    for path in ["/v1/rest/ingest/alpha/T", "/v1/rest/nothing", "/v2/nothing", "/v1.0/users"] {
        let missing = world.call("GET", path).bearer(&world.a.reader).expect(404).await;
        assert_eq!(missing.code(), "not_found", "{path}");
    }
    *world.query.failure.lock() = Some(("query_timeout".to_owned(), "it took too long".to_owned()));
    let late = ask(json!({"csl": QUERY})).expect(504).await;
    assert_eq!(late.body["error"]["@permanent"], false);
}

#[tokio::test]
async fn management_commands_show_what_is_there() {
    let world = World::new().await;
    let ask = |csl: &str| {
        let body = json!({"db": "alpha", "csl": csl});
        world.call("POST", "/v1/rest/mgmt").bearer(&world.a.reader).json(&body)
    };
    let rows = async |csl: &str| ask(csl).expect(200).await.body["Tables"][0]["Rows"].clone();
    let databases = rows(".show databases").await;
    assert_eq!((&databases[0][0], &databases[0][3]), (&json!("alpha"), &json!(1)));
    assert!(!databases.to_string().contains("beta"));
    let tables = rows(".show tables").await;
    let all = palisade_schema::tables().len() + palisade_schema::unfilled().len();
    assert_eq!(tables.as_array().map(Vec::len), Some(all));
    let schema = rows(".show databases schema as json").await;
    let schema: Value = serde_json::from_str(schema[0][0].as_str().expect("a text")).expect("JSON");
    let columns = &schema["Databases"]["alpha"]["Tables"]["DeviceInfo"]["OrderedColumns"];
    assert_eq!(columns[0]["CslType"], "datetime");
    assert_eq!(rows(".show version").await[0][3], "Palisade_0.1.0");
    assert_eq!(rows(".show diagnostics").await[0][0], 1);
    assert_eq!(rows(".show principal roles").await[0][3], "reader");
    assert_eq!(rows(".show functions").await, json!([]));
    assert!(
        rows(".show table DeviceInfo cslschema").await[0][1]
            .as_str()
            .is_some_and(|t| t.contains(":datetime"))
    );
    for csl in [".show table Nothing", ".show database beta", ".show database beta schema as json"] {
        assert_eq!(ask(csl).expect(400).await.code(), "entity_not_found", "{csl}");
    }
    assert_eq!(ask(".drop table DeviceInfo").expect(400).await.code(), "not_supported");
    assert_eq!(world.query.count(), 0, "no worker was bothered");
    world.query.answer(|_| vec![json!({"TableName": "DeviceInfo"})]);
    let piped = ask(".show tables | where TableName == 'DeviceInfo' | project TableName").expect(200).await;
    assert_eq!(piped.body["Tables"][0]["Rows"], json!([["DeviceInfo"]]));
    assert!(world.query.seen.lock()[0].query.starts_with("datatable(TableName:string"));
    let entry = world.audit(&world.a.tenant).await;
    assert!(entry.iter().any(|e| e.detail["command"] == ".drop table DeviceInfo" && e.outcome == "failure"));
}

#[tokio::test]
async fn what_clients_ask_first_needs_no_token_and_is_not_limited() {
    let world = World::with_attempts(2).await;
    for _ in 0..10 {
        let told = world.call("GET", "/v1/rest/auth/metadata").expect(200).await;
        assert_eq!(told.body["AzureAD"]["LoginEndpoint"], "https://localhost:8443");
        world.call("GET", "/v1/rest/ping").expect(200).await;
    }
}

#[tokio::test]
async fn somebody_who_is_limited_asks_over_their_devices_by_every_door() {
    let world = World::new().await;
    world.query.answer(|_| Vec::new());
    let group = group_of(&world.state, &world.a.tenant, "alpha-1").await;
    let limited =
        limited_token(&world.state, &world.a.tenant, world.a.reader_user, Role::Reader, vec![group]).await;
    let doors = [
        ("/v1/rest/query", json!({"csl": QUERY})),
        ("/v2/rest/query", json!({"csl": QUERY})),
        ("/v1/rest/mgmt", json!({"csl": ".show tables | count"})),
        ("/api/advancedqueries/run", json!({"Query": QUERY})),
        ("/v1.0/security/runHuntingQuery", json!({"Query": QUERY})),
    ];
    for (path, body) in &doors {
        world.call("POST", path).bearer(&limited).json(body).expect(200).await;
    }
    for request in world.query.seen.lock().iter() {
        assert_eq!(request.devices.as_deref(), Some(&[world.a.device][..]), "{}", request.query);
    }
    assert_eq!(world.query.count(), doors.len());
}

#[tokio::test]
async fn defenders_and_graphs_clients_have_their_doors() {
    let world = World::new().await;
    world.query.answer(|_| vec![json!({"DeviceName": "a", "Timestamp": "2026-01-01T00:00:00Z"})]);
    let ask = |path: &str, body: Value| world.call("POST", path).bearer(&world.a.reader).json(&body);
    let told = ask("/api/advancedqueries/run", json!({"Query": QUERY})).expect(200).await;
    assert_eq!(told.body["Schema"][1], json!({"Name": "Timestamp", "Type": "DateTime"}));
    assert_eq!(told.body["Results"], json!([{"DeviceName": "a", "Timestamp": "2026-01-01T00:00:00Z"}]));
    assert!(told.body["Stats"]["ExecutionTime"].is_number());
    let graph = "/v1.0/security/runHuntingQuery";
    let told = ask(graph, json!({"Query": QUERY})).expect(200).await;
    assert_eq!(told.body["schema"][0], json!({"name": "DeviceName", "type": "String"}));
    assert_eq!(told.body["results"][0]["DeviceName"], "a");
    ask(graph, json!({"Query": QUERY, "Timespan": "2026-01-01T00:00:00Z/P1D"})).expect(200).await;
    {
        let seen = world.query.seen.lock();
        let wanted = "let DeviceInfo = DeviceInfo | where Timestamp between \
            (datetime(2026-01-01T00:00:00.000000Z) .. datetime(2026-01-02T00:00:00.000000Z)); ";
        assert_eq!(seen[2].query, format!("{wanted}{QUERY}"));
    }
    assert_eq!(
        ask(graph, json!({"Query": QUERY, "Timespan": "yesterday"})).expect(400).await.code(),
        "invalid_argument"
    );
    assert_eq!(ask(graph, json!({"Query": "Nothing"})).expect(400).await.code(), "unknown_table");
}

#[tokio::test]
async fn without_tls_programs_are_served_by_their_token_alone() {
    let world = World::new().await;
    let router = palisade_api::ApiServer::programs_only(world.router.clone());
    let ask = async |method: &str, path: &str, header: (&str, &str)| {
        let request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:9");
        let request = request.header(header.0, header.1).header("content-type", "application/json");
        let body = axum::body::Body::from(json!({"csl": QUERY}).to_string());
        router
            .clone()
            .oneshot(request.body(body).expect("a request"))
            .await
            .expect("an answer")
            .status()
            .as_u16()
    };
    let token = format!("Bearer {}", world.a.reader);
    assert_eq!(ask("POST", "/v2/rest/query", ("authorization", &token)).await, 200);
    assert_eq!(ask("POST", "/v2/rest/query", ("cookie", "palisade_session=x")).await, 401);
    for path in ["/", "/api/v1/session", "/api/v1/hunting/query", "/assets/x.js", "/healthz"] {
        assert_eq!(ask("GET", path, ("authorization", &token)).await, 404, "{path}");
    }
}
