//! Packages of the system.

use serde::{Deserialize, Serialize};

use super::{Outcome, Probed};
use crate::host::Host;
use crate::want::like;

/// What is wanted of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackageState {
    /// One of them is installed.
    Installed,
    /// None of them is.
    Absent,
}

/// Packages.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageProbe {
    /// Their names; `*` stands for anything.
    pub names: Vec<String>,
    /// What is wanted.
    pub state: PackageState,
}

impl PackageProbe {
    pub(super) fn run(&self, host: &Host) -> Probed {
        let all = host.packages()?;
        if all.is_empty() {
            return Ok(Outcome::moot("no package manager"));
        }
        let found: Vec<String> = all
            .iter()
            .filter(|(name, _)| self.names.iter().any(|n| like(n, name)))
            .map(|(name, version)| format!("{name} {version}"))
            .collect();
        let met = (self.state == PackageState::Installed) != found.is_empty();
        let said = if found.is_empty() { "not installed".into() } else { found.join(", ") };
        let expected = match self.state {
            PackageState::Installed => format!("installed: {}", self.names.join(" or ")),
            PackageState::Absent => format!("not installed: {}", self.names.join(", ")),
        };
        Ok(Outcome::of(met, said).expecting(expected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::tests::world;
    use crate::probe::Verdict;

    #[test]
    fn what_is_only_configured_is_not_installed() {
        let status = "Package: telnetd\nStatus: deinstall ok config-files\nVersion: 1\nArchitecture: all\n\n\
                      Package: sudo\nStatus: install ok installed\nVersion: 1.9\nArchitecture: amd64\n";
        let (_dir, host) = world(&[("/var/lib/dpkg/status", status), ("/etc/os-release", "ID=debian\n")]);
        let run = |name: &str, state| {
            PackageProbe { names: vec![name.into()], state }.run(&host).expect("runs").verdict
        };
        assert_eq!(run("telnetd", PackageState::Absent), Verdict::Met);
        assert_eq!(run("sud*", PackageState::Installed), Verdict::Met);
        assert_eq!(run("sudo", PackageState::Absent), Verdict::Missed);
    }
}
