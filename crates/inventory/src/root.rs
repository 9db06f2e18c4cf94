//! A root file system, read so that nothing leads out of it: no link, no `..`, no mount of a network or
//! pseudo file system.

mod list;
mod mounts;

use std::cell::RefCell;
use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::bytes::Sized;
use crate::error::{InventoryError, Result};
pub use list::{Kind, Listing};
pub(crate) use mounts::Mount;
pub use mounts::{Class, Mounts};

/// Links that are followed on the way to one file.
const MAX_LINKS: usize = 40;
/// Parts of one path, those of links included.
const MAX_PARTS: usize = 256;

/// A root file system.
#[derive(Debug)]
pub struct Root {
    fd: OwnedFd,
    path: PathBuf,
    /// Where the list of mounts is, and what of it is ours.
    mountinfo: (PathBuf, PathBuf),
    mounts: Mounts,
    /// What was looked at since the last `begin`, so that it can be asked whether it changed.
    seen: RefCell<Seen>,
}

/// What names the state of a file: it changes when the file does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The device.
    pub dev: u64,
    /// The inode on it.
    pub ino: u64,
    /// Bytes.
    pub size: u64,
    /// When its content changed: seconds, nanoseconds.
    pub mtime: (i64, i64),
    /// When anything of it changed.
    pub ctime: (i64, i64),
    /// Kind and permissions, as `st_mode`.
    pub mode: u32,
    /// The owner's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
}

impl Stamp {
    /// What it is.
    pub fn kind(&self) -> Kind {
        match self.mode & libc::S_IFMT {
            libc::S_IFREG => Kind::File,
            libc::S_IFDIR => Kind::Folder,
            libc::S_IFLNK => Kind::Link,
            _ => Kind::Other,
        }
    }
}

/// Files with the state in which they were seen; none where there was no file.
pub(crate) type Seen = Vec<(String, Option<Stamp>)>;

/// Something that a path leads to.
#[derive(Debug)]
pub struct Place {
    /// Opened only as a place: reading needs another opening.
    at: OwnedFd,
    /// Where it really is, below the root, with a leading slash.
    pub path: String,
    /// Its state when it was found.
    pub stamp: Stamp,
}

/// Name and kind of what lies in a folder.
pub type FolderEntry = (Vec<u8>, Kind);

