//! How far a subscription's roll-out has come.

use axum::Json;
use axum::extract::State;
use palisade_types::SubscriptionId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Id;
use crate::gate::{Authorized, EstateRead, audit};
use crate::state::Api;

/// How far a roll-out has come.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rollout {
    /// `none` (nothing was rolled out yet), `running`, `held` (a person decides), `done`.
    state: &'static str,
    /// Waves that were let go.
    wave: usize,
    /// Of how many.
    waves: usize,
    /// Machines that it is about.
    machines: usize,
    /// While it is held: machines that broke.
    broken: usize,
    /// While it is held: machines that are finished, the broken ones among them.
    finished: usize,
}

/// Says how far a subscription's roll-out has come.
#[utoipa::path(get, path = "/api/v1/subscriptions/{id}/rollout", operation_id = "rollouts_show", tag = "estate",
    params(("id" = String, Path, description = "The subscription.")),
    responses((status = 200, description = "How far it has come.", body = Rollout)))]
pub(crate) async fn show(
    caller: Authorized<EstateRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<SubscriptionId>,
) -> Result<Json<Rollout>, ApiError> {
    api.config.state.subscription(caller.tenant(), id).await?;
    let all = api.config.state.rollouts(caller.tenant()).await?;
    let Some((_, rollout)) = all.into_iter().find(|(of, _)| *of == id) else {
        let none = Rollout { state: "none", wave: 0, waves: 0, machines: 0, broken: 0, finished: 0 };
        return Ok(Json(none));
    };
    let (wave, waves) = rollout.waves();
    let held = rollout.held();
    let state = match held {
        Some(_) => "held",
        None if wave < waves => "running",
        None => "done",
    };
    let (broken, finished) = held.unwrap_or_default();
    Ok(Json(Rollout { state, wave, waves, machines: rollout.machines(), broken, finished }))
}
