//! Rows of queries as files: a query that is asked for as one, in a slot of its tenant, with its deadline.

pub(crate) mod files;

use std::time::Duration;

use futures::StreamExt;
use palisade_state::{DeviceScope, Principal};
use palisade_types::TimeMicros;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};

use crate::error::ApiError;
use crate::functions;
use crate::metrics::RunningQuery;
use crate::query::{ExportFormat, ExportPart, ExportParts, QueryFailure, QueryRequest};
use crate::routes::{Compiled, compiled, within_devices};
use crate::running::Named;
use crate::state::Api;
use crate::views;

/// Most rows of a file.
pub(crate) const MAX_ROWS: u64 = 10_000_000;
/// Longest time of an export, milliseconds; a client that reads slowly uses it up.
pub(crate) const MAX_DEADLINE_MS: u64 = 600_000;
/// What a worker may take beyond its deadline to say that it was missed.
const GRACE: Duration = Duration::from_secs(5);

/// A query whose rows are wanted as a file.
pub(crate) struct Wanted {
    /// KQL.
    pub query: String,
    /// The kind of file.
    pub format: ExportFormat,
    /// Most rows, at most [`MAX_ROWS`].
    pub max_rows: u64,
    /// How long it may take, at most [`MAX_DEADLINE_MS`].
    pub deadline: Duration,
    /// A name for cancelling it; only one of that name runs at once.
    pub query_id: String,
    /// How long it waits for a slot.
    pub patience: Duration,
}

/// A file while it grows. Dropping it cancels the query.
pub(crate) struct Growing {
    parts: ExportParts,
    until: Instant,
    named: Named,
    _slot: OwnedSemaphorePermit,
    _counted: RunningQuery,
}

/// Compiles a query, holds it against what somebody may see, and begins it.
///
/// # Errors
/// The compiler's, `table_out_of_scope`, `query_id_in_use`, `query_busy`, `query_unavailable`.
pub(crate) async fn begin(
    api: &Api,
    whose: &Principal,
    devices: &DeviceScope,
    wanted: Wanted,
) -> Result<Growing, ApiError> {
    let (tenant, now) = (whose.tenant, TimeMicros::now());
    let functions = functions::named_in(api, tenant, &wanted.query).await?;
    let Compiled { query, functions, tables, .. } = compiled(api, wanted.query, functions, now).await?;
    let devices = api.config.state.devices_in_scope(tenant, devices).await?;
    if devices.is_some() {
        within_devices(&tables)?;
    }
    let views = views::of(api, whose, &tables, now).await?;
    let named = api.running.name(tenant, &wanted.query_id, &whose.actor().name);
    let named = named.ok_or_else(|| {
        ApiError::new(http::StatusCode::CONFLICT, "query_id_in_use", "this export runs already")
    })?;
    let slot = api.running.slot(tenant, wanted.patience).await?;
    let counted = api.config.metrics.query();
    let request = QueryRequest {
        tenant,
        devices,
        query,
        functions,
        row_cap: wanted.max_rows,
        deadline: wanted.deadline,
        query_id: wanted.query_id,
        now_us: now.0,
    };
    let until = Instant::now() + wanted.deadline + GRACE;
    let parts = api.config.query.export(request, wanted.format, views).await?;
    Ok(Growing { parts, until, named, _slot: slot, _counted: counted })
}

impl Growing {
    /// When it is over at the latest.
    pub(crate) fn until(&self) -> Instant {
        self.until
    }

    /// The next part.
    ///
    /// # Errors
    /// That the query failed, was cancelled or took too long. The file will never be whole then.
    pub(crate) async fn part(&mut self) -> Result<ExportPart, QueryFailure> {
        let failed = |code: &str, message: &str| QueryFailure {
            code: code.to_owned(),
            message: message.to_owned(),
            ..QueryFailure::default()
        };
        tokio::select! {
            biased;
            () = self.named.cancelled.cancelled() => Err(failed("query_cancelled", "the query was cancelled")),
            part = timeout_at(self.until, self.parts.next()) => match part {
                Ok(Some(part)) => part,
                Ok(None) => Err(failed("query_lost", "the worker that ran this query ended")),
                Err(_) => Err(failed("query_timeout", "the export did not end within its time")),
            },
        }
    }
}
