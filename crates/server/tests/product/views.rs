//! Queries over the tables that are views, by real workers: with stored tables, with JSON columns, as
//! public queries ask, through the command line, and beyond their bounds.

use palisade_e2e::Product;
use palisade_testkit::{eventually, shared_data};
use serde_json::{Value, json};

use crate::console::{Console, owner, side};

/// Questions in the manner of Azure Resource Graph; each has rows in a tenant with one reporting sensor.
const RESOURCE_GRAPH: [&str; 6] = [
    "Resources | where type =~ 'microsoft.hybridcompute/machines' or type =~ 'microsoft.compute/virtualmachines'
     | summarize count() by type, tostring(properties.osType)",
    "resources | where type =~ 'Microsoft.HybridCompute/machines' | extend JoinID = toupper(id)
     | join kind=leftouter (resources | where type =~ 'microsoft.hybridcompute/machines/extensions'
         | where properties.type in ('MDE.Linux', 'MDE.Windows', 'Palisade.Linux', 'Palisade.Windows')
         | extend MachineId = toupper(substring(id, 0, indexof(id, '/extensions')))
         | project MachineId, State = tostring(properties.provisioningState)) on $left.JoinID == $right.MachineId
     | summarize Machines = count() by State",
    "SecurityResources | where type == 'microsoft.security/pricings'
     | project name, tier = tostring(properties.pricingTier), subPlan = tostring(properties.subPlan)",
    "securityresources | where type == 'microsoft.security/assessments'
     | extend code = tostring(properties.status.code), severity = tostring(properties.metadata.severity)
     | summarize resources = dcount(tostring(properties.resourceDetails.Id)) by code, severity",
    "resources | project subscriptionId, name
     | join kind=inner (resourcecontainers | where type == 'microsoft.resources/subscriptions'
         | project subscriptionId, subscription = name) on subscriptionId",
    "securityresources | where type == 'microsoft.security/pricings' | mv-expand extension = properties.extensions
     | where extension.name == 'EndpointProtection' | project isEnabled = tostring(extension.isEnabled)",
];

async fn rows(console: &Console, token: &str, query: &str) -> Vec<Value> {
    let (status, answer) = console.ask(Some(token), query).await;
    assert_eq!(status, 200, "{query}: {answer}");
    answer["rows"].as_array().cloned().unwrap_or_default()
}

/// Public queries that read the graph and tables that we have.
async fn public_queries(console: &Console, token: &str) {
    let Some(file) = shared_data("kql/hunting-queries.jsonl") else { return };
    let text = std::fs::read_to_string(file).expect("readable");
    let ours = |row: &Value, key: &str| {
        row[key]
            .as_array()
            .into_iter()
            .flatten()
            .all(|t| palisade_schema::table(t.as_str().unwrap_or_default()).is_some())
    };
    let mut ran = 0;
    for line in text.lines().filter(|l| l.contains("ExposureGraph")) {
        let row: Value = serde_json::from_str(line).expect("JSON");
        if ours(&row, "tables") && ours(&row, "other_tables") {
            rows(console, token, row["query"].as_str().expect("a text")).await;
            ran += 1;
        }
    }
    assert!(ran >= 4, "{ran} public queries over the graph and our tables");
}

#[test]
fn views_are_queried_like_every_other_table() {
    let product = Product::up(false).expect("up");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let device = runtime.block_on(async {
        let owner = owner(&product).await;
        let tenant = owner.tenants().await.expect("tenants")[0].id;
        let own = side(&product, &owner, tenant, "view-1").await;
        owner.close().await;
        let console = &Console::of(&product);
        let admin = own.admin.as_str();
        // The graph beside what the sensor sent: ids out of JSON, joined with a stored table.
        let joined = "ExposureGraphNodes | where Categories has 'device' | mv-expand EntityIds
            | where tostring(EntityIds.type) == 'DeviceInventoryId' | extend DeviceId = tostring(EntityIds.id)
            | join kind=inner (DeviceInfo | summarize arg_max(Timestamp, *) by DeviceId) on DeviceId
            | project DeviceId, NodeName";
        eventually("the graph and the lake know the device", async || {
            rows(console, admin, joined).await == [json!([own.device, "view-1"])]
        })
        .await;
        eventually("the machine is judged", async || {
            !rows(console, admin, "securityresources | where name == 'sensor-reporting'").await.is_empty()
        })
        .await;
        for query in RESOURCE_GRAPH {
            assert!(!rows(console, admin, query).await.is_empty(), "{query}");
        }
        public_queries(console, admin).await;

        // One snapshot for the whole query: each end of an edge is a node.
        let dangling = "ExposureGraphEdges | join kind=leftanti ExposureGraphNodes on $left.TargetNodeId == $right.NodeId";
        assert!(rows(console, admin, dangling).await.is_empty());
        let by_label = "ExposureGraphEdges | where EdgeLabel in ('is running', 'contains') | summarize count() by EdgeLabel";
        assert_eq!(rows(console, admin, by_label).await.len(), 2);
        let counts = "ExposureGraphNodes | summarize All = count(), Labels = dcount(NodeLabel) | where All > Labels";
        assert_eq!(rows(console, admin, counts).await.len(), 1);
        let many = vec!["ExposureGraphNodes"; 80].join(", ");
        let (status, answer) = console.ask(Some(admin), &format!("union {many} | count")).await;
        assert_eq!((status, &answer["error"]["code"]), (422, &json!("query_limit")), "{answer}");
        let kept = format!("let kept = materialize(ExposureGraphNodes); union {} | count", vec!["kept"; 80].join(", "));
        assert_eq!(rows(console, admin, &kept).await.len(), 1);
        own.device
    });
    let by_command =
        product.query("ExposureGraphNodes | where NodeLabel == 'connected_server' | project EntityIds");
    let by_command = by_command.expect("the command line asks as the console does");
    assert!(serde_json::to_string(&by_command).expect("JSON").contains(&device));
    assert!(
        product.query_error("ExposureGraphNode | take 1").expect("an error").contains("ExposureGraphNodes")
    );
}
