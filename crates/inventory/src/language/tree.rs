//! What the walk saw, small enough to keep: with it a change is found by asking for the state of folders,
//! without reading them.

use std::collections::HashMap;
use std::ffi::CString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::fd::{AsRawFd, OwnedFd};

use crate::error::Result;
use crate::root::{Root, Stamp, open_at, stamp_at};

/// The folders that were walked, each with the state it was in, and the files that packages came from.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// In the order of the walk: a folder comes after the one that it is in.
    folders: Vec<Folder>,
    files: Vec<(u32, Box<[u8]>, u64)>,
}

#[derive(Debug)]
struct Folder {
    parent: u32,
    name: Box<[u8]>,
    state: u64,
    names: Names,
}

/// The names of a folder that the walk has an eye for, whatever their order: what else comes and goes in
/// it is no change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names(u64);

impl Names {
    pub(crate) fn add(&mut self, name: &[u8]) {
        let mut h = DefaultHasher::new();
        name.hash(&mut h);
        self.0 = self.0.wrapping_add(h.finish() | 1);
    }
}

/// The number of the outermost folder.
pub(crate) const TOP: u32 = u32::MAX;

/// A stamp in eight bytes: two that differ are the same with a probability that does not matter.
fn digest(stamp: &Stamp) -> u64 {
    let mut h = DefaultHasher::new();
    (stamp.dev, stamp.ino, stamp.size, stamp.mtime, stamp.ctime).hash(&mut h);
    h.finish()
}

/// A folder's own time says that names in it came or went; that what is in its files changed, it does not.
fn folder_digest(stamp: &Stamp) -> u64 {
    let mut h = DefaultHasher::new();
    (stamp.dev, stamp.ino, stamp.mtime).hash(&mut h);
    h.finish()
}

impl Tree {
    /// Notes a folder; its number.
    pub(crate) fn folder(&mut self, parent: u32, name: &[u8], stamp: &Stamp) -> u32 {
        let (state, names) = (folder_digest(stamp), Names::default());
        self.folders.push(Folder { parent, name: name.into(), state, names });
        (self.folders.len() - 1) as u32
    }

    /// Notes the names in a folder.
    pub(crate) fn names(&mut self, folder: u32, names: Names) {
        if let Some(folder) = self.folders.get_mut(folder as usize) {
            folder.names = names;
        }
    }

    /// The path of a folder, as the walk has it: empty for the outermost one.
    fn path(&self, mut folder: u32) -> String {
        let mut parts = Vec::new();
        while let Some(f) = self.folders.get(folder as usize).filter(|f| f.parent != TOP) {
            parts.push(String::from_utf8_lossy(&f.name).into_owned());
            folder = f.parent;
        }
        parts.iter().rev().map(|p| format!("/{p}")).collect()
    }

    /// Notes a file in a folder.
    pub(crate) fn file(&mut self, folder: u32, name: &[u8], stamp: &Stamp) {
        self.files.push((folder, name.into(), digest(stamp)));
    }

    /// Whether a folder or a file is not as it was; `names` are those of an opened folder now.
    pub(crate) fn differs(
        &mut self,
        root: &Root,
        names: impl Fn(i32, &str) -> Result<Names>,
    ) -> Result<bool> {
        let top = root.top()?;
        // The folders on the way to the present one; those that the walk has left are closed.
        let mut open: Vec<(u32, OwnedFd)> = Vec::new();
        let mut by_folder: HashMap<u32, Vec<usize>> = HashMap::new();
        for (i, (folder, _, _)) in self.files.iter().enumerate() {
            by_folder.entry(*folder).or_default().push(i);
        }
        for i in 0..self.folders.len() {
            let (number, folder) = (i as u32, &self.folders[i]);
            while open.last().is_some_and(|(n, _)| *n != folder.parent) {
                open.pop();
            }
            let parent = open.last().map_or(top.as_raw_fd(), |(_, fd)| fd.as_raw_fd());
            let Ok(name) = CString::new(&folder.name[..]) else { continue };
            let Ok(stamp) = stamp_at(parent, &name) else { return Ok(true) };
            let same = folder_digest(&stamp) == folder.state;
            let children = self.folders.get(i + 1).is_some_and(|next| next.parent == number);
            let files = by_folder.get(&number);
            if same && !children && files.is_none() {
                continue;
            }
            let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW;
            let Ok(fd) = open_at(parent, &name, flags | if same { libc::O_PATH } else { libc::O_RDONLY })
            else {
                return Ok(true);
            };
            for (_, name, state) in files.into_iter().flatten().map(|i| &self.files[*i]) {
                let Ok(name) = CString::new(&name[..]) else { continue };
                if !stamp_at(fd.as_raw_fd(), &name).is_ok_and(|s| digest(&s) == *state) {
                    return Ok(true);
                }
            }
            if !same {
                if names(fd.as_raw_fd(), &self.path(number))? != folder.names {
                    return Ok(true);
                }
                self.folders[i].state = folder_digest(&stamp);
            }
            open.push((number, fd));
        }
        Ok(false)
    }
}
