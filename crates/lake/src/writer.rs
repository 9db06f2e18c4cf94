//! The one writer of a region's lake: records of the log in, hot files and Delta commits out.
//!
//! What makes replay exact: a table's Delta commit carries the last log offset whose rows it
//! holds; the hot tier is made from the log alone; the cursor `lake` never passes a record with
//! rows that are not in Delta. After a crash the log is read from the cursor, and each table
//! skips what its own commit already holds.

mod state;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fs::{self, File};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use palisade_log::{Cursor, KIND_BATCH, KIND_ERASED, Record};
use palisade_types::{TenantId, TimeMicros};
use palisade_wire::BatchLimits;
use parking_lot::Mutex;
use tokio::task::JoinSet;

use crate::columns::TABLES;
use crate::compact::Compactor;
use crate::config::LakeConfig;
use crate::error::{At, LakeError};
use crate::flush::{FlushJob, Flushed};
use crate::hot::{self, Manifest};
use crate::project::{BatchContext, DeviceNames, NoNames, TableSet, name_in};
use crate::shared::Shared;
use crate::stats::LakeStats;
use crate::store;
use state::TenantState;

/// Bytes of opened batches after which rows are sealed without waiting: no text column may pass
/// what 32-bit offsets address.
const SEAL_BYTES: u64 = 64 << 20;

/// After this long, rows of an unfinished replay become visible even if fewer than before.
const HOLD: Duration = Duration::from_secs(30);

/// Wait before a failed flush is tried again.
const RETRY: Duration = Duration::from_secs(5);

type FlushResult = (TenantId, usize, Result<Flushed, LakeError>);

/// See the module.
pub struct LakeWriter {
    config: LakeConfig,
    names: Arc<dyn DeviceNames>,
    shared: Arc<Shared>,
    cursor: Cursor,
    tenants: BTreeMap<TenantId, TenantState>,
    applied: Option<u64>,
    unsealed_bytes: u64,
    oldest_received: Option<i64>,
    flushes: JoinSet<FlushResult>,
    garbage: VecDeque<(Instant, PathBuf)>,
    opened: Instant,
    /// When all tables were last flushed for want of room.
    relieved: Option<Instant>,
    caught_up: bool,
    generation: u64,
    next_file: u64,
    // Released last.
    _lock: File,
}

impl std::fmt::Debug for LakeWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LakeWriter")
            .field("applied", &self.applied)
            .field("tenants", &self.tenants.len())
            .finish_non_exhaustive()
    }
}

impl LakeWriter {
    /// Opens the lake for writing. The log is to be read from [`Self::resume_offset`].
    ///
    /// # Errors
    /// [`LakeError::Locked`] while another process writes it; I/O, Delta and cursor errors.
    pub async fn open(config: LakeConfig) -> Result<Self, LakeError> {
        Self::open_with(config, Arc::new(NoNames)).await
    }

