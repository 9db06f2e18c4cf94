//! What people keep of their hunting: functions in every query, saved queries, history, links.

use std::sync::atomic::Ordering;

use palisade_testkit::eventually;
use serde_json::{Value, json};

use crate::world::{Answer, Call, World, group_of, limited_token};

fn put(world: &World, name: &str, token: &str, body: &Value) -> Call {
    world.call("PUT", &format!("/api/v1/hunting/functions/{name}")).bearer(token).json(body)
}

async fn define(world: &World, name: &str, parameters: &str, body: &str) -> Answer {
    let body = json!({"parameters": parameters, "body": body, "folder": "own", "description": "d"});
    put(world, name, &world.a.operator, &body).expect(200).await
}

fn hunt(world: &World, token: &str, query: &str) -> Call {
    world.call("POST", "/api/v1/hunting/query").bearer(token).json(&json!({ "query": query }))
}

#[tokio::test]
async fn a_chart_is_told_with_the_answer() {
    let world = World::new().await;
    let run =
        async |query: &str| hunt(&world, &world.a.reader, query).expect(200).await.body["render"].clone();
    assert_eq!(run("DeviceInfo | count").await, Value::Null);
    let chart = run(
        "DeviceInfo | summarize n = count() by OSPlatform | render piechart with (title=\"Systems\", ymin=0)",
    )
    .await;
    assert_eq!(
        (&chart["visualization"], &chart["title"], &chart["y_min"], &chart["x_column"]),
        (&json!("piechart"), &json!("Systems"), &json!(0.0), &Value::Null)
    );
}

#[tokio::test]
async fn functions_are_called_by_every_door() {
    let world = World::new().await;
    let made = define(&world, "Linux", "()", "DeviceInfo | where OSPlatform == 'Linux'").await;
    assert_eq!((&made.body["revision"], &made.body["tabular"]), (&json!(1), &json!(true)));
    assert_eq!(made.body["columns"][0], json!({"name": "Timestamp", "type": "datetime"}));
    assert_eq!(made.body["created_by"], "operator@alpha.example");
    define(&world, "Newest", "(n: long)", "Linux() | top n by Timestamp").await;
    define(&world, "Unused", "()", "DeviceEvents").await;

    hunt(&world, &world.a.reader, "Newest(3) | project DeviceName").expect(200).await;
    {
        let seen = world.query.seen.lock();
        let sent: Vec<&str> = seen[0].functions.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(sent.len(), 2, "those that are used, and no other: {sent:?}");
        assert!(sent.contains(&"Linux") && sent.contains(&"Newest"));
    }
    let entry = world.audit(&world.a.tenant).await;
    let entry = entry.iter().find(|e| e.kind == "hunting.run").expect("an entry");
    assert_eq!(entry.detail["functions"].as_array().map(Vec::len), Some(2));

    let checked = world
        .call("POST", "/api/v1/hunting/validate")
        .bearer(&world.a.reader)
        .json(&json!({"query": "Linux | where Unused()"}))
        .expect(200)
        .await;
    assert_eq!(checked.body["diagnostics"].as_array().map(Vec::len), Some(1));
    for (path, body) in [
        ("/v2/rest/query", json!({"csl": "Linux | count"})),
        ("/api/advancedqueries/run", json!({"Query": "Linux | count"})),
        ("/v1.0/security/runHuntingQuery", json!({"query": "Linux | count"})),
    ] {
        world.call("POST", path).bearer(&world.a.reader).json(&body).expect(200).await;
    }
    // Of another tenant they are not there.
    let foreign = hunt(&world, &world.b.admin, "Linux | count").expect(400).await;
    assert_eq!(foreign.code(), "unknown_table");
}

#[tokio::test]
async fn a_time_holds_inside_of_functions_too() {
    let world = World::new().await;
    define(&world, "Started", "()", "DeviceProcessEvents | where ActionType == 'ProcessCreated'").await;
    define(&world, "Half", "(x: long)", "x / 2").await;
    let body = json!({"query": "Started | extend h = Half(ProcessId) | count", "timespan": "P1D"});
    world
        .call("POST", "/v1.0/security/runHuntingQuery")
        .bearer(&world.a.reader)
        .json(&body)
        .expect(200)
        .await;
    let seen = world.query.seen.lock();
    let body = |name: &str| {
        seen[0].functions.iter().find(|f| f.name == name).map(|f| f.body.clone()).expect("it is sent")
    };
    let started = body("Started");
    assert!(
        started.starts_with("let DeviceProcessEvents = DeviceProcessEvents | where Timestamp"),
        "{started}"
    );
    assert_eq!(body("Half"), "x / 2", "it reads no table");
}

