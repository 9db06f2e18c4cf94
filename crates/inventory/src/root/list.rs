//! A folder's entries, without one allocation for each.

use std::io;

use crate::error::{InventoryError, Result};

/// Most bytes of one folder's names.
const MAX_NAMES: usize = 64 << 20;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A pipe, a socket, a device.
    Other,
    /// The file system does not say it in its folders.
    Unknown,
}

/// The entries of one folder; the same one serves folder after folder.
#[derive(Debug, Default)]
pub struct Listing {
    names: Vec<u8>,
    entries: Vec<(u32, u16, Kind)>,
    buffer: Vec<u64>,
}

/// Where in a `linux_dirent64` its length, its kind and its name are.
const LENGTH: usize = 16;
const KIND: usize = 18;
const NAME: usize = 19;

impl Listing {
    /// Replaces the entries by those of the opened folder `fd`.
    ///
    /// # Errors
    /// When it cannot be read, or holds more names than the bound.
    pub fn read(&mut self, fd: i32) -> Result<()> {
        self.names.clear();
        self.entries.clear();
        self.buffer.resize(4096, 0);
        loop {
            let room = self.buffer.len() * 8;
            // SAFETY: the kernel writes at most `room` bytes; u64s are aligned as it wants them.
            let (n, bytes) = unsafe {
                let at = self.buffer.as_mut_ptr();
                let n = libc::syscall(libc::SYS_getdents64, fd, at, room);
                (n, std::slice::from_raw_parts(at.cast::<u8>().cast_const(), room))
            };
            let n = usize::try_from(n).map_err(|_| io::Error::last_os_error())?;
            if n == 0 {
                return Ok(());
            }
            let mut rest = &bytes[..n.min(room)];
            while let Some(length) = crate::bytes::array(rest, LENGTH).map(u16::from_ne_bytes) {
                let length = usize::from(length);
                let Some(entry) = rest.get(..length).filter(|e| e.len() > NAME) else { break };
                let name = crate::bytes::c_str(&entry[NAME..]);
                if name != b"." && name != b".." {
                    if self.names.len() > MAX_NAMES {
                        return Err(InventoryError::TooMany("names in a folder"));
                    }
                    let start = self.names.len() as u32;
                    self.names.extend_from_slice(name);
                    self.entries.push((start, name.len() as u16, kind(entry[KIND])));
                }
                rest = &rest[length..];
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Name and kind of each.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Kind)> {
        self.entries.iter().map(|(start, length, kind)| {
            let start = *start as usize;
            (&self.names[start..start + usize::from(*length)], *kind)
        })
    }
}

fn kind(d_type: u8) -> Kind {
    match d_type {
        libc::DT_REG => Kind::File,
        libc::DT_DIR => Kind::Folder,
        libc::DT_LNK => Kind::Link,
        libc::DT_UNKNOWN => Kind::Unknown,
        _ => Kind::Other,
    }
}
