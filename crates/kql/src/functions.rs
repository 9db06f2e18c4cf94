//! The scalar functions: names, parameters, result types.

use crate::types::Type;

/// What a parameter accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Param {
    /// Cast to this type.
    Is(Type),
    /// Any type, unchanged.
    Any,
    /// int, long or real; dynamic becomes real.
    Number,
    /// All parameters of this kind are cast to their common type.
    Common,
}

/// The result type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// This type.
    Is(Type),
    /// The type of an argument.
    Argument(usize),
    /// The common type of the parameters of kind [`Param::Common`].
    Common,
}

/// One function.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Name.
    pub name: &'static str,
    /// Parameters in order.
    pub params: &'static [Param],
    /// How many of them must be given.
    pub required: usize,
    /// What further arguments are, when they are allowed.
    pub rest: Option<Param>,
    /// Result.
    pub returns: Returns,
    /// An unnamed column of it takes the name of its first argument.
    pub keeps_name: bool,
}

const S: Param = Param::Is(Type::String);
const L: Param = Param::Is(Type::Long);
const R: Param = Param::Is(Type::Real);
const B: Param = Param::Is(Type::Bool);
const T: Param = Param::Is(Type::Datetime);
const P: Param = Param::Is(Type::Timespan);
const D: Param = Param::Is(Type::Dynamic);
const A: Param = Param::Any;
const N: Param = Param::Number;
const C: Param = Param::Common;

const fn f(name: &'static str, params: &'static [Param], returns: Returns) -> Function {
    Function { name, params, required: params.len(), rest: None, returns, keeps_name: false }
}

const fn opt(required: usize, function: Function) -> Function {
    Function { required, ..function }
}

const fn many(rest: Param, function: Function) -> Function {
    Function { rest: Some(rest), ..function }
}

const fn keep(function: Function) -> Function {
    Function { keeps_name: true, ..function }
}

const STRING: Returns = Returns::Is(Type::String);
const LONG: Returns = Returns::Is(Type::Long);
const REAL: Returns = Returns::Is(Type::Real);
const BOOL: Returns = Returns::Is(Type::Bool);
const DATETIME: Returns = Returns::Is(Type::Datetime);
const TIMESPAN: Returns = Returns::Is(Type::Timespan);
const DYNAMIC: Returns = Returns::Is(Type::Dynamic);

