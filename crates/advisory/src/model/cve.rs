use std::collections::BTreeMap;

use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use super::Severity;

/// What one source knows about a vulnerability by itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cve {
    /// `CVE-2024-3094`.
    pub id: String,
    /// Which feed said it.
    pub source: String,
    /// Whether the id was given back and means nothing.
    pub rejected: bool,
    /// One line about it, cut to 512 characters.
    pub title: String,
    /// What it is, cut to 4096 characters.
    pub description: String,
    /// How bad it is, as said by whom.
    pub severities: Vec<Severity>,
    /// CWE ids.
    pub weaknesses: Vec<String>,
    /// What some of them are called, cut to 200 characters each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub weakness_names: BTreeMap<String, String>,
    /// How it should be handled, by CISA's decision tree.
    pub ssvc: Option<Ssvc>,
    /// Its entry among the known exploited ones.
    pub kev: Option<Kev>,
    /// How likely it is to be exploited within 30 days.
    pub epss: Option<Epss>,
    /// Exploits that are public.
    pub exploits: Vec<Exploit>,
    /// When it was published.
    pub published: Option<TimeMicros>,
    /// When it was changed last.
    pub modified: Option<TimeMicros>,
}

/// CISA's stakeholder-specific decision points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ssvc {
    /// What is seen of exploitation.
    pub exploitation: Option<Exploitation>,
    /// Whether an attack can be automated.
    pub automatable: Option<Automatable>,
    /// How much of the technology an attacker gets.
    pub impact: Option<TechnicalImpact>,
}

/// What is seen of exploitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exploitation {
    /// Nothing.
    None,
    /// A proof of concept is public.
    Poc,
    /// It is exploited.
    Active,
}

/// Whether an attack can be automated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Automatable {
    /// Not reliably.
    No,
    /// Reconnaissance to exploitation.
    Yes,
}

/// How much of the technology an attacker gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TechnicalImpact {
    /// Some of it.
    Partial,
    /// All of it.
    Total,
}

/// An entry of CISA's catalogue of known exploited vulnerabilities.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kev {
    /// When it was added.
    pub added: Option<TimeMicros>,
    /// By when it should be fixed.
    pub due: Option<TimeMicros>,
    /// Whether ransomware campaigns are known to use it.
    pub ransomware: bool,
    /// What should be done.
    pub action: String,
}

/// A score of FIRST's exploit prediction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Epss {
    /// The probability, 0 to 1.
    pub score: f64,
    /// The share of all vulnerabilities that score at most as much, 0 to 1; older files do not have it.
    pub percentile: Option<f64>,
    /// The day of the score.
    pub date: Option<TimeMicros>,
}

/// A public exploit.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Exploit {
    /// Who published it: `exploitdb`, `github`, `nvd`.
    pub by: String,
    /// Its number or address there.
    pub reference: String,
    /// Whether somebody checked that it works.
    pub verified: bool,
}

/// When a product's release, or a package within a release, is no longer supported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndOfLife {
    /// The product by the source's short name: `debian`, `nginx`; of a package within a release
    /// `debian/NAME`.
    pub product: String,
    /// The release or cycle: `12`, `1.24`.
    pub cycle: String,
    /// Its code name; empty if it has none.
    pub codename: String,
    /// When it was released.
    pub released: Option<TimeMicros>,
    /// When active support ends.
    pub support: Option<TimeMicros>,
    /// When security support ends.
    pub end: Option<TimeMicros>,
    /// When paid or extended support ends.
    pub extended: Option<TimeMicros>,
    /// Whether it has ended, if the source only says that.
    pub ended: Option<bool>,
    /// The newest version of the cycle, if it is known.
    pub latest: String,
    /// Why, in the source's words.
    pub reason: String,
}
