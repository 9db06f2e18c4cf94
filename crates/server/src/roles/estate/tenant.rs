//! One tenant's machines in memory: follow, decide, judge, write.

mod entry;
mod judge;
mod products;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Result;
use palisade_estate::health::Thresholds;
use palisade_estate::machine::{Candidate, Identity, Newcomer, PowerState, identify};
use palisade_estate::plan::{Enforcement, effective};
use palisade_estate::provision::{
    Action, Backoff, Estate, Fleet, HostSensor, Known, Limits, Order, Outcome, Policy, Rollout, Verb,
};
use palisade_state::State;
use palisade_state::estate::{
    ConnectorState, DeviceView, HEALTH_THRESHOLDS, Machine, NewTask, PLAN_ENFORCEMENT, Request, Subscription,
    TaskOutcome, facts,
};
use palisade_types::{DeviceId, MachineId, SubscriptionId, TenantId, TimeMicros};
use uuid::Uuid;

use super::Counters;
use entry::Entry;

/// Rows written by others may become visible a little after their own clock says; this much is
/// read again each time.
const OVERLAP: i64 = 5_000_000;

/// Most devices and machines that one step puts into their groups.
const REGROUPED: u32 = 2000;

/// What is known of a tenant.
pub struct TenantEstate {
    tenant: TenantId,
    offered: String,
    loaded: bool,
    subscriptions: BTreeMap<SubscriptionId, Subscription>,
    connectors: HashMap<Uuid, (String, ConnectorState)>,
    entries: BTreeMap<MachineId, Entry>,
    devices: HashMap<DeviceId, DeviceView>,
    by_device: HashMap<DeviceId, MachineId>,
    fleets: BTreeMap<SubscriptionId, Fleet>,
    thresholds: Thresholds,
    enforcement: Enforcement,
    machines_until: TimeMicros,
    devices_until: TimeMicros,
    products_until: TimeMicros,
    evaluations: u64,
    tasks: u64,
}

/// The facts of one machine, borrowed from what is in memory.
struct View<'a> {
    tenant: TenantId,
    subscriptions: &'a BTreeMap<SubscriptionId, Subscription>,
    entries: &'a BTreeMap<MachineId, Entry>,
    enforcement: Enforcement,
}

impl Estate for View<'_> {
    fn known(&self, machine: MachineId, now: TimeMicros) -> Option<Known<'_>> {
        let entry = self.entries.get(&machine)?;
        let subscription = self.subscriptions.get(&entry.machine.subscription)?;
        Some(Known {
            now,
            tenant: self.tenant,
            power: entry.machine.power,
            power_since: entry.machine.power_since,
            os: &entry.os,
            plan: effective(&subscription.plans, entry.machine.plan_override, now),
            enforcement: self.enforcement,
            desired: &entry.desired,
            device: entry.known_device.as_ref(),
            runs_commands: entry.runs_commands,
        })
    }
}

impl TenantEstate {
    /// Nothing is known yet.
    pub fn new(tenant: TenantId, offered: String) -> Self {
        Self {
            tenant,
            offered,
            loaded: false,
            subscriptions: BTreeMap::new(),
            connectors: HashMap::new(),
            entries: BTreeMap::new(),
            devices: HashMap::new(),
            by_device: HashMap::new(),
            fleets: BTreeMap::new(),
            thresholds: Thresholds::default(),
            enforcement: Enforcement::default(),
            machines_until: TimeMicros(-1),
            devices_until: TimeMicros(-1),
            products_until: TimeMicros(-1),
            evaluations: 0,
            tasks: 0,
        }
    }

    /// Drops what is in memory; the next step reads everything anew.
    pub fn forget(&mut self) {
        *self = Self {
            evaluations: self.evaluations,
            tasks: self.tasks,
            ..Self::new(self.tenant, self.offered.clone())
        };
    }

    /// Adds its numbers to a sum.
    pub fn count(&self, sum: &mut Counters) {
        sum.machines += self.entries.len() as u64;
        sum.evaluations += self.evaluations;
        sum.tasks += self.tasks;
        for entry in self.entries.values() {
            *sum.statuses.entry(entry.status).or_default() += 1;
        }
    }

