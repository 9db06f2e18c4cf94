//! Special functions of mathematics and what statistics makes of them.

use super::{RowFn, arg};
use crate::value::V;

pub(super) fn lookup(name: &str) -> Option<RowFn> {
    macro_rules! of_one {
        ($f:expr) => {
            |_, a| arg(a, 0).real().map_or(V::Null, |n| V::Real($f(n)))
        };
    }
    macro_rules! of_three {
        ($f:expr) => {
            |_, a| match (arg(a, 0).real(), arg(a, 1).real(), arg(a, 2).real()) {
                (Some(x), Some(alpha), Some(beta)) => $f(x, alpha, beta).map_or(V::Null, V::Real),
                _ => V::Null,
            }
        };
    }
    Some(match name {
        "gamma" => of_one!(libm::tgamma),
        "loggamma" => of_one!(libm::lgamma),
        "erf" => of_one!(libm::erf),
        "erfc" => of_one!(libm::erfc),
        "beta_cdf" => of_three!(beta_cdf),
        "beta_inv" => of_three!(beta_inverse),
        "beta_pdf" => of_three!(beta_density),
        "welch_test" => |_, a| {
            let numbers: Option<Vec<f64>> = (0..6).map(|at| arg(a, at).real()).collect();
            match numbers.as_deref() {
                Some([m1, v1, n1, m2, v2, n2]) => {
                    welch(*m1, *v1, *n1, *m2, *v2, *n2).map_or(V::Null, V::Real)
                }
                _ => V::Null,
            }
        },
        _ => return None,
    })
}

/// The logarithm of the beta function.
fn ln_beta(a: f64, b: f64) -> f64 {
    libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)
}

/// Most steps of the continued fraction; it needs about the root of the greater parameter.
const MAX_STEPS: u32 = 10_000;

/// The regularised incomplete beta function, by the continued fraction of DLMF 8.17.22.
fn beta_cdf(x: f64, a: f64, b: f64) -> Option<f64> {
    if !(a > 0.0 && b > 0.0 && a.is_finite() && b.is_finite()) || x.is_nan() {
        return None;
    }
    if x <= 0.0 {
        return Some(0.0);
    }
    if x >= 1.0 {
        return Some(1.0);
    }
    // The fraction converges fast on the left of the mean; the right is its mirror.
    if x > (a + 1.0) / (a + b + 2.0) {
        return Some(1.0 - beta_cdf(1.0 - x, b, a)?);
    }
    let front = (a * x.ln() + b * (-x).ln_1p() - ln_beta(a, b)).exp() / a;
    let nonzero = |n: f64| if n.abs() < 1e-300 { 1e-300 } else { n };
    // Lentz's method.
    let (mut fraction, mut c, mut d) = (1.0, 1.0, 0.0);
    for step in 0..MAX_STEPS {
        let m = f64::from(step / 2);
        let term = if step == 0 {
            1.0
        } else if step % 2 == 0 {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        };
        d = 1.0 / nonzero(1.0 + term * d);
        c = nonzero(1.0 + term / c);
        fraction *= c * d;
        if (c * d - 1.0).abs() < 1e-15 && step > 0 {
            break;
        }
    }
    Some((front * (fraction - 1.0)).clamp(0.0, 1.0))
}

/// Where the distribution reaches a probability, by halving.
fn beta_inverse(probability: f64, a: f64, b: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&probability) {
        return None;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if beta_cdf(middle, a, b)? < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(f64::midpoint(low, high))
}

fn beta_density(x: f64, a: f64, b: f64) -> Option<f64> {
    if !(a > 0.0 && b > 0.0 && (0.0..=1.0).contains(&x)) {
        return None;
    }
    Some(((a - 1.0) * x.ln() + (b - 1.0) * (-x).ln_1p() - ln_beta(a, b)).exp())
}

/// The two-sided p-value of Welch's test, with the degrees of freedom of Welch and Satterthwaite.
fn welch(mean1: f64, variance1: f64, count1: f64, mean2: f64, variance2: f64, count2: f64) -> Option<f64> {
    let (s1, s2) = (variance1 / count1, variance2 / count2);
    let t = (mean1 - mean2) / (s1 + s2).sqrt();
    let freedom = (s1 + s2) * (s1 + s2) / (s1 * s1 / (count1 - 1.0) + s2 * s2 / (count2 - 1.0));
    beta_cdf(freedom / (freedom + t * t), freedom / 2.0, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Option<f64>, wanted: f64) {
        assert!(found.is_some_and(|f| (f - wanted).abs() < 1e-9), "{found:?} is not {wanted}");
    }

    #[test]
    fn beta_has_its_known_values() {
        // I_x(1, 1) is x; I_x(2, 1) is x squared; the median of a symmetric distribution is a half.
        near(beta_cdf(0.3, 1.0, 1.0), 0.3);
        near(beta_cdf(0.9, 2.0, 1.0), 0.81);
        near(beta_cdf(0.5, 7.0, 7.0), 0.5);
        near(beta_inverse(0.81, 2.0, 1.0), 0.9);
        near(beta_density(0.5, 2.0, 2.0), 1.5);
        assert_eq!(beta_cdf(0.5, -1.0, 1.0), None);
        assert_eq!(beta_inverse(1.5, 1.0, 1.0), None);
    }

    #[test]
    fn equal_samples_are_not_told_apart() {
        near(welch(3.0, 1.0, 10.0, 3.0, 1.0, 10.0), 1.0);
    }
}
