//! The explorer as the console asks it: pages, what a cell lists, what is wrong and where.

use palisade_state::Role;
use palisade_testkit::VulnerableRows;
use palisade_types::TimeMicros;
use serde_json::{Value, json};

use crate::views::linked;
use crate::world::{Answer, World, group_of, limited_token};

async fn ask(world: &World, body: &Value, status: u16) -> Answer {
    world.call("POST", "/api/v1/explore").bearer(&world.a.reader).json(body).expect(status).await
}

#[tokio::test]
async fn pages_and_cells_are_bounded() {
    let world = World::new().await;
    let query = json!({"version": 1, "find": {"types": ["subscription"]}});
    for (field, most) in [("limit", 1000), ("listed", 100)] {
        let mut body = json!({ "query": query });
        body[field] = json!(most);
        ask(&world, &body, 200).await;
        body[field] = json!(most + 1);
        let refused = ask(&world, &body, 400).await;
        let message = refused.body["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert!(message.starts_with(field), "{message}");
    }
}

#[tokio::test]
async fn what_is_wrong_has_a_code_and_a_place() {
    let world = World::new().await;
    let query = json!({"version": 1, "find": {"types": ["virtual_machines"], "that": [
        {"connection": "is_running", "to": {"types": ["alert"]}}]}});
    let refused = ask(&world, &json!({ "query": query }), 400).await;
    assert_eq!(refused.code(), "target_not_applicable");
    assert_eq!(refused.body["error"]["details"]["pointer"], "/find/that/0/to/types");
    assert_eq!(ask(&world, &json!({"link": "no link"}), 400).await.code(), "bad_link");
}

/// A console writes links as it wrote the document; the answer has the one that everybody has.
#[tokio::test]
async fn a_link_is_read_however_its_document_is_written() {
    let world = World::new().await;
    let query = json!({"find": {"that": [{"or": [{"insight": "has_tags"}]}],
        "types": ["connected_server", "virtual_machines"]}, "version": 1});
    let first = ask(&world, &json!({ "query": query }), 200).await;
    assert_eq!(
        first.body["query"],
        json!({"version": 1, "find": {"types": ["virtual_machines"], "that": [{"insight": "has_tags"}]}})
    );
    let again = ask(&world, &json!({"link": first.text("link")}), 200).await;
    assert_eq!(again.text("link"), first.text("link"));
}

/// The graph follows what the vuln process writes: what is vulnerable where, and what no longer is.
#[tokio::test]
async fn vulnerabilities_are_in_the_graph_and_leave_it() {
    let world = World::new().await;
    let (tenant, device) = (world.a.tenant.id, world.a.device);
    let other = world.enrol(&world.a.tenant, "alpha-2", "Debian").await;
    linked(&world, tenant, &[device]).await;
    let exploited = json!({ "query": {"version": 1, "find": {"types": ["virtual_machines"], "that": [
        {"insight": "has_vulnerabilities", "where": [
            {"property": "exploited", "operator": "equals", "value": true}]}]}} });
    let names = async |token: &str, body: &Value| -> Vec<String> {
        let answer = world.call("POST", "/api/v1/explore").bearer(token).json(body).expect(200).await;
        let rows = answer.body["rows"].as_array().cloned().unwrap_or_default();
        rows.iter().map(|r| r["node"]["name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let absent = ask(&world, &exploited, 200).await;
    assert_eq!(absent.body["missing"][0]["code"], "source_absent", "nothing was assessed yet");

    let mut rows = VulnerableRows::new(&world.db, tenant, TimeMicros::now()).await;
    rows.component(1, ["Debian:12", "debian:12", "openssl", "3.0.1"], &[device, other], &[device]).await;
    rows.component(2, ["Debian:12", "debian:12", "bash", "5.2"], &[other], &[]).await;
    rows.vulnerability("CVE-2026-0001", "critical", Some(9.8), true).await;
    rows.vulnerability("CVE-2026-0002", "unknown", None, false).await;
    rows.finding(1, "CVE-2026-0001", "3.0.3").await;
    rows.finding(2, "CVE-2026-0002", "").await;
    palisade_testkit::eventually("the machine is vulnerable", async || {
        names(&world.a.reader, &exploited).await == ["alpha-1"]
    })
    .await;
    // A machine that comes to the graph later has what it has.
    linked(&world, tenant, &[other]).await;
    palisade_testkit::eventually("the other one too", async || {
        names(&world.a.reader, &exploited).await == ["alpha-1", "alpha-2"]
    })
    .await;
    let weak = json!({ "query": {"version": 1, "find": {"types": ["vulnerability"], "where": [
        {"property": "severity", "operator": "exists", "value": true}]}} });
    assert_eq!(names(&world.a.reader, &weak).await, ["CVE-2026-0001"], "what nobody scored has no severity");

    // Whoever sees one machine sees neither the other nor what it alone has.
    let (state, side) = (&world.state, &world.a);
    let group = group_of(state, &side.tenant, "alpha-1").await;
    let limited = limited_token(state, &side.tenant, side.reader_user, Role::Reader, vec![group]).await;
    let software = json!({ "query": {"version": 1, "find": {"types": ["software"]}} });
    palisade_testkit::eventually("the group is in the graph", async || {
        names(&limited, &exploited).await == ["alpha-1"]
    })
    .await;
    assert_eq!(names(&limited, &software).await, ["openssl"]);
    assert_eq!(names(&world.a.reader, &software).await, ["bash", "openssl"]);
}

/// The box over everything finds what devices have and what should be done there, within the caller's groups.
#[tokio::test]
async fn vulnerabilities_software_and_recommendations_are_found_by_their_words() {
    let world = World::new().await;
    let (tenant, device) = (world.a.tenant.id, world.a.device);
    let other = world.enrol(&world.a.tenant, "alpha-2", "Debian").await;
    let mut rows = VulnerableRows::new(&world.db, tenant, TimeMicros::now()).await;
    rows.component(1, ["Debian:12", "debian:12", "openssl", "3.0.1"], &[device], &[]).await;
    rows.component(2, ["Debian:12", "debian:12", "openssh", "9.2"], &[other], &[]).await;
    rows.vulnerability("CVE-2026-0001", "critical", Some(9.8), true).await;
    rows.vulnerability("CVE-2026-0002", "low", Some(2.0), false).await;
    rows.finding(1, "CVE-2026-0001", "3.0.3").await;
    rows.finding(2, "CVE-2026-0002", "").await;
    rows.recommendation("update-openssl", ["openssl", "3.0.3"], &[device], 12.5).await;
    let found = async |token: &str, q: &str| {
        let path = format!("/api/v1/search?q={q}&parts=vulnerabilities,software,recommendations");
        let body = world.get(&path, token).expect(200).await.body;
        ["vulnerabilities", "software", "recommendations"].map(|part| {
            let hits = body[part].as_array().cloned().unwrap_or_default();
            hits.iter()
                .map(|h| h["name"].as_str().or(h["id"].as_str()).unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        })
    };
    let all = found(&world.a.reader, "openss").await;
    assert_eq!(all[0], ["CVE-2026-0001", "CVE-2026-0002"]);
    assert_eq!(
        (&all[1][..], &all[2][..]),
        (&["openssh".to_owned(), "openssl".to_owned()][..], &["update-openssl".to_owned()][..])
    );
    assert_eq!(found(&world.a.reader, "cve-2026-0002").await[0], ["CVE-2026-0002"]);
    assert!(found(&world.a.reader, "10.0.0.0%2F8").await.iter().all(Vec::is_empty), "an address is no name");
    let (state, side) = (&world.state, &world.a);
    let group = group_of(state, &side.tenant, "alpha-2").await;
    let limited = limited_token(state, &side.tenant, side.reader_user, Role::Reader, vec![group]).await;
    palisade_testkit::eventually("the group has its device", async || {
        let part = found(&limited, "openss").await;
        part == [vec!["CVE-2026-0002".to_owned()], vec!["openssh".to_owned()], Vec::new()]
    })
    .await;
}
