//! Scans of machines without a sensor: asked for, made, written down, and out of service beside a sensor.

use std::collections::{BTreeMap, BTreeSet};

use palisade_estate::agentless::{ScanCode, ScanState};
use palisade_estate::machine::{OsFacts, OsFamily, PowerState};
use palisade_state::estate::{
    Found, Listed, MachineQuery, NewConnector, Placement, ScanOutcome, WantedScan, agentless_device,
};
use palisade_state::{
    DbRole, DeviceFacts, DeviceQuery, DeviceScope, DeviceSource, InventoryList, InventoryUpdate,
    NewEnrolmentToken, NewOrder, State, StateError,
};
use palisade_types::{DeviceId, MachineId, TenantId, TimeMicros};
use serde_json::json;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use uuid::Uuid;

use crate::common::{NOW, World, after, certificate, enrol, facts, world};

const WORKER: &str = "connect-1";
const DAY: i64 = 86_400;

fn listed(name: &str) -> Listed {
    Listed {
        name: name.into(),
        cloud_id: name.into(),
        place: json!({"by": "ssh", "host": "192.0.2.9"}),
        os: OsFacts { family: OsFamily::Linux, ..OsFacts::default() },
        image: String::new(),
        addresses: vec!["192.0.2.9".into()],
        tags: BTreeMap::new(),
        power: PowerState::Unknown,
    }
}

fn found(name: &str, version: &str) -> ScanOutcome {
    let part = |body| (format!("{version:0>64}"), body);
    let parts = BTreeMap::from([
        ("head".to_owned(), part(json!({"os": {"id": "debian"}}))),
        ("packages/0".to_owned(), part(json!([{"name": "openssl", "version": version}]))),
    ]);
    let list = InventoryList {
        taken_at: NOW,
        parts: parts.iter().map(|(name, (digest, _))| (name.clone(), digest.clone())).collect(),
        left_out: BTreeSet::new(),
    };
    Ok(Box::new(Found {
        facts: DeviceFacts { name: name.into(), extra: json!({"hardware_uuid": "u"}), ..facts(name) },
        inventory: InventoryUpdate { parts, list: Some(list) },
        root: true,
        packages: 1,
        limit: None,
    }))
}

/// Scans a machine of its own, the way the processes do. For other tests of tables as well.
pub async fn scanned(estate: &State, connect: &State, tenant: TenantId, place: Placement) {
    connect.write_listing(tenant, place, &[listed("bare-1")], NOW).await.expect("listed");
    let id = machine(connect, tenant, "bare-1").await;
    estate.want_scans(tenant, &[id], NOW).await.expect("asked");
    let scan = connect.take_scans(tenant, WORKER, 10, NOW).await.expect("taken").remove(0);
    connect.finish_scan(tenant, &scan, WORKER, &found("bare-1", "1"), NOW, after(1)).await.expect("written");
    // Asked for again, so that something waits.
    estate.want_scans(tenant, &[id], NOW).await.expect("asked");
}

async fn machine(state: &State, tenant: TenantId, name: &str) -> MachineId {
    let all = state.machines_changed_since(tenant, TimeMicros(-1)).await.expect("read");
    all.into_iter().find(|m| m.name == name).expect("a machine").id
}

/// A tenant with a switched-on SSH connector that knows one machine.
struct Estate {
    w: World,
    estate: State,
    connect: State,
    place: Placement,
    id: MachineId,
}

impl Estate {
    async fn new() -> Self {
        let w = world().await;
        let (estate, connect) = (w.db.state(DbRole::Estate).await, w.db.state(DbRole::Connect).await);
        let subscription = w.api.subscriptions(w.tenant.id).await.expect("read")[0].id;
        let new = NewConnector {
            subscription,
            kind: "ssh".into(),
            name: "hosts".into(),
            settings: json!({}),
            secret: Some(vec![1]),
        };
        let connector = w.api.create_connector(w.tenant.id, &new, NOW).await.expect("made").id;
        let place = Placement { subscription, connector: Some(connector) };
        connect.write_listing(w.tenant.id, place, &[listed("web-1")], NOW).await.expect("listed");
        let switched = w.api.set_agentless_switch(w.tenant.id, subscription, true, Some(12), NOW).await;
        assert_eq!(switched.map(|s| (s.on, s.hours)).expect("switched"), (true, 12));
        let id = machine(&estate, w.tenant.id, "web-1").await;
        Self { w, estate, connect, place, id }
    }

    fn tenant(&self) -> TenantId {
        self.w.tenant.id
    }

    fn device(&self) -> DeviceId {
        agentless_device(self.id)
    }

