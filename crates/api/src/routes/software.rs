//! Software of devices: all versions of a package together, and the devices that have it.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use palisade_state::vulnerabilities::{self as state, Range, SoftwareQuery};
use palisade_types::TimeMicros;
use serde::Serialize;
use utoipa::ToSchema;

use super::vulnerabilities::{DEVICE_COLUMNS, ListedDevicePage};
use crate::error::ApiError;
use crate::extract::{Id, Params};
use crate::gate::{Authorized, VulnerabilitiesRead, audit};
use crate::listing::{self, params};
use crate::page::page;
use crate::state::Api;

/// A package in all its versions; every number is one of the caller's devices.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Software {
    /// Identifier.
    id: String,
    /// Name.
    name: String,
    /// Who makes it; empty where nobody says.
    vendor: String,
    /// Whose names and versions these are.
    ecosystem: String,
    /// Devices that have it.
    installed_devices: u64,
    /// Devices on which it runs or is loaded.
    running_devices: u64,
    /// Devices with a version that has a vulnerability.
    exposed_devices: u64,
    /// Different versions.
    versions: u64,
    /// Vulnerabilities in any of them.
    weaknesses: u64,
    /// The worst severity of these; empty without one.
    severity: String,
    /// Vulnerabilities that CISA knows to be exploited.
    exploited: u64,
    /// Vulnerabilities with a public exploit.
    public_exploit: u64,
    /// Whether a feed speaks of every version: without one, no weaknesses is no clean bill.
    covered: bool,
    /// The earliest last day of support of a version, `YYYY-MM-DD`; empty where no table knows it.
    end_of_support: String,
}

impl From<state::Software> for Software {
    fn from(s: state::Software) -> Self {
        Self {
            id: s.id,
            name: s.name,
            vendor: s.vendor,
            ecosystem: s.ecosystem,
            installed_devices: s.devices,
            running_devices: s.running_devices,
            exposed_devices: s.exposed_devices,
            versions: s.versions,
            weaknesses: s.vulnerabilities,
            severity: s.severity,
            exploited: s.exploited,
            public_exploit: s.exploit_public,
            covered: s.covered,
            end_of_support: s.end_of_life,
        }
    }
}

page! {
    /// Software.
    SoftwarePage of Software
}

/// A version of a software.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SoftwareVersion {
    /// The version.
    version: String,
    /// Distribution and release; empty for a language's package.
    release: String,
    /// Devices that have it.
    installed_devices: u64,
    /// Devices on which it runs or is loaded.
    running_devices: u64,
    /// Vulnerabilities in it.
    weaknesses: u64,
    /// The worst severity of these; empty without one.
    severity: String,
    /// Vulnerabilities that CISA knows to be exploited.
    exploited: u64,
    /// Whether a feed speaks of it.
    covered: bool,
    /// Last day of its support; empty where no table knows it.
    end_of_support: String,
}

impl From<state::SoftwareVersion> for SoftwareVersion {
    fn from(v: state::SoftwareVersion) -> Self {
        Self {
            version: v.version,
            release: v.release,
            installed_devices: v.devices,
            running_devices: v.running_devices,
            weaknesses: v.vulnerabilities,
            severity: v.severity,
            exploited: v.exploited,
            covered: v.covered,
            end_of_support: v.end_of_life,
        }
    }
}

/// A software with its versions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SoftwareDetail {
    /// The software.
    software: Software,
    /// Its versions, most devices first.
    distribution: Vec<SoftwareVersion>,
}

const COLUMNS: [&str; 14] = [
    "id",
    "name",
    "vendor",
    "ecosystem",
    "installed_devices",
    "running_devices",
    "exposed_devices",
    "versions",
    "weaknesses",
    "severity",
    "exploited",
    "public_exploit",
    "covered",
    "end_of_support",
];

