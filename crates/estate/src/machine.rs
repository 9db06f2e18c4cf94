//! Machines: their power, their operating system, whether a sensor exists for them, and
//! which of them somebody is.

mod identity;
mod os;
mod power;
mod support;

pub use identity::{Candidate, Identity, Newcomer, identify, says_nothing as hardware_says_nothing};
pub(crate) use os::numbers;
pub use os::{OsFacts, OsFamily};
pub use power::{LinkState, PowerState, RunState};
pub use support::{Distribution, Support, SupportMatrix};