    /// As [`Self::open`], with a look-up for names of devices that the lake has not heard of.
    ///
    /// # Errors
    /// See [`Self::open`].
    pub async fn open_with(mut config: LakeConfig, names: Arc<dyn DeviceNames>) -> Result<Self, LakeError> {
        store::make_dir(&config.lake_dir).at(&config.lake_dir)?;
        config.lake_dir = fs::canonicalize(&config.lake_dir).at(&config.lake_dir)?;
        fs::create_dir_all(&config.hot_dir).at(&config.hot_dir)?;
        let path = config.lake_dir.join("writer.lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&path).at(&path)?;
        lock.try_lock().map_err(|_| LakeError::Locked)?;
        config.max_hot_bytes = config.max_hot_bytes.min(half_of_room(&config.hot_dir).unwrap_or(u64::MAX));
        let cursor = Cursor::open(&config.cursors_dir, "lake")?;
        let mut writer = Self {
            applied: cursor.get().checked_sub(1),
            cursor,
            names,
            shared: Arc::new(Shared::default()),
            tenants: BTreeMap::new(),
            unsealed_bytes: 0,
            oldest_received: None,
            flushes: JoinSet::new(),
            garbage: VecDeque::new(),
            opened: Instant::now(),
            relieved: None,
            caught_up: false,
            generation: u64::try_from(TimeMicros::now().0).unwrap_or_default(),
            next_file: 0,
            _lock: lock,
            config,
        };
        Box::pin(writer.find_tenants()).await?;
        writer.shared.stats.lock().resume_offset = writer.cursor.get();
        Ok(writer)
    }

    async fn find_tenants(&mut self) -> Result<(), LakeError> {
        let mut found = Vec::new();
        for dir in [&self.config.lake_dir, &self.config.hot_dir] {
            for entry in fs::read_dir(dir).at(dir)? {
                let name = entry.at(dir)?.file_name();
                found.extend(name.to_str().and_then(|n| n.parse::<TenantId>().ok()));
            }
        }
        for tenant in found {
            if self.tenants.contains_key(&tenant) {
                continue;
            }
            let mut state = Box::pin(TenantState::open(&self.config, tenant)).await?;
            state.hold_until =
                Manifest::load(&self.config.hot_dir, tenant).ok().flatten().and_then(|m| m.offset);
            self.tenants.insert(tenant, state);
        }
        Ok(())
    }

    /// The log offset to read first.
    pub fn resume_offset(&self) -> u64 {
        self.cursor.get()
    }

    /// The log offset that comes next: one past the last that was applied.
    pub fn next_offset(&self) -> u64 {
        self.applied.map_or(0, |a| a.saturating_add(1))
    }

    /// Goes on at `offset`, because the records before it are no longer in the log. They are
    /// counted. Only for a writer that has applied nothing since it was opened.
    ///
    /// # Errors
    /// I/O on the cursor.
    pub fn skip_trimmed(&mut self, offset: u64) -> Result<(), LakeError> {
        let missed = offset.saturating_sub(self.cursor.get());
        tracing::error!(
            records = missed,
            from = self.cursor.get(),
            to = offset,
            "the log was trimmed before the lake had read it"
        );
        self.cursor.set(offset)?;
        self.cursor.rejoin()?;
        self.applied = offset.checked_sub(1);
        let mut stats = self.shared.stats.lock();
        stats.trimmed_records += missed;
        stats.resume_offset = offset;
        Ok(())
    }

    /// Takes part in the log's trimming again, if it was cut off and yet everything is still there.
    ///
    /// # Errors
    /// I/O on the cursor.
    pub fn rejoin(&mut self) -> Result<(), LakeError> {
        Ok(self.cursor.rejoin()?)
    }

    /// The statistics, shared with whoever shows them.
    pub fn stats(&self) -> Arc<Mutex<LakeStats>> {
        Arc::clone(&self.shared.stats)
    }

    /// Merges small files, applies the retention and vacuums, beside this writer.
    pub fn compactor(&self) -> Compactor {
        Compactor::new(self.config.clone(), Arc::clone(&self.shared))
    }

    /// Projects records, which must come in the log's order. Records at or below the last one are
    /// skipped. Rows become visible with the next [`Self::seal`].
    ///
    /// # Errors
    /// I/O on the hot tier, where rows had to be sealed on the way. What was applied stays applied;
    /// to be called again with the same records, or those that follow are lost to the lake.
    pub fn apply(&mut self, records: &[Record]) -> Result<(), LakeError> {
        for record in records {
            if self.applied.is_some_and(|a| record.offset <= a) {
                continue;
            }
            // Before the record: while there is no room, nothing more comes into memory.
            if self.unsealed_bytes >= SEAL_BYTES {
                self.seal()?;
            }
            self.one(record)?;
            self.applied = Some(record.offset);
        }
        Ok(())
    }

    fn one(&mut self, record: &Record) -> Result<(), LakeError> {
        let meta = &record.meta;
        if meta.kind == KIND_ERASED {
            return Ok(());
        }
        if meta.kind != KIND_BATCH {
            self.shared.stats.lock().unknown_records += 1;
            return Ok(());
        }
        if !self.tenants.contains_key(&meta.tenant) {
            self.tenants.insert(meta.tenant, TenantState::empty(&self.config, meta.tenant)?);
        }
        let Some(state) = self.tenants.get_mut(&meta.tenant) else { return Ok(()) };
        let wanted = state.wanted(record.offset);
        let batch = match palisade_wire::open(&record.payload, meta.raw_length, &BatchLimits::default()) {
            Ok(batch) => batch,
            Err(e) => {
                tracing::warn!(offset = record.offset, tenant = %meta.tenant, device = %meta.device, code = e.code(), "a record of the log is no batch");
                self.shared.stats.lock().malformed_records += 1;
                return Ok(());
            }
        };
        if let Some(name) = name_in(&batch) {
            state.learn(meta.device, name);
        }
        if wanted == TableSet::NONE {
            return Ok(());
        }
        if !state.names.contains_key(&meta.device)
            && let Some(name) = self.names.device_name(meta.tenant, meta.device)
        {
            state.learn(meta.device, &name);
        }
        let context = BatchContext {
            tenant: meta.tenant,
            device: meta.device,
            device_name: state.names.get(&meta.device).map_or("", String::as_str),
            received_at: meta.received_at,
        };
        let counts = state.rows.project(&batch, &context, wanted);
        state.touched(record.offset, &counts);
        self.shared.stats.lock().count(&counts);
        self.unsealed_bytes += meta.raw_length.saturating_mul(4);
        self.oldest_received =
            Some(self.oldest_received.map_or(meta.received_at, |o| o.min(meta.received_at)));
        Ok(())
    }

    /// Says that the log has been read to its end: from now on what this writer has is shown, even
    /// where it is less than before the restart.
    pub fn caught_up(&mut self) {
        self.caught_up = true;
    }

    /// Makes all applied rows visible to new pins.
    ///
    /// # Errors
    /// I/O on the hot tier. Nothing is lost: the log has the rows, and a reopened writer them.
    pub fn seal(&mut self) -> Result<(), LakeError> {
        let show_all = self.caught_up || self.opened.elapsed() > HOLD;
        let applied = self.applied;
        let mut failed = None;
        for (tenant, state) in &mut self.tenants {
            let behind = state.hold_until.is_some_and(|h| applied.is_none_or(|a| a < h));
            let mut next_name = || {
                self.next_file += 1;
                format!("{:x}-{:x}", self.generation, self.next_file)
            };
            let mut gone = Vec::new();
            let show = show_all || !behind;
            // One tenant's trouble must not keep another's rows hidden.
            if let Err(e) = state.publish(&self.config, *tenant, applied, show, &mut next_name, &mut gone) {
                failed.get_or_insert(e);
            }
            let due = Instant::now() + self.config.hot_grace;
            self.garbage.extend(gone.into_iter().map(|path| (due, path)));
        }
        self.unsealed_bytes = self.tables().map(state::TableState::unwritten_bytes).sum();
        let mut stats = self.shared.stats.lock();
        if let Some(oldest) = self.oldest_received.take() {
            stats.sealed(TimeMicros::now().0.saturating_sub(oldest));
        }
        stats.last_offset = applied;
        let hot = || self.tables().flat_map(|t| &t.hot);
        stats.hot_files = hot().count() as u64;
        stats.hot_rows = hot().map(|f| f.rows).sum();
        stats.hot_bytes = hot().map(|f| f.bytes).sum();
        failed.map_or(Ok(()), Err)
    }

    /// The regular work beside sealing: starts flushes that are due, takes in finished ones,
    /// moves the cursor, removes hot files that no pin can name any more. To be called after each
    /// seal.
    ///
    /// # Errors
    /// I/O on the hot tier or the cursor. A flush that fails is counted and tried again.
    pub async fn tick(&mut self) -> Result<(), LakeError> {
        // With little room for hot rows, Delta is where they can go: first the large tables, and
        // now and then all.
        let no_room = self.is_full() || self.tables().any(state::TableState::pressed);
        let least = if no_room && self.relieved.is_none_or(|at| at.elapsed() >= RETRY) {
            self.relieved = Some(Instant::now());
            0
        } else if self.hot_bytes() > self.config.max_hot_bytes / 2 {
            self.config.flush_bytes.min(self.config.max_hot_bytes / 64)
        } else {
            self.config.flush_bytes
        };
        self.start_flushes(least, false);
        while let Some(done) = self.flushes.try_join_next() {
            self.finish(done.map_err(|e| LakeError::Task(e.to_string()))?);
        }
        self.settle()
    }

    fn tables(&self) -> impl Iterator<Item = &state::TableState> {
        self.tenants.values().flat_map(|t| &t.tables)
    }

    fn hot_bytes(&self) -> u64 {
        self.tables().map(state::TableState::hot_bytes).sum()
    }

    /// Whether the hot tier has all that it may hold, because flushes fail or do not keep up. Then
    /// no more is to be applied: the log keeps it.
    pub fn is_full(&self) -> bool {
        self.hot_bytes() >= self.config.max_hot_bytes
    }

    /// Flushes tables with that many bytes and those with old rows; `at_once`: also what failed a
    /// moment ago.
    fn start_flushes(&mut self, least: u64, at_once: bool) {
        let Some(applied) = self.applied else { return };
        let now = Instant::now();
        for (tenant, state) in &mut self.tenants {
            for (number, table) in state.tables.iter_mut().enumerate() {
                if table.flushing || !at_once && table.retry_at.is_some_and(|r| now < r) {
                    continue;
                }
                let again = table.job.clone();
                let due = table.due(now, least, self.config.flush_after);
                if again.is_none() && (table.hot.is_empty() || !due) {
                    continue;
                }
                let Some(offset) = table.flush_offset(applied) else { continue };
                let job = again.unwrap_or_else(|| FlushJob {
                    lake_dir: self.config.lake_dir.clone(),
                    hot: hot::tenant_dir(&self.config.hot_dir, *tenant),
                    tenant: *tenant,
                    table: number,
                    files: table.hot.clone(),
                    offset,
                });
                table.flushing = true;
                table.frozen = job.files.iter().map(|f| f.name.clone()).collect();
                table.job = Some(job.clone());
                let shared = Arc::clone(&self.shared);
                self.flushes.spawn(async move {
                    // A panic must come back as a failure of its table, which is then tried again.
                    let result = AssertUnwindSafe(job.run(&shared)).catch_unwind().await;
                    (
                        job.tenant,
                        job.table,
                        result.unwrap_or_else(|_| Err(LakeError::Task("a flush panicked".into()))),
                    )
                });
            }
        }
    }

    fn finish(&mut self, (tenant, number, result): FlushResult) {
        let Some(state) = self.tenants.get_mut(&tenant) else { return };
        let table = &mut state.tables[number];
        table.flushing = false;
        match result {
            Ok(done) => {
                let dir = hot::tenant_dir(&self.config.hot_dir, tenant);
                state.leaving.extend(table.frozen.iter().map(|name| dir.join(name)));
                table.flushed(&done);
                state.dirty = true;
                let mut stats = self.shared.stats.lock();
                stats.flushes += 1;
                stats.flushed_rows += done.rows;
                stats.flushed_bytes += done.bytes;
            }
            Err(e) => {
                tracing::error!(tenant = %tenant, table = TABLES[number], code = e.code(), error = %e, "a flush failed and will be tried again");
                table.retry_at = Some(Instant::now() + RETRY);
                self.shared.stats.lock().flush_failures += 1;
            }
        }
    }

    /// Pins compacted versions, writes what changed, moves the cursor, removes old hot files.
    fn settle(&mut self) -> Result<(), LakeError> {
        for ((tenant, number), version) in self.shared.announced() {
            let Some(state) = self.tenants.get_mut(&tenant) else { continue };
            let table = &mut state.tables[number];
            // From the beginning of a flush until it is known to be done, a newer version may hold rows
            // that are still listed as hot.
            if table.job.is_none() && table.delta_version.is_some_and(|v| v < version) {
                table.delta_version = Some(version);
                state.dirty = true;
            }
        }
        // Rows without room must hold up neither the cursor nor the removal that makes room.
        let shown = if self.tenants.values().any(|t| t.dirty) { self.seal() } else { Ok(()) };
        self.remove_garbage();
        let next = self.durable_next();
        if next > self.cursor.get() {
            for (tenant, state) in &mut self.tenants {
                state.store_names(&self.config.lake_dir, *tenant)?;
            }
            self.cursor.set(next)?;
            self.shared.stats.lock().resume_offset = next;
        }
        shown
    }

    fn remove_garbage(&mut self) {
        let now = Instant::now();
        self.garbage.retain(|(due, path)| {
            let keep = *due > now;
            if !keep
                && let Err(e) = fs::remove_file(path)
                && e.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(path = %path.display(), error = %e, "an old hot file could not be removed");
            }
            keep
        });
    }

