//! Where a check applies.

use serde::{Deserialize, Serialize};

use crate::host::Host;
use crate::report::Reason;

/// Where a check applies: all that is said must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// One of these packages is installed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub package: Vec<String>,
    /// None of these packages is installed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub no_package: Vec<String>,
    /// `ID` or `ID_LIKE` of os-release is one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub system: Vec<String>,
    /// The main version is at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_min: Option<u32>,
    /// The main version is at most this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_max: Option<u32>,
    /// The root is a container's (true), or is not (false).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<bool>,
    /// The machine starts by UEFI (true), or does not (false).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uefi: Option<bool>,
    /// One of these files is there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub file: Vec<String>,
}

impl Condition {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it holds; an error where that cannot be told.
    pub(crate) fn holds(&self, host: &Host) -> Result<bool, Reason> {
        let os = host.os();
        let version = || os.version.split('.').next().and_then(|v| v.parse::<u32>().ok());
        if !self.system.is_empty() && !self.system.iter().any(|s| *s == os.id || os.id_like.contains(s)) {
            return Ok(false);
        }
        if self.version_min.is_some_and(|min| version().is_some_and(|v| v < min))
            || self.version_max.is_some_and(|max| version().is_some_and(|v| v > max))
        {
            return Ok(false);
        }
        if self.container.is_some_and(|c| c != host.is_container())
            || self.uefi.is_some_and(|u| u != host.is_uefi())
        {
            return Ok(false);
        }
        if !self.file.is_empty() && !self.file.iter().any(|f| host.root().exists(f)) {
            return Ok(false);
        }
        if !self.package.is_empty() || !self.no_package.is_empty() {
            let packages = host.packages()?;
            let there = |n: &String| packages.contains_key(n.as_str());
            if !self.package.is_empty() && !self.package.iter().any(there)
                || self.no_package.iter().any(there)
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
