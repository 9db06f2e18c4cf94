//! Whether this sensor sees a whole machine or is itself inside of something: a sensor in a
//! container or in a root of its own watches only its own cgroup.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::capture::unified_mount;
use crate::files::read_text;

/// The kernel's number of the pid namespace that machines start with.
const FIRST_PID_NS: u64 = 0xEFFF_FFFC;

/// A supervised sensor has a cgroup of its own below the one that it watches.
pub const OWN_CGROUP: &str = "palisade-sensor";

/// What a sensor finds itself in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The machine itself.
    Machine,
    /// A container with processes numbered by itself.
    Container,
    /// A root that is not that of the machine's first process.
    Chroot,
}

/// Where this process is.
pub fn place() -> Place {
    let pid_ns = std::fs::metadata("/proc/self/ns/pid").map(|m| m.ino());
    if pid_ns.is_ok_and(|n| n != FIRST_PID_NS) {
        return Place::Container;
    }
    if is_chroot() { Place::Chroot } else { Place::Machine }
}

/// Whether the root of this process is another than that of process 1.
pub fn is_chroot() -> bool {
    let identity = |m: std::fs::Metadata| (m.dev(), m.ino());
    match (std::fs::metadata("/proc/1/root/."), std::fs::metadata("/")) {
        (Ok(first), Ok(own)) => identity(first) != identity(own),
        // A security module may keep process 1 from us. Then the table of mounts says it: that of
        // the first root hangs in the kernel's own one, which has the number 1.
        _ => !is_first_root(&read_text("/proc/self/mountinfo")),
    }
}

fn is_first_root(mountinfo: &str) -> bool {
    mountinfo.lines().any(|l| {
        let fields: Vec<&str> = l.split(' ').take(5).collect();
        matches!(fields[..], [own, parent, _, _, "/"] if parent == "1" || own == "1")
    })
}

/// The cgroup whose subtree this sensor watches by itself, and why; `None` for the whole machine.
///
/// # Errors
/// It is inside of something and cannot tell which cgroup is its own. It must not watch anything
/// then, since what it saw would be of others.
pub fn own() -> Result<Option<(PathBuf, &'static str)>, String> {
    let (process, why) = match place() {
        Place::Machine => return Ok(None),
        // The first process of a container is in its cgroup, whatever starts services inside of it.
        Place::Container => ("1", "in a container"),
        Place::Chroot => ("self", "in a root that is not the machine's"),
    };
    let cgroup = read_text(format!("/proc/{process}/cgroup"));
    let unknown = |what: &str| format!("the sensor runs {why}, and {what}: set `scope` in sensor.toml");
    let path = unified(&cgroup).ok_or_else(|| unknown("there is no unified cgroup hierarchy"))?;
    let (mounted, at) = unified_mount().ok_or_else(|| unknown("no cgroup2 is mounted"))?;
    let below =
        below(&path, &mounted).ok_or_else(|| unknown("its cgroup lies outside of the mounted one"))?;
    Ok(Some((at.join(below), why)))
}

/// The cgroup of a process in the unified hierarchy, without what the sensor or an init system
/// puts below it.
fn unified(text: &str) -> Option<String> {
    let path = text.lines().find_map(|l| l.strip_prefix("0::"))?.trim();
    let path = path.strip_suffix(" (deleted)").unwrap_or(path);
    let own = format!("/{OWN_CGROUP}");
    let path = path.strip_suffix(own.as_str()).or_else(|| path.strip_suffix("/init.scope")).unwrap_or(path);
    Some(if path.is_empty() { "/".into() } else { path.to_owned() })
}

/// The part of a cgroup's path below the one that is mounted.
fn below(path: &str, mounted: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    if path.components().any(|c| matches!(c, std::path::Component::ParentDir)) {
        return None;
    }
    // In a namespace of cgroups the mount's root is written from the outside.
    let mounted = if mounted.starts_with("/..") { "/" } else { mounted };
    path.strip_prefix(mounted).ok().map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cgroup_is_that_of_the_host_not_of_a_service_in_it() {
        let found = |t: &str| unified(t);
        assert_eq!(found("4:memory:/x\n0::/host1\n").as_deref(), Some("/host1"));
        assert_eq!(found("0::/host1/palisade-sensor\n").as_deref(), Some("/host1"));
        assert_eq!(found("0::/init.scope\n").as_deref(), Some("/"));
        assert_eq!(found("0::/lxc/a/init.scope\n").as_deref(), Some("/lxc/a"));
        assert_eq!(found("0::/\n").as_deref(), Some("/"));
        assert_eq!(found("1:name=systemd:/\n"), None);
        assert_eq!(below("/a/b", "/a"), Some("b".into()));
        assert_eq!(below("/a/b", "/"), Some("a/b".into()));
        assert_eq!(below("/b", "/a"), None);
        assert_eq!(below("/../b", "/"), None);
    }

    #[test]
    fn the_first_root_is_known_by_its_mount() {
        assert!(is_first_root(
            "22 27 0:21 / /proc rw - proc proc rw\n27 1 254:0 / / rw - ext4 /dev/vda rw\n"
        ));
        assert!(!is_first_root("90 80 254:0 /srv/h1 / rw - ext4 /dev/vda rw\n"));
        assert!(!is_first_root("22 27 0:21 / /proc rw - proc proc rw\n"));
    }

    #[test]
    fn this_machine_is_one_or_the_scope_is_known() {
        if place() == Place::Machine {
            assert_eq!(own(), Ok(None));
        }
    }
}
