//! Lengths of time, and stretches of it.

use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

/// A second in microseconds.
pub const SECOND: i64 = 1_000_000;
/// A minute in microseconds.
pub const MINUTE: i64 = 60 * SECOND;
/// An hour in microseconds.
pub const HOUR: i64 = 60 * MINUTE;
/// A day in microseconds.
pub const DAY: i64 = 24 * HOUR;

/// From an instant up to, but without, another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// Its first instant.
    pub from: TimeMicros,
    /// The first instant after it.
    pub to: TimeMicros,
}

impl Span {
    /// A span; `None` if it would be empty.
    pub fn new(from: TimeMicros, to: TimeMicros) -> Option<Self> {
        (from < to).then_some(Self { from, to })
    }

    /// What both have in common.
    pub fn overlap(self, other: Self) -> Option<Self> {
        Self::new(self.from.max(other.from), self.to.min(other.to))
    }

    /// Its length in microseconds.
    pub fn micros(self) -> i64 {
        self.to.0.saturating_sub(self.from.0)
    }
}
