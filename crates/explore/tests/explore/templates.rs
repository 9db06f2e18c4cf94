use palisade_explore::{Access, Ask, Change, Graph, Missing, Query, Withheld, template, templates};
use palisade_types::TenantId;

use super::estate::{NOW, changes, graph, kind};

fn names(graph: &Graph, query: &Query, access: &Access) -> Vec<String> {
    let answer = graph.snapshot().answer(query, &Ask::new(NOW, access)).unwrap();
    assert_eq!(answer.count, answer.rows.len() as u64);
    answer.rows.into_iter().map(|r| r.node.name).collect()
}

#[test]
fn each_template_finds_what_it_says() {
    let graph = graph();
    let expected: [(&str, &[&str]); 17] = [
        ("machines_affected_by_health_findings", &["lab-1", "web-2"]),
        ("health_findings_that_affect_machines", &["Heartbeat lost", "Too little disk"]),
        ("healthy_machines", &["web-1"]),
        ("machines_not_applicable", &["desk-1"]),
        ("machines_without_sensor", &["web-2"]),
        ("machines_without_edr", &["web-2"]),
        ("machines_with_another_edr", &["web-1"]),
        ("silent_sensors", &["lab-1"]),
        ("exposed_machines_without_healthy_sensor", &["web-2"]),
        ("remote_administration_exposed", &["web-2"]),
        ("exposed_production_databases", &["0.0.0.0:5432/tcp"]),
        ("exposed_machines_with_severe_vulnerabilities", &["web-2"]),
        ("public_machines_with_exploited_vulnerabilities", &["web-2"]),
        ("machines_with_a_vulnerability", &["web-2"]),
        ("unsupported_software_on_critical_machines", &["oldtool"]),
        ("users_with_access_to_exploitable_machines", &["root"]),
        ("attacked_machines_with_privileged_users", &["web-2"]),
    ];
    assert_eq!(templates().iter().map(|t| t.name.as_str()).collect::<Vec<_>>(), expected.map(|e| e.0));
    for (name, rows) in expected {
        let template = template(name).unwrap();
        assert!(!template.title.is_empty() && template.description.ends_with('.'));
        assert_eq!(names(&graph, &template.query, &Access::default()), rows, "{name}");
        assert_eq!(Query::from_link(&template.query.link()).unwrap().document(), template.query.document());
    }
}

#[test]
fn rows_carry_what_matched_and_where_they_belong() {
    let query = &template("attacked_machines_with_privileged_users").unwrap().query;
    let access = Access::default();
    let answer = graph().snapshot().answer(query, &Ask::new(NOW, &access)).unwrap();
    let json = serde_json::to_value(&answer).unwrap();
    assert_eq!(json["columns"][0]["title"], "Is affected by Alert");
    assert_eq!(json["columns"][1]["pointer"], "/find/that/1");
    assert_eq!(json["columns"][2]["name"], "is_privileged");
    let row = &json["rows"][0];
    assert_eq!(row["node"]["type"], "connected_server");
    assert_eq!(row["subscription"]["name"], "Production");
    assert_eq!(row["cells"][0]["nodes"][0]["name"], "Reverse shell");
    assert_eq!(row["cells"][1]["total"], 1);
    assert_eq!(row["cells"][2]["values"]["status"], true);
    assert_eq!(row["cells"][3]["matched"], false, "the account is not external");
    let mut csv = String::new();
    answer.write_csv(&mut csv).unwrap();
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(lines[0].split(',').count(), 9);
    assert_eq!(lines[1], "Connected server,web-2,m2,Production,,Reverse shell,root,status: true,");
}

#[test]
fn who_may_see_less_gets_less_and_is_told_so() {
    let graph = graph();
    let query = &template("machines_affected_by_health_findings").unwrap().query;
    let labs = Access { subscriptions: Some(vec!["s2".into()]), ..Access::default() };
    let answer = graph.snapshot().answer(query, &Ask::new(NOW, &labs)).unwrap();
    assert_eq!(answer.rows[0].node.name, "lab-1");
    assert_eq!(
        (answer.count, &answer.missing[..]),
        (1, &[Missing::ScopeRestricted { of: "subscription" }][..])
    );

    let all = br#"{"version":1,"find":{"types":["software"]}}"#;
    assert_eq!(names(&graph, &Query::parse(all).unwrap(), &labs), [""; 0], "labs have no software");

    let asked =
        br#"{"version":1,"find":{"types":["virtual_machines"]},"scope":{"subscriptions":["s1","s2","s9"]}}"#;
    let answer = graph.snapshot().answer(&Query::parse(asked).unwrap(), &Ask::new(NOW, &labs)).unwrap();
    assert_eq!(answer.count, 2);
    let keys = vec!["s1".to_owned(), "s9".to_owned()];
    assert_eq!(answer.missing, [Missing::ScopeNotAllowed { of: "subscription", keys }]);

    let group = Access { device_groups: Some(vec!["g1".into()]), ..Access::default() };
    assert_eq!(names(&graph, &Query::parse(all).unwrap(), &group), ["oldtool"]);
    let subscriptions = br#"{"version":1,"find":{"types":["subscription"]}}"#;
    assert_eq!(names(&graph, &Query::parse(subscriptions).unwrap(), &group), ["Production"]);
}

#[test]
fn what_is_withheld_or_was_never_delivered_is_named() {
    let graph = graph();
    let query = &template("machines_affected_by_health_findings").unwrap().query;
    let withheld = vec![Withheld {
        kind: kind("health_finding"),
        except: vec!["s2".into()],
        reason: "plan_needed".into(),
    }];
    let access = Access { withheld, ..Access::default() };
    let answer = graph.snapshot().answer(query, &Ask::new(NOW, &access)).unwrap();
    assert_eq!((answer.count, answer.rows[0].node.name.as_str()), (1, "lab-1"));
    let reason = "plan_needed".to_owned();
    assert_eq!(answer.missing, [Missing::TypeWithheld { kind: kind("health_finding"), reason }]);

    let graph = Graph::new(TenantId::random());
    let sources = |c: &Change| !matches!(c, Change::Source { source, .. } if source == "vulnerabilities");
    let some: Vec<Change> = changes().into_iter().filter(sources).collect();
    assert!(graph.apply(&some).refused.is_empty());
    let query = &template("machines_with_a_vulnerability").unwrap().query;
    let access = Access::default();
    let answer = graph.snapshot().answer(query, &Ask::new(NOW, &access)).unwrap();
    assert_eq!(answer.missing, [Missing::SourceAbsent { source: "vulnerabilities" }]);
    let json = serde_json::to_value(&answer.missing).unwrap();
    assert_eq!(json, serde_json::json!([{"code": "source_absent", "source": "vulnerabilities"}]));
}
