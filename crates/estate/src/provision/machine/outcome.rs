//! What follows from how an action ended.

use palisade_types::{MachineId, TimeMicros};

use super::{Action, Machine, Outcome, Policy, Task, TaskId};
use crate::SECOND;
use crate::health::{Cause, Code, Weight};
use crate::provision::backoff::{Backoff, mix};
use crate::provision::{HostSensor, Known, Verdict, preflight};

impl Machine {
    /// Takes in how a task ended. An outcome of a task that was given up is ignored.
    pub fn finish(
        &mut self,
        id: TaskId,
        outcome: Outcome,
        machine: MachineId,
        known: &Known<'_>,
        policy: &Policy,
    ) {
        let Some(task) = self.task.take_if(|t| t.id == id) else { return };
        match outcome {
            Outcome::Failed(cause) => self.task_failed(&task, cause, machine, known, policy),
            Outcome::Looked(report) => {
                let seen =
                    preflight(&report, &policy.requirements, known.desired.other_products, known.tenant);
                self.looked(seen.verdict, machine, known, policy);
            }
            Outcome::Probed(sensor) => self.probed(&sensor, known),
            Outcome::Done => self.done(&task, known.now),
        }
    }

    /// Gives up what did not end in time, and stops waiting for what did not come. To be called
    /// before [`Machine::next`].
    pub fn expire(&mut self, machine: MachineId, known: &Known<'_>, policy: &Policy) {
        let now = known.now;
        if let Some(task) = self.task.take_if(|t| t.deadline <= now) {
            let limit = format!("{} s", task.action.limit() / SECOND);
            let cause = Cause::provisioning(Code::InstallTimeout)
                .with("step", task.action.name())
                .with("limit", limit);
            self.task_failed(&task, cause, machine, known, policy);
        }
        if self.unheard && self.waiting_since.is_none() && self.reports(known, policy) {
            // What failed while it was silent may have had the same reason: look at once.
            self.unheard = false;
            self.retry_at = None;
            self.probed_at = self.probed_at.map(|_| TimeMicros(0));
        }
        let Some(since) = self.waiting_since else { return };
        let heard = known.device.filter(|d| d.last_heartbeat.is_some_and(|at| at > since));
        if let Some(device) = heard {
            self.waiting_since = None;
            match self.upgraded_to.take().filter(|to| *to != device.version) {
                None => self.well(),
                Some(to) => {
                    let cause = Cause::provisioning(Code::UpgradeFailed)
                        .with("from", &device.version)
                        .with("to", to)
                        .with("detail", "the old version is the one that reports");
                    self.failed(vec![cause], policy.try_again, machine, known, policy);
                }
            }
        } else if now.0.saturating_sub(since.0) >= policy.enrolment_wait {
            self.waiting_since = None;
            self.upgraded_to = None;
            self.ready = None;
            let cause = Cause::provisioning(Code::EnrolmentTimeout)
                .with("installed_at", since.to_string())
                .with("limit", format!("{} s", policy.enrolment_wait / SECOND));
            self.failed(vec![cause], policy.try_again, machine, known, policy);
        }
    }

    fn well(&mut self) {
        self.failures = 0;
        self.unheard = false;
        self.retry_at = None;
        self.causes.clear();
    }

    fn task_failed(
        &mut self,
        task: &Task,
        cause: Cause,
        machine: MachineId,
        known: &Known<'_>,
        policy: &Policy,
    ) {
        // That a machine which reports could not be looked at is no fault of its sensor; that
        // somebody may stand in between is worth knowing always.
        if task.action == Action::Probe && cause.code != Code::HostKeyMismatch && self.reports(known, policy)
        {
            self.probed_at = Some(known.now);
            return;
        }
        let pauses = if task.action == Action::Preflight { policy.look_again } else { policy.try_again };
        self.failed(vec![cause], pauses, machine, known, policy);
    }

    fn failed(
        &mut self,
        causes: Vec<Cause>,
        pauses: Backoff,
        machine: MachineId,
        known: &Known<'_>,
        policy: &Policy,
    ) {
        self.unheard = !self.reports(known, policy);
        self.failures = self.failures.saturating_add(1);
        // The machine is part of the seed: those that failed together come back apart.
        let own = machine.0.as_u64_pair();
        let seed = mix(policy.seed ^ own.0 ^ own.1.rotate_left(32));
        self.retry_at = Some(known.now.plus_micros(pauses.pause(self.failures, seed)));
        self.causes = causes;
    }

