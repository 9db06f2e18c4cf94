//! Numbers, emptiness, and choices among values.

use arrow::datatypes::i256;
use palisade_kql::Type;

use super::{Call, RowFn, arg};
use crate::decimal;
use crate::value::V;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    macro_rules! real {
        ($f:expr) => {
            |_, a| arg(a, 0).real().map_or(V::Null, |n| finite($f(n)))
        };
    }
    macro_rules! bits {
        ($f:expr) => {
            |_, a| match (arg(a, 0).int(), arg(a, 1).int()) {
                (Some(x), Some(y)) => $f(x, y),
                _ => V::Null,
            }
        };
    }
    Some(match name {
        "isempty" => |c, a| V::Bool(is_empty(arg(a, 0), c.ty(0))),
        "isnotempty" => |c, a| V::Bool(!is_empty(arg(a, 0), c.ty(0))),
        "isnull" => |c, a| V::Bool(is_null(arg(a, 0), c.ty(0))),
        "isnotnull" => |c, a| V::Bool(!is_null(arg(a, 0), c.ty(0))),
        "isnan" => |_, a| V::Bool(arg(a, 0).real().is_some_and(f64::is_nan)),
        "isinf" => |_, a| V::Bool(arg(a, 0).real().is_some_and(f64::is_infinite)),
        "isfinite" => |_, a| V::Bool(arg(a, 0).real().is_some_and(f64::is_finite)),
        "coalesce" => {
            |c, a| a.iter().find(|v| !is_empty(v, c.returns)).map_or(V::Null, |v| v.clone().owned())
        }
        "max_of" => |_, a| extreme(a, std::cmp::Ordering::Greater),
        "min_of" => |_, a| extreme(a, std::cmp::Ordering::Less),
        "abs" => |_, a| match arg(a, 0) {
            V::Int(n) => n.checked_abs().map_or(V::Null, V::Int),
            V::Real(n) => V::Real(n.abs()),
            V::Dec(n) => V::Dec(n.wrapping_abs()),
            _ => V::Null,
        },
        "sign" => |_, a| match arg(a, 0).real() {
            Some(n) if n > 0.0 => V::Real(1.0),
            Some(n) if n < 0.0 => V::Real(-1.0),
            Some(_) => V::Real(0.0),
            None => V::Null,
        },
        "round" => round,
        "ceiling" => |_, a| match arg(a, 0) {
            V::Real(n) => V::Real(n.ceil()),
            V::Dec(n) => decimal::ceiling(*n).map_or(V::Null, V::Dec),
            other => other.clone().owned(),
        },
        "sqrt" => |_, a| arg(a, 0).real().map_or(V::Null, |n| V::Real(n.sqrt())),
        "pow" => |_, a| match (arg(a, 0).real(), arg(a, 1).real()) {
            (Some(x), Some(y)) => finite(x.powf(y)),
            _ => V::Null,
        },
        "exp" => real!(f64::exp),
        "exp2" => real!(f64::exp2),
        "exp10" => real!(|n: f64| 10f64.powf(n)),
        "log" => real!(f64::ln),
        "log2" => real!(f64::log2),
        "log10" => real!(f64::log10),
        "pi" => |_, _| V::Real(std::f64::consts::PI),
        "sin" => real!(f64::sin),
        "cos" => real!(f64::cos),
        "tan" => real!(f64::tan),
        "cot" => real!(|n: f64| 1.0 / n.tan()),
        "asin" => real!(f64::asin),
        "acos" => real!(f64::acos),
        "atan" => real!(f64::atan),
        "atan2" => |_, a| match (arg(a, 0).real(), arg(a, 1).real()) {
            (Some(y), Some(x)) => V::Real(y.atan2(x)),
            _ => V::Null,
        },
        "radians" => real!(f64::to_radians),
        "degrees" => real!(f64::to_degrees),
        "binary_and" => bits!(|x: i64, y: i64| V::Int(x & y)),
        "binary_or" => bits!(|x: i64, y: i64| V::Int(x | y)),
        "binary_xor" => bits!(|x: i64, y: i64| V::Int(x ^ y)),
        "binary_not" => |_, a| arg(a, 0).int().map_or(V::Null, |n| V::Int(!n)),
        "binary_shift_left" => {
            bits!(|x: i64, y: i64| V::Int(x.wrapping_shl(u32::try_from(y.rem_euclid(64)).unwrap_or(0))))
        }
        "binary_shift_right" => {
            bits!(|x: i64, y: i64| V::Int(x.wrapping_shr(u32::try_from(y.rem_euclid(64)).unwrap_or(0))))
        }
        "bitset_count_ones" => |_, a| arg(a, 0).int().map_or(V::Null, |n| V::Int(i64::from(n.count_ones()))),
        "__bin_number" => |_, a| bin(arg(a, 0), arg(a, 1), &V::Int(0)),
        "__bin_at_number" => |_, a| bin(arg(a, 0), arg(a, 1), arg(a, 2)),
        "__divide" => |_, a| match (arg(a, 0).int(), arg(a, 1).int()) {
            (Some(x), Some(y)) => x.checked_div(y).map_or(V::Null, V::Int),
            _ => V::Null,
        },
        "__modulo" => modulo,
        "rand" => rand,
        "new_guid" => |_, _| V::string(uuid::Uuid::new_v4().to_string()),
        "__decimal_add" => |_, a| exact(a, decimal::add),
        "__decimal_subtract" => |_, a| exact(a, decimal::subtract),
        "__decimal_multiply" => |_, a| exact(a, decimal::multiply),
        "__decimal_divide" => |_, a| exact(a, decimal::divide),
        "__decimal_modulo" => |_, a| exact(a, decimal::modulo),
        _ => return None,
    })
}

