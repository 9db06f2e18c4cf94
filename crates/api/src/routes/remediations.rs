//! Remediations: recommendations that somebody has taken on, and how far they are.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use palisade_state::remediations::{self as state, RemediationQuery, RemediationState};
use palisade_types::{DeviceId, TenantId, TimeMicros};
use palisade_vuln::remediation::{MOST_AT_ONCE, Plan, Window};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::error::ApiError;
use crate::extract::{Body, Id, Params};
use crate::gate::{Authorized, VulnerabilitiesManage, VulnerabilitiesRead, audit};
use crate::instant::Instant;
use crate::listing::{self, Part};
use crate::page::page;
use crate::remediation_events as events;
use crate::state::Api;

/// Most packages that one request names of the list of what is never touched.
const MOST_NAMED: usize = 50;

/// A recommendation that somebody has taken on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Remediation {
    /// Identifier.
    id: String,
    /// The recommendation that it carries out.
    recommendation_id: String,
    /// That one's kind: `update`, `uninstall`, `upgrade_system`, `replace_certificate`, `configure`, `wait`.
    remediation_type: String,
    /// What is to be done, in a line.
    title: String,
    /// What it is about.
    related_component: String,
    /// Distribution and release, or a language's registry.
    ecosystem: String,
    /// The version that fixes; empty where there is none.
    recommended_version: String,
    /// The worst severity that it takes away.
    severity: String,
    /// By how much the organisation's exposure was to fall; null for somebody who is limited to device groups.
    #[schema(required = true)]
    exposure_impact: Option<f64>,
    /// Who sees to it.
    owner: String,
    /// Until when.
    #[schema(required = true)]
    due_at: Option<Instant>,
    /// Whether that has passed and it is not over.
    overdue: bool,
    /// `low`, `medium`, `high`.
    priority: String,
    /// What else was said.
    note: String,
    /// `requested`, `running`, `checked`, `paused`, `stopped`, `completed`, `cancelled`.
    state: String,
    /// How sensors carry it out; null where people do.
    #[schema(required = true)]
    run: Option<RemediationRun>,
    /// Why it stands still or has stopped: a code; empty where there is nothing to say.
    reason_code: String,
    /// The same in words.
    reason: String,
    /// Who took it on.
    created_by: String,
    /// When.
    created_at: Instant,
    /// Who approved that sensors carry it out; empty where nobody did.
    approved_by: String,
    /// When.
    #[schema(required = true)]
    approved_at: Option<Instant>,
    /// When inventories showed it on every device.
    #[schema(required = true)]
    completed_at: Option<Instant>,
    /// When inventories were last compared with it.
    #[schema(required = true)]
    measured_at: Option<Instant>,
    /// The caller's devices in it.
    devices: u64,
    /// Of these, those whose own inventory shows the fix.
    devices_fixed: u64,
    /// Of these, those that left service meanwhile.
    devices_gone: u64,
    /// Of these, those where it failed or would not work.
    devices_failed: u64,
    /// Fixed devices as a part of those in service, 0 to 1.
    progress: f64,
    /// Its ticket in another system: `queued`, `sending`, `retrying`, `delivered`, `dead`; empty where there is none.
    ticket_state: String,
    /// That ticket's key; empty before that system answered.
    ticket_key: String,
    /// That ticket's address; empty in the same cases.
    ticket_url: String,
}

impl From<state::Remediation> for Remediation {
    fn from(r: state::Remediation) -> Self {
        let (approved_by, approved_at) = r.approved.unzip();
        let there = r.devices.saturating_sub(r.gone);
        let overdue = !r.state.is_over() && r.due_at.is_some_and(|at| at < TimeMicros::now());
        #[allow(clippy::cast_precision_loss)]
        let progress = if there == 0 { 1.0 } else { r.fixed.min(there) as f64 / there as f64 };
        Self {
            id: r.id.to_string(),
            recommendation_id: r.recommendation,
            remediation_type: r.kind,
            title: r.title,
            related_component: r.product,
            ecosystem: r.ecosystem,
            recommended_version: r.target,
            severity: r.severity,
            exposure_impact: r.effect,
            owner: r.owner,
            due_at: Instant::maybe(r.due_at),
            overdue,
            priority: r.priority,
            note: r.note,
            state: r.state.to_string(),
            run: r.run.as_ref().and_then(Run::read).map(Into::into),
            reason_code: r.reason_code,
            reason: r.reason,
            created_by: r.created_by,
            created_at: r.created_at.into(),
            approved_by: approved_by.unwrap_or_default(),
            approved_at: Instant::maybe(approved_at),
            completed_at: Instant::maybe(r.completed_at),
            measured_at: Instant::maybe(r.measured_at),
            devices: r.devices,
            devices_fixed: r.fixed,
            devices_gone: r.gone,
            devices_failed: r.failed,
            progress,
            ticket_state: String::new(),
            ticket_key: String::new(),
            ticket_url: String::new(),
        }
    }
}

