//! Subscriptions: parts of a tenant with plans, connectors and a bill of their own.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use palisade_estate::plan::{PlanRecord, ServersPlan, Standing};
use palisade_estate::provision::{Extension, OtherProducts};
use palisade_state::DeviceScope;
use palisade_state::estate::{self, NewSubscription, SubscriptionChange};
use palisade_types::{SubscriptionId, TenantId, TimeMicros};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::machine_verbs::note_reason;
use crate::error::ApiError;
use crate::extract::{Body, Id};
use crate::gate::{Authorized, EstateManage, EstateOperate, EstateRead, audit};
use crate::instant::Instant;
use crate::page::page;
use crate::state::Api;

/// A plan's standing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanStanding {
    /// `off`, `trial`, `trial_ended`, `paid`.
    standing: &'static str,
    /// When its trial ends.
    #[schema(required = true)]
    trial_until: Option<Instant>,
}

/// Endpoint protection of a subscription.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EndpointProtection {
    /// Its name, such as `Palisade.Linux`.
    name: &'static str,
    /// Whether it is switched on.
    on: bool,
    /// `on`, `off`, `partial`.
    state: &'static str,
    /// The state for people, such as `1 of 2 components missing`.
    label: String,
    /// Machines that should be protected.
    wanted: u64,
    /// Of them, those without extension or without a reporting sensor.
    missing: u64,
}

/// How many machines have each status.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub(crate) struct StatusCounts {
    /// Nothing is wrong.
    pub healthy: u64,
    /// Something is.
    pub unhealthy: u64,
    /// No sensor belongs there.
    pub not_applicable: u64,
    /// Not judged yet, or waiting for its sensor.
    pub pending: u64,
}

impl StatusCounts {
    pub(crate) fn add(&mut self, status: &str, machines: u64) {
        match status {
            "healthy" => self.healthy += machines,
            "unhealthy" => self.unhealthy += machines,
            "not_applicable" => self.not_applicable += machines,
            _ => self.pending += machines,
        }
    }
}

/// A subscription.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Subscription {
    /// Identifier.
    id: String,
    /// Name.
    name: String,
    /// `direct`, `ssh`, `aws`, `cloud_init`.
    kind: String,
    /// Whether machines that no connector knows land here.
    designated: bool,
    /// What its cloud calls it.
    external_id: String,
    /// The key of the tag that names a machine's owner.
    owner_tag: String,
    /// Which step of the Servers plan: `p1` or `p2`.
    #[schema(required = true)]
    servers_step: Option<&'static str>,
    /// The Servers plan.
    servers: PlanStanding,
    /// The Posture plan.
    posture: PlanStanding,
    /// Endpoint protection.
    endpoint_protection: EndpointProtection,
    /// Whether new versions are put on its machines.
    upgrades: bool,
    /// Beside other security products: `observe` or `leave_alone`.
    other_products: OtherProductsRule,
    /// What excludes a machine: `key`, `key=value`, `name:pattern`.
    exclusions: Vec<String>,
    /// `active`, `leaving`, `left`.
    state: String,
    /// Its machines by status.
    machines: StatusCounts,
    /// When it was made.
    created_at: Instant,
}

/// What to do beside other security products.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OtherProductsRule {
    /// Install beside them, observing only.
    Observe,
    /// Leave the machine alone.
    LeaveAlone,
}

fn standing(plan: &PlanRecord, now: TimeMicros) -> PlanStanding {
    let (standing, until) = match plan.standing(now) {
        Standing::Off => ("off", None),
        Standing::Trial { ends } => ("trial", Some(ends)),
        Standing::TrialEnded => ("trial_ended", None),
        Standing::Paid => ("paid", None),
    };
    PlanStanding { standing, trial_until: Instant::maybe(until) }
}

/// What is counted of a subscription's machines: status, extension, how many.
type Count = (SubscriptionId, String, String, u64);

