//! What the binder calls for operators of the language; no query can name them.

use super::{
    A, B, BOOL, C, D, DATETIME, DYNAMIC, Function, LONG, P, R, REAL, Returns, S, T, TIMESPAN, f, many, opt,
};

/// The functions of this theme.
pub const HELPER: &[Function] = &[
    f("__has_any_of", &[S, D], BOOL),
    f("__has_all_of", &[S, D], BOOL),
    f("__in_array", &[A, D], BOOL),
    f("__in_array_ignore_case", &[A, D], BOOL),
    f("__bin_number", &[C, C], Returns::Common),
    f("__bin_datetime", &[T, P], DATETIME),
    f("__bin_timespan", &[P, P], TIMESPAN),
    f("__bin_at_number", &[C, C, C], Returns::Common),
    f("__bin_at_datetime", &[T, P, T], DATETIME),
    f("__bin_at_timespan", &[P, P, P], TIMESPAN),
    f("__assert", &[B, S], BOOL),
    many(A, f("__data_size", &[A], LONG)),
    opt(2, f("__sort_by_asc", &[D, D, B], DYNAMIC)),
    opt(2, f("__sort_by_desc", &[D, D, B], DYNAMIC)),
    many(A, f("__bag_pack_filled", &[], DYNAMIC)),
    f("__percentile_of_digest", &[D, R], REAL),
];
