//! Files of hosts outside, as one caller's query reads them. Each has an entry in the audit log of the tenant, however
//! it ends: what is refused, what fails, and what nobody waits for any more.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use palisade_connectors::external::named;
use palisade_state::{Actor, AuditEntry, AuditOutcome, State};
use palisade_types::{TenantId, TimeMicros};
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;

use super::{CallersViews, failure};
use crate::metrics::ApiMetrics;
use crate::query::{FileBytes, QueryFailure};

/// The kind of the entries.
const KIND: &str = "hunting.external";
/// The code of an entry about a file whose query ended before it was there.
const LEFT: &str = "query_cancelled";

/// Files that one query reads at once. A worker reads one behind the other; one that was taken over must not use up what
/// there is for all tenants.
pub(super) const MOST_AT_ONCE: usize = 4;

/// Begins to read a file.
pub(super) async fn open(
    views: &CallersViews,
    address: &str,
    max_bytes: u64,
) -> Result<Box<dyn FileBytes>, QueryFailure> {
    let outside = views.outside.as_ref().ok_or_else(|| {
        failure(
            "external_refused",
            format!("{} may not be read: this service reads nothing outside", named(address)),
        )
    })?;
    let room = Arc::clone(&views.outside_room).try_acquire_owned().map_err(|_| {
        failure("query_limit", format!("the query reads more than {MOST_AT_ONCE} files from outside at once"))
    })?;
    let mut entry = Entry(Some(Draft {
        state: views.state.clone(),
        metrics: views.metrics.clone(),
        tenant: views.tenant,
        actor: views.actor.clone(),
        target: named(address),
        bytes: 0,
    }));
    match outside.open(views.tenant, address, max_bytes).await {
        Ok(file) => Ok(Box::new(External { file, entry, _room: room })),
        Err(failed) => {
            entry.end(Some(&failed.code)).await;
            Err(failed)
        }
    }
}

/// A file as it comes.
struct External {
    file: Box<dyn FileBytes>,
    entry: Entry,
    _room: OwnedSemaphorePermit,
}

#[async_trait]
impl FileBytes for External {
    async fn chunk(&mut self) -> Result<Option<Bytes>, QueryFailure> {
        let chunk = self.file.chunk().await;
        match &chunk {
            Ok(Some(bytes)) => self.entry.count(bytes.len()),
            Ok(None) => self.entry.end(None).await,
            Err(failed) => self.entry.end(Some(&failed.code)).await,
        }
        chunk
    }
}

/// What an entry will say.
struct Draft {
    state: State,
    metrics: ApiMetrics,
    tenant: TenantId,
    actor: Actor,
    /// The address without what may be secret.
    target: String,
    bytes: u64,
}

impl Draft {
    async fn write(self, code: Option<&str>) {
        let mut detail = json!({ "bytes": self.bytes });
        if let Some(code) = code {
            detail["code"] = code.into();
        }
        let entry = AuditEntry {
            actor: self.actor,
            kind: KIND.to_owned(),
            outcome: if code.is_some() { AuditOutcome::Failure } else { AuditOutcome::Success },
            target: self.target,
            detail,
            address: String::new(),
        };
        if let Err(error) = self.state.audit(self.tenant, &entry, TimeMicros::now()).await {
            self.metrics.audit_lost();
            tracing::error!(%error, tenant = %self.tenant, "an audit entry could not be written");
        }
    }
}

/// An entry that is written once: when it is told how the file ended, else when it is dropped.
struct Entry(Option<Draft>);

impl Entry {
    fn count(&mut self, bytes: usize) {
        if let Some(draft) = &mut self.0 {
            draft.bytes += bytes as u64;
        }
    }

    async fn end(&mut self, code: Option<&str>) {
        if let Some(draft) = self.0.take() {
            let code = code.map(str::to_owned);
            // A task of its own: whoever waits here may leave before it is written.
            let written = tokio::spawn(async move { draft.write(code.as_deref()).await });
            // It has said itself what could not be written.
            let _ = written.await;
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(draft) = self.0.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(draft.write(Some(LEFT)));
        }
    }
}
