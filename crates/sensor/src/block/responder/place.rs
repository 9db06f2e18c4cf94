//! Where the responder lives: outside of the sensor's bounds, with locked memory, ahead of others.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::PathBuf;

use nix::sys::mman::{MlockAllFlags, mlockall};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::files::read_text;

/// Descriptors: one for each execution that is being answered, and few more.
const DESCRIPTORS: u64 = 4096;

/// Takes the place; what could not be had goes into `notes`. A scoped sensor's responder stays in its scope.
pub fn settle(scoped: bool, notes: &mut Vec<String>) {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < DESCRIPTORS
    {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, DESCRIPTORS.min(hard), hard);
    }
    if !scoped {
        leave_bounds();
    }
    // Of all that waits for a processor it goes first, and it is not the first to be ended for memory: its end
    // is harmless, but a machine that is short of memory should not lose what guards it for that.
    // SAFETY: only this process's own priority is changed; a refusal changes nothing.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, -10);
    }
    let _ = std::fs::write("/proc/self/oom_score_adj", "-500");
    // A page that has to come from a disk could have to wait for somebody who waits for an answer.
    if let Err(e) = mlockall(MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE) {
        notes.push(format!("its memory is not locked: {e}"));
    }
}

/// Moves this process into the first cgroup of every hierarchy, which has no bounds.
fn leave_bounds() {
    if let Some(procs) = unified_procs() {
        let _ = nix::unistd::write(procs, b"0");
    }
    for mounted in roots(&read_text("/proc/self/mountinfo")) {
        // Where it may not, it stays: the watchdog holds there as well.
        let _ = std::fs::write(mounted.join("cgroup.procs"), "0");
    }
}

/// The list of processes of the unified hierarchy's first cgroup, by a mount that is nowhere attached: a hardened
/// service sees the attached one as read-only.
fn unified_procs() -> Option<OwnedFd> {
    const CREATE: libc::c_uint = 6;
    let owned = |fd: libc::c_long| {
        let fd = i32::try_from(fd).ok().filter(|fd| *fd >= 0)?;
        // SAFETY: the system call gave it to nobody else.
        Some(unsafe { OwnedFd::from_raw_fd(fd) })
    };
    // SAFETY: texts end with a zero byte, absent ones are null, and the descriptors live.
    unsafe {
        let fs = owned(libc::syscall(libc::SYS_fsopen, c"cgroup2".as_ptr(), 1))?;
        let none = std::ptr::null::<libc::c_char>();
        if libc::syscall(libc::SYS_fsconfig, fs.as_raw_fd(), CREATE, none, none, 0) != 0 {
            return None;
        }
        let mount = owned(libc::syscall(libc::SYS_fsmount, fs.as_raw_fd(), 1, 0))?;
        let flags = libc::O_WRONLY | libc::O_CLOEXEC;
        owned(libc::c_long::from(libc::openat(mount.as_raw_fd(), c"cgroup.procs".as_ptr(), flags)))
    }
}

/// Where the roots of cgroup hierarchies are mounted.
fn roots(mountinfo: &str) -> Vec<PathBuf> {
    let of = |line: &str| {
        let (before, after) = line.split_once(" - ")?;
        let kind = after.split(' ').next()?;
        let mut fields = before.split(' ').skip(3);
        let (root, at) = (fields.next()?, fields.next()?);
        (matches!(kind, "cgroup" | "cgroup2") && root == "/").then(|| PathBuf::from(at))
    };
    mountinfo.lines().filter_map(of).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_of_cgroup_hierarchies_are_found() {
        let text = "25 22 0:23 / /sys/fs/cgroup rw shared:9 - tmpfs tmpfs rw\n\
            26 25 0:24 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw\n\
            27 25 0:25 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
            28 25 0:26 /docker/x /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n";
        let found = roots(text);
        assert_eq!(found, ["/sys/fs/cgroup/unified", "/sys/fs/cgroup/memory"].map(PathBuf::from));
    }
}
