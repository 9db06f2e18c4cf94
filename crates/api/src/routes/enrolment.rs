//! Enrolment tokens: what a new sensor shows to be taken in.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_state as state;
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::ApiError;
use crate::extract::{Body, Id};
use crate::gate::{Authorized, EnrolmentManage, audit};
use crate::instant::Instant;
use crate::model::in_seconds;
use crate::page::page;
use crate::state::Api;

/// Longest life of a token, hours.
const MAX_HOURS: u32 = 24 * 90;
/// Most machines that one token takes in.
const MAX_USES: i32 = 100_000;

/// An enrolment token; its secret is shown once, when it is made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnrolmentToken {
    /// Identifier.
    id: String,
    /// When it was made.
    created_at: Instant,
    /// When it ends.
    expires_at: Instant,
    /// How many machines it takes in.
    max_uses: i32,
    /// How many it has taken in.
    uses: i32,
    /// Who made it.
    created_by: String,
    /// When it last took a machine in.
    #[schema(required = true)]
    last_used: Option<Instant>,
    /// Where its machines belong; the designated subscription where it is null.
    #[schema(required = true)]
    subscription_id: Option<String>,
    /// The one machine that it was made for, by the product itself.
    #[schema(required = true)]
    machine_id: Option<String>,
}

impl From<state::EnrolmentToken> for EnrolmentToken {
    fn from(token: state::EnrolmentToken) -> Self {
        Self {
            id: token.id.to_string(),
            created_at: token.created_at.into(),
            expires_at: token.expires_at.into(),
            max_uses: token.max_uses,
            uses: token.uses,
            created_by: token.created_by,
            last_used: Instant::maybe(token.last_used_at),
            subscription_id: token.subscription.map(|s| s.to_string()),
            machine_id: token.machine.map(|m| m.to_string()),
        }
    }
}

page! {
    /// Enrolment tokens.
    EnrolmentTokenPage of EnrolmentToken
}

/// Lists enrolment tokens.
#[utoipa::path(get, path = "/api/v1/enrolment-tokens", operation_id = "enrolment_tokens_list", tag = "enrolment",
    responses((status = 200, description = "Enrolment tokens.", body = EnrolmentTokenPage)))]
pub(crate) async fn list(
    caller: Authorized<EnrolmentManage, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<EnrolmentTokenPage>, ApiError> {
    let tokens = api.config.state.enrolment_tokens(caller.tenant()).await?;
    Ok(Json(EnrolmentTokenPage::whole(tokens.into_iter().map(Into::into).collect())))
}

/// An enrolment token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEnrolmentToken {
    /// Its life in hours, 1 to 2160.
    #[schema(minimum = 1, maximum = 2160)]
    expires_in_hours: u32,
    /// How many machines it takes in, 1 to 100000.
    #[schema(minimum = 1, maximum = 100000)]
    max_uses: i32,
}

/// An enrolment token that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedEnrolmentToken {
    /// Identifier.
    id: String,
    /// The secret; it is never shown again.
    token: String,
    /// When it ends.
    expires_at: Instant,
    /// How many machines it takes in.
    max_uses: i32,
    /// The command that enrols a machine with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
}

/// Checks how long a token shall live, and how many machines it shall take in.
pub(super) fn check_bounds(hours: u32, uses: i32) -> Result<(), ApiError> {
    if !(1..=MAX_HOURS).contains(&hours) {
        return Err(ApiError::invalid(format!("expires_in_hours must be 1 to {MAX_HOURS}")));
    }
    if !(1..=MAX_USES).contains(&uses) {
        return Err(ApiError::invalid(format!("max_uses must be 1 to {MAX_USES}")));
    }
    Ok(())
}

/// So many hours from now.
pub(super) fn in_hours(now: TimeMicros, hours: u32) -> TimeMicros {
    in_seconds(now, i64::from(hours) * 3_600)
}

/// Makes an enrolment token.
#[utoipa::path(post, path = "/api/v1/enrolment-tokens", operation_id = "enrolment_tokens_create", tag = "enrolment",
    request_body = NewEnrolmentToken,
    responses((status = 201, description = "The token, shown this once.", body = CreatedEnrolmentToken)))]
pub(crate) async fn create(
    caller: Authorized<EnrolmentManage, audit::EnrolmentTokenCreate>,
    State(api): State<Api>,
    Body(body): Body<NewEnrolmentToken>,
) -> Result<(StatusCode, Json<CreatedEnrolmentToken>), ApiError> {
    caller.scope.detail("expires_in_hours", body.expires_in_hours);
    caller.scope.detail("max_uses", body.max_uses);
    check_bounds(body.expires_in_hours, body.max_uses)?;
    let now = TimeMicros::now();
    let new = state::NewEnrolmentToken {
        created_by: caller.principal.actor().name,
        expires_at: in_hours(now, body.expires_in_hours),
        max_uses: body.max_uses,
        ..state::NewEnrolmentToken::default()
    };
    let (token, secret) = api.config.state.create_enrolment_token(caller.tenant(), new, now).await?;
    caller.scope.target(token.id);
    let region = api.config.state.region_of(caller.tenant()).await?;
    let door = api.config.door(region.as_deref().unwrap_or(&api.config.region));
    let command = api.config.enrol_command.as_ref();
    let command = command.map(|c| c.replace("{url}", door).replace("{token}", &secret));
    let created = CreatedEnrolmentToken {
        id: token.id.to_string(),
        token: secret,
        expires_at: token.expires_at.into(),
        max_uses: token.max_uses,
        command,
    };
    Ok((StatusCode::CREATED, Json(created)))
}

/// Ends an enrolment token; machines that it took in stay.
#[utoipa::path(delete, path = "/api/v1/enrolment-tokens/{id}", operation_id = "enrolment_tokens_delete",
    tag = "enrolment", params(("id" = String, Path, description = "The token.")),
    responses((status = 204, description = "It has ended.")))]
pub(crate) async fn delete(
    caller: Authorized<EnrolmentManage, audit::EnrolmentTokenDelete>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(id);
    api.config.state.delete_enrolment_token(caller.tenant(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