fn shown(s: estate::Subscription, counts: &[Count], now: TimeMicros) -> Subscription {
    let mut machines = StatusCounts::default();
    let (mut wanted, mut present) = (0, 0);
    for (_, status, extension, n) in counts.iter().filter(|(id, ..)| *id == s.id) {
        machines.add(status, *n);
        if status != "not_applicable" {
            wanted += n;
            present += if extension == "on" { *n } else { 0 };
        }
    }
    let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let state = Extension { wanted: count(wanted), present: count(present) }.state();
    let on = s.component_on;
    let word = match () {
        () if !on => "off",
        () if wanted == present => "on",
        () => "partial",
    };
    Subscription {
        id: s.id.to_string(),
        servers_step: s.plans.step.map(|step| match step {
            ServersPlan::P1 => "p1",
            ServersPlan::P2 => "p2",
        }),
        servers: standing(&s.plans.servers, now),
        posture: standing(&s.plans.posture, now),
        endpoint_protection: EndpointProtection {
            name: palisade_estate::provision::LINUX,
            on,
            state: word,
            label: match word {
                "off" => "Off".into(),
                "on" => "On".into(),
                _ => state.label(),
            },
            wanted,
            missing: wanted - present,
        },
        name: s.name,
        kind: s.kind,
        designated: s.designated,
        external_id: s.external_id,
        owner_tag: s.owner_tag,
        upgrades: s.upgrades,
        other_products: match s.other_products {
            OtherProducts::Observe => OtherProductsRule::Observe,
            OtherProducts::LeaveAlone => OtherProductsRule::LeaveAlone,
        },
        exclusions: s.exclusions,
        state: s.state,
        machines,
        created_at: s.created_at.into(),
    }
}

/// A subscription as it is answered.
pub(crate) async fn answer(
    api: &Api,
    tenant: TenantId,
    of: estate::Subscription,
) -> Result<Subscription, ApiError> {
    let counts = api.config.state.status_counts(tenant, &DeviceScope::all()).await?;
    Ok(shown(of, &counts, TimeMicros::now()))
}

page! {
    /// Subscriptions.
    SubscriptionPage of Subscription
}

/// Lists subscriptions.
#[utoipa::path(get, path = "/api/v1/subscriptions", operation_id = "subscriptions_list", tag = "estate",
    responses((status = 200, description = "Subscriptions.", body = SubscriptionPage)))]
pub(crate) async fn list(
    caller: Authorized<EstateRead, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<SubscriptionPage>, ApiError> {
    let now = TimeMicros::now();
    let counts = api.config.state.status_counts(caller.tenant(), &DeviceScope::all()).await?;
    let all = api.config.state.subscriptions(caller.tenant()).await?;
    Ok(Json(SubscriptionPage::whole(all.into_iter().map(|s| shown(s, &counts, now)).collect())))
}

/// Reads one subscription.
#[utoipa::path(get, path = "/api/v1/subscriptions/{id}", operation_id = "subscriptions_show", tag = "estate",
    params(("id" = String, Path, description = "The subscription.")),
    responses((status = 200, description = "The subscription.", body = Subscription)))]
pub(crate) async fn show(
    caller: Authorized<EstateRead, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<SubscriptionId>,
) -> Result<Json<Subscription>, ApiError> {
    let counts = api.config.state.status_counts(caller.tenant(), &DeviceScope::all()).await?;
    let found = api.config.state.subscription(caller.tenant(), id).await?;
    Ok(Json(shown(found, &counts, TimeMicros::now())))
}

/// A subscription to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSubscriptionBody {
    /// Its name.
    name: String,
    /// `direct`, `ssh`, `aws`, `cloud_init`.
    kind: String,
    /// What its cloud calls it.
    #[serde(default)]
    external_id: String,
    /// The key of the tag that names a machine's owner.
    #[serde(default)]
    owner_tag: String,
}

/// Makes a subscription.
#[utoipa::path(post, path = "/api/v1/subscriptions", operation_id = "subscriptions_create", tag = "estate",
    request_body = NewSubscriptionBody,
    responses((status = 201, description = "The subscription.", body = Subscription)))]
