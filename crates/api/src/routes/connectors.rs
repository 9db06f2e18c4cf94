//! Connectors: how a subscription's machines are found and reached.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_connectors::secret::{SealingKey, owner_of};
use palisade_estate::health::Code;
use palisade_estate::machine::OsFacts;
use palisade_estate::plan::effective;
use palisade_estate::provision::{Known, KnownDevice, Policy, WavePlan, dry_run};
use palisade_state::DeviceScope;
use palisade_state::estate::{
    self, ConnectorCounts, ConnectorState, MachineQuery, MachineSummary, NewConnector, facts,
};
use palisade_types::{DeviceId, SubscriptionId, TenantId, TimeMicros};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::machine_verbs::{VerbReason, note_reason};
use crate::error::ApiError;
use crate::extract::{Body, Id, MaybeBody, Params};
use crate::gate::{Authorized, EstateManage, EstateOperate, EstateRead, audit};
use crate::instant::Instant;
use crate::page::page;
use crate::state::Api;

/// A connector; its credential is never shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Connector {
    /// Identifier.
    id: String,
    /// The subscription whose machines it finds.
    subscription_id: String,
    /// `ssh`, `aws`, `cloud_init`.
    kind: String,
    /// Name.
    name: String,
    /// What it needs to know, by kind; no credential is in here.
    settings: Value,
    /// Whether it has a credential.
    has_credential: bool,
    /// `planned` (machines are looked at, none is changed), `active`, `revoked`.
    state: String,
    /// When it was made.
    created_at: Instant,
    /// Whether a listing or test is under way.
    busy: bool,
    /// When it listed last.
    #[schema(required = true)]
    last_listed: Option<Instant>,
    /// What went wrong with that, for people; empty when nothing.
    last_error: String,
    /// The stable code of that; empty where it has none.
    error_code: String,
    /// What to do about it; empty where the catalogue says nothing.
    error_fix: String,
    /// Machines that it lists.
    machines: u64,
    /// Host keys that nobody has confirmed yet.
    keys_waiting: u64,
    /// What its last test found, step by step.
    checks: Vec<ConnectorCheck>,
}

/// One step of a connector's test.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectorCheck {
    /// What was tried, such as `reach`, `host_keys`, `login`.
    name: String,
    /// `ok`, `warning`, `failed`, `skipped`.
    outcome: String,
    /// What was found.
    evidence: String,
    /// The stable code where something is wrong.
    #[schema(required = true)]
    code: Option<String>,
    /// What to do about it; empty where nothing is wrong.
    fix: String,
}

/// What the catalogue says to do.
fn fix_of(code: &str) -> String {
    code.parse::<Code>().map(|code| code.entry().remediation.clone()).unwrap_or_default()
}

impl ConnectorCheck {
    fn of(check: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let code = check["cause"]["code"].as_str().map(str::to_owned);
        Self {
            name: text(&check["name"]),
            outcome: text(&check["outcome"]),
            evidence: text(&check["evidence"]),
            fix: code.as_deref().map(fix_of).unwrap_or_default(),
            code,
        }
    }
}

impl Connector {
    fn of(c: estate::Connector, counts: &HashMap<Uuid, ConnectorCounts>) -> Self {
        let part =
            |key: &str| c.last_error.as_ref().and_then(|e| e[key].as_str()).unwrap_or_default().to_owned();
        let (error, error_code) = (part("message"), part("code"));
        let counts = counts.get(&c.id).copied().unwrap_or_default();
        let checks = c.checks.as_array().map(Vec::as_slice).unwrap_or_default();
        Self {
            id: c.id.to_string(),
            subscription_id: c.subscription.to_string(),
            last_error: error,
            error_fix: fix_of(&error_code),
            error_code,
            machines: counts.machines,
            keys_waiting: counts.keys_waiting,
            checks: checks.iter().map(ConnectorCheck::of).collect(),
            kind: c.kind,
            name: c.name,
            settings: c.settings,
            has_credential: c.has_secret,
            state: c.state.as_str().to_owned(),
            created_at: c.created_at.into(),
            busy: c.list_wanted_at.is_some(),
            last_listed: Instant::maybe(c.last_listed),
        }
    }
}

/// A connector as it is answered.
async fn answer(api: &Api, tenant: TenantId, of: estate::Connector) -> Result<Connector, ApiError> {
    let counts = api.config.state.connector_counts(tenant).await?;
    Ok(Connector::of(of, &counts))
}

