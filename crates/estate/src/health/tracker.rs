//! Hysteresis: from causes that come and go to findings that do not flap.
//!
//! A cause must last for its code's `raise_after_s` before it is a finding, and be gone for its
//! `clear_after_s` before the finding is cleared. A finding that comes back within an hour is held
//! longer each time, up to half an hour. What it is certain about (not applicable, or a worse step
//! of the same silence) follows at once.

use std::collections::BTreeMap;

use palisade_types::{MachineId, TimeMicros};
use serde::{Deserialize, Serialize};

use super::{Cause, Code, FULL_EVALUATION, Finding, Kind, Listening, Observed, SensorView, Source};
use crate::{HOUR, MINUTE, SECOND};

/// A finding that comes back within this time is one that flaps.
const MEMORY: i64 = HOUR;
/// A flapping finding is held for at most this long.
const LONGEST_HOLD: i64 = 30 * MINUTE;
/// The steps of one silence, mild ones first: only the worst that stands is shown.
const SILENCE: [Code; 4] = [Code::HeartbeatLate, Code::HeartbeatNever, Code::HeartbeatLost, Code::Inactive];

/// How bad a step of a silence is; `None` for everything else.
fn step_of(code: Code) -> Option<usize> {
    SILENCE.iter().position(|c| *c == code)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Phase {
    /// The cause is there, not yet for long enough.
    Waiting,
    /// It is a finding.
    Raised,
    /// It is a finding whose cause has gone, not yet for long enough.
    Fading,
    /// It was a finding; remembered in case it comes back.
    Cleared,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Track {
    phase: Phase,
    /// The beginning of the phase.
    at: TimeMicros,
    /// Since when the cause is there.
    since: TimeMicros,
    /// How often it came back soon after it was cleared.
    returns: u32,
    cause: Cause,
}

/// What one machine's health was last time; to be stored and handed in again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracker {
    tracks: BTreeMap<Code, Track>,
    last_evaluated: Option<TimeMicros>,
}

/// A finding that was raised or cleared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which one.
    pub code: Code,
    /// Raised, or cleared.
    pub raised: bool,
    /// When.
    pub at: TimeMicros,
}

impl Tracker {
    /// Takes in what was observed. While the server cannot hear nothing is judged at all.
    pub fn step(&mut self, observed: &Observed, listening: &Listening) -> Vec<Change> {
        if listening.is_down() {
            return Vec::new();
        }
        let now = listening.now;
        self.last_evaluated = Some(now);
        let before: Vec<Code> = self.shown().map(|(code, _)| code).collect();
        for cause in &observed.causes {
            self.present(cause, listening);
        }
        let certain = observed.causes.iter().any(|c| c.code.entry().kind == Kind::NotApplicable);
        let worst = observed.causes.iter().filter_map(|c| step_of(c.code)).max();
        let codes: Vec<Code> = self.tracks.keys().copied().collect();
        for code in codes.into_iter().filter(|code| !observed.causes.iter().any(|c| c.code == *code)) {
            let kind = code.entry().kind;
            let sensors = self.tracks[&code].cause.source == Source::Sensor;
            if certain
                || kind == Kind::NotApplicable
                || step_of(code).is_some_and(|own| Some(own) < worst)
                || (sensors && observed.sensor == SensorView::Gone)
            {
                self.clear(code, now);
            } else if !(sensors && observed.sensor == SensorView::Silent) {
                self.absent(code, listening);
            }
        }
        self.tracks.retain(|_, t| t.phase != Phase::Cleared || listening.elapsed(t.at) <= MEMORY);
        let after: Vec<Code> = self.shown().map(|(code, _)| code).collect();
        let change = |code: &Code, raised| Change { code: *code, raised, at: now };
        let raised = after.iter().filter(|c| !before.contains(c)).map(|c| change(c, true));
        let cleared = before.iter().filter(|c| !after.contains(c)).map(|c| change(c, false));
        raised.chain(cleared).collect()
    }