    fn looked(&mut self, verdict: Verdict, machine: MachineId, known: &Known<'_>, policy: &Policy) {
        self.refused = None;
        match verdict {
            Verdict::Ready { mode, notices } => {
                self.ready = Some((known.now, mode));
                self.notices = notices;
                self.adopt = false;
                // What speaks of an earlier try stays until the next one has succeeded.
                self.causes
                    .retain(|c| c.code.entry().weight == Weight::Unhealthy && !found_by_looking(c.code));
            }
            Verdict::Adopt => {
                self.well();
                self.adopt = true;
                self.ready = None;
                self.repair = false;
            }
            Verdict::NotApplicable(cause) => {
                self.well();
                self.refused = Some(cause);
                self.retry_at = Some(known.now.plus_micros(policy.ask_again));
            }
            Verdict::Failed(causes) => {
                self.ready = None;
                self.failed(causes, policy.look_again, machine, known, policy);
            }
        }
    }

    fn probed(&mut self, sensor: &HostSensor, known: &Known<'_>) {
        self.probed_at = Some(known.now);
        let finding = |code| vec![Cause::provisioning(code)];
        match sensor {
            HostSensor::Absent => {
                self.repair = true;
                self.causes = finding(Code::SensorRemoved);
            }
            HostSensor::Present { missing, .. } if !missing.is_empty() => {
                self.repair = true;
                self.causes =
                    vec![Cause::provisioning(Code::InstallationDamaged).with("missing", missing.join(", "))];
            }
            HostSensor::Present { running: false, .. } => {
                self.start = true;
                self.causes = vec![Cause::provisioning(Code::SensorStopped).with("state", "stopped")];
            }
            // It runs; if it is silent, the network or the server is to blame, and health says so.
            HostSensor::Present { tenant: Some(theirs), server, .. } if *theirs != known.tenant => {
                self.causes = vec![Cause::provisioning(Code::ForeignSensor).with("url", server)];
            }
            HostSensor::Present { .. } => self.well(),
        }
    }

    fn done(&mut self, task: &Task, now: TimeMicros) {
        match &task.action {
            Action::Install { .. } => {
                self.extension = true;
                self.ready = None;
                self.repair = false;
                self.waiting_since = Some(now);
                self.probed_at = Some(now);
            }
            Action::Start => {
                self.start = false;
                self.waiting_since = Some(now);
                self.probed_at = Some(now);
            }
            Action::Adopt { .. } => {
                self.extension = true;
                self.adopt = false;
                self.waiting_since = Some(now);
                self.probed_at = Some(now);
                self.causes.clear();
            }
            Action::DeployExtension => self.extension = true,
            Action::Upgrade { to, .. } => {
                self.upgraded_to = Some(to.clone());
                self.waiting_since = Some(now);
                self.probed_at = Some(now);
            }
            Action::Offboard => {
                self.begin_anew();
                self.gone = true;
            }
            // Their outcomes carry what they saw.
            Action::Preflight | Action::Probe => {}
        }
    }
}

/// Whether a preflight finds this, so that one that no longer finds it takes it back.
fn found_by_looking(code: Code) -> bool {
    matches!(
        code,
        Code::PrivilegesMissing
            | Code::KernelTooOld
            | Code::KernelTypesMissing
            | Code::BpfForbidden
            | Code::CpuInsufficient
            | Code::MemoryInsufficient
            | Code::DiskInsufficient
            | Code::InstallPathUnusable
            | Code::HostToolMissing
            | Code::ServerUnreachable
            | Code::ServerUntrusted
            | Code::ProxyUnusable
            | Code::HostClockWrong
            | Code::ForeignSensor
            | Code::ConnectorUnreachable
            | Code::HostKeyUnknown
            | Code::HostKeyMismatch
            | Code::ConnectorLoginRefused
            | Code::ConnectorThrottled
            | Code::CloudPermissionMissing
            | Code::CloudAgentOffline
            | Code::CloudCredentialsRefused
            | Code::ConnectorAnswerInvalid
            | Code::ConnectorFailed
    )
}
