//! Bags, and dynamic values of any kind.

use super::{A, BOOL, D, DYNAMIC, Function, S, STRING, f, many};

/// The functions of this theme.
pub const DYNAMIC_VALUES: &[Function] = &[
    many(A, f("bag_pack", &[], DYNAMIC)),
    f("bag_keys", &[D], DYNAMIC),
    many(D, f("bag_merge", &[D], DYNAMIC)),
    f("bag_has_key", &[D, S], BOOL),
    f("bag_remove_keys", &[D, D], DYNAMIC),
    f("bag_set_key", &[D, S, A], DYNAMIC),
    f("bag_zip", &[D, D], DYNAMIC),
    f("dynamic_to_json", &[D], STRING),
    f("gettype", &[A], STRING),
    f("treepath", &[D], DYNAMIC),
    f("parse_json", &[A], DYNAMIC),
];
