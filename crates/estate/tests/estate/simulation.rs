//! A thousand machines in simulated time: bounded concurrency, waves, and one that fails, hangs or
//! cannot be reached never holds up another.

use std::collections::{BTreeMap, BTreeSet};

use palisade_estate::health::{Cause, Code};
use palisade_estate::machine::{OsFacts, OsFamily, PowerState};
use palisade_estate::plan::{Effective, Enforcement, PlanBasis, ServersPlan};
use palisade_estate::provision::*;
use palisade_estate::{HOUR, MINUTE, SECOND};
use palisade_types::{DeviceId, MachineId, TenantId, TimeMicros};
use uuid::Uuid;

const T0: TimeMicros = TimeMicros(1_700_000_000_000_000);
const TENANT: TenantId = TenantId(Uuid::from_u128(1));

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Good,
    /// Its disk is full until then.
    FullUntil(i64),
    /// Every action on it hangs for ever.
    Hangs,
    /// The connector cannot reach it.
    Unreachable,
    /// The sensor's service does not start.
    ServiceFails,
    /// It installs well and is never heard.
    Mute,
    Windows,
    /// It was given a sensor before.
    Adopted,
}

struct Host {
    kind: Kind,
    os: OsFacts,
    device: Option<KnownDevice>,
    installed: bool,
    installs: usize,
}

struct World {
    hosts: BTreeMap<MachineId, Host>,
    desired: Desired,
    plan: Effective,
}

impl Estate for World {
    fn known(&self, machine: MachineId, now: TimeMicros) -> Option<Known<'_>> {
        let host = self.hosts.get(&machine)?;
        Some(Known {
            now,
            tenant: TENANT,
            power: PowerState::Running,
            power_since: T0,
            os: &host.os,
            plan: self.plan,
            enforcement: Enforcement::Off,
            desired: &self.desired,
            device: host.device.as_ref(),
            runs_commands: true,
        })
    }
}

fn id(n: usize) -> MachineId {
    MachineId(Uuid::from_u128(n as u128 + 1000))
}

fn device(n: u64, at: TimeMicros) -> KnownDevice {
    let mut bytes = [7; 20];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    KnownDevice { id: DeviceId(bytes), enrolled_at: at, last_heartbeat: Some(at), version: "1.0".into() }
}

impl World {
    fn new(kinds: impl Iterator<Item = Kind>) -> Self {
        let debian = OsFacts::from_os_release("ID=debian\nVERSION_ID=12\n", "6.1.0-56-amd64", "x86_64");
        let windows = OsFacts { family: OsFamily::WindowsServer, ..OsFacts::default() };
        let hosts = kinds.enumerate().map(|(n, kind)| {
            let host = Host {
                kind,
                os: if kind == Kind::Windows { windows.clone() } else { debian.clone() },
                device: (kind == Kind::Adopted).then(|| device(n as u64, T0)),
                installed: kind == Kind::Adopted,
                installs: 0,
            };
            (id(n), host)
        });
        Self {
            hosts: hosts.collect(),
            desired: Desired {
                component_on: true,
                exclusion: None,
                offboarded: None,
                upgrades: true,
                other_products: OtherProducts::Observe,
                version: "1.0".into(),
            },
            plan: Effective {
                servers: Some(ServersPlan::P1),
                servers_trial: false,
                basis: PlanBasis::Subscription,
                posture: false,
                posture_trial: false,
            },
        }
    }

    fn beat(&mut self, now: TimeMicros) {
        for host in self.hosts.values_mut().filter(|h| h.installed && h.kind != Kind::Mute) {
            if let Some(d) = &mut host.device {
                d.last_heartbeat = Some(now);
            }
        }
    }

