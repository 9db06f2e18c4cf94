//! Lines and polynomials by least squares; the first element stands at x = 1.

use super::numbers::{bag, count, index, reals, write_reals};
use super::statistics::{mean, variance};
use super::{Call, RowFn, V};
use crate::kernels::arg;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    Some(match name {
        "series_fit_line_dynamic" => |_, a| dynamic(LINE, line_columns_of(a)),
        "series_fit_2lines_dynamic" => |_, a| dynamic(TWO_LINES, two_lines_of(a)),
        _ => return None,
    })
}

const LINE: &[&str] = &["rsquare", "slope", "variance", "rvariance", "interception", "line_fit"];
const TWO_LINES: &[&str] = &[
    "rsquare",
    "split_idx",
    "variance",
    "rvariance",
    "line_fit",
    "right.rsquare",
    "right.slope",
    "right.interception",
    "right.variance",
    "right.rvariance",
    "left.rsquare",
    "left.slope",
    "left.interception",
    "left.variance",
    "left.rvariance",
];

/// One bag of the columns; those of one side of two lines are a bag of their own.
fn dynamic(names: &[&str], cells: Option<Vec<V<'static>>>) -> V<'static> {
    let Some(cells) = cells else { return V::Null };
    let plain: Vec<(&str, &V<'_>)> =
        names.iter().copied().zip(&cells).filter(|(name, _)| !name.contains('.')).collect();
    let side = |which: &str| {
        let of = |name: &&'static str| name.strip_prefix(which).and_then(|n| n.strip_prefix('.'));
        let inner: Vec<(&str, &V<'_>)> = TWO_LINES
            .iter()
            .zip(&cells)
            .filter_map(|(name, cell)| of(name).map(|name| (name, cell)))
            .collect();
        bag(&inner)
    };
    if plain.len() == names.len() {
        return bag(&plain);
    }
    let (right, left) = (side("right"), side("left"));
    let mut pairs = plain;
    pairs.extend([("right", &right), ("left", &left)]);
    bag(&pairs)
}

/// A line through points at x = 1, 2, …
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub slope: f64,
    /// The value at x = 0.
    pub intercept: f64,
}

impl Line {
    /// Ordinary least squares: <https://en.wikipedia.org/wiki/Simple_linear_regression>.
    pub fn fit(y: &[f64]) -> Self {
        let n = count(y.len());
        let (mx, my) = ((n + 1.0) / 2.0, mean(y));
        let mut xy = 0.0;
        for (x, y) in (1..).zip(y) {
            xy += (count(x) - mx) * (y - my);
        }
        let xx = n * (n * n - 1.0) / 12.0;
        let slope = if xx > 0.0 { xy / xx } else { 0.0 };
        Self { slope, intercept: my - slope * mx }
    }

    /// The value at a position from 0 on.
    pub fn at(self, position: usize) -> f64 {
        self.slope * count(position + 1) + self.intercept
    }
}

/// The share of the variance that a fit explains; a series without variance is explained.
fn explained(variance: f64, rest: f64) -> f64 {
    if variance > 0.0 { (1.0 - rest / variance).clamp(0.0, 1.0) } else { 1.0 }
}

struct Fit {
    line: Line,
    variance: f64,
    rest: f64,
    fitted: Vec<f64>,
}

impl Fit {
    fn of(y: &[f64]) -> Self {
        let line = Line::fit(y);
        let fitted: Vec<f64> = (0..y.len()).map(|at| line.at(at)).collect();
        let residuals: Vec<f64> = y.iter().zip(&fitted).map(|(y, f)| y - f).collect();
        Self { line, variance: variance(y), rest: variance(&residuals), fitted }
    }

    fn r_square(&self) -> f64 {
        explained(self.variance, self.rest)
    }
}

fn line_columns_of(args: &[V<'_>]) -> Option<Vec<V<'static>>> {
    let y = reals(arg(args, 0)).filter(|y| !y.is_empty())?;
    let fit = Fit::of(&y);
    let figures = [fit.r_square(), fit.line.slope, fit.variance, fit.rest, fit.line.intercept];
    let mut cells: Vec<V<'static>> = figures.into_iter().map(V::Real).collect();
    cells.push(write_reals(&fit.fitted));
    Some(cells)
}

/// `series_fit_line(series)`
pub(super) fn line_columns(_: &Call<'_>, args: &[V<'_>]) -> Option<Vec<V<'static>>> {
    line_columns_of(args)
}

/// Sums over a growing part of a series, from which the residual of its line follows at once.
#[derive(Clone, Copy, Default)]
struct Sums {
    n: f64,
    y: f64,
    xy: f64,
    yy: f64,
}

impl Sums {
    /// The sum of squared residuals of the line through the points from x = first on.
    fn residual(self, first: f64) -> f64 {
        if self.n < 1.0 {
            return 0.0;
        }
        let mx = first + (self.n - 1.0) / 2.0;
        let my = self.y / self.n;
        let yy = self.yy - self.n * my * my;
        let xy = self.xy - self.n * mx * my;
        let xx = self.n * (self.n * self.n - 1.0) / 12.0;
        (if xx > 0.0 { yy - xy * xy / xx } else { yy }).max(0.0)
    }
}

/// Where the right part of two lines begins: the split with the least squared residuals.
fn split(y: &[f64]) -> usize {
    // Numbers around 0 lose less in the sums of squares.
    let middle = mean(y);
    let mut total = Sums::default();
    let mut parts = Vec::with_capacity(y.len());
    for (at, y) in y.iter().map(|y| y - middle).enumerate() {
        parts.push(total);
        let x = count(at + 1);
        total = Sums { n: total.n + 1.0, y: total.y + y, xy: total.xy + x * y, yy: total.yy + y * y };
    }
    let mut best = (1, f64::INFINITY);
    for (at, left) in parts.iter().enumerate().skip(1) {
        let right =
            Sums { n: total.n - left.n, y: total.y - left.y, xy: total.xy - left.xy, yy: total.yy - left.yy };
        let rest = left.residual(1.0) + right.residual(left.n + 1.0);
        if rest < best.1 {
            best = (at, rest);
        }
    }
    best.0
}

fn two_lines_of(args: &[V<'_>]) -> Option<Vec<V<'static>>> {
    let y = reals(arg(args, 0)).filter(|y| y.len() > 1)?;
    let at = split(&y);
    let (left, right) = (Fit::of(y.get(..at)?), Fit::of(y.get(at..)?));
    let mut fitted = left.fitted.clone();
    fitted.extend_from_slice(&right.fitted);
    let residuals: Vec<f64> = y.iter().zip(&fitted).map(|(y, f)| y - f).collect();
    let (whole, rest) = (variance(&y), variance(&residuals));
    let mut cells =
        vec![V::Real(explained(whole, rest)), index(at), V::Real(whole), V::Real(rest), write_reals(&fitted)];
    for side in [&right, &left] {
        let figures = [side.r_square(), side.line.slope, side.line.intercept, side.variance, side.rest];
        cells.extend(figures.into_iter().map(V::Real));
    }
    Some(cells)
}

/// `series_fit_2lines(series)`
pub(super) fn two_lines_columns(_: &Call<'_>, args: &[V<'_>]) -> Option<Vec<V<'static>>> {
    two_lines_of(args)
}

/// Highest degree of a fitted polynomial.
const MAX_DEGREE: usize = 32;

/// `series_fit_poly(y_series, x_series, degree)`
pub(super) fn poly_columns(_: &Call<'_>, args: &[V<'_>]) -> Option<Vec<V<'static>>> {
    let y = reals(arg(args, 0)).filter(|y| !y.is_empty())?;
    let x = match arg(args, 1) {
        V::Null => (1..=y.len()).map(count).collect(),
        given => reals(given).filter(|x| x.len() == y.len())?,
    };
    let degree = match arg(args, 2).int() {
        None => 1,
        Some(n) => usize::try_from(n).ok().filter(|n| *n <= MAX_DEGREE)?,
    };
    let coefficients = polynomial(&x, &y, degree)?;
    let fitted: Vec<f64> =
        x.iter().map(|x| coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)).collect();
    let residuals: Vec<f64> = y.iter().zip(&fitted).map(|(y, f)| y - f).collect();
    let (whole, rest) = (variance(&y), variance(&residuals));
    let highest_first: Vec<f64> = coefficients.into_iter().rev().collect();
    Some(vec![
        V::Real(explained(whole, rest)),
        write_reals(&highest_first),
        V::Real(whole),
        V::Real(rest),
        write_reals(&fitted),
    ])
}

