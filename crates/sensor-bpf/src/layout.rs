//! Layout of the records in the ring and of the shared maps; mirrors `src/bpf/events.h`.

/// Version of these layouts; pinned maps with another one are not reused.
pub const ABI: u8 = 1;
/// Depths of interrupt nesting with a sequence of their own on each CPU.
pub const LEVELS: usize = 4;
/// Number of slots for counters by kind of event.
pub const KINDS: usize = 16;
/// Number of slots for [`Note`] counters.
pub const NOTES: usize = 16;
/// No record is longer: the longest fixed part and the body of a scratch record.
pub const MAX_RECORD: usize = 256 + 16384 + 4096;

/// Kinds of events, as in [`Header::kind`].
pub mod kind {
    /// A successful exec.
    pub const EXEC: u16 = 1;
    /// A new process (not a thread).
    pub const FORK: u16 = 2;
    /// The end of a process with its last thread.
    pub const EXIT: u16 = 3;
    /// An outbound TCP connection was established.
    pub const CONNECT_OK: u16 = 4;
    /// An outbound TCP connection failed.
    pub const CONNECT_FAIL: u16 = 5;
    /// A regular file was created by open.
    pub const FILE_CREATE: u16 = 6;
    /// A regular file changed while it was open for writing.
    pub const FILE_MODIFY: u16 = 7;
    /// Something was renamed.
    pub const FILE_RENAME: u16 = 8;
    /// A file was unlinked.
    pub const FILE_DELETE: u16 = 9;
    /// A hard or symbolic link was made.
    pub const FILE_LINK: u16 = 10;
    /// Stable names by number, for counters.
    pub const NAMES: [&str; 11] = [
        "none",
        "exec",
        "fork",
        "exit",
        "connect_ok",
        "connect_fail",
        "file_create",
        "file_modify",
        "file_rename",
        "file_delete",
        "file_link",
    ];
}

/// Stable names of the kernel-side notes by number: what went wrong without a lost record, or
/// before there was one.
pub const NOTE_NAMES: [&str; 8] = [
    "argv_truncated",
    "argv_unreadable",
    "path_truncated",
    "scratch_busy",
    "map_full",
    "connect_unknown",
    "name_unreadable",
    "descriptors_unseen",
];

/// Bits of [`Header::flags`].
pub mod flag {
    /// The arguments were longer than the bound.
    pub const ARGV_TRUNCATED: u16 = 1;
    /// The arguments could not be read.
    pub const ARGV_UNREADABLE: u16 = 2;
    /// The executable had no name any more.
    pub const EXE_DELETED: u16 = 4;
    /// The file was truncated when it was opened.
    pub const TRUNCATED_OPEN: u16 = 8;
    /// The link is symbolic.
    pub const SYMLINK: u16 = 16;
    /// A name could not be read.
    pub const NAME_UNREADABLE: u16 = 32;
    /// The rename exchanged two names.
    pub const EXCHANGE: u16 = 64;
}

/// Bits of [`Seg::flags`].
pub mod seg {
    /// The path was deeper or longer than the bound.
    pub const TRUNCATED: u8 = 1;
    /// The walk did not end at the root of the mount namespace.
    pub const DETACHED: u8 = 2;
}

/// Values in the map of collected prefixes.
pub mod prefix {
    /// All below the first name is collected.
    pub const COLLECT: u32 = 1;
    /// The second name decides.
    pub const SECOND: u32 = 2;
}

/// What every record begins with.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// One of [`kind`].
    pub kind: u16,
    /// Bits of [`flag`].
    pub flags: u16,
    /// CPU that wrote it.
    pub cpu: u16,
    /// Which of the CPU's sequences `seq` belongs to.
    pub level: u8,
    /// [`ABI`] of the writer.
    pub abi: u8,
    /// Thread.
    pub tid: u32,
    /// Process.
    pub tgid: u32,
    /// Number in its CPU's and level's sequence, from 1.
    pub seq: u64,
    /// Boot clock, nanoseconds.
    pub ktime: u64,
    /// Start of the process, boot clock, nanoseconds.
    pub start: u64,
    /// How often this line of processes has executed a file (the kernel's own count).
    pub exec_id: u32,
    /// Real user.
    pub uid: u32,
    /// Cgroup of the unified hierarchy.
    pub cgroup: u64,
}

/// A path: `count` names from leaf to root, each ended by NUL, `len` bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seg {
    /// Bytes.
    pub len: u16,
    /// Names.
    pub count: u8,
    /// Bits of [`seg`].
    pub flags: u8,
}

/// Fixed part of an exec record; path, working directory, name and arguments follow.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs, reason = "the names are the kernel's")]
pub struct Exec {
    pub h: Header,
    pub ppid: u32,
    pub pexec_id: u32,
    pub pstart: u64,
    pub gid: u32,
    pub euid: u32,
    pub egid: u32,
    pub loginuid: u32,
    pub session: u32,
    pub sid: u32,
    pub pgid: u32,
    pub mntns: u32,
    pub ino: u64,
    pub size: u64,
    pub ctime: i64,
    pub ctime_ns: u32,
    pub dev: u32,
    pub mode: u32,
    pub argc: u32,
    pub comm: [u8; 16],
    pub tty: [u8; 16],
    pub path: Seg,
    pub cwd: Seg,
    pub name_len: u16,
    pub argv_len: u16,
    pub fs_magic: u32,
}

/// A fork; the header is the parent's.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs, reason = "the names are the kernel's")]
pub struct Fork {
    pub h: Header,
    pub child: u32,
    pub child_exec_id: u32,
    pub child_start: u64,
}

/// An exit with the status as wait(2) gives it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs, reason = "the names are the kernel's")]
pub struct Exit {
    pub h: Header,
    pub code: i32,
    pub pad: u32,
}