page! {
    /// Connectors.
    ConnectorPage of Connector
}

/// Lists connectors.
#[utoipa::path(get, path = "/api/v1/connectors", operation_id = "connectors_list", tag = "estate",
    responses((status = 200, description = "Connectors.", body = ConnectorPage)))]
pub(crate) async fn list(
    caller: Authorized<EstateRead, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<ConnectorPage>, ApiError> {
    let all = api.config.state.connectors(caller.tenant()).await?;
    let counts = api.config.state.connector_counts(caller.tenant()).await?;
    Ok(Json(ConnectorPage::whole(all.into_iter().map(|c| Connector::of(c, &counts)).collect())))
}

/// Reads one connector.
#[utoipa::path(get, path = "/api/v1/connectors/{id}", operation_id = "connectors_show", tag = "estate",
    params(("id" = String, Path, description = "The connector.")),
    responses((status = 200, description = "The connector.", body = Connector)))]
pub(crate) async fn show(
    caller: Authorized<EstateRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<Json<Connector>, ApiError> {
    let found = api.config.state.connector(caller.tenant(), id).await?;
    Ok(Json(answer(&api, caller.tenant(), found).await?))
}

/// A connector to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewConnectorBody {
    /// The subscription whose machines it finds.
    subscription_id: String,
    /// `ssh`, `aws`, `cloud_init`.
    kind: String,
    /// Its name.
    name: String,
    /// What it needs to know, by kind.
    settings: Value,
    /// Its credential, by kind: for SSH `{"private_key": "…"}`. It is sealed at once, and only the
    /// process that goes out to machines can open it.
    credential: Option<Value>,
}

/// Checks settings as the connector itself will read them.
fn checked(kind: &str, settings: &Value) -> Result<(), ApiError> {
    let bad = |e: String| ApiError::bad("connector_settings_invalid", e);
    match kind {
        "ssh" => {
            let read: palisade_connectors::SshSettings =
                serde_json::from_value(settings.clone()).map_err(|e| bad(e.to_string()))?;
            read.read().map_err(|e| bad(e.to_string()))?;
            Ok(())
        }
        "aws" => {
            let read: palisade_connectors::AwsSettings =
                serde_json::from_value(settings.clone()).map_err(|e| bad(e.to_string()))?;
            read.check().map_err(|e| bad(e.to_string()))
        }
        "cloud_init" => Ok(()),
        _ => Err(bad("a connector is ssh, aws or cloud_init".into())),
    }
}

fn sealed(
    api: &Api,
    tenant: TenantId,
    name: &str,
    credential: Option<&Value>,
) -> Result<Option<Vec<u8>>, ApiError> {
    let Some(credential) = credential else { return Ok(None) };
    let key: &SealingKey = api
        .config
        .sealing_key
        .as_ref()
        .ok_or_else(|| ApiError::internal("sealing", &"this instance has no key for credentials"))?;
    let plain = zeroize::Zeroizing::new(credential.to_string());
    let sealed = key.seal(&owner_of(tenant, name), plain.as_bytes());
    sealed.map(Some).map_err(|e| ApiError::bad("connector_credential_invalid", e.to_string()))
}

/// Makes a connector. Its machines are listed and looked at; nothing is changed on them before a
/// roll-out.
#[utoipa::path(post, path = "/api/v1/connectors", operation_id = "connectors_create", tag = "estate",
    request_body = NewConnectorBody, responses((status = 201, description = "The connector.", body = Connector)))]
pub(crate) async fn create(
    caller: Authorized<EstateManage, audit::ConnectorCreate>,
    State(api): State<Api>,
    Body(body): Body<NewConnectorBody>,
) -> Result<(StatusCode, Json<Connector>), ApiError> {
    caller.scope.detail("name", body.name.clone());
    caller.scope.detail("kind", body.kind.clone());
    let subscription: SubscriptionId =
        body.subscription_id.parse().map_err(|_| ApiError::invalid("subscription_id is not valid"))?;
    checked(&body.kind, &body.settings)?;
    let name = body.name.trim().to_owned();
    let secret = sealed(&api, caller.tenant(), &name, body.credential.as_ref())?;
    let new = NewConnector { subscription, kind: body.kind, name, settings: body.settings, secret };
    let made = api.config.state.create_connector(caller.tenant(), &new, TimeMicros::now()).await?;
    caller.scope.target(made.id);
    Ok((StatusCode::CREATED, Json(answer(&api, caller.tenant(), made).await?)))
}

