//! What can go wrong in the sensor, with stable codes.

use std::path::PathBuf;
use std::time::Duration;

/// An error of the sensor.
#[derive(Debug, thiserror::Error)]
pub enum SensorError {
    /// The server answered with an error of its own.
    #[error("{code}: {message}")]
    Refused {
        /// The server's stable code, or `http_<status>`.
        code: String,
        /// Its explanation.
        message: String,
        /// How long the server asks us to wait.
        retry_after: Option<Duration>,
    },
    /// No answer: name, network or time limit.
    #[error("{0}")]
    Unreachable(String),
    /// The connection was there but is not trusted, or the server does not trust us.
    #[error("{0}")]
    Tls(String),
    /// The answer makes no sense.
    #[error("the server's answer is malformed: {0}")]
    Malformed(&'static str),
    /// There is no identity in the state folder.
    #[error("not enrolled: run `palisade-sensor enrol` first")]
    NotEnrolled,
    /// A setting or an argument cannot be used.
    #[error("{0}")]
    Config(String),
    /// Another sensor holds the state folder.
    #[error("a sensor is already running with this state folder (pid {0})")]
    AlreadyRunning(String),
    /// A file that is needed cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The spool cannot be opened.
    #[error(transparent)]
    Spool(#[from] crate::spool::SpoolError),
    /// Key or certificate work failed.
    #[error("key or certificate: {0}")]
    Certificate(String),
}

impl SensorError {
    /// The stable code.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } => code,
            Self::Unreachable(_) => "server_unreachable",
            Self::Tls(_) => "tls_failed",
            Self::Malformed(_) => "response_malformed",
            Self::NotEnrolled => "not_enrolled",
            Self::Config(_) => "settings_invalid",
            Self::AlreadyRunning(_) => "already_running",
            Self::File { .. } => "file_unusable",
            Self::Spool(_) => "spool_unusable",
            Self::Certificate(_) => "certificate_invalid",
        }
    }

    /// How long the server asks us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// A file error with its path.
    pub fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
