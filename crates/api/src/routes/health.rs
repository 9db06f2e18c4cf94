//! Health of the whole estate: findings, counts, the catalogue, the thresholds.

use axum::Json;
use axum::extract::State;
use palisade_estate::health::{Code, Thresholds};
use palisade_state::estate::HEALTH_THRESHOLDS;
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::machines::{Finding, kind_of};
use super::subscriptions::StatusCounts;
use crate::error::ApiError;
use crate::extract::{Body, Params};
use crate::gate::{Authorized, EstateManage, EstateRead, MachinesRead, SignedIn, audit};
use crate::page::{self, page};
use crate::state::Api;

page! {
    /// Findings.
    FindingPage of Finding
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindingParams {
    /// Only this code.
    code: Option<String>,
    /// Only this kind: `installation`, `heartbeat`, `not_applicable`.
    kind: Option<String>,
    /// Most items, 1 to 1000; 50 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// Lists findings that stand, by code and machine.
#[utoipa::path(get, path = "/api/v1/health/findings", operation_id = "health_findings", tag = "machines",
    params(FindingParams), responses((status = 200, description = "Findings.", body = FindingPage)))]
pub(crate) async fn findings(
    caller: Authorized<MachinesRead, audit::Unaudited>,
    State(api): State<Api>,
    Params(params): Params<FindingParams>,
) -> Result<Json<FindingPage>, ApiError> {
    let code = params.code.filter(|c| !c.is_empty());
    if code.as_deref().is_some_and(|c| c.parse::<Code>().is_err()) {
        return Err(ApiError::invalid("there is no such finding"));
    }
    let kind = params.kind.filter(|k| !k.is_empty());
    if let Some(kind) = &kind {
        kind_of(kind)?;
    }
    let limit = page::limit(params.limit)?;
    let state = &api.config.state;
    let found =
        state.findings(caller.tenant(), caller.devices(), code.as_deref(), kind.as_deref(), limit).await?;
    Ok(Json(FindingPage::whole(found.into_iter().map(Into::into).collect())))
}

/// How many machines one finding affects.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FindingCount {
    /// The stable code.
    code: String,
    /// Its kind.
    kind: String,
    /// What it is, in a few words.
    title: String,
    /// What to do about it.
    remediation: String,
    /// Machines.
    machines: u64,
}

/// The estate's health in numbers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthSummary {
    /// Machines by status.
    machines: StatusCounts,
    /// Findings by how many machines they affect.
    findings: Vec<FindingCount>,
}

/// Says how many machines are healthy, unhealthy and not applicable, and which findings affect most.
#[utoipa::path(get, path = "/api/v1/health/summary", operation_id = "health_summary", tag = "machines",
    responses((status = 200, description = "The estate's health.", body = HealthSummary)))]
pub(crate) async fn summary(
    caller: Authorized<MachinesRead, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<HealthSummary>, ApiError> {
    let state = &api.config.state;
    let mut machines = StatusCounts::default();
    for (_, status, _, n) in state.status_counts(caller.tenant(), caller.devices()).await? {
        machines.add(&status, n);
    }
    let counts = state.finding_counts(caller.tenant(), caller.devices()).await?;
    let findings = counts.into_iter().map(|c| {
        let entry = c.code.parse::<Code>().ok().map(|code| code.entry());
        FindingCount {
            title: entry.map(|e| e.title.clone()).unwrap_or_default(),
            remediation: entry.map(|e| e.remediation.clone()).unwrap_or_default(),
            code: c.code,
            kind: c.kind,
            machines: c.machines,
        }
    });
    Ok(Json(HealthSummary { machines, findings: findings.collect() }))
}

/// A finding that can be raised.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CatalogueEntry {
    /// The stable code.
    code: String,
    /// Its kind.
    kind: String,
    /// `unhealthy` or `notice`.
    weight: String,
    /// What it is, in a few words.
    title: String,
    /// What to do about it.
    remediation: String,
}

page! {
    /// Every finding that can be raised.
    CataloguePage of CatalogueEntry
}

fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Lists every finding that can be raised.
#[utoipa::path(get, path = "/api/v1/health/catalogue", operation_id = "health_catalogue", tag = "machines",
    responses((status = 200, description = "Findings.", body = CataloguePage)))]
pub(crate) async fn catalogue(
    _caller: Authorized<SignedIn, audit::Unaudited>,
) -> Result<Json<CataloguePage>, ApiError> {
    let items = Code::ALL.iter().map(|code| {
        let entry = code.entry();
        CatalogueEntry {
            code: code.as_str().to_owned(),
            kind: word(&entry.kind),
            weight: word(&entry.weight),
            title: entry.title.clone(),
            remediation: entry.remediation.clone(),
        }
    });
    Ok(Json(CataloguePage::whole(items.collect())))
}

/// The named thresholds of health, in seconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HealthThresholds {
    /// A heartbeat that is missing for longer is late.
    late: i64,
    /// One that is missing for longer is lost.
    lost: i64,
    /// A machine that was not heard for longer is inactive.
    inactive: i64,
    /// How long a loss of events is held against a machine.
    loss_shown: i64,
    /// A new machine gives its first event within this time.
    first_event: i64,
    /// A machine gives an event at least this often.
    no_events: i64,
    /// Content that is older is out of date.
    content_old: i64,
    /// More starts of the sensor within an hour than this are too many.
    restarts_per_hour: u32,
}

const SECOND: i64 = 1_000_000;

impl From<Thresholds> for HealthThresholds {
    fn from(t: Thresholds) -> Self {
        Self {
            late: t.late / SECOND,
            lost: t.lost / SECOND,
            inactive: t.inactive / SECOND,
            loss_shown: t.loss_shown / SECOND,
            first_event: t.first_event / SECOND,
            no_events: t.no_events / SECOND,
            content_old: t.content_old / SECOND,
            restarts_per_hour: t.restarts_per_hour,
        }
    }
}

/// Reads the thresholds of health.
#[utoipa::path(get, path = "/api/v1/settings/health-thresholds", operation_id = "health_thresholds_show",
    tag = "estate", responses((status = 200, description = "The thresholds.", body = HealthThresholds)))]
pub(crate) async fn thresholds(
    caller: Authorized<EstateRead, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<HealthThresholds>, ApiError> {
    let set = api.config.state.tenant_setting(caller.tenant(), HEALTH_THRESHOLDS).await?;
    let set: Thresholds = set.and_then(|v| serde_json::from_value(v).ok()).unwrap_or_default();
    Ok(Json(set.into()))
}

/// Sets the thresholds of health.
#[utoipa::path(put, path = "/api/v1/settings/health-thresholds", operation_id = "health_thresholds_update",
    tag = "estate", request_body = HealthThresholds,
    responses((status = 200, description = "The thresholds.", body = HealthThresholds)))]
pub(crate) async fn set_thresholds(
    caller: Authorized<EstateManage, audit::SettingsUpdate>,
    State(api): State<Api>,
    Body(body): Body<HealthThresholds>,
) -> Result<Json<HealthThresholds>, ApiError> {
    caller.scope.target(HEALTH_THRESHOLDS);
    let us = |s: i64| s.saturating_mul(SECOND);
    let wanted = Thresholds {
        late: us(body.late),
        lost: us(body.lost),
        inactive: us(body.inactive),
        loss_shown: us(body.loss_shown),
        first_event: us(body.first_event),
        no_events: us(body.no_events),
        content_old: us(body.content_old),
        restarts_per_hour: body.restarts_per_hour,
    };
    let set = wanted.checked().map_err(|e| ApiError::bad(e.code(), e.to_string()))?;
    let value = serde_json::to_value(set).map_err(|e| ApiError::internal("thresholds", &e))?;
    api.config
        .state
        .set_tenant_setting(caller.tenant(), HEALTH_THRESHOLDS, &value, TimeMicros::now())
        .await?;
    Ok(Json(set.into()))
}
