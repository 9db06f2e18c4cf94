//! Why capture could not start or go on.

/// Errors of capture; each has a stable code.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// A call to the system failed.
    #[error("{code}: {source}")]
    Io {
        /// Stable code.
        code: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something is not as it must be.
    #[error("{code}: {detail}")]
    Other {
        /// Stable code.
        code: &'static str,
        /// What was found.
        detail: String,
    },
}

impl CaptureError {
    pub(crate) fn io(code: &'static str, source: std::io::Error) -> Self {
        Self::Io { code, source }
    }

    pub(crate) fn last(code: &'static str) -> Self {
        Self::io(code, std::io::Error::last_os_error())
    }

    pub(crate) fn other(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Other { code, detail: detail.into() }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { code, .. } | Self::Other { code, .. } => code,
        }
    }
}
