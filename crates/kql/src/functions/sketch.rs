//! Digests of values: t-digests and sketches of distinct counts.

use super::{A, BOOL, D, DYNAMIC, Function, LONG, Naming, R, REAL, f, many, named, opt};

/// The functions of this theme.
pub const SKETCH: &[Function] = &[
    named(Naming::Prefixed("percentile_tdigest"), f("percentile_tdigest", &[D, R], DYNAMIC)),
    named(Naming::Prefixed("percentile_tdigest"), f("percentiles_array_tdigest", &[D, D], DYNAMIC)),
    f("percentrank_tdigest", &[D, A], REAL),
    f("rank_tdigest", &[D, A], REAL),
    opt(1, f("tdigest_isvalid", &[D, A], BOOL)),
    opt(1, f("hll_isvalid", &[D, A], BOOL)),
    named(Naming::Fixed("tdigests_merge_result"), many(D, f("tdigest_merge", &[D], DYNAMIC))),
    named(Naming::Fixed("hll_merged_result"), many(D, f("hll_merge", &[D], DYNAMIC))),
    named(Naming::Prefixed("dcount_hll"), f("dcount_hll", &[D], LONG)),
];
