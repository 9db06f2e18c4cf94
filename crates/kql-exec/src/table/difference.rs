//! `diffpatterns`: segments whose share differs between two sets of rows.
//!
//! Patterns grow by one value each, with all values that come with it in every row. A pattern is followed as
//! long as something more special can differ by more than it does. Of those that differ enough the largest
//! differences are told, and nothing that is only more general, more special or nearly the same.

use arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::Result;
use palisade_kql::Type;
use palisade_kql::program::Differences;

use super::items::{Part, Pattern, Shared, Weight, both, weight};
use super::{Budget, Function};
use crate::value::{Cells, V};

/// Patterns that share as much of their rows are one.
const SAME: f64 = 0.8;

#[derive(Debug)]
pub(super) struct Difference {
    pub spec: Differences,
    /// The types of the outcome's columns.
    pub types: Vec<Type>,
}

/// How a pattern differs.
struct Differs {
    /// Its share of each set.
    share: Weight,
    /// The largest difference of it and of the patterns that it grew from.
    reached: f64,
}

impl Differs {
    fn by(&self) -> f64 {
        (self.share[0] - self.share[1]).abs()
    }
}

type Found = Pattern<Differs>;

/// Parts of the two sets that groups are.
fn share(weight: Weight, total: Weight) -> Weight {
    [weight[0] / total[0], weight[1] / total[1]]
}

/// Whether all of one ascending list is in another.
fn within(a: &[usize], b: &[usize]) -> bool {
    a.len() <= b.len() && a.iter().all(|item| b.binary_search(item).is_ok())
}

impl Difference {
    fn patterns(&self, shared: &Shared, least: f64, budget: &Budget) -> Result<Vec<Found>> {
        let first = Differs { share: [1.0, 1.0], reached: 0.0 };
        let follow = |from: &Found, weight| {
            let share = share(weight, shared.total);
            // Nothing more special can have a larger part of either set.
            let most = share[0].max(share[1]);
            let reached = from.more.reached.max((share[0] - share[1]).abs());
            (most >= least && most > from.more.reached).then_some(Differs { share, reached })
        };
        let mut found = shared.patterns(self.spec.dimensions, first, follow, budget)?;
        found.retain(|p| p.more.by() >= least);
        Ok(found)
    }

    /// Whether two patterns have mostly the same rows.
    fn same(a: &Found, b: &Found, shared: &Shared) -> bool {
        let sum = |share: Weight| share[0] + share[1];
        let common = sum(share(shared.weigh(&both(&a.groups, &b.groups)), shared.total));
        common > SAME * (sum(a.more.share) + sum(b.more.share) - common)
    }

    /// The patterns that are told.
    fn chosen(mut patterns: Vec<Found>, shared: &Shared, budget: &Budget) -> Result<Vec<Found>> {
        patterns.sort_by(|a, b| {
            let shorter = a.items.len().cmp(&b.items.len());
            b.more.by().total_cmp(&a.more.by()).then(shorter).then_with(|| a.items.cmp(&b.items))
        });
        let mut told: Vec<Found> = Vec::new();
        // What is more special than one of these says no more than it.
        let mut passed: Vec<Vec<usize>> = Vec::new();
        let words = shared.all.len() as u64;
        for pattern in patterns {
            budget.step(1 + passed.len() as u64 + told.len() as u64 * (1 + words))?;
            let known = passed.iter().any(|items| within(items, &pattern.items))
                || told.iter().any(|t| within(&pattern.items, &t.items) || Self::same(&pattern, t, shared));
            passed.push(pattern.items.clone());
            if !known {
                told.push(pattern);
            }
        }
        Ok(told)
    }
}

impl Function for Difference {
    #[allow(clippy::cast_possible_truncation)]
    fn run(&self, inputs: &[RecordBatch], budget: &Budget) -> Result<Vec<ArrayRef>> {
        let batch = &inputs[0];
        let cells = batch.columns().iter().map(|c| Cells::new(c.as_ref())).collect::<Result<Vec<_>>>()?;
        budget.grow(batch.num_rows().saturating_mul(size_of::<Part>()))?;
        let weights = self.spec.weight.and_then(|at| cells.get(at));
        let [a, b] = &self.spec.values;
        let part = |row: usize| -> Part {
            // The last column says what the rows are told apart by.
            match cells.last().map(|c| c.get(row)) {
                Some(text) if text.text() == a => (0, weight(weights, row)),
                Some(text) if text.text() == b => (1, weight(weights, row)),
                _ => (0, 0.0),
            }
        };
        let rows: Vec<Part> = (0..batch.num_rows()).map(part).collect();
        let own = cells.len().saturating_sub(1);
        let columns: Vec<usize> =
            (0..own).filter(|c| self.spec.weight != Some(*c) && self.spec.split != Some(*c)).collect();
        // A difference that is hit exactly counts, however it was rounded.
        let least = self.spec.threshold * (1.0 - 1e-12);
        // With nothing on one side there is nothing to compare.
        let weights = |total: Weight| match total {
            [a, b] if a > 0.0 && b > 0.0 => [least * a, least * b],
            _ => [f64::INFINITY; 2],
        };
        let shared = Shared::find(&cells, &columns, &rows, weights, budget)?;
        let mut told = Vec::new();
        if shared.total.iter().all(|total| *total > 0.0) {
            told = Self::chosen(self.patterns(&shared, least, budget)?, &shared, budget)?;
        }
        let told: Vec<(Vec<V<'static>>, &[usize])> = told
            .iter()
            .zip(0i64..)
            .map(|(pattern, number)| {
                let mut head = vec![V::Int(number)];
                head.extend(pattern.weight.iter().map(|w| V::Int(w.round() as i64)));
                head.extend(pattern.more.share.iter().map(|share| V::Real(100.0 * share)));
                head.push(V::Real((100.0 * pattern.more.share[0] - 100.0 * pattern.more.share[1]).abs()));
                (head, pattern.items.as_slice())
            })
            .collect();
        shared.table(&self.types, &cells, &self.spec.wildcards, &told)
    }
}
