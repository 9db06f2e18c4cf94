use serde::{Deserialize, Serialize};

/// How long to wait after the n-th failure in a row: doubled each time up to a cap, and spread by a
/// quarter in either direction, so that machines that failed together do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backoff {
    /// After the first failure, microseconds.
    pub base: i64,
    /// At most, before spreading, microseconds.
    pub cap: i64,
}

impl Backoff {
    /// The pause after `failures` failures. The same seed gives the same pause.
    pub fn pause(self, failures: u32, seed: u64) -> i64 {
        let doubled = self.base.saturating_mul(1i64 << failures.saturating_sub(1).min(20)).min(self.cap);
        let quarter = doubled / 4;
        let random = mix(seed ^ (u64::from(failures) << 32)) % (2 * quarter.unsigned_abs() + 1);
        doubled - quarter + i64::try_from(random).unwrap_or(0)
    }
}

/// The finaliser of splitmix64: near things become far ones.
pub(super) fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::MINUTE;

    #[test]
    fn pauses_grow_to_the_cap_and_are_spread() {
        let b = Backoff { base: MINUTE, cap: 60 * MINUTE };
        for seed in 0..500 {
            for failures in 1..40 {
                let middle = (MINUTE << (failures - 1).min(20)).min(60 * MINUTE);
                let pause = b.pause(failures, seed);
                assert!((middle - middle / 4..=middle + middle / 4).contains(&pause), "{failures}: {pause}");
                assert_eq!(pause, b.pause(failures, seed), "reproducible");
            }
        }
        let different: BTreeSet<i64> = (0..500).map(|seed| b.pause(3, seed) / 1_000_000).collect();
        assert!(different.len() > 80, "spread over {} seconds", different.len());
        let zero = Backoff { base: 0, cap: 0 };
        assert_eq!(zero.pause(u32::MAX, 7), 0);
    }
}
