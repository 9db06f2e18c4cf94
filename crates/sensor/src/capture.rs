//! From the kernel's ring to events with names, paths, hashes and processes.
//!
//! A drain reads records and leaves them in the ring; [`Capture::commit`] gives their room back.
//! The caller stores what it drained in between, so that a killed sensor finds in the ring what
//! it had not stored, and skips by the stored marks what it had.

mod cgroups;
mod clock;
mod command;
mod counters;
mod decode;
mod error;
mod event;
pub mod facts;
mod files;
mod hash;
mod ladder;
mod load;
mod maps;
mod misses;
mod mounts;
mod policy;
mod proc;
mod process;
mod remote;
mod resolve;
mod ring;
mod scan;
mod sequence;
mod users;
mod walk;

#[cfg(test)]
mod kernel_tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use libbpf_rs::MapCore;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use palisade_sensor_bpf::PROGRAMS;
use palisade_sensor_bpf::layout::{self, Net};

pub use cgroups::unified_mount;
#[cfg(test)]
pub(crate) use counters::names as counter_names;
pub use counters::{CaptureCounters, ComponentState};
pub use error::CaptureError;
pub use event::{Event, EventKind, ProcessInfo};
pub use mounts::BPFFS;

use clock::Clock;
use counters::RunCounts;
use decode::Record;
use files::Files;
use maps::SharedMaps;
use misses::Misses;
use process::ProcessCache;
use resolve::Resolver;
use ring::Ring;
use sequence::Sequences;

/// Waiting bytes past which the kernel wakes us; below, the caller's timer does.
const WAKE_BYTES: u64 = 512 << 10;
/// Most records in one drain, so that its memory is bounded.
const DRAIN_RECORDS: usize = 4096;
/// How often losses without a later record are looked for, and the clock compared.
const SETTLE_EVERY: Duration = Duration::from_secs(1);

/// What capture is to do.
#[derive(Clone, Debug)]
pub struct CaptureConfig {
    /// Names the instance in pins.
    pub instance: String,
    /// The sensor's own folder; its files are not reported.
    pub state_dir: PathBuf,
    /// Where pins lie; `None` is `palisade-<instance>` in [`BPFFS`].
    pub pin_dir: Option<PathBuf>,
    /// Folder of the cgroup (unified hierarchy) whose subtree is watched; `None` is the machine.
    pub scope_cgroup: Option<PathBuf>,
    /// Only this rung of every ladder (its last where it has fewer); for tests.
    pub forced_rung: Option<u8>,
    /// Room in the ring when it is created; rounded up to a power of two of pages.
    pub ring_bytes: u32,
    /// [`DrainMark::marks`] of the last stored drain; empty if there is none.
    pub marks: Vec<u64>,
    /// Folders whose files are not reported (the server's data).
    pub exclude_paths: Vec<PathBuf>,
    /// Larger executables are not hashed.
    pub hash_max_bytes: u64,
    /// Names the programs; [`PROGRAMS`] but in tests.
    pub build: u64,
}

impl CaptureConfig {
    /// The folder of the pins.
    pub fn pins(&self) -> PathBuf {
        self.pin_dir.clone().unwrap_or_else(|| default_pin_dir(&self.instance))
    }
}

/// Where an instance's pins lie unless it is told otherwise.
pub fn default_pin_dir(instance: &str) -> PathBuf {
    Path::new(BPFFS).join(format!("palisade-{instance}"))
}

/// How far a drain came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DrainMark {
    /// To be stored with the drained events and given back in [`CaptureConfig::marks`].
    pub marks: Vec<u64>,
    /// More records wait already.
    pub more: bool,
    /// Records read, reported or not.
    pub records: usize,
}

