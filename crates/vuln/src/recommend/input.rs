use std::collections::BTreeMap;

use palisade_types::TimeMicros;
use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

use super::{Problem, Restart};
use crate::score::{Category, Context, Criticality, Weakness};

/// What one update brings at once: a source package in a release.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// `debian`, `redhat`, `npm`; tells how versions are ordered.
    pub ecosystem: String,
    /// `12`; empty where there are no releases.
    pub release: String,
    /// The source package, or the package where there is no source.
    pub source: String,
}

/// One version of a software in one context, and the devices that have it so.
#[derive(Clone, Debug, Default)]
pub struct Variant {
    /// The installed version.
    pub version: String,
    /// Where it can be reached, and whether it runs.
    pub context: Context,
    /// Who has it. A device may be in several variants, if it has several versions.
    pub devices: RoaringBitmap,
    /// What is known of this version; each id once.
    pub weaknesses: Vec<Weakness>,
}

/// A software with all its variants in the estate.
#[derive(Clone, Debug, Default)]
pub struct Software {
    /// What it is.
    pub key: Key,
    /// Its versions and contexts. Of software without support also those without weaknesses.
    pub variants: Vec<Variant>,
    /// If nobody supports it any more.
    pub end: Option<End>,
}

/// The end of a software's support.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// When it came.
    pub since: TimeMicros,
    /// The version or release that is supported; `None` if it has to go.
    pub replacement: Option<String>,
    /// Application or operating system.
    pub category: Category,
}

/// A configuration check with its results.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// The check's own id.
    pub check: String,
    /// Its category.
    pub category: Category,
    /// Its weight, 1 to [`crate::score::MAX_IMPACT`].
    pub impact: u8,
    /// Where it applies.
    pub applicable: RoaringBitmap,
    /// Who does not comply; whoever is not in `applicable` is skipped.
    pub failing: RoaringBitmap,
    /// What must start again for the setting to take effect.
    pub restart: Restart,
}

/// A certificate with the devices that hold it.
#[derive(Clone, Debug, Default)]
pub struct Certificate {
    /// Its SHA-256, hexadecimal.
    pub fingerprint: String,
    /// Its subject.
    pub subject: String,
    /// Who has it.
    pub devices: RoaringBitmap,
    /// What is wrong with it; a good one counts for the secure score.
    pub problems: Vec<Problem>,
}

/// All that a plan is made of.
#[derive(Clone, Debug, Default)]
pub struct Estate {
    /// Every device that counts, by number. Others in the sets below are skipped.
    pub devices: Vec<(u32, Criticality)>,
    /// Software with weaknesses or without support; each key once.
    pub software: Vec<Software>,
    /// Checks; each id once.
    pub configurations: Vec<Configuration>,
    /// Certificates; each fingerprint once.
    pub certificates: Vec<Certificate>,
    /// How many devices a recommendation had exposed at the time that the trend compares with, by its id.
    pub previous: BTreeMap<String, u64>,
}

impl Key {
    /// The stable id of what is to be done about it: `update/debian/12/openssl`.
    pub(super) fn id(&self, verb: &str) -> String {
        let safe = |part: &str| part.replace('%', "%25").replace('/', "%2F");
        format!("{verb}/{}/{}/{}", safe(&self.ecosystem), safe(&self.release), safe(&self.source))
    }
}
