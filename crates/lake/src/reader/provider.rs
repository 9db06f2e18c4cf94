//! One table provider over the Parquet files of a Delta version and the hot files of a manifest.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, Result, ScalarValue, Statistics, stats::Precision};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::physical_plan::parquet::ParquetRowSelection;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::DataFusionError;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::union::UnionExec;
use palisade_coded::Coded;
use parquet::arrow::arrow_reader::RowSelection;

use super::ScanCounters;
use super::codes::of_conditions;
use super::files::{First, LocalFiles, Paged, Place};
use super::fill::{FillFactory, fill};
use super::limit::{DEVICE, Devices, DevicesOnly};
use super::prune::{Known, may_match, parted};
use crate::columns::TableSchemas;
use crate::delta::DataFile;
use crate::error::LakeError;
use crate::hot::{HotFile, Mapped};
use crate::terms::{Index, Wanted};

/// A table of a pin.
#[derive(Debug)]
pub struct PinnedTable {
    schemas: &'static TableSchemas,
    dir: PathBuf,
    files: Vec<DataFile>,
    hot: Vec<(HotFile, Mapped)>,
    counters: Arc<ScanCounters>,
    /// Rows of these devices only.
    devices: Option<Arc<Devices>>,
}

impl PinnedTable {
    pub(super) fn new(
        schemas: &'static TableSchemas,
        dir: PathBuf,
        files: Vec<DataFile>,
        hot: Vec<(HotFile, Mapped)>,
        counters: Arc<ScanCounters>,
    ) -> Self {
        Self { schemas, dir, files, hot, counters, devices: None }
    }

    pub(super) fn limited_to(self, devices: Option<Arc<Devices>>) -> Self {
        Self { devices, ..self }
    }

    /// Rows in Delta, then rows in the hot tier.
    pub fn row_counts(&self) -> (u64, u64) {
        (self.files.iter().map(|f| f.rows).sum(), self.hot.iter().map(|(f, _)| f.rows).sum())
    }

    /// Parquet files, then hot files.
    pub fn file_counts(&self) -> (usize, usize) {
        (self.files.len(), self.hot.len())
    }

    /// Files are left out by `sought.files`, blocks by `sought.terms`, rows while they are read by `sought.rows`.
    fn parquet(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        sought: &Sought<'_>,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        // Of the columns that are read only: planning looks at each column of each file.
        let schema = match projection.filter(|p| !p.is_empty()) {
            Some(read) => Arc::new(self.schemas.visible.project(read)?),
            None => Arc::clone(&self.schemas.visible),
        };
        let known: Vec<Known<'_>> = self
            .files
            .iter()
            .map(|f| Known {
                rows: f.rows,
                time: f.time,
                device: f.device.as_ref().map(|(l, h)| (l.as_str(), h.as_str())),
            })
            .collect();
        let mut keep = may_match(sought.files, &self.schemas.visible, &known);
        if let Some(devices) = &self.devices {
            for (keep, file) in keep.iter_mut().zip(&known) {
                *keep &= file.device.is_none_or(|(low, high)| devices.any_between(low, high));
            }
        }
        let parted = parted(sought.files, &self.schemas.visible, &known);
        let mut files: Vec<(&DataFile, Option<RowSelection>, bool)> = Vec::new();
        for ((file, _), parted) in self.files.iter().zip(keep).zip(parted).filter(|((_, keep), _)| *keep) {
            let blocks = sought.terms.as_ref().and_then(|wanted| self.blocks(file, wanted));
            if blocks.as_ref().is_none_or(RowSelection::selects_any) {
                files.push((file, blocks, parted));
            }
        }
        self.counters.pruned((self.files.len() - files.len()) as u64);
        if files.is_empty() {
            return Ok(None);
        }
        let mut groups: Vec<Vec<PartitionedFile>> =
            vec![Vec::new(); state.config().target_partitions().clamp(1, files.len())];
        let count = groups.len();
        // The newest first: what asks for the newest rows then learns early which files it can leave out.
        files.sort_by_key(|(f, ..)| std::cmp::Reverse(f.time));
        for (i, (file, blocks, parted)) in files.into_iter().enumerate() {
            let rows = blocks.as_ref().map_or(file.rows, |b| b.row_count() as u64);
            self.counters.scanned(rows, file.size);
            let mut statistics = statistics_of(file, &schema);
            let mut scanned = partitioned(&self.dir, file)?;
            if parted || blocks.is_some() {
                scanned = scanned.with_extension(Paged);
            }
            if let Some(blocks) = blocks {
                statistics = statistics.to_inexact();
                scanned = scanned.with_extension(ParquetRowSelection::new(blocks));
            }
            if let Some(coded) = &sought.coded {
                scanned = scanned.with_extension(coded.clone());
            }
            groups[i % count].push(scanned.with_statistics(Arc::new(statistics)));
        }
        if let Some(first) = groups.first_mut().and_then(|group| group.first_mut())
            && let (Some(Place(path)), Some(coded)) = (first.extension::<Place>(), &sought.coded)
        {
            let layout = First::new(path.clone(), first.object_meta.size);
            *first = first.clone().with_extension(coded.clone().told_by(Arc::new(layout)));
        }
        let none = projection.filter(|p| p.is_empty()).cloned();
        Ok(Some(parquet_scan(&schema, groups, none, sought.rows, LocalFiles::Queried)?))
    }

