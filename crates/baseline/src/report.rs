//! What a run says.

use std::collections::BTreeMap;

use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use crate::check::{Aspect, References, Severity};

/// The word and version that every report starts with.
pub const FORMAT: &str = "palisade-baseline/1";

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is as it should be.
    Compliant,
    /// It is not.
    NotCompliant,
    /// There is nothing here that it speaks about.
    NotApplicable,
    /// It could not be told: the reason says why.
    NotEvaluated,
}

impl State {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compliant => "compliant",
            Self::NotCompliant => "not_compliant",
            Self::NotApplicable => "not_applicable",
            Self::NotEvaluated => "not_evaluated",
        }
    }
}

/// Why a check was not evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A file is there, and the system does not let it be read.
    PermissionDenied,
    /// A file cannot be read for another reason.
    Unreadable,
    /// A file is larger than the bound.
    TooLarge,
    /// It lies on a network or pseudo file system, which is never entered.
    ForeignFileSystem,
    /// It is not what its name says, or is written in a way that is not understood.
    Malformed,
    /// More files than the bound, or the time for the walk was over.
    Budget,
    /// Only a running system can tell.
    NotLive,
    /// The database of packages cannot be read.
    NoPackages,
}

impl Reason {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PermissionDenied => "permission_denied",
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too_large",
            Self::ForeignFileSystem => "foreign_file_system",
            Self::Malformed => "malformed",
            Self::Budget => "budget",
            Self::NotLive => "not_live",
            Self::NoPackages => "no_packages",
        }
    }
}

/// Where something was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Evidence {
    /// The file, as seen from the root.
    pub path: String,
    /// The line in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// One check's result.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// The check's id.
    pub id: String,
    /// What should be.
    pub title: String,
    /// How bad it is when it is not.
    pub severity: Severity,
    /// How it ended.
    pub state: State,
    /// Why it was not evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What was seen.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub observed: String,
    /// What is wanted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub expected: String,
    /// Where it was seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// Parts that were decided apart.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aspects: BTreeMap<Aspect, State>,
    /// What to do about it; only where it is not compliant.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fix: String,
    /// The same in other catalogues.
    #[serde(default)]
    pub refs: References,
}

/// How many ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Compliant.
    pub compliant: u32,
    /// Not compliant.
    pub not_compliant: u32,
    /// Not applicable.
    pub not_applicable: u32,
    /// Not evaluated.
    pub not_evaluated: u32,
}

/// A run of a profile.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// Always [`FORMAT`].
    pub format: String,
    /// The profile's name.
    pub profile: String,
    /// When it ended.
    pub taken_us: TimeMicros,
    /// Where the root was opened.
    pub root: String,
    /// Whether what runs was looked at too.
    pub live: bool,
    /// `ID` and version of os-release.
    pub system: String,
    /// Processor time of this run, milliseconds.
    pub cpu_ms: u64,
    /// Files that the walk looked at.
    pub walked: u64,
    /// How many ended how.
    pub counts: Counts,
    /// Every check of the profile.
    pub findings: Vec<Finding>,
}

impl Counts {
    /// Of these results.
    pub fn of(findings: &[Finding]) -> Self {
        let mut counts = Self::default();
        for f in findings {
            *match f.state {
                State::Compliant => &mut counts.compliant,
                State::NotCompliant => &mut counts.not_compliant,
                State::NotApplicable => &mut counts.not_applicable,
                State::NotEvaluated => &mut counts.not_evaluated,
            } += 1;
        }
        counts
    }
}
