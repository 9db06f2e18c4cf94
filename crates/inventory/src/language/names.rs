//! What a name says: whether a folder is passed over, and what a file may be.

/// Folders that are never walked: pseudo file systems and, each for the reason given, what is no
/// installation of this system.
const SKIPPED: [&str; 24] = [
    "/proc",
    "/sys",
    "/dev",
    "/run",
    // Read with the package manager that put them there.
    "/snap",
    "/var/lib/snapd",
    "/var/lib/flatpak",
    // Containers and guests: what runs is listed apart.
    "/var/lib/docker",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/kubelet/pods",
    "/var/lib/rancher/k3s/agent/containerd",
    "/var/lib/lxc",
    "/var/lib/lxd",
    "/var/lib/machines",
    // Older states of the same system.
    "/.snapshots",
    "/ostree",
    "/sysroot/ostree",
    // Documents and data of the distribution.
    "/usr/share/doc",
    "/usr/share/man",
    "/usr/share/locale",
    "/usr/share/zoneinfo",
    "/usr/share/icons",
    "/usr/share/help",
];

/// The same below any folder: sources and caches that nothing runs from.
const SKIPPED_ENDS: [&str; 9] = [
    "/.local/share/containers",
    "/.local/share/flatpak",
    "/.cargo/registry",
    "/.cargo/git",
    "/go/pkg/mod",
    "/.npm/_cacache",
    "/.cache/pip",
    "/.cache/go-build",
    "/.m2/repository",
];

const SKIPPED_NAMES: [&[u8]; 5] = [b".git", b".hg", b".svn", b"__pycache__", b".snapshots"];

/// Whether a folder is passed over.
pub(super) fn skipped(path: &str, name: &[u8]) -> bool {
    SKIPPED_NAMES.contains(&name)
        || SKIPPED.contains(&path)
        || SKIPPED_ENDS.iter().any(|end| path.ends_with(end))
}

/// What a file may be, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Nothing,
    /// Python's older description of a package, as a file.
    EggInfo,
    GemSpec,
    /// An archive of Java classes.
    Java,
    /// Perhaps a program.
    Program,
}

pub(super) fn sort(name: &[u8]) -> Sort {
    let extension = match memchr::memrchr(b'.', name) {
        None | Some(0) => return Sort::Program,
        Some(dot) => &name[dot + 1..],
    };
    match extension {
        b"egg-info" => Sort::EggInfo,
        b"gemspec" => Sort::GemSpec,
        b"jar" | b"war" | b"ear" | b"hpi" | b"jpi" | b"kar" => Sort::Java,
        b"bin" | b"elf" | b"run" | b"out" | b"linux" | b"static" | b"exe" => Sort::Program,
        // `python3.11`, `tool-1.2`, `app_linux.x86_64`.
        e if e.first().is_some_and(u8::is_ascii_digit)
            || matches!(e, b"x86_64" | b"amd64" | b"arm64" | b"aarch64") =>
        {
            Sort::Program
        }
        _ => Sort::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted() {
        for (name, expected) in [
            ("kubectl", Sort::Program),
            ("python3.11", Sort::Program),
            ("libx.so", Sort::Nothing),
            ("a.py", Sort::Nothing),
            ("x.egg-info", Sort::EggInfo),
            ("app.war", Sort::Java),
            (".hidden", Sort::Program),
        ] {
            assert_eq!(sort(name.as_bytes()), expected, "{name}");
        }
        assert!(
            skipped("/proc", b"proc") && skipped("/home/a/go/pkg/mod", b"mod") && skipped("/x/.git", b".git")
        );
        assert!(!skipped("/srv/proc", b"proc"));
    }
}
