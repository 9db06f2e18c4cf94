//! The event store: hot rows, Delta tables, compaction, and the one table provider over both.
//!
//! [`LakeWriter`] consumes the region's log: it projects batches to rows ([`Projector`]), seals
//! them every 250 ms as Arrow files on tmpfs, and moves them to Delta tables that any Delta reader
//! understands. A query takes a [`Pin`] and reads through a [`PinnedCatalogue`]: one Delta version
//! and one set of hot files per table, unmoved by whatever happens meanwhile.

mod columns;
mod compact;
mod config;
mod delta;
mod error;
mod flush;
mod hot;
mod load;
mod parquet_file;
mod project;
mod reader;
mod run;
mod shared;
mod stats;
mod store;
mod terms;
mod writer;

pub use columns::{DAY, INGEST_TIME, TableSchemas, schemas};
pub use compact::{CompactReport, Compactor};
pub use config::LakeConfig;
pub use delta::APPLICATION;
pub use error::LakeError;
pub use hot::{HotFile, Manifest, TableManifest};
pub use load::{Loaded, RowLoader};
pub use project::{BatchContext, DeviceNames, NoNames, ProjectCounts, Projector, TableSet};
pub use reader::{Pin, PinnedCatalogue, PinnedTable, ScanStats};
pub use run::{RunOptions, run};
pub use stats::{FRESHNESS_BOUNDS_US, LakeStats};
pub use writer::LakeWriter;
