//! Every table of both databases, by every role: with no tenant, with another one, and across tenants.
//! Each tenant's table has rows of two tenants first, so that seeing nothing means something.

use palisade_estate::edr::{Assessment, Reason, Recommendation};
use palisade_estate::group::{Automation, Criticality, Rule};
use palisade_estate::health::{Cause, Code, Finding, Kind, Source, Weight};
use palisade_estate::machine::{OsFacts, PowerState};
use palisade_estate::metering::RateCard;
use palisade_estate::plan::{Enforcement, Plan, PlanSwitch, PlansChange, ServersPlan};
use palisade_estate::provision::{Action, Rollout, TaskId, WavePlan};
use palisade_state::estate::{
    Assessed, HEALTH_THRESHOLDS, HostKey, Listed, MachineQuery, MachineWrite, NewConnector, NewTask,
    Placement, Raised,
};
use palisade_state::{
    Actor, AuditEntry, AuditOutcome, DbRole, DeviceQuery, DeviceScope, DeviceTouch, HeartbeatUpdate,
    NewDeviceGroup, NewOrder, NewToken, Role, SignIn, State, Tenant, TokenScope,
};
use palisade_testkit::TestDb;
use palisade_types::{DeviceId, TenantId};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, Row};

use crate::common::{NOW, administrator, after, enrol, sign_in};

/// Tables of no tenant, each with its reason and the roles that may change it besides the owner.
const OF_NO_TENANT: [(&str, &str, &[DbRole]); 6] = [
    ("_sqlx_migrations", "which migrations ran", &[]),
    ("tenants", "names and routing, read before a tenant is known", &[DbRole::Api]),
    ("instance_audit", "what was done to tenants as a whole", &[]),
    ("transfers", "ids of subscriptions that move between tenants", &[]),
    ("instance_settings", "settings of the instance", &[DbRole::Api]),
    ("presence", "when the server itself ran", &[DbRole::Ingest, DbRole::Lake]),
];

/// Tables of which a role sees some rows of its tenant only, each with its reason.
const SOME_ROWS: [(DbRole, &str, &str); 3] = [
    (DbRole::Connect, "devices", "those that its scans made, none that a sensor told of"),
    (DbRole::Connect, "device_inventories", "the same"),
    (DbRole::Connect, "device_inventory_parts", "the same"),
];