    /// The rows of a file that may have the terms; none where its index tells nothing of that.
    fn blocks(&self, file: &DataFile, wanted: &Wanted) -> Option<RowSelection> {
        let path = self.dir.join(&file.path);
        let found = Index::open(&path, file.size, file.rows).and_then(|index| match index {
            Some(index) => index.select(wanted),
            None => Ok(None),
        });
        found.unwrap_or_else(|error| {
            // Whether the file can be read shows when its rows are.
            tracing::warn!(path = %path.display(), %error, "the index of terms cannot be read");
            None
        })
    }

    fn memory(
        &self,
        projection: Option<&Vec<usize>>,
        predicate: Option<&Arc<dyn PhysicalExpr>>,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let known: Vec<Known<'_>> = self
            .hot
            .iter()
            .map(|(f, _)| Known { rows: f.rows, time: Some((f.min_us, f.max_us)), device: None })
            .collect();
        let keep = may_match(predicate, &self.schemas.visible, &known);
        self.counters.pruned(keep.iter().filter(|k| !**k).count() as u64);
        let schema = match projection {
            Some(indices) => Arc::new(self.schemas.visible.project(indices)?),
            None => Arc::clone(&self.schemas.visible),
        };
        let wanted = |name: &str| schema.field_with_name(name).is_ok();
        let mut batches: Vec<RecordBatch> = Vec::new();
        for ((file, map), keep) in self.hot.iter().zip(keep) {
            if !keep {
                continue;
            }
            self.counters.scanned(file.rows, file.bytes);
            for batch in map.read(Some(&wanted)).map_err(external)? {
                batches.push(fill(&batch, &schema)?);
            }
        }
        if batches.is_empty() {
            return Ok(None);
        }
        Ok(Some(MemorySourceConfig::try_new_exec(&[batches], schema, None)?))
    }

    /// A scan of both tiers.
    fn rows(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        sought: &Sought<'_>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut parts = Vec::with_capacity(2);
        parts.extend(self.parquet(state, projection, sought)?);
        parts.extend(self.memory(projection, sought.files)?);
        match parts.len() {
            0 => Ok(MemorySourceConfig::try_new_exec(&[vec![]], self.schema(), projection.cloned())?),
            1 => Ok(parts.remove(0)),
            _ => UnionExec::try_new(parts),
        }
    }
}

/// What a scan may leave out.
struct Sought<'a> {
    /// Files that cannot have what matches this.
    files: Option<&'a Arc<dyn PhysicalExpr>>,
    /// Blocks that cannot have these terms.
    terms: Option<Wanted>,
    /// Columns that conditions look at alone.
    coded: Option<Coded>,
    /// Rows that do not match this, which is of the columns that are read.
    rows: Option<&'a Arc<dyn PhysicalExpr>>,
}

/// What the Delta log knows of a file's rows.
fn statistics_of(file: &DataFile, schema: &SchemaRef) -> Statistics {
    let mut known = Statistics::new_unknown(schema);
    // A file without statistics says that it has no row.
    if file.rows > 0 {
        known.num_rows = usize::try_from(file.rows).map_or(Precision::Absent, Precision::Exact);
    }
    if let (Ok(at), Some((low, high))) = (schema.index_of("Timestamp"), file.time)
        && let Some(column) = known.column_statistics.get_mut(at)
    {
        let value = |us| ScalarValue::TimestampMicrosecond(Some(us), Some("UTC".into()));
        column.min_value = Precision::Inexact(value(low));
        column.max_value = Precision::Inexact(value(high));
    }
    known
}

