//! Security baselines over HTTP: profiles in and out, where they run, results, the secure score, hunting tables.

use palisade_api::ViewScan;
use palisade_testkit::VulnerableRows;
use palisade_types::TimeMicros;
use serde_json::{Value, json};

use crate::world::{World, group_of, limited_token};

const ROUTE: &str = "/api/v1/baseline-profiles";

async fn filled(world: &World) -> VulnerableRows {
    let mut rows = VulnerableRows::new(&world.db, world.a.tenant.id, TimeMicros::now()).await;
    let device = world.a.device;
    let checks = [
        ("ssh.permit_root_login", "not_compliant"),
        ("ssh.banner", "compliant"),
        ("boot.selinux_state", "not_applicable"),
        ("audit.time_zone", "not_evaluated"),
    ];
    rows.baseline(device, ("server-level1", ""), &checks).await;
    rows.secure(device, &["ssh.banner"], &["ssh.permit_root_login"], 1.0).await;
    rows.posture_history(
        "server-level1",
        50.0,
        json!({"configure/ssh.permit_root_login": -10.0, "joined": 2.0}),
    )
    .await;
    rows
}

fn own() -> Value {
    json!({
        "id": "web", "title": "Web servers", "extends": "debian-server-level1", "without": ["ssh.banner"],
        "values": {"ssh.max_auth_tries": {"limit": 3}},
    })
}

#[tokio::test]
async fn a_profile_goes_out_as_a_file_and_comes_in_as_it_was() {
    let world = World::new().await;
    let admin = &world.a.admin;
    let post = |path: &str, body: &Value| world.call("POST", path).bearer(admin).json(body);
    let made = post(ROUTE, &own()).expect(201).await;
    assert_eq!((&made.body["revision"], &made.body["built_in"]), (&json!(1), &json!(false)));
    let base = world.get(&format!("{ROUTE}/debian-server-level1"), admin).expect(200).await;
    let count = |v: &Value| v["check_count"].as_u64().expect("a number");
    assert_eq!(count(&made.body) + 1, count(&base.body), "one check less");
    assert_eq!((&base.body["built_in"], &base.body["created_at"]), (&json!(true), &Value::Null));

    let file = world.get(&format!("{ROUTE}/web/export"), &world.a.reader).expect(200).await;
    assert!(file.header("content-disposition").contains("web.toml"));
    let text = String::from_utf8(file.bytes).expect("UTF-8");
    let import = |replace: bool| json!({"document": text, "replace": replace});
    let taken = post(&format!("{ROUTE}/import"), &import(false)).expect(409).await;
    assert_eq!(taken.code(), "conflict");
    let again = post(&format!("{ROUTE}/import"), &import(true)).expect(200).await;
    assert_eq!((&again.body["revision"], &again.body["values"]), (&json!(2), &own()["values"]));

    let put = |body: &Value| world.call("PUT", &format!("{ROUTE}/web")).bearer(admin).json(body);
    let stale = put(&json!({"title": "W", "level": 1, "revision": 1})).expect(409).await;
    assert_eq!(stale.code(), "conflict");
    let changed = put(&json!({"title": "W", "level": 1, "revision": 2})).expect(200).await;
    assert_eq!((&changed.body["revision"], &changed.body["level"]), (&json!(3), &json!(1)));

    for (body, code) in [
        (json!({"id": "server-level1", "title": "T", "level": 1}), "baseline_built_in"),
        (json!({"id": "A b", "title": "T", "level": 1}), "baseline_name"),
        (json!({"id": "x", "title": " ", "level": 1}), "baseline_profile"),
        (json!({"id": "x", "title": "T"}), "baseline_profile"),
        (json!({"id": "x", "title": "T", "checks": ["none.*"]}), "baseline_unknown_check"),
        (json!({"id": "x", "title": "T", "extends": "web"}), "baseline_unknown_profile"),
        (
            json!({"id": "x", "title": "T", "level": 1, "values": {"ssh.max_auth_tries": {"limit": 99}}}),
            "baseline_value",
        ),
        (json!({"id": "x", "title": "T", "level": 1, "more": 1}), "invalid_body"),
    ] {
        assert_eq!(post(ROUTE, &body).expect(400).await.code(), code, "{body}");
    }
    let delete = |id: &str| world.call("DELETE", &format!("{ROUTE}/{id}")).bearer(admin);
    assert_eq!(delete("server-level1").expect(400).await.code(), "baseline_built_in");
    delete("web").expect(204).await;
    assert_eq!(delete("web").expect(404).await.code(), "not_found");
}