    async fn take(&self, at: TimeMicros) -> Option<WantedScan> {
        self.estate.want_scans(self.tenant(), &[self.id], at).await.expect("asked");
        self.connect.take_scans(self.tenant(), WORKER, 10, at).await.expect("taken").pop()
    }

    async fn scan(&self, outcome: ScanOutcome, at: TimeMicros) {
        let scan = self.take(at).await.expect("a scan");
        self.connect.finish_scan(self.tenant(), &scan, WORKER, &outcome, at, at).await.expect("written");
    }

    async fn devices(&self, source: DeviceSource) -> Vec<DeviceId> {
        let query = DeviceQuery { source: Some(source), ..DeviceQuery::default() };
        let page = self.w.api.devices(self.tenant(), &DeviceScope::all(), &query, NOW).await.expect("read");
        page.items.iter().map(|d| d.id).collect()
    }

    async fn assessed(&self) -> Vec<DeviceId> {
        let vuln = self.w.db.state(DbRole::Vuln).await;
        let basis = vuln.assessment_basis(self.tenant(), NOW).await.expect("read");
        vuln.close().await;
        basis.devices.into_iter().map(|(device, _)| device).collect()
    }

    /// Enrols a sensor by a token that names the machine.
    async fn enrol(&self, at: TimeMicros) -> DeviceId {
        let new = NewEnrolmentToken {
            created_by: "connect".into(),
            expires_at: at.plus_micros(60_000_000),
            max_uses: 1,
            machine: Some(self.id),
            subscription: None,
        };
        let (_, token) = self.connect.create_enrolment_token(self.tenant(), new, at).await.expect("a token");
        let ingest = self.w.db.state(DbRole::Ingest).await;
        let device = DeviceId::random();
        let enrolment = ingest.begin_enrolment(&token, at).await.expect("a good token");
        let serial = &device.to_string()[..16];
        enrolment.finish(device, &facts("web-1"), &certificate(serial), at).await.expect("enrolled");
        ingest.close().await;
        device
    }

    async fn tell(&self, device: DeviceId, at: TimeMicros) {
        let lake = self.w.db.state(DbRole::Lake).await;
        let ScanOutcome::Ok(found) = found("web-1", "9") else { panic!("an inventory") };
        let update = BTreeMap::from([(device, found.inventory)]);
        lake.write_inventories(self.tenant(), &update, at).await.expect("written");
        lake.close().await;
    }
}

#[tokio::test]
async fn a_scan_makes_a_device_that_is_read_like_any_other_and_marked() {
    let e = Estate::new().await;
    let stand = e.w.api.agentless(e.tenant(), e.id).await.expect("read");
    assert_eq!((stand.state.as_str(), stand.on, stand.device), ("waiting", true, None));
    e.scan(found("web-1", "1"), after(10)).await;

    let stand = e.w.api.agentless(e.tenant(), e.id).await.expect("read");
    assert_eq!((stand.state.as_str(), stand.code.as_str(), stand.packages), ("done", "", Some(1)));
    assert_eq!((stand.scanned_at, stand.device), (Some(after(10)), Some(e.device())));
    assert_eq!(stand.next_at, Some(after(10 + 12 * 3600)));

    let device = e.w.api.device(e.tenant(), &DeviceScope::all(), e.device(), after(20)).await.expect("there");
    assert_eq!((device.source, device.machine), (DeviceSource::Agentless, Some(e.id)));
    assert_eq!((device.health.state.as_str(), device.health.reason), ("active", "agentless"));
    let week = after(10 + 8 * DAY);
    let device = e.w.api.device(e.tenant(), &DeviceScope::all(), e.device(), week).await.expect("there");
    assert_eq!((device.health.state.as_str(), device.health.reason), ("inactive", "not_scanned_7_days"));
    // The list judges in SQL, and agrees.
    let query = DeviceQuery { health: vec![device.health.state], ..DeviceQuery::default() };
    let page = e.w.api.devices(e.tenant(), &DeviceScope::all(), &query, week).await.expect("read");
    assert_eq!(page.total, 1);

    let kept = e.w.api.inventory(e.tenant(), e.device(), &[]).await.expect("read").expect("kept");
    assert!(kept.complete && kept.bodies.contains_key("packages/0"));
    assert_eq!(e.assessed().await, [e.device()]);
    // It is no sensor's: the estate neither links it nor makes a machine for it.
    let views = e.estate.devices_touched_since(e.tenant(), TimeMicros(-1)).await.expect("read");
    assert!(views.is_empty(), "{views:?}");
    let page =
        e.w.api.machines(e.tenant(), &DeviceScope::all(), &MachineQuery::default()).await.expect("read");
    assert_eq!((page.total, page.items[0].agentless.state.as_str()), (1, "done"));
    assert_eq!(page.items[0].machine.device, None);
    for (state, machines) in [("done", 1), ("failed", 0), ("off", 0)] {
        let query = MachineQuery { agentless: vec![state.into()], ..MachineQuery::default() };
        let page = e.w.api.machines(e.tenant(), &DeviceScope::all(), &query).await.expect("read");
        assert_eq!(page.total, machines, "{state}");
    }
    let counts = e.w.api.agentless_counts(e.tenant(), e.place.subscription).await.expect("read");
    assert_eq!(counts, BTreeMap::from([("done".to_owned(), 1)]));
}

