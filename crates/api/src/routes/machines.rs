//! Machines of the estate, with or without a sensor, and how they are.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use palisade_estate::health::{Code, Kind};
use palisade_estate::provision;
use palisade_state::estate::{self, MachineQuery, MachineSort, MachineSummary, TaskOutcome};
use palisade_types::{MachineId, SubscriptionId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::agentless::MachineAgentless;
use crate::error::ApiError;
use crate::extract::{Id, Params};
use crate::gate::{Authorized, MachinesRead, audit};
use crate::instant::Instant;
use crate::page::{self, page};
use crate::state::Api;

/// Longest search text, characters.
const MAX_SEARCH: usize = 200;

/// A machine of the estate.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Machine {
    /// Identifier; kept over moves and reinstalls.
    id: String,
    /// Name.
    name: String,
    /// `healthy`, `unhealthy`, `not_applicable`, `pending`.
    status: String,
    /// Its subscription.
    subscription_id: String,
    /// Its subscription's name.
    subscription: String,
    /// The connector that knows it.
    #[schema(required = true)]
    connector_id: Option<String>,
    /// What its cloud calls it; empty where none does.
    cloud_id: String,
    /// Addresses.
    addresses: Vec<String>,
    /// Distribution, such as `debian`; empty where it is not known.
    os: String,
    /// Its version.
    os_version: String,
    /// Kernel release.
    kernel: String,
    /// Architecture.
    architecture: String,
    /// Tags by key.
    tags: BTreeMap<String, String>,
    /// Who pays for it.
    owner: String,
    /// What its cloud says about its power.
    power: String,
    /// The extension: `on`, `off`, `partial`.
    extension: String,
    /// The extension's name, such as `Palisade.Linux`.
    extension_name: &'static str,
    /// The extension's name as scripts for the other product read it.
    extension_alias: &'static str,
    /// How far provisioning has come: `open`, `finished`, `refused`, `broken`.
    progress: String,
    /// What is under way on it; empty for nothing.
    doing: String,
    /// Its device, once its sensor enrolled.
    #[schema(required = true)]
    device_id: Option<String>,
    /// What it is entitled to: `servers_p1`, `servers_p2`; empty for none.
    plan: String,
    /// Whether Posture covers it.
    posture: bool,
    /// `inherit`, `plan_one`, `off`.
    plan_override: String,
    /// What a person excluded it by; empty for nothing.
    exclusion: String,
    /// When it was first known.
    first_seen: Instant,
    /// When it was taken out of service.
    #[schema(required = true)]
    offboarded_at: Option<Instant>,
    /// When its cloud deleted it.
    #[schema(required = true)]
    retired_at: Option<Instant>,
    /// When it was judged last.
    #[schema(required = true)]
    evaluated_at: Option<Instant>,
    /// How agentless scanning of it stands.
    agentless: MachineAgentless,
}

fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

impl From<MachineSummary> for Machine {
    fn from(s: MachineSummary) -> Self {
        let m = s.machine;
        let windows = matches!(word(&m.os.family).as_str(), "windows_server" | "windows_client");
        let (extension_name, extension_alias) =
            if windows { (provision::WINDOWS, "MDE.Windows") } else { (provision::LINUX, "MDE.Linux") };
        let plan = s.plan.as_ref().and_then(|p| p.servers).map_or("", |p| match p {
            palisade_estate::plan::ServersPlan::P1 => "servers_p1",
            palisade_estate::plan::ServersPlan::P2 => "servers_p2",
        });
        Self {
            id: m.id.to_string(),
            name: m.name,
            status: s.status,
            subscription_id: m.subscription.to_string(),
            subscription: s.subscription_name,
            connector_id: m.connector.map(|c| c.to_string()),
            cloud_id: m.cloud_id,
            addresses: m.addresses,
            os: if m.os.id.is_empty() && windows { word(&m.os.family) } else { m.os.id },
            os_version: m.os.version,
            kernel: m.os.kernel,
            architecture: m.os.architecture,
            tags: m.tags,
            owner: m.owner,
            power: word(&m.power),
            extension: s.extension,
            extension_name,
            extension_alias,
            progress: s.progress,
            doing: s.doing,
            device_id: m.device.map(|d| d.to_string()),
            plan: plan.to_owned(),
            posture: s.plan.as_ref().is_some_and(|p| p.posture),
            plan_override: word(&m.plan_override),
            exclusion: m.exclusion.unwrap_or_default(),
            first_seen: m.first_seen.into(),
            offboarded_at: Instant::maybe(m.offboarded_at),
            retired_at: Instant::maybe(m.retired_at),
            evaluated_at: Instant::maybe(s.evaluated_at),
            agentless: s.agentless.into(),
        }
    }
}

