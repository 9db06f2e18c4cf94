//! What queries can name: tables, columns, stored functions.

use axum::Json;
use axum::extract::State;
use palisade_schema::{Fill, TableKind};
use serde::Serialize;
use utoipa::ToSchema;

use super::hunting_functions::FunctionColumn;
use crate::error::ApiError;
use crate::gate::{Authorized, HuntingRun, audit};
use crate::state::Api;

/// A column of a hunting table.
#[derive(Serialize, ToSchema)]
pub(crate) struct HuntingColumn {
    /// Name; case matters.
    name: String,
    /// KQL type.
    #[serde(rename = "type")]
    kind: String,
    /// What it means.
    description: String,
    /// Whether every device fills it, or may fill it.
    filled: bool,
    /// Why it is not filled, or only sometimes.
    #[schema(required = true)]
    reason: Option<String>,
}

/// One named thing and its meaning.
#[derive(Serialize, ToSchema)]
pub(crate) struct Meaning {
    /// The name.
    name: String,
    /// What it means.
    description: String,
}

/// A hunting table.
#[derive(Serialize, ToSchema)]
pub(crate) struct HuntingTable {
    /// Name; case matters.
    name: String,
    /// `event`, `snapshot` or `view`.
    kind: String,
    /// What its rows are.
    description: String,
    /// Columns in order.
    columns: Vec<HuntingColumn>,
    /// Values of ActionType.
    action_types: Vec<Meaning>,
    /// Keys of AdditionalFields.
    additional_fields: Vec<Meaning>,
    /// Values of the column `type`, where the table has one.
    types: Vec<Meaning>,
}

/// A stored function as queries call it.
#[derive(Serialize, ToSchema)]
pub(crate) struct CallableFunction {
    /// Name; case matters.
    name: String,
    /// Its parameters with their brackets.
    parameters: String,
    /// What it is for.
    description: String,
    /// Where people look for it.
    folder: String,
    /// The columns of its rows, where they are certain.
    #[schema(required = true)]
    columns: Option<Vec<FunctionColumn>>,
}

/// What queries can name.
#[derive(Serialize, ToSchema)]
pub(crate) struct HuntingSchema {
    /// The tables by name.
    tables: Vec<HuntingTable>,
    /// The tenant's functions by name.
    functions: Vec<CallableFunction>,
}

/// Describes every table, column and stored function that queries can name.
#[utoipa::path(get, path = "/api/v1/hunting/schema", operation_id = "hunting_schema", tag = "hunting",
    responses((status = 200, description = "Tables and functions.", body = HuntingSchema)))]
pub(crate) async fn schema(
    caller: Authorized<HuntingRun, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<HuntingSchema>, ApiError> {
    caller.no_devices();
    let functions = all_functions(&api, caller.tenant()).await?.into_iter().map(|f| CallableFunction {
        name: f.name,
        parameters: f.parameters,
        description: f.description,
        folder: f.folder,
        columns: f.columns.map(|columns| columns.into_iter().map(Into::into).collect()),
    });
    let tables = palisade_schema::tables().iter().map(table).collect();
    Ok(Json(HuntingSchema { tables, functions: functions.collect() }))
}

/// Every function of a tenant, by name.
pub(super) async fn all_functions(
    api: &Api,
    tenant: palisade_types::TenantId,
) -> Result<Vec<palisade_state::hunting::Function>, ApiError> {
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let page =
            api.config.state.hunting_functions(tenant, crate::page::MAX_LIMIT, cursor.as_deref()).await?;
        all.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(all);
        }
    }
}

fn table(table: &palisade_schema::TableSpec) -> HuntingTable {
    let meanings = |map: &std::collections::BTreeMap<String, String>| {
        map.iter().map(|(name, text)| Meaning { name: name.clone(), description: text.clone() }).collect()
    };
    let columns = table.columns.iter().map(|c| HuntingColumn {
        name: c.name.clone(),
        kind: c.kind.to_string(),
        description: c.description.clone(),
        filled: c.fill != Fill::Na,
        reason: Some(c.reason.clone()).filter(|r| !r.is_empty()),
    });
    let kind = match table.kind {
        TableKind::Event => "event",
        TableKind::Snapshot => "snapshot",
        TableKind::View => "view",
    };
    HuntingTable {
        name: table.name.clone(),
        kind: kind.to_owned(),
        description: table.description.clone(),
        columns: columns.collect(),
        action_types: meanings(&table.action_types),
        additional_fields: meanings(&table.additional_fields),
        types: meanings(&table.types),
    }
}
