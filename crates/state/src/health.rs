//! The health of a device: one pure function from what is known to a state, a reason and a fix.

use std::fmt;
use std::str::FromStr;

use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use crate::{Component, StateError};

const MINUTE_US: i64 = 60_000_000;
/// A device that was not heard for longer is inactive.
pub const INACTIVE_AFTER_US: i64 = 7 * 24 * 60 * MINUTE_US;
/// A heartbeat that is missing for longer impairs a device.
pub const HEARTBEAT_LATE_US: i64 = 3 * MINUTE_US;
/// How long a loss of events is held against a device.
pub const LOSS_SHOWN_US: i64 = 60 * MINUTE_US;
/// A new device that sends heartbeats gives its first event within this time.
pub const FIRST_EVENT_US: i64 = 15 * MINUTE_US;
/// A device that sends heartbeats gives an event at least this often.
pub const NO_EVENTS_US: i64 = 24 * 60 * MINUTE_US;

/// The four states, worst to be looked at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// Something is wrong that a person should look at.
    Impaired,
    /// It reports, but no events come.
    NoSensorData,
    /// It has not been heard for a week, or was offboarded.
    Inactive,
    /// All is well.
    Active,
}

impl HealthState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Impaired, Self::NoSensorData, Self::Inactive, Self::Active];

    /// The state as it is written everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Impaired => "impaired",
            Self::NoSensorData => "no_sensor_data",
            Self::Inactive => "inactive",
            Self::Active => "active",
        }
    }

    /// The place in the order above.
    pub(crate) fn rank(self) -> i64 {
        match self {
            Self::Impaired => 0,
            Self::NoSensorData => 1,
            Self::Inactive => 2,
            Self::Active => 3,
        }
    }
}

impl fmt::Display for HealthState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for HealthState {
    type Err = StateError;

    fn from_str(s: &str) -> Result<Self, StateError> {
        Self::ALL
            .into_iter()
            .find(|h| h.as_str() == s)
            .ok_or_else(|| StateError::InvalidArgument("unknown state of health".into()))
    }
}

/// A device's health with its explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// The state.
    pub state: HealthState,
    /// The stable code of the reason: `reporting`, `offboarded`, `not_seen_7_days`,
    /// `heartbeat_never`, `heartbeat_late`, `component_failed`, `events_lost`,
    /// `no_events_since_enrolment`, `no_events_24_hours`; of one that scans tell of `agentless`,
    /// `not_scanned_7_days`.
    pub reason: &'static str,
    /// What in particular, such as the failed components; may be empty.
    pub detail: String,
    /// What to do about it; empty when nothing.
    pub fix: &'static str,
}

/// When the server itself could hear devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hearing {
    /// The instant at which to judge: now, or when the server last could hear if it cannot now.
    pub judged_at: TimeMicros,
    /// The beginning of the server's last outage.
    pub down_from: TimeMicros,
    /// The end of the server's last outage.
    pub down_to: TimeMicros,
}

impl Hearing {
    /// How long something was silent that the server could have heard.
    fn silence(&self, since: TimeMicros) -> i64 {
        let outage = if since < self.down_to {
            self.down_to.0.saturating_sub(self.down_from.max(since).0).max(0)
        } else {
            0
        };
        self.judged_at.0.saturating_sub(since.0).saturating_sub(outage)
    }
}

/// What health is judged by.
#[derive(Clone, Copy, Debug)]
pub struct HealthInputs<'a> {
    /// When the server could hear.
    pub hearing: Hearing,
    /// Whether someone took the device out of service.
    pub offboarded: bool,
    /// Whether scans tell of it, and no sensor.
    pub agentless: bool,
    /// Enrolment.
    pub first_seen: TimeMicros,
    /// Anything heard, by the server's clock.
    pub last_seen: TimeMicros,
    /// The last heartbeat.
    pub last_heartbeat: Option<TimeMicros>,
    /// The last event.
    pub last_event: Option<TimeMicros>,
    /// When a counter of lost events last rose.
    pub last_loss: Option<TimeMicros>,
    /// What the sensor said about its parts.
    pub components: &'a [Component],
}

/// Whether a counter of that kind counts events that were lost (and not, say, masked secrets): one
/// of its words is lost, loss, drop, drops, dropped, gap or gaps, or it counts power cuts.
pub fn is_loss_counter(kind: &str) -> bool {
    kind == "unclean_boot"
        || kind
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| matches!(word, "lost" | "loss" | "drop" | "drops" | "dropped" | "gap" | "gaps"))
}

