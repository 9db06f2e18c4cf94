//! Getting out of what bounds the sensor, and noticing where that is not possible.

use std::path::{Path, PathBuf};

use crate::capture::unified_mount;
use crate::files::read_text;
use crate::scope::OWN_CGROUP;

/// The cgroup of a remediation where the sensor's supervisor made one for the sensor.
const CGROUP: &str = "palisade-remediation";

/// Rights without which a package manager leaves a package half unpacked: of files, of owners, of users.
/// By their numbers in linux/capability.h.
const RIGHTS: [(u32, &str); 6] = [
    (0, "CAP_CHOWN"),
    (1, "CAP_DAC_OVERRIDE"),
    (3, "CAP_FOWNER"),
    (4, "CAP_FSETID"),
    (6, "CAP_SETGID"),
    (7, "CAP_SETUID"),
];

/// Why packages must not be changed by this process: it may not do what they need, or it would be killed
/// in the middle by bounds that are the sensor's.
pub fn unfit() -> Option<String> {
    let status = read_text("/proc/self/status");
    if let Some(why) = lacks(&status) {
        return Some(why);
    }
    let cgroup = read_text("/proc/self/cgroup");
    let own = cgroup.lines().find_map(|l| l.strip_prefix("0::"))?;
    if !own.ends_with(&format!("/{OWN_CGROUP}")) {
        return None;
    }
    leave(own).err().map(|e| format!("the cgroup of the sensor cannot be left: {e}"))
}

fn lacks(status: &str) -> Option<String> {
    let field =
        |key: &str| status.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(':')).map(str::trim);
    let effective = u64::from_str_radix(field("CapEff")?, 16).ok()?;
    let missing: Vec<&str> =
        RIGHTS.iter().filter(|(n, _)| effective >> n & 1 == 0).map(|(_, name)| *name).collect();
    if !missing.is_empty() {
        return Some(format!("the process has no {}", missing.join(", ")));
    }
    // Programs of packages that run as another user would not become it.
    (field("NoNewPrivs") == Some("1")).then(|| "the process may gain no privileges".to_owned())
}

/// Goes from the supervisor's bounded cgroup to one beside it without bounds.
fn leave(own: &str) -> std::io::Result<()> {
    let none = || std::io::Error::other("no cgroup2 is mounted");
    let (mounted, at) = unified_mount().ok_or_else(none)?;
    let below = Path::new(own).strip_prefix(&mounted).map_err(|_| none())?;
    let parent: PathBuf = at.join(below).parent().map(Path::to_owned).ok_or_else(none)?;
    let dir = parent.join(CGROUP);
    match std::fs::create_dir(&dir) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => return Err(e),
        _ => {}
    }
    // Zero is whoever writes it. The empty cgroup is left for the next time.
    std::fs::write(dir.join("cgroup.procs"), "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sandbox_is_noticed() {
        let status = |cap: &str, nnp: &str| format!("Name:\tx\nCapEff:\t{cap}\nNoNewPrivs:\t{nnp}\n");
        assert_eq!(lacks(&status("000001ffffffffff", "0")), None);
        // The sensor's own unit: BPF, PERFMON, SYS_ADMIN, SYS_PTRACE, DAC_READ_SEARCH.
        let unit = lacks(&status("000000c000280004", "1")).expect("it is one");
        assert!(unit.contains("CAP_CHOWN") && unit.contains("CAP_SETUID"), "{unit}");
        assert!(lacks(&status("000001ffffffffff", "1")).is_some());
    }
}