#[tokio::test]
async fn a_function_that_is_wrong_is_refused_with_its_places() {
    let world = World::new().await;
    let refused =
        async |name: &str, body: Value| put(&world, name, &world.a.operator, &body).expect(400).await;
    let told =
        refused("F", json!({"parameters": "()", "body": "DeviceInfo\n| where OSPlatfrm == 'x'"})).await;
    assert_eq!(told.code(), "unknown_column");
    let details = &told.body["error"]["details"];
    assert_eq!(
        (&details["line"], &details["column"], &details["suggestion"]),
        (&json!(2), &json!(9), &json!("OSPlatform"))
    );
    let told = refused("F", json!({"parameters": "(n: lng)", "body": "print n"})).await;
    assert_eq!(
        (told.code(), &told.body["error"]["details"]["column"]),
        ("function_parameters_invalid", &json!(5))
    );
    let good = json!({"parameters": "()", "body": "print 1"});
    assert_eq!(refused("DeviceInfo", good.clone()).await.code(), "function_name_taken");
    assert_eq!(refused("strcat", good.clone()).await.code(), "function_name_taken");
    assert_eq!(refused("no-name", good).await.code(), "function_name_invalid");

    define(&world, "A", "()", "print 1").await;
    define(&world, "B", "()", "A | take 1").await;
    let circle = json!({"parameters": "()", "body": "B | take 2", "revision": 1});
    let told = refused("A", circle).await;
    assert_eq!(told.code(), "function_cycle");
    assert!(told.body["error"]["message"].as_str().is_some_and(|m| m.contains("A → B → A")), "{}", told.body);

    // What is wrong only now is told at the call, with its place inside.
    world.call("DELETE", "/api/v1/hunting/functions/A").bearer(&world.a.operator).expect(204).await;
    let told = hunt(&world, &world.a.reader, "DeviceInfo\n| union B").expect(400).await;
    assert_eq!((&told.body["error"]["details"]["line"], told.code()), (&json!(2), "unknown_table"));
    let message = told.body["error"]["message"].as_str().unwrap_or_default();
    assert!(message.starts_with("in function B, line 1, column 1: "), "{message}");
}

#[tokio::test]
async fn functions_are_written_by_operators_of_all_devices() {
    let world = World::new().await;
    define(&world, "F", "()", "print 1").await;
    let change = |revision: Option<i64>| json!({"parameters": "()", "body": "print 2", "revision": revision});
    assert_eq!(put(&world, "F", &world.a.reader, &change(Some(1))).expect(403).await.code(), "forbidden");
    let group = group_of(&world.state, &world.a.tenant, "alpha-1").await;
    let role = palisade_state::Role::Operator;
    let limited = limited_token(&world.state, &world.a.tenant, world.a.admin_user, role, vec![group]).await;
    let told = put(&world, "F", &limited, &change(Some(1))).expect(403).await;
    assert_eq!(told.code(), "limited_to_groups");
    assert_eq!(put(&world, "F", &world.a.operator, &change(None)).expect(409).await.code(), "already_exists");
    let changed = put(&world, "F", &world.a.operator, &change(Some(1))).expect(200).await;
    assert_eq!(changed.body["revision"], 2);
    let late = put(&world, "F", &world.a.admin, &change(Some(1))).expect(409).await;
    assert_eq!(late.code(), "revision_conflict");
    let list = world.get("/api/v1/hunting/functions", &world.a.reader).expect(200).await;
    assert_eq!((&list.body["total"], &list.body["items"][0]["body"]), (&json!(1), &json!("print 2")));
    let entry = world.audit(&world.a.tenant).await;
    let written: Vec<_> = entry.iter().filter(|e| e.kind == "hunting_function.write").collect();
    assert_eq!(written.len(), 6, "each try leaves its entry");
    assert!(written.iter().any(|e| e.target == "F" && e.detail["body"] == "print 2"));
}

