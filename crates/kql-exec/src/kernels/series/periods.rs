//! Periods of a series, after Vlachos, Yu and Castelli, "On periodicity detection and structural periodic
//! similarity" (SIAM data mining, 2005).
//!
//! Frequencies that stand out of the periodogram hint at periods; a hint counts where the
//! autocorrelation has a hill near it, and the top of the hill is the period. A frequency stands out
//! when its share of the power would come from noise alone with a chance below 5 % (Fisher's test:
//! <https://en.wikipedia.org/wiki/Least-squares_spectral_analysis>). The score is the height of the hill
//! over the valleys beside it, at most 1.

use super::fourier::{Complex, transform};
use super::numbers::{Num, count, number, reals, write_reals};
use super::statistics::mean;
use super::{Call, V};
use crate::kernels::arg;

/// Shortest period that is looked for.
pub(super) const SHORTEST: f64 = 4.0;
/// Most frequencies that are looked at.
const MAX_HINTS: usize = 64;
/// Most periods that are asked for.
const MAX_PERIODS: i64 = 1024;

/// What is known of the periods of a series.
pub(super) struct Spectrum {
    length: usize,
    /// Frequencies that stand out, strongest first.
    hints: Vec<usize>,
    /// Autocorrelation by lag, 0 to half of the length and one more.
    correlation: Vec<f64>,
}

impl Spectrum {
    pub fn of(items: &[f64]) -> Self {
        let length = items.len();
        let empty = Self { length, hints: Vec::new(), correlation: Vec::new() };
        if length < 8 || items.iter().any(|n| !n.is_finite()) {
            return empty;
        }
        let middle = mean(items);
        let centred: Vec<Complex> = items.iter().map(|n| (n - middle, 0.0)).collect();
        // Twice the length with zeros: products do not wrap around.
        let size = (2 * length).next_power_of_two();
        let mut padded = centred.clone();
        padded.resize(size, (0.0, 0.0));
        let power: Vec<Complex> =
            transform(&padded, false).into_iter().map(|(re, im)| (re * re + im * im, 0.0)).collect();
        let products = transform(&power, true);
        let whole = products.first().map_or(0.0, |p| p.0) / count(length);
        if whole <= f64::EPSILON * count(size) {
            return empty;
        }
        let correlation = (0..=length / 2 + 1)
            .map(|lag| products.get(lag).map_or(0.0, |p| p.0 / count(length - lag) / whole))
            .collect();
        let spectrum = transform(&centred, false);
        let power: Vec<(usize, f64)> = spectrum
            .iter()
            .enumerate()
            .take(length / 2 + 1)
            .skip(1)
            .map(|(k, (re, im))| (k, re * re + im * im))
            .collect();
        let total: f64 = power.iter().map(|(_, p)| p).sum();
        let noise = (count(power.len()) / 0.05).ln() / count(power.len());
        let mut hints: Vec<(usize, f64)> = power.into_iter().filter(|(_, p)| *p > noise * total).collect();
        hints.sort_by(|a, b| b.1.total_cmp(&a.1));
        hints.truncate(MAX_HINTS);
        Self { length, hints: hints.into_iter().map(|(k, _)| k).collect(), correlation }
    }

    fn at(&self, lag: usize) -> f64 {
        self.correlation.get(lag).copied().unwrap_or(f64::NEG_INFINITY)
    }

    /// A hill of the autocorrelation: higher than both neighbours, and above zero.
    fn is_hill(&self, lag: usize) -> bool {
        lag > 0 && self.at(lag) > 0.0 && self.at(lag) > self.at(lag - 1) && self.at(lag) >= self.at(lag + 1)
    }

    /// The height of a hill over the mean of the valleys on both sides.
    fn score(&self, lag: usize) -> f64 {
        let mut left = lag;
        while left > 1 && self.at(left - 1) < self.at(left) {
            left -= 1;
        }
        let mut right = lag;
        while right + 1 < self.correlation.len() && self.at(right + 1) < self.at(right) {
            right += 1;
        }
        (self.at(lag) - f64::midpoint(self.at(left), self.at(right))).clamp(0.0, 1.0)
    }

    /// The lags that a frequency may stand for: those nearer to it than to the next ones.
    fn lags(&self, frequency: usize) -> (f64, f64) {
        let (n, k) = (count(self.length), count(frequency));
        (n / (k + 0.5), n / (k - 0.5))
    }

    /// Periods with their scores, best first.
    pub fn periods(&self, least: f64, most: f64) -> Vec<(f64, f64)> {
        let most = most.min(count(self.length / 2));
        let mut found: Vec<(usize, f64)> = Vec::new();
        for hint in &self.hints {
            let (from, to) = self.lags(*hint);
            let hills = whole_between(from.max(least).max(SHORTEST), to.min(most));
            let best =
                hills.filter(|lag| self.is_hill(*lag)).max_by(|a, b| self.at(*a).total_cmp(&self.at(*b)));
            if let Some(lag) = best
                && !found.iter().any(|(known, _)| *known == lag)
            {
                found.push((lag, self.score(lag)));
            }
        }
        found.sort_by(|a, b| b.1.total_cmp(&a.1));
        found.into_iter().map(|(lag, score)| (count(lag), score)).collect()
    }

    /// The score of one period; 0 where the series does not have it.
    pub fn validate(&self, period: f64) -> f64 {
        if !(SHORTEST..=count(self.length / 2)).contains(&period) {
            return 0.0;
        }
        let hinted = self.hints.iter().any(|hint| {
            let (from, to) = self.lags(*hint);
            from <= period && period <= to
        });
        // A period between two lags has its hill on one of them.
        let near = whole_between(period.floor(), period.ceil()).filter(|lag| self.is_hill(*lag));
        if hinted { near.map(|lag| self.score(lag)).fold(0.0, f64::max) } else { 0.0 }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole_between(from: f64, to: f64) -> std::ops::RangeInclusive<usize> {
    from.ceil().max(0.0) as usize..=to.floor().max(0.0) as usize
}

/// `series_periods_detect(series, min_period, max_period, num_periods)`
pub(super) fn detect_columns(call: &Call<'_>, args: &[V<'_>]) -> Option<Vec<V<'static>>> {
    let items = reals(arg(args, 0))?;
    let bound = |at: usize| number(arg(args, at), call.ty(at)).real();
    let (least, most) = (bound(1)?, bound(2)?);
    let wanted = usize::try_from(arg(args, 3).int().filter(|n| *n <= MAX_PERIODS)?).ok()?;
    let mut found = Spectrum::of(&items).periods(least, most);
    found.resize(wanted, (0.0, 0.0));
    let (periods, scores): (Vec<f64>, Vec<f64>) = found.into_iter().unzip();
    Some(vec![write_reals(&periods), write_reals(&scores)])
}

/// `series_periods_validate(series, period, …)`
pub(super) fn validate_columns(call: &Call<'_>, args: &[V<'_>]) -> Option<Vec<V<'static>>> {
    let spectrum = Spectrum::of(&reals(arg(args, 0))?);
    let given: Vec<Num> = (1..args.len()).map(|at| number(arg(args, at), call.ty(at))).collect();
    let periods: Vec<f64> = given.into_iter().map(Num::real).collect::<Option<_>>()?;
    let scores: Vec<f64> = periods.iter().map(|p| spectrum.validate(*p)).collect();
    Some(vec![write_reals(&periods), write_reals(&scores)])
}