page! {
    /// Machines.
    MachinePage of Machine
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct MachineParams {
    /// Text that the name, an identifier, an address or a tag contains.
    search: Option<String>,
    /// `healthy`, `unhealthy`, `not_applicable`, `pending`; several separated by commas.
    status: Option<String>,
    /// Only those of one subscription.
    subscription: Option<String>,
    /// Only those that one connector lists.
    connector: Option<String>,
    /// Only those with this finding.
    finding: Option<String>,
    /// Only those with a finding of this kind that is more than a notice: `installation`, `heartbeat`,
    /// `not_applicable`.
    kind: Option<String>,
    /// How their agentless scans stand: `off`, `not_applicable`, `waiting`, `queued`, `running`, `done`, `limited`,
    /// `failed`; several separated by commas.
    agentless: Option<String>,
    /// Those that their cloud deleted too.
    gone: Option<bool>,
    /// `name` (default), `status`, `subscription`, `system`, `extension`.
    sort: Option<String>,
    /// `asc` (default) or `desc`.
    order: Option<String>,
    /// Most items, 1 to 1000; 50 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

fn sort_of(text: Option<&str>) -> Result<MachineSort, ApiError> {
    match text {
        None | Some("" | "name") => Ok(MachineSort::Name),
        Some("status") => Ok(MachineSort::Status),
        Some("subscription") => Ok(MachineSort::Subscription),
        Some("system") => Ok(MachineSort::System),
        Some("extension") => Ok(MachineSort::Extension),
        Some(_) => Err(ApiError::invalid("sort must be name, status, subscription, system or extension")),
    }
}

fn descends(text: Option<&str>) -> Result<bool, ApiError> {
    match text {
        None | Some("" | "asc") => Ok(false),
        Some("desc") => Ok(true),
        Some(_) => Err(ApiError::invalid("order must be asc or desc")),
    }
}

/// Lists machines.
#[utoipa::path(get, path = "/api/v1/machines", operation_id = "machines_list", tag = "machines",
    params(MachineParams), responses((status = 200, description = "Machines.", body = MachinePage)))]
pub(crate) async fn list(
    caller: Authorized<MachinesRead, audit::Unaudited>,
    State(api): State<Api>,
    Params(params): Params<MachineParams>,
) -> Result<Json<MachinePage>, ApiError> {
    let search = params.search.filter(|s| !s.trim().is_empty());
    if search.as_ref().is_some_and(|s| s.chars().count() > MAX_SEARCH) {
        return Err(ApiError::invalid(format!("search must have at most {MAX_SEARCH} characters")));
    }
    let mut status = Vec::new();
    for word in
        params.status.as_deref().unwrap_or_default().split(',').map(str::trim).filter(|w| !w.is_empty())
    {
        if !matches!(word, "healthy" | "unhealthy" | "not_applicable" | "pending") {
            return Err(ApiError::invalid("status must be healthy, unhealthy, not_applicable or pending"));
        }
        status.push(word.to_owned());
    }
    let mut agentless = Vec::new();
    for word in
        params.agentless.as_deref().unwrap_or_default().split(',').map(str::trim).filter(|w| !w.is_empty())
    {
        if !super::agentless::STATES.contains(&word) {
            return Err(ApiError::invalid(format!(
                "agentless must be {}",
                super::agentless::STATES.join(", ")
            )));
        }
        agentless.push(word.to_owned());
    }
    let subscription: Option<SubscriptionId> = params
        .subscription
        .filter(|s| !s.is_empty())
        .map(|s| s.parse().map_err(|_| ApiError::invalid("subscription is not valid")))
        .transpose()?;
    let code = params.finding.filter(|c| !c.is_empty());
    if code.as_deref().is_some_and(|c| c.parse::<Code>().is_err()) {
        return Err(ApiError::invalid("there is no such finding"));
    }
    let kind = params.kind.filter(|k| !k.is_empty());
    if let Some(kind) = &kind {
        kind_of(kind)?;
    }
    let connector: Option<uuid::Uuid> = params
        .connector
        .filter(|c| !c.is_empty())
        .map(|c| c.parse().map_err(|_| ApiError::invalid("connector is not valid")))
        .transpose()?;
    let query = MachineQuery {
        search,
        status,
        subscription,
        connector,
        code,
        kind,
        agentless,
        gone: params.gone.unwrap_or(false),
        sort: sort_of(params.sort.as_deref())?,
        descending: descends(params.order.as_deref())?,
        limit: page::limit(params.limit)?,
        cursor: page::cursor(params.cursor)?,
    };
    let page = api.config.state.machines(caller.tenant(), caller.devices(), &query).await?;
    Ok(Json(page.into()))
}

