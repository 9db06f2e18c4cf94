//! Exports by the clock: whose they are, what a run leaves, and what becomes of one that was left in the middle.

use palisade_state::hunting_exports::owner_of;
use palisade_state::{Role, UserChange};
use palisade_testkit::eventually;
use palisade_types::TimeMicros;
use serde_json::{Value, json};

use crate::world::{World, group_of, limited_token};

const LIST: &str = "/api/v1/hunting/scheduled-exports";
const QUERY: &str = "DeviceProcessEvents | project FileName";

fn body(name: &str, keep: u16) -> Value {
    json!({"name": name, "query": QUERY, "format": "jsonl", "every": "week", "at_minute": 5, "at_hour": 6,
        "on_weekday": 7, "keep": keep})
}

/// Makes one; where it is.
async fn made(world: &World, token: &str, name: &str, keep: u16) -> String {
    let made = world.call("POST", LIST).bearer(token).json(&body(name, keep)).expect(201).await;
    format!("{LIST}/{}", made.text("id"))
}

async fn runs(world: &World, at: &str) -> Vec<Value> {
    let page = world.get(&format!("{at}/runs"), &world.a.admin).expect(200).await;
    page.body["items"].as_array().cloned().unwrap_or_default()
}

/// Asks for a run and waits until it is over.
async fn run(world: &World, at: &str) -> Value {
    let asked = world.call("POST", &format!("{at}/runs")).bearer(&world.a.admin).expect(202).await;
    assert_eq!((asked.text("state"), &asked.body["ended_at"]), ("running", &Value::Null));
    let mut over = Value::Null;
    eventually("the run is over", async || {
        over = runs(world, at).await.remove(0);
        over["id"] == asked.body["id"] && over["state"] != "running"
    })
    .await;
    over
}

#[tokio::test]
async fn an_export_is_its_owners_and_an_administrator_sees_all() {
    let world = World::new().await;
    let at = made(&world, &world.a.reader, "mine", 2).await;
    let own = world.get(&at, &world.a.reader).expect(200).await;
    assert_eq!((own.text("owner"), &own.body["last_run"]), ("reader@alpha.example", &Value::Null));
    let clock = ["every", "at_minute", "at_hour", "on_weekday", "enabled"].map(|k| own.body[k].clone());
    assert_eq!(clock, [json!("week"), json!(5), json!(6), json!(7), json!(true)]);
    let next: TimeMicros = own.text("next_run_at").parse().expect("an instant");
    assert!(next > TimeMicros::now() && own.text("next_run_at").ends_with("T06:05:00.000000Z"));

    let count = async |token: &str| {
        let page = world.get(LIST, token).expect(200).await;
        page.body["items"].as_array().map(Vec::len)
    };
    assert_eq!([count(&world.a.reader).await, count(&world.a.operator).await], [Some(1), Some(0)]);
    assert_eq!([count(&world.a.admin).await, count(&world.b.admin).await], [Some(1), Some(0)]);
    for other in [&world.a.operator, &world.b.admin] {
        for (method, path) in [("GET", at.clone()), ("DELETE", at.clone()), ("POST", format!("{at}/runs"))] {
            let told = world.call(method, &path).bearer(other).expect(404).await;
            assert_eq!(told.code(), "not_found", "{method} {path}");
        }
    }
    let changed = json!({"name": "ours", "query": QUERY, "format": "csv", "every": "hour", "at_minute": 0, "enabled": false});
    let now_is = world.call("PUT", &at).bearer(&world.a.admin).json(&changed).expect(200).await;
    assert_eq!((now_is.text("owner"), &now_is.body["next_run_at"]), ("reader@alpha.example", &Value::Null));
    assert!(now_is.text("updated_by").contains("administrator@alpha.example"));
    assert_eq!(now_is.body["keep"], 10);

    // A token with less than its user would get more by it.
    let group = group_of(&world.state, &world.a.tenant, "alpha-1").await;
    let users = world.state.users(world.a.tenant.id).await.expect("users");
    let operator = users.iter().find(|u| u.role == Role::Operator).expect("the operator").id;
    let limited = limited_token(&world.state, &world.a.tenant, operator, Role::Operator, vec![group]).await;
    let told = world.call("POST", LIST).bearer(&limited).json(&body("more", 1)).expect(403).await;
    assert_eq!(told.code(), "forbidden");

    for bad in [
        json!({"query": "Nothing | take 1"}),
        json!({"every": "month"}),
        json!({"on_weekday": 8}),
        json!({"at_hour": null}),
        json!({"keep": 101}),
        json!({"name": " "}),
    ] {
        let mut wrong = body("x", 1);
        for (key, value) in bad.as_object().expect("an object") {
            wrong[key] = value.clone();
        }
        world.call("POST", LIST).bearer(&world.a.reader).json(&wrong).expect(400).await;
    }
    world.call("DELETE", &at).bearer(&world.a.reader).expect(204).await;
    assert_eq!(count(&world.a.admin).await, Some(0));
}

