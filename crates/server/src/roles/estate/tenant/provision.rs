//! What fleets begin: tasks for the connectors, and what needs no host.

use anyhow::Result;
use palisade_estate::provision::{Action, Order, Outcome};
use palisade_state::State;
use palisade_state::estate::NewTask;
use palisade_types::{MachineId, TimeMicros};
use uuid::Uuid;

use super::{TenantEstate, View};

impl TenantEstate {
    /// Lets each fleet begin what it may; what needs no host is done here.
    pub(super) async fn provision(&mut self, state: &State, now: TimeMicros) -> Result<()> {
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
}