/// Something in every table of a tenant.
async fn fill(db: &TestDb, name: &str) -> Tenant {
    let tenant = db.tenant(name).await;
    let (api, ingest) = (db.state(DbRole::Api).await, db.state(DbRole::Ingest).await);
    let email = format!("ann@{}.example", name.to_lowercase());
    let (signed_in, _) = administrator(&api, tenant.id, &email).await;
    let device = enrol(db, tenant.id, name).await;
    let new = NewToken {
        name: "t".into(),
        role: Role::Reader,
        scope: TokenScope::default(),
        expires_at: Some(after(3600)),
    };
    api.create_token(tenant.id, signed_in.principal.user, new, NOW).await.expect("a token");
    let group = NewDeviceGroup {
        name: "g".into(),
        description: String::new(),
        rank: None,
        rule: Rule::Every,
        criticality: Criticality::Normal,
        automation: Automation::None,
    };
    let group = api.create_device_group(tenant.id, &group, NOW).await.expect("a device group").id;
    let limited = TokenScope { permissions: None, groups: Some(vec![group]) };
    let new = NewToken { name: "l".into(), role: Role::Reader, scope: limited, expires_at: None };
    api.create_token(tenant.id, signed_in.principal.user, new, NOW).await.expect("a limited token");
    let guess = SignIn { tenant: Some(name), ..sign_in(&email, "wrong horse battery", None) };
    api.sign_in(guess, NOW).await.expect_err("wrong");
    let ticket = palisade_state::hunting_exports::NewExportTicket {
        query: "DeviceInfo".into(),
        format: "csv".into(),
        max_rows: 1,
        deadline_ms: 1000,
        file_name: "d.csv".into(),
    };
    api.create_export_ticket(&signed_in.principal, ticket, NOW).await.expect("a ticket");
    let export = palisade_state::hunting_exports::NewScheduledExport {
        name: "e".into(),
        query: "DeviceInfo".into(),
        format: "csv".into(),
        clock: palisade_state::hunting_exports::ExportClock::Hour { minute: 0 },
        keep: 1,
        enabled: true,
    };
    let export = api.create_scheduled_export(&signed_in.principal, &export, NOW).await.expect("an export");
    api.request_export_run(tenant.id, export.id, NOW).await.expect("a run");
    let upload = palisade_state::hunting_uploads::NewUpload {
        name: "u.csv".into(),
        id: uuid::Uuid::nil(),
        bytes: 1,
        sha256: String::new(),
    };
    api.put_upload(tenant.id, (&upload, false), "ann", NOW).await.expect("an upload");
    let counters = [("kernel.gap".to_owned(), 1)].into();
    let heartbeat = Some(HeartbeatUpdate { at: NOW, counters, ..HeartbeatUpdate::default() });
    let touch = DeviceTouch { heartbeat, ..DeviceTouch::seen(device, NOW) };
    ingest.touch_devices(tenant.id, &[touch]).await.expect("written");
    let lake = db.state(DbRole::Lake).await;
    let products = Some((palisade_estate::edr::HostFacts::default(), NOW));
    let touch = DeviceTouch { products, ..DeviceTouch::seen(device, NOW) };
    lake.touch_devices(tenant.id, &[touch]).await.expect("written");
    lake.close().await;
    let new = NewOrder {
        device,
        kind: "ping".into(),
        reason: "test".into(),
        requested_by: "test".into(),
        requested_by_id: None,
        expires_at: after(60),
    };
    api.create_order(tenant.id, &DeviceScope::all(), new, |_, _| Ok::<_, String>(vec![1]), NOW)
        .await
        .expect("an order");
    let entry = AuditEntry {
        actor: Actor::system("test"),
        kind: "test".into(),
        outcome: AuditOutcome::Success,
        target: String::new(),
        detail: json!({}),
        address: String::new(),
    };
    api.audit(tenant.id, &entry, NOW).await.expect("written");
    Box::pin(crate::hunting::filled(&api, tenant.id)).await;
    Box::pin(vulnerable(db, &api, tenant.id, device)).await;
    close([api, ingest]).await;
    Box::pin(meter(db, &tenant, device)).await;
    Box::pin(estate(db, &tenant)).await;
    tenant
}

/// Something in every table of inventories and vulnerabilities.
async fn vulnerable(db: &TestDb, api: &State, tenant: TenantId, device: DeviceId) {
    use palisade_state::vulnerabilities::{ExceptionSubject, Justification, NewException};
    let mut rows = palisade_testkit::VulnerableRows::new(db, tenant, NOW).await;
    rows.component(1, ["npm", "", "left-pad", "1"], &[device], &[]).await;
    rows.component(2, ["debian", "debian:12", "openssl", "1"], &[device], &[]).await;
    rows.vulnerability("CVE-2026-0001", "high", None, false).await;
    rows.finding(1, "CVE-2026-0001", "2").await;
    rows.recommendation("update-left-pad", ["left-pad", "2"], &[device], 1.0).await;
    rows.exposure(device, 10.0, 1.0).await;
    rows.paths(device, json!({})).await;
    rows.history(0, 10.0).await;
    rows.feed("osv", "ok", true).await;
    rows.part(device, "head", json!({})).await;
    rows.baseline(device, ("own", "1-a"), &[("ssh.banner", "compliant")]).await;
    rows.secure(device, &["ssh.banner"], &[], 1.0).await;
    rows.posture_history("own", 100.0, json!({})).await;
    let profile = palisade_state::vulnerabilities::baselines::NewProfile {
        name: "own".into(),
        document: json!({}),
        by: "test".into(),
    };
    api.create_baseline_profile(tenant, &profile, NOW).await.expect("a profile");
    api.assign_baseline(tenant, "own", (true, &[]), "test", NOW).await.expect("assigned");
    api.baseline_ordered(tenant, device, ("own 1-a", 1, NOW)).await.expect("noted");
    let new = NewException {
        subject: ExceptionSubject::Vulnerability("CVE-2026-0001".into()),
        group: None,
        justification: Justification::Inaccurate,
        note: "test".into(),
        expires_at: None,
        created_by: "test".into(),
    };
    let made = api.create_vulnerability_exception(tenant, &DeviceScope::all(), &new, NOW).await;
    made.expect("an exception");
    rows.case(1, "CVE-2026-0001", &json!({})).await;
    let block = palisade_state::vulnerabilities::blocks::NewBlock {
        subject: palisade_state::vulnerabilities::blocks::BlockSubject::Software(
            palisade_state::vulnerabilities::blocks::BlockTarget {
                ecosystem: "debian:12".into(),
                source: "openssl".into(),
                ..Default::default()
            },
        ),
        group: None,
        mode: palisade_state::vulnerabilities::blocks::BlockMode::Warn,
        message: String::new(),
        note: "n".into(),
        confirm_reason: None,
        expires_at: after(3600),
        created_by: "Ann".into(),
        created_by_id: None,
    };
    let made = api.create_application_block(tenant, &DeviceScope::all(), &block, NOW).await;
    made.expect("a rule");
    let rules = api.settle_application_blocks(tenant, NOW).await.expect("settled");
    assert_eq!(rules.len(), 1);
    Box::pin(crate::notifications::filled(db, api, tenant, device)).await;
    let new = crate::remediations::new("update-left-pad", None);
    let taken_on = Box::pin(api.create_remediation(tenant, &DeviceScope::all(), &new, NOW)).await;
    taken_on.expect("a remediation");
}

