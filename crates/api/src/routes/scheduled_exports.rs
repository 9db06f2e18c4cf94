//! Exports by the clock: who has which.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_kql::without_hidden;
use palisade_state::Role;
use palisade_state::hunting_exports::{self as state, ExportClock, NewScheduledExport, owner_of};
use palisade_types::{TenantId, TimeMicros};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::hunting::compiled;
use super::hunting_exports::keepable;
use super::scheduled_export_runs::HuntingExportRun;
use crate::error::ApiError;
use crate::exports::files;
use crate::extract::{Body, Id};
use crate::functions;
use crate::gate::{AuditKind, Authorized, HuntingRun, audit};
use crate::instant::Instant;
use crate::page::page;
use crate::query::ExportFormat;
use crate::state::Api;

/// An export by the clock.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScheduledExport {
    /// Identifier.
    id: String,
    /// Name.
    name: String,
    /// KQL.
    query: String,
    /// The kind of file.
    format: String,
    /// `hour`, `day` or `week`.
    every: String,
    /// Minute of the hour, UTC.
    at_minute: u8,
    /// Hour of the day, UTC; null for every hour.
    #[schema(required = true)]
    at_hour: Option<u8>,
    /// Day of the week, 1 (Monday) to 7; null but for every week.
    #[schema(required = true)]
    on_weekday: Option<u8>,
    /// Files that are kept; older ones are removed.
    keep: u16,
    /// Whether it is in force.
    enabled: bool,
    /// Whose it is: it runs with their rights as they are then.
    owner: String,
    /// Its last run.
    #[schema(required = true)]
    last_run: Option<HuntingExportRun>,
    /// When it runs next; null where it is switched off.
    #[schema(required = true)]
    next_run_at: Option<Instant>,
    /// Who made it.
    created_by: String,
    /// When.
    created_at: Instant,
    /// Who changed it last.
    updated_by: String,
    /// When.
    updated_at: Instant,
}

impl From<state::ScheduledExport> for ScheduledExport {
    fn from(e: state::ScheduledExport) -> Self {
        let (at_minute, at_hour, on_weekday) = e.what.clock.at();
        Self {
            id: e.id.to_string(),
            name: e.what.name,
            query: e.what.query,
            format: e.what.format,
            every: e.what.clock.every().to_owned(),
            at_minute,
            at_hour,
            on_weekday,
            keep: e.what.keep,
            enabled: e.what.enabled,
            owner: e.owner.name,
            last_run: e.last_run.map(Into::into),
            next_run_at: Instant::maybe(e.next_run_at),
            created_by: e.created_by,
            created_at: e.created_at.into(),
            updated_by: e.updated_by,
            updated_at: e.updated_at.into(),
        }
    }
}

page! {
    /// Exports by the clock.
    ScheduledExportPage of ScheduledExport
}

/// An export by the clock to make, or what one shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScheduledExportBody {
    /// Name.
    name: String,
    /// KQL.
    query: String,
    /// The kind of file.
    format: ExportFormat,
    /// `hour`, `day` or `week`.
    every: String,
    /// Minute of the hour, UTC, 0 to 59.
    #[schema(maximum = 59)]
    at_minute: u8,
    /// Hour of the day, UTC, 0 to 23; absent for every hour.
    #[schema(maximum = 23)]
    at_hour: Option<u8>,
    /// Day of the week, 1 (Monday) to 7; absent but for every week.
    #[schema(minimum = 1, maximum = 7)]
    on_weekday: Option<u8>,
    /// Files that are kept, 1 to 100; 10 when absent.
    #[schema(minimum = 1, maximum = 100)]
    keep: Option<u16>,
    /// Whether it is in force; it is when absent.
    enabled: Option<bool>,
}

impl ScheduledExportBody {
    async fn read(self, api: &Api, tenant: TenantId) -> Result<NewScheduledExport, ApiError> {
        let clock = ExportClock::read(&self.every, self.at_minute, self.at_hour, self.on_weekday)?;
        keepable(&self.query)?;
        let functions = functions::named_in(api, tenant, &self.query).await?;
        let query = compiled(api, self.query, functions, TimeMicros::now()).await?.query;
        Ok(NewScheduledExport {
            name: self.name,
            query,
            format: self.format.as_str().to_owned(),
            clock,
            keep: self.keep.unwrap_or(10),
            enabled: self.enabled.unwrap_or(true),
        })
    }
}

/// Refuses a token that has less than its user: an export runs with the user's rights.
pub(super) async fn whole<A: AuditKind>(
    caller: &Authorized<HuntingRun, A>,
    api: &Api,
) -> Result<(), ApiError> {
    let principal = &caller.principal;
    let own = api.config.state.export_principal(principal.tenant, &owner_of(principal), Uuid::nil()).await?;
    caller.no_devices();
    let same = own.role == principal.role && own.devices == principal.devices;
    if same && principal.permissions.is_none() {
        return Ok(());
    }
    Err(ApiError::forbidden(
        "scheduled exports run with their owner's rights, and this token has less than those",
    ))
}

