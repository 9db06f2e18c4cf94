//! The security explorer: questions about the estate as a graph.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use palisade_explore::{
    Access, Ask, MAX_LISTED, MAX_ROWS, Query, QueryError, schema_document, template, templates,
};
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::error::ApiError;
use crate::explorer;
use crate::extract::{Body, Params};
use crate::gate::{Authorized, ExploreRun, SignedIn, audit, feature};
use crate::state::Api;

/// Largest page.
const MAX_PAGE: usize = 1_000;

/// A question: a document, a template's name, or a link; exactly one of them.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExploreBody {
    /// The query as a document.
    query: Option<Value>,
    /// The name of a template.
    template: Option<String>,
    /// A link that another answer gave.
    link: Option<String>,
    /// Most rows, 1 to 1000; 25 when absent.
    limit: Option<usize>,
    /// `next` of the page before.
    after: Option<String>,
    /// Most nodes that a cell lists, 0 to 100; 10 when absent. Its total counts all.
    listed: Option<usize>,
}

/// What a question comes to.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExploreAnswer {
    /// Rows in all.
    count: u64,
    /// What the cells of a row are about.
    columns: Value,
    /// The rows of this page.
    rows: Value,
    /// What to ask the next page with; null on the last.
    #[schema(required = true)]
    next: Option<String>,
    /// What the answer does not cover, and why.
    missing: Value,
    /// The question, as a link.
    link: String,
    /// The question, as its canonical document.
    query: Value,
}

fn refused(e: &QueryError) -> ApiError {
    let mut error = ApiError::bad(e.code(), e.to_string());
    error.details = Some(Box::new(serde_json::json!({ "pointer": e.pointer })));
    error
}

fn asked(body: &ExploreBody) -> Result<Query, ApiError> {
    match (&body.query, &body.template, &body.link) {
        (Some(query), None, None) => Query::from_value(query).map_err(|e| refused(&e)),
        (None, Some(name), None) => template(name)
            .map(|t| t.query.clone())
            .ok_or_else(|| ApiError::bad("template_unknown", format!("there is no template {name}"))),
        (None, None, Some(link)) => Query::from_link(link).map_err(|e| refused(&e)),
        _ => Err(ApiError::invalid("give one of query, template and link")),
    }
}

/// Somebody who may ask, of a tenant whose plans open the explorer.
type Asking<A> = Authorized<ExploreRun, A, feature::Explorer>;

/// What the caller may see, by groups and by plans.
fn access<A>(caller: &Asking<A>) -> Access {
    explorer::access(caller.devices(), &caller.licence)
}

/// Asks a question about the estate.
#[utoipa::path(post, path = "/api/v1/explore", operation_id = "explore_run", tag = "explore",
    request_body = ExploreBody, responses((status = 200, description = "The answer.", body = ExploreAnswer)))]
pub(crate) async fn run(
    caller: Asking<audit::ExploreRun>,
    State(api): State<Api>,
    Body(body): Body<ExploreBody>,
) -> Result<Json<ExploreAnswer>, ApiError> {
    let query = asked(&body)?;
    let limit = body.limit.unwrap_or(25);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(ApiError::invalid(format!("limit must be 1 to {MAX_PAGE}")));
    }
    if body.listed.is_some_and(|n| n > MAX_LISTED) {
        return Err(ApiError::invalid(format!("listed must be 0 to {MAX_LISTED}")));
    }
    let access = access(&caller);
    let page = Page { limit, after: body.after, listed: body.listed };
    let answer = answer(&api, &caller, query.clone(), access, page).await?;
    let value = |v: Result<Value, serde_json::Error>| v.map_err(|e| ApiError::internal("answer", &e));
    Ok(Json(ExploreAnswer {
        count: answer.count,
        columns: value(serde_json::to_value(&answer.columns))?,
        rows: value(serde_json::to_value(&answer.rows))?,
        missing: value(serde_json::to_value(&answer.missing))?,
        next: answer.next,
        link: query.link(),
        query: value(serde_json::from_str(&query.to_json()))?,
    }))
}

/// Which rows, and how much of each.
struct Page {
    limit: usize,
    after: Option<String>,
    listed: Option<usize>,
}

async fn answer<A>(
    api: &Api,
    caller: &Asking<A>,
    query: Query,
    access: Access,
    page: Page,
) -> Result<palisade_explore::Answer, ApiError> {
    let snapshot = api.config.explorer.snapshot(&api.config.state, caller.tenant()).await?;
    let now = TimeMicros::now();
    // It computes for up to seconds: not on a thread that serves others.
    let done = tokio::task::spawn_blocking(move || {
        let mut ask = Ask { limit: page.limit, after: page.after.as_deref(), ..Ask::new(now, &access) };
        ask.listed = page.listed.unwrap_or(ask.listed);
        snapshot.answer(&query, &ask)
    });
    let answer = done.await.map_err(|e| ApiError::internal("explore", &e))?;
    answer.map_err(|e| refused(&e))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExploreLink {
    /// A link that an answer gave.
    link: Option<String>,
    /// The name of a template.
    template: Option<String>,
}

/// Answers a question as CSV, all rows.
#[utoipa::path(get, path = "/api/v1/explore/csv", operation_id = "explore_csv", tag = "explore",
    params(ExploreLink), responses((status = 200, description = "The rows.", content_type = "text/csv", body = String)))]
pub(crate) async fn csv(
    caller: Asking<audit::Unaudited>,
    State(api): State<Api>,
    Params(params): Params<ExploreLink>,
) -> Result<Response, ApiError> {
    let body = ExploreBody { template: params.template, link: params.link, ..ExploreBody::default() };
    let query = asked(&body)?;
    let access = access(&caller);
    let page = Page { limit: MAX_ROWS, after: None, listed: None };
    let answer = answer(&api, &caller, query, access, page).await?;
    let mut out = String::new();
    answer.write_csv(&mut out).map_err(|e| ApiError::internal("csv", &e))?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"explore.csv\""),
    ];
    Ok((headers, out).into_response())
}

/// A question that is ready to be asked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExploreTemplate {
    /// Stable name.
    name: String,
    /// For people.
    title: String,
    /// What it finds, and why one asks.
    description: String,
    /// The heading under which it is shown.
    group: String,
    /// The question.
    query: Value,
    /// The same as a link.
    link: String,
}

/// The explorer's language and templates.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExploreSchema {
    /// Types, connections, insights, properties and operators, for a builder.
    schema: Value,
    /// Questions that are ready to be asked.
    templates: Vec<ExploreTemplate>,
}

/// Reads what can be asked.
#[utoipa::path(get, path = "/api/v1/explore/schema", operation_id = "explore_schema", tag = "explore",
    responses((status = 200, description = "What can be asked.", body = ExploreSchema)))]
pub(crate) async fn schema(
    _caller: Authorized<SignedIn, audit::Unaudited>,
) -> Result<Json<ExploreSchema>, ApiError> {
    let value = serde_json::to_value(schema_document()).map_err(|e| ApiError::internal("schema", &e))?;
    let shown = templates().iter().map(|t| ExploreTemplate {
        name: t.name.clone(),
        title: t.title.clone(),
        description: t.description.clone(),
        group: t.group.clone(),
        query: serde_json::from_str(&t.query.to_json()).unwrap_or_default(),
        link: t.query.link(),
    });
    Ok(Json(ExploreSchema { schema: value, templates: shown.collect() }))
}
