//! Agentless scanning: machines without a sensor, scanned over SSH.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_estate::agentless::{ScanCode, explain};
use palisade_state::StateError;
use palisade_state::estate::{AgentlessStand, AgentlessSwitch, ScanPast};
use palisade_types::{MachineId, SubscriptionId, TenantId, TimeMicros};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::machine_verbs::{VerbReason, note_reason};
use crate::error::ApiError;
use crate::extract::{Body, Id, MaybeBody};
use crate::gate::{Authorized, EstateManage, EstateRead, MachinesOperate, MachinesRead, audit};
use crate::instant::Instant;
use crate::state::Api;

/// States that a list may be limited to.
pub(crate) const STATES: [&str; 8] =
    ["off", "not_applicable", "waiting", "queued", "running", "done", "limited", "failed"];

/// How many machines of a subscription stand how.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct AgentlessStates {
    /// Switched off.
    off: u64,
    /// Not to be scanned: a sensor is there, or nothing reaches it.
    not_applicable: u64,
    /// Not scanned yet, asked for, or under way.
    waiting: u64,
    /// The last scan read everything.
    done: u64,
    /// The last scan read a part.
    limited: u64,
    /// The last scan gave nothing.
    failed: u64,
}

/// Agentless scanning of a subscription.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentlessOfSubscription {
    /// Whether its machines without a sensor are scanned.
    on: bool,
    /// Hours between two scans.
    hours: i32,
    /// Its machines by how their scans stand.
    machines: AgentlessStates,
}

/// A scan that was.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentlessScan {
    /// When it ended.
    at: Instant,
    /// Its stable code; empty where nothing was wrong.
    code: String,
    /// Words to it.
    message: String,
    /// How long it took.
    seconds: f64,
    /// Whether as root; absent where it gave nothing.
    #[schema(required = true)]
    root: Option<bool>,
    /// How many packages it found.
    #[schema(required = true)]
    packages: Option<u32>,
}

/// How agentless scanning of a machine stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Agentless {
    /// The machine's own setting: `inherit`, `on`, `off`.
    setting: AgentlessSetting,
    /// What follows with its subscription's.
    on: bool,
    /// Hours between two scans.
    hours: i32,
    /// `off`, `not_applicable`, `waiting`, `queued`, `running`, `done`, `limited`, `failed`.
    state: String,
    /// The stable code of why; empty where nothing is wrong.
    code: String,
    /// What that is, in a few words.
    title: String,
    /// What is the case.
    message: String,
    /// What to do about it.
    fix: String,
    /// The device that scans made; out of service while a sensor tells of the machine.
    #[schema(required = true)]
    device_id: Option<String>,
    /// Whether the last scan that gave something ran as root.
    #[schema(required = true)]
    root: Option<bool>,
    /// How many packages it found.
    #[schema(required = true)]
    packages: Option<u32>,
    /// When that was.
    #[schema(required = true)]
    scanned_at: Option<Instant>,
    /// When one was last tried.
    #[schema(required = true)]
    tried_at: Option<Instant>,
    /// When the next one is due.
    #[schema(required = true)]
    next_at: Option<Instant>,
    /// Since when one is asked for.
    #[schema(required = true)]
    wanted_at: Option<Instant>,
    /// The last scans, newest first, at most 50.
    history: Vec<AgentlessScan>,
}

/// Whether a machine is scanned.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AgentlessSetting {
    /// As its subscription says.
    Inherit,
    /// It is, whatever its subscription says.
    On,
    /// It is not.
    Off,
}

/// What the list of machines says of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MachineAgentless {
    /// `off`, `not_applicable`, `waiting`, `queued`, `running`, `done`, `limited`, `failed`.
    state: String,
    /// The stable code of why; empty where nothing is wrong.
    code: String,
    /// When a scan last gave something.
    #[schema(required = true)]
    scanned_at: Option<Instant>,
    /// The device that scans made.
    #[schema(required = true)]
    device_id: Option<String>,
}

impl From<AgentlessStand> for MachineAgentless {
    fn from(s: AgentlessStand) -> Self {
        Self {
            state: s.state,
            code: s.code,
            scanned_at: Instant::maybe(s.scanned_at),
            device_id: s.device.map(|d| d.to_string()),
        }
    }
}