fn external(e: LakeError) -> DataFusionError {
    DataFusionError::External(Box::new(e))
}

/// A data file as the scan names it.
pub(crate) fn partitioned(dir: &Path, file: &DataFile) -> Result<PartitionedFile> {
    let path = dir.join(&file.path);
    let at = object_store::path::Path::from_absolute_path(&path)
        .map_err(|e| DataFusionError::ObjectStore(Box::new(e.into())))?;
    let mut out = PartitionedFile::new("", file.size).with_extension(Place(path));
    out.object_meta.location = at;
    Ok(out)
}

/// A scan of Parquet files that may lack columns of `schema`.
pub(crate) fn parquet_scan(
    schema: &SchemaRef,
    groups: Vec<Vec<PartitionedFile>>,
    projection: Option<Vec<usize>>,
    predicate: Option<&Arc<dyn PhysicalExpr>>,
    reading: LocalFiles,
) -> Result<Arc<dyn ExecutionPlan>> {
    let mut source = ParquetSource::new(TableSchema::from(Arc::clone(schema)))
        .with_parquet_file_reader_factory(Arc::new(reading))
        .with_enable_page_index(true)
        .with_pushdown_filters(true)
        .with_reorder_filters(true);
    if let Some(predicate) = predicate {
        source = source.with_predicate(Arc::clone(predicate));
    }
    let mut all = Statistics::new_unknown(schema);
    let rows =
        groups.iter().flatten().map(|f| f.statistics.as_ref().map_or(Precision::Absent, |s| s.num_rows));
    all.num_rows = rows.reduce(|a, b| a.add(&b)).unwrap_or(Precision::Absent);
    let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
        .with_file_groups(groups.into_iter().map(FileGroup::new).collect())
        .with_statistics(all)
        .with_projection_indices(projection)?
        .with_expr_adapter(Some(Arc::new(FillFactory)))
        .build();
    Ok(DataSourceExec::from_data_source(config))
}

#[async_trait]
impl TableProvider for PinnedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schemas.visible)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let visible = &self.schemas.visible;
        let physical = |expr: Option<Expr>| {
            let compile = |expr| {
                let schema = DFSchema::try_from(Arc::clone(visible))?;
                state.create_physical_expr(expr, &schema)
            };
            expr.map(compile).transpose()
        };
        let predicate = physical(conjunction(filters.to_vec()))?;
        let Some(devices) = &self.devices else {
            // The planner moves the filter above into the scan. Given here too, it would be tried twice.
            let sought = Sought {
                files: predicate.as_ref(),
                terms: Wanted::of(filters),
                coded: Some(of_conditions(filters, projection, visible)),
                rows: None,
            };
            return self.rows(state, projection, &sought);
        };
        if devices.is_empty() {
            return Ok(MemorySourceConfig::try_new_exec(&[vec![]], self.schema(), projection.cloned())?);
        }
        // Conditions of the query are not tried on rows that it must not see: one that fails on a value
        // would tell of it. They only leave out whole files.
        let device = visible.index_of(DEVICE)?;
        let (asked, mut wanted) = match projection {
            Some(asked) => (Arc::new(visible.project(asked)?), asked.clone()),
            None => (Arc::clone(visible), (0..visible.fields().len()).collect()),
        };
        if !wanted.contains(&device) {
            wanted.push(device);
        }
        let read = DFSchema::try_from(visible.project(&wanted)?)?;
        let own = state.create_physical_expr(devices.condition(), &read)?;
        let sought = Sought { files: predicate.as_ref(), terms: None, coded: None, rows: Some(&own) };
        let rows = self.rows(state, Some(&wanted), &sought)?;
        Ok(Arc::new(DevicesOnly::new(rows, Arc::clone(devices), asked)?))
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        // Files and pages are skipped by them; rows are filtered above the scan.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    fn statistics(&self) -> Option<Statistics> {
        if self.devices.is_some() {
            return None;
        }
        let (delta, hot) = self.row_counts();
        let mut statistics = Statistics::new_unknown(&self.schemas.visible);
        statistics.num_rows = Precision::Inexact(usize::try_from(delta + hot).unwrap_or(usize::MAX));
        Some(statistics)
    }
}
