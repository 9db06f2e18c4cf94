//! One tenant's part of the writer.

use std::collections::BTreeSet;
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
use crate::flush::Flushed;
use crate::hot::{self, HotFile, Manifest, TableManifest};
use crate::project::{Names, ProjectCounts, Projector, TableSet};
use crate::store;

/// Merging stops at files of this size, bytes.
const MERGE_BYTES: u64 = 128 << 20;

/// Largest file of names that is read, bytes.
const MAX_NAMES: u64 = 64 << 20;

/// One table of one tenant.
#[derive(Debug, Default)]
pub(super) struct TableState {
    pub(super) delta_version: Option<u64>,
    pub(super) delta_offset: Option<u64>,
    pub(super) hot: Vec<HotFile>,
    /// The first offset with rows that are applied and not sealed.
    pub(super) unsealed_from: Option<u64>,
    /// Batches whose file could not be written yet.
    unwritten: Vec<RecordBatch>,
    /// When the oldest hot row was sealed.
    since: Option<Instant>,
    pub(super) flushing: bool,
    /// Names of the files that a flush is reading.
    pub(super) frozen: BTreeSet<String>,
    pub(super) retry_at: Option<Instant>,
}

impl TableState {
    pub(super) fn due(&self, now: Instant, bytes: u64, after: Duration) -> bool {
        let full = self.hot.iter().map(|f| f.bytes).sum::<u64>() >= bytes;
        let old = self.since.is_some_and(|s| now.saturating_duration_since(s) >= after);
        (full || old) && self.retry_at.is_none_or(|r| now >= r)
    }

    /// Whether the hot tier refused rows.
    pub(super) fn pressed(&self) -> bool {
        !self.unwritten.is_empty()
    }

    pub(super) fn flushed(&mut self, done: &Flushed, files: &BTreeSet<String>) {
        self.hot.retain(|f| !files.contains(&f.name));
        self.delta_version = Some(self.delta_version.map_or(done.version, |v| v.max(done.version)));
        self.delta_offset = Some(done.offset);
        self.since = (!self.hot.is_empty()).then(Instant::now);
        self.retry_at = None;
    }

    pub(super) fn first_unflushed(&self) -> Option<u64> {
        self.hot.iter().map(|f| f.first_offset).chain(self.unsealed_from).min()
    }
}

/// One tenant.
#[derive(Debug)]
pub(super) struct TenantState {
    pub(super) rows: Projector,
    pub(super) tables: [TableState; 5],
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
        // Files of an earlier process serve its last manifest until ours replaces it.
        let mut leaving = Vec::new();
        for entry in fs::read_dir(&dir).at(&dir)? {
            let path = entry.at(&dir)?.path();
            if path.extension().is_some_and(|e| e == "arrow") {
                leaving.push(path);
            }
        }
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

    /// Seals, merges, and shows what is here if it may be shown. Returns files that no manifest
    /// names any more.
    pub(super) fn publish(
        &mut self,
        config: &LakeConfig,
        tenant: TenantId,
        applied: Option<u64>,
        show: bool,
        next_name: &mut dyn FnMut() -> String,
    ) -> Result<Vec<PathBuf>, LakeError> {
        let dir = hot::tenant_dir(&config.hot_dir, tenant);
        self.seal(&dir, applied, next_name)?;
        let merged = self.merge(&dir, config.merge_fan_in, next_name)?;
        self.leaving.extend(merged);
        if !(self.dirty && show) {
            return Ok(Vec::new());
        }
        self.manifest(applied).store(&config.hot_dir, tenant)?;
        self.dirty = false;
        Ok(std::mem::take(&mut self.leaving))
    }

    /// Writes applied rows as new hot files.
    fn seal(
        &mut self,
        dir: &Path,
        applied: Option<u64>,
        next_name: &mut dyn FnMut() -> String,
    ) -> Result<(), LakeError> {
        for (number, batch) in self.rows.finish()? {
            self.tables[number].unwritten.push(batch);
        }
        for (number, table) in self.tables.iter_mut().enumerate() {
            // A batch leaves memory only once it is in a file: a full tmpfs loses nothing.
            while let Some(batch) = table.unwritten.first() {
                let last = applied.unwrap_or_default();
                let first = table.unsealed_from.unwrap_or(last);
                let name = format!("{}-{}.arrow", TABLES[number], next_name());
                table.hot.push(hot::write(dir, name, batch, (first, last), 0)?);
                table.unwritten.remove(0);
                table.since.get_or_insert_with(Instant::now);
                self.dirty = true;
            }
            table.unsealed_from = None;
        }
        Ok(())
    }

    /// Merges neighbouring small files, so that a table has few however long a flush is away.
    /// Returns the files that are no longer needed.
    fn merge(
        &mut self,
        dir: &Path,
        fan_in: usize,
        next_name: &mut dyn FnMut() -> String,
    ) -> Result<Vec<PathBuf>, LakeError> {
        let mut gone = Vec::new();
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
                gone.extend(run.iter().map(|f| dir.join(&f.name)));
                table.hot.splice(at, [merged]);
                self.dirty = true;
            }
        }
        Ok(gone)
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
        Manifest { offset: applied, sealed_us: TimeMicros::now().0, tables: tables.collect() }
    }

    /// Keeps the names for a restart, if there are new ones.
    pub(super) fn store_names(&mut self, lake_dir: &Path, tenant: TenantId) -> Result<(), LakeError> {
        if std::mem::take(&mut self.names_changed) {
            let path = names_path(lake_dir, tenant);
            let text = serde_json::to_vec(&self.names).map_err(|e| LakeError::damaged(&path, e))?;
            store::write_whole(&path, &[&text], true).at(&path)?;
        }
        Ok(())
    }
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
    fn only_free_neighbours_of_one_level_are_merged() {
        let files = [file("a", 1), file("b", 0), file("c", 0), file("d", 0)];
        assert_eq!(run_to_merge(&files, &BTreeSet::new(), 3), Some(1..4));
        assert_eq!(run_to_merge(&files, &BTreeSet::from(["c".to_owned()]), 3), None);
        assert_eq!(run_to_merge(&files, &BTreeSet::new(), 4), None);
        assert_eq!(run_to_merge(&[], &BTreeSet::new(), 2), None);
    }
}
