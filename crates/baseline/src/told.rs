//! A run as a sensor tells it to its server, and the profiles that a server gives to a sensor: short and bounded.

use std::collections::BTreeMap;

use palisade_inventory::Os;
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use crate::catalogue::Catalogue;
use crate::error::{BaselineError, Result};
use crate::profile::Profile;
use crate::report::{Evidence, Reason, Report, State};

/// The word and version that every told run starts with.
pub const TOLD_FORMAT: &str = "palisade-baseline-told/1";
/// What a told run's part of an inventory is called: this, and the profile's name.
pub const PART: &str = "baseline/";
/// Most bytes of a told run.
pub const MAX_TOLD: usize = 480 << 10;
/// Most profiles that one machine runs.
pub const MAX_ASSIGNED: usize = 8;
/// Most bytes of the profiles of one machine together, as JSON.
pub const MAX_ASSIGNMENT: usize = 200 << 10;

/// Most bytes of what was observed, and of what is wanted.
const MAX_OBSERVED: usize = 300;
const MAX_EXPECTED: usize = 200;
/// The same where a run would be too large.
const SHORT: usize = 60;
/// Most places of a result, and most bytes of a path.
const MAX_PLACES: usize = 3;
const MAX_PATH: usize = 200;

/// A profile's run on a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Always [`TOLD_FORMAT`].
    pub format: String,
    /// The profile's name.
    pub profile: String,
    /// The server's word for what it gave; empty for a profile that came with the sensor.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub revision: String,
    /// Whether nobody chose it: it is the one for this system.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_default: bool,
    /// When it ended, by the machine's clock.
    pub taken_us: TimeMicros,
    /// `ID` and version of os-release.
    #[serde(default)]
    pub system: String,
    /// Whether what runs was looked at too.
    #[serde(default)]
    pub live: bool,
    /// Processor time, milliseconds.
    #[serde(default)]
    pub cpu_ms: u64,
    /// Why it was not run, a code and words; empty where it was.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// Results by check.
    pub checks: BTreeMap<String, Seen>,
}

/// One check's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
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
}

/// What a machine is to run from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// The profiles; without one, the profile for its system.
    pub profiles: Vec<Assigned>,
}

/// A profile that a server gives to a sensor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assigned {
    /// The server's word for exactly this content; it comes back with results.
    pub revision: String,
    /// The profile. What it extends comes with the sensor.
    pub profile: Profile,
}

impl Told {
    /// Of a run.
    pub fn of(report: &Report, revision: &str, by_default: bool) -> Self {
        let seen = |f: &crate::report::Finding| Seen {
            state: f.state,
            reason: f.reason,
            observed: cut(&f.observed, MAX_OBSERVED),
            expected: cut(&f.expected, MAX_EXPECTED),
            evidence: f
                .evidence
                .iter()
                .take(MAX_PLACES)
                .map(|e| Evidence { path: cut(&e.path, MAX_PATH), line: e.line })
                .collect(),
        };
        Self {
            format: TOLD_FORMAT.into(),
            profile: report.profile.clone(),
            revision: revision.to_owned(),
            by_default,
            taken_us: report.taken_us,
            system: cut(&report.system, MAX_PATH),
            live: report.live,
            cpu_ms: report.cpu_ms,
            error: String::new(),
            checks: report.findings.iter().map(|f| (f.id.clone(), seen(f))).collect(),
        }
    }

    /// That a profile could not be run: a code and words.
    pub fn failed(profile: &str, revision: &str, why: &str) -> Self {
        Self {
            format: TOLD_FORMAT.into(),
            profile: profile.to_owned(),
            revision: revision.to_owned(),
            taken_us: TimeMicros::now(),
            error: cut(why, MAX_OBSERVED),
            ..Self::default()
        }
    }

    /// The name of its part.
    pub fn part(&self) -> String {
        format!("{PART}{}", self.profile)
    }

    /// As JSON of at most [`MAX_TOLD`] bytes: if need be, without places and with shorter texts.
    pub fn body(&self) -> String {
        // A struct of texts and numbers, which JSON can hold.
        let text = |told: &Self| serde_json::to_string(told).unwrap_or_default();
        let whole = text(self);
        if whole.len() <= MAX_TOLD {
            return whole;
        }
        let mut short = self.clone();
        for seen in short.checks.values_mut() {
            seen.evidence.clear();
            seen.observed = cut(&seen.observed, SHORT);
            seen.expected = cut(&seen.expected, SHORT);
        }
        text(&short)
    }
}

impl Assignment {
    /// Reads what a server gave, and whether a sensor of this version can run it.
    ///
    /// # Errors
    /// When it is too large, no assignment, or names what the catalogue does not have.
    pub fn read(text: &str, catalogue: &Catalogue) -> Result<Self> {
        if text.len() > MAX_ASSIGNMENT {
            return Err(BaselineError::TooLarge(MAX_ASSIGNMENT));
        }
        let read: Self = serde_json::from_str(text).map_err(|e| BaselineError::Syntax(e.to_string()))?;
        if read.profiles.len() > MAX_ASSIGNED {
            let words = format!("a machine runs at most {MAX_ASSIGNED} profiles");
            return Err(BaselineError::Profile(words));
        }
        for (n, one) in read.profiles.iter().enumerate() {
            one.profile.check()?;
            if one.revision.len() > 100 {
                return Err(BaselineError::Profile("a revision has at most 100 bytes".into()));
            }
            if read.profiles[..n].iter().any(|other| other.profile.name == one.profile.name) {
                return Err(BaselineError::Duplicate(one.profile.name.clone()));
            }
            catalogue.check_profile(&one.profile)?;
        }
        Ok(read)
    }
}

/// The name of the profile for a system where nobody chose one.
pub fn default_profile(os: &Os) -> &'static str {
    let is = |names: &[&str]| names.iter().any(|n| os.id == *n || os.id_like.iter().any(|l| l == n));
    if is(&["debian", "ubuntu"]) {
        "debian-server-level1"
    } else if is(&["rhel", "fedora", "centos", "rocky", "almalinux", "ol", "amzn"]) {
        "rhel-server-level1"
    } else {
        "server-level1"
    }
}

fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = (0..=most).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    format!("{}…", &text[..end])
}

#[cfg(test)]
mod tests;
