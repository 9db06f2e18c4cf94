//! One process, as `/proc` describes it. Command lines and environments are not read: they hold secrets.

use std::path::{Path, PathBuf};

use super::cgroup::{self, Container};
use crate::limits::Limits;
use crate::model::Source;
use crate::root::Mount;

const MAX_TEXT: u64 = 64 << 10;
const MAX_MOUNTS: u64 = 4 << 20;

#[derive(Debug, Default)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) name: String,
    /// A thread of the kernel.
    pub(super) kernel: bool,
    /// It waits and cannot be interrupted.
    pub(super) waits: bool,
    pub(super) program: String,
    pub(super) unit: String,
    pub(super) container: Container,
    pub(super) network: String,
    pub(super) mounts: String,
}

/// All processes; those that end meanwhile are left out.
pub(super) fn all(proc: &Path, limits: &Limits) -> (Vec<Process>, Source) {
    let mut pids: Vec<u32> = Vec::new();
    let read = std::fs::read_dir(proc);
    let entries = match read {
        Ok(entries) => entries,
        Err(e) => return (Vec::new(), Source::failed("processes", "/proc", 0, &e.into())),
    };
    for entry in entries.flatten() {
        pids.extend(entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()));
    }
    pids.sort_unstable();
    let cut = pids.len() > limits.processes;
    pids.truncate(limits.processes);
    let processes: Vec<Process> = pids.iter().filter_map(|pid| one(proc, *pid)).collect();
    let source = if cut {
        Source::failed("processes", "/proc", processes.len(), &crate::InventoryError::TooMany("processes"))
    } else {
        Source::read("processes", "/proc", processes.len())
    };
    (processes, source)
}

fn one(proc: &Path, pid: u32) -> Option<Process> {
    let folder = proc.join(pid.to_string());
    let status = read_text(&folder.join("status"), MAX_TEXT)?;
    let field =
        |key: &str| status.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(':')).unwrap_or("").trim();
    let mut p = Process {
        pid,
        name: field("Name").to_owned(),
        // Without memory of its own it is a thread of the kernel, or has ended.
        kernel: field("VmSize").is_empty(),
        waits: field("State").starts_with('D'),
        ..Process::default()
    };
    if field("State").starts_with('Z') {
        return None;
    }
    if p.kernel {
        return Some(p);
    }
    p.program = link(&folder.join("exe"));
    if let Some(path) = p.program.strip_suffix(" (deleted)") {
        p.program = path.to_owned();
    }
    p.network = link(&folder.join("ns/net"));
    p.mounts = link(&folder.join("ns/mnt"));
    let groups = read_text(&folder.join("cgroup"), MAX_TEXT).unwrap_or_default();
    (p.unit, p.container) = cgroup::parse(&groups);
    Some(p)
}

/// What a process is held against to tell whether it sees this root.
pub(super) struct Host {
    mounts: String,
    root: Option<(Vec<u8>, Vec<u8>)>,
}

impl Host {
    pub(super) fn read(proc: &Path) -> Self {
        let own = proc.join("self");
        Self { mounts: link(&own.join("ns/mnt")), root: root_of(&own) }
    }

    /// Whether the process has our root: our mounts, or others over the same file system.
    pub(super) fn has(&self, proc: &Path, p: &Process) -> bool {
        if p.mounts.is_empty() || p.mounts == self.mounts {
            return true;
        }
        self.root.is_some() && root_of(&proc.join(p.pid.to_string())) == self.root
    }
}

/// Device and folder of what is mounted at `/`; the last such mount covers the others.
fn root_of(process: &Path) -> Option<(Vec<u8>, Vec<u8>)> {
    let text = read_text(&process.join("mountinfo"), MAX_MOUNTS)?;
    let mut mounts = text.lines().filter_map(|l| Mount::parse(l.as_bytes()));
    mounts.rfind(|m| m.point == b"/").map(|m| (m.device, m.folder))
}

/// Hands on what each open file of a process is; whether that could be read.
pub(super) fn open_files(proc: &Path, pid: u32, budget: &mut u64, f: &mut dyn FnMut(&str)) -> bool {
    let Ok(entries) = std::fs::read_dir(proc.join(format!("{pid}/fd"))) else {
        return !proc.join(pid.to_string()).exists();
    };
    for entry in entries.flatten() {
        if *budget == 0 {
            break;
        }
        *budget -= 1;
        let target = link(&entry.path());
        if !target.is_empty() {
            f(&target);
        }
    }
    true
}

pub(super) fn read_text(path: &PathBuf, max: u64) -> Option<String> {
    use std::io::Read;
    let mut out = Vec::new();
    std::fs::File::open(path).ok()?.take(max).read_to_end(&mut out).ok()?;
    Some(String::from_utf8_lossy(&out).into_owned())
}

/// What a link says; the process that it is of may have ended.
fn link(path: &Path) -> String {
    std::fs::read_link(path).map(|t| t.to_string_lossy().into_owned()).unwrap_or_default()
}