/// Adds to remediations what became of their tickets.
pub(super) async fn ticketed(
    api: &Api,
    tenant: TenantId,
    mut all: Vec<Remediation>,
) -> Result<Vec<Remediation>, ApiError> {
    let subjects: Vec<String> = all.iter().map(|r| events::subject(&r.id)).collect();
    let mut tickets = api.config.state.tickets_of(tenant, &subjects).await?;
    for r in &mut all {
        if let Some(ticket) = tickets.remove(&events::subject(&r.id)) {
            (r.ticket_state, r.ticket_key, r.ticket_url) = (ticket.state, ticket.key, ticket.url);
        }
    }
    Ok(all)
}

/// The same for one.
pub(super) async fn answer(
    api: &Api,
    tenant: TenantId,
    one: state::Remediation,
) -> Result<Json<Remediation>, ApiError> {
    let mut all = ticketed(api, tenant, vec![one.into()]).await?;
    all.pop().map(Json).ok_or_else(|| ApiError::internal("remediation", &"it vanished"))
}

page! {
    /// Remediations, newest first.
    RemediationPage of Remediation
}

const COLUMNS: [&str; 19] = [
    "id",
    "recommendation_id",
    "title",
    "related_component",
    "recommended_version",
    "severity",
    "owner",
    "due_at",
    "overdue",
    "priority",
    "state",
    "created_by",
    "created_at",
    "devices",
    "devices_fixed",
    "devices_failed",
    "progress",
    "ticket_key",
    "ticket_url",
];

/// When updates may begin; those that have begun are ended.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MaintenanceWindow {
    /// Days on which it opens, 0 (Monday) to 6 (Sunday).
    weekdays: Vec<u8>,
    /// When it opens, `22:00`.
    start: String,
    /// How long it is open, minutes, 1 to 1440.
    minutes: u16,
    /// What is to be added to UTC to have the clock that is meant, minutes, -840 to 840.
    #[serde(default)]
    timezone_offset_minutes: i16,
}

impl From<MaintenanceWindow> for Window {
    fn from(w: MaintenanceWindow) -> Self {
        let MaintenanceWindow { weekdays, start, minutes, timezone_offset_minutes } = w;
        Self { weekdays, start, minutes, timezone_offset_minutes }
    }
}

impl From<Window> for MaintenanceWindow {
    fn from(w: Window) -> Self {
        let Window { weekdays, start, minutes, timezone_offset_minutes } = w;
        Self { weekdays, start, minutes, timezone_offset_minutes }
    }
}

/// How sensors carry a remediation out, once somebody has approved it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RemediationRun {
    /// Devices that are updated at once, 1 to 100.
    #[schema(minimum = 1, maximum = 100)]
    at_once: u16,
    /// Whether one device goes first, and the others wait until its inventory shows that it worked.
    canary: bool,
    /// How long that one has to stand before others follow, minutes, 0 to 10080.
    #[schema(maximum = 10080)]
    soak_minutes: u16,
    /// When updates may begin; at any time where it is null.
    window: Option<MaintenanceWindow>,
    /// Packages of the list of what is never touched that may be updated all the same, by name.
    name_never_touch: Vec<String>,
}

impl Default for RemediationRun {
    fn default() -> Self {
        Self { at_once: 5, canary: true, soak_minutes: 10, window: None, name_never_touch: Vec::new() }
    }
}

/// The same as it is stored, and as the driver reads it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    /// Who is next, and when.
    pub plan: Plan,
    /// Packages of the list of what is never touched that were named.
    pub named: Vec<String>,
}

impl Run {
    /// Reads what [`Run::write`] wrote.
    pub(crate) fn read(stored: &Value) -> Option<Self> {
        serde_json::from_value(stored.clone()).ok()
    }

    /// As it is stored.
    pub(crate) fn write(&self) -> Result<Value, ApiError> {
        serde_json::to_value(self).map_err(|e| ApiError::internal("remediation_run", &e))
    }
}

impl From<Run> for RemediationRun {
    fn from(run: Run) -> Self {
        Self {
            at_once: run.plan.at_once,
            canary: run.plan.canary,
            soak_minutes: run.plan.soak_minutes,
            window: run.plan.window.map(Into::into),
            name_never_touch: run.named,
        }
    }
}

