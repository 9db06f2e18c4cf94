//! One tenant's part of the writer.

use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use palisade_types::{DeviceId, TenantId, TimeMicros};

use crate::columns::{TABLES, schemas};
use crate::config::LakeConfig;
use crate::delta::{Table, table_dir};
use crate::error::{At, LakeError};
use crate::flush::{FlushJob, Flushed};
use crate::hot::{self, HotFile, Manifest, TableManifest};
use crate::project::{Names, ProjectCounts, Projector, TableSet};
use crate::store;

/// Merging stops at files of this size, bytes.
const MERGE_BYTES: u64 = 128 << 20;

/// Largest file of names that is read, bytes.
const MAX_NAMES: u64 = 64 << 20;

/// Rows that have no file yet.
#[derive(Debug)]
struct Unwritten {
    batch: RecordBatch,
    /// The first log offset that gave rows to it.
    first: u64,
    /// Everything in it comes from offsets up to this one.
    last: u64,
}

/// One table of one tenant.
#[derive(Debug, Default)]
pub(super) struct TableState {
    pub(super) delta_version: Option<u64>,
    pub(super) delta_offset: Option<u64>,
    pub(super) hot: Vec<HotFile>,
    /// The first offset with rows that are applied and not sealed.
    pub(super) unsealed_from: Option<u64>,
    /// Batches whose file could not be written yet.
    unwritten: VecDeque<Unwritten>,
    /// When the oldest hot row was sealed.
    since: Option<Instant>,
    /// The flush that runs or failed. One that failed is repeated as it was: its commit may have
    /// happened all the same, and then only the same rows and offset show that.
    pub(super) job: Option<FlushJob>,
    /// Whether it runs now.
    pub(super) flushing: bool,
    /// Names of the job's files, which nothing may merge.
    pub(super) frozen: BTreeSet<String>,
    pub(super) retry_at: Option<Instant>,
}

impl TableState {
    pub(super) fn due(&self, now: Instant, bytes: u64, after: Duration) -> bool {
        let old = self.since.is_some_and(|s| now.saturating_duration_since(s) >= after);
        old || self.hot_bytes() >= bytes
    }

    pub(super) fn hot_bytes(&self) -> u64 {
        self.hot.iter().map(|f| f.bytes).sum()
    }

    /// Whether the hot tier refused rows.
    pub(super) fn pressed(&self) -> bool {
        !self.unwritten.is_empty()
    }

    /// Bytes of rows that the hot tier refused and that are kept in memory.
    pub(super) fn unwritten_bytes(&self) -> u64 {
        self.unwritten.iter().map(|u| u.batch.get_array_memory_size() as u64).sum()
    }

    /// The first offset with rows that are applied and in no file.
    fn in_memory_from(&self) -> Option<u64> {
        self.unwritten.front().map(|u| u.first).or(self.unsealed_from)
    }

    /// The offset of a commit of all hot files: it must not cover rows that are in no file, or a
    /// restart would skip them; `None` where there is no such offset.
    pub(super) fn flush_offset(&self, applied: u64) -> Option<u64> {
        self.in_memory_from().map_or(Some(applied), |first| first.checked_sub(1))
    }

    pub(super) fn flushed(&mut self, done: &Flushed) {
        let files = std::mem::take(&mut self.frozen);
        self.job = None;
        self.hot.retain(|f| !files.contains(&f.name));
        self.delta_version = Some(self.delta_version.map_or(done.version, |v| v.max(done.version)));
        self.delta_offset = Some(done.offset);
        self.since = (!self.hot.is_empty()).then(Instant::now);
        self.retry_at = None;
    }

    pub(super) fn first_unflushed(&self) -> Option<u64> {
        self.hot.iter().map(|f| f.first_offset).chain(self.in_memory_from()).min()
    }
}

/// One tenant.
#[derive(Debug)]
pub(super) struct TenantState {
    pub(super) rows: Projector,
    pub(super) tables: [TableState; TABLES.len()],
    pub(super) names: Names,
    names_changed: bool,
    /// Whether the manifest no longer says what is here.
    pub(super) dirty: bool,
    /// Until this offset is reached again after a restart, the old manifest stays.
    pub(super) hold_until: Option<u64>,
    /// Files that the next manifest no longer names.
    pub(super) leaving: Vec<PathBuf>,
}

impl TenantState {
    /// A tenant without any table yet.
    pub(super) fn empty(config: &LakeConfig, tenant: TenantId) -> Result<Self, LakeError> {
        let dir = hot::tenant_dir(&config.hot_dir, tenant);
        fs::create_dir_all(&dir).at(&dir)?;
        let leaving = left_behind(config, tenant, &dir)?;
        Ok(Self {
            rows: Projector::new(),
            tables: std::array::from_fn(|_| TableState::default()),
            names: Names::new(),
            names_changed: false,
            dirty: true,
            hold_until: None,
            leaving,
        })
    }

