//! People with an account.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_state as state;
use palisade_types::{TimeMicros, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::{Body, Id};
use crate::gate::{Authorized, UsersManage, audit};
use crate::instant::Instant;
use crate::model::{Role, User};
use crate::page::page;
use crate::state::Api;

page! {
    /// People.
    UserPage of User
}

/// Lists the tenant's people.
#[utoipa::path(get, path = "/api/v1/users", operation_id = "users_list", tag = "users",
    responses((status = 200, description = "The tenant's people.", body = UserPage)))]
pub(crate) async fn list(
    caller: Authorized<UsersManage, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<UserPage>, ApiError> {
    let users = api.config.state.users(caller.tenant()).await?;
    Ok(Json(UserPage::whole(users.into_iter().map(Into::into).collect())))
}

/// Somebody to invite.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUser {
    /// Address.
    email: String,
    /// Name.
    name: String,
    /// Role.
    role: Role,
}

/// Somebody who was invited.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedUser {
    /// The account.
    user: User,
    /// The one-time link to give to them; it is never shown again.
    setup_url: String,
    /// When the link ends.
    expires_at: Instant,
}

/// Invites somebody; the answer holds the link by which they set up their account.
#[utoipa::path(post, path = "/api/v1/users", operation_id = "users_create", tag = "users", request_body = NewUser,
    responses((status = 201, description = "The account and its one-time link.", body = CreatedUser)))]
pub(crate) async fn create(
    caller: Authorized<UsersManage, audit::UserCreate>,
    State(api): State<Api>,
    Body(body): Body<NewUser>,
) -> Result<(StatusCode, Json<CreatedUser>), ApiError> {
    let role = state::Role::from(body.role);
    caller.scope.target(&body.email);
    caller.scope.detail("role", role.as_str());
    let new = state::NewUser { email: body.email, name: body.name, role };
    let (user, link) = api.config.state.invite_user(caller.tenant(), new, TimeMicros::now()).await?;
    caller.scope.detail("user_id", user.id.to_string());
    let setup_url = format!("{}/setup?token={}", api.config.console_url, link.token);
    Ok((
        StatusCode::CREATED,
        Json(CreatedUser { user: user.into(), setup_url, expires_at: link.expires_at.into() }),
    ))
}

/// Removes somebody with their sessions and tokens; the last administrator stays.
#[utoipa::path(delete, path = "/api/v1/users/{id}", operation_id = "users_delete", tag = "users",
    params(("id" = String, Path, description = "The account.")),
    responses((status = 204, description = "The account is gone.")))]
pub(crate) async fn delete(
    caller: Authorized<UsersManage, audit::UserDelete>,
    State(api): State<Api>,
    Id(id): Id<UserId>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(id);
    let user = api.config.state.user(caller.tenant(), id).await?;
    caller.scope.detail("email", user.email);
    api.config.state.delete_user(caller.tenant(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
