use std::sync::Arc;

use palisade_explore::{
    Access, Change, EDGE_COLUMNS, Exposure, ExposureScan, Graph, Kind, NODE_COLUMNS, Node, NodeRef, Only,
    Reading, Withheld,
};
use palisade_types::TenantId;
use serde_json::{Value, json};

use super::estate::graph;

type Row = Vec<String>;

fn rows(mut scan: ExposureScan) -> Vec<Row> {
    let mut all = Vec::new();
    while let Some(batch) = scan.batch() {
        let columns: Vec<Vec<&str>> = batch.columns.iter().map(|c| c.iter().collect()).collect();
        assert!(columns.iter().all(|c| c.len() == batch.rows) && batch.rows > 0);
        all.extend((0..batch.rows).map(|r| columns.iter().map(|c| c[r].to_owned()).collect::<Row>()));
    }
    all
}

fn exposure(graph: &Graph, access: &Access) -> Arc<Exposure> {
    Arc::new(graph.snapshot().exposure(access).expect("little work"))
}

fn all(n: usize) -> Vec<usize> {
    (0..n).collect()
}

fn node<'r>(nodes: &'r [Row], name: &str) -> &'r Row {
    nodes.iter().find(|n| n[2] == name).unwrap_or_else(|| panic!("{name}"))
}

fn parsed(cell: &str) -> Value {
    serde_json::from_str(cell).expect("JSON")
}

#[test]
fn rows_have_the_columns_of_the_hunting_tables() {
    let graph = graph();
    let sizes = graph.snapshot().sizes();
    let seen = exposure(&graph, &Access::default());
    let nodes = rows(seen.nodes(&all(NODE_COLUMNS.len()), &[]));
    let edges = rows(seen.edges(&all(EDGE_COLUMNS.len()), &[]));
    assert_eq!((nodes.len() as u64, edges.len() as u64), (sizes.nodes, sizes.edges));

    let machine = node(&nodes, "web-1");
    assert_eq!(machine[..2], ["virtual_machines/m1", "connected_server"]);
    assert_eq!(parsed(&machine[3]), json!(["compute", "virtual_machines", "virtual_machine", "device"]));
    let raw = parsed(&machine[4])["rawData"].clone();
    assert_eq!(raw["criticality"], "very_high");
    assert_eq!(raw["criticalityLevel"]["criticalityLevel"], 0);
    assert_eq!(raw.get("exposedToInternet"), None);
    assert_eq!(parsed(&node(&nodes, "web-2")[4])["rawData"]["exposedToInternet"], true);
    assert_eq!(parsed(&machine[5]), json!([{"type": "PalisadeMachineId", "id": "m1"}]));
    assert_eq!(parsed(&node(&nodes, "root")[3]), json!(["identity"]));

    let running = edges.iter().find(|e| e[1] == "is running" && e[3] == "web-1").expect("an edge");
    assert_eq!(running[0], "virtual_machines/m1|is running|sensor/m1");
    assert_eq!(running[6..8], ["sensor/m1", "web-1"]);
    assert_eq!((running[4].as_str(), parsed(&running[5])), ("connected_server", parsed(&machine[3])));
    assert_eq!(
        (running[8].as_str(), parsed(&running[9]), running[10].as_str()),
        ("sensor", json!(["health"]), "{}")
    );
    let mut ids: Vec<&str> = edges.iter().map(|e| e[0].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), edges.len(), "edge ids are unique");
    let known: Vec<&str> = nodes.iter().map(|n| n[0].as_str()).collect();
    assert!(edges.iter().all(|e| known.contains(&e[2].as_str()) && known.contains(&e[6].as_str())));
}

#[test]
fn columns_and_conditions_only_leave_out() {
    let graph = graph();
    let seen = exposure(&graph, &Access::default());
    let nodes = rows(seen.nodes(&all(NODE_COLUMNS.len()), &[]));
    let edges = rows(seen.edges(&all(EDGE_COLUMNS.len()), &[]));
    let counted = |mut scan: ExposureScan| {
        let mut count = 0;
        while let Some(batch) = scan.batch() {
            assert!(batch.columns.is_empty());
            count += batch.rows;
        }
        count
    };
    for (names, full, exact) in [
        (&NODE_COLUMNS[..], &nodes, &["NodeId", "NodeLabel", "NodeName"][..]),
        (
            &EDGE_COLUMNS[..],
            &edges,
            &[
                "EdgeLabel",
                "SourceNodeId",
                "SourceNodeName",
                "SourceNodeLabel",
                "TargetNodeId",
                "TargetNodeName",
                "TargetNodeLabel",
            ][..],
        ),
    ] {
        let of_nodes = names.len() == NODE_COLUMNS.len();
        let scan = |columns: &[usize], only: &[Only]| {
            if of_nodes { seen.nodes(columns, only) } else { seen.edges(columns, only) }
        };
        assert_eq!(counted(scan(&[], &[])), full.len());
        let backwards: Vec<usize> = (0..names.len()).rev().collect();
        let turned: Vec<Row> = full.iter().map(|r| r.iter().rev().cloned().collect()).collect();
        assert_eq!(rows(scan(&backwards, &[])), turned);
        for (first, column) in names.iter().enumerate() {
            let mut texts: Vec<String> = full.iter().map(|r| r[first].clone()).collect();
            texts.sort();
            texts.dedup();
            texts.push("nothing/has this".into());
            for text in &texts {
                // Two conditions at once, the second of which lets half of everything through.
                let half: Vec<String> = texts.iter().step_by(2).cloned().collect();
                let only = [
                    Only { column: (*column).to_owned(), texts: vec![text.clone()] },
                    Only { column: (*column).to_owned(), texts: half.clone() },
                ];
                let mut wanted: Vec<Row> = full.clone();
                if exact.contains(column) {
                    wanted.retain(|r| r[first] == *text && half.contains(text));
                }
                let mut found = rows(scan(&all(names.len()), &only));
                assert_eq!(counted(scan(&[], &only)), found.len());
                // From the other end edges come in another order.
                found.sort();
                wanted.sort();
                assert_eq!(found, wanted, "{column} {text}");
            }
        }
    }
}

