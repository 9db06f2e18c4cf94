//! Inventories in parts, and what the vuln process writes of them.

use std::collections::{BTreeMap, BTreeSet};

use palisade_state::vulnerabilities::InventoryStanding;
use palisade_state::{
    AssessmentWrite, ComponentRow, DbRole, DeviceComponentsRow, DeviceScope, ExposureRow, FindingRow,
    InventoryList, InventoryUpdate, VulnerabilityRow,
};
use palisade_types::{DeviceId, TimeMicros};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::common::{World, enrol, world};

fn update(parts: &[(&str, &str, Value)], list: Option<&[(&str, &str)]>) -> InventoryUpdate {
    let digests = |l: &[(&str, &str)]| l.iter().map(|(n, d)| ((*n).to_owned(), (*d).to_owned())).collect();
    InventoryUpdate {
        parts: parts
            .iter()
            .map(|(name, digest, body)| ((*name).to_owned(), ((*digest).to_owned(), body.clone())))
            .collect(),
        list: list.map(|l| InventoryList {
            taken_at: TimeMicros(7),
            parts: digests(l),
            left_out: BTreeSet::from(["loaded/0".to_owned()]),
        }),
    }
}

#[tokio::test]
async fn an_inventory_is_whole_when_every_part_that_its_list_names_is_here() {
    let world = world().await;
    let lake = world.db.state(DbRole::Lake).await;
    let (tenant, device) = (world.tenant.id, enrol(&world.db, world.tenant.id, "one").await);
    let tell = async |update: InventoryUpdate| {
        let updates = BTreeMap::from([(device, update)]);
        lake.write_inventories(tenant, &updates, TimeMicros(100)).await.expect("written");
    };
    assert_eq!(lake.inventory(tenant, device, &[]).await.expect("read"), None);

    let head = json!({ "os": { "id": "debian\u{0}" } });
    tell(update(&[("head", "a", head)], Some(&[("head", "a"), ("packages/0", "b")]))).await;
    let kept = lake.inventory(tenant, device, &[]).await.expect("read").expect("kept");
    assert_eq!((kept.complete, kept.left_out.as_slice()), (false, &["loaded/0".to_owned()][..]));

    tell(update(&[("packages/0", "b", json!([{ "name": "one" }]))], None)).await;
    let kept = lake.inventory(tenant, device, &["packages"]).await.expect("read").expect("kept");
    assert!(kept.complete);
    assert_eq!(kept.bodies.keys().collect::<Vec<_>>(), ["packages/0"]);
    let touched = lake.inventories_touched_since(tenant, TimeMicros(0)).await.expect("read");
    assert_eq!((touched.len(), touched[0].device, touched[0].complete), (1, device, true));

    // What the next list no longer names goes; the same again changes nothing.
    for _ in 0..2 {
        tell(update(&[], Some(&[("head", "a")]))).await;
        let kept = lake.inventory(tenant, device, &[]).await.expect("read").expect("kept");
        assert_eq!((kept.complete, kept.bodies.len(), kept.taken_at), (true, 1, TimeMicros(7)));
    }

    // Of a newer one a part is missing: people see that what was judged is older.
    let (api, vuln) = (world.db.state(DbRole::Api).await, world.db.state(DbRole::Vuln).await);
    let scope = DeviceScope::all();
    let judged = DeviceComponentsRow {
        device_id: device.to_string(),
        taken_at: 7,
        paths: json!({}),
        ..DeviceComponentsRow::default()
    };
    let write = AssessmentWrite {
        devices: vec![judged],
        exposures: vec![ExposureRow {
            device_id: device.to_string(),
            weight: 1.0,
            contributors: json!([]),
            ..ExposureRow::default()
        }],
        ..AssessmentWrite::default()
    };
    vuln.write_assessment(tenant, &write, TimeMicros(90)).await.expect("written");
    for (parts, complete) in
        [(&[("head", "a"), ("packages/0", "c")][..], false), (&[("head", "a")][..], true)]
    {
        tell(update(&[], Some(parts))).await;
        let standing =
            InventoryStanding { complete, received_at: TimeMicros(100), taken_at: Some(TimeMicros(7)) };
        let told = api.inventory_standing(tenant, &scope, device).await.expect("read");
        assert_eq!(told, Some(standing));
        let row = api.device_exposure(tenant, &scope, device).await.expect("read").expect("judged");
        assert_eq!(row.inventory, Some(standing));
    }

    // Somebody whom the tenant does not know.
    let stranger =
        BTreeMap::from([(DeviceId([9; 20]), update(&[("head", "a", json!({}))], Some(&[("head", "a")])))]);
    lake.write_inventories(tenant, &stranger, TimeMicros(100)).await.expect("passed over");
    assert_eq!(lake.inventory(tenant, DeviceId([9; 20]), &[]).await.expect("read"), None);
}