impl RemediationRun {
    /// Checks it; a dry run until somebody approves more.
    pub(crate) fn checked(self) -> Result<Run, ApiError> {
        let invalid = |words: String| Err(ApiError::bad("remediation_run_invalid", words));
        if !(1..=MOST_AT_ONCE).contains(&self.at_once) {
            return invalid(format!("at_once must be 1 to {MOST_AT_ONCE}"));
        }
        if self.soak_minutes > 10_080 {
            return invalid("soak_minutes must be at most 10080, a week".into());
        }
        let window = self.window.map(Window::from);
        if let Some(Err(e)) = window.as_ref().map(Window::check) {
            return invalid(e.to_string());
        }
        let named = self.name_never_touch;
        let name = |n: &String| !n.is_empty() && n.len() <= 200 && n.bytes().all(|b| b.is_ascii_graphic());
        if named.len() > MOST_NAMED || !named.iter().all(name) {
            return invalid(format!("name_never_touch takes at most {MOST_NAMED} names of packages"));
        }
        let plan = Plan {
            dry_run_only: true,
            at_once: self.at_once,
            canary: self.canary,
            soak_minutes: self.soak_minutes,
            window,
        };
        Ok(Run { plan, named })
    }
}

/// Whether sensors can carry it out: where a package manager of the system does it.
fn is_runnable(kind: &str, ecosystem: &str) -> bool {
    kind == "update" && palisade_advisory::Ecosystem::parse(ecosystem).is_distribution()
}

/// A recommendation to take on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRemediation {
    /// The recommendation.
    recommendation_id: String,
    /// Who sees to it, at most 200 characters; the caller when absent.
    #[serde(default)]
    owner: Option<String>,
    /// Until when.
    #[serde(default)]
    due_at: Option<Instant>,
    /// `low`, `medium`, `high`; medium when absent.
    #[serde(default)]
    priority: Option<String>,
    /// What else is to be said, at most 1000 characters.
    #[serde(default)]
    note: String,
    /// Only the devices of this group; all that need it when absent.
    #[serde(default)]
    device_group_id: Option<Uuid>,
    /// How sensors carry it out; nothing is done before somebody approves it. People do it when absent.
    #[serde(default)]
    run: Option<RemediationRun>,
    /// Whether tickets are opened by the webhooks that do that; they are when absent.
    #[serde(default = "yes")]
    open_ticket: bool,
}

fn yes() -> bool {
    true
}

/// Takes a recommendation on.
#[utoipa::path(post, path = "/api/v1/remediations", operation_id = "remediations_create", tag = "vulnerabilities",
    request_body = NewRemediation,
    responses((status = 201, description = "The remediation.", body = Remediation)))]
pub(crate) async fn create(
    caller: Authorized<VulnerabilitiesManage, audit::RemediationCreate>,
    State(api): State<Api>,
    Body(body): Body<NewRemediation>,
) -> Result<(StatusCode, Json<Remediation>), ApiError> {
    let scope = &caller.scope;
    scope.target(&body.recommendation_id);
    if body.note.chars().count() > 1_000 {
        return Err(ApiError::invalid("note has at most 1000 characters"));
    }
    let (tenant, devices, now) = (caller.tenant(), caller.devices(), TimeMicros::now());
    let store = &api.config.state;
    let found = store.vulnerability_recommendation(tenant, devices, &body.recommendation_id, now).await?;
    let ecosystem = ecosystem(&found);
    let run = body.run.map(RemediationRun::checked).transpose()?;
    if run.is_some() && !is_runnable(&found.kind, &ecosystem) {
        let message = "sensors carry out updates of a distribution's packages only";
        return Err(ApiError::bad("remediation_not_runnable", message));
    }
    let actor = caller.principal.actor().name;
    let new = state::NewRemediation {
        title: title(&found),
        ecosystem,
        recommendation: body.recommendation_id,
        owner: body.owner.filter(|o| !o.trim().is_empty()).unwrap_or_else(|| actor.clone()),
        due_at: body.due_at.map(Into::into),
        priority: body.priority.unwrap_or_else(|| "medium".into()),
        note: body.note,
        group: body.device_group_id,
        run: run.as_ref().map(Run::write).transpose()?,
        created_by: actor,
        created_by_id: caller.principal.user,
    };
    let made = store.create_remediation(tenant, devices, &new, now).await?;
    scope.detail("remediation_id", made.id.to_string());
    scope.detail("devices", made.devices);
    if body.open_ticket {
        events::ticket(&api, tenant, &made).await;
    }
    events::changed(&api, tenant, made.id, "", &made.created_by).await;
    Ok((StatusCode::CREATED, answer(&api, tenant, made).await?))
}

/// The ecosystem of a recommendation's software, `debian:12`.
fn ecosystem(found: &palisade_state::vulnerabilities::Recommendation) -> String {
    let document = &found.document;
    let software = document["kind"].get("software").or_else(|| document.get("software"));
    let text = |key: &str| software.and_then(|s| s[key].as_str()).unwrap_or_default().to_owned();
    match (text("ecosystem"), text("release")) {
        (family, release) if release.is_empty() => family,
        (family, release) => format!("{family}:{release}"),
    }
}

