//! Vulnerable applications that devices warn of or block.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_state::vulnerabilities::Range;
use palisade_state::vulnerabilities::blocks as state;
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::error::ApiError;
use crate::extract::{Body, Id, Params};
use crate::gate::{Authorized, VulnerabilitiesManage, VulnerabilitiesRead, audit};
use crate::instant::Instant;
use crate::page::{self, page};
use crate::state::Api;

/// For so many days a rule holds where nobody says otherwise.
const DAYS: u32 = 90;

/// Packages in a range of versions.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApplicationBlockTarget {
    /// The distribution's release, `debian:12`.
    ecosystem: String,
    /// The source package; empty where `package` is named.
    #[serde(default)]
    source: String,
    /// Only this binary package; empty for all of the source.
    #[serde(default)]
    package: String,
    /// First affected version; empty from the first one on.
    #[serde(default)]
    introduced: String,
    /// First version that is not affected; empty where none is.
    #[serde(default)]
    fixed: String,
}

impl From<state::BlockTarget> for ApplicationBlockTarget {
    fn from(t: state::BlockTarget) -> Self {
        Self {
            ecosystem: t.ecosystem,
            source: t.source,
            package: t.package,
            introduced: t.introduced,
            fixed: t.fixed,
        }
    }
}

/// What happens when such an application is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ApplicationBlockMode {
    /// It runs, and that is reported.
    Warn,
    /// It does not run.
    Block,
}

impl From<ApplicationBlockMode> for state::BlockMode {
    fn from(mode: ApplicationBlockMode) -> Self {
        match mode {
            ApplicationBlockMode::Warn => Self::Warn,
            ApplicationBlockMode::Block => Self::Block,
        }
    }
}

/// How a rule stands on the caller's devices.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApplicationBlockCounts {
    /// Devices that it concerns: those of its releases and its group.
    total: u64,
    /// Of all devices, those whose inventory has such a version now.
    affected: u64,
    /// The device has not proved the newest list.
    waiting: u64,
    /// Executions are denied there.
    enforced: u64,
    /// Executions are reported there.
    watched: u64,
    /// No such version is there, or it has no program.
    not_installed: u64,
    /// All of its programs are never touched.
    refused: u64,
    /// The sensor may only look: executions are reported.
    detect_only: u64,
    /// Somebody disarmed the sensor.
    disarmed: u64,
    /// It went wrong; the device's row says how.
    failed: u64,
}

/// A rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApplicationBlock {
    /// Identifier.
    id: String,
    /// `recommendation`, `vulnerability`, `software`.
    subject_type: String,
    /// The recommendation's or vulnerability's identifier; empty for a software.
    subject: String,
    /// In a line.
    title: String,
    /// The packages.
    targets: Vec<ApplicationBlockTarget>,
    /// `warn`, `block`.
    mode: String,
    /// Since when it warns.
    warning_since: Instant,
    /// From when on it may block without a reason.
    block_possible_at: Instant,
    /// Since when it blocks.
    #[schema(required = true)]
    blocking_since: Option<Instant>,
    /// Why it blocks earlier than that; empty where it does not.
    confirm_reason: String,
    /// What events say with it.
    message: String,
    /// Why it was made.
    note: String,
    /// The device group on whose devices it holds; null where it holds everywhere.
    #[schema(required = true)]
    device_group_id: Option<String>,
    /// That group's name.
    device_group: String,
    /// `active`, `cancelled`, `expired`, `fixed`.
    state: String,
    /// Who made it.
    created_by: String,
    /// When.
    created_at: Instant,
    /// Until when it holds.
    expires_at: Instant,
    /// When it ended.
    #[schema(required = true)]
    ended_at: Option<Instant>,
    /// Who ended it; empty where nobody did.
    ended_by: String,
    /// On the caller's devices.
    devices: ApplicationBlockCounts,
}

