//! What machine-hours cost.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_estate::metering::{self, BillError, amount, parse_amount};
use palisade_estate::plan::Plan;
use palisade_state::KeptRateCard;
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::ApiError;
use crate::extract::{Body, Id};
use crate::gate::{Authorized, EstateRead, PlansManage, audit};
use crate::instant::Instant;
use crate::page::page;
use crate::routes::usage::instant;
use crate::state::Api;

/// What machine-hours cost from some instant on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RateCard {
    /// Identifier.
    id: String,
    /// The currency's three letters.
    currency: String,
    /// The first instant; it counts from the next full hour on.
    effective: Instant,
    /// The price of a machine-hour by plan, a decimal number. A plan that is not named costs what the
    /// card before says.
    rates: BTreeMap<String, String>,
    /// Who wrote it.
    created_by: String,
    /// When.
    created_at: Instant,
}

impl From<KeptRateCard> for RateCard {
    fn from(kept: KeptRateCard) -> Self {
        let price = |(plan, micros): (Plan, u64)| (plan.as_str().to_owned(), amount(u128::from(micros)));
        Self {
            id: kept.id.to_string(),
            currency: kept.card.currency.to_string(),
            effective: kept.card.effective.into(),
            rates: kept.card.rates.into_iter().map(price).collect(),
            created_by: kept.created_by,
            created_at: kept.created_at.into(),
        }
    }
}

page! {
    /// Rate cards.
    RateCardPage of RateCard
}

/// Lists the rate cards, the first to take effect first.
#[utoipa::path(get, path = "/api/v1/rate-cards", operation_id = "rate_cards_list", tag = "usage",
    responses((status = 200, description = "Rate cards.", body = RateCardPage)))]
pub(crate) async fn list(
    caller: Authorized<EstateRead, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<RateCardPage>, ApiError> {
    let cards = api.config.state.rate_cards(caller.tenant()).await?;
    Ok(Json(RateCardPage::whole(cards.into_iter().map(Into::into).collect())))
}

/// A rate card to be written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RateCardBody {
    /// The currency's three letters, such as `EUR`.
    currency: String,
    /// From when on: `YYYY-MM`, `YYYY-MM-DD` (midnight UTC) or RFC 3339.
    effective: String,
    /// The price of a machine-hour by plan (`servers_p1`, `servers_p2`, `posture`), a decimal number with
    /// at most six places.
    rates: BTreeMap<String, String>,
}

fn bad(e: &BillError) -> ApiError {
    ApiError::bad(e.code(), e.to_string())
}

fn card(body: RateCardBody) -> Result<metering::RateCard, ApiError> {
    let rate = |(plan, price): (String, String)| -> Result<(Plan, u64), ApiError> {
        let plan =
            plan.parse().map_err(|_| ApiError::invalid("rates are of servers_p1, servers_p2 and posture"))?;
        Ok((plan, parse_amount(&price).map_err(|e| bad(&e))?))
    };
    Ok(metering::RateCard {
        currency: body.currency.parse().map_err(|e| bad(&e))?,
        effective: instant(&body.effective, "effective")?,
        rates: body.rates.into_iter().map(rate).collect::<Result<_, _>>()?,
    })
}

/// Writes a rate card; one that takes effect at the same instant is replaced.
#[utoipa::path(put, path = "/api/v1/rate-cards", operation_id = "rate_cards_write", tag = "usage",
    request_body = RateCardBody, responses((status = 200, description = "The card.", body = RateCard)))]
pub(crate) async fn write(
    caller: Authorized<PlansManage, audit::RateCardWrite>,
    State(api): State<Api>,
    Body(body): Body<RateCardBody>,
) -> Result<Json<RateCard>, ApiError> {
    let card = card(body)?;
    caller.scope.detail("card", serde_json::to_value(&card).unwrap_or_default());
    let by = caller.principal.actor().name;
    let kept = api.config.state.put_rate_card(caller.tenant(), &card, &by, TimeMicros::now()).await?;
    caller.scope.target(kept.id);
    Ok(Json(kept.into()))
}

/// Takes a rate card away: hours under it cost what the card before says.
#[utoipa::path(delete, path = "/api/v1/rate-cards/{id}", operation_id = "rate_cards_delete", tag = "usage",
    params(("id" = String, Path, description = "The card.")),
    responses((status = 204, description = "It is gone.")))]
pub(crate) async fn delete(
    caller: Authorized<PlansManage, audit::RateCardDelete>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(id);
    api.config.state.delete_rate_card(caller.tenant(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
