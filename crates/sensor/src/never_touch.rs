//! What no action of the sensor may touch: without it a machine does not boot, cannot be entered, or
//! cannot be mended. Each action refuses it by itself, whatever the server says.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use palisade_advisory::Scheme;

use crate::remediate;

/// Why something is on the list, in a word that receipts carry.
pub type Reason = &'static str;

/// Packages without which others cannot work, beside those that remediation leaves alone: by name, source or
/// binary, of any distribution. A name that ends in `*` stands for all that begin so.
const PACKAGES: &[(Reason, &[&str])] = &[
    (
        "interpreter",
        &[
            "perl",
            "perl-base",
            "perl-modules*",
            "libperl5*",
            "python",
            "python3",
            "python3.*",
            "python3-minimal",
            "python3-libs",
            "libpython3*",
            "platform-python*",
        ],
    ),
    (
        "core tools",
        &[
            "coreutils*",
            "procps*",
            "sed",
            "grep",
            "gawk",
            "mawk",
            "findutils",
            "diffutils",
            "tar",
            "gzip",
            "xz",
            "xz-utils",
            "hostname",
            "base-files",
            "base-passwd",
            "filesystem",
            "setup",
        ],
    ),
];

/// Groups of remediation's list that may be blocked all the same: what they hold runs on, and starts no machine.
const MAY_BE_BLOCKED: [&str; 2] = ["databases", "clusters and virtual machines"];

/// Programs by name, wherever the system keeps programs.
const PROGRAMS: &[(Reason, &[&str])] = &[
    (
        "init",
        &[
            "init",
            "systemd*",
            "udevd",
            "udevadm",
            "telinit",
            "runlevel",
            "openrc*",
            "runit*",
            "s6-*",
            "dbus-daemon",
            "dbus-broker*",
            "shutdown",
            "reboot",
            "halt",
            "poweroff",
            "agetty",
            "getty",
            "journalctl",
            "loginctl",
            "modprobe",
            "insmod",
            "kmod",
            "depmod",
            "fsck*",
            "busybox",
            "switch_root",
            "pivot_root",
        ],
    ),
    ("libc", &["ld.so", "ld-linux*", "ld-musl*", "ldconfig*", "libc.so*", "libc-2*"]),
    (
        "shell",
        &[
            "sh", "bash", "dash", "zsh", "ash", "rbash", "ksh*", "mksh", "csh", "tcsh", "fish", "env",
            "false", "true",
        ],
    ),
    (
        "core_tools",
        &[
            "mount", "umount", "cp", "mv", "ln", "rm", "cat", "ls", "chmod", "chown", "kill", "ps", "ip",
            "sed", "grep",
        ],
    ),
    ("ssh", &["ssh", "sshd", "sshd-*", "sftp-server", "scp", "sftp", "dropbear*", "ssh-*"]),
    (
        "package_manager",
        &[
            "dpkg",
            "dpkg-*",
            "apt",
            "apt-*",
            "apt.systemd*",
            "rpm",
            "rpmdb",
            "rpmkeys",
            "dnf*",
            "yum",
            "zypper",
            "microdnf",
            "tdnf",
            "apk",
            "snap",
            "snapd",
            "debconf*",
        ],
    ),
    ("interpreter", &["perl", "perl5*", "python", "python2*", "python3*", "platform-python*"]),
    (
        "container_runtime",
        &[
            "docker*",
            "containerd*",
            "ctr",
            "runc",
            "crun",
            "conmon*",
            "podman*",
            "crio*",
            "kubelet",
            "lxc*",
            "lxd*",
            "incus*",
        ],
    ),
    (
        "login",
        &[
            "sudo",
            "sudoedit",
            "sudoreplay",
            "doas",
            "su",
            "login",
            "passwd",
            "chpasswd",
            "nologin",
            "newgrp",
            "unix_chkpwd",
            "pam_*",
            "pkexec",
            "polkitd",
            "polkit-agent-helper-1",
            "sssd*",
            "sulogin",
            "getent",
        ],
    ),
    ("sensor", &["palisade", "palisade-*"]),
];

/// Folders that belong to it as a whole.
const FOLDERS: &[(Reason, &str)] = &[
    ("init", "/usr/lib/systemd/"),
    ("init", "/lib/systemd/"),
    ("init", "/etc/init.d/"),
    ("init", "/usr/share/initramfs-tools/"),
    ("ssh", "/usr/lib/openssh/"),
    ("ssh", "/usr/libexec/openssh/"),
    ("package_manager", "/usr/lib/apt/"),
    ("package_manager", "/usr/lib/dpkg/"),
    ("package_manager", "/usr/lib/rpm/"),
    ("package_manager", "/var/lib/dpkg/info/"),
    ("sensor", "/opt/palisade/"),
    ("sensor", "/var/lib/palisade/"),
    ("sensor", "/var/lib/palisade-sensor/"),
];