#[tokio::test]
async fn a_device_without_a_sensor_takes_no_orders() {
    let e = Estate::new().await;
    e.scan(found("web-1", "1"), NOW).await;
    let order = |device| NewOrder {
        device,
        kind: "ping".into(),
        reason: "test".into(),
        requested_by: "test".into(),
        requested_by_id: None,
        expires_at: after(60),
    };
    let give = async |device, scope: &DeviceScope| {
        let made =
            e.w.api
                .create_order(e.tenant(), scope, order(device), |_, _| Ok::<_, String>(vec![1]), NOW)
                .await;
        made.map(|_| ()).map_err(|e| e.code())
    };
    assert_eq!(give(e.device(), &DeviceScope::all()).await, Err("device_agentless"));
    assert_eq!(give(e.device(), &DeviceScope::groups(vec![Uuid::new_v4()])).await, Err("not_found"));
    assert_eq!(give(DeviceId::random(), &DeviceScope::all()).await, Err("not_found"));
    let sensor = enrol(&e.w.db, e.tenant(), "other").await;
    assert_eq!(give(sensor, &DeviceScope::all()).await, Ok(()));
}

#[tokio::test]
async fn what_an_earlier_scan_gave_stays_while_later_ones_fail() {
    let e = Estate::new().await;
    e.scan(found("web-1", "1"), NOW).await;
    let failed = || Err(("scan_no_folder".to_owned(), "No folder\u{0} takes a program".to_owned()));
    e.scan(failed(), after(100)).await;
    let stand = e.w.api.agentless(e.tenant(), e.id).await.expect("read");
    assert_eq!((stand.state.as_str(), stand.code.as_str()), ("failed", "scan_no_folder"));
    assert_eq!((stand.scanned_at, stand.tried_at), (Some(NOW), Some(after(100))));
    assert_eq!(stand.next_at, Some(after(100 + 900)), "the first pause");
    e.scan(failed(), after(2000)).await;
    let stand = e.w.api.agentless(e.tenant(), e.id).await.expect("read");
    assert_eq!(stand.next_at, Some(after(2000 + 1800)), "twice as long");
    assert_eq!(e.assessed().await, [e.device()]);
    assert!(e.w.api.inventory(e.tenant(), e.device(), &[]).await.expect("read").is_some());
    e.scan(found("web-1", "2"), after(5000)).await;
    let past = e.w.api.scans_of(e.tenant(), e.id).await.expect("read");
    let codes: Vec<&str> = past.iter().map(|p| p.code.as_str()).collect();
    assert_eq!(codes, ["", "scan_no_folder", "scan_no_folder", ""]);
    for n in 0..60 {
        e.scan(failed(), after(10_000 + n)).await;
    }
    assert_eq!(e.w.api.scans_of(e.tenant(), e.id).await.expect("read").len(), 50);
}

#[tokio::test]
async fn a_scan_is_made_once_and_taken_up_again_when_its_worker_is_gone() {
    let e = Estate::new().await;
    let first = e.take(NOW).await.expect("a scan");
    assert_eq!(first.hours, 12);
    assert_eq!(e.w.api.agentless(e.tenant(), e.id).await.expect("read").state, "running");
    assert!(e.take(after(60)).await.is_none(), "its worker is at it");
    e.connect.renew_scans(e.tenant(), &[e.id], WORKER, after(100)).await.expect("renewed");
    assert!(e.take(after(200)).await.is_none());
    let again = e.connect.take_scans(e.tenant(), "connect-2", 10, after(300)).await.expect("taken");
    assert_eq!(again.len(), 1);
    // Who has lost it writes nothing any more.
    let late = e.connect.finish_scan(e.tenant(), &first, WORKER, &found("web-1", "1"), NOW, after(301)).await;
    late.expect("passed over");
    assert!(e.devices(DeviceSource::Agentless).await.is_empty());
    let outcome = found("web-1", "2");
    e.connect
        .finish_scan(e.tenant(), &again[0], "connect-2", &outcome, NOW, after(302))
        .await
        .expect("written");
    assert_eq!(e.devices(DeviceSource::Agentless).await, [e.device()]);
    assert_eq!(e.w.api.agentless(e.tenant(), e.id).await.expect("read").state, "done");
}

