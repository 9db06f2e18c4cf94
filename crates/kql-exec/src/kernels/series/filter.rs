//! Linear filters with a finite and an infinite response.
//!
//! Both follow the difference equation in <https://en.wikipedia.org/wiki/Digital_filter>; what stands
//! before the series is taken as zero.

use super::numbers::{reals, write_reals};
use super::{Call, RowFn, V};
use crate::kernels::arg;

/// Most products of an element and a coefficient.
const MAX_PRODUCTS: usize = 200_000_000;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    Some(match name {
        "series_fir" => fir,
        "series_iir" => iir,
        _ => return None,
    })
}

/// `series_fir(series, filter, normalize, center)`
fn fir(_: &Call<'_>, args: &[V<'_>]) -> V<'static> {
    let (Some(x), Some(mut filter)) = (reals(arg(args, 0)), reals(arg(args, 1))) else { return V::Null };
    if filter.is_empty() || x.len().saturating_mul(filter.len()) > MAX_PRODUCTS {
        return V::Null;
    }
    let negative = filter.iter().any(|f| *f < 0.0);
    let normalize = match arg(args, 2) {
        V::Bool(wanted) => *wanted,
        _ => !negative,
    };
    if normalize {
        // A filter with negative coefficients has no weights to normalise.
        if negative {
            return V::Null;
        }
        let sum: f64 = filter.iter().sum();
        filter.iter_mut().for_each(|f| *f /= sum);
    }
    let ahead = if matches!(arg(args, 3), V::Bool(true)) { (filter.len() - 1) / 2 } else { 0 };
    let out: Vec<f64> = (0..x.len())
        .map(|at| {
            let terms = filter.iter().enumerate();
            terms.filter_map(|(back, f)| Some(f * x.get((at + ahead).checked_sub(back)?)?)).sum()
        })
        .collect();
    write_reals(&out)
}

/// `series_iir(series, numerators, denominators)`
fn iir(_: &Call<'_>, args: &[V<'_>]) -> V<'static> {
    let [Some(x), Some(b), Some(a)] = [0, 1, 2].map(|at| reals(arg(args, at))) else { return V::Null };
    let Some((first, a)) = a.split_first().filter(|(first, _)| **first != 0.0) else { return V::Null };
    if x.len().saturating_mul(a.len() + b.len()) > MAX_PRODUCTS {
        return V::Null;
    }
    let mut y: Vec<f64> = Vec::with_capacity(x.len());
    for at in 0..x.len() {
        let seen: f64 =
            b.iter().enumerate().filter_map(|(back, b)| Some(b * x.get(at.checked_sub(back)?)?)).sum();
        let fed: f64 =
            a.iter().enumerate().filter_map(|(back, a)| Some(a * y.get(at.checked_sub(back + 1)?)?)).sum();
        y.push((seen - fed) / first);
    }
    write_reals(&y)
}
