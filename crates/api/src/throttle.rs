//! A limit on attempts without an account, per client address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Most addresses that are remembered; beyond it the idle ones go first.
const MAX_ADDRESSES: usize = 10_000;

/// One bucket of attempts per address, filled evenly over a minute.
pub(crate) struct Throttle {
    per_minute: f64,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Throttle {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { per_minute: f64::from(per_minute.max(1)), buckets: Mutex::default() }
    }

    /// Takes one attempt; when there is none left, how long to wait.
    pub(crate) fn take(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock();
        if buckets.len() >= MAX_ADDRESSES {
            buckets.retain(|_, b| now.duration_since(b.at) < Duration::from_secs(60));
            if buckets.len() >= MAX_ADDRESSES {
                return Err(Duration::from_secs(60));
            }
        }
        let bucket = buckets.entry(network(address)).or_insert(Bucket { left: self.per_minute, at: now });
        let gained = now.duration_since(bucket.at).as_secs_f64() * self.per_minute / 60.0;
        bucket.left = (bucket.left + gained).min(self.per_minute);
        bucket.at = now;
        if bucket.left < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - bucket.left) * 60.0 / self.per_minute));
        }
        bucket.left -= 1.0;
        Ok(())
    }
}

/// A host of IPv6 owns at least its /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::from((u128::from(v6) & !u128::from(u64::MAX)).to_be_bytes()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_run_out_per_address_and_come_back() {
        let throttle = Throttle::new(2);
        let start = Instant::now();
        let [a, b]: [IpAddr; 2] = ["192.0.2.1", "192.0.2.2"].map(|t| t.parse().expect("an address"));
        assert!(throttle.take(a, start).is_ok() && throttle.take(a, start).is_ok());
        assert_eq!(throttle.take(a, start), Err(Duration::from_secs(30)));
        assert!(throttle.take(b, start).is_ok());
        assert!(throttle.take(a, start + Duration::from_secs(31)).is_ok());
    }

    #[test]
    fn one_ipv6_network_is_one_client() {
        let throttle = Throttle::new(1);
        let now = Instant::now();
        assert!(throttle.take("2001:db8::1".parse().expect("an address"), now).is_ok());
        assert!(throttle.take("2001:db8::2".parse().expect("an address"), now).is_err());
    }
}
