//! Many machines at once, a bounded number of them in work.

use std::collections::BTreeMap;

use palisade_types::{MachineId, TimeMicros};

use super::{Action, Gate, Known, Machine, Next, Outcome, Policy, Rollout, TaskId};

/// Bounds of what runs at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Actions under way.
    pub concurrency: usize,
    /// Of these, at most this many for machines that failed before: however many fail, the rest of
    /// the slots is for those that were never tried.
    pub retries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { concurrency: 50, retries: 20 }
    }
}

/// Where the facts about machines come from.
pub trait Estate {
    /// Everything that is known of a machine now; `None` if it no longer exists.
    fn known(&self, machine: MachineId, now: TimeMicros) -> Option<Known<'_>>;
}

/// An action that shall begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// On which machine.
    pub machine: MachineId,
    /// By this name its outcome is reported.
    pub task: TaskId,
    /// What.
    pub action: Action,
}

struct Slot {
    machine: Machine,
    failed_before: bool,
    /// Nothing has to be looked at earlier.
    due: TimeMicros,
    /// It waits for a free place or its wave, not for time.
    queued: bool,
    /// Its connector is only planned yet: it may be looked at, not changed.
    held: bool,
}

/// A fleet in memory.
pub struct Fleet {
    slots: BTreeMap<MachineId, Slot>,
    rollout: Option<Rollout>,
    policy: Policy,
    limits: Limits,
}

impl Fleet {
    /// An empty one.
    pub fn new(policy: Policy, limits: Limits) -> Self {
        Self { slots: BTreeMap::new(), rollout: None, policy, limits }
    }

    /// Adds a machine as it was stored.
    pub fn add(&mut self, id: MachineId, machine: Machine) {
        let failed_before = machine.has_failed();
        self.slots.insert(
            id,
            Slot { machine, failed_before, due: TimeMicros(i64::MIN), queued: false, held: false },
        );
    }

    /// From now on goes by other numbers.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
        for slot in self.slots.values_mut() {
            slot.due = TimeMicros(i64::MIN);
        }
    }

    /// Removes one that no longer exists.
    pub fn remove(&mut self, id: MachineId) -> Option<Machine> {
        self.slots.remove(&id).map(|s| s.machine)
    }

    /// Lets installations and upgrades go in waves.
    pub fn roll_out(&mut self, rollout: Rollout) {
        self.rollout = Some(rollout);
    }

    /// The roll-out under way.
    pub fn rollout(&mut self) -> Option<&mut Rollout> {
        self.rollout.as_mut()
    }

    /// One machine.
    pub fn machine(&self, id: MachineId) -> Option<&Machine> {
        self.slots.get(&id).map(|s| &s.machine)
    }

    /// One machine, to apply a verb to; it is looked at with the next tick.
    pub fn machine_mut(&mut self, id: MachineId) -> Option<&mut Machine> {
        let slot = self.slots.get_mut(&id)?;
        slot.due = TimeMicros(i64::MIN);
        Some(&mut slot.machine)
    }

    /// Lets a machine only be looked at, or lets it be changed again.
    pub fn hold(&mut self, id: MachineId, held: bool) {
        if let Some(slot) = self.slots.get_mut(&id)
            && slot.held != held
        {
            (slot.held, slot.due) = (held, TimeMicros(i64::MIN));
        }
    }

    /// Something about a machine has changed: it is looked at with the next tick.
    pub fn touch(&mut self, id: MachineId) {
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.due = TimeMicros(i64::MIN);
        }
    }

    /// How many actions are under way.
    pub fn busy(&self) -> usize {
        self.slots.values().filter(|s| s.machine.is_busy()).count()
    }

    /// Begins what can be begun now. Whoever calls runs the orders and reports their outcomes.
    pub fn tick(&mut self, estate: &impl Estate, now: TimeMicros) -> Vec<Order> {
        let mut wanted = Vec::new();
        for (id, slot) in &mut self.slots {
            if slot.due > now {
                continue;
            }
            let Some(known) = estate.known(*id, now) else {
                slot.due = TimeMicros(i64::MAX);
                continue;
            };
            slot.machine.expire(*id, &known, &self.policy);
            slot.failed_before = slot.machine.has_failed();
            match slot.machine.next(&known, &self.policy) {
                Next::Act(action) => {
                    slot.queued = true;
                    wanted.push((slot.failed_before, *id, action));
                }
                Next::Wait(until) => {
                    slot.queued = false;
                    slot.due = until.unwrap_or(TimeMicros(i64::MAX));
                }
            }
        }
        self.step_rollout(estate, now);
        let (mut all, mut retries) = self.in_work();
        // Those that never failed come first, and looks at those that are well after all other work.
        wanted.sort_by_key(|(failed, id, action)| (*failed, *action == Action::Probe, *id));
        let mut orders = Vec::new();
        for (failed, id, action) in wanted {
            let gate = self.rollout.as_ref().map_or(Gate::Open, |r| r.gate(id));
            let gated = self.slots.get(&id).is_some_and(|s| {
                (s.held && action != Action::Preflight)
                    || (gate != Gate::Open && s.machine.keeps_wave(&action))
            });
            if gated || all >= self.limits.concurrency || (failed && retries >= self.limits.retries) {
                continue;
            }
            let Some(slot) = self.slots.get_mut(&id) else { continue };
            let limit = action.limit();
            let task = slot.machine.begin(action.clone(), now);
            slot.due = now.plus_micros(limit);
            slot.queued = false;
            all += 1;
            retries += usize::from(failed);
            orders.push(Order { machine: id, task, action });
        }
        orders
    }

    fn in_work(&self) -> (usize, usize) {
        let busy = self.slots.values().filter(|s| s.machine.is_busy());
        busy.fold((0, 0), |(all, retries), s| (all + 1, retries + usize::from(s.failed_before)))
    }

    fn step_rollout(&mut self, estate: &impl Estate, now: TimeMicros) {
        let Some(rollout) = &mut self.rollout else { return };
        let (slots, policy) = (&self.slots, &self.policy);
        rollout.step(now, |id| {
            let slot = slots.get(&id);
            match (slot, estate.known(id, now)) {
                (Some(slot), Some(known)) => slot.machine.progress(&known, policy),
                // It no longer exists: nothing is waited for.
                _ => super::Progress::Finished,
            }
        });
    }

    /// Takes in how an order ended.
    pub fn report(
        &mut self,
        id: MachineId,
        task: TaskId,
        outcome: Outcome,
        estate: &impl Estate,
        now: TimeMicros,
    ) {
        let (Some(slot), Some(known)) = (self.slots.get_mut(&id), estate.known(id, now)) else { return };
        slot.machine.finish(task, outcome, id, &known, &self.policy);
        slot.failed_before = slot.machine.has_failed();
        slot.due = TimeMicros(i64::MIN);
    }

    /// When the next tick has something to do if nothing is reported before; `None` if never.
    pub fn due(&self) -> Option<TimeMicros> {
        let machines = self.slots.values().filter(|s| !s.queued).map(|s| s.due).min();
        let rollout = self.rollout.as_ref().and_then(Rollout::due);
        machines.into_iter().chain(rollout).min().filter(|at| *at < TimeMicros(i64::MAX))
    }
}
