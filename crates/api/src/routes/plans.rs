//! Plans: what subscriptions and machines are entitled to, and what that opens.

use axum::Json;
use axum::extract::State;
use palisade_estate::plan::{
    Effective, Enforcement, Feature, Need, Override, Plan, PlanBasis, PlanSwitch, PlansChange, ServersPlan,
    effective,
};
use palisade_state::estate::MachineChange;
use palisade_types::{MachineId, SubscriptionId, TimeMicros};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::{Body, Id};
use crate::gate::{Authorized, EstateRead, PlansManage, SignedIn, audit};
use crate::licence::{Licence, names};
use crate::routes::subscriptions::{self, Subscription};
use crate::state::Api;

/// What is decided about a plan.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PlanTurn {
    /// On and free, for what is left of thirty days from the first time.
    Trial,
    /// On for good; what is left of a trial stays free.
    Pay,
    /// Off. Sensors stay, capture, prevention and health go on.
    Off,
}

impl From<PlanTurn> for PlanSwitch {
    fn from(turn: PlanTurn) -> Self {
        match turn {
            PlanTurn::Trial => Self::Trial,
            PlanTurn::Pay => Self::Pay,
            PlanTurn::Off => Self::Off,
        }
    }
}

/// Which Servers plan.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ServersStep {
    /// Plan 1.
    P1,
    /// Plan 2.
    P2,
}

/// What is decided about the plans of a subscription; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlansBody {
    /// Which of the Servers plans; the one that it had where it is absent.
    servers_step: Option<ServersStep>,
    /// The Servers plan.
    servers: Option<PlanTurn>,
    /// The Posture plan.
    posture: Option<PlanTurn>,
}

/// Switches plans of a subscription.
#[utoipa::path(put, path = "/api/v1/subscriptions/{id}/plans", operation_id = "subscriptions_plans", tag = "plans",
    params(("id" = String, Path, description = "The subscription.")), request_body = PlansBody,
    responses((status = 200, description = "The subscription as it is now.", body = Subscription)))]
pub(crate) async fn switch(
    caller: Authorized<PlansManage, audit::SubscriptionPlans>,
    State(api): State<Api>,
    Id(id): Id<SubscriptionId>,
    Body(body): Body<PlansBody>,
) -> Result<Json<Subscription>, ApiError> {
    caller.scope.target(id);
    let change = PlansChange {
        step: body.servers_step.map(|s| match s {
            ServersStep::P1 => ServersPlan::P1,
            ServersStep::P2 => ServersPlan::P2,
        }),
        servers: body.servers.map(Into::into),
        posture: body.posture.map(Into::into),
    };
    caller.scope.detail("change", serde_json::to_value(change).unwrap_or_default());
    let changed = api.config.state.change_plans(caller.tenant(), id, &change, TimeMicros::now()).await?;
    Ok(Json(subscriptions::answer(&api, caller.tenant(), changed).await?))
}

/// What a machine is entitled to, and why.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MachinePlan {
    /// What was decided for it alone: `inherit`, `plan_one` or `off`.
    plan_override: &'static str,
    /// The Servers plan that it has: `servers_p1`, `servers_p2`.
    #[schema(required = true)]
    servers: Option<&'static str>,
    /// Why: `subscription`, `machine`, `subscription_off`, `trial_ended`, `machine_off`.
    basis: &'static str,
    /// Whether its hours under it are free.
    servers_trial: bool,
    /// Whether it has Posture.
    posture: bool,
    /// Whether its hours under that are free.
    posture_trial: bool,
}

fn machine_plan(decided: Override, has: &Effective) -> MachinePlan {
    MachinePlan {
        plan_override: match decided {
            Override::Inherit => "inherit",
            Override::PlanOne => "plan_one",
            Override::Off => "off",
        },
        servers: has.servers.map(|s| Plan::from(s).as_str()),
        basis: match has.basis {
            PlanBasis::Subscription => "subscription",
            PlanBasis::Machine => "machine",
            PlanBasis::SubscriptionOff => "subscription_off",
            PlanBasis::TrialEnded => "trial_ended",
            PlanBasis::MachineOff => "machine_off",
        },
        servers_trial: has.servers_trial,
        posture: has.posture,
        posture_trial: has.posture_trial,
    }
}

/// What is decided for one machine.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MachinePlanBody {
    /// `servers_p1` switches Plan 1 on for it, `off` takes it out of its subscription's Servers plan. Plan 2
    /// and Posture cannot be switched on for a single machine.
    plan: String,
}

/// Decides about the plan of one machine.
#[utoipa::path(put, path = "/api/v1/machines/{id}/plan", operation_id = "machines_plan", tag = "plans",
    params(("id" = String, Path, description = "The machine.")), request_body = MachinePlanBody,
    responses((status = 200, description = "What it is entitled to now.", body = MachinePlan)))]
