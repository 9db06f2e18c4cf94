//! The sensors' door: enrolment, batches into the log, the order stream.
//!
//! One TLS port. Every request but `/v1/enrol` and `/v1/ping` needs a client certificate of the
//! instance's CA; a wrong, expired or foreign one still completes the handshake, so that the sensor
//! gets an answer with a stable code instead of a bare alert. A batch is acknowledged after it is
//! durable in the log, and enters it only if it opens within the limits. When the database is down,
//! devices whose certificates were seen lately go on uploading.

mod app;
mod body;
mod config;
mod dedup;
mod hub;
mod identity;
mod in_flight;
mod issue;
mod keep;
mod lanes;
mod load;
mod metrics;
mod rate;
mod refusal;
mod routes;
mod seen;
mod server;
mod status;
mod tls;

pub use config::{IngestConfig, Limits, Rate};
pub use dedup::forget_tenant;
pub use metrics::names;
pub use refusal::Code;
pub use server::{IngestError, IngestServer, Probe};
