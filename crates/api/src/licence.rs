//! Plans as a gate: whether a page is open in a tenant, and for which of its machines.
//!
//! Nothing is closed unless the tenant has switched enforcement on, and then only routes whose first
//! argument names a page ([`crate::gate::Authorized`]'s third type). Capture, prevention and a
//! device's own health are never among them; a test holds every other route to that.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use palisade_estate::plan::{Decision, Enforcement, Feature, Override, Plan, SubscriptionPlans, effective};
use palisade_state::State;
use palisade_types::{SubscriptionId, TenantId, TimeMicros};
use serde_json::json;

use crate::error::ApiError;

/// What the plans of a tenant open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Licence {
    enforcement: Enforcement,
    subscriptions: BTreeMap<SubscriptionId, Bought>,
    now: TimeMicros,
}

#[derive(Clone, Debug)]
struct Bought {
    plans: SubscriptionPlans,
    /// Whether Plan 1 was switched on for some of its machines.
    plan_one_alone: bool,
}

impl Licence {
    /// Reads what a tenant has.
    pub(crate) async fn of(state: &State, tenant: TenantId, now: TimeMicros) -> Result<Self, ApiError> {
        let enforcement = state.plan_enforcement(tenant).await?;
        if enforcement == Enforcement::Off {
            return Ok(Self { enforcement, subscriptions: BTreeMap::new(), now });
        }
        let alone = state.subscriptions_with_plan_one_alone(tenant).await?;
        let subscriptions = state
            .subscriptions(tenant)
            .await?
            .into_iter()
            .filter(|s| s.state != "left")
            .map(|s| (s.id, Bought { plans: s.plans, plan_one_alone: alone.contains(&s.id) }));
        Ok(Self { enforcement, subscriptions: subscriptions.collect(), now })
    }

    /// Whether anything can be closed at all.
    pub(crate) fn enforcement(&self) -> Enforcement {
        self.enforcement
    }

    /// Whether a feature is open for a machine.
    fn opens(&self, feature: Feature, at: SubscriptionId, machine: Override) -> bool {
        if self.enforcement == Enforcement::Off {
            return true;
        }
        let plans = self.subscriptions.get(&at).map_or_else(SubscriptionPlans::default, |b| b.plans);
        self.enforcement.decide(feature, &effective(&plans, machine, self.now)).is_open()
    }

    /// Whether a feature is open anywhere in the tenant, so that its page has something to show.
    pub(crate) fn anywhere(&self, feature: Feature) -> Decision {
        let nothing = SubscriptionPlans::default();
        let closed = self.enforcement.decide(feature, &effective(&nothing, Override::Inherit, self.now));
        let open = self.subscriptions.iter().any(|(id, bought)| {
            self.opens(feature, *id, Override::Inherit)
                || bought.plan_one_alone && self.opens(feature, *id, Override::PlanOne)
        });
        if open { Decision::Open } else { closed }
    }

    /// The subscriptions for whose machines a feature is open; `None` where it is closed for none.
    pub(crate) fn only_in(&self, feature: Feature) -> Option<Vec<SubscriptionId>> {
        if self.enforcement == Enforcement::Off {
            return None;
        }
        let open = |id: &&SubscriptionId| self.opens(feature, **id, Override::Inherit);
        Some(self.subscriptions.keys().filter(open).copied().collect())
    }

    /// Lets a call through whose page is open: any one of these features is.
    pub(crate) fn require(&self, features: &[Feature]) -> Result<(), ApiError> {
        let mut needs: Vec<&[Plan]> = Vec::new();
        for feature in features {
            match self.anywhere(*feature) {
                Decision::Open => return Ok(()),
                Decision::NeedsPlan(ways) => needs.extend(ways),
            }
        }
        let Some(first) = features.first() else { return Ok(()) };
        let title = first.title().trim_end_matches('.');
        let message = format!("{title}: this needs {} in a subscription of the tenant", words(&needs));
        let details = json!({"feature": first.as_str(), "needs": names(&needs)});
        Err(ApiError::new(StatusCode::FORBIDDEN, "plan_required", message).with_details(details))
    }
}

