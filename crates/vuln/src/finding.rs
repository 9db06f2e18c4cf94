//! A finding as it is shown: what, where, by whose word, and what to do.

use palisade_advisory::{Epss, Exploit, Kev, Remedy, Severity, Ssvc};
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};

use crate::component::{Component, Installed, KernelPart};

/// A feed that advisories come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feed {
    /// Its name.
    pub name: String,
    /// From when its content is; none if nobody said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<TimeMicros>,
    /// How many records of it were taken.
    pub records: u64,
}

/// What is known of a vulnerability by itself, whatever it is found in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// The id was given back and means nothing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub rejected: bool,
    /// One line about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The severity that counts; none is: nobody said, which is not zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Every severity that somebody gave.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub severities: Vec<Severity>,
    /// CWE ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weaknesses: Vec<String>,
    /// CISA's decision points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssvc: Option<Ssvc>,
    /// The entry among the known exploited ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kev: Option<Kev>,
    /// How likely it is to be exploited; none is: no score, which is not zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epss: Option<Epss>,
    /// Public exploits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exploits: Vec<Exploit>,
    /// When it was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<TimeMicros>,
    /// When what is known changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<TimeMicros>,
}

/// An advisory that a finding rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvisoryRef {
    /// The source's own name for it.
    pub id: String,
    /// The feed.
    pub feed: String,
    /// From when the feed is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed_as_of: Option<TimeMicros>,
    /// When the advisory was changed last, else published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dated: Option<TimeMicros>,
    /// Where to read on.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reference: String,
}

/// Whether a kernel that is vulnerable is the one that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KernelState {
    /// It runs.
    Running,
    /// It is installed and another one runs, or none does.
    InstalledOnly,
    /// Nobody could look.
    Unknown,
}

/// Where a component is on one machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// The file that shows it, or the database that lists it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Whether it runs; none where that cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<bool>,
    /// Of a kernel only: whether it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<KernelState>,
    /// The container; empty for the machine itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub container: String,
}

impl Presence {
    /// Where an installed component is.
    pub fn of(installed: &Installed) -> Self {
        let kernel = (installed.component.kernel_part() == Some(KernelPart::Code)).then_some(match installed
            .running
        {
            Some(true) => KernelState::Running,
            Some(false) => KernelState::InstalledOnly,
            None => KernelState::Unknown,
        });
        Self {
            path: installed.path.clone(),
            running: installed.running,
            kernel,
            container: installed.container.clone(),
        }
    }
}

/// A vulnerability that a component has, and why we say so.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The CVE, or the advisory's own id where there is none.
    pub vulnerability: String,
    /// Other names of the same one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// One line about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What has it.
    pub component: Component,
    /// Where it is.
    #[serde(default)]
    pub presence: Presence,
    /// The advisory that decided.
    pub advisory: AdvisoryRef,
    /// Others that say the same package has it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<AdvisoryRef>,
    /// The vendor's own numbers of the fix (`DSA-5546-1`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vendor_ids: Vec<String>,
    /// The ecosystem that the advisory is about.
    pub matched_ecosystem: String,
    /// The name that was found in it.
    pub matched_name: String,
    /// Whether that names the source package.
    #[serde(default, skip_serializing_if = "is_false")]
    pub by_source: bool,
    /// The version that was compared: of the source where the source was matched.
    pub installed: String,
    /// The versions that are affected, in words: `>= 1.2, < 1.4`; `listed` if the version is listed by itself.
    pub range: String,
    /// The version that fixes it here; none if none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// What there is to do.
    pub remedy: Remedy,
    /// A stream of fixes that the machine does not have and the fix needs (`esm`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<String>,
    /// The version that fixes it in another release, where this one has no fix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_elsewhere: Option<String>,
    /// The source's words on why it is not fixed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// How urgent the distribution says it is, in its word.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub urgency: String,
    /// The severity that counts; none is: nobody said, which is not zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// CWE ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weaknesses: Vec<String>,
    /// The entry among the known exploited ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kev: Option<Kev>,
    /// How likely it is to be exploited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epss: Option<Epss>,
    /// CISA's decision points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssvc: Option<Ssvc>,
    /// How many exploits are public.
    #[serde(default)]
    pub exploits: usize,
}

/// Why nothing can be said about a component. That it has no findings does not make it clean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unassessed {
    /// No feed has an advisory about its ecosystem or release.
    NoFeed,
    /// Somebody else than the distribution published it, and no feed speaks about them.
    ForeignOrigin,
    /// Nobody noted the group of a Java archive.
    NoGroup,
    /// It has no version.
    NoVersion,
    /// Versions of its ecosystem have no order that we know.
    NoScheme,
}

fn is_false(b: &bool) -> bool {
    !*b
}
