//! Hunting tables that are views of the server's state: the explorer's graph, resources as Azure
//! Resource Graph lists them, and what vulnerability management knows of devices.
//!
//! Rows are made here, for one caller, while a worker reads them: of a snapshot of the graph, or page by
//! page from the store. Nothing is copied whole, and what one query gets is bounded.

mod configuration;
mod graph;
mod resource;
mod resources;
mod security;
mod tvm;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use axum::http::StatusCode;
use palisade_estate::plan::Feature;
use palisade_explore::{Access, Exposure, TextRows};
use palisade_schema::TableKind;
use palisade_state::{DeviceScope, Principal, State, StateError};
use palisade_types::{TenantId, TimeMicros};
use tokio::sync::OnceCell;

use crate::error::ApiError;
use crate::explorer::{self, Explorer};
use crate::gate::{EstateRead, ExploreRun, MachinesRead, Named, VulnerabilitiesRead};
use crate::licence::Licence;
use crate::query::{QueryFailure, ViewRows, ViewScan, Views};
use crate::state::Api;

/// Most bytes of cells that one query gets of all views together.
const MOST_BYTES: u64 = 4 << 30;

/// The views of one caller, for one query.
struct CallersViews {
    state: State,
    explorer: Arc<Explorer>,
    tenant: TenantId,
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

/// The views that a query reads; none when it reads none.
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
    if views.is_empty() {
        return Ok(None);
    }
    let mut access = Access::default();
    for name in views {
        let of_graph = name.starts_with("ExposureGraph");
        let permission = match name {
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
