//! Which files are collected. The rules are data and are published in docs/collection-policy.md.

use palisade_sensor_bpf::layout::{Prefix, prefix};

/// Folders whose files are collected, with everything below them.
pub(crate) const COLLECTED: [&str; 21] = [
    "/etc",
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/boot",
    "/efi",
    "/root",
    "/home",
    "/opt",
    "/srv",
    "/tmp",
    "/var/tmp",
    "/var/spool/cron",
    "/var/spool/at",
    "/var/spool/anacron",
    "/var/www",
    "/dev/shm",
];

/// Runs of names that mark a cache or a build's output: rewritten all the time, never a way in.
pub(crate) const EXCLUDED_RUNS: [&str; 12] = [
    "/.cache/",
    "/__pycache__/",
    "/.git/objects/",
    "/.cargo/registry/",
    "/.cargo/git/",
    "/.rustup/toolchains/",
    "/.npm/_cacache/",
    "/node_modules/.cache/",
    "/target/debug/",
    "/target/release/",
    "/.gradle/caches/",
    "/.m2/repository/",
];

/// The policy in force on this machine.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    excluded: Vec<String>,
}

impl Policy {
    /// `excluded` are folders of our own: the sensor's state, the server's data.
    pub(crate) fn new(excluded: impl IntoIterator<Item = String>) -> Self {
        let tidy = |path: String| path.trim_end_matches('/').to_owned();
        Self { excluded: excluded.into_iter().map(tidy).filter(|p| p.len() > 1).collect() }
    }

    /// Whether a change of the file at `path` is reported.
    pub(crate) fn collects(&self, path: &str) -> bool {
        let path = match through_process(path) {
            Some(Ok(below)) => below,
            Some(Err(())) => return true,
            None => path,
        };
        COLLECTED.iter().any(|root| is_below(path, root))
            && !self.excluded.iter().any(|root| is_below(path, root))
            && !EXCLUDED_RUNS.iter().any(|run| path.contains(run))
    }

    /// The coarse form that the kernel side applies: first and second names.
    pub(crate) fn kernel_prefixes() -> Vec<(Prefix, u32)> {
        let mut all: Vec<(Prefix, u32)> = Vec::new();
        // Names that lead through /proc/<pid>/root and the like may end anywhere; nothing else is
        // renamed or deleted there.
        for root in COLLECTED.into_iter().chain(["/proc"]) {
            let mut names = root.split('/').skip(1);
            let first = padded(names.next().unwrap_or(""));
            let second = names.next().map(padded);
            let value = if second.is_some() { prefix::SECOND } else { prefix::COLLECT };
            let top = Prefix { first, second: [0; 16] };
            match all.iter_mut().find(|(key, _)| *key == top) {
                Some((_, known)) => *known = (*known).min(value),
                None => all.push((top, value)),
            }
            if let Some(second) = second {
                let key = Prefix { first, second };
                if !all.iter().any(|(known, _)| *known == key) {
                    all.push((key, prefix::COLLECT));
                }
            }
        }
        all
    }
}

/// Where a path leads that goes through a process's folders in /proc: below its root, or `Err` for
/// a folder of which nobody knows any more what it was.
fn through_process(path: &str) -> Option<Result<&str, ()>> {
    let (pid, rest) = path.strip_prefix("/proc/")?.split_once('/')?;
    let (door, _) = rest.split_once('/')?;
    let is_door = pid.bytes().all(|b| b.is_ascii_digit()) && matches!(door, "root" | "cwd" | "fd" | "task");
    is_door.then(|| if door == "root" { Ok(&rest[door.len()..]) } else { Err(()) })
}

fn is_below(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn padded(name: &str) -> [u8; 16] {
    let mut bytes = [0; 16];
    // The kernel side keeps the last byte for NUL.
    let len = name.len().min(15);
    bytes[..len].copy_from_slice(&name.as_bytes()[..len]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_matched_by_whole_names() {
        let policy = Policy::new(["/srv/palisade/".to_owned()]);
        assert!(policy.collects("/etc/passwd"));
        assert!(policy.collects("/var/spool/cron/crontabs/root"));
        assert!(!policy.collects("/etcetera/x"));
        assert!(!policy.collects("/var/log/syslog"));
        assert!(!policy.collects("/srv/palisade/log/1.seg"));
        assert!(policy.collects("/srv/palisade2/x"));
        assert!(!policy.collects("/home/a/.cache/x"));
        assert!(policy.collects("/proc/12/root/etc/passwd") && policy.collects("/proc/12/cwd/x"));
        assert!(!policy.collects("/proc/12/root/proc/x") && !policy.collects("/proc/x/root/etc/passwd"));
        assert!(!policy.collects("/proc/12/oom_score_adj"));
    }

    #[test]
    fn the_kernel_form_looks_at_second_names_only_where_needed() {
        let all = Policy::kernel_prefixes();
        let value = |first: &str, second: &str| {
            let key = Prefix { first: padded(first), second: padded(second) };
            all.iter().find(|(k, _)| *k == key).map(|(_, v)| *v)
        };
        assert_eq!(value("etc", ""), Some(prefix::COLLECT));
        assert_eq!(value("var", ""), Some(prefix::SECOND));
        assert_eq!(value("var", "spool"), Some(prefix::COLLECT));
        assert_eq!(value("var", "log"), None);
        assert_eq!(value("sys", ""), None);
        assert_eq!(value("proc", ""), Some(prefix::COLLECT));
    }
}
