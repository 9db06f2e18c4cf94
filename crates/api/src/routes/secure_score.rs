//! The secure score for devices: how well they are set up, and what costs how much of it.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use palisade_baseline::builtin;
use palisade_state::vulnerabilities::baselines::{self as state, DeviceSecureQuery};
use palisade_types::{DeviceId, TimeMicros};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::exposure::HistoryParams;
use super::vulnerabilities::ListedDevice;
use crate::error::ApiError;
use crate::extract::{Id, Params};
use crate::gate::{Authorized, VulnerabilitiesRead, audit};
use crate::instant::Instant;
use crate::listing::{self, params};
use crate::page::page;
use crate::state::Api;

/// The score of each category, 0 to 100; null where nothing applies.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecureCategories {
    /// Applications and what is installed.
    #[schema(required = true)]
    application: Option<f64>,
    /// The operating system.
    #[schema(required = true)]
    os: Option<f64>,
    /// Network and what listens on it.
    #[schema(required = true)]
    network: Option<f64>,
    /// Accounts, passwords, rights.
    #[schema(required = true)]
    accounts: Option<f64>,
    /// What protects and records.
    #[schema(required = true)]
    security_controls: Option<f64>,
}

impl From<state::Categories> for SecureCategories {
    fn from(c: state::Categories) -> Self {
        Self {
            application: c.application,
            os: c.os,
            network: c.network,
            accounts: c.accounts,
            security_controls: c.security_controls,
        }
    }
}

/// Something that costs points.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecureCost {
    /// The recommendation's identifier.
    recommendation_id: String,
    /// What it is.
    title: String,
    /// `application`, `os`, `network`, `accounts`, `security_controls`.
    category: String,
    /// Its weight, 1 to 10.
    impact: u64,
    /// Devices that do not comply.
    failing_devices: u64,
    /// Points of the score that it costs.
    points: f64,
}

impl From<state::SecureCost> for SecureCost {
    fn from(c: state::SecureCost) -> Self {
        Self {
            recommendation_id: c.cause,
            title: c.title,
            category: c.category,
            impact: c.impact,
            failing_devices: c.failing,
            points: c.points,
        }
    }
}

/// The secure score of all devices of the caller; 0 to 100, higher is better.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecureScore {
    /// When this was asked.
    time: Instant,
    /// The mean weighted by criticality; null where nothing applies.
    #[schema(required = true)]
    score: Option<f64>,
    /// By category.
    categories: SecureCategories,
    /// Devices where something applies.
    devices: u64,
    /// Devices in service of which nothing is known.
    unassessed_devices: u64,
    /// What costs most, at most 50.
    costs: Vec<SecureCost>,
}

/// Reads the secure score of all devices.
#[utoipa::path(get, path = "/api/v1/secure-score", operation_id = "secure_score", tag = "baselines",
    responses((status = 200, description = "The score.", body = SecureScore)))]
pub(crate) async fn score(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<SecureScore>, ApiError> {
    let s = api.config.state.secure_score(caller.tenant(), caller.devices(), true).await?;
    Ok(Json(SecureScore {
        time: TimeMicros::now().into(),
        score: s.score,
        categories: s.categories.into(),
        devices: s.devices,
        unassessed_devices: s.unassessed,
        costs: s.costs.into_iter().map(Into::into).collect(),
    }))
}

/// Why the score changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecureChange {
    /// `check`: something else complies, or applies; `joined`, `left`: devices came or went; `criticality`: devices
    /// matter more or less.
    cause: String,
    /// The recommendation's identifier of what complies or not; empty for other causes.
    recommendation_id: String,
    /// What that is; empty where this version does not know it.
    title: String,
    /// Points; negative where the score fell.
    points: f64,
}

/// The organisation's secure score in an hour.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecurePoint {
    /// When the hour began.
    time: Instant,
    /// 0 to 100, at its end.
    score: f64,
    /// By category, those where something applies.
    #[schema(value_type = Object)]
    categories: Value,
    /// Devices where something applies.
    devices: u64,
    /// Why it changed within the hour, the largest first; the points add up to the change.
    changes: Vec<SecureChange>,
}

impl From<state::SecureCourse> for SecurePoint {
    fn from(p: state::SecureCourse) -> Self {
        let parts = p.changes.as_object().into_iter().flatten();
        let mut changes: Vec<SecureChange> =
            parts.map(|(cause, points)| change(cause, points.as_f64().unwrap_or_default())).collect();
        changes.sort_by(|a, b| b.points.abs().total_cmp(&a.points.abs()));
        Self { time: p.at.into(), score: p.score, categories: p.categories, devices: p.devices, changes }
    }
}

