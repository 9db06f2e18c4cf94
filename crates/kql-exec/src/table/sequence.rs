//! `sequence_detect`: places on a timeline that follow each other.

use arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::Result;
use palisade_kql::Type;
use palisade_kql::program;

use super::timeline::{self, dimensions, groups};
use super::{Budget, Constant, Function};
use crate::error::ExecError;
use crate::value::{Cells, Column, V};

/// The plugin, its constants known.
#[derive(Debug)]
pub(super) struct Sequences {
    steps: usize,
    /// The longest way from step to step, and from the first to the last.
    step: i64,
    span: i64,
    /// The types of the outcome's columns.
    types: Vec<Type>,
}

impl Sequences {
    /// # Errors
    /// Ways that are null or less than zero.
    pub fn new(
        plugin: &program::Sequences,
        types: Vec<Type>,
        constant: &Constant<'_>,
    ) -> std::result::Result<Self, ExecError> {
        let axis = axis(&types);
        let step = timeline::way(&plugin.step, axis, constant)?;
        let span = timeline::way(&plugin.span, axis, constant)?;
        Ok(Self { steps: plugin.steps, step, span, types })
    }
}

/// The type of the timeline: what the places before the duration have.
fn axis(types: &[Type]) -> Type {
    types.iter().rev().nth(1).copied().unwrap_or(Type::Datetime)
}

/// Which steps a row may be, one bit each.
type Mask = u64;

/// What is found: the places of the steps, and a row that has the dimensions.
#[derive(Default)]
struct Found {
    places: Vec<i64>,
    rows: Vec<u64>,
}

/// A search among the rows that have the same dimensions.
struct Search<'s> {
    spec: &'s Sequences,
    /// The rows of each place, places in order.
    places: Vec<&'s [(i64, Mask)]>,
    /// For each step the numbers of the places that have a row for it.
    by_step: Vec<Vec<usize>>,
    /// The numbers of the places of the steps so far.
    chosen: Vec<usize>,
    first: u64,
    budget: &'s Budget,
}

impl<'s> Search<'s> {
    fn new(spec: &'s Sequences, rows: &'s [(i64, Mask)], first: u64, budget: &'s Budget) -> Result<Self> {
        let places: Vec<&[(i64, Mask)]> = rows.chunk_by(|(a, _), (b, _)| a == b).collect();
        budget.grow(places.len().saturating_mul(16))?;
        let mut by_step: Vec<Vec<usize>> = vec![Vec::new(); spec.steps];
        for (number, rows) in places.iter().enumerate() {
            let any = rows.iter().fold(0, |any, (_, mask)| any | mask);
            budget.step(rows.len() as u64)?;
            budget.grow(8 * any.count_ones() as usize)?;
            by_step.iter_mut().enumerate().filter(|(step, _)| any >> step & 1 == 1).for_each(|(_, list)| {
                list.push(number);
            });
        }
        Ok(Self { spec, places, by_step, chosen: Vec::with_capacity(spec.steps), first, budget })
    }

    fn at(&self, number: usize) -> i64 {
        self.places.get(number).and_then(|rows| rows.first()).map_or(i64::MAX, |(at, _)| *at)
    }

    /// Goes on behind the steps that are chosen.
    fn extend(&mut self, found: &mut Found) -> Result<()> {
        let step = self.chosen.len();
        if step == self.spec.steps {
            self.budget.grow(8 * step + 24)?;
            let places = self.chosen.iter().map(|number| self.at(*number));
            found.places.extend(places);
            found.rows.push(self.first);
            return Ok(());
        }
        let (last, limit) = match (self.chosen.first(), self.chosen.last()) {
            (Some(first), Some(last)) => {
                let near = self.at(*last).saturating_add(self.spec.step);
                (Some(*last), near.min(self.at(*first).saturating_add(self.spec.span)))
            }
            _ => (None, i64::MAX),
        };
        let Some(list) = self.by_step.get(step) else { return Ok(()) };
        let mut next = list.partition_point(|number| last.is_some_and(|last| *number < last));
        while let Some(number) = self.by_step.get(step).and_then(|list| list.get(next)).copied() {
            next += 1;
            self.budget.step(1)?;
            if self.at(number) > limit {
                break;
            }
            if last == Some(number) && !self.apart(number)? {
                continue;
            }
            self.chosen.push(number);
            self.extend(found)?;
            self.chosen.pop();
        }
        Ok(())
    }

