//! Reconciler, health and metering together on one machine, from its first listing to its end.

use palisade_estate::health::{self, Cause, Code, Device, Listening, Situation, Status, Thresholds, Tracker};
use palisade_estate::machine::{OsFacts, PowerState};
use palisade_estate::metering::{Basis, Hour, PlanAt, Timeline};
use palisade_estate::plan::{Enforcement, Override, PlanRecord, ServersPlan, SubscriptionPlans, effective};
use palisade_estate::provision::*;
use palisade_estate::{DAY, HOUR, MINUTE, SECOND};
use palisade_types::{DeviceId, MachineId, SubscriptionId, TenantId, TimeMicros};
use uuid::Uuid;

const T0: TimeMicros = TimeMicros(472_222 * HOUR);
const TENANT: TenantId = TenantId(Uuid::from_u128(1));
const ID: MachineId = MachineId(Uuid::from_u128(2));

/// A host, and the server's view of it.
struct Story {
    now: TimeMicros,
    full: bool,
    sensor: bool,
    network: bool,
    power: PowerState,
    power_since: TimeMicros,
    plans: SubscriptionPlans,
    over: Override,
    desired: Desired,
    machine: Machine,
    device: Option<Device>,
    tracker: Tracker,
    meter: Timeline,
    /// Statuses and codes in the order in which they came.
    told: Vec<String>,
    last: String,
}

impl Story {
    fn new() -> Self {
        let mut meter = Timeline::new(Basis::Power);
        meter.power(T0, PowerState::Running);
        meter.placed(T0, SubscriptionId(Uuid::from_u128(0xA)));
        meter.entitled(T0, PlanAt { servers: Some(ServersPlan::P1), ..PlanAt::default() });
        Self {
            now: T0,
            full: false,
            sensor: false,
            network: true,
            power: PowerState::Running,
            power_since: T0,
            plans: SubscriptionPlans {
                step: Some(ServersPlan::P1),
                servers: PlanRecord::paid(),
                posture: PlanRecord::default(),
            },
            over: Override::Inherit,
            desired: Desired {
                component_on: true,
                exclusion: None,
                offboarded: None,
                upgrades: true,
                other_products: OtherProducts::Observe,
                version: "1.0".into(),
            },
            machine: Machine::default(),
            device: None,
            tracker: Tracker::default(),
            meter,
            told: Vec::new(),
            last: String::new(),
        }
    }

    /// Lets time pass in steps of ten seconds; every action takes one of them.
    fn pass(&mut self, micros: i64) {
        let end = self.now.plus_micros(micros);
        while self.now < end {
            self.now = self.now.plus_micros(10 * SECOND);
            self.step();
        }
    }

    fn step(&mut self) {
        let beats = self.sensor && self.network && self.power == PowerState::Running;
        if beats && self.now.0 % MINUTE == 0 {
            let now = self.now;
            let device = self.device.get_or_insert_with(|| Device { first_seen: now, ..Device::default() });
            (device.last_seen, device.last_heartbeat, device.last_event) = (now, Some(now), Some(now));
        }
        let os = OsFacts::from_os_release("ID=debian\nVERSION_ID=12\n", "6.1.0-56-amd64", "x86_64");
        let device = self.device.as_ref().map(|d| KnownDevice {
            id: DeviceId([1; 20]),
            enrolled_at: d.first_seen,
            last_heartbeat: d.last_heartbeat,
            version: "1.0".into(),
        });
        let known = Known {
            now: self.now,
            tenant: TENANT,
            power: self.power,
            power_since: self.power_since,
            os: &os,
            plan: effective(&self.plans, self.over, self.now),
            enforcement: Enforcement::On,
            desired: &self.desired,
            device: device.as_ref(),
            runs_commands: true,
        };
        let policy = Policy::default();
        self.machine.expire(ID, &known, &policy);
        if let Next::Act(action) = self.machine.next(&known, &policy) {
            let task = self.machine.begin(action.clone(), self.now);
            let outcome = if self.network {
                self.act(&action, &os)
            } else {
                Outcome::Failed(Cause::provisioning(Code::ConnectorUnreachable).with("address", "web1"))
            };
            let mut sensor = self.sensor;
            match &action {
                Action::Install { .. } if outcome == Outcome::Done => sensor = true,
                Action::Offboard if outcome == Outcome::Done => sensor = false,
                _ => {}
            }
            self.machine.finish(task, outcome, ID, &known, &policy);
            self.sensor = sensor;
        }
        let not_applicable = self.machine.not_applicable(&known);
        let causes: Vec<Cause> = self.machine.causes().cloned().collect();
        let situation = Situation {
            power: self.power,
            power_since: self.power_since,
            not_applicable: not_applicable.as_ref(),
            offboarded: self.desired.offboarded,
            installation: &causes,
            device: self.device.as_ref(),
        };
        let listening = Listening::always(self.now);
        let observed = health::observe(&situation, &Thresholds::default(), &listening);
        self.tracker.step(&observed, &listening);
        let findings = self.tracker.findings(ID);
        for f in &findings {
            assert!(!f.message.contains('{') && !f.remediation.is_empty(), "{f:?}");
        }
        let status = Status::of(&findings, self.device.is_some());
        let codes: Vec<&str> = findings.iter().map(|f| f.code.as_str()).collect();
        let line = [&[status.as_str()][..], codes.as_slice()].concat().join(" ");
        if self.last != line {
            self.last.clone_from(&line);
            self.told.push(line);
        }
    }

