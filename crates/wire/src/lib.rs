//! What sensors and servers say to each other: messages, sealed batches, dedup and signed orders.
//!
//! This crate opens no socket and reads no clock; whoever uses it passes both in. The messages are
//! generated from `proto/palisade.proto` and checked in; a test fails when they differ.

mod batch;
mod bounds;
mod dedup;
mod orders;

/// The generated messages; `proto/palisade.proto` is their documentation.
#[allow(missing_docs, clippy::all)]
pub mod msg {
    include!("generated/palisade.wire.v1.rs");
}

pub use batch::{BatchLimits, SealParams, WireError, digest_of, open, seal};
pub use bounds::check_upload;
pub use dedup::{DedupMark, DedupTable, LaneState, Verdict};
pub use orders::{ORDER_CONTEXT, OrderCheck, OrderError, sign, verify};

/// The protocol versions this code speaks, lowest and highest.
pub const PROTOCOLS: (u32, u32) = (1, 1);

/// The version a sensor of this code sends.
pub const PROTOCOL: u32 = 1;

/// Content type of every protobuf body.
pub const CONTENT_TYPE: &str = "application/x-protobuf";
