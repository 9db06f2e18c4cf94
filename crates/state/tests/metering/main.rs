//! Metering and usage against a real PostgreSQL.

mod hours;
mod model;
mod plans;
mod usage;
mod world;
