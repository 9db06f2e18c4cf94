use palisade_types::{DeviceId, TenantId, TimeMicros};

use super::Desired;
use super::preflight::unsupported;
use crate::health::{Cause, Code};
use crate::machine::{OsFacts, PowerState, Support, SupportMatrix};
use crate::plan::{Effective, Enforcement, PlanBasis};

/// What is known of a machine's device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDevice {
    /// Which.
    pub id: DeviceId,
    /// When it enrolled, last.
    pub enrolled_at: TimeMicros,
    /// The last heartbeat since then.
    pub last_heartbeat: Option<TimeMicros>,
    /// The sensor's version; empty if it was not said.
    pub version: String,
}

/// Everything that the next step on a machine is decided by.
#[derive(Clone, Debug)]
pub struct Known<'a> {
    /// The present.
    pub now: TimeMicros,
    /// The tenant.
    pub tenant: TenantId,
    /// What its cloud says.
    pub power: PowerState,
    /// Since when.
    pub power_since: TimeMicros,
    /// What the connector or an earlier look says about its system.
    pub os: &'a OsFacts,
    /// What it is entitled to.
    pub plan: Effective,
    /// Whether plans are enforced.
    pub enforcement: Enforcement,
    /// What people want.
    pub desired: &'a Desired,
    /// Its device, if one enrolled.
    pub device: Option<&'a KnownDevice>,
    /// Whether its connector can run something there.
    pub runs_commands: bool,
}

/// Why no sensor is to be installed on a machine; `None` where one is.
///
/// A sensor that is there is never removed for any of these, and goes on.
pub fn applicability(known: &Known<'_>) -> Option<Cause> {
    let cause = Cause::provisioning;
    let desired = known.desired;
    if known.power == PowerState::Deleted {
        return Some(cause(Code::Retired).with("since", known.power_since.to_string()));
    }
    if let Some(at) = desired.offboarded {
        return Some(cause(Code::Offboarded).with("since", at.to_string()));
    }
    if let Some(by) = &desired.exclusion {
        return Some(cause(Code::Excluded).with("by", by));
    }
    match SupportMatrix::shipped().judge(known.os) {
        Support::NotApplicable(code) => return Some(unsupported(code, known.os)),
        // Too old a kernel is the machine's own fault, which its preflight finds and explains.
        Support::Supported | Support::ByTrial | Support::Unknown | Support::Lacking(_) => {}
    }
    if !desired.component_on {
        return Some(cause(Code::ComponentOff));
    }
    // A machine that was taken out by hand is left alone whether or not plans are enforced.
    let why = match known.plan.basis {
        PlanBasis::MachineOff => Some("it was switched off for this machine"),
        PlanBasis::SubscriptionOff if known.enforcement == Enforcement::On => {
            Some("its subscription has none")
        }
        PlanBasis::TrialEnded if known.enforcement == Enforcement::On => Some("the trial has ended"),
        _ => None,
    };
    if let Some(why) = why {
        return Some(cause(Code::PlanExcludes).with("reason", why));
    }
    None
}
