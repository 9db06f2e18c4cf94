//! The caller's own API tokens.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_state as state;
use palisade_state::{NewToken, PrincipalKind};
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::ApiError;
use crate::extract::{Body, Id};
use crate::gate::{Authorized, SignedIn, audit};
use crate::instant::Instant;
use crate::model::{Role, in_seconds};
use crate::page::page;
use crate::state::Api;

/// Longest life of a token, days.
const MAX_DAYS: u32 = 365;

/// An API token; its secret is shown once, when it is made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiToken {
    /// Identifier.
    id: String,
    /// A name to know it by.
    name: String,
    /// The most that it may do; its owner's role bounds it too.
    role: Role,
    /// When it was made.
    created_at: Instant,
    /// When it ends; null for the instance's own.
    #[schema(required = true)]
    expires_at: Option<Instant>,
    /// When it was last used, to about a minute.
    #[schema(required = true)]
    last_used: Option<Instant>,
}

impl From<state::ApiToken> for ApiToken {
    fn from(token: state::ApiToken) -> Self {
        Self {
            id: token.id.to_string(),
            name: token.name,
            role: token.role.into(),
            created_at: token.created_at.into(),
            expires_at: Instant::maybe(token.expires_at),
            last_used: Instant::maybe(token.last_used_at),
        }
    }
}

page! {
    /// API tokens.
    ApiTokenPage of ApiToken
}

/// Lists the caller's own tokens.
#[utoipa::path(get, path = "/api/v1/tokens", operation_id = "tokens_list", tag = "tokens",
    responses((status = 200, description = "The caller's own tokens.", body = ApiTokenPage)))]
pub(crate) async fn list(
    caller: Authorized<SignedIn, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<ApiTokenPage>, ApiError> {
    let tokens = api.config.state.tokens(caller.tenant(), caller.principal.user).await?;
    Ok(Json(ApiTokenPage::whole(tokens.into_iter().map(Into::into).collect())))
}

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApiToken {
    /// A name to know it by.
    name: String,
    /// The most that it may do; not more than its maker.
    role: Role,
    /// Its life in days, 1 to 365.
    #[schema(minimum = 1, maximum = 365)]
    expires_in_days: u32,
}

/// A token that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedApiToken {
    /// Identifier.
    id: String,
    /// The secret; it is never shown again.
    token: String,
    /// Its name.
    name: String,
    /// Its role.
    role: Role,
    /// When it ends.
    expires_at: Instant,
}

/// Makes a token for the caller.
#[utoipa::path(post, path = "/api/v1/tokens", operation_id = "tokens_create", tag = "tokens",
    request_body = NewApiToken,
    responses((status = 201, description = "The token, shown this once.", body = CreatedApiToken)))]
pub(crate) async fn create(
    caller: Authorized<SignedIn, audit::TokenCreate>,
    State(api): State<Api>,
    Body(body): Body<NewApiToken>,
) -> Result<(StatusCode, Json<CreatedApiToken>), ApiError> {
    let (principal, scope) = (&caller.principal, &caller.scope);
    let role = state::Role::from(body.role);
    scope.detail("name", body.name.as_str());
    scope.detail("role", role.as_str());
    scope.detail("expires_in_days", body.expires_in_days);
    let by_token = matches!(principal.kind, PrincipalKind::Token { .. });
    if by_token && principal.role < state::Role::Administrator {
        return Err(ApiError::forbidden("a reader's token cannot make tokens; sign in"));
    }
    if role > principal.role {
        return Err(ApiError::forbidden("a token cannot have a role above its maker's"));
    }
    if !(1..=MAX_DAYS).contains(&body.expires_in_days) {
        return Err(ApiError::invalid(format!("expires_in_days must be 1 to {MAX_DAYS}")));
    }
    let now = TimeMicros::now();
    let mut expires_at = in_seconds(now, i64::from(body.expires_in_days) * 86_400);
    if let PrincipalKind::Token { id } = principal.kind {
        // A token that leaks must not live on in tokens that it makes.
        let own = api.config.state.tokens(principal.tenant, principal.user).await?;
        let end = own.into_iter().find(|t| t.id == id).and_then(|t| t.expires_at);
        expires_at = end.map_or(expires_at, |end| end.min(expires_at));
    }
    let new = NewToken { name: body.name, role, expires_at: Some(expires_at) };
    let (token, secret) = api.config.state.create_token(principal.tenant, principal.user, new, now).await?;
    scope.target(token.id);
    let created = CreatedApiToken {
        id: token.id.to_string(),
        token: secret,
        name: token.name,
        role: token.role.into(),
        expires_at: expires_at.into(),
    };
    Ok((StatusCode::CREATED, Json(created)))
}

/// Ends one of the caller's own tokens.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", operation_id = "tokens_delete", tag = "tokens",
    params(("id" = String, Path, description = "The token.")),
    responses((status = 204, description = "It has ended.")))]
pub(crate) async fn delete(
    caller: Authorized<SignedIn, audit::TokenDelete>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(id);
    api.config.state.delete_token(caller.tenant(), caller.principal.user, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