/// All functions that the executor carries out by name, sorted by theme. Conversions (`tostring`…),
/// `iff`, `case`, `not`, `now`, `ago`, `bin` and a few more are bound specially.
pub const FUNCTIONS: &[Function] = &[
    // Text
    many(S, f("strcat", &[S], STRING)),
    many(S, f("strcat_delim", &[S, S], STRING)),
    f("strlen", &[S], LONG),
    opt(2, f("substring", &[S, L, L], STRING)),
    f("tolower", &[S], STRING),
    f("toupper", &[S], STRING),
    f("trim", &[S, S], STRING),
    f("trim_start", &[S, S], STRING),
    f("trim_end", &[S, S], STRING),
    opt(2, f("split", &[S, S, L], DYNAMIC)),
    f("replace_string", &[S, S, S], STRING),
    f("replace_regex", &[S, S, S], STRING),
    f("replace_strings", &[S, D, D], STRING),
    opt(2, f("indexof", &[S, S, L, L, L], LONG)),
    opt(2, f("indexof_regex", &[S, S, L, L, L], LONG)),
    opt(2, f("countof", &[S, S, S], LONG)),
    f("extract", &[S, L, S], STRING),
    f("extract_all", &[S, S], DYNAMIC),
    f("extract_all_groups", &[S, D, S], DYNAMIC),
    f("reverse", &[S], STRING),
    opt(2, f("strrep", &[S, L, S], STRING)),
    opt(1, f("strcat_array", &[D, S], STRING)),
    f("strcmp", &[S, S], LONG),
    f("string_size", &[S], LONG),
    f("translate", &[S, S, S], STRING),
    f("isascii", &[S], BOOL),
    f("regex_quote", &[S], STRING),
    f("url_encode", &[S], STRING),
    f("url_encode_component", &[S], STRING),
    f("url_decode", &[S], STRING),
    f("base64_encode_tostring", &[S], STRING),
    f("base64_decode_tostring", &[S], STRING),
    f("base64_decode_toarray", &[S], DYNAMIC),
    f("hash_sha256", &[S], STRING),
    f("hash_sha1", &[S], STRING),
    f("hash_md5", &[S], STRING),
    opt(1, f("tohex", &[N, L], STRING)),
    f("parse_path", &[S], DYNAMIC),
    f("parse_url", &[S], DYNAMIC),
    f("parse_urlquery", &[S], DYNAMIC),
    f("parse_command_line", &[S, S], DYNAMIC),
    f("parse_csv", &[S], DYNAMIC),
    f("parse_version", &[S], LONG),
    many(A, f("make_string", &[A], STRING)),
    f("unicode_codepoints_from_string", &[S], DYNAMIC),
    many(A, f("unicode_codepoints_to_string", &[A], STRING)),
    opt(1, f("format_bytes", &[R, L, S], STRING)),
    // Emptiness
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
    // Numbers
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
    // Time
    keep(opt(1, f("startofday", &[T, L], DATETIME))),
    keep(opt(1, f("startofweek", &[T, L], DATETIME))),
    keep(opt(1, f("startofmonth", &[T, L], DATETIME))),
    keep(opt(1, f("startofyear", &[T, L], DATETIME))),
    keep(opt(1, f("endofday", &[T, L], DATETIME))),
    keep(opt(1, f("endofweek", &[T, L], DATETIME))),
    keep(opt(1, f("endofmonth", &[T, L], DATETIME))),
    keep(opt(1, f("endofyear", &[T, L], DATETIME))),
    f("hourofday", &[T], LONG),
    f("dayofweek", &[T], TIMESPAN),
    f("dayofmonth", &[T], LONG),
    f("dayofyear", &[T], LONG),
    f("monthofyear", &[T], LONG),
    f("getyear", &[T], LONG),
    f("week_of_year", &[T], LONG),
    f("datetime_part", &[S, T], LONG),
    f("datetime_diff", &[S, T, T], LONG),
    f("datetime_add", &[S, L, T], DATETIME),
    f("format_datetime", &[T, S], STRING),
    f("format_timespan", &[P, S], STRING),
    opt(3, f("make_datetime", &[L, L, L, L, L, R], DATETIME)),
    opt(2, f("make_timespan", &[L, L, R], TIMESPAN)),
    f("make_timespan_days", &[L, L, L, R], TIMESPAN),
    f("unixtime_seconds_todatetime", &[R], DATETIME),
    f("unixtime_milliseconds_todatetime", &[R], DATETIME),
    f("unixtime_microseconds_todatetime", &[R], DATETIME),
    f("unixtime_nanoseconds_todatetime", &[R], DATETIME),
    // Dynamic values
    f("array_length", &[D], LONG),
    many(A, f("pack_array", &[], DYNAMIC)),
    many(A, f("bag_pack", &[], DYNAMIC)),
    f("bag_keys", &[D], DYNAMIC),
    many(D, f("bag_merge", &[D], DYNAMIC)),
    f("bag_has_key", &[D, S], BOOL),
    f("bag_remove_keys", &[D, D], DYNAMIC),
    f("bag_set_key", &[D, S, A], DYNAMIC),
    f("bag_zip", &[D, D], DYNAMIC),
    many(D, f("array_concat", &[D], DYNAMIC)),
    f("array_slice", &[D, L, L], DYNAMIC),
    opt(2, f("array_index_of", &[D, A, L, L], LONG)),
    opt(1, f("array_sort_asc", &[D, B], DYNAMIC)),
    opt(1, f("array_sort_desc", &[D, B], DYNAMIC)),
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
    many(D, f("set_intersect", &[D, D], DYNAMIC)),
    many(D, f("set_difference", &[D, D], DYNAMIC)),
    f("jaccard_index", &[D, D], REAL),
    many(D, f("zip", &[D, D], DYNAMIC)),
    opt(2, f("range", &[A, A, A], DYNAMIC)),
    f("repeat", &[A, L], DYNAMIC),
    f("dynamic_to_json", &[D], STRING),
    f("gettype", &[A], STRING),
    f("treepath", &[D], DYNAMIC),
    // Addresses
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
    // Helpers of the binder
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
    f("parse_json", &[A], DYNAMIC),
];