/// Reads one machine.
#[utoipa::path(get, path = "/api/v1/machines/{id}", operation_id = "machines_show", tag = "machines",
    params(("id" = String, Path, description = "The machine.")),
    responses((status = 200, description = "The machine.", body = Machine)))]
pub(crate) async fn show(
    caller: Authorized<MachinesRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<MachineId>,
) -> Result<Json<Machine>, ApiError> {
    Ok(Json(api.config.state.machine_summary(caller.tenant(), caller.devices(), id).await?.into()))
}

/// A finding that stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Finding {
    /// The machine.
    machine_id: String,
    /// The machine's name.
    machine: String,
    /// `installation`, `heartbeat`, `not_applicable`.
    kind: String,
    /// The stable code.
    code: String,
    /// `unhealthy` or `notice`.
    weight: String,
    /// What it is, in a few words.
    title: String,
    /// What is the case.
    message: String,
    /// What to do about it.
    remediation: String,
    /// Since when.
    since: Instant,
    /// When it was last looked at.
    last_evaluated: Instant,
    /// Who found it.
    source: String,
    /// What it rests on.
    evidence: Value,
}

impl From<estate::FindingRow> for Finding {
    fn from(f: estate::FindingRow) -> Self {
        let entry = f.code.parse::<Code>().ok().map(|code| code.entry());
        let title = entry.map(|e| e.title.clone()).unwrap_or_default();
        let remediation = entry.map(|e| e.remediation.clone()).unwrap_or_default();
        Self {
            machine_id: f.machine.to_string(),
            machine: f.machine_name,
            kind: f.kind,
            code: f.code,
            weight: f.weight,
            title,
            message: f.message,
            remediation,
            since: f.since.into(),
            last_evaluated: f.last_evaluated.into(),
            source: f.source,
            evidence: f.evidence,
        }
    }
}

/// A finding that was.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PastFinding {
    /// The stable code.
    code: String,
    /// Its kind.
    kind: String,
    /// When it was raised.
    raised_at: Instant,
    /// When it was cleared, unless it stands.
    #[schema(required = true)]
    cleared_at: Option<Instant>,
    /// Its message.
    message: String,
}

/// One thing that the last preflight looked at.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreflightCheck {
    /// What was looked at.
    check: String,
    /// `ok`, `warning`, `failed`, `skipped`.
    result: String,
    /// What was found.
    found: String,
}

/// How a machine is, and how it was.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MachineHealth {
    /// `healthy`, `unhealthy`, `not_applicable`, `pending`.
    status: String,
    /// When it was judged last.
    #[schema(required = true)]
    evaluated_at: Option<Instant>,
    /// The findings that stand, worst first.
    findings: Vec<Finding>,
    /// The last preflight, check by check.
    preflight: Vec<PreflightCheck>,
    /// When that was.
    #[schema(required = true)]
    preflight_at: Option<Instant>,
    /// What was, newest first.
    history: Vec<PastFinding>,
}

/// Reads a machine's findings, its last preflight and its history.
#[utoipa::path(get, path = "/api/v1/machines/{id}/health", operation_id = "machines_health", tag = "machines",
    params(("id" = String, Path, description = "The machine.")),
    responses((status = 200, description = "How it is.", body = MachineHealth)))]
pub(crate) async fn health(
    caller: Authorized<MachinesRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<MachineId>,
) -> Result<Json<MachineHealth>, ApiError> {
    let state = &api.config.state;
    let summary = state.machine_summary(caller.tenant(), caller.devices(), id).await?;
    let mut findings: Vec<Finding> =
        state.findings_of(caller.tenant(), &[id]).await?.into_iter().map(Into::into).collect();
    // What keeps it unhealthy comes before notices.
    findings.sort_by(|a, b| b.weight.cmp(&a.weight).then(a.code.cmp(&b.code)));
    let history = state.finding_history(caller.tenant(), id).await?;
    let report = summary.report.and_then(|r| serde_json::from_value::<provision::HostReport>(r).ok());
    let preflight = report.map(|r| checks(&r, caller.tenant())).unwrap_or_default();
    Ok(Json(MachineHealth {
        status: summary.status,
        evaluated_at: Instant::maybe(summary.evaluated_at),
        findings,
        preflight,
        preflight_at: Instant::maybe(summary.reported_at),
        history: history
            .into_iter()
            .map(|h| PastFinding {
                code: h.code,
                kind: h.kind,
                raised_at: h.raised_at.into(),
                cleared_at: Instant::maybe(h.cleared_at),
                message: h.message,
            })
            .collect(),
    }))
}

