//! The event timeline: what an assessment changed, derived by comparing it with the one before.
//!
//! [`view`] is what is compared, [`compare`] the rules (pure), [`record`] writes what follows in the
//! assessment's own transaction, [`read`] is what people see of it.

mod compare;
mod read;
mod record;
mod view;

#[cfg(test)]
mod tests;

pub use read::{EventQuery, VulnerabilityEvent};
pub(crate) use record::{Draft, Timeline, members, ordinals, write};
