//! The way to the query workers, and what they ask for meanwhile: traits that the server implements over its sockets.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use palisade_explore::{Only, TextRows};
use palisade_kql::FunctionDef;
use palisade_types::{DeviceId, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// One query to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QueryRequest {
    /// Whose tables are seen.
    pub tenant: TenantId,
    /// Whose rows are seen, sorted; every device's when absent. It holds below the text, whatever that
    /// says.
    pub devices: Option<Vec<DeviceId>>,
    /// The text.
    pub query: String,
    /// The stored functions that it calls, those that these call included.
    pub functions: Vec<FunctionDef>,
    /// Most rows of the answer.
    pub row_cap: u64,
    /// How long it may run.
    pub deadline: Duration,
    /// Names the run within its tenant, for cancelling.
    pub query_id: String,
    /// What `now()` means, microseconds since 1970, UTC.
    pub now_us: i64,
}

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResultColumn {
    /// Its name.
    pub name: String,
    /// Its KQL type.
    #[serde(rename = "type")]
    pub kind: String,
}

/// What a query cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct QueryStats {
    /// Rows read from storage.
    #[schema(required = true)]
    pub rows_scanned: u64,
    /// Rows in the answer.
    #[schema(required = true)]
    pub rows_returned: u64,
    /// Processor time, milliseconds.
    #[schema(required = true)]
    pub cpu_ms: f64,
    /// Time from start to end, milliseconds.
    #[schema(required = true)]
    pub wall_ms: f64,
    /// Most memory that was reserved at once, bytes.
    #[schema(required = true)]
    pub peak_memory_bytes: u64,
}

/// What a query returned.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryAnswer {
    /// The columns in order.
    pub schema: Vec<ResultColumn>,
    /// The rows; each has one value per column.
    pub rows: Vec<Vec<Value>>,
    /// What it cost.
    pub stats: QueryStats,
    /// Whether the row cap cut the answer.
    pub truncated: bool,
}

/// Why a query did not run to its end.
///
/// Codes that this crate knows besides the compiler's: `query_busy`, `query_cancelled`,
/// `query_timeout`, `query_memory`, `query_limit`, `query_unavailable` (no worker took it),
/// `query_lost` (the worker died), `external_unavailable` (a host outside did not give a file), `table_out_of_scope` (of a table whose rows belong to no device), and `data_unreadable`, `plan_schema_mismatch` and `internal`, whose
/// message is logged and not shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(default)]
#[error("{code}: {message}")]
pub struct QueryFailure {
    /// Stable snake_case code.
    pub code: String,
    /// One sentence for people.
    pub message: String,
    /// Line in the text, from 1; 0 where the failure has no place in it.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Length in characters.
    pub length: u32,
    /// What the writer probably meant.
    pub suggestion: Option<String>,
}

/// A kind of file that a query's rows can be had as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// RFC 4180 with a head line.
    Csv,
    /// One array of objects.
    Json,
    /// One object per line.
    Jsonl,
    /// Parquet.
    Parquet,
}

/// A part of a file of rows.
#[derive(Clone, Debug, PartialEq)]
pub enum ExportPart {
    /// Its next bytes.
    Bytes(Bytes),
    /// It is whole.
    End {
        /// What the query cost.
        stats: QueryStats,
        /// Whether the row cap cut it.
        truncated: bool,
    },
}

/// The parts of a file in order. It is whole only when the last one is [`ExportPart::End`]; nothing comes
/// behind that, nor behind a failure. Whoever does not ask for the next part holds the query up, and who drops
/// it cancels the query.
pub type ExportParts = BoxStream<'static, Result<ExportPart, QueryFailure>>;

/// What a worker asks for of a table that is a view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewScan {
    /// The table.
    pub table: String,
    /// Its columns that are asked for, in this order; none where rows are only counted.
    pub columns: Vec<String>,
    /// Conditions that all hold; rows that do not meet them may come nevertheless.
    pub only: Vec<Only>,
}

/// The tables that are views of the server's state, as one caller sees them at one moment, and uploads. A worker
/// reads stored events and nothing else, so it asks for these through its connection.
#[async_trait]
pub trait Views: Send + Sync + 'static {
    /// Begins to read a table.
    ///
    /// # Errors
    /// `table_missing`, `query_limit`, or that the state cannot be read.
    async fn open(&self, scan: &ViewScan) -> Result<Box<dyn ViewRows>, QueryFailure>;

    /// Begins to read an upload by its name.
    ///
    /// # Errors
    /// `not_found`, `query_limit` when it is larger than this, or that it cannot be read.
    async fn file(&self, name: &str, max_bytes: u64) -> Result<Box<dyn FileBytes>, QueryFailure>;

    /// Begins to read a file of a host outside by its address; what is wrong with it may also be said when its bytes
    /// are asked for.
    ///
    /// # Errors
    /// `external_refused`, `external_unavailable`, `query_limit` when it is larger than this.
    async fn external(&self, address: &str, max_bytes: u64) -> Result<Box<dyn FileBytes>, QueryFailure>;
}

/// Gets files of hosts outside from the process that goes out; which hosts may be read is the operator's matter, not a
/// tenant's.
#[async_trait]
pub trait ExternalFiles: Send + Sync + 'static {
    /// Begins to get a file of at most so many bytes for a tenant.
    ///
    /// # Errors
    /// As [`Views::external`].
    async fn open(
        &self,
        tenant: TenantId,
        address: &str,
        max_bytes: u64,
    ) -> Result<Box<dyn FileBytes>, QueryFailure>;
}

/// A file as it is read.
#[async_trait]
pub trait FileBytes: Send {
    /// Its next bytes, at most a megabyte; none when there are no more.
    ///
    /// # Errors
    /// That it cannot be read.
    async fn chunk(&mut self) -> Result<Option<Bytes>, QueryFailure>;
}

/// Rows of a view as they are made.
#[async_trait]
pub trait ViewRows: Send {
    /// The next rows; none when there are no more.
    ///
    /// # Errors
    /// `query_limit` when the query has got all that it may have, or that the state cannot be read.
    async fn batch(&mut self) -> Result<Option<TextRows>, QueryFailure>;
}

/// Runs queries somewhere. Dropping the future of [`QueryClient::run`] cancels the query.
#[async_trait]
pub trait QueryClient: Send + Sync + 'static {
    /// Runs one query to its end. Without views a table that is one is not there.
    ///
    /// # Errors
    /// [`QueryFailure`] with the place in the text where there is one.
    async fn run(
        &self,
        request: QueryRequest,
        views: Option<Arc<dyn Views>>,
    ) -> Result<QueryAnswer, QueryFailure>;

    /// Runs one query whose rows are wanted as a file, and gives that while it grows. Neither side holds more
    /// of it than a part; the deadline is the worker's to keep, and the caller's for what waits.
    ///
    /// # Errors
    /// That no worker takes it; what goes wrong later is among the parts.
    async fn export(
        &self,
        request: QueryRequest,
        format: ExportFormat,
        views: Option<Arc<dyn Views>>,
    ) -> Result<ExportParts, QueryFailure>;

    /// Whether queries know where addresses are. Asked when one is compiled that wants that; it may read a file.
    fn locates_addresses(&self) -> bool {
        false
    }

    /// Cancels a run of the tenant by its id; an unknown id is no error.
    async fn cancel(&self, tenant: TenantId, query_id: &str);
}
