//! Machines with a sensor, and those that agentless scans tell of.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use palisade_state as state;
use palisade_state::{DeviceQuery, DeviceScope, DeviceSort, HealthState};
use palisade_types::{DeviceId, TenantId, TimeMicros};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::ApiError;
use crate::extract::{Body, Id, Params};
use crate::gate::{Authorized, DevicesRead, DevicesTag, audit};
use crate::instant::Instant;
use crate::page::{self, page};
use crate::routes::device_groups::{Automation, Criticality};
use crate::state::Api;

/// Longest search text, characters.
const MAX_SEARCH: usize = 200;
/// Most words of a list in the query string.
const MAX_WORDS: usize = 32;

/// How a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeviceHealth {
    /// All is well.
    Active,
    /// Something is wrong that a person should look at.
    Impaired,
    /// It has not been heard for a week, or was taken out of service.
    Inactive,
    /// It reports, but no events come.
    NoSensorData,
}

impl From<HealthState> for DeviceHealth {
    fn from(health: HealthState) -> Self {
        match health {
            HealthState::Active => Self::Active,
            HealthState::Impaired => Self::Impaired,
            HealthState::Inactive => Self::Inactive,
            HealthState::NoSensorData => Self::NoSensorData,
        }
    }
}

/// A part of the sensor.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Component {
    /// Its name.
    name: String,
    /// `ok`, `degraded`, `failed` or `off`.
    state: String,
    /// The rung of its ladder; 1 is the best, 0 where there is none.
    rung: u32,
    /// By what it works.
    mechanism: String,
    /// What is to be known about it.
    detail: String,
}

/// A machine with a sensor, or one that agentless scans tell of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Device {
    /// Identifier, 40 hexadecimal digits.
    id: String,
    /// Host name.
    name: String,
    /// Platform, such as `Linux`.
    os_platform: String,
    /// Distribution, such as `Debian`.
    os_distribution: String,
    /// Version of the distribution.
    os_version: String,
    /// Kernel release.
    kernel: String,
    /// Machine architecture.
    architecture: String,
    /// Version of the sensor.
    sensor_version: String,
    /// Who tells of it: `sensor`, or `agentless` scans.
    onboarding: &'static str,
    /// The machine that those scans read.
    #[schema(required = true)]
    machine_id: Option<String>,
    /// How it is.
    health: DeviceHealth,
    /// The stable code of why.
    health_code: String,
    /// Why, for people.
    health_reason: String,
    /// What to do about it; empty when nothing.
    health_fix: String,
    /// When it enrolled.
    first_seen: Instant,
    /// When anything was last heard of it.
    #[schema(required = true)]
    last_seen: Option<Instant>,
    /// When its last event happened.
    #[schema(required = true)]
    last_event: Option<Instant>,
    /// When its last heartbeat came.
    #[schema(required = true)]
    last_heartbeat: Option<Instant>,
    /// Addresses.
    ip_addresses: Vec<String>,
    /// What people wrote on it.
    tags: Vec<String>,
    /// The device groups that it belongs to, by rank.
    groups: Vec<GroupName>,
    /// How much harm its loss does: of its first group; `normal` where it is in none.
    criticality: Criticality,
    /// How far the product may go on it by itself: of its first group; `none` where it is in none.
    automation: Automation,
    /// The part of the machine that the sensor watches; empty for all of it.
    scope: String,
    /// The sensor's parts.
    components: Vec<Component>,
    /// The sensor's counters since its spool was made, losses included.
    counters: BTreeMap<String, u64>,
}

/// A device group by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupName {
    /// Identifier.
    id: String,
    /// Name.
    name: String,
}