fn title(found: &palisade_state::vulnerabilities::Recommendation) -> String {
    match (found.kind.as_str(), found.target.as_str()) {
        ("update", target) => format!("Update {} to {target}", found.product),
        ("upgrade_system", target) => format!("Upgrade {} to {target}", found.product),
        ("uninstall", _) => format!("Uninstall {}", found.product),
        ("configure", _) => format!("Configure {}", found.product),
        ("replace_certificate", _) => format!("Replace the certificate {}", found.product),
        _ => format!("Wait for a fix of {}", found.product),
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemediationParams {
    /// `requested`, `running`, `checked`, `paused`, `stopped`, `completed`, `cancelled`; several separated by commas.
    state: Option<String>,
    /// Only of this recommendation.
    recommendation: Option<String>,
    /// Only those with this device.
    device: Option<String>,
    /// `true`: only those that should have been over by now and are not.
    overdue: Option<bool>,
    /// `json` (default) or `csv`, which has no pages; also by `Accept: text/csv`.
    format: Option<String>,
    /// Most items, 1 to 1000; 50 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists remediations, newest first.
#[utoipa::path(get, path = "/api/v1/remediations", operation_id = "remediations_list", tag = "vulnerabilities",
    params(RemediationParams),
    responses((status = 200, description = "Remediations.", content((RemediationPage = "application/json"), (String = "text/csv")))))]
pub(crate) async fn list(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    headers: HeaderMap,
    Params(params): Params<RemediationParams>,
) -> Result<Response, ApiError> {
    let format = (params.format.as_deref(), &headers);
    let part = Part::asked((params.limit, params.cursor), (None, true), format)?;
    let names = RemediationState::ALL.map(|(_, name)| name);
    let states = listing::words("state", params.state.as_deref(), &names)?;
    let device = params.device.map(|d| d.parse::<DeviceId>()).transpose();
    let wanted = RemediationQuery {
        state: states.iter().map(|s| s.parse()).collect::<Result<_, _>>()?,
        recommendation: params.recommendation,
        device: device.map_err(|_| ApiError::invalid("device must be a device's identifier"))?,
        overdue_at: params.overdue.filter(|o| *o).map(|_| TimeMicros::now()),
        range: part.range.clone(),
    };
    let found = api.config.state.remediations(caller.tenant(), caller.devices(), &wanted).await?;
    let mut page = RemediationPage::from(found);
    page.items = ticketed(&api, caller.tenant(), page.items).await?;
    part.answer("remediations", &COLUMNS, page, |p| (&p.items, p.total))
}

/// Reads one remediation.
#[utoipa::path(get, path = "/api/v1/remediations/{id}", operation_id = "remediations_show", tag = "vulnerabilities",
    params(("id" = String, Path, description = "The remediation.")),
    responses((status = 200, description = "The remediation.", body = Remediation)))]
pub(crate) async fn show(
    caller: Authorized<VulnerabilitiesRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<Json<Remediation>, ApiError> {
    let found = api.config.state.remediation(caller.tenant(), caller.devices(), id).await?;
    answer(&api, caller.tenant(), found).await
}

/// What is to change of a remediation; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemediationUpdate {
    /// Who sees to it.
    #[serde(default)]
    owner: Option<String>,
    /// Until when; null takes it away.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Instant>)]
    due_at: Option<Option<Instant>>,
    /// `low`, `medium`, `high`.
    #[serde(default)]
    priority: Option<String>,
    /// What else is to be said.
    #[serde(default)]
    note: Option<String>,
}

/// Tells null from what is absent.
fn present<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<Option<Instant>>, D::Error> {
    Option::<Instant>::deserialize(d).map(Some)
}

/// Changes who sees to a remediation, until when, how urgent it is and what is said of it.
#[utoipa::path(patch, path = "/api/v1/remediations/{id}", operation_id = "remediations_update",
    tag = "vulnerabilities", params(("id" = String, Path, description = "The remediation.")),
    request_body = RemediationUpdate,
    responses((status = 200, description = "The remediation.", body = Remediation)))]
pub(crate) async fn update(
    caller: Authorized<VulnerabilitiesManage, audit::RemediationUpdate>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
    Body(body): Body<RemediationUpdate>,
) -> Result<Json<Remediation>, ApiError> {
    caller.scope.target(id);
    let change = state::RemediationChange {
        owner: body.owner,
        due_at: body.due_at.map(|due| due.map(Into::into)),
        priority: body.priority,
        note: body.note,
    };
    let (tenant, devices, now) = (caller.tenant(), caller.devices(), TimeMicros::now());
    let now_is = api.config.state.change_remediation(tenant, devices, id, &change, now).await?;
    answer(&api, tenant, now_is).await
}
