//! What stands in for missing elements.

use super::numbers::{Num, count, number, series, write};
use super::{Call, RowFn, V};
use crate::kernels::arg;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    Some(match name {
        "series_fill_forward" => |c, a| fill(c, a, 1, carry),
        "series_fill_backward" => |c, a| {
            fill(c, a, 1, |items, missing| {
                items.reverse();
                carry(items, missing);
                items.reverse();
            })
        },
        "series_fill_const" => |c, a| {
            let constant = if a.len() > 1 { number(arg(a, 1), c.ty(1)) } else { Num::Int(0) };
            let Some(mut items) = series(arg(a, 0)) else { return V::Null };
            let missing = placeholder(c, a, 2);
            let constant = suited(constant, &items, missing);
            for item in items.iter_mut().filter(|i| is_missing(**i, missing)) {
                *item = constant;
            }
            write(items)
        },
        "series_fill_linear" => linear,
        _ => return None,
    })
}

/// The value that marks a missing element; null where none is given.
fn placeholder(call: &Call<'_>, args: &[V<'_>], at: usize) -> Num {
    number(arg(args, at), call.ty(at))
}

fn is_missing(item: Num, placeholder: Num) -> bool {
    item.same(placeholder)
}

fn fill(call: &Call<'_>, args: &[V<'_>], at: usize, f: fn(&mut Vec<Num>, Num)) -> V<'static> {
    let Some(mut items) = series(arg(args, 0)) else { return V::Null };
    f(&mut items, placeholder(call, args, at));
    write(items)
}

/// Carries the last element over missing ones.
fn carry(items: &mut Vec<Num>, missing: Num) {
    let mut last = None;
    for item in items {
        if !is_missing(*item, missing) {
            last = Some(*item);
        } else if let Some(last) = last {
            *item = last;
        }
    }
}

/// Elements keep their kind: a whole number among reals is written as a real.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn suited(constant: Num, items: &[Num], missing: Num) -> Num {
    let mut there = items.iter().filter(|i| !is_missing(**i, missing)).peekable();
    let whole = there.peek().is_some() && there.all(|i| matches!(i, Num::Int(_)));
    match constant {
        Num::Int(n) if items.iter().any(|i| matches!(i, Num::Real(_))) => Num::Real(n as f64),
        Num::Real(n) if whole && n.is_finite() => Num::Int(n as i64),
        other => other,
    }
}

/// Lines between neighbours. At the ends the nearest element stands, unless edges are to stay; where
/// nothing is there at all, the constant.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn linear(call: &Call<'_>, args: &[V<'_>]) -> V<'static> {
    let Some(mut items) = series(arg(args, 0)) else { return V::Null };
    let missing = placeholder(call, args, 1);
    let edges = !matches!(arg(args, 2), V::Bool(false));
    let constant = if args.len() > 3 { number(arg(args, 3), call.ty(3)) } else { Num::Real(0.0) };
    let whole = items.iter().all(|i| is_missing(*i, missing) || matches!(i, Num::Int(_)));
    let known: Vec<usize> = (0..items.len()).filter(|at| !is_missing(items[*at], missing)).collect();
    let (Some(first), Some(last)) = (known.first().copied(), known.last().copied()) else {
        return write(items.iter().map(|_| constant));
    };
    for pair in known.windows(2) {
        let [from, to] = *pair else { continue };
        let (Some(a), Some(b)) = (items[from].real(), items[to].real()) else { continue };
        let step = (b - a) / count(to - from);
        for (n, item) in (1..).zip(items.get_mut(from + 1..to).unwrap_or_default()) {
            let value = a + step * count(n);
            // Between whole numbers the line is cut to whole numbers.
            *item = if whole { Num::Int(value as i64) } else { Num::Real(value) };
        }
    }
    if edges {
        let (low, high) = (items[first], items[last]);
        items[..first].fill(low);
        items[last..].fill(high);
    }
    write(items)
}
