//! A cgroup for a supervised sensor, as systemd would make one.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use crate::capture::unified_mount;
use crate::cli::settings::Budget;
use crate::files::read_text;
use crate::scope::OWN_CGROUP;

/// A cgroup with bounds.
#[derive(Debug)]
pub struct Bounds {
    dir: PathBuf,
}

impl Bounds {
    /// Makes the cgroup below the one that this process is in.
    ///
    /// # Errors
    /// Why there can be none: older hierarchies, no controllers, a cgroup that is not ours to divide.
    pub fn make(budget: Budget) -> Result<Self, String> {
        let own = read_text("/proc/self/cgroup");
        let own = own.lines().find_map(|l| l.strip_prefix("0::")).unwrap_or_default();
        let (mounted, at) = unified_mount().ok_or("no cgroup2 is mounted")?;
        let below =
            Path::new(own).strip_prefix(&mounted).map_err(|_| "its cgroup is not below the mounted one")?;
        Self::below(&at.join(below), budget)
    }

    fn below(parent: &Path, budget: Budget) -> Result<Self, String> {
        let there = read_text(parent.join("cgroup.controllers"));
        let there: Vec<&str> = there.split_whitespace().collect();
        let wanted = ["cpu", "memory", "pids"];
        if let Some(none) = wanted.iter().find(|c| !there.contains(c)) {
            return Err(format!("the unified hierarchy has no controller {none} here"));
        }
        let dir = parent.join(OWN_CGROUP);
        match std::fs::create_dir(&dir) {
            Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(format!("{}: {e}", dir.display()));
            }
            _ => {}
        }
        let made = Self { dir };
        let write = |file: PathBuf, text: String| {
            std::fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))
        };
        write(parent.join("cgroup.subtree_control"), "+cpu +memory +pids".into())?;
        for (file, value) in limits(budget) {
            write(made.dir.join(file), value)?;
        }
        Ok(made)
    }

    /// The file that takes a process into the cgroup.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn procs(&self) -> std::io::Result<File> {
        OpenOptions::new().write(true).open(self.dir.join("cgroup.procs"))
    }
}

impl Drop for Bounds {
    fn drop(&mut self) {
        // It is empty once the sensor has ended; a cgroup that is not is left alone.
        let _ = std::fs::remove_dir(&self.dir);
    }
}

fn limits(budget: Budget) -> [(&'static str, String); 4] {
    const PERIOD_US: u64 = 100_000;
    let memory = u64::from(budget.memory_mib) << 20;
    [
        ("cpu.max", format!("{} {PERIOD_US}", u64::from(budget.cpu_percent) * PERIOD_US / 100)),
        ("memory.high", memory.to_string()),
        ("memory.max", (memory + memory / 2).to_string()),
        ("pids.max", budget.tasks.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_unit() {
        let budget = Budget { cpu_percent: 150, memory_mib: 100, tasks: 20 };
        let texts = limits(budget).map(|(_, text)| text);
        assert_eq!(texts, ["150000 100000", "104857600", "157286400", "20"]);
    }

    #[test]
    fn where_there_are_no_controllers_nothing_is_made() {
        let dir = tempfile::TempDir::new().expect("dir");
        let why = Bounds::below(dir.path(), Budget::default()).expect_err("no controllers");
        assert!(why.contains("controller cpu"), "{why}");
        assert!(!dir.path().join(OWN_CGROUP).exists());
    }
}