fn seconds(micros: i64) -> f64 {
    // Milliseconds of at most some hours are exact.
    f64::from(i32::try_from(micros / 1000).unwrap_or(i32::MAX)) / 1000.0
}

fn shown(s: AgentlessStand, history: Vec<ScanPast>) -> Agentless {
    let said = explain(&s.code);
    Agentless {
        setting: match s.own {
            None => AgentlessSetting::Inherit,
            Some(true) => AgentlessSetting::On,
            Some(false) => AgentlessSetting::Off,
        },
        on: s.on,
        hours: s.hours,
        state: s.state,
        code: s.code,
        title: said.title,
        message: s.message,
        fix: said.fix,
        device_id: s.device.map(|d| d.to_string()),
        root: s.root,
        packages: s.packages,
        scanned_at: Instant::maybe(s.scanned_at),
        tried_at: Instant::maybe(s.tried_at),
        next_at: Instant::maybe(s.next_at),
        wanted_at: Instant::maybe(s.wanted_at),
        history: history
            .into_iter()
            .map(|h| AgentlessScan {
                at: h.at.into(),
                code: h.code,
                message: h.message,
                seconds: seconds(h.micros),
                root: h.root,
                packages: h.packages,
            })
            .collect(),
    }
}

async fn of_subscription(
    api: &Api,
    tenant: TenantId,
    id: SubscriptionId,
    switch: AgentlessSwitch,
) -> Result<Json<AgentlessOfSubscription>, ApiError> {
    let counts = api.config.state.agentless_counts(tenant, id).await?;
    let of = |states: &[&str]| states.iter().filter_map(|s| counts.get(*s)).sum();
    Ok(Json(AgentlessOfSubscription {
        on: switch.on,
        hours: switch.hours,
        machines: AgentlessStates {
            off: of(&["off"]),
            not_applicable: of(&["not_applicable"]),
            waiting: of(&["waiting", "queued", "running"]),
            done: of(&["done"]),
            limited: of(&["limited"]),
            failed: of(&["failed"]),
        },
    }))
}

/// Reads whether machines of a subscription without a sensor are scanned.
#[utoipa::path(get, path = "/api/v1/subscriptions/{id}/agentless", operation_id = "subscriptions_agentless",
    tag = "estate", params(("id" = String, Path, description = "The subscription.")),
    responses((status = 200, description = "The switch, and how scans stand.", body = AgentlessOfSubscription)))]
pub(crate) async fn subscription(
    caller: Authorized<EstateRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<SubscriptionId>,
) -> Result<Json<AgentlessOfSubscription>, ApiError> {
    let switch = api.config.state.agentless_switch(caller.tenant(), id).await?;
    of_subscription(&api, caller.tenant(), id, switch).await
}

/// What is decided for a subscription.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentlessSwitchBody {
    /// Whether its machines without a sensor are scanned.
    on: bool,
    /// Hours between two scans, 4 to 72; what it was where absent.
    #[schema(minimum = 4, maximum = 72)]
    hours: Option<i32>,
    /// Why, for the audit log.
    #[serde(default)]
    reason: String,
}

/// Switches agentless scanning of a subscription.
#[utoipa::path(put, path = "/api/v1/subscriptions/{id}/agentless", operation_id = "subscriptions_set_agentless",
    tag = "estate", params(("id" = String, Path, description = "The subscription.")),
    request_body = AgentlessSwitchBody,
    responses((status = 200, description = "As it is now.", body = AgentlessOfSubscription)))]
pub(crate) async fn switch(
    caller: Authorized<EstateManage, audit::SubscriptionAgentless>,
    State(api): State<Api>,
    Id(id): Id<SubscriptionId>,
    Body(body): Body<AgentlessSwitchBody>,
) -> Result<Json<AgentlessOfSubscription>, ApiError> {
    caller.scope.target(id);
    caller.scope.detail("on", body.on);
    if let Some(hours) = body.hours {
        caller.scope.detail("hours", hours);
    }
    note_reason(&caller.scope, &body.reason);
    let (tenant, state) = (caller.tenant(), &api.config.state);
    let now_is = state.set_agentless_switch(tenant, id, body.on, body.hours, TimeMicros::now()).await?;
    of_subscription(&api, tenant, id, now_is).await
}

