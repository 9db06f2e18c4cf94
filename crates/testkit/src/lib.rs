//! What tests share: one private PostgreSQL for all test processes with a fresh pair of databases
//! per test, processes that cannot outlive their test, waiting on conditions, unique names, and
//! skipping that is counted.

mod cluster;
mod database;
mod names;
mod reaper;
mod skip;
mod supervised;
mod wait;

pub use database::TestDb;
pub use names::{scratch, unique};
pub use skip::{kernel_available, shared_data, skipped};
pub use supervised::Supervised;
pub use wait::{Condition, PATIENCE, eventually};
