//! Rows that are rows already: imports, and the months that benchmarks make.

use std::path::Path;

use arrow::array::RecordBatch;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use palisade_types::TenantId;

use crate::columns::{DAY, TableSchemas, schemas};
use crate::delta::{Table, table_dir};
use crate::error::LakeError;
use crate::parquet_file::{Encoder, day_text, sorted_by_day};

/// What a loader has put into the lake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Rows.
    pub rows: u64,
    /// Data files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Puts rows into a table past the log: they have no log offset, so a writer's place in the log stays
/// what it is. Files are as compaction leaves them.
#[derive(Debug)]
pub struct RowLoader {
    schemas: &'static TableSchemas,
    table: Table,
    files: Vec<(String, crate::parquet_file::Encoded)>,
}

impl RowLoader {
    /// Opens or makes a tenant's table.
    ///
    /// # Errors
    /// [`LakeError::UnknownTable`]; I/O and Delta errors.
    pub async fn open(lake_dir: &Path, tenant: TenantId, table: &str) -> Result<Self, LakeError> {
        let schemas = schemas(table).ok_or_else(|| LakeError::UnknownTable(table.to_owned()))?;
        let lake = std::path::absolute(lake_dir)
            .map_err(|source| LakeError::Io { path: lake_dir.into(), source })?;
        let table = Table::open_or_create(&table_dir(&lake, tenant, table), schemas).await?;
        Ok(Self { schemas, table, files: Vec::new() })
    }

    /// Adds rows in the table's stored form; rows of one ingest day become one file, sorted by device and
    /// time.
    ///
    /// # Errors
    /// When the rows do not have the stored columns.
    pub fn add(&mut self, rows: RecordBatch) -> Result<(), LakeError> {
        for (day, batch) in sorted_by_day(&self.schemas.stored, &[rows])? {
            let mut encoder = Encoder::new(&self.schemas.stored).indexed();
            encoder.push(&batch)?;
            self.files.push((day_text(day), encoder.finish()?));
        }
        Ok(())
    }

    /// Commits what was added as one version.
    ///
    /// # Errors
    /// I/O and Delta errors; then nothing of it counts.
    pub async fn commit(mut self) -> Result<Loaded, LakeError> {
        let mut loaded = Loaded::default();
        let mut adds = Vec::with_capacity(self.files.len());
        for (day, encoded) in std::mem::take(&mut self.files) {
            loaded.rows += encoded.rows;
            loaded.files += 1;
            loaded.bytes += encoded.bytes.len() as u64;
            adds.push(self.table.put(&day, encoded, true).await?);
        }
        let operation = DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: Some(vec![DAY.to_owned()]),
            predicate: None,
        };
        self.table.replace(&[], adds, operation).await?;
        Ok(loaded)
    }
}
