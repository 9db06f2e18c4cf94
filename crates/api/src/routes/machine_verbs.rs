//! What people do about a machine; each verb is its own.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_estate::provision::Alias;
use palisade_state::estate::MachineChange;
use palisade_types::{MachineId, SubscriptionId, TimeMicros};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::machines::Machine;
use crate::error::ApiError;
use crate::extract::{Body, Id, MaybeBody, Params};
use crate::gate::{Authorized, MachinesManage, MachinesOperate, Permission, audit};
use crate::scope::Scope;
use crate::state::Api;

/// What shall be different; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MachinePatch {
    /// All tags anew.
    tags: Option<BTreeMap<String, String>>,
    /// Excludes it from installation, in a few words why; an empty text ends that.
    exclusion: Option<String>,
}

/// Tags or excludes a machine.
#[utoipa::path(patch, path = "/api/v1/machines/{id}", operation_id = "machines_update", tag = "machines",
    params(("id" = String, Path, description = "The machine.")), request_body = MachinePatch,
    responses((status = 200, description = "As it is now.", body = Machine)))]
pub(crate) async fn update(
    caller: Authorized<MachinesOperate, audit::MachineUpdate>,
    State(api): State<Api>,
    Id(id): Id<MachineId>,
    Body(body): Body<MachinePatch>,
) -> Result<Json<Machine>, ApiError> {
    caller.scope.target(id);
    let exclusion = body.exclusion.map(|e| Some(e.trim().to_owned()).filter(|e| !e.is_empty()));
    if let Some(why) = &exclusion {
        caller.scope.detail("exclusion", why.clone().unwrap_or_default());
    }
    let change = MachineChange { tags: body.tags, exclusion, ..MachineChange::default() };
    changed(&api, &caller, id, &change).await
}

async fn changed<P: Permission, A>(
    api: &Api,
    caller: &Authorized<P, A>,
    id: MachineId,
    change: &MachineChange,
) -> Result<Json<Machine>, ApiError> {
    let state = &api.config.state;
    state.machine_summary(caller.tenant(), caller.devices(), id).await?;
    let by = caller.principal.actor().name;
    state.change_machine(caller.tenant(), id, change, &by, TimeMicros::now()).await?;
    Ok(Json(state.machine_summary(caller.tenant(), caller.devices(), id).await?.into()))
}

/// Where a machine shall belong.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveMachine {
    /// Another subscription of the same tenant.
    subscription_id: String,
    /// Why, for the audit log.
    #[serde(default)]
    reason: String,
}

/// Why something is done.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerbReason {
    /// For the audit log.
    #[serde(default)]
    pub reason: String,
}

/// The most characters of a reason.
const MAX_REASON: usize = 500;

/// Writes down why something is done.
pub(crate) fn note_reason(scope: &Scope, reason: &str) {
    let reason = reason.trim();
    if !reason.is_empty() {
        scope.detail("reason", reason.chars().take(MAX_REASON).collect::<String>());
    }
}

/// Moves a machine to another subscription of the tenant: device and history stay, its metering splits
/// at the hour, its extension is deployed anew.
#[utoipa::path(post, path = "/api/v1/machines/{id}/move", operation_id = "machines_move", tag = "machines",
    params(("id" = String, Path, description = "The machine.")), request_body = MoveMachine,
    responses((status = 200, description = "As it is now.", body = Machine)))]
pub(crate) async fn relocate(
    caller: Authorized<MachinesManage, audit::MachineMove>,
    State(api): State<Api>,
    Id(id): Id<MachineId>,
    Body(body): Body<MoveMachine>,
) -> Result<Json<Machine>, ApiError> {
    caller.scope.target(id);
    caller.scope.detail("subscription_id", body.subscription_id.clone());
    note_reason(&caller.scope, &body.reason);
    let to: SubscriptionId =
        body.subscription_id.parse().map_err(|_| ApiError::invalid("subscription_id is not valid"))?;
    let change = MachineChange { subscription: Some(to), ..MachineChange::default() };
    changed(&api, &caller, id, &change).await
}

