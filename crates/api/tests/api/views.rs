//! Hunting tables that are views: whose rows a query is given, which permission and plan they need, and
//! what the rows of resources say.

use std::collections::BTreeMap;
use std::sync::Arc;

use palisade_api::{Only, QueryFailure, ViewScan, Views};
use palisade_estate::health::{Cause, Code, Finding, Kind, Source, Tracker, Weight};
use palisade_estate::plan::{
    Enforcement, Override, PlanSwitch, PlansChange, ServersPlan, SubscriptionPlans, effective,
};
use palisade_state::estate::{MachineQuery, MachineSummary, MachineWrite};
use palisade_state::{DbRole, DeviceScope, NewToken, Role, TokenScope};
use palisade_types::{DeviceId, TenantId, TimeMicros};
use serde_json::{Value, json};

use crate::world::{HOUR, Side, World, group_of, limited_token};

const VIEWS: [&str; 5] =
    ["ExposureGraphEdges", "ExposureGraphNodes", "resourcecontainers", "resources", "securityresources"];

type Row = BTreeMap<String, Value>;

/// The views that a query of that text is given.
async fn given(world: &World, token: &str, query: &str) -> Arc<dyn Views> {
    world
        .call("POST", "/api/v1/hunting/query")
        .bearer(token)
        .json(&json!({"query": query}))
        .expect(200)
        .await;
    world.query.views.lock().take().expect("the query was given views")
}

async fn scan(views: &Arc<dyn Views>, scan: &ViewScan) -> Result<Vec<Row>, QueryFailure> {
    let mut open = views.open(scan).await?;
    let mut rows = Vec::new();
    while let Some(batch) = open.batch().await? {
        let mut part = vec![Row::new(); batch.rows];
        for (name, column) in scan.columns.iter().zip(&batch.columns) {
            for (row, cell) in part.iter_mut().zip(column.iter()) {
                let cell = serde_json::from_str(cell).unwrap_or_else(|_| Value::from(cell));
                row.insert(name.clone(), cell);
            }
        }
        rows.extend(part);
    }
    Ok(rows)
}

fn whole(table: &str) -> ViewScan {
    let spec = palisade_schema::table(table).expect("declared");
    let columns = spec.columns.iter().map(|c| c.name.clone()).collect();
    ViewScan { table: table.to_owned(), columns, only: Vec::new() }
}

/// Every row of a table, as a caller is given it.
async fn rows(world: &World, token: &str, table: &str) -> Vec<Row> {
    let views = given(world, token, table).await;
    scan(&views, &whole(table)).await.expect("read")
}

async fn machine(world: &World, side: &Side, name: &str) -> MachineSummary {
    let query = MachineQuery { search: Some(name.to_owned()), ..MachineQuery::default() };
    let page = world.state.machines(side.tenant.id, &DeviceScope::all(), &query).await.expect("read");
    page.items.into_iter().next().expect("a machine")
}

/// Makes machines of devices that enrolled, as the estate process does.
pub async fn linked(world: &World, tenant: TenantId, devices: &[DeviceId]) {
    let estate = world.db.state(DbRole::Estate).await;
    for view in estate.device_views(tenant, devices).await.expect("read") {
        estate.link_device(tenant, &view, None, TimeMicros::now()).await.expect("linked");
    }
    estate.close().await;
}

/// What the estate process would write of a machine.
async fn judged(world: &World, tenant: TenantId, of: &MachineSummary, code: Option<(Code, Kind, Weight)>) {
    let now = TimeMicros::now();
    let findings = code.map(|(code, kind, weight)| {
        let cause = Cause::new(code, Source::Server);
        Finding {
            machine: of.machine.id,
            kind,
            code,
            weight,
            message: "it is so".into(),
            remediation: "",
            since: now,
            last_evaluated: now,
            source: Source::Server,
            evidence: cause.evidence.clone(),
        }
    });
    let unhealthy =
        code.is_some_and(|(_, kind, weight)| weight == Weight::Unhealthy && kind != Kind::NotApplicable);
    let write = MachineWrite {
        machine: of.machine.id,
        reconciler: serde_json::from_value(extension_written_down()).expect("a reconciler"),
        tracker: Tracker::default(),
        status: match code {
            Some((_, Kind::NotApplicable, _)) => "not_applicable",
            _ if unhealthy => "unhealthy",
            _ => "healthy",
        },
        extension: "on",
        progress: "finished".into(),
        doing: String::new(),
        plan: effective(&SubscriptionPlans::default(), Override::Inherit, now),
        report: None,
        findings: findings.into_iter().collect(),
        changes: Vec::new(),
    };
    let estate = world.db.state(DbRole::Estate).await;
    estate.write_machines(tenant, &[write], now).await.expect("written");
    estate.close().await;
}

