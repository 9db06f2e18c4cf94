//! Numbers.

use super::{A, Function, L, LONG, N, R, REAL, Returns, f, keep, opt};

/// The functions of this theme.
pub const NUMBER: &[Function] = &[
    keep(f("abs", &[A], Returns::Argument(0))),
    f("sign", &[N], LONG),
    keep(opt(1, f("round", &[N, L], Returns::Argument(0)))),
    keep(f("ceiling", &[N], Returns::Argument(0))),
    f("sqrt", &[R], REAL),
    f("pow", &[R, R], REAL),
    f("exp", &[R], REAL),
    f("exp2", &[R], REAL),
    f("exp10", &[R], REAL),
    f("log", &[R], REAL),
    f("log2", &[R], REAL),
    f("log10", &[R], REAL),
    f("pi", &[], REAL),
    f("sin", &[R], REAL),
    f("cos", &[R], REAL),
    f("tan", &[R], REAL),
    f("cot", &[R], REAL),
    f("asin", &[R], REAL),
    f("acos", &[R], REAL),
    f("atan", &[R], REAL),
    f("atan2", &[R, R], REAL),
    f("radians", &[R], REAL),
    f("degrees", &[R], REAL),
    f("binary_and", &[L, L], LONG),
    f("binary_or", &[L, L], LONG),
    f("binary_xor", &[L, L], LONG),
    f("binary_not", &[L], LONG),
    f("binary_shift_left", &[L, L], LONG),
    f("binary_shift_right", &[L, L], LONG),
    f("bitset_count_ones", &[L], LONG),
];