    /// Whether the last steps, which are at this place, and the next one can each be a row of their own.
    fn apart(&self, number: usize) -> Result<bool> {
        let Some(rows) = self.places.get(number) else { return Ok(false) };
        let next = self.chosen.len();
        let before = self.chosen.iter().rev().take_while(|chosen| **chosen == number).count();
        if rows.len() <= before {
            return Ok(false);
        }
        let mut owners: Vec<Option<usize>> = vec![None; rows.len()];
        for step in next - before..=next {
            self.budget.step(rows.len() as u64)?;
            if !settle(step, rows, &mut owners, &mut vec![false; rows.len()]) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Gives a step a row, and moves steps that had theirs before to others where that helps.
fn settle(step: usize, rows: &[(i64, Mask)], owners: &mut [Option<usize>], tried: &mut [bool]) -> bool {
    for (row, (_, mask)) in rows.iter().enumerate() {
        let Some(tried_row) = tried.get_mut(row) else { continue };
        if mask >> step & 1 == 0 || std::mem::replace(tried_row, true) {
            continue;
        }
        let owner = owners.get(row).copied().flatten();
        if owner.is_none_or(|other| settle(other, rows, owners, tried)) {
            if let Some(owner) = owners.get_mut(row) {
                *owner = Some(step);
            }
            return true;
        }
    }
    false
}

/// Rows that may be the same steps at the same place stand for each other: more than there are steps say nothing.
fn thin(rows: &mut Vec<(i64, Mask)>, steps: usize) {
    rows.sort_unstable();
    let mut same = 0usize;
    let mut before = None;
    rows.retain(|row| {
        same = if before == Some(*row) { same + 1 } else { 1 };
        before = Some(*row);
        same <= steps
    });
}

impl Function for Sequences {
    fn run(&self, inputs: &[RecordBatch], budget: &Budget) -> Result<Vec<ArrayRef>> {
        let Some(batch) = inputs.first() else { return Ok(Vec::new()) };
        // The place stands behind the first step's column.
        let conditions = std::iter::once(0).chain(2..=self.steps);
        let mut steps = Vec::with_capacity(self.steps);
        for (step, column) in conditions.filter_map(|at| batch.columns().get(at)).enumerate() {
            steps.push((step, Cells::new(column.as_ref())?));
        }
        let kept: Vec<usize> = [0, 1].into_iter().chain(self.steps + 1..batch.num_columns()).collect();
        let rows = batch.project(&kept)?;
        let groups = groups(&rows, budget, |row, _| {
            budget.step(steps.len() as u64)?;
            let may_be = steps.iter().filter(|(_, cells)| cells.get(row) == V::Bool(true));
            let mask = may_be.fold(0 as Mask, |mask, (step, _)| mask | 1 << step);
            Ok((mask != 0).then_some(mask))
        })?;
        let mut found = Found::default();
        for mut group in groups {
            thin(&mut group.rows, self.steps);
            Search::new(self, &group.rows, group.first, budget)?.extend(&mut found)?;
        }
        let mut all: Vec<(&[i64], u64)> = found.places.chunks(self.steps.max(1)).zip(found.rows).collect();
        budget.grow(all.len().saturating_mul(24))?;
        all.sort_unstable();
        let axis = axis(&self.types);
        let mut places: Vec<Column> = (0..self.steps).map(|_| Column::new(axis, all.len())).collect();
        let mut durations = Column::new(self.types.last().copied().unwrap_or(Type::Timespan), all.len());
        for (found, _) in &all {
            places.iter_mut().zip(*found).for_each(|(column, at)| column.push(&V::Int(*at)));
            let duration =
                found.last().zip(found.first()).map_or(0, |(last, first)| last.saturating_sub(*first));
            durations.push(&V::Int(duration.saturating_mul(timeline::unit(axis))));
        }
        let mut columns = dimensions(&rows, all.iter().map(|(_, row)| *row).collect())?;
        for column in places {
            columns.push(column.finish()?);
        }
        columns.push(durations.finish()?);
        Ok(columns)
    }
}
