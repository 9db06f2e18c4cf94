//! Queries as clients of Microsoft Defender and of Microsoft Graph send them.

use axum::Json;
use axum::extract::State;
use palisade_kql::FunctionDef;
use palisade_kql::stored::names_in;
use palisade_kusto::Kind;
use palisade_types::{TenantId, TimeMicros};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::hunting::{self, Asked, Compiled};
use crate::error::ApiError;
use crate::extract::Body;
use crate::functions;
use crate::gate::{Authorized, HuntingRun, audit};
use crate::query::{QueryAnswer, QueryStats, ResultColumn};
use crate::state::Api;

/// How long a query may run here, which its client cannot say.
const DEADLINE_MS: u64 = 3 * 60_000;

/// A query to run.
#[derive(Deserialize, ToSchema)]
pub(crate) struct AdvancedQuery {
    /// KQL.
    #[serde(rename = "Query", alias = "query")]
    query: String,
}

/// A column of an answer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AdvancedColumn {
    /// Its name.
    name: String,
    /// Its type: `String`, `DateTime`, `Int64` and the like.
    #[serde(rename = "Type")]
    kind: &'static str,
}

/// What a query returned.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AdvancedResult {
    /// What it cost.
    #[schema(value_type = Object)]
    stats: Value,
    /// Columns.
    schema: Vec<AdvancedColumn>,
    /// Rows as objects.
    #[schema(value_type = Vec<Object>)]
    results: Vec<Map<String, Value>>,
}

/// Runs a query as clients of Microsoft Defender's advanced hunting do.
#[utoipa::path(post, path = "/api/advancedqueries/run", operation_id = "advanced_queries_run", tag = "hunting",
    request_body = AdvancedQuery,
    responses((status = 200, description = "The rows.", body = AdvancedResult)))]
pub(crate) async fn defender(
    caller: Authorized<HuntingRun, audit::HuntingRun>,
    State(api): State<Api>,
    Body(body): Body<AdvancedQuery>,
) -> Result<Json<AdvancedResult>, ApiError> {
    let answer = run(&caller, &api, body.query, None, TimeMicros::now()).await?;
    let schema = answer
        .schema
        .iter()
        .map(|c| AdvancedColumn { name: c.name.clone(), kind: Kind::of(&c.kind).data_type() })
        .collect();
    Ok(Json(AdvancedResult { stats: stats(&answer.stats), schema, results: objects(answer) }))
}

/// A query to run, over a time.
#[derive(Deserialize, ToSchema)]
pub(crate) struct GraphQuery {
    /// KQL.
    #[serde(rename = "Query", alias = "query")]
    query: String,
    /// Which rows of tables of events are seen: a duration up to now, such as `P30D`, or
    /// `begin/end`, `begin/duration`, `duration/end` as in ISO 8601; all when absent.
    #[serde(rename = "Timespan", alias = "timespan", default)]
    timespan: Option<String>,
}

/// A column of an answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct GraphColumn {
    /// Its name.
    name: String,
    /// Its type: `String`, `DateTime`, `Int64` and the like.
    #[serde(rename = "type")]
    kind: &'static str,
}

/// What a query returned.
#[derive(Serialize, ToSchema)]
pub(crate) struct GraphResult {
    /// Columns.
    schema: Vec<GraphColumn>,
    /// Rows as objects.
    #[schema(value_type = Vec<Object>)]
    results: Vec<Map<String, Value>>,
}

/// Runs a query as clients of Microsoft Graph's security API do.
#[utoipa::path(post, path = "/v1.0/security/runHuntingQuery", operation_id = "graph_run_hunting_query", tag = "hunting",
    request_body = GraphQuery,
    responses((status = 200, description = "The rows.", body = GraphResult)))]
