//! Health: findings, what raises them, and what to do about them.
//!
//! [`observe`] turns what is known of a machine into causes; [`Tracker`] turns causes into findings
//! with hysteresis; [`Status`] says it in one word. Words for people come from the catalogue only.

mod catalogue;
mod code;
mod finding;
mod listening;
mod observe;
mod page;
mod sensor;
mod status;
mod thresholds;
mod tracker;

pub use catalogue::{Catalogue, Elsewhere, Entry, Kind, Source, Weight, catalogue};
pub use code::{Code, UnknownCode};
pub(crate) use finding::clean;
pub use finding::{Cause, Evidence, Finding};
pub use listening::Listening;
pub use observe::{Device, Observed, SensorView, Situation, observe};
pub use page::page;
pub use sensor::{Component, causes_of};
pub use status::Status;
pub use thresholds::{FULL_EVALUATION, ThresholdError, Thresholds};
pub use tracker::{Change, Tracker};

#[cfg(test)]
mod tests;
