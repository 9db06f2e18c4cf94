//! Usage: metered machine-hours, added up and priced.

mod csv;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use palisade_estate::HOUR;
use palisade_estate::metering::{Hour, Tally, amount};
use palisade_estate::plan::Plan;
use palisade_state::{self as state, UsageBy, UsageQuery};
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::ApiError;
use crate::extract::Params;
use crate::gate::{Authorized, UsageRead, audit};
use crate::instant::Instant;
use crate::page;
use crate::state::Api;

/// The longest stretch that is asked for at once, hours.
const LONGEST: i64 = 400 * 24;
/// The most rows of a CSV.
const CSV_ROWS: usize = 100_000;

/// Money, and the machine-hours that it is for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageCost {
    /// The currency's three letters.
    currency: String,
    /// A decimal number with six places.
    amount: String,
    /// Machine-hours.
    hours: u64,
}

/// Something with a name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageName {
    /// Identifier.
    id: String,
    /// Name; empty where it is gone.
    name: String,
}

/// Machine-hours that have something in common; null is what they were not added up by.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageRow {
    /// The subscription.
    #[schema(required = true)]
    subscription: Option<UsageName>,
    /// The owner; empty where machines have none.
    #[schema(required = true)]
    owner: Option<String>,
    /// The plan: `servers_p1`, `servers_p2`, `posture`.
    #[schema(required = true)]
    plan: Option<String>,
    /// The machine.
    #[schema(required = true)]
    machine: Option<UsageName>,
    /// The hour's first instant.
    #[schema(required = true)]
    hour: Option<Instant>,
    /// How many machines.
    machines: u64,
    /// Machine-hours. One machine under a Servers plan and Posture has two in an hour.
    hours: u64,
    /// Of these, free ones, because of a trial.
    trial_hours: u64,
    /// Of these, ones for which no rate was in force; they are in no amount.
    unpriced_hours: u64,
    /// What the others cost, by currency.
    costs: Vec<UsageCost>,
}

fn costs(tally: &Tally) -> Vec<UsageCost> {
    let cost =
        |(currency, cost): (&palisade_estate::metering::Currency, &palisade_estate::metering::Cost)| {
            UsageCost { currency: currency.to_string(), amount: amount(cost.micros), hours: cost.hours }
        };
    tally.costs.iter().map(cost).collect()
}

impl From<state::UsageRow> for UsageRow {
    fn from(row: state::UsageRow) -> Self {
        Self {
            subscription: row.subscription.map(|(id, name)| UsageName { id: id.to_string(), name }),
            owner: row.owner,
            plan: row.plan.map(|p| p.as_str().to_owned()),
            machine: row.machine.map(|(id, name)| UsageName { id: id.to_string(), name }),
            hour: row.hour.map(|h| h.begins().into()),
            machines: row.machines,
            hours: row.tally.hours,
            trial_hours: row.tally.trial_hours,
            unpriced_hours: row.tally.unpriced_hours,
            costs: costs(&row.tally),
        }
    }
}

/// Usage of a stretch of time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageAnswer {
    /// The first hour's first instant.
    from: Instant,
    /// The end of the last hour.
    to: Instant,
    /// The rows of this page.
    items: Vec<UsageRow>,
    /// Asks for the next page; null on the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
    /// Rows on all pages.
    total: u64,
    /// Everything that was asked for, over all pages.
    totals: UsageRow,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct UsageParams {
    /// The first hour: `YYYY-MM`, `YYYY-MM-DD` (midnight UTC) or RFC 3339; the month's beginning when absent.
    from: Option<String>,
    /// The end, not itself in it, written the same way; now when absent.
    to: Option<String>,
    /// What rows have in common: `subscription`, `owner`, `plan`, `machine`, `hour`; several separated by
    /// commas. `subscription,owner,plan` when absent; `none` for one row.
    by: Option<String>,
    /// Only of this subscription.
    subscription: Option<String>,
    /// Only of this owner; empty for machines that have none.
    owner: Option<String>,
    /// Only under this plan.
    plan: Option<String>,
    /// Only of this machine.
    machine: Option<String>,
    /// `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`.
    format: Option<String>,
    /// Most rows, 1 to 1000; 50 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// An instant as people write it in a query: a month, a day or RFC 3339.
pub(crate) fn instant(text: &str, name: &str) -> Result<TimeMicros, ApiError> {
    let whole = match text.len() {
        7 => format!("{text}-01T00:00:00Z"),
        10 => format!("{text}T00:00:00Z"),
        _ => text.to_owned(),
    };
    whole.parse().map_err(|_| ApiError::invalid(format!("{name} must be YYYY-MM, YYYY-MM-DD or RFC 3339")))
}

fn wanted(params: UsageParams, now: TimeMicros) -> Result<UsageQuery, ApiError> {
    let month = now.to_rfc3339().get(..7).unwrap_or_default().to_owned();
    let from = Hour::of(instant(params.from.as_deref().unwrap_or(&month), "from")?);
    // An hour that has begun is in it.
    let to = match &params.to {
        Some(text) => Hour::of(instant(text, "to")?.plus_micros(HOUR - 1)),
        None => Hour::of(now).next(),
    };
    if to <= from || to.0 - from.0 > LONGEST {
        return Err(ApiError::invalid("from must be before to, and at most 400 days"));
    }
    let by = match params.by.as_deref() {
        None | Some("") => vec![UsageBy::Subscription, UsageBy::Owner, UsageBy::Plan],
        Some("none") => Vec::new(),
        Some(list) => list.split(',').map(|w| w.trim().parse()).collect::<Result<_, _>>()?,
    };
    let id = |text: Option<String>, name: &str| -> Result<Option<uuid::Uuid>, ApiError> {
        let parsed = text.filter(|t| !t.is_empty()).map(|t| t.parse()).transpose();
        parsed.map_err(|_| ApiError::invalid(format!("{name} must be an identifier")))
    };
    let plan = params.plan.filter(|p| !p.is_empty()).map(|p| p.parse::<Plan>()).transpose();
    Ok(UsageQuery {
        subscription: id(params.subscription, "subscription")?.map(palisade_types::SubscriptionId),
        machine: id(params.machine, "machine")?.map(palisade_types::MachineId),
        plan: plan.map_err(|_| ApiError::invalid("plan must be servers_p1, servers_p2 or posture"))?,
        owner: params.owner,
        limit: page::limit(params.limit)?,
        cursor: page::cursor(params.cursor)?,
        ..UsageQuery::between(from, to, by)
    })
}

fn asks_for_csv(format: Option<&str>, headers: &HeaderMap) -> Result<bool, ApiError> {
    match format {
        Some("csv") => Ok(true),
        Some("json") => Ok(false),
        Some(_) => Err(ApiError::invalid("format must be json or csv")),
        None => {
            let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
            let first = accept.split(',').next().unwrap_or_default().split(';').next().unwrap_or_default();
            Ok(first.trim().eq_ignore_ascii_case("text/csv"))
        }
    }
}

/// Reads usage: machine-hours, and what they cost by the rate cards.
#[utoipa::path(get, path = "/api/v1/usage", operation_id = "usage_show", tag = "usage", params(UsageParams),
    responses((status = 200, description = "Usage.", content((UsageAnswer = "application/json"), (String = "text/csv")))))]