/// Another list of machines, or another credential.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectorPatch {
    /// All settings anew.
    settings: Option<Value>,
    /// The new credential.
    credential: Option<Value>,
}

/// Changes a connector and has it list anew.
#[utoipa::path(patch, path = "/api/v1/connectors/{id}", operation_id = "connectors_update", tag = "estate",
    params(("id" = String, Path, description = "The connector.")), request_body = ConnectorPatch,
    responses((status = 200, description = "As it is now.", body = Connector)))]
pub(crate) async fn update(
    caller: Authorized<EstateManage, audit::ConnectorUpdate>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
    Body(body): Body<ConnectorPatch>,
) -> Result<Json<Connector>, ApiError> {
    caller.scope.target(id);
    caller.scope.detail("credential", body.credential.is_some());
    let state = &api.config.state;
    let before = state.connector(caller.tenant(), id).await?;
    let settings = body.settings.unwrap_or(before.settings);
    checked(&before.kind, &settings)?;
    let secret = sealed(&api, caller.tenant(), &before.name, body.credential.as_ref())?;
    state.change_connector(caller.tenant(), id, &settings, secret.as_deref(), TimeMicros::now()).await?;
    let now_is = state.connector(caller.tenant(), id).await?;
    Ok(Json(answer(&api, caller.tenant(), now_is).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeParams {
    /// Why, for the audit log.
    reason: Option<String>,
}

/// Ends a connector: its credential is removed for good, its machines stay.
#[utoipa::path(delete, path = "/api/v1/connectors/{id}", operation_id = "connectors_revoke", tag = "estate",
    params(("id" = String, Path, description = "The connector."), RevokeParams),
    responses((status = 204, description = "It has ended.")))]
pub(crate) async fn revoke(
    caller: Authorized<EstateManage, audit::ConnectorRevoke>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
    Params(params): Params<RevokeParams>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(id);
    note_reason(&caller.scope, params.reason.as_deref().unwrap_or_default());
    let now = TimeMicros::now();
    api.config.state.set_connector_state(caller.tenant(), id, ConnectorState::Revoked, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists and tests a connector anew; the answer comes with the connector.
#[utoipa::path(post, path = "/api/v1/connectors/{id}/test", operation_id = "connectors_test", tag = "estate",
    params(("id" = String, Path, description = "The connector.")),
    responses((status = 202, description = "It is under way.")))]
pub(crate) async fn test(
    caller: Authorized<EstateOperate, audit::ConnectorTest>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(id);
    api.config.state.want_listing(caller.tenant(), id, TimeMicros::now()).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Lets a connector act: sensors are installed in waves.
#[utoipa::path(post, path = "/api/v1/connectors/{id}/rollout", operation_id = "connectors_rollout", tag = "estate",
    params(("id" = String, Path, description = "The connector.")),
    responses((status = 202, description = "The first wave begins.")))]
pub(crate) async fn rollout(
    caller: Authorized<EstateOperate, audit::ConnectorRollout>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(id);
    let state = &api.config.state;
    let now = TimeMicros::now();
    let connector = state.connector(caller.tenant(), id).await?;
    if connector.state == ConnectorState::Revoked {
        return Err(ApiError::new(StatusCode::CONFLICT, "conflict", "the connector was ended"));
    }
    state.set_connector_state(caller.tenant(), id, ConnectorState::Active, now).await?;
    let by = caller.principal.actor().name;
    state.ask_of_subscription(caller.tenant(), connector.subscription, "roll_out", &by, now).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Pauses a connector: its machines are still listed and looked at, and nothing is changed on them any
/// more. Sensors that are there stay.
#[utoipa::path(post, path = "/api/v1/connectors/{id}/pause", operation_id = "connectors_pause", tag = "estate",
    params(("id" = String, Path, description = "The connector.")), request_body = Option<VerbReason>,
    responses((status = 200, description = "As it is now.", body = Connector)))]
pub(crate) async fn pause(
    caller: Authorized<EstateOperate, audit::ConnectorPause>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
    MaybeBody(body): MaybeBody<VerbReason>,
) -> Result<Json<Connector>, ApiError> {
    caller.scope.target(id);
    note_reason(&caller.scope, &body.reason);
    let state = &api.config.state;
    let connector = state.connector(caller.tenant(), id).await?;
    if connector.state == ConnectorState::Revoked {
        return Err(ApiError::new(StatusCode::CONFLICT, "conflict", "the connector was ended"));
    }
    state.set_connector_state(caller.tenant(), id, ConnectorState::Planned, TimeMicros::now()).await?;
    let now_is = state.connector(caller.tenant(), id).await?;
    Ok(Json(answer(&api, caller.tenant(), now_is).await?))
}