#[test]
fn somebody_limited_sees_their_machines_and_what_leads_there() {
    let graph = graph();
    let access = Access { device_groups: Some(vec!["g1".into()]), ..Access::default() };
    let seen = exposure(&graph, &access);
    let nodes = rows(seen.nodes(&[0], &[]));
    let mut ids: Vec<&str> = nodes.iter().map(|n| n[0].as_str()).collect();
    ids.sort_unstable();
    assert_eq!(
        ids,
        [
            "device_group/g1",
            "resource_group/s1/web",
            "sensor/m1",
            "software/old/1",
            "subscription/s1",
            "user_account/u2",
            "virtual_machines/m1"
        ]
    );
    let ends = rows(seen.edges(&[2, 6], &[]));
    assert!(ends.iter().flatten().all(|end| ids.contains(&end.as_str())), "{ends:?}");
    assert!(ends.len() >= 5);
    // Asked for by name, another's machine is not there either.
    let asked = [Only { column: "NodeId".into(), texts: vec!["virtual_machines/m2".into()] }];
    assert!(rows(seen.nodes(&[0], &asked)).is_empty());
    let asked = [Only { column: "SourceNodeName".into(), texts: vec!["web-2".into()] }];
    assert!(rows(seen.edges(&[0], &asked)).is_empty());

    let nobody = exposure(&graph, &Access { device_groups: Some(vec![]), ..Access::default() });
    assert!(rows(nobody.nodes(&[], &[])).is_empty() && rows(nobody.edges(&[0], &[])).is_empty());
}

#[test]
fn what_is_withheld_shows_in_no_property_either() {
    let graph = graph();
    let kind = Kind::named("listening_endpoint").expect("a type");
    let withheld = Withheld { kind, except: Vec::new(), reason: "plan_required".into() };
    let seen = exposure(&graph, &Access { withheld: vec![withheld], ..Access::default() });
    let nodes = rows(seen.nodes(&all(NODE_COLUMNS.len()), &[]));
    assert!(nodes.iter().all(|n| n[1] != "listening_endpoint"));
    assert_eq!(parsed(&node(&nodes, "web-2")[4])["rawData"].get("exposedToInternet"), None);
    assert!(rows(seen.edges(&[8], &[])).iter().all(|e| e[0] != "listening_endpoint"));
}

#[test]
fn batches_are_bounded_and_lose_nothing() {
    let named = |kind: &str| Kind::named(kind).expect("a type");
    let graph = Graph::new(TenantId::random());
    let software: Vec<String> = (0..300).map(|n| format!("s{n}")).collect();
    let mut changes: Vec<Change> =
        software.iter().map(|s| Change::Upsert(Node::new(named("software"), s.clone(), s.clone()))).collect();
    for m in 0..100 {
        let key = format!("m{m}");
        changes.push(Change::Upsert(Node::new(named("connected_server"), key.clone(), "x".repeat(1000))));
        changes.push(Change::Replace {
            from: NodeRef::new(named("connected_server"), key),
            reading: Reading::named("has_installed").expect("a connection"),
            to: named("software"),
            keys: software.clone(),
        });
    }
    assert!(graph.apply(&changes).refused.is_empty());
    let seen = exposure(&graph, &Access::default());
    let mut scan = seen.edges(&all(EDGE_COLUMNS.len()), &[]);
    let (mut batches, mut count) = (0, 0);
    while let Some(batch) = scan.batch() {
        assert!(batch.rows <= 8192 && batch.bytes() < (4 << 20) + 4096);
        batches += 1;
        count += batch.rows;
    }
    assert_eq!(count, 30_000);
    assert!(batches >= 8, "{batches}: thirty megabytes of names");
    let mut ids: Vec<Row> = rows(seen.edges(&[0], &[]));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 30_000);
}
