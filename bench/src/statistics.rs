//! Means with intervals.

/// Mean and half the width of its 95 % interval (normal approximation, which 30 pairs justify).
pub fn mean_95(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    if values.len() < 2 {
        return (values.first().copied().unwrap_or(f64::NAN), f64::INFINITY);
    }
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, 1.96 * (variance / n).sqrt())
}

/// Mean of ratios with its interval, on the logarithms: the geometric mean and its bounds.
pub fn ratio_95(ratios: &[f64]) -> (f64, f64, f64) {
    let logs: Vec<f64> = ratios.iter().map(|r| r.ln()).collect();
    let (mean, half) = mean_95(&logs);
    (mean.exp(), (mean - half).exp(), (mean + half).exp())
}

/// The value below which the share `q` of the values lies.
pub fn quantile(values: &mut [f64], q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (q * values.len() as f64).ceil() as usize;
    values.get(at.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_holds_the_mean_and_narrows_with_agreement() {
        let (mean, half) = mean_95(&[1.0, 2.0, 3.0]);
        assert!((mean - 2.0).abs() < 1e-9 && (half - 1.96 / 3f64.sqrt()).abs() < 1e-9);
        let (r, lo, hi) = ratio_95(&[1.1, 1.1, 1.1]);
        assert!((r - 1.1).abs() < 1e-9 && (hi - lo).abs() < 1e-9);
        assert_eq!(quantile(&mut [3.0, 1.0, 2.0, 4.0], 0.5), 2.0);
    }
}
