//! File records to changes with absolute, canonical paths.

use std::num::NonZeroUsize;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use lru::LruCache;
use palisade_sensor_bpf::layout::{File, flag, kind};

use super::decode::{Path, until_nul};
use super::event::{FileAction, FileChange};
use super::policy::Policy;

const FOLDERS_KEPT: usize = 4096;
const FOLDER_KEPT: Duration = Duration::from_secs(2);

/// Makes file changes; knows for a moment where folders really are.
#[derive(Debug)]
pub(crate) struct Files {
    policy: Policy,
    own_mount_ns: u32,
    folders: LruCache<String, (Instant, String)>,
}

impl Files {
    pub(crate) fn new(policy: Policy, own_mount_ns: u32) -> Self {
        let kept = NonZeroUsize::new(FOLDERS_KEPT).expect("not zero");
        Self { policy, own_mount_ns, folders: LruCache::new(kept) }
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
        let ours = fixed.mntns == self.own_mount_ns;
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
                change.path = self.real(&named(a, a_name), ours);
            }
            _ => {
                change.path = self.real(&named(b, b_name), ours);
                change.previous_path = if fixed.h.flags & flag::SYMLINK != 0 {
                    until_nul(a_name)
                } else {
                    self.real(&named(a, a_name), ours)
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
        if ours && change.action != FileAction::Deleted {
            look_at(&mut change);
        }
        Some(change)
    }

    /// Resolves symbolic links of the folder; the last name is the object itself.
    fn real(&mut self, path: &str, ours: bool) -> String {
        let path = normal(path);
        if !ours {
            return path;
        }
        let Some((folder, name)) = path.rsplit_once('/').filter(|(folder, _)| !folder.is_empty()) else {
            return path;
        };
        if let Some((at, real)) = self.folders.get(folder)
            && at.elapsed() < FOLDER_KEPT
        {
            return format!("{real}/{name}");
        }
        let real = real_folder(folder);
        self.folders.put(folder.to_owned(), (Instant::now(), real.clone()));
        format!("{real}/{name}")
    }
}

/// A folder that is gone already is resolved from the nearest one that is there.
fn real_folder(folder: &str) -> String {
    let mut there = folder;
    loop {
        if let Ok(real) = std::fs::canonicalize(there) {
            let real = real.to_string_lossy();
            let real = real.trim_end_matches('/');
            return format!("{real}{}", &folder[there.len()..]);
        }
        match there.rfind('/') {
            Some(at) if at > 0 => there = &there[..at],
            _ => return folder.to_owned(),
        }
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
    fn a_folder_behind_a_link_is_resolved_even_if_its_end_is_gone() {
        let dir = std::env::temp_dir().join(format!("pal-files-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("real")).expect("writable");
        let link = dir.join("link");
        std::os::unix::fs::symlink(dir.join("real"), &link).expect("writable");
        let gone = link.join("gone/x");
        let base = dir.canonicalize().expect("there");
        assert_eq!(real_folder(gone.to_str().expect("text")), format!("{}/real/gone/x", base.display()));
        std::fs::remove_dir_all(&dir).expect("removable");
    }
}
