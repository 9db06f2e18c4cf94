//! Looking devices and machines up: by what they are found, by whom, and by which way.

use palisade_estate::group::{Automation, Criticality, Rule};
use palisade_estate::machine::{OsFacts, PowerState};
use palisade_state::estate::{Listed, Placement};
use palisade_state::{
    DbRole, DeviceFacts, DeviceScope, DeviceTouch, NewDeviceGroup, SearchRange, State, Tenant,
};
use palisade_testkit::TestDb;
use palisade_types::DeviceId;
use serde_json::json;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};

use crate::common::{EMAIL, NOW, after, enrol, facts, world};

fn range(text: &str) -> Vec<SearchRange> {
    SearchRange::beginning_with(text).into_iter().collect()
}

fn network(address: &str, prefix: u8) -> Vec<SearchRange> {
    vec![SearchRange::network(address.parse().expect("an address"), prefix)]
}

async fn devices(state: &State, tenant: &Tenant, scope: &DeviceScope, ranges: &[SearchRange]) -> Vec<String> {
    let found = state.search_devices(tenant.id, scope, ranges, 10, NOW).await.expect("searched");
    found.into_iter().map(|h| format!("{} by {}", h.device.facts.name, h.by)).collect()
}

async fn machines(state: &State, tenant: &Tenant, ranges: &[SearchRange]) -> Vec<String> {
    let all = DeviceScope::all();
    let found = state.search_machines(tenant.id, &all, ranges, 10).await.expect("searched");
    found.into_iter().map(|h| format!("{} by {}", h.name, h.by)).collect()
}

async fn say(state: &State, tenant: &Tenant, device: DeviceId, about: DeviceFacts, at: i64) {
    let touch = DeviceTouch { facts: Some(about), ..DeviceTouch::seen(device, after(at)) };
    state.touch_devices(tenant.id, &[touch]).await.expect("written");
}

#[tokio::test]
async fn a_device_is_found_by_each_part_of_its_name_its_addresses_hardware_and_tags() {
    let world = world().await;
    let (api, tenant, all) = (&world.api, &world.tenant, DeviceScope::all());
    let ingest = world.db.state(DbRole::Ingest).await;
    let device = enrol(&world.db, tenant.id, "Web-Prod01.example.net").await;
    let about = DeviceFacts {
        ip_addresses: vec!["192.0.2.7".into(), "2001:db8::7".into(), "no address".into()],
        extra: json!({"mac_addresses": ["52:54:00:AB:CD:EF"], "hardware_uuid": "4C4C4544-0042"}),
        ..facts("Web-Prod01.example.net")
    };
    say(&ingest, tenant, device, about.clone(), 1).await;
    api.set_device_tags(tenant.id, &all, device, &["Team Blue".to_owned()]).await.expect("tagged");
    for (text, by) in [
        ("web", "name"),
        ("PROD", "name"),
        ("prod01.ex", "name"),
        ("01", "name"),
        ("example", "name"),
        ("192.0.2", "address"),
        ("2001:db8", "address"),
        ("52:54:00:ab", "hardware"),
        ("4c4c4544", "hardware"),
        ("team b", "tag"),
        ("blue", "tag"),
        (&device.to_string()[..9], "id"),
    ] {
        let expected = format!("Web-Prod01.example.net by {by}");
        assert_eq!(devices(api, tenant, &all, &range(text)).await, [expected], "{text}");
    }
    for (address, prefix, found) in [
        ("192.0.2.7", 32, true),
        ("192.0.2.0", 24, true),
        ("192.0.2.0", 30, false),
        ("192.0.3.0", 24, false),
        ("0.0.0.0", 0, true),
        ("2001:db8::", 32, true),
        ("2001:db9::", 32, false),
        ("2001:db8::7", 128, true),
    ] {
        let hits = devices(api, tenant, &all, &network(address, prefix)).await;
        assert_eq!(hits.len(), usize::from(found), "{address}/{prefix}");
    }
    for text in ["rod01", "eb-", "\u{1}4c0", "%", "_eb"] {
        assert_eq!(devices(api, tenant, &all, &range(text)).await, [""; 0], "{text}");
    }

    // What it is called no longer finds it.
    say(&ingest, tenant, device, DeviceFacts { name: "db-2".into(), ..about }, 2).await;
    assert_eq!(devices(api, tenant, &all, &range("web")).await, [""; 0]);
    assert_eq!(devices(api, tenant, &all, &range("db")).await, ["db-2 by name"]);
    ingest.close().await;
}

