//! Queries written by people.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_kql::{self as kql, FunctionDef, WithFunctions};
use palisade_schema::TableKind;
use palisade_state::Role;
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::hunting_history::Remembered;
use crate::ask;
use crate::error::ApiError;
use crate::extract::{Body, Id};
use crate::functions;
use crate::gate::{Authorized, HuntingRun, audit};
use crate::query::{QueryAnswer, QueryFailure, QueryRequest, QueryStats, ResultColumn};
use crate::render::Render;
use crate::state::Api;
use crate::views;

const DEFAULT_ROWS: u64 = 10_000;
/// Most rows of an answer.
pub(super) const MAX_ROWS: u64 = 100_000;
const DEFAULT_DEADLINE_MS: u64 = 60_000;
/// Longest time of a query.
pub(super) const MAX_DEADLINE_MS: u64 = 600_000;
/// How long a query waits for a slot before its writer is told that all are taken.
const PATIENCE: Duration = Duration::from_secs(3);

/// A query to run.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HuntingQuery {
    /// KQL.
    query: String,
    /// Most rows of the answer, 1 to 100000; 10000 when absent.
    #[schema(minimum = 1, maximum = 100000)]
    row_cap: Option<u64>,
    /// How long it may run, milliseconds, up to ten minutes; one minute when absent.
    #[schema(minimum = 1, maximum = 600000)]
    deadline_ms: Option<u64>,
    /// A name for cancelling it, unique among those that run: letters, digits, `-` and `_`.
    query_id: Option<String>,
}

/// What a query returned.
#[derive(Serialize, ToSchema)]
pub(crate) struct HuntingResult {
    /// The name by which it could be cancelled.
    query_id: String,
    /// Columns.
    schema: Vec<ResultColumn>,
    /// Rows; each has one value per column.
    rows: Vec<Vec<Value>>,
    /// What it cost.
    stats: QueryStats,
    /// Whether the row cap cut the answer.
    truncated: bool,
    /// What may not mean what its writer thinks.
    warnings: Vec<Diagnostic>,
    /// The chart that the query asks for.
    #[schema(required = true)]
    render: Option<Render>,
}

/// Runs a query. A query that does not compile is answered with the place and what was probably meant.
#[utoipa::path(post, path = "/api/v1/hunting/query", operation_id = "hunting_query", tag = "hunting",
    request_body = HuntingQuery,
    responses((status = 200, description = "The rows.", body = HuntingResult)))]
pub(crate) async fn query(
    caller: Authorized<HuntingRun, audit::HuntingRun>,
    State(api): State<Api>,
    Body(body): Body<HuntingQuery>,
) -> Result<Json<HuntingResult>, ApiError> {
    let asked = Asked {
        row_cap: body.row_cap.unwrap_or(DEFAULT_ROWS),
        deadline_ms: body.deadline_ms.unwrap_or(DEFAULT_DEADLINE_MS),
        query_id: body.query_id,
        ..Asked::new(body.query, TimeMicros::now())
    };
    let remembered = Remembered::begin(&api, &caller.principal, &asked);
    let outcome = carry_out(&caller, &api, asked).await;
    remembered.end(&outcome).await;
    let Outcome { query_id, answer, warnings, render } = outcome?;
    Ok(Json(HuntingResult {
        render,
        query_id,
        schema: answer.schema,
        rows: answer.rows,
        stats: answer.stats,
        truncated: answer.truncated,
        warnings,
    }))
}

/// A query of a caller, whatever door it came by.
pub(super) struct Asked {
    /// KQL.
    pub query: String,
    /// Most rows of the answer, 1 to [`MAX_ROWS`].
    pub row_cap: u64,
    /// How long it may run, 1 to [`MAX_DEADLINE_MS`].
    pub deadline_ms: u64,
    /// A name for cancelling it.
    pub query_id: Option<String>,
    /// What `now()` means.
    pub now: TimeMicros,
    /// The stored functions that it may call; those of the tenant when absent.
    pub functions: Option<Vec<FunctionDef>>,
}

impl Asked {
    /// A query with the most rows and the usual time.
    pub(super) fn new(query: String, now: TimeMicros) -> Self {
        Self {
            query,
            row_cap: MAX_ROWS,
            deadline_ms: DEFAULT_DEADLINE_MS,
            query_id: None,
            now,
            functions: None,
        }
    }
}

/// What it gave.
pub(super) struct Outcome {
    pub query_id: String,
    pub answer: QueryAnswer,
    pub warnings: Vec<Diagnostic>,
    pub render: Option<Render>,
}

