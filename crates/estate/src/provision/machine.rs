//! The reconciler of one machine.

mod decide;
mod outcome;

use palisade_types::{DeviceId, TimeMicros};
use serde::{Deserialize, Serialize};

use super::{Backoff, Extension, ExtensionState, HostReport, HostSensor, Known, Requirements};
use crate::health::{Cause, Code};
use crate::{HOUR, MINUTE};

/// What a sensor does after its installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// As the subscription's settings say.
    Standard,
    /// It observes only, because of another product, and says so.
    Observing,
}

/// Names one task of one machine; an outcome with another name is of a task that was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskId(pub u64);

/// What to do on, or about, a machine. Each may be done twice without harm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "action")]
pub enum Action {
    /// Look at the machine, change nothing.
    Preflight,
    /// Install this version; what is there is replaced, what fails is undone.
    Install {
        /// Version.
        version: String,
        /// Mode.
        mode: Mode,
    },
    /// Take over the sensor that is there: its settings, its place in the subscription.
    Adopt {
        /// Its device, if it said so.
        device: Option<DeviceId>,
    },
    /// Write the extension down as deployed.
    DeployExtension,
    /// Look whether the sensor's files are there and it runs.
    Probe,
    /// Start the sensor that is there.
    Start,
    /// Put another version in place of the one that runs; pins and spool stay.
    Upgrade {
        /// Version that runs.
        from: String,
        /// Version that shall run.
        to: String,
    },
    /// Revoke the device's certificate and take the sensor off the machine.
    Offboard,
}

impl Action {
    /// Its stable name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Preflight => "preflight",
            Self::Install { .. } => "install",
            Self::Adopt { .. } => "adopt",
            Self::DeployExtension => "deploy_extension",
            Self::Probe => "probe",
            Self::Start => "start",
            Self::Upgrade { .. } => "upgrade",
            Self::Offboard => "offboard",
        }
    }

    /// Whether it changes the machine in a way that can go wrong there: waves are for these.
    pub fn is_risky(&self) -> bool {
        matches!(self, Self::Install { .. } | Self::Upgrade { .. })
    }

    /// How long it may take, microseconds.
    pub fn limit(&self) -> i64 {
        match self {
            Self::Install { .. } | Self::Upgrade { .. } => 10 * MINUTE,
            Self::Offboard => 5 * MINUTE,
            Self::Preflight | Self::Start => 2 * MINUTE,
            Self::Probe | Self::Adopt { .. } | Self::DeployExtension => MINUTE,
        }
    }
}

/// How an action ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it should.
    Done,
    /// A preflight has looked.
    Looked(Box<HostReport>),
    /// A probe has looked.
    Probed(HostSensor),
    /// It failed, and left nothing behind unless the cause says so.
    Failed(Cause),
}

/// The numbers that the reconciler goes by, in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The least that a machine must have.
    pub requirements: Requirements,
    /// Pauses after a preflight that found something: short, since looking costs little and the
    /// machine shall be taken up soon after it was mended.
    pub look_again: Backoff,
    /// Pauses after everything else.
    pub try_again: Backoff,
    /// A preflight is believed for this long.
    pub preflight_valid: i64,
    /// A new sensor enrols and sends its first heartbeat within this time.
    pub enrolment_wait: i64,
    /// A heartbeat that is older makes the reconciler look.
    pub late: i64,
    /// A machine that is well is probed this often.
    pub probe_every: i64,
    /// What the machine itself says no to is asked again this often.
    pub ask_again: i64,
    /// Spreads pauses; the same seed gives the same ones.
    pub seed: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            requirements: Requirements::default(),
            look_again: Backoff { base: MINUTE / 2, cap: 5 * MINUTE },
            try_again: Backoff { base: MINUTE, cap: HOUR },
            preflight_valid: 10 * MINUTE,
            enrolment_wait: 5 * MINUTE,
            late: 3 * MINUTE,
            probe_every: 15 * MINUTE,
            ask_again: 15 * MINUTE,
            seed: 0,
        }
    }
}

/// What follows from the facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Do this.
    Act(Action),
    /// Nothing until then; `None` means until something happens.
    Wait(Option<TimeMicros>),
}

/// How far a machine has come, for waves and dashboards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Something is still to be done.
    Open,
    /// Its sensor reports, or none belongs there.
    Finished,
    /// It failed, before anything was changed on it.
    Refused,
    /// It failed while or after something was changed on it.
    Broken,
}

/// A task that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Task {
    id: TaskId,
    action: Action,
    deadline: TimeMicros,
}

