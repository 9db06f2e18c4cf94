//! The aggregate functions of `summarize`.

use crate::types::Type;

/// What the result type of an aggregate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This type.
    Is(Type),
    /// The type of the first argument.
    Argument,
    /// long for integers, real for reals, timespan for timespans.
    Sum,
    /// real; timespan and datetime stay what they are.
    Mean,
    /// Several columns (`arg_max`, `take_any`).
    Columns,
}

/// One aggregate.
#[derive(Clone, Copy, Debug)]
pub struct AggregateDef {
    /// Name in a query.
    pub name: &'static str,
    /// What the executor carries out.
    pub function: &'static str,
    /// Values before the condition and the optional size.
    pub values: usize,
    /// The next argument is a condition.
    pub conditional: bool,
    /// One more constant may follow (`make_set(x, 100)`).
    pub limit: bool,
    /// Result.
    pub outcome: Outcome,
    /// First part of an unnamed column, before the argument's name.
    pub prefix: &'static str,
}

const fn a(
    name: &'static str,
    function: &'static str,
    values: usize,
    outcome: Outcome,
    prefix: &'static str,
) -> AggregateDef {
    AggregateDef { name, function, values, conditional: false, limit: false, outcome, prefix }
}

const fn when(def: AggregateDef) -> AggregateDef {
    AggregateDef { conditional: true, ..def }
}

const fn limited(def: AggregateDef) -> AggregateDef {
    AggregateDef { limit: true, ..def }
}

const LONG: Outcome = Outcome::Is(Type::Long);
const REAL: Outcome = Outcome::Is(Type::Real);
const DYNAMIC: Outcome = Outcome::Is(Type::Dynamic);

/// All aggregates. `dcount` counts exactly.
pub const AGGREGATES: &[AggregateDef] = &[
    a("count", "count", 0, LONG, "count_"),
    a("cnt", "count", 0, LONG, "cnt_"),
    when(a("countif", "count", 0, LONG, "countif_")),
    limited(a("dcount", "dcount", 1, LONG, "dcount_")),
    limited(when(a("dcountif", "dcount", 1, LONG, "dcountif_"))),
    a("count_distinct", "dcount", 1, LONG, "count_distinct_"),
    when(a("count_distinctif", "dcount", 1, LONG, "count_distinctif_")),
    a("sum", "sum", 1, Outcome::Sum, "sum_"),
    when(a("sumif", "sum", 1, Outcome::Sum, "sumif_")),
    a("avg", "avg", 1, Outcome::Mean, "avg_"),
    when(a("avgif", "avg", 1, Outcome::Mean, "avgif_")),
    a("min", "min", 1, Outcome::Argument, "min_"),
    when(a("minif", "min", 1, Outcome::Argument, "minif_")),
    a("max", "max", 1, Outcome::Argument, "max_"),
    when(a("maxif", "max", 1, Outcome::Argument, "maxif_")),
    a("stdev", "stdev", 1, REAL, "stdev_"),
    when(a("stdevif", "stdev", 1, REAL, "stdevif_")),
    a("stdevp", "stdevp", 1, REAL, "stdevp_"),
    a("variance", "variance", 1, REAL, "variance_"),
    when(a("varianceif", "variance", 1, REAL, "varianceif_")),
    a("variancep", "variancep", 1, REAL, "variancep_"),
    when(a("variancepif", "variancep", 1, REAL, "variancepif_")),
    limited(a("make_set", "make_set", 1, DYNAMIC, "set_")),
    limited(when(a("make_set_if", "make_set", 1, DYNAMIC, "set_"))),
    limited(a("makeset", "make_set", 1, DYNAMIC, "set_")),
    limited(a("make_list", "make_list", 1, DYNAMIC, "list_")),
    limited(when(a("make_list_if", "make_list", 1, DYNAMIC, "list_"))),
    limited(a("makelist", "make_list", 1, DYNAMIC, "list_")),
    limited(a("make_list_with_nulls", "make_list_with_nulls", 1, DYNAMIC, "list_")),
    limited(a("make_bag", "make_bag", 1, DYNAMIC, "bag_")),
    limited(when(a("make_bag_if", "make_bag", 1, DYNAMIC, "bag_"))),
    limited(a("make_dictionary", "make_bag", 1, DYNAMIC, "dictionary_")),
    a("percentile", "percentile", 2, Outcome::Argument, "percentile_"),
    a("percentilew", "percentilew", 3, Outcome::Argument, "percentile_"),
    a("percentiles", "percentiles", 2, Outcome::Columns, "percentile_"),
    a("percentilesw", "percentilesw", 3, Outcome::Columns, "percentile_"),
    a("percentiles_array", "percentiles_array", 2, DYNAMIC, "percentiles_"),
    a("percentilesw_array", "percentilesw_array", 3, DYNAMIC, "percentiles_"),
    limited(a("tdigest", "tdigest", 1, DYNAMIC, "tdigest_")),
    a("tdigest_merge", "tdigest_merge", 1, DYNAMIC, "merge_tdigests_"),
    a("merge_tdigest", "tdigest_merge", 1, DYNAMIC, "merge_tdigests_"),
    limited(a("hll", "hll", 1, DYNAMIC, "hll_")),
    limited(when(a("hll_if", "hll", 1, DYNAMIC, "hll_if_"))),
    a("hll_merge", "hll_merge", 1, DYNAMIC, "hll_merge_"),
    a("covariance", "covariance", 2, REAL, "covariance_"),
    when(a("covarianceif", "covariance", 2, REAL, "covarianceif_")),
    a("covariancep", "covariancep", 2, REAL, "covariancep_"),
    when(a("covariancepif", "covariancep", 2, REAL, "covariancepif_")),
    a("buildschema", "buildschema", 1, DYNAMIC, "schema_"),
    a("binary_all_and", "binary_all_and", 1, Outcome::Argument, ""),
    a("binary_all_or", "binary_all_or", 1, Outcome::Argument, ""),
    a("binary_all_xor", "binary_all_xor", 1, Outcome::Argument, ""),
    a("arg_max", "arg_max", 1, Outcome::Columns, ""),
    a("arg_min", "arg_min", 1, Outcome::Columns, ""),
    a("argmax", "arg_max", 1, Outcome::Columns, "max_"),
    a("argmin", "arg_min", 1, Outcome::Columns, "min_"),
    a("take_any", "take_any", 0, Outcome::Columns, ""),
    a("any", "take_any", 0, Outcome::Columns, "any_"),
    when(a("take_anyif", "take_any", 1, Outcome::Argument, "")),
    when(a("anyif", "take_any", 1, Outcome::Argument, "any_")),
];

/// The aggregate of this name.
pub fn lookup(name: &str) -> Option<&'static AggregateDef> {
    AGGREGATES.iter().find(|a| a.name == name)
}
