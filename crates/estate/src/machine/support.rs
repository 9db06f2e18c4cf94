use std::sync::LazyLock;

use serde::Deserialize;

use super::os::numbers;
use super::{OsFacts, OsFamily};
use crate::health::Code;

/// A distribution that a sensor exists for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distribution {
    /// `ID` of os-release.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Leading numbers of supported versions; with `+` the last number is the least one.
    pub versions: Vec<String>,
    /// Whether the kernel's number says too little, because BPF is ported back to it.
    #[serde(default)]
    pub backports: bool,
    /// `tests` or `rule`.
    pub proof: String,
}

/// The systems that a sensor exists for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupportMatrix {
    /// Architectures as `uname -m` writes them.
    pub architectures: Vec<String>,
    /// The oldest kernel.
    pub min_kernel: String,
    /// The oldest one where a vendor ports back.
    pub min_kernel_with_backports: String,
    /// Distributions.
    #[serde(rename = "distribution")]
    pub distributions: Vec<Distribution>,
}

/// Whether a sensor exists for a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It does.
    Supported,
    /// It does, if a trial load of the capture programs succeeds.
    ByTrial,
    /// Too little is known; the preflight will tell.
    Unknown,
    /// It does not, and that is not the machine's fault.
    NotApplicable(Code),
    /// It would, were the kernel newer.
    Lacking(Code),
}

static MATRIX: LazyLock<SupportMatrix> = LazyLock::new(|| {
    toml::from_str(include_str!("../../data/support.toml")).expect("the built-in support data parses")
});

impl SupportMatrix {
    /// The one that this version ships with.
    pub fn shipped() -> &'static Self {
        &MATRIX
    }

    /// Judges a system.
    pub fn judge(&self, os: &OsFacts) -> Support {
        match os.family {
            OsFamily::Unknown => return Support::Unknown,
            OsFamily::WindowsClient | OsFamily::MacOs => return Support::NotApplicable(Code::ClientOs),
            OsFamily::WindowsServer | OsFamily::Other => {
                return Support::NotApplicable(Code::NoSensorForOs);
            }
            OsFamily::Linux => {}
        }
        let arch = os.arch();
        if !arch.is_empty() && !self.architectures.iter().any(|a| a == arch) {
            return Support::NotApplicable(Code::UnsupportedArchitecture);
        }
        if os.id.is_empty() {
            return Support::Unknown;
        }
        let Some(row) = self.distributions.iter().find(|d| d.id == os.id) else {
            return Support::NotApplicable(Code::UnsupportedDistribution);
        };
        let version = numbers(&os.version);
        if version.is_empty() {
            // Debian's testing and its kind have no number.
            return match os.version.is_empty() {
                true => Support::Unknown,
                false => Support::NotApplicable(Code::UnsupportedVersion),
            };
        }
        if !row.versions.iter().any(|v| covers(v, &version)) {
            return Support::NotApplicable(Code::UnsupportedVersion);
        }
        let kernel = numbers(&os.kernel);
        if arch.is_empty() || kernel.is_empty() {
            return Support::Unknown;
        }
        if kernel >= numbers(&self.min_kernel) {
            Support::Supported
        } else if row.backports && kernel >= numbers(&self.min_kernel_with_backports) {
            Support::ByTrial
        } else {
            Support::Lacking(Code::KernelTooOld)
        }
    }
}

