//! File records to changes with absolute, canonical paths.

use std::num::NonZeroUsize;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use lru::LruCache;
use palisade_sensor_bpf::layout::{File, flag, kind};

use super::decode::{Path, until_nul};
use super::event::{FileAction, FileChange};
use super::policy::Policy;
use super::remote::RemoteMounts;
use super::walk::real_folder;

const FOLDERS_KEPT: usize = 4096;
/// Longer ones are not kept, so that the cache's memory is bounded.
const FOLDER_LENGTH: usize = 512;
const FOLDER_KEPT: Duration = Duration::from_secs(2);

/// Makes file changes; knows for a moment where folders really are.
#[derive(Debug)]
pub(crate) struct Files {
    policy: Policy,
    own_mount_ns: u32,
    folders: LruCache<String, (Instant, String)>,
    remote: RemoteMounts,
}

impl Files {
    pub(crate) fn new(policy: Policy, own_mount_ns: u32) -> Self {
        let kept = NonZeroUsize::new(FOLDERS_KEPT).expect("not zero");
        Self { policy, own_mount_ns, folders: LruCache::new(kept), remote: RemoteMounts::default() }
    }

    /// The change that a record describes; `None` where the policy leaves it out.
    pub(crate) fn change(
        &mut self,
        fixed: &File,
        a: &Path<'_>,
        a_name: &[u8],
        b: &Path<'_>,
        b_name: &[u8],
    ) -> Option<FileChange> {
        let pid = (fixed.mntns == self.own_mount_ns).then_some(fixed.h.tgid);
        let truncated = a.truncated() || b.truncated();
        let mut change = FileChange {
            action: FileAction::Created,
            path: String::new(),
            previous_path: String::new(),
            size: None,
            inode: fixed.ino,
            mode: fixed.mode,
            path_truncated: truncated,
        };
        match fixed.h.kind {
            kind::FILE_CREATE | kind::FILE_MODIFY if fixed.a_name == 0 => {
                change.path = a.join();
                change.size = Some(fixed.size);
            }
            kind::FILE_CREATE | kind::FILE_MODIFY | kind::FILE_DELETE => {
                change.path = self.real(&named(a, a_name), pid);
            }
            _ => {
                change.path = self.real(&named(b, b_name), pid);
                change.previous_path = if fixed.h.flags & flag::SYMLINK != 0 {
                    until_nul(a_name)
                } else {
                    self.real(&named(a, a_name), pid)
                };
            }
        }
        change.action = match fixed.h.kind {
            kind::FILE_MODIFY => FileAction::Modified,
            kind::FILE_RENAME => FileAction::Renamed,
            kind::FILE_DELETE => FileAction::Deleted,
            _ => FileAction::Created,
        };
        let collected = self.policy.collects(&change.path)
            || (change.action == FileAction::Renamed && self.policy.collects(&change.previous_path));
        if !collected {
            return None;
        }
        if pid.is_some() && change.action != FileAction::Deleted && !self.remote.holds(&change.path) {
            look_at(&mut change);
        }
        Some(change)
    }

    /// Resolves symbolic links of the folder as process `pid` of our mount namespace saw them; the
    /// last name is the object itself.
    fn real(&mut self, path: &str, pid: Option<u32>) -> String {
        let (Some(pid), Some((folder, name))) = (pid, path.trim_end_matches('/').rsplit_once('/')) else {
            return normal(path);
        };
        if matches!(name, "." | "..") {
            return normal(path);
        }
        if let Some((at, real)) = self.folders.get(folder)
            && at.elapsed() < FOLDER_KEPT
        {
            return format!("{real}/{name}");
        }
        let real = real_folder(folder, pid, &mut self.remote);
        let path = format!("{}/{name}", real.folder);
        if real.shared && folder.len() <= FOLDER_LENGTH {
            self.folders.put(folder.to_owned(), (Instant::now(), real.folder));
        }
        path
    }
}

/// Size, inode and mode as they are now, if the name still means the same file.
fn look_at(change: &mut FileChange) {
    let Ok(meta) = std::fs::symlink_metadata(&change.path) else {
        return;
    };
    if change.inode == 0 || change.inode == meta.ino() {
        change.inode = meta.ino();
        change.mode = meta.mode();
        if meta.is_file() {
            change.size = Some(meta.len());
        }
    }
}

/// The walked base with the name that the caller wrote.
fn named(base: &Path<'_>, name: &[u8]) -> String {
    let name = until_nul(name);
    let mut path = base.join();
    if !name.is_empty() {
        path.push('/');
        path.push_str(&name);
    }
    path
}

/// Removes empty names, `.` and `..`.
fn normal(path: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    let mut text = String::with_capacity(path.len());
    for name in &names {
        text.push('/');
        text.push_str(name);
    }
    if text.is_empty() {
        text.push('/');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_normal() {
        assert_eq!(normal("/a//b/./c/../d"), "/a/b/d");
        assert_eq!(normal("/../.."), "/");
    }

    #[test]
    fn the_folder_is_resolved_and_the_last_name_is_not() {
        let dir = tempfile::TempDir::new().expect("a folder");
        let base = dir.path().canonicalize().expect("there");
        std::fs::create_dir(base.join("real")).expect("writable");
        std::os::unix::fs::symlink("real", base.join("link")).expect("writable");
        let mut files = Files::new(Policy::new([]), 0);
        let at = |name: &str| format!("{}/{name}", base.display());
        let own = Some(std::process::id());
        // The second time it comes from the cache.
        for _ in 0..2 {
            assert_eq!(files.real(&at("link/x"), own), at("real/x"));
            assert_eq!(files.real(&at("link/"), own), at("link"));
        }
        assert_eq!(files.real("/proc/self/root/etc/x", own), "/etc/x");
        // In another mount namespace nothing can be looked up.
        assert_eq!(files.real(&at("link/../x"), None), at("x"));
    }
}
