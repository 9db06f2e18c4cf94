use std::collections::BTreeMap;

use palisade_types::{MachineId, TimeMicros};
use serde::{Deserialize, Serialize};

use super::{Code, Kind, Source, Weight};

/// Most bytes of one piece of evidence; a kernel's complaint can be long.
const MAX_EVIDENCE: usize = 1000;

/// What a machine said, as it may be stored and shown: cut, and without control characters.
pub(crate) fn clean(text: &str) -> String {
    let cut = text.floor_char_boundary(MAX_EVIDENCE);
    let spaced: String = text[..cut].chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.trim().to_owned()
}

/// What a finding rests on: words that its message uses, and more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Evidence(BTreeMap<String, String>);

impl Evidence {
    /// With one more piece; one that is too long is cut, control characters become spaces.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl AsRef<str>) -> Self {
        self.0.insert(key.to_owned(), clean(value.as_ref()));
        self
    }

    /// One piece.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// All pieces, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }
}

/// Something that is the case now and raises a finding if it stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Which finding.
    pub code: Code,
    /// Who says so.
    pub source: Source,
    /// What it rests on.
    #[serde(default)]
    pub evidence: Evidence,
}

impl Cause {
    /// A cause without evidence.
    pub fn new(code: Code, source: Source) -> Self {
        Self { code, source, evidence: Evidence::default() }
    }

    /// One that provisioning found.
    pub fn provisioning(code: Code) -> Self {
        Self::new(code, Source::Provisioning)
    }

    /// With one more piece of evidence.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl AsRef<str>) -> Self {
        self.evidence = self.evidence.with(key, value);
        self
    }

    /// The catalogue's message with this evidence; a word that nobody gave is shown as `?`.
    pub fn message(&self) -> String {
        let template = &self.code.entry().message;
        let mut out = String::with_capacity(template.len() + 64);
        let mut rest = template.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let Some((word, tail)) = after.split_once('}') else { break };
            out.push_str(self.evidence.get(word).unwrap_or("?"));
            rest = tail;
        }
        out.push_str(rest);
        out
    }
}

/// A finding as it is stored, shown and exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The machine.
    pub machine: MachineId,
    /// What it is about.
    pub kind: Kind,
    /// Which one.
    pub code: Code,
    /// Whether it makes the machine unhealthy.
    pub weight: Weight,
    /// What is the case.
    pub message: String,
    /// What to do.
    pub remediation: &'static str,
    /// Since when, by the server's clock.
    pub since: TimeMicros,
    /// When it was last looked at.
    pub last_evaluated: TimeMicros,
    /// Who found it.
    pub source: Source,
    /// What it rests on.
    pub evidence: Evidence,
}