    /// Takes in what changed, begins what is to be begun, judges what is due, writes what is new.
    pub async fn step(&mut self, state: &State, now: TimeMicros) -> Result<()> {
        self.settings(state).await?;
        self.follow_machines(state).await?;
        if !self.loaded {
            self.load(state).await?;
        }
        self.follow_devices(state, now).await?;
        // Whoever may see a machine must not wait for more than a step after it changed.
        state.regroup_changed(self.tenant, REGROUPED, now).await?;
        self.apply_requests(state, now).await?;
        self.apply_outcomes(state, now).await?;
        self.provision(state, now).await?;
        let listening = facts::listening(state.hearing(self.tenant, now).await?, now);
        self.judge(state, &listening).await?;
        self.judge_products(state, now).await?;
        self.loaded = true;
        Ok(())
    }

    fn view(&self) -> View<'_> {
        View {
            tenant: self.tenant,
            subscriptions: &self.subscriptions,
            entries: &self.entries,
            enforcement: self.enforcement,
        }
    }

    async fn settings(&mut self, state: &State) -> Result<()> {
        let read = state.tenant_setting(self.tenant, HEALTH_THRESHOLDS).await?;
        let thresholds = read.and_then(|v| serde_json::from_value::<Thresholds>(v).ok()).unwrap_or_default();
        let read = state.tenant_setting(self.tenant, PLAN_ENFORCEMENT).await?;
        let enforcement = read.and_then(|v| serde_json::from_value(v).ok()).unwrap_or_default();
        let subscriptions: BTreeMap<_, _> =
            state.subscriptions(self.tenant).await?.into_iter().map(|s| (s.id, s)).collect();
        let connectors: HashMap<_, _> = state
            .connector_states(self.tenant)
            .await?
            .into_iter()
            .map(|(id, kind, s)| (id, (kind, s)))
            .collect();
        let same = thresholds == self.thresholds
            && enforcement == self.enforcement
            && subscriptions == self.subscriptions
            && connectors == self.connectors;
        if same {
            return Ok(());
        }
        let by = |t: &Thresholds| (t.late, t.look_again);
        let new_policy = by(&thresholds) != by(&self.thresholds);
        (self.thresholds, self.enforcement) = (thresholds, enforcement);
        (self.subscriptions, self.connectors) = (subscriptions, connectors);
        if new_policy {
            self.rebuild_fleets();
        }
        let all: Vec<MachineId> = self.entries.keys().copied().collect();
        for id in all {
            self.rejudge_products(id);
            self.refresh(id);
        }
        Ok(())
    }

    fn policy(&self) -> Policy {
        let policy = Policy::default();
        let cap = self.thresholds.look_again;
        Policy {
            late: self.thresholds.late,
            look_again: Backoff { base: policy.look_again.base.min(cap), cap },
            ..policy
        }
    }

    /// A fleet keeps its policy; another one needs another fleet.
    fn rebuild_fleets(&mut self) {
        let policy = self.policy();
        for fleet in self.fleets.values_mut() {
            fleet.set_policy(policy.clone());
        }
    }

    async fn follow_machines(&mut self, state: &State) -> Result<()> {
        loop {
            let since = TimeMicros(self.machines_until.0.saturating_sub(OVERLAP).max(-1));
            let rows = state.machines_changed_since(self.tenant, since).await?;
            let newest = rows.last().map(|m| m.changed_at);
            let full = rows.len() >= 5000;
            for machine in rows {
                self.take_machine(machine);
            }
            let Some(newest) = newest.filter(|at| *at > self.machines_until) else { return Ok(()) };
            self.machines_until = newest;
            if !full {
                return Ok(());
            }
        }
    }

    fn take_machine(&mut self, machine: Machine) {
        let id = machine.id;
        let known = self.entries.get(&id).is_some_and(|e| e.machine == machine);
        if known {
            return;
        }
        if let Some(old) = self.entries.get(&id).and_then(|e| e.machine.device)
            && machine.device != Some(old)
        {
            self.by_device.remove(&old);
        }
        if let Some(device) = machine.device {
            self.by_device.insert(device, id);
        }
        let policy = self.policy();
        match self.entries.get_mut(&id) {
            Some(entry) => {
                let from = entry.machine.subscription;
                let to = machine.subscription;
                entry.machine = machine;
                if from != to
                    && let Some(kept) = self.fleets.get_mut(&from).and_then(|f| f.remove(id))
                {
                    let fleet =
                        self.fleets.entry(to).or_insert_with(|| Fleet::new(policy, Limits::default()));
                    fleet.add(id, kept);
                }
            }
            None => {
                let to = machine.subscription;
                self.entries.insert(id, Entry::new(machine));
                let fleet = self.fleets.entry(to).or_insert_with(|| Fleet::new(policy, Limits::default()));
                fleet.add(id, Default::default());
            }
        }
        self.rejudge_products(id);
        self.refresh(id);
    }

    /// Reads what was kept when this process begins.
    async fn load(&mut self, state: &State) -> Result<()> {
        let mut after = MachineId(Uuid::nil());
        loop {
            let rows = state.kept_machines(self.tenant, after).await?;
            let Some(last) = rows.last() else { break };
            after = last.machine;
            for kept in rows {
                let Some(entry) = self.entries.get_mut(&kept.machine) else { continue };
                entry.kept = kept.reconciler.clone();
                entry.tracker = kept.tracker;
                let at = entry.machine.subscription;
                if let Some(fleet) = self.fleets.get_mut(&at) {
                    fleet.add(kept.machine, kept.reconciler);
                }
            }
        }
        for (id, rollout) in state.rollouts(self.tenant).await? {
            if let Some(fleet) = self.fleets.get_mut(&id) {
                fleet.roll_out(rollout);
            }
        }
        let all: Vec<MachineId> = self.entries.keys().copied().collect();
        for id in all {
            self.refresh(id);
        }
        Ok(())
    }

    async fn follow_devices(&mut self, state: &State, now: TimeMicros) -> Result<()> {
        let mut strangers = BTreeSet::new();
        loop {
            let since = TimeMicros(self.devices_until.0.saturating_sub(OVERLAP).max(-1));
            let rows = state.devices_touched_since(self.tenant, since).await?;
            let newest = rows.last().map(|d| d.touched_at);
            let full = rows.len() >= 5000;
            for device in rows {
                if self.devices.get(&device.id) == Some(&device) {
                    continue;
                }
                let id = device.id;
                self.devices.insert(id, device);
                match self.by_device.get(&id).copied() {
                    Some(machine) => self.heard(machine, now),
                    None => {
                        strangers.insert(id);
                    }
                }
            }
            let Some(newest) = newest.filter(|at| *at > self.devices_until) else { break };
            self.devices_until = newest;
            if !full {
                break;
            }
        }
        for id in strangers {
            // Its machine may have been linked since the rows were read.
            if !self.by_device.contains_key(&id) {
                self.link(state, id, now).await?;
            }
        }
        Ok(())
    }

    /// Finds out which machine a device is on, and makes one where there is none.
    async fn link(&mut self, state: &State, id: DeviceId, now: TimeMicros) -> Result<()> {
        let Some(device) = self.devices.get(&id).cloned() else { return Ok(()) };
        if device.offboarded {
            return Ok(());
        }
        let candidates: Vec<Candidate> = self
            .entries
            .values()
            .map(|e| Candidate {
                machine: e.machine.id,
                cloud_id: e.machine.cloud_id.clone(),
                hardware_id: e.machine.hardware_id.clone(),
                device: e.machine.device,
                heard: e.machine.device.and_then(|d| self.devices.get(&d)).map(|d| d.last_seen),
                retired: e.machine.retired_at.is_some(),
            })
            .collect();
        let who = Newcomer {
            cloud_id: &device.cloud_id,
            // A sensor of a part of a machine shares its firmware with the others there.
            hardware_id: if device.scoped { "" } else { &device.hardware_id },
            device: Some(id),
            enrols: true,
        };
        let to = match identify(&who, &candidates, now) {
            Identity::Same(machine) | Identity::Reinstalled(machine) => Some(machine),
            Identity::CloneOf(_) | Identity::New => None,
        };
        let machine = state.link_device(self.tenant, &device, to, now).await?;
        tracing::info!(tenant = %self.tenant, device = %id, machine = %machine.id, known = to.is_some(), "a device has its machine");
        self.take_machine(machine);
        Ok(())
    }

    /// A device was written: its machine is looked at with this step.
    fn heard(&mut self, machine: MachineId, now: TimeMicros) {
        let Some(entry) = self.entries.get_mut(&machine) else { return };
        let damaged = entry.hear(entry.machine.device.and_then(|d| self.devices.get(&d)), now);
        let at = entry.machine.subscription;
        if let Some(fleet) = self.fleets.get_mut(&at) {
            if damaged && let Some(m) = fleet.machine_mut(machine) {
                m.suspect();
            }
            if fleet
                .machine(machine)
                .is_some_and(|m| m.awaits_heartbeat() || m.has_failed() || !m.has_extension())
            {
                fleet.touch(machine);
            }
        }
        self.refresh(machine);
    }

    /// Makes the borrowed facts of a machine anew and has it looked at.
    fn refresh(&mut self, id: MachineId) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let Some(subscription) = self.subscriptions.get(&entry.machine.subscription) else { return };
        let device = entry.machine.device.and_then(|d| self.devices.get(&d));
        let connector = entry.machine.connector.and_then(|c| self.connectors.get(&c));
        let runs = connector
            .is_some_and(|(kind, s)| matches!(kind.as_str(), "ssh" | "aws") && *s != ConnectorState::Revoked);
        let held = connector.is_none_or(|(_, s)| *s != ConnectorState::Active);
        let changed = entry.refresh(subscription, device, runs, &self.offered);
        if let Some(fleet) = self.fleets.get_mut(&entry.machine.subscription) {
            fleet.hold(id, runs && held);
            if changed {
                fleet.touch(id);
            }
        }
    }

    async fn apply_requests(&mut self, state: &State, now: TimeMicros) -> Result<()> {
        let requests = state.open_requests(self.tenant).await?;
        if requests.is_empty() {
            return Ok(());
        }
        for request in &requests {
            self.apply_request(state, request, now).await?;
        }
        let ids: Vec<i64> = requests.iter().map(|r| r.id).collect();
        state.requests_applied(self.tenant, &ids, now).await?;
        Ok(())
    }

    async fn apply_request(&mut self, state: &State, request: &Request, now: TimeMicros) -> Result<()> {
        if let Some(id) = request.subscription {
            let Some(fleet) = self.fleets.get_mut(&id) else { return Ok(()) };
            match request.verb.as_str() {
                "roll_out" => {
                    let plan = self.subscriptions.get(&id).map(|s| s.waves.clone()).unwrap_or_default();
                    let machines =
                        self.entries.values().filter(|e| e.machine.subscription == id && e.runs_commands);
                    let rollout = Rollout::begin(plan, machines.map(|e| e.machine.id), now);
                    state.write_rollout(self.tenant, id, &rollout, &request.requested_by, now).await?;
                    fleet.roll_out(rollout);
                }
                "resume" => {
                    if let Some(rollout) = fleet.rollout() {
                        rollout.resume();
                        state
                            .write_rollout(self.tenant, id, &rollout.clone(), &request.requested_by, now)
                            .await?;
                    }
                }
                other => tracing::warn!(verb = other, "a request that is not known"),
            }
            return Ok(());
        }
        let Some(id) = request.machine else { return Ok(()) };
        // What was changed with the request may not have been followed yet.
        if let Ok(machine) = state.machine(self.tenant, id).await {
            self.take_machine(machine);
        }
        let Some(entry) = self.entries.get_mut(&id) else { return Ok(()) };
        let verb = match request.verb.as_str() {
            "remove_extension" => Verb::RemoveExtension,
            "moved" => Verb::Moved,
            "fix" => Verb::Fix,
            "offboard" => Verb::Offboard,
            "onboard" => Verb::Onboard,
            other => {
                tracing::warn!(verb = other, "a request that is not known");
                return Ok(());
            }
        };
        let at = entry.machine.subscription;
        if let Some(machine) = self.fleets.get_mut(&at).and_then(|f| f.machine_mut(id)) {
            verb.apply(&mut entry.desired, machine, now);
        }
        // A person's own words are what counts, not the instant at which they are applied.
        self.refresh(id);
        if verb == Verb::Moved
            && let Some(device) = self.entries.get(&id).and_then(|e| e.machine.device)
        {
            state.place_device(self.tenant, device, at).await?;
        }
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.due = now;
        }
        Ok(())
    }

    async fn apply_outcomes(&mut self, state: &State, now: TimeMicros) -> Result<()> {
        let done = state.done_tasks(self.tenant).await?;
        if done.is_empty() {
            return Ok(());
        }
        for task in &done {
            let Some(mut outcome) = task.outcome.clone() else { continue };
            if let TaskOutcome::Looked { report } = &mut outcome {
                if let Some(facts) = report.facts.take() {
                    state.write_products(self.tenant, task.machine, &facts.bounded(), now).await?;
                }
                if let Some(entry) = self.entries.get_mut(&task.machine) {
                    entry.looked(report, now);
                }
                if let HostSensor::Present { device: Some(device), .. } = &report.sensor {
                    self.found_device(state, task.machine, *device, now).await?;
                }
            }
            let outcome = match outcome {
                TaskOutcome::Done => Outcome::Done,
                TaskOutcome::Looked { report } => Outcome::Looked(report),
                TaskOutcome::Probed { sensor } => Outcome::Probed(sensor),
                TaskOutcome::Failed { cause } => Outcome::Failed(cause),
            };
            self.refresh(task.machine);
            self.report(task.machine, task.number, outcome, now);
        }
        let ids: Vec<Uuid> = done.iter().map(|t| t.id).collect();
        state.tasks_applied(self.tenant, &ids, now).await?;
        Ok(())
    }

    fn report(
        &mut self,
        id: MachineId,
        task: palisade_estate::provision::TaskId,
        outcome: Outcome,
        now: TimeMicros,
    ) {
        let Some(at) = self.entries.get(&id).map(|e| e.machine.subscription) else { return };
        let view = View {
            tenant: self.tenant,
            subscriptions: &self.subscriptions,
            entries: &self.entries,
            enforcement: self.enforcement,
        };
        if let Some(fleet) = self.fleets.get_mut(&at) {
            fleet.report(id, task, outcome, &view, now);
        }
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.due = now;
        }
    }

    /// A look at a machine found a sensor whose device is known: the device belongs to this machine.
    async fn found_device(
        &mut self,
        state: &State,
        id: MachineId,
        device: DeviceId,
        now: TimeMicros,
    ) -> Result<()> {
        let Some(view) = self.devices.get(&device).filter(|d| !d.offboarded).cloned() else { return Ok(()) };
        let before = self.by_device.get(&device).copied();
        if before == Some(id) {
            return Ok(());
        }
        let machine = state.link_device(self.tenant, &view, Some(id), now).await?;
        self.take_machine(machine);
        if let Some(before) = before
            && state.machine(self.tenant, before).await.is_err()
            && let Some(entry) = self.entries.remove(&before)
            && let Some(fleet) = self.fleets.get_mut(&entry.machine.subscription)
        {
            fleet.remove(before);
        }
        Ok(())
    }

    /// Lets each fleet begin what it may; what needs no host is done here.
    async fn provision(&mut self, state: &State, now: TimeMicros) -> Result<()> {
        let mut tasks = Vec::new();
        let mut inline = Vec::new();
        let view = View {
            tenant: self.tenant,
            subscriptions: &self.subscriptions,
            entries: &self.entries,
            enforcement: self.enforcement,
        };
        for (id, fleet) in &mut self.fleets {
            let before = fleet.rollout().map(|r| r.clone());
            let orders = fleet.tick(&view, now);
            let after = fleet.rollout().map(|r| r.clone());
            if before != after
                && let Some(rollout) = &after
            {
                state.write_rollout(self.tenant, *id, rollout, "estate", now).await?;
            }
            for order in orders {
                let Some(entry) = self.entries.get(&order.machine) else { continue };
                match (&order.action, entry.machine.connector.filter(|_| entry.runs_commands)) {
                    (Action::DeployExtension | Action::Adopt { .. }, _) | (_, None) => inline.push(order),
                    (action, Some(connector)) => tasks.push((
                        order.machine,
                        NewTask {
                            machine: order.machine,
                            connector,
                            number: order.task,
                            action: action.clone(),
                            deadline: now.plus_micros(action.limit()),
                        },
                    )),
                }
            }
        }
        for (machine, task) in &tasks {
            if task.action == Action::Offboard {
                self.revoke(state, *machine, now).await?;
            }
            if let Some(entry) = self.entries.get_mut(machine) {
                entry.due = now;
            }
        }
        self.tasks += tasks.len() as u64;
        let tasks: Vec<NewTask> = tasks.into_iter().map(|(_, t)| t).collect();
        state.create_tasks(self.tenant, &tasks, now).await?;
        let done: Vec<NewTask> = inline
            .iter()
            .map(|o| NewTask {
                machine: o.machine,
                connector: self
                    .entries
                    .get(&o.machine)
                    .and_then(|e| e.machine.connector)
                    .unwrap_or_else(Uuid::nil),
                number: o.task,
                action: o.action.clone(),
                deadline: now.plus_micros(o.action.limit()),
            })
            .collect();
        // Read after what it follows from was written, so that it is told after it too.
        state.note_done(self.tenant, &done, TimeMicros::now()).await?;
        for Order { machine, task, action } in inline {
            if action == Action::Offboard {
                self.revoke(state, machine, now).await?;
            }
            self.report(machine, task, Outcome::Done, now);
        }
        Ok(())
    }

    async fn revoke(&self, state: &State, machine: MachineId, now: TimeMicros) -> Result<()> {
        match self.entries.get(&machine).and_then(|e| e.machine.device) {
            Some(device) => Ok(state.revoke_device(self.tenant, device, now).await?),
            None => Ok(()),
        }
    }

    /// Whether a machine is gone for good, so that nothing about it changes any more.
    fn is_gone(entry: &Entry) -> bool {
        entry.machine.power == PowerState::Deleted && entry.status == "not_applicable"
    }
}
