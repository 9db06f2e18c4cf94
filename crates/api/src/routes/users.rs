//! People with an account, invited ones among them.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_state as state;
use palisade_types::{TimeMicros, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::ApiError;
use crate::extract::{Body, Id};
use crate::gate::{Authorized, UsersManage, audit};
use crate::instant::Instant;
use crate::model::{Role, User, texts};
use crate::page::page;
use crate::scope::Scope;
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
    /// The device groups that they are limited to; all devices when absent. An administrator cannot be
    /// limited.
    device_groups: Option<Vec<Uuid>>,
    /// How long the link is good, hours, up to 14 days; a day when absent.
    #[schema(minimum = 1, maximum = 336)]
    link_expires_in_hours: Option<u32>,
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
    told_groups(&caller.scope, body.device_groups.as_deref());
    let new = state::NewUser {
        email: body.email,
        name: body.name,
        role,
        groups: body.device_groups,
        valid_for: body.link_expires_in_hours.map(hours),
    };
    let (user, link) = api.config.state.invite_user(caller.tenant(), new, TimeMicros::now()).await?;
    caller.scope.detail("user_id", user.id.to_string());
    let CreatedSetupLink { setup_url, expires_at } = shown(&api, &link);
    Ok((StatusCode::CREATED, Json(CreatedUser { user: user.into(), setup_url, expires_at })))
}

fn hours(hours: u32) -> Duration {
    Duration::from_secs(u64::from(hours) * 3_600)
}

fn shown(api: &Api, link: &state::SetupLink) -> CreatedSetupLink {
    let setup_url = format!("{}/setup?token={}", api.config.console_url, link.token);
    CreatedSetupLink { setup_url, expires_at: link.expires_at.into() }
}

fn told_groups(scope: &Scope, groups: Option<&[Uuid]>) {
    if let Some(groups) = groups {
        scope.detail("device_groups", texts(groups));
    }
}

/// Reads one account.
#[utoipa::path(get, path = "/api/v1/users/{id}", operation_id = "users_show", tag = "users",
    params(("id" = String, Path, description = "The account.")),
    responses((status = 200, description = "The account.", body = User)))]
pub(crate) async fn show(
    caller: Authorized<UsersManage, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<UserId>,
) -> Result<Json<User>, ApiError> {
    Ok(Json(api.config.state.user(caller.tenant(), id).await?.into()))
}

/// What an account shall be from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangedUser {
    /// Name.
    name: String,
    /// Role. One that changes things needs a second factor on the account.
    role: Role,
    /// Whether they are kept out.
    disabled: bool,
    /// The device groups that they are limited to; null for all devices.
    #[schema(required = true)]
    device_groups: Option<Vec<Uuid>>,
}

/// Changes an account as a whole; it holds from its next call on. The last administrator stays one.
#[utoipa::path(put, path = "/api/v1/users/{id}", operation_id = "users_update", tag = "users",
    params(("id" = String, Path, description = "The account.")), request_body = ChangedUser,
    responses((status = 200, description = "The account.", body = User)))]
pub(crate) async fn update(
    caller: Authorized<UsersManage, audit::UserUpdate>,
    State(api): State<Api>,
    Id(id): Id<UserId>,
    Body(body): Body<ChangedUser>,
) -> Result<Json<User>, ApiError> {
    let role = state::Role::from(body.role);
    caller.scope.target(id);
    caller.scope.detail("role", role.as_str());
    caller.scope.detail("disabled", body.disabled);
    told_groups(&caller.scope, body.device_groups.as_deref());
    let change =
        state::UserChange { name: body.name, role, disabled: body.disabled, groups: body.device_groups };
    let user = api.config.state.update_user(caller.tenant(), id, &change).await?;
    caller.scope.detail("email", user.email.as_str());
    Ok(Json(user.into()))
}

/// How long a set-up link shall be good.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSetupLink {
    /// Hours, up to 14 days; a day when absent.
    #[schema(minimum = 1, maximum = 336)]
    expires_in_hours: Option<u32>,
}

/// A set-up link that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedSetupLink {
    /// The one-time link to give to them; it is never shown again.
    setup_url: String,
    /// When the link ends.
    expires_at: Instant,
}

/// Makes a new one-time link for an account: for an invitation that ended, or for somebody who lost
/// password or second factor. An earlier link ends.
#[utoipa::path(post, path = "/api/v1/users/{id}/setup-link", operation_id = "users_setup_link_create", tag = "users",
    params(("id" = String, Path, description = "The account.")), request_body = NewSetupLink,
    responses((status = 201, description = "The link, shown this once.", body = CreatedSetupLink)))]
pub(crate) async fn renew_link(
    caller: Authorized<UsersManage, audit::SetupLinkCreate>,
    State(api): State<Api>,
    Id(id): Id<UserId>,
    Body(body): Body<NewSetupLink>,
) -> Result<(StatusCode, Json<CreatedSetupLink>), ApiError> {
    caller.scope.target(id);
    let (state, now) = (&api.config.state, TimeMicros::now());
    let link = state.renew_setup_link(caller.tenant(), id, body.expires_in_hours.map(hours), now).await?;
    Ok((StatusCode::CREATED, Json(shown(&api, &link))))
}

/// Ends a link that was not used. An account that was only invited goes with it.
#[utoipa::path(delete, path = "/api/v1/users/{id}/setup-link", operation_id = "users_setup_link_revoke", tag = "users",
    params(("id" = String, Path, description = "The account.")),
    responses((status = 204, description = "It has ended.")))]
pub(crate) async fn revoke_link(
    caller: Authorized<UsersManage, audit::SetupLinkRevoke>,
    State(api): State<Api>,
    Id(id): Id<UserId>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(id);
    api.config.state.revoke_setup_link(caller.tenant(), id).await?;
    Ok(StatusCode::NO_CONTENT)
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