/// Something in every table of the estate, by the roles that write them.
async fn estate(db: &TestDb, tenant: &Tenant) {
    let (api, connect, role) =
        (db.state(DbRole::Api).await, db.state(DbRole::Connect).await, db.state(DbRole::Estate).await);
    let id = tenant.id;
    let subscription = api.subscriptions(id).await.expect("read")[0].id;
    let new = NewConnector {
        subscription,
        kind: "ssh".into(),
        name: "hosts".into(),
        settings: json!({}),
        secret: Some(vec![1]),
    };
    let connector = api.create_connector(id, &new, NOW).await.expect("made").id;
    let key = HostKey {
        host: "web-1".into(),
        key_type: "ssh-ed25519".into(),
        key: "AAAA".into(),
        fingerprint: "SHA256:x".into(),
        confirmed_at: None,
        confirmed_by: None,
    };
    connect.host_keys_seen(id, connector, &[key], NOW).await.expect("written");
    api.set_tenant_setting(id, HEALTH_THRESHOLDS, &json!({}), NOW).await.expect("written");
    let machine =
        api.machines(id, &DeviceScope::all(), &MachineQuery::default()).await.expect("read").items[0].clone();
    let machine = machine.machine.id;
    api.ask_of_machine(id, machine, "fix", "test", NOW).await.expect("asked");
    let task =
        NewTask { machine, connector, number: TaskId(1), action: Action::Preflight, deadline: after(60) };
    role.create_tasks(id, &[task], NOW).await.expect("written");
    let rollout = Rollout::begin(WavePlan::default(), [machine], NOW);
    role.write_rollout(id, subscription, &rollout, "test", NOW).await.expect("written");
    let cause = Cause::new(Code::HeartbeatLost, Source::Server);
    let finding = Finding {
        machine,
        kind: Kind::Heartbeat,
        code: Code::HeartbeatLost,
        weight: Weight::Unhealthy,
        message: cause.message(),
        remediation: "",
        since: NOW,
        last_evaluated: NOW,
        source: Source::Server,
        evidence: cause.evidence.clone(),
    };
    let raised = Raised {
        code: "heartbeat_lost",
        kind: "heartbeat".into(),
        raised: true,
        since: NOW,
        message: "m".into(),
    };
    let plans = palisade_estate::plan::SubscriptionPlans::default();
    let write = MachineWrite {
        machine,
        reconciler: palisade_estate::provision::Machine::default(),
        tracker: palisade_estate::health::Tracker::default(),
        status: "unhealthy",
        extension: "on",
        progress: "open".into(),
        doing: String::new(),
        plan: palisade_estate::plan::effective(&plans, palisade_estate::plan::Override::Inherit, NOW),
        report: None,
        findings: vec![finding],
        changes: vec![raised],
    };
    role.write_machines(id, &[write], NOW).await.expect("written");
    role.want_products(id, &[machine], NOW).await.expect("asked");
    let stand = |recommendation, reason: Reason| Assessment {
        recommendation,
        state: reason.state(),
        reason,
        products: Vec::new(),
        others: Vec::new(),
        misplaced: Vec::new(),
        complete: true,
        actions: Vec::new(),
    };
    let [installed, configuration] = Recommendation::ALL;
    let assessments = [stand(installed, Reason::NoEdr), stand(configuration, Reason::NoProduct)];
    role.write_assessed(id, &[Assessed { machine, assessments, facts: None }], NOW).await.expect("written");
    role.regroup_changed(id, 1000, NOW).await.expect("grouped");
    // Noted again, for the table of what waits.
    api.set_device_tags(id, &DeviceScope::all(), device_of(&api, id).await, &["again".to_owned()])
        .await
        .expect("tagged");
    crate::agentless::scanned(&role, &connect, id, Placement { subscription, connector: Some(connector) })
        .await;
    let mut superuser = db.superuser().connect().await.expect("connects");
    scope(&mut superuser, Some(tenant)).await;
    sqlx::query(
        "INSERT INTO resource_groups (tenant_id, id, subscription_id, name) VALUES ($1, $1, $2, 'g')",
    )
    .bind(id.0)
    .bind(subscription.0)
    .execute(&mut superuser)
    .await
    .expect("written");
    role.close().await;
    close([api, connect]).await;
}

