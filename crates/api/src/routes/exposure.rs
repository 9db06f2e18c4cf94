//! How exposed devices are, and on which feeds that rests.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use palisade_state::vulnerabilities::{self as state, DeviceExposureQuery, FeedState};
use palisade_types::{DeviceId, TimeMicros};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::vulnerabilities::ListedDevice;
use crate::error::ApiError;
use crate::extract::{Id, Params};
use crate::gate::{Authorized, VulnerabilitiesRead, audit};
use crate::instant::Instant;
use crate::listing::{self, params};
use crate::page::page;
use crate::state::Api;

/// The longest course, days.
const MAX_DAYS: u32 = 400;
/// Levels of exposure.
const LEVELS: [&str; 3] = ["low", "medium", "high"];
const DAY: i64 = 86_400_000_000;

/// How many vulnerabilities there are of each severity.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeverityCounts {
    /// Critical ones.
    critical: u64,
    /// High ones.
    high: u64,
    /// Medium ones.
    medium: u64,
    /// Low ones, and those with none.
    low: u64,
    /// Those that nobody has scored.
    unknown: u64,
}

impl From<state::SeverityCounts> for SeverityCounts {
    fn from(c: state::SeverityCounts) -> Self {
        Self { critical: c.critical, high: c.high, medium: c.medium, low: c.low, unknown: c.unknown }
    }
}

/// How many judged devices are of each level.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExposureLevels {
    /// Below 30.
    low: u64,
    /// From 30, below 70.
    medium: u64,
    /// From 70.
    high: u64,
}

/// The exposure of all devices of the caller; 0 to 100, lower is better.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExposureScore {
    /// When this was asked.
    time: Instant,
    /// The mean weighted by criticality; null where no device was judged.
    #[schema(required = true)]
    score: Option<f64>,
    /// Of it what no update removes.
    #[schema(required = true)]
    unfixable: Option<f64>,
    /// `low`, `medium`, `high`; empty where no device was judged.
    level: String,
    /// The secure score of the same devices, 0 to 100, higher is better; null where nothing applies.
    #[schema(required = true)]
    secure_score: Option<f64>,
    /// Devices that were judged.
    devices: u64,
    /// Devices in service that were not: nobody knows what they have.
    unassessed_devices: u64,
    /// Judged devices by level.
    levels: ExposureLevels,
    /// Different vulnerabilities by severity.
    vulnerabilities: SeverityCounts,
    /// Different vulnerabilities that CISA knows to be exploited.
    exploited: u64,
    /// Packages, each in one version, of which no feed speaks.
    uncovered_components: u64,
    /// When the device was judged that was judged longest ago.
    #[schema(required = true)]
    oldest_assessment: Option<Instant>,
    /// When one was judged last.
    #[schema(required = true)]
    newest_assessment: Option<Instant>,
    /// Feeds about which something has to be done: what they would tell is missing from every number.
    feed_alarms: u64,
}

fn level(score: f64) -> &'static str {
    match score {
        s if s < 30.0 => "low",
        s if s < 70.0 => "medium",
        _ => "high",
    }
}

/// Feeds that alarm; where none is listed at all, that is one.
fn alarms(feeds: &[FeedState]) -> u64 {
    if feeds.is_empty() { 1 } else { feeds.iter().filter(|f| f.alarms()).count() as u64 }
}

/// Reads the exposure of all devices.
#[utoipa::path(get, path = "/api/v1/exposure-score", operation_id = "exposure_score", tag = "vulnerabilities",
    responses((status = 200, description = "The exposure.", body = ExposureScore)))]
pub(crate) async fn score(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<ExposureScore>, ApiError> {
    let (now, store) = (TimeMicros::now(), &api.config.state);
    let e = store.exposure(caller.tenant(), caller.devices(), now).await?;
    let secure_score = store.secure_score(caller.tenant(), caller.devices(), false).await?.score;
    let feeds = store.feed_states(caller.tenant()).await?;
    let [low, medium, high] = e.levels;
    Ok(Json(ExposureScore {
        time: now.into(),
        score: e.score,
        unfixable: e.unfixable,
        level: e.score.map(level).unwrap_or_default().to_owned(),
        secure_score,
        devices: e.devices,
        unassessed_devices: e.unassessed,
        levels: ExposureLevels { low, medium, high },
        vulnerabilities: e.severities.into(),
        exploited: e.exploited,
        uncovered_components: e.uncovered,
        oldest_assessment: Instant::maybe(e.oldest),
        newest_assessment: Instant::maybe(e.newest),
        feed_alarms: alarms(&feeds),
    }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct HistoryParams {
    /// How far back, 1 to 400; 30 when absent.
    #[param(minimum = 1, maximum = 400)]
    days: Option<u32>,
}

impl HistoryParams {
    /// When the asked course begins.
    pub(crate) fn since(&self) -> Result<TimeMicros, ApiError> {
        let days = self.days.unwrap_or(30);
        if !(1..=MAX_DAYS).contains(&days) {
            return Err(ApiError::invalid(format!("days must be 1 to {MAX_DAYS}")));
        }
        Ok(TimeMicros::now().plus_micros(-i64::from(days) * DAY))
    }
}

/// The organisation's exposure at an instant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExposurePoint {
    /// When.
    time: Instant,
    /// 0 to 100.
    score: f64,
    /// Devices.
    devices: u64,
    /// Vulnerabilities found on them, all together.
    findings: u64,
}

/// The organisation's exposure over time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExposureHistory {
    /// Whether it is kept for the caller: it is not for somebody who is limited to device groups.
    kept: bool,
    /// Oldest first; a point holds until the next.
    items: Vec<ExposurePoint>,
}

/// Reads the organisation's exposure over time.
#[utoipa::path(get, path = "/api/v1/exposure-score/history", operation_id = "exposure_history",
    tag = "vulnerabilities", params(HistoryParams),
    responses((status = 200, description = "The course.", body = ExposureHistory)))]
