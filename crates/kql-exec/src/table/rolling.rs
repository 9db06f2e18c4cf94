//! `rolling_percentile`: percentiles over the last bins.

use std::cmp::Ordering;

use arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::Result;
use palisade_kql::Type;
use palisade_kql::program::{RollingPercentile, Window};

use super::timeline::{Windows, by_window, dimensions, groups};
use super::{Budget, Constant, Function};
use crate::error::ExecError;
use crate::value::{Cells, Column, V};

#[derive(Debug)]
pub(super) struct Rolling {
    share: f64,
    bins: i64,
    windows: Windows,
    /// The types of the outcome's columns.
    types: Vec<Type>,
}

impl Rolling {
    /// # Errors
    /// A width that is not above zero.
    pub fn new(
        plugin: &RollingPercentile,
        types: Vec<Type>,
        constant: &Constant<'_>,
    ) -> std::result::Result<Self, ExecError> {
        let axis = types.first().copied().unwrap_or(Type::Datetime);
        let windows = Windows::new(&Window::Width(plugin.width.clone()), axis, None, constant)?;
        Ok(Self { share: plugin.share, bins: i64::from(plugin.bins), windows, types })
    }
}

/// The order of values of one type.
fn order(a: &V<'_>, b: &V<'_>) -> Ordering {
    match (a, b) {
        (V::Int(a), V::Int(b)) => a.cmp(b),
        (V::Real(a), V::Real(b)) => a.total_cmp(b),
        (V::Dec(a), V::Dec(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}

/// The place of a percentile among so many values, by nearest rank.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
fn rank(share: f64, values: usize) -> usize {
    ((share / 100.0 * values as f64).ceil() as usize).clamp(1, values.max(1)) - 1
}

impl Function for Rolling {
    fn run(&self, inputs: &[RecordBatch], budget: &Budget) -> Result<Vec<ArrayRef>> {
        let batch = &inputs[0];
        let values = Cells::new(batch.column(0).as_ref())?;
        // Rows without a value count for nothing.
        let groups = groups(batch, budget, |row, _| match values.get(row) {
            V::Null => Ok(None),
            _ => Ok(Some(row)),
        })?;
        let ends = groups.iter().filter_map(|g| g.rows.last()).map(|(at, _)| self.windows.of(*at));
        let end = ends.max().unwrap_or(i64::MIN);
        let axis = self.types.first().copied().unwrap_or(Type::Datetime);
        let mut starts = Column::new(axis, 0);
        let mut outcome = Column::new(self.types.last().copied().unwrap_or(Type::Real), 0);
        let mut rows = Vec::new();
        for group in &groups {
            let parts: Vec<(i64, &[(i64, usize)])> = by_window(&group.rows, &self.windows).collect();
            let mut head = 0usize;
            let Some(mut window) = parts.first().map(|(window, _)| *window) else { continue };
            // The values of the last bins, in order.
            let mut present: Vec<(i64, usize)> = Vec::new();
            while window <= end {
                while let Some((at, more)) = parts.get(head).filter(|(at, _)| *at <= window) {
                    present.extend(more.iter().map(|(_, row)| (*at, *row)));
                    head += 1;
                }
                let gone = window.saturating_sub(self.bins);
                present.retain(|(at, _)| *at > gone);
                budget.step(1 + present.len() as u64)?;
                present.sort_by(|(_, a), (_, b)| order(&values.get(*a), &values.get(*b)));
                if let Some((_, row)) = present.get(rank(self.share, present.len())) {
                    budget.grow(48)?;
                    starts.push(&V::Int(self.windows.start(window)));
                    outcome.push(&values.get(*row));
                    rows.push(group.first);
                    window = window.saturating_add(1);
                    continue;
                }
                // The bins up to the next value have none to look back to.
                let Some((next, _)) = parts.get(head) else { break };
                window = *next;
            }
        }
        let mut columns = vec![starts.finish()?];
        columns.extend(dimensions(batch, rows)?);
        columns.push(outcome.finish()?);
        Ok(columns)
    }
}
