//! Sums, products and statistics over a series.

use super::numbers::{Num, bag, count, index, number, reals, series};
use super::{Call, RowFn, V};
use crate::kernels::arg;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    Some(match name {
        "series_sum" => |_, a| fold(a, |items| items.iter().sum()),
        "series_product" => |_, a| fold(a, |items| items.iter().product()),
        "series_magnitude" => |_, a| fold(a, |items| dot(items, items).sqrt()),
        "series_dot_product" => |c, a| two(c, a, dot),
        "series_cosine_similarity" => cosine,
        "series_pearson_correlation" => |c, a| two(c, a, pearson),
        "series_stats_dynamic" => |_, a| {
            let Some(s) = stats(a) else { return V::Null };
            let cells = s.cells();
            let mut pairs: Vec<(&str, &V<'_>)> = NAMES.into_iter().zip(&cells).collect();
            let (sum, len) = (V::Real(s.sum), index(s.len));
            pairs.extend([("sum", &sum), ("len", &len)]);
            bag(&pairs)
        },
        _ => return None,
    })
}

fn fold(args: &[V<'_>], f: fn(&[f64]) -> f64) -> V<'static> {
    reals(arg(args, 0)).map_or(V::Null, |items| V::Real(f(&items)))
}

/// A series or one number, as reals.
fn operand(call: &Call<'_>, args: &[V<'_>], at: usize, length: usize) -> Option<Vec<f64>> {
    let value = arg(args, at);
    match reals(value) {
        Some(items) => Some(items),
        None => number(value, call.ty(at)).real().map(|n| vec![n; length]),
    }
}

fn two(call: &Call<'_>, args: &[V<'_>], f: fn(&[f64], &[f64]) -> f64) -> V<'static> {
    let length = |at| series(arg(args, at)).map_or(0, |s| s.len());
    let (Some(x), Some(y)) = (operand(call, args, 0, length(1)), operand(call, args, 1, length(0))) else {
        return V::Null;
    };
    // An element without a partner is missing.
    if x.len() != y.len() { V::Null } else { V::Real(f(&x, &y)) }
}

pub(super) fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

/// The cosine of the angle between two vectors; their lengths may be given.
fn cosine(_: &Call<'_>, args: &[V<'_>]) -> V<'static> {
    let (Some(x), Some(y)) = (reals(arg(args, 0)), reals(arg(args, 1))) else { return V::Null };
    if x.len() != y.len() {
        return V::Null;
    }
    let length = |at: usize, items: &[f64]| arg(args, at).real().unwrap_or_else(|| dot(items, items).sqrt());
    V::Real(dot(&x, &y) / (length(2, &x) * length(3, &y)))
}

pub(super) fn mean(items: &[f64]) -> f64 {
    items.iter().sum::<f64>() / count(items.len())
}

/// Pearson's correlation coefficient.
fn pearson(x: &[f64], y: &[f64]) -> f64 {
    let (mx, my) = (mean(x), mean(y));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let (dx, dy) = (x - mx, y - my);
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    xy / (xx.sqrt() * yy.sqrt())
}

/// The sample variance; of one element it is 0.
pub(super) fn variance(items: &[f64]) -> f64 {
    if items.len() < 2 {
        return 0.0;
    }
    let mean = mean(items);
    items.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count(items.len() - 1)
}

/// The outputs of `series_stats` in order.
const NAMES: [&str; 7] = ["min", "min_idx", "max", "max_idx", "avg", "stdev", "variance"];

struct Stats {
    min: (usize, f64),
    max: (usize, f64),
    mean: f64,
    variance: f64,
    sum: f64,
    len: usize,
}

impl Stats {
    fn cells(&self) -> [V<'static>; 7] {
        [
            V::Real(self.min.1),
            index(self.min.0),
            V::Real(self.max.1),
            index(self.max.0),
            V::Real(self.mean),
            V::Real(self.variance.sqrt()),
            V::Real(self.variance),
        ]
    }
}

/// None where an element is missing or not finite, unless such are to be left out.
fn stats(args: &[V<'_>]) -> Option<Stats> {
    let items = series(arg(args, 0))?;
    let ignore = matches!(arg(args, 1), V::Bool(true));
    let finite: Vec<(usize, f64)> = items
        .iter()
        .enumerate()
        .filter_map(|(at, n): (usize, &Num)| n.real().filter(|n| n.is_finite()).map(|n| (at, n)))
        .collect();
    if finite.is_empty() || (finite.len() < items.len() && !ignore) {
        return None;
    }
    let mut least = *finite.first()?;
    let mut most = least;
    for (at, n) in &finite {
        if *n < least.1 {
            least = (*at, *n);
        }
        if *n > most.1 {
            most = (*at, *n);
        }
    }
    let values: Vec<f64> = finite.into_iter().map(|(_, n)| n).collect();
    Some(Stats {
        min: least,
        max: most,
        mean: mean(&values),
        variance: variance(&values),
        sum: values.iter().sum(),
        len: values.len(),
    })
}

pub(super) fn stats_columns(_: &Call<'_>, args: &[V<'_>]) -> Option<Vec<V<'static>>> {
    Some(stats(args)?.cells().to_vec())
}
