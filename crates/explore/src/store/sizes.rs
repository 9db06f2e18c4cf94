use serde::Serialize;

use super::{Relations, State, Table};
use crate::schema::{Relation, TableId, schema};

/// How large a graph is.
#[derive(Clone, Debug, Serialize)]
pub struct Sizes {
    /// Nodes of all types.
    pub nodes: u64,
    /// Edges of all connections.
    pub edges: u64,
    /// Bytes of keys and properties, as far as can be known.
    pub node_bytes: usize,
    /// Bytes of edges, as far as can be known.
    pub edge_bytes: usize,
    /// Nodes by the name of their type or group.
    pub by_table: Vec<(&'static str, u64)>,
    /// Edges by the names of type, connection and type.
    pub by_relation: Vec<(String, u64)>,
}

impl Sizes {
    pub(crate) fn of(state: &State) -> Self {
        let schema = schema();
        let tables: Vec<(&'static str, &Table)> =
            (0..schema.tables.len()).map(|t| (schema.tables[t].name, state.table(TableId::at(t)))).collect();
        let relations: Vec<(String, &Relations)> = schema
            .relations
            .iter()
            .enumerate()
            .map(|(at, r)| {
                let label = schema.labels[r.connection.index()];
                let (from, to) = (schema.table(r.from).name, schema.table(r.to).name);
                (format!("{from} {label} {to}"), state.relation(Relation::at(at)))
            })
            .collect();
        Self {
            nodes: tables.iter().map(|(_, t)| t.len()).sum(),
            edges: relations.iter().map(|(_, r)| r.edges()).sum(),
            node_bytes: tables.iter().map(|(_, t)| t.bytes()).sum(),
            edge_bytes: relations.iter().map(|(_, r)| r.bytes()).sum(),
            by_table: tables.iter().map(|(name, t)| (*name, t.len())).collect(),
            by_relation: relations.into_iter().map(|(name, r)| (name, r.edges())).collect(),
        }
    }
}