/// Compiles a query, holds it against what its caller may see, and runs it in a slot of the tenant; the
/// audit entry says what was asked and what came of it.
pub(super) async fn carry_out(
    caller: &Authorized<HuntingRun, audit::HuntingRun>,
    api: &Api,
    asked: Asked,
) -> Result<Outcome, ApiError> {
    let (scope, tenant) = (&caller.scope, caller.tenant());
    scope.detail("query", kql::without_hidden(&asked.query));
    let row_cap = asked.row_cap;
    if !(1..=MAX_ROWS).contains(&row_cap) {
        return Err(ApiError::invalid(format!("row_cap must be 1 to {MAX_ROWS}")));
    }
    let deadline = asked.deadline_ms;
    if !(1..=MAX_DEADLINE_MS).contains(&deadline) {
        return Err(ApiError::invalid(format!("deadline_ms must be 1 to {MAX_DEADLINE_MS}")));
    }
    let query_id = asked.query_id.unwrap_or_else(|| Uuid::now_v7().to_string());
    if !is_query_id(&query_id) {
        return Err(ApiError::invalid("query_id must be 1 to 64 letters, digits, - or _"));
    }
    scope.target(&query_id);
    let now = asked.now;
    let functions = match asked.functions {
        Some(functions) => functions,
        None => functions::named_in(api, tenant, &asked.query).await?,
    };
    let Compiled { query, functions, tables, warnings, render } =
        compiled(api, asked.query, functions, now).await?;
    if !functions.is_empty() {
        scope.detail("functions", functions.iter().map(|f| f.name.as_str()).collect::<Vec<_>>());
    }
    let devices = api.config.state.devices_in_scope(tenant, caller.devices()).await?;
    if devices.is_some() {
        within_devices(&tables)?;
    }
    // Rows of views are of the present, whatever the query takes for it.
    let views = views::of(api, &caller.principal, &tables, TimeMicros::now()).await?;
    let owner = caller.principal.actor();
    let named = api.running.name(tenant, &query_id, &owner.name).ok_or_else(|| {
        ApiError::new(StatusCode::CONFLICT, "query_id_in_use", "a query with this id runs already")
    })?;
    let deadline = Duration::from_millis(deadline);
    let request = QueryRequest {
        tenant,
        devices,
        query,
        functions,
        row_cap,
        deadline,
        query_id: query_id.clone(),
        now_us: now.0,
    };
    let answer = tokio::select! {
        answer = ask::run_over(api, request, views, PATIENCE) => answer?,
        () = named.cancelled.cancelled() => {
            let message = "the query was cancelled".to_owned();
            return Err(QueryFailure { code: "query_cancelled".to_owned(), message, ..QueryFailure::default() }.into());
        }
    };
    scope.detail("rows", answer.rows.len());
    scope.detail("truncated", answer.truncated);
    scope.detail("wall_ms", answer.stats.wall_ms);
    Ok(Outcome { query_id, answer, warnings, render })
}

fn is_query_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Refuses tables whose rows belong to no device to somebody who is limited to some. The workers do
/// the same. A view is made for its caller, and holds nothing that they may not see.
pub(crate) fn within_devices(tables: &[String]) -> Result<(), ApiError> {
    let of_devices = |name: &str| {
        palisade_schema::table(name)
            .is_some_and(|t| t.kind == TableKind::View || t.column("DeviceId").is_some())
    };
    match tables.iter().find(|name| !of_devices(name)) {
        None => Ok(()),
        Some(name) => {
            let message = format!("rows of {name} belong to no device, and you are limited to device groups");
            Err(ApiError { code: "table_out_of_scope".to_owned(), ..ApiError::forbidden(message) })
        }
    }
}

/// A text that compiles.
pub(crate) struct Compiled {
    /// The text.
    pub query: String,
    /// The stored functions that it is made of.
    pub functions: Vec<FunctionDef>,
    /// The tables that it reads.
    pub tables: Vec<String>,
    /// Warnings about it.
    pub warnings: Vec<Diagnostic>,
    /// The chart that it asks for.
    pub render: Option<Render>,
}

/// Compiles before a worker is bothered; gives the text back, and of the functions those that it needs.
pub(crate) async fn compiled(
    api: &Api,
    query: String,
    mut functions: Vec<FunctionDef>,
    now: TimeMicros,
) -> Result<Compiled, ApiError> {
    let catalogue = api.catalogue.clone();
    let work = move || {
        let program = kql::compile(&query, &WithFunctions::new(&catalogue, &functions), now.0)?;
        functions.retain(|f| program.functions.contains(&f.name));
        Ok::<_, Vec<kql::Diagnostic>>(Compiled {
            query,
            functions,
            tables: program.tables().into_iter().map(str::to_owned).collect(),
            render: program.render.map(Into::into),
            warnings: program.warnings.into_iter().map(Into::into).collect(),
        })
    };
    let compiled = tokio::task::spawn_blocking(work).await.map_err(|e| ApiError::internal("compile", &e))?;
    compiled.map_err(rejected)
}

