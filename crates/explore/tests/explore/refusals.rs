use palisade_explore::{Access, Ask, Change, Kind, MAX_QUERY_BYTES, Node, Query, QueryCode, Reading};
use serde_json::{Value, json};

use super::estate::{NOW, at, edge, graph, kind};

fn machines(extra: Value) -> Value {
    let mut find = json!({"types": ["virtual_machines"]});
    find.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    json!({"version": 1, "find": find})
}

#[test]
fn every_mistake_has_a_code_and_a_place() {
    let that = |branch: Value| machines(json!({"that": [branch]}));
    let filter = |condition: Value| machines(json!({"where": [condition]}));
    let many: Vec<Value> = (0..300).map(|_| json!({"insight": "has_tags"})).collect();
    let mut deep = json!({"insight": "has_tags"});
    for _ in 0..20 {
        deep = json!({"and": [deep]});
    }
    let cases = [
        (json!([]), "wrong_shape", ""),
        (json!({"version": 1}), "missing_field", ""),
        (json!({"version": 2, "find": {}}), "unknown_version", "/version"),
        (json!({"version": 1, "find": {"types": ["virtual_machines"]}, "x": 1}), "unknown_field", ""),
        (json!({"version": 1, "find": {"types": []}}), "wrong_shape", "/find/types"),
        (json!({"version": 1, "find": {"types": ["toaster"]}}), "unknown_type", "/find/types/0"),
        (machines(json!({"that": many})), "too_many_parts", "/find/that/255"),
        (
            machines(json!({"that": [deep]})),
            "too_deep",
            "/find/that/0/and/0/and/0/and/0/and/0/and/0/and/0/and/0/and/0/and/0/and/0/and/0/and/0",
        ),
        (that(json!({})), "wrong_shape", "/find/that/0"),
        (that(json!({"or": []})), "wrong_shape", "/find/that/0/or"),
        (that(json!({"insight": "is_haunted"})), "unknown_insight", "/find/that/0/insight"),
        (that(json!({"insight": "is_privileged"})), "insight_not_applicable", "/find/that/0/insight"),
        (that(json!({"connection": "haunts"})), "unknown_connection", "/find/that/0/connection"),
        (that(json!({"connection": "affects"})), "connection_not_applicable", "/find/that/0/connection"),
        (that(json!({"connection": "is_running"})), "missing_field", "/find/that/0"),
        (
            that(json!({"connection": "is_running", "to": {"types": ["health_finding"]}})),
            "target_not_applicable",
            "/find/that/0/to/types",
        ),
        (
            filter(json!({"property": "color", "operator": "equals", "value": "red"})),
            "unknown_property",
            "/find/where/0/property",
        ),
        (
            filter(json!({"property": "os", "operator": "resembles", "value": "red"})),
            "unknown_operator",
            "/find/where/0/operator",
        ),
        (
            filter(json!({"property": "os", "operator": "greater", "value": "a"})),
            "operator_not_applicable",
            "/find/where/0/operator",
        ),
        (
            filter(json!({"property": "power", "operator": "equals", "value": "warp"})),
            "wrong_value",
            "/find/where/0/value",
        ),
        (
            filter(json!({"property": "power", "operator": "in", "value": ["running", 1]})),
            "wrong_value",
            "/find/where/0/value/1",
        ),
        (
            filter(json!({"property": "power", "operator": "in", "value": []})),
            "too_many_values",
            "/find/where/0/value",
        ),
        (
            filter(json!({"property": "os", "operator": "exists", "value": "yes"})),
            "wrong_shape",
            "/find/where/0/value",
        ),
        (
            filter(json!({"property": "first_seen", "operator": "before", "value": "noon"})),
            "wrong_value",
            "/find/where/0/value",
        ),
        (
            filter(json!({"property": "os", "operator": "equals", "value": "x".repeat(2000)})),
            "too_long",
            "/find/where/0/value",
        ),
        (
            filter(json!({"or": [{"property": "os", "operator": "equals"}]})),
            "missing_field",
            "/find/where/0/or/0",
        ),
        (
            json!({"version": 1, "find": {"types": ["tag"]}, "scope": {"subscriptions": []}}),
            "too_many_values",
            "/scope/subscriptions",
        ),
    ];
    for (json, code, pointer) in cases {
        let error = Query::from_value(&json).expect_err(&json.to_string());
        assert_eq!((error.code(), error.pointer.as_str()), (code, pointer), "{json}");
        assert!(error.to_string().len() > code.len());
    }
    assert_eq!(Query::parse(b"{").unwrap_err().code, QueryCode::NotJson);
    assert_eq!(Query::parse(&vec![b' '; MAX_QUERY_BYTES + 1]).unwrap_err().code, QueryCode::TooLong);
    assert_eq!(Query::from_link("not a link!").unwrap_err().code, QueryCode::BadLink);
}

