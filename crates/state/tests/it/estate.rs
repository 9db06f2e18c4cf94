//! What people and the estate process write about machines.

use std::collections::BTreeMap;

use palisade_estate::health::Tracker;
use palisade_estate::machine::{OsFacts, OsFamily, PowerState};
use palisade_estate::plan::{Override, SubscriptionPlans, effective};
use palisade_estate::provision::{self, Action, HostReport, TaskId};
use palisade_state::estate::{
    ConnectorState, HostKey, Listed, Machine, MachineQuery, MachineWrite, NewConnector, NewTask, Placement,
    TaskOutcome,
};
use palisade_state::{DbRole, DeviceScope, State};
use palisade_types::{MachineId, SubscriptionId, TenantId};
use serde_json::json;
use uuid::Uuid;

use crate::common::{NOW, World, after, world};

fn listed(name: &str, place: serde_json::Value, power: PowerState) -> Listed {
    Listed {
        name: name.into(),
        cloud_id: name.into(),
        place,
        os: OsFacts { family: OsFamily::Linux, ..OsFacts::default() },
        image: String::new(),
        addresses: Vec::new(),
        tags: BTreeMap::new(),
        power,
    }
}

async fn connector(w: &World, kind: &str, settings: serde_json::Value) -> (SubscriptionId, Uuid) {
    let subscription = w.api.subscriptions(w.tenant.id).await.expect("read")[0].id;
    let new = NewConnector {
        subscription,
        kind: kind.into(),
        name: "hosts".into(),
        settings,
        secret: Some(vec![1]),
    };
    (subscription, w.api.create_connector(w.tenant.id, &new, NOW).await.expect("made").id)
}

async fn machines(api: &State, tenant: TenantId) -> BTreeMap<String, Machine> {
    let page = api.machines(tenant, &DeviceScope::all(), &MachineQuery::default()).await.expect("read");
    page.items.into_iter().map(|m| (m.machine.name.clone(), m.machine)).collect()
}

#[tokio::test]
async fn a_confirmed_host_key_has_its_machine_looked_at() {
    let w = world().await;
    let (connect, id) = (w.db.state(DbRole::Connect).await, w.tenant.id);
    let (subscription, connector) = connector(&w, "ssh", json!({"inventory": "x", "port": 2222})).await;
    let place = Placement { subscription, connector: Some(connector) };
    let by = |host: &str| json!({"by": "ssh", "host": host});
    let own = json!({"by": "ssh", "host": "192.0.2.3", "port": 22});
    let all = [
        listed("usual", by("192.0.2.1"), PowerState::Unknown),
        listed("other", by("192.0.2.2"), PowerState::Unknown),
        listed("own-port", own, PowerState::Unknown),
    ];
    connect.write_listing(id, place, &all, NOW).await.expect("listed");
    let key = |host: &str, fingerprint: &str| HostKey {
        host: host.into(),
        key_type: "ssh-ed25519".into(),
        key: "AAAA".into(),
        fingerprint: fingerprint.into(),
        confirmed_at: None,
        confirmed_by: None,
    };
    // The connector's own port is not 22, so that hosts without one are known with it.
    let keys = [
        key("[192.0.2.1]:2222", "SHA256:a"),
        key("[192.0.2.2]:2222", "SHA256:b"),
        key("192.0.2.3", "SHA256:c"),
    ];
    connect.host_keys_seen(id, connector, &keys, NOW).await.expect("seen");
    let both = ["SHA256:a".to_owned(), "SHA256:c".to_owned()];
    assert_eq!(w.api.confirm_host_keys(id, connector, &both, "ann", NOW).await.expect("confirmed"), 2);
    let machines = machines(&w.api, id).await;
    let asked = w.api.open_requests(id).await.expect("read");
    let mut of: Vec<(Option<MachineId>, &str, &str)> =
        asked.iter().map(|r| (r.machine, r.verb.as_str(), r.requested_by.as_str())).collect();
    of.sort();
    let mut wanted = ["usual", "own-port"].map(|n| (Some(machines[n].id), "fix", "ann"));
    wanted.sort();
    assert_eq!(of, wanted);
    // Once more is nothing new.
    assert_eq!(w.api.confirm_host_keys(id, connector, &both, "ann", NOW).await.expect("confirmed"), 0);
    assert_eq!(w.api.open_requests(id).await.expect("read").len(), 2);
    connect.close().await;
}