    /// The first offset with rows that are not in Delta; with none, the one after the last.
    fn durable_next(&self) -> u64 {
        let end = self.next_offset();
        self.tables().filter_map(state::TableState::first_unflushed).fold(end, u64::min)
    }

    /// Moves every applied row to Delta and the cursor behind them.
    ///
    /// # Errors
    /// The first flush that failed; what the others did stays done.
    pub async fn flush(&mut self) -> Result<(), LakeError> {
        let mut failed = None;
        loop {
            self.seal()?;
            self.start_flushes(0, true);
            if self.flushes.is_empty() {
                break;
            }
            while let Some(done) = self.flushes.join_next().await {
                let (tenant, table, mut result) = done.map_err(|e| LakeError::Task(e.to_string()))?;
                if let Err(e) = result {
                    result = Err(LakeError::Task(e.to_string()));
                    failed = Some(e);
                }
                self.finish((tenant, table, result));
            }
            if failed.is_some() {
                break;
            }
        }
        self.settle()?;
        failed.map_or(Ok(()), Err)
    }

    /// Hot rows by tenant and table, for tests and status pages.
    pub fn hot_rows(&self) -> HashMap<(TenantId, &'static str), u64> {
        let mut out = HashMap::new();
        for (tenant, state) in &self.tenants {
            for (number, table) in state.tables.iter().enumerate() {
                out.insert((*tenant, TABLES[number]), table.hot.iter().map(|f| f.rows).sum());
            }
        }
        out
    }
}

/// Half the bytes of the file system that a folder is on; the rest is for merging, for the files
/// of an earlier process, and for the manifest. `None` where it cannot be told.
fn half_of_room(dir: &Path) -> Option<u64> {
    let stat = nix::sys::statvfs::statvfs(dir).ok()?;
    Some(stat.blocks().saturating_mul(stat.fragment_size()) / 2)
}
