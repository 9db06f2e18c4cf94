//! Functions of series: arrays of numbers, mostly made by `make-series`.
//!
//! An argument is read once into numbers and a result is written once, without a JSON tree between.

mod decompose;
mod elementwise;
mod fill;
mod filter;
mod fit;
mod fourier;
mod numbers;
mod outliers;
mod periods;
mod statistics;

use super::{Call, RowFn};
use crate::value::V;

/// A function of one row that gives several columns: the cells in the order of its outputs. None where
/// its arguments are not what it works on, which makes all of them null.
pub(crate) type ColumnsFn = for<'v> fn(&Call<'_>, &[V<'v>]) -> Option<Vec<V<'static>>>;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    elementwise::lookup(name)
        .or_else(|| statistics::lookup(name))
        .or_else(|| fill::lookup(name))
        .or_else(|| filter::lookup(name))
        .or_else(|| fit::lookup(name))
        .or_else(|| outliers::lookup(name))
        .or_else(|| decompose::lookup(name))
}

/// The kernel of a function of `palisade_kql::functions` that gives several columns.
pub(crate) fn columns(name: &str) -> Option<ColumnsFn> {
    Some(match name {
        "series_stats" => statistics::stats_columns,
        "series_fit_line" => fit::line_columns,
        "series_fit_2lines" => fit::two_lines_columns,
        "series_fit_poly" => fit::poly_columns,
        "series_fft" => fourier::forward_columns,
        "series_ifft" => fourier::inverse_columns,
        "series_periods_detect" => periods::detect_columns,
        "series_periods_validate" => periods::validate_columns,
        "series_decompose" => decompose::decompose_columns,
        "series_decompose_forecast" => decompose::forecast_columns,
        "series_decompose_anomalies" => decompose::anomalies_columns,
        _ => return None,
    })
}
