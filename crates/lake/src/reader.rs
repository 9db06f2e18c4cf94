//! Reading: a pin is what one query sees, whatever is sealed, flushed or compacted meanwhile.

mod codes;
mod files;
mod fill;
mod footers;
mod limit;
mod made;
mod provider;
mod prune;
mod together;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use palisade_types::{DeviceId, TenantId};
use serde::Serialize;
use tokio::sync::Mutex;

use crate::columns::{TABLES, schemas};
use crate::delta::{files_at, table_dir};
use crate::error::{At, LakeError};
use crate::hot::{self, Manifest, Mapped, TableManifest};
pub(crate) use files::LocalFiles;
use limit::{DEVICE, Devices};
pub use provider::PinnedTable;
pub(crate) use provider::{parquet_scan, partitioned};

/// One tenant's tables at one moment. Only that tenant's folders are ever opened through it.
#[derive(Clone, Debug)]
pub struct Pin {
    tenant: TenantId,
    manifest: Manifest,
    hot: PathBuf,
    lake: PathBuf,
    /// Whether a manifest was there; else the newest Delta versions are what there is.
    sealed: bool,
}

impl Pin {
    /// Pins what is there now. A tenant without any data has empty tables.
    ///
    /// # Errors
    /// [`LakeError::Io`] or [`LakeError::Damaged`] for the manifest.
    pub fn load(hot_dir: &Path, lake_dir: &Path, tenant: TenantId) -> Result<Self, LakeError> {
        let manifest = Manifest::load(hot_dir, tenant)?;
        let lake = std::path::absolute(lake_dir).at(lake_dir)?;
        Ok(Self {
            tenant,
            sealed: manifest.is_some(),
            manifest: manifest.unwrap_or_default(),
            hot: hot::tenant_dir(hot_dir, tenant),
            lake,
        })
    }

    /// The last log offset that is in it; absent before the first.
    pub fn offset(&self) -> Option<u64> {
        self.manifest.offset
    }

    /// When it was sealed, microseconds UTC; 0 where nothing was sealed yet.
    pub fn sealed_us(&self) -> i64 {
        self.manifest.sealed_us
    }

    /// Whose data it shows.
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }
}

/// What the scans of a catalogue read and left out so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ScanStats {
    /// Files, hot and Parquet, that were scanned.
    pub files: u64,
    /// Files that statistics excluded.
    pub files_pruned: u64,
    /// Rows in the files that were scanned, without blocks that their terms excluded.
    pub rows: u64,
    /// Bytes of the files that were scanned, before projection.
    pub bytes: u64,
}

/// Counters behind [`ScanStats`].
#[derive(Debug, Default)]
pub(crate) struct ScanCounters {
    files: AtomicU64,
    pruned: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
}

impl ScanCounters {
    pub(crate) fn scanned(&self, rows: u64, bytes: u64) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn pruned(&self, files: u64) {
        self.pruned.fetch_add(files, Ordering::Relaxed);
    }
}

/// The tables of a pin, as DataFusion reads them.
#[derive(Debug)]
pub struct PinnedCatalogue {
    pin: Pin,
    devices: Option<Arc<Devices>>,
    tables: Mutex<HashMap<String, Arc<PinnedTable>>>,
    counters: Arc<ScanCounters>,
}

impl PinnedCatalogue {
    /// The tables of a pin.
    pub fn new(pin: Pin) -> Self {
        Self { pin, devices: None, tables: Mutex::default(), counters: Arc::default() }
    }

    /// The same with rows of these devices only, whatever is asked of its tables: no other row is ever
    /// given to what reads them, and a table whose rows belong to no device is refused.
    #[must_use]
    pub fn limited_to(self, devices: &[DeviceId]) -> Self {
        Self { devices: Some(Arc::new(Devices::new(devices))), tables: Mutex::default(), ..self }
    }

    /// The pin.
    pub fn pin(&self) -> &Pin {
        &self.pin
    }

    /// Names of the tables.
    pub fn tables(&self) -> &'static [&'static str] {
        &TABLES
    }

    /// A table: the pinned Delta version's files and the pinned hot files as one provider. Its
    /// schema is the declared one, then `_IngestTime`; `_day` is not in it.
    ///
    /// # Errors
    /// [`LakeError::UnknownTable`], [`LakeError::OfNoDevice`]; I/O and Delta errors; [`LakeError::Damaged`].
    pub async fn table(&self, name: &str) -> Result<Arc<PinnedTable>, LakeError> {
        let mut tables = self.tables.lock().await;
        if let Some(table) = tables.get(name) {
            return Ok(Arc::clone(table));
        }
        let schemas = schemas(name).ok_or_else(|| LakeError::UnknownTable(name.to_owned()))?;
        if self.devices.is_some() && schemas.visible.index_of(DEVICE).is_err() {
            return Err(LakeError::OfNoDevice(name.to_owned()));
        }
        let dir = table_dir(&self.pin.lake, self.pin.tenant, name);
        let listed = self.pin.manifest.tables.get(name).cloned().unwrap_or_default();
        let TableManifest { delta_version, hot, .. } = listed;
        let files = if delta_version.is_some() || !self.pin.sealed {
            files_at(&dir, delta_version).await?
        } else {
            Vec::new()
        };
        let mut mapped = Vec::with_capacity(hot.len());
        for file in hot {
            let map = Mapped::open(self.pin.hot.join(&file.name), file.bytes)?;
            mapped.push((file, map));
        }
        let table = PinnedTable::new(schemas, dir, files, mapped, Arc::clone(&self.counters));
        let table = Arc::new(table.limited_to(self.devices.clone()));
        tables.insert(name.to_owned(), Arc::clone(&table));
        Ok(table)
    }

    /// What has been scanned through this catalogue.
    pub fn scanned(&self) -> ScanStats {
        let read = |c: &AtomicU64| c.load(Ordering::Relaxed);
        let c = &self.counters;
        ScanStats {
            files: read(&c.files),
            files_pruned: read(&c.pruned),
            rows: read(&c.rows),
            bytes: read(&c.bytes),
        }
    }
}
