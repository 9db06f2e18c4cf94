//! What /proc says of a process, for those that no event has described.

use palisade_sensor_bpf::layout::Task;

/// Ticks of /proc per second; fixed in the kernel's interface.
const TICKS: u64 = 100;
/// Nanoseconds in a tick.
pub(crate) const TICK_NS: u64 = 1_000_000_000 / TICKS;
/// Longest command line that is read.
const ARGV_MAX: usize = 4096;

/// Texts of a live process.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    pub(crate) path: String,
    pub(crate) cwd: String,
    pub(crate) argv: Vec<u8>,
    pub(crate) argv_truncated: bool,
}

/// Path, working directory and arguments; parts that are gone stay empty.
pub(crate) fn texts(pid: u32) -> Texts {
    use std::io::Read;
    let link = |name: &str| {
        std::fs::read_link(format!("/proc/{pid}/{name}"))
            .map(|p| p.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let mut argv = Vec::new();
    if let Ok(file) = std::fs::File::open(format!("/proc/{pid}/cmdline")) {
        let _ = file.take(ARGV_MAX as u64 + 1).read_to_end(&mut argv);
    }
    let argv_truncated = argv.len() > ARGV_MAX;
    argv.truncate(ARGV_MAX);
    let mut path = link("exe");
    if let Some(name) = path.strip_suffix(" (deleted)") {
        path = name.to_owned();
    }
    Texts { path, cwd: link("cwd"), argv, argv_truncated }
}

/// Whether /proc means the same process by this number.
pub(crate) fn is(known: &Task) -> bool {
    stat(known.tgid).is_some_and(|t| t.start == known.start / TICK_NS * TICK_NS)
}

/// Pids of all processes.
pub(crate) fn pids() -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries.filter_map(Result::ok).filter_map(|e| e.file_name().to_str()?.parse().ok()).collect()
}

/// A process as the task iterator would give it, with the start rounded down to a tick and no
/// exec count.
pub(crate) fn task(pid: u32) -> Option<Task> {
    let mut task = stat(pid)?;
    if let Some(parent) = stat(task.ppid) {
        task.pstart = parent.start;
    }
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let ids = |key: &str| -> (u32, u32) {
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or("");
        let mut fields = line.split_whitespace().map(|f| f.parse().unwrap_or(0));
        (fields.next().unwrap_or(0), fields.next().unwrap_or(0))
    };
    (task.uid, task.euid) = ids("Uid:");
    (task.gid, task.egid) = ids("Gid:");
    let number = |name: &str| {
        std::fs::read_to_string(format!("/proc/{pid}/{name}"))
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(u32::MAX)
    };
    task.loginuid = number("loginuid");
    task.session = number("sessionid");
    Some(task)
}

fn stat(pid: u32) -> Option<Task> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name is in parentheses and may contain any character.
    let (left, right) = text.rsplit_once(')')?;
    let name = left.split_once('(')?.1;
    let fields: Vec<&str> = right.split_whitespace().collect();
    let number = |at: usize| fields.get(at).and_then(|f| f.parse::<u64>().ok());
    let mut comm = [0; 16];
    let len = name.len().min(15);
    comm[..len].copy_from_slice(&name.as_bytes()[..len]);
    Some(Task {
        tgid: pid,
        ppid: number(1)? as u32,
        pgid: number(2)? as u32,
        sid: number(3)? as u32,
        start: number(19)? * TICK_NS,
        comm,
        ..Task::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_described() {
        let own = task(std::process::id()).expect("we live");
        assert_eq!(own.ppid, std::os::unix::process::parent_id());
        assert!(own.start > 0 && is(&own));
        assert!(!is(&Task { start: own.start + TICK_NS, ..own }));
        assert!(texts(own.tgid).path.starts_with('/'));
        assert!(pids().contains(&own.tgid));
    }
}