fn change(cause: &str, points: f64) -> SecureChange {
    let of_devices = ["joined", "left", "criticality"].contains(&cause);
    let check = cause.strip_prefix("configure/").and_then(|id| builtin().check(id));
    SecureChange {
        cause: if of_devices { cause } else { "check" }.to_owned(),
        recommendation_id: if of_devices { "" } else { cause }.to_owned(),
        title: check.map(|c| c.title.clone()).unwrap_or_default(),
        points,
    }
}

/// The organisation's secure score over time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecureHistory {
    /// Whether it is kept for the caller: it is not for somebody who is limited to device groups.
    kept: bool,
    /// Oldest first; a point holds until the next.
    items: Vec<SecurePoint>,
}

/// Reads the organisation's secure score over time, and why it changed.
#[utoipa::path(get, path = "/api/v1/secure-score/history", operation_id = "secure_score_history", tag = "baselines",
    params(HistoryParams), responses((status = 200, description = "The course.", body = SecureHistory)))]
pub(crate) async fn history(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    Params(params): Params<HistoryParams>,
) -> Result<Json<SecureHistory>, ApiError> {
    let since = params.since()?;
    let scope = caller.devices();
    let points = api.config.state.secure_score_history(caller.tenant(), scope, since).await?;
    let items = points.into_iter().map(Into::into).collect();
    Ok(Json(SecureHistory { kept: !scope.is_limited(), items }))
}

/// A device's secure score.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceSecureScore {
    /// The device.
    device: ListedDevice,
    /// 0 to 100; null where nothing applies.
    #[schema(required = true)]
    score: Option<f64>,
    /// By category.
    categories: SecureCategories,
    /// When it last became another one.
    changed_at: Instant,
}

impl From<state::DeviceSecure> for DeviceSecureScore {
    fn from(d: state::DeviceSecure) -> Self {
        Self {
            device: d.device.into(),
            score: d.score,
            categories: d.categories.into(),
            changed_at: d.evaluated_at.into(),
        }
    }
}

page! {
    /// Devices, the lowest score first.
    DeviceSecureScorePage of DeviceSecureScore
}

params! {
    pub(crate) struct SecureDevicesParams {
        /// Text that the name contains.
        search: Option<String>,
        /// `asc` or `desc`; asc when absent.
        order: Option<String>,
    }
}

const COLUMNS: [&str; 10] = [
    "device.id",
    "device.name",
    "device.os",
    "score",
    "categories.application",
    "categories.os",
    "categories.network",
    "categories.accounts",
    "categories.security_controls",
    "changed_at",
];

/// Lists devices by their secure score.
#[utoipa::path(get, path = "/api/v1/secure-score/devices", operation_id = "secure_score_devices", tag = "baselines",
    params(SecureDevicesParams),
    responses((status = 200, description = "Devices.", content((DeviceSecureScorePage = "application/json"), (String = "text/csv")))))]
pub(crate) async fn devices(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    headers: HeaderMap,
    Params(params): Params<SecureDevicesParams>,
) -> Result<Response, ApiError> {
    let part = params.part(params.order.as_deref(), false, &headers)?;
    let wanted = DeviceSecureQuery { search: listing::search(params.search)?, range: part.range.clone() };
    let found = api.config.state.device_secure_scores(caller.tenant(), caller.devices(), &wanted).await?;
    part.answer("secure-score", &COLUMNS, DeviceSecureScorePage::from(found), |p| (&p.items, p.total))
}

/// What is known of a device's secure score.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecureScoreOfDevice {
    /// The score; null where the device has told nothing yet.
    #[schema(required = true)]
    secure_score: Option<DeviceSecureScore>,
    /// What costs it most, at most 50.
    costs: Vec<SecureCost>,
}

/// Reads the secure score of one device.
#[utoipa::path(get, path = "/api/v1/devices/{id}/secure-score", operation_id = "devices_secure_score",
    tag = "baselines", params(("id" = String, Path, description = "The device.")),
    responses((status = 200, description = "Its score.", body = SecureScoreOfDevice)))]
pub(crate) async fn of_device(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<DeviceId>,
) -> Result<Json<SecureScoreOfDevice>, ApiError> {
    let found = api.config.state.device_secure_score(caller.tenant(), caller.devices(), id).await?;
    let (secure_score, costs) = match found {
        Some(of) => (Some(of.score.into()), of.costs),
        None => (None, Vec::new()),
    };
    Ok(Json(SecureScoreOfDevice { secure_score, costs: costs.into_iter().map(Into::into).collect() }))
}
