//! Facts about this machine, read from /proc, /sys and /etc without the C library's name services.

pub mod boot;
mod cloud;
mod info;
pub mod products;
mod usage;
mod users;

use std::collections::BTreeMap;

pub use info::device_info;
pub use usage::{cpu_us, resident_bytes};

use crate::files::read_text;

/// Load averages over 1, 5 and 15 minutes.
pub fn load() -> Vec<f64> {
    read_text("/proc/loadavg").split_whitespace().take(3).filter_map(|n| n.parse().ok()).collect()
}

/// What runs, in numbers.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ProcessSummary {
    /// Processes.
    pub processes: u64,
    /// Threads.
    pub threads: u64,
    /// Processes by real user number.
    pub by_uid: BTreeMap<String, u64>,
}

/// Counts the processes of this machine.
pub fn process_summary() -> ProcessSummary {
    let mut out = ProcessSummary::default();
    let Ok(entries) = std::fs::read_dir("/proc") else { return out };
    for entry in entries.flatten() {
        if !entry.file_name().to_str().is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit())) {
            continue;
        }
        let status = read_text(entry.path().join("status"));
        let field = |name: &str| {
            status
                .lines()
                .find_map(|l| l.strip_prefix(name))
                .and_then(|l| l.split_whitespace().next())
                .map(str::to_owned)
        };
        // A process that ended meanwhile has no status.
        if let Some(uid) = field("Uid:") {
            out.processes += 1;
            out.threads += field("Threads:").and_then(|n| n.parse().ok()).unwrap_or(1);
            *out.by_uid.entry(uid).or_default() += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_machine_runs_something() {
        let s = super::process_summary();
        assert!(s.processes > 0 && s.threads >= s.processes);
        assert_eq!(s.by_uid.values().sum::<u64>(), s.processes);
        assert_eq!(super::load().len(), 3);
    }
}
