//! Working on an instance's feeds as the user to whom they belong: root would follow links that this user put there.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::unistd::{Gid, Uid, seteuid, setgid, setgroups, setuid};

/// Files that a person brought, where the owner of the feeds can read them.
pub struct Brought {
    /// The files.
    pub files: Vec<PathBuf>,
    /// Where copies are of those that only root can read.
    _copies: Option<tempfile::TempDir>,
}

/// The user and group of the feeds, if root works on somebody else's.
fn owner(feeds: &Path) -> Option<(Uid, Gid)> {
    let meta = fs::symlink_metadata(feeds).ok().filter(|m| m.is_dir() && m.uid() != 0)?;
    Uid::effective().is_root().then(|| (Uid::from_raw(meta.uid()), Gid::from_raw(meta.gid())))
}

/// Goes on as the owner of the feeds, for good. Without an instance they are the caller's own.
///
/// # Errors
/// When the system refuses.
pub fn become_owner(feeds: &Path) -> Result<()> {
    let Some((uid, gid)) = owner(feeds) else { return Ok(()) };
    setgroups(&[gid])
        .and_then(|()| setgid(gid))
        .and_then(|()| setuid(uid))
        .context("becoming the user of the feeds")
}

/// Has files where the owner of the feeds can read them, with their names and dates.
///
/// # Errors
/// When one cannot be read or copied.
pub fn brought(feeds: &Path, files: &[PathBuf]) -> Result<Brought> {
    let Some((uid, gid)) = owner(feeds) else {
        return Ok(Brought { files: files.to_vec(), _copies: None });
    };
    seteuid(uid).context("becoming the user of the feeds")?;
    let hidden: Vec<bool> = files.iter().map(|f| File::open(f).is_err()).collect();
    seteuid(Uid::from_raw(0)).context("becoming root again")?;
    let mut out = Brought { files: files.to_vec(), _copies: None };
    if !hidden.contains(&true) {
        return Ok(out);
    }
    let copies = tempfile::tempdir().context("making a folder for copies")?;
    for (at, file) in files.iter().enumerate().filter(|(at, _)| hidden[*at]) {
        // One that is not there is told as such when it is taken.
        let Ok(mut from) = File::open(file) else { continue };
        let folder = copies.path().join(at.to_string());
        fs::create_dir(&folder).context("making a folder for a copy")?;
        let copy = folder.join(file.file_name().unwrap_or_default());
        let name = || format!("copying {}", file.display());
        let mut to = File::create_new(&copy).with_context(name)?;
        std::io::copy(&mut from, &mut to).with_context(name)?;
        to.set_modified(from.metadata()?.modified()?).with_context(name)?;
        to.set_permissions(fs::Permissions::from_mode(0o400)).with_context(name)?;
        for path in [&copy, &folder] {
            chown(path, Some(uid.as_raw()), Some(gid.as_raw())).with_context(name)?;
        }
        out.files[at] = copy;
    }
    chown(copies.path(), Some(uid.as_raw()), Some(gid.as_raw())).context("handing copies over")?;
    out._copies = Some(copies);
    Ok(out)
}