params! {
    pub(crate) struct SoftwareParams {
        /// Text that the name, the vendor or a source package contains.
        search: Option<String>,
        /// `Debian`, `npm`…; several separated by commas, without regard to case.
        ecosystem: Option<String>,
        /// Only with vulnerabilities, or only without.
        vulnerable: Option<bool>,
        /// Only with one that is exploited, or only others.
        exploited: Option<bool>,
        /// Only what feeds speak of, or only others.
        covered: Option<bool>,
        /// Only what is out of support today.
        ended: Option<bool>,
        /// `name`, `vendor`, `devices`, `exposed_devices`, `vulnerabilities`, `severity`, `versions`; severity
        /// when absent.
        sort: Option<String>,
        /// `asc` or `desc`; desc when absent, but for names.
        order: Option<String>,
    }
}

/// Lists software of devices.
#[utoipa::path(get, path = "/api/v1/software", operation_id = "software_list", tag = "vulnerabilities",
    params(SoftwareParams),
    responses((status = 200, description = "Software.", content((SoftwarePage = "application/json"), (String = "text/csv")))))]
pub(crate) async fn list(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    headers: HeaderMap,
    Params(params): Params<SoftwareParams>,
) -> Result<Response, ApiError> {
    let sort = params.sort.as_deref().filter(|s| !s.is_empty()).unwrap_or("severity");
    let usual = !matches!(sort, "name" | "vendor");
    let part = params.part(params.order.as_deref(), usual, &headers)?;
    let now = TimeMicros::now();
    let today = now.to_rfc3339().get(..10).unwrap_or_default().to_owned();
    let wanted = SoftwareQuery {
        search: listing::search(params.search)?,
        ecosystem: listing::words("ecosystem", params.ecosystem.as_deref(), &[])?,
        vulnerable: params.vulnerable,
        exploited: params.exploited,
        covered: params.covered,
        ended_by: params.ended.filter(|ended| *ended).map(|_| today),
        sort: listing::sort(Some(sort))?,
        range: part.range.clone(),
    };
    let found = api.config.state.software(caller.tenant(), caller.devices(), &wanted, now).await?;
    part.answer("software", &COLUMNS, SoftwarePage::from(found), |p| (&p.items, p.total))
}

/// Reads one software with its versions.
#[utoipa::path(get, path = "/api/v1/software/{id}", operation_id = "software_show", tag = "vulnerabilities",
    params(("id" = String, Path, description = "The software.")),
    responses((status = 200, description = "The software.", body = SoftwareDetail)))]
pub(crate) async fn show(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<String>,
) -> Result<Json<SoftwareDetail>, ApiError> {
    let (tenant, scope) = (caller.tenant(), caller.devices());
    let (software, versions) =
        api.config.state.software_versions(tenant, scope, &id, TimeMicros::now()).await?;
    let distribution = versions.into_iter().map(Into::into).collect();
    Ok(Json(SoftwareDetail { software: software.into(), distribution }))
}

params! {
    pub(crate) struct SoftwareDevicesParams {
        /// Only this version of it.
        version: Option<String>,
        /// Text that the device's name contains.
        search: Option<String>,
    }
}

/// Lists the devices that have a software.
#[utoipa::path(get, path = "/api/v1/software/{id}/devices", operation_id = "software_devices",
    tag = "vulnerabilities", params(("id" = String, Path, description = "The software."), SoftwareDevicesParams),
    responses((status = 200, description = "Devices.", content((ListedDevicePage = "application/json"), (String = "text/csv")))))]
pub(crate) async fn devices(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    headers: HeaderMap,
    Id(id): Id<String>,
    Params(params): Params<SoftwareDevicesParams>,
) -> Result<Response, ApiError> {
    let part = params.part(None, false, &headers)?;
    let search = listing::search(params.search)?;
    let asked: (Option<&str>, &Range) = (search.as_deref(), &part.range);
    let version = params.version.as_deref().filter(|v| !v.is_empty());
    let (tenant, scope, now) = (caller.tenant(), caller.devices(), TimeMicros::now());
    let found = api.config.state.software_devices(tenant, scope, (&id, version), asked, now).await?;
    part.answer("software-devices", &DEVICE_COLUMNS, ListedDevicePage::from(found), |p| (&p.items, p.total))
}
