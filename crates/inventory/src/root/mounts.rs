//! Which mounts lie below a root, and of what kind they are.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Most bytes of the list of mounts.
const MAX_LIST: u64 = 64 << 20;

/// What may be done with a mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A disk's file system: it is walked.
    Disk,
    /// Memory, or a disk's folder that is walked elsewhere: single files are read, it is not walked.
    Aside,
    /// Network, pseudo, or a program's: not entered at all.
    Foreign,
}

/// The mounts below a root, by their path in it.
#[derive(Debug, Default)]
pub struct Mounts {
    at: HashMap<Vec<u8>, Class>,
    /// The folders that a mount lies in.
    parents: HashSet<Vec<u8>>,
}

const DISKS: [&str; 21] = [
    "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "overlay", "aufs", "squashfs", "erofs", "vfat",
    "exfat", "ntfs3", "jfs", "reiserfs", "bcachefs", "nilfs2", "ubifs", "jffs2", "cramfs",
];

impl Mounts {
    /// Those of a `mountinfo` that lie below `root`; none where it cannot be read.
    pub(crate) fn read(mountinfo: &Path, root: &Path) -> Option<Self> {
        let mut text = Vec::new();
        File::open(mountinfo).and_then(|f| f.take(MAX_LIST).read_to_end(&mut text)).ok()?;
        Some(Self::parse(&text, root.as_os_str().as_bytes()))
    }

    fn parse(text: &[u8], root: &[u8]) -> Self {
        let root = root.strip_suffix(b"/").unwrap_or(root);
        let mut at = HashMap::new();
        // Device and folder of what is walked already, so that a bind mount is not walked again.
        let mut walked: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for line in text.split(|b| *b == b'\n') {
            let Some(m) = Mount::parse(line) else { continue };
            let mut class = m.class();
            if class == Class::Disk {
                let again =
                    walked.iter().any(|(device, folder)| *device == m.device && below(&m.folder, folder));
                if again {
                    class = Class::Aside;
                } else if below(&m.point, root) {
                    walked.push((m.device.clone(), m.folder.clone()));
                }
            }
            if !below(&m.point, root) {
                continue;
            }
            let inside = m.point[root.len()..].to_vec();
            // The root itself is what the caller asked for, whatever it lies on.
            if !inside.is_empty() && inside != b"/" {
                at.insert(inside, class);
            }
        }
        let parent = |p: &Vec<u8>| p.iter().rposition(|b| *b == b'/').map(|end| p[..end].to_vec());
        let parents = at.keys().filter_map(parent).collect();
        Self { at, parents }
    }

    /// Whether something is mounted at a name right in `folder`, written without a slash at its end.
    pub fn any_in(&self, folder: &[u8]) -> bool {
        self.parents.contains(folder)
    }

    /// What is mounted at `path` of the root, if anything.
    pub fn class(&self, path: &[u8]) -> Option<Class> {
        self.at.get(path).copied()
    }
}

/// Whether `path` is `folder` or below it.
fn below(path: &[u8], folder: &[u8]) -> bool {
    let folder = folder.strip_suffix(b"/").unwrap_or(folder);
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

/// One line of a `mountinfo`.
pub(crate) struct Mount {
    pub(crate) device: Vec<u8>,
    /// The folder of the file system that is mounted.
    pub(crate) folder: Vec<u8>,
    pub(crate) point: Vec<u8>,
    kind: Vec<u8>,
}

impl Mount {
    pub(crate) fn parse(line: &[u8]) -> Option<Self> {
        let mut words = line.split(|b| *b == b' ');
        let device = words.nth(2)?.to_vec();
        let folder = unescape(words.next()?);
        let point = unescape(words.next()?);
        // A varying number of fields ends with a dash.
        let kind = words.skip_while(|w| *w != b"-").nth(1)?.to_vec();
        Some(Self { device, folder, point, kind })
    }

    fn class(&self) -> Class {
        match std::str::from_utf8(&self.kind) {
            Ok("tmpfs" | "ramfs") => Class::Aside,
            Ok(kind) if DISKS.contains(&kind) => Class::Disk,
            _ => Class::Foreign,
        }
    }
}

/// The kernel writes blanks and the like as a backslash and three octal digits.
fn unescape(word: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((first, more)) = rest.split_first() {
        let digits = more.first_chunk::<3>().filter(|d| d.iter().all(|c| (b'0'..=b'7').contains(c)));
        if let (b'\\', Some(d)) = (first, digits) {
            let value = d.iter().fold(0u32, |v, c| v * 8 + u32::from(c - b'0'));
            out.push(value as u8);
            rest = &more[3..];
        } else {
            out.push(*first);
            rest = more;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &[u8] = b"\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:21 / /proc rw - proc proc rw
24 22 0:22 / /srv/a\\040b rw - nfs4 host:/x rw
25 22 254:0 /var/data /srv/again rw - ext4 /dev/vda rw
26 22 254:16 / /data rw - xfs /dev/vdb rw
27 22 0:30 / /run rw - tmpfs tmpfs rw
28 26 0:31 / /data/f rw - fuse.sshfs x rw
";

    #[test]
    fn only_disks_are_walked_and_each_once() {
        let m = Mounts::parse(LIST, b"/");
        assert_eq!(m.class(b"/proc"), Some(Class::Foreign));
        assert_eq!(m.class(b"/srv/a b"), Some(Class::Foreign));
        assert_eq!(m.class(b"/srv/again"), Some(Class::Aside));
        assert_eq!(m.class(b"/data"), Some(Class::Disk));
        assert_eq!(m.class(b"/run"), Some(Class::Aside));
        assert_eq!(m.class(b"/usr"), None);
        assert!(m.any_in(b"") && m.any_in(b"/srv") && !m.any_in(b"/srv/again"));
    }

    #[test]
    fn another_root_has_its_own_paths() {
        let m = Mounts::parse(LIST, b"/data");
        assert_eq!(m.class(b"/f"), Some(Class::Foreign));
        assert_eq!(m.class(b"/proc"), None);
    }
}
