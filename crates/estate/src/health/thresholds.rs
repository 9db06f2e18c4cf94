use serde::{Deserialize, Serialize};

use crate::{DAY, HOUR, MINUTE};

/// Every machine is evaluated at least this often, whether or not anything happened.
pub const FULL_EVALUATION: i64 = 4 * HOUR;

/// The named thresholds of health, in microseconds. A tenant may set its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// A heartbeat that is missing for longer is late.
    pub late: i64,
    /// One that is missing for longer is lost.
    pub lost: i64,
    /// A machine that was not heard for longer is inactive.
    pub inactive: i64,
    /// How long a loss of events is held against a machine.
    pub loss_shown: i64,
    /// A new machine that sends heartbeats gives its first event within this time.
    pub first_event: i64,
    /// A machine that sends heartbeats gives an event at least this often.
    pub no_events: i64,
    /// Content that is older is out of date.
    pub content_old: i64,
    /// More starts of the sensor within an hour than this are too many.
    pub restarts_per_hour: u32,
    /// A machine that its preflight refused is looked at again after no longer a pause than this.
    pub look_again: i64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            late: 3 * MINUTE,
            lost: 15 * MINUTE,
            inactive: 7 * DAY,
            loss_shown: HOUR,
            first_event: 15 * MINUTE,
            no_events: DAY,
            content_old: 3 * DAY,
            restarts_per_hour: 5,
            look_again: 5 * MINUTE,
        }
    }
}

/// Thresholds that contradict each other.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the threshold {name} must lie between {least}{unit} and {most}{unit}")]
pub struct ThresholdError {
    /// Which one.
    pub name: &'static str,
    /// Its lower bound, in its unit.
    pub least: i64,
    /// Its upper bound, in its unit.
    pub most: i64,
    /// The unit as it is written after a number; empty where a number is a count.
    pub unit: &'static str,
}

impl ThresholdError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        "threshold_invalid"
    }
}

impl Thresholds {
    /// Checks that they make sense: late before lost before inactive, and none absurd.
    ///
    /// # Errors
    /// The first that does not.
    pub fn checked(self) -> Result<Self, ThresholdError> {
        let year = 365 * DAY;
        let bounds = [
            // A sensor sends a heartbeat every half minute; one may get lost.
            ("late", self.late, MINUTE, self.lost),
            ("lost", self.lost, self.late, self.inactive),
            ("inactive", self.inactive, self.lost, year),
            ("loss_shown", self.loss_shown, MINUTE, year),
            ("first_event", self.first_event, MINUTE, year),
            ("no_events", self.no_events, MINUTE, year),
            ("content_old", self.content_old, HOUR, year),
            ("restarts_per_hour", i64::from(self.restarts_per_hour), 1, 1000),
            ("look_again", self.look_again, MINUTE / 2, DAY),
        ];
        for (name, value, least, most) in bounds {
            if value < least || value > most {
                let (unit, one) = if name == "restarts_per_hour" { ("", 1) } else { (" s", crate::SECOND) };
                return Err(ThresholdError { name, least: least / one, most: most / one, unit });
            }
        }
        Ok(self)
    }
}
