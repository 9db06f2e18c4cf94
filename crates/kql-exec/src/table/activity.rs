//! Plugins that count ids over a timeline, window by window.

mod lookback;

use std::collections::{HashMap, HashSet};

use arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::Result;
use palisade_kql::Type;
use palisade_kql::program::{self, Metric};

use super::timeline::{self, Group, Ids, NOBODY, Windows, by_window, groups};
use super::{Budget, Constant, Function};
use crate::error::ExecError;
use crate::value::{Cells, Column, V};

/// What is counted, with its distances in the unit of the timeline.
#[derive(Debug)]
enum Count {
    ActiveUsers { lookback: i64, periods: Windows, needed: u64 },
    Counts,
    Changes,
    Engagement { windows: i64 },
    Sliding { windows: i64 },
    Sessions { lookback: i64 },
    Cohorts { only: Option<i64> },
}

/// A plugin, its constants known.
#[derive(Debug)]
pub(super) struct Activity {
    count: Count,
    bounds: (i64, i64),
    windows: Windows,
    /// The types of the outcome's columns.
    types: Vec<Type>,
}

/// What comes out so far.
struct Out<'b> {
    /// Starts of windows, one list for each column of them.
    starts: Vec<Vec<i64>>,
    counts: Vec<Column>,
    /// Rows that have the dimensions.
    rows: Vec<u64>,
    budget: &'b Budget,
}

impl Out<'_> {
    fn push(&mut self, starts: &[i64], row: u64, counts: &[V<'_>]) -> Result<()> {
        self.budget.step(1)?;
        self.budget.grow(16 * (1 + starts.len() + counts.len()))?;
        self.starts.iter_mut().zip(starts).for_each(|(list, start)| list.push(*start));
        self.counts.iter_mut().zip(counts).for_each(|(column, count)| column.push(count));
        self.rows.push(row);
        Ok(())
    }
}

fn count(n: usize) -> V<'static> {
    V::Int(i64::try_from(n).unwrap_or(i64::MAX))
}

/// A share of a whole; of nothing it is no number.
#[allow(clippy::cast_precision_loss)]
fn share(part: usize, whole: usize) -> V<'static> {
    V::Real(part as f64 / whole as f64)
}