#[tokio::test]
async fn the_best_comes_first_and_nobody_finds_what_is_not_theirs() {
    let world = world().await;
    let (api, tenant, all) = (&world.api, &world.tenant, DeviceScope::all());
    for name in ["web-10", "web-1", "other-web-1"] {
        enrol(&world.db, tenant.id, name).await;
    }
    let found = devices(api, tenant, &all, &range("web-1")).await;
    assert_eq!(found.last().map(String::as_str), Some("web-10 by name"), "{found:?}");
    assert_eq!(found.len(), 3);

    let other = world.db.tenant("Other").await;
    assert_eq!(devices(api, &other, &all, &range("web")).await, [""; 0], "another tenant's");
    let rule = Rule::from_json(&json!({"field": "name", "op": "equals", "value": "web-1"})).expect("a rule");
    let group = NewDeviceGroup {
        name: "Front".into(),
        description: String::new(),
        rank: None,
        rule,
        criticality: Criticality::High,
        automation: Automation::None,
    };
    let group = api.create_device_group(tenant.id, &group, NOW).await.expect("made").id;
    let limited = DeviceScope::groups(vec![group]);
    assert_eq!(devices(api, tenant, &limited, &range("web")).await, ["web-1 by name"]);
    assert_eq!(devices(api, tenant, &DeviceScope::groups(Vec::new()), &range("web")).await, [""; 0]);
    let groups = |scope: DeviceScope| async move {
        api.search_device_groups(tenant.id, &scope, "front", 10).await.expect("searched").len()
    };
    assert_eq!(
        (groups(all).await, groups(limited).await, groups(DeviceScope::groups(Vec::new())).await),
        (1, 1, 0)
    );
    let people = api.search_users(tenant.id, &EMAIL[..3], 10).await.expect("searched");
    assert_eq!(people.len(), 1);
    assert_eq!(api.search_users(tenant.id, "%", 10).await.expect("searched"), []);
    assert_eq!(api.search_subscriptions(tenant.id, "nothing like it", 10).await.expect("searched"), []);
}

#[tokio::test]
async fn a_machine_is_found_with_or_without_a_sensor_until_it_is_gone() {
    let world = world().await;
    let (api, tenant) = (&world.api, &world.tenant);
    let connect = world.db.state(DbRole::Connect).await;
    let subscription = api.subscriptions(tenant.id).await.expect("read")[0].id;
    let listed = Listed {
        name: "build-7".into(),
        cloud_id: "i-0123456789abcdef0".into(),
        place: json!({}),
        os: OsFacts::default(),
        image: String::new(),
        addresses: vec!["10.9.8.7".into()],
        tags: [("team".to_owned(), "Core Tools".to_owned())].into(),
        power: PowerState::Running,
    };
    let place = Placement { subscription, connector: None };
    connect.write_listing(tenant.id, place, &[listed], NOW).await.expect("written");
    for (text, by) in [
        ("build", "name"),
        ("7", "name"),
        ("i-0123", "cloud_id"),
        ("10.9.8.7", "address"),
        ("team=core", "tag"),
        ("tools", "tag"),
    ] {
        assert_eq!(machines(api, tenant, &range(text)).await, [format!("build-7 by {by}")], "{text}");
    }
    assert_eq!(machines(api, tenant, &network("10.0.0.0", 8)).await, ["build-7 by address"]);
    let mut superuser = world.db.superuser().connect().await.expect("connects");
    let machine = "DELETE FROM machines WHERE cloud_id = 'i-0123456789abcdef0'";
    sqlx::query(machine).execute(&mut superuser).await.expect("deleted");
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM search_terms WHERE kind = 'machine'")
        .fetch_one(&mut superuser)
        .await
        .expect("counted");
    assert_eq!(left, 0, "its words went with it");
    superuser.close().await.expect("closed");
    connect.close().await;
}

/// Behind row-level security a lookup must still be a range of the index.
#[tokio::test]
async fn a_lookup_reads_a_range_of_the_index_and_not_the_table() {
    let db = TestDb::new().await;
    let tenant = db.tenant("Large").await;
    let mut superuser = db.superuser().connect().await.expect("connects");
    let fill = format!(
        "INSERT INTO search_terms (tenant_id, kind, term, field, id)
         SELECT '{}', k, 'host-' || n, 'name', gen_random_uuid()::text
         FROM generate_series(1, 20000) n, unnest(ARRAY['device', 'machine']) k",
        tenant.id
    );
    sqlx::raw_sql(AssertSqlSafe(fill)).execute(&mut superuser).await.expect("filled");
    sqlx::raw_sql("ANALYZE search_terms").execute(&mut superuser).await.expect("analysed");
    let api = db.state(DbRole::Api).await;
    let mut tx = api.tenant_tx(tenant.id).await.expect("a transaction");
    let plan = "EXPLAIN SELECT t.id, t.term, t.field FROM search_terms t WHERE t.tenant_id = $1 AND t.kind = 'device'
        AND t.term >= 'host-77' AND t.term < 'host-78' ORDER BY t.term LIMIT 160";
    let lines = sqlx::query(plan).bind(tenant.id.0).fetch_all(&mut *tx).await.expect("planned");
    let lines: Vec<String> = lines.iter().map(|r| r.get(0)).collect();
    let plan = lines.join("\n");
    assert!(plan.contains("using search_terms_pkey") && plan.contains("Index Cond"), "{plan}");
    assert!(plan.contains("term >= ") && !plan.contains("Seq Scan") && !plan.contains("Sort"), "{plan}");
    tx.commit().await.expect("committed");
    superuser.close().await.expect("closed");
    api.close().await;
}
