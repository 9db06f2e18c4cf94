//! The table of marked files, and the answer for one that is executed. Whatever is unclear is allowed.

use std::collections::HashMap;
use std::os::fd::{AsRawFd, BorrowedFd};

use palisade_inventory::stamp_at;

use crate::block::words::{Identity, Mark};
use crate::files::read_bounded;

/// What to do about an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Deny that of the table's entry.
    Deny(usize),
    /// Let it run and report it.
    Watch(usize),
    /// Let it run.
    Allow {
        /// The file is in the table and has changed since: it has to be looked at again.
        stale: bool,
        /// The file is not in the table: its mark is of an earlier one.
        unmark: bool,
    },
}

/// Marked files by device and inode.
#[derive(Debug, Default)]
pub struct Table {
    files: HashMap<(u64, u64), Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    index: usize,
    ctime: (i64, i64),
    block: bool,
}

/// Which file a descriptor is.
pub fn identity(fd: BorrowedFd<'_>) -> Option<Identity> {
    let stamp = stamp_at(fd.as_raw_fd(), c"").ok()?;
    Some(Identity { dev: stamp.dev, ino: stamp.ino, ctime: stamp.ctime })
}

impl Table {
    /// The table of these files.
    pub fn new(marks: &[Mark]) -> Self {
        let mut files: HashMap<(u64, u64), Entry> = HashMap::with_capacity(marks.len());
        for (index, mark) in marks.iter().enumerate() {
            let entry = Entry { index, ctime: mark.identity.ctime, block: mark.block };
            let slot = files.entry((mark.identity.dev, mark.identity.ino)).or_insert(entry);
            // One inode by two names: the stricter rule counts.
            if entry.block && !slot.block {
                *slot = entry;
            }
        }
        Self { files }
    }

    /// What to do about the execution of the file by a process.
    pub fn answer(&self, fd: BorrowedFd<'_>, pid: i32, within: Option<&str>) -> Answer {
        let Some(file) = identity(fd) else { return Answer::Allow { stale: false, unmark: false } };
        let answer = self.judge(file);
        let concerned = || within.is_none_or(|cgroup| is_within(pid, cgroup));
        match answer {
            Answer::Deny(_) | Answer::Watch(_) if !concerned() => {
                Answer::Allow { stale: false, unmark: false }
            }
            other => other,
        }
    }

    fn judge(&self, file: Identity) -> Answer {
        match self.files.get(&(file.dev, file.ino)) {
            Some(entry) if entry.ctime != file.ctime => Answer::Allow { stale: true, unmark: false },
            Some(entry) if entry.block => Answer::Deny(entry.index),
            Some(entry) => Answer::Watch(entry.index),
            None => Answer::Allow { stale: false, unmark: true },
        }
    }
}

/// Whether a process is below a cgroup; one that cannot be asked is not.
fn is_within(pid: i32, cgroup: &str) -> bool {
    let text = read_bounded(format!("/proc/{pid}/cgroup"), 16 << 10).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let own = text.lines().find_map(|l| l.strip_prefix("0::"));
    own.is_some_and(|own| own == cgroup || own.strip_prefix(cgroup).is_some_and(|rest| rest.starts_with('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(ino: u64, block: bool) -> Mark {
        Mark { path: String::new(), identity: Identity { dev: 1, ino, ctime: (5, 6) }, block }
    }

    #[test]
    fn only_the_very_file_of_the_table_is_denied() {
        let table = Table::new(&[mark(10, false), mark(11, true), mark(12, false), mark(12, true)]);
        let judge = |ino, ctime| table.judge(Identity { dev: 1, ino, ctime });
        assert_eq!(judge(10, (5, 6)), Answer::Watch(0));
        assert_eq!(judge(11, (5, 6)), Answer::Deny(1));
        assert_eq!(judge(12, (5, 6)), Answer::Deny(3), "the stricter rule counts");
        assert_eq!(
            judge(11, (5, 7)),
            Answer::Allow { stale: true, unmark: false },
            "a changed file is unclear"
        );
        assert_eq!(judge(13, (5, 6)), Answer::Allow { stale: false, unmark: true });
        assert_eq!(
            Table::default().judge(Identity { dev: 1, ino: 11, ctime: (5, 6) }),
            Answer::Allow { stale: false, unmark: true }
        );
    }

    #[test]
    fn a_process_that_cannot_be_asked_is_outside() {
        assert!(!is_within(-1, "/a"));
        let own = crate::files::read_text("/proc/self/cgroup");
        if let Some(own) = own.lines().find_map(|l| l.strip_prefix("0::")) {
            let pid = i32::try_from(std::process::id()).expect("a pid");
            assert!(is_within(pid, own));
            assert!(!is_within(pid, &format!("{}x", own.trim_end_matches('/'))));
        }
    }
}
