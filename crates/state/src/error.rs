//! What can go wrong, each with a stable code.

use std::time::Duration;

/// An error of the state store. [`StateError::code`] is stable; the text may change.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// There is no such thing in this tenant.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The change collides with another one, or with what is there.
    #[error("the change collides with what is there: {0}")]
    Conflict(String),
    /// Another user of the tenant has this e-mail address.
    #[error("another user has this e-mail address")]
    EmailTaken,
    /// The e-mail address does not look like one, or is too long.
    #[error("this is no e-mail address")]
    EmailInvalid,
    /// The set-up link was made for another e-mail address.
    #[error("the set-up link is for another e-mail address")]
    EmailMismatch,
    /// A name is empty, too long, or holds control characters.
    #[error("the name must have 1 to 200 characters and no control characters")]
    NameInvalid,
    /// Fewer than [`crate::AuthPolicy::MIN_PASSWORD_CHARS`] characters.
    #[error("the password needs at least 12 characters")]
    PasswordTooShort,
    /// More than [`crate::AuthPolicy::MAX_PASSWORD_BYTES`] bytes.
    #[error("the password is too long")]
    PasswordTooLong,
    /// No such user, or the wrong password; which one is not told.
    #[error("the e-mail address or the password is wrong")]
    InvalidCredentials,
    /// The password was right; a code of the second factor is needed as well.
    #[error("a code from the authenticator is needed")]
    TotpRequired,
    /// The code of the second factor is wrong.
    #[error("the code is wrong")]
    TotpInvalid,
    /// The code was right but has been used; the next one is good.
    #[error("this code has been used already, wait for the next one")]
    TotpCodeUsed,
    /// Too many failures for this user, or in all.
    #[error("too many failed attempts, wait {} s", retry_after.as_secs().max(1))]
    SignInThrottled {
        /// How long to wait before the next attempt.
        retry_after: Duration,
    },
    /// The session is unknown, expired or revoked.
    #[error("the session is not valid")]
    SessionInvalid,
    /// The API token is unknown or malformed.
    #[error("the token is not valid")]
    TokenInvalid,
    /// The API token has expired.
    #[error("the token has expired")]
    TokenExpired,
    /// The set-up link is unknown, used or expired.
    #[error("the set-up link is not valid, used or expired")]
    SetupLinkInvalid,
    /// A tenant keeps at least one active administrator.
    #[error("the last administrator cannot be removed")]
    LastAdministrator,
    /// Somebody without a second factor cannot be given a role that changes things.
    #[error("this role needs a second factor: send a new set-up link, with which one is set up")]
    SecondFactorMissing,
    /// An account that was switched off gets no set-up link.
    #[error("the account is disabled; enable it first")]
    UserDisabled,
    /// Who gives rights could lift their own limit.
    #[error("an administrator cannot be limited to device groups")]
    AdministratorUnlimited,
    /// Users or tokens are limited to the device group.
    #[error("users or tokens are limited to this device group; change them first")]
    GroupInUse,
    /// The enrolment token is unknown or malformed.
    #[error("the enrolment token is not valid")]
    EnrolmentTokenInvalid,
    /// The enrolment token has expired.
    #[error("the enrolment token has expired")]
    EnrolmentTokenExpired,
    /// The enrolment token has been used as often as it may.
    #[error("the enrolment token is used up")]
    EnrolmentTokenExhausted,
    /// The task's token is unknown, or its task is over.
    #[error("the task's token is not valid, or its task is over")]
    TaskTokenInvalid,
    /// A paging cursor that this server did not make for this list.
    #[error("the cursor does not belong to this list")]
    CursorInvalid,
    /// A rule of the estate forbids it.
    #[error("{message}")]
    Rule {
        /// The rule's own stable code.
        code: &'static str,
        /// Why, for people.
        message: String,
    },
    /// An argument is out of its bounds.
    #[error("{0}")]
    InvalidArgument(String),
    /// The tenant's data lives in a region that this process does not serve.
    #[error("the tenant's data lives in another region, behind that region's own door")]
    WrongRegion,
    /// There is no region of that name.
    #[error("there is no region {0}; an operator adds one with `palisade region add`")]
    RegionUnknown(String),
    /// A tenant's region cannot change. Says which tenant's, and which it is.
    #[error(
        "{0} and stays that: its rows, log and event store lie under that region's root and in its \
         database; move its subscriptions to a tenant of the other region, or reset the tenant"
    )]
    RegionFixed(String),
    /// PostgreSQL cannot be reached or is overloaded; trying again later may help.
    #[error("the state store is unavailable: {0}")]
    Unavailable(String),
    /// The embedded PostgreSQL cannot be set up, started or stopped.
    #[error("postgresql: {0}")]
    Cluster(String),
    /// A migration failed.
    #[error("migration failed: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Signing an order failed.
    #[error("signing the order failed: {0}")]
    Signing(String),
    /// A defect, or a damaged database.
    #[error("state store: {0}")]
    Internal(String),
}