#[tokio::test]
async fn schemas_name_the_functions() {
    let world = World::new().await;
    define(&world, "Of", "(T: (DeviceId: string), n: long = 5)", "T | take n").await;
    let schema = world.get("/api/v1/hunting/schema", &world.a.reader).expect(200).await;
    assert_eq!(
        schema.body["functions"],
        json!([{"name": "Of", "parameters": "(T: (DeviceId: string), n: long = 5)", "description": "d",
            "folder": "own", "columns": null}])
    );
    let ask = async |csl: &str| {
        let body = json!({"csl": csl});
        let call = world.call("POST", "/v1/rest/mgmt").bearer(&world.a.reader).json(&body);
        call.expect(200).await.body["Tables"][0]["Rows"].clone()
    };
    let shown = ask(".show functions").await;
    assert_eq!(
        (&shown[0][0], &shown[0][2], &shown[0][4]),
        (&json!("Of"), &json!("{\nT | take n\n}"), &json!("d"))
    );
    assert_eq!(ask(".show function Of").await, shown);
    let text = ask(".show database schema as json").await;
    let schema: Value = serde_json::from_str(text[0][0].as_str().expect("a text")).expect("JSON");
    let function = &schema["Databases"]["alpha"]["Functions"]["Of"];
    assert_eq!(function["InputParameters"][1]["CslDefaultValue"], "5");
    assert_eq!(function["InputParameters"][0]["Columns"][0]["Name"], "DeviceId");
    let body = json!({"csl": ".show functions"});
    let foreign = world.call("POST", "/v1/rest/mgmt").bearer(&world.b.admin).json(&body).expect(200).await;
    assert_eq!(foreign.body["Tables"][0]["Rows"], json!([]));
}