#[test]
fn the_same_question_has_the_same_link() {
    let one = json!({"version": 1, "find": {"types": ["ec2_instance", "virtual_machines"], "that": [
        {"and": [{"insight": "has_tags", "not": false, "where": []}, {"or": [{"insight": "exposed_to_internet"}]}]}],
        "where": [{"property": "power", "operator": "in", "value": ["Stopped", "running", "running"]}]}});
    let other = json!({"find": {"where": [{"value": ["running", "stopped"], "operator": "in", "property": "power"}],
        "that": [{"insight": "has_tags"}, {"insight": "exposed_to_internet"}], "types": ["virtual_machines"]}, "version": 1});
    let (one, other) = (Query::from_value(&one).unwrap(), Query::from_value(&other).unwrap());
    assert_eq!(one.to_json(), other.to_json());
    assert_eq!(one.link(), other.link());
    let back: Query = serde_json::from_value(serde_json::to_value(&one).unwrap()).unwrap();
    assert_eq!(back.document(), other.document());
}

#[test]
fn changes_that_cannot_be_made_leave_the_others_alone() {
    let graph = graph();
    let before = graph.snapshot().sizes();
    let installed = Reading::named("has_installed").unwrap();
    let changes = [
        Change::Upsert(Node::new(kind("virtual_machines"), "m9", "nine")),
        Change::Upsert(Node::new(kind("tag"), "", "none")),
        Change::Upsert(Node::new(kind("tag"), "t", "t").with("colour", "red")),
        Change::Upsert(Node::new(kind("tag"), "t", "t").with("key", 7)),
        edge(("tag", "t"), "is_tag_of", ("virtual_machines", "m1")),
        edge(("virtual_machines", "m1"), "is_running", ("tag", "env=production")),
        Change::Replace {
            from: at("virtual_machines", "m1"),
            reading: installed,
            to: kind("software"),
            keys: vec!["log4j/2.14".into(), "nothing".into()],
        },
        Change::Source { source: "gossip".into(), as_of: Some(NOW) },
        Change::Upsert(Node::new(kind("tag"), "fine", "fine")),
    ];
    let applied = graph.apply(&changes);
    let codes: Vec<&str> = applied.refused.iter().map(|r| r.error.code()).collect();
    assert_eq!(
        codes,
        [
            "is_group",
            "bad_key",
            "unknown_property",
            "wrong_value",
            "unknown_node",
            "not_connectable",
            "unknown_node",
            "unknown_source"
        ]
    );
    let after = graph.snapshot().sizes();
    assert_eq!((after.nodes, after.edges), (before.nodes + 1, before.edges));
}

#[test]
fn a_query_that_costs_too_much_is_refused() {
    let query = Query::from_value(&machines(json!({"that": [{"insight": "has_vulnerabilities"}]}))).unwrap();
    let access = Access::default();
    let ask = Ask { work: 10, ..Ask::new(NOW, &access) };
    let error = graph().snapshot().answer(&query, &ask).unwrap_err();
    assert_eq!(error.code(), "too_much_work");
    let ask = Ask { after: Some("x"), ..Ask::new(NOW, &access) };
    assert_eq!(graph().snapshot().answer(&query, &ask).unwrap_err().code(), "bad_cursor");
}

#[test]
fn a_machine_that_changes_its_kind_is_the_same_node() {
    let graph = graph();
    graph.apply(&[Change::Upsert(Node::new(kind("ec2_instance"), "m1", "web-1"))]);
    let snapshot = graph.snapshot();
    let found = snapshot.node(kind("virtual_machines"), "m1").unwrap();
    assert_eq!((found.kind, found.properties.len()), (Kind::named("ec2_instance").unwrap(), 0));
    assert_eq!(snapshot.sizes().nodes, graph_nodes(), "no node more");
}

fn graph_nodes() -> u64 {
    graph().snapshot().sizes().nodes
}