    /// What the Delta tables of a tenant hold already.
    pub(super) async fn open(config: &LakeConfig, tenant: TenantId) -> Result<Self, LakeError> {
        let mut state = Self::empty(config, tenant)?;
        for (number, name) in TABLES.iter().enumerate() {
            if let Some(table) = Table::open(&table_dir(&config.lake_dir, tenant, name), None).await? {
                state.tables[number].delta_version = Some(table.version());
                state.tables[number].delta_offset = table.offset().await?;
            }
        }
        let path = names_path(&config.lake_dir, tenant);
        if fs::metadata(&path).is_ok_and(|m| m.len() <= MAX_NAMES) {
            let text = fs::read(&path).at(&path)?;
            // Names are learnt again from the log; a damaged file is no reason to stop.
            state.names = serde_json::from_slice(&text).unwrap_or_default();
        }
        Ok(state)
    }

    /// The tables whose commits do not hold this record yet.
    pub(super) fn wanted(&self, offset: u64) -> TableSet {
        self.tables.iter().enumerate().fold(TableSet::NONE, |set, (number, table)| {
            if table.delta_offset.is_some_and(|d| offset <= d) { set } else { set.with(number) }
        })
    }

    pub(super) fn learn(&mut self, device: DeviceId, name: &str) {
        if self.names.get(&device).is_none_or(|known| known != name) {
            self.names.insert(device, name.to_owned());
            self.names_changed = true;
        }
    }

    pub(super) fn touched(&mut self, offset: u64, counts: &ProjectCounts) {
        for (table, rows) in self.tables.iter_mut().zip(counts.rows) {
            if rows > 0 && table.unsealed_from.is_none() {
                table.unsealed_from = Some(offset);
            }
        }
    }

    /// Seals, shows what is here if it may be shown, and merges for the next time. Files that no
    /// manifest names any more go to `gone`, also when something fails.
    pub(super) fn publish(
        &mut self,
        config: &LakeConfig,
        tenant: TenantId,
        applied: Option<u64>,
        show: bool,
        next_name: &mut dyn FnMut() -> String,
        gone: &mut Vec<PathBuf>,
    ) -> Result<(), LakeError> {
        let dir = hot::tenant_dir(&config.hot_dir, tenant);
        let sealed = self.seal(&dir, applied, next_name);
        if self.dirty && show {
            self.manifest(applied).store(&config.hot_dir, tenant)?;
            self.dirty = false;
            gone.append(&mut self.leaving);
        }
        sealed?;
        self.merge(&dir, config.merge_fan_in, next_name)
    }