    /// What an action does to a host, and how it ends; `None` if it hangs.
    fn run(&mut self, order: &Order, now: TimeMicros) -> Option<Outcome> {
        let host = self.hosts.get_mut(&order.machine)?;
        let fails = |code| Some(Outcome::Failed(Cause::provisioning(code)));
        match (&order.action, host.kind) {
            (_, Kind::Hangs) => None,
            (_, Kind::Unreachable) => fails(Code::ConnectorUnreachable),
            (Action::Preflight, kind) => {
                let full = matches!(kind, Kind::FullUntil(at) if now.0 - T0.0 < at);
                Some(Outcome::Looked(Box::new(report(&host.os, full))))
            }
            (Action::Install { .. }, kind) => {
                host.installs += 1;
                match kind {
                    Kind::ServiceFails => fails(Code::ServiceFailed),
                    Kind::Mute => Some(Outcome::Done),
                    _ => {
                        host.installed = true;
                        host.device = Some(device(host.installs as u64 + order.task.0, now));
                        Some(Outcome::Done)
                    }
                }
            }
            (Action::Probe, _) => Some(Outcome::Probed(HostSensor::Present {
                version: "1.0".into(),
                running: true,
                missing: vec![],
                server: "https://palisade".into(),
                tenant: Some(TENANT),
                device: None,
            })),
            (Action::Upgrade { to, .. }, _) => {
                if let Some(d) = &mut host.device {
                    d.version.clone_from(to);
                }
                Some(Outcome::Done)
            }
            _ => Some(Outcome::Done),
        }
    }
}

fn report(os: &OsFacts, full: bool) -> HostReport {
    HostReport {
        os: os.clone(),
        root: true,
        user: "root".into(),
        kernel_types: true,
        bpf_refused: None,
        cpus: 2,
        memory_bytes: 4 << 30,
        path: InstallPath {
            path: "/opt/palisade".into(),
            free_bytes: if full { 0 } else { 9 << 30 },
            writable: true,
            executable: true,
            symlink: false,
        },
        tools_missing: Vec::new(),
        products: Vec::new(),
        fanotify_user: None,
        facts: None,
        service_manager: ServiceManager::Systemd,
        server: "https://palisade".into(),
        reach: Reach::Reached,
        proxy: String::new(),
        clock_offset: Some(0),
        sensor: HostSensor::Absent,
        excluded_by_file: false,
    }
}

struct Run {
    world: World,
    fleet: Fleet,
    now: TimeMicros,
    ending: BTreeMap<(TimeMicros, u64), (Order, Outcome)>,
    begun: u64,
    busiest: usize,
    /// Preflights that were begun.
    looks: usize,
    /// When each machine was first installed on.
    installed_at: BTreeMap<MachineId, TimeMicros>,
}

impl Run {
    fn new(world: World, limits: Limits) -> Self {
        let mut fleet = Fleet::new(Policy { seed: 42, ..Policy::default() }, limits);
        for id in world.hosts.keys() {
            fleet.add(*id, Machine::default());
        }
        Self {
            world,
            fleet,
            now: T0,
            ending: BTreeMap::new(),
            begun: 0,
            busiest: 0,
            looks: 0,
            installed_at: BTreeMap::new(),
        }
    }

    /// Lets time go on until then: from one event to the next, heartbeats every half minute.
    fn until(&mut self, end: i64) {
        let end = T0.plus_micros(end);
        while self.now < end {
            while let Some(((at, n), _)) =
                self.ending.first_key_value().filter(|((at, _), _)| *at <= self.now)
            {
                let key = (*at, *n);
                let (order, outcome) = self.ending.remove(&key).expect("it is the first");
                self.fleet.report(order.machine, order.task, outcome, &self.world, self.now);
            }
            for order in self.fleet.tick(&self.world, self.now) {
                if matches!(order.action, Action::Install { .. }) {
                    self.installed_at.entry(order.machine).or_insert(self.now);
                }
                self.looks += usize::from(order.action == Action::Preflight);
                self.begun += 1;
                let takes = 2 * SECOND + i64::try_from(self.begun % 40).unwrap_or(0) * SECOND;
                let at = self.now.plus_micros(takes);
                if let Some(outcome) = self.world.run(&order, self.now) {
                    self.ending.insert((at, self.begun), (order, outcome));
                }
            }
            self.busiest = self.busiest.max(self.fleet.busy());
            let beat = self.now.plus_micros(30 * SECOND);
            let next = self
                .ending
                .first_key_value()
                .map(|((at, _), _)| *at)
                .into_iter()
                .chain(self.fleet.due())
                .min();
            let next = next.unwrap_or(beat).min(beat);
            // Two seconds at once: enough to tell everything apart that is asserted here.
            self.now = next.max(self.now.plus_micros(2 * SECOND));
            self.world.beat(self.now);
            for id in self.world.hosts.keys() {
                // Heartbeats are events: a machine that waits for one is looked at.
                if self.fleet.machine(*id).is_some_and(Machine::awaits_heartbeat) {
                    self.fleet.touch(*id);
                }
            }
        }
    }

