//! The order of versions, as each ecosystem's own tools see it.
//!
//! All of it is ours, and works on the bytes as they are: a fleet's matching compares tens of millions of
//! pairs, and the crates that agree with the native tools build a tree for each version first.

mod apk;
mod deb;
mod dotted;
mod gem;
mod go;
mod maven;
mod nuget;
mod packagist;
mod parts;
mod pep440;
mod rpm;
mod semver;

use std::cmp::Ordering;

/// Longest version that is compared, bytes. Real ones are shorter than 200.
pub const MAX_VERSION: usize = 1024;

/// How an ecosystem orders its versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// dpkg: epoch, upstream version, revision; `~` before everything.
    Deb,
    /// rpm: epoch, version, release; `~` before and `^` after the end.
    Rpm,
    /// apk-tools.
    Apk,
    /// Python: PEP 440, and what is not PEP 440 below it, as old installers did.
    Pep440,
    /// Semantic Versioning 2, read leniently: a leading `v`, any number of components.
    SemVer,
    /// npm: as [`Scheme::SemVer`].
    Npm,
    /// Maven's ComparableVersion.
    Maven,
    /// RubyGems.
    Gem,
    /// NuGet: up to four numbers, pre-release without regard to case.
    NuGet,
    /// PHP's version_compare, as Packagist's advisories use it.
    Packagist,
    /// Go modules, and releases of Go itself.
    Go,
    /// Dart: Semantic Versioning where build metadata counts.
    Pub,
    /// R: numbers between dots and hyphens.
    Cran,
    /// Haskell: numbers between dots.
    Hackage,
}

/// Why two versions have no order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{version:?} is no version of {scheme}: {reason}")]
pub struct VersionError {
    /// What kind of trouble it is.
    pub code: VersionCode,
    /// The scheme that was asked.
    pub scheme: &'static str,
    /// The version, cut to 80 characters.
    pub version: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// The kinds of [`VersionError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionCode {
    /// Nothing but white space.
    Empty,
    /// Longer than [`MAX_VERSION`].
    TooLong,
    /// Not of the scheme's form.
    Malformed,
}

impl VersionCode {
    /// The code that does not change.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "version_empty",
            Self::TooLong => "version_too_long",
            Self::Malformed => "version_malformed",
        }
    }
}

impl Scheme {
    /// Every scheme.
    pub const ALL: [Self; 14] = [
        Self::Deb,
        Self::Rpm,
        Self::Apk,
        Self::Pep440,
        Self::SemVer,
        Self::Npm,
        Self::Maven,
        Self::Gem,
        Self::NuGet,
        Self::Packagist,
        Self::Go,
        Self::Pub,
        Self::Cran,
        Self::Hackage,
    ];

    /// The scheme's own name, lower-case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deb => "deb",
            Self::Rpm => "rpm",
            Self::Apk => "apk",
            Self::Pep440 => "pep440",
            Self::SemVer => "semver",
            Self::Npm => "npm",
            Self::Maven => "maven",
            Self::Gem => "gem",
            Self::NuGet => "nuget",
            Self::Packagist => "packagist",
            Self::Go => "go",
            Self::Pub => "pub",
            Self::Cran => "cran",
            Self::Hackage => "hackage",
        }
    }

    /// The scheme of that name, or of the ecosystem that OSV, package URLs or a distribution calls so.
    /// What follows a colon in an ecosystem (`Debian:12`) does not matter; nor does case.
    pub fn of(name: &str) -> Option<Self> {
        let base = name.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
        if let Some(own) = Self::ALL.into_iter().find(|s| s.name() == base) {
            return Some(own);
        }
        Some(match base.as_str() {
            "debian" | "ubuntu" | "echo" | "dpkg" | "raspbian" | "root" | "docker hardened images" => {
                Self::Deb
            }
            "almalinux" | "alma" | "azure linux" | "azurelinux" | "azl" | "epel" | "suse-micro"
            | "opensuse-micro" | "mariner" | "cbl-mariner" | "mageia" | "openeuler" | "opensuse"
            | "photon os" | "photon" | "red hat" | "redhat" | "rhel" | "rocky linux" | "rocky" | "suse"
            | "sles" | "fedora" | "centos" | "oracle" | "oracle linux" | "amazon" | "amazon linux"
            | "nevra" => Self::Rpm,
            "alpine" | "alpaquita" | "bellsoft hardened containers" | "chainguard" | "minimos" | "wolfi" => {
                Self::Apk
            }
            "pypi" | "pip" | "python" => Self::Pep440,
            "bitnami" | "bioconductor" | "crates.io" | "cargo" | "rust" | "github actions" | "hex"
            | "erlang" | "julia" | "swifturl" | "swift" | "vscode" | "kubernetes" | "k8s" | "conancenter"
            | "conan" | "cocoapods" | "opam" | "cleanstart" => Self::SemVer,
            "nodejs" | "node" | "yarn" | "pnpm" => Self::Npm,
            "java" | "jar" => Self::Maven,
            "rubygems" | "ruby" | "bundler" => Self::Gem,
            ".net" | "dotnet" => Self::NuGet,
            "composer" | "php" => Self::Packagist,
            "golang" | "gomod" => Self::Go,
            "dart" => Self::Pub,
            "r" => Self::Cran,
            "ghc" => Self::Hackage,
            _ => return None,
        })
    }

    /// Which of two versions is the newer one.
    ///
    /// # Errors
    /// [`VersionCode::Empty`], [`VersionCode::TooLong`]; [`VersionCode::Malformed`] where the native tool
    /// has no answer either. Schemes whose tools order every text (apk, rpm, gem, maven …) do so too.
    pub fn compare(self, a: &str, b: &str) -> Result<Ordering, VersionError> {
        let (a, b) = (self.checked(a)?, self.checked(b)?);
        let fault =
            |(version, reason): (&str, &'static str)| self.error(VersionCode::Malformed, version, reason);
        match self {
            Self::Deb => deb::compare(a, b).map_err(fault),
            Self::Rpm => Ok(rpm::compare(a, b)),
            Self::Apk => Ok(apk::compare(a, b)),
            Self::Pep440 => Ok(pep440::compare(a, b)),
            Self::SemVer | Self::Npm => Ok(semver::compare(a, b)),
            Self::Pub => Ok(semver::compare_with_build(a, b)),
            Self::Maven => Ok(maven::compare(a, b)),
            Self::Gem => Ok(gem::compare(a, b)),
            Self::NuGet => Ok(nuget::compare(a, b)),
            Self::Packagist => Ok(packagist::compare(a, b)),
            Self::Go => Ok(go::compare(a, b)),
            Self::Cran | Self::Hackage => Ok(dotted::compare(a, b)),
        }
    }

    fn checked(self, version: &str) -> Result<&str, VersionError> {
        let version = version.trim();
        if version.is_empty() {
            return Err(self.error(VersionCode::Empty, version, "it is empty"));
        }
        if version.len() > MAX_VERSION {
            return Err(self.error(VersionCode::TooLong, version, "it is too long"));
        }
        Ok(version)
    }

    fn error(self, code: VersionCode, version: &str, reason: &'static str) -> VersionError {
        VersionError { code, scheme: self.name(), version: version.chars().take(80).collect(), reason }
    }
}
