use std::fmt;

use serde::{Deserialize, Serialize};

/// Devices are numbered below this.
pub const MAX_ORDINAL: u32 = 1 << 24;
/// 100 points in millionths.
pub(super) const FULL: u64 = 100_000_000;

/// A score from 0 to 100, kept in millionths of a point. In JSON it is the number of points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "f64", into = "f64")]
pub struct Points(u64);

/// How much a device matters to its owner; a device without a choice is [`Criticality::Normal`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Criticality {
    /// Half of a normal one.
    Low,
    /// As most.
    #[default]
    Normal,
    /// Twice a normal one.
    High,
    /// Four times a normal one.
    Critical,
}

/// In which third an exposure score is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Below 30.
    Low,
    /// From 30.
    Medium,
    /// From 70.
    High,
}

impl Points {
    /// No points.
    pub const ZERO: Self = Self(0);
    /// 100 points.
    pub const FULL: Self = Self(FULL);

    /// From millionths of a point; more than 100 points are 100.
    pub fn from_micros(micros: u64) -> Self {
        Self(micros.min(FULL))
    }

    /// Millionths of a point.
    pub fn micros(self) -> u64 {
        self.0
    }

    /// Points.
    pub fn value(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The level of an exposure score.
    pub fn level(self) -> Level {
        match self.0 {
            m if m >= 70_000_000 => Level::High,
            m if m >= 30_000_000 => Level::Medium,
            _ => Level::Low,
        }
    }
}

impl From<f64> for Points {
    fn from(points: f64) -> Self {
        // A cast of a negative number or of none gives zero.
        Self::from_micros((points * 1e6).round() as u64)
    }
}

impl From<Points> for f64 {
    fn from(points: Points) -> Self {
        points.value()
    }
}

impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}", self.value())
    }
}

impl Criticality {
    /// How often the device counts, in halves of a normal one.
    pub fn weight(self) -> u64 {
        match self {
            Self::Low => 1,
            Self::Normal => 2,
            Self::High => 4,
            Self::Critical => 8,
        }
    }
}
