use std::io;
use std::path::Path;

/// What can go wrong in the log; `code()` is stable.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum LogError {
    /// There is no room: the disk, a quota, or the log's own bound. Nothing was written; a later
    /// append works once there is room.
    #[error("log is full: {0}")]
    Full(String),
    /// The queue of records that wait for the disk is full; try again soon.
    #[error("too many records wait for the log")]
    Busy,
    /// The payload is larger than the log takes.
    #[error("record of {size} bytes is over the limit of {limit}")]
    TooLarge {
        /// Payload size, bytes.
        size: u64,
        /// The limit, bytes.
        limit: u64,
    },
    /// Bytes that were durable are damaged or gone.
    #[error("log is corrupt in {segment} at byte {position}: {what}")]
    Corrupt {
        /// File name of the segment.
        segment: String,
        /// Byte position in it.
        position: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// The wanted offset was trimmed.
    #[error("offset was trimmed; the oldest kept is {oldest}")]
    Trimmed {
        /// The oldest offset that can still be read.
        oldest: u64,
    },
    /// The wanted offset lies beyond the end of the log: the cursor is of another log, or the log
    /// was restored from an older copy, or its writer has not started since a power cut.
    #[error("offset {wanted} is beyond the durable end {next}")]
    Ahead {
        /// What the reader wants next.
        wanted: u64,
        /// One past the last durable offset.
        next: u64,
    },
    /// Another process writes this log.
    #[error("log is written by another process")]
    Locked,
    /// The writer was closed.
    #[error("log is closed")]
    Closed,
    /// A cursor's name or content is not valid.
    #[error("cursor {name} is invalid: {what}")]
    Cursor {
        /// The consumer's name.
        name: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The operating system refused.
    #[error("{context}: {message}")]
    Io {
        /// What was attempted, with the file's name.
        context: String,
        /// The system's message.
        message: String,
        /// The system's error number, if it gave one.
        errno: Option<i32>,
    },
}

impl LogError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Full(_) => "log_full",
            Self::Busy => "log_busy",
            Self::TooLarge { .. } => "log_record_too_large",
            Self::Corrupt { .. } => "log_corrupt",
            Self::Trimmed { .. } => "log_trimmed",
            Self::Ahead { .. } => "log_cursor_ahead",
            Self::Locked => "log_locked",
            Self::Closed => "log_closed",
            Self::Cursor { .. } => "log_cursor_invalid",
            Self::Io { .. } => "log_io",
        }
    }

    /// Whether the same call may work later without anybody's help but time or disk space.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Full(_) | Self::Busy | Self::Ahead { .. })
    }

    /// Turns a system error into ours; lack of room, quota or file size limit become `Full`.
    pub(crate) fn io(what: &str, path: &Path, e: &io::Error) -> Self {
        let name =
            path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
        match e.raw_os_error() {
            Some(libc::ENOSPC | libc::EDQUOT | libc::EFBIG) => Self::Full(format!("{what} {name}: {e}")),
            errno => Self::Io { context: format!("{what} {name}"), message: e.to_string(), errno },
        }
    }

    pub(crate) fn corrupt(path: &Path, position: u64, what: &'static str) -> Self {
        let segment = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self::Corrupt { segment, position, what }
    }
}