impl StateError {
    /// The stable code: snake_case, never changed once released.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not_found",
            Self::Conflict(_) => "conflict",
            Self::EmailTaken => "email_taken",
            Self::EmailInvalid => "email_invalid",
            Self::EmailMismatch => "email_mismatch",
            Self::NameInvalid => "name_invalid",
            Self::PasswordTooShort => "password_too_short",
            Self::PasswordTooLong => "password_too_long",
            Self::InvalidCredentials => "invalid_credentials",
            Self::TotpRequired => "totp_required",
            Self::TotpInvalid => "totp_invalid",
            Self::TotpCodeUsed => "totp_code_used",
            Self::SignInThrottled { .. } => "sign_in_throttled",
            Self::SessionInvalid => "session_invalid",
            Self::TokenInvalid => "token_invalid",
            Self::TokenExpired => "token_expired",
            Self::SetupLinkInvalid => "setup_link_invalid",
            Self::LastAdministrator => "last_administrator",
            Self::SecondFactorMissing => "second_factor_missing",
            Self::UserDisabled => "user_disabled",
            Self::AdministratorUnlimited => "administrator_unlimited",
            Self::GroupInUse => "group_in_use",
            Self::EnrolmentTokenInvalid => "enrolment_token_invalid",
            Self::EnrolmentTokenExpired => "enrolment_token_expired",
            Self::EnrolmentTokenExhausted => "enrolment_token_exhausted",
            Self::TaskTokenInvalid => "task_token_invalid",
            Self::CursorInvalid => "cursor_invalid",
            Self::Rule { code, .. } => code,
            Self::InvalidArgument(_) => "invalid_argument",
            Self::WrongRegion => "wrong_region",
            Self::RegionUnknown(_) => "region_unknown",
            Self::RegionFixed(_) => "region_fixed",
            Self::Unavailable(_) => "state_unavailable",
            Self::Cluster(_) | Self::Migration(_) | Self::Signing(_) | Self::Internal(_) => "internal",
        }
    }

    /// Whether the caller can do something about it and may read the text; the text of the others
    /// belongs in the server's log only.
    pub fn is_user_error(&self) -> bool {
        !matches!(self.code(), "internal" | "state_unavailable")
    }

    /// How long to wait before trying again, where waiting helps.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::SignInThrottled { retry_after } => Some(*retry_after),
            Self::Unavailable(_) => Some(Duration::from_secs(1)),
            _ => None,
        }
    }
}

impl From<sqlx::Error> for StateError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::RowNotFound => Self::NotFound("row"),
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
                Self::Unavailable(error.to_string())
            }
            sqlx::Error::Database(db) => match db.code().as_deref() {
                // Raised by the control database's own trigger.
                Some("PALRF") => Self::RegionFixed(db.message().to_owned()),
                // admin shutdown, crash shutdown, starting up, too many connections
                Some("57P01" | "57P02" | "57P03" | "53300") => Self::Unavailable(error.to_string()),
                // serialisation failure, deadlock, lock not available
                Some("40001" | "40P01" | "55P03") => Self::Conflict(error.to_string()),
                _ => Self::Internal(error.to_string()),
            },
            _ => Self::Internal(error.to_string()),
        }
    }
}

/// Whether a statement failed because a unique index already holds the key.
pub(crate) fn is_unique_violation(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(db) if db.is_unique_violation())
}
