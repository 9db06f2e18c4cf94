//! The second factor: six digits, 30 seconds, one step of tolerance, each code good once.

use palisade_types::TimeMicros;
use totp_rs::{Builder, Totp};

use crate::{Result, StateError, secrets};

/// What authenticator apps show as the service.
const ISSUER: &str = "Palisade";

fn totp(secret: &[u8], account: &str) -> Result<Totp> {
    Builder::new()
        .with_secret(secret.to_vec())
        .with_issuer(Some(ISSUER))
        .with_account_name(account)
        .build()
        .map_err(|e| StateError::Internal(format!("totp: {e}")))
}

fn seconds(now: TimeMicros) -> u64 {
    u64::try_from(now.0 / 1_000_000).unwrap_or(0)
}

/// A new secret of 160 bits.
pub(crate) fn new_secret() -> Vec<u8> {
    secrets::random::<20>().to_vec()
}

/// The secret for typing (base 32) and the `otpauth:` address for a QR code.
pub(crate) fn presentation(secret: &[u8], email: &str) -> Result<(String, String)> {
    let totp = totp(secret, email)?;
    let uri = totp.to_url().map_err(|e| StateError::Internal(format!("totp: {e}")))?;
    Ok((totp.secret().to_base32(), uri))
}

/// The time step whose code this is, when it is one of the three that are good now.
pub(crate) fn matching_step(secret: &[u8], code: &str, now: TimeMicros) -> Result<Option<i64>> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).take(7).collect();
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(None);
    }
    let step = totp(secret, "")?.check(&digits, seconds(now));
    Ok(step.and_then(|s| i64::try_from(s).ok()))
}

/// The code that an authenticator holding this base 32 secret shows at an instant: for tests and
/// for programs that sign in.
///
/// # Errors
/// `invalid_argument` when the text is no secret of at least 128 bits.
pub fn totp_code(secret_base32: &str, at: TimeMicros) -> Result<String> {
    let invalid = |_| StateError::InvalidArgument("this is no TOTP secret".into());
    let secret = totp_rs::Secret::try_from_base32(secret_base32).map_err(|_| invalid(()))?;
    Ok(totp(secret.as_bytes(), "").map_err(|_| invalid(()))?.generate(seconds(at)).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_names_its_step_and_stands_one_step_of_skew() {
        let secret = new_secret();
        let now = TimeMicros(1_700_000_000_000_000);
        let (base32, uri) = presentation(&secret, "ann@example.org").expect("presented");
        assert!(uri.starts_with("otpauth://totp/Palisade:ann%40example.org?"), "{uri}");
        assert!(uri.contains(&base32));
        let code = totp_code(&base32, now).expect("a code");
        let step = now.0 / 30_000_000;
        assert_eq!(matching_step(&secret, &code, now).expect("checked"), Some(step));
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        assert_eq!(matching_step(&secret, &spaced, now).expect("checked"), Some(step));
        let later = now.plus_micros(30_000_000);
        assert_eq!(matching_step(&secret, &code, later).expect("checked"), Some(step));
        let much_later = now.plus_micros(3_600_000_000);
        assert_ne!(matching_step(&secret, &code, much_later).expect("checked"), Some(step));
        for bad in ["", "12345", "1234567", "abcdef"] {
            assert_eq!(matching_step(&secret, bad, now).expect("checked"), None, "{bad}");
        }
    }
}
