//! Plans: what a subscription has bought, what a machine is entitled to, and what that opens.
//!
//! The matrix of features is [`Feature::need`], in one place. Whether it is enforced is a tenant's
//! switch, off by default. Capture, prevention and a machine's own health need nothing, ever.

mod change;
mod effective;
mod feature;
mod standing;

pub use change::{PlanSwitch, PlansChange};
pub use effective::{Effective, Override, OverrideError, PlanBasis, SubscriptionPlans, effective};
pub use feature::{Decision, Enforcement, Feature, Need};
pub use standing::{PlanError, PlanRecord, Standing, TRIAL};

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Something that can be bought for a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// Servers Plan 1.
    ServersP1,
    /// Servers Plan 2; everything of Plan 1 and more.
    ServersP2,
    /// Posture: the view over the whole estate.
    Posture,
}

impl Plan {
    /// Every plan, in rising order.
    pub const ALL: [Self; 3] = [Self::ServersP1, Self::ServersP2, Self::Posture];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ServersP1 => "servers_p1",
            Self::ServersP2 => "servers_p2",
            Self::Posture => "posture",
        }
    }

    /// The name that people read.
    pub fn title(self) -> &'static str {
        match self {
            Self::ServersP1 => "Servers Plan 1",
            Self::ServersP2 => "Servers Plan 2",
            Self::Posture => "Posture",
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no plan.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such plan")]
pub struct UnknownPlan;

impl FromStr for Plan {
    type Err = UnknownPlan;

    fn from_str(s: &str) -> Result<Self, UnknownPlan> {
        Self::ALL.into_iter().find(|p| p.as_str() == s).ok_or(UnknownPlan)
    }
}

/// Plan 1 or Plan 2: the two steps of the Servers plan, of which a machine has at most one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServersPlan {
    /// Plan 1.
    P1,
    /// Plan 2.
    P2,
}

impl From<ServersPlan> for Plan {
    fn from(plan: ServersPlan) -> Self {
        match plan {
            ServersPlan::P1 => Self::ServersP1,
            ServersPlan::P2 => Self::ServersP2,
        }
    }
}

#[cfg(test)]
mod tests;
