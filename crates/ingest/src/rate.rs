//! Token buckets per tenant, judged before anything is decompressed.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use palisade_types::TenantId;
use parking_lot::Mutex;

use crate::config::Rate;

/// Longest wait that is asked for.
const MOST: Duration = Duration::from_secs(60);

/// One bucket. It lets in while one token is there; what is taken may overdraw it, and then nothing
/// is let in until that is paid back.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    pub fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, tokens: rate.burst, at: now }
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + passed * self.rate.per_second).min(self.rate.burst);
        self.at = now;
    }

    /// How long to wait until something is let in; `None` for now.
    pub fn wait(&mut self, now: Instant) -> Option<Duration> {
        self.refill(now);
        (self.tokens < 1.0).then(|| {
            let seconds = (1.0 - self.tokens) / self.rate.per_second.max(0.001);
            Duration::from_secs_f64(seconds.min(MOST.as_secs_f64()))
        })
    }

    pub fn take(&mut self, amount: f64) {
        self.tokens -= amount;
    }

    /// How much of the burst is used up, 0 to 1.
    fn used(&self) -> f64 {
        (1.0 - self.tokens / self.rate.burst.max(1.0)).clamp(0.0, 1.0)
    }
}

/// Every tenant's buckets.
pub(crate) struct Rates {
    bytes: Rate,
    requests: Rate,
    tenants: Mutex<HashMap<TenantId, (Bucket, Bucket)>>,
}

impl Rates {
    pub fn new(bytes: Rate, requests: Rate) -> Self {
        Self { bytes, requests, tenants: Mutex::default() }
    }

    /// Counts a request in, or says how long to wait, with jitter.
    pub fn admit(&self, tenant: TenantId) -> Result<(), Duration> {
        self.with(tenant, |bytes, requests, now| {
            if let Some(wait) = bytes.wait(now).into_iter().chain(requests.wait(now)).max() {
                return Err(jittered(wait));
            }
            requests.take(1.0);
            Ok(())
        })
    }

    /// Takes the bytes of a body that arrived.
    #[allow(clippy::cast_precision_loss)]
    pub fn charge(&self, tenant: TenantId, bytes: usize) {
        self.with(tenant, |bucket, _, _| bucket.take(bytes as f64));
    }

    /// How much of its rate the tenant uses, 0 to 1.
    pub fn used(&self, tenant: TenantId) -> f64 {
        self.with(tenant, |bytes, requests, _| bytes.used().max(requests.used()))
    }

    fn with<T>(&self, tenant: TenantId, act: impl FnOnce(&mut Bucket, &mut Bucket, Instant) -> T) -> T {
        let now = Instant::now();
        let mut tenants = self.tenants.lock();
        let (bytes, requests) = tenants
            .entry(tenant)
            .or_insert_with(|| (Bucket::new(self.bytes, now), Bucket::new(self.requests, now)));
        act(bytes, requests, now)
    }
}

/// The wait and up to as much again, so that a fleet does not come back in one moment.
pub(crate) fn jittered(wait: Duration) -> Duration {
    let mut random = [0u8; 4];
    // Without randomness there is no jitter, which is no reason to fail.
    let _ = getrandom::fill(&mut random);
    let share = f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX);
    wait + wait.max(Duration::from_millis(500)).mul_f64(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_lets_in_until_it_is_empty_and_again_when_paid_back() {
        let start = Instant::now();
        let mut b = Bucket::new(Rate { per_second: 10.0, burst: 20.0 }, start);
        assert_eq!(b.wait(start), None);
        b.take(30.0);
        let wait = b.wait(start).expect("empty");
        assert!((wait.as_secs_f64() - 1.1).abs() < 1e-6);
        assert!((b.used() - 1.0).abs() < 1e-9);
        assert_eq!(b.wait(start + wait), None);
    }

    #[test]
    fn tenants_do_not_share() {
        let rates = Rates::new(Rate { per_second: 1.0, burst: 1.0 }, Rate { per_second: 1.0, burst: 100.0 });
        let (a, b) = (TenantId::random(), TenantId::random());
        rates.charge(a, 1000);
        assert!(rates.admit(a).is_err());
        assert!(rates.admit(b).is_ok());
    }
}