async fn of_machine(api: &Api, tenant: TenantId, id: MachineId) -> Result<Json<Agentless>, ApiError> {
    let stand = api.config.state.agentless(tenant, id).await?;
    let history = api.config.state.scans_of(tenant, id).await?;
    Ok(Json(shown(stand, history)))
}

/// Reads how agentless scanning of a machine stands.
#[utoipa::path(get, path = "/api/v1/machines/{id}/agentless", operation_id = "machines_agentless", tag = "machines",
    params(("id" = String, Path, description = "The machine.")),
    responses((status = 200, description = "How it stands, and the last scans.", body = Agentless)))]
pub(crate) async fn show(
    caller: Authorized<MachinesRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<MachineId>,
) -> Result<Json<Agentless>, ApiError> {
    api.config.state.machine_summary(caller.tenant(), caller.devices(), id).await?;
    of_machine(&api, caller.tenant(), id).await
}

/// What is decided for one machine.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentlessBody {
    /// Whether it is scanned.
    setting: AgentlessSetting,
    /// Why, for the audit log.
    #[serde(default)]
    reason: String,
}

/// Decides whether one machine is scanned without a sensor.
#[utoipa::path(put, path = "/api/v1/machines/{id}/agentless", operation_id = "machines_set_agentless",
    tag = "machines", params(("id" = String, Path, description = "The machine.")), request_body = AgentlessBody,
    responses((status = 200, description = "As it is now.", body = Agentless)))]
pub(crate) async fn decide(
    caller: Authorized<MachinesOperate, audit::MachineAgentless>,
    State(api): State<Api>,
    Id(id): Id<MachineId>,
    Body(body): Body<AgentlessBody>,
) -> Result<Json<Agentless>, ApiError> {
    caller.scope.target(id);
    let (on, word) = match body.setting {
        AgentlessSetting::Inherit => (None, "inherit"),
        AgentlessSetting::On => (Some(true), "on"),
        AgentlessSetting::Off => (Some(false), "off"),
    };
    caller.scope.detail("setting", word);
    note_reason(&caller.scope, &body.reason);
    let (tenant, state) = (caller.tenant(), &api.config.state);
    state.machine_summary(tenant, caller.devices(), id).await?;
    let by = caller.principal.actor().name;
    state.set_machine_agentless(tenant, id, on, &by, TimeMicros::now()).await?;
    of_machine(&api, tenant, id).await
}

fn refused(code: ScanCode) -> ApiError {
    let message = format!("{}. {}", code.title(), code.fix());
    StateError::Rule { code: code.as_str(), message }.into()
}

/// Has a machine scanned now.
#[utoipa::path(post, path = "/api/v1/machines/{id}/agentless/scan", operation_id = "machines_scan", tag = "machines",
    params(("id" = String, Path, description = "The machine.")), request_body = Option<VerbReason>,
    responses((status = 202, description = "It is asked for.", body = Agentless)))]
pub(crate) async fn scan(
    caller: Authorized<MachinesOperate, audit::MachineScan>,
    State(api): State<Api>,
    Id(id): Id<MachineId>,
    MaybeBody(body): MaybeBody<VerbReason>,
) -> Result<(StatusCode, Json<Agentless>), ApiError> {
    caller.scope.target(id);
    note_reason(&caller.scope, &body.reason);
    let (tenant, state) = (caller.tenant(), &api.config.state);
    let summary = state.machine_summary(tenant, caller.devices(), id).await?;
    // What certainly stands in the way is said at once; the estate process decides about the rest.
    if !summary.agentless.on {
        return Err(refused(ScanCode::AgentlessOff));
    }
    if summary.machine.retired_at.is_some() || summary.machine.offboarded_at.is_some() {
        return Err(refused(ScanCode::MachineGone));
    }
    if summary.machine.connector.is_none() {
        return Err(refused(ScanCode::NoConnector));
    }
    let stands = summary.agentless.code.parse::<ScanCode>();
    if let (Ok(ScanCode::SensorPresent), Some(_)) = (stands, summary.machine.device) {
        return Err(refused(ScanCode::SensorPresent));
    }
    let by = caller.principal.actor().name;
    state.ask_of_machine(tenant, id, "scan", &by, TimeMicros::now()).await?;
    Ok((StatusCode::ACCEPTED, of_machine(&api, tenant, id).await?))
}
