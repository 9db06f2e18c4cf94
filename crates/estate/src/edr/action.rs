use serde::Serialize;
use serde_json::{Value, json};

use crate::plan::{Effective, PlanBasis, ServersPlan};

/// Something that a person can do about a recommendation with one press.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Let our sensor be installed.
    EnableIntegration,
    /// Take a plan that has the recommendations.
    UpgradePlan,
    /// Find out why our sensor does not report.
    TroubleshootOnboarding,
}

impl Action {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EnableIntegration => "enable_integration",
            Self::UpgradePlan => "upgrade_plan",
            Self::TroubleshootOnboarding => "troubleshoot_onboarding",
        }
    }
}

/// The call of the API that an action makes. `{machine}` and `{subscription}` in its path are to be
/// filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// Which action.
    pub action: Action,
    /// The method.
    pub method: &'static str,
    /// The path.
    pub path: &'static str,
    /// The body; `null` where there is none.
    pub body: Value,
    /// What it does, for people.
    pub words: &'static str,
}

const SUBSCRIPTION: &str = "/api/v1/subscriptions/{subscription}";
const PLANS: &str = "/api/v1/subscriptions/{subscription}/plans";
const MACHINE: &str = "/api/v1/machines/{machine}";

impl Request {
    fn new(
        action: Action,
        method: &'static str,
        path: &'static str,
        body: Value,
        words: &'static str,
    ) -> Self {
        Self { action, method, path, body, words }
    }

    fn enable(method: &'static str, path: &'static str, body: Value, words: &'static str) -> Self {
        Self::new(Action::EnableIntegration, method, path, body, words)
    }

    pub(super) fn component_on() -> Self {
        let words =
            "Switch endpoint protection on for the subscription; its machines get the sensor by themselves.";
        Self::enable("PATCH", SUBSCRIPTION, json!({ "endpoint_protection": true }), words)
    }

    pub(super) fn onboard() -> Self {
        let words = "Undo the offboarding of this machine.";
        Self::enable("POST", "/api/v1/machines/{machine}/onboard", Value::Null, words)
    }

    pub(super) fn include() -> Self {
        let words = "Lift the exclusion of this machine. One by a tag, a rule or a file on it has to be lifted there.";
        Self::enable("PATCH", MACHINE, json!({ "exclusion": "" }), words)
    }

    pub(super) fn fix() -> Self {
        let words = "Install the sensor on this machine now.";
        Self::enable("POST", "/api/v1/machines/{machine}/fix", Value::Null, words)
    }

    pub(super) fn token() -> Self {
        let words = "Make a token for one machine; no connector can install there, so run its command on it.";
        let body = json!({ "expires_in_hours": 24, "max_uses": 1 });
        Self::enable("POST", "/api/v1/enrolment-tokens", body, words)
    }

    /// What gives a machine the recommendations, by what it has.
    pub(super) fn upgrade(plan: &Effective) -> Self {
        let (method, path, body, words) = match (plan.basis, plan.servers) {
            (PlanBasis::MachineOff, _) => (
                "DELETE",
                "/api/v1/machines/{machine}/plan",
                Value::Null,
                "Give this machine the plan of its subscription again.",
            ),
            // Plan 2 is nothing for a single machine, and it would keep its own Plan 1.
            (PlanBasis::Machine, _) => {
                ("PUT", PLANS, json!({ "posture": "trial" }), "Try Posture for the subscription.")
            }
            (_, Some(ServersPlan::P1)) => {
                ("PUT", PLANS, json!({ "servers_step": "p2" }), "Go from Servers Plan 1 to Plan 2.")
            }
            (PlanBasis::TrialEnded, _) => (
                "PUT",
                PLANS,
                json!({ "servers_step": "p2", "servers": "pay" }),
                "Take Servers Plan 2 for the subscription; its trial has ended.",
            ),
            _ => (
                "PUT",
                PLANS,
                json!({ "servers_step": "p2", "servers": "trial" }),
                "Try Servers Plan 2 for the subscription.",
            ),
        };
        Self::new(Action::UpgradePlan, method, path, body, words)
    }

    pub(super) fn troubleshoot() -> Self {
        let words = "Show why the sensor does not report, and what to do.";
        Self::new(
            Action::TroubleshootOnboarding,
            "GET",
            "/api/v1/machines/{machine}/health",
            Value::Null,
            words,
        )
    }

    /// Every call that an action can make.
    pub fn every() -> Vec<Self> {
        let plan = |basis, servers| {
            let none =
                Effective { servers, servers_trial: false, basis, posture: false, posture_trial: false };
            Self::upgrade(&none)
        };
        vec![
            Self::component_on(),
            Self::onboard(),
            Self::include(),
            Self::fix(),
            Self::token(),
            plan(PlanBasis::SubscriptionOff, None),
            plan(PlanBasis::TrialEnded, None),
            plan(PlanBasis::Subscription, Some(ServersPlan::P1)),
            plan(PlanBasis::Machine, Some(ServersPlan::P1)),
            plan(PlanBasis::MachineOff, None),
            Self::troubleshoot(),
        ]
    }
}