fn extension_written_down() -> Value {
    let mut machine = serde_json::to_value(palisade_estate::provision::Machine::default()).expect("JSON");
    machine["extension"] = json!(true);
    machine
}

fn of_type<'r>(rows: &'r [Row], kind: &str) -> Vec<&'r Row> {
    rows.iter().filter(|r| r["type"] == kind).collect()
}

#[tokio::test]
async fn every_view_shows_a_caller_their_own_only() {
    let world = World::new().await;
    let hidden = world.enrol(&world.a.tenant, "hidden-1", "Debian").await;
    linked(&world, world.a.tenant.id, &[world.a.device, hidden]).await;
    linked(&world, world.b.tenant.id, &[world.b.device]).await;
    let group = group_of(&world.state, &world.a.tenant, "alpha-1").await;
    for name in ["alpha-1", "hidden-1"] {
        let of = machine(&world, &world.a, name).await;
        judged(
            &world,
            world.a.tenant.id,
            &of,
            Some((Code::HeartbeatLost, Kind::Heartbeat, Weight::Unhealthy)),
        )
        .await;
    }
    let of = machine(&world, &world.b, "beta-1").await;
    judged(&world, world.b.tenant.id, &of, None).await;
    let limited =
        limited_token(&world.state, &world.a.tenant, world.a.reader_user, Role::Reader, vec![group]).await;
    let nobody =
        limited_token(&world.state, &world.a.tenant, world.a.reader_user, Role::Reader, vec![]).await;

    let hidden_machine = machine(&world, &world.a, "hidden-1").await.machine.id.to_string();
    let others = [
        world.b.device.to_string(),
        world.b.tenant.id.to_string(),
        machine(&world, &world.b, "beta-1").await.machine.id.to_string(),
        "beta-1".to_owned(),
    ];
    let withheld = [hidden.to_string(), hidden_machine, "hidden-1".to_owned()];
    for table in VIEWS {
        let text = |rows: &[Row]| serde_json::to_string(rows).expect("JSON");
        for token in [&world.a.admin, &world.a.reader, &limited] {
            let seen = rows(&world, token, table).await;
            assert!(!seen.is_empty(), "{table}");
            let seen = text(&seen);
            assert!(others.iter().all(|o| !seen.contains(o)), "{table} shows another tenant's: {seen}");
        }
        let all = text(&rows(&world, &world.a.reader, table).await);
        let some = rows(&world, &limited, table).await;
        if table != "resourcecontainers" {
            assert!(withheld.iter().any(|h| all.contains(h)), "{table} shows a reader every machine");
        }
        assert!(withheld.iter().all(|h| !text(&some).contains(h)), "{table} shows what is hidden: {some:?}");
        let none = rows(&world, &nobody, table).await;
        assert!(none.is_empty(), "{table}: {none:?}");
        // Asked for by each of its columns, what is hidden does not come either.
        let views = given(&world, &limited, table).await;
        let everything =
            scan(&given(&world, &world.a.reader, table).await, &whole(table)).await.expect("read");
        for column in &palisade_schema::table(table).expect("declared").columns {
            let texts =
                everything.iter().filter_map(|r| r[&column.name].as_str().map(str::to_owned)).collect();
            let asked = ViewScan { only: vec![Only { column: column.name.clone(), texts }], ..whole(table) };
            let found = scan(&views, &asked).await.expect("read");
            assert!(withheld.iter().all(|h| !text(&found).contains(h)), "{table}.{}", column.name);
        }
    }
}

