//! Tokens: random, self-describing, and never stored but as a hash.
//!
//! A token reads `<prefix>_<tenant, 32 hex digits>_<secret, 64 hex digits>`: the tenant is in it,
//! so that the lookup itself runs inside that tenant's scope.

use palisade_types::TenantId;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What a token is for; one kind is never accepted for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Api,
    Session,
    Client,
    SetupLink,
    SetupSession,
    Enrolment,
    Task,
}

impl TokenKind {
    fn prefix(self) -> &'static str {
        match self {
            Self::Api => "pal",
            Self::Session => "palc",
            Self::Client => "palk",
            Self::SetupLink => "pals",
            Self::SetupSession => "palx",
            Self::Enrolment => "pale",
            Self::Task => "palt",
        }
    }
}

/// SHA-256 of a token's whole text. A plain hash is enough: the secret has 256 random bits.
pub(crate) type TokenHash = [u8; 32];

/// A new token: its text, to be shown once, and the hash to be stored.
pub(crate) fn issue(kind: TokenKind, tenant: TenantId) -> (String, TokenHash) {
    let secret = random::<32>();
    let text = format!("{}_{}_{}", kind.prefix(), tenant.0.simple(), hex::encode(secret));
    let hash = sha256(text.as_bytes());
    (text, hash)
}

/// Takes a token apart; `None` unless it has exactly the form of its kind.
pub(crate) fn parse(kind: TokenKind, text: &str) -> Option<(TenantId, TokenHash)> {
    let (tenant, secret) = text.strip_prefix(kind.prefix())?.strip_prefix('_')?.split_once('_')?;
    let lower_hex = |s: &str| s.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if tenant.len() != 32 || secret.len() != 64 || !lower_hex(tenant) || !lower_hex(secret) {
        return None;
    }
    let tenant = Uuid::try_parse(tenant).ok()?;
    Some((TenantId(tenant), sha256(text.as_bytes())))
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_as_its_own_kind_only() {
        let tenant = TenantId::random();
        for kind in [TokenKind::Api, TokenKind::Session, TokenKind::SetupLink, TokenKind::Enrolment] {
            let (text, hash) = issue(kind, tenant);
            assert_eq!(parse(kind, &text), Some((tenant, hash)));
            assert_eq!(parse(TokenKind::SetupSession, &text), None);
        }
        let (text, _) = issue(TokenKind::Api, tenant);
        assert!(text.starts_with("pal_"));
        for bad in ["", "pal", "pal_", &text[..text.len() - 1], &text.to_uppercase(), &format!("{text}0")] {
            assert_eq!(parse(TokenKind::Api, bad), None, "{bad}");
        }
    }
}
