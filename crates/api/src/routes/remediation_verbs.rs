//! What people decide about remediations that sensors carry out: approve, pause, resume, cancel, go back.

use axum::Json;
use axum::extract::State;
use palisade_state::DeviceScope;
use palisade_state::remediations::{Decision, RemediationState};
use palisade_types::{TenantId, TimeMicros};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::remediations::{Remediation, RemediationRun, Run, answer};
use crate::error::ApiError;
use crate::extract::{Body, Id};
use crate::gate::{Authorized, OrdersCreate, VulnerabilitiesManage, audit};
use crate::remediation_events as events;
use crate::state::Api;

/// What is approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ApprovedPhase {
    /// Each device says what an update would do; nothing is changed.
    DryRun,
    /// Devices are updated.
    Apply,
}

/// An approval.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemediationApproval {
    /// What is approved.
    phase: ApprovedPhase,
    /// Takes the place of how it was to be carried out; that stays when absent.
    #[serde(default)]
    run: Option<RemediationRun>,
}

fn not_runnable() -> ApiError {
    ApiError::bad("remediation_not_runnable", "it does not say how sensors carry it out: people do it")
}

async fn run_of(api: &Api, tenant: TenantId, devices: &DeviceScope, id: Uuid) -> Result<Run, ApiError> {
    let there = api.config.state.remediation(tenant, devices, id).await?;
    there.run.as_ref().and_then(Run::read).ok_or_else(not_runnable)
}

/// Makes a decision, and tells of it.
async fn decide(
    api: &Api,
    tenant: TenantId,
    devices: &DeviceScope,
    id: Uuid,
    decision: &Decision<'_>,
    by: &str,
) -> Result<Json<Remediation>, ApiError> {
    let store = &api.config.state;
    let before = store.remediation(tenant, devices, id).await?.state;
    let found = store.decide_remediation(tenant, devices, id, decision, TimeMicros::now()).await?;
    events::changed(api, tenant, id, before.as_str(), by).await;
    answer(api, tenant, found).await
}

/// Approves that sensors carry a remediation out.
#[utoipa::path(post, path = "/api/v1/remediations/{id}/approve", operation_id = "remediations_approve",
    tag = "vulnerabilities", params(("id" = String, Path, description = "The remediation.")),
    request_body = RemediationApproval,
    responses((status = 200, description = "The remediation.", body = Remediation)))]
pub(crate) async fn approve(
    caller: Authorized<OrdersCreate, audit::RemediationApprove>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
    Body(body): Body<RemediationApproval>,
) -> Result<Json<Remediation>, ApiError> {
    use RemediationState::{Checked, Paused, Requested, Running, Stopped};
    caller.scope.target(id);
    let apply = body.phase == ApprovedPhase::Apply;
    caller.scope.detail("phase", if apply { "apply" } else { "dry_run" });
    let (tenant, devices) = (caller.tenant(), caller.devices());
    let mut run = run_of(&api, tenant, devices, id).await?;
    if let Some(asked) = body.run {
        run = asked.checked()?;
    }
    run.plan.dry_run_only = !apply;
    let by = caller.principal.actor().name;
    let decision = Decision {
        from: &[Requested, Checked, Stopped, Paused, Running],
        to: RemediationState::Running,
        run: Some(run.write()?),
        approved_by: Some(&by),
        again: true,
        back: false,
        reason_code: "",
    };
    decide(&api, tenant, devices, id, &decision, &by).await
}

/// Halts a remediation: nothing more is begun; what has begun is ended.
#[utoipa::path(post, path = "/api/v1/remediations/{id}/pause", operation_id = "remediations_pause",
    tag = "vulnerabilities", params(("id" = String, Path, description = "The remediation.")),
    responses((status = 200, description = "The remediation.", body = Remediation)))]
pub(crate) async fn pause(
    caller: Authorized<VulnerabilitiesManage, audit::RemediationPause>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<Json<Remediation>, ApiError> {
    caller.scope.target(id);
    let decision = Decision {
        from: &[RemediationState::Running, RemediationState::Paused],
        to: RemediationState::Paused,
        run: None,
        approved_by: None,
        again: false,
        back: false,
        reason_code: "paused_by_person",
    };
    let by = caller.principal.actor().name;
    decide(&api, caller.tenant(), caller.devices(), id, &decision, &by).await
}

/// Goes on with a remediation that was halted; what was approved stays approved.
#[utoipa::path(post, path = "/api/v1/remediations/{id}/resume", operation_id = "remediations_resume",
    tag = "vulnerabilities", params(("id" = String, Path, description = "The remediation.")),
    responses((status = 200, description = "The remediation.", body = Remediation)))]
pub(crate) async fn resume(
    caller: Authorized<OrdersCreate, audit::RemediationResume>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<Json<Remediation>, ApiError> {
    caller.scope.target(id);
    let (tenant, devices) = (caller.tenant(), caller.devices());
    let there = api.config.state.remediation(tenant, devices, id).await?;
    if there.approved.is_none() {
        return Err(not_runnable());
    }
    let decision = Decision {
        from: &[RemediationState::Paused, RemediationState::Running],
        to: RemediationState::Running,
        run: None,
        approved_by: None,
        again: false,
        back: false,
        reason_code: "",
    };
    let by = caller.principal.actor().name;
    decide(&api, tenant, devices, id, &decision, &by).await
}

/// Gives a remediation up; what has begun is ended, and nothing is taken back.
#[utoipa::path(post, path = "/api/v1/remediations/{id}/cancel", operation_id = "remediations_cancel",
    tag = "vulnerabilities", params(("id" = String, Path, description = "The remediation.")),
    responses((status = 200, description = "The remediation.", body = Remediation)))]
pub(crate) async fn cancel(
    caller: Authorized<VulnerabilitiesManage, audit::RemediationCancel>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<Json<Remediation>, ApiError> {
    use RemediationState::{Cancelled, Checked, Paused, Requested, Running, Stopped};
    caller.scope.target(id);
    let decision = Decision {
        from: &[Requested, Running, Checked, Paused, Stopped, Cancelled],
        to: RemediationState::Cancelled,
        run: None,
        approved_by: None,
        again: false,
        back: false,
        reason_code: "cancelled_by_person",
    };
    let by = caller.principal.actor().name;
    decide(&api, caller.tenant(), caller.devices(), id, &decision, &by).await
}

/// Has devices go back to the versions that the update replaced, where they said that they can; everything
/// else of the remediation stands still.
#[utoipa::path(post, path = "/api/v1/remediations/{id}/rollback", operation_id = "remediations_rollback",
    tag = "vulnerabilities", params(("id" = String, Path, description = "The remediation.")),
    responses((status = 200, description = "The remediation.", body = Remediation)))]
pub(crate) async fn rollback(
    caller: Authorized<OrdersCreate, audit::RemediationRollback>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<Json<Remediation>, ApiError> {
    use RemediationState::{Checked, Completed, Paused, Running, Stopped};
    caller.scope.target(id);
    let (tenant, devices) = (caller.tenant(), caller.devices());
    run_of(&api, tenant, devices, id).await?;
    let decision = Decision {
        from: &[Running, Checked, Paused, Stopped, Completed],
        to: RemediationState::Paused,
        run: None,
        approved_by: None,
        again: false,
        back: true,
        reason_code: "rolling_back",
    };
    let by = caller.principal.actor().name;
    decide(&api, tenant, devices, id, &decision, &by).await
}
