//! Hunting tables that are views of the server's state: the explorer's graph, resources as Azure
//! Resource Graph lists them, and what vulnerability management knows of devices.
//!
//! Rows are made here, for one caller, while a worker reads them: of a snapshot of the graph, or page by
//! page from the store. Nothing is copied whole, and what one query gets is bounded.

mod configuration;
mod external;
mod graph;
mod resource;
mod resources;
mod security;
mod tvm;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use axum::http::StatusCode;
use bytes::Bytes;
use palisade_estate::plan::Feature;
use palisade_explore::{Access, Exposure, TextRows};
use palisade_schema::TableKind;
use palisade_state::{Actor, DeviceScope, Principal, State, StateError};
use palisade_types::{TenantId, TimeMicros};
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio::sync::{OnceCell, Semaphore};

use crate::error::ApiError;
use crate::explorer::{self, Explorer};
use crate::exports::files;
use crate::gate::{EstateRead, ExploreRun, MachinesRead, Named, VulnerabilitiesRead};
use crate::licence::Licence;
use crate::metrics::ApiMetrics;
use crate::query::{ExternalFiles, FileBytes, QueryFailure, ViewRows, ViewScan, Views};
use crate::state::Api;

/// Most bytes of cells that one query gets of all views together.
const MOST_BYTES: u64 = 4 << 30;

/// The views of one caller, for one query.
struct CallersViews {
    state: State,
    explorer: Arc<Explorer>,
    tenant: TenantId,
    /// Where the tenant's uploads lie.
    uploads: Option<PathBuf>,
    /// Gets files from outside.
    outside: Option<Arc<dyn ExternalFiles>>,
    /// How many more of them may come at once.
    outside_room: Arc<Semaphore>,
    /// Who the audit log names.
    actor: Actor,
    metrics: ApiMetrics,
    /// The views that the query names; others are not there.
    tables: Vec<String>,
    devices: DeviceScope,
    /// What they see of the graph.
    access: Access,
    /// Whether they may read the estate as a whole.
    whole: bool,
    now: TimeMicros,
    /// One snapshot for all scans of the query.
    graph: OnceCell<Arc<Exposure>>,
    left: Arc<Allowance>,
}

/// What a query may still get.
struct Allowance(AtomicU64);

impl Allowance {
    fn take(&self, rows: &TextRows) -> Result<(), QueryFailure> {
        let bytes = rows.bytes() as u64;
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        taken.map(|_| ()).map_err(|_| {
            let message = format!(
                "the query reads more than {} GiB of the estate's tables: name fewer columns, or conditions on \
                 labels, ids and names with == or in",
                MOST_BYTES >> 30
            );
            failure("query_limit", message)
        })
    }
}

fn failure(code: &str, message: impl Into<String>) -> QueryFailure {
    QueryFailure { code: code.into(), message: message.into(), ..QueryFailure::default() }
}

/// The store failed: logged here, told without a word of it.
fn unreadable(error: &StateError) -> QueryFailure {
    tracing::error!(cause = %error, code = error.code(), "a view of the state cannot be read");
    failure("data_unreadable", "the estate cannot be read")
}

/// The views that a query reads, and the files that it may read. No other view is in reach.
///
/// # Errors
/// `forbidden` when the caller lacks the permission that a table needs, `plan_required` when a plan does.
pub(crate) async fn of(
    api: &Api,
    caller: &Principal,
    tables: &[String],
    now: TimeMicros,
) -> Result<Option<Arc<dyn Views>>, ApiError> {
    let views = tables
        .iter()
        .filter(|name| palisade_schema::table(name).is_some_and(|t| t.kind == TableKind::View))
        .collect::<Vec<_>>();
    let mut access = Access::default();
    for name in &views {
        let of_graph = name.starts_with("ExposureGraph");
        let permission = match name.as_str() {
            _ if of_graph => Named::of::<ExploreRun>(),
            _ if name.starts_with("DeviceTvm") || name.starts_with("DeviceBaseline") => {
                Named::of::<VulnerabilitiesRead>()
            }
            _ => Named::of::<MachinesRead>(),
        };
        if !permission.held_by(caller) {
            let message = format!("{name} needs the permission {}, which the caller lacks", permission.name);
            return Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", message));
        }
        if of_graph {
            let licence = Licence::of(&api.config.state, caller.tenant, now).await?;
            licence.require(&[Feature::Explorer, Feature::ExplorerHealth])?;
            access = explorer::access(&caller.devices, &licence);
        }
    }
    Ok(Some(Arc::new(CallersViews {
        state: api.config.state.clone(),
        explorer: Arc::clone(&api.config.explorer),
        tenant: caller.tenant,
        uploads: files::uploads(api, caller.tenant).await?,
        outside: api.config.external.clone(),
        outside_room: Arc::new(Semaphore::new(external::MOST_AT_ONCE)),
        actor: caller.actor(),
        metrics: api.config.metrics.clone(),
        tables: views.into_iter().cloned().collect(),
        devices: caller.devices.clone(),
        access,
        whole: Named::of::<EstateRead>().held_by(caller),
        now,
        graph: OnceCell::new(),
        left: Arc::new(Allowance(AtomicU64::new(MOST_BYTES))),
    })))
}

