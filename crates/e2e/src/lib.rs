//! Tests of the whole product: real sensor, real server, real kernel.
//!
//! [`Product`] is one instance in a temporary folder on ports of its own; dropping it ends it.

mod client;
mod product;
mod sensor;

pub use client::VirtualSensor;
pub use product::{Product, binary, wait_until};
pub use sensor::Sensor;