pub(crate) async fn show(
    caller: Authorized<UsageRead, audit::Unaudited>,
    State(api): State<Api>,
    headers: HeaderMap,
    Params(mut params): Params<UsageParams>,
) -> Result<Response, ApiError> {
    let csv = asks_for_csv(params.format.take().as_deref(), &headers)?;
    let mut query = wanted(params, TimeMicros::now())?;
    query.scope = caller.devices().clone();
    if csv {
        return table(&api, caller.tenant(), query).await;
    }
    let usage = api.config.state.usage(caller.tenant(), &query).await?;
    let answer = UsageAnswer {
        from: query.from.begins().into(),
        to: query.to.begins().into(),
        items: usage.page.items.into_iter().map(Into::into).collect(),
        next_cursor: usage.page.next_cursor,
        total: usage.page.total,
        totals: usage.totals.into(),
    };
    Ok(Json(answer).into_response())
}

async fn table(
    api: &Api,
    tenant: palisade_types::TenantId,
    mut query: UsageQuery,
) -> Result<Response, ApiError> {
    query.limit = page::MAX_LIMIT;
    query.cursor = None;
    let mut rows = Vec::new();
    loop {
        let usage = api.config.state.usage(tenant, &query).await?;
        if usage.page.total > CSV_ROWS as u64 {
            let message = format!("more than {CSV_ROWS} rows; ask for less at once");
            return Err(ApiError::bad("usage_too_large", message));
        }
        rows.extend(usage.page.items);
        query.cursor = usage.page.next_cursor;
        if query.cursor.is_none() {
            break;
        }
    }
    let name = format!("usage-{}.csv", query.from.to_string().get(..10).unwrap_or("all"));
    let mut response = csv::table(&query.by, &rows).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_months_days_or_rfc_3339() {
        let at = |text: &str| instant(text, "from").map(|t| t.to_rfc3339()).map_err(|e| e.code);
        assert_eq!(at("2026-11"), Ok("2026-11-01T00:00:00.000000Z".into()));
        assert_eq!(at("2026-11-23"), Ok("2026-11-23T00:00:00.000000Z".into()));
        assert_eq!(at("2026-11-23T22:10:00Z"), Ok("2026-11-23T22:10:00.000000Z".into()));
        for bad in ["", "2026-13", "2026-11-31", "yesterday", "\u{1f}2026-1"] {
            assert_eq!(at(bad), Err("invalid_argument".into()), "{bad}");
        }
    }

    #[test]
    fn the_stretch_is_whole_hours_and_bounded() {
        let now: TimeMicros = "2026-11-23T22:10:00Z".parse().expect("an instant");
        let ask = |from: Option<&str>, to: Option<&str>| {
            let params = UsageParams {
                from: from.map(str::to_owned),
                to: to.map(str::to_owned),
                by: None,
                subscription: None,
                owner: None,
                plan: None,
                machine: None,
                format: None,
                limit: None,
                cursor: None,
            };
            wanted(params, now).map(|q| (q.from.to_string(), q.to.to_string())).map_err(|e| e.code)
        };
        assert_eq!(ask(None, None), Ok(("2026-11-01T00:00Z".into(), "2026-11-23T23:00Z".into())));
        let half = Some("2026-11-02T10:30:00Z");
        assert_eq!(
            ask(Some("2026-11-02"), half),
            Ok(("2026-11-02T00:00Z".into(), "2026-11-02T11:00Z".into()))
        );
        assert!(ask(Some("2026-11-02"), Some("2026-11-02")).is_err());
        assert!(ask(Some("2024-01"), None).is_err());
    }
}
