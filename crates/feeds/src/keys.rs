//! The key pair of bundles: who exports signs with one half, who imports keeps the other.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
pub use ed25519_dalek::{SigningKey, VerifyingKey};

use crate::code::{At, Code, FeedError};

/// Largest key file, bytes.
const MAX_KEY: u64 = 64 << 10;

/// Makes a key pair, and writes the private half where only its owner can read it. An existing one is never
/// written over.
///
/// # Errors
/// `io`, also if there is one.
pub fn generate(private: &Path) -> Result<SigningKey, FeedError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|e| FeedError::new(Code::Io, "random numbers", e))?;
    let key = SigningKey::from_bytes(&seed);
    let bad = |e| FeedError::new(Code::BadKey, private.display().to_string(), format!("{e}"));
    let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(bad)?;
    if let Some(folder) = private.parent() {
        std::fs::create_dir_all(folder).at(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(private).at(private)?;
    file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()).at(private)?;
    Ok(key)
}

/// Reads the private half.
///
/// # Errors
/// `io`, `bad_key`.
pub fn signing_key(path: &Path) -> Result<SigningKey, FeedError> {
    SigningKey::from_pkcs8_pem(&read(path)?)
        .map_err(|e| FeedError::new(Code::BadKey, path.display().to_string(), e))
}

/// Reads the public half.
///
/// # Errors
/// `io`, `bad_key`.
pub fn public_key(path: &Path) -> Result<VerifyingKey, FeedError> {
    VerifyingKey::from_public_key_pem(&read(path)?)
        .map_err(|e| FeedError::new(Code::BadKey, path.display().to_string(), e))
}

/// Has bundles checked with a public key from now on. A link that lies where it is written is never followed.
///
/// # Errors
/// `io`, `bad_key`.
pub fn trust(key: &VerifyingKey, to: &Path) -> Result<(), FeedError> {
    let mut name = [0; 8];
    getrandom::fill(&mut name).map_err(|e| FeedError::new(Code::Io, "random numbers", e))?;
    let part = to.with_extension(hex::encode(name));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&part).at(&part)?;
    file.write_all(public_pem(key)?.as_bytes()).and_then(|()| file.sync_all()).at(&part)?;
    std::fs::rename(&part, to).at(to)
}

/// The public half as it is written to a file.
///
/// # Errors
/// `bad_key`.
pub fn public_pem(key: &VerifyingKey) -> Result<String, FeedError> {
    key.to_public_key_pem(LineEnding::LF).map_err(|e| FeedError::new(Code::BadKey, "", e))
}

/// The public half in one word, to compare by voice.
pub fn fingerprint(key: &VerifyingKey) -> String {
    hex::encode(key.as_bytes())
}

fn read(path: &Path) -> Result<String, FeedError> {
    if std::fs::metadata(path).at(path)?.len() > MAX_KEY {
        return Err(FeedError::new(Code::BadKey, path.display().to_string(), "it is too large for a key"));
    }
    std::fs::read_to_string(path).at(path)
}
