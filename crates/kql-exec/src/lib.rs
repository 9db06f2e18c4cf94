//! Lowers bound queries to DataFusion and runs them over any catalogue.
//!
//! [`LocalExecutor`] runs a [`palisade_kql::Program`] over a [`TableSource`] with a deadline, a row
//! cap and a memory limit, and answers with a [`QueryStream`]: record batches, statistics, a cancel
//! handle. Dropping the stream cancels the query. [`run`] answers many queries, lines of JSON in and out,
//! and [`files`] mounts files as their tables.

mod address;
mod aggregates;
mod compute;
mod decimal;
mod error;
mod executor;
mod expand;
mod export;
mod external;
pub mod files;
pub mod format;
mod grouping;
mod harden;
mod interpret;
mod json;
mod kernels;
mod lower;
mod memo;
mod memory;
mod narrow;
mod open;
mod ordered;
mod parse;
mod path;
mod pattern;
mod rename;
pub mod run;
mod scan;
mod sketch;
mod source;
mod stream;
mod table;
mod terms;
mod udf;
mod value;
mod windows;

pub use address::{AddressDatabase, AddressDatabaseError, AddressRecord, MaxmindDatabase};
pub use error::ExecError;
pub use executor::{LocalExecutor, QueryContext, QueryExecutor};
pub use export::{FileEncoder, FileFormat};
pub use external::{ExternalError, ExternalRequest, ExternalSource, NoExternal, Uploads};
pub use json::{json_rows, json_schema};
pub use source::{MemoryTables, SourceError, TableSource};
pub use stream::{CancelHandle, QueryStats, QueryStream};
pub use value::arrow_schema;
