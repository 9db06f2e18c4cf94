use std::collections::BTreeSet;

use palisade_types::{MachineId, SubscriptionId, TimeMicros};
use serde::{Deserialize, Serialize};

use super::steps::{Spans, Steps};
use super::{Hour, HourUsage};
use crate::machine::PowerState;
use crate::plan::{Effective, Override, Plan, ServersPlan, SubscriptionPlans, effective};
use crate::{MINUTE, Span};

/// By what a machine is metered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Its cloud says how it is.
    Power,
    /// It is heard: through a connector without power states, or by its sensor.
    Heard,
    /// Its cloud, for as long as that says how it is; else whether it is heard.
    PowerElseHeard,
}

/// What a machine is entitled to, as far as metering asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PlanAt {
    /// The Servers plan.
    pub servers: Option<ServersPlan>,
    /// Whether it is free.
    pub servers_trial: bool,
    /// Posture.
    pub posture: bool,
    /// Whether it is free.
    pub posture_trial: bool,
}

impl From<&Effective> for PlanAt {
    fn from(e: &Effective) -> Self {
        Self {
            servers: e.servers,
            servers_trial: e.servers_trial,
            posture: e.posture,
            posture_trial: e.posture_trial,
        }
    }
}

/// What a machine is entitled to from `from` until `until`, with each instant at which that changes
/// because a trial ends, as long as nobody decides anything new.
pub fn entitlements(
    plans: &SubscriptionPlans,
    machine: Override,
    from: TimeMicros,
    until: TimeMicros,
) -> Vec<(TimeMicros, PlanAt)> {
    let ends = [plans.servers.trial_ends(), plans.posture.trial_ends()];
    let mut cuts: BTreeSet<TimeMicros> =
        ends.into_iter().flatten().filter(|t| (from..until).contains(t)).collect();
    cuts.insert(from);
    let mut told: Vec<(TimeMicros, PlanAt)> = Vec::new();
    for at in cuts {
        let plan = PlanAt::from(&effective(plans, machine, at));
        if told.last().is_none_or(|(_, before)| *before != plan) {
            told.push((at, plan));
        }
    }
    told
}

/// Everything that metering knows of one machine. All instants are the server's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    basis: Basis,
    power: Steps<PowerState>,
    heard: Spans,
    places: Steps<SubscriptionId>,
    plans: Steps<PlanAt>,
    owners: Steps<String>,
}

struct Piece<'a> {
    span: Span,
    subscription: SubscriptionId,
    plan: &'a PlanAt,
    owner: &'a str,
}

impl Timeline {
    /// A machine that is heard counts as connected for this long after a heartbeat, microseconds.
    pub const CONNECTED: i64 = 15 * MINUTE;

    /// A machine of which nothing is known yet.
    pub fn new(basis: Basis) -> Self {
        Self {
            basis,
            power: Steps::default(),
            heard: Spans::default(),
            places: Steps::default(),
            plans: Steps::default(),
            owners: Steps::default(),
        }
    }

    /// Its power state from then on.
    pub fn power(&mut self, at: TimeMicros, state: PowerState) {
        self.power.set(at, state);
    }

    /// It was heard. Twice is as good as once.
    pub fn heard(&mut self, at: TimeMicros) {
        self.heard_from(at, at);
    }

    /// It was heard again and again from `first` to `last`, never silent for longer than
    /// [`Timeline::CONNECTED`].
    pub fn heard_from(&mut self, first: TimeMicros, last: TimeMicros) {
        self.heard.add(Span { from: first, to: last.max(first).plus_micros(Self::CONNECTED) });
    }

    /// It is in that subscription from then on.
    pub fn placed(&mut self, at: TimeMicros, subscription: SubscriptionId) {
        self.places.set(at, subscription);
    }

    /// It is entitled to that from then on; the end of a trial is told like any other change.
    pub fn entitled(&mut self, at: TimeMicros, plan: PlanAt) {
        self.plans.set(at, plan);
    }

    /// It has that owner from then on.
    pub fn owned(&mut self, at: TimeMicros, owner: &str) {
        self.owners.set(at, owner.to_owned());
    }

    /// Forgets what lies before an hour that is closed: a report from before it is no longer
    /// metered. Hours from there on are the same as before.
    pub fn close_before(&mut self, hour: Hour) {
        let at = hour.begins();
        self.power.forget_before(at);
        self.heard.forget_before(at);
        self.places.forget_before(at);
        self.plans.forget_before(at);
        self.owners.forget_before(at);
    }