/// Other names of functions.
pub const ALIASES: &[(&str, &str)] = &[
    ("todynamic", "parse_json"),
    ("parsejson", "parse_json"),
    ("toobject", "parse_json"),
    ("notempty", "isnotempty"),
    ("notnull", "isnotnull"),
    ("replace", "replace_regex"),
    ("pack", "bag_pack"),
    ("pack_dictionary", "bag_pack"),
    ("ceil", "ceiling"),
    ("getmonth", "monthofyear"),
    ("weekofyear", "week_of_year"),
    ("base64_decodestring", "base64_decode_tostring"),
    ("base64_encodestring", "base64_encode_tostring"),
    ("parseurl", "parse_url"),
    ("parsecsv", "parse_csv"),
    ("hash_sha2", "hash_sha256"),
    ("arraylength", "array_length"),
    ("dynamic_to_string", "dynamic_to_json"),
    ("unixtime_todatetime", "unixtime_seconds_todatetime"),
];

/// Functions that the binder treats itself.
pub const SPECIAL: &[&str] = &[
    "tostring",
    "toint",
    "tolong",
    "todouble",
    "toreal",
    "tobool",
    "toboolean",
    "todatetime",
    "totimespan",
    "toguid",
    "tofloat",
    "iff",
    "iif",
    "case",
    "not",
    "now",
    "ago",
    "bin",
    "floor",
    "bin_at",
    "toscalar",
    "materialize",
    "pack_all",
    "column_ifexists",
    "columnifexists",
    "ingestion_time",
    "extractjson",
    "extract_json",
    "ipv4_is_in_any_range",
    "row_number",
    "prev",
    "next",
    "row_cumsum",
    "set_has_element",
    "between",
    "todate",
    "make_timespan",
    "assert",
    "totime",
    "isutf8",
    "todecimal",
    "current_cluster_endpoint",
];

/// Functions that the language has and we lack: named in the error.
pub const UNSUPPORTED: &[&str] = &[
    "externaldata",
    "invoke",
    "geo_info_from_ip_address",
    "series_decompose_anomalies",
    "rand",
    "row_rank_dense",
    "row_rank_min",
    "row_window_session",
    "parse_xml",
    "parse_user_agent",
    "hash",
    "hash_xxhash64",
    "format_ipv4_mask",
    "parse_ipv6",
    "ipv6_compare",
    "ipv6_is_match",
    "ipv6_is_in_range",
    "parse_ipv4_mask",
    "new_guid",
    "hash_many",
    "hash_combine",
    "series_stats",
    "series_fit_line",
    "series_fit_2lines",
    "series_outliers",
    "estimate_data_size",
    "has_any_index",
    "has_any_ipv4",
    "has_any_ipv4_prefix",
    "datetime_utc_to_local",
    "datetime_local_to_utc",
    "datetime_list_timezones",
    "bag_pack_columns",
    "workspace",
    "app",
    "cluster",
    "database",
    "table",
    "external_table",
    "materialized_view",
    "_GetWatchlist",
    "welch_test",
    "hll_merge",
    "dcount_hll",
    "percentile_tdigest",
    "gzip_compress_to_base64_string",
    "gzip_decompress_from_base64_string",
    "zlib_compress_to_base64_string",
    "zlib_decompress_from_base64_string",
    "punycode_from_string",
    "punycode_to_string",
    "gamma",
    "loggamma",
    "erf",
    "erfc",
    "beta_cdf",
    "bin_auto",
    "bartlett_test",
    "current_principal",
    "current_principal_details",
    "cursor_after",
    "extent_id",
    "extent_tags",
    "row_rank",
];

/// The function of this name or alias.
pub fn lookup(name: &str) -> Option<&'static Function> {
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, real)| real);
    FUNCTIONS.iter().find(|f| f.name == name)
}

/// Names for suggestions.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|f| f.name).filter(|n| !n.starts_with("__")).chain(SPECIAL.iter().copied())
}
