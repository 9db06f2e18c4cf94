//! Arithmetic, comparisons and mathematical functions, element by element.

use super::numbers::{Num, number, series, write, write_with};
use super::{Call, RowFn, V};
use crate::kernels::arg;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    Some(match name {
        "series_add" => |c, a| arithmetic(c, a, |x, y| whole(x, y, i64::checked_add, |x, y| x + y)),
        "series_subtract" => |c, a| arithmetic(c, a, |x, y| whole(x, y, i64::checked_sub, |x, y| x - y)),
        "series_multiply" => |c, a| arithmetic(c, a, |x, y| whole(x, y, i64::checked_mul, |x, y| x * y)),
        "series_divide" => |c, a| arithmetic(c, a, |x, y| both(x, y, |x, y| x / y)),
        "series_pow" => |c, a| arithmetic(c, a, |x, y| both(x, y, f64::powf)),
        "series_greater" => |c, a| compare(c, a, |x, y| x > y),
        "series_greater_equals" => |c, a| compare(c, a, |x, y| x >= y),
        "series_less" => |c, a| compare(c, a, |x, y| x < y),
        "series_less_equals" => |c, a| compare(c, a, |x, y| x <= y),
        "series_equals" => |c, a| compare(c, a, |x, y| x == y),
        "series_not_equals" => |c, a| compare(c, a, |x, y| x != y),
        "series_abs" => |_, a| {
            each(a, |n| match n {
                Num::Int(n) => n.checked_abs().map_or(Num::Missing, Num::Int),
                Num::Real(n) => Num::Real(n.abs()),
                Num::Missing => Num::Missing,
            })
        },
        "series_sign" => |_, a| {
            each(a, |n| match n {
                Num::Int(n) => Num::Int(n.signum()),
                Num::Real(n) if n.is_nan() => Num::Missing,
                Num::Real(n) => Num::Int(i64::from(n > 0.0) - i64::from(n < 0.0)),
                Num::Missing => Num::Missing,
            })
        },
        "series_ceiling" => |_, a| each(a, |n| real(n, f64::ceil)),
        "series_floor" => |_, a| each(a, |n| real(n, f64::floor)),
        "series_exp" => |_, a| each(a, |n| real(n, f64::exp)),
        "series_log" => |_, a| each(a, |n| real(n, f64::ln)),
        "series_sin" => |_, a| each(a, |n| real(n, f64::sin)),
        "series_cos" => |_, a| each(a, |n| real(n, f64::cos)),
        "series_tan" => |_, a| each(a, |n| real(n, f64::tan)),
        "series_asin" => |_, a| each(a, |n| real(n, f64::asin)),
        "series_acos" => |_, a| each(a, |n| real(n, f64::acos)),
        "series_atan" => |_, a| each(a, |n| real(n, f64::atan)),
        _ => return None,
    })
}

fn real(n: Num, f: fn(f64) -> f64) -> Num {
    n.real().map_or(Num::Missing, |n| Num::Real(f(n)))
}

fn each(args: &[V<'_>], f: fn(Num) -> Num) -> V<'static> {
    series(arg(args, 0)).map_or(V::Null, |items| write(items.into_iter().map(f)))
}

fn both(x: Num, y: Num, f: fn(f64, f64) -> f64) -> Num {
    match (x.real(), y.real()) {
        (Some(x), Some(y)) => Num::Real(f(x, y)),
        _ => Num::Missing,
    }
}

/// Whole numbers stay whole; where they do not fit any more the result is a real.
fn whole(x: Num, y: Num, f: fn(i64, i64) -> Option<i64>, g: fn(f64, f64) -> f64) -> Num {
    match (x, y) {
        (Num::Int(a), Num::Int(b)) => f(a, b).map_or_else(|| both(x, y, g), Num::Int),
        _ => both(x, y, g),
    }
}

/// A series, or one number that stands for every element.
enum Operand {
    Series(Vec<Num>),
    Number(Num),
}

impl Operand {
    fn new(call: &Call<'_>, args: &[V<'_>], at: usize) -> Option<Self> {
        let value = arg(args, at);
        if let Some(items) = series(value) {
            return Some(Operand::Series(items));
        }
        match number(value, call.ty(at)) {
            Num::Missing => None,
            n => Some(Operand::Number(n)),
        }
    }

    fn get(&self, at: usize) -> Num {
        match self {
            Operand::Series(items) => items.get(at).copied().unwrap_or(Num::Missing),
            Operand::Number(n) => *n,
        }
    }
}

/// The elements in pairs, as many as the longer series has; none without a series.
fn pairs(call: &Call<'_>, args: &[V<'_>]) -> Option<impl Iterator<Item = (Num, Num)>> {
    let (a, b) = (Operand::new(call, args, 0)?, Operand::new(call, args, 1)?);
    let length = match (&a, &b) {
        (Operand::Series(x), Operand::Series(y)) => x.len().max(y.len()),
        (Operand::Series(x), Operand::Number(_)) | (Operand::Number(_), Operand::Series(x)) => x.len(),
        (Operand::Number(_), Operand::Number(_)) => return None,
    };
    Some((0..length).map(move |at| (a.get(at), b.get(at))))
}

fn arithmetic(call: &Call<'_>, args: &[V<'_>], f: fn(Num, Num) -> Num) -> V<'static> {
    pairs(call, args).map_or(V::Null, |pairs| write(pairs.map(|(x, y)| f(x, y))))
}

fn compare(call: &Call<'_>, args: &[V<'_>], f: fn(f64, f64) -> bool) -> V<'static> {
    let Some(pairs) = pairs(call, args) else { return V::Null };
    write_with(pairs, |out, (x, y)| {
        out.push_str(match (x.real(), y.real()) {
            (Some(x), Some(y)) if f(x, y) => "true",
            (Some(_), Some(_)) => "false",
            _ => "null",
        });
    })
}