pub(crate) async fn history(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    Params(params): Params<HistoryParams>,
) -> Result<Json<ExposureHistory>, ApiError> {
    let since = params.since()?;
    let scope = caller.devices();
    let points = api.config.state.exposure_history(caller.tenant(), scope, since).await?;
    let items = points.into_iter().map(|p| ExposurePoint {
        time: p.at.into(),
        score: p.exposure,
        devices: p.devices,
        findings: p.findings,
    });
    Ok(Json(ExposureHistory { kept: !scope.is_limited(), items: items.collect() }))
}

/// How a device's inventory stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InventoryStanding {
    /// Whether all of its newest inventory has come. Until then what was complete before counts.
    complete: bool,
    /// When the server was told of the newest.
    received_at: Instant,
    /// When the inventory was taken that was judged; null where none was.
    #[schema(required = true)]
    taken_at: Option<Instant>,
}

impl From<state::InventoryStanding> for InventoryStanding {
    fn from(s: state::InventoryStanding) -> Self {
        Self { complete: s.complete, received_at: s.received_at.into(), taken_at: Instant::maybe(s.taken_at) }
    }
}

/// How exposed a device is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceExposure {
    /// The device.
    device: ListedDevice,
    /// Of its exposure what no update removes.
    unfixable: f64,
    /// Its secure score, 0 to 100, higher is better; null where nothing applies.
    #[schema(required = true)]
    secure_score: Option<f64>,
    /// Vulnerabilities by severity.
    vulnerabilities: SeverityCounts,
    /// Vulnerabilities that CISA knows to be exploited.
    exploited: u64,
    /// Packages.
    software: u64,
    /// Packages of which no feed speaks.
    uncovered: u64,
    /// What adds most to it, with its share.
    contributors: Value,
    /// When it was judged.
    assessed_at: Instant,
    /// How the inventory stands that it was judged by; null where it is gone.
    #[schema(required = true)]
    inventory: Option<InventoryStanding>,
}

impl From<state::DeviceExposure> for DeviceExposure {
    fn from(e: state::DeviceExposure) -> Self {
        Self {
            device: e.device.into(),
            unfixable: e.unfixable,
            secure_score: e.secure_score,
            vulnerabilities: e.severities.into(),
            exploited: e.exploited,
            software: e.software,
            uncovered: e.uncovered,
            contributors: e.contributors,
            assessed_at: e.evaluated_at.into(),
            inventory: e.inventory.map(Into::into),
        }
    }
}

page! {
    /// Devices, most exposed first.
    DeviceExposurePage of DeviceExposure
}

params! {
    pub(crate) struct ExposureParams {
        /// Text that the name contains.
        search: Option<String>,
        /// `low`, `medium`, `high`; several separated by commas.
        level: Option<String>,
        /// `asc` or `desc`; desc when absent.
        order: Option<String>,
    }
}

const COLUMNS: [&str; 16] = [
    "device.id",
    "device.name",
    "device.os",
    "device.exposure",
    "unfixable",
    "secure_score",
    "vulnerabilities.critical",
    "vulnerabilities.high",
    "vulnerabilities.medium",
    "vulnerabilities.low",
    "vulnerabilities.unknown",
    "exploited",
    "uncovered",
    "assessed_at",
    "inventory.complete",
    "inventory.taken_at",
];

/// Lists devices by their exposure.
#[utoipa::path(get, path = "/api/v1/exposure-score/devices", operation_id = "exposure_devices",
    tag = "vulnerabilities", params(ExposureParams),
    responses((status = 200, description = "Devices.", content((DeviceExposurePage = "application/json"), (String = "text/csv")))))]
