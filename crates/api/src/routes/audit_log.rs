//! Who did what.

use axum::Json;
use axum::extract::State;
use palisade_state::{AuditRecord, Role};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Params;
use crate::gate::{AuditRead, Authorized, audit};
use crate::instant::Instant;
use crate::page::{self, Paging, page};
use crate::state::Api;

/// One entry.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    /// Identifier.
    id: String,
    /// When.
    at: Instant,
    /// Who, as they are called.
    actor: String,
    /// `user`, `token`, `system` or `anonymous`.
    actor_kind: String,
    /// What, such as `order.create`.
    kind: String,
    /// On what.
    target: String,
    /// `success` or `failure`.
    outcome: String,
    /// From where.
    ip_address: String,
    /// More, by kind; on a failure its code.
    details: Value,
}

impl From<AuditRecord> for AuditEntry {
    fn from(record: AuditRecord) -> Self {
        Self {
            id: record.id.to_string(),
            at: record.at.into(),
            actor: record.actor_name,
            actor_kind: record.actor_kind,
            kind: record.kind,
            target: record.target,
            outcome: record.outcome,
            ip_address: record.address,
            details: record.detail,
        }
    }
}

page! {
    /// Audit entries, newest first.
    AuditEntryPage of AuditEntry
}

/// Reads the audit log, newest first: an administrator all of it, everybody else their own entries.
#[utoipa::path(get, path = "/api/v1/audit", operation_id = "audit_list", tag = "audit", params(Paging),
    responses((status = 200, description = "Entries, newest first.", body = AuditEntryPage)))]
pub(crate) async fn list(
    caller: Authorized<AuditRead, audit::Unaudited>,
    State(api): State<Api>,
    Params(paging): Params<Paging>,
) -> Result<Json<AuditEntryPage>, ApiError> {
    let (limit, cursor) = (page::limit(paging.limit)?, page::cursor(paging.cursor)?);
    let state = &api.config.state;
    let found = if caller.principal.role == Role::Administrator {
        state.audit_log(caller.tenant(), limit, cursor.as_deref()).await?
    } else {
        state.own_audit_log(&caller.principal, limit, cursor.as_deref()).await?
    };
    Ok(Json(found.into()))
}
