//! Series as the sum of a season, a trend and what is left, and what follows from it.
//!
//! The season is the median of all elements in the same phase, the trend is taken from what remains
//! (see <https://otexts.com/fpp2/decomposition.html> on such models).

use super::fit::Line;
use super::numbers::{Num, count, reals, write, write_reals};
use super::outliers::{Fence, scores};
use super::periods::{SHORTEST, Spectrum};
use super::statistics::mean;
use super::{Call, RowFn, V};
use crate::kernels::arg;

/// Scores from which a period that was found counts, as the language sets them.
const SEASONAL_THRESHOLD: f64 = 0.7;
const DECOMPOSE_THRESHOLD: f64 = 0.6;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    (name == "series_seasonal").then_some(seasonal as RowFn)
}

/// `series_seasonal(series, period, test_points)`
fn seasonal(_: &Call<'_>, args: &[V<'_>]) -> V<'static> {
    let Some(y) = reals(arg(args, 0)) else { return V::Null };
    let learn = learned(&y, arg(args, 2).int());
    let period = period(&y[..learn], arg(args, 1).int(), SEASONAL_THRESHOLD);
    write_reals(&season(&y, learn, period))
}

/// How many elements are learned from when some at the end are left out.
fn learned(y: &[f64], test: Option<i64>) -> usize {
    let test = test.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    y.len().saturating_sub(test)
}

/// The period that is given, or (for -1) found; none where there is none.
fn period(y: &[f64], given: Option<i64>, threshold: f64) -> Option<usize> {
    match given.unwrap_or(-1) {
        -1 => {
            let found = Spectrum::of(y).periods(SHORTEST, count(y.len()));
            let (period, _) = found.first().filter(|(_, score)| *score >= threshold)?;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            Some(*period as usize)
        }
        n => usize::try_from(n).ok().filter(|n| *n > 0),
    }
}

/// The median of the elements in each phase; a phase without elements is 0.
fn season(y: &[f64], learn: usize, period: Option<usize>) -> Vec<f64> {
    let Some(period) = period else { return vec![0.0; y.len()] };
    let phases: Vec<f64> = (0..period.min(y.len()))
        .map(|phase| {
            let mut same: Vec<f64> =
                y.get(..learn).unwrap_or_default().iter().skip(phase).step_by(period).copied().collect();
            median(&mut same).unwrap_or(0.0)
        })
        .collect();
    (0..y.len()).map(|at| phases.get(at % period).copied().unwrap_or(0.0)).collect()
}

fn median(items: &mut [f64]) -> Option<f64> {
    items.sort_by(f64::total_cmp);
    let (low, high) = (items.len().checked_sub(1)? / 2, items.len() / 2);
    Some(f64::midpoint(*items.get(low)?, *items.get(high)?))
}

struct Parts {
    y: Vec<f64>,
    baseline: Vec<f64>,
    season: Vec<f64>,
    trend: Vec<f64>,
    residual: Vec<f64>,
}

/// Arguments in the order of `series_decompose`.
struct Settings<'a> {
    period: Option<i64>,
    trend: &'a str,
    test: Option<i64>,
    threshold: f64,
}

fn decompose(series: &V<'_>, settings: &Settings<'_>) -> Option<Parts> {
    let y = reals(series)?;
    let learn = learned(&y, settings.test);
    let known = y.get(..learn)?;
    let season = season(&y, learn, period(known, settings.period, settings.threshold));
    let rest: Vec<f64> = known.iter().zip(&season).map(|(y, s)| y - s).collect();
    let trend: Vec<f64> = match settings.trend {
        "" | "avg" => vec![if rest.is_empty() { 0.0 } else { mean(&rest) }; y.len()],
        "linefit" if rest.is_empty() => vec![0.0; y.len()],
        "linefit" => {
            let line = Line::fit(&rest);
            (0..y.len()).map(|at| line.at(at)).collect()
        }
        "none" => vec![0.0; y.len()],
        _ => return None,
    };
    let baseline: Vec<f64> = season.iter().zip(&trend).map(|(s, t)| s + t).collect();
    let residual = y.iter().zip(&baseline).map(|(y, b)| y - b).collect();
    Some(Parts { y, baseline, season, trend, residual })
}

fn threshold(value: &V<'_>) -> f64 {
    value.real().unwrap_or(DECOMPOSE_THRESHOLD)
}

fn four(parts: &Parts) -> Vec<V<'static>> {
    [&parts.baseline, &parts.season, &parts.trend, &parts.residual].map(|p| write_reals(p)).to_vec()
}

/// `series_decompose(series, period, trend, test_points, seasonality_threshold)`
pub(super) fn decompose_columns(_: &Call<'_>, args: &[V<'_>]) -> Option<Vec<V<'static>>> {
    let settings = Settings {
        period: arg(args, 1).int(),
        trend: arg(args, 2).text(),
        test: arg(args, 3).int(),
        threshold: threshold(arg(args, 4)),
    };
    Some(four(&decompose(arg(args, 0), &settings)?))
}

/// `series_decompose_forecast(series, points, period, trend, seasonality_threshold)`
pub(super) fn forecast_columns(_: &Call<'_>, args: &[V<'_>]) -> Option<Vec<V<'static>>> {
    let trend = arg(args, 3).text();
    let settings = Settings {
        period: arg(args, 2).int(),
        trend: if trend.is_empty() { "linefit" } else { trend },
        test: arg(args, 1).int(),
        threshold: threshold(arg(args, 4)),
    };
    Some(four(&decompose(arg(args, 0), &settings)?))
}

/// `series_decompose_anomalies(series, threshold, period, trend, test_points, method, seasonality_threshold)`
pub(super) fn anomalies_columns(_: &Call<'_>, args: &[V<'_>]) -> Option<Vec<V<'static>>> {
    let settings = Settings {
        period: arg(args, 2).int(),
        trend: arg(args, 3).text(),
        test: arg(args, 4).int(),
        threshold: threshold(arg(args, 6)),
    };
    let least = arg(args, 1).real().unwrap_or(1.5);
    let fence = Fence::named(arg(args, 5).text())?;
    let parts = decompose(arg(args, 0), &settings)?;
    let residual: Vec<Option<f64>> = parts.residual.iter().map(|r| Some(*r)).collect();
    let scores = scores(&residual, fence, parts.y.len() - learned(&parts.y, settings.test));
    let flags = scores.iter().map(|s| Num::Int(i64::from(*s > least) - i64::from(*s < -least)));
    Some(vec![write(flags), write_reals(&scores), write_reals(&parts.baseline)])
}
