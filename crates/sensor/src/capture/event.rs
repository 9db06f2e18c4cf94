//! What capture hands out.

use std::net::IpAddr;
use std::sync::Arc;

use super::hash::Hashes;

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// Microseconds since 1970, UTC; the same when the event is read from the ring again.
    pub time_us: i64,
    /// With device and time it names the event for ever; below 2^53; the same when read again.
    pub report_id: u64,
    /// Who did it: the creator for a created or terminated process, else the acting process.
    pub process: Option<Arc<ProcessInfo>>,
    /// What was done.
    pub kind: EventKind,
}

/// Kinds of events.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// A process executed a file; the image that began.
    ProcessCreated(Arc<ProcessInfo>),
    /// A process ended with its last thread.
    ProcessTerminated {
        /// Its last image.
        process: Arc<ProcessInfo>,
        /// Status as given to exit, 0 to 255.
        exit_code: i32,
        /// Signal that ended it, or 0.
        signal: i32,
    },
    /// An outbound TCP connection was established or failed.
    Connection {
        /// Whether it was established.
        success: bool,
        /// Our end.
        local: (IpAddr, u16),
        /// The other end.
        remote: (IpAddr, u16),
        /// Error number of a failure, or 0.
        #[cfg_attr(not(test), allow(dead_code, reason = "has no field on the wire yet"))]
        error: i32,
    },
    /// A file changed.
    File(FileChange),
}

/// How a file changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAction {
    /// Came into being by open or link.
    Created,
    /// Its content changed.
    Modified,
    /// Has another name.
    Renamed,
    /// A name of it was removed.
    Deleted,
}

/// A change of a file.
#[derive(Clone, Debug)]
pub struct FileChange {
    /// What happened.
    pub action: FileAction,
    /// Absolute path (the new one of a rename).
    pub path: String,
    /// The path before a rename; the target of a link.
    pub previous_path: String,
    /// Bytes, where known.
    pub size: Option<u64>,
    /// Inode number, 0 where unknown.
    pub inode: u64,
    /// Type and permissions, 0 where unknown.
    pub mode: u32,
    /// The path was deeper or longer than the bound, its beginning is missing.
    pub path_truncated: bool,
}

/// One image of a process: what it is from one exec to the next.
#[derive(Clone, Debug, Default)]
pub struct ProcessInfo {
    /// Stable on its device for ever; below 2^63.
    pub unique_id: u64,
    /// Process id in the host's namespace.
    pub pid: u32,
    /// Start of the process, microseconds since 1970.
    pub start_us: i64,
    /// Start on the boot clock, nanoseconds.
    pub start_ns: u64,
    /// The kernel's count of execs in this line of processes.
    pub exec_id: u32,
    /// Path of the executable as it is in its mount namespace.
    pub path: String,
    /// Arguments joined, secrets masked.
    pub command_line: String,
    /// The arguments were longer than the bound.
    pub command_line_truncated: bool,
    /// Secrets masked in the command line.
    pub secrets_masked: u32,
    /// Working directory at exec.
    pub working_directory: String,
    /// Real user and group, effective user.
    pub uid: u32,
    /// Real group.
    pub gid: u32,
    /// Effective user.
    pub euid: u32,
    /// Name of the real user, or its number.
    pub user: Arc<str>,
    /// User who logged in, where somebody did.
    pub login_uid: Option<u32>,
    /// Name of that user.
    pub login_user: Arc<str>,
    /// The kernel's audit session, where there is one.
    pub audit_session: Option<u32>,
    /// Session leader.
    pub sid: u32,
    /// The parent's image when this one came to be.
    pub parent_unique_id: u64,
    /// Its process id.
    pub parent_pid: u32,
    /// Its start, microseconds since 1970.
    pub parent_start_us: i64,
    /// Its executable.
    pub parent_path: String,
    /// Digests and size of the executable.
    pub file: Arc<Hashes>,
    /// Cgroup of the unified hierarchy.
    pub cgroup_id: u64,
    /// Its path below the hierarchy's root.
    pub cgroup_path: Arc<str>,
    /// Container, where the cgroup names one.
    pub container_id: Arc<str>,
    /// Short name from the kernel.
    pub comm: String,
    /// Only ids are known.
    pub partial: bool,
    /// The image is the parent's, since the process has not executed a file itself.
    pub inherited: bool,
}

impl Event {
    /// Every process that the event names, for a batch's dictionary.
    pub fn processes(&self) -> impl Iterator<Item = &Arc<ProcessInfo>> {
        let subject = match &self.kind {
            EventKind::ProcessCreated(process) | EventKind::ProcessTerminated { process, .. } => {
                Some(process)
            }
            EventKind::Connection { .. } | EventKind::File(_) => None,
        };
        self.process.iter().chain(subject)
    }
}
