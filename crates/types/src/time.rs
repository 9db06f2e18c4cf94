use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A text that is no RFC 3339 instant, or one outside the representable range.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not an RFC 3339 instant")]
pub struct TimeError;

/// An instant: microseconds since 1970-01-01T00:00:00Z, UTC. In JSON it is the number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TimeMicros(pub i64);

impl TimeMicros {
    /// The present by the system's clock.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    /// RFC 3339 in UTC with microseconds, such as `2026-11-23T22:10:00.000000Z`.
    /// Instants outside years -9999 to 9999 are clamped.
    pub fn to_rfc3339(self) -> String {
        let t = Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        });
        format!("{t:.6}")
    }

    /// This instant moved by some microseconds, saturating.
    #[must_use]
    pub fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }
}

impl fmt::Display for TimeMicros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

impl FromStr for TimeMicros {
    type Err = TimeError;

    fn from_str(s: &str) -> Result<Self, TimeError> {
        s.parse::<Timestamp>().map(|t| Self(t.as_microsecond())).map_err(|_| TimeError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_with_microseconds_and_read_back() {
        let t = TimeMicros(1_700_000_000_000_001);
        assert_eq!(t.to_rfc3339(), "2023-11-14T22:13:20.000001Z");
        assert_eq!(t.to_rfc3339().parse(), Ok(t));
        assert!(TimeMicros(i64::MAX).to_rfc3339().ends_with('Z'));
    }
}