#[tokio::test]
async fn a_sensor_retires_what_scans_made_in_its_own_transaction() {
    let e = Estate::new().await;
    e.scan(found("web-1", "1"), NOW).await;
    let sensor = e.enrol(after(10)).await;
    assert_eq!(e.devices(DeviceSource::Agentless).await, Vec::<DeviceId>::new());
    assert_eq!(e.devices(DeviceSource::Sensor).await, [sensor]);
    assert_eq!(e.assessed().await, [sensor]);
    // What was found stays, under the machine.
    assert!(e.w.api.inventory(e.tenant(), e.device(), &[]).await.expect("read").is_some());
    assert_eq!(e.w.api.scans_of(e.tenant(), e.id).await.expect("read").len(), 1);
    let old = e.w.api.device(e.tenant(), &DeviceScope::all(), e.device(), NOW).await.expect("there");
    assert_eq!(old.health.reason, "offboarded");
}

#[tokio::test]
async fn a_sensor_that_comes_while_a_scan_is_made_wins() {
    let e = Estate::new().await;
    let scan = e.take(NOW).await.expect("a scan");
    let sensor = e.enrol(after(1)).await;
    e.connect
        .finish_scan(e.tenant(), &scan, WORKER, &found("web-1", "1"), NOW, after(2))
        .await
        .expect("written");
    assert_eq!(e.devices(DeviceSource::Agentless).await, Vec::<DeviceId>::new());
    assert_eq!(e.assessed().await, [sensor]);
    let stand = e.w.api.agentless(e.tenant(), e.id).await.expect("read");
    assert_eq!((stand.state.as_str(), stand.code.as_str()), ("not_applicable", "sensor_present"));
}

#[tokio::test]
async fn of_a_silent_sensor_and_a_newer_scan_one_counts() {
    let e = Estate::new().await;
    let sensor = e.enrol(NOW).await;
    e.tell(sensor, NOW).await;
    let subject =
        e.estate.scan_subjects(e.tenant(), MachineId(Uuid::nil()), None).await.expect("read").remove(0);
    assert_eq!(subject.sensor.expect("a sensor").inventory_at, Some(NOW));
    e.scan(found("web-1", "2"), after(8 * DAY)).await;
    assert_eq!(e.devices(DeviceSource::Agentless).await, [e.device()]);
    assert_eq!(e.assessed().await, [e.device()], "the scan is newer");
    e.tell(sensor, after(9 * DAY)).await;
    assert_eq!(e.assessed().await, [sensor], "the sensor speaks again");
    let refused = [(e.id, ScanCode::SensorPresent)];
    e.estate
        .refuse_scans(e.tenant(), &refused, after(9 * DAY + 3600), after(9 * DAY))
        .await
        .expect("written");
    assert_eq!(e.devices(DeviceSource::Agentless).await, Vec::<DeviceId>::new());
    assert_eq!(e.assessed().await, [sensor]);
}

#[tokio::test]
async fn what_is_switched_off_or_gone_is_out_of_service() {
    let e = Estate::new().await;
    let subjects =
        async || e.estate.scan_subjects(e.tenant(), MachineId(Uuid::nil()), None).await.expect("read");
    e.scan(found("web-1", "1"), NOW).await;
    let subject = subjects().await.remove(0);
    assert!(
        subject.on && subject.reached && subject.in_service && subject.sensor.is_none() && !subject.wanted
    );
    assert_eq!((subject.state, subject.found), (Some(ScanState::Done), ("web-1".into(), "u".into())));

    e.w.api.set_machine_agentless(e.tenant(), e.id, Some(false), "ann", NOW).await.expect("decided");
    assert!(!subjects().await.remove(0).on, "still looked at, since its device is in service");
    let stand = e.w.api.agentless(e.tenant(), e.id).await.expect("read");
    assert_eq!((stand.state.as_str(), stand.code.as_str(), stand.own), ("off", "agentless_off", Some(false)));
    e.estate.refuse_scans(e.tenant(), &[(e.id, ScanCode::AgentlessOff)], NOW, NOW).await.expect("written");
    assert_eq!(e.devices(DeviceSource::Agentless).await, Vec::<DeviceId>::new());
    assert!(subjects().await.is_empty());
    let asked = e.estate.open_requests(e.tenant()).await.expect("read");
    assert!(asked.iter().any(|r| r.verb == "agentless" && r.machine == Some(e.id)));

    e.w.api.set_machine_agentless(e.tenant(), e.id, None, "ann", NOW).await.expect("decided");
    e.scan(found("web-1", "2"), after(100)).await;
    assert_eq!(e.devices(DeviceSource::Agentless).await, [e.device()]);
    // The next list does not name it.
    e.connect.write_listing(e.tenant(), e.place, &[], after(200)).await.expect("listed");
    assert_eq!(e.devices(DeviceSource::Agentless).await, Vec::<DeviceId>::new());
    assert!(e.take(after(300)).await.is_none(), "nobody reaches it");
}

