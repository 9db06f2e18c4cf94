//! What one device has, and what is wrong with it.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use palisade_state::vulnerabilities::{self as state, DeviceSoftwareQuery, FindingQuery, SEVERITIES};
use palisade_types::{DeviceId, TimeMicros};
use serde::Serialize;
use utoipa::ToSchema;

use super::vulnerabilities::{Vulnerability, VulnerableComponent};
use crate::error::ApiError;
use crate::extract::{Id, Params};
use crate::gate::{Authorized, VulnerabilitiesRead, audit};
use crate::instant::Instant;
use crate::listing::{self, params};
use crate::page::page;
use crate::state::Api;

/// A package on a device.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InstalledSoftware {
    /// Its software's identifier.
    software_id: String,
    /// Name.
    name: String,
    /// Version.
    version: String,
    /// Who makes it; empty where nobody says.
    vendor: String,
    /// Whose names and versions these are.
    ecosystem: String,
    /// Distribution and release; empty for a language's package.
    release: String,
    /// Architecture.
    architecture: String,
    /// The source package; empty where there is none.
    source_name: String,
    /// Where it comes from, if not from the distribution.
    origin: String,
    /// Where it lies, for packages that lie at a path of their own.
    paths: Vec<String>,
    /// Whether it runs or is loaded.
    running: bool,
    /// Vulnerabilities in it.
    weaknesses: u64,
    /// The worst severity of these; empty without one.
    severity: String,
    /// Vulnerabilities that CISA knows to be exploited.
    exploited: u64,
    /// Whether a feed speaks of it: without one, no weaknesses is no clean bill.
    covered: bool,
    /// Last day of its support; empty where no table knows it.
    end_of_support: String,
    /// When this version was first seen on any device.
    first_seen: Instant,
}

impl From<state::DeviceSoftware> for InstalledSoftware {
    fn from(s: state::DeviceSoftware) -> Self {
        Self {
            software_id: s.software,
            name: s.name,
            version: s.version,
            vendor: s.vendor,
            ecosystem: s.ecosystem,
            release: s.release,
            architecture: s.arch,
            source_name: s.source_name,
            origin: s.origin,
            paths: s.paths,
            running: s.running,
            weaknesses: s.vulnerabilities,
            severity: s.severity,
            exploited: s.exploited,
            covered: s.covered,
            end_of_support: s.end_of_life,
            first_seen: s.first_seen.into(),
        }
    }
}

page! {
    /// Packages of a device.
    InstalledSoftwarePage of InstalledSoftware
}

const SOFTWARE_COLUMNS: [&str; 15] = [
    "name",
    "version",
    "vendor",
    "ecosystem",
    "release",
    "architecture",
    "source_name",
    "origin",
    "paths",
    "running",
    "weaknesses",
    "severity",
    "exploited",
    "covered",
    "end_of_support",
];

params! {
    pub(crate) struct InstalledParams {
        /// Text that name, vendor or source package contains.
        search: Option<String>,
        /// Only with vulnerabilities, or only without.
        vulnerable: Option<bool>,
        /// Only what runs or is loaded, or only others.
        running: Option<bool>,
        /// Only what feeds speak of, or only others.
        covered: Option<bool>,
        /// `name`, `severity`; name when absent.
        sort: Option<String>,
        /// `asc` or `desc`; asc for names and desc for severities when absent.
        order: Option<String>,
    }
}

/// Whether a list is sorted by its second word; the first is usual.
fn second(text: Option<&str>, words: [&str; 2]) -> Result<bool, ApiError> {
    match text {
        None | Some("") => Ok(false),
        Some(word) if word == words[0] => Ok(false),
        Some(word) if word == words[1] => Ok(true),
        Some(_) => Err(ApiError::invalid(format!("sort must be {} or {}", words[0], words[1]))),
    }
}

/// Lists the packages of a device.
#[utoipa::path(get, path = "/api/v1/devices/{id}/software", operation_id = "devices_software",
    tag = "vulnerabilities", params(("id" = String, Path, description = "The device."), InstalledParams),
    responses((status = 200, description = "Packages.", content((InstalledSoftwarePage = "application/json"), (String = "text/csv")))))]