/// What would be done on one machine.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlannedMachine {
    /// The machine.
    machine_id: String,
    /// Its name.
    machine: String,
    /// `install`, `adopt`, `stop`, `exclude`, `when_it_runs`, `by_itself`, `look`.
    plan: String,
    /// In which wave, from 1.
    #[schema(required = true)]
    wave: Option<usize>,
    /// The finding's code where it is stopped or excluded.
    #[schema(required = true)]
    code: Option<String>,
    /// The same for people.
    words: String,
}

/// What a roll-out would do; nothing was changed to make it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectorPlan {
    /// Machines that would get a sensor.
    install: usize,
    /// Sensors that would be taken over.
    adopt: usize,
    /// Machines that are left out, or cannot be served yet.
    excluded: usize,
    /// Machines in each wave.
    waves: Vec<usize>,
    /// Every machine.
    machines: Vec<PlannedMachine>,
}

/// Says what a roll-out would do where, and what it leaves out and why.
#[utoipa::path(get, path = "/api/v1/connectors/{id}/plan", operation_id = "connectors_plan", tag = "estate",
    params(("id" = String, Path, description = "The connector.")),
    responses((status = 200, description = "The plan.", body = ConnectorPlan)))]
pub(crate) async fn plan(
    caller: Authorized<EstateRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<Json<ConnectorPlan>, ApiError> {
    let state = &api.config.state;
    let tenant = caller.tenant();
    let now = TimeMicros::now();
    let connector = state.connector(tenant, id).await?;
    let subscription = state.subscription(tenant, connector.subscription).await?;
    let enforcement = state.tenant_setting(tenant, estate::PLAN_ENFORCEMENT).await?;
    let enforcement = enforcement.and_then(|v| serde_json::from_value(v).ok()).unwrap_or_default();
    let mut rows: Vec<MachineSummary> = Vec::new();
    let mut query = MachineQuery { connector: Some(id), limit: 1000, ..MachineQuery::default() };
    loop {
        let page = state.machines(tenant, &DeviceScope::all(), &query).await?;
        rows.extend(page.items);
        match page.next_cursor {
            Some(cursor) => query.cursor = Some(cursor),
            None => break,
        }
    }
    let ids: Vec<DeviceId> = rows.iter().filter_map(|r| r.machine.device).collect();
    let devices = state.device_views(tenant, &ids).await?;
    let offered = api.config.sensor_version.as_str();
    let judged: Vec<_> = rows
        .iter()
        .map(|row| {
            let device = devices.iter().find(|d| Some(d.id) == row.machine.device && !d.offboarded);
            let desired = facts::desired(&row.machine, &subscription, offered);
            let os: OsFacts = facts::os(&row.machine, device);
            let known: Option<KnownDevice> = device.map(facts::known_device);
            let report = row.report.clone().and_then(|r| serde_json::from_value(r).ok());
            (row, desired, os, known, report)
        })
        .collect();
    let machines = judged.iter().map(|(row, desired, os, device, report)| {
        let known = Known {
            now,
            tenant,
            power: row.machine.power,
            power_since: row.machine.power_since,
            os,
            plan: effective(&subscription.plans, row.machine.plan_override, now),
            enforcement,
            desired,
            device: device.as_ref(),
            runs_commands: connector.kind != "cloud_init",
        };
        (row.machine.id, known, report.as_ref())
    });
    let waves: WavePlan = subscription.waves.clone();
    let dry = dry_run(machines, &Policy::default(), &waves);
    let shown = dry.machines.into_iter().zip(&rows).map(|(planned, row)| {
        let value = serde_json::to_value(&planned).unwrap_or_default();
        let code = value["cause"]["code"].as_str().or_else(|| value["causes"][0]["code"].as_str());
        PlannedMachine {
            machine_id: planned.machine.to_string(),
            machine: row.machine.name.clone(),
            plan: value["plan"].as_str().unwrap_or_default().to_owned(),
            wave: planned.wave,
            code: code.map(str::to_owned),
            words: planned.words,
        }
    });
    Ok(Json(ConnectorPlan {
        install: dry.install,
        adopt: dry.adopt,
        excluded: dry.excluded,
        waves: dry.waves,
        machines: shown.collect(),
    }))
}
