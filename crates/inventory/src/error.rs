//! What can go wrong with one source; the rest of an inventory goes on without it.

use std::io;

/// Why a file or database was not read, or not whole.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The file system said no.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is not what its name says.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// It is larger than the bound.
    #[error("too large: {0}")]
    TooLarge(&'static str),
    /// More entries than the bound.
    #[error("too many: {0}")]
    TooMany(&'static str),
    /// It lies on a network or pseudo file system, which is never entered.
    #[error("on a file system that is not entered")]
    Foreign,
    /// Links that lead on and on, or more folders than the bound.
    #[error("too deep, or links in a circle")]
    TooDeep,
    /// It is no regular file where one was expected, or no folder.
    #[error("not the kind of file that was expected")]
    WrongKind,
    /// The time or processor time for the scan was over.
    #[error("the time for it was over")]
    OutOfTime,
    /// It was written to while it was read, time and again.
    #[error("it changed while it was read")]
    Unsteady,
}

impl InventoryError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io(e) if e.kind() == io::ErrorKind::NotFound => "absent",
            Self::Io(e) if e.kind() == io::ErrorKind::PermissionDenied => "permission_denied",
            Self::Io(_) => "unreadable",
            Self::Malformed(_) => "malformed",
            Self::TooLarge(_) => "too_large",
            Self::TooMany(_) => "too_many",
            Self::Foreign => "foreign_file_system",
            Self::TooDeep => "too_deep",
            Self::WrongKind => "wrong_kind",
            Self::OutOfTime => "out_of_time",
            Self::Unsteady => "changed_while_read",
        }
    }

    /// Whether there is simply nothing at that place.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Io(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory))
    }
}

/// What reading gives.
pub type Result<T, E = InventoryError> = std::result::Result<T, E>;
