use std::iter::Sum;
use std::ops::Add;

use serde::{Deserialize, Serialize};

use super::MAX_SHARE;
use super::device::{FULL, Points};

/// One in units of a hazard.
const UNIT: f64 = (1_u64 << 40) as f64;

/// How much something adds to a device's exposure: −ln(1 − x) of a probability x, in units of 2⁻⁴⁰.
/// Independent probabilities combine by adding their hazards; whole numbers make that exact in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hazard(u64);

impl Hazard {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The hazard of a probability; at most that of [`MAX_SHARE`]. What is no number is nothing.
    pub fn of(share: f64) -> Self {
        if share.is_nan() {
            return Self::ZERO;
        }
        let share = share.clamp(0.0, MAX_SHARE);
        Self((-(-share).ln_1p() * UNIT).round() as u64)
    }

    /// The greatest hazard of one weakness or one component.
    pub fn max_component() -> Self {
        Self::of(MAX_SHARE)
    }

    /// As a natural number of hazard: −ln(1 − x).
    pub fn value(self) -> f64 {
        self.0 as f64 / UNIT
    }

    /// The probability.
    pub fn share(self) -> f64 {
        -(-self.value()).exp_m1()
    }

    /// The score of a device with this hazard, 0 to 100.
    pub fn points(self) -> Points {
        Points::from_micros((self.share() * FULL as f64).round() as u64)
    }

    /// A `rank`-th part (of 0: all of it), rounded down.
    pub fn divided(self, rank: u64) -> Self {
        Self(self.0 / rank.max(1))
    }

    /// A share of it, 0 to 1, rounded down.
    pub(super) fn scaled(self, share: f64) -> Self {
        Self((self.0 as f64 * share.clamp(0.0, 1.0)) as u64)
    }

    /// Without a part of it; `None` if the part is greater.
    pub fn checked_sub(self, part: Self) -> Option<Self> {
        self.0.checked_sub(part.0).map(Self)
    }

    /// Without a part of it, at least nothing.
    pub fn saturating_sub(self, part: Self) -> Self {
        Self(self.0.saturating_sub(part.0))
    }
}

impl Add for Hazard {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for Hazard {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}
