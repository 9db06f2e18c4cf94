//! Emptiness, and choices among values.

use super::{A, BOOL, C, Function, R, Returns, f, many};

/// The functions of this theme.
pub const EMPTY: &[Function] = &[
    f("isempty", &[A], BOOL),
    f("isnotempty", &[A], BOOL),
    f("isnull", &[A], BOOL),
    f("isnotnull", &[A], BOOL),
    f("isnan", &[R], BOOL),
    f("isinf", &[R], BOOL),
    f("isfinite", &[R], BOOL),
    many(C, f("coalesce", &[C], Returns::Common)),
    many(C, f("max_of", &[C], Returns::Common)),
    many(C, f("min_of", &[C], Returns::Common)),
];
