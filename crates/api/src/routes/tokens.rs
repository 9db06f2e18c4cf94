//! API tokens: the caller's own, and for administrators anybody's.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_state as state;
use palisade_state::{NewToken, PrincipalKind, TokenScope};
use palisade_types::{TimeMicros, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::ApiError;
use crate::extract::{Body, Id, Ids};
use crate::gate::{AccountManage, Authorized, PERMISSIONS, UsersManage, audit};
use crate::instant::Instant;
use crate::model::{Role, in_seconds, texts};
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
    /// What of that, by permission or by the word of a role (`read`, `operate`, `administer`); null for
    /// all of it.
    #[schema(required = true)]
    permissions: Option<Vec<String>>,
    /// The device groups that it is limited to besides its owner's; null for no further limit.
    #[schema(required = true)]
    device_groups: Option<Vec<String>>,
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
            permissions: token.scope.permissions,
            device_groups: token.scope.groups.as_deref().map(texts),
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
    caller: Authorized<AccountManage, audit::Unaudited>,
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
    /// What of that: permissions by name, or `read`, `operate`, `administer` for what such a role may, in
    /// which only the last manages its owner's sessions and tokens. All of it when absent.
    permissions: Option<Vec<String>>,
    /// The device groups that it is limited to; those of its maker when absent.
    device_groups: Option<Vec<Uuid>>,
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
    caller: Authorized<AccountManage, audit::TokenCreate>,
    State(api): State<Api>,
    Body(body): Body<NewApiToken>,
) -> Result<(StatusCode, Json<CreatedApiToken>), ApiError> {
    let (principal, scope) = (&caller.principal, &caller.scope);
    let role = state::Role::from(body.role);
    scope.detail("name", body.name.as_str());
    scope.detail("role", role.as_str());
    scope.detail("expires_in_days", body.expires_in_days);
    let by_token = matches!(principal.kind, PrincipalKind::Token { .. });
    let whole = principal.role == state::Role::Administrator && principal.permissions.is_none();
    if by_token && !whole {
        return Err(ApiError::forbidden("only an administrator's unlimited token can make tokens; sign in"));
    }
    if role > principal.role {
        return Err(ApiError::forbidden("a token cannot have a role above its maker's"));
    }
    if !(1..=MAX_DAYS).contains(&body.expires_in_days) {
        return Err(ApiError::invalid(format!("expires_in_days must be 1 to {MAX_DAYS}")));
    }
    if let Some(names) = &body.permissions {
        check_permissions(names, role)?;
        scope.detail("permissions", names.clone());
    }
    if let Some(groups) = &body.device_groups {
        scope.detail("device_groups", texts(groups));
        if groups.iter().any(|group| principal.devices.excludes_group(*group)) {
            return Err(ApiError::forbidden("a token cannot reach device groups that its maker does not"));
        }
    }
    let now = TimeMicros::now();
    let mut expires_at = in_seconds(now, i64::from(body.expires_in_days) * 86_400);
    if let PrincipalKind::Token { id } = principal.kind {
        // A token that leaks must not live on in tokens that it makes.
        let own = api.config.state.tokens(principal.tenant, principal.user).await?;
        let end = own.into_iter().find(|t| t.id == id).and_then(|t| t.expires_at);
        expires_at = end.map_or(expires_at, |end| end.min(expires_at));
    }
    let limits = TokenScope { permissions: body.permissions, groups: body.device_groups };
    let new = NewToken { name: body.name, role, scope: limits, expires_at: Some(expires_at) };
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

/// Refuses words that are no permission, and those that the role does not have.
fn check_permissions(words: &[String], role: state::Role) -> Result<(), ApiError> {
    if words.is_empty() {
        return Err(ApiError::invalid("permissions must name at least one, or be absent for all"));
    }
    for word in words {
        let least = match word.as_str() {
            "read" => Some(state::Role::Reader),
            "operate" => Some(state::Role::Operator),
            "administer" => Some(state::Role::Administrator),
            name => PERMISSIONS.iter().find(|p| p.name == name).map(|p| p.least),
        };
        match least {
            None => return Err(ApiError::invalid(format!("{word:?} is no permission"))),
            Some(least) if least > role => {
                return Err(ApiError::invalid(format!("the role {role} does not have {word}")));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Ends one of the caller's own tokens.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", operation_id = "tokens_delete", tag = "tokens",
    params(("id" = String, Path, description = "The token.")),
    responses((status = 204, description = "It has ended.")))]
pub(crate) async fn delete(
    caller: Authorized<AccountManage, audit::TokenDelete>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(id);
    api.config.state.delete_token(caller.tenant(), caller.principal.user, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists somebody's tokens.
#[utoipa::path(get, path = "/api/v1/users/{id}/tokens", operation_id = "user_tokens_list", tag = "users",
    params(("id" = String, Path, description = "The account.")),
    responses((status = 200, description = "The account's tokens.", body = ApiTokenPage)))]
pub(crate) async fn list_of_user(
    caller: Authorized<UsersManage, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<UserId>,
) -> Result<Json<ApiTokenPage>, ApiError> {
    let state = &api.config.state;
    // Answers not_found for an account of another tenant.
    state.user(caller.tenant(), id).await?;
    let tokens = state.tokens(caller.tenant(), Some(id)).await?;
    Ok(Json(ApiTokenPage::whole(tokens.into_iter().map(Into::into).collect())))
}

/// Ends one of somebody's tokens.
#[utoipa::path(delete, path = "/api/v1/users/{id}/tokens/{token_id}", operation_id = "user_tokens_delete", tag = "users",
    params(("id" = String, Path, description = "The account."), ("token_id" = String, Path, description = "The token.")),
    responses((status = 204, description = "It has ended.")))]
pub(crate) async fn delete_of_user(
    caller: Authorized<UsersManage, audit::TokenDelete>,
    State(api): State<Api>,
    Ids(id, token): Ids<UserId, Uuid>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(token);
    caller.scope.detail("user_id", id.to_string());
    api.config.state.delete_token(caller.tenant(), Some(id), token).await?;
    Ok(StatusCode::NO_CONTENT)
}