/// Judges a device.
pub fn assess(inputs: &HealthInputs<'_>) -> Health {
    let health = |state, reason, fix| Health { state, reason, detail: String::new(), fix };
    let silence = |since| inputs.hearing.silence(since);
    if inputs.offboarded {
        return health(
            HealthState::Inactive,
            "offboarded",
            "Enrol the machine again if it shall be protected.",
        );
    }
    if inputs.agentless {
        return if silence(inputs.last_seen) > INACTIVE_AFTER_US {
            health(
                HealthState::Inactive,
                "not_scanned_7_days",
                "See the machine's agentless scans for why none has succeeded.",
            )
        } else {
            health(HealthState::Active, "agentless", "")
        };
    }
    if silence(inputs.last_seen) > INACTIVE_AFTER_US {
        return health(
            HealthState::Inactive,
            "not_seen_7_days",
            "Start the machine, or offboard it if it is gone for good.",
        );
    }
    if silence(inputs.last_heartbeat.unwrap_or(inputs.first_seen)) > HEARTBEAT_LATE_US {
        return if inputs.last_heartbeat.is_none() {
            health(
                HealthState::Impaired,
                "heartbeat_never",
                "The machine enrolled but never reported: run `palisade-sensor connectivity test` on it.",
            )
        } else {
            health(
                HealthState::Impaired,
                "heartbeat_late",
                "Run `palisade-sensor status` and `palisade-sensor connectivity test` on the machine.",
            )
        };
    }
    let failed: Vec<&str> =
        inputs.components.iter().filter(|c| c.failed()).map(|c| c.name.as_str()).collect();
    if !failed.is_empty() {
        return Health {
            state: HealthState::Impaired,
            reason: "component_failed",
            detail: failed.join(", "),
            fix: "Read the detail of the failed component in `palisade-sensor status` on the machine.",
        };
    }
    if inputs.last_loss.is_some_and(|at| silence(at) <= LOSS_SHOWN_US) {
        return health(
            HealthState::Impaired,
            "events_lost",
            "Events were lost within the last hour: see the device's counters for where.",
        );
    }
    match inputs.last_event {
        None if silence(inputs.first_seen) > FIRST_EVENT_US => health(
            HealthState::NoSensorData,
            "no_events_since_enrolment",
            "Run `palisade-sensor status` on the machine and look at its capture components.",
        ),
        Some(at) if silence(at) > NO_EVENTS_US => health(
            HealthState::NoSensorData,
            "no_events_24_hours",
            "Run `palisade-sensor status` on the machine and look at its capture components.",
        ),
        _ => health(HealthState::Active, "reporting", ""),
    }
}

/// The rank of [`assess`]'s state as an SQL expression over table `d` (devices), for filtering and
/// sorting in the database. The three instants of `hearing` are numbers, so no text is put in.
pub(crate) fn rank_sql(hearing: &Hearing) -> String {
    let (at, from, to) = (hearing.judged_at.0, hearing.down_from.0, hearing.down_to.0);
    let silence = |since: &str| {
        format!(
            "({at} - {since} - CASE WHEN {since} < {to} THEN greatest(0, {to} - greatest({from}, {since})) ELSE 0 END)"
        )
    };
    format!(
        "CASE WHEN d.status = 'offboarded' THEN 2
              WHEN {seen} > {INACTIVE_AFTER_US} THEN 2
              WHEN d.source = 'agentless' THEN 3
              WHEN {heartbeat} > {HEARTBEAT_LATE_US} THEN 0
              WHEN d.failed_components > 0 THEN 0
              WHEN d.last_loss IS NOT NULL AND {loss} <= {LOSS_SHOWN_US} THEN 0
              WHEN d.last_event IS NULL AND {first} > {FIRST_EVENT_US} THEN 1
              WHEN d.last_event IS NOT NULL AND {event} > {NO_EVENTS_US} THEN 1
              ELSE 3 END::bigint",
        seen = silence("d.last_seen"),
        heartbeat = silence("coalesce(d.last_heartbeat, d.first_seen)"),
        loss = silence("d.last_loss"),
        first = silence("d.first_seen"),
        event = silence("d.last_event"),
    )
}

#[cfg(test)]
mod tests;
