//! What is read of the store: machines and devices that changed, and which belong together.

use std::collections::BTreeSet;

use anyhow::Result;
use palisade_estate::machine::{Candidate, Identity, Newcomer, identify};
use palisade_estate::provision::{Fleet, Limits};
use palisade_state::State;
use palisade_state::estate::{ConnectorState, Machine};
use palisade_types::{DeviceId, MachineId, TimeMicros};
use uuid::Uuid;

use super::entry::Entry;
use super::{OVERLAP, TenantEstate};

impl TenantEstate {
    pub(super) async fn follow_machines(&mut self, state: &State) -> Result<()> {
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

    pub(super) fn take_machine(&mut self, machine: Machine) {
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
    pub(super) async fn load(&mut self, state: &State) -> Result<()> {
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

    pub(super) async fn follow_devices(&mut self, state: &State, now: TimeMicros) -> Result<()> {
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
    pub(super) fn refresh(&mut self, id: MachineId) {
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
}
