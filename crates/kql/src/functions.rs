//! The scalar functions: names, parameters, result types.

mod array;
mod convert;
mod dynamic;
mod empty;
mod geo;
mod hash;
mod helper;
mod network;
mod number;
mod parse;
mod series;
mod sketch;
mod text;
mod time;

use crate::types::Type;

/// What a parameter accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Param {
    /// Cast to this type.
    Is(Type),
    /// Any type, unchanged.
    Any,
    /// int, long, real or decimal; dynamic becomes real.
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

/// The name of an unnamed column that a function makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// `Column1`, `Column2`…
    Numbered,
    /// The name of the first argument.
    First,
    /// This word, `_`, and the name of the first argument, if it has one.
    Prefixed(&'static str),
    /// The name of the first argument and this word; numbered where it has none.
    Suffixed(&'static str),
    /// This name.
    Fixed(&'static str),
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
    /// The name of an unnamed column of it.
    pub naming: Naming,
}

const S: Param = Param::Is(Type::String);
const L: Param = Param::Is(Type::Long);
const R: Param = Param::Is(Type::Real);
const B: Param = Param::Is(Type::Bool);
const G: Param = Param::Is(Type::Guid);
const T: Param = Param::Is(Type::Datetime);
const P: Param = Param::Is(Type::Timespan);
const D: Param = Param::Is(Type::Dynamic);
const A: Param = Param::Any;
const N: Param = Param::Number;
const C: Param = Param::Common;

const fn f(name: &'static str, params: &'static [Param], returns: Returns) -> Function {
    Function { name, params, required: params.len(), rest: None, returns, naming: Naming::Numbered }
}

const fn opt(required: usize, function: Function) -> Function {
    Function { required, ..function }
}

const fn many(rest: Param, function: Function) -> Function {
    Function { rest: Some(rest), ..function }
}

const fn keep(function: Function) -> Function {
    Function { naming: Naming::First, ..function }
}

const fn named(naming: Naming, function: Function) -> Function {
    Function { naming, ..function }
}

const STRING: Returns = Returns::Is(Type::String);
const INT: Returns = Returns::Is(Type::Int);
const LONG: Returns = Returns::Is(Type::Long);
const REAL: Returns = Returns::Is(Type::Real);
const BOOL: Returns = Returns::Is(Type::Bool);
const DECIMAL: Returns = Returns::Is(Type::Decimal);
const GUID: Returns = Returns::Is(Type::Guid);
const DATETIME: Returns = Returns::Is(Type::Datetime);
const TIMESPAN: Returns = Returns::Is(Type::Timespan);
const DYNAMIC: Returns = Returns::Is(Type::Dynamic);

/// All functions that the executor carries out by name, by theme. Conversions (`tostring`…), `iff`, `case`,
/// `not`, `now`, `ago`, `bin` and a few more are bound specially.
const THEMES: &[&[Function]] = &[
    text::TEXT,
    hash::HASH,
    parse::PARSE,
    empty::EMPTY,
    number::NUMBER,
    time::TIME,
    array::ARRAY,
    convert::CONVERT,
    sketch::SKETCH,
    dynamic::DYNAMIC_VALUES,
    network::NETWORK,
    series::SERIES,
    geo::GEO,
    helper::HELPER,
];

pub use series::{COLUMNS, ColumnsFunction, columns};

/// All functions of all themes.
pub fn all() -> impl Iterator<Item = &'static Function> {
    THEMES.iter().copied().flatten()
}

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
    ("array_strcat", "strcat_array"),
    ("extractall", "extract_all"),
    ("datepart", "datetime_part"),
    ("array_iif", "array_iff"),
    ("parseurlquery", "parse_urlquery"),
    ("hash_xxhash64", "hash"),
    ("merge_tdigest", "tdigest_merge"),
    ("extentid", "extent_id"),
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
    "row_rank_dense",
    "row_rank_min",
    "row_window_session",
    "set_has_element",
    "todate",
    "make_timespan",
    "assert",
    "totime",
    "todecimal",
    "bag_pack_columns",
    "column_names_of",
    "bin_auto",
    "iscolumnexists",
    "estimate_data_size",
    "ipv6_is_in_any_range",
    "has_any_ipv4",
    "has_any_ipv4_prefix",
    "around",
    "percentile_tdigest",
    "percentiles_array_tdigest",
];

/// Functions that the language has and we lack: named in the error.
pub const UNSUPPORTED: &[&str] = &[
    "workspace",
    "app",
    "cluster",
    "database",
    "table",
    "external_table",
    "materialized_view",
    "_GetWatchlist",
    "cursor_after",
    "extent_id",
    "extent_tags",
    "row_rank",
    "current_database",
    "current_cluster_endpoint",
    "current_principal",
    "current_principal_details",
    "cursor_before_or_at",
    "cursor_current",
    "current_cursor",
    "current_node_id",
    "current_principal_is_member_of",
    "rowstore_ordinal_range",
    "row_id",
    "stored_query_result",
    "entity_group",
    "hash_many",
    "hash_combine",
];

/// The function of this name or alias.
pub fn lookup(name: &str) -> Option<&'static Function> {
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, real)| real);
    all().find(|f| f.name == name)
}

/// Names for suggestions.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    all().map(|f| f.name).filter(|n| !n.starts_with("__")).chain(SPECIAL.iter().copied())
}
