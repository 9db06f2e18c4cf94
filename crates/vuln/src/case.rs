//! Findings that people say are wrong, with all that decided them: a line of JSON each, by which the matcher can be
//! tried without any feed.

use palisade_advisory::{Advisory, Record};
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use crate::component::Component;
use crate::error::{VulnCode, VulnError};
use crate::finding::{Feed, Finding};
use crate::index::{Index, IndexBuilder, Ranks};
use crate::judge::Hit;

/// Longest line of a file of cases, bytes.
const MAX_LINE: usize = 4 << 20;
/// Most cases of a file.
const MAX_CASES: usize = 10_000;

/// What is held to be right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseVerdict {
    /// Nobody has decided yet: the matcher still finds it.
    #[default]
    Open,
    /// It is found rightly.
    Affected,
    /// It must not be found.
    NotAffected,
}

/// A finding that somebody says is wrong.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// The report that it is from; empty if it is from none.
    #[serde(default)]
    pub id: String,
    /// What is held to be right.
    #[serde(default)]
    pub verdict: CaseVerdict,
    /// Why it is said to be wrong.
    #[serde(default)]
    pub reason: String,
    /// When that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_at: Option<TimeMicros>,
    /// The vulnerability that was found.
    pub vulnerability: String,
    /// What it was found in.
    pub component: Component,
    /// The version that was compared.
    pub installed: String,
    /// The versions that are affected, in words.
    pub range: String,
    /// The version that fixes it; none if none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// All that feeds said about the package and the vulnerability.
    pub advisories: Vec<Advisory>,
    /// The feeds, with their ages.
    pub feeds: Vec<Feed>,
}

impl Case {
    /// A finding with all that decided it.
    pub fn of(index: &Index, component: &Component, hit: &Hit) -> Self {
        let found = index.explain(component, hit);
        let (advisories, feeds) = index.about_component(component, &found.vulnerability);
        Self {
            vulnerability: found.vulnerability,
            component: component.clone(),
            installed: found.installed,
            range: found.range,
            fix: found.fix,
            advisories,
            feeds,
            ..Self::default()
        }
    }

    /// What the matcher finds of it now, by the case's advisories alone.
    pub fn replay(&self) -> Option<Finding> {
        let mut builder = IndexBuilder::new(Ranks::default());
        self.advisories.iter().cloned().for_each(|a| builder.add(Record::Advisory(a)));
        for feed in &self.feeds {
            builder.feed(feed.clone());
        }
        let index = builder.finish();
        let hits = index.hits(&self.component);
        let hit = hits.iter().find(|h| index.vulnerability(h) == self.vulnerability)?;
        Some(index.explain(&self.component, hit))
    }

    /// Reads a file of cases, a line each; empty lines are passed over.
    ///
    /// # Errors
    /// `too_large`, `too_many`, or `not_json` with the number of the line.
    pub fn read_lines(text: &str) -> Result<Vec<Self>, VulnError> {
        let mut out = Vec::new();
        for (line, number) in text.lines().zip(1_u32..).filter(|(l, _)| !l.trim().is_empty()) {
            if line.len() > MAX_LINE {
                let reason = format!("line {number} is longer than {MAX_LINE} bytes");
                return Err(VulnError::new(VulnCode::TooLarge, reason));
            }
            if out.len() >= MAX_CASES {
                return Err(VulnError::new(VulnCode::TooMany, format!("more than {MAX_CASES} cases")));
            }
            let bad = |e| VulnError::new(VulnCode::NotJson, format!("line {number}: {e}"));
            out.push(serde_json::from_str(line).map_err(bad)?);
        }
        Ok(out)
    }
}
