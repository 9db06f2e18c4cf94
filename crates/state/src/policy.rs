//! Limits of sign-in, sessions and tokens.

use std::time::Duration;

/// The limits; the default is what a product instance runs with.
#[derive(Clone, Debug)]
pub struct AuthPolicy {
    /// A session that is not used for this long ends.
    pub session_idle: Duration,
    /// A session ends after this long in any case.
    pub session_absolute: Duration,
    /// Failures of one user (or of one address that is no user) before waiting begins.
    pub free_failures: u32,
    /// The first wait; it doubles with each further failure.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// After this long without a failure the count starts anew.
    pub failure_memory: Duration,
    /// Failures that this process accepts at once over all users.
    pub global_burst: u32,
    /// Failures per second that this process accepts over all users in the long run.
    pub global_per_second: f64,
    /// A browser that someone has signed in from is remembered for this long after its last use.
    pub client_memory: Duration,
    /// How long a set-up link is good.
    pub setup_link: Duration,
    /// How long a begun set-up waits for its confirmation.
    pub setup_session: Duration,
}

impl AuthPolicy {
    /// The shortest password, in characters.
    pub const MIN_PASSWORD_CHARS: usize = 12;
    /// The longest password, in bytes, so that hashing has a bound.
    pub const MAX_PASSWORD_BYTES: usize = 1024;
}

impl Default for AuthPolicy {
    fn default() -> Self {
        let minutes = |m: u64| Duration::from_secs(m * 60);
        Self {
            session_idle: minutes(8 * 60),
            session_absolute: minutes(7 * 24 * 60),
            free_failures: 5,
            first_wait: Duration::from_secs(5),
            longest_wait: minutes(5),
            failure_memory: minutes(15),
            global_burst: 60,
            global_per_second: 1.0,
            client_memory: minutes(180 * 24 * 60),
            setup_link: minutes(24 * 60),
            setup_session: minutes(15),
        }
    }
}

/// A duration as whole microseconds, saturating.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
