//! Conversions between types, JSON included.

use arrow::datatypes::i256;
use palisade_kql::Type;
use palisade_kql::time::{
    MICROS_PER_DAY, MIN_DATETIME, format_datetime, format_timespan, parse_datetime, parse_timespan,
};
use serde_json::{Number, Value as Json};

use super::{Call, RowFn, arg};
use crate::decimal;
use crate::value::V;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    Some(match name {
        "to" => |c, a| convert(arg(a, 0), c.ty(0), c.returns),
        "parse_json" => |c, a| parse_json(arg(a, 0), c.ty(0)),
        "gettype" => gettype,
        "dynamic_to_json" => |_, a| match arg(a, 0) {
            V::Str(s) => V::string(sorted(json_of_text(s)).to_string()),
            _ => V::string(""),
        },
        _ => return None,
    })
}

/// A cell as text, as `tostring` writes it.
pub(crate) fn to_text(value: &V<'_>, ty: Type) -> String {
    match (value, ty) {
        (V::Null, _) => String::new(),
        (V::Bool(true), _) => "True".to_owned(),
        (V::Bool(false), _) => "False".to_owned(),
        (V::Int(at), Type::Datetime) => format_datetime(*at),
        (V::Int(ticks), Type::Timespan) => format_timespan(*ticks),
        (V::Int(n), _) => n.to_string(),
        (V::Real(n), _) => real_text(*n),
        (V::Dec(n), _) => decimal::text(*n),
        (V::Str(s), Type::Dynamic) => dynamic_text(s),
        (V::Str(s), _) => s.to_string(),
    }
}

/// A real as text: `1.0`, `1.5`, `1E+20`, `NaN`, `∞`.
pub(crate) fn real_text(n: f64) -> String {
    if n.is_nan() {
        return "NaN".to_owned();
    }
    if n.is_infinite() {
        return if n > 0.0 { "∞".to_owned() } else { "-∞".to_owned() };
    }
    let magnitude = n.abs();
    if magnitude != 0.0 && !(1e-5..1e15).contains(&magnitude) {
        let text = format!("{n:E}");
        if let Some((mantissa, exponent)) = text.split_once('E') {
            let (sign, digits) = exponent.strip_prefix('-').map_or(("+", exponent), |d| ("-", d));
            return format!("{mantissa}E{sign}{digits:0>2}");
        }
    }
    if n.fract() == 0.0 { format!("{n:.1}") } else { n.to_string() }
}

/// The text of a dynamic: a string without its quotes, null as "".
pub(crate) fn dynamic_text(json: &str) -> String {
    if json.starts_with('"') {
        return serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_owned());
    }
    if json == "null" { String::new() } else { json.to_owned() }
}

/// The JSON value of JSON text; what is not JSON is a string.
pub(crate) fn json_of_text(text: &str) -> Json {
    if text.is_empty() {
        return Json::Null;
    }
    serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned()))
}

/// A cell as JSON.
pub(crate) fn to_json(value: &V<'_>, ty: Type) -> Json {
    match (value, ty) {
        (V::Null, _) => Json::Null,
        (V::Bool(b), _) => Json::Bool(*b),
        (V::Int(_), Type::Datetime | Type::Timespan) => Json::String(to_text(value, ty)),
        (V::Int(n), _) => Json::from(*n),
        (V::Real(n), _) => Number::from_f64(*n).map_or_else(|| Json::String(real_text(*n)), Json::Number),
        (V::Dec(n), _) => Json::String(decimal::text(*n)),
        (V::Str(s), Type::Dynamic) => json_of_text(s),
        (V::Str(s), _) => Json::String(s.to_string()),
    }
}

/// JSON as a cell of type dynamic.
pub(crate) fn from_json(json: &Json) -> V<'static> {
    if json.is_null() { V::Null } else { V::string(json.to_string()) }
}

/// Converts; what does not fit is null.
pub(crate) fn convert(value: &V<'_>, from: Type, to: Type) -> V<'static> {
    if from == Type::Dynamic && to != Type::Dynamic {
        return match value {
            V::Str(text) => from_dynamic(text, to),
            _ => V::Null,
        };
    }
    match to {
        Type::String => V::string(to_text(value, from)),
        Type::Dynamic => from_json(&to_json(value, from)),
        Type::Bool => to_bool(value, from),
        Type::Int => match (value, to_long(value, from)) {
            // A number is cut to 32 bits, a text must fit.
            (V::Str(_), Some(n)) => i32::try_from(n).map_or(V::Null, |n| V::Int(i64::from(n))),
            #[allow(clippy::cast_possible_truncation)]
            (_, Some(n)) => V::Int(i64::from(n as i32)),
            (_, None) => V::Null,
        },
        Type::Long => to_long(value, from).map_or(V::Null, V::Int),
        Type::Real => to_real(value, from).map_or(V::Null, V::Real),
        Type::Decimal => to_decimal(value, from).map_or(V::Null, V::Dec),
        Type::Datetime => to_datetime(value, from).map_or(V::Null, V::Int),
        Type::Timespan => match (value, from) {
            (V::Str(s), _) => parse_timespan(s).map_or(V::Null, V::Int),
            (V::Int(n), Type::Timespan | Type::Long | Type::Int) => V::Int(*n),
            _ => V::Null,
        },
        Type::Guid => match value {
            V::Str(s) => guid(s).map_or(V::Null, V::string),
            _ => V::Null,
        },
    }
}

fn from_dynamic(text: &str, to: Type) -> V<'static> {
    if to == Type::String {
        return V::string(dynamic_text(text));
    }
    convert_json(json_of_text(text), to)
}

