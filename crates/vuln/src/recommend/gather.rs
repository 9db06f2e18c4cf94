use std::collections::BTreeSet;

use palisade_advisory::Scheme;
use roaring::RoaringBitmap;

use super::part::Part;
use super::{Restart, Software};
use crate::score::{Threats, Weakness};

/// What the parts that a fix concerns have in common.
#[derive(Default)]
pub(super) struct Gathered {
    pub versions: Vec<String>,
    pub weaknesses: BTreeSet<String>,
    pub threats: Threats,
    pub devices: RoaringBitmap,
    pub restart: Restart,
}

/// Which of a software's two fixes is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fix {
    /// The update.
    Update,
    /// The upgrade or removal at the end of support.
    End,
}

impl Gathered {
    /// Takes over what a part has of the weaknesses that matter.
    pub(super) fn take(&mut self, software: &Software, part: &Part<'_>, matters: impl Fn(&Weakness) -> bool) {
        self.devices |= &part.devices;
        self.restart = self.restart.max(part.restart(software));
        if let Some(variant) = software.variants.get(part.variant)
            && !self.versions.contains(&variant.version)
        {
            self.versions.push(variant.version.clone());
        }
        for weakness in part.counted.iter().filter(|w| matters(w)) {
            self.threats = self.threats.or(weakness.threats);
            if !self.weaknesses.contains(&weakness.id) {
                self.weaknesses.insert(weakness.id.clone());
            }
        }
    }
}

impl Fix {
    /// Whether the part needs it.
    pub(super) fn needed(self, part: &Part<'_>) -> bool {
        match self {
            Self::Update => part.counted.iter().any(|w| w.fix.is_some()),
            Self::End => part.ended,
        }
    }

    /// Whether an exception covers it there.
    pub(super) fn covered(self, part: &Part<'_>) -> bool {
        match self {
            Self::Update => part.update_excepted,
            Self::End => part.end_excepted,
        }
    }

    /// The devices that need it or would, but for an exception from it or from all that it would mend.
    pub(super) fn excepted(self, software: &Software, parts: &[Part<'_>]) -> RoaringBitmap {
        let (mut excepted, mut open) = (RoaringBitmap::new(), RoaringBitmap::new());
        for part in parts {
            let of_variant = software.variants.get(part.variant).map(|v| &v.weaknesses);
            let concerned = match self {
                Self::Update => of_variant.is_some_and(|list| list.iter().any(|w| w.fix.is_some())),
                Self::End => software.end.is_some(),
            };
            match concerned {
                true if self.needed(part) && !self.covered(part) => open |= &part.devices,
                true => excepted |= &part.devices,
                false => {}
            }
        }
        excepted - open
    }
}

/// The newest of the versions that fix something, as the ecosystem orders them. One that has no order is passed
/// over as long as there is one that has.
pub(super) fn target(software: &Software) -> Option<&str> {
    let scheme = Scheme::of(&software.key.ecosystem);
    let weaknesses = software.variants.iter().flat_map(|v| &v.weaknesses);
    let distinct: BTreeSet<&str> = weaknesses.filter_map(|w| w.fix.as_deref()).collect();
    let valid = |version: &str| scheme.is_some_and(|s| s.compare(version, version).is_ok());
    let newest = distinct.iter().copied().filter(|v| valid(v)).reduce(|best, version| {
        let newer = scheme.and_then(|s| s.compare(version, best).ok()).is_some_and(|o| o.is_gt());
        if newer { version } else { best }
    });
    newest.or_else(|| distinct.last().copied())
}

/// The devices where the end of support counts, and those where an exception settles it.
pub(super) fn ends(parts: &[Part<'_>]) -> (RoaringBitmap, RoaringBitmap) {
    let (mut open, mut settled) = (RoaringBitmap::new(), RoaringBitmap::new());
    for part in parts {
        if part.ended { open |= &part.devices } else { settled |= &part.devices }
    }
    settled -= &open;
    (open, settled)
}
