//! The caller's own sessions.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_state::PrincipalKind;
use palisade_types::TimeMicros;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::ApiError;
use crate::extract::Id;
use crate::gate::{Authorized, SignedIn, audit};
use crate::instant::Instant;
use crate::page::page;
use crate::state::Api;

/// A session of the console.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    /// Identifier.
    id: String,
    /// When it began.
    created_at: Instant,
    /// When it was last used, to about a minute.
    last_seen: Instant,
    /// When it ends if it is not used.
    expires_at: Instant,
    /// From where it began.
    ip_address: String,
    /// The browser as it names itself.
    user_agent: String,
    /// Whether this very call uses it.
    current: bool,
}

page! {
    /// Sessions.
    SessionPage of Session
}

/// Lists the caller's own sessions.
#[utoipa::path(get, path = "/api/v1/sessions", operation_id = "sessions_list", tag = "session",
    responses((status = 200, description = "The caller's own sessions.", body = SessionPage)))]
pub(crate) async fn list(
    caller: Authorized<SignedIn, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<SessionPage>, ApiError> {
    let Some(user) = caller.principal.user else { return Ok(Json(SessionPage::whole(Vec::new()))) };
    let own = caller.principal.kind;
    let sessions = api.config.state.sessions(caller.tenant(), user, TimeMicros::now()).await?;
    let items = sessions.into_iter().map(|s| Session {
        id: s.id.to_string(),
        created_at: s.created_at.into(),
        last_seen: s.last_used_at.into(),
        expires_at: s.expires_at.into(),
        ip_address: s.address,
        user_agent: s.user_agent,
        current: own == PrincipalKind::Session { id: s.id },
    });
    Ok(Json(SessionPage::whole(items.collect())))
}

/// Ends one of the caller's own sessions.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}", operation_id = "sessions_revoke", tag = "session",
    params(("id" = String, Path, description = "The session.")),
    responses((status = 204, description = "It has ended.")))]
pub(crate) async fn revoke(
    caller: Authorized<SignedIn, audit::SessionRevoke>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(id);
    let user = caller.principal.user.ok_or_else(|| ApiError::not_found("session"))?;
    api.config.state.revoke_session(caller.tenant(), user, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
