//! The nodes of a graph: who they are, their degrees and components.

use std::collections::HashMap;

use arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::Result;
use palisade_kql::Type;
use palisade_kql::program::GraphNodes;

use super::search::key;
use super::{Budget, Function};
use crate::value::{Cells, Column, V};

#[derive(Debug)]
pub(super) struct Nodes {
    pub spec: GraphNodes,
    /// Types of the outcome: id, degrees, component, then the nodes' columns.
    pub types: Vec<Type>,
}

/// Columns of the outcome before the nodes' own.
const FIXED: usize = 4;

/// Nodes in the order of their first appearance.
#[derive(Default)]
struct Known {
    places: HashMap<String, usize>,
    ids: Vec<V<'static>>,
    /// The first row of each table that has the node.
    rows: Vec<Vec<Option<usize>>>,
}

impl Known {
    fn node(&mut self, id: &V<'_>, tables: usize, budget: &Budget) -> Result<usize> {
        let text = key(id);
        if let Some(at) = self.places.get(&text) {
            return Ok(*at);
        }
        budget.grow(2 * text.len() + 128 + 16 * tables)?;
        let at = self.ids.len();
        self.places.insert(text, at);
        self.ids.push(id.clone().owned());
        self.rows.push(vec![None; tables]);
        Ok(at)
    }
}

impl Function for Nodes {
    fn run(&self, inputs: &[RecordBatch], budget: &Budget) -> Result<Vec<ArrayRef>> {
        let mut known = Known::default();
        let tables = inputs.len() - 1;
        for (table, batch) in inputs[1..].iter().enumerate() {
            let ids = Cells::new(batch.column(0).as_ref())?;
            for row in 0..batch.num_rows() {
                let at = known.node(&ids.get(row), tables, budget)?;
                let first = &mut known.rows[at][table];
                *first = first.or(Some(row));
            }
        }
        let edges = &inputs[0];
        let (from, to) = (Cells::new(edges.column(0).as_ref())?, Cells::new(edges.column(1).as_ref())?);
        budget.grow(edges.num_rows().saturating_mul(16))?;
        let mut pairs = Vec::with_capacity(edges.num_rows());
        for row in 0..edges.num_rows() {
            let a = known.node(&from.get(row), tables, budget)?;
            pairs.push((a, known.node(&to.get(row), tables, budget)?));
        }
        let n = known.ids.len();
        let mut degrees = vec![(0i64, 0i64); n];
        for (a, b) in &pairs {
            degrees[*a].1 += 1;
            degrees[*b].0 += 1;
        }
        let components = if self.spec.strong { strong(n, &pairs) } else { weak(n, &pairs) };
        let mut columns: Vec<Column> = self.types.iter().map(|ty| Column::new(*ty, n)).collect();
        let cells: Vec<Vec<Cells<'_>>> = inputs[1..]
            .iter()
            .map(|b| b.columns().iter().skip(1).map(|c| Cells::new(c.as_ref())).collect::<Result<Vec<_>>>())
            .collect::<Result<_>>()?;
        // For each of the nodes' columns, the tables that have it.
        let own = self.types.len() - FIXED;
        let mut sources: Vec<Vec<(usize, usize)>> = vec![Vec::new(); own];
        for (table, places) in self.spec.places.iter().enumerate() {
            for (column, place) in places.iter().enumerate() {
                sources[*place].push((table, column));
            }
        }
        for (at, id) in known.ids.iter().enumerate() {
            budget.step(1)?;
            columns[0].push(id);
            columns[1].push(&V::Int(degrees[at].0));
            columns[2].push(&V::Int(degrees[at].1));
            columns[3].push(&V::Int(components[at]));
            let rows = &known.rows[at];
            let nowhere = rows.iter().all(Option::is_none);
            for (place, from) in sources.iter().enumerate() {
                let found = from
                    .iter()
                    .find_map(|(table, column)| rows[*table].map(|row| cells[*table][*column].get(row)));
                let value = match found {
                    Some(value) => value,
                    None if nowhere && self.spec.ids.contains(&place) => id.clone(),
                    None => V::Null,
                };
                columns[FIXED + place].push(&value);
            }
        }
        columns.into_iter().map(Column::finish).collect()
    }
}

/// Numbers groups in the order in which their first member appears.
fn numbered(groups: impl Iterator<Item = usize>) -> Vec<i64> {
    let mut numbers: HashMap<usize, i64> = HashMap::new();
    groups
        .map(|group| {
            let next = i64::try_from(numbers.len()).unwrap_or(i64::MAX);
            *numbers.entry(group).or_insert(next)
        })
        .collect()
}

/// Components of nodes that are connected in any direction.
fn weak(n: usize, pairs: &[(usize, usize)]) -> Vec<i64> {
    let mut parent: Vec<usize> = (0..n).collect();
    fn root(parent: &mut [usize], mut at: usize) -> usize {
        while parent[at] != at {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        at
    }
    for (a, b) in pairs {
        let (a, b) = (root(&mut parent, *a), root(&mut parent, *b));
        parent[a.max(b)] = a.min(b);
    }
    numbered((0..n).map(|at| root(&mut parent, at)).collect::<Vec<_>>().into_iter())
}

/// Components of nodes that reach each other, by Tarjan's algorithm (1972) without recursion.
fn strong(n: usize, pairs: &[(usize, usize)]) -> Vec<i64> {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); n];
    for (a, b) in pairs {
        next[*a].push(*b);
    }
    const NONE: usize = usize::MAX;
    let (mut index, mut low) = (vec![NONE; n], vec![0usize; n]);
    let (mut on_stack, mut group) = (vec![false; n], vec![NONE; n]);
    let mut stack = Vec::new();
    let mut count = 0;
    for start in 0..n {
        if index[start] != NONE {
            continue;
        }
        let mut work = vec![(start, 0usize)];
        while let Some((at, edge)) = work.pop() {
            if edge == 0 {
                index[at] = count;
                low[at] = count;
                count += 1;
                stack.push(at);
                on_stack[at] = true;
            } else {
                let done = next[at][edge - 1];
                low[at] = low[at].min(low[done]);
            }
            let mut edge = edge;
            let mut down = None;
            while let Some(to) = next[at].get(edge).copied() {
                edge += 1;
                if index[to] == NONE {
                    down = Some(to);
                    break;
                }
                if on_stack[to] {
                    low[at] = low[at].min(index[to]);
                }
            }
            if let Some(to) = down {
                work.push((at, edge));
                work.push((to, 0));
                continue;
            }
            if low[at] == index[at] {
                while let Some(member) = stack.pop() {
                    on_stack[member] = false;
                    group[member] = at;
                    if member == at {
                        break;
                    }
                }
            }
        }
    }
    numbered(group.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_either_way() {
        let pairs = [(0, 1), (1, 2), (2, 0), (2, 3), (4, 4)];
        assert_eq!(weak(6, &pairs), [0, 0, 0, 0, 1, 2]);
        assert_eq!(strong(6, &pairs), [0, 0, 0, 1, 2, 3]);
        let deep: Vec<(usize, usize)> = (0..100_000).map(|n| (n, n + 1)).collect();
        assert_eq!(strong(100_001, &deep).last(), Some(&100_000));
        assert_eq!(weak(100_001, &deep).last(), Some(&0));
    }
}
