//! Beside the writer: small Parquet files into large ones, old days out, unreferenced files away.

use std::sync::Arc;

use arrow::compute::SortOptions;
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::prelude::SessionContext;
use deltalake_core::protocol::DeltaOperation;
use futures::TryStreamExt;
use palisade_types::{TenantId, TimeMicros};

use crate::columns::{TABLES, schemas};
use crate::config::LakeConfig;
use crate::delta::{DataFile, Table, table_dir};
use crate::error::{At, LakeError};
use crate::parquet_file::{Encoded, Encoder, day_of, day_text};
use crate::reader::{LocalFiles, parquet_scan, partitioned};
use crate::shared::Shared;

/// What a round of compaction did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompactReport {
    /// Files merged into others.
    pub merged: u64,
    /// Files that they became.
    pub made: u64,
    /// Files removed by the retention.
    pub expired: u64,
    /// Files deleted that no version within the grace names.
    pub vacuumed: u64,
}

/// See the module. It may run while the writer does.
#[derive(Clone, Debug)]
pub struct Compactor {
    config: LakeConfig,
    shared: Arc<Shared>,
}

impl Compactor {
    pub(crate) fn new(config: LakeConfig, shared: Arc<Shared>) -> Self {
        Self { config, shared }
    }

    /// One round over every table. A table that fails is logged and left; the rest goes on.
    ///
    /// # Errors
    /// When the lake's folder cannot be listed, or the first table error.
    pub async fn compact(&self) -> Result<CompactReport, LakeError> {
        let mut report = CompactReport::default();
        let mut failed = None;
        for entry in std::fs::read_dir(&self.config.lake_dir).at(&self.config.lake_dir)? {
            let name = entry.at(&self.config.lake_dir)?.file_name();
            let Some(tenant) = name.to_str().and_then(|n| n.parse::<TenantId>().ok()) else { continue };
            for (number, table) in TABLES.iter().enumerate() {
                if let Err(e) = self.table(tenant, number, &mut report).await {
                    tracing::error!(tenant = %tenant, table, code = e.code(), error = %e, "compaction failed");
                    failed.get_or_insert(e);
                }
            }
        }
        failed.map_or(Ok(report), Err)
    }

    async fn table(
        &self,
        tenant: TenantId,
        number: usize,
        report: &mut CompactReport,
    ) -> Result<(), LakeError> {
        let dir = table_dir(&self.config.lake_dir, tenant, TABLES[number]);
        let Some(mut table) = Table::open(&dir, None).await? else { return Ok(()) };
        self.expire(&mut table, tenant, number, report).await?;
        let today = day_text(day_of(TimeMicros::now().0));
        for group in
            groups(table.files()?, self.config.target_file_bytes, &today, self.config.compact_min_files)
        {
            self.merge(&mut table, tenant, number, group, report).await?;
        }
        self.vacuum(&table, report).await
    }

    /// Removes the days that the retention no longer keeps.
    async fn expire(
        &self,
        table: &mut Table,
        tenant: TenantId,
        number: usize,
        report: &mut CompactReport,
    ) -> Result<(), LakeError> {
        let Some(days) = self.config.retain_days else { return Ok(()) };
        let first = day_text(day_of(TimeMicros::now().0) - i64::from(days));
        let old: Vec<DataFile> =
            table.files()?.into_iter().filter(|f| !f.day.is_empty() && f.day < first).collect();
        if old.is_empty() {
            return Ok(());
        }
        let _commit = self.shared.commit().await;
        table.refresh().await?;
        let operation = DeltaOperation::Delete { predicate: Some(format!("_day < '{first}'")) };
        let version = table.replace(&old, Vec::new(), operation).await?;
        self.shared.announce(tenant, number, version);
        report.expired += old.len() as u64;
        tracing::info!(tenant = %tenant, table = TABLES[number], files = old.len(), before = first, "old days removed");
        Ok(())
    }

    async fn merge(
        &self,
        table: &mut Table,
        tenant: TenantId,
        number: usize,
        group: Vec<DataFile>,
        report: &mut CompactReport,
    ) -> Result<(), LakeError> {
        let turn = self.shared.turn().await;
        let encoded = merged(table, number, &group).await?;
        let expected: u64 = group.iter().map(|f| f.rows).sum();
        if encoded.rows != expected {
            return Err(LakeError::damaged(
                table.dir(),
                format!("compaction read {} rows of {expected}", encoded.rows),
            ));
        }
        let add = table.put(&group[0].day, encoded, false).await?;
        drop(turn);
        let _commit = self.shared.commit().await;
        table.refresh().await?;
        let target = i64::try_from(self.config.target_file_bytes).unwrap_or(i64::MAX);
        let operation = DeltaOperation::Optimize { predicate: None, target_size: target };
        let version = table.replace(&group, vec![add], operation).await?;
        self.shared.announce(tenant, number, version);
        self.shared.stats.lock().compactions += 1;
        report.merged += group.len() as u64;
        report.made += 1;
        Ok(())
    }