/// A running capture. Dropping it leaves programs and ring in place for the next run.
#[derive(Debug)]
pub struct Capture {
    maps: SharedMaps,
    ring: Ring,
    epoll: Epoll,
    sequences: Sequences,
    processes: ProcessCache,
    resolver: Resolver,
    files: Files,
    components: Vec<ComponentState>,
    misses: Misses,
    /// What earlier programs missed, and with it what those of now did.
    missed: (u64, u64),
    /// Folder, number and depth of the cgroup that is watched.
    scope: Option<(PathBuf, u64, u32)>,
    /// Depth of the root of our cgroup namespace.
    hidden: u32,
    generation: u64,
    settled: Instant,
    marks_used: bool,
    reused: bool,
}

impl Capture {
    /// Attaches what this kernel allows, or takes over what an earlier run left attached.
    ///
    /// # Errors
    /// Only if there is no place for pins or the shared maps cannot be made; a component that
    /// does not attach is a state in [`Capture::components`].
    pub fn start(config: CaptureConfig) -> Result<Self, CaptureError> {
        let pins = config.pins();
        load::listen_to_libbpf();
        mounts::create_pin_dir(&pins)?;
        let (maps, reused) = match SharedMaps::open(&pins) {
            Some(maps) => (maps, true),
            None => {
                clear(&pins);
                (SharedMaps::create(&pins, ring_size(config.ring_bytes))?, false)
            }
        };
        let (scope_cgroup, scope_level, hidden) = match &config.scope_cgroup {
            Some(path) => {
                let hidden = cgroups::hidden_depth(|| scan::tasks(&maps).0)?;
                let (id, level) = cgroups::identify(path, hidden)?;
                (id, level, hidden)
            }
            None => (0, 0, 0),
        };
        let mut settings = maps.config()?;
        let before = Misses::of(&pins).count();
        let taken_over = settings.programs != 0 && settings.programs != config.build;
        if taken_over {
            // They go on until ours are attached, so that nothing is missed in between.
            load::put_aside(&ladder::ladders(), &pins);
        } else {
            settings.programs = config.build;
            load::remove_aside(&pins);
        }
        let clock = Clock::from_config(&settings);
        clock.store(&mut settings);
        settings.scope_cgroup = scope_cgroup;
        settings.scope_level = scope_level;
        settings.self_tgid = std::process::id();
        settings.self_tick = proc::task(settings.self_tgid).map_or(0, |own| own.start / proc::TICK_NS);
        settings.wake_bytes = WAKE_BYTES;
        settings.abi = u32::from(layout::ABI);
        if settings.generation == 0 {
            settings.generation = new_generation()?;
        }
        maps.set_config(&settings)?;
        maps.set_prefixes(&policy::Policy::kernel_prefixes())?;

        let (sequences, marks_used) =
            Sequences::start(settings.generation, maps.cpus(), !reused, &config.marks);
        let ring = Ring::map(maps.fd(maps::EVENTS).expect("a shared map"), maps.events.max_entries())?;
        let epoll = watch(&maps)?;
        let build = load::Build { number: config.build, shared: &maps, pins: Some(&pins) };
        let components = ladder::ladders()
            .iter()
            .map(|ladder| load::bring_up(ladder, &pins, &build, config.forced_rung))
            .collect::<Vec<_>>();
        let fresh = |component: &ComponentState| component.state == "ok" && component.detail != load::REUSED;
        let replaced = reused && !taken_over && components.iter().any(fresh);
        let misses = Misses::of(&pins);
        let missed = misses.count();
        settings.missed += before.saturating_sub(missed);
        // From here on ours act. Of the same event the earlier ones run first, so none falls between.
        settings.programs = config.build;
        maps.set_config(&settings)?;
        load::remove_aside(&pins);

        let mount_ns = own_mount_ns();
        let mut resolver = Resolver {
            users: users::Users::new("/etc/passwd"),
            cgroups: cgroups::Cgroups::new(),
            hashes: hash::HashCache::new(config.hash_max_bytes),
            remote: remote::RemoteMounts::default(),
            own_mount_ns: mount_ns,
            clock,
            counts: RunCounts {
                programs_replaced: u64::from(replaced),
                programs_taken_over: u64::from(taken_over),
                ..RunCounts::default()
            },
            boot: resolve::boot_id(),
            no_text: Arc::from(""),
        };
        let excluded = config.exclude_paths.iter().chain([&config.state_dir]);
        let policy =
            policy::Policy::new(excluded.map(|path| {
                path.canonicalize().unwrap_or_else(|_| path.clone()).to_string_lossy().into_owned()
            }));
        let mut processes = ProcessCache::default();
        let (tasks, exact) = scan::tasks(&maps);
        processes.scan(&tasks, &mut resolver);
        tracing::info!(processes = tasks.len(), exact, reused, "capture started");
        Ok(Self {
            maps,
            ring,
            epoll,
            sequences,
            processes,
            files: Files::new(policy, mount_ns),
            resolver,
            components,
            misses,
            missed: (settings.missed, settings.missed + missed),
            scope: config.scope_cgroup.map(|path| (path, scope_cgroup, scope_level)),
            hidden,
            generation: settings.generation,
            settled: Instant::now(),
            marks_used,
            reused,
        })
    }