    /// The metered hours from `first` on that begin before `now`. The hour of `now` is in them as far as it
    /// has gone; nothing is metered ahead.
    pub fn hours(&self, machine: MachineId, first: Hour, now: TimeMicros) -> Vec<HourUsage> {
        let mut found = Vec::new();
        let Some(all) = Span::new(first.begins(), now) else { return found };
        let metered = self.metered(all);
        let touched: BTreeSet<Hour> = metered
            .iter()
            .flat_map(|s| {
                let last = Hour::of(s.to.plus_micros(-1));
                std::iter::successors(Some(Hour::of(s.from)), |h| Some(h.next()))
                    .take_while(move |h| *h <= last)
            })
            .collect();
        for hour in touched {
            let pieces = self.pieces(&metered, hour);
            let servers = |p: &PlanAt| p.servers.map(|s| (Plan::from(s), p.servers_trial));
            let posture = |p: &PlanAt| p.posture.then_some((Plan::Posture, p.posture_trial));
            found.extend(usage(machine, hour, &pieces, servers));
            found.extend(usage(machine, hour, &pieces, posture));
        }
        found
    }

    /// When it was in a metered state.
    fn metered(&self, span: Span) -> Vec<Span> {
        match self.basis {
            Basis::Power => self
                .power
                .pieces(span)
                .into_iter()
                .filter(|(_, state)| state.metered())
                .map(|(piece, _)| piece)
                .collect(),
            Basis::Heard => self.heard.within(span),
            Basis::PowerElseHeard => self.power_else_heard(span),
        }
    }

    fn power_else_heard(&self, span: Span) -> Vec<Span> {
        let mut bounds = vec![span.from];
        bounds.extend(self.power.cuts(span));
        bounds.push(span.to);
        let mut metered = Vec::new();
        for piece in bounds.windows(2).filter_map(|w| Span::new(w[0], w[1])) {
            match self.power.at(piece.from) {
                None | Some(PowerState::Unknown) => metered.extend(self.heard.within(piece)),
                Some(state) if state.metered() => metered.push(piece),
                Some(_) => {}
            }
        }
        metered
    }

    /// The metered time of an hour, cut wherever place, plan or owner change.
    fn pieces(&self, metered: &[Span], hour: Hour) -> Vec<Piece<'_>> {
        let mut pieces = Vec::new();
        // The spans are in order and apart, so that those of an hour are found by halving.
        let first = metered.partition_point(|s| s.to <= hour.begins());
        let end = hour.next().begins();
        for span in
            metered[first..].iter().take_while(|s| s.from < end).filter_map(|s| s.overlap(hour.span()))
        {
            let mut bounds: BTreeSet<TimeMicros> = [span.from, span.to].into();
            bounds.extend(self.places.cuts(span));
            bounds.extend(self.plans.cuts(span));
            bounds.extend(self.owners.cuts(span));
            let bounds: Vec<TimeMicros> = bounds.into_iter().collect();
            for w in bounds.windows(2) {
                let (Some(subscription), Some(plan)) = (self.places.at(w[0]), self.plans.at(w[0])) else {
                    continue;
                };
                let owner = self.owners.at(w[0]).map_or("", String::as_str);
                let span = Span { from: w[0], to: w[1] };
                pieces.push(Piece { span, subscription: *subscription, plan, owner });
            }
        }
        pieces
    }
}

fn usage(
    machine: MachineId,
    hour: Hour,
    pieces: &[Piece<'_>],
    bought: impl Fn(&PlanAt) -> Option<(Plan, bool)>,
) -> Option<HourUsage> {
    let mut paid = pieces.iter().filter_map(|p| Some((p, bought(p.plan)?)));
    let (first, (plan, trial)) = paid.next()?;
    let mut usage = HourUsage {
        hour,
        plan,
        machine,
        subscription: first.subscription,
        owner: first.owner.to_owned(),
        trial,
        micros: first.span.micros(),
    };
    for (piece, (plan, trial)) in paid {
        usage.micros += piece.span.micros();
        if piece.subscription == usage.subscription {
            usage.plan = usage.plan.max(plan);
            usage.trial |= trial;
        }
    }
    Some(usage)
}
