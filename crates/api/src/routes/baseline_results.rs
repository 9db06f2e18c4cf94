//! What devices found by their baselines: by check, by device, over time.

use std::collections::{BTreeMap, HashMap};

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use palisade_baseline::{Check, Evidence, Scalar, Seen, Told, builtin};
use palisade_state::vulnerabilities::baselines::{self as state, CheckState, Tallied};
use palisade_types::{DeviceId, TimeMicros};
use serde::Serialize;
use utoipa::ToSchema;

use super::exposure::HistoryParams;
use super::vulnerabilities::ListedDevice;
use crate::baselines;
use crate::error::ApiError;
use crate::extract::{Id, Ids, Params};
use crate::gate::{Authorized, VulnerabilitiesRead, audit};
use crate::instant::Instant;
use crate::listing::{self, Part, params};
use crate::page::page;
use crate::state::Api;

const SEVERITIES: [&str; 3] = ["low", "medium", "high"];
const CATEGORIES: [&str; 5] = ["application", "os", "network", "accounts", "security_controls"];
const STATES: [&str; 4] = ["compliant", "not_compliant", "not_applicable", "not_evaluated"];

params! {
    pub(crate) struct BaselineChecksParams {
        /// Text that the identifier or the title contains.
        search: Option<String>,
        /// `low`, `medium`, `high`; several separated by commas.
        severity: Option<String>,
        /// `application`, `os`, `network`, `accounts`, `security_controls`; several separated by commas.
        category: Option<String>,
        /// Only checks that ended so somewhere: `compliant`, `not_compliant`, `not_applicable`, `not_evaluated`;
        /// several separated by commas.
        state: Option<String>,
    }
}

/// Which checks of a list are wanted.
struct Wanted {
    needle: String,
    severity: Vec<String>,
    category: Vec<String>,
    state: Vec<String>,
}

impl BaselineChecksParams {
    fn wanted(&self) -> Result<Wanted, ApiError> {
        Ok(Wanted {
            needle: listing::search(self.search.clone())?.unwrap_or_default().trim().to_lowercase(),
            severity: listing::words("severity", self.severity.as_deref(), &SEVERITIES)?,
            category: listing::words("category", self.category.as_deref(), &CATEGORIES)?,
            state: listing::words("state", self.state.as_deref(), &STATES)?,
        })
    }
}

impl Wanted {
    fn takes(&self, id: &str, title: &str, severity: &str, category: &str) -> bool {
        let among = |list: &[String], word: &str| list.is_empty() || list.iter().any(|w| w == word);
        (id.contains(&self.needle) || title.to_lowercase().contains(&self.needle))
            && among(&self.severity, severity)
            && among(&self.category, category)
    }

    fn has(&self, state: &str) -> bool {
        self.state.is_empty() || self.state.iter().any(|w| w == state)
    }
}

/// Cuts the asked page out of a list that is in memory: its cursor is how many rows came before.
fn cut<T>(mut all: Vec<T>, part: &Part) -> Result<(Vec<T>, Option<String>, u64), ApiError> {
    let total = all.len();
    let from = match &part.range.cursor {
        None => 0,
        Some(text) => {
            let number = text.strip_prefix("baseline.").and_then(|n| n.parse::<usize>().ok());
            number.ok_or_else(|| ApiError::bad("cursor_invalid", "the cursor is not valid"))?
        }
    };
    let from = from.min(total);
    let to = from.saturating_add(usize::try_from(part.range.limit).unwrap_or(50)).min(total);
    let next = (to < total).then(|| format!("baseline.{to}"));
    let items = all.drain(from..to).collect();
    Ok((items, next, u64::try_from(total).unwrap_or(u64::MAX)))
}

/// A check of a profile, and how it ended on the caller's devices.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProfileCheck {
    /// Identifier.
    id: String,
    /// What should be.
    title: String,
    /// `low`, `medium`, `high`.
    severity: String,
    /// `application`, `os`, `network`, `accounts`, `security_controls`.
    category: String,
    /// 1: every server; 2: where security goes before comfort.
    level: u8,
    /// Its weight in the secure score, 1 to 10.
    impact: u8,
    /// The values of its parameters in this profile.
    #[schema(value_type = Object)]
    values: BTreeMap<String, Scalar>,
    /// Devices that comply.
    compliant: u64,
    /// Devices that do not.
    not_compliant: u64,
    /// Devices where it says nothing.
    not_applicable: u64,
    /// Devices where it could not be told.
    not_evaluated: u64,
}

