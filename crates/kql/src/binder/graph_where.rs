//! `graph-where-nodes` and `graph-where-edges`: a part of a graph.

use super::graph::{Graph, ID, filtered};
use super::{Binder, Relation, names};
use crate::ast;
use crate::program::{Expr, Join, JoinKind, Operator, Pipeline};
use crate::types::Type;

impl Binder<'_, '_, '_> {
    /// The nodes that fulfil a condition with the edges between them, or all nodes with some edges.
    pub(super) fn graph_where(&mut self, graph: &Graph, nodes: bool, predicate: &ast::Expr) -> Option<Graph> {
        let columns = graph.node_schema();
        // The nodes as a table of their own: their columns, then their key.
        let key = names::unique(&columns, "$key");
        let mut rows = graph.nodes();
        let mut list: Vec<(String, Expr)> =
            columns.columns.iter().map(|c| (c.name.clone(), Expr::column(&c.name, c.ty))).collect();
        list.push((key.clone(), Expr::column(ID, graph.key())));
        rows.project(list);
        let mut edges = graph.edge_rows();
        edges.open = graph.open;
        if nodes {
            // The key is not there for the condition.
            let mut seen = Relation { schema: columns.clone(), ..rows.clone() };
            seen.open = graph.open;
            filtered(&mut rows, vec![self.predicate(predicate, &seen)?]);
        } else {
            let condition = self.predicate(predicate, &edges)?;
            filtered(&mut edges, vec![condition]);
        }
        let table = self.kept("$nodes", rows);
        if nodes {
            for end in [&graph.ends.0, &graph.ends.1] {
                edges.operators.push(within(end, &table, &key, &edges));
            }
        }
        let edges = self.kept("$edges", edges);
        let id = Expr::column(&key, graph.key());
        let places = (0..columns.columns.len()).collect();
        Some(Graph {
            edges,
            ends: graph.ends.clone(),
            tables: vec![(table, id, places)],
            columns,
            ids: Vec::new(),
            component: None,
            open: graph.open,
        })
    }
}

/// Keeps the edges whose end is one of the nodes.
fn within(end: &Expr, nodes: &Pipeline, key: &str, edges: &Relation) -> Operator {
    let own = |c: &crate::types::Column| -> (String, bool, String, Type) {
        (c.name.clone(), true, c.name.clone(), c.ty)
    };
    Operator::Join(Box::new(Join {
        kind: JoinKind::LeftSemi,
        right: nodes.clone(),
        keys: vec![(end.clone(), Expr::column(key, end.ty))],
        columns: edges.schema.columns.iter().map(own).collect(),
    }))
}