/// Tries at once what waits for its pause.
#[utoipa::path(post, path = "/api/v1/machines/{id}/fix", operation_id = "machines_fix", tag = "machines",
    params(("id" = String, Path, description = "The machine.")),
    responses((status = 202, description = "It is looked at.")))]
pub(crate) async fn fix(
    caller: Authorized<MachinesOperate, audit::MachineFix>,
    State(api): State<Api>,
    Id(id): Id<MachineId>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(id);
    ask(&api, &caller, id, "fix").await
}

async fn ask<P: Permission, A>(
    api: &Api,
    caller: &Authorized<P, A>,
    id: MachineId,
    verb: &str,
) -> Result<StatusCode, ApiError> {
    let state = &api.config.state;
    state.machine_summary(caller.tenant(), caller.devices(), id).await?;
    let by = caller.principal.actor().name;
    state.ask_of_machine(caller.tenant(), id, verb, &by, TimeMicros::now()).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Takes a machine out of service: its device is refused, its sensor taken off, its history stays.
#[utoipa::path(post, path = "/api/v1/machines/{id}/offboard", operation_id = "machines_offboard", tag = "machines",
    params(("id" = String, Path, description = "The machine.")), request_body = Option<VerbReason>,
    responses((status = 200, description = "As it is now.", body = Machine)))]
pub(crate) async fn offboard(
    caller: Authorized<MachinesManage, audit::MachineOffboard>,
    State(api): State<Api>,
    Id(id): Id<MachineId>,
    MaybeBody(body): MaybeBody<VerbReason>,
) -> Result<Json<Machine>, ApiError> {
    caller.scope.target(id);
    note_reason(&caller.scope, &body.reason);
    let change = MachineChange { offboarded: Some(true), ..MachineChange::default() };
    changed(&api, &caller, id, &change).await
}

/// Takes an offboarded machine back; it is served as if it were new.
#[utoipa::path(post, path = "/api/v1/machines/{id}/onboard", operation_id = "machines_onboard", tag = "machines",
    params(("id" = String, Path, description = "The machine.")), request_body = Option<VerbReason>,
    responses((status = 200, description = "As it is now.", body = Machine)))]
pub(crate) async fn onboard(
    caller: Authorized<MachinesManage, audit::MachineOnboard>,
    State(api): State<Api>,
    Id(id): Id<MachineId>,
    MaybeBody(body): MaybeBody<VerbReason>,
) -> Result<Json<Machine>, ApiError> {
    caller.scope.target(id);
    note_reason(&caller.scope, &body.reason);
    let change = MachineChange { offboarded: Some(false), ..MachineChange::default() };
    changed(&api, &caller, id, &change).await
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExtensionParams {
    /// Its name, as a safeguard: `Palisade.Linux` or `Palisade.Windows`.
    name: Option<String>,
    /// Why, for the audit log.
    reason: Option<String>,
}

/// Deletes a machine's extension. The sensor stays; while the component is on, the extension returns.
#[utoipa::path(delete, path = "/api/v1/machines/{id}/extension", operation_id = "machines_extension_delete",
    tag = "machines", params(("id" = String, Path, description = "The machine."), ExtensionParams),
    responses((status = 202, description = "It is deleted.")))]
pub(crate) async fn delete_extension(
    caller: Authorized<MachinesOperate, audit::ExtensionDelete>,
    State(api): State<Api>,
    Id(id): Id<MachineId>,
    Params(params): Params<ExtensionParams>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(id);
    note_reason(&caller.scope, params.reason.as_deref().unwrap_or_default());
    match params.name.as_deref().map(Alias::of) {
        None | Some(Some(Alias::Native(_))) => ask(&api, &caller, id, "remove_extension").await,
        Some(Some(Alias::ReadOnly(native))) => Err(ApiError::bad(
            "extension_alias_read_only",
            format!("this name is for reading only; the extension is {native}"),
        )),
        Some(None) => Err(ApiError::invalid("there is no extension of that name")),
    }
}
