//! Where a folder really is: symbolic links resolved as far as that is safe.

use super::remote::RemoteMounts;

/// Links that are followed for one path.
const LINKS: u32 = 40;

/// What a walk found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Real {
    /// The folder, without a slash at its end; empty for the root.
    pub(crate) folder: String,
    /// Whether another process would find the same.
    pub(crate) shared: bool,
}

/// Resolves `folder` as process `pid` saw it. What is gone already, or lies on a file system that
/// may not answer, stays as it is written.
pub(crate) fn real_folder(folder: &str, pid: u32, remote: &mut RemoteMounts) -> Real {
    let mut real = Real { folder: String::with_capacity(folder.len()), shared: true };
    let mut todo: Vec<String> = names(folder);
    let (mut links, mut there) = (0, true);
    let own = format!("/proc/{pid}");
    while let Some(name) = todo.pop() {
        if name == ".." {
            let parent = real.folder.rfind('/').unwrap_or(0);
            real.folder.truncate(parent);
            continue;
        }
        let before = real.folder.len();
        real.folder.push('/');
        real.folder.push_str(&name);
        if real.folder == "/proc/self" || real.folder == "/proc/thread-self" {
            real.folder.clone_from(&own);
            real.shared = false;
            continue;
        }
        // By now the process may be gone; its root is ours, or it would be in another namespace.
        if real.folder.strip_prefix(own.as_str()) == Some("/root") {
            real.folder.clear();
            continue;
        }
        if !there || remote.holds(&real.folder) || is_view_of_another(&real.folder, &own) {
            there = false;
            continue;
        }
        match std::fs::read_link(&real.folder) {
            Ok(target) if links < LINKS => {
                links += 1;
                let target = target.to_string_lossy();
                real.folder.truncate(if target.starts_with('/') { 0 } else { before });
                todo.extend(names(&target));
            }
            Ok(_) => there = false,
            // Not a link.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {}
            Err(_) => there = false,
        }
    }
    real
}

/// `/proc/<pid>/root`, `cwd` and the like: the link's text holds in that process's mount namespace.
fn is_view_of_another(folder: &str, own: &str) -> bool {
    let names = folder.strip_prefix("/proc/").and_then(|rest| rest.split_once('/'));
    let foreign = folder.strip_prefix(own).is_none_or(|rest| !rest.starts_with('/'));
    foreign && names.is_some_and(|(pid, rest)| pid.bytes().all(|b| b.is_ascii_digit()) && !rest.is_empty())
}

/// The names of a path, last first.
fn names(path: &str) -> Vec<String> {
    path.split('/').rev().filter(|name| !name.is_empty() && *name != ".").map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn real(folder: &str) -> Real {
        real_folder(folder, std::process::id(), &mut RemoteMounts::default())
    }

    #[test]
    fn links_are_followed_and_what_is_gone_is_kept() {
        let dir = tempfile::TempDir::new().expect("a folder");
        let base = dir.path().canonicalize().expect("there");
        std::fs::create_dir_all(base.join("real/deep")).expect("writable");
        let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, base.join(name)).expect("writable");
        link("real", "relative");
        link(base.join("real").to_str().expect("text"), "absolute");
        link("loop", "loop");
        let at = |name: &str| format!("{}/{name}", base.display());
        assert_eq!(real(&at("relative/deep")).folder, at("real/deep"));
        assert_eq!(real(&at("absolute/gone/x")).folder, at("real/gone/x"));
        // Up from where the link leads, not from where it lies.
        assert_eq!(real(&at("absolute/deep/../..")).folder, base.to_str().expect("text"));
        assert_eq!(real(&at("./real//deep/.")).folder, at("real/deep"));
        assert!(real(&at("loop/x")).folder.ends_with("/loop/x"));
        assert_eq!(real("/..").folder, "");
    }

    #[test]
    fn a_process_s_own_view_is_its_own() {
        let found = real("/proc/self/root/etc");
        assert_eq!(found, Real { folder: "/etc".into(), shared: false });
        // The same once it is gone, and where another's root is walked through.
        let gone = real_folder("/proc/self/root/etc", u32::MAX, &mut RemoteMounts::default());
        assert_eq!(gone.folder, "/etc");
        let cwd = std::env::current_dir().expect("there");
        assert_eq!(real("/proc/self/cwd/x").folder, format!("{}/x", cwd.display()));
        assert_eq!(real("/proc/1/root/etc").folder, "/proc/1/root/etc");
    }
}