    /// Waits until much data is there or the time is over; 100 ms is a good time.
    ///
    /// # Errors
    /// When the kernel refuses the wait.
    pub fn wait(&self, timeout: Duration) -> Result<bool, CaptureError> {
        let ms = u16::try_from(timeout.as_millis()).unwrap_or(u16::MAX);
        let mut events = [EpollEvent::empty()];
        match self.epoll.wait(&mut events, EpollTimeout::from(ms)) {
            Ok(n) => Ok(n > 0),
            Err(nix::errno::Errno::EINTR) => Ok(false),
            Err(error) => Err(CaptureError::io("ring_wait_failed", error.into())),
        }
    }

    /// Appends the events that wait, up to a bound; they stay in the ring until
    /// [`Capture::commit`].
    pub fn drain(&mut self, events: &mut Vec<Event>) -> DrainMark {
        let Self { ring, sequences, processes, resolver, files, generation, .. } = self;
        let mut records = 0;
        let before = events.len();
        let more = ring.drain(DRAIN_RECORDS, |bytes| {
            records += 1;
            let Some(header) = decode::header(bytes) else {
                resolver.counts.parse_failures += 1;
                return;
            };
            let fresh = sequences.take(header.cpu, header.level, header.seq);
            let Some(record) = decode::record(&header, bytes) else {
                resolver.counts.parse_failures += u64::from(fresh);
                return;
            };
            if !fresh {
                // Stored already; but the cache of this run has not seen it.
                learn(record, processes, resolver);
                return;
            }
            let id = resolver.report_id(*generation, header.cpu, header.level, header.seq);
            let time_us = resolver.clock.utc_us(header.ktime);
            // A record that shows a defect of ours is skipped and counted: read again after a new
            // start it would end capture again, for ever.
            let understood =
                catch_unwind(AssertUnwindSafe(|| understand(record, processes, resolver, files)));
            match understood {
                Ok(Some((process, kind))) => events.push(Event { time_us, report_id: id, process, kind }),
                Ok(None) => {}
                Err(_) => resolver.counts.defects += 1,
            }
        });
        resolver.counts.events += (events.len() - before) as u64;
        if !more && !self.ring.blocked() && self.settled.elapsed() >= SETTLE_EVERY {
            self.settle();
        }
        DrainMark { marks: self.sequences.marks(), more, records }
    }

    /// Gives the room of everything that was drained back to the kernel. To be called once the
    /// drained events and their mark are stored.
    pub fn commit(&mut self) {
        self.ring.commit();
    }

    /// Who executed a file, and the process that came of it; see [`ProcessCache::executing`].
    pub fn executing(
        &mut self,
        pid: u32,
        path: &str,
    ) -> (Option<Arc<ProcessInfo>>, Option<Arc<ProcessInfo>>) {
        self.processes.executing(pid, path, &mut self.resolver)
    }