impl Device {
    fn shown(device: state::Device, groups: Vec<state::GroupOfDevice>) -> Self {
        let first = groups.first().map(|g| (g.criticality, g.automation)).unwrap_or_default();
        let health_reason = reason(&device.health);
        let components = device.components.into_iter().map(|c| Component {
            name: c.name,
            state: c.state,
            rung: c.rung,
            mechanism: c.mechanism,
            detail: c.detail,
        });
        Self {
            id: device.id.to_string(),
            name: device.facts.name,
            os_platform: device.facts.os_platform,
            os_distribution: device.facts.os_distribution,
            os_version: device.facts.os_version,
            kernel: device.facts.kernel,
            architecture: device.facts.architecture,
            sensor_version: device.facts.sensor_version,
            onboarding: device.source.as_str(),
            machine_id: device.machine.map(|m| m.to_string()),
            health: device.health.state.into(),
            health_code: device.health.reason.to_owned(),
            health_reason,
            health_fix: device.health.fix.to_owned(),
            first_seen: device.first_seen.into(),
            last_seen: Some(device.last_seen.into()),
            last_event: Instant::maybe(device.last_event),
            last_heartbeat: Instant::maybe(device.last_heartbeat),
            ip_addresses: device.facts.ip_addresses,
            tags: device.tags,
            groups: groups.into_iter().map(|g| GroupName { id: g.id.to_string(), name: g.name }).collect(),
            criticality: first.0.into(),
            automation: first.1.into(),
            scope: device.facts.scope,
            components: components.collect(),
            counters: device.counters,
        }
    }
}

/// The reason as a sentence; an unknown code is shown as it is.
fn reason(health: &state::Health) -> String {
    let sentence = match health.reason {
        "reporting" => "It reports as it should",
        "offboarded" => "It was taken out of service",
        "not_seen_7_days" => "Nothing was heard of it for a week",
        "heartbeat_never" => "It enrolled, but no heartbeat has come",
        "heartbeat_late" => "Its heartbeat is late",
        "component_failed" => "A part of the sensor does not work",
        "events_lost" => "Events were lost in the last hour",
        "no_events_since_enrolment" => "It reports, but no event has come since it enrolled",
        "no_events_24_hours" => "It reports, but no event has come for a day",
        "agentless" => "Agentless scans read it",
        "not_scanned_7_days" => "No agentless scan has succeeded for a week",
        other => other,
    };
    if health.detail.is_empty() { format!("{sentence}.") } else { format!("{sentence}: {}.", health.detail) }
}

page! {
    /// Devices.
    DevicePage of Device
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceParams {
    /// Text that the name, identifier, an address, a tag or the system contains.
    search: Option<String>,
    /// `active`, `impaired`, `inactive`, `no_sensor_data`; several separated by commas.
    health: Option<String>,
    /// Platforms or distributions; several separated by commas.
    os: Option<String>,
    /// Only devices of this device group.
    group: Option<String>,
    /// Only those that a `sensor` tells of, or `agentless` scans.
    onboarding: Option<String>,
    /// `name` (default), `os`, `health`, `first_seen`, `last_seen`, `last_event`, `sensor_version`.
    sort: Option<String>,
    /// `asc` (default) or `desc`.
    order: Option<String>,
    /// Most items, 1 to 1000; 50 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists devices in service.
#[utoipa::path(get, path = "/api/v1/devices", operation_id = "devices_list", tag = "devices", params(DeviceParams),
    responses((status = 200, description = "Devices.", body = DevicePage)))]
pub(crate) async fn list(
    caller: Authorized<DevicesRead, audit::Unaudited>,
    State(api): State<Api>,
    Params(params): Params<DeviceParams>,
) -> Result<Json<DevicePage>, ApiError> {
    let query = wanted(params)?;
    let (tenant, state) = (caller.tenant(), &api.config.state);
    let found = state.devices(tenant, caller.devices(), &query, TimeMicros::now()).await?;
    let ids: Vec<DeviceId> = found.items.iter().map(|d| d.id).collect();
    let mut groups = state.groups_of_devices(tenant, &ids).await?;
    let shown = |device: state::Device| {
        let of_device = groups.remove(&device.id).unwrap_or_default();
        Device::shown(device, of_device)
    };
    let items = found.items.into_iter().map(shown).collect();
    Ok(Json(DevicePage { items, next_cursor: found.next_cursor, total: found.total }))
}

