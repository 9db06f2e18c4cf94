//! Timeline and process tree over the queries that they write.

use serde_json::{Value, json};

use crate::world::World;

fn event(table: &str, at: u32, report: u32) -> Value {
    let action = if table == "DeviceNetworkEvents" { "ConnectionSuccess" } else { "FileCreated" };
    json!({"Timestamp": format!("2026-11-23T22:00:{at:02}.000000Z"), "ActionType": action, "ReportId": report,
        "InitiatingProcessFileName": "curl", "RemoteIP": "192.0.2.1", "RemotePort": 443, "FolderPath": "/tmp/x",
        "SHA256": ""})
}

#[tokio::test]
async fn a_timeline_merges_the_tables_newest_first() {
    let world = World::new().await;
    world.query.answer(|query| match query.split('\n').next() {
        Some("DeviceNetworkEvents") => {
            vec![event("DeviceNetworkEvents", 9, 4), event("DeviceNetworkEvents", 5, 2)]
        }
        Some("DeviceFileEvents") => vec![event("DeviceFileEvents", 9, 5), event("DeviceFileEvents", 1, 1)],
        _ => vec![],
    });
    let base = format!("/api/v1/devices/{}/timeline", world.a.device);
    let page = world.get(&format!("{base}?limit=3&search=curl"), &world.a.reader).expect(200).await;
    let items = page.body["items"].as_array().expect("items");
    let reports: Vec<u64> = items.iter().map(|i| i["ReportId"].as_u64().expect("a number")).collect();
    assert_eq!(reports, [5, 4, 2]);
    assert_eq!(items[0]["Summary"], "curl created /tmp/x");
    assert_eq!(items[1]["Summary"], "curl connected to 192.0.2.1:443");
    assert_eq!(items[1]["Table"], "DeviceNetworkEvents");
    assert!(items[0]["Row"].get("SHA256").is_none(), "empty columns are left out");
    assert!(page.body["total"].is_null());
    let asked = world.query.seen.lock().clone();
    assert!(asked.len() >= 3 && asked.iter().all(|r| r.row_cap == 4 && r.tenant == world.a.tenant.id));
    assert!(asked.iter().all(|r| r.query.contains(&format!("DeviceId == \"{}\"", world.a.device))));

    let cursor = page.text("next_cursor").to_owned();
    assert!(!cursor.is_empty());
    world.query.seen.lock().clear();
    let path = format!("{base}?limit=3&tables=DeviceFileEvents&cursor={cursor}");
    let next = world.get(&path, &world.a.reader).expect(200).await;
    assert!(next.body["next_cursor"].is_null());
    let asked = world.query.seen.lock().clone();
    assert_eq!(asked.len(), 1);
    assert!(
        asked[0].query.contains("Timestamp <= datetime(2026-11-23T22:00:05.000000Z)"),
        "{}",
        asked[0].query
    );
    assert!(asked[0].query.contains("ReportId < 2"), "{}", asked[0].query);
}

#[tokio::test]
async fn a_timeline_refuses_what_it_cannot_read() {
    let world = World::new().await;
    let base = format!("/api/v1/devices/{}/timeline", world.a.device);
    for bad in ["from=yesterday", "to=x", "tables=DeviceInfo", "limit=0", "cursor=!!", "nothing=1"] {
        world.get(&format!("{base}?{bad}"), &world.a.reader).expect(400).await;
    }
    assert_eq!(world.query.count(), 0);
}

fn created(id: &str, parent: &str, name: &str) -> Value {
    json!({"ActionType": "ProcessCreated", "Timestamp": "2026-11-23T22:00:00.000000Z", "ProcessUniqueId": id,
        "ProcessId": 100, "FileName": name, "ProcessCreationTime": "2026-11-23T22:00:00.000000Z",
        "InitiatingProcessUniqueId": parent, "InitiatingProcessId": 50, "InitiatingProcessFileName": "parent",
        "InitiatingProcessParentId": 1, "InitiatingProcessParentFileName": "systemd", "AdditionalFields": {}})
}

#[tokio::test]
async fn a_process_has_its_ancestors_children_and_ends() {
    let world = World::new().await;
    world.query.answer(|query| {
        let is = |text: &str| query.contains(text);
        if is("InitiatingProcessUniqueId == \"30\"") {
            return vec![created("40", "30", "id"), created("41", "30", "whoami")];
        }
        if is("\"ProcessTerminated\"") {
            return vec![json!({"ProcessUniqueId": "40", "Timestamp": "2026-11-23T22:00:03.000000Z"})];
        }
        match () {
            () if is("ProcessUniqueId == \"30\"") => vec![created("30", "20", "bash")],
            () if is("ProcessUniqueId == \"20\"") => vec![created("20", "10", "sshd")],
            () => vec![],
        }
    });
    let path = format!(
        "/api/v1/devices/{}/process-tree?process_unique_id=30&timestamp=2026-11-23T22:00:00Z",
        world.a.device
    );
    let tree = world.get(&path, &world.a.reader).expect(200).await;
    let nodes = tree.body["nodes"].as_array().expect("nodes");
    let shape: Vec<(&str, Option<&str>)> =
        nodes.iter().map(|n| (n["id"].as_str().expect("an id"), n["parent_id"].as_str())).collect();
    let expected = [
        ("pid:1", None),
        ("10", Some("pid:1")),
        ("20", Some("10")),
        ("30", Some("20")),
        ("40", Some("30")),
        ("41", Some("30")),
    ];
    assert_eq!(shape, expected);
    let focus: Vec<bool> = nodes.iter().map(|n| n["focus"] == true).collect();
    assert_eq!(focus, [false, false, false, true, false, false]);
    let partial: Vec<bool> = nodes.iter().map(|n| n["is_partial"] == true).collect();
    assert_eq!(partial, [true, true, false, false, false, false]);
    assert_eq!(nodes[4]["end"], "2026-11-23T22:00:03.000000Z");
    assert!(nodes[5]["end"].is_null() && tree.body["truncated"] == false);
}

#[tokio::test]
async fn a_process_that_began_before_the_sensor_is_known_by_its_deeds() {
    let world = World::new().await;
    world.query.answer(|query| {
        let by_deed =
            query.starts_with("DeviceNetworkEvents") && query.contains("InitiatingProcessUniqueId == \"7\"");
        if by_deed { vec![created("", "7", "")] } else { vec![] }
    });
    let path = format!("/api/v1/devices/{}/process-tree?process_unique_id=7", world.a.device);
    let tree = world.get(&path, &world.a.reader).expect(200).await;
    let nodes = tree.body["nodes"].as_array().expect("nodes");
    assert_eq!((nodes.len(), &nodes[1]["id"], &nodes[1]["focus"]), (2, &json!("7"), &json!(true)));
    assert_eq!(nodes[1]["is_partial"], true);
    let unknown = format!("/api/v1/devices/{}/process-tree?process_unique_id=8", world.a.device);
    world.get(&unknown, &world.a.reader).expect(404).await;
}