pub(crate) async fn decide(
    caller: Authorized<PlansManage, audit::MachinePlan>,
    State(api): State<Api>,
    Id(id): Id<MachineId>,
    Body(body): Body<MachinePlanBody>,
) -> Result<Json<MachinePlan>, ApiError> {
    caller.scope.target(id);
    caller.scope.detail("plan", body.plan.chars().take(40).collect::<String>());
    let decided = match body.plan.as_str() {
        "off" => Override::Off,
        plan => {
            let plan: Plan = plan.parse().map_err(|_| {
                ApiError::invalid("plan must be off, servers_p1, or the name of another plan")
            })?;
            Override::enable(plan).map_err(|e| ApiError::bad(e.code(), e.to_string()))?
        }
    };
    Ok(Json(write(&api, &caller.principal, id, decided).await?))
}

/// Gives a machine back what its subscription has.
#[utoipa::path(delete, path = "/api/v1/machines/{id}/plan", operation_id = "machines_plan_clear", tag = "plans",
    params(("id" = String, Path, description = "The machine.")),
    responses((status = 200, description = "What it is entitled to now.", body = MachinePlan)))]
pub(crate) async fn inherit(
    caller: Authorized<PlansManage, audit::MachinePlanClear>,
    State(api): State<Api>,
    Id(id): Id<MachineId>,
) -> Result<Json<MachinePlan>, ApiError> {
    caller.scope.target(id);
    Ok(Json(write(&api, &caller.principal, id, Override::Inherit).await?))
}

async fn write(
    api: &Api,
    by: &palisade_state::Principal,
    id: MachineId,
    decided: Override,
) -> Result<MachinePlan, ApiError> {
    let now = TimeMicros::now();
    let change = MachineChange { plan_override: Some(decided), ..MachineChange::default() };
    let state = &api.config.state;
    let machine = state.change_machine(by.tenant, id, &change, &by.actor().name, now).await?;
    let subscription = state.subscription(by.tenant, machine.subscription).await?;
    Ok(machine_plan(decided, &effective(&subscription.plans, decided, now)))
}

/// A feature, and which plans open it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanFeature {
    /// Its stable name.
    name: &'static str,
    /// What it is.
    title: &'static str,
    /// All plans of any one of these lists open it; nothing is needed where there is no list.
    needs: Vec<Vec<&'static str>>,
    /// Whether it is open in the caller's tenant now.
    open: bool,
}

/// What plans open.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanFeatures {
    /// Whether that is enforced in the caller's tenant.
    enforcement: EnforcementWord,
    /// Every feature.
    items: Vec<PlanFeature>,
}

/// Reads which plan opens which feature.
#[utoipa::path(get, path = "/api/v1/plans/features", operation_id = "plans_features", tag = "plans",
    responses((status = 200, description = "The matrix.", body = PlanFeatures)))]
pub(crate) async fn features(
    caller: Authorized<SignedIn, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<PlanFeatures>, ApiError> {
    let tenant = caller.tenant();
    let licence = Licence::of(&api.config.state, tenant, TimeMicros::now()).await?;
    let feature = |f: &Feature| PlanFeature {
        name: f.as_str(),
        title: f.title(),
        needs: match f.need() {
            Need::Nothing => Vec::new(),
            Need::AnyOf(ways) => names(ways),
        },
        open: licence.anywhere(*f).is_open(),
    };
    let items = Feature::ALL.iter().map(feature).collect();
    Ok(Json(PlanFeatures { enforcement: licence.enforcement().into(), items }))
}

/// Whether plans open and close pages.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EnforcementWord {
    /// Everything is open; plans only say what is metered.
    Off,
    /// Pages need their plan. Capture, prevention and a device's own health never do.
    On,
}

impl From<Enforcement> for EnforcementWord {
    fn from(e: Enforcement) -> Self {
        match e {
            Enforcement::Off => Self::Off,
            Enforcement::On => Self::On,
        }
    }
}

/// The tenant's switch.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanEnforcement {
    /// `off` unless somebody switched it on.
    enforcement: EnforcementWord,
}

/// Reads whether plans are enforced.
#[utoipa::path(get, path = "/api/v1/settings/plan-enforcement", operation_id = "plan_enforcement_show", tag = "plans",
    responses((status = 200, description = "The switch.", body = PlanEnforcement)))]
pub(crate) async fn enforcement(
    caller: Authorized<EstateRead, audit::Unaudited>,
    State(api): State<Api>,
) -> Result<Json<PlanEnforcement>, ApiError> {
    let enforcement = api.config.state.plan_enforcement(caller.tenant()).await?;
    Ok(Json(PlanEnforcement { enforcement: enforcement.into() }))
}

/// Switches whether plans are enforced.
#[utoipa::path(put, path = "/api/v1/settings/plan-enforcement", operation_id = "plan_enforcement_update",
    tag = "plans", request_body = PlanEnforcement,
    responses((status = 200, description = "The switch as it is now.", body = PlanEnforcement)))]
pub(crate) async fn set_enforcement(
    caller: Authorized<PlansManage, audit::PlanEnforcement>,
    State(api): State<Api>,
    Body(body): Body<PlanEnforcement>,
) -> Result<Json<PlanEnforcement>, ApiError> {
    let to = match body.enforcement {
        EnforcementWord::Off => Enforcement::Off,
        EnforcementWord::On => Enforcement::On,
    };
    caller.scope.detail("enforcement", serde_json::to_value(to).unwrap_or_default());
    api.config.state.set_plan_enforcement(caller.tenant(), to, TimeMicros::now()).await?;
    Ok(Json(body))
}
