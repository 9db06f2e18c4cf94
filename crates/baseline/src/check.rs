//! A check as it is written in `checks/*.toml`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::parameter::Parameter;
use crate::probe::Probe;

/// How bad it is when a check is not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good order.
    Low,
    /// It helps an attacker who is already there.
    Medium,
    /// It lets one in, or makes one root.
    High,
}

impl Severity {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What a check is about, as the secure score counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Applications and what is installed.
    Application,
    /// The operating system.
    Os,
    /// Network and what listens on it.
    Network,
    /// Accounts, passwords, rights.
    Accounts,
    /// What protects and records.
    SecurityControls,
}

impl Category {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Os => "os",
            Self::Network => "network",
            Self::Accounts => "accounts",
            Self::SecurityControls => "security_controls",
        }
    }
}

/// A part of a check that is decided apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// Who owns the file.
    Owner,
    /// The file's group.
    Group,
    /// The file's permissions.
    Mode,
    /// What is configured, and so holds after the next start.
    Configured,
    /// What holds now.
    Running,
}

/// The same in other catalogues.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct References {
    /// Sections of CIS benchmarks: `debian12:5.1.20`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cis: Vec<String>,
    /// Ids of DISA's guides: `UBTU-22-255025`, `RHEL-09-255045`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stig: Vec<String>,
    /// Common Configuration Enumeration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cce: Vec<String>,
    /// Controls of NIST SP 800-53.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nist: Vec<String>,
    /// Techniques of MITRE ATT&CK that it makes harder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attack: Vec<String>,
}

/// One check.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Its name for ever: `ssh.permit_root_login`.
    pub id: String,
    /// What should be, in a line.
    pub title: String,
    /// Why.
    pub why: String,
    /// What to do about it.
    pub fix: String,
    /// How bad it is.
    pub severity: Severity,
    /// Levels of our profiles that it belongs to: 1 (every server) or 2 (where security goes before comfort).
    pub level: u8,
    /// Where it says anything at all.
    #[serde(default, skip_serializing_if = "Condition::is_empty")]
    pub applies_if: Condition,
    /// The same elsewhere.
    #[serde(default)]
    pub refs: References,
    /// ComplianceAsCode's rules that say the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// ComplianceAsCode's rules that say the same as one part.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aspect_rules: BTreeMap<Aspect, Vec<String>>,
    /// Its thresholds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Parameter>,
    /// What is looked at.
    pub probe: Probe,
}

/// Checks that protect or record, although their topic is another.
const CONTROLS: [&str; 6] = [
    "boot.apparmor_",
    "boot.selinux_",
    "boot.no_apparmor_off",
    "boot.no_selinux_off",
    "boot.audit",
    "packages.aide",
];

impl Check {
    /// The first part of its id: the file that it is in.
    pub fn topic(&self) -> &str {
        self.id.split('.').next().unwrap_or_default()
    }

    /// What it is about.
    pub fn category(&self) -> Category {
        if CONTROLS.iter().any(|start| self.id.starts_with(start)) {
            return Category::SecurityControls;
        }
        match self.topic() {
            "packages" | "services" => Category::Application,
            "ssh" | "network" => Category::Network,
            "accounts" | "homes" | "pam" | "passwords" | "shell" | "sudo" => Category::Accounts,
            "audit" | "firewall" | "logs" => Category::SecurityControls,
            _ => Category::Os,
        }
    }

    /// Its weight in the secure score, 1 to 10: by how bad it is.
    pub fn impact(&self) -> u8 {
        match self.severity {
            Severity::Low => 2,
            Severity::Medium => 5,
            Severity::High => 9,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_has_a_category_and_none_is_empty() {
        let checks = &crate::builtin().checks;
        let all = [
            Category::Application,
            Category::Os,
            Category::Network,
            Category::Accounts,
            Category::SecurityControls,
        ];
        for category in all {
            assert!(checks.iter().filter(|c| c.category() == category).count() > 20, "{category:?}");
        }
        let of = |id: &str| crate::builtin().check(id).map(|c| (c.category(), c.impact()));
        assert_eq!(of("ssh.permit_root_login"), Some((Category::Network, 9)));
        assert_eq!(of("boot.apparmor_on").map(|c| c.0), Some(Category::SecurityControls));
    }
}
