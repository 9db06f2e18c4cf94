//! Linux hosts of a test's own: each with its root file system, address and real sshd, on a bridge
//! that this machine is on too.
//!
//! [`NamespaceHost`] is up within a second and shares this machine's kernel; [`SystemdGuest`] is a virtual
//! machine with its own kernel and systemd. Values end what they stand for when they are dropped,
//! and so does the end of the process that holds them, whatever ended it.

mod at_end;
mod guest;
mod namespace;
mod network;
mod parts;
mod ssh;

pub use at_end::AtEnd;
pub use guest::SystemdGuest;
pub use namespace::{Disk, NamespaceHost};
pub use network::{Cable, Network};
pub use ssh::{Key, Login};

use std::path::Path;
use std::process::{Command, Stdio};

/// What keeps hosts in namespaces from running here, and where it is to be had; `None` if nothing.
pub fn lacks() -> Option<String> {
    if !nix::unistd::geteuid().is_root() {
        return Some("hosts need root".into());
    }
    if namespace::unified_hierarchy().is_none() {
        return Some("hosts need a mounted unified cgroup hierarchy".into());
    }
    let listed = std::fs::read_to_string("/proc/filesystems").unwrap_or_default();
    if !listed.lines().any(|l| l.ends_with("\toverlay")) {
        return Some("hosts need a kernel with overlayfs".into());
    }
    ["debootstrap", "ssh", "ssh-keygen", "ip", "unshare", "nsenter"].into_iter().find_map(missing)
}

/// The same for guests.
pub fn lacks_for_guests() -> Option<String> {
    if !cfg!(target_arch = "x86_64") {
        return Some("guests are x86_64".into());
    }
    if !Path::new("/dev/net/tun").exists() {
        return Some("guests need /dev/net/tun".into());
    }
    lacks().or_else(|| ["qemu-system-x86_64", "cpio", "busybox"].into_iter().find_map(missing))
}

/// Builds and fetches what hosts are made of where that is not in the cache; why it cannot be done here.
pub fn cannot_prepare(guests: bool) -> Option<String> {
    let made = parts::rootfs("folder").and_then(|_| {
        if guests {
            parts::rootfs("image")?;
            parts::kernel(guest::KERNEL)?;
        }
        Ok(())
    });
    made.err().map(|e| format!("hosts cannot be made: {e:#}"))
}

fn missing(program: &str) -> Option<String> {
    let found = Command::new("sh")
        .args(["-c", "command -v \"$1\"", "sh", program])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    (!found.is_ok_and(|s| s.success())).then(|| format!("hosts need {program}: scripts/setup.sh test"))
}
