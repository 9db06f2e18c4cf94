//! Series: arrays of numbers.

use super::{A, B, D, DYNAMIC, Function, L, Param, R, REAL, S, f, keep, opt};
use crate::types::Type;

/// The functions of this theme that give one value.
pub const SERIES: &[Function] = &[
    f("series_add", &[A, A], DYNAMIC),
    f("series_subtract", &[A, A], DYNAMIC),
    f("series_multiply", &[A, A], DYNAMIC),
    f("series_divide", &[A, A], DYNAMIC),
    f("series_pow", &[A, A], DYNAMIC),
    f("series_greater", &[A, A], DYNAMIC),
    f("series_greater_equals", &[A, A], DYNAMIC),
    f("series_less", &[A, A], DYNAMIC),
    f("series_less_equals", &[A, A], DYNAMIC),
    f("series_equals", &[A, A], DYNAMIC),
    f("series_not_equals", &[A, A], DYNAMIC),
    f("series_abs", &[D], DYNAMIC),
    f("series_sign", &[D], DYNAMIC),
    f("series_ceiling", &[D], DYNAMIC),
    f("series_floor", &[D], DYNAMIC),
    f("series_exp", &[D], DYNAMIC),
    f("series_log", &[D], DYNAMIC),
    f("series_sin", &[D], DYNAMIC),
    f("series_cos", &[D], DYNAMIC),
    f("series_tan", &[D], DYNAMIC),
    f("series_asin", &[D], DYNAMIC),
    f("series_acos", &[D], DYNAMIC),
    f("series_atan", &[D], DYNAMIC),
    f("series_sum", &[D], REAL),
    f("series_product", &[D], REAL),
    f("series_magnitude", &[D], REAL),
    f("series_dot_product", &[A, A], REAL),
    opt(2, f("series_cosine_similarity", &[D, D, R, R], REAL)),
    f("series_pearson_correlation", &[D, D], REAL),
    opt(1, f("series_stats_dynamic", &[D, B], DYNAMIC)),
    keep(opt(1, f("series_fill_forward", &[D, A], DYNAMIC))),
    keep(opt(1, f("series_fill_backward", &[D, A], DYNAMIC))),
    keep(opt(1, f("series_fill_const", &[D, A, A], DYNAMIC))),
    keep(opt(1, f("series_fill_linear", &[D, A, B, A], DYNAMIC))),
    keep(opt(2, f("series_fir", &[D, D, B, B], DYNAMIC))),
    keep(f("series_iir", &[D, D, D], DYNAMIC)),
    f("series_fit_line_dynamic", &[D], DYNAMIC),
    f("series_fit_2lines_dynamic", &[D], DYNAMIC),
    keep(opt(1, f("series_outliers", &[D, S, A, R, R, L], DYNAMIC))),
    opt(1, f("series_seasonal", &[D, L, L], DYNAMIC)),
];

/// A function that gives several columns. It stands alone in `extend`, `project` and `print`; an unnamed
/// column is called by the function, its first argument and the output.
#[derive(Clone, Copy, Debug)]
pub struct ColumnsFunction {
    /// Name, parameters and further arguments; what it returns has no meaning here.
    pub function: Function,
    /// The columns in order.
    pub outputs: &'static [(&'static str, Type)],
}

const fn c(function: Function, outputs: &'static [(&'static str, Type)]) -> ColumnsFunction {
    ColumnsFunction { function, outputs }
}

const DECOMPOSED: &[(&str, Type)] = &[
    ("baseline", Type::Dynamic),
    ("seasonal", Type::Dynamic),
    ("trend", Type::Dynamic),
    ("residual", Type::Dynamic),
];
const COMPLEX: &[(&str, Type)] = &[("real", Type::Dynamic), ("imag", Type::Dynamic)];
const PERIODS: &[(&str, Type)] = &[("periods", Type::Dynamic), ("scores", Type::Dynamic)];

/// The functions of this theme that give several columns.
pub const COLUMNS: &[ColumnsFunction] = &[
    c(
        opt(1, f("series_stats", &[D, B], DYNAMIC)),
        &[
            ("min", Type::Real),
            ("min_idx", Type::Long),
            ("max", Type::Real),
            ("max_idx", Type::Long),
            ("avg", Type::Real),
            ("stdev", Type::Real),
            ("variance", Type::Real),
        ],
    ),
    c(opt(1, f("series_fft", &[D, D], DYNAMIC)), COMPLEX),
    c(opt(1, f("series_ifft", &[D, D], DYNAMIC)), COMPLEX),
    c(
        opt(1, f("series_fit_poly", &[D, D, L], DYNAMIC)),
        &[
            ("rsquare", Type::Real),
            ("coefficients", Type::Dynamic),
            ("variance", Type::Real),
            ("rvariance", Type::Real),
            ("poly_fit", Type::Dynamic),
        ],
    ),
    c(
        f("series_fit_line", &[D], DYNAMIC),
        &[
            ("rsquare", Type::Real),
            ("slope", Type::Real),
            ("variance", Type::Real),
            ("rvariance", Type::Real),
            ("interception", Type::Real),
            ("line_fit", Type::Dynamic),
        ],
    ),
    c(
        f("series_fit_2lines", &[D], DYNAMIC),
        &[
            ("rsquare", Type::Real),
            ("split_idx", Type::Long),
            ("variance", Type::Real),
            ("rvariance", Type::Real),
            ("line_fit", Type::Dynamic),
            ("right_rsquare", Type::Real),
            ("right_slope", Type::Real),
            ("right_interception", Type::Real),
            ("right_variance", Type::Real),
            ("right_rvariance", Type::Real),
            ("left_rsquare", Type::Real),
            ("left_slope", Type::Real),
            ("left_interception", Type::Real),
            ("left_variance", Type::Real),
            ("left_rvariance", Type::Real),
        ],
    ),
    c(f("series_periods_detect", &[D, A, A, L], DYNAMIC), PERIODS),
    c(Function { rest: Some(Param::Any), ..f("series_periods_validate", &[D, A], DYNAMIC) }, PERIODS),
    c(opt(1, f("series_decompose", &[D, L, S, L, R], DYNAMIC)), DECOMPOSED),
    c(opt(2, f("series_decompose_forecast", &[D, L, L, S, R], DYNAMIC)), DECOMPOSED),
    c(
        opt(1, f("series_decompose_anomalies", &[D, R, L, S, L, S, R], DYNAMIC)),
        &[("ad_flag", Type::Dynamic), ("ad_score", Type::Dynamic), ("baseline", Type::Dynamic)],
    ),
];

/// The function of this name that gives several columns.
pub fn columns(name: &str) -> Option<&'static ColumnsFunction> {
    COLUMNS.iter().find(|c| c.function.name == name)
}