    fn settle(&mut self) {
        self.settled = Instant::now();
        self.missed.1 = self.missed.0 + self.misses.count();
        if let Ok(states) = self.maps.cpu_states() {
            self.sequences.settle(states.iter().flat_map(|state| state.seq));
        }
        let stepped = self.resolver.clock.follow();
        let moved = self.scope_moved();
        if !stepped && !moved {
            return;
        }
        self.resolver.counts.clock_steps += u64::from(stepped);
        self.resolver.counts.scope_renewed += u64::from(moved);
        if let Ok(mut config) = self.maps.config() {
            self.resolver.clock.store(&mut config);
            if let Some((_, id, level)) = &self.scope {
                (config.scope_cgroup, config.scope_level) = (*id, *level);
            }
            let _ = self.maps.set_config(&config);
        }
    }

    /// Whether the scope's cgroup was removed and made anew, as a restarted service's is.
    fn scope_moved(&mut self) -> bool {
        let Some((path, id, level)) = &mut self.scope else { return false };
        let ino =
            |path: &Path| std::fs::metadata(path).map(|meta| std::os::unix::fs::MetadataExt::ino(&meta));
        if *id == 0 || ino(path).is_ok_and(|now| now == *id) {
            return false;
        }
        match cgroups::identify(path, self.hidden) {
            Ok(now) if now != (*id, *level) => {
                (*id, *level) = now;
                true
            }
            _ => false,
        }
    }

    /// All counters as they are now.
    pub fn counters(&self) -> CaptureCounters {
        let states = self.maps.cpu_states().unwrap_or_default();
        let sequences = &self.sequences;
        let run = &self.resolver.counts;
        CaptureCounters::collect(run, sequences.gaps, sequences.skipped, self.missed.1, &states)
    }

    /// Components with their states.
    pub fn components(&self) -> &[ComponentState] {
        &self.components
    }

    /// Whether programs and ring of an earlier run were taken over.
    pub fn reused(&self) -> bool {
        self.reused
    }

    /// Whether the marks given at start belong to this ring. If not, and there were some, the
    /// ring was made anew since, and what happened in between is not known.
    pub fn marks_used(&self) -> bool {
        self.marks_used
    }

    /// Bytes in the ring that are not committed, and its room.
    pub fn ring_bytes(&self) -> (u64, u64) {
        (self.ring.waiting(), u64::from(self.maps.events.max_entries()))
    }

    /// Processes in the cache that live.
    pub fn processes_cached(&self) -> usize {
        self.processes.len()
    }

    /// Removes all pins of an instance, which ends its programs, and the bpffs if a sensor
    /// mounted it and nothing else is in it. Returns whether there were pins.
    ///
    /// # Errors
    /// When a pin or the mount cannot be removed.
    pub fn detach(pin_dir: &Path) -> Result<bool, CaptureError> {
        mounts::remove_pin_dir(pin_dir)
    }
}

/// A record that is stored already only teaches the cache.
fn learn(record: Record<'_>, processes: &mut ProcessCache, resolver: &mut Resolver) {
    match record {
        Record::Exec { fixed, path, cwd, argv } => {
            processes.exec(&fixed, &path, &cwd, argv, resolver);
        }
        Record::Fork(fork) => processes.fork(&fork, resolver),
        Record::Exit(exit) => {
            processes.exit(&exit.h, resolver);
        }
        Record::Net { .. } | Record::File { .. } => {}
    }
}

