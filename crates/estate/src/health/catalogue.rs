use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::Code;

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The sensor is not there as it should be.
    Installation,
    /// It is there and does not report, or not everything.
    Heartbeat,
    /// No sensor belongs there.
    NotApplicable,
}

impl Kind {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Installation => "installation",
            Self::Heartbeat => "heartbeat",
            Self::NotApplicable => "not_applicable",
        }
    }
}

/// Whether a finding makes its machine unhealthy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// It does.
    #[default]
    Unhealthy,
    /// It is worth knowing only.
    Notice,
}

/// Who found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The reconciler, through a connector.
    Provisioning,
    /// The sensor, in its heartbeat.
    Sensor,
    /// The server.
    Server,
}

impl Source {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provisioning => "provisioning",
            Self::Sensor => "sensor",
            Self::Server => "server",
        }
    }
}

/// One entry of the catalogue; the fields are explained at the head of the data file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Which finding.
    pub code: Code,
    /// What it is about.
    pub kind: Kind,
    /// Whether it makes a machine unhealthy.
    #[serde(default)]
    pub weight: Weight,
    /// One line for lists.
    pub title: String,
    /// What is the case, with `{words}` from the evidence.
    pub message: String,
    /// What to do.
    pub remediation: String,
    /// Who can raise it.
    pub raised_by: Vec<Source>,
    /// Codes of other parts that it stands for, as `part:code`.
    #[serde(default)]
    pub covers: Vec<String>,
    /// Seconds that the cause must last before the finding is raised.
    #[serde(default)]
    pub raise_after_s: u32,
    /// Seconds that the cause must be gone before it is cleared.
    #[serde(default)]
    pub clear_after_s: u32,
}

impl Entry {
    /// The words in braces in its message.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.message.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(word, _)| word))
    }
}

/// Codes of other parts that are no findings, and why.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Elsewhere {
    /// The codes, as `part:code`.
    pub raises: Vec<String>,
    /// Why they are none.
    pub reason: String,
}

/// All findings that there are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// In the order of [`Code`].
    #[serde(rename = "finding")]
    pub findings: Vec<Entry>,
    /// What is raised and is no finding.
    pub elsewhere: Vec<Elsewhere>,
}

impl Catalogue {
    /// The entry of a code.
    pub fn entry(&self, code: Code) -> &Entry {
        // A test holds file and enum in the same order, so that no search is needed.
        &self.findings[code as usize]
    }

    /// The first code that stands for `part:code` of another part.
    pub fn covering(&self, raised: &str) -> Option<Code> {
        self.findings.iter().find(|e| e.covers.iter().any(|c| c == raised)).map(|e| e.code)
    }
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    toml::from_str(include_str!("../../data/health-findings.toml")).expect("the built-in catalogue parses")
});

/// The catalogue that this version ships with.
pub fn catalogue() -> &'static Catalogue {
    &CATALOGUE
}