/// Coefficients from the constant on. Householder's QR decomposition of the powers of x (Golub and
/// Van Loan, Matrix Computations, 5.3), with x brought into -1 to 1, which keeps it stable; none where
/// there are fewer different x than coefficients.
#[allow(clippy::many_single_char_names)]
fn polynomial(x: &[f64], y: &[f64], degree: usize) -> Option<Vec<f64>> {
    let terms = degree + 1;
    if x.len() < terms || x.iter().chain(y).any(|n| !n.is_finite()) {
        return None;
    }
    let low = x.iter().copied().fold(f64::INFINITY, f64::min);
    let high = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (middle, half) = ((low + high) / 2.0, (high - low) / 2.0);
    let half = if half > 0.0 { half } else { 1.0 };
    // One column per power.
    let mut columns: Vec<Vec<f64>> = Vec::with_capacity(terms);
    columns.push(vec![1.0; x.len()]);
    for power in 1..terms {
        let last = columns.get(power - 1)?;
        columns.push(last.iter().zip(x).map(|(c, x)| c * (x - middle) / half).collect());
    }
    let mut right = y.to_vec();
    for at in 0..terms {
        let column = columns.get(at)?;
        let norm = column.get(at..)?.iter().map(|c| c * c).sum::<f64>().sqrt();
        if norm < 1e-12 * count(x.len()).sqrt() {
            return None;
        }
        let mut v = column.get(at..)?.to_vec();
        let first = v.first_mut()?;
        *first += if *first < 0.0 { -norm } else { norm };
        let length: f64 = v.iter().map(|v| v * v).sum();
        let reflect = |target: &mut [f64]| {
            let factor = 2.0 * v.iter().zip(target.iter()).map(|(v, t)| v * t).sum::<f64>() / length;
            for (t, v) in target.iter_mut().zip(&v) {
                *t -= factor * v;
            }
        };
        for column in columns.get_mut(at..)? {
            reflect(column.get_mut(at..)?);
        }
        reflect(right.get_mut(at..)?);
    }
    let mut scaled = vec![0.0; terms];
    for at in (0..terms).rev() {
        let known: f64 = (at + 1..terms).map(|k| columns[k][at] * scaled[k]).sum();
        scaled[at] = (right.get(at)? - known) / columns[at][at];
    }
    // From powers of (x - middle) / half to powers of x, by Horner's rule on polynomials.
    let mut out = vec![0.0; terms];
    for c in scaled.into_iter().rev() {
        let mut shifted = vec![0.0; terms];
        for (power, value) in out.iter().enumerate() {
            if let Some(next) = shifted.get_mut(power + 1) {
                *next += value / half;
            }
            shifted[power] -= value * middle / half;
        }
        shifted[0] += c;
        out = shifted;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polynomial_finds_its_own_coefficients() {
        let x: Vec<f64> = (1..=20).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|x| 3.0 - 2.0 * x + 0.5 * x * x - 0.01 * x * x * x).collect();
        let found = polynomial(&x, &y, 3).unwrap();
        for (a, b) in found.iter().zip([3.0, -2.0, 0.5, -0.01]) {
            assert!((a - b).abs() < 1e-9, "{found:?}");
        }
        assert!(polynomial(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0], 1).is_none());
        assert!(polynomial(&[1.0, 2.0], &[1.0, 2.0], 2).is_none());
    }

    #[test]
    fn the_split_is_where_the_trend_changes() {
        let y: Vec<f64> = (0..10).map(f64::from).chain((0..10).map(|n| 50.0 - 3.0 * f64::from(n))).collect();
        assert_eq!(split(&y), 10);
    }
}