#[tokio::test]
async fn saved_queries_are_ones_own_or_everybodys() {
    let world = World::new().await;
    let save = |token: &str, body: Value| {
        world.call("POST", "/api/v1/hunting/saved-queries").bearer(token).json(&body)
    };
    let own = save(&world.a.reader, json!({"name": "mine", "query": "DeviceInfo"})).expect(201).await;
    let own = format!("/api/v1/hunting/saved-queries/{}", own.body["id"].as_str().expect("an id"));
    let shared = json!({"name": "ours", "query": "DeviceInfo", "shared": true, "folder": "team"});
    assert_eq!(save(&world.a.reader, shared.clone()).expect(403).await.code(), "forbidden");
    let made = save(&world.a.operator, shared.clone()).expect(201).await;
    assert_eq!((&made.body["owner"], &made.body["own"]), (&json!("operator@alpha.example"), &json!(true)));
    assert_eq!(save(&world.a.admin, shared).expect(409).await.code(), "already_exists");
    let ours = format!("/api/v1/hunting/saved-queries/{}", made.body["id"].as_str().expect("an id"));

    let names = async |token: &str| {
        let list = world.get("/api/v1/hunting/saved-queries", token).expect(200).await;
        let items = list.body["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|q| q["name"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&world.a.reader).await, ["mine", "ours"]);
    assert_eq!(names(&world.a.admin).await, ["ours"], "also for an administrator");
    assert_eq!(names(&world.b.admin).await, Vec::<String>::new());
    world.get(&own, &world.a.admin).expect(404).await;

    let change = |path: &str, token: &str, body: Value| world.call("PUT", path).bearer(token).json(&body);
    let text = |shared: bool, revision: i64| json!({"name": "ours", "folder": "team", "query": "DeviceInfo | count", "shared": shared, "revision": revision});
    assert_eq!(change(&ours, &world.a.reader, text(true, 1)).expect(403).await.code(), "forbidden");
    let taken = change(&ours, &world.a.admin, text(false, 1)).expect(403).await;
    assert_eq!(taken.code(), "forbidden", "only its owner takes it back");
    let changed = change(&ours, &world.a.admin, text(true, 1)).expect(200).await;
    assert_eq!(
        (&changed.body["revision"], &changed.body["updated_by"]),
        (&json!(2), &json!("administrator@alpha.example"))
    );
    let late = change(&ours, &world.a.operator, text(true, 1)).expect(409).await;
    assert_eq!(late.code(), "revision_conflict");
    change(&ours, &world.a.operator, text(false, 2)).expect(200).await;
    assert_eq!(names(&world.a.admin).await, Vec::<String>::new());
    world.call("DELETE", &own).bearer(&world.a.reader).expect(204).await;
    world.get(&own, &world.a.reader).expect(404).await;
}

#[tokio::test]
async fn history_is_the_callers_own() {
    let world = World::new().await;
    world.query.answer(|_| vec![json!({"Count": 3})]);
    hunt(&world, &world.a.reader, "DeviceInfo | count").expect(200).await;
    hunt(&world, &world.a.reader, "DeviceInf | count").expect(400).await;
    hunt(&world, &world.a.admin, "DeviceEvents").expect(200).await;
    let history = async |token: &str| world.get("/api/v1/hunting/history", token).expect(200).await.body;
    let told = history(&world.a.reader).await;
    let seen = |at: usize| {
        let e = &told["items"][at];
        (e["query"].clone(), e["state"].clone(), e["code"].clone(), e["rows"].clone())
    };
    assert_eq!(told["total"], 2);
    assert_eq!(seen(0), (json!("DeviceInf | count"), json!("failed"), json!("unknown_table"), Value::Null));
    assert_eq!(seen(1), (json!("DeviceInfo | count"), json!("done"), Value::Null, json!(1)));
    assert!(told["items"][1]["wall_ms"].as_f64().is_some() && told["items"][1]["truncated"] == false);
    assert_eq!(history(&world.a.admin).await["total"], 1);

    // Programs that ask by other doors do not push out what a person ran.
    let body = json!({"csl": "DeviceInfo | count"});
    world.call("POST", "/v2/rest/query").bearer(&world.a.reader).json(&body).expect(200).await;
    assert_eq!(history(&world.a.reader).await["total"], 2);
    world.call("DELETE", "/api/v1/hunting/history").bearer(&world.a.reader).expect(204).await;
    assert_eq!(history(&world.a.reader).await["items"], json!([]));
    assert_eq!(history(&world.a.admin).await["total"], 1);
}

#[tokio::test]
async fn hidden_texts_reach_the_worker_and_are_not_kept() {
    let world = World::new().await;
    let asked = "DeviceInfo | where DeviceName == h'sesame' | count";
    hunt(&world, &world.a.admin, asked).expect(200).await;
    assert_eq!(world.query.seen.lock()[0].query, asked);
    let body = json!({"query": asked, "format": "csv"});
    world.call("POST", "/api/v1/hunting/exports").bearer(&world.a.admin).json(&body).expect(201).await;
    let told = world.get("/api/v1/hunting/history", &world.a.admin).expect(200).await.body;
    let kept = "DeviceInfo | where DeviceName == h'****' | count";
    assert_eq!(told["items"][0]["query"], kept);
    let entries = world.audit(&world.a.tenant).await;
    let queries: Vec<_> = entries.iter().filter_map(|e| e.detail.get("query")).collect();
    assert_eq!(queries, [kept, kept]);
}

#[tokio::test]
async fn history_says_what_was_cancelled() {
    let world = World::new().await;
    *world.query.hang.lock() = true;
    let run = |id: &str| {
        let body = json!({"query": "DeviceInfo", "query_id": id});
        world.call("POST", "/api/v1/hunting/query").bearer(&world.a.reader).json(&body)
    };
    let running = tokio::spawn(run("stopped").send());
    eventually("it runs", async || world.query.count() == 1).await;
    world.call("DELETE", "/api/v1/hunting/query/stopped").bearer(&world.a.reader).expect(204).await;
    assert_eq!(running.await.expect("it ends").code(), "query_cancelled");
    let running = tokio::spawn(run("left").send());
    eventually("it runs", async || world.query.count() == 2).await;
    running.abort();
    eventually("it is dropped", async || world.query.dropped.load(Ordering::SeqCst) == 2).await;
    let items = eventually("both are remembered", async || {
        let told = world.get("/api/v1/hunting/history", &world.a.reader).expect(200).await.body;
        (told["total"] == 2).then(|| told["items"].clone())
    })
    .await;
    let ended = |at: usize| (items[at]["state"].clone(), items[at]["code"].clone());
    assert_eq!(ended(0), (json!("cancelled"), json!("client_left")));
    assert_eq!(ended(1), (json!("cancelled"), json!("query_cancelled")));
}

#[tokio::test]
async fn a_link_leads_everybody_of_the_tenant_to_the_same_text() {
    let world = World::new().await;
    let link =
        |token: &str, body: Value| world.call("POST", "/api/v1/hunting/links").bearer(token).json(&body);
    let body = json!({"query": "DeviceInfo\n| count", "deadline_s": 120});
    let one = link(&world.a.reader, body.clone()).expect(201).await;
    let again = link(&world.a.admin, body.clone()).expect(201).await;
    let foreign = link(&world.b.admin, body).expect(201).await;
    assert_eq!(one.body, again.body);
    assert_ne!(one.body["id"], foreign.body["id"]);
    let path = format!("/api/v1/hunting/links/{}", one.body["id"].as_str().expect("an id"));
    let told = world.get(&path, &world.a.operator).expect(200).await;
    assert_eq!((&told.body["query"], &told.body["deadline_s"]), (&json!("DeviceInfo\n| count"), &json!(120)));
    assert_eq!(told.body["created_by"], "reader@alpha.example");
    assert_eq!(world.get(&path, &world.b.admin).expect(404).await.code(), "not_found");
    for bad in [json!({"query": " "}), json!({"query": "x", "deadline_s": 601})] {
        assert_eq!(link(&world.a.reader, bad).expect(400).await.code(), "invalid_argument");
    }
}
