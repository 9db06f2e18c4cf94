//! Token buckets per tenant and device, judged before anything is decompressed.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use palisade_types::{DeviceId, TenantId};
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

/// What one tenant or one device may send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    pub bytes: Rate,
    pub requests: Rate,
}

/// Certificates that one device may ask for: each stays on record.
const RENEWALS: Rate = Rate { per_second: 1.0 / 600.0, burst: 20.0 };

/// The buckets of a tenant or a device.
struct Pair {
    bytes: Bucket,
    requests: Bucket,
    renewals: Bucket,
}

impl Pair {
    fn new(of: Allowance, now: Instant) -> Self {
        Self {
            bytes: Bucket::new(of.bytes, now),
            requests: Bucket::new(of.requests, now),
            renewals: Bucket::new(RENEWALS, now),
        }
    }

    fn wait(&mut self, now: Instant) -> Option<Duration> {
        self.bytes.wait(now).into_iter().chain(self.requests.wait(now)).max()
    }

    fn used(&self) -> f64 {
        self.bytes.used().max(self.requests.used())
    }
}

#[derive(Default)]
struct Pairs {
    tenants: HashMap<TenantId, Pair>,
    devices: HashMap<(TenantId, DeviceId), Pair>,
}

/// Every tenant's and every device's buckets.
pub(crate) struct Rates {
    tenant: Allowance,
    device: Allowance,
    pairs: Mutex<Pairs>,
}

impl Rates {
    pub fn new(tenant: Allowance, device: Allowance) -> Self {
        Self { tenant, device, pairs: Mutex::default() }
    }

    /// Counts a request in, or says why not and how long to wait, with jitter. What a device is
    /// refused is not taken from its tenant.
    pub fn admit(&self, tenant: TenantId, device: DeviceId) -> Result<(), (&'static str, Duration)> {
        self.with(tenant, device, |of_tenant, of_device, now| {
            if let Some(wait) = of_device.wait(now) {
                return Err(("this device sends too much", jittered(wait)));
            }
            if let Some(wait) = of_tenant.wait(now) {
                return Err(("this tenant sends too much", jittered(wait)));
            }
            of_device.requests.take(1.0);
            of_tenant.requests.take(1.0);
            Ok(())
        })
    }

    /// Counts a renewal in, or says how long to wait, with jitter.
    pub fn renew(&self, tenant: TenantId, device: DeviceId) -> Result<(), Duration> {
        self.with(tenant, device, |_, of_device, now| {
            if let Some(wait) = of_device.renewals.wait(now) {
                return Err(jittered(wait));
            }
            of_device.renewals.take(1.0);
            Ok(())
        })
    }

    /// Takes bytes that arrived, or that the opening of what arrived is worth.
    #[allow(clippy::cast_precision_loss)]
    pub fn charge(&self, tenant: TenantId, device: DeviceId, bytes: u64) {
        self.with(tenant, device, |of_tenant, of_device, _| {
            of_tenant.bytes.take(bytes as f64);
            of_device.bytes.take(bytes as f64);
        });
    }

    /// How much of its rate the tenant uses, 0 to 1.
    pub fn used(&self, tenant: TenantId) -> f64 {
        self.pairs.lock().tenants.get(&tenant).map_or(0.0, Pair::used)
    }

    /// Forgets devices whose buckets are full again.
    pub fn tidy(&self) {
        let now = Instant::now();
        self.pairs.lock().devices.retain(|_, pair| {
            pair.bytes.refill(now);
            pair.requests.refill(now);
            pair.renewals.refill(now);
            pair.used() > 0.0 || pair.renewals.used() > 0.0
        });
    }

    fn with<T>(
        &self,
        tenant: TenantId,
        device: DeviceId,
        act: impl FnOnce(&mut Pair, &mut Pair, Instant) -> T,
    ) -> T {
        let now = Instant::now();
        let mut pairs = self.pairs.lock();
        let Pairs { tenants, devices } = &mut *pairs;
        let of_tenant = tenants.entry(tenant).or_insert_with(|| Pair::new(self.tenant, now));
        let of_device = devices.entry((tenant, device)).or_insert_with(|| Pair::new(self.device, now));
        act(of_tenant, of_device, now)
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

    fn allowance(bytes: f64, requests: f64) -> Allowance {
        let rate = |burst| Rate { per_second: 0.001, burst };
        Allowance { bytes: rate(bytes), requests: rate(requests) }
    }

    #[test]
    fn tenants_do_not_share_and_a_device_cannot_use_up_its_tenant() {
        let rates = Rates::new(allowance(1000.0, 10.0), allowance(100.0, 4.0));
        let (t, u) = (TenantId::random(), TenantId::random());
        let (a, b) = (DeviceId::random(), DeviceId::random());
        for _ in 0..20 {
            let _ = rates.admit(t, a);
        }
        assert_eq!(rates.admit(t, a).expect_err("refused").0, "this device sends too much");
        assert!(rates.used(t) < 0.5, "what was refused is not taken from the tenant");
        assert!(rates.admit(t, b).is_ok());
        rates.charge(t, b, 2000);
        let third = DeviceId::random();
        assert_eq!(rates.admit(t, third).expect_err("refused").0, "this tenant sends too much");
        assert!(rates.admit(u, third).is_ok());
        for _ in 0..20 {
            assert!(rates.renew(u, third).is_ok());
        }
        assert!(rates.renew(u, third).is_err() && rates.renew(u, a).is_ok());
        rates.tidy();
        let kept: Vec<_> = rates.pairs.lock().devices.keys().copied().collect();
        assert!(kept.contains(&(t, a)) && !kept.contains(&(t, third)));
    }
}
