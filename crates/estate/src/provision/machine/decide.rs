//! What to do next.

use super::{Action, Machine, Next, Policy};
use crate::machine::PowerState;
use crate::provision::{Known, KnownDevice};

/// Whether a device runs another version than the one that is offered, and may be upgraded.
pub(super) fn outdated(known: &Known<'_>, device: &KnownDevice) -> bool {
    let offered = known.desired.version.as_str();
    known.runs_commands
        && known.desired.upgrades
        && !offered.is_empty()
        && !device.version.is_empty()
        && device.version != offered
}

impl Machine {
    /// What to do now. The same facts give the same answer, and asking changes nothing.
    pub fn next(&self, known: &Known<'_>, policy: &Policy) -> Next {
        let now = known.now;
        if let Some(task) = &self.task {
            return Next::Wait(Some(task.deadline));
        }
        let paused = self.retry_at.filter(|at| *at > now);
        if known.desired.offboarded.is_some() {
            return match paused {
                Some(_) => Next::Wait(paused),
                None if self.gone || known.power == PowerState::Deleted => Next::Wait(None),
                None if known.device.is_none() && !self.extension => Next::Wait(None),
                None => Next::Act(Action::Offboard),
            };
        }
        if !known.power.can_run() {
            return Next::Wait(None);
        }
        // What excludes a machine from new installations leaves a sensor that is there alone.
        if crate::provision::applicability(known).is_some() {
            return Next::Wait(None);
        }
        if let Some(at) = paused {
            return Next::Wait(Some(at));
        }
        match known.device {
            Some(device) => self.with_device(known, device, policy),
            None => self.without_device(known, policy),
        }
    }

    fn with_device(&self, known: &Known<'_>, device: &KnownDevice, policy: &Policy) -> Next {
        let now = known.now;
        if !self.extension {
            // Somebody else installed it, or the extension was deleted: it joins either way.
            let adopt = Action::Adopt { device: Some(device.id) };
            return Next::Act(if self.probed_at.is_none() { adopt } else { Action::DeployExtension });
        }
        if !known.runs_commands {
            return Next::Wait(None);
        }
        if self.repair {
            return self.install(known, policy);
        }
        if self.start {
            return Next::Act(Action::Start);
        }
        let beat =
            device.last_heartbeat.unwrap_or(device.enrolled_at).max(self.waiting_since.unwrap_or_default());
        let heard = now.0.saturating_sub(beat.0) <= policy.late;
        // The version that a new sensor reports is not known before its first heartbeat.
        if heard && self.waiting_since.is_none() && outdated(known, device) {
            let (from, to) = (device.version.clone(), known.desired.version.clone());
            return Next::Act(Action::Upgrade { from, to });
        }
        // One that is silent is looked at as soon as it is late, and then as often as the pauses
        // between failures say; one that is well, now and then.
        let last = self.probed_at.unwrap_or_default();
        let due = if heard {
            last.plus_micros(policy.probe_every)
        } else {
            last.max(beat).plus_micros(policy.late)
        };
        let silent_from = beat.plus_micros(policy.late + 1);
        if due <= now && (heard || silent_from <= now) {
            return Next::Act(Action::Probe);
        }
        Next::Wait(Some(if heard { due.min(silent_from) } else { due }))
    }

    fn without_device(&self, known: &Known<'_>, policy: &Policy) -> Next {
        if !known.runs_commands {
            return Next::Wait(None);
        }
        if let Some(since) = self.waiting_since {
            // Its end is noticed by `expire`.
            return Next::Wait(Some(since.plus_micros(policy.enrolment_wait)));
        }
        if self.adopt {
            return Next::Act(Action::Adopt { device: None });
        }
        self.install(known, policy)
    }

    /// Never without a look that is fresh: what was true an hour ago may fill a disk today.
    fn install(&self, known: &Known<'_>, policy: &Policy) -> Next {
        match self.ready {
            Some((at, mode)) if known.now.0.saturating_sub(at.0) <= policy.preflight_valid => {
                Next::Act(Action::Install { version: known.desired.version.clone(), mode })
            }
            _ => Next::Act(Action::Preflight),
        }
    }
}
