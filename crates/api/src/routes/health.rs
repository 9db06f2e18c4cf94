//! Health of the whole estate: findings, counts, the catalogue, the thresholds.

use axum::Json;
use axum::extract::State;
use palisade_estate::health::{Code, Thresholds, Weight};
use palisade_state::estate::{HEALTH_THRESHOLDS, TrendQuery, UnhealthyKinds};
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::machines::{Finding, kind_of};
use super::subscriptions::StatusCounts;
use crate::error::ApiError;
use crate::extract::{Body, Params};
use crate::gate::{Authorized, EstateManage, EstateRead, MachinesRead, SignedIn, audit};
use crate::instant::Instant;
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
    /// `unhealthy` or `notice`.
    weight: String,
    /// Machines.
    machines: u64,
}

/// Unhealthy machines by what makes them so; one machine can be among both.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnhealthyBy {
    /// Something about the installation.
    installation: u64,
    /// Something about the heartbeat, or what the sensor says of itself.
    heartbeat: u64,
}

impl From<UnhealthyKinds> for UnhealthyBy {
    fn from(k: UnhealthyKinds) -> Self {
        Self { installation: k.installation, heartbeat: k.heartbeat }
    }
}

/// The estate's health in numbers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthSummary {
    /// As of when.
    at: Instant,
    /// Machines by status.
    machines: StatusCounts,
    /// The unhealthy ones by what makes them so.
    unhealthy: UnhealthyBy,
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
            weight: entry.map(|e| word(&e.weight)).unwrap_or_default(),
            code: c.code,
            kind: c.kind,
            machines: c.machines,
        }
    });
    let findings = findings.collect();
    let unhealthy = state.unhealthy_kinds(caller.tenant(), caller.devices()).await?.into();
    Ok(Json(HealthSummary { at: TimeMicros::now().into(), machines, unhealthy, findings }))
}

/// How many instants a course is made of.
const POINTS: u16 = 60;
/// The longest course, hours.
const MAX_TREND: u32 = 24 * 90;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrendParams {
    /// How far back, 1 to 2160; 24 when absent.
    #[param(minimum = 1, maximum = 2160)]
    hours: Option<u32>,
}

/// How many machines were unhealthy at an instant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrendPoint {
    /// When.
    at: Instant,
    /// Machines with a finding about the installation.
    installation: u64,
    /// Machines with a finding about the heartbeat.
    heartbeat: u64,
}

/// How many machines were unhealthy, from instant to instant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthTrend {
    /// From one instant to the next, seconds.
    step_seconds: i64,
    /// The instants, oldest first; the last one is now.
    items: Vec<TrendPoint>,
}

/// Says how many machines had a finding that makes unhealthy, over time.
#[utoipa::path(get, path = "/api/v1/health/trend", operation_id = "health_trend", tag = "machines",
    params(TrendParams), responses((status = 200, description = "The course.", body = HealthTrend)))]
pub(crate) async fn trend(
    caller: Authorized<MachinesRead, audit::Unaudited>,
    State(api): State<Api>,
    Params(params): Params<TrendParams>,
) -> Result<Json<HealthTrend>, ApiError> {
    let hours = params.hours.unwrap_or(24);
    if !(1..=MAX_TREND).contains(&hours) {
        return Err(ApiError::invalid(format!("hours must be 1 to {MAX_TREND}")));
    }
    let step_seconds = i64::from(hours) * 3_600 / i64::from(POINTS);
    let step = step_seconds * SECOND;
    let from = TimeMicros::now().plus_micros(-step * i64::from(POINTS));
    let codes: Vec<&str> = Code::ALL
        .iter()
        .filter(|code| code.entry().weight == Weight::Unhealthy)
        .map(|code| code.as_str())
        .collect();
    let query = TrendQuery { from, step, points: POINTS + 1 };
    let points = api.config.state.health_trend(caller.tenant(), caller.devices(), &codes, query).await?;
    let items = points.into_iter().zip(0..).map(|(point, n)| TrendPoint {
        at: from.plus_micros(step * n).into(),
        installation: point.installation,
        heartbeat: point.heartbeat,
    });
    Ok(Json(HealthTrend { step_seconds, items: items.collect() }))
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
    /// A machine that its preflight refused is looked at again after no longer a pause than this.
    #[serde(default = "usual_look_again")]
    look_again: i64,
}

fn usual_look_again() -> i64 {
    Thresholds::default().look_again / SECOND
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
            look_again: t.look_again / SECOND,
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
        look_again: us(body.look_again),
    };
    let set = wanted.checked().map_err(|e| ApiError::bad(e.code(), e.to_string()))?;
    let value = serde_json::to_value(set).map_err(|e| ApiError::internal("thresholds", &e))?;
    api.config
        .state
        .set_tenant_setting(caller.tenant(), HEALTH_THRESHOLDS, &value, TimeMicros::now())
        .await?;
    Ok(Json(set.into()))
}
