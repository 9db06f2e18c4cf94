//! The sensor as something that is installed: where its files lie, what was put there, and the
//! verbs that put it there, look at it and take it away.

mod enrolment;
mod fault;
mod inspect;
mod journal;
mod layout;
mod record;
mod remove;
mod rollback;
mod service;
mod steps;
pub mod unit;
mod wait;

pub use enrolment::{let_go, token_from};
pub use fault::{Fault, said};
pub use inspect::inspect;
pub use layout::{Layout, PATH};
#[cfg(test)]
pub use record::Entry;
pub use record::{Manager, Record};
pub use remove::remove;
pub use service::{Service, log as log_file, start};
pub use steps::{Wanted, install};