page! {
    /// Checks of a profile.
    ProfileCheckPage of ProfileCheck
}

const CHECK_COLUMNS: [&str; 11] = [
    "id",
    "title",
    "severity",
    "category",
    "level",
    "impact",
    "values",
    "compliant",
    "not_compliant",
    "not_applicable",
    "not_evaluated",
];

/// Lists the checks of a profile and how they ended.
#[utoipa::path(get, path = "/api/v1/baseline-profiles/{id}/checks", operation_id = "baseline_profiles_checks",
    tag = "baselines", params(("id" = String, Path, description = "The profile."), BaselineChecksParams),
    responses((status = 200, description = "Checks.", content((ProfileCheckPage = "application/json"), (String = "text/csv")))))]
pub(crate) async fn checks(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    headers: HeaderMap,
    Id(id): Id<String>,
    Params(params): Params<BaselineChecksParams>,
) -> Result<Response, ApiError> {
    let (part, wanted) = (params.part(None, false, &headers)?, params.wanted()?);
    let (store, tenant) = (&api.config.state, caller.tenant());
    let counts = store.baseline_checks(tenant, caller.devices(), &id).await?;
    let counts: HashMap<String, Tallied> = counts.into_iter().map(|c| (c.check, c.tallied)).collect();
    let known = baselines::one(store, tenant, &id).await?;
    let selected = builtin().selected(&known.profile).map_err(baselines::refused)?;
    let rows: Vec<ProfileCheck> = selected
        .into_iter()
        .filter(|(c, _)| wanted.takes(&c.id, &c.title, c.severity.as_str(), c.category().as_str()))
        .map(|(c, values)| (c, values, counts.get(&c.id).copied().unwrap_or_default()))
        .filter(|(_, _, n)| {
            let by_state = [n.compliant, n.not_compliant, n.not_applicable, n.not_evaluated];
            wanted.state.is_empty() || STATES.iter().zip(by_state).any(|(s, n)| n > 0 && wanted.has(s))
        })
        .map(|(c, values, n)| ProfileCheck {
            id: c.id.clone(),
            title: c.title.clone(),
            severity: c.severity.as_str().to_owned(),
            category: c.category().as_str().to_owned(),
            level: c.level,
            impact: c.impact(),
            values: values.0,
            compliant: n.compliant,
            not_compliant: n.not_compliant,
            not_applicable: n.not_applicable,
            not_evaluated: n.not_evaluated,
        })
        .collect();
    let (items, next_cursor, total) = cut(rows, &part)?;
    let page = ProfileCheckPage { items, next_cursor, total };
    part.answer("baseline-checks", &CHECK_COLUMNS, page, |p| (&p.items, p.total))
}

/// Where something was seen.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BaselineEvidence {
    /// The file, as seen from the root.
    path: String,
    /// The line in it.
    #[schema(required = true)]
    line: Option<u32>,
}

impl From<Evidence> for BaselineEvidence {
    fn from(e: Evidence) -> Self {
        Self { path: e.path, line: e.line }
    }
}

/// A check's result on a device.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckedDevice {
    /// The device.
    device: ListedDevice,
    /// `compliant`, `not_compliant`, `not_applicable`, `not_evaluated`.
    state: String,
    /// Why it could not be told; empty where it could.
    reason: String,
    /// What was seen.
    observed: String,
    /// What is wanted.
    expected: String,
    /// Where it was seen.
    evidence: Vec<BaselineEvidence>,
}

page! {
    /// Devices, by name.
    CheckedDevicePage of CheckedDevice
}

params! {
    pub(crate) struct CheckDevicesParams {
        /// How the check ended: `compliant`, `not_compliant`, `not_applicable`, `not_evaluated`; `not_compliant` when
        /// absent.
        state: Option<String>,
        /// Text that the device's name contains.
        search: Option<String>,
    }
}

