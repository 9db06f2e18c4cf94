//! Values that many rows share, for the plugins that find segments of a table.
//!
//! Rows that have the same shared values are one group, and segments are sets of groups. Groups and values
//! come in an order that does not depend on the order of the rows, so that each run finds the same.

use std::collections::{HashMap, HashSet};

use arrow::array::ArrayRef;
use datafusion::common::Result;
use palisade_kql::{Type, Value};

use super::Budget;
use super::search::key;
use crate::lower::value_cell;
use crate::value::{Cells, Column, V};

/// Groups of rows, a bit for each.
pub(super) type Bits = Vec<u64>;

/// What rows weigh in each of two sets.
pub(super) type Weight = [f64; 2];

/// In place of a value that is not shared.
const NONE: u32 = u32::MAX;

/// A value that many rows share.
pub(super) struct Item {
    pub column: usize,
    /// One of its rows.
    pub row: usize,
    /// The groups that have it.
    pub groups: Bits,
    pub weight: Weight,
}

/// The shared values of a table.
pub(super) struct Shared {
    /// By column, those of one column from the heaviest on.
    pub items: Vec<Item>,
    /// The groups with the items that each has.
    pub groups: Vec<(Vec<usize>, Weight)>,
    pub total: Weight,
    /// All groups.
    pub all: Bits,
}

/// Which set a row belongs to, and what it weighs there; one that weighs nothing does not count.
pub(super) type Part = (u8, f64);

/// What a row weighs by its column of weights.
pub(super) fn weight(cells: Option<&Cells<'_>>, row: usize) -> f64 {
    match cells {
        None => 1.0,
        Some(cells) => cells.get(row).real().filter(|w| *w > 0.0 && w.is_finite()).unwrap_or(0.0),
    }
}

fn add(sum: &mut Weight, (set, weight): Part) {
    if let Some(sum) = sum.get_mut(usize::from(set)) {
        *sum += weight;
    }
}

/// Values that occur together, by their places among the items, and the groups that have them all.
pub(super) struct Pattern<T> {
    pub items: Vec<usize>,
    pub groups: Bits,
    pub weight: Weight,
    /// What else is known of it.
    pub more: T,
}

/// What two sets of groups share.
pub(super) fn both(a: &[u64], b: &[u64]) -> Bits {
    a.iter().zip(b).map(|(a, b)| a & b).collect()
}

