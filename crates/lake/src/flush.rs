//! Hot rows of one table into one Delta commit.

use std::path::PathBuf;
use std::sync::Arc;

use palisade_types::TenantId;

use crate::columns::{TABLES, schemas};
use crate::delta::{Table, table_dir};
use crate::error::LakeError;
use crate::hot::{self, HotFile};
use crate::parquet_file::{Encoder, day_text, sorted_by_day};
use crate::shared::Shared;

/// What to flush. The files are frozen: nothing merges or removes them until the flush is done.
#[derive(Clone, Debug)]
pub(crate) struct FlushJob {
    pub(crate) lake_dir: PathBuf,
    pub(crate) hot: PathBuf,
    pub(crate) tenant: TenantId,
    pub(crate) table: usize,
    pub(crate) files: Vec<HotFile>,
    /// Every row of the table up to this offset is in `files` or in Delta.
    pub(crate) offset: u64,
}

/// What became of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flushed {
    pub(crate) version: u64,
    pub(crate) offset: u64,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

impl FlushJob {
    /// Writes the files, then commits them with the offset. Repeating a flush whose commit is
    /// there changes nothing.
    pub(crate) async fn run(&self, shared: &Shared) -> Result<Flushed, LakeError> {
        let _turn = shared.turn().await;
        let name = TABLES[self.table];
        let schemas = schemas(name).ok_or_else(|| LakeError::UnknownTable(name.to_owned()))?;
        let dir = table_dir(&self.lake_dir, self.tenant, name);
        let mut table = Table::open_or_create(&dir, schemas).await?;
        if let Some(committed) = table.offset().await?
            && committed >= self.offset
        {
            tracing::info!(table = name, tenant = %self.tenant, committed, "rows were committed before");
            return Ok(Flushed { version: table.version(), offset: committed, rows: 0, bytes: 0 });
        }
        let (hot, files, schema) = (self.hot.clone(), self.files.clone(), Arc::clone(&schemas.stored));
        let encoded = tokio::task::spawn_blocking(move || {
            let batches = hot::read_all(&hot, files.iter())?;
            sorted_by_day(&schema, &batches)?
                .into_iter()
                .map(|(day, rows)| {
                    let mut encoder = Encoder::new(&schema);
                    encoder.push(&rows)?;
                    Ok((day, encoder.finish()?))
                })
                .collect::<Result<Vec<_>, LakeError>>()
        })
        .await
        .map_err(|e| LakeError::Task(e.to_string()))??;
        let rows: u64 = encoded.iter().map(|(_, e)| e.rows).sum();
        let expected: u64 = self.files.iter().map(|f| f.rows).sum();
        if rows != expected {
            return Err(LakeError::damaged(&self.hot, format!("{rows} rows where {expected} were sealed")));
        }
        let bytes: u64 = encoded.iter().map(|(_, e)| e.bytes.len() as u64).sum();
        let mut adds = Vec::with_capacity(encoded.len());
        for (day, file) in encoded {
            adds.push(table.put(&day_text(day), file, true).await?);
        }
        let _commit = shared.commit().await;
        table.refresh().await?;
        let version = table.append(adds, self.offset).await?;
        Ok(Flushed { version, offset: self.offset, rows, bytes })
    }
}