    fn progress(&self, id: MachineId) -> Progress {
        let known = self.world.known(id, self.now).expect("there");
        self.fleet.machine(id).expect("there").progress(&known, &Policy::default())
    }

    fn of(&self, kind: fn(&Kind) -> bool) -> Vec<MachineId> {
        self.world.hosts.iter().filter(|(_, h)| kind(&h.kind)).map(|(id, _)| *id).collect()
    }

    fn codes(&self, id: MachineId) -> BTreeSet<&'static str> {
        self.fleet.machine(id).expect("there").causes().map(|c| c.code.as_str()).collect()
    }
}

fn mixed(n: usize) -> Kind {
    match n {
        17 => Kind::FullUntil(3 * HOUR),
        40 | 41 => Kind::Hangs,
        100..120 => Kind::Unreachable,
        300..304 => Kind::ServiceFails,
        500 | 501 => Kind::Mute,
        600..650 => Kind::Windows,
        700..750 => Kind::Adopted,
        _ => Kind::Good,
    }
}

#[test]
fn a_thousand_machines_with_every_kind_of_trouble_among_them() {
    let limits = Limits { concurrency: 50, retries: 10 };
    let mut run = Run::new(World::new((0..1000).map(mixed)), limits);
    // Preflight and install take 22 s each on average: 870 machines in 50 places are 13 minutes.
    run.until(20 * MINUTE);
    assert_eq!(run.busiest, 50, "the bound is used and kept");
    for id in run.of(|k| matches!(k, Kind::Good | Kind::Adopted | Kind::Windows)) {
        assert_eq!(run.progress(id), Progress::Finished, "{id} {:?}", run.codes(id));
    }
    assert!(run.of(|k| *k == Kind::Windows).iter().all(|id| run.world.hosts[id].installs == 0));
    assert!(run.of(|k| *k == Kind::Adopted).iter().all(|id| run.world.hosts[id].installs == 0), "adopted");
    assert!(run.of(|k| *k == Kind::Good).iter().all(|id| run.world.hosts[id].installs == 1), "once each");
    run.until(2 * HOUR);
    let all = |kind: fn(&Kind) -> bool, code: &str| {
        for id in run.of(kind) {
            assert!(run.codes(id).contains(code), "{id}: {:?} lacks {code}", run.codes(id));
        }
    };
    all(|k| *k == Kind::Unreachable, "connector_unreachable");
    all(|k| *k == Kind::ServiceFails, "service_failed");
    all(|k| *k == Kind::Mute, "enrolment_timeout");
    all(|k| *k == Kind::Hangs, "install_timeout");
    all(|k| matches!(k, Kind::FullUntil(_)), "disk_insufficient");
    // Backing off: a machine that fails is not tried again and again.
    assert!(run.of(|k| *k == Kind::ServiceFails).iter().all(|id| run.world.hosts[id].installs < 12));
    // The disk was cleaned at three hours: nobody touches anything, and it is taken up.
    run.until(3 * HOUR + 10 * MINUTE);
    let full = run.of(|k| matches!(k, Kind::FullUntil(_)))[0];
    assert_eq!((run.progress(full), run.codes(full)), (Progress::Finished, BTreeSet::new()));
}

