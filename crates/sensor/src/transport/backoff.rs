//! Waiting between tries: doubling, capped, with jitter.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
const MOST: Duration = Duration::from_secs(15);

/// Grows with each failure.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// After a success the next failure waits briefly again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// How long to wait after one more failure: at least what the server asked for, plus up to half
    /// of it, so that a fleet that was told the same does not come back in one moment.
    pub fn next(&mut self, asked: Option<Duration>) -> Duration {
        let step = FIRST.saturating_mul(1 << self.failures.min(10)).min(MOST);
        self.failures = self.failures.saturating_add(1);
        match asked {
            Some(d) => {
                let d = d.min(Duration::from_secs(600));
                d + step.max(d).mul_f64(jitter() / 2.0)
            }
            None => step.mul_f64(0.5 + jitter() / 2.0),
        }
    }
}

/// Evenly between 0 and 1.
pub fn jitter() -> f64 {
    let mut b = [0u8; 4];
    // Without randomness there is no jitter, which is no reason to stop.
    let _ = crate::random::fill(&mut b);
    f64::from(u32::from_le_bytes(b)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_cap_and_respect_the_server() {
        let mut b = Backoff::default();
        for _ in 0..40 {
            assert!(b.next(None) <= MOST);
        }
        assert!(b.next(None) >= MOST / 2);
        assert!(b.next(Some(Duration::from_secs(60))) >= Duration::from_secs(60));
        let waits: Vec<_> = (0..50).map(|_| b.next(Some(Duration::from_secs(60)))).collect();
        assert!(waits.iter().all(|w| *w <= Duration::from_secs(90)));
        assert!(waits.iter().any(|w| *w > Duration::from_secs(60) + MOST / 2), "{waits:?}");
        b.reset();
        assert!(b.next(None) <= FIRST);
    }
}
