//! Accounts, certificates, shares, extensions of browsers.

use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use super::is_false;

/// An account. A password's digest is never read into it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// The number of its main group.
    pub gid: u32,
    /// Its folder.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub home: String,
    /// Its shell.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub shell: String,
    /// Whether it has a password.
    pub password: PasswordState,
    /// Days since the password was changed; none where nobody noted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_age_days: Option<i64>,
    /// Days after which it has to be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_max_days: Option<i64>,
    /// Last day of the account, as days since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_day: Option<i64>,
    /// Further groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

/// Whether an account has a password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordState {
    /// We could not read it.
    #[default]
    Unknown,
    /// No password opens it.
    Locked,
    /// It opens without one.
    None,
    /// It has one.
    Set,
}

/// A group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its number.
    pub gid: u32,
    /// Its members, but those whose main group it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
}

/// A certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// SHA-256 of its bytes, hexadecimal.
    pub fingerprint: String,
    /// Whom it names.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// Its number, hexadecimal.
    pub serial: String,
    /// From when it holds.
    pub not_before_us: TimeMicros,
    /// Until when it holds.
    pub not_after_us: TimeMicros,
    /// RSA, EC, Ed25519, Ed448, DSA, ML-DSA…, or the algorithm's number.
    pub key: String,
    /// Bits of the key; 0 where its kind has no sizes or is not known.
    pub key_bits: u32,
    /// How it was signed: `sha256WithRSAEncryption`…, or the algorithm's number.
    pub signature: String,
    /// Whether it signed itself.
    #[serde(default, skip_serializing_if = "is_false")]
    pub self_signed: bool,
    /// Whether it may sign others.
    #[serde(default, skip_serializing_if = "is_false")]
    pub authority: bool,
    /// Further names that it holds for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// What its key may be used for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub usage: Vec<String>,
    /// `trust` for those that this machine believes, `own` for those that it shows or uses.
    pub store: String,
    /// Files that hold it.
    pub paths: Vec<String>,
    /// Configuration that names one of these files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_by: Vec<String>,
    /// The package that brought the first file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub package: String,
}

/// A folder that others may mount.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// `nfs` or `smb`.
    pub kind: String,
    /// Its name; for NFS the path.
    pub name: String,
    /// The folder.
    pub path: String,
    /// Who may mount it; empty is everybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<String>,
    /// Whether it can be written to.
    pub writable: bool,
    /// Whether one gets in without a name: Samba's guests; NFS exports to everybody.
    pub anonymous: bool,
    /// Whether remote administrators are administrators here (NFS `no_root_squash`).
    #[serde(default, skip_serializing_if = "is_false")]
    pub root_kept: bool,
    /// Options that the file gives, of the first client for NFS.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// The file that says so.
    pub source: String,
    /// Whether its server runs; none where none of this root run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<bool>,
}

/// An extension of a browser.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserExtension {
    /// chrome, chromium, edge, brave, vivaldi, opera, firefox.
    pub browser: String,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it says about itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Whose it is.
    pub user: String,
    /// The browser's profile.
    pub profile: String,
    /// Whether it is switched on; none where the browser does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// What it may do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<String>,
    /// On which pages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Of both, what it has not yet and may ask for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub optional: Vec<String>,
    /// Where it came from, in the browser's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub origin: String,
    /// The file that shows it.
    pub path: String,
}
