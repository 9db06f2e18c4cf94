//! Machines page by page, as the tables of hunting read them.

use std::collections::BTreeMap;

use palisade_estate::group::{Automation, Criticality, Rule};
use palisade_estate::machine::{OsFacts, PowerState};
use palisade_state::estate::{Listed, MachineEntry, NewConnector, Placement};
use palisade_state::{DbRole, DeviceScope, NewDeviceGroup};
use palisade_types::MachineId;
use serde_json::json;
use sqlx::ConnectOptions;

use crate::common::{NOW, World, after, enrol, world};

fn listed(name: &str) -> Listed {
    Listed {
        name: name.into(),
        cloud_id: name.into(),
        place: json!({}),
        os: OsFacts::default(),
        image: String::new(),
        addresses: Vec::new(),
        tags: BTreeMap::new(),
        power: PowerState::Running,
    }
}

#[tokio::test]
async fn pages_hold_every_machine_of_the_scope_once() {
    let World { db, api, tenant, .. } = &world().await;
    let id = tenant.id;
    let other = db.tenant("Other").await;
    let estate = db.state(DbRole::Estate).await;
    for (tenant, name) in [(other.id, "foreign"), (id, "own")] {
        let device = enrol(db, tenant, name).await;
        let view = estate.device_views(tenant, &[device]).await.expect("read").remove(0);
        estate.link_device(tenant, &view, None, NOW).await.expect("linked");
    }
    estate.close().await;
    let subscription = api.subscriptions(id).await.expect("read")[0].id;
    let new = NewConnector {
        subscription,
        kind: "ssh".into(),
        name: "hosts".into(),
        settings: json!({}),
        secret: None,
    };
    let connector = api.create_connector(id, &new, NOW).await.expect("made").id;
    let connect = db.state(DbRole::Connect).await;
    let place = Placement { subscription, connector: Some(connector) };
    let many: Vec<Listed> = (0..7).map(|n| listed(&format!("web-{n}"))).collect();
    connect.write_listing(id, place, &many, NOW).await.expect("listed");
    connect.close().await;
    let rule =
        Rule::from_json(&json!({"field": "name", "op": "starts_with", "value": "web-"})).expect("a rule");
    let group = NewDeviceGroup {
        name: "web".into(),
        description: String::new(),
        rank: None,
        rule,
        criticality: Criticality::Normal,
        automation: Automation::None,
    };
    let group = api.create_device_group(id, &group, NOW).await.expect("made").id;

    let read = async |scope: &DeviceScope, limit: u32| {
        let mut all: Vec<MachineEntry> = Vec::new();
        loop {
            let last: Option<MachineId> = all.last().map(|m| m.summary.machine.id);
            let page = api.machines_after(id, scope, last, limit).await.expect("read");
            assert!(page.len() <= limit as usize);
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    };
    let everything = read(&DeviceScope::all(), 3).await;
    assert!(everything.is_sorted_by_key(|m| m.summary.machine.id) && everything.len() == 8);
    assert_eq!(everything, read(&DeviceScope::all(), 1000).await);
    for m in &everything {
        let own = m.summary.machine.name == "own";
        assert_eq!(m.connector.as_deref(), (!own).then_some("ssh"), "{}", m.summary.machine.name);
        assert!(!m.extension);
    }
    let web = DeviceScope::groups(vec![group]);
    let seen = read(&web, 2).await;
    assert!(seen.len() == 7 && seen.iter().all(|m| m.summary.machine.name.starts_with("web-")));
    assert_eq!(api.subscriptions_in(id, &web).await.expect("read"), [subscription]);
    let nobody = DeviceScope::groups(Vec::new());
    assert!(read(&nobody, 10).await.is_empty());
    assert!(api.subscriptions_in(id, &nobody).await.expect("read").is_empty());

    // What was retired is no resource any more.
    let mut superuser = db.superuser().connect().await.expect("connects");
    sqlx::query("UPDATE machines SET retired_at = $2 WHERE tenant_id = $1 AND name = 'web-3'")
        .bind(id.0)
        .bind(after(60).0)
        .execute(&mut superuser)
        .await
        .expect("retired");
    assert_eq!(read(&DeviceScope::all(), 3).await.len(), 7);
}
