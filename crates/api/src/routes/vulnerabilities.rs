//! Vulnerabilities that devices have, and why each has them.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use palisade_state::vulnerabilities::{self as state, SEVERITIES, WeaknessQuery};
use palisade_types::{DeviceId, TimeMicros};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::{Id, Params};
use crate::gate::{Authorized, VulnerabilitiesRead, audit};
use crate::instant::Instant;
use crate::listing::{self, Part, params};
use crate::page::page;
use crate::state::Api;

/// A vulnerability; every number is one of the caller's devices.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Vulnerability {
    /// CVE id where there is one, else the advisory's.
    id: String,
    /// One line about it; may be empty.
    name: String,
    /// What it is; may be empty.
    description: String,
    /// `critical`, `high`, `medium`, `low`, `none`, `unknown`.
    severity: String,
    /// CVSS base score, 0 to 10; null where nobody has scored it, which is not zero.
    #[schema(required = true)]
    cvss: Option<f64>,
    /// The score's vector; empty where there is none.
    cvss_vector: String,
    /// How likely it is to be exploited within 30 days, 0 to 1; null where there is no score.
    #[schema(required = true)]
    epss: Option<f64>,
    /// Whether CISA knows that it is exploited.
    exploited: bool,
    /// Since when, by CISA's catalogue; null where it gives no date.
    #[schema(required = true)]
    exploited_since: Option<Instant>,
    /// Whether an exploit is public.
    public_exploit: bool,
    /// When it was published.
    #[schema(required = true)]
    published_on: Option<Instant>,
    /// When what is known of it changed last.
    #[schema(required = true)]
    updated_on: Option<Instant>,
    /// Other names of it.
    aliases: Vec<String>,
    /// CWE ids.
    cwes: Vec<String>,
    /// Where to read on.
    references: Vec<String>,
    /// SSVC, who scored it how, and more.
    facts: Value,
    /// Devices that have it.
    exposed_devices: u64,
    /// Of these, devices on which one of its packages runs or is loaded.
    running_devices: u64,
    /// Of these, devices for which an exception holds.
    excepted_devices: u64,
    /// Packages that have it, each in one version.
    components: u64,
    /// Names of the first few of these.
    software: Vec<String>,
    /// Whether updates take it away: `all`, `some`, `none`.
    updates: String,
    /// When it was first found here.
    first_detected: Instant,
}

impl From<state::Weakness> for Vulnerability {
    fn from(w: state::Weakness) -> Self {
        Self {
            id: w.id,
            name: w.title,
            description: w.description,
            severity: w.severity,
            cvss: w.cvss,
            cvss_vector: w.cvss_vector,
            epss: w.epss,
            exploited: w.exploited,
            exploited_since: Instant::maybe(w.kev_added),
            public_exploit: w.exploit_public,
            published_on: Instant::maybe(w.published),
            updated_on: Instant::maybe(w.modified),
            aliases: w.aliases,
            cwes: w.weaknesses,
            references: w.links,
            facts: w.facts,
            exposed_devices: w.devices,
            running_devices: w.running_devices,
            excepted_devices: w.excepted_devices,
            components: w.components,
            software: w.software,
            updates: w.updates.as_str().to_owned(),
            first_detected: w.first_seen.into(),
        }
    }
}

page! {
    /// Vulnerabilities.
    VulnerabilityPage of Vulnerability
}

const COLUMNS: [&str; 18] = [
    "id",
    "name",
    "severity",
    "cvss",
    "epss",
    "exploited",
    "exploited_since",
    "public_exploit",
    "exposed_devices",
    "running_devices",
    "excepted_devices",
    "updates",
    "software",
    "cwes",
    "aliases",
    "published_on",
    "updated_on",
    "first_detected",
];