#[tokio::test]
async fn nobody_believes_a_revoked_connector_about_power() {
    let w = world().await;
    let (connect, id) = (w.db.state(DbRole::Connect).await, w.tenant.id);
    let (subscription, connector) = connector(&w, "aws", json!({"region": "x"})).await;
    let place = Placement { subscription, connector: Some(connector) };
    let at = |i: &str| json!({"by": "aws", "instance": i});
    let all = [
        listed("up", at("i-1"), PowerState::Running),
        listed("stopped", at("i-2"), PowerState::Deallocated),
        listed("gone", at("i-3"), PowerState::Running),
    ];
    connect.write_listing(id, place, &all, NOW).await.expect("listed");
    connect.write_listing(id, place, &all[..2], after(10)).await.expect("listed");
    w.api.set_connector_state(id, connector, ConnectorState::Planned, after(20)).await.expect("set");
    let before = machines(&w.api, id).await;
    assert_eq!((before["up"].power, before["up"].power_since), (PowerState::Running, NOW));
    w.api.set_connector_state(id, connector, ConnectorState::Revoked, after(30)).await.expect("revoked");
    let now = machines(&w.api, id).await;
    for name in ["up", "stopped"] {
        assert_eq!((now[name].power, now[name].power_since), (PowerState::Unknown, after(30)), "{name}");
    }
    let gone = MachineQuery { gone: true, ..MachineQuery::default() };
    let all = w.api.machines(id, &DeviceScope::all(), &gone).await.expect("read").items;
    let gone = all.iter().find(|m| m.machine.name == "gone").expect("kept");
    assert_eq!(gone.machine.power, PowerState::Deleted, "what its cloud deleted stays deleted");
    connect.close().await;
}

#[tokio::test]
async fn what_was_done_on_a_machine_is_told() {
    let w = world().await;
    let (connect, role, id) =
        (w.db.state(DbRole::Connect).await, w.db.state(DbRole::Estate).await, w.tenant.id);
    let (subscription, connector) = connector(&w, "ssh", json!({"inventory": "x"})).await;
    let place = Placement { subscription, connector: Some(connector) };
    let all = [listed("web", json!({"by": "ssh", "host": "192.0.2.1"}), PowerState::Unknown)];
    connect.write_listing(id, place, &all, NOW).await.expect("listed");
    let machine = machines(&w.api, id).await["web"].id;

    w.api.ask_of_machine(id, machine, "remove_extension", "ann", after(1)).await.expect("asked");
    let asked = w.api.requests_of(id, machine).await.expect("read");
    assert_eq!((asked.len(), asked[0].applied_at), (1, None));
    role.requests_applied(id, &[asked[0].id], after(2)).await.expect("applied");
    assert_eq!(w.api.requests_of(id, machine).await.expect("read")[0].applied_at, Some(after(2)));
    assert!(w.api.requests_of(id, MachineId::random()).await.expect("read").is_empty());

    let done = |machine| NewTask {
        machine,
        connector: Uuid::nil(),
        number: TaskId(7),
        action: Action::DeployExtension,
        deadline: after(60),
    };
    // One of a machine that is gone is passed over.
    role.note_done(id, &[done(machine), done(MachineId::random())], after(3)).await.expect("noted");
    let tasks = w.api.tasks_of(id, machine).await.expect("read");
    let [task] = &tasks[..] else { panic!("{tasks:?}") };
    assert_eq!((&task.action, &task.outcome), (&Action::DeployExtension, &Some(TaskOutcome::Done)));
    assert_eq!((task.state.as_str(), task.finished_at), ("applied", Some(after(3))));
    assert!(role.done_tasks(id).await.expect("read").is_empty(), "the reconciler knows already");
    assert!(connect.take_tasks(id, "worker", 10, after(4)).await.expect("read").is_empty());

    // What a look finds its system to be is the machine's.
    let report: HostReport = serde_json::from_value(json!({
        "os": {"family": "linux", "id": "debian", "version": "12", "kernel": "6.1.0", "architecture": "x86_64"},
        "root": true, "user": "root", "kernel_types": true, "bpf_refused": null, "cpus": 2, "memory_bytes": 1 << 30,
        "path": {"path": "/opt/palisade", "writable": true, "executable": true, "symlink": false,
            "free_bytes": 1 << 30},
        "tools_missing": [], "products": [], "fanotify_user": null, "service_manager": "systemd", "server": "",
        "reach": {"outcome": "not_tried"}, "proxy": "", "clock_offset": null, "sensor": {"state": "absent"}, "excluded_by_file": false,
    }))
    .expect("a report");
    let write = MachineWrite {
        machine,
        reconciler: provision::Machine::default(),
        tracker: Tracker::default(),
        status: "pending",
        extension: "off",
        progress: "open".into(),
        doing: String::new(),
        plan: effective(&SubscriptionPlans::default(), Override::Inherit, NOW),
        report: Some(Box::new(report.clone())),
        findings: Vec::new(),
        changes: Vec::new(),
    };
    role.write_machines(id, &[write], after(5)).await.expect("written");
    let now = &machines(&w.api, id).await["web"];
    assert_eq!((&now.os, now.changed_at), (&report.os, after(5)));
    // A list that does not know better leaves that.
    connect.write_listing(id, place, &all, after(6)).await.expect("listed");
    assert_eq!(machines(&w.api, id).await["web"].os, report.os);
    connect.close().await;
    role.close().await;
}
