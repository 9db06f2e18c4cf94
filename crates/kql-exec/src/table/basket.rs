//! `basket`: patterns of values that many rows have.
//!
//! Each pattern is told once, with all values that come with it in every row (the closed sets of frequent
//! values); they are found level by level, by one more value each.

use std::collections::{HashMap, HashSet};

use arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::Result;
use palisade_kql::Type;
use palisade_kql::program::Basket;

use super::search::key;
use super::{Budget, Function};
use crate::lower::value_cell;
use crate::value::{Cells, Column, V};

#[derive(Debug)]
pub(super) struct Baskets {
    pub spec: Basket,
    /// The types of the outcome's columns.
    pub types: Vec<Type>,
}

/// Columns of the outcome before those of the table.
const FIXED: usize = 3;

/// Rows, a bit for each.
type Bits = Vec<u64>;

/// A value that many rows have.
struct Item {
    column: usize,
    /// One of its rows.
    row: usize,
    rows: Bits,
}

/// What the rows weigh.
struct Weights(Option<Vec<f64>>);

impl Weights {
    #[allow(clippy::cast_precision_loss)]
    fn of(&self, bits: &[u64]) -> f64 {
        match &self.0 {
            None => bits.iter().map(|w| u64::from(w.count_ones())).sum::<u64>() as f64,
            Some(weights) => {
                let mut sum = 0.0;
                for (word, rows) in bits.iter().zip(weights.chunks(64)) {
                    let mut left = *word;
                    while left != 0 {
                        sum += rows.get(left.trailing_zeros() as usize).copied().unwrap_or(0.0);
                        left &= left - 1;
                    }
                }
                sum
            }
        }
    }
}

/// Values that occur together, by their places among the items, and the rows that have them all.
struct Pattern {
    items: Vec<usize>,
    rows: Bits,
    weight: f64,
}

/// The items that all these rows have.
fn closure(items: &[Item], rows: &[u64], budget: &Budget) -> Result<Vec<usize>> {
    let mut found = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let shared = rows.iter().zip(&item.rows).take_while(|(a, b)| *a & !*b == 0).count();
        budget.step(1 + shared as u64 / 8)?;
        if shared == rows.len() {
            found.push(at);
        }
    }
    Ok(found)
}