fn wanted(params: DeviceParams) -> Result<DeviceQuery, ApiError> {
    let search = params.search.filter(|s| !s.trim().is_empty());
    if search.as_ref().is_some_and(|s| s.chars().count() > MAX_SEARCH) {
        return Err(ApiError::invalid(format!("search must have at most {MAX_SEARCH} characters")));
    }
    let group = params.group.as_deref().map(str::trim).filter(|g| !g.is_empty()).map(str::parse).transpose();
    let group = group.map_err(|_| ApiError::invalid("group must be the identifier of a device group"))?;
    let mut health = Vec::new();
    for word in words(params.health.as_deref(), "health")? {
        health.push(word.parse::<HealthState>()?);
    }
    let sort = match params.sort.as_deref().filter(|s| !s.is_empty()) {
        None => DeviceSort::default(),
        // The name of the column that the console shows.
        Some("os_distribution") => DeviceSort::Os,
        Some(name) => name.parse()?,
    };
    let descending = match params.order.as_deref() {
        None | Some("" | "asc") => false,
        Some("desc") => true,
        Some(_) => return Err(ApiError::invalid("order must be asc or desc")),
    };
    Ok(DeviceQuery {
        search,
        health,
        os: words(params.os.as_deref(), "os")?.into_iter().map(str::to_owned).collect(),
        group,
        source: params.onboarding.as_deref().filter(|o| !o.is_empty()).map(str::parse).transpose()?,
        sort,
        descending,
        limit: page::limit(params.limit)?,
        cursor: page::cursor(params.cursor)?,
        ..DeviceQuery::default()
    })
}

fn words<'t>(list: Option<&'t str>, name: &str) -> Result<Vec<&'t str>, ApiError> {
    let words: Vec<&str> =
        list.unwrap_or_default().split(',').map(str::trim).filter(|w| !w.is_empty()).collect();
    if words.len() > MAX_WORDS {
        return Err(ApiError::invalid(format!("{name} must have at most {MAX_WORDS} words")));
    }
    Ok(words)
}

/// Reads one device.
#[utoipa::path(get, path = "/api/v1/devices/{id}", operation_id = "devices_show", tag = "devices",
    params(("id" = String, Path, description = "The device.")),
    responses((status = 200, description = "The device.", body = Device)))]
pub(crate) async fn show(
    caller: Authorized<DevicesRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<DeviceId>,
) -> Result<Json<Device>, ApiError> {
    Ok(Json(one(&api, caller.tenant(), caller.devices(), id).await?))
}

async fn one(api: &Api, tenant: TenantId, scope: &DeviceScope, id: DeviceId) -> Result<Device, ApiError> {
    let device = api.config.state.device(tenant, scope, id, TimeMicros::now()).await?;
    let groups = api.config.state.groups_of_devices(tenant, &[id]).await?.remove(&id);
    Ok(Device::shown(device, groups.unwrap_or_default()))
}

/// The tags that a device shall have.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceTags {
    /// At most 50 of 1 to 200 characters; `key=value` or a word. They replace what was there.
    tags: Vec<String>,
}

/// Replaces a device's tags; device groups follow at once.
#[utoipa::path(put, path = "/api/v1/devices/{id}/tags", operation_id = "devices_tag", tag = "devices",
    params(("id" = String, Path, description = "The device.")), request_body = DeviceTags,
    responses((status = 200, description = "The device.", body = Device)))]
pub(crate) async fn tag(
    caller: Authorized<DevicesTag, audit::DeviceTag>,
    State(api): State<Api>,
    Id(id): Id<DeviceId>,
    Body(body): Body<DeviceTags>,
) -> Result<Json<Device>, ApiError> {
    let (tenant, scope, state) = (caller.tenant(), caller.devices(), &api.config.state);
    caller.scope.target(id);
    caller.scope.detail("tags", body.tags.clone());
    state.set_device_tags(tenant, scope, id, &body.tags).await?;
    state.regroup_devices(tenant, &[id], TimeMicros::now()).await?;
    // A tag may have taken the device out of the caller's sight; that it was done is told all the same.
    Ok(Json(one(&api, tenant, &DeviceScope::all(), id).await?))
}
