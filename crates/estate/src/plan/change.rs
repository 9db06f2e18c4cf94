use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use super::{PlanError, PlanRecord, ServersPlan, SubscriptionPlans};

/// What is decided about one plan of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanSwitch {
    /// On and free, for what is left of its thirty days.
    Trial,
    /// On for good.
    Pay,
    /// Off.
    Off,
}

/// What is decided about the plans of a subscription; what is not named stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlansChange {
    /// Which of the Servers plans; the one that it had where it is left out.
    pub step: Option<ServersPlan>,
    /// The Servers plan.
    pub servers: Option<PlanSwitch>,
    /// The Posture plan.
    pub posture: Option<PlanSwitch>,
}

impl PlansChange {
    /// Carries it out.
    ///
    /// # Errors
    /// When a trial is asked for that was used up, or the Servers plan without its step. Then nothing
    /// has changed.
    pub fn apply(&self, plans: &SubscriptionPlans, now: TimeMicros) -> Result<SubscriptionPlans, PlanError> {
        let mut changed = *plans;
        changed.step = self.step.or(changed.step);
        if let Some(servers) = self.servers {
            if servers != PlanSwitch::Off && changed.step.is_none() {
                return Err(PlanError::StepMissing);
            }
            turn(&mut changed.servers, servers, now)?;
        }
        if let Some(posture) = self.posture {
            turn(&mut changed.posture, posture, now)?;
        }
        Ok(changed)
    }
}

fn turn(record: &mut PlanRecord, to: PlanSwitch, now: TimeMicros) -> Result<(), PlanError> {
    match to {
        PlanSwitch::Trial => record.start_trial(now).map(|_| ()),
        PlanSwitch::Pay => {
            record.pay();
            Ok(())
        }
        PlanSwitch::Off => {
            record.switch_off();
            Ok(())
        }
    }
}
