//! Small file work that has to be right: atomic replacement and private folders.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Replaces a file in one step, written through to the disk, with the given mode.
///
/// # Errors
/// Those of the file system; the old file is then still there.
pub fn write_atomic(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    replace(path, bytes, mode, true)
}

/// Replaces a file in one step without waiting for the disk.
///
/// # Errors
/// Those of the file system; the old file is then still there.
pub fn write_lightly(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    replace(path, bytes, mode, false)
}

/// Where the new content of a file is while it is being written.
pub fn half_written(path: &Path) -> PathBuf {
    path.with_extension("new")
}

fn replace(path: &Path, bytes: &[u8], mode: u32, sync: bool) -> std::io::Result<()> {
    let tmp = half_written(path);
    let written =
        OpenOptions::new().create(true).write(true).truncate(true).mode(mode).open(&tmp).and_then(|mut f| {
            // The mode at creation passes through the umask and does not apply to a leftover file.
            f.set_permissions(Permissions::from_mode(mode))?;
            f.write_all(bytes)?;
            if sync {
                f.sync_data()?;
            }
            std::fs::rename(&tmp, path)
        });
    if let Err(e) = written {
        let _ = std::fs::remove_file(&tmp);
        return Err(e);
    }
    if sync && let Some(dir) = path.parent() {
        File::open(dir)?.sync_all()?;
    }
    Ok(())
}

/// Makes a folder with its parents; only its owner enters it.
///
/// # Errors
/// Those of the file system.
pub fn make_private_dir(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Reads a file of at most `max` bytes; what is beyond is cut off.
///
/// # Errors
/// Those of the file system.
pub fn read_bounded(path: impl AsRef<Path>, max: u64) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    File::open(path)?.take(max).read_to_end(&mut out)?;
    Ok(out)
}

/// Reads a short text file without its surrounding white space; empty if it cannot be read.
pub fn read_text(path: impl AsRef<Path>) -> String {
    read_bounded(path, 64 << 10).map(|b| String::from_utf8_lossy(&b).trim().to_owned()).unwrap_or_default()
}
