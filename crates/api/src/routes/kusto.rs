//! Queries as Kusto's clients send them: `{db, csl, properties}`, answered in the first or second version.
//!
//! A tenant is a database. The token says which one the caller sees; the name in the request has to be its
//! name, its id, or `NetDefaultDB`, which clients send when nobody names one.

use axum::extract::State;
use axum::{Extension, Json};
use palisade_kusto::{
    Column, Completion, Kind, OneApiError, Properties, Table, properties::PropertyError, statements, v1, v2,
};
use palisade_state::{Principal, Tenant};
use palisade_types::TimeMicros;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::hunting::{self, Asked, MAX_DEADLINE_MS, MAX_ROWS};
use crate::error::ApiError;
use crate::extract::Body;
use crate::gate::{Authorized, HuntingRun, audit};
use crate::kusto::Exchange;
use crate::query::QueryAnswer;
use crate::state::Api;

/// How long a query may run when its client says nothing: as clients expect of Kusto.
const USUAL_DEADLINE_MS: u64 = 4 * 60_000;
/// The database that clients name when their user names none.
const DEFAULT_DATABASE: &str = "NetDefaultDB";

/// A query or a management command.
#[derive(Deserialize, ToSchema)]
pub(crate) struct KustoRequest {
    /// The database: the tenant's name; the caller's own when absent.
    #[serde(default)]
    pub db: Option<String>,
    /// The query or command.
    pub csl: String,
    /// Options and parameters: an object, or the same as text.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub properties: Option<Value>,
}

/// Runs a query; the answer has Kusto's first form.
#[utoipa::path(post, path = "/v1/rest/query", operation_id = "kusto_query_v1", tag = "kusto",
    request_body = KustoRequest,
    responses((status = 200, description = "Tables: rows, properties, status, and which is which.", body = Value)))]
pub(crate) async fn query_v1(
    caller: Authorized<HuntingRun, audit::HuntingRun>,
    State(api): State<Api>,
    Extension(exchange): Extension<Exchange>,
    Body(body): Body<KustoRequest>,
) -> Result<Json<Value>, ApiError> {
    let run = Box::pin(run(&caller, &api, &exchange, body)).await?;
    Ok(Json(v1::query(run.table, &run.completion, run.properties.dynamic)))
}

/// Runs a query; the answer has Kusto's second form, not progressive.
#[utoipa::path(post, path = "/v2/rest/query", operation_id = "kusto_query", tag = "kusto",
    request_body = KustoRequest,
    responses((status = 200, description = "Frames: header, properties, rows, status, completion.", body = Value)))]
pub(crate) async fn query_v2(
    caller: Authorized<HuntingRun, audit::HuntingRun>,
    State(api): State<Api>,
    Extension(exchange): Extension<Exchange>,
    Body(body): Body<KustoRequest>,
) -> Result<Json<Value>, ApiError> {
    let run = Box::pin(run(&caller, &api, &exchange, body)).await?;
    Ok(Json(v2::query(run.table, &run.completion, run.properties.dynamic)))
}

/// What a query gave.
pub(super) struct Ran {
    pub table: Table,
    pub completion: Completion,
    pub properties: Properties,
}

async fn run(
    caller: &Authorized<HuntingRun, audit::HuntingRun>,
    api: &Api,
    exchange: &Exchange,
    body: KustoRequest,
) -> Result<Ran, ApiError> {
    database(api, &caller.principal, body.db.as_deref()).await?;
    let properties = Properties::read(body.properties.as_ref()).map_err(refused)?;
    answer(caller, api, exchange, &body.csl, properties).await
}

/// Runs a text with its properties.
pub(super) async fn answer(
    caller: &Authorized<HuntingRun, audit::HuntingRun>,
    api: &Api,
    exchange: &Exchange,
    text: &str,
    mut properties: Properties,
) -> Result<Ran, ApiError> {
    let query = statements::prepare(text, &mut properties).map_err(refused)?;
    let now = match &properties.now {
        None => TimeMicros::now(),
        Some(text) => palisade_kql::time::parse_datetime(text)
            .map(TimeMicros)
            .ok_or_else(|| ApiError::invalid(format!("the option query_now is no datetime: {text}")))?,
    };
    let allowed = match properties.max_records {
        Some(most) if !properties.no_truncation => most.clamp(1, MAX_ROWS),
        _ => MAX_ROWS,
    };
    let row_cap = properties.take.map_or(allowed, |take| take.clamp(1, allowed));
    let deadline = match properties.timeout {
        _ if properties.no_timeout => MAX_DEADLINE_MS,
        None => USUAL_DEADLINE_MS,
        Some(timeout) => u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).clamp(1, MAX_DEADLINE_MS),
    };
    let asked = Asked { row_cap, deadline_ms: deadline, ..Asked::new(query, now) };
    let answer = hunting::carry_out(caller, api, asked).await?.answer;
    // A cap that was asked for as a `take` leaves rows out; any other one fails to give them.
    let by_take = properties.take.is_some_and(|take| take <= allowed);
    let partial = (answer.truncated && !by_take).then(|| OneApiError::truncated(row_cap));
    let QueryAnswer { schema, rows, stats, .. } = answer;
    let completion = Completion {
        at: TimeMicros::now().to_string(),
        client_request_id: exchange.client_request_id.clone(),
        activity_id: exchange.activity_id.clone(),
        seconds: stats.wall_ms / 1000.0,
        cpu_seconds: stats.cpu_ms / 1000.0,
        peak_memory: stats.peak_memory_bytes,
        rows_scanned: stats.rows_scanned,
        rows_returned: stats.rows_returned,
        partial,
        deferred: properties.deferred,
    };
    let columns = schema.into_iter().map(|c| Column { kind: Kind::of(&c.kind), name: c.name }).collect();
    Ok(Ran { table: Table { columns, rows }, completion, properties })
}

/// The caller's tenant, where that is the database that is meant. Another tenant's name is told apart
/// from one that nobody has by nothing.
pub(super) async fn database(
    api: &Api,
    principal: &Principal,
    named: Option<&str>,
) -> Result<Tenant, ApiError> {
    let tenant = api.config.state.tenant(principal.tenant).await?;
    let tenant = tenant.ok_or_else(|| ApiError::internal("tenant", &"a caller's tenant is not there"))?;
    match named {
        None | Some("") => Ok(tenant),
        Some(name) if is_called(&tenant, name) => Ok(tenant),
        Some(name) => {
            let name: String = name.chars().take(200).collect();
            let message = format!("Entity ID '{name}' of kind 'Database' was not found.");
            Err(ApiError::bad("entity_not_found", message))
        }
    }
}

/// Whether a tenant goes by this name: names of tenants have no case.
pub(super) fn is_called(tenant: &Tenant, name: &str) -> bool {
    name == DEFAULT_DATABASE
        || name == tenant.id.to_string()
        || name.to_lowercase() == tenant.name.to_lowercase()
}

pub(super) fn refused(error: PropertyError) -> ApiError {
    ApiError::bad(error.code, error.message)
}