const CHECKED_COLUMNS: [&str; 8] =
    ["device.id", "device.name", "device.os", "state", "reason", "observed", "expected", "evidence"];

/// Lists the devices on which a profile's check ended so, each with what was seen.
#[utoipa::path(get, path = "/api/v1/baseline-profiles/{id}/checks/{check}/devices",
    operation_id = "baseline_profiles_check_devices", tag = "baselines",
    params(("id" = String, Path, description = "The profile."), ("check" = String, Path, description = "The check."),
        CheckDevicesParams),
    responses((status = 200, description = "Devices.", content((CheckedDevicePage = "application/json"), (String = "text/csv")))))]
pub(crate) async fn check_devices(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    headers: HeaderMap,
    Ids(id, check): Ids<String, String>,
    Params(params): Params<CheckDevicesParams>,
) -> Result<Response, ApiError> {
    let part = params.part(None, false, &headers)?;
    let search = listing::search(params.search)?;
    let asked = params.state.as_deref().filter(|s| !s.is_empty()).unwrap_or("not_compliant");
    let ended = CheckState::ALL.into_iter().find(|s| s.as_str() == asked);
    let ended =
        ended.ok_or_else(|| ApiError::invalid(format!("state must be one of {}", STATES.join(", "))))?;
    let (store, tenant) = (&api.config.state, caller.tenant());
    baselines::one(store, tenant, &id).await?;
    if builtin().check(&check).is_none() {
        return Err(ApiError::not_found("check"));
    }
    let range = (search.as_deref(), &part.range);
    let found = store.baseline_check_devices(tenant, caller.devices(), (&id, &check, ended), range).await?;
    let row = |on: state::CheckOn| {
        // Told anew between the two readings, it may be another by now: then what is counted is shown.
        let seen: Option<Seen> = serde_json::from_value(on.seen).ok();
        let seen = seen.filter(|s| s.state.as_str() == ended.as_str());
        let (reason, observed, expected, evidence) =
            seen.map(|s| (s.reason, s.observed, s.expected, s.evidence)).unwrap_or_default();
        CheckedDevice {
            device: on.device.into(),
            state: ended.as_str().to_owned(),
            reason: reason.map(|r| r.as_str().to_owned()).unwrap_or_default(),
            observed,
            expected,
            evidence: evidence.into_iter().map(Into::into).collect(),
        }
    };
    let page = CheckedDevicePage {
        items: found.items.into_iter().map(row).collect(),
        next_cursor: found.next_cursor,
        total: found.total,
    };
    part.answer("baseline-check-devices", &CHECKED_COLUMNS, page, |p| (&p.items, p.total))
}

/// A profile's last run on a device.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BaselineOfDevice {
    /// The device.
    device: ListedDevice,
    /// The profile.
    profile: String,
    /// Its title; empty where it is gone.
    title: String,
    /// Whether nobody chose it: it is the one for the device's system.
    by_default: bool,
    /// The revision that was run; null for one that the device has by itself.
    #[schema(required = true)]
    revision: Option<u32>,
    /// Whether that is the newest.
    current: bool,
    /// When it was run, by the device's clock.
    run_at: Instant,
    /// System and version, as found.
    system: String,
    /// Compliant results of those that say something; null where none does.
    #[schema(required = true)]
    percent: Option<f64>,
    /// Compliant.
    compliant: u64,
    /// Not compliant.
    not_compliant: u64,
    /// Not applicable.
    not_applicable: u64,
    /// Not evaluated.
    not_evaluated: u64,
    /// Why it was not run; empty where it was.
    error: String,
}

impl BaselineOfDevice {
    fn of(b: state::DeviceBaseline, known: &[baselines::Known]) -> Self {
        let profile = known.iter().find(|k| k.profile.name == b.profile);
        let revision = b.revision.split('-').next().and_then(|n| n.parse().ok());
        Self {
            device: b.device.into(),
            title: profile.map(|k| k.profile.title.clone()).unwrap_or_default(),
            by_default: b.by_default,
            current: b.by_default || profile.is_some_and(|k| k.word() == b.revision),
            revision: revision.filter(|_| !b.by_default),
            profile: b.profile,
            run_at: b.ran_at.into(),
            system: b.system,
            percent: b.tallied.percent(),
            compliant: b.tallied.compliant,
            not_compliant: b.tallied.not_compliant,
            not_applicable: b.tallied.not_applicable,
            not_evaluated: b.tallied.not_evaluated,
            error: b.error,
        }
    }
}