pub(crate) async fn software(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    headers: HeaderMap,
    Id(id): Id<DeviceId>,
    Params(params): Params<InstalledParams>,
) -> Result<Response, ApiError> {
    let by_severity = second(params.sort.as_deref(), ["name", "severity"])?;
    let part = params.part(params.order.as_deref(), by_severity, &headers)?;
    let wanted = DeviceSoftwareQuery {
        search: listing::search(params.search)?,
        vulnerable: params.vulnerable,
        running: params.running,
        covered: params.covered,
        by_severity,
        range: part.range.clone(),
    };
    let (tenant, scope, now) = (caller.tenant(), caller.devices(), TimeMicros::now());
    let found = api.config.state.device_software(tenant, scope, id, &wanted, now).await?;
    let page = InstalledSoftwarePage::from(found);
    part.answer("device-software", &SOFTWARE_COLUMNS, page, |p| (&p.items, p.total))
}

/// A vulnerability of a package on a device, with why.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceVulnerability {
    /// The vulnerability; its numbers are of this device alone.
    vulnerability: Vulnerability,
    /// The package that has it, and by whose word.
    component: VulnerableComponent,
}

impl From<state::DeviceFinding> for DeviceVulnerability {
    fn from(f: state::DeviceFinding) -> Self {
        Self { vulnerability: f.weakness.into(), component: f.by.into() }
    }
}

page! {
    /// Vulnerabilities of a device.
    DeviceVulnerabilityPage of DeviceVulnerability
}

const FINDING_COLUMNS: [&str; 16] = [
    "vulnerability.id",
    "vulnerability.severity",
    "vulnerability.cvss",
    "vulnerability.epss",
    "vulnerability.exploited",
    "vulnerability.public_exploit",
    "component.name",
    "component.version",
    "component.release",
    "component.running",
    "component.fixed_version",
    "component.remedy",
    "component.advisory",
    "component.feed",
    "component.paths",
    "component.first_detected",
];

params! {
    pub(crate) struct FindingParams {
        /// Text that the vulnerability's id or name, or the package's name contains.
        search: Option<String>,
        /// `critical`, `high`, `medium`, `low`, `none`, `unknown`; several separated by commas.
        severity: Option<String>,
        /// Only of what runs or is loaded, or only of others.
        running: Option<bool>,
        /// Only with an update, or only without.
        fixable: Option<bool>,
        /// Only those that CISA knows to be exploited, or only others.
        exploited: Option<bool>,
        /// `severity`, `id`; severity when absent.
        sort: Option<String>,
        /// `asc` or `desc`; desc for severities and asc for ids when absent.
        order: Option<String>,
    }
}

/// Lists what is wrong with a device: a row for each vulnerability in each package.
#[utoipa::path(get, path = "/api/v1/devices/{id}/vulnerabilities", operation_id = "devices_vulnerabilities",
    tag = "vulnerabilities", params(("id" = String, Path, description = "The device."), FindingParams),
    responses((status = 200, description = "Vulnerabilities.", content((DeviceVulnerabilityPage = "application/json"), (String = "text/csv")))))]
pub(crate) async fn findings(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    headers: HeaderMap,
    Id(id): Id<DeviceId>,
    Params(params): Params<FindingParams>,
) -> Result<Response, ApiError> {
    let by_id = second(params.sort.as_deref(), ["severity", "id"])?;
    let part = params.part(params.order.as_deref(), !by_id, &headers)?;
    let wanted = FindingQuery {
        search: listing::search(params.search)?,
        severity: listing::words("severity", params.severity.as_deref(), &SEVERITIES)?,
        running: params.running,
        fixable: params.fixable,
        exploited: params.exploited,
        by_id,
        range: part.range.clone(),
    };
    let (tenant, scope, now) = (caller.tenant(), caller.devices(), TimeMicros::now());
    let found = api.config.state.device_findings(tenant, scope, id, &wanted, now).await?;
    let page = DeviceVulnerabilityPage::from(found);
    part.answer("device-vulnerabilities", &FINDING_COLUMNS, page, |p| (&p.items, p.total))
}
