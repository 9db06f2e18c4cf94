//! Which machines are scanned without a sensor, and when; and that what scans gave does not count beside a sensor.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Result;
use palisade_estate::agentless::{Decision, ScanCode, ScanState, SensorSeen, Subject, decide, look_again};
use palisade_estate::machine::hardware_says_nothing;
use palisade_estate::plan::effective;
use palisade_state::State;
use palisade_state::estate::{DeviceView, ScanSubject};
use palisade_types::{MachineId, TimeMicros};
use uuid::Uuid;

use super::TenantEstate;

/// How often every machine's scans are looked at.
const SWEEP: Duration = Duration::from_secs(15);
/// Machines of one page of the store.
const PAGE: usize = 5000;

/// What is to be written.
#[derive(Default)]
struct Decided {
    wanted: Vec<MachineId>,
    refused: Vec<(MachineId, ScanCode)>,
}

impl TenantEstate {
    /// Decides about the scans of all machines, every some seconds.
    pub(super) async fn judge_scans(&mut self, state: &State, now: TimeMicros) -> Result<()> {
        if self.scans_swept.is_some_and(|at| at.elapsed() < SWEEP) {
            return Ok(());
        }
        self.scans_swept = Some(tokio::time::Instant::now());
        let by_hardware = self.sensors_by_hardware();
        let mut after = MachineId(Uuid::nil());
        loop {
            let subjects = state.scan_subjects(self.tenant, after, None).await?;
            let mut decided = Decided::default();
            for subject in &subjects {
                self.decide_scan(subject, &by_hardware, false, now, &mut decided);
            }
            state.want_scans(self.tenant, &decided.wanted, now).await?;
            state.refuse_scans(self.tenant, &decided.refused, look_again(now), now).await?;
            match subjects.last() {
                Some(last) if subjects.len() >= PAGE => after = last.machine,
                _ => return Ok(()),
            }
        }
    }

    /// A person decided about one machine, or asks for a scan of it now.
    pub(super) async fn scan_asked(
        &self,
        state: &State,
        id: MachineId,
        asked: bool,
        now: TimeMicros,
    ) -> Result<()> {
        let by_hardware = self.sensors_by_hardware();
        let mut decided = Decided::default();
        for subject in state.scan_subjects(self.tenant, id, Some(id)).await? {
            self.decide_scan(&subject, &by_hardware, asked, now, &mut decided);
        }
        state.want_scans(self.tenant, &decided.wanted, now).await?;
        state.refuse_scans(self.tenant, &decided.refused, look_again(now), now).await?;
        Ok(())
    }

    fn decide_scan(
        &self,
        subject: &ScanSubject,
        by_hardware: &HashMap<String, &DeviceView>,
        asked: bool,
        now: TimeMicros,
        decided: &mut Decided,
    ) {
        let Some(entry) = self.entries.get(&subject.machine) else { return };
        let Some(subscription) = self.subscriptions.get(&entry.machine.subscription) else { return };
        let plan = effective(&subscription.plans, entry.machine.plan_override, now);
        // What stood in the way is looked at anew each time, whenever it was found.
        let stood = subject.state == Some(ScanState::NotApplicable);
        let verdict = decide(&Subject {
            now,
            on: subject.on,
            reached: subject.reached,
            gone: entry.machine.retired_at.is_some() || entry.machine.offboarded_at.is_some(),
            excluded: entry.desired.exclusion.as_deref(),
            plan: &plan,
            enforcement: self.enforcement,
            sensor: subject.sensor.or_else(|| unlinked(subject, by_hardware)),
            next_at: if stood { TimeMicros(0) } else { subject.next_at },
            asked,
        });
        match verdict {
            Decision::Scan if !subject.wanted => decided.wanted.push(subject.machine),
            Decision::Scan | Decision::Wait => {}
            Decision::NotApplicable(code) => {
                let said = stood && subject.code == code.as_str();
                // Nobody who never switched it on needs to read that it is off.
                let unheard = code == ScanCode::AgentlessOff && subject.state.is_none();
                if subject.in_service || subject.wanted || !(said || unheard) {
                    decided.refused.push((subject.machine, code));
                }
            }
        }
    }

    /// Sensors of whole machines that are in service, by what the firmware says.
    fn sensors_by_hardware(&self) -> HashMap<String, &DeviceView> {
        let sensors = self.devices.values().filter(|d| !d.offboarded && !d.scoped);
        sensors
            .filter(|d| !hardware_says_nothing(&d.hardware_id))
            .map(|d| (d.hardware_id.to_lowercase(), d))
            .collect()
    }
}

/// A sensor that somebody installed by hand, and that no connector's machine has: by hardware and name together, since
/// copies of one machine may share the first.
fn unlinked(subject: &ScanSubject, by_hardware: &HashMap<String, &DeviceView>) -> Option<SensorSeen> {
    let (name, hardware) = &subject.found;
    let device = by_hardware.get(&hardware.to_lowercase())?;
    let same = !name.is_empty() && device.name.eq_ignore_ascii_case(name);
    same.then_some(SensorSeen { enrolled_at: device.enrolled_at, inventory_at: Some(device.last_seen) })
}