pub(crate) async fn devices(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    headers: HeaderMap,
    Params(params): Params<ExposureParams>,
) -> Result<Response, ApiError> {
    let part = params.part(params.order.as_deref(), true, &headers)?;
    let wanted = DeviceExposureQuery {
        search: listing::search(params.search)?,
        level: listing::words("level", params.level.as_deref(), &LEVELS)?,
        range: part.range.clone(),
    };
    let found = api.config.state.device_exposures(caller.tenant(), caller.devices(), &wanted).await?;
    part.answer("exposure", &COLUMNS, DeviceExposurePage::from(found), |p| (&p.items, p.total))
}

/// How exposed the devices of a group are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupExposure {
    /// The group.
    id: String,
    /// Its name.
    name: String,
    /// `low`, `normal`, `high`, `very_high`.
    criticality: String,
    /// Devices that were judged.
    devices: u64,
    /// Their exposure; null where no device was judged.
    #[schema(required = true)]
    score: Option<f64>,
}

impl From<state::GroupExposure> for GroupExposure {
    fn from(g: state::GroupExposure) -> Self {
        let id = g.group.to_string();
        Self { id, name: g.name, criticality: g.criticality, devices: g.devices, score: g.score }
    }
}

page! {
    /// Device groups, most exposed first.
    GroupExposurePage of GroupExposure
}

/// Lists the exposure of each device group.
#[utoipa::path(get, path = "/api/v1/exposure-score/device-groups", operation_id = "exposure_device_groups",
    tag = "vulnerabilities",
    responses((status = 200, description = "Device groups.", body = GroupExposurePage)))]
pub(crate) async fn groups(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<GroupExposurePage>, ApiError> {
    let groups = api.config.state.group_exposures(caller.tenant(), caller.devices()).await?;
    Ok(Json(GroupExposurePage::whole(groups.into_iter().map(Into::into).collect())))
}

/// What is known of a device's exposure.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExposureOfDevice {
    /// How exposed it is; null where it was not judged yet: nobody knows what it has.
    #[schema(required = true)]
    exposure: Option<DeviceExposure>,
    /// How its inventory stands; null where it has told nothing.
    #[schema(required = true)]
    inventory: Option<InventoryStanding>,
}

/// Reads the exposure of one device.
#[utoipa::path(get, path = "/api/v1/devices/{id}/exposure", operation_id = "devices_exposure",
    tag = "vulnerabilities", params(("id" = String, Path, description = "The device.")),
    responses((status = 200, description = "Its exposure.", body = ExposureOfDevice)))]
pub(crate) async fn of_device(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<DeviceId>,
) -> Result<Json<ExposureOfDevice>, ApiError> {
    let (state, tenant, scope) = (&api.config.state, caller.tenant(), caller.devices());
    let found = state.device_exposure(tenant, scope, id).await?;
    let inventory = state.inventory_standing(tenant, scope, id).await?;
    Ok(Json(ExposureOfDevice { exposure: found.map(Into::into), inventory: inventory.map(Into::into) }))
}

/// A feed of advisories, or of what is known about vulnerabilities.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VulnerabilityFeed {
    /// Its name.
    id: String,
    /// Its name for people.
    title: String,
    /// `ok`, `old`, `empty`, `never`, `failing`.
    state: String,
    /// Whether something has to be done: what it would tell is missing from every list.
    alarm: bool,
    /// Records in use.
    records: u64,
    /// When it was last fetched.
    #[schema(required = true)]
    fetched_at: Option<Instant>,
    /// When fetching it last failed.
    #[schema(required = true)]
    failed_at: Option<Instant>,
    /// Why; empty where it did not.
    failure: String,
    /// Whether packages of some device are not judged without it.
    required: bool,
}

impl From<FeedState> for VulnerabilityFeed {
    fn from(f: FeedState) -> Self {
        Self {
            alarm: f.alarms(),
            id: f.feed,
            title: f.title,
            state: f.state,
            records: f.records,
            fetched_at: Instant::maybe(f.fetched_at),
            failed_at: Instant::maybe(f.failed_at),
            failure: f.failure,
            required: f.required,
        }
    }
}

page! {
    /// Feeds, the worst first.
    VulnerabilityFeedPage of VulnerabilityFeed
}

/// Lists the feeds that assessments rest on.
#[utoipa::path(get, path = "/api/v1/vulnerability-feeds", operation_id = "vulnerability_feeds",
    tag = "vulnerabilities",
    responses((status = 200, description = "Feeds.", body = VulnerabilityFeedPage)))]
pub(crate) async fn feeds(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<VulnerabilityFeedPage>, ApiError> {
    caller.no_devices();
    let feeds = api.config.state.feed_states(caller.tenant()).await?;
    Ok(Json(VulnerabilityFeedPage::whole(feeds.into_iter().map(Into::into).collect())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_feed_at_all_is_an_alarm() {
        assert_eq!(alarms(&[]), 1);
        assert_eq!((level(29.99), level(30.0), level(70.0)), ("low", "medium", "high"));
    }
}