#[tokio::test]
async fn hours_have_bounds_and_an_unknown_machine_is_told() {
    let e = Estate::new().await;
    for hours in [0, 3, 73, -1] {
        let refused =
            e.w.api.set_agentless_switch(e.tenant(), e.place.subscription, true, Some(hours), NOW).await;
        assert_eq!(refused.map_err(|e| e.code()), Err("invalid_argument"), "{hours}");
    }
    let nobody = MachineId::random();
    let unknown = e.w.api.agentless(e.tenant(), nobody).await;
    assert!(matches!(unknown, Err(StateError::NotFound("machine"))));
    let unknown = e.w.api.set_machine_agentless(e.tenant(), nobody, None, "ann", NOW).await;
    assert!(matches!(unknown, Err(StateError::NotFound("machine"))));
}

#[tokio::test]
async fn the_connect_process_reaches_no_sensors_rows() {
    let e = Estate::new().await;
    let sensor = enrol(&e.w.db, e.tenant(), "other").await;
    e.tell(sensor, NOW).await;
    e.scan(found("web-1", "1"), NOW).await;
    let mut connection = e.w.db.options(DbRole::Connect).region.connect().await.expect("connects");
    let scope = format!("SELECT set_config('app.tenant', '{}', false)", e.tenant());
    connection.execute(AssertSqlSafe(scope)).await.expect("set");
    for (table, key) in
        [("devices", "id"), ("device_inventories", "device_id"), ("device_inventory_parts", "device_id")]
    {
        let seen: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(format!("SELECT DISTINCT {key} FROM {table}")))
                .fetch_all(&mut connection)
                .await
                .expect("read");
        assert_eq!(seen, [e.device().to_string()], "{table}");
    }
    for (sql, rows) in [
        ("UPDATE devices SET status = 'offboarded' WHERE source = 'sensor'", 0),
        ("DELETE FROM device_inventories WHERE device_id = $1", 0),
        ("UPDATE device_inventory_parts SET body = '{}' WHERE device_id = $1", 0),
    ] {
        let mut query = sqlx::query(AssertSqlSafe(sql));
        if sql.contains("$1") {
            query = query.bind(sensor.to_string());
        }
        assert_eq!(query.execute(&mut connection).await.expect("runs").rows_affected(), rows, "{sql}");
    }
    for sql in [
        "INSERT INTO device_inventory_parts (tenant_id, device_id, part, digest, body, received_at)
         VALUES ($1, $2, 'packages/9', 'x', '[]', 0)",
        "INSERT INTO device_inventories (tenant_id, device_id, taken_at, received_at, parts, left_out, complete,
             touched_at)
         VALUES ($1, $2, 0, 0, '{}', '{}', true, 0)
         ON CONFLICT (tenant_id, device_id) DO UPDATE SET parts = excluded.parts",
        "INSERT INTO devices (tenant_id, id, subscription_id, source, machine_id, name, os_platform, os_distribution,
             os_version, kernel, architecture, sensor_version, scope, first_seen, last_seen)
         SELECT $1, $2, subscription_id, 'sensor', NULL, '', '', '', '', '', '', '', '', 0, 0 FROM devices
         ON CONFLICT (tenant_id, id) DO UPDATE SET name = ''",
    ] {
        let written = sqlx::query(sql).bind(e.tenant().0).bind(sensor.to_string()).execute(&mut connection).await;
        let error = written.expect_err(sql).to_string();
        assert!(error.contains("row-level security"), "{error}");
    }
    for sql in
        ["UPDATE devices SET source = 'sensor'", "UPDATE devices SET tags = '{a}'", "DELETE FROM devices"]
    {
        let refused = connection.execute(sql).await.expect_err(sql).to_string();
        assert!(refused.contains("permission denied"), "{sql}: {refused}");
    }
}