page! {
    /// Runs on devices.
    BaselineOfDevicePage of BaselineOfDevice
}

params! {
    pub(crate) struct BaselineDevicesParams {
        /// Text that the device's name contains.
        search: Option<String>,
        /// `asc` or `desc` by percent; asc when absent.
        order: Option<String>,
    }
}

const RUN_COLUMNS: [&str; 13] = [
    "device.id",
    "device.name",
    "device.os",
    "profile",
    "revision",
    "current",
    "run_at",
    "percent",
    "compliant",
    "not_compliant",
    "not_applicable",
    "not_evaluated",
    "error",
];

/// Lists the devices that ran a profile, those that comply least first.
#[utoipa::path(get, path = "/api/v1/baseline-profiles/{id}/devices", operation_id = "baseline_profiles_devices",
    tag = "baselines", params(("id" = String, Path, description = "The profile."), BaselineDevicesParams),
    responses((status = 200, description = "Devices.", content((BaselineOfDevicePage = "application/json"), (String = "text/csv")))))]
pub(crate) async fn devices(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    headers: HeaderMap,
    Id(id): Id<String>,
    Params(params): Params<BaselineDevicesParams>,
) -> Result<Response, ApiError> {
    let part = params.part(params.order.as_deref(), false, &headers)?;
    let search = listing::search(params.search)?;
    let (store, tenant) = (&api.config.state, caller.tenant());
    let known = [baselines::one(store, tenant, &id).await?];
    let range = (search.as_deref(), &part.range);
    let found = store.baseline_devices(tenant, caller.devices(), &id, range).await?;
    let page = BaselineOfDevicePage {
        items: found.items.into_iter().map(|b| BaselineOfDevice::of(b, &known)).collect(),
        next_cursor: found.next_cursor,
        total: found.total,
    };
    part.answer("baseline-devices", &RUN_COLUMNS, page, |p| (&p.items, p.total))
}

/// A profile's compliance on a day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BaselinePoint {
    /// When the day began.
    time: Instant,
    /// Compliant results of those that say something; null where none does.
    #[schema(required = true)]
    percent: Option<f64>,
    /// Devices that ran it.
    devices: u64,
    /// Devices without a check that is not met.
    compliant_devices: u64,
}

/// A profile's compliance over time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BaselineHistory {
    /// Whether it is kept for the caller: it is not for somebody who is limited to device groups.
    kept: bool,
    /// By day, oldest first.
    items: Vec<BaselinePoint>,
}

/// Reads a profile's compliance over time.
#[utoipa::path(get, path = "/api/v1/baseline-profiles/{id}/history", operation_id = "baseline_profiles_history",
    tag = "baselines", params(("id" = String, Path, description = "The profile."), HistoryParams),
    responses((status = 200, description = "The course.", body = BaselineHistory)))]
pub(crate) async fn history(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<String>,
    Params(params): Params<HistoryParams>,
) -> Result<Json<BaselineHistory>, ApiError> {
    let since = params.since()?;
    let (store, tenant, scope) = (&api.config.state, caller.tenant(), caller.devices());
    baselines::one(store, tenant, &id).await?;
    let points = store.baseline_history(tenant, scope, &id, since).await?;
    let items = points.into_iter().map(|p| BaselinePoint {
        time: p.day.into(),
        percent: p.percent,
        devices: p.devices,
        compliant_devices: p.compliant_devices,
    });
    Ok(Json(BaselineHistory { kept: !scope.is_limited(), items: items.collect() }))
}

/// Lists what one device ran.
#[utoipa::path(get, path = "/api/v1/devices/{id}/baselines", operation_id = "devices_baselines", tag = "baselines",
    params(("id" = String, Path, description = "The device.")),
    responses((status = 200, description = "Runs, by profile.", body = BaselineOfDevicePage)))]
