use std::sync::Arc;

use super::cells::TextRows;
use super::words::{categories_of, label, node_id};
use super::{BATCH_BYTES, BATCH_ROWS, COUNTED_ROWS, Exposure, Only, Pick};
use crate::schema::{Relation, schema};
use crate::store::Set;

/// Edges on their way out, one relation after the other.
pub(super) struct Edges {
    exposure: Arc<Exposure>,
    columns: Vec<usize>,
    /// Relations whose label is asked for, the last first.
    relations: Vec<usize>,
    sources: Pick,
    targets: Pick,
    open: Option<Walk>,
}

/// One relation, followed from whichever side has fewer nodes to begin with.
struct Walk {
    relation: usize,
    forward: bool,
    /// Nodes to begin with that are still to come, the last first.
    from: Vec<u32>,
    /// What the other end has to be among; none where it may be any.
    among: Option<Set>,
    /// The node that is looked at, and its neighbours that are still to come, the last first.
    here: u32,
    left: Vec<u32>,
}

impl Edges {
    pub fn new(exposure: Arc<Exposure>, columns: &[usize], only: &[Only]) -> Self {
        let labels: Vec<&Only> = only.iter().filter(|o| o.column == "EdgeLabel").collect();
        let asked = |at: &usize| {
            let label = schema().labels[schema().relations[*at].connection.index()];
            labels.iter().all(|o| o.texts.iter().any(|t| t == label))
        };
        Self {
            exposure,
            columns: columns.to_vec(),
            relations: (0..schema().relations.len()).rev().filter(asked).collect(),
            sources: Pick::of(only, "Source"),
            targets: Pick::of(only, "Target"),
            open: None,
        }
    }

    pub fn batch(&mut self) -> TextRows {
        let mut out = TextRows::new(self.columns.len());
        let counting = self.columns.is_empty();
        let most = if counting { COUNTED_ROWS } else { BATCH_ROWS };
        loop {
            let Some(walk) = &mut self.open else {
                let Some(relation) = self.relations.pop() else { return out };
                self.open = Some(self.walk(relation));
                continue;
            };
            if walk.left.is_empty() {
                let Some(here) = walk.from.pop() else {
                    self.open = None;
                    continue;
                };
                let edges = self.exposure.state.relation(Relation::at(walk.relation));
                let neighbours = edges.of(here, walk.forward);
                walk.here = here;
                if counting && walk.among.is_none() {
                    // Edges that nobody looks at need not be listed. One node has far fewer than a batch
                    // may be larger than its bound.
                    out.rows += usize::try_from(neighbours.len()).unwrap_or(0);
                } else {
                    let among = walk.among.as_ref();
                    walk.left.extend(neighbours.iter().filter(|n| among.is_none_or(|a| a.has(*n))));
                    walk.left.reverse();
                }
            } else if counting {
                let some = walk.left.len().min(COUNTED_ROWS - out.rows);
                walk.left.truncate(walk.left.len() - some);
                out.rows += some;
            } else {
                self.rows(&mut out);
            }
            if out.rows >= most || out.bytes() >= BATCH_BYTES {
                return out;
            }
        }
    }

    fn walk(&self, relation: usize) -> Walk {
        let spec = &schema().relations[relation];
        let sources = self.exposure.picked(spec.from, &self.sources);
        let targets = self.exposure.picked(spec.to, &self.targets);
        let size = |set: &Option<Set>, of| match set {
            Some(set) => set.len(),
            None => self.exposure.state.table(of).len(),
        };
        let forward = size(&sources, spec.from) <= size(&targets, spec.to);
        let (from, among, of) =
            if forward { (sources, targets, spec.from) } else { (targets, sources, spec.to) };
        let mut from: Vec<u32> = match from {
            Some(set) => set.iter().collect(),
            None => self.exposure.state.table(of).all().iter().collect(),
        };
        from.reverse();
        Walk { relation, forward, from, among, here: 0, left: Vec::new() }
    }

    /// Edges of the node that is looked at, until the batch is full.
    fn rows(&mut self, out: &mut TextRows) {
        let Some(walk) = &mut self.open else { return };
        let spec = &schema().relations[walk.relation];
        let edge_label = schema().labels[spec.connection.index()];
        let state = &self.exposure.state;
        let mut bytes = out.bytes();
        while let Some(there) = walk.left.pop() {
            let (from, to) = if walk.forward { (walk.here, there) } else { (there, walk.here) };
            for (column, cells) in self.columns.iter().zip(&mut out.columns) {
                let before = cells.bytes();
                match column {
                    0 => {
                        let [a, b, c] = node_id(state, spec.from, from);
                        let [x, y, z] = node_id(state, spec.to, to);
                        cells.push_parts(&[a, b, c, "|", edge_label, "|", x, y, z]);
                    }
                    1 => cells.push(edge_label),
                    2 => cells.push_parts(&node_id(state, spec.from, from)),
                    3 => cells.push(state.table(spec.from).name(from)),
                    4 => cells.push(label(state, spec.from, from)),
                    5 => cells.push(categories_of(state, spec.from, from)),
                    6 => cells.push_parts(&node_id(state, spec.to, to)),
                    7 => cells.push(state.table(spec.to).name(to)),
                    8 => cells.push(label(state, spec.to, to)),
                    9 => cells.push(categories_of(state, spec.to, to)),
                    10 => cells.push("{}"),
                    _ => cells.push(""),
                }
                bytes += cells.bytes() - before;
            }
            out.rows += 1;
            if out.rows >= BATCH_ROWS || bytes >= BATCH_BYTES {
                return;
            }
        }
    }
}
