//! Addresses.

use super::{A, BOOL, D, DYNAMIC, Function, L, LONG, S, STRING, f, many, opt};

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
    f("parse_ipv4_mask", &[S, L], LONG),
    f("format_ipv4_mask", &[A, L], STRING),
    f("parse_ipv6", &[S], STRING),
    f("parse_ipv6_mask", &[S, L], STRING),
    opt(2, f("ipv6_compare", &[S, S, L], LONG)),
    opt(2, f("ipv6_is_match", &[S, S, L], BOOL)),
    f("ipv6_is_in_range", &[S, S], BOOL),
    many(S, f("ipv6_is_in_any_range_list", &[S, S], BOOL)),
    f("ipv6_is_in_any_range_array", &[S, D], BOOL),
    many(S, f("has_any_ipv4_list", &[S, S], BOOL)),
    f("has_any_ipv4_array", &[S, D], BOOL),
    many(S, f("has_any_ipv4_prefix_list", &[S, S], BOOL)),
    f("has_any_ipv4_prefix_array", &[S, D], BOOL),
    f("ipv4_range_to_cidr_list", &[S, S], DYNAMIC),
];
