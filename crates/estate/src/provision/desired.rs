use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use super::Machine;

/// What to do where another security product runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherProducts {
    /// Install beside it, observing only, and say so.
    #[default]
    Observe,
    /// Leave the machine alone.
    LeaveAlone,
}

/// What people want of a machine; its subscription's settings and its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desired {
    /// Whether endpoint protection is on in its subscription.
    pub component_on: bool,
    /// What excludes it: a tag or a rule, in words.
    pub exclusion: Option<String>,
    /// When its device was offboarded.
    pub offboarded: Option<TimeMicros>,
    /// Whether new versions are put on it.
    pub upgrades: bool,
    /// What to do beside other products.
    pub other_products: OtherProducts,
    /// The version that the server offers.
    pub version: String,
}

/// What a person can do about a machine's sensor; each is its own verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Installs nothing any more. What is there stays and goes on.
    ComponentOff,
    /// Installs again.
    ComponentOn,
    /// Deletes the extension. The sensor stays; while the component is on, the extension returns.
    RemoveExtension,
    /// Takes the device out of service and the sensor off the machine.
    Offboard,
    /// Undoes an offboarding.
    Onboard,
    /// Tries what failed again at once.
    Fix,
    /// The machine went to another subscription: device and history stay, the extension is
    /// deployed anew.
    Moved,
}

impl Verb {
    /// Does it to what is wanted and to what is known.
    pub fn apply(self, desired: &mut Desired, machine: &mut Machine, now: TimeMicros) {
        match self {
            Self::ComponentOff => desired.component_on = false,
            Self::ComponentOn => desired.component_on = true,
            Self::RemoveExtension | Self::Moved => machine.forget_extension(),
            Self::Offboard => {
                desired.offboarded = Some(now);
                machine.retry_now();
            }
            Self::Onboard => {
                desired.offboarded = None;
                machine.begin_anew();
            }
            Self::Fix => machine.retry_now(),
        }
    }
}