async fn device_of(api: &State, tenant: TenantId) -> DeviceId {
    let page = api.devices(tenant, &DeviceScope::all(), &DeviceQuery::default(), NOW).await.expect("read");
    page.items[0].id
}

/// Something in every table of metering, by the roles that write them.
async fn meter(db: &TestDb, tenant: &Tenant, device: DeviceId) {
    let (api, connect) = (db.state(DbRole::Api).await, db.state(DbRole::Connect).await);
    let subscription = api.subscriptions(tenant.id).await.expect("read")[0].id;
    let pay = PlansChange { step: Some(ServersPlan::P1), servers: Some(PlanSwitch::Pay), posture: None };
    api.change_plans(tenant.id, subscription, &pay, after(-7200)).await.expect("switched");
    let rates = [(Plan::ServersP1, 7_000)].into();
    let card = RateCard { currency: "EUR".parse().expect("a currency"), effective: NOW, rates };
    api.put_rate_card(tenant.id, &card, "test", NOW).await.expect("written");
    api.set_plan_enforcement(tenant.id, Enforcement::Off, NOW).await.expect("written");
    let listed = |power| Listed {
        name: "web-1".into(),
        cloud_id: "web-1".into(),
        place: json!({}),
        os: OsFacts::default(),
        image: String::new(),
        addresses: Vec::new(),
        tags: std::collections::BTreeMap::new(),
        power,
    };
    let place = Placement { subscription, connector: None };
    let first = [listed(PowerState::Running)];
    connect.write_listing(tenant.id, place, &first, after(-3600)).await.expect("listed");
    let mut superuser = db.superuser().connect().await.expect("connects");
    scope(&mut superuser, Some(tenant)).await;
    sqlx::query("UPDATE machines SET device_id = $2 WHERE tenant_id = $1 AND cloud_id = 'web-1'")
        .bind(tenant.id.0)
        .bind(device.to_string())
        .execute(&mut superuser)
        .await
        .expect("linked");
    let (lake, estate) = (db.state(DbRole::Lake).await, db.state(DbRole::Estate).await);
    let beat = DeviceTouch { heard: vec![(NOW, NOW)], ..DeviceTouch::seen(device, NOW) };
    lake.touch_devices(tenant.id, std::slice::from_ref(&beat)).await.expect("written");
    estate.meter_sweep(tenant.id, NOW).await.expect("swept");
    while estate.meter_step(tenant.id, 10, NOW).await.expect("metered").more {}
    // What came since is not metered yet.
    lake.touch_devices(tenant.id, &[beat]).await.expect("written");
    let now = [listed(PowerState::Stopped)];
    connect.write_listing(tenant.id, place, &now, NOW).await.expect("listed");
    close([api, connect]).await;
    close([lake, estate]).await;
}

