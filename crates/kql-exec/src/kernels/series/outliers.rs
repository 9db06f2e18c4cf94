//! Scores of outliers by fences around quantiles.
//!
//! Tukey's test (<https://en.wikipedia.org/wiki/Outlier#Tukey's_fences>) measures how far a value
//! lies beyond a quartile, in units of the range between the quartiles. The custom form takes other
//! quantiles. Its range is scaled to what the range between the quartiles of a normal distribution
//! would be, so that one threshold means about the same for both; without the scale the public
//! examples of `series_decompose_anomalies` would miss the outliers that they are said to find.

use super::numbers::{Num, count, number, series, write_reals};
use super::statistics::variance;
use super::{Call, RowFn, V};
use crate::kernels::arg;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    (name == "series_outliers").then_some(outliers as RowFn)
}

/// How outliers are looked for.
#[derive(Clone, Copy)]
pub(super) enum Fence {
    /// Between the quartiles.
    Quartiles,
    /// Between these quantiles, in percent.
    Custom(f64, f64),
}

impl Fence {
    /// The method of this name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "tukey" => Some(Fence::Quartiles),
            "" | "ctukey" => Some(Fence::Custom(10.0, 90.0)),
            _ => None,
        }
    }
}

/// `series_outliers(series, kind, ignore_val, min_percentile, max_percentile, test_points)`
fn outliers(call: &Call<'_>, args: &[V<'_>]) -> V<'static> {
    let Some(items) = series(arg(args, 0)) else { return V::Null };
    let Some(mut fence) = Fence::named(arg(args, 1).text()) else { return V::Null };
    let ignore = number(arg(args, 2), call.ty(2));
    if let Fence::Custom(low, high) = &mut fence {
        for (at, bound) in [(3, low), (4, high)] {
            if let Some(given) = arg(args, at).real() {
                *bound = given;
            }
        }
    }
    if let Fence::Custom(low, high) = fence
        && !(2.0 <= low && low < high && high <= 98.0)
    {
        return V::Null;
    }
    let values: Vec<Option<f64>> = items
        .into_iter()
        .map(|n| if n == Num::Missing || n.same(ignore) { None } else { n.real().filter(|n| !n.is_nan()) })
        .collect();
    let test = arg(args, 5).int().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    write_reals(&scores(&values, fence, test))
}

/// The score of each value, 0 within the fence's quantiles; missing ones score 0. The last `test` values
/// are scored, but not learned from.
pub(super) fn scores(values: &[Option<f64>], fence: Fence, test: usize) -> Vec<f64> {
    let learn = values.len().saturating_sub(test);
    let mut sorted: Vec<f64> = values.iter().take(learn).flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = match fence {
        Fence::Quartiles => (25.0, 75.0),
        Fence::Custom(low, high) => (low, high),
    };
    let (Some(from), Some(to)) = (quantile(&sorted, low), quantile(&sorted, high)) else {
        return vec![0.0; values.len()];
    };
    let scale = match fence {
        Fence::Quartiles => 1.0,
        Fence::Custom(..) => {
            2.0 * normal_quantile(0.75) / (normal_quantile(high / 100.0) - normal_quantile(low / 100.0))
        }
    };
    let quartiles = 2.0 * normal_quantile(0.75);
    // Where most values are equal there is no range between the quantiles; then the deviation gives it,
    // so that a lone peak in a flat series still stands out.
    let range = if to > from { (to - from) * scale } else { variance(&sorted).sqrt() * quartiles };
    values
        .iter()
        .map(|value| match value {
            Some(x) if *x > to => beyond(x - to, range),
            Some(x) if *x < from => -beyond(from - x, range),
            _ => 0.0,
        })
        .collect()
}

/// A distance in units of the range; without one there is nothing to measure by.
fn beyond(distance: f64, range: f64) -> f64 {
    if range > 0.0 { distance / range } else { 0.0 }
}

/// The value at a percentage of sorted values, on the line between neighbours (R's type 7).
pub(super) fn quantile(sorted: &[f64], percent: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let at = count(last) * percent / 100.0;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let below = (at.floor().max(0.0) as usize).min(last);
    let (a, b) = (*sorted.get(below)?, *sorted.get((below + 1).min(last))?);
    Some(a + (b - a) * (at - count(below)))
}

/// The inverse of the normal distribution, by the rational approximation of Abramowitz and Stegun,
/// 26.2.23 (1964), whose error is below 4.5e-4, and two steps of Newton's method.
fn normal_quantile(p: f64) -> f64 {
    if p == 0.5 {
        return 0.0;
    }
    let tail = p.min(1.0 - p);
    let t = (-2.0 * tail.ln()).sqrt();
    let rough = t
        - (2.515_517 + t * (0.802_853 + t * 0.010_328))
            / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)));
    let mut x = if p < 0.5 { -rough } else { rough };
    for _ in 0..2 {
        let density = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        x -= (normal_share(x) - p) / density;
    }
    x
}

/// The normal distribution function, by the series of the density's integral; exact enough for |x| < 3.
fn normal_share(x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (x, x, 1.0);
    while n < 200.0 && term.abs() > 1e-17 {
        n += 2.0;
        term *= x * x / n;
        sum += term;
    }
    0.5 + sum * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_the_normal_distribution() {
        // Values of the standard normal table.
        for (p, z) in
            [(0.75, 0.674_489_750), (0.9, 1.281_551_566), (0.1, -1.281_551_566), (0.98, 2.053_748_911)]
        {
            assert!((normal_quantile(p) - z).abs() < 1e-8, "{p}: {}", normal_quantile(p));
        }
    }

    #[test]
    fn scores_are_distances_beyond_the_fence() {
        let values: Vec<Option<f64>> = (1..=9).map(|n| Some(f64::from(n))).chain([Some(100.0)]).collect();
        // Quartiles 3.25 and 7.75 by numpy.percentile; (100 - 7.75) / 4.5.
        let tukey = scores(&values, Fence::Quartiles, 0);
        assert!((tukey[9] - 20.5).abs() < 1e-9 && tukey[4] == 0.0);
        assert!((tukey[0] + 0.5).abs() < 1e-9);
        // Without the last point: quartiles 3 and 7.
        assert!((scores(&values, Fence::Quartiles, 1)[9] - 93.0 / 4.0).abs() < 1e-9);
        assert_eq!(scores(&[None, None], Fence::Quartiles, 0), [0.0, 0.0]);
        // A lone peak in a flat series: 10 / (1.349 * sqrt(100 / 20)).
        let flat: Vec<Option<f64>> = (0..20).map(|n| Some(if n == 7 { 10.0 } else { 0.0 })).collect();
        assert!((scores(&flat, Fence::Custom(10.0, 90.0), 0)[7] - 3.315_3).abs() < 1e-3);
        assert_eq!(scores(&[Some(1.0); 4], Fence::Custom(10.0, 90.0), 0), [0.0; 4]);
    }
}
