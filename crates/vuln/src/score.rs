//! The exposure score and the secure score for devices: open formulas on small types, without I/O.
//!
//! A [`Weakness`] in a [`Context`] has a risk, the risks of one component combine to its [`Hazards`], those of a
//! device add up in a [`Fleet`], which keeps both the device's exposure score and the organisation's. [`Posture`]
//! does the same for configuration checks. [`explain`] says what a score and a difference of scores consist of.
//! Hazards and points are whole numbers, so that what is kept up to date by differences equals what is computed
//! anew, bit by bit. `docs/exposure-score.md` has the formulas and why the constants are what they are.

mod component;
mod device;
mod error;
/// What a score and a difference of two scores consist of.
pub mod explain;
mod fleet;
mod hazard;
mod ledger;
mod mean;
mod posture;
#[cfg(test)]
mod tests;
mod weakness;

pub use component::{Contribution, Hazards, combine, contributions};
pub use device::{Criticality, Level, MAX_ORDINAL, Points};
pub use error::ScoreError;
pub use fleet::{Exposure, Fleet};
pub use hazard::Hazard;
pub use ledger::{Ledger, Shift, State};
pub use mean::Mean;
pub use posture::{Category, Check, MAX_IMPACT, Posture, Secure, Tallies, Tally};
pub use weakness::{AttackVector, Context, Reach, Risk, Threats, Usage, Weakness};

/// The CVSS score that is assumed where nobody gave one: the median of all published base scores.
pub const PRIOR_CVSS: f64 = 6.6;
/// The EPSS score that is assumed where there is none: the median of all published ones.
pub const PRIOR_EPSS: f64 = 0.007;
/// How many periods of EPSS (30 days each) a probability looks ahead: half a year.
pub const HORIZON: i32 = 6;
/// The most that one weakness, or all of one component, can be worth.
pub const MAX_SHARE: f64 = 0.95;