impl Root {
    /// The root at `path`; mounts below it are those that this process sees.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn open(path: &Path) -> Result<Self> {
        let real = path.canonicalize()?;
        Self::new(real.clone(), ("/proc/self/mountinfo".into(), real))
    }

    /// The root of the mount namespace that process `pid` lives in.
    pub(crate) fn of_process(proc: &Path, pid: u32) -> Result<Self> {
        Self::new(proc.join(format!("{pid}/root")), (proc.join(format!("{pid}/mountinfo")), "/".into()))
    }

    fn new(path: PathBuf, mountinfo: (PathBuf, PathBuf)) -> Result<Self> {
        let name = CString::new(path.as_os_str().as_bytes()).map_err(|_| InventoryError::WrongKind)?;
        let fd = open_at(libc::AT_FDCWD, &name, libc::O_RDONLY | libc::O_DIRECTORY)?;
        let mounts = Mounts::read(&mountinfo.0, &mountinfo.1).unwrap_or_default();
        Ok(Self { fd, path, mountinfo, mounts, seen: RefCell::default() })
    }

    /// Looks anew at what is mounted below it: a share that was mounted meanwhile is not to be walked.
    pub(crate) fn look_at_mounts(&mut self) {
        if let Some(mounts) = Mounts::read(&self.mountinfo.0, &self.mountinfo.1) {
            self.mounts = mounts;
        }
    }

    /// Where it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is this machine's own root, whose processes are to be seen in /proc.
    pub fn is_live(&self) -> bool {
        self.path == Path::new("/")
    }

    /// What is mounted below it.
    pub fn mounts(&self) -> &Mounts {
        &self.mounts
    }

    /// Forgets what was looked at.
    pub fn begin(&self) {
        self.seen.borrow_mut().clear();
    }

    /// What was looked at since `begin`.
    pub(crate) fn seen(&self) -> Seen {
        std::mem::take(&mut self.seen.borrow_mut())
    }

    /// Leaves out of what was seen whatever says nothing of the source.
    pub(crate) fn forget(&self, what: impl Fn(&str) -> bool) {
        self.seen.borrow_mut().retain(|(path, _)| !what(path));
    }

    /// Whether one of `seen` is another file now, or not there any more, or there at last.
    pub(crate) fn differs(&self, seen: &Seen) -> bool {
        let keep = self.seen();
        let differs = seen.iter().any(|(path, stamp)| self.place(path).ok().map(|p| p.stamp) != *stamp);
        *self.seen.borrow_mut() = keep;
        differs
    }

    /// Follows `path` within the root.
    ///
    /// # Errors
    /// When there is nothing, or nothing that may be entered.
    pub fn place(&self, path: impl AsRef<Path>) -> Result<Place> {
        let path = path.as_ref();
        let found = self.follow(path);
        let stamp = found.as_ref().ok().map(|p| p.stamp);
        self.seen.borrow_mut().push((path.to_string_lossy().into_owned(), stamp));
        found
    }

    fn follow(&self, path: &Path) -> Result<Place> {
        let mut todo: Vec<Vec<u8>> = Vec::new();
        push(&mut todo, path.as_os_str().as_bytes())?;
        let mut at: Vec<(OwnedFd, Vec<u8>)> = Vec::new();
        let (mut links, mut parts) = (0, 0);
        let mut last = stamp_of(self.fd.as_raw_fd())?;
        while let Some(name) = todo.pop() {
            parts += 1;
            if parts > MAX_PARTS {
                return Err(InventoryError::TooDeep);
            }
            if name == b".." {
                at.pop();
                last = stamp_of(at.last().map_or(self.fd.as_raw_fd(), |(fd, _)| fd.as_raw_fd()))?;
                continue;
            }
            let mut whole: Vec<u8> = Vec::new();
            for n in at.iter().map(|(_, n)| n).chain([&name]) {
                whole.push(b'/');
                whole.extend_from_slice(n);
            }
            if self.mounts.class(&whole) == Some(Class::Foreign) {
                return Err(InventoryError::Foreign);
            }
            let parent = at.last().map_or(self.fd.as_raw_fd(), |(fd, _)| fd.as_raw_fd());
            let c = CString::new(name.clone()).map_err(|_| InventoryError::WrongKind)?;
            let fd = open_at(parent, &c, libc::O_PATH | libc::O_NOFOLLOW)?;
            let stamp = stamp_of(fd.as_raw_fd())?;
            if stamp.kind() == Kind::Link {
                links += 1;
                if links > MAX_LINKS {
                    return Err(InventoryError::TooDeep);
                }
                let target = link_at(fd.as_raw_fd(), c"")?;
                if target.first() == Some(&b'/') {
                    at.clear();
                    last = stamp_of(self.fd.as_raw_fd())?;
                }
                push(&mut todo, &target)?;
                continue;
            }
            if stamp.kind() != Kind::Folder && !todo.is_empty() {
                return Err(io::Error::from(io::ErrorKind::NotADirectory).into());
            }
            last = stamp;
            at.push((fd, name));
        }
        let mut whole: Vec<u8> = Vec::new();
        for (_, n) in &at {
            whole.push(b'/');
            whole.extend_from_slice(n);
        }
        let fd = match at.pop() {
            Some((fd, _)) => fd,
            None => self.fd.try_clone()?,
        };
        let path = if whole.is_empty() { "/".into() } else { String::from_utf8_lossy(&whole).into_owned() };
        Ok(Place { at: fd, path, stamp: last })
    }

    /// Opens a regular file.
    pub(crate) fn file(&self, path: impl AsRef<Path>) -> Result<(Sized, Place)> {
        let place = self.place(path)?;
        if place.stamp.kind() != Kind::File {
            return Err(InventoryError::WrongKind);
        }
        let fd = read_at(&place.at)?;
        Ok((Sized { file: File::from(fd), size: place.stamp.size }, place))
    }

    /// A regular file's bytes; an error if there are more than `max`.
    ///
    /// # Errors
    /// When it is none, larger, or cannot be read.
    pub fn read(&self, path: impl AsRef<Path>, max: u64) -> Result<(Vec<u8>, Place)> {
        let (file, place) = self.file(path)?;
        Ok((read_whole(&file.file, max)?, place))
    }

    /// A regular file as text; what is no text becomes replacement characters.
    ///
    /// # Errors
    /// When it is none, larger, or cannot be read.
    pub fn text(&self, path: impl AsRef<Path>, max: u64) -> Result<String> {
        let (bytes, _) = self.read(path, max)?;
        Ok(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
    }

    /// A folder's entries, sorted by name, and where it really is.
    ///
    /// # Errors
    /// When it is none, or cannot be read.
    pub fn folder(&self, path: impl AsRef<Path>) -> Result<(Vec<FolderEntry>, Place)> {
        let place = self.place(path)?;
        if place.stamp.kind() != Kind::Folder {
            return Err(InventoryError::WrongKind);
        }
        let fd = open_at(place.at.as_raw_fd(), c".", libc::O_RDONLY | libc::O_DIRECTORY)?;
        let mut listing = Listing::default();
        listing.read(fd.as_raw_fd())?;
        let mut all: Vec<_> = listing.iter().map(|(n, k)| (n.to_vec(), k)).collect();
        all.sort();
        Ok((all, place))
    }

    /// The names in a folder as text, sorted; none where there is no folder.
    pub fn names(&self, path: impl AsRef<Path>) -> Vec<String> {
        let all = self.folder(path).map(|(all, _)| all).unwrap_or_default();
        all.into_iter().filter_map(|(n, _)| String::from_utf8(n).ok()).collect()
    }

    /// What a link says, without following it.
    ///
    /// # Errors
    /// When it is no link.
    pub fn link(&self, folder: impl AsRef<Path>, name: &str) -> Result<String> {
        let place = self.place(folder)?;
        let c = CString::new(name).map_err(|_| InventoryError::WrongKind)?;
        Ok(String::from_utf8_lossy(&link_at(place.at.as_raw_fd(), &c)?).into_owned())
    }

    /// Whether there is anything at `path`.
    pub fn exists(&self, path: impl AsRef<Path>) -> bool {
        self.place(path).is_ok()
    }

    /// The root itself, opened once more: where a walk starts.
    ///
    /// # Errors
    /// When the system gives no more descriptors.
    pub fn top(&self) -> Result<OwnedFd> {
        Ok(self.fd.try_clone()?)
    }
}