    fn act(&self, action: &Action, os: &OsFacts) -> Outcome {
        let present = HostSensor::Present {
            version: "1.0".into(),
            running: true,
            missing: vec![],
            server: "https://palisade".into(),
            tenant: Some(TENANT),
            device: None,
        };
        let sensor = if self.sensor { present } else { HostSensor::Absent };
        match action {
            Action::Preflight => Outcome::Looked(Box::new(HostReport {
                os: os.clone(),
                root: true,
                user: "root".into(),
                kernel_types: true,
                bpf_refused: None,
                cpus: 2,
                memory_bytes: 4 << 30,
                path: InstallPath {
                    path: "/opt/palisade".into(),
                    free_bytes: if self.full { 0 } else { 9 << 30 },
                    writable: true,
                    executable: true,
                    symlink: false,
                },
                tools_missing: vec![],
                products: vec![],
                fanotify_user: None,
                facts: None,
                service_manager: ServiceManager::Systemd,
                server: "https://palisade".into(),
                reach: Reach::Reached,
                proxy: String::new(),
                clock_offset: Some(0),
                sensor,
                excluded_by_file: false,
            })),
            Action::Probe => Outcome::Probed(sensor),
            _ => Outcome::Done,
        }
    }

    fn told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.told)
    }
}

#[test]
fn a_machine_is_taken_up_mended_kept_and_let_go() {
    let mut s = Story::new();
    s.full = true;
    s.pass(10 * MINUTE);
    assert_eq!(s.told(), ["unhealthy disk_insufficient"]);
    s.full = false;
    s.pass(10 * MINUTE);
    assert_eq!(s.told(), ["pending", "healthy"], "with no further hand");

    s.sensor = false;
    s.pass(10 * MINUTE);
    assert_eq!(
        s.told(),
        ["unhealthy sensor_removed heartbeat_late", "healthy"],
        "removed by hand: it comes back, and the finding in between says what was the case"
    );

    Verb::RemoveExtension.apply(&mut s.desired, &mut s.machine, s.now);
    s.pass(MINUTE);
    assert_eq!(
        s.told(),
        Vec::<String>::new(),
        "the extension returns within a minute, the sensor never noticed"
    );

    s.network = false;
    s.pass(20 * MINUTE);
    let told = s.told();
    assert_eq!(told[0], "unhealthy connector_unreachable heartbeat_late");
    assert_eq!(told.last().map(String::as_str), Some("unhealthy connector_unreachable heartbeat_lost"));
    s.network = true;
    s.pass(10 * MINUTE);
    assert_eq!(s.told(), ["healthy"], "all at once, with the first heartbeat");

    (s.power, s.power_since) = (PowerState::Deallocated, s.now);
    s.meter.power(s.now, PowerState::Deallocated);
    s.pass(2 * DAY);
    assert_eq!(s.told(), ["not_applicable deallocated"]);
    (s.power, s.power_since) = (PowerState::Running, s.now);
    s.meter.power(s.now, PowerState::Running);
    s.pass(5 * MINUTE);
    assert_eq!(s.told(), ["healthy"], "and nobody called it lost in between");

    s.plans.servers.switch_off();
    s.pass(HOUR);
    assert_eq!(s.told(), Vec::<String>::new(), "a plan that ends stops neither the sensor nor its health");
    s.network = false;
    s.pass(20 * MINUTE);
    assert_eq!(s.told(), ["healthy heartbeat_late", "unhealthy heartbeat_lost"]);
    s.network = true;
    s.plans.servers.pay();
    s.pass(40 * MINUTE);
    s.told();

    Verb::Offboard.apply(&mut s.desired, &mut s.machine, s.now);
    s.pass(DAY);
    assert_eq!(s.told(), ["not_applicable offboarded"]);
    assert!(!s.sensor, "and it does not come back by itself");
    // About an hour of the first day and three of the end were metered, the two days between not.
    let hours = s.meter.hours(ID, Hour::of(T0), s.now);
    let metered: i64 = hours.iter().map(|h| h.micros).sum();
    assert_eq!(metered, s.now.0 - T0.0 - 2 * DAY);
}