#[tokio::test]
async fn results_are_listed_by_check_by_device_and_as_a_file() {
    let world = World::new().await;
    let _rows = filled(&world).await;
    let (reader, device) = (&world.a.reader, world.a.device);
    let one = world.get(&format!("{ROUTE}/server-level1"), reader).expect(200).await;
    let stands = &one.body["compliance"];
    assert_eq!(
        (&stands["devices"], &stands["percent"], &stands["outdated_devices"]),
        (&json!(1), &json!(50.0), &json!(0))
    );
    let wrong =
        world.get(&format!("{ROUTE}/server-level1/checks?state=not_compliant"), reader).expect(200).await;
    assert_eq!(
        (&wrong.body["total"], &wrong.body["items"][0]["id"]),
        (&json!(1), &json!("ssh.permit_root_login"))
    );
    let all = world.get(&format!("{ROUTE}/server-level1/checks?limit=10"), reader).expect(200).await;
    assert!(all.body["total"].as_u64().is_some_and(|n| n > 100), "checks without a result are listed too");
    let cursor = all.body["next_cursor"].as_str().expect("more");
    let next = world
        .get(&format!("{ROUTE}/server-level1/checks?limit=10&cursor={cursor}"), reader)
        .expect(200)
        .await;
    assert_ne!(all.body["items"][0]["id"], next.body["items"][0]["id"]);

    let path = format!("{ROUTE}/server-level1/checks/ssh.permit_root_login/devices");
    let on = world.get(&path, reader).expect(200).await;
    let row = &on.body["items"][0];
    assert_eq!((&row["state"], &row["expected"]), (&json!("not_compliant"), &json!("no")));
    assert_eq!(row["evidence"], json!([{"path": "/etc/ssh/sshd_config", "line": 3}]));
    assert_eq!(world.get(&format!("{path}?state=compliant"), reader).expect(200).await.body["total"], 0);
    assert_eq!(world.get(&format!("{path}?state=bad"), reader).expect(400).await.code(), "invalid_argument");
    let ran = world.get(&format!("{ROUTE}/server-level1/devices"), reader).expect(200).await;
    assert_eq!(
        (&ran.body["items"][0]["percent"], &ran.body["items"][0]["current"]),
        (&json!(50.0), &json!(true))
    );

    let runs = world.get(&format!("/api/v1/devices/{device}/baselines"), reader).expect(200).await;
    assert_eq!((&runs.body["total"], &runs.body["items"][0]["by_default"]), (&json!(1), &json!(true)));
    let path = format!("/api/v1/devices/{device}/baselines/server-level1");
    let found = world.get(&format!("{path}?severity=high&state=not_compliant"), reader).expect(200).await;
    assert_eq!((&found.body["total"], &found.body["items"][0]["impact"]), (&json!(1), &json!(9)));
    assert!(found.body["items"][0]["fix"].as_str().is_some_and(|t| t.contains("PermitRootLogin")));
    let file = world.get(&format!("{path}?format=csv"), reader).expect(200).await;
    let text = String::from_utf8(file.bytes).expect("UTF-8");
    assert_eq!(text.lines().count(), 5, "{text}");
    assert!(text.starts_with("id,title,severity,category,"), "{text}");
    assert_eq!(
        world.get(&format!("/api/v1/devices/{device}/baselines/none"), reader).expect(404).await.code(),
        "not_found"
    );
    let checks = world.get("/api/v1/baseline-checks", reader).expect(200).await;
    let tries =
        checks.body["items"].as_array().expect("checks").iter().find(|c| c["id"] == "ssh.max_auth_tries");
    assert_eq!(tries.expect("the check")["parameters"][0]["name"], "limit");
    let course = world.get(&format!("{ROUTE}/server-level1/history"), reader).expect(200).await;
    assert_eq!((&course.body["kept"], &course.body["items"][0]["percent"]), (&json!(true), &json!(75.0)));
}

