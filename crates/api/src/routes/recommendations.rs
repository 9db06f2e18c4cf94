//! What to do about vulnerabilities, and on which devices.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use palisade_state::vulnerabilities::{self as state, RecommendationQuery, SEVERITIES};
use palisade_types::TimeMicros;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::vulnerabilities::{DEVICE_COLUMNS, DevicesParams, ListedDevicePage, device, hides_excepted};
use crate::error::ApiError;
use crate::extract::{Id, Params};
use crate::gate::{Authorized, VulnerabilitiesRead, audit};
use crate::instant::Instant;
use crate::listing::{self, params};
use crate::page::page;
use crate::state::Api;

/// What recommendations can be.
const KINDS: [&str; 6] =
    ["update", "uninstall", "upgrade_system", "replace_certificate", "configure", "wait"];

/// Something to do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecurityRecommendation {
    /// Identifier.
    id: String,
    /// `update`, `uninstall`, `upgrade_system`, `replace_certificate`, `configure`, `wait`.
    remediation_type: String,
    /// What it is about.
    related_component: String,
    /// Distribution and release; empty for a language's package.
    release: String,
    /// The version to update to; empty where there is none.
    recommended_version: String,
    /// The worst severity of what it takes away.
    severity: String,
    /// Whether CISA knows that one of these vulnerabilities is exploited.
    exploited: bool,
    /// Whether an exploit of one is public.
    public_exploit: bool,
    /// What has to start again: `none`, `processes`, `reboot`.
    restart: String,
    /// Vulnerabilities that it takes away.
    weaknesses: u64,
    /// The caller's devices that need it.
    exposed_devices: u64,
    /// Of these, devices for which an exception holds.
    excepted_devices: u64,
    /// `active`, `partial_exception`, `full_exception`.
    status: String,
    /// By how much the organisation's exposure falls once it is done everywhere; null for somebody who is
    /// limited to device groups.
    #[schema(required = true)]
    exposure_impact: Option<f64>,
    /// By how much the organisation's secure score rises then; null for somebody who is limited to device groups, and
    /// where nothing counts in it.
    #[schema(required = true)]
    secure_score_impact: Option<f64>,
    /// More about it: commands, vulnerabilities, what was computed.
    document: Value,
    /// When it was first given.
    first_given: Instant,
}

impl From<state::Recommendation> for SecurityRecommendation {
    fn from(r: state::Recommendation) -> Self {
        let status = match r.excepted_devices {
            0 => "active",
            n if n >= r.devices => "full_exception",
            _ => "partial_exception",
        };
        Self {
            id: r.id,
            remediation_type: r.kind,
            related_component: r.product,
            release: r.release,
            recommended_version: r.target,
            severity: r.severity,
            exploited: r.exploited,
            public_exploit: r.exploit_public,
            restart: r.restart,
            weaknesses: r.vulnerabilities,
            exposed_devices: r.devices,
            excepted_devices: r.excepted_devices,
            status: status.to_owned(),
            exposure_impact: r.effect,
            secure_score_impact: secure_impact(&r.document),
            document: r.document,
            first_given: r.first_seen.into(),
        }
    }
}

/// The change of the secure score that a recommendation's document tells.
fn secure_impact(document: &Value) -> Option<f64> {
    let change = document.get("secure")?;
    Some(change.get("after")?.as_f64()? - change.get("before")?.as_f64()?)
}

page! {
    /// Recommendations.
    SecurityRecommendationPage of SecurityRecommendation
}

const COLUMNS: [&str; 15] = [
    "id",
    "remediation_type",
    "related_component",
    "release",
    "recommended_version",
    "severity",
    "exploited",
    "public_exploit",
    "restart",
    "weaknesses",
    "exposed_devices",
    "excepted_devices",
    "status",
    "exposure_impact",
    "secure_score_impact",
];

params! {
    pub(crate) struct RecommendationParams {
        /// Text that the component or the recommended version contains.
        search: Option<String>,
        /// `update`, `uninstall`, `upgrade_system`, `replace_certificate`, `configure`, `wait`; several separated
        /// by commas.
        remediation_type: Option<String>,
        /// `critical`, `high`, `medium`, `low`, `none`, `unknown`; several separated by commas.
        severity: Option<String>,
        /// Only against what is exploited, or only others.
        exploited: Option<bool>,
        /// Only those of one device.
        device: Option<String>,
        /// `hide` leaves out what is excepted on every device; shown when absent.
        excepted: Option<String>,
        /// `effect`, `product`, `devices`, `vulnerabilities`, `severity`; effect when absent.
        sort: Option<String>,
        /// `asc` or `desc`; desc when absent.
        order: Option<String>,
    }
}

/// Lists what to do, most effect first.
#[utoipa::path(get, path = "/api/v1/recommendations", operation_id = "recommendations_list",
    tag = "vulnerabilities", params(RecommendationParams),
    responses((status = 200, description = "Recommendations.", content((SecurityRecommendationPage = "application/json"), (String = "text/csv")))))]
pub(crate) async fn list(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    headers: HeaderMap,
    Params(params): Params<RecommendationParams>,
) -> Result<Response, ApiError> {
    let part = params.part(params.order.as_deref(), true, &headers)?;
    let wanted = RecommendationQuery {
        search: listing::search(params.search)?,
        kind: listing::words("remediation_type", params.remediation_type.as_deref(), &KINDS)?,
        severity: listing::words("severity", params.severity.as_deref(), &SEVERITIES)?,
        exploited: params.exploited,
        device: device(params.device)?,
        without_excepted: hides_excepted(params.excepted.as_deref())?,
        sort: listing::sort(params.sort.as_deref())?,
        range: part.range.clone(),
    };
    let (tenant, scope, now) = (caller.tenant(), caller.devices(), TimeMicros::now());
    let found = api.config.state.vulnerability_recommendations(tenant, scope, &wanted, now).await?;
    let page = SecurityRecommendationPage::from(found);
    part.answer("recommendations", &COLUMNS, page, |p| (&p.items, p.total))
}

/// Reads one recommendation.
#[utoipa::path(get, path = "/api/v1/recommendations/{id}", operation_id = "recommendations_show",
    tag = "vulnerabilities", params(("id" = String, Path, description = "The recommendation.")),
    responses((status = 200, description = "The recommendation.", body = SecurityRecommendation)))]
pub(crate) async fn show(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<String>,
) -> Result<Json<SecurityRecommendation>, ApiError> {
    let (tenant, scope, now) = (caller.tenant(), caller.devices(), TimeMicros::now());
    Ok(Json(api.config.state.vulnerability_recommendation(tenant, scope, &id, now).await?.into()))
}

/// Lists the devices that need it.
#[utoipa::path(get, path = "/api/v1/recommendations/{id}/devices", operation_id = "recommendations_devices",
    tag = "vulnerabilities", params(("id" = String, Path, description = "The recommendation."), DevicesParams),
    responses((status = 200, description = "Devices.", content((ListedDevicePage = "application/json"), (String = "text/csv")))))]
pub(crate) async fn devices(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    headers: HeaderMap,
    Id(id): Id<String>,
    Params(params): Params<DevicesParams>,
) -> Result<Response, ApiError> {
    let (part, search) = params.asked(&headers)?;
    let (tenant, scope, now) = (caller.tenant(), caller.devices(), TimeMicros::now());
    let asked = (search.as_deref(), &part.range);
    let found = api.config.state.vulnerability_recommendation_devices(tenant, scope, &id, asked, now).await?;
    part.answer("recommendation-devices", &DEVICE_COLUMNS, ListedDevicePage::from(found), |p| {
        (&p.items, p.total)
    })
}