#[async_trait]
impl Views for CallersViews {
    async fn open(&self, scan: &ViewScan) -> Result<Box<dyn ViewRows>, QueryFailure> {
        if !self.tables.contains(&scan.table) {
            return Err(failure("table_missing", format!("the table {} is not there", scan.table)));
        }
        let rows: Box<dyn ViewRows> = match scan.table.as_str() {
            "ExposureGraphNodes" | "ExposureGraphEdges" => graph::open(self, scan).await?,
            "resources" => Box::new(resources::Machines::new(self, scan)?),
            "resourcecontainers" => Box::new(resources::Subscriptions::new(self, scan)?),
            "securityresources" => Box::new(security::Assessed::new(self, scan)?),
            other => match (tvm::Tvm::open(self, scan)?, configuration::Configured::open(self, scan)?) {
                (Some(rows), _) => Box::new(rows),
                (None, Some(rows)) => Box::new(rows),
                (None, None) => {
                    return Err(failure("table_missing", format!("the table {other} is not there")));
                }
            },
        };
        Ok(Box::new(Counted { rows, left: Arc::clone(&self.left) }))
    }

    async fn file(&self, name: &str, max_bytes: u64) -> Result<Box<dyn FileBytes>, QueryFailure> {
        let found = self.state.upload(self.tenant, name).await.map_err(|e| unreadable(&e))?;
        let missing = || failure("not_found", "there is no upload of this name");
        let (found, folder) = found.zip(self.uploads.as_ref()).ok_or_else(missing)?;
        if found.bytes > max_bytes {
            return Err(failure("query_limit", format!("it has more than {max_bytes} bytes")));
        }
        let file = File::open(folder.join(found.id.to_string())).await.map_err(|e| gone(&e))?;
        Ok(Box::new(Uploaded { file, left: found.bytes }))
    }

    async fn external(&self, address: &str, max_bytes: u64) -> Result<Box<dyn FileBytes>, QueryFailure> {
        external::open(self, address, max_bytes).await
    }
}

/// An upload's file cannot be read: logged here, told without where it lies.
fn gone(error: &std::io::Error) -> QueryFailure {
    tracing::error!(%error, "an upload cannot be read");
    failure("data_unreadable", "the upload cannot be read")
}

/// Bytes of an upload that are read at once.
const CHUNK: u64 = 1 << 20;

/// An upload as it is read; no more than it had.
struct Uploaded {
    file: File,
    left: u64,
}

#[async_trait]
impl FileBytes for Uploaded {
    async fn chunk(&mut self) -> Result<Option<Bytes>, QueryFailure> {
        let mut bytes = Vec::new();
        let part = (&mut self.file).take(self.left.min(CHUNK)).read_to_end(&mut bytes).await;
        self.left = self.left.saturating_sub(part.map_err(|e| gone(&e))? as u64);
        Ok((!bytes.is_empty()).then(|| bytes.into()))
    }
}

/// Rows as far as the query may have them.
struct Counted {
    rows: Box<dyn ViewRows>,
    left: Arc<Allowance>,
}

#[async_trait]
impl ViewRows for Counted {
    async fn batch(&mut self) -> Result<Option<TextRows>, QueryFailure> {
        let rows = self.rows.batch().await?;
        if let Some(rows) = &rows {
            self.left.take(rows)?;
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_view_of_the_schema_is_opened() {
        let own = [
            "DeviceBaselineComplianceAssessment",
            "DeviceBaselineComplianceAssessmentKB",
            "DeviceBaselineComplianceProfiles",
            "DeviceTvmBrowserExtensions",
            "DeviceTvmBrowserExtensionsKB",
            "DeviceTvmCertificateInfo",
            "DeviceTvmHardwareFirmware",
            "DeviceTvmSecureConfigurationAssessment",
            "DeviceTvmSecureConfigurationAssessmentKB",
            "DeviceTvmSoftwareEvidenceBeta",
            "DeviceTvmSoftwareInventory",
            "DeviceTvmSoftwareVulnerabilities",
            "DeviceTvmSoftwareVulnerabilitiesKB",
            "ExposureGraphEdges",
            "ExposureGraphNodes",
            "resourcecontainers",
            "resources",
            "securityresources",
        ];
        let views = palisade_schema::tables().iter().filter(|t| t.kind == TableKind::View);
        assert_eq!(views.map(|t| t.name.as_str()).collect::<Vec<_>>(), own);
    }

    #[test]
    fn an_allowance_is_used_up_and_says_so() {
        let left = Allowance(AtomicU64::new(5));
        let mut rows = TextRows::new(1);
        rows.columns[0].push("abc");
        assert!(left.take(&rows).is_ok());
        assert_eq!(left.take(&rows).expect_err("used up").code, "query_limit");
        rows.columns.clear();
        assert!(left.take(&rows).is_ok(), "to count rows costs nothing");
    }
}
