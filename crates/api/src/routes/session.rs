//! Signing in and out.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};
use palisade_state::{PrincipalKind, SignIn};
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::credentials;
use crate::error::ApiError;
use crate::extract::Body;
use crate::gate::{self, Anyone, Authorized, audit};
use crate::model::{self, Role, Tenant, User};
use crate::routes::setup::{user_agent, user_of};
use crate::state::Api;

/// Credentials.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInRequest {
    /// Address.
    email: String,
    /// Password.
    password: String,
    /// Six digits from the authenticator, where the account has one.
    code: Option<String>,
    /// The tenant's name; needed only on an instance with several.
    tenant: Option<String>,
}

/// Who signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignedIn {
    /// The account.
    pub user: User,
}

/// Signs in. `totp_required` asks for the code of the second factor.
#[utoipa::path(post, path = "/api/v1/session", operation_id = "session_create", tag = "session",
    request_body = SignInRequest,
    responses((status = 200, description = "Signed in; sets the session cookie.", body = SignedIn)))]
pub(crate) async fn sign_in(
    caller: Anyone<audit::SessionCreate>,
    State(api): State<Api>,
    headers: HeaderMap,
    Body(body): Body<SignInRequest>,
) -> Result<impl IntoResponse, ApiError> {
    let now = TimeMicros::now();
    let named = body.tenant.as_deref().filter(|t| !t.is_empty());
    // Who names none means the first one, whatever its name is.
    let state = &api.config.state;
    let found = match named {
        Some(name) => state.tenant_by_name(Some(name)).await?,
        None => state.tenant(api.config.default_tenant).await?,
    };
    let tenant = found.as_ref().map_or(api.config.default_tenant, |t| t.id);
    caller.scope.anonymous(tenant, &body.email);
    caller.scope.target(&body.email);
    let with = SignIn {
        tenant: found.as_ref().map(|t| t.name.as_str()).or(named),
        email: &body.email,
        password: &body.password,
        code: body.code.as_deref(),
        client: credentials::client_cookie(&headers),
        address: &caller.scope.address(),
        user_agent: user_agent(&headers),
    };
    let signed_in = api.config.state.sign_in(with, now).await?;
    caller.scope.principal(&signed_in.principal);
    let user = user_of(&api, &signed_in).await?;
    Ok((credentials::set_cookies(&api, &signed_in, now), Json(SignedIn { user })))
}

/// How somebody proved who they are.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CredentialKind {
    /// The console's session.
    Session,
    /// An API token.
    Token,
}

/// The present session.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionInfo {
    /// The account; for a token of the instance itself, the token's name and identifier.
    user: User,
    /// What the caller may do.
    role: Role,
    /// The same by name: what this very session or token holds of its role.
    permissions: Vec<String>,
    /// Whether the caller sees the devices of some groups only; `GET /device-groups` lists these.
    limited: bool,
    /// The tenant.
    tenant: Tenant,
    /// The value of the header X-Palisade-Csrf.
    csrf: String,
    /// Session or token.
    kind: CredentialKind,
}

/// Tells who is signed in.
#[utoipa::path(get, path = "/api/v1/session", operation_id = "session_show", tag = "session",
    responses((status = 200, description = "Who is signed in.", body = SessionInfo)))]
pub(crate) async fn show(
    caller: Authorized<gate::SignedIn, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<SessionInfo>, ApiError> {
    let state = &api.config.state;
    let principal = &caller.principal;
    let user = match principal.user {
        Some(id) => state.user(principal.tenant, id).await?.into(),
        None => instance_token(principal),
    };
    let kind = match principal.kind {
        PrincipalKind::Session { .. } => CredentialKind::Session,
        PrincipalKind::Token { .. } => CredentialKind::Token,
    };
    let tenant = model::tenant_of(state, principal.tenant).await?;
    let held = gate::PERMISSIONS.iter().filter(|p| p.held_by(principal)).map(|p| p.name.to_owned());
    Ok(Json(SessionInfo {
        user,
        role: principal.role.into(),
        permissions: held.collect(),
        limited: principal.devices.is_limited(),
        tenant,
        csrf: "1".to_owned(),
        kind,
    }))
}

/// A token that belongs to no person, shown where a person would be.
fn instance_token(principal: &palisade_state::Principal) -> User {
    let (PrincipalKind::Token { id } | PrincipalKind::Session { id }) = principal.kind;
    User {
        id: id.to_string(),
        email: String::new(),
        name: principal.name.clone(),
        role: principal.role.into(),
        state: "active".to_owned(),
        totp_enabled: false,
        created_at: TimeMicros(0).into(),
        last_sign_in: None,
        device_groups: None,
        setup_link_expires_at: None,
    }
}

/// Signs out: the session ends on the server and the cookie is taken away.
#[utoipa::path(delete, path = "/api/v1/session", operation_id = "session_end", tag = "session",
    responses((status = 204, description = "Signed out.")))]
pub(crate) async fn sign_out(
    caller: Authorized<gate::SignedIn, audit::SessionEnd>,
    State(api): State<Api>,
) -> Result<impl IntoResponse, ApiError> {
    let PrincipalKind::Session { id } = caller.principal.kind else {
        return Err(ApiError::bad("not_a_session", "a token is not a session; delete it under /tokens"));
    };
    caller.scope.target(id);
    api.config.state.sign_out(&caller.principal).await?;
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, credentials::clear_cookie(&api))])))
}