/// One that the caller may see and change: their own, an administrator any.
pub(super) async fn reached<A: AuditKind>(
    caller: &Authorized<HuntingRun, A>,
    api: &Api,
    id: Uuid,
) -> Result<state::ScheduledExport, ApiError> {
    caller.scope.target(id);
    whole(caller, api).await?;
    let found = api.config.state.scheduled_export(caller.tenant(), id).await?;
    let principal = &caller.principal;
    if principal.role == Role::Administrator || found.owner.key == owner_of(principal).key {
        return Ok(found);
    }
    Err(ApiError::not_found("scheduled export"))
}

/// Lists exports by the clock: the caller's own, for an administrator all.
#[utoipa::path(get, path = "/api/v1/hunting/scheduled-exports", operation_id = "scheduled_exports_list",
    tag = "hunting", responses((status = 200, description = "Exports.", body = ScheduledExportPage)))]
pub(crate) async fn list(
    caller: Authorized<HuntingRun, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<ScheduledExportPage>, ApiError> {
    whole(&caller, &api).await?;
    let principal = &caller.principal;
    let own = owner_of(principal).key;
    let only = (principal.role != Role::Administrator).then_some(own.as_str());
    let all = api.config.state.scheduled_exports(caller.tenant(), only).await?;
    Ok(Json(ScheduledExportPage::whole(all.into_iter().map(Into::into).collect())))
}

/// Reads one export by the clock.
#[utoipa::path(get, path = "/api/v1/hunting/scheduled-exports/{id}", operation_id = "scheduled_exports_show",
    tag = "hunting", params(("id" = String, Path, description = "The export.")),
    responses((status = 200, description = "The export.", body = ScheduledExport)))]
pub(crate) async fn show(
    caller: Authorized<HuntingRun, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<Json<ScheduledExport>, ApiError> {
    Ok(Json(reached(&caller, &api, id).await?.into()))
}

/// Makes an export by the clock, which is its maker's.
#[utoipa::path(post, path = "/api/v1/hunting/scheduled-exports", operation_id = "scheduled_exports_create",
    tag = "hunting", request_body = ScheduledExportBody,
    responses((status = 201, description = "The export.", body = ScheduledExport)))]
pub(crate) async fn create(
    caller: Authorized<HuntingRun, audit::ScheduledExportCreate>,
    State(api): State<Api>,
    Body(body): Body<ScheduledExportBody>,
) -> Result<(StatusCode, Json<ScheduledExport>), ApiError> {
    caller.scope.detail("query", without_hidden(&body.query));
    whole(&caller, &api).await?;
    let new = body.read(&api, caller.tenant()).await?;
    let made = api.config.state.create_scheduled_export(&caller.principal, &new, TimeMicros::now()).await?;
    caller.scope.target(made.id);
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Changes an export by the clock as a whole; its owner stays.
#[utoipa::path(put, path = "/api/v1/hunting/scheduled-exports/{id}", operation_id = "scheduled_exports_update",
    tag = "hunting", params(("id" = String, Path, description = "The export.")), request_body = ScheduledExportBody,
    responses((status = 200, description = "As it is now.", body = ScheduledExport)))]
pub(crate) async fn update(
    caller: Authorized<HuntingRun, audit::ScheduledExportUpdate>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
    Body(body): Body<ScheduledExportBody>,
) -> Result<Json<ScheduledExport>, ApiError> {
    caller.scope.detail("query", without_hidden(&body.query));
    reached(&caller, &api, id).await?;
    let new = body.read(&api, caller.tenant()).await?;
    let changed = api.config.state.change_scheduled_export((&caller.principal, id), &new, TimeMicros::now());
    Ok(Json(changed.await?.into()))
}

/// Deletes an export by the clock with its files.
#[utoipa::path(delete, path = "/api/v1/hunting/scheduled-exports/{id}", operation_id = "scheduled_exports_delete",
    tag = "hunting", params(("id" = String, Path, description = "The export.")),
    responses((status = 204, description = "It is gone.")))]
pub(crate) async fn delete(
    caller: Authorized<HuntingRun, audit::ScheduledExportDelete>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, ApiError> {
    reached(&caller, &api, id).await?;
    api.config.state.delete_scheduled_export(caller.tenant(), id).await?;
    if let Some(folder) = files::folder(&api, caller.tenant()).await? {
        files::remove_all(&folder, id).await;
    }
    Ok(StatusCode::NO_CONTENT)
}