fn understand(
    record: Record<'_>,
    processes: &mut ProcessCache,
    resolver: &mut Resolver,
    files: &mut Files,
) -> Option<(Option<Arc<ProcessInfo>>, EventKind)> {
    match record {
        Record::Exec { fixed, path, cwd, argv } => {
            let (image, maker) = processes.exec(&fixed, &path, &cwd, argv, resolver);
            Some((maker, EventKind::ProcessCreated(image)))
        }
        Record::Fork(fork) => {
            processes.fork(&fork, resolver);
            None
        }
        Record::Exit(exit) => {
            let Some((process, parent)) = processes.exit(&exit.h, resolver) else {
                resolver.counts.repeated_exit += 1;
                return None;
            };
            let (exit_code, signal) = ((exit.code >> 8) & 0xff, exit.code & 0x7f);
            Some((parent, EventKind::ProcessTerminated { process, exit_code, signal }))
        }
        Record::Net { fixed, success } => {
            let (Some(local), Some(remote)) = (address(&fixed, &fixed.saddr), address(&fixed, &fixed.daddr))
            else {
                resolver.counts.parse_failures += 1;
                return None;
            };
            let kind = EventKind::Connection {
                success,
                local: (local, fixed.sport),
                remote: (remote, fixed.dport),
                error: fixed.error,
            };
            Some((Some(processes.acting(&fixed.h, resolver)), kind))
        }
        Record::File { fixed, a, a_name, b, b_name } => {
            let Some(change) = files.change(&fixed, &a, a_name, &b, b_name) else {
                resolver.counts.outside_policy += 1;
                return None;
            };
            Some((Some(processes.acting(&fixed.h, resolver)), EventKind::File(change)))
        }
    }
}

fn address(net: &Net, bytes: &[u8; 16]) -> Option<IpAddr> {
    match i32::from(net.family) {
        libc::AF_INET => {
            let four: [u8; 4] = bytes[..4].try_into().ok()?;
            Some(IpAddr::V4(Ipv4Addr::from(four)))
        }
        // A socket of version 6 may speak version 4.
        libc::AF_INET6 => Some(Ipv6Addr::from(*bytes).to_canonical()),
        _ => None,
    }
}

fn watch(maps: &SharedMaps) -> Result<Epoll, CaptureError> {
    let failed = |error: nix::errno::Errno| CaptureError::io("ring_wait_failed", error.into());
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(failed)?;
    // Edge-triggered: data that waits for a commit must not keep us awake.
    let event = EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLET, 0);
    epoll.add(maps.fd(maps::EVENTS).expect("a shared map"), event).map_err(failed)?;
    Ok(epoll)
}

/// Removes pins of another layout.
fn clear(pins: &Path) {
    for ladder in ladder::ladders() {
        load::remove_links(ladder.name, pins);
    }
    load::remove_aside(pins);
    load::remove_state(pins);
    for name in maps::SHARED {
        let _ = std::fs::remove_file(pins.join(name));
    }
}

/// Loads the programs of one component, as capture would, and lets them go again: nothing is
/// attached or pinned.
///
/// # Errors
/// What the kernel said to each rung.
pub fn trial_load() -> Result<(), CaptureError> {
    load::listen_to_libbpf();
    let maps = SharedMaps::unpinned(ring_size(0))?;
    let [ladder, ..] = ladder::ladders();
    load::trial(&ladder, &load::Build { number: PROGRAMS, shared: &maps, pins: None })
}

fn ring_size(wanted: u32) -> u32 {
    const LEAST: u32 = 64 << 10;
    const MOST: u32 = 1 << 30;
    wanted.clamp(LEAST, MOST).next_power_of_two()
}

fn new_generation() -> Result<u64, CaptureError> {
    let mut bytes = [0; 8];
    crate::random::fill(&mut bytes)
        .map_err(|error| CaptureError::other("random_failed", error.to_string()))?;
    Ok(u64::from_ne_bytes(bytes) | 1)
}

/// The mount namespace whose paths are those that we see. A hardened service has one of its own, but
/// what it sees is what the machine's first process sees.
fn own_mount_ns() -> u32 {
    let number = |path: &str| std::fs::metadata(path).map(|m| std::os::unix::fs::MetadataExt::ino(&m) as u32);
    let first = if crate::scope::is_chroot() { None } else { number("/proc/1/ns/mnt").ok() };
    first.or_else(|| number("/proc/self/ns/mnt").ok()).unwrap_or(0)
}
