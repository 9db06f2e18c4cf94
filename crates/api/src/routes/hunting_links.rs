//! Links to a query: a short address for a text that may be long.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_state::hunting::{self as state, Person};
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::{Body, Id};
use crate::gate::{Authorized, HuntingRun, audit};
use crate::instant::Instant;
use crate::state::Api;

/// A link to a query, for everybody of the tenant who may hunt.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HuntingLink {
    /// Identifier, made of what the link says: the same text has the same. The console opens it at
    /// `/hunting?link=` and this.
    id: String,
    /// KQL.
    query: String,
    /// How long it may run, seconds.
    #[schema(required = true)]
    deadline_s: Option<u32>,
    /// Who asked for it first.
    created_by: String,
    /// When.
    created_at: Instant,
}

impl From<state::Link> for HuntingLink {
    fn from(link: state::Link) -> Self {
        Self {
            id: link.id,
            query: link.query,
            deadline_s: link.deadline_s,
            created_by: link.created_by,
            created_at: link.created_at.into(),
        }
    }
}

/// What a link shall lead to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateHuntingLink {
    /// KQL; it need not compile.
    query: String,
    /// How long it may run, seconds.
    #[schema(minimum = 1, maximum = 600)]
    deadline_s: Option<u32>,
}

/// Gives a link to a query; the same for the same text.
#[utoipa::path(post, path = "/api/v1/hunting/links", operation_id = "hunting_links_create", tag = "hunting",
    request_body = CreateHuntingLink,
    responses((status = 201, description = "The link.", body = HuntingLink)))]
pub(crate) async fn create(
    caller: Authorized<HuntingRun, audit::HuntingLinkCreate>,
    State(api): State<Api>,
    Body(body): Body<CreateHuntingLink>,
) -> Result<(StatusCode, Json<HuntingLink>), ApiError> {
    caller.no_devices();
    let (state, by) = (&api.config.state, Person::from(&caller.principal).name);
    let link =
        state.link_query(caller.tenant(), &body.query, body.deadline_s, &by, TimeMicros::now()).await?;
    caller.scope.target(&link.id);
    Ok((StatusCode::CREATED, Json(link.into())))
}

/// Tells what a link leads to.
#[utoipa::path(get, path = "/api/v1/hunting/links/{id}", operation_id = "hunting_links_show", tag = "hunting",
    params(("id" = String, Path, description = "The link.")),
    responses((status = 200, description = "The query.", body = HuntingLink)))]
pub(crate) async fn show(
    caller: Authorized<HuntingRun, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<String>,
) -> Result<Json<HuntingLink>, ApiError> {
    caller.no_devices();
    Ok(Json(api.config.state.linked_query(caller.tenant(), &id).await?.into()))
}