/// Each id once, in order.
fn distinct(rows: &[(i64, u32)]) -> Vec<u32> {
    let mut ids: Vec<u32> = rows.iter().map(|(_, id)| *id).filter(|id| *id != NOBODY).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

impl Activity {
    /// # Errors
    /// Bounds that are null and widths that are not above zero.
    pub fn new(
        activity: &program::Activity,
        types: Vec<Type>,
        constant: &Constant<'_>,
    ) -> std::result::Result<Self, ExecError> {
        let axis = types.first().copied().unwrap_or(Type::Datetime);
        let bounds = match &activity.bounds {
            Some((from, to)) => Some((timeline::place(from, constant)?, timeline::place(to, constant)?)),
            None => None,
        };
        let from = bounds.map(|(from, _)| from);
        let windows = Windows::new(&activity.window, axis, from, constant)?;
        let distance = |expr| timeline::width(expr, axis, constant);
        let count = match &activity.metric {
            Metric::ActiveUsers { lookback, period, periods } => Count::ActiveUsers {
                lookback: distance(lookback)?,
                periods: Windows::new(&program::Window::Width(period.clone()), axis, from, constant)?,
                needed: u64::try_from(timeline::place(periods, constant)?).unwrap_or(0),
            },
            Metric::Counts => Count::Counts,
            Metric::Changes => Count::Changes,
            Metric::Engagement { outer } => Count::Engagement { windows: windows.across(distance(outer)?) },
            Metric::Sliding { lookback } => Count::Sliding { windows: windows.across(distance(lookback)?) },
            Metric::Sessions { lookback } => Count::Sessions { lookback: distance(lookback)? },
            Metric::Cohorts { only } => Count::Cohorts {
                only: match only {
                    Some(place) => Some(windows.of(timeline::place(place, constant)?)),
                    None => None,
                },
            },
        };
        Ok(Self { count, bounds: bounds.unwrap_or((i64::MIN, i64::MAX)), windows, types })
    }

    /// The first place that counts, lookback included.
    fn first(&self) -> i64 {
        let (from, _) = self.bounds;
        match &self.count {
            _ if from == i64::MIN => from,
            Count::ActiveUsers { lookback, .. } => from.saturating_sub(lookback - 1),
            Count::Engagement { windows } | Count::Sliding { windows } => {
                self.windows.start(self.windows.of(from).saturating_sub(windows - 1))
            }
            _ => from,
        }
    }

    fn counts(&self, group: &Group<u32>, out: &mut Out<'_>) -> Result<()> {
        let mut known: HashSet<u32> = HashSet::new();
        for (window, rows) in by_window(&group.rows, &self.windows) {
            let ids = distinct(rows);
            let new = ids.iter().filter(|id| known.insert(**id)).count();
            out.budget.grow(new * 16)?;
            let counts = [count(rows.len()), count(ids.len()), count(new), count(known.len())];
            out.push(&[self.windows.start(window)], group.first, &counts)?;
        }
        Ok(())
    }

    fn changes(&self, group: &Group<u32>, out: &mut Out<'_>) -> Result<()> {
        let mut before: Option<(i64, Vec<u32>)> = None;
        for (window, rows) in by_window(&group.rows, &self.windows) {
            let ids = distinct(rows);
            let previous = before.take().filter(|(last, _)| *last + 1 == window);
            let previous = previous.map(|(_, ids)| ids).unwrap_or_default();
            let again = ids.iter().filter(|id| previous.binary_search(id).is_ok()).count();
            let counts = [
                count(ids.len()),
                count(ids.len() - again),
                share(again, previous.len()),
                share(previous.len() - again, previous.len()),
            ];
            out.push(&[self.windows.start(window)], group.first, &counts)?;
            before = Some((window, ids));
        }
        Ok(())
    }

    /// Rows and ids of so many windows; with `inner`, only where the last of them has rows.
    fn sliding(&self, group: &Group<u32>, width: i64, inner: bool, out: &mut Out<'_>) -> Result<()> {
        let parts: Vec<(i64, &[(i64, u32)])> = by_window(&group.rows, &self.windows).collect();
        let (from, to) = self.bounds;
        let (first, last) = (self.windows.of(from), self.windows.of(to));
        let mut present: HashMap<u32, usize> = HashMap::new();
        let mut total = 0usize;
        let (mut head, mut tail) = (0usize, 0usize);
        let Some(mut window) = parts.first().map(|(window, _)| (*window).max(first)) else { return Ok(()) };
        while window <= last {
            out.budget.step(1)?;
            while let Some((_, rows)) = parts.get(head).filter(|(at, _)| *at <= window) {
                out.budget.step(rows.len() as u64)?;
                total += rows.len();
                for (_, id) in rows.iter().filter(|(_, id)| *id != NOBODY) {
                    *present.entry(*id).or_default() += 1;
                }
                head += 1;
            }
            let gone = window.saturating_sub(width);
            while let Some((_, rows)) = parts.get(tail).filter(|(at, _)| tail < head && *at <= gone) {
                total -= rows.len();
                for (_, id) in rows.iter().filter(|(_, id)| *id != NOBODY) {
                    if let Some(left) = present.get_mut(id) {
                        *left -= 1;
                        if *left == 0 {
                            present.remove(id);
                        }
                    }
                }
                tail += 1;
            }
            let own = head.checked_sub(1).and_then(|at| parts.get(at)).filter(|(at, _)| *at == window);
            let start = self.windows.start(window);
            if inner {
                if let Some((_, rows)) = own {
                    let ids = distinct(rows).len();
                    let counts = [count(ids), count(present.len()), share(ids, present.len())];
                    out.push(&[start], group.first, &counts)?;
                }
            } else if total > 0 {
                out.push(&[start], group.first, &[count(total), count(present.len())])?;
            }
            // Nothing comes out before the next window that has rows.
            let next = parts.get(head).map(|(at, _)| *at);
            window = match next {
                Some(next) if total == 0 || inner => next,
                None if total == 0 || inner => break,
                _ => window.saturating_add(1),
            };
        }
        Ok(())
    }

    fn cohorts(
        &self,
        group: &Group<u32>,
        only: Option<i64>,
        old: &HashSet<u32>,
        out: &mut Out<'_>,
    ) -> Result<()> {
        let parts: Vec<(i64, Vec<u32>)> =
            by_window(&group.rows, &self.windows).map(|(window, rows)| (window, distinct(rows))).collect();
        let mut first: HashMap<u32, i64> = HashMap::new();
        // How many ids were first seen in each window.
        let mut cohorts: Vec<(i64, usize)> = Vec::new();
        for (window, ids) in &parts {
            let mut new = 0;
            for id in ids.iter().filter(|id| !old.contains(id)) {
                first.entry(*id).or_insert_with(|| {
                    new += 1;
                    *window
                });
            }
            out.budget.grow(new * 32)?;
            if new > 0 {
                cohorts.push((*window, new));
            }
        }
        let last = match self.bounds.1 {
            i64::MAX => parts.last().map_or(0, |(window, _)| *window),
            to => self.windows.of(to),
        };
        for (from, size) in cohorts.into_iter().filter(|(from, _)| only.is_none_or(|only| only == *from)) {
            let mut parts = parts.iter().filter(|(window, _)| *window >= from).peekable();
            for to in from..=last {
                let (mut retained, mut new) = (0usize, 0usize);
                if let Some((_, ids)) = parts.next_if(|(window, _)| *window == to) {
                    out.budget.step(ids.len() as u64)?;
                    for seen in ids.iter().filter_map(|id| first.get(id)) {
                        retained += usize::from(*seen == from);
                        new += usize::from(*seen > from || (to == from && *seen == from));
                    }
                }
                let counts = [
                    count(new),
                    count(retained),
                    count(size - retained),
                    share(retained, size),
                    share(size - retained, size),
                ];
                let starts = [self.windows.start(from), self.windows.start(to)];
                out.push(&starts, group.first, &counts)?;
            }
        }
        Ok(())
    }
}

impl Function for Activity {
    fn run(&self, inputs: &[RecordBatch], budget: &Budget) -> Result<Vec<ArrayRef>> {
        let batch = &inputs[0];
        let cells = Cells::new(batch.column(0).as_ref())?;
        let mut ids = Ids::default();
        let mut old: HashSet<u32> = HashSet::new();
        if let Some(known) = inputs.get(1) {
            let known_cells = Cells::new(known.column(0).as_ref())?;
            budget.grow(known.num_rows().saturating_mul(16))?;
            for row in 0..known.num_rows() {
                old.insert(ids.number(&known_cells, row, budget)?);
            }
        }
        let (first, (_, to)) = (self.first(), self.bounds);
        let groups = groups(batch, budget, |row, at| match at >= first && at <= to {
            true => Ok(Some(ids.number(&cells, row, budget)?)),
            false => Ok(None),
        })?;
        let windows = if matches!(self.count, Count::Cohorts { .. }) { 2 } else { 1 };
        let width = batch.num_columns() - 2;
        let behind = windows == 2;
        let counted: Vec<Type> = match behind {
            true => self.types[windows..self.types.len() - width].to_vec(),
            false => self.types[windows + width..].to_vec(),
        };
        let counts = counted.into_iter().map(|ty| Column::new(ty, 0)).collect();
        let mut out = Out { starts: vec![Vec::new(); windows], counts, rows: Vec::new(), budget };
        for group in &groups {
            match &self.count {
                Count::ActiveUsers { lookback, periods, needed } => {
                    self.active_users(group, (*lookback, periods, *needed), &mut out)?;
                }
                Count::Counts => self.counts(group, &mut out)?,
                Count::Changes => self.changes(group, &mut out)?,
                Count::Engagement { windows } => self.sliding(group, *windows, true, &mut out)?,
                Count::Sliding { windows } => self.sliding(group, *windows, false, &mut out)?,
                Count::Sessions { lookback } => self.sessions(group, *lookback, &mut out)?,
                Count::Cohorts { only } => self.cohorts(group, *only, &old, &mut out)?,
            }
        }
        let axis = self.types.first().copied().unwrap_or(Type::Datetime);
        let mut columns = Vec::with_capacity(self.types.len());
        for starts in out.starts {
            let mut column = Column::new(axis, starts.len());
            starts.into_iter().for_each(|start| column.push(&V::Int(start)));
            columns.push(column.finish()?);
        }
        let dimensions = timeline::dimensions(batch, out.rows)?;
        let counts = out.counts.into_iter().map(Column::finish).collect::<Result<Vec<_>>>()?;
        match behind {
            true => columns.extend(counts.into_iter().chain(dimensions)),
            false => columns.extend(dimensions.into_iter().chain(counts)),
        }
        Ok(columns)
    }
}