fn checks(report: &provision::HostReport, tenant: palisade_types::TenantId) -> Vec<PreflightCheck> {
    let seen = provision::preflight(
        report,
        &provision::Requirements::default(),
        provision::OtherProducts::Observe,
        tenant,
    );
    seen.checks
        .iter()
        .map(|c| PreflightCheck {
            check: c.name.to_owned(),
            result: word(&c.outcome),
            found: c.evidence.clone(),
        })
        .collect()
}

/// Something that was done on a machine.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MachineTask {
    /// Identifier.
    id: String,
    /// What was done: `preflight`, `install`, `adopt`, `deploy_extension`, `probe`, `start`, `upgrade`,
    /// `offboard`; or what somebody asked for: `fix`, `moved`, `remove_extension`, `offboard`, `onboard`, `scan`,
    /// `agentless`.
    action: String,
    /// Who asked for it; empty where it was done by itself.
    by: String,
    /// `queued`, `running`, `done`.
    state: String,
    /// When it was asked for.
    created_at: Instant,
    /// When it ended.
    #[schema(required = true)]
    finished_at: Option<Instant>,
    /// How: `done`, `looked`, `probed`, `failed`; empty while it runs.
    outcome: String,
    /// The finding's code where it failed.
    #[schema(required = true)]
    code: Option<String>,
    /// Why, for people.
    #[schema(required = true)]
    message: Option<String>,
}

page! {
    /// What was done on a machine, newest first.
    MachineTaskPage of MachineTask
}

/// Lists what was done on a machine, newest first.
#[utoipa::path(get, path = "/api/v1/machines/{id}/tasks", operation_id = "machines_tasks", tag = "machines",
    params(("id" = String, Path, description = "The machine.")),
    responses((status = 200, description = "Tasks.", body = MachineTaskPage)))]
pub(crate) async fn tasks(
    caller: Authorized<MachinesRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<MachineId>,
) -> Result<Json<MachineTaskPage>, ApiError> {
    let state = &api.config.state;
    state.machine_summary(caller.tenant(), caller.devices(), id).await?;
    let asked = state.requests_of(caller.tenant(), id).await?.into_iter().map(|r| {
        let applied = r.applied_at.is_some();
        let shown = MachineTask {
            id: format!("request-{}", r.id),
            action: r.verb,
            by: r.requested_by,
            state: if applied { "done" } else { "queued" }.to_owned(),
            created_at: r.requested_at.into(),
            finished_at: Instant::maybe(r.applied_at),
            outcome: if applied { "done" } else { "" }.to_owned(),
            code: None,
            message: None,
        };
        (r.requested_at, shown)
    });
    let tasks = state.tasks_of(caller.tenant(), id).await?.into_iter().map(|t| {
        let cause = match &t.outcome {
            Some(TaskOutcome::Failed { cause }) => Some(cause.clone()),
            _ => None,
        };
        let shown = MachineTask {
            id: t.id.to_string(),
            action: t.action.name().to_owned(),
            by: String::new(),
            state: if t.state == "applied" { "done".into() } else { t.state },
            created_at: t.created_at.into(),
            finished_at: Instant::maybe(t.finished_at),
            outcome: match t.outcome {
                None => "",
                Some(TaskOutcome::Done) => "done",
                Some(TaskOutcome::Looked { .. }) => "looked",
                Some(TaskOutcome::Probed { .. }) => "probed",
                Some(TaskOutcome::Failed { .. }) => "failed",
            }
            .to_owned(),
            code: cause.as_ref().map(|c| c.code.as_str().to_owned()),
            message: cause.as_ref().map(palisade_estate::health::Cause::message),
        };
        (t.created_at, shown)
    });
    let mut all: Vec<_> = asked.chain(tasks).collect();
    all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    Ok(Json(MachineTaskPage::whole(all.into_iter().map(|(_, shown)| shown).collect())))
}

/// A kind of findings by its name.
pub(crate) fn kind_of(text: &str) -> Result<Kind, ApiError> {
    serde_json::from_value(Value::String(text.to_owned()))
        .map_err(|_| ApiError::invalid("kind must be installation, heartbeat or not_applicable"))
}