#[test]
fn many_that_hang_do_not_take_all_places() {
    let kinds = (0..1000).map(|n| if n % 4 == 0 { Kind::Hangs } else { Kind::Good });
    let mut run = Run::new(World::new(kinds), Limits { concurrency: 50, retries: 10 });
    run.until(90 * MINUTE);
    let open =
        run.of(|k| *k == Kind::Good).into_iter().filter(|id| run.progress(*id) != Progress::Finished).count();
    assert_eq!(open, 0, "a quarter of the fleet hangs, the rest is served");
}

#[test]
fn waves_go_one_after_the_other_and_trouble_of_one_machine_does_not_stop_them() {
    let kinds =
        |bad: Vec<usize>| move |n: usize| if bad.contains(&n) { Kind::ServiceFails } else { Kind::Good };
    let plan = WavePlan { seed: 9, ..WavePlan::default() };
    let waves = plan.assign((0..1000).map(id));
    let canaries: Vec<usize> = (0..1000).filter(|n| waves[&id(*n)] == 0).collect();
    assert_eq!(canaries.len(), 10);

    let mut run = Run::new(World::new((0..1000).map(kinds(canaries[..1].to_vec()))), Limits::default());
    run.fleet.roll_out(Rollout::begin(plan.clone(), (0..1000).map(id), T0));
    run.until(2 * HOUR);
    let open =
        run.of(|k| *k == Kind::Good).into_iter().filter(|id| run.progress(*id) != Progress::Finished).count();
    assert_eq!(open, 0);
    assert!(run.looks < 1000 + 1000 + 100, "{} looks: one before the wave and one in it", run.looks);
    let of_wave = |w: usize| {
        let times: Vec<TimeMicros> =
            run.installed_at.iter().filter(|(id, _)| waves[id] == w).map(|(_, at)| *at).collect();
        (*times.iter().min().expect("some"), *times.iter().max().expect("some"))
    };
    for w in 1..4 {
        let pause = of_wave(w).0.0 - of_wave(w - 1).1.0;
        assert!(pause >= plan.soak, "wave {w} began {} s after the one before", pause / SECOND);
    }

    // A version that breaks most canaries reaches nobody else.
    let mut run = Run::new(World::new((0..1000).map(kinds(canaries[..6].to_vec()))), Limits::default());
    run.fleet.roll_out(Rollout::begin(plan, (0..1000).map(id), T0));
    run.until(3 * HOUR);
    assert!(run.installed_at.keys().all(|id| waves[id] == 0), "nobody but canaries was touched");
    let waiting = (0..1000).map(id).find(|m| waves[m] == 2).expect("a later wave");
    let Gate::Held { broken, finished } = run.fleet.rollout().expect("under way").gate(waiting) else {
        panic!("it goes on although most canaries broke")
    };
    assert!(broken >= 2 && broken * 100 > finished * 20, "{broken} of {finished}");
    // Somebody insists, as often as more of them break.
    for half_hours in 7..15 {
        run.fleet.rollout().expect("under way").resume();
        run.until(half_hours * HOUR / 2);
    }
    assert_eq!(run.installed_at.len(), 1000);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = || {
        let mut run = Run::new(World::new((0..200).map(mixed)), Limits { concurrency: 20, retries: 5 });
        run.until(HOUR);
        (run.begun, run.installed_at)
    };
    assert_eq!(run(), run());
}

#[test]
fn an_upgrade_reaches_the_fleet() {
    let mut run = Run::new(World::new((0..100).map(|_| Kind::Adopted)), Limits::default());
    run.until(10 * MINUTE);
    run.world.desired.version = "1.1".into();
    for n in 0..100 {
        run.fleet.touch(id(n));
    }
    run.until(30 * MINUTE);
    for host in run.world.hosts.values() {
        assert_eq!(host.device.as_ref().map(|d| d.version.as_str()), Some("1.1"));
        assert_eq!(host.installs, 0);
    }
    assert!((0..100).all(|n| run.progress(id(n)) == Progress::Finished));
}