/// Puts the parts of `path` before what is still to be followed.
fn push(todo: &mut Vec<Vec<u8>>, path: &[u8]) -> Result<()> {
    if path.len() > libc::PATH_MAX as usize || todo.len() > MAX_PARTS {
        return Err(InventoryError::TooDeep);
    }
    let parts = path.split(|b| *b == b'/').filter(|p| !p.is_empty() && *p != b".");
    todo.extend(parts.rev().map(<[u8]>::to_vec));
    Ok(())
}

/// Opens `name` in the folder `at`, for as little as `flags` say.
///
/// # Errors
/// What the system says.
pub fn open_at(at: i32, name: &std::ffi::CStr, flags: i32) -> io::Result<OwnedFd> {
    // SAFETY: `name` ends with a zero byte, and the new descriptor is owned by nobody else.
    unsafe {
        let fd = libc::openat(at, name.as_ptr(), flags | libc::O_CLOEXEC);
        if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(fd)) }
    }
}

/// Opens `name` to read it: a pipe does not wait, a terminal does not become ours, and the time of the
/// last reading stays where we may say so.
pub(crate) fn open_to_read(at: i32, name: &std::ffi::CStr, flags: i32) -> io::Result<OwnedFd> {
    let flags = flags | libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOCTTY;
    match open_at(at, name, flags | libc::O_NOATIME) {
        Err(e) if e.raw_os_error() == Some(libc::EPERM) => open_at(at, name, flags),
        other => other,
    }
}

/// Opens once more, to read it, what was opened only as a place and is known to be a regular file: so the opening
/// neither waits nor acts.
pub(crate) fn read_at(place: &OwnedFd) -> Result<OwnedFd> {
    let again = format!("/proc/self/fd/{}", place.as_raw_fd());
    let c = CString::new(again).map_err(|_| InventoryError::WrongKind)?;
    Ok(open_to_read(libc::AT_FDCWD, &c, 0)?)
}

/// A regular file's bytes; an error if there are more than `max`.
pub(crate) fn read_whole(file: &File, max: u64) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    file.take(max.saturating_add(1)).read_to_end(&mut out)?;
    if out.len() as u64 > max {
        return Err(InventoryError::TooLarge("a file"));
    }
    Ok(out)
}

/// The state of an opened file.
pub(crate) fn stamp_of(fd: i32) -> io::Result<Stamp> {
    stamp_at(fd, c"")
}

/// The state of `name` in the folder `at`, or of the folder itself; links are not followed.
///
/// # Errors
/// What the system says.
pub fn stamp_at(at: i32, name: &std::ffi::CStr) -> io::Result<Stamp> {
    let flags = libc::AT_SYMLINK_NOFOLLOW | libc::AT_EMPTY_PATH | libc::AT_NO_AUTOMOUNT;
    // SAFETY: stat is plain data that the kernel fills in.
    let (done, stat) = unsafe {
        let mut stat: libc::stat = std::mem::zeroed();
        (libc::fstatat(at, name.as_ptr(), &raw mut stat, flags), stat)
    };
    if done != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Stamp {
        dev: stat.st_dev,
        ino: stat.st_ino,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        mtime: (stat.st_mtime, stat.st_mtime_nsec),
        ctime: (stat.st_ctime, stat.st_ctime_nsec),
        mode: stat.st_mode,
        uid: stat.st_uid,
        gid: stat.st_gid,
    })
}

fn link_at(at: i32, name: &std::ffi::CStr) -> io::Result<Vec<u8>> {
    let mut out = vec![0u8; libc::PATH_MAX as usize];
    // SAFETY: the kernel writes at most the buffer's length.
    let n = unsafe { libc::readlinkat(at, name.as_ptr(), out.as_mut_ptr().cast(), out.len()) };
    let n = usize::try_from(n).map_err(|_| io::Error::last_os_error())?;
    out.truncate(n);
    Ok(out)
}

#[cfg(test)]
mod tests;