fn exact(a: &[V<'_>], operation: fn(i256, i256) -> Option<i256>) -> V<'static> {
    match (arg(a, 0), arg(a, 1)) {
        (V::Dec(x), V::Dec(y)) => operation(*x, *y).map_or(V::Null, V::Dec),
        _ => V::Null,
    }
}

/// A random number below 1, or a whole one below a bound.
#[allow(clippy::cast_precision_loss)]
fn rand(_: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let Ok(bits) = getrandom::u64() else { return V::Null };
    // 53 bits fill a real.
    let share = (bits >> 11) as f64 / (1u64 << 53) as f64;
    match a.first() {
        None => V::Real(share),
        Some(bound) => match bound.int() {
            Some(0) => V::Real(share),
            Some(n) => V::Real((share * n as f64).trunc()),
            None => V::Null,
        },
    }
}

fn finite(n: f64) -> V<'static> {
    V::Real(n)
}

fn is_null(value: &V<'_>, ty: Type) -> bool {
    match value {
        V::Null => ty != Type::String,
        V::Str(s) if ty == Type::Dynamic => s.is_empty() || s == "null",
        _ => false,
    }
}

fn is_empty(value: &V<'_>, ty: Type) -> bool {
    match value {
        V::Null => true,
        V::Str(s) if ty == Type::Dynamic => s.is_empty() || s == "null" || s == "\"\"",
        V::Str(s) => s.is_empty(),
        _ => false,
    }
}

fn order(a: &V<'_>, b: &V<'_>) -> std::cmp::Ordering {
    match (a, b) {
        (V::Int(x), V::Int(y)) => x.cmp(y),
        (V::Bool(x), V::Bool(y)) => x.cmp(y),
        (V::Str(x), V::Str(y)) => x.cmp(y),
        (V::Dec(x), V::Dec(y)) => x.cmp(y),
        _ => match (a.real(), b.real()) {
            (Some(x), Some(y)) => x.total_cmp(&y),
            _ => std::cmp::Ordering::Equal,
        },
    }
}

/// The greatest or least value; nulls do not count.
fn extreme(args: &[V<'_>], wanted: std::cmp::Ordering) -> V<'static> {
    let mut best: Option<&V<'_>> = None;
    for value in args.iter().filter(|v| !matches!(v, V::Null)) {
        if best.is_none_or(|b| order(value, b) == wanted) {
            best = Some(value);
        }
    }
    best.map_or(V::Null, |v| v.clone().owned())
}

fn round(call: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    let digits = arg(a, 1).int().unwrap_or(0).clamp(-15, 15);
    if let V::Dec(n) = arg(a, 0) {
        return decimal::round(*n, digits).map_or(V::Null, V::Dec);
    }
    let Some(n) = arg(a, 0).real() else { return V::Null };
    if call.returns != Type::Real && digits >= 0 {
        return arg(a, 0).clone().owned();
    }
    let scale = 10f64.powi(i32::try_from(digits).unwrap_or(0));
    let scaled = n * scale;
    // Half to even, as .NET does.
    let rounded = scaled.round_ties_even() / scale;
    #[allow(clippy::cast_possible_truncation)]
    if call.returns == Type::Real { V::Real(rounded) } else { V::Int(rounded as i64) }
}

/// Floors to a multiple of the step, counted from an origin.
fn bin(value: &V<'_>, step: &V<'_>, origin: &V<'_>) -> V<'static> {
    if let (V::Int(n), V::Int(step), Some(origin)) = (value, step, origin.int()) {
        return bin_integer(*n, *step, origin).map_or(V::Null, V::Int);
    }
    if let (V::Dec(n), V::Dec(step)) = (value, step) {
        let origin = match origin {
            V::Dec(origin) => *origin,
            _ => decimal::of_long(0),
        };
        return decimal::bin(*n, *step, origin).map_or(V::Null, V::Dec);
    }
    match (value.real(), step.real(), origin.real()) {
        (Some(n), Some(step), Some(origin)) if step > 0.0 => {
            V::Real(origin + ((n - origin) / step).floor() * step)
        }
        _ => V::Null,
    }
}

pub(super) fn bin_integer(n: i64, step: i64, origin: i64) -> Option<i64> {
    if step <= 0 {
        return None;
    }
    if let Some(offset) = n.checked_sub(origin)
        && let Some(bin) = offset.checked_sub(offset.rem_euclid(step))
    {
        return origin.checked_add(bin);
    }
    let offset = i128::from(n) - i128::from(origin);
    i64::try_from(i128::from(origin) + offset.div_euclid(i128::from(step)) * i128::from(step)).ok()
}

/// Never negative.
fn modulo(_: &Call<'_>, a: &[V<'_>]) -> V<'static> {
    match (arg(a, 0), arg(a, 1)) {
        (V::Int(x), V::Int(y)) => x.checked_rem_euclid(*y).map_or(V::Null, V::Int),
        (x, y) => match (x.real(), y.real()) {
            (Some(x), Some(y)) if y != 0.0 => V::Real(x.rem_euclid(y)),
            _ => V::Null,
        },
    }
}