#[tokio::test]
async fn the_secure_score_tells_what_costs_and_why_it_changed() {
    let world = World::new().await;
    let mut rows = filled(&world).await;
    rows.exposure(world.a.device, 20.0, 1.0).await;
    let reader = &world.a.reader;
    let score = world.get("/api/v1/secure-score", reader).expect(200).await;
    assert_eq!((&score.body["score"], &score.body["categories"]["os"]), (&json!(50.0), &Value::Null));
    let cost = &score.body["costs"][0];
    assert_eq!(
        (&cost["recommendation_id"], &cost["points"]),
        (&json!("configure/ssh.permit_root_login"), &json!(50.0))
    );
    let course = world.get("/api/v1/secure-score/history", reader).expect(200).await;
    let changes = &course.body["items"][0]["changes"];
    assert_eq!((&changes[0]["cause"], &changes[0]["points"]), (&json!("check"), &json!(-10.0)));
    assert_eq!((&changes[1]["cause"], &changes[1]["recommendation_id"]), (&json!("joined"), &json!("")));
    assert!(changes[0]["title"].as_str().is_some_and(|t| t.contains("root")));
    let one =
        world.get(&format!("/api/v1/devices/{}/secure-score", world.a.device), reader).expect(200).await;
    assert_eq!(
        (&one.body["secure_score"]["score"], &one.body["costs"][0]["points"]),
        (&json!(50.0), &json!(50.0))
    );
    let exposure = world.get("/api/v1/exposure-score", reader).expect(200).await;
    assert_eq!(exposure.body["secure_score"], 50.0);
    let of = world.get(&format!("/api/v1/devices/{}/exposure", world.a.device), reader).expect(200).await;
    assert_eq!(of.body["exposure"]["secure_score"], 50.0);
}

#[tokio::test]
async fn whoever_is_limited_reads_their_devices_and_changes_nothing() {
    let world = World::new().await;
    let mut rows = filled(&world).await;
    let (state, tenant) = (&world.state, &world.a.tenant);
    let hidden = world.enrol(tenant, "hidden-7f3c", "Hiddenix").await;
    rows.baseline(hidden, ("server-level1", ""), &[("ssh.permit_root_login", "not_compliant")]).await;
    rows.secure(hidden, &[], &["ssh.permit_root_login"], 1.0).await;
    let (own, other) =
        (group_of(state, tenant, "alpha-1").await, group_of(state, tenant, "hidden-7f3c").await);
    state
        .assign_baseline(tenant.id, "server-level1", (false, &[own, other]), "test", TimeMicros::now())
        .await
        .expect("assigned");
    let role = palisade_state::Role::Operator;
    let user =
        state.users(tenant.id).await.expect("users").into_iter().find(|u| u.role == role).expect("one").id;
    let limited = limited_token(state, tenant, user, role, vec![own]).await;

    let one = world.get(&format!("{ROUTE}/server-level1"), &limited).expect(200).await;
    assert_eq!(one.body["compliance"]["devices"], 1);
    assert_eq!(one.body["device_groups"].as_array().map(Vec::len), Some(1), "{}", one.body);
    let path = format!("{ROUTE}/server-level1/checks/ssh.permit_root_login/devices");
    assert_eq!(world.get(&path, &limited).expect(200).await.body["total"], 1);
    assert_eq!(world.get(&path, &world.a.reader).expect(200).await.body["total"], 2);
    let devices = world.get(&format!("{ROUTE}/server-level1/devices"), &limited).expect(200).await;
    assert_eq!(devices.body["total"], 1);
    let checks =
        world.get(&format!("{ROUTE}/server-level1/checks?state=not_compliant"), &limited).expect(200).await;
    assert_eq!(checks.body["items"][0]["not_compliant"], 1);
    assert_eq!(world.get("/api/v1/secure-score", &limited).expect(200).await.body["devices"], 1);
    assert_eq!(world.get("/api/v1/secure-score/history", &limited).expect(200).await.body["kept"], false);
    for (method, path) in [("POST", ROUTE.to_owned()), ("DELETE", format!("{ROUTE}/server-level1"))] {
        let told = world.call(method, &path).bearer(&limited).json(&own_body()).expect(403).await;
        assert!(["forbidden", "limited_to_groups"].contains(&told.code()), "{}", told.body);
    }
}

