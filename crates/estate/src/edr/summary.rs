//! Both recommendations over many machines.

use std::collections::BTreeMap;

use palisade_types::MachineId;
use serde::Serialize;

use super::{Assessment, Outcome, Reason, Recommendation, State, Topic};

/// The most machines that a list names; counts go on.
pub const MOST_LISTED: usize = 10_000;

/// How many machines stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// That should be acted upon.
    pub unhealthy: u64,
    /// That are as they should be.
    pub healthy: u64,
    /// That cannot be judged.
    pub not_applicable: u64,
}

impl Counts {
    fn add(&mut self, state: State) {
        *match state {
            State::Unhealthy => &mut self.unhealthy,
            State::Healthy => &mut self.healthy,
            State::NotApplicable => &mut self.not_applicable,
        } += 1;
    }
}

/// A machine in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Affected {
    /// Which.
    pub machine: MachineId,
    /// How it stands.
    pub state: State,
    /// Why.
    pub reason: Reason,
    /// EDR solutions that it has.
    pub products: Vec<String>,
    /// Codes of the checks that fail.
    pub failed: Vec<String>,
}

/// One recommendation over many machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Which recommendation.
    pub recommendation: Recommendation,
    /// How many machines stand how.
    pub counts: Counts,
    /// How many, by reason.
    pub reasons: BTreeMap<Reason, u64>,
    /// How many machines have a product, by its id.
    pub products: BTreeMap<String, u64>,
    /// How many machines a topic fails on.
    pub topics: BTreeMap<Topic, u64>,
    /// How many machines a check fails on, by its code.
    pub checks: BTreeMap<String, u64>,
    /// Machines that are judged by half of the checks or fewer facts than there should be.
    pub incomplete: u64,
    /// The first machines, unhealthy ones in front.
    pub machines: Vec<Affected>,
    /// Whether there are more than are listed.
    pub more: bool,
}

impl Summary {
    /// Adds up what is known of some machines.
    pub fn over<'a>(
        recommendation: Recommendation,
        machines: impl IntoIterator<Item = (MachineId, &'a Assessment)>,
    ) -> Self {
        let mut out = Self {
            recommendation,
            counts: Counts::default(),
            reasons: BTreeMap::new(),
            products: BTreeMap::new(),
            topics: BTreeMap::new(),
            checks: BTreeMap::new(),
            incomplete: 0,
            machines: Vec::new(),
            more: false,
        };
        let mut listed: [Vec<Affected>; 3] = Default::default();
        for (machine, assessment) in machines {
            if assessment.recommendation == recommendation {
                out.count(assessment);
                let list = &mut listed[assessment.state as usize];
                if list.len() < MOST_LISTED {
                    list.push(affected(machine, assessment));
                } else {
                    out.more = true;
                }
            }
        }
        out.machines = listed.into_iter().flatten().collect();
        out.more |= out.machines.len() > MOST_LISTED;
        out.machines.truncate(MOST_LISTED);
        out
    }

    fn count(&mut self, a: &Assessment) {
        self.counts.add(a.state);
        *self.reasons.entry(a.reason).or_default() += 1;
        self.incomplete += u64::from(!a.complete && a.state != State::NotApplicable);
        for product in &a.products {
            *self.products.entry(product.product.id.clone()).or_default() += 1;
        }
        let failed = || a.products.iter().flat_map(|p| &p.checks).filter(|c| c.outcome == Outcome::Unhealthy);
        let mut topics: Vec<Topic> = failed().map(|c| c.topic).collect();
        let mut codes: Vec<&String> = failed().map(|c| &c.code).collect();
        // A machine counts once, however many of its products fail in the same way.
        topics.sort_unstable();
        topics.dedup();
        codes.sort_unstable();
        codes.dedup();
        for topic in topics {
            *self.topics.entry(topic).or_default() += 1;
        }
        for code in codes {
            *self.checks.entry(code.clone()).or_default() += 1;
        }
    }
}

fn affected(machine: MachineId, a: &Assessment) -> Affected {
    let failed = a.products.iter().flat_map(|p| &p.checks).filter(|c| c.outcome == Outcome::Unhealthy);
    Affected {
        machine,
        state: a.state,
        reason: a.reason,
        products: a.products.iter().map(|p| p.product.name.clone()).collect(),
        failed: failed.map(|c| c.code.clone()).collect(),
    }
}
