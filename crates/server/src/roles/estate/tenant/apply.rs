//! What people asked for, and what came of tasks.

use anyhow::Result;
use palisade_estate::provision::{HostSensor, Outcome, Rollout, TaskId, Verb};
use palisade_state::State;
use palisade_state::estate::{Request, TaskOutcome};
use palisade_types::{DeviceId, MachineId, TimeMicros};
use uuid::Uuid;

use super::{TenantEstate, View};

impl TenantEstate {
    pub(super) async fn apply_requests(&mut self, state: &State, now: TimeMicros) -> Result<()> {
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
        if matches!(request.verb.as_str(), "scan" | "agentless") {
            return self.scan_asked(state, id, request.verb == "scan", now).await;
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

    pub(super) async fn apply_outcomes(&mut self, state: &State, now: TimeMicros) -> Result<()> {
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

    pub(super) fn report(&mut self, id: MachineId, task: TaskId, outcome: Outcome, now: TimeMicros) {
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
}
