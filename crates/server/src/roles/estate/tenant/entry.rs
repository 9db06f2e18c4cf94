//! One machine in memory.

use palisade_estate::health::Tracker;
use palisade_estate::machine::OsFacts;
use palisade_estate::provision::{self, Desired, HostReport, KnownDevice};
use palisade_estate::{HOUR, SECOND};
use palisade_state::estate::{DeviceView, Machine, Subscription, facts};
use palisade_types::TimeMicros;

/// What is known of a machine, and what was written about it last.
pub struct Entry {
    /// Its row.
    pub machine: Machine,
    /// What people want of it.
    pub desired: Desired,
    /// Its device as the reconciler knows it.
    pub known_device: Option<KnownDevice>,
    /// Its system.
    pub os: OsFacts,
    /// Whether its connector can run something there.
    pub runs_commands: bool,
    /// The reconciler as it was written last.
    pub kept: provision::Machine,
    /// Its health.
    pub tracker: Tracker,
    /// When its health is judged next.
    pub due: TimeMicros,
    /// When it is judged next by its security products.
    pub products_due: TimeMicros,
    /// When something was last written about those, by the database's clock.
    pub products_touched: TimeMicros,
    /// Its status as it was judged last.
    pub status: &'static str,
    /// Whether it was ever written.
    pub written: bool,
    /// When it was written last.
    pub written_at: TimeMicros,
    /// A preflight's report that is not written yet.
    pub report: Option<Box<HostReport>>,
    /// Starts of its sensor in the last hour, by what heartbeats said.
    pub starts: Vec<TimeMicros>,
    started: String,
    damaged: bool,
}

impl Entry {
    /// A machine of which nothing was judged yet.
    pub fn new(machine: Machine) -> Self {
        Self {
            desired: Desired {
                component_on: true,
                exclusion: None,
                offboarded: machine.offboarded_at,
                upgrades: true,
                other_products: provision::OtherProducts::Observe,
                version: String::new(),
            },
            known_device: None,
            os: machine.os.clone(),
            runs_commands: false,
            kept: provision::Machine::default(),
            tracker: Tracker::default(),
            due: TimeMicros(i64::MIN),
            products_due: TimeMicros(i64::MIN),
            products_touched: TimeMicros(i64::MIN),
            status: "pending",
            written: false,
            written_at: TimeMicros(0),
            report: None,
            starts: Vec::new(),
            started: String::new(),
            damaged: false,
            machine,
        }
    }

    /// Makes the facts anew; says whether the reconciler has to look.
    pub fn refresh(
        &mut self,
        subscription: &Subscription,
        device: Option<&DeviceView>,
        runs_commands: bool,
        offered: &str,
    ) -> bool {
        let desired = facts::desired(&self.machine, subscription, offered);
        let known_device = device.filter(|d| !d.offboarded).map(facts::known_device);
        let os = facts::os(&self.machine, device);
        let same_device = match (&self.known_device, &known_device) {
            (Some(a), Some(b)) => a.id == b.id && a.version == b.version && a.enrolled_at == b.enrolled_at,
            (None, None) => true,
            _ => false,
        };
        let changed =
            !same_device || desired != self.desired || os != self.os || runs_commands != self.runs_commands;
        (self.desired, self.known_device, self.os, self.runs_commands) =
            (desired, known_device, os, runs_commands);
        self.due = TimeMicros(i64::MIN);
        if changed {
            self.products_due = TimeMicros(i64::MIN);
        }
        changed
    }

    /// Takes in what its device said; true where it newly says that its own files are damaged.
    pub fn hear(&mut self, device: Option<&DeviceView>, now: TimeMicros) -> bool {
        let Some(device) = device else { return false };
        if device.started != self.started {
            // The first that is seen is no restart.
            if !self.started.is_empty() {
                self.starts.push(now);
            }
            self.started.clone_from(&device.started);
        }
        self.starts.retain(|at| now.0.saturating_sub(at.0) <= HOUR);
        let damaged = device
            .components
            .iter()
            .any(|c| c.name == "installation" && matches!(c.state.as_str(), "degraded" | "failed"));
        let newly = damaged && !self.damaged;
        self.damaged = damaged;
        newly
    }

    /// Takes in what a look at the machine found.
    pub fn looked(&mut self, report: &HostReport, now: TimeMicros) {
        self.machine.os = report.os.clone();
        self.report = Some(Box::new(report.clone()));
        self.due = now;
    }

    /// Whether it is time to write although nothing changed, so that people see when it was judged.
    pub fn stale(&self, now: TimeMicros) -> bool {
        now.0.saturating_sub(self.written_at.0) >= 300 * SECOND
    }
}
