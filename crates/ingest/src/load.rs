//! How busy the server is, and what interval between uploads that calls for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// An append that takes this long means full load.
const SLOW_US: f64 = 1_000_000.0;

/// A smoothed time of appends.
#[derive(Default)]
pub(crate) struct Load(AtomicU64);

impl Load {
    /// Notes how long an append took.
    pub fn note(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX / 16);
        // A lost update between two threads costs one sample of a mean.
        let old = self.0.load(Ordering::Relaxed);
        self.0.store((old * 15 + took.min(u64::MAX / 16)) / 16, Ordering::Relaxed);
    }

    /// The share of what appends may take, 0 to 1.
    #[allow(clippy::cast_precision_loss)]
    pub fn share(&self) -> f64 {
        (self.0.load(Ordering::Relaxed) as f64 / SLOW_US).clamp(0.0, 1.0)
    }
}

/// Quadratic between the shortest and the longest interval: gentle until it matters.
pub(crate) fn interval(load: f64, min: Duration, max: Duration) -> Duration {
    let load = load.clamp(0.0, 1.0);
    min + max.saturating_sub(min).mul_f64(load * load)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_grows_with_load() {
        let (min, max) = (Duration::from_secs(1), Duration::from_secs(30));
        assert_eq!(interval(0.0, min, max), min);
        assert_eq!(interval(7.0, min, max), max);
        assert!(interval(0.5, min, max) < Duration::from_secs(10));
        let load = Load::default();
        for _ in 0..200 {
            load.note(Duration::from_secs(2));
        }
        assert!(load.share() > 0.99);
    }
}