impl From<state::Block> for ApplicationBlock {
    fn from(b: state::Block) -> Self {
        let (group, name) = b.group.map(|(id, name)| (id.to_string(), name)).unzip();
        let (ended_at, ended_by) = b.ended.unzip();
        let d = b.devices;
        Self {
            id: b.id.to_string(),
            subject_type: b.subject_kind,
            subject: b.subject,
            title: b.title,
            targets: b.targets.into_iter().map(Into::into).collect(),
            mode: b.mode.as_str().to_owned(),
            warning_since: b.warning_since.into(),
            block_possible_at: TimeMicros(b.warning_since.0.saturating_add(state::WARN_FIRST)).into(),
            blocking_since: Instant::maybe(b.blocking_since),
            confirm_reason: b.confirm_reason,
            message: b.message,
            note: b.note,
            device_group_id: group,
            device_group: name.unwrap_or_default(),
            state: b.state.to_string(),
            created_by: b.created_by,
            created_at: b.created_at.into(),
            expires_at: b.expires_at.into(),
            ended_at: Instant::maybe(ended_at),
            ended_by: ended_by.unwrap_or_default(),
            devices: ApplicationBlockCounts {
                total: d.total,
                affected: d.affected,
                waiting: d.waiting,
                enforced: d.enforced,
                watched: d.watched,
                not_installed: d.not_installed,
                refused: d.refused,
                detect_only: d.detect_only,
                disarmed: d.disarmed,
                failed: d.failed,
            },
        }
    }
}

page! {
    /// Rules, newest first.
    ApplicationBlockPage of ApplicationBlock
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct BlockParams {
    /// Only in this state: `active`, `cancelled`, `expired`, `fixed`.
    state: Option<String>,
    /// Only of this mode: `warn`, `block`.
    mode: Option<String>,
    /// Most items, 1 to 1000; 50 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists rules, newest first.
#[utoipa::path(get, path = "/api/v1/application-blocks", operation_id = "application_blocks_list",
    tag = "vulnerabilities", params(BlockParams),
    responses((status = 200, description = "Rules.", body = ApplicationBlockPage)))]
pub(crate) async fn list(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    Params(params): Params<BlockParams>,
) -> Result<Json<ApplicationBlockPage>, ApiError> {
    let (limit, cursor) = (page::limit(params.limit)?, page::cursor(params.cursor)?);
    let wanted = state::BlockQuery {
        state: params.state.map(|s| s.parse()).transpose()?,
        mode: params.mode.map(|s| s.parse()).transpose()?,
        range: Range { limit, cursor, descending: true },
    };
    let (tenant, scope, now) = (caller.tenant(), caller.devices(), TimeMicros::now());
    Ok(Json(api.config.state.application_blocks(tenant, scope, &wanted, now).await?.into()))
}

/// Shows a rule.
#[utoipa::path(get, path = "/api/v1/application-blocks/{id}", operation_id = "application_blocks_get",
    tag = "vulnerabilities", params(("id" = String, Path, description = "The rule.")),
    responses((status = 200, description = "The rule.", body = ApplicationBlock)))]
pub(crate) async fn get(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<Json<ApplicationBlock>, ApiError> {
    let (tenant, scope, now) = (caller.tenant(), caller.devices(), TimeMicros::now());
    Ok(Json(api.config.state.application_block(tenant, scope, id, now).await?.into()))
}

/// What a rule is for.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BlockSubjectType {
    /// What a recommendation updates or removes.
    Recommendation,
    /// What has a vulnerability.
    Vulnerability,
    /// A software that is named.
    Software,
}

/// A rule to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApplicationBlock {
    /// What it is for.
    subject_type: BlockSubjectType,
    /// The recommendation's or vulnerability's identifier.
    #[serde(default)]
    subject: String,
    /// The packages, where the subject is a software.
    #[serde(default)]
    software: Option<ApplicationBlockTarget>,
    /// Only on the devices of this group; everywhere when absent.
    #[serde(default)]
    device_group_id: Option<Uuid>,
    /// What happens. A rule that has not warned for a day blocks with a reason only.
    mode: ApplicationBlockMode,
    /// What events say with it: at most 200 characters.
    #[serde(default)]
    message: String,
    /// Why: 1 to 1000 characters.
    note: String,
    /// For how many days it holds, 1 to 365; 90 when absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 365)]
    days: Option<u32>,
    /// Why it blocks without having warned.
    #[serde(default)]
    confirm_reason: Option<String>,
}

