//! The door against a real database, a real log, real TLS, and hostile callers.

mod batches;
mod certificates;
mod client;
mod enrolment;
mod fixture;
mod hostile;
mod orders;
mod outage;
mod patience;
