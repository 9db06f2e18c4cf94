//! Bags, and dynamic values of any kind.

use super::{A, BOOL, D, DYNAMIC, Function, Naming, S, STRING, f, many, named};

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
    named(Naming::Prefixed("type"), f("gettype", &[A], STRING)),
    named(Naming::Prefixed("tree"), f("treepath", &[D], DYNAMIC)),
    f("parse_json", &[A], DYNAMIC),
];