pub(crate) async fn create(
    caller: Authorized<EstateManage, audit::SubscriptionCreate>,
    State(api): State<Api>,
    Body(body): Body<NewSubscriptionBody>,
) -> Result<(StatusCode, Json<Subscription>), ApiError> {
    caller.scope.detail("name", body.name.clone());
    let now = TimeMicros::now();
    let new = NewSubscription {
        name: body.name,
        kind: body.kind,
        external_id: body.external_id,
        owner_tag: body.owner_tag,
    };
    let made = api.config.state.create_subscription(caller.tenant(), &new, now).await?;
    caller.scope.target(made.id);
    Ok((StatusCode::CREATED, Json(shown(made, &[], now))))
}

/// What shall be different; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubscriptionPatch {
    /// Another name.
    name: Option<String>,
    /// The key of the owner's tag.
    owner_tag: Option<String>,
    /// Endpoint protection on or off. Off installs nothing any more and removes nothing.
    endpoint_protection: Option<bool>,
    /// Whether new versions are put on its machines.
    upgrades: Option<bool>,
    /// Beside other security products.
    other_products: Option<OtherProductsRule>,
    /// What excludes a machine: `key`, `key=value`, `name:pattern`.
    exclusions: Option<Vec<String>>,
    /// True: machines that no connector knows land here from now on.
    designated: Option<bool>,
    /// Why, for the audit log.
    #[serde(default)]
    reason: String,
}

/// Changes a subscription.
#[utoipa::path(patch, path = "/api/v1/subscriptions/{id}", operation_id = "subscriptions_update", tag = "estate",
    params(("id" = String, Path, description = "The subscription.")), request_body = SubscriptionPatch,
    responses((status = 200, description = "As it is now.", body = Subscription)))]
pub(crate) async fn update(
    caller: Authorized<EstateManage, audit::SubscriptionUpdate>,
    State(api): State<Api>,
    Id(id): Id<SubscriptionId>,
    Body(body): Body<SubscriptionPatch>,
) -> Result<Json<Subscription>, ApiError> {
    caller.scope.target(id);
    if let Some(on) = body.endpoint_protection {
        caller.scope.detail("endpoint_protection", on);
    }
    note_reason(&caller.scope, &body.reason);
    let now = TimeMicros::now();
    let change = SubscriptionChange {
        name: body.name,
        owner_tag: body.owner_tag,
        component_on: body.endpoint_protection,
        upgrades: body.upgrades,
        other_products: body.other_products.map(|o| match o {
            OtherProductsRule::Observe => OtherProducts::Observe,
            OtherProductsRule::LeaveAlone => OtherProducts::LeaveAlone,
        }),
        exclusions: body.exclusions,
        designated: body.designated,
        ..SubscriptionChange::default()
    };
    let now_is = api.config.state.change_subscription(caller.tenant(), id, &change, now).await?;
    let counts = api.config.state.status_counts(caller.tenant(), &DeviceScope::all()).await?;
    Ok(Json(shown(now_is, &counts, now)))
}

/// Goes on with a roll-out that was held because machines broke.
#[utoipa::path(post, path = "/api/v1/subscriptions/{id}/rollout/resume", operation_id = "rollouts_resume",
    tag = "estate", params(("id" = String, Path, description = "The subscription.")),
    responses((status = 202, description = "It goes on.")))]
pub(crate) async fn resume(
    caller: Authorized<EstateOperate, audit::RolloutResume>,
    State(api): State<Api>,
    Id(id): Id<SubscriptionId>,
) -> Result<StatusCode, ApiError> {
    caller.scope.target(id);
    api.config.state.subscription(caller.tenant(), id).await?;
    let by = caller.principal.actor().name;
    api.config.state.ask_of_subscription(caller.tenant(), id, "resume", &by, TimeMicros::now()).await?;
    Ok(StatusCode::ACCEPTED)
}