pub(crate) async fn of_device(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<DeviceId>,
) -> Result<Json<BaselineOfDevicePage>, ApiError> {
    let (store, tenant) = (&api.config.state, caller.tenant());
    let found = store.device_baselines(tenant, caller.devices(), id).await?;
    let known = baselines::all(store, tenant).await?;
    let runs = found.into_iter().map(|b| BaselineOfDevice::of(b, &known)).collect();
    Ok(Json(BaselineOfDevicePage::whole(runs)))
}

/// A check's result on a device.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BaselineResult {
    /// The check.
    id: String,
    /// What should be; empty for a check that this version does not know.
    title: String,
    /// `low`, `medium`, `high`.
    severity: String,
    /// `application`, `os`, `network`, `accounts`, `security_controls`.
    category: String,
    /// Its weight in the secure score, 1 to 10.
    impact: u8,
    /// `compliant`, `not_compliant`, `not_applicable`, `not_evaluated`.
    state: String,
    /// Why it could not be told; empty where it could.
    reason: String,
    /// What was seen.
    observed: String,
    /// What is wanted.
    expected: String,
    /// Where it was seen.
    evidence: Vec<BaselineEvidence>,
    /// What to do about it.
    fix: String,
    /// Whether an exception holds for it on the device.
    excepted: bool,
}

page! {
    /// Results, by check.
    BaselineResultPage of BaselineResult
}

const RESULT_COLUMNS: [&str; 12] = [
    "id", "title", "severity", "category", "impact", "state", "reason", "observed", "expected", "evidence",
    "fix", "excepted",
];

/// Lists the results of a profile's last run on one device.
#[utoipa::path(get, path = "/api/v1/devices/{id}/baselines/{profile}", operation_id = "devices_baseline_results",
    tag = "baselines", params(("id" = String, Path, description = "The device."),
        ("profile" = String, Path, description = "The profile."), BaselineChecksParams),
    responses((status = 200, description = "Results.", content((BaselineResultPage = "application/json"), (String = "text/csv")))))]
pub(crate) async fn results(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    headers: HeaderMap,
    Ids(id, profile): Ids<DeviceId, String>,
    Params(params): Params<BaselineChecksParams>,
) -> Result<Response, ApiError> {
    let (part, wanted) = (params.part(None, false, &headers)?, params.wanted()?);
    let (tenant, scope, now) = (caller.tenant(), caller.devices(), TimeMicros::now());
    let (body, excepted) = api.config.state.device_baseline(tenant, scope, (id, &profile), now).await?;
    let told: Told =
        serde_json::from_value(body).map_err(|e| ApiError::internal("a run of a baseline", &e))?;
    let rows: Vec<BaselineResult> = told
        .checks
        .into_iter()
        .map(|(id, seen)| result(id, seen, &excepted))
        .filter(|r| wanted.takes(&r.id, &r.title, &r.severity, &r.category) && wanted.has(&r.state))
        .collect();
    let (items, next_cursor, total) = cut(rows, &part)?;
    let page = BaselineResultPage { items, next_cursor, total };
    part.answer("baseline-results", &RESULT_COLUMNS, page, |p| (&p.items, p.total))
}

fn result(id: String, seen: Seen, excepted: &[String]) -> BaselineResult {
    let check = builtin().check(&id);
    BaselineResult {
        title: check.map(|c| c.title.clone()).unwrap_or_default(),
        severity: check.map(|c| c.severity.as_str().to_owned()).unwrap_or_default(),
        category: check.map(|c| c.category().as_str().to_owned()).unwrap_or_default(),
        impact: check.map_or(0, Check::impact),
        state: seen.state.as_str().to_owned(),
        reason: seen.reason.map(|r| r.as_str().to_owned()).unwrap_or_default(),
        observed: seen.observed,
        expected: seen.expected,
        evidence: seen.evidence.into_iter().map(Into::into).collect(),
        fix: check.map(|c| c.fix.clone()).unwrap_or_default(),
        excepted: excepted.contains(&id),
        id,
    }
}
