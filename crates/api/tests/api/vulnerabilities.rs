//! Vulnerability management over HTTP: lists, why, exports, exceptions, and alarms instead of clean bills.

use palisade_testkit::VulnerableRows;
use palisade_types::TimeMicros;
use serde_json::json;

use crate::world::World;

async fn filled(world: &World) -> VulnerableRows {
    let mut rows = VulnerableRows::new(&world.db, world.a.tenant.id, TimeMicros::now()).await;
    let device = world.a.device;
    rows.component(1, ["Debian:12", "debian:12", "openssl", "3.0.1"], &[device], &[device]).await;
    rows.component(2, ["npm", "", "=left-pad", "1.0.0"], &[device], &[]).await;
    rows.vulnerability("CVE-2026-0001", "critical", Some(9.8), true).await;
    rows.vulnerability("CVE-2026-0002", "unknown", None, false).await;
    rows.finding(1, "CVE-2026-0001", "3.0.3").await;
    rows.finding(2, "CVE-2026-0002", "").await;
    rows.recommendation("update-openssl", ["openssl", "3.0.3"], &[device], 12.5).await;
    rows.exposure(device, 71.5, 1.0).await;
    rows
}

#[tokio::test]
async fn a_vulnerability_is_listed_with_why_and_what_to_do() {
    let world = World::new().await;
    let _rows = filled(&world).await;
    let list = world.get("/api/v1/vulnerabilities", &world.a.reader).expect(200).await;
    assert_eq!(list.body["total"], 2);
    let first = &list.body["items"][0];
    assert_eq!(
        (&first["id"], &first["cvss"], &first["exploited"]),
        (&json!("CVE-2026-0001"), &json!(9.8), &json!(true))
    );
    assert_eq!((&first["exposed_devices"], &first["updates"]), (&json!(1), &json!("all")));
    assert!(list.body["items"][1]["cvss"].is_null(), "what nobody scored is no zero");
    let devices =
        world.get("/api/v1/vulnerabilities/CVE-2026-0001/devices", &world.a.reader).expect(200).await;
    let component = &devices.body["items"][0]["components"][0];
    assert_eq!((&component["version"], &component["fixed_version"]), (&json!("3.0.1"), &json!("3.0.3")));
    assert_eq!((&component["advisory"], &component["feed"]), (&json!("ADV-CVE-2026-0001"), &json!("test")));
    assert_eq!(component["why"]["range"], "< 3.0.3");
    let of_device = format!("/api/v1/devices/{}/vulnerabilities?running=true", world.a.device);
    let found = world.get(&of_device, &world.a.reader).expect(200).await;
    assert_eq!(
        (&found.body["total"], &found.body["items"][0]["component"]["name"]),
        (&json!(1), &json!("openssl"))
    );
    let todo = world.get("/api/v1/recommendations", &world.a.reader).expect(200).await;
    assert_eq!(todo.body["items"][0]["exposure_impact"], 12.5);
    for (path, code) in [
        ("/api/v1/vulnerabilities?severity=bad", "invalid_argument"),
        ("/api/v1/vulnerabilities?sort=bad", "invalid_argument"),
        ("/api/v1/vulnerabilities?excepted=bad", "invalid_argument"),
        ("/api/v1/vulnerabilities?format=xml", "invalid_argument"),
        ("/api/v1/vulnerabilities?cursor=bad", "cursor_invalid"),
        ("/api/v1/software?order=up", "invalid_argument"),
        ("/api/v1/exposure-score/history?days=0", "invalid_argument"),
        ("/api/v1/certificates?store=bad", "invalid_argument"),
    ] {
        assert_eq!(world.get(path, &world.a.reader).expect(400).await.code(), code, "{path}");
    }
}

#[tokio::test]
async fn lists_are_files_for_spreadsheets_too() {
    let world = World::new().await;
    let _rows = filled(&world).await;
    let file = world.get("/api/v1/software?format=csv&sort=name", &world.a.reader).expect(200).await;
    assert!(file.header("content-type").starts_with("text/csv"));
    assert!(file.header("content-disposition").contains("software.csv"));
    let text = String::from_utf8(file.bytes).expect("UTF-8");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].starts_with("id,name,vendor,") && text.contains(",'=left-pad,"), "{text}");
    let accepted = world.get("/api/v1/vulnerabilities", &world.a.reader).header("accept", "text/csv");
    let text = String::from_utf8(accepted.expect(200).await.bytes).expect("UTF-8");
    assert_eq!(text.lines().count(), 3);
}

#[tokio::test]
async fn no_feed_is_an_alarm_and_no_judgement_is_no_score() {
    let world = World::new().await;
    let score = async || world.get("/api/v1/exposure-score", &world.a.reader).expect(200).await.body;
    let before = score().await;
    assert!(before["score"].is_null() && before["level"] == "");
    assert_eq!((&before["feed_alarms"], &before["unassessed_devices"]), (&json!(1), &json!(1)));
    let mut rows = filled(&world).await;
    rows.feed("debian", "ok", true).await;
    rows.feed("osv", "empty", false).await;
    let after = score().await;
    assert_eq!((&after["score"], &after["level"]), (&json!(71.5), &json!("high")));
    assert_eq!((&after["feed_alarms"], &after["vulnerabilities"]["unknown"]), (&json!(1), &json!(1)));
    let feeds = world.get("/api/v1/vulnerability-feeds", &world.a.reader).expect(200).await;
    assert_eq!(feeds.body["items"][0]["alarm"], true);
    let of_device = format!("/api/v1/devices/{}/exposure", world.a.device);
    let exposure = world.get(&of_device, &world.a.reader).expect(200).await;
    assert_eq!(exposure.body["exposure"]["device"]["exposure"], 71.5);
}