/// Whether a pattern such as `12` or `9.4+` covers a version.
fn covers(pattern: &str, version: &[u32]) -> bool {
    let (text, open) = pattern.strip_suffix('+').map_or((pattern, false), |p| (p, true));
    let wanted = numbers(text);
    let Some((last, head)) = wanted.split_last() else { return false };
    // A missing number counts as zero: 9 is 9.0.
    let at = |i: usize| version.get(i).copied().unwrap_or(0);
    head.iter().enumerate().all(|(i, n)| at(i) == *n)
        && if open { at(head.len()) >= *last } else { at(head.len()) == *last }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linux(id: &str, version: &str, kernel: &str, architecture: &str) -> Support {
        SupportMatrix::shipped().judge(&OsFacts {
            family: OsFamily::Linux,
            id: id.into(),
            version: version.into(),
            kernel: kernel.into(),
            architecture: architecture.into(),
        })
    }

    #[test]
    fn what_a_sensor_exists_for_is_supported() {
        assert_eq!(linux("debian", "12", "6.1.0-56-amd64", "x86_64"), Support::Supported);
        assert_eq!(linux("ubuntu", "24.04", "6.8.0-31-generic", "amd64"), Support::Supported);
        assert_eq!(linux("rhel", "9.5", "5.14.0-503.el9.x86_64", "x86_64"), Support::ByTrial);
        assert_eq!(linux("sles", "15-SP6", "6.4.0-150600.21-default", "x86_64"), Support::Supported);
        assert_eq!(linux("fedora", "43", "6.17.1-300.fc43.x86_64", "x86_64"), Support::Supported);
    }

    #[test]
    fn what_it_does_not_exist_for_says_why() {
        let not = Support::NotApplicable;
        assert_eq!(linux("debian", "11", "5.10.0", "x86_64"), not(Code::UnsupportedVersion));
        assert_eq!(linux("rhel", "9.2", "5.14.0", "x86_64"), not(Code::UnsupportedVersion));
        assert_eq!(linux("debian", "sid", "6.17", "x86_64"), not(Code::UnsupportedVersion));
        assert_eq!(linux("linuxmint", "22", "6.8", "x86_64"), not(Code::UnsupportedDistribution));
        assert_eq!(linux("debian", "12", "6.1", "aarch64"), not(Code::UnsupportedArchitecture));
        assert_eq!(linux("ubuntu", "22.04", "5.15.0-100", "x86_64"), Support::Lacking(Code::KernelTooOld));
        assert_eq!(linux("rhel", "9.4", "5.10.0", "x86_64"), Support::Lacking(Code::KernelTooOld));
        let family = |family| SupportMatrix::shipped().judge(&OsFacts { family, ..OsFacts::default() });
        assert_eq!(family(OsFamily::WindowsServer), not(Code::NoSensorForOs));
        assert_eq!(family(OsFamily::WindowsClient), not(Code::ClientOs));
        assert_eq!(family(OsFamily::MacOs), not(Code::ClientOs));
        assert_eq!(family(OsFamily::Other), not(Code::NoSensorForOs));
    }

    #[test]
    fn too_little_is_not_a_verdict() {
        assert_eq!(SupportMatrix::shipped().judge(&OsFacts::default()), Support::Unknown);
        assert_eq!(linux("", "", "", ""), Support::Unknown);
        assert_eq!(linux("debian", "", "6.1", "x86_64"), Support::Unknown);
        assert_eq!(linux("debian", "12", "", "x86_64"), Support::Unknown);
        assert_eq!(linux("debian", "12", "6.1", ""), Support::Unknown);
    }

    #[test]
    fn a_version_pattern_covers_what_it_says() {
        assert!(covers("12", &[12, 9]) && covers("12", &[12]) && !covers("12", &[1, 2]));
        assert!(covers("9.4+", &[9, 4]) && covers("9.4+", &[9, 10]));
        assert!(!covers("9.4+", &[9]) && !covers("9.4+", &[10, 4]) && !covers("", &[1]));
        assert!(covers("22.04", &[22, 4, 1]) && !covers("22.04", &[22, 10]));
    }

    #[test]
    fn every_row_can_match() {
        for row in &SupportMatrix::shipped().distributions {
            assert!(matches!(row.proof.as_str(), "tests" | "rule"), "{}", row.id);
            for version in &row.versions {
                let plain = version.trim_end_matches('+');
                assert_eq!(
                    linux(&row.id, plain, "6.12", "x86_64"),
                    Support::Supported,
                    "{} {version}",
                    row.id
                );
            }
        }
    }
}