async fn close(states: [State; 2]) {
    for state in states {
        state.close().await;
    }
}

async fn all_tables(connection: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
           AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY 1",
    )
    .fetch_all(connection)
    .await
    .expect("the catalogue")
}

fn has_no_tenant(table: &str) -> bool {
    OF_NO_TENANT.iter().any(|(name, why, _)| *name == table && !why.is_empty())
}

async fn count(connection: &mut PgConnection, table: &str, tenant: Option<&Tenant>) -> sqlx::Result<i64> {
    let only = tenant.map(|t| format!(" WHERE tenant_id = '{}'", t.id)).unwrap_or_default();
    let sql = format!("SELECT count(*) FROM {table}{only}");
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await
}

async fn scope(connection: &mut PgConnection, tenant: Option<&Tenant>) {
    sqlx::query("SELECT set_config('app.tenant', $1, false)")
        .bind(tenant.map(|t| t.id.to_string()).unwrap_or_default())
        .execute(connection)
        .await
        .expect("set");
}

/// The columns of a table that a role may both read and change.
async fn changeable(superuser: &mut PgConnection, role: DbRole, table: &str) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT attname::text FROM pg_attribute
         WHERE attrelid = $2::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = ''
           AND has_column_privilege($1, attrelid, attnum, 'UPDATE')
           AND has_column_privilege($1, attrelid, attnum, 'SELECT') ORDER BY attnum",
    )
    .bind(role.name())
    .bind(table)
    .fetch_all(superuser)
    .await
    .expect("the privileges")
}

/// Refused for want of a right, or by row-level security; both have this code.
fn refused(result: sqlx::Result<sqlx::postgres::PgQueryResult>) -> bool {
    matches!(result, Err(sqlx::Error::Database(e)) if e.code().as_deref() == Some("42501"))
}

async fn run(connection: &mut PgConnection, sql: String) -> sqlx::Result<sqlx::postgres::PgQueryResult> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await
}

/// One role at one table: `ours` is out of its reach, whatever it says.
async fn attack(
    connection: &mut PgConnection,
    role: DbRole,
    table: &str,
    (ours, own): (&Tenant, Option<&Tenant>),
    (row, columns): (&Value, &[String]),
) {
    let place = format!("{role}, {table}, scope {:?}", own.map(|t| &t.name));
    scope(connection, own).await;
    match count(connection, table, Some(ours)).await {
        Ok(seen) => assert_eq!(seen, 0, "{place} sees ours"),
        Err(sqlx::Error::Database(e)) => assert_eq!(e.code().as_deref(), Some("42501"), "{place}"),
        Err(e) => panic!("{place}: {e}"),
    }
    let insert = format!(
        "INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM jsonb_populate_record(NULL::{table}, $1)"
    );
    let inserted = sqlx::query(AssertSqlSafe(insert)).bind(row).execute(&mut *connection).await;
    assert!(refused(inserted), "{place} inserts a row of ours");
    let of_ours = format!("WHERE tenant_id = '{}'", ours.id);
    for column in columns {
        let changed = run(connection, format!("UPDATE {table} SET {column} = {column} {of_ours}")).await;
        assert_eq!(changed.expect("allowed in general").rows_affected(), 0, "{place} changes our {column}");
    }
    if columns.is_empty() {
        assert!(refused(run(connection, format!("UPDATE {table} SET tenant_id = NULL")).await), "{place}");
    }
    if own.is_some() && columns.iter().any(|c| c == "tenant_id") {
        let moved = run(connection, format!("UPDATE {table} SET tenant_id = '{}'", ours.id)).await;
        assert!(refused(moved), "{place} makes a row of its own one of ours");
    }
    match run(connection, format!("DELETE FROM {table} {of_ours}")).await {
        Ok(deleted) => assert_eq!(deleted.rows_affected(), 0, "{place} deletes ours"),
        deleted => assert!(refused(deleted), "{place}"),
    }
    if role != DbRole::Owner {
        assert!(refused(run(connection, format!("TRUNCATE {table} CASCADE")).await), "{place} empties it");
    }
}

