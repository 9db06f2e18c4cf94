//! Typed identifiers, time and severity shared by every part of Palisade.
//!
//! Everything here is plain data: no clock is read except by [`TimeMicros::now`], no I/O is done.

mod ids;
mod lane;
mod time;

pub use ids::{DeviceId, Epoch, IdError, MachineId, OrderId, SubscriptionId, TenantId, UserId};
pub use lane::{Lane, Severity};
pub use time::{TimeError, TimeMicros};