/// A text that does not compile, as its writer is told.
pub(super) fn rejected(found: Vec<kql::Diagnostic>) -> ApiError {
    let all: Vec<Diagnostic> = found.into_iter().map(Into::into).collect();
    let Some(first) = all.iter().find(|d| d.severity == DiagnosticSeverity::Error) else {
        return ApiError::internal("compile", &"a query failed to compile without an error");
    };
    let details = json!({
        "line": first.line, "column": first.column, "offset": first.offset, "length": first.length,
        "suggestion": first.suggestion, "diagnostics": all,
    });
    ApiError::bad(&first.code, first.message.clone()).with_details(details)
}

/// Cancels a running query of the caller; an administrator cancels anybody's in the tenant.
#[utoipa::path(delete, path = "/api/v1/hunting/query/{query_id}", operation_id = "hunting_cancel", tag = "hunting",
    params(("query_id" = String, Path, description = "The name that was given to the query.")),
    responses((status = 204, description = "It is being stopped.")))]
pub(crate) async fn cancel(
    caller: Authorized<HuntingRun, audit::HuntingCancel>,
    State(api): State<Api>,
    Id(query_id): Id<String>,
) -> Result<StatusCode, ApiError> {
    let tenant = caller.tenant();
    caller.no_devices();
    caller.scope.target(&query_id);
    let (own, role) = (caller.principal.actor().name, caller.principal.role);
    if !api.running.cancel(tenant, &query_id, |owner| owner == own || role == Role::Administrator) {
        return Err(ApiError::not_found("running query"));
    }
    api.config.query.cancel(tenant, &query_id).await;
    Ok(StatusCode::NO_CONTENT)
}

/// A query to check.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ValidateRequest {
    /// KQL.
    query: String,
}

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DiagnosticSeverity {
    /// The query does not run.
    Error,
    /// The query runs, but may not mean what its writer thinks.
    Warning,
}

/// One finding about a query text.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Diagnostic {
    /// Error or warning.
    severity: DiagnosticSeverity,
    /// Stable snake_case code.
    code: String,
    /// One sentence for people.
    message: String,
    /// Line, from 1.
    line: u32,
    /// Column in characters, from 1.
    column: u32,
    /// Offset from the start of the text, in characters.
    offset: u32,
    /// Length in characters.
    length: u32,
    /// What the writer probably meant, as replacement text.
    #[schema(required = true)]
    suggestion: Option<String>,
}

impl From<kql::Diagnostic> for Diagnostic {
    fn from(d: kql::Diagnostic) -> Self {
        let severity = match d.severity {
            kql::Severity::Error => DiagnosticSeverity::Error,
            kql::Severity::Warning => DiagnosticSeverity::Warning,
        };
        Self {
            severity,
            code: d.code,
            message: d.message,
            line: d.line,
            column: d.column,
            offset: d.offset,
            length: d.length,
            suggestion: d.suggestion,
        }
    }
}

/// Findings about a query text, in the order of their place.
#[derive(Serialize, ToSchema)]
pub(crate) struct Diagnostics {
    /// The findings; none when the query is good.
    diagnostics: Vec<Diagnostic>,
}

/// Checks a query against the schema without running it.
#[utoipa::path(post, path = "/api/v1/hunting/validate", operation_id = "hunting_validate", tag = "hunting",
    request_body = ValidateRequest,
    responses((status = 200, description = "What is wrong with the query.", body = Diagnostics)))]
pub(crate) async fn validate(
    caller: Authorized<HuntingRun, audit::Unaudited>,
    State(api): State<Api>,
    Body(body): Body<ValidateRequest>,
) -> Result<Json<Diagnostics>, ApiError> {
    caller.no_devices();
    let functions = functions::named_in(&api, caller.tenant(), &body.query).await?;
    let catalogue = api.catalogue.clone();
    let work =
        move || kql::validate(&body.query, &WithFunctions::new(&catalogue, &functions), TimeMicros::now().0);
    let found = tokio::task::spawn_blocking(work).await.map_err(|e| ApiError::internal("validate", &e))?;
    Ok(Json(Diagnostics { diagnostics: found.into_iter().map(Into::into).collect() }))
}