    fn present(&mut self, cause: &Cause, listening: &Listening) {
        let now = listening.now;
        let entry = cause.code.entry();
        let wait = i64::from(entry.raise_after_s) * SECOND;
        let track = self.tracks.entry(cause.code).or_insert_with(|| Track {
            phase: Phase::Waiting,
            at: now,
            since: now,
            returns: 0,
            cause: cause.clone(),
        });
        track.cause = cause.clone();
        match track.phase {
            Phase::Cleared => {
                let soon = listening.elapsed(track.at) <= MEMORY && entry.kind != Kind::NotApplicable;
                track.returns = if soon { (track.returns + 1).min(16) } else { 0 };
                (track.phase, track.at, track.since) = (Phase::Waiting, now, now);
            }
            // It never went away for long enough: still the same one.
            Phase::Fading => (track.phase, track.at) = (Phase::Raised, now),
            Phase::Waiting | Phase::Raised => {}
        }
        if track.phase == Phase::Waiting && listening.elapsed(track.at) >= wait {
            (track.phase, track.at) = (Phase::Raised, now);
        }
    }

    fn absent(&mut self, code: Code, listening: &Listening) {
        let now = listening.now;
        let Some(track) = self.tracks.get_mut(&code) else { return };
        match track.phase {
            // It flickered, and was no finding this time.
            Phase::Waiting if track.returns > 0 => {
                track.returns -= 1;
                (track.phase, track.at) = (Phase::Cleared, now);
            }
            Phase::Waiting => {
                self.tracks.remove(&code);
                return;
            }
            Phase::Raised => (track.phase, track.at) = (Phase::Fading, now),
            Phase::Fading | Phase::Cleared => {}
        }
        if track.phase == Phase::Fading && listening.elapsed(track.at) >= hold(code, track.returns) {
            self.clear(code, now);
        }
    }

    fn clear(&mut self, code: Code, now: TimeMicros) {
        if let Some(track) = self.tracks.get_mut(&code)
            && track.phase != Phase::Cleared
        {
            (track.phase, track.at) = (Phase::Cleared, now);
        }
    }

    fn shown(&self) -> impl Iterator<Item = (Code, &Track)> {
        let stands = |t: &Track| matches!(t.phase, Phase::Raised | Phase::Fading);
        let steps = self.tracks.iter().filter(|(_, t)| stands(t)).filter_map(|(code, _)| step_of(*code));
        let worst = steps.max();
        self.tracks
            .iter()
            .map(|(code, t)| (*code, t))
            .filter(move |(code, t)| stands(t) && step_of(*code).is_none_or(|own| Some(own) >= worst))
    }

    /// The findings that stand.
    pub fn findings(&self, machine: MachineId) -> Vec<Finding> {
        let last_evaluated = self.last_evaluated.unwrap_or_default();
        self.shown()
            .map(|(code, t)| {
                let entry = code.entry();
                Finding {
                    machine,
                    kind: entry.kind,
                    code,
                    weight: entry.weight,
                    message: t.cause.message(),
                    remediation: &entry.remediation,
                    since: t.since,
                    last_evaluated,
                    source: t.cause.source,
                    evidence: t.cause.evidence.clone(),
                }
            })
            .collect()
    }

    /// When to look again even if nothing happens: when a hold ends, when `observed` changes by
    /// time alone, and four hours from now at the latest.
    pub fn due(&self, observed: &Observed, listening: &Listening) -> TimeMicros {
        let full = listening.now.plus_micros(FULL_EVALUATION);
        let left = |span: i64, t: &Track| (span - listening.elapsed(t.at)).max(0);
        // What a silent sensor said waits for the sensor, not for time.
        let frozen = |t: &Track| t.cause.source == Source::Sensor && observed.sensor == SensorView::Silent;
        let holds = self.tracks.iter().filter(|(_, t)| !frozen(t)).filter_map(|(code, t)| match t.phase {
            Phase::Waiting => Some(left(i64::from(code.entry().raise_after_s) * SECOND, t)),
            Phase::Fading => Some(left(hold(*code, t.returns), t)),
            Phase::Raised | Phase::Cleared => None,
        });
        let next = holds.min().map(|us| listening.now.plus_micros(us));
        [next, observed.changes_at].into_iter().flatten().fold(full, TimeMicros::min).max(listening.now)
    }
}

/// How long a cause must be gone before its finding is cleared.
fn hold(code: Code, returns: u32) -> i64 {
    let own = i64::from(code.entry().clear_after_s) * SECOND;
    if returns == 0 {
        return own;
    }
    let longer = (MINUTE << (returns - 1).min(10)).min(LONGEST_HOLD);
    own.max(longer)
}
