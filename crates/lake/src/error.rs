use std::io;
use std::path::{Path, PathBuf};

/// What can go wrong in the lake; `code()` is stable.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// A file or folder of the lake or the hot tier.
    #[error("{path}: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process writes this lake.
    #[error("the lake is open in another process")]
    Locked,
    /// The Delta log or a commit to it.
    #[error("delta: {0}")]
    Delta(#[from] deltalake_core::DeltaTableError),
    /// A record batch or an Arrow file.
    #[error("arrow: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// A Parquet file.
    #[error("parquet: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// The object store under the tables.
    #[error("store: {0}")]
    Store(#[from] object_store::Error),
    /// Planning or running a scan.
    #[error("scan: {0}")]
    Scan(#[from] datafusion::error::DataFusionError),
    /// The region's log or a cursor.
    #[error("log: {0}")]
    Log(#[from] palisade_log::LogError),
    /// A manifest or a file of the lake that is not what it must be.
    #[error("{path} is damaged: {why}")]
    Damaged {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Rows of this table belong to no device, and the pin shows some devices only.
    #[error("rows of {0} belong to no device")]
    OfNoDevice(String),
    /// No such table.
    #[error("there is no table {0}")]
    UnknownTable(String),
    /// A background task ended without a result.
    #[error("a background task of the lake failed: {0}")]
    Task(String),
}

impl LakeError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "lake_io",
            Self::Locked => "lake_locked",
            Self::Delta(_) => "lake_delta",
            Self::Arrow(_) => "lake_arrow",
            Self::Parquet(_) => "lake_parquet",
            Self::Store(_) => "lake_store",
            Self::Scan(_) => "lake_scan",
            Self::Log(_) => "lake_log",
            Self::Damaged { .. } => "lake_damaged",
            Self::OfNoDevice(_) => "table_out_of_scope",
            Self::UnknownTable(_) => "table_unknown",
            Self::Task(_) => "lake_task",
        }
    }

    pub(crate) fn damaged(path: &Path, why: impl ToString) -> Self {
        Self::Damaged { path: path.to_path_buf(), why: why.to_string() }
    }
}

/// Names the path in an I/O error.
pub(crate) trait At<T> {
    fn at(self, path: &Path) -> Result<T, LakeError>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, path: &Path) -> Result<T, LakeError> {
        self.map_err(|source| LakeError::Io { path: path.to_path_buf(), source })
    }
}
