use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use crate::DAY;

/// How long a trial lasts, microseconds. It cannot be paused.
pub const TRIAL: i64 = 30 * DAY;

/// How a plan stands at some instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Standing {
    /// Not switched on.
    Off,
    /// On and free until then.
    Trial {
        /// The end.
        ends: TimeMicros,
    },
    /// It was on trial, the trial is over and nobody took the plan.
    TrialEnded,
    /// On and metered.
    Paid,
}

impl Standing {
    /// Whether the plan opens its features.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Trial { .. } | Self::Paid)
    }

    /// Whether hours under it cost nothing.
    pub fn is_trial(self) -> bool {
        matches!(self, Self::Trial { .. })
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Switch {
    #[default]
    Off,
    Trial,
    Paid,
}

/// Why a plan cannot be switched.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A subscription has one trial of a plan, and this one is over.
    #[error("the trial of this plan was used up")]
    TrialUsed,
    /// The Servers plan comes in two steps, and none was named.
    #[error("say which of the Servers plans: servers_p1 or servers_p2")]
    StepMissing,
}

impl PlanError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TrialUsed => "trial_used",
            Self::StepMissing => "plan_step_missing",
        }
    }
}

/// What is kept of one plan of one subscription.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRecord {
    switch: Switch,
    trial_ends: Option<TimeMicros>,
}

impl PlanRecord {
    /// A plan that is on and metered.
    pub fn paid() -> Self {
        Self { switch: Switch::Paid, trial_ends: None }
    }

    /// When its free days end or ended, if a trial was ever begun.
    pub fn trial_ends(&self) -> Option<TimeMicros> {
        self.trial_ends
    }

    /// How it stands at an instant.
    pub fn standing(&self, at: TimeMicros) -> Standing {
        match (self.switch, self.trial_ends) {
            (Switch::Off, _) => Standing::Off,
            (Switch::Trial, Some(ends)) if at < ends => Standing::Trial { ends },
            (Switch::Trial, _) => Standing::TrialEnded,
            // Whoever pays during the trial still has its free days.
            (Switch::Paid, Some(ends)) if at < ends => Standing::Trial { ends },
            (Switch::Paid, _) => Standing::Paid,
        }
    }

    /// Switches it on as a trial. Its thirty days run from the first time, whether on or off.
    ///
    /// # Errors
    /// [`PlanError::TrialUsed`] when they are over.
    pub fn start_trial(&mut self, now: TimeMicros) -> Result<TimeMicros, PlanError> {
        let ends = *self.trial_ends.get_or_insert(now.plus_micros(TRIAL));
        if now >= ends {
            return Err(PlanError::TrialUsed);
        }
        self.switch = Switch::Trial;
        Ok(ends)
    }

    /// Switches it on for good; what is left of a trial stays free.
    pub fn pay(&mut self) {
        self.switch = Switch::Paid;
    }

    /// Switches it off. A running trial goes on running out.
    pub fn switch_off(&mut self) {
        self.switch = Switch::Off;
    }
}