    /// Writes applied rows as new hot files. Each table is tried.
    fn seal(
        &mut self,
        dir: &Path,
        applied: Option<u64>,
        next_name: &mut dyn FnMut() -> String,
    ) -> Result<(), LakeError> {
        let last = applied.unwrap_or_default();
        for (number, batch) in self.rows.finish()? {
            let table = &mut self.tables[number];
            let first = table.unsealed_from.take().unwrap_or(last);
            table.unwritten.push_back(Unwritten { batch, first, last });
        }
        let mut failed = None;
        for (number, table) in self.tables.iter_mut().enumerate() {
            // A batch leaves memory only once it is in a file: a full tmpfs loses nothing.
            while let Some(u) = table.unwritten.front() {
                let name = format!("{}-{}.arrow", TABLES[number], next_name());
                match hot::write(dir, name, &u.batch, (u.first, u.last), 0) {
                    Ok(file) => table.hot.push(file),
                    Err(e) => {
                        failed.get_or_insert(e);
                        break;
                    }
                }
                table.unwritten.pop_front();
                table.since.get_or_insert_with(Instant::now);
                self.dirty = true;
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Merges neighbouring small files, so that a table has few however long a flush is away.
    fn merge(
        &mut self,
        dir: &Path,
        fan_in: usize,
        next_name: &mut dyn FnMut() -> String,
    ) -> Result<(), LakeError> {
        for (number, table) in self.tables.iter_mut().enumerate() {
            while let Some(at) = run_to_merge(&table.hot, &table.frozen, fan_in.max(2)) {
                let run = &table.hot[at.clone()];
                let batches = hot::read_all(dir, run.iter())?;
                let schema = &schemas(TABLES[number])
                    .ok_or_else(|| LakeError::UnknownTable(TABLES[number].to_owned()))?
                    .stored;
                let batch = concat_batches(schema, &batches)?;
                let (first, last, level) = run.iter().fold((u64::MAX, 0, 0), |(f, l, v), file| {
                    (f.min(file.first_offset), l.max(file.last_offset), v.max(file.level))
                });
                let name = format!("{}-{}.arrow", TABLES[number], next_name());
                let merged = hot::write(dir, name, &batch, (first, last), level.saturating_add(1))?;
                self.leaving.extend(run.iter().map(|f| dir.join(&f.name)));
                table.hot.splice(at, [merged]);
                self.dirty = true;
            }
        }
        Ok(())
    }

    fn manifest(&self, applied: Option<u64>) -> Manifest {
        let tables = TABLES.iter().zip(&self.tables).map(|(name, t)| {
            let table = TableManifest {
                delta_version: t.delta_version,
                delta_offset: t.delta_offset,
                hot: t.hot.clone(),
            };
            ((*name).to_owned(), table)
        });
        // Rows that found no room are not in it.
        let first = self.tables.iter().filter_map(TableState::in_memory_from).min();
        let offset = first.map_or(applied, |first| first.checked_sub(1));
        Manifest { offset, sealed_us: TimeMicros::now().0, tables: tables.collect() }
    }

    /// Keeps the names for a restart, if there are new ones.
    pub(super) fn store_names(&mut self, lake_dir: &Path, tenant: TenantId) -> Result<(), LakeError> {
        if self.names_changed {
            let path = names_path(lake_dir, tenant);
            let text = serde_json::to_vec(&self.names).map_err(|e| LakeError::damaged(&path, e))?;
            store::write_whole(&path, &[&text], true).at(&path)?;
            self.names_changed = false;
        }
        Ok(())
    }
}

/// Hot files of earlier processes. They serve the last manifest, and pins of it, until ours replaces
/// it; what no manifest and no pin can name goes at once, or a process that ends again and again
/// before its first manifest would fill the tmpfs.
fn left_behind(config: &LakeConfig, tenant: TenantId, dir: &Path) -> Result<Vec<PathBuf>, LakeError> {
    let manifest = Manifest::load(&config.hot_dir, tenant);
    let named = |name: &str| match &manifest {
        Ok(Some(m)) => m.tables.values().flat_map(|t| &t.hot).any(|f| f.name == name),
        Ok(None) => false,
        // In doubt it is named.
        Err(_) => true,
    };
    let mut leaving = Vec::new();
    for entry in fs::read_dir(dir).at(dir)? {
        let entry = entry.at(dir)?;
        let path = entry.path();
        if path.extension().is_none_or(|e| e != "arrow") {
            continue;
        }
        let written = entry.metadata().and_then(|m| m.modified());
        let old = written.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > config.hot_grace));
        if old && !named(&entry.file_name().to_string_lossy()) {
            fs::remove_file(&path).at(&path)?;
        } else {
            leaving.push(path);
        }
    }
    Ok(leaving)
}

fn names_path(lake_dir: &Path, tenant: TenantId) -> PathBuf {
    lake_dir.join(tenant.to_string()).join("_device_names.json")
}

/// The first run of `fan_in` neighbours of one level that may be merged.
fn run_to_merge(
    files: &[HotFile],
    frozen: &BTreeSet<String>,
    fan_in: usize,
) -> Option<std::ops::Range<usize>> {
    (0..files.len().saturating_sub(fan_in - 1)).map(|start| start..start + fan_in).find(|at| {
        let run = &files[at.clone()];
        run.iter().all(|f| f.level == run[0].level && !frozen.contains(&f.name))
            && run.iter().map(|f| f.bytes).sum::<u64>() <= MERGE_BYTES
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, level: u8) -> HotFile {
        HotFile {
            name: name.into(),
            rows: 1,
            bytes: 10,
            min_us: 0,
            max_us: 0,
            first_offset: 0,
            last_offset: 0,
            level,
        }
    }

    #[test]
    fn a_commit_never_covers_rows_that_are_in_no_file() {
        let mut t = TableState { hot: vec![file("a", 0)], ..TableState::default() };
        assert_eq!((t.flush_offset(9), t.first_unflushed()), (Some(9), Some(0)));
        t.unsealed_from = Some(7);
        assert_eq!(t.flush_offset(9), Some(6));
        let batch = RecordBatch::new_empty(std::sync::Arc::new(arrow::datatypes::Schema::empty()));
        t.unwritten.push_back(Unwritten { batch: batch.clone(), first: 4, last: 6 });
        t.unwritten.push_back(Unwritten { batch, first: 7, last: 9 });
        assert_eq!(t.flush_offset(9), Some(3));
        // The first found room: the offset follows.
        t.unwritten.pop_front();
        assert_eq!(t.flush_offset(9), Some(6));
        t.unwritten[0].first = 0;
        assert_eq!(t.flush_offset(9), None, "there is no offset before the first");
    }

    #[test]
    fn only_free_neighbours_of_one_level_are_merged() {
        let files = [file("a", 1), file("b", 0), file("c", 0), file("d", 0)];
        assert_eq!(run_to_merge(&files, &BTreeSet::new(), 3), Some(1..4));
        assert_eq!(run_to_merge(&files, &BTreeSet::from(["c".to_owned()]), 3), None);
        assert_eq!(run_to_merge(&files, &BTreeSet::new(), 4), None);
        assert_eq!(run_to_merge(&[], &BTreeSet::new(), 2), None);
    }
}
