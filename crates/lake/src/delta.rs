//! One Delta table: open, create, commit, list.

mod listing;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties, TableReference};
use deltalake_core::kernel::{Action, Add, Remove, Transaction};
use deltalake_core::logstore::LogStoreRef;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::table::state::DeltaTableState;
use deltalake_core::{DeltaTable, DeltaTableBuilder, TableProperty};
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use palisade_types::{TenantId, TimeMicros};
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use crate::columns::{DAY, STATISTICS, TableSchemas};
use crate::error::{At, LakeError};
use crate::parquet_file::Encoded;
use crate::store::{self, DurableStore};

/// The application of Delta's `txn` action; its version is the last log offset of the commit.
pub const APPLICATION: &str = "palisade-lake";

/// The folder of a tenant's table. A tenant id has one form, so no name can leave the lake.
pub(crate) fn table_dir(lake_dir: &Path, tenant: TenantId, table: &str) -> PathBuf {
    lake_dir.join(tenant.to_string()).join(table)
}

/// The active files of a table at a version, or at the latest; none where there is no table.
pub(crate) async fn files_at(dir: &Path, version: Option<u64>) -> Result<Vec<DataFile>, LakeError> {
    if let Some(files) = listing::load(dir, version) {
        return Ok(files);
    }
    let table = Table::open(dir, version).await?;
    table.map_or_else(|| Ok(Vec::new()), |t| t.files())
}

/// Whether a path of the log stays in the table's own folder: an absolute one could be another tenant's.
fn inside(path: &str) -> bool {
    !path.contains("://") && !path.starts_with('/') && path.split('/').all(|p| p != ".." && !p.is_empty())
}

/// One active data file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DataFile {
    /// Relative to the table's folder.
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) rows: u64,
    /// The partition, as text.
    pub(crate) day: String,
    pub(crate) time: Option<(i64, i64)>,
    pub(crate) device: Option<(String, String)>,
}

/// A table at one version.
pub(crate) struct Table {
    dir: PathBuf,
    log: LogStoreRef,
    state: DeltaTableState,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table")
            .field("dir", &self.dir)
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}

fn builder(dir: &Path) -> Result<DeltaTableBuilder, LakeError> {
    let url = Url::from_directory_path(dir).map_err(|()| LakeError::damaged(dir, "not an absolute path"))?;
    Ok(DeltaTableBuilder::from_url(url.clone())?.with_storage_backend(Arc::new(DurableStore::new()), url))
}