fn subject(body: &NewApplicationBlock) -> Result<state::BlockSubject, ApiError> {
    Ok(match (body.subject_type, &body.software) {
        (BlockSubjectType::Software, Some(s)) => state::BlockSubject::Software(state::BlockTarget {
            ecosystem: s.ecosystem.clone(),
            source: s.source.clone(),
            package: s.package.clone(),
            introduced: s.introduced.clone(),
            fixed: s.fixed.clone(),
        }),
        (BlockSubjectType::Software, None) => return Err(ApiError::invalid("software must be given")),
        (_, Some(_)) => return Err(ApiError::invalid("software is for the subject type software only")),
        (BlockSubjectType::Recommendation, None) => state::BlockSubject::Recommendation(body.subject.clone()),
        (BlockSubjectType::Vulnerability, None) => state::BlockSubject::Vulnerability(body.subject.clone()),
    })
}

/// Makes a rule.
#[utoipa::path(post, path = "/api/v1/application-blocks", operation_id = "application_blocks_create",
    tag = "vulnerabilities", request_body = NewApplicationBlock,
    responses((status = 201, description = "The rule.", body = ApplicationBlock)))]
pub(crate) async fn create(
    caller: Authorized<VulnerabilitiesManage, audit::ApplicationBlockCreate>,
    State(api): State<Api>,
    Body(body): Body<NewApplicationBlock>,
) -> Result<(StatusCode, Json<ApplicationBlock>), ApiError> {
    let subject = subject(&body)?;
    let scope = &caller.scope;
    let target = match &subject {
        state::BlockSubject::Software(s) => {
            if s.source.is_empty() {
                s.package.clone()
            } else {
                s.source.clone()
            }
        }
        other => other.id().to_owned(),
    };
    scope.target(target);
    let mode = state::BlockMode::from(body.mode);
    scope.detail("mode", mode.as_str());
    scope.detail("note", body.note.as_str());
    if let Some(reason) = &body.confirm_reason {
        scope.detail("confirm_reason", reason.as_str());
    }
    if let Some(group) = body.device_group_id {
        scope.detail("device_group_id", group.to_string());
    }
    let now = TimeMicros::now();
    let days = match body.days.unwrap_or(DAYS) {
        days @ 1..=365 => days,
        _ => return Err(ApiError::invalid("days must be 1 to 365")),
    };
    let new = state::NewBlock {
        subject,
        group: body.device_group_id,
        mode,
        message: body.message,
        note: body.note,
        confirm_reason: body.confirm_reason,
        expires_at: crate::model::in_seconds(now, i64::from(days) * 86_400),
        created_by: caller.principal.actor().name,
        created_by_id: caller.principal.user,
    };
    let made =
        api.config.state.create_application_block(caller.tenant(), caller.devices(), &new, now).await?;
    scope.detail("block_id", made.id.to_string());
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// What shall happen from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApplicationBlockModeChange {
    /// `warn` or `block`.
    mode: ApplicationBlockMode,
    /// Why it blocks before it has warned for a day.
    #[serde(default)]
    confirm_reason: Option<String>,
}

/// Changes whether a rule warns or blocks.
#[utoipa::path(post, path = "/api/v1/application-blocks/{id}/mode", operation_id = "application_blocks_set_mode",
    tag = "vulnerabilities", params(("id" = String, Path, description = "The rule.")),
    request_body = ApplicationBlockModeChange,
    responses((status = 200, description = "The rule, as it is now.", body = ApplicationBlock)))]
