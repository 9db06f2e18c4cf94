//! Arrays and sets.

use super::{A, B, BOOL, D, DYNAMIC, Function, L, LONG, Naming, REAL, f, many, named, opt};

/// The functions of this theme.
pub const ARRAY: &[Function] = &[
    f("array_length", &[D], LONG),
    many(A, f("pack_array", &[], DYNAMIC)),
    many(D, f("array_concat", &[D], DYNAMIC)),
    f("array_slice", &[D, L, L], DYNAMIC),
    opt(2, f("array_index_of", &[D, A, L, L, L], LONG)),
    named(Naming::Suffixed("_sorted"), opt(1, f("array_sort_asc", &[D, B], DYNAMIC))),
    named(Naming::Suffixed("_sorted"), opt(1, f("array_sort_desc", &[D, B], DYNAMIC))),
    f("array_reverse", &[D], DYNAMIC),
    f("array_sum", &[D], REAL),
    f("array_iff", &[D, A, A], DYNAMIC),
    f("array_split", &[D, A], DYNAMIC),
    f("array_rotate_left", &[D, L], DYNAMIC),
    f("array_rotate_right", &[D, L], DYNAMIC),
    opt(2, f("array_shift_left", &[D, L, A], DYNAMIC)),
    opt(2, f("array_shift_right", &[D, L, A], DYNAMIC)),
    f("set_has_element", &[D, A], BOOL),
    many(D, f("set_union", &[D], DYNAMIC)),
    many(D, f("set_intersect", &[D], DYNAMIC)),
    many(D, f("set_difference", &[D], DYNAMIC)),
    f("jaccard_index", &[D, D], DYNAMIC),
    many(D, f("zip", &[D, D], DYNAMIC)),
    opt(2, f("range", &[A, A, A], DYNAMIC)),
    named(Naming::Prefixed("repeat"), f("repeat", &[A, L], DYNAMIC)),
    f("set_equals", &[D, D], BOOL),
];
