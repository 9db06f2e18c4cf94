//! Capture against the running kernel, each test in a cgroup and a pin folder of its own.

mod calls;
mod cost;
mod file;
mod network;
mod process;
mod ring;
mod takeover;

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::{Capture, CaptureConfig, Event, EventKind, default_pin_dir};

static NEXT: AtomicU32 = AtomicU32::new(0);
const EVENTUALLY: Duration = Duration::from_secs(30);

/// Cgroup, pins and state of one test; all of it goes with the value.
pub(crate) struct Scope {
    pub(crate) name: String,
    pub(crate) cgroup: PathBuf,
    pub(crate) dir: PathBuf,
}

impl Scope {
    /// `None`, with a line that says so, where this machine cannot run the test.
    pub(crate) fn new() -> Option<Self> {
        if !palisade_testkit::kernel_available() {
            return None;
        }
        let Some(unified) = super::cgroups::unified_root() else {
            palisade_testkit::skipped("needs a unified cgroup hierarchy");
            return None;
        };
        let name = format!("pal-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let cgroup = unified.join(&name);
        std::fs::create_dir(&cgroup).expect("a new cgroup");
        let dir = std::env::temp_dir().join(&name);
        std::fs::create_dir(&dir).expect("a new folder");
        Some(Self { name, cgroup, dir })
    }

    pub(crate) fn config(&self) -> CaptureConfig {
        CaptureConfig {
            instance: self.name.clone(),
            state_dir: self.dir.join("state"),
            pin_dir: None,
            scope_cgroup: Some(self.cgroup.clone()),
            forced_rung: None,
            ring_bytes: 1 << 20,
            marks: Vec::new(),
            exclude_paths: Vec::new(),
            hash_max_bytes: 64 << 20,
            build: palisade_sensor_bpf::PROGRAMS,
        }
    }

    pub(crate) fn start(&self, change: impl FnOnce(&mut CaptureConfig)) -> Capture {
        let mut config = self.config();
        change(&mut config);
        let capture = Capture::start(config).expect("capture starts");
        for component in capture.components() {
            assert_eq!(component.state, "ok", "{component:?}");
        }
        capture
    }

    /// A command that runs inside the cgroup.
    pub(crate) fn command(&self, program: &str) -> Command {
        self.command_as(program, 0)
    }

    /// A command that runs inside the cgroup as another user.
    pub(crate) fn command_as(&self, program: &str, uid: u32) -> Command {
        let procs = self.cgroup.join("cgroup.procs");
        let mut command = Command::new(program);
        // SAFETY: only a write and a system call before exec.
        unsafe {
            command.pre_exec(move || {
                std::fs::write(&procs, "0")?;
                nix::unistd::setuid(uid.into()).map_err(Into::into)
            });
        }
        command
    }

    /// Runs a shell script inside the cgroup and waits for it.
    pub(crate) fn sh(&self, script: &str) -> i32 {
        let status = self.command("/bin/sh").args(["-c", script]).status().expect("a shell");
        status.code().unwrap_or(-1)
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        let _ = std::fs::write(self.cgroup.join("cgroup.kill"), "1");
        let _ = Capture::detach(&default_pin_dir(&self.name));
        let end = Instant::now() + EVENTUALLY;
        while std::fs::remove_dir(&self.cgroup).is_err() && Instant::now() < end {
            std::thread::yield_now();
        }
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Drains and commits until `enough` holds for all events so far.
pub(crate) fn collect(capture: &mut Capture, enough: impl Fn(&[Event]) -> bool) -> Vec<Event> {
    let end = Instant::now() + EVENTUALLY;
    let mut events = Vec::new();
    loop {
        capture.drain(&mut events);
        capture.commit();
        if enough(&events) {
            return events;
        }
        assert!(Instant::now() < end, "not in time; got {events:#?}");
        capture.wait(Duration::from_millis(20)).expect("a wait");
    }
}

pub(crate) fn created(event: &Event) -> Option<&super::ProcessInfo> {
    match &event.kind {
        EventKind::ProcessCreated(process) => Some(process),
        _ => None,
    }
}

pub(crate) fn ended(events: &[Event], pid: u32) -> bool {
    events
        .iter()
        .any(|e| matches!(&e.kind, EventKind::ProcessTerminated { process, .. } if process.pid == pid))
}