fn listed(list: &[(Reason, &[&str])], name: &str) -> Option<Reason> {
    let is = |pattern: &&str| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *pattern,
    };
    list.iter().find(|(_, patterns)| patterns.iter().any(is)).map(|(reason, _)| *reason)
}

/// Why the programs of a package may not be blocked; `None` if they may.
pub fn package(scheme: Scheme, binary: &str, source: &str) -> Option<Reason> {
    match remediate::never_touch::group(scheme, binary, source) {
        Ok(Some(group)) if !MAY_BE_BLOCKED.contains(&group.name.as_str()) => {
            return Some(group.name.as_str());
        }
        Ok(_) => {}
        // Without the list nothing may be touched.
        Err(_) => return Some("unknown"),
    }
    listed(PACKAGES, binary).or_else(|| listed(PACKAGES, source))
}

/// Why a file may not be touched; `None` if it may. `path` is where it lies below its root.
pub fn file(path: &str) -> Option<Reason> {
    let in_folder = FOLDERS.iter().find(|(_, folder)| path.starts_with(folder)).map(|(reason, _)| *reason);
    in_folder.or_else(|| listed(PROGRAMS, path.rsplit('/').next().unwrap_or(path)))
}

/// Where programs lie that are looked up by their inode, so that another name does not hide them.
const PLACES: &[&str] = &["bin", "sbin", "usr/bin", "usr/sbin", "lib", "lib64", "usr/lib", "usr/lib64"];
const BY_INODE: &[&str] = &[
    "sh",
    "bash",
    "dash",
    "init",
    "sshd",
    "ssh",
    "sudo",
    "su",
    "login",
    "dpkg",
    "apt",
    "apt-get",
    "rpm",
    "dnf",
    "yum",
    "zypper",
    "apk",
    "busybox",
    "mount",
    "systemctl",
    "python3",
    "perl",
    "dockerd",
    "containerd",
    "runc",
    "kubelet",
    "getent",
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
    "ld-musl-x86_64.so.1",
];

/// Device and inode of what runs this machine: its first process, the sensor itself, and the programs of the
/// list that the root has.
pub fn inodes(root: &Path) -> HashSet<(u64, u64)> {
    let own = ["/proc/1/exe", "/proc/self/exe"].iter().map(std::path::PathBuf::from);
    let programs =
        PLACES.iter().flat_map(|place| BY_INODE.iter().map(move |name| root.join(place).join(name)));
    own.chain(programs).filter_map(|path| path.metadata().ok().map(|m| (m.dev(), m.ino()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_the_machine_is_refused_by_name() {
        for (binary, source, reason) in [
            ("systemd-sysv", "systemd", "init"),
            ("libc6", "glibc", "libc"),
            ("bash", "bash", "shells"),
            ("openssh-server", "openssh", "ssh"),
            ("apt", "apt", "package manager"),
            ("containerd.io", "containerd.io", "container runtime"),
            ("palisade-sensor", "palisade", "sensor"),
            ("python3.11", "python3.11", "interpreter"),
            ("libpam-modules", "pam", "logins"),
            ("tar", "tar", "core tools"),
        ] {
            assert_eq!(package(Scheme::Deb, binary, source), Some(reason), "{binary}");
        }
        for name in
            ["openssl", "nginx", "curl", "libssl3", "nodejs", "ghostscript", "python3-requests", "redis"]
        {
            assert_eq!(package(Scheme::Deb, name, name), None, "{name}");
        }
    }

    #[test]
    fn what_runs_the_machine_is_refused_by_path() {
        for (path, reason) in [
            ("/usr/bin/bash", "shell"),
            ("/lib64/ld-linux-x86-64.so.2", "libc"),
            ("/usr/lib/systemd/systemd-journald", "init"),
            ("/usr/sbin/sshd", "ssh"),
            ("/usr/bin/dpkg-query", "package_manager"),
            ("/usr/bin/python3.11", "interpreter"),
            ("/opt/palisade/bin/tool", "sensor"),
        ] {
            assert_eq!(file(path), Some(reason), "{path}");
        }
        for path in ["/usr/bin/curl", "/usr/sbin/nginx", "/usr/bin/gs", "/usr/bin/openssl"] {
            assert_eq!(file(path), None, "{path}");
        }
    }

    #[test]
    fn this_program_and_the_shell_are_known_by_their_inodes() {
        let known = inodes(Path::new("/"));
        for path in ["/proc/self/exe", "/bin/sh"] {
            let m = std::fs::metadata(path).expect("there");
            assert!(known.contains(&(m.dev(), m.ino())), "{path}");
        }
        assert!(!known.contains(&(0, 0)));
    }
}
