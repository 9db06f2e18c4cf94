//! A timeline: its windows, and who is on it.

use std::collections::HashMap;

use arrow::array::{ArrayRef, RecordBatch, UInt64Array};
use arrow::row::{RowConverter, SortField};
use datafusion::common::Result;
use palisade_kql::Type;
use palisade_kql::program::{self, Window};
use palisade_kql::time::{MICROS_PER_DAY, MIN_DATETIME, TICKS_PER_DAY, civil_from_days, days_from_civil};

use super::search::key;
use super::{Budget, Constant};
use crate::error::ExecError;
use crate::value::Cells;

/// Windows of a timeline by their numbers.
#[derive(Clone, Debug)]
pub(super) enum Windows {
    Width { origin: i64, width: i64 },
    Week,
    Month,
    Year,
}

impl Windows {
    /// The windows of a plugin. Those of one width begin at a place, or where `bin()` has them.
    pub fn new(
        window: &Window,
        axis: Type,
        from: Option<i64>,
        constant: &Constant<'_>,
    ) -> std::result::Result<Self, ExecError> {
        Ok(match window {
            Window::Width(expr) => Windows::Width {
                origin: from.unwrap_or(if axis == Type::Datetime { MIN_DATETIME } else { 0 }),
                width: width(expr, axis, constant)?,
            },
            Window::Week => Windows::Week,
            Window::Month => Windows::Month,
            Window::Year => Windows::Year,
        })
    }

    /// The number of the window that a place is in.
    pub fn of(&self, at: i64) -> i64 {
        let days = at.div_euclid(MICROS_PER_DAY);
        match self {
            Windows::Width { origin, width } => at.saturating_sub(*origin).div_euclid(*width),
            // The first of January 1970 was a Thursday.
            Windows::Week => (days + 4).div_euclid(7),
            Windows::Month => {
                let (year, month, _) = civil_from_days(days);
                year * 12 + month - 1
            }
            Windows::Year => civil_from_days(days).0,
        }
    }

    /// The place where a window begins.
    pub fn start(&self, window: i64) -> i64 {
        let days = match self {
            Windows::Width { origin, width } => {
                return window.saturating_mul(*width).saturating_add(*origin);
            }
            Windows::Week => window.saturating_mul(7).saturating_sub(4),
            Windows::Month => days_from_civil(window.div_euclid(12), window.rem_euclid(12) + 1, 1),
            Windows::Year => days_from_civil(window, 1, 1),
        };
        days.saturating_mul(MICROS_PER_DAY)
    }

    /// How many whole windows a distance holds; at least one. A month has 30 days here, a year 365.
    pub fn across(&self, distance: i64) -> i64 {
        let width = match self {
            Windows::Width { width, .. } => *width,
            Windows::Week => 7 * MICROS_PER_DAY,
            Windows::Month => 30 * MICROS_PER_DAY,
            Windows::Year => 365 * MICROS_PER_DAY,
        };
        (distance / width).max(1)
    }
}

/// A constant place on the timeline.
pub(super) fn place(expr: &program::Expr, constant: &Constant<'_>) -> std::result::Result<i64, ExecError> {
    let missing = || ExecError::Limit("the bounds of a timeline must not be null".to_owned());
    constant(expr)?.int().ok_or_else(missing)
}

/// A constant distance on the timeline, in its own unit: microseconds for datetimes.
pub(super) fn width(
    expr: &program::Expr,
    axis: Type,
    constant: &Constant<'_>,
) -> std::result::Result<i64, ExecError> {
    let width = constant(expr)?.int().map(|n| n / unit(axis)).filter(|n| *n > 0);
    width.ok_or_else(|| ExecError::Limit("the windows of a timeline must be wider than zero".to_owned()))
}

/// A constant way on the timeline, in its own unit; there may be none.
pub(super) fn way(
    expr: &program::Expr,
    axis: Type,
    constant: &Constant<'_>,
) -> std::result::Result<i64, ExecError> {
    let way = constant(expr)?.int().map(|n| n / unit(axis)).filter(|n| *n >= 0);
    way.ok_or_else(|| ExecError::Limit("what lies between two steps must not be less than zero".to_owned()))
}

/// How much of a timespan one step of a timeline's numbers is.
pub(super) fn unit(axis: Type) -> i64 {
    if axis == Type::Datetime { TICKS_PER_DAY / MICROS_PER_DAY } else { 1 }
}

/// Stands for the id of a row that has none: it is counted as a row, but not as an id.
pub(super) const NOBODY: u32 = u32::MAX;

/// Numbers for ids.
#[derive(Default)]
pub(super) struct Ids(HashMap<String, u32>);

impl Ids {
    pub fn number(&mut self, cells: &Cells<'_>, row: usize, budget: &Budget) -> Result<u32> {
        let value = cells.get(row);
        if value == crate::value::V::Null {
            return Ok(NOBODY);
        }
        self.named(key(&value), budget)
    }

