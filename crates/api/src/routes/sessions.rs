//! Sessions: the caller's own, and for administrators anybody's.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_state as state;
use palisade_state::PrincipalKind;
use palisade_types::{TimeMicros, UserId};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::ApiError;
use crate::extract::{Id, Ids};
use crate::gate::{AccountManage, Authorized, UsersManage, audit};
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
    caller: Authorized<AccountManage, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<SessionPage>, ApiError> {
    let Some(user) = caller.principal.user else { return Ok(Json(SessionPage::whole(Vec::new()))) };
    let own = caller.principal.kind;
    let sessions = api.config.state.sessions(caller.tenant(), user, TimeMicros::now()).await?;
    Ok(Json(SessionPage::whole(sessions.into_iter().map(|s| shown(s, own)).collect())))
}

fn shown(session: state::Session, own: PrincipalKind) -> Session {
    Session {
        id: session.id.to_string(),
        created_at: session.created_at.into(),
        last_seen: session.last_used_at.into(),
        expires_at: session.expires_at.into(),
        ip_address: session.address,
        user_agent: session.user_agent,
        current: own == PrincipalKind::Session { id: session.id },
    }
}

/// Ends one of the caller's own sessions.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}", operation_id = "sessions_revoke", tag = "session",
    params(("id" = String, Path, description = "The session.")),
    responses((status = 204, description = "It has ended.")))]
pub(crate) async fn revoke(
    caller: Authorized<AccountManage, audit::SessionRevoke>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(id);
    let user = caller.principal.user.ok_or_else(|| ApiError::not_found("session"))?;
    api.config.state.revoke_session(caller.tenant(), user, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists somebody's sessions.
#[utoipa::path(get, path = "/api/v1/users/{id}/sessions", operation_id = "user_sessions_list", tag = "users",
    params(("id" = String, Path, description = "The account.")),
    responses((status = 200, description = "The account's sessions.", body = SessionPage)))]
pub(crate) async fn list_of_user(
    caller: Authorized<UsersManage, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<UserId>,
) -> Result<Json<SessionPage>, ApiError> {
    let state = &api.config.state;
    // Answers not_found for an account of another tenant.
    state.user(caller.tenant(), id).await?;
    let sessions = state.sessions(caller.tenant(), id, TimeMicros::now()).await?;
    let own = caller.principal.kind;
    Ok(Json(SessionPage::whole(sessions.into_iter().map(|s| shown(s, own)).collect())))
}

/// Ends one of somebody's sessions.
#[utoipa::path(delete, path = "/api/v1/users/{id}/sessions/{session_id}", operation_id = "user_sessions_revoke",
    tag = "users",
    params(("id" = String, Path, description = "The account."), ("session_id" = String, Path, description = "The session.")),
    responses((status = 204, description = "It has ended.")))]
pub(crate) async fn revoke_of_user(
    caller: Authorized<UsersManage, audit::SessionRevoke>,
    State(api): State<Api>,
    Ids(id, session): Ids<UserId, Uuid>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(session);
    caller.scope.detail("user_id", id.to_string());
    api.config.state.revoke_session(caller.tenant(), id, session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all of somebody's sessions.
#[utoipa::path(delete, path = "/api/v1/users/{id}/sessions", operation_id = "user_sessions_revoke_all", tag = "users",
    params(("id" = String, Path, description = "The account.")),
    responses((status = 204, description = "They have ended.")))]
pub(crate) async fn revoke_all_of_user(
    caller: Authorized<UsersManage, audit::SessionRevoke>,
    State(api): State<Api>,
    Id(id): Id<UserId>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(id);
    let state = &api.config.state;
    state.user(caller.tenant(), id).await?;
    caller.scope.detail("sessions", state.revoke_sessions(caller.tenant(), id).await?);
    Ok(StatusCode::NO_CONTENT)
}