/// A connection; the header is of the process that called connect.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs, reason = "the names are the kernel's")]
pub struct Net {
    pub h: Header,
    pub family: u16,
    pub protocol: u16,
    pub sport: u16,
    pub dport: u16,
    pub saddr: [u8; 16],
    pub daddr: [u8; 16],
    pub error: i32,
    pub pad: u32,
    pub began: u64,
}

/// Fixed part of a file record; path a, name a, path b, name b follow.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs, reason = "the names are the kernel's")]
pub struct File {
    pub h: Header,
    pub ino: u64,
    pub size: u64,
    pub mtime: i64,
    pub mtime_ns: u32,
    pub dev: u32,
    pub mode: u32,
    pub mntns: u32,
    pub a: Seg,
    pub b: Seg,
    pub a_name: u16,
    pub b_name: u16,
    pub open_flags: u32,
}

/// One process from the task iterator.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs, reason = "the names are the kernel's")]
pub struct Task {
    pub tgid: u32,
    pub exec_id: u32,
    pub start: u64,
    pub ppid: u32,
    pub pexec_id: u32,
    pub pstart: u64,
    pub uid: u32,
    pub gid: u32,
    pub euid: u32,
    pub egid: u32,
    pub loginuid: u32,
    pub session: u32,
    pub sid: u32,
    pub pgid: u32,
    pub cgroup: u64,
    pub ino: u64,
    pub size: u64,
    pub ctime: i64,
    pub ctime_ns: u32,
    pub dev: u32,
    pub mntns: u32,
    pub fs_magic: u32,
    pub comm: [u8; 16],
    pub cgroup_level: u32,
    pub pad: u32,
}

/// Sequences and counters of one CPU; a value of the map `cpu_states`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct CpuState {
    /// Last number given, by level.
    pub seq: [u64; LEVELS],
    /// Depth in use.
    pub nest: u64,
    /// Unused.
    pub pad: [u64; 3],
    /// Records tried, by kind.
    pub attempts: [u64; KINDS],
    /// Records that the ring had no room for, by kind.
    pub lost: [u64; KINDS],
    /// Counters named by [`NOTE_NAMES`].
    pub notes: [u64; NOTES],
}

/// The single value of the map `configs`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Cgroup whose subtree is watched; 0 is the whole machine.
    pub scope_cgroup: u64,
    /// Depth of that cgroup below the root of its hierarchy.
    pub scope_level: u32,
    /// The sensor, whose own file events are left out.
    pub self_tgid: u32,
    /// Waiting data past which user space is woken.
    pub wake_bytes: u64,
    /// [`ABI`].
    pub abi: u32,
    /// 1: no filter by the first names of a path.
    pub all_paths: u32,
    /// Names this set of sequences; marks of another one mean nothing here.
    pub generation: u64,
    /// [`crate::PROGRAMS`] of what is attached.
    pub programs: u64,
    /// UTC minus boot clock, nanoseconds.
    pub offset: i64,
    /// The offset for instants before `switched`.
    pub earlier_offset: i64,
    /// Boot clock at which `offset` came into force.
    pub switched: u64,
    /// Start of the sensor in ticks of /proc, so that a reused pid is not taken for it.
    pub self_tick: u64,
    /// Runs that the kernel left out, by programs that were attached before those of now.
    pub missed: u64,
    /// Zero.
    pub reserved: [u64; 5],
}

/// A key of the map `prefixes`: first and second name of a path, padded with NUL.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prefix {
    /// First name below the root.
    pub first: [u8; 16],
    /// Second name, empty where the first decides.
    pub second: [u8; 16],
}

/// A type whose every bit pattern is a value, so that it can be read from bytes.
///
/// # Safety
/// Implementors are `repr(C)`, without padding, and made of integers only.
pub unsafe trait Plain: Copy + Default {
    /// Reads a value from the beginning of `bytes`; `None` where they are too few.
    fn read(bytes: &[u8]) -> Option<Self> {
        let from = bytes.get(..size_of::<Self>())?;
        let mut value = Self::default();
        // SAFETY: both regions have the size of Self, which any bit pattern makes valid.
        unsafe {
            std::ptr::copy_nonoverlapping(
                from.as_ptr(),
                std::ptr::from_mut(&mut value).cast::<u8>(),
                size_of::<Self>(),
            );
        }
        Some(value)
    }

    /// The bytes of a value.
    fn bytes(&self) -> &[u8] {
        // SAFETY: no padding, so every byte is initialised.
        unsafe { std::slice::from_raw_parts(std::ptr::from_ref(self).cast::<u8>(), size_of::<Self>()) }
    }
}

macro_rules! plain {
    ($($type:ty = $size:literal),* $(,)?) => {$(
        // SAFETY: repr(C) of integers; the assertion and events.h leave no room for padding.
        unsafe impl Plain for $type {}
        const _: () = assert!(size_of::<$type>() == $size);
    )*};
}

plain!(
    Header = 56,
    Exec = 192,
    Fork = 72,
    Exit = 64,
    Net = 112,
    File = 112,
    Task = 136,
    CpuState = 448,
    Config = 128,
    Prefix = 32,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_survives_its_bytes() {
        let fork = Fork { child: 7, child_start: u64::MAX, ..Fork::default() };
        let again = Fork::read(fork.bytes()).expect("enough bytes");
        assert_eq!((again.child, again.child_start), (7, u64::MAX));
        assert!(Fork::read(&fork.bytes()[1..]).is_none());
    }

    #[test]
    fn every_kind_has_a_name() {
        assert_eq!(kind::NAMES[kind::FILE_LINK as usize], "file_link");
    }
}