/// The names of plans, any one list of which would do.
pub(crate) fn names(ways: &[&[Plan]]) -> Vec<Vec<&'static str>> {
    ways.iter().map(|all| all.iter().map(|p| p.as_str()).collect()).collect()
}

fn words(ways: &[&[Plan]]) -> String {
    let way = |all: &&[Plan]| all.iter().map(|p| p.title()).collect::<Vec<_>>().join(" with ");
    ways.iter().map(way).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use palisade_estate::plan::{PlanRecord, ServersPlan};

    use super::*;

    const A: SubscriptionId = SubscriptionId(uuid::Uuid::from_u128(1));
    const NOW: TimeMicros = TimeMicros(1_700_000_000_000_000);

    fn licence(enforcement: Enforcement, step: Option<ServersPlan>, posture: bool, alone: bool) -> Licence {
        let posture = if posture { PlanRecord::paid() } else { PlanRecord::default() };
        let servers = if step.is_some() { PlanRecord::paid() } else { PlanRecord::default() };
        let bought = Bought { plans: SubscriptionPlans { step, servers, posture }, plan_one_alone: alone };
        Licence { enforcement, subscriptions: [(A, bought)].into(), now: NOW }
    }

    #[test]
    fn nothing_is_closed_until_enforcement_is_on() {
        let off = licence(Enforcement::Off, None, false, false);
        assert!(Feature::ALL.iter().all(|f| off.require(&[*f]).is_ok() && off.opens(*f, A, Override::Off)));
    }

    #[test]
    fn what_protects_a_machine_is_open_without_any_plan() {
        let none = licence(Enforcement::On, None, false, false);
        for feature in Feature::ALL {
            let protects = matches!(feature, Feature::Capture | Feature::Prevention | Feature::OwnHealth);
            assert_eq!(none.require(&[*feature]).is_ok(), protects, "{feature:?}");
        }
    }

    #[test]
    fn a_closed_page_says_what_opens_it() {
        let one = licence(Enforcement::On, Some(ServersPlan::P1), false, false);
        let refused = one.require(&[Feature::ExplorerHealth]).expect_err("plan 1 alone is not enough");
        assert_eq!((refused.status.as_u16(), refused.code.as_str()), (403, "plan_required"));
        assert!(
            refused.message.contains("Servers Plan 2 or Posture with Servers Plan 1"),
            "{}",
            refused.message
        );
        let needs = &refused.details.expect("details")["needs"];
        assert_eq!(*needs, json!([["servers_p2"], ["posture", "servers_p1"]]));
        let either = [Feature::Explorer, Feature::ExplorerHealth];
        let two = licence(Enforcement::On, Some(ServersPlan::P2), false, false);
        assert!(
            two.require(&either).is_ok() && one.require(&either).is_err(),
            "its health findings are enough"
        );
        assert_eq!(
            (two.only_in(Feature::Explorer), two.only_in(Feature::ExplorerHealth)),
            (Some(vec![]), Some(vec![A]))
        );
        assert_eq!(licence(Enforcement::Off, None, false, false).only_in(Feature::Explorer), None);
    }

    #[test]
    fn health_nodes_need_plan_two_or_posture_with_plan_one() {
        let open = |step, posture, alone, machine| {
            let l = licence(Enforcement::On, step, posture, alone);
            (l.require(&[Feature::ExplorerHealth]).is_ok(), l.opens(Feature::ExplorerHealth, A, machine))
        };
        assert_eq!(open(Some(ServersPlan::P2), false, false, Override::Inherit), (true, true));
        assert_eq!(open(Some(ServersPlan::P2), false, false, Override::Off), (true, false), "taken out");
        assert_eq!(open(Some(ServersPlan::P1), true, false, Override::Inherit), (true, true));
        assert_eq!(open(None, true, false, Override::Inherit), (false, false));
        assert_eq!(open(None, true, true, Override::PlanOne), (true, true), "Plan 1 for this machine alone");
        assert!(!licence(Enforcement::On, Some(ServersPlan::P2), true, false).opens(
            Feature::Explorer,
            SubscriptionId(uuid::Uuid::from_u128(2)),
            Override::Inherit
        ));
    }
}
