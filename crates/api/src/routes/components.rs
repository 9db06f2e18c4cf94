//! Endpoint protection of a whole subscription.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_types::{SubscriptionId, TimeMicros};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Id;
use crate::gate::{Authorized, EstateOperate, audit};
use crate::state::Api;

/// What a fix began.
#[derive(Serialize, ToSchema)]
pub(crate) struct FixBegun {
    /// Machines of which a part was missing; each is looked at now.
    machines: u64,
}

/// Has every machine of a subscription looked at now whose extension or sensor is missing.
#[utoipa::path(post, path = "/api/v1/subscriptions/{id}/fix", operation_id = "subscriptions_fix", tag = "estate",
    params(("id" = String, Path, description = "The subscription.")),
    responses((status = 202, description = "They are looked at.", body = FixBegun)))]
pub(crate) async fn fix(
    caller: Authorized<EstateOperate, audit::SubscriptionFix>,
    State(api): State<Api>,
    Id(id): Id<SubscriptionId>,
) -> Result<(StatusCode, Json<FixBegun>), ApiError> {
    caller.scope.target(id);
    let by = caller.principal.actor().name;
    let machines = api.config.state.fix_subscription(caller.tenant(), id, &by, TimeMicros::now()).await?;
    caller.scope.detail("machines", machines);
    Ok((StatusCode::ACCEPTED, Json(FixBegun { machines })))
}
