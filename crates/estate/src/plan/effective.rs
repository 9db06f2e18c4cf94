use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use super::{Plan, PlanRecord, ServersPlan, Standing};

/// The plans of a subscription.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionPlans {
    /// Which step of the Servers plan, for when it is on.
    pub step: Option<ServersPlan>,
    /// The Servers plan.
    pub servers: PlanRecord,
    /// The Posture plan.
    pub posture: PlanRecord,
}

/// What was decided for one machine, against its subscription.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Override {
    /// Nothing: it has what its subscription has.
    #[default]
    Inherit,
    /// Plan 1, whatever its subscription has.
    PlanOne,
    /// No Servers plan.
    Off,
}

/// An override that plans do not allow.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    /// Plan 2 is bought for whole subscriptions; a machine can only be taken out of it.
    #[error("plan 2 cannot be switched on for a single machine, only off")]
    PlanTwoPerMachine,
    /// Posture looks at the estate as a whole.
    #[error("posture cannot be switched for a single machine")]
    PosturePerMachine,
}

impl OverrideError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::PlanTwoPerMachine => "plan_two_per_machine",
            Self::PosturePerMachine => "posture_per_machine",
        }
    }
}

impl Override {
    /// The override that switches `plan` on for a machine.
    ///
    /// # Errors
    /// For every plan but Plan 1.
    pub fn enable(plan: Plan) -> Result<Self, OverrideError> {
        match plan {
            Plan::ServersP1 => Ok(Self::PlanOne),
            Plan::ServersP2 => Err(OverrideError::PlanTwoPerMachine),
            Plan::Posture => Err(OverrideError::PosturePerMachine),
        }
    }
}

/// Why a machine has its Servers plan, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanBasis {
    /// Its subscription has it.
    Subscription,
    /// It was switched on for this machine.
    Machine,
    /// Its subscription has none.
    SubscriptionOff,
    /// Its subscription's trial is over.
    TrialEnded,
    /// It was switched off for this machine.
    MachineOff,
}

/// What a machine is entitled to at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effective {
    /// The Servers plan.
    pub servers: Option<ServersPlan>,
    /// Whether its hours cost nothing.
    pub servers_trial: bool,
    /// Why.
    pub basis: PlanBasis,
    /// Whether it has Posture.
    pub posture: bool,
    /// Whether that costs nothing.
    pub posture_trial: bool,
}

impl Effective {
    /// Whether it includes a plan. Plan 2 includes Plan 1.
    pub fn has(&self, plan: Plan) -> bool {
        match plan {
            Plan::ServersP1 => self.servers.is_some(),
            Plan::ServersP2 => self.servers == Some(ServersPlan::P2),
            Plan::Posture => self.posture,
        }
    }
}

/// What a machine has, from its subscription's plans and what was decided for it alone.
pub fn effective(plans: &SubscriptionPlans, machine: Override, at: TimeMicros) -> Effective {
    let standing = match plans.step {
        Some(_) => plans.servers.standing(at),
        None => Standing::Off,
    };
    let posture = plans.posture.standing(at);
    let (servers, servers_trial, basis) = match machine {
        Override::Off => (None, false, PlanBasis::MachineOff),
        // A person's own decision for this machine: it outlives the subscription's trial.
        Override::PlanOne => (Some(ServersPlan::P1), standing.is_trial(), PlanBasis::Machine),
        Override::Inherit if standing.is_active() => {
            (plans.step, standing.is_trial(), PlanBasis::Subscription)
        }
        Override::Inherit if standing == Standing::TrialEnded => (None, false, PlanBasis::TrialEnded),
        Override::Inherit => (None, false, PlanBasis::SubscriptionOff),
    };
    Effective {
        servers,
        servers_trial,
        basis,
        posture: posture.is_active(),
        posture_trial: posture.is_trial(),
    }
}
