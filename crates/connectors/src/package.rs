//! The sensor as a package for machines that no connector knows. The package puts one program on the
//! machine and, where somebody has put an invitation beside it, lets that program install itself;
//! it brings no unit, edits no repository and needs no other package.
//!
//! The invitation is `/etc/palisade/onboarding.toml` with `url`, and beside it `onboarding.pem` (the
//! server's certificates) and `onboarding.token`; `ca_file` and `token_file` name others.

mod ar;
mod deb;
mod rpm;
mod tar;

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

pub use self::deb::deb;
pub use self::rpm::rpm;

/// Where a package puts the program; the installation copies it from there.
pub const PROGRAM: &str = "/usr/lib/palisade/palisade-sensor";
/// The name of the package.
pub const NAME: &str = "palisade-sensor";
/// One line about it.
const SUMMARY: &str = "Palisade sensor: records what this machine does";
/// More lines about it.
const DESCRIPTION: &str = "Records processes, connections and file changes of a server and sends them to a Palisade server. \
Where /etc/palisade/onboarding.toml is, it enrols by itself.";
/// Who answers for it.
const MAINTAINER: &str = "Palisade Security <support@palisade.invalid>";

/// After the files are there.
const AFTER_INSTALL: &str = include_str!("scripts/after_install.sh");
/// Before they go.
const BEFORE_REMOVE: &str = include_str!("scripts/before_remove.sh");

/// Why a package could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The version is not one that both kinds of packages can carry.
    #[error("{0:?} cannot be the version of a package")]
    Version(String),
    /// It could not be written.
    #[error("the package cannot be written: {0}")]
    Io(#[from] std::io::Error),
    /// The RPM could not be made.
    #[error("the RPM cannot be made: {0}")]
    Rpm(String),
}

impl PackageError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Version(_) => "package_version_invalid",
            Self::Io(_) | Self::Rpm(_) => "package_not_made",
        }
    }
}

/// Digits and dots first, as both kinds order them in the same way.
fn check_version(version: &str) -> Result<&str, PackageError> {
    let good = (1..=64).contains(&version.len())
        && version.starts_with(|c: char| c.is_ascii_digit())
        && version.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'~'));
    if good { Ok(version) } else { Err(PackageError::Version(version.to_owned())) }
}

/// Packs bytes; the same bytes always into the same.
pub(crate) fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::with_capacity(bytes.len() / 2), Compression::default());
    packed.write_all(bytes)?;
    packed.finish()
}
