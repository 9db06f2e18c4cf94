//! `basket`: patterns of values that many rows have.
//!
//! Each pattern is told once, with all values that come with it in every row (the closed sets of frequent
//! values); they are found level by level, by one more value each.

use std::collections::HashSet;

use arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::Result;
use palisade_kql::Type;
use palisade_kql::program::Basket;

use super::items::{Bits, Part, Shared, both, weight};
use super::{Budget, Function};
use crate::lower::value_cell;
use crate::value::{Cells, V};

#[derive(Debug)]
pub(super) struct Baskets {
    pub spec: Basket,
    /// The types of the outcome's columns.
    pub types: Vec<Type>,
}

/// Values that occur together, by their places among the items, and the groups that have them all.
struct Pattern {
    items: Vec<usize>,
    groups: Bits,
    weight: f64,
}

impl Baskets {
    fn patterns(&self, shared: &Shared, least: f64, budget: &Budget) -> Result<Vec<Pattern>> {
        let words = shared.all.len() as u64;
        let groups = shared.all.clone();
        let [weight, _] = shared.total;
        let first = Pattern { items: shared.closure(&groups, budget)?, groups, weight };
        let mut seen: HashSet<Vec<usize>> = HashSet::from([first.items.clone()]);
        let mut found = vec![first];
        let mut level = 0..1;
        for _ in 0..self.spec.dimensions {
            let end = found.len();
            for at in level {
                for item in &shared.items {
                    let Some(pattern) = found.get(at) else { continue };
                    if shared.has_column(&pattern.items, item.column) {
                        continue;
                    }
                    budget.step(1 + words)?;
                    let groups = both(&pattern.groups, &item.groups);
                    let [weight, _] = shared.weigh(&groups);
                    if weight < least {
                        continue;
                    }
                    let closed = shared.closure(&groups, budget)?;
                    if !seen.contains(&closed) {
                        budget.grow(groups.len() * 8 + closed.len() * 32 + 128)?;
                        seen.insert(closed.clone());
                        found.push(Pattern { items: closed, groups, weight });
                    }
                }
            }
            level = end..found.len();
            if level.is_empty() {
                break;
            }
        }
        found.retain(|p| !p.items.is_empty());
        Ok(found)
    }
}

impl Function for Baskets {
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    fn run(&self, inputs: &[RecordBatch], budget: &Budget) -> Result<Vec<ArrayRef>> {
        let batch = &inputs[0];
        let cells = batch.columns().iter().map(|c| Cells::new(c.as_ref())).collect::<Result<Vec<_>>>()?;
        budget.grow(batch.num_rows().saturating_mul(size_of::<Part>()))?;
        let weights = self.spec.weight.and_then(|at| cells.get(at));
        let rows: Vec<Part> = (0..batch.num_rows()).map(|row| (0, weight(weights, row))).collect();
        let columns: Vec<usize> = (0..cells.len()).filter(|c| self.spec.weight != Some(*c)).collect();
        // A share that is hit exactly counts, however it was rounded.
        let least = |total: f64| self.spec.threshold * total * (1.0 - 1e-12);
        let shared =
            Shared::find(&cells, &columns, &rows, |[total, _]| [least(total), f64::INFINITY], budget)?;
        let [total, _] = shared.total;
        let mut patterns = Vec::new();
        if total > 0.0 {
            patterns = self.patterns(&shared, least(total), budget)?;
        }
        // What says much about many rows comes first.
        let rank = |p: &Pattern| p.weight * p.items.len() as f64;
        patterns.sort_by(|a, b| rank(b).total_cmp(&rank(a)).then_with(|| a.items.cmp(&b.items)));
        let wildcards: Vec<V<'static>> = self.spec.wildcards.iter().map(value_cell).collect();
        let told: Vec<(Vec<V<'static>>, &[usize])> = patterns
            .iter()
            .zip(0i64..)
            .map(|(pattern, number)| {
                let count = V::Int(pattern.weight.round() as i64);
                let head = vec![V::Int(number), count, V::Real(100.0 * pattern.weight / total)];
                (head, pattern.items.as_slice())
            })
            .collect();
        shared.table(&self.types, &cells, &wildcards, &told)
    }
}
