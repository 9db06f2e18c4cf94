//! The devices of a remediation: where each stands, and what it proved.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use palisade_state::remediations as state;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::error::ApiError;
use crate::extract::{Id, Params};
use crate::gate::{Authorized, VulnerabilitiesRead, audit};
use crate::instant::Instant;
use crate::listing::Part;
use crate::page::page;
use crate::state::Api;

/// A device of a remediation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RemediationDevice {
    /// The device.
    device_id: String,
    /// Its name.
    device_name: String,
    /// `waiting`, `checking`, `checked`, `refused`, `applying`, `applied`, `verified`, `failed`, `rolling_back`,
    /// `rolled_back`, `gone`.
    step: String,
    /// Since when.
    since: Instant,
    /// Whether the others wait for it.
    canary: bool,
    /// The order that it has, or had last.
    #[schema(required = true)]
    order_id: Option<String>,
    /// What went wrong: a code; empty where nothing did.
    code: String,
    /// The same in words.
    message: String,
    /// What it proved last: versions before and after, commands, what has to start again.
    proof: Value,
    /// Since when its own inventory shows the fix; null where it does not.
    #[schema(required = true)]
    fixed_at: Option<Instant>,
}

impl From<state::RemediationDevice> for RemediationDevice {
    fn from(d: state::RemediationDevice) -> Self {
        Self {
            device_id: d.device.to_string(),
            device_name: d.name,
            step: d.step,
            since: d.since.into(),
            canary: d.canary,
            order_id: d.order.map(|id| id.to_string()),
            code: d.code,
            message: d.message,
            proof: d.proof.unwrap_or(Value::Null),
            fixed_at: Instant::maybe(d.fixed_at),
        }
    }
}

page! {
    /// Devices of a remediation: failures first, then the canary.
    RemediationDevicePage of RemediationDevice
}

const DEVICE_COLUMNS: [&str; 9] =
    ["device_id", "device_name", "step", "since", "canary", "order_id", "code", "message", "fixed_at"];

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemediationDeviceParams {
    /// `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`.
    format: Option<String>,
    /// Most items, 1 to 1000; 50 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists a remediation's devices.
#[utoipa::path(get, path = "/api/v1/remediations/{id}/devices", operation_id = "remediations_devices",
    tag = "vulnerabilities", params(("id" = String, Path, description = "The remediation."), RemediationDeviceParams),
    responses((status = 200, description = "Devices.", content((RemediationDevicePage = "application/json"), (String = "text/csv")))))]
pub(crate) async fn list(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    headers: HeaderMap,
    Id(id): Id<Uuid>,
    Params(params): Params<RemediationDeviceParams>,
) -> Result<Response, ApiError> {
    let format = (params.format.as_deref(), &headers);
    let part = Part::asked((params.limit, params.cursor), (None, false), format)?;
    let (tenant, scope) = (caller.tenant(), caller.devices());
    let found = api.config.state.remediation_devices(tenant, scope, id, &part.range).await?;
    let page = RemediationDevicePage::from(found);
    part.answer("remediation-devices", &DEVICE_COLUMNS, page, |p| (&p.items, p.total))
}