#[tokio::test]
async fn an_exception_is_made_shown_and_cancelled() {
    let world = World::new().await;
    let _rows = filled(&world).await;
    let make = |body: serde_json::Value| {
        world.call("POST", "/api/v1/vulnerability-exceptions").bearer(&world.a.operator).json(&body)
    };
    let body = |days: Option<u32>, justification: &str| {
        json!({"subject_type": "recommendation", "subject": "update-openssl", "justification": justification,
               "note": "the vendor protects it", "days": days})
    };
    assert_eq!(make(body(None, "risk_accepted")).expect(400).await.code(), "invalid_argument");
    assert_eq!(make(body(Some(400), "risk_accepted")).expect(400).await.code(), "invalid_argument");
    assert_eq!(make(body(Some(1), "because")).expect(400).await.code(), "invalid_body");
    let mut unknown = body(Some(1), "risk_accepted");
    unknown["subject"] = json!("nothing");
    assert_eq!(make(unknown).expect(404).await.code(), "not_found");
    let made = make(body(Some(30), "third_party_control")).expect(201).await;
    assert_eq!(made.body["active"], true);
    let shown = world.get("/api/v1/recommendations/update-openssl", &world.a.reader).expect(200).await;
    assert_eq!(shown.body["status"], "full_exception");
    let hidden = world.get("/api/v1/recommendations?excepted=hide", &world.a.reader).expect(200).await;
    assert_eq!(hidden.body["total"], 0);
    let path = format!("/api/v1/vulnerability-exceptions/{}", made.text("id"));
    let over = world.call("DELETE", &path).bearer(&world.a.operator).expect(200).await;
    assert_eq!(over.body["active"], false);
    let shown = world.get("/api/v1/recommendations/update-openssl", &world.a.reader).expect(200).await;
    assert_eq!(shown.body["status"], "active");
    let audit = world.audit(&world.a.tenant).await;
    assert!(
        audit
            .iter()
            .any(|e| e.kind == "vulnerability_exception.cancel" && e.detail["subject"] == "update-openssl")
    );
}

/// What the route gives is what the matcher's tests read: it leads to its finding by itself.
#[tokio::test]
async fn a_finding_that_is_reported_as_wrong_becomes_a_case() {
    let world = World::new().await;
    let mut rows = filled(&world).await;
    let cases = async |token: &str| world.get("/api/v1/vulnerability-cases", token).expect(200).await.body;
    assert_eq!(cases(&world.a.reader).await["total"], 0);
    let report = json!({"subject_type": "vulnerability", "subject": "CVE-2026-0001", "justification": "inaccurate",
        "note": "the vendor says that it is fixed in 3.0.1"});
    let made = world.call("POST", "/api/v1/vulnerability-exceptions").bearer(&world.a.operator).json(&report);
    let made = made.expect(201).await;
    assert_eq!(cases(&world.a.reader).await["total"], 0, "the vuln process has not kept it yet");
    let statement = json!({"ecosystem": "debian:12", "package": "openssl", "named": "source", "status": "affected",
        "ranges": [{"from": "", "end": {"fixed": "3.0.3"}}], "versions": [], "remedy": "update", "reason": "",
        "architectures": [], "module": null, "repository": null, "urgency": null, "vendor_ids": []});
    let advisory = json!({"id": "ADV-1", "source": "test", "aliases": [], "covers": ["CVE-2026-0001"], "summary": "",
        "severities": [], "weaknesses": [], "references": [], "affected": [statement]});
    rows.case(
        1,
        "CVE-2026-0001",
        &json!({
            "vulnerability": "CVE-2026-0001", "installed": "3.0.1", "range": "< 3.0.3", "fix": "3.0.3",
            "component": {"ecosystem": "debian:12", "name": "openssl", "version": "3.0.1"},
            "advisories": [advisory], "feeds": [{"name": "test", "as_of": 7, "records": 1}],
        }),
    )
    .await;
    let told = cases(&world.a.reader).await;
    let case = &told["items"][0];
    assert_eq!((&case["reason"], &case["verdict"]), (&report["note"], &json!("open")));
    let read = palisade_vuln::Case::read_lines(&case.to_string()).expect("a case");
    let found = read[0].replay().expect("it leads to its finding");
    assert_eq!((found.fix.as_deref(), found.advisory.feed_as_of), (Some("3.0.3"), Some(TimeMicros(7))));
    // Another tenant has none.
    assert_eq!(cases(&world.b.reader).await["total"], 0);
    // It stays when the exception is over.
    assert_eq!((&case["exception_holds"], &case["still_found"]), (&json!(true), &json!(true)));
    let path = format!("/api/v1/vulnerability-exceptions/{}", made.text("id"));
    world.call("DELETE", &path).bearer(&world.a.operator).expect(200).await;
    let told = cases(&world.a.reader).await;
    let kept = &told["items"][0];
    assert_eq!((&kept["exception_holds"], &kept["still_found"]), (&json!(false), &json!(true)));
    assert_eq!((&kept["id"], &kept["advisories"]), (&case["id"], &case["advisories"]));
}

#[tokio::test]
async fn a_device_can_be_asked_to_look_again() {
    let world = World::new().await;
    let path = format!("/api/v1/devices/{}/orders", world.a.device);
    let order = world.call("POST", &path).bearer(&world.a.operator);
    let given = order.json(&json!({"kind": "inventory", "reason": "after an update"})).expect(201).await;
    assert_eq!(given.body["kind"], "inventory");
}