pub(crate) async fn set_mode(
    caller: Authorized<VulnerabilitiesManage, audit::ApplicationBlockMode>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
    Body(body): Body<ApplicationBlockModeChange>,
) -> Result<Json<ApplicationBlock>, ApiError> {
    caller.scope.target(id);
    let mode = state::BlockMode::from(body.mode);
    caller.scope.detail("mode", mode.as_str());
    if let Some(reason) = &body.confirm_reason {
        caller.scope.detail("confirm_reason", reason.as_str());
    }
    let (tenant, scope, now) = (caller.tenant(), caller.devices(), TimeMicros::now());
    let change = (mode, body.confirm_reason.as_deref());
    let now_is = api.config.state.set_application_block_mode(tenant, scope, id, change, now).await?;
    Ok(Json(now_is.into()))
}

/// Ends a rule: devices release what it held at their next contact.
#[utoipa::path(delete, path = "/api/v1/application-blocks/{id}", operation_id = "application_blocks_cancel",
    tag = "vulnerabilities", params(("id" = String, Path, description = "The rule.")),
    responses((status = 200, description = "The rule, as it is now.", body = ApplicationBlock)))]
pub(crate) async fn cancel(
    caller: Authorized<VulnerabilitiesManage, audit::ApplicationBlockCancel>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<Json<ApplicationBlock>, ApiError> {
    caller.scope.target(id);
    let by = caller.principal.actor().name;
    let (tenant, scope, now) = (caller.tenant(), caller.devices(), TimeMicros::now());
    let over = api.config.state.cancel_application_block(tenant, scope, id, &by, now).await?;
    caller.scope.detail("title", over.title.as_str());
    Ok(Json(over.into()))
}

/// What became of a rule on a device.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApplicationBlockDevice {
    /// The device.
    device_id: String,
    /// Its name.
    device_name: String,
    /// `waiting`, `enforced`, `watched`, `not_installed`, `refused`, `detect_only`, `disarmed`, `failed`, `released`.
    state: String,
    /// Whether its inventory has such a version now.
    affected: bool,
    /// The rung of the ladder in force there: `fanotify`, `kill`, `detect`; empty where nothing is marked.
    rung: String,
    /// Packages in the range, `name version`.
    packages: Vec<String>,
    /// Programs that are marked.
    files: u64,
    /// Files and packages that are left alone: path, package, code, reason.
    refused: Value,
    /// What went wrong.
    code: String,
    /// The same in words.
    message: String,
    /// The last order.
    #[schema(required = true)]
    order_id: Option<String>,
    /// When the device last proved what it has in force.
    #[schema(required = true)]
    acknowledged_at: Option<Instant>,
}

impl From<state::BlockOnDevice> for ApplicationBlockDevice {
    fn from(d: state::BlockOnDevice) -> Self {
        Self {
            device_id: d.device.to_string(),
            device_name: d.name,
            state: d.state,
            affected: d.affected,
            rung: d.rung,
            packages: d.packages,
            files: d.files,
            refused: d.refused,
            code: d.code,
            message: d.message,
            order_id: d.order.map(|o| o.to_string()),
            acknowledged_at: Instant::maybe(d.acknowledged_at),
        }
    }
}

page! {
    /// Devices of a rule, by name.
    ApplicationBlockDevicePage of ApplicationBlockDevice
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct BlockDeviceParams {
    /// Only where the rule is in this state.
    state: Option<String>,
    /// Most items, 1 to 1000; 50 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists the devices of a rule, by name.
#[utoipa::path(get, path = "/api/v1/application-blocks/{id}/devices", operation_id = "application_blocks_devices",
    tag = "vulnerabilities", params(("id" = String, Path, description = "The rule."), BlockDeviceParams),
    responses((status = 200, description = "Devices.", body = ApplicationBlockDevicePage)))]
pub(crate) async fn devices(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
    Params(params): Params<BlockDeviceParams>,
) -> Result<Json<ApplicationBlockDevicePage>, ApiError> {
    let (limit, cursor) = (page::limit(params.limit)?, page::cursor(params.cursor)?);
    let wanted =
        state::BlockDeviceQuery { state: params.state, range: Range { limit, cursor, descending: false } };
    let (tenant, scope, now) = (caller.tenant(), caller.devices(), TimeMicros::now());
    Ok(Json(api.config.state.application_block_devices(tenant, scope, id, &wanted, now).await?.into()))
}
