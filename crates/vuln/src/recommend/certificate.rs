use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

/// A certificate that ends within this is to be replaced: 30 days, in microseconds.
pub const EXPIRING: i64 = 30 * 86_400 * 1_000_000;

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// It is no longer valid.
    Expired,
    /// It ends within [`EXPIRING`].
    Expiring,
    /// RSA or DSA below 2048 bits, an elliptic curve below 224.
    WeakKey,
    /// Signed with MD2, MD4, MD5 or SHA-1.
    WeakSignature,
}

/// What tells whether a certificate is good.
#[derive(Clone, Copy, Debug)]
pub struct CertificateFacts<'a> {
    /// When it ends.
    pub not_after: TimeMicros,
    /// The key's algorithm: `RSA`, `EC`, `Ed25519`.
    pub key: &'a str,
    /// The key's length in bits; 0 where it is not known or its kind has no sizes.
    pub bits: u32,
    /// The signature's algorithm: `sha256WithRSAEncryption`, `ecdsa-with-SHA1`.
    pub signature: &'a str,
    /// Whether it signs itself: then nobody relies on its signature.
    pub self_signed: bool,
}

/// What is wrong with a certificate at a time, in ascending order.
pub fn problems(facts: CertificateFacts<'_>, now: TimeMicros) -> Vec<Problem> {
    let mut found = Vec::new();
    if facts.not_after <= now {
        found.push(Problem::Expired);
    } else if facts.not_after.0.saturating_sub(now.0) <= EXPIRING {
        found.push(Problem::Expiring);
    }
    let key = letters(facts.key);
    let least = match key.as_str() {
        k if k.starts_with("rsa") || k.starts_with("dsa") => 2048,
        k if k.starts_with("ec") || k.starts_with("idec") => 224,
        _ => 0,
    };
    if (1..least).contains(&facts.bits) {
        found.push(Problem::WeakKey);
    }
    let signature = letters(facts.signature);
    let weak = ["md2", "md4", "md5", "sha1"].iter().any(|digest| names(&signature, digest));
    if weak && !facts.self_signed {
        found.push(Problem::WeakSignature);
    }
    found
}

/// Letters and digits alone, lower-case.
fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether the digest is named, and not as the beginning of a longer number: `sha1` is not in `sha128`.
fn names(text: &str, digest: &str) -> bool {
    text.match_indices(digest)
        .any(|(at, found)| !text[at + found.len()..].starts_with(|c: char| c.is_ascii_digit()))
}
