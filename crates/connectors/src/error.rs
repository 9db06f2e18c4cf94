use std::time::Duration;

use palisade_estate::health::{Cause, Code};
use palisade_types::TimeMicros;

use crate::ssh::SeenKey;

/// Why a connector could not do what it was asked for. Each is a finding of the machine.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ConnectorError {
    /// Nobody answers there.
    #[error("{address} cannot be reached: {detail}")]
    Unreachable {
        /// Where.
        address: String,
        /// What was said.
        detail: String,
    },
    /// Nobody has confirmed the host key that was shown.
    #[error("nobody has confirmed the host key of {address}: {}", fingerprints(keys))]
    HostKeyUnknown {
        /// Where.
        address: String,
        /// What was shown; empty if it could not be looked at.
        keys: Vec<SeenKey>,
    },
    /// Another host key than the confirmed one was shown.
    #[error("{address} shows another host key than the confirmed one: {}", fingerprints(keys))]
    HostKeyMismatch {
        /// Where.
        address: String,
        /// What was shown; empty if it could not be looked at.
        keys: Vec<SeenKey>,
    },
    /// The machine does not let the user in.
    #[error("the login as {user} was refused: {detail}")]
    LoginRefused {
        /// As whom.
        user: String,
        /// What was said.
        detail: String,
    },
    /// The user may not become root.
    #[error("{user} may not become root: {detail}")]
    PrivilegesMissing {
        /// Who.
        user: String,
        /// What was said.
        detail: String,
    },
    /// The cloud does not know the credentials.
    #[error("the credentials are refused for {operation}: {detail}")]
    CredentialsRefused {
        /// What was asked for.
        operation: &'static str,
        /// What was said.
        detail: String,
    },
    /// The credentials may not do this.
    #[error("{operation} is refused: {detail}")]
    PermissionMissing {
        /// What was asked for.
        operation: &'static str,
        /// What was said.
        detail: String,
    },
    /// The cloud has no agent on the machine.
    #[error("the cloud's agent on {instance} does not answer: {detail}")]
    AgentOffline {
        /// Which machine.
        instance: String,
        /// What was said.
        detail: String,
    },
    /// The cloud asks to slow down, even after some pauses.
    #[error("the cloud limits calls of {operation}; {} s until the next attempt", after.as_secs())]
    Throttled {
        /// What was asked for.
        operation: &'static str,
        /// How long to wait.
        after: Duration,
    },
    /// It took too long.
    #[error("{step} did not end within {} s", limit.as_secs())]
    TimedOut {
        /// What.
        step: String,
        /// The limit.
        limit: Duration,
    },
    /// What came back is too much, or no answer.
    #[error("what {address} answered cannot be used: {detail}")]
    Answer {
        /// From where.
        address: String,
        /// What is wrong.
        detail: String,
    },
    /// The connector's own settings, key or programs.
    #[error("{0}")]
    Own(String),
}

fn fingerprints(keys: &[SeenKey]) -> String {
    let words: Vec<String> = keys.iter().map(|k| format!("{} ({})", k.fingerprint, k.key_type)).collect();
    if words.is_empty() { "it could not be looked at".into() } else { words.join(", ") }
}

impl ConnectorError {
    pub(crate) fn answer(address: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Answer { address: address.into(), detail: detail.into() }
    }

    /// The stable code: that of the finding which it gives.
    pub fn code(&self) -> Code {
        match self {
            Self::Unreachable { .. } => Code::ConnectorUnreachable,
            Self::HostKeyUnknown { .. } => Code::HostKeyUnknown,
            Self::HostKeyMismatch { .. } => Code::HostKeyMismatch,
            Self::LoginRefused { .. } => Code::ConnectorLoginRefused,
            Self::PrivilegesMissing { .. } => Code::PrivilegesMissing,
            Self::CredentialsRefused { .. } => Code::CloudCredentialsRefused,
            Self::PermissionMissing { .. } => Code::CloudPermissionMissing,
            Self::AgentOffline { .. } => Code::CloudAgentOffline,
            Self::Throttled { .. } => Code::ConnectorThrottled,
            Self::TimedOut { .. } => Code::InstallTimeout,
            Self::Answer { .. } => Code::ConnectorAnswerInvalid,
            Self::Own(_) => Code::ConnectorFailed,
        }
    }

    /// The finding.
    pub fn cause(&self) -> Cause {
        let cause = Cause::provisioning(self.code());
        match self {
            Self::Unreachable { address, detail } | Self::Answer { address, detail } => {
                cause.with("address", address).with("detail", detail)
            }
            Self::HostKeyUnknown { address, keys } | Self::HostKeyMismatch { address, keys } => {
                cause.with("address", address).with("fingerprint", fingerprints(keys))
            }
            Self::LoginRefused { user, detail } | Self::PrivilegesMissing { user, detail } => {
                cause.with("user", user).with("detail", detail)
            }
            Self::CredentialsRefused { operation, detail }
            | Self::PermissionMissing { operation, detail } => {
                cause.with("operation", operation).with("detail", detail)
            }
            Self::AgentOffline { instance, detail } => {
                cause.with("detail", detail).with("instance", instance)
            }
            Self::Throttled { operation, after } => {
                let micros = i64::try_from(after.as_micros()).unwrap_or(i64::MAX);
                let at = TimeMicros::now().plus_micros(micros);
                cause.with("operation", operation).with("retry_at", at.to_string())
            }
            Self::TimedOut { step, limit } => {
                cause.with("step", step).with("limit", format!("{} s", limit.as_secs()))
            }
            Self::Own(detail) => cause.with("detail", detail),
        }
    }
}
