//! Metering: from what was heard of machines to hours, and from hours to money.
//!
//! A [`Timeline`] collects what is known of one machine, in any order and as often as it is told;
//! its hours are computed from all of it each time, and replace what was stored of them. So a late
//! or doubled report changes nothing but what it makes known.
//!
//! An hour is an hour of the UTC clock. A machine is metered for an hour if it was in a metered
//! state under a plan at any instant of it; the hour is never split: it belongs to the
//! subscription and owner where the machine first was metered in it, at the highest plan that it
//! had there, and it is free if any of that time was on trial.

mod bill;
mod clock;
mod hour;
mod steps;
mod timeline;

pub use bill::{BillError, Cost, Currency, RateCard, Tally, Tariff, amount, csv_field, parse_amount};
pub use clock::{Reading, corrected};
pub use hour::{Hour, HourUsage};
pub use timeline::{Basis, PlanAt, Timeline, entitlements};

#[cfg(test)]
mod tests;