params! {
    pub(crate) struct VulnerabilityParams {
        /// Text that the id, an alias, the name or a package's name contains.
        search: Option<String>,
        /// `critical`, `high`, `medium`, `low`, `none`, `unknown`; several separated by commas.
        severity: Option<String>,
        /// Only those that CISA knows to be exploited, or only others.
        exploited: Option<bool>,
        /// Only those with a public exploit, or only others.
        public_exploit: Option<bool>,
        /// Only those that an update takes away somewhere, or only others.
        fixable: Option<bool>,
        /// Only those of one software, by its identifier.
        software: Option<String>,
        /// Only those of one device.
        device: Option<String>,
        /// `hide` leaves out what is excepted on every device; shown when absent.
        excepted: Option<String>,
        /// `severity`, `id`, `cvss`, `epss`, `devices`, `published`, `first_seen`; severity when absent.
        sort: Option<String>,
        /// `asc` or `desc`; desc when absent.
        order: Option<String>,
    }
}

/// Whether what is excepted everywhere is to be left out.
pub(crate) fn hides_excepted(text: Option<&str>) -> Result<bool, ApiError> {
    match text {
        None | Some("" | "show") => Ok(false),
        Some("hide") => Ok(true),
        Some(_) => Err(ApiError::invalid("excepted must be show or hide")),
    }
}

/// A device's identifier in a query string.
pub(crate) fn device(text: Option<String>) -> Result<Option<DeviceId>, ApiError> {
    let parsed = text.filter(|t| !t.is_empty()).map(|t| t.parse()).transpose();
    parsed.map_err(|_| ApiError::invalid("device must be a device's identifier"))
}

/// Lists vulnerabilities that devices have.
#[utoipa::path(get, path = "/api/v1/vulnerabilities", operation_id = "vulnerabilities_list", tag = "vulnerabilities",
    params(VulnerabilityParams),
    responses((status = 200, description = "Vulnerabilities.", content((VulnerabilityPage = "application/json"), (String = "text/csv")))))]
pub(crate) async fn list(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    headers: HeaderMap,
    Params(params): Params<VulnerabilityParams>,
) -> Result<Response, ApiError> {
    let part = params.part(params.order.as_deref(), true, &headers)?;
    let wanted = WeaknessQuery {
        search: listing::search(params.search)?,
        severity: listing::words("severity", params.severity.as_deref(), &SEVERITIES)?,
        exploited: params.exploited,
        exploit_public: params.public_exploit,
        fixable: params.fixable,
        software: params.software.filter(|s| !s.is_empty()),
        device: device(params.device)?,
        without_excepted: hides_excepted(params.excepted.as_deref())?,
        sort: listing::sort(params.sort.as_deref())?,
        range: part.range.clone(),
    };
    let found =
        api.config.state.weaknesses(caller.tenant(), caller.devices(), &wanted, TimeMicros::now()).await?;
    part.answer("vulnerabilities", &COLUMNS, VulnerabilityPage::from(found), |p| (&p.items, p.total))
}

/// Reads one vulnerability that a device has.
#[utoipa::path(get, path = "/api/v1/vulnerabilities/{id}", operation_id = "vulnerabilities_show",
    tag = "vulnerabilities", params(("id" = String, Path, description = "The vulnerability.")),
    responses((status = 200, description = "The vulnerability.", body = Vulnerability)))]
pub(crate) async fn show(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<String>,
) -> Result<Json<Vulnerability>, ApiError> {
    let found = api.config.state.weakness(caller.tenant(), caller.devices(), &id, TimeMicros::now()).await?;
    Ok(Json(found.into()))
}

/// A device where a list names one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListedDevice {
    /// Identifier.
    id: String,
    /// Name.
    name: String,
    /// Distribution and version.
    os: String,
    /// Its exposure, 0 to 100; null where it was not judged yet.
    #[schema(required = true)]
    exposure: Option<f64>,
}

impl From<state::DeviceRef> for ListedDevice {
    fn from(d: state::DeviceRef) -> Self {
        Self { id: d.id.to_string(), name: d.name, os: d.os, exposure: d.exposure }
    }
}

page! {
    /// Devices.
    ListedDevicePage of ListedDevice
}

