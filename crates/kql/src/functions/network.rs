//! Addresses.

use super::{A, BOOL, D, Function, L, LONG, S, STRING, f, many, opt};

/// The functions of this theme.
pub const NETWORK: &[Function] = &[
    f("ipv4_is_private", &[S], BOOL),
    f("ipv4_is_in_range", &[S, S], BOOL),
    many(S, f("ipv4_is_in_any_range_list", &[S], BOOL)),
    f("ipv4_is_in_any_range_array", &[S, D], BOOL),
    opt(2, f("ipv4_is_match", &[S, S, L], BOOL)),
    opt(2, f("ipv4_compare", &[S, S, L], LONG)),
    f("parse_ipv4", &[S], LONG),
    opt(1, f("format_ipv4", &[A, L], STRING)),
    f("ipv4_netmask_suffix", &[S], LONG),
    f("has_ipv4", &[S, S], BOOL),
    f("has_ipv4_prefix", &[S, S], BOOL),
];