/// What is kept between steps; to be stored and read again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    task: Option<Task>,
    tasks: u64,
    /// Whether the extension is written down.
    extension: bool,
    /// A preflight that said yes, and its mode.
    ready: Option<(TimeMicros, Mode)>,
    /// What a look at the machine found to speak against it for good.
    refused: Option<Cause>,
    /// A sensor of ours was found there.
    adopt: bool,
    /// When an installation or a start ended well, while its heartbeat is waited for.
    waiting_since: Option<TimeMicros>,
    /// The version that an upgrade has put there, until a heartbeat confirms it.
    upgraded_to: Option<String>,
    /// The last look at a machine that should be well, and whether to install on account of it.
    probed_at: Option<TimeMicros>,
    repair: bool,
    start: bool,
    gone: bool,
    failures: u32,
    /// Whether its sensor was silent when something failed last.
    unheard: bool,
    retry_at: Option<TimeMicros>,
    causes: Vec<Cause>,
    notices: Vec<Cause>,
}

impl Machine {
    /// What provisioning has to say about the machine: causes of findings.
    pub fn causes(&self) -> impl Iterator<Item = &Cause> {
        self.causes.iter().chain(&self.notices)
    }

    /// Why no sensor is to be there, from the facts and from what the machine itself said.
    pub fn not_applicable(&self, known: &Known<'_>) -> Option<Cause> {
        super::applicability(known).or_else(|| self.refused.clone())
    }

    /// The extension in a word.
    pub fn extension(&self, known: &Known<'_>, policy: &Policy) -> ExtensionState {
        Extension::of_machine(self.extension, self.reports(known, policy)).state()
    }

    /// Whether its sensor is heard.
    fn reports(&self, known: &Known<'_>, policy: &Policy) -> bool {
        let at = known.device.and_then(|d| d.last_heartbeat);
        at.is_some_and(|at| known.now.0.saturating_sub(at.0) <= policy.late)
    }

    /// How far it has come.
    pub fn progress(&self, known: &Known<'_>, policy: &Policy) -> Progress {
        let broken = |c: &Cause| {
            matches!(
                c.code,
                Code::ServiceFailed
                    | Code::InstallerFailed
                    | Code::InstallTimeout
                    | Code::EnrolmentTimeout
                    | Code::RollbackFailed
                    | Code::UpgradeFailed
            )
        };
        if self.causes.iter().any(broken) {
            Progress::Broken
        } else if !self.causes.is_empty() {
            Progress::Refused
        } else if self.not_applicable(known).is_some() || !known.power.can_run() {
            Progress::Finished
        } else {
            let upgrade = known.device.is_some_and(|d| decide::outdated(known, d));
            // A look at one that is well is no work that is still to be done.
            let idle = self.task.as_ref().is_none_or(|t| t.action == Action::Probe);
            let settled = idle && self.extension && self.reports(known, policy) && !upgrade;
            if settled || (!known.runs_commands && known.device.is_none()) {
                Progress::Finished
            } else {
                Progress::Open
            }
        }
    }

    /// Writes down that an action has begun.
    pub fn begin(&mut self, action: Action, now: TimeMicros) -> TaskId {
        self.tasks += 1;
        let id = TaskId(self.tasks);
        let deadline = now.plus_micros(action.limit());
        self.task = Some(Task { id, action, deadline });
        id
    }

    /// Whether an action is under way.
    pub fn is_busy(&self) -> bool {
        self.task.is_some()
    }

    /// Whether an action waits for the machine's wave: what changes it, unless a sensor that it had
    /// is put back, and a second look at one that waits. The first look is free, so that faults show early.
    pub fn keeps_wave(&self, action: &Action) -> bool {
        let waits = *action == Action::Preflight && self.ready.is_some();
        !self.repair && (action.is_risky() || waits)
    }

    /// Whether what was tried last has failed.
    pub fn has_failed(&self) -> bool {
        self.failures > 0
    }

    /// Whether a heartbeat is what it waits for, so that one is worth a look.
    pub fn awaits_heartbeat(&self) -> bool {
        self.waiting_since.is_some()
    }

    /// Deletes the extension; the sensor is not touched.
    pub(super) fn forget_extension(&mut self) {
        self.extension = false;
    }

    /// Something speaks for looking at the machine soon: it is probed with the next step.
    pub fn suspect(&mut self) {
        self.probed_at = self.probed_at.map(|_| TimeMicros(0));
    }

    /// Whether the extension is written down.
    pub fn has_extension(&self) -> bool {
        self.extension
    }

    /// What is under way.
    pub fn doing(&self) -> Option<&Action> {
        self.task.as_ref().map(|t| &t.action)
    }

    /// Ends the pause after a failure.
    pub(super) fn retry_now(&mut self) {
        self.retry_at = None;
        self.ready = None;
        self.refused = None;
        self.gone = false;
    }

    /// Forgets everything but the numbers of its tasks.
    pub(super) fn begin_anew(&mut self) {
        *self = Self { tasks: self.tasks, ..Self::default() };
    }
}