    /// The number of what has this key.
    pub fn named(&mut self, text: String, budget: &Budget) -> Result<u32> {
        if let Some(known) = self.0.get(&text) {
            return Ok(*known);
        }
        budget.grow(text.len() + 64)?;
        let next = u32::try_from(self.0.len()).unwrap_or(NOBODY);
        self.0.insert(text, next);
        Ok(next)
    }

    /// For each number its place in the order of the keys, which does not depend on the order of rows.
    pub fn places(&self) -> Vec<u32> {
        let mut keys: Vec<(&String, u32)> = self.0.iter().map(|(key, number)| (key, *number)).collect();
        keys.sort_unstable();
        let mut places = vec![NOBODY; keys.len()];
        for ((_, number), at) in keys.into_iter().zip(0u32..) {
            if let Some(place) = places.get_mut(number as usize) {
                *place = at;
            }
        }
        places
    }
}

/// The rows that have the same dimensions.
pub(super) struct Group<T> {
    /// One of the rows, whose dimensions are those of all.
    pub first: u64,
    /// Place and what is there, in the order of places.
    pub rows: Vec<(i64, T)>,
}

/// Rows with the same dimensions, in order of their first row. The second column has the place; the
/// dimensions stand behind it. Rows without a place, or for which there is nothing, are left out.
pub(super) fn groups<T: Copy>(
    batch: &RecordBatch,
    budget: &Budget,
    mut what: impl FnMut(usize, i64) -> Result<Option<T>>,
) -> Result<Vec<Group<T>>> {
    let places = Cells::new(batch.column(1).as_ref())?;
    let dimensions = batch.columns().get(2..).unwrap_or_default();
    let fields = dimensions.iter().map(|d| SortField::new(d.data_type().clone())).collect();
    let rows = match dimensions {
        [] => None,
        _ => Some(RowConverter::new(fields)?.convert_columns(dimensions)?),
    };
    budget.grow(rows.as_ref().map_or(0, |r| r.size()))?;
    budget.grow(batch.num_rows().saturating_mul(size_of::<(i64, T)>()))?;
    let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut groups: Vec<Group<T>> = Vec::new();
    for row in 0..batch.num_rows() {
        budget.step(1)?;
        let Some(at) = places.get(row).int() else { continue };
        let Some(what) = what(row, at)? else { continue };
        let bytes = rows.as_ref().map(|r| r.row(row));
        let bytes = bytes.as_ref().map_or(&[] as &[u8], |b| b.as_ref());
        let group = match known.get(bytes) {
            Some(group) => *group,
            None => {
                budget.grow(bytes.len() + 96)?;
                known.insert(bytes.to_vec(), groups.len());
                groups.push(Group { first: row as u64, rows: Vec::new() });
                groups.len() - 1
            }
        };
        groups[group].rows.push((at, what));
    }
    for group in &mut groups {
        group.rows.sort_by_key(|(at, _)| *at);
    }
    Ok(groups)
}

/// The rows of each window that has any, in order.
pub(super) fn by_window<'r, T>(
    rows: &'r [(i64, T)],
    windows: &'r Windows,
) -> impl Iterator<Item = (i64, &'r [(i64, T)])> {
    let of = move |(at, _): &(i64, T)| windows.of(*at);
    rows.chunk_by(move |a, b| of(a) == of(b))
        .filter_map(move |chunk| chunk.first().map(|(at, _)| (windows.of(*at), chunk)))
}

/// The dimensions of rows.
pub(super) fn dimensions(batch: &RecordBatch, rows: Vec<u64>) -> Result<Vec<ArrayRef>> {
    let rows = UInt64Array::from(rows);
    let columns = batch.columns().get(2..).unwrap_or_default();
    columns.iter().map(|c| Ok(arrow::compute::take(c.as_ref(), &rows, None)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_kql::time::parse_datetime;

    fn starts(windows: &Windows, at: &str) -> String {
        let at = parse_datetime(at).unwrap();
        palisade_kql::time::format_datetime(windows.start(windows.of(at)))
    }

    #[test]
    fn windows_of_the_calendar_begin_where_the_language_has_them() {
        // The second of May 2026 is a Saturday.
        assert!(starts(&Windows::Week, "2026-05-02 23:59").starts_with("2026-04-26"));
        assert!(starts(&Windows::Week, "2026-05-03").starts_with("2026-05-03"));
        assert!(starts(&Windows::Week, "1969-12-28").starts_with("1969-12-28"));
        assert!(starts(&Windows::Month, "2026-02-28 12:00").starts_with("2026-02-01"));
        assert!(starts(&Windows::Year, "1960-02-29").starts_with("1960-01-01"));
    }

    #[test]
    fn windows_of_one_width_begin_with_their_origin() {
        let windows = Windows::Width { origin: 3, width: 5 };
        assert_eq!((windows.of(2), windows.of(3), windows.of(7), windows.of(8)), (-1, 0, 0, 1));
        assert_eq!((windows.start(-1), windows.start(1)), (-2, 8));
        assert_eq!((windows.across(4), windows.across(14), windows.across(15)), (1, 2, 3));
        // Far places stay in range.
        assert!(windows.start(windows.of(i64::MIN)) < 0 && windows.start(windows.of(i64::MAX)) > 0);
    }
}