impl Shared {
    /// The values of one set of rows that weigh enough, by the least weight that the total gives. `weights` is the
    /// column of the rows' weights, whose values are none.
    pub fn of_one_set(
        cells: &[Cells<'_>],
        rows: usize,
        weights: Option<usize>,
        least: impl Fn(f64) -> f64,
        budget: &Budget,
    ) -> Result<Self> {
        budget.grow(rows.saturating_mul(size_of::<Part>()))?;
        let weighing = weights.and_then(|at| cells.get(at));
        let rows: Vec<Part> = (0..rows).map(|row| (0, weight(weighing, row))).collect();
        let columns: Vec<usize> = (0..cells.len()).filter(|c| weights != Some(*c)).collect();
        Self::find(cells, &columns, &rows, |[total, _]| [least(total), f64::INFINITY], budget)
    }

    /// The values of these columns that weigh enough in one of the sets, by the least weights that the
    /// totals give.
    pub fn find(
        cells: &[Cells<'_>],
        columns: &[usize],
        rows: &[Part],
        least: impl Fn(Weight) -> Weight,
        budget: &Budget,
    ) -> Result<Self> {
        let mut total = Weight::default();
        rows.iter().for_each(|part| add(&mut total, *part));
        let least = least(total);
        let mut items = Vec::new();
        let mut of_rows: Vec<Vec<u32>> = Vec::with_capacity(columns.len());
        for column in columns {
            if let Some(cells) = cells.get(*column) {
                of_rows.push(shared_values(*column, cells, rows, least, &mut items, budget)?);
            }
        }
        let mut known: HashMap<Vec<u32>, Weight> = HashMap::new();
        for (row, part) in rows.iter().enumerate().filter(|(_, (_, weight))| *weight > 0.0) {
            budget.step(1 + columns.len() as u64 / 8)?;
            let own: Vec<u32> =
                of_rows.iter().filter_map(|c| c.get(row).copied()).filter(|i| *i != NONE).collect();
            match known.get_mut(&own) {
                Some(sum) => add(sum, *part),
                None => {
                    budget.grow(own.len() * 12 + 128)?;
                    let mut sum = Weight::default();
                    add(&mut sum, *part);
                    known.insert(own, sum);
                }
            }
        }
        let mut found: Vec<(Vec<u32>, Weight)> = known.into_iter().collect();
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        let words = found.len().div_ceil(64);
        budget.grow((items.len() + 1).saturating_mul(words * 8))?;
        items.iter_mut().for_each(|item| item.groups = vec![0; words]);
        let mut all: Bits = vec![0; words];
        let mut groups = Vec::with_capacity(found.len());
        for (at, (own, weight)) in found.into_iter().enumerate() {
            let own: Vec<usize> = own.into_iter().map(|i| i as usize).collect();
            let bit = 1u64 << (at % 64);
            for item in &own {
                if let Some(word) = items.get_mut(*item).and_then(|i| i.groups.get_mut(at / 64)) {
                    *word |= bit;
                }
            }
            if let Some(word) = all.get_mut(at / 64) {
                *word |= bit;
            }
            groups.push((own, weight));
        }
        Ok(Self { items, groups, total, all })
    }

    /// What groups weigh together.
    pub fn weigh(&self, bits: &[u64]) -> Weight {
        let mut sum = Weight::default();
        for (word, groups) in bits.iter().zip(self.groups.chunks(64)) {
            let mut left = *word;
            while left != 0 {
                if let Some((_, weight)) = groups.get(left.trailing_zeros() as usize) {
                    sum.iter_mut().zip(weight).for_each(|(sum, weight)| *sum += weight);
                }
                left &= left - 1;
            }
        }
        sum
    }

    /// The items that all these groups have.
    pub fn closure(&self, groups: &[u64], budget: &Budget) -> Result<Vec<usize>> {
        let mut found = Vec::new();
        for (at, item) in self.items.iter().enumerate() {
            let same = groups.iter().zip(&item.groups).take_while(|(a, b)| *a & !*b == 0).count();
            budget.step(1 + same as u64 / 8)?;
            if same == groups.len() {
                found.push(at);
            }
        }
        Ok(found)
    }

    /// Whether one of these items is of a column.
    pub fn has_column(&self, items: &[usize], column: usize) -> bool {
        items.iter().any(|i| self.items.get(*i).is_some_and(|i| i.column == column))
    }

    /// Patterns that grow by one value each, and have all values that come with them in every row: the closed sets.
    /// `follow` tells of what grew from another one by its weight, and whether it counts and may grow further.
    pub fn patterns<T>(
        &self,
        dimensions: u32,
        first: T,
        follow: impl Fn(&Pattern<T>, Weight) -> Option<T>,
        budget: &Budget,
    ) -> Result<Vec<Pattern<T>>> {
        let words = self.all.len() as u64;
        let items = self.closure(&self.all, budget)?;
        let mut seen: HashSet<Vec<usize>> = HashSet::from([items.clone()]);
        let mut found = vec![Pattern { items, groups: self.all.clone(), weight: self.total, more: first }];
        let mut level = 0..1;
        for _ in 0..dimensions {
            let end = found.len();
            for at in level {
                for item in &self.items {
                    let Some(pattern) = found.get(at) else { continue };
                    if self.has_column(&pattern.items, item.column) {
                        continue;
                    }
                    budget.step(1 + words)?;
                    let groups = both(&pattern.groups, &item.groups);
                    let weight = self.weigh(&groups);
                    let Some(more) = follow(pattern, weight) else { continue };
                    let items = self.closure(&groups, budget)?;
                    if !seen.contains(&items) {
                        budget.grow(groups.len() * 8 + items.len() * 32 + 128)?;
                        seen.insert(items.clone());
                        found.push(Pattern { items, groups, weight, more });
                    }
                }
            }
            level = end..found.len();
            if level.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    /// The outcome of segments of one set: number, weight and share in percent, then their values.
    #[allow(clippy::cast_possible_truncation)]
    pub fn numbered<'s>(
        &self,
        types: &[Type],
        cells: &[Cells<'_>],
        wildcards: &[Value],
        segments: impl Iterator<Item = (f64, &'s [usize])>,
    ) -> Result<Vec<ArrayRef>> {
        let [total, _] = self.total;
        let told: Vec<(Vec<V<'static>>, &[usize])> = segments
            .zip(0i64..)
            .map(|((weight, items), number)| {
                let count = V::Int(weight.round() as i64);
                (vec![V::Int(number), count, V::Real(100.0 * weight / total)], items)
            })
            .collect();
        self.table(types, cells, wildcards, &told)
    }

    /// The outcome: what is told of each segment first, then its values among wildcards.
    pub fn table(
        &self,
        types: &[Type],
        cells: &[Cells<'_>],
        wildcards: &[Value],
        segments: &[(Vec<V<'static>>, &[usize])],
    ) -> Result<Vec<ArrayRef>> {
        let wildcards: Vec<V<'static>> = wildcards.iter().map(value_cell).collect();
        let mut columns: Vec<Column> = types.iter().map(|ty| Column::new(*ty, segments.len())).collect();
        for (head, items) in segments {
            columns.iter_mut().zip(head).for_each(|(column, value)| column.push(value));
            for (at, column) in columns.iter_mut().skip(head.len()).enumerate() {
                let own = items.iter().filter_map(|i| self.items.get(*i)).find(|i| i.column == at);
                match own.zip(cells.get(at)) {
                    Some((item, cells)) => column.push(&cells.get(item.row)),
                    None => column.push(wildcards.get(at).unwrap_or(&V::Null)),
                }
            }
        }
        columns.into_iter().map(Column::finish).collect()
    }
}

/// Adds a column's shared values to the items, and gives the item of each row.
fn shared_values(
    column: usize,
    cells: &Cells<'_>,
    rows: &[Part],
    least: Weight,
    items: &mut Vec<Item>,
    budget: &Budget,
) -> Result<Vec<u32>> {
    budget.grow(rows.len().saturating_mul(4))?;
    let mut known: HashMap<String, u32> = HashMap::new();
    let mut values: Vec<(usize, Weight)> = Vec::new();
    let mut of_rows = Vec::with_capacity(rows.len());
    for (row, part) in rows.iter().enumerate() {
        budget.step(1)?;
        if part.1 <= 0.0 {
            of_rows.push(NONE);
            continue;
        }
        let text = key(&cells.get(row));
        let id = match known.get(&text) {
            Some(id) => *id,
            None => {
                budget.grow(text.len() + 96)?;
                let id = u32::try_from(values.len()).unwrap_or(NONE);
                known.insert(text, id);
                values.push((row, Weight::default()));
                id
            }
        };
        if let Some((_, sum)) = values.get_mut(id as usize) {
            add(sum, *part);
        }
        of_rows.push(id);
    }
    let enough = |weight: &Weight| weight.iter().zip(&least).any(|(weight, least)| weight >= least);
    let mut kept: Vec<(&String, u32, usize, Weight)> = known
        .iter()
        .filter_map(|(text, id)| values.get(*id as usize).map(|(row, weight)| (text, *id, *row, *weight)))
        .filter(|(_, _, _, weight)| enough(weight))
        .collect();
    let sum = |weight: &Weight| weight.iter().sum::<f64>();
    kept.sort_by(|a, b| sum(&b.3).total_cmp(&sum(&a.3)).then_with(|| a.0.cmp(b.0)));
    let mut item_of = vec![NONE; values.len()];
    for (_, id, row, weight) in kept {
        if let Some(item) = item_of.get_mut(id as usize) {
            *item = u32::try_from(items.len()).unwrap_or(NONE);
        }
        items.push(Item { column, row, groups: Bits::new(), weight });
    }
    for id in &mut of_rows {
        *id = item_of.get(*id as usize).copied().unwrap_or(NONE);
    }
    Ok(of_rows)
}
