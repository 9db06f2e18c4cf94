use roaring::RoaringBitmap;

use super::{Exceptions, Restart, Software, Subject};
use crate::score::{Context, Hazards, Weakness, combine};

/// Devices that have one version in one context, and the same exceptions.
#[derive(Clone, Debug)]
pub(super) struct Part<'a> {
    /// The devices; never none.
    pub devices: RoaringBitmap,
    /// The variant's place in the software.
    pub variant: usize,
    /// What the scores count.
    pub counted: Vec<&'a Weakness>,
    /// Whether the lack of support counts.
    pub ended: bool,
    /// Whether an exception covers the update.
    pub update_excepted: bool,
    /// Whether an exception covers the upgrade or the removal.
    pub end_excepted: bool,
    context: Context,
}

/// The parts of a software on the devices of `all`.
pub(super) fn parts<'a>(
    software: &'a Software,
    exceptions: &Exceptions,
    all: &RoaringBitmap,
) -> Vec<Part<'a>> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    for (at, variant) in software.variants.iter().enumerate() {
        let devices = &variant.devices & all;
        if devices.is_empty() {
            continue;
        }
        let whole = Part {
            devices,
            variant: at,
            counted: variant.weaknesses.iter().collect(),
            ended: software.end.is_some(),
            update_excepted: false,
            end_excepted: false,
            context: variant.context,
        };
        let mut split = vec![whole];
        for weakness in &variant.weaknesses {
            if let Some(coverage) = exceptions.of(&Subject::Cve(weakness.id.clone())) {
                divide(&mut split, &coverage.counted, |p| p.counted.retain(|w| w.id != weakness.id));
            }
        }
        if let Some(coverage) = exceptions.of(&Subject::Recommendation(update_id(software))) {
            divide(&mut split, &coverage.excepted, |p| p.update_excepted = true);
            divide(&mut split, &coverage.counted, |p| p.counted.retain(|w| w.fix.is_none()));
        }
        if let Some(coverage) = end_id(software).and_then(|id| exceptions.of(&Subject::Recommendation(id))) {
            divide(&mut split, &coverage.excepted, |p| p.end_excepted = true);
            divide(&mut split, &coverage.counted, |p| {
                p.counted.clear();
                p.ended = false;
            });
        }
        parts.append(&mut split);
    }
    parts
}

/// The id of the update of a software.
pub(super) fn update_id(software: &Software) -> String {
    software.key.id("update")
}

/// The id of what is to be done at the end of its support.
pub(super) fn end_id(software: &Software) -> Option<String> {
    let end = software.end.as_ref()?;
    Some(software.key.id(if end.replacement.is_some() { "upgrade" } else { "uninstall" }))
}

impl Part<'_> {
    /// What the software adds to each of the devices.
    pub(super) fn hazards(&self) -> Hazards {
        self.combined(|_| true)
    }

    /// What it adds after the update.
    pub(super) fn updated(&self) -> Hazards {
        self.combined(|w| w.fix.is_none())
    }

    /// What it would add without what nothing fixes.
    pub(super) fn without_unfixed(&self) -> Hazards {
        self.combined(|w| w.fix.is_some())
    }

    /// What must start again after the update.
    pub(super) fn restart(&self, software: &Software) -> Restart {
        Restart::after_update(&software.key, self.context.usage)
    }

    fn combined(&self, keep: impl Fn(&Weakness) -> bool) -> Hazards {
        let unreported = self.ended.then(Weakness::unreported);
        let kept = self.counted.iter().copied().filter(|w| keep(w));
        let hazards = combine(kept.chain(unreported.as_ref()), self.context);
        // What is at its end has a remedy for everything: to go.
        if self.ended { Hazards { residual: Hazards::ZERO.residual, ..hazards } } else { hazards }
    }
}

/// Splits parts at the border of a set and changes those inside.
fn divide<'a>(parts: &mut Vec<Part<'a>>, set: &RoaringBitmap, change: impl Fn(&mut Part<'a>)) {
    for mut part in std::mem::take(parts) {
        let inside = &part.devices & set;
        part.devices -= set;
        if !inside.is_empty() {
            let mut covered = Part { devices: inside, ..part.clone() };
            change(&mut covered);
            parts.push(covered);
        }
        if !part.devices.is_empty() {
            parts.push(part);
        }
    }
}
