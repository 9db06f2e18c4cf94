//! The folder that a sensor is to be installed into.

use std::path::{Path, PathBuf};

use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::{AccessFlags, access};
use palisade_estate::provision::InstallPath;

/// The nearest folder above a path that exists, or the path itself.
fn existing(path: &Path) -> PathBuf {
    path.ancestors().find(|p| p.exists()).unwrap_or(Path::new("/")).to_owned()
}

/// Free bytes where a path lies, or would lie.
pub fn free_bytes(path: &Path) -> u64 {
    statvfs(&existing(path)).map_or(0, |s| s.blocks_available().saturating_mul(s.fragment_size()))
}

/// All bytes of the file system on which a path lies.
pub fn total_bytes(path: &Path) -> u64 {
    statvfs(&existing(path)).map_or(0, |s| s.blocks().saturating_mul(s.fragment_size()))
}

/// What can be said of a folder without touching it.
pub fn install_path(path: &Path) -> InstallPath {
    let there = existing(path);
    let flags = statvfs(&there).map_or(FsFlags::empty(), |s| s.flags());
    InstallPath {
        path: path.display().to_string(),
        free_bytes: free_bytes(path),
        writable: there.is_dir()
            && !flags.contains(FsFlags::ST_RDONLY)
            && access(&there, AccessFlags::W_OK | AccessFlags::X_OK).is_ok(),
        executable: !flags.contains(FsFlags::ST_NOEXEC),
        symlink: path.ancestors().any(Path::is_symlink),
    }
}

/// The same, with the room of the file system on which the spool lies where that is another one
/// and has less to give.
pub fn with_state(path: &Path, state_dir: &Path) -> InstallPath {
    /// The program with the one before it, and room to replace it.
    const PROGRAM: u64 = 128 << 20;
    let mut found = install_path(path);
    // What an earlier sensor's spool holds is room for the next one's.
    let held = tree_bytes(state_dir);
    if device(path) == device(state_dir) {
        found.free_bytes = found.free_bytes.saturating_add(held);
        return found;
    }
    let state_free = free_bytes(state_dir).saturating_add(held);
    let usable = found.writable && found.executable && !found.symlink;
    if usable && found.free_bytes >= PROGRAM {
        found.free_bytes = state_free;
        found.path = state_dir.display().to_string();
    }
    found
}

fn device(path: &Path) -> Option<u64> {
    std::fs::metadata(existing(path)).ok().map(|m| std::os::unix::fs::MetadataExt::dev(&m))
}

/// Bytes of the files in the folders of a spool, two levels deep as spools are.
fn tree_bytes(dir: &Path) -> u64 {
    fn sum(dir: &Path, deeper: u32) -> u64 {
        let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
        let one = |e: std::fs::DirEntry| match e.metadata() {
            Ok(m) if m.is_dir() && deeper > 0 => sum(&e.path(), deeper - 1),
            Ok(m) if m.is_file() => m.len(),
            _ => 0,
        };
        entries.flatten().take(100_000).map(one).sum()
    }
    sum(dir, 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_not_there_yet_is_judged_by_where_it_would_be() {
        let dir = tempfile::TempDir::new().expect("dir");
        let dir = dir.path().canonicalize().expect("real");
        let found = install_path(&dir.join("a/b/c"));
        assert!(found.writable && !found.symlink && found.free_bytes > 0, "{found:?}");
        std::fs::create_dir(dir.join("real")).expect("made");
        std::os::unix::fs::symlink("real", dir.join("link")).expect("linked");
        assert!(install_path(&dir.join("link/x")).symlink);
        // A file is no place for a folder.
        std::fs::write(dir.join("file"), "").expect("written");
        assert!(!install_path(&dir.join("file/x")).writable);
        std::fs::write(dir.join("real/held"), [0; 4096]).expect("written");
        let with = with_state(&dir.join("a"), &dir.join("real"));
        assert!(with.free_bytes >= 4096 && with.path.ends_with("/a"), "{with:?}");
    }
}