#[tokio::test]
async fn a_token_needs_the_permission_of_the_data_behind_a_view() {
    let world = World::new().await;
    linked(&world, world.a.tenant.id, &[world.a.device]).await;
    let token = async |permissions: &[&str]| {
        let now = TimeMicros::now();
        let permissions = Some(permissions.iter().map(|p| (*p).to_owned()).collect());
        let scope = TokenScope { permissions, groups: None };
        let new = NewToken {
            name: permissions_name(&scope),
            role: Role::Reader,
            scope,
            expires_at: Some(now.plus_micros(HOUR)),
        };
        world
            .state
            .create_token(world.a.tenant.id, Some(world.a.reader_user), new, now)
            .await
            .expect("a token")
            .1
    };
    let hunts = token(&["hunting.run"]).await;
    let explores = token(&["hunting.run", "explore.run"]).await;
    let machines = token(&["hunting.run", "machines.read"]).await;
    let ask = async |token: &str, query: &str| {
        let body = json!({"query": query});
        world.call("POST", "/api/v1/hunting/query").bearer(token).json(&body).send().await
    };
    for (token, query, status) in [
        (&hunts, "DeviceInfo", 200),
        (&hunts, "ExposureGraphNodes", 403),
        (&hunts, "DeviceInfo | join kind=inner (ExposureGraphEdges) on $left.DeviceId == $right.EdgeId", 403),
        (&hunts, "resources", 403),
        (&explores, "ExposureGraphNodes | count", 200),
        (&explores, "SecurityResources", 403),
        (&machines, "SecurityResources", 200),
        (&machines, "ExposureGraphNodes", 403),
        (&world.a.reader, "union ExposureGraphNodes, ResourceContainers", 200),
    ] {
        let answer = ask(token, query).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.body);
        if status == 403 {
            assert_eq!(answer.code(), "forbidden");
        }
    }
    // Without the right to the estate as a whole there are neither plans nor empty subscriptions.
    let subscriptions = rows(&world, &machines, "resourcecontainers").await.len();
    assert_eq!(subscriptions, 1);
    let seen = rows(&world, &machines, "securityresources").await;
    assert!(of_type(&seen, "microsoft.security/pricings").is_empty());
    // A query that reads stored tables only reaches none, whatever its worker asks for.
    ask(&hunts, "DeviceInfo").await;
    let views = world.query.views.lock().take().expect("for uploads");
    let scan = ViewScan { table: "resources".to_owned(), columns: vec!["id".to_owned()], only: Vec::new() };
    assert_eq!(views.open(&scan).await.err().map(|f| f.code), Some("table_missing".to_owned()));
}

