//! Passwords: Argon2id on a blocking thread, a few at a time.

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use crate::policy::AuthPolicy;
use crate::{Result, State, StateError, secrets};

/// 19 MiB, two passes, one lane: what OWASP recommends for Argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// A hash that no password has, checked when there is no such user, so that it takes as long.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    let salt = STANDARD_NO_PAD.encode(secrets::random::<16>());
    let hash = STANDARD_NO_PAD.encode(secrets::random::<32>());
    format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${hash}")
});

fn hasher() -> Argon2<'static> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are within Argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Refuses a password that is too short or too long to hash.
pub(crate) fn check_policy(password: &str) -> Result<()> {
    if password.len() > AuthPolicy::MAX_PASSWORD_BYTES {
        return Err(StateError::PasswordTooLong);
    }
    if password.chars().count() < AuthPolicy::MIN_PASSWORD_CHARS {
        return Err(StateError::PasswordTooShort);
    }
    Ok(())
}

impl State {
    /// Hashes a password that [`check_policy`] let through.
    pub(crate) async fn hash_password(&self, password: &str) -> Result<String> {
        let password = Zeroizing::new(password.to_owned());
        self.hashing(move || {
            hasher()
                .hash_password(password.as_bytes())
                .map(|hash| hash.to_string())
                .map_err(|e| StateError::Internal(format!("hashing a password: {e}")))
        })
        .await?
    }

    /// Checks a password; `None` stands for a user who does not exist and is always refused, after
    /// the same time.
    pub(crate) async fn verify_password(&self, password: &str, stored: Option<String>) -> Result<bool> {
        if password.len() > AuthPolicy::MAX_PASSWORD_BYTES {
            return Ok(false);
        }
        let password = Zeroizing::new(password.to_owned());
        self.hashing(move || {
            let known = stored.is_some();
            let stored = stored.unwrap_or_else(|| NOBODY.clone());
            let hash = PasswordHash::new(&stored)
                .map_err(|_| StateError::Internal("a stored password hash is malformed".into()))?;
            Ok(hasher().verify_password(password.as_bytes(), &hash).is_ok() && known)
        })
        .await?
    }

    async fn hashing<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let _permit = self.hashes().acquire().await.map_err(|_| StateError::Unavailable("closing".into()))?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|e| StateError::Internal(format!("hashing thread: {e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_argon2id_and_verifies() {
        let hash = hasher().hash_password(b"correct horse battery").expect("hashes").to_string();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let parsed = PasswordHash::new(&hash).expect("well formed");
        assert!(hasher().verify_password(b"correct horse battery", &parsed).is_ok());
        assert!(hasher().verify_password(b"correct horse batterz", &parsed).is_err());
    }

    #[test]
    fn nobodys_hash_is_well_formed_with_the_same_cost() {
        let parsed = PasswordHash::new(&NOBODY).expect("well formed");
        assert!(NOBODY.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let refused = hasher().verify_password(b"", &parsed).expect_err("no password has it");
        assert!(matches!(refused, argon2::password_hash::Error::PasswordInvalid), "{refused:?}");
    }

    #[test]
    fn the_policy_has_two_bounds() {
        assert_eq!(check_policy("elevenchars").expect_err("short").code(), "password_too_short");
        assert!(check_policy("twelve chars").is_ok());
        assert_eq!(check_policy(&"x".repeat(1025)).expect_err("long").code(), "password_too_long");
    }
}
