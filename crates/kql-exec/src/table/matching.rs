//! `graph-match` and `graph-shortest-paths`: matches as rows.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::common::{DataFusionError, Result};
use palisade_kql::program::{MatchColumn, MatchOutput, Matching, Part};
use serde_json::Value as Json;

use super::search::{Allowed, Found, Graph, Search, key, shortest};
use super::{Budget, Function};
use crate::kernels::convert::json_of_text;
use crate::value::{Cells, Column, V};

#[derive(Debug)]
pub(super) struct Match {
    pub spec: Matching,
}

/// Memory of matches is reserved in steps of this many bytes.
const RESERVED: usize = 64 * 1024;

/// Rows for which all these columns are true; none where there are no conditions.
fn flags(batch: &RecordBatch, columns: &[usize]) -> Option<Vec<bool>> {
    if columns.is_empty() {
        return None;
    }
    let mut flags = vec![true; batch.num_rows()];
    for column in columns {
        let array = batch.column(*column).as_boolean();
        for (at, flag) in flags.iter_mut().enumerate() {
            *flag &= array.is_valid(at) && array.value(at);
        }
    }
    Some(flags)
}

/// The values of one output so far.
struct Output<'a> {
    spec: &'a MatchOutput,
    cells: Cells<'a>,
    values: Column,
}

impl Output<'_> {
    /// Adds the value of a match; the bytes that it takes.
    fn push(&mut self, found: &Found) -> usize {
        let value = match &self.spec.part {
            Part::Node(node, _) => found.nodes[*node].map_or(V::Null, |at| self.cells.get(at as usize)),
            Part::Edge(edge, _) => {
                found.edges[*edge].edges.first().map_or(V::Null, |at| self.cells.get(*at as usize))
            }
            Part::Path { edge, inner, fold, .. } => {
                let bound = &found.edges[*edge];
                let places = if *inner { &bound.inner } else { &bound.edges };
                let mut values = places.iter().map(|at| self.cells.get(*at as usize));
                match fold {
                    MatchColumn::All => V::Bool(values.all(|v| v == V::Bool(true))),
                    MatchColumn::Any => V::Bool(values.any(|v| v == V::Bool(true))),
                    MatchColumn::Count => V::Int(i64::try_from(places.len()).unwrap_or(i64::MAX)),
                    MatchColumn::List => {
                        let list = values.map(|v| match v {
                            V::Str(text) => json_of_text(&text),
                            _ => Json::Null,
                        });
                        V::string(Json::Array(list.collect()).to_string())
                    }
                }
            }
        };
        let bytes = 16 + value.text().len();
        self.values.push(&value);
        bytes
    }
}

impl Function for Match {
    fn run(&self, inputs: &[RecordBatch], budget: &Budget) -> Result<Vec<ArrayRef>> {
        let (edges, nodes) = (&inputs[0], &inputs[1]);
        let ids = Cells::new(nodes.column(0).as_ref())?;
        let mut places: HashMap<String, u32> = HashMap::with_capacity(nodes.num_rows());
        for (row, at) in (0..nodes.num_rows()).zip(0u32..) {
            let id = key(&ids.get(row));
            budget.grow(id.len() + 48)?;
            places.insert(id, at);
        }
        let (from, to) = (Cells::new(edges.column(0).as_ref())?, Cells::new(edges.column(1).as_ref())?);
        budget.grow(edges.num_rows().saturating_mul(8))?;
        let mut ends = Vec::with_capacity(edges.num_rows());
        for row in 0..edges.num_rows() {
            let pair = (places.get(&key(&from.get(row))), places.get(&key(&to.get(row))));
            let (Some(a), Some(b)) = pair else {
                return Err(DataFusionError::Internal("an edge without its nodes".to_owned()));
            };
            ends.push((*a, *b));
        }
        drop(places);
        let graph = Graph::new(nodes.num_rows(), ends, budget)?;
        let allowed = Allowed {
            nodes: self.spec.nodes.iter().map(|n| flags(nodes, &n.conditions)).collect(),
            edges: self.spec.edges.iter().map(|e| flags(edges, &e.conditions)).collect(),
            inner: self.spec.edges.iter().map(|e| flags(nodes, &e.inner)).collect(),
        };
        let mut outputs = Vec::with_capacity(self.spec.outputs.len());
        for spec in &self.spec.outputs {
            let (batch, column) = match &spec.part {
                Part::Node(_, column) | Part::Path { column, inner: true, .. } => (nodes, column),
                Part::Edge(_, column) | Part::Path { column, .. } => (edges, column),
            };
            let cells = Cells::new(batch.column(*column).as_ref())?;
            outputs.push(Output { spec, cells, values: Column::new(spec.ty, 0) });
        }
        let mut matches = 0usize;
        let mut pending = 0usize;
        let mut report = |found: &Found| -> Result<()> {
            matches += 1;
            pending += 8 + outputs.iter_mut().map(|o| o.push(found)).sum::<usize>();
            if pending >= RESERVED {
                budget.grow(std::mem::take(&mut pending))?;
            }
            Ok(())
        };
        if self.spec.shortest.is_some() {
            shortest(&graph, &self.spec, &allowed, budget, &mut report)?;
        } else {
            Search::new(&graph, &self.spec, &allowed, budget).run(&mut report)?;
        }
        let mut columns: Vec<ArrayRef> =
            outputs.into_iter().map(|o| o.values.finish()).collect::<Result<_>>()?;
        if columns.is_empty() {
            // Without outputs the matches are still rows.
            columns.push(std::sync::Arc::new(arrow::array::NullArray::new(matches)));
        }
        Ok(columns)
    }
}