/// A package that has a vulnerability, and by whose word.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VulnerableComponent {
    /// Its software's identifier.
    software_id: String,
    /// Its name.
    name: String,
    /// The installed version.
    version: String,
    /// Whose names and versions these are.
    ecosystem: String,
    /// Distribution and release; empty for a language's package.
    release: String,
    /// Architecture.
    architecture: String,
    /// The source package; empty where there is none.
    source_name: String,
    /// Its version.
    source_version: String,
    /// Where it lies, for packages that lie at a path of their own.
    paths: Vec<String>,
    /// Whether it runs or is loaded there.
    running: bool,
    /// The advisory that says so.
    advisory: String,
    /// The feed that it is from.
    feed: String,
    /// When that feed was last fetched.
    #[schema(required = true)]
    feed_fetched_at: Option<Instant>,
    /// The advisory's own severity.
    severity: String,
    /// First version that is not affected; empty where there is none.
    fixed_version: String,
    /// `fixed`, `none_yet`, `deferred`, `will_not_fix`, `out_of_support`.
    remedy: String,
    /// Matched range, names, the source's words.
    why: Value,
    /// When it was first found.
    first_detected: Instant,
}

impl From<state::AffectedBy> for VulnerableComponent {
    fn from(a: state::AffectedBy) -> Self {
        Self {
            software_id: a.software,
            name: a.name,
            version: a.version,
            ecosystem: a.ecosystem,
            release: a.release,
            architecture: a.arch,
            source_name: a.source_name,
            source_version: a.source_version,
            paths: a.paths,
            running: a.running,
            advisory: a.advisory,
            feed: a.feed,
            feed_fetched_at: Instant::maybe(a.feed_at),
            severity: a.severity,
            fixed_version: a.fixed_version,
            remedy: a.remedy,
            why: a.why,
            first_detected: a.first_seen.into(),
        }
    }
}

/// A device that has a vulnerability, and why.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VulnerableDevice {
    /// The device.
    device: ListedDevice,
    /// Its packages that have it.
    components: Vec<VulnerableComponent>,
}

impl From<state::AffectedDevice> for VulnerableDevice {
    fn from(d: state::AffectedDevice) -> Self {
        Self { device: d.device.into(), components: d.by.into_iter().map(Into::into).collect() }
    }
}

page! {
    /// Devices, each with why.
    VulnerableDevicePage of VulnerableDevice
}

params! {
    /// A list of devices by name.
    pub(crate) struct DevicesParams {
        /// Text that the name contains.
        search: Option<String>,
    }
}

impl DevicesParams {
    /// The part that is asked for, and the text.
    pub(crate) fn asked(self, headers: &HeaderMap) -> Result<(Part, Option<String>), ApiError> {
        let part = self.part(None, false, headers)?;
        Ok((part, listing::search(self.search)?))
    }
}

/// Columns of a list of devices as CSV.
pub(crate) const DEVICE_COLUMNS: [&str; 4] = ["id", "name", "os", "exposure"];

/// Lists the devices that have a vulnerability, each with why.
#[utoipa::path(get, path = "/api/v1/vulnerabilities/{id}/devices", operation_id = "vulnerabilities_devices",
    tag = "vulnerabilities", params(("id" = String, Path, description = "The vulnerability."), DevicesParams),
    responses((status = 200, description = "Devices.", content((VulnerableDevicePage = "application/json"), (String = "text/csv")))))]
pub(crate) async fn devices(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    headers: HeaderMap,
    Id(id): Id<String>,
    Params(params): Params<DevicesParams>,
) -> Result<Response, ApiError> {
    let (part, search) = params.asked(&headers)?;
    let (tenant, scope, asked) = (caller.tenant(), caller.devices(), (search.as_deref(), &part.range));
    let found = api.config.state.weakness_devices(tenant, scope, &id, asked, TimeMicros::now()).await?;
    let columns = ["device.id", "device.name", "device.os", "device.exposure", "components"];
    part.answer("vulnerable-devices", &columns, VulnerableDevicePage::from(found), |p| (&p.items, p.total))
}