fn own_body() -> Value {
    own()
}

/// All rows of a view that a caller is given.
async fn rows_of(world: &World, token: &str, table: &str) -> Vec<Vec<(String, String)>> {
    let query = json!({ "query": table });
    world.call("POST", "/api/v1/hunting/query").bearer(token).json(&query).expect(200).await;
    let views = world.query.views.lock().take().expect("the query was given views");
    let spec = palisade_schema::table(table).expect("declared");
    let columns: Vec<String> = spec.columns.iter().map(|c| c.name.clone()).collect();
    let scan = ViewScan { table: table.to_owned(), columns: columns.clone(), only: Vec::new() };
    let mut open = views.open(&scan).await.expect("opens");
    let mut rows = Vec::new();
    while let Some(batch) = open.batch().await.expect("read") {
        let mut part = vec![Vec::new(); batch.rows];
        for (name, column) in columns.iter().zip(&batch.columns) {
            for (row, cell) in part.iter_mut().zip(column.iter()) {
                row.push((name.clone(), cell.to_owned()));
            }
        }
        rows.extend(part);
    }
    rows
}

fn cell<'r>(row: &'r [(String, String)], name: &str) -> &'r str {
    row.iter().find(|(n, _)| n == name).map(|(_, cell)| cell.as_str()).expect("a column")
}

#[tokio::test]
async fn hunting_tables_tell_results_checks_and_profiles() {
    let world = World::new().await;
    let mut rows = filled(&world).await;
    let device = world.a.device;
    rows.baseline(device, ("own", "1-a"), &[("ssh.permit_root_login", "compliant")]).await;
    let reader = &world.a.reader;
    let found = rows_of(&world, reader, "DeviceTvmSecureConfigurationAssessment").await;
    assert_eq!(found.len(), 4, "each check once");
    let root = found.iter().find(|r| cell(r, "ConfigurationId") == "ssh.permit_root_login").expect("a row");
    assert_eq!(
        (cell(root, "IsCompliant"), cell(root, "IsApplicable")),
        ("false", "true"),
        "the worst counts"
    );
    assert_eq!((cell(root, "ConfigurationCategory"), cell(root, "ConfigurationImpact")), ("Network", "9"));
    let found = rows_of(&world, reader, "DeviceBaselineComplianceAssessment").await;
    assert_eq!(found.len(), 5);
    let of = |profile: &str, check: &str| {
        let is = |r: &&Vec<(String, String)>| {
            cell(r, "ProfileId") == profile && cell(r, "ConfigurationId") == check
        };
        found.iter().find(is).expect("a row")
    };
    assert_eq!(cell(of("own", "ssh.permit_root_login"), "IsCompliant"), "true");
    assert_eq!(cell(of("server-level1", "boot.selinux_state"), "IsApplicable"), "false");
    assert_eq!(cell(of("server-level1", "audit.time_zone"), "IsApplicable"), "");
    let kb = rows_of(&world, reader, "DeviceTvmSecureConfigurationAssessmentKB").await;
    assert!(kb.len() > 300 && kb.iter().all(|r| !cell(r, "RemediationOptions").is_empty()));
    assert_eq!(rows_of(&world, reader, "DeviceBaselineComplianceAssessmentKB").await.len(), kb.len());
    let profiles = rows_of(&world, reader, "DeviceBaselineComplianceProfiles").await;
    let used: Vec<&str> =
        profiles.iter().filter(|r| cell(r, "Status") == "true").map(|r| cell(r, "ProfileId")).collect();
    assert_eq!(used, ["server-level1"]);
}
