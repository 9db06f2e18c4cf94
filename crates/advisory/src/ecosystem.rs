//! Where packages come from, under one name whatever a feed or a machine calls it.

mod codename;
mod cpe;
mod host;
mod osv;

pub(crate) use codename::release_of as release_of_codename;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::version::Scheme;

/// A distribution's release, perhaps a channel of it, or a language's registry.
///
/// Written `family`, `family:release` or `family:release+channel`: `debian:12`, `redhat:8.6+eus`, `npm`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub struct Ecosystem {
    family: String,
    release: String,
    channel: String,
}

impl Ecosystem {
    /// An ecosystem by its parts, which are in canonical form already.
    pub fn new(family: &str, release: &str, channel: &str) -> Self {
        Self { family: family.to_owned(), release: release.to_owned(), channel: channel.to_owned() }
    }

    /// Reads the canonical form.
    pub fn parse(text: &str) -> Self {
        let (family, rest) = text.split_once(':').unwrap_or((text, ""));
        let (release, channel) = rest.split_once('+').unwrap_or((rest, ""));
        Self::new(family, release, channel)
    }

    /// `debian`, `redhat`, `npm`.
    pub fn family(&self) -> &str {
        &self.family
    }

    /// `12`, `8.6`, `sid`; empty for a registry, and for what holds for every release.
    pub fn release(&self) -> &str {
        &self.release
    }

    /// A stream of fixes beside the one that every machine has: `esm`, `eus`, `fips`; else empty.
    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// The same without its channel.
    #[must_use]
    pub fn main(&self) -> Self {
        Self::new(&self.family, &self.release, "")
    }

    /// The same release with a channel.
    #[must_use]
    pub fn with_channel(&self, channel: &str) -> Self {
        Self::new(&self.family, &self.release, channel)
    }

    /// The family's part that holds for every release.
    #[must_use]
    pub fn any_release(&self) -> Self {
        Self::new(&self.family, "", "")
    }

    /// How it orders versions; nothing if it is unknown.
    pub fn scheme(&self) -> Option<Scheme> {
        Scheme::of(&self.family)
    }

    /// Whether its packages are an operating system's, and fixes are carried back to old versions.
    pub fn is_distribution(&self) -> bool {
        matches!(self.scheme(), Some(Scheme::Deb | Scheme::Rpm | Scheme::Apk))
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.family)?;
        if !self.release.is_empty() || !self.channel.is_empty() {
            write!(f, ":{}", self.release)?;
        }
        if !self.channel.is_empty() {
            write!(f, "+{}", self.channel)?;
        }
        Ok(())
    }
}

impl From<Ecosystem> for String {
    fn from(e: Ecosystem) -> Self {
        e.to_string()
    }
}

impl From<String> for Ecosystem {
    fn from(text: String) -> Self {
        Self::parse(&text)
    }
}

/// The family under which a registry or distribution is known here.
pub(crate) fn family_of(name: &str) -> String {
    let lower = name.trim().to_ascii_lowercase();
    let known = match lower.as_str() {
        "crates.io" | "rust" => "cargo",
        "rubygems" | "ruby" | "bundler" => "gem",
        "golang" | "gomod" => "go",
        "pip" | "python" => "pypi",
        "composer" | "php" => "packagist",
        "node" | "nodejs" | "yarn" | "pnpm" => "npm",
        "java" | "jar" => "maven",
        "dotnet" | ".net" => "nuget",
        "swifturl" => "swift",
        "conancenter" => "conan",
        "erlang" | "otp" => "hex",
        "dart" => "pub",
        "red hat" | "rhel" | "centos" | "redhat" => "redhat",
        "rocky linux" | "rocky-linux" | "rockylinux" => "rocky",
        "alma" | "almalinux" => "almalinux",
        "oracle linux" | "ol" | "oraclelinux" => "oracle",
        "amazon linux" | "amzn" => "amazon",
        "photon os" => "photon",
        "azure linux" | "azurelinux" | "mariner" | "cbl-mariner" => "azurelinux",
        "sles" | "sled" | "sles_sap" | "sle_hpc" => "suse",
        "opensuse-leap" => "opensuse",
        other => other,
    };
    known.to_owned()
}

#[cfg(test)]
mod tests;
