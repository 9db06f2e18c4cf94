//! Judging health, and writing what is new.

use anyhow::Result;
use palisade_estate::health::{self, Change, Finding, Listening, Situation, Status};
use palisade_estate::plan::effective;
use palisade_estate::provision::{Estate, ExtensionState, Known};
use palisade_state::State;
use palisade_state::estate::{MachineWrite, Raised, facts};
use palisade_types::{MachineId, TimeMicros};

use super::TenantEstate;

/// Most machines that one step writes; the rest comes with the next.
const MOST: usize = 2000;

impl TenantEstate {
    /// Judges every machine that is due, and writes those about which something is new.
    pub(super) async fn judge(&mut self, state: &State, listening: &Listening) -> Result<()> {
        let now = listening.now;
        let due: Vec<MachineId> = self
            .entries
            .iter()
            .filter(|(_, e)| e.due <= now && !(Self::is_gone(e) && e.written))
            .map(|(id, _)| *id)
            .take(MOST)
            .collect();
        let mut writes = Vec::new();
        for id in due {
            if let Some(write) = self.judge_one(id, listening) {
                writes.push(write);
            }
        }
        state.write_machines(self.tenant, &writes, now).await?;
        for write in &writes {
            if let Some(entry) = self.entries.get_mut(&write.machine) {
                entry.kept = write.reconciler.clone();
                entry.report = None;
                (entry.written, entry.written_at) = (true, now);
            }
        }
        Ok(())
    }

    fn judge_one(&mut self, id: MachineId, listening: &Listening) -> Option<MachineWrite> {
        let now = listening.now;
        let policy = self.policy();
        let entry = self.entries.get(&id)?;
        let subscription = self.subscriptions.get(&entry.machine.subscription)?;
        let machine = self.fleets.get(&entry.machine.subscription)?.machine(id)?.clone();
        let plan = effective(&subscription.plans, entry.machine.plan_override, now);
        let view = self.view();
        let known: Known<'_> = view.known(id, now)?;
        let not_applicable = machine.not_applicable(&known);
        let extension = machine.extension(&known, &policy);
        let progress = machine.progress(&known, &policy);
        let causes: Vec<health::Cause> = machine.causes().cloned().collect();
        let device = entry.machine.device.and_then(|d| self.devices.get(&d)).filter(|d| !d.offboarded);
        let device = device.map(|d| facts::device(d, &entry.starts, &self.offered));
        let situation = Situation {
            power: entry.machine.power,
            power_since: entry.machine.power_since,
            not_applicable: not_applicable.as_ref(),
            offboarded: entry.desired.offboarded,
            installation: &causes,
            device: device.as_ref(),
        };
        let observed = health::observe(&situation, &self.thresholds, listening);
        let enrolled = device.is_some();
        self.evaluations += 1;
        let entry = self.entries.get_mut(&id)?;
        let before = entry.tracker.findings(id);
        let changes = entry.tracker.step(&observed, listening);
        let findings = entry.tracker.findings(id);
        let status = Status::of(&findings, enrolled).as_str();
        entry.due = if listening.is_down() {
            now.plus_micros(palisade_estate::SECOND)
        } else {
            entry.tracker.due(&observed, listening).max(now.plus_micros(1))
        };
        let fresh = !entry.written
            || !changes.is_empty()
            || status != entry.status
            || machine != entry.kept
            || entry.report.is_some()
            || words(&before) != words(&findings)
            || entry.stale(now);
        entry.status = status;
        if words(&before) != words(&findings) {
            entry.products_due = TimeMicros(i64::MIN);
        }
        fresh.then(|| MachineWrite {
            machine: id,
            tracker: entry.tracker.clone(),
            status,
            extension: match extension {
                ExtensionState::On => "on",
                ExtensionState::Off => "off",
                ExtensionState::Partial { .. } => "partial",
            },
            progress: name_of(&progress),
            doing: machine.doing().map(|a| a.name().to_owned()).unwrap_or_default(),
            plan,
            report: entry.report.clone(),
            changes: raised(&changes, &before, &findings),
            findings,
            reconciler: machine,
        })
    }
}

/// What people would see of findings.
fn words(findings: &[Finding]) -> Vec<(health::Code, &str)> {
    findings.iter().map(|f| (f.code, f.message.as_str())).collect()
}

fn name_of(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn raised(changes: &[Change], before: &[Finding], after: &[Finding]) -> Vec<Raised> {
    changes
        .iter()
        .filter_map(|change| {
            let list = if change.raised { after } else { before };
            let finding = list.iter().find(|f| f.code == change.code)?;
            Some(Raised {
                code: change.code.as_str(),
                kind: name_of(&finding.kind),
                raised: change.raised,
                since: if change.raised { finding.since } else { TimeMicros(0) },
                message: if change.raised { finding.message.clone() } else { String::new() },
            })
        })
        .collect()
}