#[tokio::test]
async fn a_device_that_sends_parts_and_never_a_list_does_not_fill_the_disk() {
    let world = world().await;
    let lake = world.db.state(DbRole::Lake).await;
    let (tenant, device) = (world.tenant.id, enrol(&world.db, world.tenant.id, "one").await);
    let tell = async |update: InventoryUpdate, at| {
        let updates = BTreeMap::from([(device, update)]);
        lake.write_inventories(tenant, &updates, TimeMicros(at)).await.expect("written");
    };
    tell(update(&[("head", "a", json!({}))], Some(&[("head", "a")])), 1).await;
    for round in 0..5i64 {
        let many =
            (0..2000).map(|n| (format!("container:{round}-{n}"), ("b".to_owned(), json!({})))).collect();
        tell(InventoryUpdate { parts: many, list: None }, 10 + round).await;
    }
    let kept = lake.inventory(tenant, device, &[]).await.expect("read").expect("kept");
    assert_eq!(kept.bodies.len(), 8192);
    assert!(kept.complete && kept.bodies.contains_key("head"), "what the list names stays");
    assert!(kept.bodies.contains_key("container:4-1999") && !kept.bodies.contains_key("container:0-999"));
}

#[tokio::test]
async fn an_inventory_that_is_too_large_is_not_given_to_its_readers() {
    let world = world().await;
    let lake = world.db.state(DbRole::Lake).await;
    let (tenant, device) = (world.tenant.id, enrol(&world.db, world.tenant.id, "one").await);
    let large = json!([{ "name": "x".repeat(500_000) }]);
    let mut parts = BTreeMap::from([("head".to_owned(), ("a".to_owned(), json!({})))]);
    for n in 0..135 {
        parts.insert(format!("container:{n}"), ("b".to_owned(), large.clone()));
    }
    let digests = parts.iter().map(|(n, (d, _))| (n.clone(), d.clone())).collect();
    let list = InventoryList { taken_at: TimeMicros(7), parts: digests, left_out: BTreeSet::new() };
    let updates = BTreeMap::from([(device, InventoryUpdate { parts, list: Some(list) })]);
    lake.write_inventories(tenant, &updates, TimeMicros(9)).await.expect("written");
    assert_eq!(lake.inventory(tenant, device, &[]).await.expect("read"), None);
    let kept = lake.inventory(tenant, device, &["head"]).await.expect("read").expect("a part of it");
    assert_eq!(kept.bodies.len(), 1);
}

/// No device, as it is stored.
fn nobody() -> Vec<u8> {
    let mut bytes = Vec::new();
    roaring::RoaringBitmap::new().serialize_into(&mut bytes).expect("written");
    bytes
}

fn component(id: i64, version: &str) -> ComponentRow {
    ComponentRow {
        id,
        key: vec![u8::try_from(id).expect("small"); 32],
        ecosystem: "debian".into(),
        name: "expat".into(),
        version: version.into(),
        devices: nobody(),
        running: nobody(),
        ..ComponentRow::default()
    }
}

/// When the rows of a table were changed last.
async fn changed(world: &World, table: &'static str) -> Vec<i64> {
    let mut connection = world.db.options(DbRole::Vuln).region.connect().await.expect("connects");
    let tenant = format!("SET app.tenant = '{}'", world.tenant.id);
    sqlx::raw_sql(AssertSqlSafe(tenant)).execute(&mut connection).await.expect("set");
    let sql = format!("SELECT changed_at FROM {table} ORDER BY 1");
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut connection).await.expect("read")
}

#[tokio::test]
async fn an_assessment_takes_the_place_of_the_one_before() {
    let world = world().await;
    let vuln = world.db.state(DbRole::Vuln).await;
    let (tenant, device) = (world.tenant.id, enrol(&world.db, world.tenant.id, "one").await);
    let ordinals = vuln.device_ordinals(tenant, &[device]).await.expect("numbers");
    assert_eq!(ordinals.get(&device), Some(&0));
    assert_eq!(vuln.device_ordinals(tenant, &[device]).await.expect("numbers"), ordinals);

    let finding = |component_id, vulnerability: &str| FindingRow {
        component_id,
        vulnerability: vulnerability.into(),
        why: json!({ "range": "< 2" }),
        ..FindingRow::default()
    };
    let vulnerability =
        |id: &str| VulnerabilityRow { id: id.into(), facts: json!({}), ..VulnerabilityRow::default() };
    let mut write = AssessmentWrite {
        components: vec![component(1, "1"), component(2, "2")],
        findings: vec![finding(1, "CVE-1"), finding(1, "CVE-2"), finding(2, "CVE-1")],
        vulnerabilities: vec![vulnerability("CVE-1"), vulnerability("CVE-2")],
        ..AssessmentWrite::default()
    };
    vuln.write_assessment(tenant, &write, TimeMicros(1000)).await.expect("written");
    let ids = vuln.component_ids(tenant).await.expect("read");
    assert_eq!((ids.len(), ids[&vec![2_u8; 32]]), (2, 2));

    write.findings.truncate(1);
    write.findings[0].fixed_version = "3".into();
    write.components.truncate(1);
    write.vulnerabilities.truncate(1);
    vuln.write_assessment(tenant, &write, TimeMicros(2000)).await.expect("written");
    assert_eq!(changed(&world, "components").await, [1000], "it is as it was");
    assert_eq!(changed(&world, "vulnerability_findings").await, [2000], "its fix is new");
    assert_eq!(changed(&world, "vulnerabilities").await, [1000]);
    let basis = vuln.assessment_basis(tenant, TimeMicros(2000)).await.expect("read");
    assert_eq!(basis.devices, [(device, "normal".to_owned())]);
    assert!(basis.exceptions.is_empty() && basis.members.is_empty());
}
