//! One machine with everything that is known of it.

use palisade_types::{DeviceId, MachineId, TenantId, TimeMicros};
use uuid::Uuid;

use crate::MINUTE;
use crate::machine::{OsFacts, PowerState};
use crate::plan::{Effective, Enforcement, PlanBasis, ServersPlan};
use crate::provision::*;

pub(super) const T0: TimeMicros = TimeMicros(1_700_000_000_000_000);
pub(super) const TENANT: TenantId = TenantId(Uuid::from_u128(1));
pub(super) const ID: MachineId = MachineId(Uuid::from_u128(2));
pub(super) const DEVICE: DeviceId = DeviceId([3; 20]);

pub(super) fn debian() -> OsFacts {
    OsFacts::from_os_release("ID=debian\nVERSION_ID=12\n", "6.1.0-56-amd64", "x86_64")
}

pub(super) fn report() -> HostReport {
    HostReport {
        os: debian(),
        root: true,
        user: "root".into(),
        kernel_types: true,
        bpf_refused: None,
        cpus: 2,
        memory_bytes: 4 << 30,
        path: InstallPath {
            path: "/opt/palisade".into(),
            free_bytes: 9 << 30,
            writable: true,
            executable: true,
            symlink: false,
        },
        tools_missing: Vec::new(),
        products: Vec::new(),
        fanotify_user: None,
        facts: None,
        service_manager: ServiceManager::Systemd,
        server: "https://palisade:9443".into(),
        reach: Reach::Reached,
        proxy: String::new(),
        clock_offset: Some(0),
        sensor: HostSensor::Absent,
        excluded_by_file: false,
    }
}

pub(super) fn present(running: bool, missing: &[&str]) -> HostSensor {
    HostSensor::Present {
        version: "1.0".into(),
        running,
        missing: missing.iter().map(|m| (*m).to_owned()).collect(),
        server: "https://palisade:9443".into(),
        tenant: Some(TENANT),
        device: Some(DEVICE),
    }
}

/// The facts and the reconciler of a machine, and a clock to turn.
pub(super) struct World {
    pub now: TimeMicros,
    pub power: PowerState,
    pub os: OsFacts,
    pub plan: Effective,
    pub enforcement: Enforcement,
    pub desired: Desired,
    pub device: Option<KnownDevice>,
    pub runs_commands: bool,
    pub policy: Policy,
    pub machine: Machine,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            now: T0,
            power: PowerState::Running,
            os: debian(),
            plan: Effective {
                servers: Some(ServersPlan::P2),
                servers_trial: false,
                basis: PlanBasis::Subscription,
                posture: false,
                posture_trial: false,
            },
            enforcement: Enforcement::Off,
            desired: Desired {
                component_on: true,
                exclusion: None,
                offboarded: None,
                upgrades: true,
                other_products: OtherProducts::Observe,
                version: "1.0".into(),
            },
            device: None,
            runs_commands: true,
            policy: Policy::default(),
            machine: Machine::default(),
        }
    }

    pub(super) fn known(&self) -> Known<'_> {
        Known {
            now: self.now,
            tenant: TENANT,
            power: self.power,
            power_since: T0,
            os: &self.os,
            plan: self.plan,
            enforcement: self.enforcement,
            desired: &self.desired,
            device: self.device.as_ref(),
            runs_commands: self.runs_commands,
        }
    }

    /// What comes next, after what has run out.
    pub(super) fn next(&mut self) -> Next {
        let mut machine = std::mem::take(&mut self.machine);
        machine.expire(ID, &self.known(), &self.policy);
        let next = machine.next(&self.known(), &self.policy);
        assert_eq!(next, machine.next(&self.known(), &self.policy), "asking changes nothing");
        self.machine = machine;
        next
    }

    #[track_caller]
    pub(super) fn act(&mut self) -> Action {
        match self.next() {
            Next::Act(action) => action,
            Next::Wait(until) => panic!("nothing to do until {until:?}; {:?}", self.codes()),
        }
    }

    #[track_caller]
    pub(super) fn wait(&mut self) -> Option<TimeMicros> {
        match self.next() {
            Next::Wait(until) => until,
            Next::Act(action) => panic!("{action:?} is not expected"),
        }
    }

    /// Does what comes next, with this end.
    #[track_caller]
    pub(super) fn run(&mut self, expected: &str, outcome: Outcome) {
        let action = self.act();
        assert_eq!(action.name(), expected);
        let task = self.machine.begin(action, self.now);
        let mut machine = std::mem::take(&mut self.machine);
        machine.finish(task, outcome, ID, &self.known(), &self.policy);
        self.machine = machine;
    }

    pub(super) fn pass(&mut self, micros: i64) {
        self.now = self.now.plus_micros(micros);
    }

    pub(super) fn beat(&mut self) {
        let (now, version) = (self.now, self.desired.version.clone());
        let device = self.device.get_or_insert(KnownDevice {
            id: DEVICE,
            enrolled_at: now,
            last_heartbeat: None,
            version,
        });
        device.last_heartbeat = Some(now);
    }

    pub(super) fn verb(&mut self, verb: Verb) {
        verb.apply(&mut self.desired, &mut self.machine, self.now);
    }

    pub(super) fn codes(&self) -> Vec<&'static str> {
        self.machine.causes().map(|c| c.code.as_str()).collect()
    }

    pub(super) fn extension(&self) -> String {
        self.machine.extension(&self.known(), &self.policy).label()
    }

    pub(super) fn progress(&self) -> Progress {
        self.machine.progress(&self.known(), &self.policy)
    }

    /// A machine whose sensor came by itself and reports.
    pub(super) fn settled() -> Self {
        let mut w = Self::new();
        w.run("preflight", Outcome::Looked(Box::new(report())));
        w.run("install", Outcome::Done);
        w.pass(MINUTE);
        w.beat();
        w.wait();
        assert_eq!((w.extension().as_str(), w.progress()), ("On", Progress::Finished));
        w
    }
}
