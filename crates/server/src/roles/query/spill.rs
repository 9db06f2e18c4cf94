//! Where a worker puts rows aside that do not fit into its memory.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Most bytes that one query puts aside.
const MOST: u64 = 4 << 30;
/// With less room than this, nothing is put aside.
const LEAST: u64 = 64 << 20;
/// The part of the free room that one query may have: the lake's next file comes first.
const SHARE: u64 = 8;

/// The worker's own folder; it goes with the value, and what a worker that was ended left goes with the next
/// worker's start.
pub(super) struct Spill {
    /// The folder.
    pub folder: PathBuf,
    /// Most bytes in it.
    pub bytes: u64,
}

impl Spill {
    /// None where there is no room, or no such folder.
    pub fn open(root: &Path) -> Option<Self> {
        sweep(root);
        let room = nix::sys::statvfs::statvfs(root).ok()?;
        let bytes = (room.blocks_available().saturating_mul(room.fragment_size()) / SHARE).min(MOST);
        if bytes < LEAST {
            tracing::warn!(bytes, "too little room on disk to put rows of queries aside");
            return None;
        }
        let folder = root.join(std::process::id().to_string());
        match fs::DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => Some(Self { folder, bytes }),
            Err(error) => {
                tracing::warn!(%error, "no folder to put rows of queries aside in");
                None
            }
        }
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        remove(&self.folder);
    }
}

/// Removes the folders of workers that are no more.
fn sweep(root: &Path) {
    let Ok(entries) = fs::read_dir(root) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|n| n.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
            remove(&entry.path());
        }
    }
}

fn remove(folder: &Path) {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, folder = %folder.display(), "rows put aside stay on disk");
        }
        // Two workers may sweep at once.
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_worker_or_with_the_next_one() {
        let root = tempfile::tempdir().expect("a folder");
        // Numbers of processes end far below.
        let left = root.path().join("4194999");
        fs::create_dir_all(left.join("datafusion-x")).expect("made");
        fs::create_dir(root.path().join("1")).expect("made");
        let spill = Spill::open(root.path()).expect("there is room");
        assert!(spill.folder.is_dir() && spill.bytes >= LEAST && spill.bytes <= MOST);
        assert!(!left.exists());
        assert!(root.path().join("1").exists(), "the first process lives");
        let folder = spill.folder.clone();
        drop(spill);
        assert!(!folder.exists());
    }

    #[test]
    fn without_a_root_nothing_is_put_aside() {
        assert!(Spill::open(Path::new("/nowhere/at/all")).is_none());
    }
}
