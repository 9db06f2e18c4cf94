//! Credentials at rest: whoever has the public key can seal one, only the connect process can open
//! it.

use std::fmt;
use std::path::Path;

use crypto_box::aead::OsRng;
use serde::{Deserialize, Deserializer};
use zeroize::{Zeroize, Zeroizing};

/// The first byte of what is sealed, so that another form can follow.
const FORM: u8 = 1;
/// The most bytes of a credential.
pub const MAX_SECRET: usize = 64 << 10;

/// A text that is wiped when it is dropped, and never shown.
#[derive(Clone, Default)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes a text over.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d).map(Self::new)
    }
}

/// Why a credential could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The key's file cannot be read, or is no key.
    #[error("the key {0}: {1}")]
    Key(String, String),
    /// It is larger than a credential can be.
    #[error("a credential has at most {MAX_SECRET} bytes")]
    TooLarge,
    /// Sealed for another key, changed, or cut.
    #[error("it was sealed to another key, or was changed")]
    NotOurs,
    /// Sealed for another connector.
    #[error("it was sealed for another connector")]
    OtherConnector,
    /// It could not be sealed.
    #[error("it cannot be sealed")]
    Sealing,
}

impl SecretError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Key(..) => "secret_key_unusable",
            Self::TooLarge => "secret_too_large",
            Self::NotOurs => "secret_not_ours",
            Self::OtherConnector => "secret_misplaced",
            Self::Sealing => "secret_not_sealed",
        }
    }
}

/// The key that seals.
#[derive(Clone)]
pub struct SealingKey(crypto_box::PublicKey);

impl SealingKey {
    /// Reads it as [`generate`] wrote it.
    ///
    /// # Errors
    /// When it is no key.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let bytes = key_bytes(text).map_err(|e| SecretError::Key("text".into(), e))?;
        Ok(Self(crypto_box::PublicKey::from(*bytes)))
    }

    /// Seals a credential for one owner: a text that names tenant and connector, without which it
    /// cannot be opened. Sealing the same twice gives different bytes.
    ///
    /// # Errors
    /// When it is too large, or there is no randomness.
    pub fn seal(&self, owner: &str, plain: &[u8]) -> Result<Vec<u8>, SecretError> {
        let length = u16::try_from(owner.len()).map_err(|_| SecretError::TooLarge)?;
        if plain.len() > MAX_SECRET {
            return Err(SecretError::TooLarge);
        }
        let mut inner = Zeroizing::new(Vec::with_capacity(2 + owner.len() + plain.len()));
        inner.extend_from_slice(&length.to_be_bytes());
        inner.extend_from_slice(owner.as_bytes());
        inner.extend_from_slice(plain);
        let mut sealed = self.0.seal(&mut OsRng, &inner).map_err(|_| SecretError::Sealing)?;
        sealed.insert(0, FORM);
        Ok(sealed)
    }
}

/// The key that opens. It wipes itself.
pub struct OpeningKey(crypto_box::SecretKey);

impl fmt::Debug for OpeningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpeningKey(..)")
    }
}

impl OpeningKey {
    /// Reads it as [`generate`] wrote it.
    ///
    /// # Errors
    /// When it is no key.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let bytes = key_bytes(text).map_err(|e| SecretError::Key("text".into(), e))?;
        Ok(Self(crypto_box::SecretKey::from(*bytes)))
    }

    /// Reads it from a file.
    ///
    /// # Errors
    /// When the file cannot be read or holds no key.
    pub fn load(path: &Path) -> Result<Self, SecretError> {
        let named = |e: String| SecretError::Key(path.display().to_string(), e);
        let text = std::fs::read_to_string(path).map_err(|e| named(e.to_string()))?;
        let text = Zeroizing::new(text);
        let bytes = key_bytes(&text).map_err(named)?;
        Ok(Self(crypto_box::SecretKey::from(*bytes)))
    }

    /// The key that seals to this one.
    pub fn sealing(&self) -> SealingKey {
        SealingKey(self.0.public_key())
    }

    /// Opens what was sealed for this owner.
    ///
    /// # Errors
    /// When it was sealed to another key or for another owner, or is not whole.
    pub fn open(&self, owner: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let body = sealed.strip_prefix(&[FORM]).ok_or(SecretError::NotOurs)?;
        let inner = Zeroizing::new(self.0.unseal(body).map_err(|_| SecretError::NotOurs)?);
        let (length, rest) = inner.split_first_chunk::<2>().ok_or(SecretError::NotOurs)?;
        let (whose, plain) =
            rest.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(SecretError::NotOurs)?;
        if whose != owner.as_bytes() {
            return Err(SecretError::OtherConnector);
        }
        Ok(Zeroizing::new(plain.to_vec()))
    }
}

/// Whom a connector's credential is sealed for: another connector cannot use it, whoever copies the row.
pub fn owner_of(tenant: palisade_types::TenantId, connector: &str) -> String {
    format!("{tenant}/{connector}")
}

/// A new pair as texts for two files: the one that opens, and the one that seals.
pub fn generate() -> (Zeroizing<String>, String) {
    let secret = crypto_box::SecretKey::generate(&mut OsRng);
    let mut bytes = secret.to_bytes();
    let texts = (Zeroizing::new(hex::encode(bytes)), hex::encode(secret.public_key().as_bytes()));
    bytes.zeroize();
    texts
}

fn key_bytes(text: &str) -> Result<Zeroizing<[u8; 32]>, String> {
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), bytes.as_mut()).map_err(|_| "is not 64 hexadecimal digits")?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_opening_key_opens_and_only_for_the_owner() {
        let (opening, sealing) = generate();
        let (opening, sealing) =
            (OpeningKey::parse(&opening).expect("a key"), SealingKey::parse(&sealing).expect("a key"));
        let sealed = sealing.seal("tenant/connector", b"secret").expect("sealed");
        assert!(!sealed.windows(6).any(|w| w == b"secret"));
        assert_ne!(sealed, sealing.seal("tenant/connector", b"secret").expect("sealed"));
        assert_eq!(opening.open("tenant/connector", &sealed).expect("ours").as_slice(), b"secret");
        let other = OpeningKey::parse(&generate().0).expect("a key");
        assert_eq!(other.open("tenant/connector", &sealed).expect_err("not its").code(), "secret_not_ours");
        assert_eq!(opening.open("tenant/other", &sealed).expect_err("moved").code(), "secret_misplaced");
        for cut in [0, 1, 20, sealed.len() - 1] {
            assert_eq!(
                opening.open("tenant/connector", &sealed[..cut]).expect_err("cut").code(),
                "secret_not_ours"
            );
        }
        let mut changed = sealed.clone();
        *changed.last_mut().expect("bytes") ^= 1;
        assert!(opening.open("tenant/connector", &changed).is_err());
        assert_eq!(sealing.seal("x", &[0; MAX_SECRET + 1]).expect_err("large").code(), "secret_too_large");
    }

    #[test]
    fn nothing_shows_a_secret() {
        let text: SecretText = serde_json::from_str("\"hunter2\"").expect("a text");
        assert!(!format!("{text:?}").contains("hunter2"));
        let (opening, _) = generate();
        let key = OpeningKey::parse(&opening).expect("a key");
        assert!(!format!("{key:?}").contains(&opening[..8]));
        assert!(OpeningKey::parse("short").is_err() && SealingKey::parse(&"g".repeat(64)).is_err());
    }
}