    /// Deletes files that left the table longer ago than any pin lives, and scraps of flushes that
    /// never committed. The library's own vacuum would commit twice a round for files long gone.
    async fn vacuum(&self, table: &Table, report: &mut CompactReport) -> Result<(), LakeError> {
        let grace = i64::try_from(self.config.vacuum_grace.as_millis()).unwrap_or(i64::MAX);
        let before = (TimeMicros::now().0 / 1000).saturating_sub(grace);
        report.vacuumed += table.vacuum(before).await?;
        Ok(())
    }
}

/// Which small files become one. A day that is over is merged whole. In a day that still grows a
/// file is rewritten only with at least half as many bytes of smaller ones: so a row is rewritten
/// as often as sizes grow by half, and not in each round.
fn groups(mut files: Vec<DataFile>, target: u64, today: &str, min_files: usize) -> Vec<Vec<DataFile>> {
    files.retain(|f| !f.day.is_empty() && f.size < target / 2);
    files.sort_by(|a, b| (&a.day, a.size, &a.path).cmp(&(&b.day, b.size, &b.path)));
    let least = |day: &str| if day < today { 2 } else { min_files.max(2) };
    let mut out: Vec<Vec<DataFile>> = Vec::new();
    let mut size = 0;
    for file in files {
        if let Some(group) = out.last_mut()
            && group[0].day == file.day
            && size + file.size <= target
            && (file.day.as_str() < today || file.size <= 2 * size)
        {
            size += file.size;
            group.push(file);
        } else {
            size = file.size;
            out.push(vec![file]);
        }
    }
    out.retain(|g| g.len() >= least(&g[0].day));
    out
}

/// Reads sorted files side by side and writes them as one sorted file.
async fn merged(table: &Table, number: usize, group: &[DataFile]) -> Result<Encoded, LakeError> {
    let schema =
        &schemas(TABLES[number]).ok_or_else(|| LakeError::UnknownTable(TABLES[number].to_owned()))?.stored;
    let files = group
        .iter()
        .map(|f| Ok(vec![partitioned(table.dir(), f)?]))
        .collect::<Result<Vec<_>, LakeError>>()?;
    let by = |name: &str| -> Result<PhysicalSortExpr, LakeError> {
        Ok(PhysicalSortExpr { expr: col(name, schema)?, options: SortOptions::default() })
    };
    let order = LexOrdering::new([by("DeviceId")?, by("Timestamp")?])
        .ok_or_else(|| LakeError::Task("no order".into()))?;
    let scan = parquet_scan(schema, files, None, None, LocalFiles::Once)?;
    let merge: Arc<dyn ExecutionPlan> = Arc::new(SortPreservingMergeExec::new(order, scan));
    let context = SessionContext::new();
    let mut stream = merge.execute(0, context.task_ctx())?;
    let mut encoder = Encoder::new(schema).indexed();
    while let Some(batch) = stream.try_next().await? {
        encoder = tokio::task::spawn_blocking(move || encoder.push(&batch).map(|()| encoder))
            .await
            .map_err(|e| LakeError::Task(e.to_string()))??;
    }
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, day: &str, size: u64) -> DataFile {
        DataFile { path: path.into(), size, rows: 1, day: day.into(), time: None, device: None }
    }

    fn names(found: &[Vec<DataFile>]) -> Vec<Vec<&str>> {
        found.iter().map(|g| g.iter().map(|f| f.path.as_str()).collect()).collect()
    }

    #[test]
    fn groups_hold_one_day_and_stay_within_the_target() {
        let files = vec![
            file("a", "1", 40),
            file("b", "1", 40),
            file("c", "1", 40),
            file("d", "2", 40),
            file("e", "1", 60),
        ];
        assert_eq!(names(&groups(files, 100, "9", 4)), [["a", "b"]]);
    }

    #[test]
    fn a_day_that_grows_does_not_rewrite_its_large_file_each_round() {
        let mut files =
            vec![file("large", "1", 400), file("a", "1", 10), file("b", "1", 10), file("c", "1", 10)];
        assert!(groups(files.clone(), 1000, "1", 4).is_empty(), "too few, and one too large for them");
        files.push(file("d", "1", 10));
        assert_eq!(names(&groups(files.clone(), 1000, "1", 4)), [["a", "b", "c", "d"]]);
        assert_eq!(names(&groups(files, 1000, "2", 4)), [["a", "b", "c", "d", "large"]], "the day is over");
    }
}
