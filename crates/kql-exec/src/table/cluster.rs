//! `autocluster`: a few segments that together tell most about a table.
//!
//! The search begins with the heaviest groups of rows, takes each one's values as a pattern, and drops value
//! after value, each time the one without which the pattern scores best; the best pattern on the way counts.
//! The score weighs the share of rows that no segment has yet against how telling the values are. The winner
//! becomes a segment, and the search goes on with what is left.

use arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::Result;
use palisade_kql::Type;
use palisade_kql::program::Autocluster;

use super::items::{Bits, Shared, both};
use super::{Budget, Function};
use crate::value::Cells;

/// Least share of the rows that a segment adds to those before it.
const LEAST_SHARE: f64 = 0.02;
/// Rows that share a value, at least.
const LEAST_ROWS: f64 = 2.0;
/// Least score of a segment, as a part of the first one's.
const LEAST_SCORE: f64 = 1.0 / 3.0;

#[derive(Debug)]
pub(super) struct Clusters {
    pub spec: Autocluster,
    /// The types of the outcome's columns.
    pub types: Vec<Type>,
}

/// A pattern that the search came by.
struct Candidate {
    items: Vec<usize>,
    score: f64,
}

/// A pattern that is told, with all values that come with it in every row.
struct Segment {
    items: Vec<usize>,
    weight: f64,
}

/// The search among rows that no segment has yet.
struct Search<'s> {
    spec: &'s Autocluster,
    shared: &'s Shared,
    /// What each item tells: little where most rows have it.
    telling: Vec<f64>,
    open: Bits,
}

impl Search<'_> {
    /// The weighted geometric mean of a pattern's share of all rows, and of what its values tell.
    fn score(&self, items: &[usize], groups: &[u64]) -> f64 {
        let ([weight, _], [total, _]) = (self.shared.weigh(groups), self.shared.total);
        let telling: f64 = items.iter().filter_map(|i| self.telling.get(*i)).sum();
        (weight / total).powf(self.spec.size_weight) * telling.powf(1.0 - self.spec.size_weight)
    }

    fn groups_of(&self, item: Option<&usize>) -> &[u64] {
        item.and_then(|i| self.shared.items.get(*i)).map_or(&[], |i| i.groups.as_slice())
    }

    /// The best of the patterns that a group's values become as they are dropped.
    fn expand(&self, mut items: Vec<usize>, budget: &Budget) -> Result<Option<Candidate>> {
        let words = self.open.len() as u64;
        let whole = items.iter().fold(self.open.clone(), |groups, i| both(&groups, self.groups_of(Some(i))));
        let score = self.score(&items, &whole);
        let mut best = Candidate { items: items.clone(), score };
        while items.len() > 1 {
            budget.step(items.len() as u64 * (2 + words / 4))?;
            // What has all values behind each place.
            let mut behind = vec![self.open.clone()];
            for item in items.iter().rev() {
                let next = both(behind.last().unwrap_or(&self.open), self.groups_of(Some(item)));
                behind.push(next);
            }
            behind.pop();
            let mut before = self.open.clone();
            let mut chosen: Option<(usize, f64)> = None;
            for at in 0..items.len() {
                let rest: Vec<usize> =
                    items.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, item)| *item).collect();
                let groups = both(&before, &behind.pop().unwrap_or_default());
                let score = self.score(&rest, &groups);
                if chosen.is_none_or(|(_, known)| score > known) {
                    chosen = Some((at, score));
                }
                before = both(&before, self.groups_of(items.get(at)));
            }
            let Some((at, score)) = chosen else { break };
            items.remove(at);
            if score > best.score {
                best = Candidate { items: items.clone(), score };
            }
        }
        Ok((!best.items.is_empty()).then_some(best))
    }

    /// The best pattern among those from the heaviest groups that are left.
    fn next(&self, order: &[usize], budget: &Budget) -> Result<Option<Candidate>> {
        let mut best: Option<Candidate> = None;
        let left =
            |group: &&usize| self.open.get(**group / 64).is_some_and(|word| word >> (**group % 64) & 1 == 1);
        for group in order.iter().filter(left).take(self.spec.seeds as usize) {
            let items = self.shared.groups.get(*group).map(|(items, _)| items.clone()).unwrap_or_default();
            if let Some(found) = self.expand(items, budget)?
                && best.as_ref().is_none_or(|best| found.score > best.score)
            {
                best = Some(found);
            }
        }
        Ok(best)
    }

    fn segments(&mut self, budget: &Budget) -> Result<Vec<Segment>> {
        let shared = self.shared;
        let [total, _] = shared.total;
        let weight_of = |group: &usize| shared.groups.get(*group).map_or(0.0, |(_, [weight, _])| *weight);
        // A group without shared values begins nothing.
        let mut order: Vec<usize> = (0..shared.groups.len())
            .filter(|g| shared.groups.get(*g).is_some_and(|(items, _)| !items.is_empty()))
            .collect();
        order.sort_by(|a, b| weight_of(b).total_cmp(&weight_of(a)).then_with(|| a.cmp(b)));
        budget.grow(order.len() * 8)?;
        let mut segments: Vec<Segment> = Vec::new();
        let mut first = None;
        for _ in 0..self.spec.seeds {
            let Some(found) = self.next(&order, budget)? else { break };
            let groups =
                found.items.iter().fold(shared.all.clone(), |g, i| both(&g, self.groups_of(Some(i))));
            let [added, _] = shared.weigh(&both(&groups, &self.open));
            let least = *first.get_or_insert(found.score) * LEAST_SCORE;
            if added < total * LEAST_SHARE * (1.0 - 1e-12) || found.score < least {
                break;
            }
            self.open.iter_mut().zip(&groups).for_each(|(open, own)| *open &= !own);
            let [weight, _] = shared.weigh(&groups);
            segments.push(Segment { items: shared.closure(&groups, budget)?, weight });
        }
        Ok(segments)
    }
}

impl Function for Clusters {
    fn run(&self, inputs: &[RecordBatch], budget: &Budget) -> Result<Vec<ArrayRef>> {
        let batch = &inputs[0];
        let cells = batch.columns().iter().map(|c| Cells::new(c.as_ref())).collect::<Result<Vec<_>>>()?;
        let least = |total: f64| (total * LEAST_SHARE * (1.0 - 1e-12)).max(LEAST_ROWS).min(total);
        let shared = Shared::of_one_set(&cells, batch.num_rows(), self.spec.weight, least, budget)?;
        let [total, _] = shared.total;
        let mut segments = Vec::new();
        if total > 0.0 {
            // What the search holds for one pattern.
            budget.grow((cells.len() + 4).saturating_mul(shared.all.len() * 8))?;
            let telling = shared.items.iter().map(|i| (1.0 - i.weight[0] / total).max(0.0)).collect();
            let open = shared.all.clone();
            segments = Search { spec: &self.spec, shared: &shared, telling, open }.segments(budget)?;
        }
        let segments = segments.iter().map(|s| (s.weight, s.items.as_slice()));
        shared.numbered(&self.types, &cells, &self.spec.wildcards, segments)
    }
}
