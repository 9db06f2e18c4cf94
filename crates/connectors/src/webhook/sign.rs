//! The signature of a body.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// `t=<seconds since 1970>,v1=<HMAC-SHA256, hexadecimal>`.
pub const SIGNATURE_HEADER: &str = "palisade-signature";
/// The delivery's identifier: the same for each attempt.
pub const DELIVERY_HEADER: &str = "palisade-delivery";

/// Signs the text `<t>.<body>`: whoever has the secret can tell that the body is ours and of when.
pub fn sign(secret: &[u8], seconds: i64, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        // A key of any length is taken.
        return String::new();
    };
    mac.update(seconds.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("t={seconds},v1={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_of_secret_time_and_body() {
        // Computed with `printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret`.
        let expected = EXPECTED;
        assert_eq!(sign(b"secret", 1_700_000_000, b"{\"a\":1}"), format!("t=1700000000,v1={expected}"));
        let other = [
            sign(b"Secret", 1_700_000_000, b"{\"a\":1}"),
            sign(b"secret", 1_700_000_001, b"{\"a\":1}"),
            sign(b"secret", 1_700_000_000, b"{\"a\":2}"),
        ];
        assert!(other.iter().all(|s| !s.contains(expected)));
    }

    const EXPECTED: &str = "49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686";
}
