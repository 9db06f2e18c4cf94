//! The rules of the estate, without any I/O: no socket, no database, no clock is in here. Whoever
//! calls passes what is known and the present, and gets back what follows from it.
//!
//! [`plan`] says what a machine is entitled to, [`machine`] whether a sensor exists for it,
//! [`provision`] what to do next on it, [`health`] what is wrong with it and how to mend that,
//! [`metering`] what it costs, [`edr`] which security products it has, [`group`] which devices belong
//! together, [`agentless`] which machines are scanned without a sensor, [`notify`] who is told of what changed, and [`inventory`] reads lists of machines that people write.
//! `docs/estate.md` explains the concepts.

pub mod agentless;
pub mod edr;
pub mod group;
pub mod health;
pub mod inventory;
pub mod machine;
pub mod metering;
pub mod notify;
pub mod plan;
pub mod provision;
mod span;

pub use span::{DAY, HOUR, MINUTE, SECOND, Span};