/// Converts JSON; what does not fit is null.
pub(crate) fn convert_json(json: Json, to: Type) -> V<'static> {
    match json {
        _ if to == Type::String => V::string(dynamic_text(&json.to_string())),
        Json::String(s) => convert(&V::string(s), Type::String, to),
        Json::Bool(b) => convert(&V::Bool(b), Type::Bool, to),
        Json::Number(n) => match n.as_i64() {
            Some(long) => convert(&V::Int(long), Type::Long, to),
            None => n.as_f64().map_or(V::Null, |real| convert(&V::Real(real), Type::Real, to)),
        },
        _ => V::Null,
    }
}

fn to_bool(value: &V<'_>, _from: Type) -> V<'static> {
    match value {
        V::Bool(b) => V::Bool(*b),
        V::Int(n) => V::Bool(*n != 0),
        V::Real(n) => V::Bool(*n != 0.0),
        V::Dec(n) => V::Bool(*n != i256::ZERO),
        V::Str(s) => match s.trim().to_ascii_lowercase().as_str() {
            "true" => V::Bool(true),
            "false" => V::Bool(false),
            other => other.parse::<i64>().map_or(V::Null, |n| V::Bool(n != 0)),
        },
        V::Null => V::Null,
    }
}

fn to_long(value: &V<'_>, from: Type) -> Option<i64> {
    match value {
        V::Bool(b) => Some(i64::from(*b)),
        V::Int(at) if from == Type::Datetime => at.checked_sub(MIN_DATETIME)?.checked_mul(10),
        V::Int(n) => Some(*n),
        #[allow(clippy::cast_possible_truncation)]
        V::Real(n) => (n.abs() < 9.223_372_036_854_775e18).then(|| n.trunc() as i64),
        V::Dec(n) => decimal::long(*n),
        V::Str(s) => parse_long(s),
        V::Null => None,
    }
}

/// A decimal or hexadecimal integer; no fraction.
pub(crate) fn parse_long(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        #[allow(clippy::cast_possible_wrap)]
        return u64::from_str_radix(hex, 16).ok().map(|n| n as i64);
    }
    text.parse().ok()
}

#[allow(clippy::cast_precision_loss)]
fn to_real(value: &V<'_>, from: Type) -> Option<f64> {
    match value {
        V::Bool(b) => Some(f64::from(u8::from(*b))),
        V::Real(n) => Some(*n),
        V::Dec(n) => decimal::real(*n),
        V::Int(_) => to_long(value, from).map(|n| n as f64),
        V::Str(s) => match s.trim().to_ascii_lowercase().as_str() {
            "nan" => Some(f64::NAN),
            "inf" | "+inf" | "infinity" => Some(f64::INFINITY),
            "-inf" | "-infinity" => Some(f64::NEG_INFINITY),
            other => other.parse::<f64>().ok().or_else(|| parse_long(other).map(|n| n as f64)),
        },
        V::Null => None,
    }
}

fn to_decimal(value: &V<'_>, from: Type) -> Option<i256> {
    match value {
        V::Dec(n) => Some(*n),
        V::Real(n) => decimal::parse(&n.to_string()),
        V::Str(s) => decimal::parse(s).or_else(|| parse_long(s).map(decimal::of_long)),
        V::Bool(_) | V::Int(_) => to_long(value, from).map(decimal::of_long),
        V::Null => None,
    }
}

fn to_datetime(value: &V<'_>, from: Type) -> Option<i64> {
    match (value, from) {
        (V::Str(s), _) => parse_datetime(s),
        (V::Int(at), Type::Datetime) => Some(*at),
        (V::Int(ticks), Type::Long | Type::Int) => {
            let at = MIN_DATETIME.checked_add(ticks.div_euclid(10))?;
            (at <= palisade_kql::time::MAX_DATETIME && *ticks >= 0 && MICROS_PER_DAY > 0).then_some(at)
        }
        _ => None,
    }
}

fn guid(text: &str) -> Option<String> {
    let digits: String = text.trim().trim_matches(['{', '}']).chars().filter(|c| *c != '-').collect();
    if digits.len() != 32 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let d = digits.to_ascii_lowercase();
    Some(format!("{}-{}-{}-{}-{}", &d[..8], &d[8..12], &d[12..16], &d[16..20], &d[20..]))
}

fn parse_json(value: &V<'_>, ty: Type) -> V<'static> {
    match value {
        V::Str(text) if ty == Type::String => from_json(&json_of_text(text)),
        other => from_json(&to_json(other, ty)),
    }
}

fn gettype(call: &Call<'_>, args: &[V<'_>]) -> V<'static> {
    let name = match (arg(args, 0), call.ty(0)) {
        (V::Str(text), Type::Dynamic) => match json_of_text(text) {
            Json::Null => "null",
            Json::Bool(_) => "bool",
            Json::Number(n) => {
                if n.is_i64() {
                    "long"
                } else {
                    "double"
                }
            }
            Json::String(_) => "string",
            Json::Array(_) => "array",
            Json::Object(_) => "dictionary",
        },
        (V::Null, Type::Dynamic) => "null",
        (_, Type::Real) => "real",
        (_, ty) => ty.name(),
    };
    V::string(name)
}

/// Bags with their keys in order.
pub(crate) fn sorted(json: Json) -> Json {
    match json {
        Json::Object(bag) => {
            let mut pairs: Vec<_> = bag.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(pairs.into_iter().collect())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}