#[tokio::test]
async fn no_role_reaches_another_tenants_rows_in_any_table() {
    let db = TestDb::new().await;
    let ours = Box::pin(fill(&db, "Ours")).await;
    let theirs = Box::pin(fill(&db, "Theirs")).await;
    let mut superuser = db.superuser().connect().await.expect("connects");
    let tables: Vec<String> =
        all_tables(&mut superuser).await.into_iter().filter(|t| !has_no_tenant(t)).collect();
    assert!(tables.len() >= 12, "{tables:?}");
    let mut before = Vec::new();
    for table in &tables {
        for tenant in [&ours, &theirs] {
            let rows = count(&mut superuser, table, Some(tenant)).await.expect("counted");
            assert!(rows > 0, "{table} has no row of {}: extend `fill`", tenant.name);
            before.push(rows);
        }
    }
    for role in DbRole::ALL {
        let mut connection = db.options(role).region.connect().await.expect("connects");
        let mut readable = 0;
        for table in &tables {
            let sql = format!("SELECT to_jsonb(t) FROM {table} t WHERE tenant_id = $1 LIMIT 1");
            let row: Value = sqlx::query_scalar(AssertSqlSafe(sql))
                .bind(ours.id.0)
                .fetch_one(&mut superuser)
                .await
                .expect("a row of ours");
            let columns = changeable(&mut superuser, role, table).await;
            for own in [None, Some(&theirs)] {
                attack(&mut connection, role, table, (&ours, own), (&row, &columns)).await;
            }
            // Where it may look at all, it sees its own tenant's rows, and without one nothing.
            scope(&mut connection, Some(&theirs)).await;
            if let Ok(own) = count(&mut connection, table, None).await {
                let all = count(&mut superuser, table, Some(&theirs)).await.expect("counted");
                if SOME_ROWS.iter().any(|(of, name, why)| (*of, *name) == (role, table) && !why.is_empty()) {
                    assert!((1..all).contains(&own), "{role} sees {own} of its own {table}");
                } else {
                    assert_eq!(own, all, "{role} sees all of its own {table}");
                }
                scope(&mut connection, None).await;
                assert_eq!(count(&mut connection, table, None).await.expect("counted"), 0, "{role} {table}");
                readable += 1;
            }
        }
        assert!(readable >= 3, "{role} reads something");
    }
    let mut after = Vec::new();
    for table in &tables {
        for tenant in [&ours, &theirs] {
            after.push(count(&mut superuser, table, Some(tenant)).await.expect("counted"));
        }
    }
    assert_eq!(after, before, "nothing has changed");
}

#[tokio::test]
async fn tables_of_no_tenant_are_changed_by_whom_they_name_only() {
    let db = TestDb::new().await;
    for options in [db.superuser(), db.superuser_control()] {
        let mut superuser = options.connect().await.expect("connects");
        for table in all_tables(&mut superuser).await {
            let has_tenant: bool = sqlx::query_scalar(
                "SELECT exists (SELECT FROM pg_attribute
                     WHERE attrelid = $1::regclass AND attname = 'tenant_id' AND NOT attisdropped)",
            )
            .bind(&table)
            .fetch_one(&mut superuser)
            .await
            .expect("the catalogue");
            assert_eq!(has_tenant, !has_no_tenant(&table), "{table}: name its reason, or give it a tenant");
            let Some((_, _, writers)) = OF_NO_TENANT.iter().find(|(name, _, _)| *name == table) else {
                continue;
            };
            for role in DbRole::ALL.into_iter().filter(|r| *r != DbRole::Owner) {
                let row = sqlx::query(
                    "SELECT has_table_privilege($1, $2::regclass, 'INSERT, UPDATE') AS changes,
                            has_table_privilege($1, $2::regclass, 'DELETE, TRUNCATE, TRIGGER') AS more",
                )
                .bind(role.name())
                .bind(&table)
                .fetch_one(&mut superuser)
                .await
                .expect("the privileges");
                assert_eq!(row.get::<bool, _>("changes"), writers.contains(&role), "{role} changes {table}");
                assert!(!row.get::<bool, _>("more"), "{role} deletes from {table}");
            }
        }
        let by_its_maker: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
             WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')",
        )
        .fetch_one(&mut superuser)
        .await
        .expect("the catalogue");
        assert_eq!(by_its_maker, 0, "a function with its maker's rights would pass row-level security by");
    }
}
