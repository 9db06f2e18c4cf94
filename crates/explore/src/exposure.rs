//! The graph as rows of the hunting tables `ExposureGraphNodes` and `ExposureGraphEdges`.

use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::answer::describe;
use crate::graph::Snapshot;
use crate::schema::{Kind, Relation, TableId, schema};
use crate::store::State;

/// Columns of `ExposureGraphNodes`, in order.
pub const NODE_COLUMNS: [&str; 6] =
    ["NodeId", "NodeLabel", "NodeName", "Categories", "NodeProperties", "EntityIds"];
/// Columns of `ExposureGraphEdges`, in order.
pub const EDGE_COLUMNS: [&str; 11] = [
    "EdgeId",
    "EdgeLabel",
    "SourceNodeId",
    "SourceNodeName",
    "SourceNodeLabel",
    "SourceNodeCategories",
    "TargetNodeId",
    "TargetNodeName",
    "TargetNodeLabel",
    "TargetNodeCategories",
    "EdgeProperties",
];

/// A row of `ExposureGraphNodes`; in JSON its fields are the columns.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NodeRow {
    /// Type and key.
    pub node_id: String,
    /// The type.
    pub node_label: &'static str,
    /// The name.
    pub node_name: String,
    /// The type's category, and its group where it is in one.
    pub categories: Vec<&'static str>,
    /// `rawData` with the properties.
    pub node_properties: Json,
    /// All known ids, as pairs of type and id.
    pub entity_ids: Json,
}

/// A row of `ExposureGraphEdges`; in JSON its fields are the columns.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct EdgeRow {
    /// The source's id, the label, the target's id.
    pub edge_id: String,
    /// What the edge says.
    pub edge_label: &'static str,
    /// The source's `NodeId`.
    pub source_node_id: String,
    /// Its name.
    pub source_node_name: String,
    /// Its type.
    pub source_node_label: &'static str,
    /// Its categories.
    pub source_node_categories: Vec<&'static str>,
    /// The target's `NodeId`.
    pub target_node_id: String,
    /// Its name.
    pub target_node_name: String,
    /// Its type.
    pub target_node_label: &'static str,
    /// Its categories.
    pub target_node_categories: Vec<&'static str>,
    /// Nothing: edges have no properties of their own.
    pub edge_properties: Json,
}

impl Snapshot {
    /// Every node, by type and number.
    pub fn node_rows(&self) -> impl Iterator<Item = NodeRow> + '_ {
        let tables = (0..self.state.tables.len()).map(TableId::at);
        tables.flat_map(move |t| {
            let nodes = self.state.table(t).all();
            nodes.into_iter().map(move |n| node_row(&self.state, t, n))
        })
    }

    /// Every edge, by connection and source.
    pub fn edge_rows(&self) -> impl Iterator<Item = EdgeRow> + '_ {
        let relations = schema().relations.iter().enumerate();
        relations.flat_map(move |(at, spec)| {
            let label = schema().labels[spec.connection.index()];
            let edges = self.state.relation(Relation::at(at));
            let sources = self.state.table(spec.from).all();
            sources.into_iter().flat_map(move |from| {
                let source = End::of(&self.state, spec.from, from);
                edges.of(from, true).iter().map(move |to| {
                    let target = End::of(&self.state, spec.to, to);
                    edge_row(label, source.clone(), target)
                })
            })
        })
    }
}

/// One end of an edge.
#[derive(Clone)]
struct End {
    id: String,
    name: String,
    kind: Kind,
}

impl End {
    fn of(state: &State, table: TableId, number: u32) -> Self {
        let own = state.table(table);
        let kinds = &schema().table(table).kinds;
        let kind = own.kind(number).map_or(kinds[0], |k| kinds[usize::from(k)]);
        Self { id: id(kind, own.key(number)), name: own.name(number).to_owned(), kind }
    }
}

/// The group stands in front, because a machine keeps its key when it changes its kind.
fn id(kind: Kind, key: &str) -> String {
    let of = schema().table(schema().type_of(kind).table).name;
    format!("{of}/{key}")
}

fn categories(kind: Kind) -> Vec<&'static str> {
    let spec = schema().type_of(kind);
    let category = schema().categories[spec.category].name;
    std::iter::once(category).chain(spec.group.map(Kind::name)).collect()
}

fn node_row(state: &State, table: TableId, number: u32) -> NodeRow {
    let found = describe(state, table, number);
    let raw: Map<String, Json> = found
        .properties
        .iter()
        .map(|(name, value)| ((*name).to_owned(), serde_json::to_value(value).unwrap_or(Json::Null)))
        .collect();
    let mut ids = vec![serde_json::json!({"type": schema().table(table).entity, "id": found.key})];
    for (property, kind) in [("cloud_id", "CloudResourceId"), ("device_id", "DeviceInventoryId")] {
        if let Some(Json::String(id)) = raw.get(property) {
            ids.push(serde_json::json!({"type": kind, "id": id}));
        }
    }
    NodeRow {
        node_id: id(found.kind, &found.key),
        node_label: found.kind.name(),
        node_name: found.name,
        categories: categories(found.kind),
        node_properties: serde_json::json!({"rawData": raw}),
        entity_ids: Json::Array(ids),
    }
}

fn edge_row(label: &'static str, source: End, target: End) -> EdgeRow {
    EdgeRow {
        edge_id: format!("{}|{label}|{}", source.id, target.id),
        edge_label: label,
        source_node_id: source.id,
        source_node_name: source.name,
        source_node_label: source.kind.name(),
        source_node_categories: categories(source.kind),
        target_node_id: target.id,
        target_node_name: target.name,
        target_node_label: target.kind.name(),
        target_node_categories: categories(target.kind),
        edge_properties: Json::Object(Map::new()),
    }
}
