//! Inventories in parts, and what the vuln process writes of them.

use std::collections::{BTreeMap, BTreeSet};

use palisade_state::{
    AssessmentWrite, ComponentRow, DbRole, FindingRow, InventoryList, InventoryUpdate, VulnerabilityRow,
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

    // Somebody whom the tenant does not know.
    let stranger =
        BTreeMap::from([(DeviceId([9; 20]), update(&[("head", "a", json!({}))], Some(&[("head", "a")])))]);
    lake.write_inventories(tenant, &stranger, TimeMicros(100)).await.expect("passed over");
    assert_eq!(lake.inventory(tenant, DeviceId([9; 20]), &[]).await.expect("read"), None);
}

fn component(id: i64, version: &str) -> ComponentRow {
    ComponentRow {
        id,
        key: vec![u8::try_from(id).expect("small"); 32],
        ecosystem: "debian".into(),
        name: "expat".into(),
        version: version.into(),
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
