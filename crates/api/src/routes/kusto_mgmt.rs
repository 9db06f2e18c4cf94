//! Kusto's management commands, those that show what is there.

use axum::extract::State;
use axum::{Extension, Json};
use palisade_kusto::schema::{self, ColumnInfo, DatabaseInfo, FunctionInfo, ParameterInfo, TableInfo};
use palisade_kusto::{Command, Kind, Properties, Table, command, v1};
use palisade_schema::TableKind;
use palisade_state::{Principal, Tenant};
use serde_json::Value;

use super::hunting_schema::all_functions;
use super::kusto::{KustoRequest, answer, database, is_called, refused};
use crate::error::ApiError;
use crate::extract::Body;
use crate::gate::{Authorized, HuntingRun, audit};
use crate::kusto::Exchange;
use crate::state::Api;

/// Runs a management command that shows something, and the operators behind it; others are refused.
#[utoipa::path(post, path = "/v1/rest/mgmt", operation_id = "kusto_mgmt", tag = "kusto",
    request_body = KustoRequest,
    responses((status = 200, description = "One table; several where operators stand behind the command.", body = Value)))]
pub(crate) async fn run(
    caller: Authorized<HuntingRun, audit::HuntingRun>,
    State(api): State<Api>,
    Extension(exchange): Extension<Exchange>,
    Body(body): Body<KustoRequest>,
) -> Result<Json<Value>, ApiError> {
    caller.no_devices();
    caller.scope.detail("command", body.csl.as_str());
    let tenant = database(&api, &caller.principal, body.db.as_deref()).await?;
    let properties = Properties::read(body.properties.as_ref()).map_err(refused)?;
    let parsed = command::parse(&body.csl).map_err(|e| ApiError::bad(e.code, e.message))?;
    let table = shown(&api, &caller.principal, &tenant, parsed.command).await?;
    let Some(pipe) = parsed.pipe else { return Ok(Json(v1::command(table, properties.dynamic))) };
    let text = schema::as_query(&table, &pipe);
    let ran = answer(&caller, &api, &exchange, &text, properties).await?;
    Ok(Json(v1::query(ran.table, &ran.completion, ran.properties.dynamic)))
}

async fn shown(
    api: &Api,
    principal: &Principal,
    tenant: &Tenant,
    command: Command,
) -> Result<Table, ApiError> {
    let config = &api.config;
    let functions = match command {
        Command::Functions | Command::Function(_) | Command::Schema { .. } => {
            all_functions(api, tenant.id).await?.into_iter().map(function).collect()
        }
        _ => Vec::new(),
    };
    let database =
        DatabaseInfo { name: tenant.name.clone(), id: tenant.id.to_string(), tables: tables(), functions };
    let is_here = |name: &str| match is_called(tenant, name) {
        true => Ok(()),
        false => Err(entity_not_found("Database", name)),
    };
    let one = |name: &str| {
        let found = database.tables.iter().find(|table| table.name == name);
        found.ok_or_else(|| entity_not_found("Table", name))
    };
    Ok(match command {
        Command::Databases => schema::databases(&[&database], &database.name),
        Command::Database(name) => {
            name.as_deref().map_or(Ok(()), is_here)?;
            schema::databases(&[&database], &database.name)
        }
        Command::Schema { databases, form } => {
            databases.iter().try_for_each(|name| is_here(name))?;
            schema::schema(&[&database], form)
        }
        Command::Tables { names, details } => {
            let of = match names.is_empty() {
                true => database.tables.iter().collect(),
                false => names.iter().map(|name| one(name)).collect::<Result<Vec<_>, _>>()?,
            };
            schema::tables(&database, &of, details)
        }
        Command::Table(name) => schema::table(one(&name)?),
        Command::TableJson(name) => schema::table_schema(&database, one(&name)?, true),
        Command::TableCsl(name) => schema::table_schema(&database, one(&name)?, false),
        Command::Cluster => schema::cluster(&config.instance_id, &config.console_url),
        Command::Version => schema::version(&config.version, "Palisade"),
        Command::Diagnostics => {
            schema::diagnostics(config.state.ready().await.is_ok(), &format!("Palisade_{}", config.version))
        }
        Command::Functions => schema::functions(&database.functions.iter().collect::<Vec<_>>()),
        Command::Function(name) => {
            let found = database.functions.iter().find(|f| f.name == name);
            schema::functions(&[found.ok_or_else(|| entity_not_found("Function", &name))?])
        }
        Command::PrincipalRoles => {
            let id = principal.user.map(|user| user.to_string()).unwrap_or_default();
            schema::principal_roles(&database.name, &principal.actor().name, &id, principal.role.as_str())
        }
    })
}

fn entity_not_found(kind: &str, name: &str) -> ApiError {
    let name: String = name.chars().take(200).collect();
    ApiError::bad("entity_not_found", format!("Entity ID '{name}' of kind '{kind}' was not found."))
}

fn function(f: palisade_state::hunting::Function) -> FunctionInfo {
    let kind = |ty: palisade_kql::Type| Kind::of(ty.name());
    // It could be read when it was stored.
    let read = palisade_kql::stored::parameters_of(&f.parameters).unwrap_or_default();
    let parameter = |p: palisade_kql::stored::ParameterInfo| ParameterInfo {
        name: p.name,
        kind: p.kind.map(kind),
        columns: p.columns.into_iter().map(|c| (c.name, kind(c.ty))).collect(),
        default: p.default,
    };
    FunctionInfo {
        name: f.name,
        folder: f.folder,
        doc: f.description,
        parameters: read.into_iter().map(parameter).collect(),
        written: f.parameters,
        body: f.body,
        columns: f.columns.into_iter().flatten().map(|c| (c.name, Kind::of(&c.kind))).collect(),
    }
}

/// The tables that queries can name, those without rows included.
fn tables() -> Vec<TableInfo> {
    let column = |c: &palisade_schema::ColumnSpec| ColumnInfo {
        name: c.name.clone(),
        kind: Kind::of(&c.kind.to_string()),
        doc: c.description.clone(),
    };
    let table = |t: &palisade_schema::TableSpec| TableInfo {
        name: t.name.clone(),
        folder: match t.kind {
            TableKind::Event => "Events",
            TableKind::Snapshot => "Snapshots",
            TableKind::View => "Views",
        }
        .to_owned(),
        doc: t.description.clone(),
        columns: t.columns.iter().map(column).collect(),
    };
    let without_rows = |t: &palisade_schema::UnfilledTable| TableInfo {
        name: t.name.clone(),
        folder: "Without rows".to_owned(),
        doc: "Nothing fills it here: queries over it compile and give no rows.".to_owned(),
        columns: t
            .columns
            .iter()
            .map(|(name, kind)| ColumnInfo {
                name: name.clone(),
                kind: Kind::of(&kind.to_string()),
                doc: String::new(),
            })
            .collect(),
    };
    let filled = palisade_schema::tables().iter().map(table);
    filled.chain(palisade_schema::unfilled().iter().map(without_rows)).collect()
}
