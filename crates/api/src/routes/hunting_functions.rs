//! Stored functions: written once, called by name in every query of the tenant.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_kql::stored::{self, FunctionError};
use palisade_kql::{FunctionDef, WithFunctions};
use palisade_state::hunting::{self as state, NewFunction, Person};
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::hunting::rejected;
use crate::error::ApiError;
use crate::extract::{Body, Id, Params};
use crate::functions;
use crate::gate::{Authorized, HuntingManage, HuntingRun, audit};
use crate::instant::Instant;
use crate::page::{self, Paging, page};
use crate::state::Api;

/// A column that a function gives.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FunctionColumn {
    /// Its name.
    name: String,
    /// Its KQL type.
    #[serde(rename = "type")]
    kind: String,
}

impl From<state::FunctionColumn> for FunctionColumn {
    fn from(column: state::FunctionColumn) -> Self {
        Self { name: column.name, kind: column.kind }
    }
}

/// A stored function.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HuntingFunction {
    /// Its name; case matters.
    name: String,
    /// Where people look for it: parts with slashes between them, or empty.
    folder: String,
    /// What it is for.
    description: String,
    /// Its parameters as KQL has them, with their brackets: `(ip: string, n: long = 5)` or `()`.
    parameters: String,
    /// Its statements, without braces.
    body: String,
    /// Whether it gives rows; else it gives a value.
    tabular: bool,
    /// The columns of its rows when it was written, where they are the same whatever it is called with.
    #[schema(required = true)]
    columns: Option<Vec<FunctionColumn>>,
    /// How often it was written, from 1; a change names the newest.
    revision: i64,
    /// Who made it.
    created_by: String,
    /// When.
    created_at: Instant,
    /// Who changed it last.
    updated_by: String,
    /// When.
    updated_at: Instant,
}

impl From<state::Function> for HuntingFunction {
    fn from(f: state::Function) -> Self {
        Self {
            name: f.name,
            folder: f.folder,
            description: f.description,
            parameters: f.parameters,
            body: f.body,
            tabular: f.tabular,
            columns: f.columns.map(|columns| columns.into_iter().map(Into::into).collect()),
            revision: f.revision,
            created_by: f.created_by,
            created_at: f.created_at.into(),
            updated_by: f.updated_by,
            updated_at: f.updated_at.into(),
        }
    }
}

page! {
    /// Stored functions by name.
    HuntingFunctionPage of HuntingFunction
}

/// Lists the tenant's functions by name.
#[utoipa::path(get, path = "/api/v1/hunting/functions", operation_id = "hunting_functions_list", tag = "hunting",
    params(Paging),
    responses((status = 200, description = "Functions by name.", body = HuntingFunctionPage)))]
pub(crate) async fn list(
    caller: Authorized<HuntingRun, audit::Unaudited>,
    State(api): State<Api>,
    Params(paging): Params<Paging>,
) -> Result<Json<HuntingFunctionPage>, ApiError> {
    caller.no_devices();
    let (limit, cursor) = (page::limit(paging.limit)?, page::cursor(paging.cursor)?);
    let page = api.config.state.hunting_functions(caller.tenant(), limit, cursor.as_deref()).await?;
    Ok(Json(page.into()))
}

/// Reads one function.
#[utoipa::path(get, path = "/api/v1/hunting/functions/{name}", operation_id = "hunting_functions_show",
    tag = "hunting", params(("name" = String, Path, description = "The function's name.")),
    responses((status = 200, description = "The function.", body = HuntingFunction)))]
pub(crate) async fn show(
    caller: Authorized<HuntingRun, audit::Unaudited>,
    State(api): State<Api>,
    Id(name): Id<String>,
) -> Result<Json<HuntingFunction>, ApiError> {
    caller.no_devices();
    Ok(Json(api.config.state.hunting_function(caller.tenant(), &name).await?.into()))
}

/// What a function shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriteFunction {
    /// Where people look for it: parts with slashes between them.
    #[serde(default)]
    folder: String,
    /// What it is for, at most 2000 characters.
    #[serde(default)]
    description: String,
    /// Its parameters as KQL has them, with their brackets.
    parameters: String,
    /// Its statements, without braces.
    body: String,
    /// The revision that is changed, which has to be the newest; absent to make a new function.
    revision: Option<i64>,
}

/// Makes a function, or changes it: without a revision there must be none of that name, with one it must be the
/// newest. A body that does not compile is answered with its places, counted in the body.
#[utoipa::path(put, path = "/api/v1/hunting/functions/{name}", operation_id = "hunting_functions_write",
    tag = "hunting", params(("name" = String, Path, description = "The function's name.")),
    request_body = WriteFunction,
    responses((status = 200, description = "The function.", body = HuntingFunction)))]
pub(crate) async fn write(
    caller: Authorized<HuntingManage, audit::HuntingFunctionWrite>,
    State(api): State<Api>,
    Id(name): Id<String>,
    Body(body): Body<WriteFunction>,
) -> Result<Json<HuntingFunction>, ApiError> {
    caller.scope.target(&name);
    caller.scope.detail("parameters", body.parameters.as_str());
    caller.scope.detail("body", body.body.as_str());
    let def = FunctionDef { name, parameters: body.parameters, body: body.body };
    let text = format!("{}\n{}", def.parameters, def.body);
    let others = functions::named_in(&api, caller.tenant(), &text).await?;
    let catalogue = api.catalogue.clone();
    let work = move || {
        let shape = stored::check(&def, &WithFunctions::new(&catalogue, &others), TimeMicros::now().0)?;
        Ok::<_, FunctionError>((def, shape))
    };
    let checked = tokio::task::spawn_blocking(work).await.map_err(|e| ApiError::internal("check", &e))?;
    let (def, shape) = checked.map_err(refused)?;
    let column = |c: palisade_kql::Column| state::FunctionColumn { name: c.name, kind: c.ty.to_string() };
    let new = NewFunction {
        name: def.name,
        folder: body.folder,
        description: body.description,
        parameters: def.parameters,
        body: def.body,
        tabular: shape.tabular,
        columns: shape.columns.map(|columns| columns.into_iter().map(column).collect()),
        revision: body.revision,
    };
    let by = Person::from(&caller.principal).name;
    let written =
        api.config.state.write_hunting_function(caller.tenant(), &new, &by, TimeMicros::now()).await?;
    caller.scope.detail("revision", written.revision);
    Ok(Json(written.into()))
}

/// Why a function is not stored, as its writer is told.
fn refused(error: FunctionError) -> ApiError {
    let (code, message) = (error.code(), error.to_string());
    match error {
        FunctionError::Body(found) => rejected(found),
        FunctionError::Parameters(at) => ApiError::bad(code, message).with_details(json!({
            "part": "parameters", "line": at.line, "column": at.column, "offset": at.offset, "length": at.length,
            "suggestion": at.suggestion,
        })),
        FunctionError::Name | FunctionError::Taken { .. } | FunctionError::TooLong { .. } => {
            ApiError::bad(code, message)
        }
    }
}

/// Deletes a function. Queries and functions that call it do not compile any more.
#[utoipa::path(delete, path = "/api/v1/hunting/functions/{name}", operation_id = "hunting_functions_delete",
    tag = "hunting", params(("name" = String, Path, description = "The function's name.")),
    responses((status = 204, description = "It is gone.")))]
pub(crate) async fn delete(
    caller: Authorized<HuntingManage, audit::HuntingFunctionDelete>,
    State(api): State<Api>,
    Id(name): Id<String>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(&name);
    api.config.state.delete_hunting_function(caller.tenant(), &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
