//! The region's log: the only truth between the acknowledgement and everything else.
//!
//! One process writes ([`LogWriter`]: group commit in its own thread, a record is acknowledged after
//! `fdatasync`); any number of processes read ([`LogReader`]) what is durable, each named consumer
//! keeps its place in a [`Cursor`], and whole segments below the slowest consumer are removed
//! ([`trim`]). The crate knows no async runtime: [`Append`] is a plain future.
//!
//! On disk a segment `<first offset, 20 digits>.seg` is a header and records without padding:
//!
//! ```text
//! header  magic "PALSDLOG" | version u32 | first offset u64 | salt u64 | crc32 u32
//! record  length u32 | crc32 u32 of salt, length, all that follows | committed u64 | offset u64
//!         | kind u8 | lane u8 | reserved u16 | flags u32 | tenant 16 | device 20 | epoch u64
//!         | sequence u64 | digest 32 | received us i64 | raw length u64 | payload
//! ```
//!
//! All numbers are little-endian. `committed` is the offset below which everything was durable when
//! the record was written: it tells a torn tail (may be cut) from a corruption (must be reported).

mod cursor;
mod durable;
mod erase;
mod error;
mod reader;
mod record;
mod retention;
mod segment;
mod ticket;
mod writer;

pub use cursor::{Cursor, CursorState, cursors};
pub use durable::{Durable, durable};
pub use erase::{EraseReport, erase};
pub use error::LogError;
pub use reader::LogReader;
pub use record::{FLAG_CLOCK_OFF, KIND_BATCH, KIND_ERASED, MAX_RECORD, Record, RecordMeta};
pub use retention::{ConsumerLag, CutOff, TrimPlan, TrimReport, lag_bytes, log_bytes, plan_trim, trim};
pub use segment::{DecodedSegment, Tail, decode_segment, replace_file};
pub use ticket::Append;
pub use writer::{LogOptions, LogWriter, WriterStats};

/// Result of this crate's functions.
pub type Result<T, E = LogError> = std::result::Result<T, E>;
