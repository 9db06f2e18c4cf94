use std::fmt;

use palisade_types::{MachineId, SubscriptionId, TimeMicros};
use serde::{Deserialize, Serialize};

use crate::plan::Plan;
use crate::{HOUR, Span};

/// An hour of the UTC clock, numbered from 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hour(pub i64);

impl Hour {
    /// The hour of an instant.
    pub fn of(at: TimeMicros) -> Self {
        Self(at.0.div_euclid(HOUR))
    }

    /// Its first instant.
    pub fn begins(self) -> TimeMicros {
        TimeMicros(self.0.saturating_mul(HOUR))
    }

    /// All of it.
    pub fn span(self) -> Span {
        Span { from: self.begins(), to: self.next().begins() }
    }

    /// The next one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Hour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.begins().to_rfc3339();
        // 2026-11-23T22:00:00.000000Z without its zeros.
        write!(f, "{}Z", text.get(..16).unwrap_or(&text))
    }
}

/// One metered hour of one machine. Its key is machine, hour and whether it is Posture; storing it
/// again replaces it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HourUsage {
    /// Which hour.
    pub hour: Hour,
    /// The plan: one of the Servers plans, or Posture.
    pub plan: Plan,
    /// The machine.
    pub machine: MachineId,
    /// Whose hour it is.
    pub subscription: SubscriptionId,
    /// The owner's tag at that time; empty where there is none.
    pub owner: String,
    /// Whether it is free, because of a trial.
    pub trial: bool,
    /// How much of the hour the machine was metered, microseconds: the evidence.
    pub micros: i64,
}
