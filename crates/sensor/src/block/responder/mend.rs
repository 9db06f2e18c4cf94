//! Package managers: what their scripts execute is never denied, for the fix may need the very program.

use crate::files::read_bounded;

/// The names of package managers as the kernel keeps them, at most 15 bytes.
const MENDERS: [&str; 18] = [
    "dpkg",
    "apt",
    "apt-get",
    "aptitude",
    "unattended-upgr",
    "rpm",
    "dnf",
    "dnf-3",
    "dnf5",
    "yum",
    "zypper",
    "microdnf",
    "tdnf",
    "apk",
    "packagekitd",
    "rpm-ostree",
    "transactional-u",
    "palisade-sensor",
];

/// Ancestors that are looked at.
const GENERATIONS: usize = 16;

/// Whether a process was begun by a package manager. Its name is all that is looked at: whoever may take such a
/// name may also copy the program.
pub fn is_mending(pid: i32) -> bool {
    let mut at = pid;
    for _ in 0..GENERATIONS {
        if at <= 1 {
            return false;
        }
        let Ok(stat) = read_bounded(format!("/proc/{at}/stat"), 1024) else { return false };
        let Some((name, parent)) = parse(&String::from_utf8_lossy(&stat)) else { return false };
        if MENDERS.contains(&name.as_str()) {
            return true;
        }
        at = parent;
    }
    false
}

/// Name and parent: `pid (name) state parent …`, where the name may hold anything.
fn parse(stat: &str) -> Option<(String, i32)> {
    let (before, after) = stat.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    let parent = after.split_whitespace().nth(1)?.parse().ok()?;
    Some((name.to_owned(), parent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_below_a_package_manager_is_known_by_its_ancestors() {
        assert_eq!(parse("7 (a) b) S 3 7 7"), Some(("a) b".into(), 3)));
        assert_eq!(parse("7 a S 3"), None);
        assert!(MENDERS.iter().all(|name| name.len() <= 15));
        let dir = tempfile::TempDir::new().expect("dir");
        for (name, mends) in [("dpkg", true), ("other", false)] {
            let shell = dir.path().join(name);
            std::fs::copy("/bin/sh", &shell).expect("copied");
            let mut child = std::process::Command::new(&shell)
                .args(["-c", "sleep 60 & echo $!; wait"])
                .stdout(std::process::Stdio::piped())
                .spawn()
                .expect("starts");
            let mut line = String::new();
            let out = child.stdout.take().expect("piped");
            std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).expect("read");
            let below: i32 = line.trim().parse().expect("a pid");
            assert_eq!(is_mending(below), mends, "{name}");
            for pid in [below, i32::try_from(child.id()).expect("a pid")] {
                let _ = nix::sys::signal::kill(
                    nix::unistd::Pid::from_raw(pid),
                    nix::sys::signal::Signal::SIGKILL,
                );
            }
            child.wait().expect("ends");
        }
    }
}