impl Table {
    /// Opens a table at a version, or at the latest; `None` where there is no table.
    pub(crate) async fn open(dir: &Path, version: Option<u64>) -> Result<Option<Self>, LakeError> {
        if !dir.join("_delta_log").is_dir() {
            return Ok(None);
        }
        let mut b = builder(dir)?;
        if let Some(version) = version {
            b = b.with_version(version);
        }
        match Box::pin(b.load()).await {
            Ok(table) => Ok(Some(Self::of(dir, &table)?)),
            // A crash between the folder and the first commit leaves an empty log.
            Err(deltalake_core::DeltaTableError::NotATable(_)) if version.is_none() => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    fn of(dir: &Path, table: &DeltaTable) -> Result<Self, LakeError> {
        Ok(Self { dir: dir.to_path_buf(), log: table.log_store(), state: table.snapshot()?.clone() })
    }

    /// Opens a table at its latest version, making it or adding declared columns where needed.
    pub(crate) async fn open_or_create(dir: &Path, schemas: &TableSchemas) -> Result<Self, LakeError> {
        let Some(table) = Self::open(dir, None).await? else {
            let path = dir.join("_delta_log");
            store::make_dir(&path).at(&path)?;
            let created = builder(dir)?
                .build()?
                .create()
                .with_table_name(&schemas.spec.name)
                .with_comment(&schemas.spec.description)
                .with_columns(schemas.delta_fields())
                .with_partition_columns([DAY])
                .with_configuration_property(TableProperty::CheckpointInterval, Some("20"))
                .with_configuration_property(
                    TableProperty::DataSkippingStatsColumns,
                    Some(STATISTICS.join(",")),
                )
                .with_save_mode(SaveMode::Ignore)
                .await?;
            return Self::of(dir, &created);
        };
        Box::pin(table.with_declared_columns(schemas)).await
    }

    async fn with_declared_columns(self, schemas: &TableSchemas) -> Result<Self, LakeError> {
        let present = self.state.schema();
        let new: Vec<_> =
            schemas.delta_fields().into_iter().filter(|f| present.field(f.name()).is_none()).collect();
        if new.is_empty() {
            return Ok(self);
        }
        tracing::info!(table = %schemas.spec.name, columns = new.len(), "adding columns to a delta table");
        let loaded = Box::pin(builder(&self.dir)?.load()).await?;
        let table = loaded.add_columns().with_fields(new).await?;
        Self::of(&self.dir, &table)
    }

    pub(crate) fn version(&self) -> u64 {
        self.state.version()
    }

    /// The last log offset whose rows are in the table.
    pub(crate) async fn offset(&self) -> Result<Option<u64>, LakeError> {
        let txn = self.state.transaction_version(self.log.as_ref(), APPLICATION).await?;
        Ok(txn.and_then(|v| u64::try_from(v).ok()))
    }

    /// Reads what others have committed since.
    pub(crate) async fn refresh(&mut self) -> Result<(), LakeError> {
        Ok(Box::pin(self.state.update(self.log.as_ref(), None)).await?)
    }

    /// The active files.
    pub(crate) fn files(&self) -> Result<Vec<DataFile>, LakeError> {
        let mut out = Vec::new();
        for view in self.state.snapshot().try_log_data()?.iter() {
            let path = view.path().into_owned();
            if !inside(&path) {
                return Err(LakeError::damaged(&self.dir, "the delta log names a file outside the table"));
            }
            let stats = view.stats().and_then(|s| serde_json::from_str::<Stats>(&s).ok()).unwrap_or_default();
            let size = u64::try_from(view.size())
                .map_err(|_| LakeError::damaged(&self.dir, "a file of negative size"))?;
            let day = view.partition_values_map().remove(DAY).flatten().unwrap_or_default();
            out.push(DataFile {
                path,
                size,
                rows: stats.num_records.unwrap_or(0),
                day,
                time: stats.time(),
                device: stats.device(),
            });
        }
        Ok(out)
    }

    /// Stores a file under a new name; it counts only once it is committed.
    pub(crate) async fn put(&self, day: &str, encoded: Encoded, data_change: bool) -> Result<Add, LakeError> {
        let path = format!("{DAY}={day}/part-{}.lz4.parquet", Uuid::new_v4());
        let size = i64::try_from(encoded.bytes.len()).unwrap_or(i64::MAX);
        let at = object_store::path::Path::parse(&path).map_err(object_store::Error::from)?;
        self.log.object_store(None).put(&at, encoded.bytes.into()).await?;
        Ok(Add {
            path,
            size,
            partition_values: HashMap::from([(DAY.to_owned(), Some(day.to_owned()))]),
            modification_time: TimeMicros::now().0 / 1000,
            data_change,
            stats: Some(encoded.stats),
            tags: None,
            deletion_vector: None,
            base_row_id: None,
            default_row_commit_version: None,
            clustering_provider: None,
        })
    }

    /// Commits rows of the log up to `offset`.
    pub(crate) async fn append(&mut self, adds: Vec<Add>, offset: u64) -> Result<u64, LakeError> {
        let txn = Transaction::new_with_last_update(
            APPLICATION,
            i64::try_from(offset).unwrap_or(i64::MAX),
            Some(TimeMicros::now().0 / 1000),
        );
        let operation = DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: Some(vec![DAY.to_owned()]),
            predicate: None,
        };
        let properties = CommitProperties::default().with_application_transaction(txn);
        self.commit(adds.into_iter().map(Action::from).collect(), operation, properties).await
    }

    /// Replaces files by others with the same rows, or removes files.
    pub(crate) async fn replace(
        &mut self,
        removed: &[DataFile],
        adds: Vec<Add>,
        operation: DeltaOperation,
    ) -> Result<u64, LakeError> {
        let data_change = adds.is_empty();
        let now = TimeMicros::now().0 / 1000;
        let removes = removed.iter().map(|f| {
            Action::from(Remove {
                path: f.path.clone(),
                data_change,
                deletion_timestamp: Some(now),
                extended_file_metadata: Some(true),
                partition_values: Some(HashMap::from([(DAY.to_owned(), Some(f.day.clone()))])),
                size: i64::try_from(f.size).ok(),
                ..Remove::default()
            })
        });
        let actions = removes.chain(adds.into_iter().map(Action::from)).collect();
        self.commit(actions, operation, CommitProperties::default()).await
    }

    async fn commit(
        &mut self,
        actions: Vec<Action>,
        operation: DeltaOperation,
        properties: CommitProperties,
    ) -> Result<u64, LakeError> {
        let reference: &dyn TableReference = &self.state;
        let done = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(reference), Arc::clone(&self.log), operation)
            .await?;
        let version = done.version();
        self.state = done.snapshot();
        // The commit counts, whatever becomes of the shortcut.
        match self.files() {
            Ok(files) => listing::store(&self.dir, version, files),
            Err(error) => {
                tracing::warn!(dir = %self.dir.display(), %error, "a table's files could not be listed")
            }
        }
        Ok(version)
    }

    /// Deletes data files that are not active and left the table, or were written, before an
    /// instant in milliseconds. Returns how many.
    pub(crate) async fn vacuum(&self, before_ms: i64) -> Result<u64, LakeError> {
        let mut keep: HashSet<String> = self.files()?.into_iter().map(|f| f.path).collect();
        let mut removed_at: HashMap<String, i64> = HashMap::new();
        let mut tombstones = self.state.all_tombstones(self.log.as_ref());
        while let Some(t) = tombstones.try_next().await? {
            removed_at.insert(t.path().into_owned(), t.deletion_timestamp().unwrap_or(0));
        }
        keep.extend(removed_at.iter().filter(|(_, at)| **at >= before_ms).map(|(path, _)| path.clone()));
        let store = self.log.object_store(None);
        let mut listed = store.list(None);
        let mut deleted = 0;
        while let Some(found) = listed.try_next().await? {
            let path = found.location.as_ref();
            let data = path.starts_with(DAY) && path.ends_with(".parquet");
            let settled = removed_at.contains_key(path) || found.last_modified.timestamp_millis() < before_ms;
            if data && settled && !keep.contains(path) {
                store.delete(&found.location).await?;
                deleted += 1;
            }
        }
        Ok(deleted)
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }
}

/// The part of a file's statistics that prunes.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stats {
    num_records: Option<u64>,
    #[serde(default)]
    min_values: Bounds,
    #[serde(default)]
    max_values: Bounds,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Bounds {
    timestamp: Option<String>,
    device_id: Option<String>,
}

impl Stats {
    fn time(&self) -> Option<(i64, i64)> {
        let low: TimeMicros = self.min_values.timestamp.as_ref()?.parse().ok()?;
        let high: TimeMicros = self.max_values.timestamp.as_ref()?.parse().ok()?;
        // Other writers of checkpoints cut instants to milliseconds.
        Some((low.0, high.0.saturating_add(999)))
    }

    fn device(&self) -> Option<(String, String)> {
        Some((self.min_values.device_id.clone()?, self.max_values.device_id.clone()?))
    }
}