impl Baskets {
    /// The values that weigh enough.
    fn items(
        &self,
        cells: &[Cells<'_>],
        rows: usize,
        weights: &Weights,
        least: f64,
        budget: &Budget,
    ) -> Result<Vec<Item>> {
        let words = rows.div_ceil(64);
        let mut items = Vec::new();
        for (column, cells) in cells.iter().enumerate() {
            if self.spec.weight == Some(column) {
                continue;
            }
            // Counted first: few values of a column are frequent.
            let mut known: HashMap<String, (usize, f64)> = HashMap::new();
            for row in 0..rows {
                budget.step(1)?;
                let weight = weights.0.as_ref().map_or(1.0, |w| w.get(row).copied().unwrap_or(0.0));
                let text = key(&cells.get(row));
                match known.get_mut(&text) {
                    Some((_, sum)) => *sum += weight,
                    None => {
                        budget.grow(text.len() + 64)?;
                        known.insert(text, (row, weight));
                    }
                }
            }
            known.retain(|_, (_, weight)| *weight >= least);
            let mut frequent: Vec<(String, usize)> =
                known.into_iter().map(|(text, (row, _))| (text, row)).collect();
            frequent.sort_by_key(|(_, row)| *row);
            budget.grow(frequent.len().saturating_mul(words * 8))?;
            let places: HashMap<String, usize> =
                frequent.iter().enumerate().map(|(at, (text, _))| (text.clone(), items.len() + at)).collect();
            items.extend(frequent.iter().map(|(_, row)| Item { column, row: *row, rows: vec![0; words] }));
            for row in 0..rows {
                if let Some(at) = places.get(&key(&cells.get(row)))
                    && let Some(word) = items.get_mut(*at).and_then(|i| i.rows.get_mut(row / 64))
                {
                    *word |= 1 << (row % 64);
                }
            }
        }
        Ok(items)
    }

    fn patterns(
        &self,
        items: &[Item],
        weights: &Weights,
        all: Bits,
        least: f64,
        budget: &Budget,
    ) -> Result<Vec<Pattern>> {
        let words = all.len() as u64;
        let weight = weights.of(&all);
        let first = Pattern { items: closure(items, &all, budget)?, rows: all, weight };
        let mut seen: HashSet<Vec<usize>> = HashSet::from([first.items.clone()]);
        let mut found = vec![first];
        let mut level = 0..1;
        for _ in 0..self.spec.dimensions {
            let end = found.len();
            for at in level {
                for item in items {
                    let Some(pattern) = found.get(at) else { continue };
                    let used = |i: &usize| items.get(*i).is_some_and(|i| i.column == item.column);
                    if pattern.items.iter().any(used) {
                        continue;
                    }
                    budget.step(1 + words)?;
                    let rows: Bits = pattern.rows.iter().zip(&item.rows).map(|(a, b)| a & b).collect();
                    let weight = weights.of(&rows);
                    if weight < least {
                        continue;
                    }
                    let closed = closure(items, &rows, budget)?;
                    if !seen.contains(&closed) {
                        budget.grow(rows.len() * 8 + closed.len() * 32 + 128)?;
                        seen.insert(closed.clone());
                        found.push(Pattern { items: closed, rows, weight });
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
        let rows = batch.num_rows();
        let cells = batch.columns().iter().map(|c| Cells::new(c.as_ref())).collect::<Result<Vec<_>>>()?;
        let weights = match self.spec.weight.and_then(|at| cells.get(at)) {
            None => Weights(None),
            Some(cells) => {
                budget.grow(rows.saturating_mul(8))?;
                let weight = |row| cells.get(row).real().filter(|w| *w > 0.0 && w.is_finite()).unwrap_or(0.0);
                Weights(Some((0..rows).map(weight).collect()))
            }
        };
        let mut all: Bits = vec![u64::MAX; rows.div_ceil(64)];
        if let Some(last) = all.last_mut().filter(|_| !rows.is_multiple_of(64)) {
            *last = (1 << (rows % 64)) - 1;
        }
        let total = weights.of(&all);
        // A share that is hit exactly counts, however it was rounded.
        let least = self.spec.threshold * total * (1.0 - 1e-12);
        let mut patterns = Vec::new();
        let mut items = Vec::new();
        if total > 0.0 {
            items = self.items(&cells, rows, &weights, least, budget)?;
            patterns = self.patterns(&items, &weights, all, least, budget)?;
        }
        // What says much about many rows comes first.
        let rank = |p: &Pattern| p.weight * p.items.len() as f64;
        patterns.sort_by(|a, b| rank(b).total_cmp(&rank(a)).then_with(|| a.items.cmp(&b.items)));
        let mut columns: Vec<Column> = self.types.iter().map(|ty| Column::new(*ty, patterns.len())).collect();
        let wildcards: Vec<V<'static>> = self.spec.wildcards.iter().map(value_cell).collect();
        for (pattern, number) in patterns.iter().zip(0i64..) {
            let head = [
                V::Int(number),
                V::Int(pattern.weight.round() as i64),
                V::Real(100.0 * pattern.weight / total),
            ];
            columns.iter_mut().zip(&head).for_each(|(column, value)| column.push(value));
            for (at, column) in columns.iter_mut().skip(FIXED).enumerate() {
                let own = pattern.items.iter().filter_map(|i| items.get(*i)).find(|i| i.column == at);
                match own.zip(cells.get(at)) {
                    Some((item, cells)) => column.push(&cells.get(item.row)),
                    None => column.push(wildcards.get(at).unwrap_or(&V::Null)),
                }
            }
        }
        columns.into_iter().map(Column::finish).collect()
    }
}
