//! Agentless scanning as the console asks for it.

use std::collections::{BTreeMap, BTreeSet};

use palisade_estate::agentless::ScanCode;
use palisade_state::estate::{Found, ScanOutcome};
use palisade_state::{DbRole, DeviceFacts, InventoryList, InventoryUpdate};
use palisade_types::{MachineId, TimeMicros};
use serde_json::{Value, json};

use crate::estate::{connector, id_of, list, subscription};
use crate::world::World;

/// Makes the scan that is asked for, as the connect process does.
async fn scan(world: &World, machine: &str, outcome: &ScanOutcome) {
    let (estate, connect) = (world.db.state(DbRole::Estate).await, world.db.state(DbRole::Connect).await);
    let (tenant, now) = (world.a.tenant.id, TimeMicros::now());
    let id = MachineId(machine.parse().expect("an identifier"));
    estate.want_scans(tenant, &[id], now).await.expect("asked");
    let scan = connect.take_scans(tenant, "connect-1", 10, now).await.expect("taken").remove(0);
    connect.finish_scan(tenant, &scan, "connect-1", outcome, now, now).await.expect("written");
    estate.close().await;
    connect.close().await;
}

fn found() -> ScanOutcome {
    let parts = BTreeMap::from([("head".to_owned(), ("a".to_owned(), json!({})))]);
    let digests = BTreeMap::from([("head".to_owned(), "a".to_owned())]);
    let list = InventoryList { taken_at: TimeMicros::now(), parts: digests, left_out: BTreeSet::new() };
    Ok(Box::new(Found {
        facts: DeviceFacts {
            name: "web-1".into(),
            os_distribution: "Debian".into(),
            ..DeviceFacts::default()
        },
        inventory: InventoryUpdate { parts, list: Some(list) },
        root: false,
        packages: 7,
        limit: Some((ScanCode::WithoutRoot, "It was read as ann, not as root: no sudo.".into())),
    }))
}

async fn get(world: &World, path: &str) -> Value {
    let told = world.get(path, &world.a.admin).send().await;
    assert_eq!(told.status, 200, "{path}: {}", told.body);
    told.body
}

#[tokio::test]
async fn scans_are_switched_asked_for_and_told() {
    let world = World::new().await;
    let sub = subscription(&world, "Bare").await;
    let hosts = connector(&world, sub, "hosts").await;
    list(&world, sub, hosts, &[("web-1", "debian"), ("web-2", "debian")]).await;
    let id = id_of(&world, "web-1").await;
    let of_sub = format!("/api/v1/subscriptions/{sub}/agentless");
    let of_machine = format!("/api/v1/machines/{id}/agentless");
    let scan_now = format!("{of_machine}/scan");

    let off = get(&world, &of_sub).await;
    assert_eq!((&off["on"], &off["hours"], &off["machines"]["off"]), (&json!(false), &json!(24), &json!(2)));
    let refused = world.call("POST", &scan_now).bearer(&world.a.operator).send().await;
    assert_eq!((refused.status, refused.code()), (400, "agentless_off"));

    let put = async |path: &str, body: Value| {
        let told = world.call("PUT", path).bearer(&world.a.admin).json(&body).send().await;
        (told.status, told.code().to_owned(), told.body)
    };
    assert_eq!(put(&of_sub, json!({"on": true, "hours": 73})).await.1, "invalid_argument");
    let (status, _, on) = put(&of_sub, json!({"on": true, "hours": 48, "reason": "no sensors there"})).await;
    assert_eq!((status, &on["hours"], &on["machines"]["waiting"]), (200, &json!(48), &json!(2)));
    let (status, _, own) = put(&of_machine, json!({"setting": "off"})).await;
    assert_eq!(
        (status, &own["on"], &own["setting"], &own["state"]),
        (200, &json!(false), &json!("off"), &json!("off"))
    );
    put(&of_machine, json!({"setting": "inherit"})).await;
    let asked = world.call("POST", &scan_now).bearer(&world.a.operator).send().await;
    assert_eq!(asked.status, 202, "{}", asked.body);

    scan(&world, &id, &found()).await;
    let stands = get(&world, &of_machine).await;
    assert_eq!((&stands["state"], &stands["code"]), (&json!("limited"), &json!("scan_without_root")));
    assert!(stands["message"].as_str().is_some_and(|m| m.contains("ann")));
    assert!(stands["fix"].as_str().is_some_and(|f| f.contains("sudo")), "{stands}");
    assert_eq!((&stands["packages"], &stands["root"]), (&json!(7), &json!(false)));
    assert_eq!(stands["history"].as_array().map(Vec::len), Some(1));

    let limited = get(&world, "/api/v1/machines?agentless=limited,failed").await;
    assert_eq!(
        (&limited["total"], &limited["items"][0]["agentless"]["code"]),
        (&json!(1), &json!("scan_without_root"))
    );
    let wrong = world.get("/api/v1/machines?agentless=odd", &world.a.admin).send().await;
    assert_eq!(wrong.status, 400);

    // The device that it made is one of the list, and says what it is.
    let device = stands["device_id"].as_str().expect("a device").to_owned();
    let devices = get(&world, "/api/v1/devices?onboarding=agentless").await;
    assert_eq!((&devices["total"], &devices["items"][0]["id"]), (&json!(1), &json!(device)));
    assert_eq!(
        (&devices["items"][0]["machine_id"], &devices["items"][0]["health"]),
        (&json!(id), &json!("active"))
    );
    let sensors = get(&world, "/api/v1/devices?onboarding=sensor").await;
    assert!(sensors["items"].as_array().is_some_and(|d| d.iter().all(|d| d["onboarding"] == "sensor")));
    let order = json!({"kind": "ping", "reason": "test"});
    let path = format!("/api/v1/devices/{device}/orders");
    let refused = world.call("POST", &path).bearer(&world.a.operator).json(&order).send().await;
    assert_eq!((refused.status, refused.code()), (400, "device_agentless"));

    let failed = Err(("connector_unreachable".to_owned(), "Nobody answers at web-1.".to_owned()));
    scan(&world, &id, &failed).await;
    let stands = get(&world, &of_machine).await;
    assert_eq!((&stands["state"], &stands["code"]), (&json!("failed"), &json!("connector_unreachable")));
    assert!(stands["fix"].as_str().is_some_and(|f| !f.is_empty()), "the catalogue of health has it");
    assert!(stands["scanned_at"].is_string() && stands["next_at"].is_string());
    let tasks = get(&world, &format!("/api/v1/machines/{id}/tasks")).await;
    let verbs: Vec<_> = tasks["items"].as_array().expect("tasks").iter().map(|t| &t["action"]).collect();
    assert!(verbs.contains(&&json!("scan")) && verbs.contains(&&json!("agentless")), "{verbs:?}");
}
