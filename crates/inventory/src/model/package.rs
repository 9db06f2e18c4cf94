//! A package that is installed.

use serde::{Deserialize, Serialize};

use super::is_false;

/// Whose names and whose order of versions a package has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ecosystem {
    /// Debian's packages.
    #[default]
    Deb,
    /// RPM packages.
    Rpm,
    /// Alpine's packages.
    Apk,
    /// Snaps.
    Snap,
    /// Flatpak's applications and runtimes.
    Flatpak,
    /// Python.
    Pypi,
    /// Node.
    Npm,
    /// Ruby.
    Gem,
    /// Go's modules.
    Go,
    /// Rust's crates.
    Cargo,
    /// Java: `group:artifact`.
    Maven,
}

impl Ecosystem {
    /// Whether an operating system's package manager put it there.
    pub fn is_os(self) -> bool {
        matches!(self, Self::Deb | Self::Rpm | Self::Apk | Self::Snap | Self::Flatpak)
    }

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deb => "deb",
            Self::Rpm => "rpm",
            Self::Apk => "apk",
            Self::Snap => "snap",
            Self::Flatpak => "flatpak",
            Self::Pypi => "pypi",
            Self::Npm => "npm",
            Self::Gem => "gem",
            Self::Go => "go",
            Self::Cargo => "cargo",
            Self::Maven => "maven",
        }
    }
}

/// A package that is installed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Whose names and versions these are.
    pub ecosystem: Ecosystem,
    /// `ID` of os-release; empty for a language's package.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub distribution: String,
    /// `VERSION_ID` of os-release, or the code name where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub release: String,
    /// Its name; `group:artifact` for Java, the module's path for Go.
    pub name: String,
    /// Its version, whole: with epoch and release where the ecosystem has them.
    pub version: String,
    /// The architecture, in the ecosystem's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub arch: String,
    /// The source package that it was built from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source_name: String,
    /// That one's version.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source_version: String,
    /// Who published it: the repository's `Origin`, a remote, an index.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub origin: String,
    /// How the origin is known: `version` (a repository lists this version), `name` (it lists another one),
    /// `header` (the package says so), `record` (the installer noted it).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub origin_by: String,
    /// Where in that origin: suite and component, channel, branch.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub repository: String,
    /// Who made it, by its own words: vendor or maintainer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub vendor: String,
    /// The key that signed it, 16 hexadecimal digits (RPM).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub signer: String,
    /// The module stream that it belongs to: `name:stream:version:context` (RPM).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub module: String,
    /// What stops it from being simply installed, in the package manager's word: `half-configured`…
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// Whether somebody asked for it to stay as it is.
    #[serde(default, skip_serializing_if = "is_false")]
    pub hold: bool,
    /// Debian's word for how it goes together with itself on other architectures.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub multi_arch: String,
    /// When it was installed, microseconds; none where nobody noted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed_us: Option<i64>,
    /// The file or folder that shows it; within an archive behind `!/`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The database that lists it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub database: String,
    /// The operating system's package that brought the file, as `ecosystem:name`: then this one is a part
    /// of it, and the distribution's advisories speak about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// Whether a process executes or maps one of its files; none where that cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<bool>,
}

impl Package {
    /// What makes it another package than the next one.
    pub(crate) fn identity(&self) -> (Ecosystem, &str, &str, &str, &str) {
        (self.ecosystem, &self.name, &self.version, &self.arch, &self.path)
    }

    /// As the owner of a file is written.
    pub(crate) fn as_owner(&self) -> String {
        format!("{}:{}", self.ecosystem.as_str(), self.name)
    }
}
