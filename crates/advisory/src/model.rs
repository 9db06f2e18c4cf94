//! What every feed's records become: advisories about packages, and facts about vulnerabilities.

mod cve;
mod range;

pub use cve::{Automatable, Cve, EndOfLife, Epss, Exploit, Exploitation, Kev, Ssvc, TechnicalImpact};
pub use range::{End, Range};

use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use crate::cvss::{Cvss, CvssVersion, Rating};
use crate::ecosystem::Ecosystem;

/// One record of one feed.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// Which packages are affected, and what fixes them.
    Advisory(Advisory),
    /// What is known about a vulnerability whatever it is found in.
    Cve(Cve),
    /// When something is no longer supported.
    EndOfLife(EndOfLife),
}

/// What one source says about packages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Advisory {
    /// The source's own name for it: `DSA-5546-1`, `GHSA-…`, `CVE-…`.
    pub id: String,
    /// Which feed said it, such as `osv` or `debian-tracker`.
    pub source: String,
    /// Other names for the same vulnerability.
    pub aliases: Vec<String>,
    /// The vulnerabilities that it is about, as CVE ids where there are; an erratum is about many.
    pub covers: Vec<String>,
    /// One line about it, cut to 512 characters.
    pub summary: String,
    /// How bad it is, as said by whom.
    pub severities: Vec<Severity>,
    /// CWE ids.
    pub weaknesses: Vec<String>,
    /// Addresses of further reading, at most 32.
    pub references: Vec<String>,
    /// When it was published.
    pub published: Option<TimeMicros>,
    /// When it was changed last; nothing if the source does not know.
    pub modified: Option<TimeMicros>,
    /// When it was withdrawn: from then on it says nothing.
    pub withdrawn: Option<TimeMicros>,
    /// The packages.
    pub affected: Vec<Affected>,
}

/// What an advisory says about one package in one ecosystem.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Affected {
    /// Where the package comes from.
    pub ecosystem: Ecosystem,
    /// Its name.
    pub package: String,
    /// What kind of name that is.
    pub named: Named,
    /// Whether it is affected at all.
    pub status: Status,
    /// The versions that are affected, by ranges …
    pub ranges: Vec<Range>,
    /// … or one by one: a version is affected if either says so.
    pub versions: Vec<String>,
    /// What there is to do if no range ends with a fix.
    pub remedy: Remedy,
    /// Why it is not affected or not fixed, in the source's words; empty if it gives no reason.
    pub reason: String,
    /// Architectures that it is limited to; empty means all.
    pub architectures: Vec<String>,
    /// The module stream that the package belongs to (`nodejs:18`), if it does to one.
    pub module: Option<String>,
    /// A repository that does not belong to every machine of the release (`kernel-5.15`).
    pub repository: Option<String>,
    /// How urgent the distribution says it is, in its words.
    pub urgency: Option<String>,
    /// The distribution's own advisories about the fix, such as `DSA-4539-1`.
    pub vendor_ids: Vec<String>,
}

/// What a package's name in an advisory names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Named {
    /// The source package from which others are built.
    Source,
    /// The package as it is installed.
    Binary,
    /// One of them; the source does not say which.
    #[default]
    Either,
}

/// Whether a package is affected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// In the versions that are named.
    #[default]
    Affected,
    /// In no version; said explicitly.
    NotAffected,
    /// The source is still looking.
    UnderInvestigation,
    /// The source cannot say.
    Undetermined,
}

/// What there is to do about a package without a fix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// A fix is there, or nothing is said.
    #[default]
    Update,
    /// No fix yet.
    None,
    /// A fix will come, but not now.
    Deferred,
    /// There will be none.
    WillNotFix,
    /// The package or the release is no longer supported.
    OutOfSupport,
}

/// A severity as somebody gave it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Severity {
    /// Who gave it: `nvd`, `cna`, `cisa`, `debian` …
    pub by: String,
    /// The version of CVSS, or nothing for a word.
    pub cvss: Option<CvssVersion>,
    /// The vector, or the word as it was written.
    pub value: String,
    /// The base score, if there is a vector.
    pub score: Option<f64>,
    /// What it means on the common scale, if that is known.
    pub rating: Option<Rating>,
}

impl Severity {
    /// A severity from a vector.
    ///
    /// # Errors
    /// What is wrong with the vector.
    pub fn vector(by: &str, vector: &str) -> Result<Self, crate::CvssError> {
        let cvss = Cvss::parse(vector)?;
        Ok(Self {
            by: by.to_owned(),
            cvss: Some(cvss.version),
            score: Some(cvss.base),
            rating: Some(cvss.rating()),
            value: cvss.vector,
        })
    }

    /// A severity from a word such as `Important`.
    pub fn word(by: &str, word: &str) -> Self {
        Self {
            by: by.to_owned(),
            cvss: None,
            score: None,
            rating: Rating::of_word(word),
            value: word.to_owned(),
        }
    }
}

impl Advisory {
    /// Whether it says anything at that time.
    pub fn is_withdrawn(&self) -> bool {
        self.withdrawn.is_some()
    }
}

impl Affected {
    /// The versions that fix it, in the order of the ranges.
    pub fn fixes(&self) -> impl Iterator<Item = &str> {
        self.ranges.iter().filter_map(Range::fix)
    }
}
