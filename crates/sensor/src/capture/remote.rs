//! File systems that another machine or a program answers for. A call on one may never return, so
//! the thread that drains the ring does not touch them.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// How often the list of mounts is asked whether it changed.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Longest list of mounts that is read.
const MOUNTS_MAX: u64 = 16 << 20;

/// Magic numbers as superblocks hold them: NFS, SMB (three), FUSE, Ceph, AFS (two), 9P, Coda, Lustre,
/// GPFS, OCFS2, GFS2, OrangeFS, VirtualBox, autofs.
const MAGICS: [u32; 17] = [
    0x6969,
    0x517b,
    0xff53_4d42,
    0xfe53_4d42,
    0x6573_5546,
    0x00c3_6400,
    0x5346_414f,
    0x6b41_4653,
    0x0102_1997,
    0x7375_7245,
    0x0bd0_0bd0,
    0x4750_4653,
    0x7461_636f,
    0x0116_1970,
    0x2003_0528,
    0x786f_4256,
    0x0187,
];

/// The same by the names in mountinfo.
const KINDS: [&str; 19] = [
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "afs", "9p", "coda", "lustre", "gpfs", "ocfs2", "gfs2",
    "orangefs", "pvfs2", "beegfs", "panfs", "vboxsf", "autofs",
];

/// Whether a superblock's magic number is that of such a file system.
pub(crate) fn is_remote(magic: u32) -> bool {
    MAGICS.contains(&magic)
}

/// Where such file systems are mounted in our mount namespace.
#[derive(Debug, Default)]
pub(crate) struct RemoteMounts {
    list: Option<File>,
    points: Vec<String>,
    looked: Option<Instant>,
}

impl RemoteMounts {
    /// Whether the way to `path` leads through one.
    pub(crate) fn holds(&mut self, path: &str) -> bool {
        if self.looked.is_none_or(|at| at.elapsed() >= LOOK_EVERY) {
            self.looked = Some(Instant::now());
            self.refresh();
        }
        self.points.iter().any(|point| {
            path.strip_prefix(point.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    fn refresh(&mut self) {
        let changed = match &self.list {
            // The kernel marks the open list when a mount comes or goes.
            Some(list) => {
                let mut ready = [PollFd::new(list.as_fd(), PollFlags::POLLPRI)];
                poll(&mut ready, PollTimeout::ZERO).is_ok_and(|n| n > 0)
            }
            None => {
                self.list = File::open("/proc/self/mountinfo").ok();
                true
            }
        };
        let Some(list) = self.list.as_mut().filter(|_| changed) else { return };
        let mut bytes = Vec::new();
        if list.seek(SeekFrom::Start(0)).and_then(|_| list.take(MOUNTS_MAX).read_to_end(&mut bytes)).is_ok() {
            self.points = points(&String::from_utf8_lossy(&bytes));
        }
    }
}

fn points(mountinfo: &str) -> Vec<String> {
    let remote = mountinfo.lines().filter_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let kind = right.split(' ').next()?;
        let is = KINDS.contains(&kind) || kind == "fuse" || kind.starts_with("fuse.") || kind == "fuseblk";
        is.then(|| left.split(' ').nth(4).map(unescaped))?
    });
    // A machine that lives on such a root has no other place.
    remote.filter(|point| point != "/").collect()
}

/// Mount points have spaces and the like as three octal digits.
fn unescaped(field: &str) -> String {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after
            .get(..3)
            .filter(|_| *first == b'\\')
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        match code {
            Some(code) => {
                bytes.push(code);
                rest = &after[3..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_of_others_are_found_by_their_kind() {
        let text = "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
            22 21 0:40 / /mnt/a\\040b rw,relatime shared:1 - nfs4 h:/x rw\n\
            23 21 0:41 / /home/u/m rw - fuse.sshfs u@h: rw\n\
            24 21 0:42 / /run rw - tmpfs tmpfs rw\n\
            bad line\n";
        assert_eq!(points(text), ["/mnt/a b", "/home/u/m"]);
        assert!(points("1 0 0:1 / / rw - nfs h:/ rw\n").is_empty());
    }

    #[test]
    fn whole_names_decide() {
        let mut mounts = RemoteMounts { looked: Some(Instant::now()), ..RemoteMounts::default() };
        mounts.points = vec!["/mnt/n".into()];
        assert!(mounts.holds("/mnt/n") && mounts.holds("/mnt/n/x"));
        assert!(!mounts.holds("/mnt/nn") && !mounts.holds("/mnt"));
        assert!(is_remote(0x6969) && !is_remote(0xef53));
    }

    #[test]
    fn this_machine_is_read() {
        let mut mounts = RemoteMounts::default();
        assert!(!mounts.holds("/proc/self"));
        assert!(mounts.list.is_some());
    }
}
