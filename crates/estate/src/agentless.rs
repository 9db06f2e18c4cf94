//! Agentless scanning: whether a machine without a sensor is to be scanned, when next, and what can be wrong.
//!
//! `docs/agentless.md` explains it. Nothing here reaches a machine: the connect process does.

mod code;

use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use crate::plan::{Effective, Enforcement, Feature};
use crate::{DAY, HOUR, MINUTE};

pub use code::{Explained, ScanCode, explain};

/// Hours between two scans that may be chosen.
pub const HOURS: std::ops::RangeInclusive<i32> = 4..=72;
/// A sensor whose inventory is older than this no longer stands in the way of a scan.
pub const SENSOR_STALE: i64 = 7 * DAY;
/// A sensor that enrolled gets this long until its first inventory is expected.
const SENSOR_NEW: i64 = DAY;
/// A machine that is not to be scanned is looked at again after this, though nothing changed.
const LOOK_AGAIN: i64 = HOUR;
/// After a first failure it is tried again after this; then twice as long each time.
const FIRST_PAUSE: i64 = 15 * MINUTE;

/// How scans of a machine stand, as it is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScanState {
    /// It is not to be scanned; the code says why.
    NotApplicable,
    /// It has not been scanned yet.
    #[default]
    Waiting,
    /// The last scan read all that there is.
    Done,
    /// The last scan read a part; the code says what stopped the rest.
    Limited,
    /// The last scan gave nothing; what an earlier one gave stays.
    Failed,
}

impl ScanState {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotApplicable => "not_applicable",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Limited => "limited",
            Self::Failed => "failed",
        }
    }
}

/// The sensor on a machine, as far as it matters to a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SensorSeen {
    /// When it enrolled last.
    pub enrolled_at: TimeMicros,
    /// When its last inventory came; none where it has sent none.
    pub inventory_at: Option<TimeMicros>,
}

impl SensorSeen {
    /// Whether what it tells is believed to be how the machine is.
    fn is_fresh(&self, now: TimeMicros) -> bool {
        let within = |at: TimeMicros, span: i64| now.0.saturating_sub(at.0) <= span;
        within(self.enrolled_at, SENSOR_NEW) || self.inventory_at.is_some_and(|at| within(at, SENSOR_STALE))
    }
}

/// What decides about a scan.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The present.
    pub now: TimeMicros,
    /// The switch of its subscription, or its own.
    pub on: bool,
    /// Whether an SSH connector that is in force reaches it.
    pub reached: bool,
    /// Whether its cloud deleted it, or somebody took it out of service.
    pub gone: bool,
    /// Why somebody excluded it, in words.
    pub excluded: Option<&'a str>,
    /// What it is entitled to.
    pub plan: &'a Effective,
    /// Whether plans open and close anything.
    pub enforcement: Enforcement,
    /// The sensor that it has.
    pub sensor: Option<SensorSeen>,
    /// Before this nobody asks by itself.
    pub next_at: TimeMicros,
    /// Whether a person asks now.
    pub asked: bool,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is to be scanned now.
    Scan,
    /// It is not time yet.
    Wait,
    /// It is not to be scanned. What scans of it gave is not in service any more.
    NotApplicable(ScanCode),
}

/// Decides about one machine.
pub fn decide(s: &Subject<'_>) -> Decision {
    let no = |code| Decision::NotApplicable(code);
    if s.gone {
        return no(ScanCode::MachineGone);
    }
    if !s.on {
        return no(ScanCode::AgentlessOff);
    }
    if !s.reached {
        return no(ScanCode::NoConnector);
    }
    if s.excluded.is_some() {
        return no(ScanCode::MachineExcluded);
    }
    if !s.enforcement.decide(Feature::AgentlessScan, s.plan).is_open() {
        return no(ScanCode::PlanMissing);
    }
    if s.sensor.is_some_and(|sensor| sensor.is_fresh(s.now)) {
        return no(ScanCode::SensorPresent);
    }
    if s.asked || s.now >= s.next_at { Decision::Scan } else { Decision::Wait }
}

/// When a machine that is not to be scanned is looked at again by itself.
pub fn look_again(now: TimeMicros) -> TimeMicros {
    now.plus_micros(LOOK_AGAIN)
}

/// When the next scan is due after one that ended now, with so many failures in a row; 0 for a success.
pub fn next_after(now: TimeMicros, hours: i32, failures: i32) -> TimeMicros {
    let whole = i64::from(hours.clamp(*HOURS.start(), *HOURS.end())) * HOUR;
    if failures <= 0 {
        return now.plus_micros(whole);
    }
    let doublings = u32::try_from(failures - 1).unwrap_or(0).min(16);
    now.plus_micros(FIRST_PAUSE.saturating_mul(1 << doublings).min(whole))
}

#[cfg(test)]
mod tests;
