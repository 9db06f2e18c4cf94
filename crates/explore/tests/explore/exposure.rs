use palisade_explore::{EDGE_COLUMNS, NODE_COLUMNS};
use serde_json::{Value, json};

use super::estate::graph;

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn rows_have_the_columns_of_the_hunting_tables() {
    let snapshot = graph().snapshot();
    let sizes = snapshot.sizes();
    let nodes: Vec<Value> = snapshot.node_rows().map(|r| serde_json::to_value(r).unwrap()).collect();
    let edges: Vec<Value> = snapshot.edge_rows().map(|r| serde_json::to_value(r).unwrap()).collect();
    assert_eq!((nodes.len() as u64, edges.len() as u64), (sizes.nodes, sizes.edges));
    assert!(nodes.iter().all(|n| keys(n) == NODE_COLUMNS) && edges.iter().all(|e| keys(e) == EDGE_COLUMNS));

    let machine = nodes.iter().find(|n| n["NodeName"] == "web-1").unwrap();
    assert_eq!(machine["NodeId"], "virtual_machines/m1");
    assert_eq!(machine["NodeLabel"], "connected_server");
    assert_eq!(machine["Categories"], json!(["compute", "virtual_machines"]));
    assert_eq!(machine["NodeProperties"]["rawData"]["criticality"], "very_high");
    assert_eq!(machine["EntityIds"], json!([{"type": "PalisadeMachineId", "id": "m1"}]));

    let running =
        edges.iter().find(|e| e["EdgeLabel"] == "is running" && e["SourceNodeName"] == "web-1").unwrap();
    assert_eq!(running["TargetNodeId"], "sensor/m1");
    assert_eq!(running["EdgeProperties"], json!({}));
    let mut ids: Vec<&str> = edges.iter().filter_map(|e| e["EdgeId"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), edges.len(), "edge ids are unique");
    let known: Vec<&str> = nodes.iter().filter_map(|n| n["NodeId"].as_str()).collect();
    let end = |e: &Value, of: &str| known.contains(&e[of].as_str().unwrap());
    assert!(edges.iter().all(|e| end(e, "SourceNodeId") && end(e, "TargetNodeId")));
}