fn permissions_name(scope: &TokenScope) -> String {
    scope.permissions.iter().flatten().cloned().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn plans_close_the_graph_to_queries_as_to_the_explorer() {
    let world = World::new().await;
    let tenant = world.a.tenant.id;
    let now = TimeMicros::now();
    linked(&world, tenant, &[world.a.device]).await;
    let of = machine(&world, &world.a, "alpha-1").await;
    judged(&world, tenant, &of, Some((Code::HeartbeatLost, Kind::Heartbeat, Weight::Unhealthy))).await;
    world.state.set_plan_enforcement(tenant, Enforcement::On, now).await.expect("on");
    let ask = world.call("POST", "/api/v1/hunting/query").bearer(&world.a.admin);
    let refused = ask.json(&json!({"query": "ExposureGraphNodes"})).expect(403).await;
    assert_eq!(refused.code(), "plan_required");
    rows(&world, &world.a.admin, "resources").await;

    let subscription = world.state.subscriptions(tenant).await.expect("read")[0].id;
    let posture = PlansChange { posture: Some(PlanSwitch::Pay), ..PlansChange::default() };
    world.state.change_plans(tenant, subscription, &posture, now).await.expect("switched");
    let labels = async || {
        let mut seen: Vec<Value> = rows(&world, &world.a.admin, "ExposureGraphNodes")
            .await
            .iter()
            .map(|r| r["NodeLabel"].clone())
            .collect();
        seen.sort_by_key(ToString::to_string);
        seen.dedup();
        seen
    };
    let seen = labels().await;
    assert!(
        seen.contains(&json!("connected_server")) && !seen.contains(&json!("health_finding")),
        "{seen:?}"
    );
    let two = PlansChange { step: Some(ServersPlan::P2), servers: Some(PlanSwitch::Pay), posture: None };
    world.state.change_plans(tenant, subscription, &two, now).await.expect("switched");
    assert!(labels().await.contains(&json!("health_finding")));
}

#[tokio::test]
async fn resources_say_what_is_known_of_machines_and_plans() {
    let world = World::new().await;
    let tenant = world.a.tenant.id;
    let now = TimeMicros::now();
    let client = world.enrol(&world.a.tenant, "client-1", "Debian").await;
    let new = world.enrol(&world.a.tenant, "new-1", "Debian").await;
    linked(&world, tenant, &[world.a.device, client, new]).await;
    let sick = machine(&world, &world.a, "alpha-1").await;
    let client = machine(&world, &world.a, "client-1").await;
    judged(&world, tenant, &sick, Some((Code::HeartbeatLost, Kind::Heartbeat, Weight::Unhealthy))).await;
    judged(&world, tenant, &client, Some((Code::ClientOs, Kind::NotApplicable, Weight::Unhealthy))).await;
    let subscription = world.state.subscriptions(tenant).await.expect("read")[0].clone();
    let plans = PlansChange { step: Some(ServersPlan::P2), servers: Some(PlanSwitch::Trial), posture: None };
    world.state.change_plans(tenant, subscription.id, &plans, now).await.expect("switched");

    let all = rows(&world, &world.a.admin, "resources").await;
    let machines = of_type(&all, "microsoft.hybridcompute/machines");
    assert_eq!(machines.len(), 3);
    let found = machines.iter().find(|r| r["name"] == "alpha-1").expect("the machine");
    let id = format!(
        "/subscriptions/{}/providers/microsoft.hybridcompute/machines/{}",
        subscription.id, sick.machine.id
    );
    assert_eq!(found["id"], id.as_str());
    assert_eq!(
        (&found["tenantId"], &found["subscriptionId"]),
        (&json!(tenant.to_string()), &json!(subscription.id.to_string()))
    );
    assert_eq!(
        (&found["kind"], &found["tags"], &found["resourceGroup"]),
        (&json!("connected_server"), &json!(""), &json!(""))
    );
    let properties = &found["properties"];
    assert_eq!(properties["status"], "Disconnected");
    assert_eq!(properties["palisade"]["deviceId"], world.a.device.to_string());
    assert_eq!(properties["palisade"]["health"], "unhealthy");
    let extension = of_type(&all, "microsoft.hybridcompute/machines/extensions");
    assert_eq!(extension.len(), 2, "where it is written down");
    let extension = extension
        .iter()
        .find(|r| r["id"].as_str().is_some_and(|i| i.starts_with(&id)))
        .expect("its extension");
    assert_eq!(extension["properties"]["type"], "Palisade.Linux");
    assert_eq!(extension["properties"]["provisioningState"], "Succeeded");

    let all = rows(&world, &world.a.admin, "resourcecontainers").await;
    assert_eq!((all.len(), &all[0]["name"]), (1, &json!(subscription.name)));
    assert_eq!(all[0]["properties"]["palisade"]["kind"], "direct");

    let all = rows(&world, &world.a.admin, "securityresources").await;
    let status: BTreeMap<(String, String), String> = of_type(&all, "microsoft.security/assessments")
        .iter()
        .map(|r| {
            let p = &r["properties"];
            let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
            let machine = text(&p["resourceDetails"]["Id"]).rsplit('/').next().unwrap_or_default().to_owned();
            ((machine, text(&r["name"])), text(&p["status"]["code"]))
        })
        .collect();
    let key = |m: &MachineSummary, name: &str| (m.machine.id.to_string(), name.to_owned());
    let expected: BTreeMap<(String, String), String> = [
        (key(&sick, "sensor-installed"), "Healthy".to_owned()),
        (key(&sick, "sensor-reporting"), "Unhealthy".to_owned()),
        (key(&client, "sensor-installed"), "NotApplicable".to_owned()),
        (key(&client, "sensor-reporting"), "NotApplicable".to_owned()),
    ]
    .into();
    assert_eq!(status, expected, "a machine that nobody has judged is not assessed");
    let below = of_type(&all, "microsoft.security/assessments/subassessments");
    assert_eq!((below.len(), &below[0]["name"]), (1, &json!("heartbeat_lost")));
    assert!(
        below[0]["id"].as_str().expect("an id").ends_with("/sensor-reporting/subassessments/heartbeat_lost")
    );
    assert_eq!(below[0]["properties"]["displayName"], "The heartbeat is lost");
    assert_eq!(below[0]["properties"]["description"], "it is so");
    assert_eq!(below[0]["properties"]["status"], json!({"code": "Unhealthy", "severity": "High"}));
    let pricings = of_type(&all, "microsoft.security/pricings");
    let servers = pricings.iter().find(|r| r["name"] == "VirtualMachines").expect("the plan");
    assert_eq!(
        (&servers["properties"]["pricingTier"], &servers["properties"]["subPlan"]),
        (&json!("Standard"), &json!("P2"))
    );
    assert_eq!(
        servers["properties"]["extensions"],
        json!([{"name": "EndpointProtection", "isEnabled": "True"}])
    );
    let left = servers["properties"]["freeTrialRemainingTime"].as_str().expect("a span");
    assert!(left.starts_with("PT25") && left.ends_with('S'), "{left}: thirty days are 2,592,000 seconds");
    let posture = pricings.iter().find(|r| r["name"] == "CloudPosture").expect("the plan");
    assert_eq!(posture["properties"]["pricingTier"], "Free");
}

/// What the vuln process and the sensor would have told of a device.
async fn vulnerable(world: &World, device: DeviceId, number: i64, name: &str) {
    let mut rows =
        palisade_testkit::VulnerableRows::new(&world.db, world.a.tenant.id, TimeMicros::now()).await;
    let cve = format!("CVE-{name}");
    rows.component(number, ["npm", "", name, "1.0"], &[device], &[device]).await;
    rows.vulnerability(&cve, "critical", Some(9.0), true).await;
    rows.finding(number, &cve, "1.1").await;
    let mut paths = serde_json::Map::new();
    paths.insert(number.to_string(), json!([format!("/srv/{name}/package.json")]));
    rows.paths(device, Value::Object(paths)).await;
    rows.baseline(device, ("server-level1", ""), &[(&format!("{name}.check"), "compliant")]).await;
    let item = json!([{"fingerprint": name, "subject": name, "name": name, "id": name, "browser": "firefox",
        "paths": [name], "not_after_us": 1_800_000_000_000_000_i64, "enabled": true, "permissions": ["history"]}]);
    rows.part(device, "certificates/0", item.clone()).await;
    rows.part(device, "extensions/0", item).await;
    rows.part(device, "head", json!({"hardware": {"vendor": name, "cpu": {"model": "c"}}, "boot": null}))
        .await;
}

#[tokio::test]
async fn tables_of_vulnerability_management_show_a_caller_their_devices_only() {
    let world = World::new().await;
    let hidden = world.enrol(&world.a.tenant, "hidden-1", "Debian").await;
    vulnerable(&world, world.a.device, 1, "seen-tool").await;
    vulnerable(&world, hidden, 2, "hidden-tool").await;
    let group = group_of(&world.state, &world.a.tenant, "alpha-1").await;
    let limited =
        limited_token(&world.state, &world.a.tenant, world.a.reader_user, Role::Reader, vec![group]).await;
    // What the checks are about is the same for everybody.
    let of_devices = |name: &str| {
        name.starts_with("DeviceTvm") && name != "DeviceTvmSecureConfigurationAssessmentKB"
            || name == "DeviceBaselineComplianceAssessment"
    };
    let tables = palisade_schema::tables().iter().filter(|t| of_devices(&t.name));
    let mut read = 0;
    for table in tables.map(|t| t.name.as_str()) {
        let text = |rows: &[Row]| serde_json::to_string(rows).expect("JSON");
        let all = text(&rows(&world, &world.a.reader, table).await);
        assert!(all.contains("seen-tool") && all.contains("hidden-tool"), "{table}: {all}");
        let some = text(&rows(&world, &limited, table).await);
        assert!(some.contains("seen-tool"), "{table}: {some}");
        for secret in ["hidden-tool".to_owned(), "hidden-1".to_owned(), hidden.to_string()] {
            assert!(!some.contains(&secret), "{table} shows what is hidden: {some}");
        }
        let foreign = rows(&world, &world.b.admin, table).await;
        assert!(foreign.is_empty(), "{table} shows another tenant: {foreign:?}");
        read += 1;
    }
    assert!(read >= 8);

    let found = rows(&world, &limited, "DeviceTvmSoftwareVulnerabilities").await;
    assert_eq!(found[0]["CveId"], "CVE-seen-tool");
    assert_eq!(found[0]["RecommendedSecurityUpdate"], "seen-tool 1.1");
    assert_eq!(found[0]["VulnerabilitySeverityLevel"], "Critical");
    let known = rows(&world, &limited, "DeviceTvmSoftwareVulnerabilitiesKB").await;
    assert_eq!((&known[0]["CvssScore"], &known[0]["IsExploitAvailable"]), (&json!(9.0), &json!(true)));
    let extensions = rows(&world, &limited, "DeviceTvmBrowserExtensions").await;
    assert_eq!((extensions.len(), &extensions[0]["ExtensionRisk"]), (1, &json!("High")));
    let permissions = rows(&world, &limited, "DeviceTvmBrowserExtensionsKB").await;
    assert_eq!((permissions.len(), &permissions[0]["PermissionId"]), (1, &json!("history")));
    assert_eq!(permissions[0]["IsPermissionRequired"], "True");
    let evidence = rows(&world, &limited, "DeviceTvmSoftwareEvidenceBeta").await;
    assert_eq!(evidence[0]["DiskPaths"], json!(["/srv/seen-tool/package.json"]));
    let views = given(&world, &world.a.reader, "DeviceTvmSoftwareInventory").await;
    let one = Only { column: "DeviceId".into(), texts: vec![hidden.to_string()] };
    let asked = ViewScan { only: vec![one], ..whole("DeviceTvmSoftwareInventory") };
    let of_one = scan(&views, &asked).await.expect("read");
    assert!(!of_one.is_empty() && of_one.iter().all(|r| r["DeviceId"] == hidden.to_string()), "{of_one:?}");
}
