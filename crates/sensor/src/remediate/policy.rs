//! Keeps services as they are while Debian's packages change.
//!
//! invoke-rc.d and deb-systemd-invoke, by which maintainer scripts start, stop and restart services, ask
//! `/usr/sbin/policy-rc.d` first; 101 forbids it (invoke-rc.d(8), /usr/share/doc/sysv-rc/README.policy-rc.d).
//! One that the host has is left as it is. Ours carries a mark, so that one that a crash left behind is
//! known as ours and taken away by the next start.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::answer::Fault;

/// Where the policy lies.
pub const PATH: &str = "/usr/sbin/policy-rc.d";
/// Known only from a file of ours.
const MARK: &str = "palisade-sensor: services stay as they are while packages change";
/// A policy of ours is much shorter.
const MAX: u64 = 4096;

/// A policy that forbids every action on services, for as long as the value lives.
#[derive(Debug)]
pub struct Policy {
    path: PathBuf,
    /// Device and inode of the file that we wrote; none where the host has a policy of its own.
    own: Option<(u64, u64)>,
}

impl Policy {
    /// Forbids actions on services, unless the host has its own policy.
    ///
    /// # Errors
    /// `remediation_failed` where it cannot be written: services would be restarted unasked.
    pub fn forbid() -> Result<Self, Fault> {
        Self::at(Path::new(PATH))
    }

    fn at(path: &Path) -> Result<Self, Fault> {
        remove_leftover(path);
        let fault = |e: std::io::Error| Fault::failed(format!("{} cannot be written: {e}", path.display()));
        let file = File::options().write(true).create_new(true).mode(0o755).open(path);
        let mut file = match file {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
                return Ok(Self { path: path.to_owned(), own: None });
            }
            other => other.map_err(fault)?,
        };
        let stamp = file.metadata().map_err(fault)?;
        let policy = Self { path: path.to_owned(), own: Some((stamp.dev(), stamp.ino())) };
        // On an error from here on the value takes the file away again.
        file.write_all(format!("#!/bin/sh\n# {MARK}\nexit 101\n").as_bytes())
            .and_then(|()| file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755)))
            .and_then(|()| file.sync_all())
            .map_err(fault)?;
        Ok(policy)
    }

    /// Whose policy it is, for the proof.
    pub fn whose(&self) -> &'static str {
        if self.own.is_some() { "sensor" } else { "host" }
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        let now = fs::symlink_metadata(&self.path).map(|m| (m.dev(), m.ino())).ok();
        // Whatever somebody has put there since is not ours to remove.
        if self.own.is_some() && now == self.own {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether a policy of ours is there.
pub fn is_ours(path: &Path) -> bool {
    let plain = fs::symlink_metadata(path).is_ok_and(|m| m.is_file() && m.len() < MAX);
    plain && crate::files::read_text(path).contains(MARK)
}

/// Removes a policy that a crash left behind. Nobody may be changing packages.
pub fn remove_leftover(path: &Path) {
    if is_ours(path) {
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn it_is_there_while_it_is_needed_and_gone_after() {
        let dir = tempfile::TempDir::new().expect("dir");
        let path = dir.path().join("policy-rc.d");
        let policy = Policy::at(&path).expect("written");
        assert_eq!(policy.whose(), "sensor");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o755);
        let asked = std::process::Command::new(&path).args(["ssh", "restart"]).status().expect("runs");
        assert_eq!(asked.code(), Some(101));
        drop(policy);
        assert!(!path.exists());
    }

    #[test]
    fn the_hosts_own_policy_is_left_alone() {
        let dir = tempfile::TempDir::new().expect("dir");
        let path = dir.path().join("policy-rc.d");
        fs::write(&path, "#!/bin/sh\nexit 0\n").expect("written");
        let policy = Policy::at(&path).expect("left");
        assert_eq!(policy.whose(), "host");
        drop(policy);
        remove_leftover(&path);
        assert_eq!(fs::read_to_string(&path).expect("there"), "#!/bin/sh\nexit 0\n");
    }

    #[test]
    fn one_that_a_crash_left_is_taken_over_and_one_that_replaced_ours_is_not() {
        let dir = tempfile::TempDir::new().expect("dir");
        let path = dir.path().join("policy-rc.d");
        std::mem::forget(Policy::at(&path).expect("written"));
        assert!(is_ours(&path));
        let policy = Policy::at(&path).expect("taken over");
        assert_eq!(policy.whose(), "sensor");
        fs::write(dir.path().join("other"), "#!/bin/sh\nexit 0\n").expect("written");
        fs::rename(dir.path().join("other"), &path).expect("replaced");
        drop(policy);
        assert!(path.exists() && !is_ours(&path));
    }
}
