//! A root file system of its own for a command: this machine's, with changes that stay apart.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::skip::skipped;

/// Goes in: in new mount and UTS namespaces, then inside the new root.
const ENTER: &str = include_str!("own_root/enter.sh");

/// A machine that shares this one's programs and network, and nothing else. What is written in it
/// lies in memory and goes with the value.
#[derive(Debug)]
pub struct OwnRoot {
    folder: TempDir,
    name: String,
}

impl OwnRoot {
    /// A new one with this host name. `None`, noted as skipped, where the test is not root.
    ///
    /// # Panics
    /// When there is no room in /dev/shm.
    pub fn new(name: &str) -> Option<Self> {
        if !nix::unistd::geteuid().is_root() {
            skipped("needs root");
            return None;
        }
        // Not below the root that it lies over: overlays refuse that.
        let folder = tempfile::Builder::new().prefix("pal-").tempdir_in("/dev/shm").expect("room in memory");
        for part in ["upper", "work", "root"] {
            std::fs::create_dir(folder.path().join(part)).expect("a folder");
        }
        std::fs::write(folder.path().join("enter.sh"), ENTER).expect("a script");
        Some(Self { folder, name: name.to_owned() })
    }

    /// The words before a command that run it inside, as root.
    pub fn enter(&self) -> Vec<String> {
        let folder = self.folder.path();
        let script = folder.join("enter.sh");
        ["unshare", "--mount", "--uts", "--propagation", "private", "sh"]
            .map(String::from)
            .into_iter()
            .chain([script.display().to_string(), folder.display().to_string(), self.name.clone()])
            .collect()
    }

    /// Where what is changed inside shows outside: only what differs from this machine is there.
    pub fn changed(&self, path: &str) -> PathBuf {
        self.folder.path().join("upper").join(path.trim_start_matches('/'))
    }
}