pub(crate) async fn graph(
    caller: Authorized<HuntingRun, audit::HuntingRun>,
    State(api): State<Api>,
    Body(body): Body<GraphQuery>,
) -> Result<Json<GraphResult>, ApiError> {
    let now = TimeMicros::now();
    let (query, functions) = match body.timespan.as_deref().map(str::trim).filter(|span| !span.is_empty()) {
        None => (body.query, None),
        Some(span) => {
            let between = palisade_kusto::timespan::interval(span, now.0).ok_or_else(|| {
                ApiError::invalid("Timespan must be a duration or an interval as in ISO 8601")
            })?;
            let (query, functions) = limited(&api, caller.tenant(), body.query, between, now).await?;
            (query, Some(functions))
        }
    };
    let answer = run(&caller, &api, query, functions, now).await?;
    let schema = answer
        .schema
        .iter()
        .map(|c| GraphColumn { name: c.name.clone(), kind: Kind::of(&c.kind).data_type() })
        .collect();
    Ok(Json(GraphResult { schema, results: objects(answer) }))
}

async fn run(
    caller: &Authorized<HuntingRun, audit::HuntingRun>,
    api: &Api,
    query: String,
    functions: Option<Vec<FunctionDef>>,
    now: TimeMicros,
) -> Result<QueryAnswer, ApiError> {
    let asked = Asked { deadline_ms: DEADLINE_MS, functions, ..Asked::new(query, now) };
    let answer = hunting::carry_out(caller, api, asked).await?.answer;
    if answer.truncated {
        // These clients have no way to be told that rows are missing.
        let message = format!("the answer has more than {} rows: use take or summarize", hunting::MAX_ROWS);
        return Err(ApiError::new(http::StatusCode::UNPROCESSABLE_ENTITY, "query_limit", message));
    }
    Ok(answer)
}

/// The query over those rows of its tables of events that lie in an interval, both ends included: before it
/// each such table's name is given to just these rows. So it is in the functions that it calls, which do not
/// see its names.
async fn limited(
    api: &Api,
    tenant: TenantId,
    query: String,
    (from, to): (i64, i64),
    now: TimeMicros,
) -> Result<(String, Vec<FunctionDef>), ApiError> {
    let functions = functions::named_in(api, tenant, &query).await?;
    let Compiled { query, functions, tables, .. } = hunting::compiled(api, query, functions, now).await?;
    let instant = palisade_kql::time::format_rfc3339;
    let (from, to) = (instant(from), instant(to));
    let limits = |text: &str, read: &dyn Fn(&str) -> bool| -> String {
        let timed = |name: &&String| {
            palisade_schema::table(name).is_some_and(|t| t.column("Timestamp").is_some()) && read(name)
        };
        let limit = |name: &String| {
            format!("let {name} = {name} | where Timestamp between (datetime({from}) .. datetime({to})); ")
        };
        tables.iter().filter(timed).map(limit).chain([text.to_owned()]).collect()
    };
    let within = |f: FunctionDef| {
        let named = names_in(&f.body);
        // Other tables than those that it names, a function reads by one of these.
        let any = f.body.contains('*') || named.contains("search") || named.contains("find");
        FunctionDef { body: limits(&f.body, &|name| any || named.contains(name)), ..f }
    };
    let functions = functions.into_iter().map(within).collect();
    Ok((limits(&query, &|_| true), functions))
}

fn objects(answer: QueryAnswer) -> Vec<Map<String, Value>> {
    let QueryAnswer { schema, rows, .. } = answer;
    let object = |row: Vec<Value>| {
        schema.iter().map(|c: &ResultColumn| c.name.clone()).zip(row).collect::<Map<_, _>>()
    };
    rows.into_iter().map(object).collect()
}

/// What it cost, in the fields that clients read; what nobody measured is left out.
fn stats(stats: &QueryStats) -> Value {
    json!({
        "ExecutionTime": stats.wall_ms / 1000.0,
        "resource_usage": {
            "cpu": {"total cpu": stats.cpu_ms / 1000.0},
            "memory": {"peak_per_node": stats.peak_memory_bytes},
        },
        "dataset_statistics": [{"table_row_count": stats.rows_returned}],
    })
}