#[tokio::test]
async fn a_run_leaves_a_file_and_old_files_go() {
    let world = World::new().await;
    let driver = world.background();
    world.query.answer(|_| vec![json!({"FileName": "bash"})]);
    let at = made(&world, &world.a.reader, "kept: one", 1).await;
    let first = run(&world, &at).await;
    let content = |run: &Value| format!("{at}/runs/{}/content", run["id"].as_str().unwrap_or_default());
    assert_eq!((&first["state"], &first["rows"], &first["bytes"]), (&json!("done"), &json!(1), &json!(20)));
    assert_eq!(first["sha256"].as_str().map(str::len), Some(64));
    let file = world.get(&content(&first), &world.a.reader).expect(200).await;
    assert_eq!(file.bytes, b"{\"FileName\":\"bash\"}\n");
    assert!(file.header("content-disposition").contains("filename=\"kept--one-"));
    assert_eq!((file.header("content-length"), file.header("content-type")), ("20", "application/jsonl"));
    world.get(&content(&first), &world.a.operator).expect(404).await;
    let entries = world.audit(&world.a.tenant).await;
    let entry = entries.iter().find(|e| e.kind == "hunting.export").expect("an entry");
    assert_eq!((entry.actor_name.as_str(), &entry.detail["rows"]), ("reader@alpha.example", &json!(1)));

    let second = run(&world, &at).await;
    world.get(&content(&first), &world.a.reader).expect(404).await;
    world.get(&content(&second), &world.a.reader).expect(200).await;
    assert_eq!(runs(&world, &at).await.len(), 1);

    // What fails leaves no file, and the one before stays.
    *world.query.cut.lock() = Some("query_memory".to_owned());
    let failed = run(&world, &at).await;
    assert_eq!((&failed["state"], &failed["code"]), (&json!("failed"), &json!("query_memory")));
    world.get(&content(&failed), &world.a.reader).expect(404).await;
    world.get(&content(&second), &world.a.reader).expect(200).await;
    let last = world.get(&at, &world.a.reader).expect(200).await;
    assert_eq!(last.body["last_run"]["id"], failed["id"]);

    world.call("DELETE", &at).bearer(&world.a.reader).expect(204).await;
    let left = std::fs::read_dir(world.hunting.path().join("exports").join(world.a.tenant.id.to_string()))
        .expect("listed");
    assert_eq!(left.count(), 0, "its files went with it");
    driver.abort();
}

#[tokio::test]
async fn a_run_has_the_rights_that_its_owner_has_then() {
    let world = World::new().await;
    let driver = world.background();
    let at = made(&world, &world.a.operator, "rights", 5).await;
    run(&world, &at).await;
    let devices = || world.query.seen.lock().last().and_then(|r| r.devices.clone());
    assert_eq!(devices(), None);
    let users = world.state.users(world.a.tenant.id).await.expect("users");
    let operator = users.iter().find(|u| u.role == Role::Operator).expect("the operator").id;
    let group = group_of(&world.state, &world.a.tenant, "alpha-1").await;
    let change = async |disabled, groups| {
        let change = UserChange { name: "Op".into(), role: Role::Operator, disabled, groups };
        world.state.update_user(world.a.tenant.id, operator, &change).await.expect("changed");
    };
    change(false, Some(vec![group])).await;
    assert_eq!(run(&world, &at).await["state"], "done");
    assert_eq!(devices(), Some(vec![world.a.device]));
    change(true, Some(vec![group])).await;
    let refused = run(&world, &at).await;
    assert_eq!((&refused["state"], &refused["code"]), (&json!("failed"), &json!("export_owner_gone")));
    driver.abort();
}

#[tokio::test]
async fn what_was_due_and_what_was_left_in_the_middle_is_made_by_the_next_process() {
    let world = World::new().await;
    let at = made(&world, &world.a.reader, "due", 5).await;
    let (tenant, now) = (world.a.tenant.id, TimeMicros::now());
    let week = now.plus_micros(8 * 24 * 3_600_000_000);
    let claimed = world.state.claim_export_run(tenant, week).await.expect("asked");
    let (export, run) = claimed.expect("it was due");
    assert!(world.state.claim_export_run(tenant, week).await.expect("asked").is_none(), "one at a time");
    let reader = world.state.authenticate_token(&world.a.reader, now).await.expect("the reader");
    assert_eq!(export.owner, owner_of(&reader));
    let told = world.call("POST", &format!("{at}/runs")).bearer(&world.a.reader).expect(409).await;
    assert_eq!(told.code(), "export_running");
    let folder = world.hunting.path().join("exports").join(tenant.to_string()).join(export.id.to_string());
    std::fs::create_dir_all(&folder).expect("made");
    std::fs::write(folder.join(format!("{}.part", run.id)), "half").expect("written");

    let driver = world.background();
    let of = |all: &[Value], state: &str| all.iter().find(|r| r["state"] == state).cloned();
    eventually("it is made again", async || of(&runs(&world, &at).await, "done").is_some()).await;
    let all = runs(&world, &at).await;
    assert_eq!(all.len(), 2);
    let left = of(&all, "failed").expect("the one that was left");
    assert_eq!((&left["id"], &left["code"]), (&json!(run.id.to_string()), &json!("interrupted")));
    let done = of(&all, "done").expect("made again");
    let files: Vec<_> =
        std::fs::read_dir(&folder).expect("listed").flatten().map(|e| e.file_name()).collect();
    assert_eq!(files, [format!("{}.jsonl", done["id"].as_str().expect("an id")).as_str()]);
    driver.abort();
}
