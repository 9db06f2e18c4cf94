//! What was read, with the state of the files that it was read from.

use std::time::{Duration, Instant};

use palisade_types::TimeMicros;

use crate::host::os;
use crate::language::{self, Tree};
use crate::limits::Limits;
use crate::model::{Os, Package, Source};
use crate::packages::{Found, MANAGERS};
use crate::root::{Root, Seen};

/// A value and the files that it came from.
#[derive(Debug)]
pub(super) struct Kept<T> {
    pub(super) value: T,
    pub(super) sources: Vec<Source>,
    seen: Seen,
}

impl<T> Kept<T> {
    pub(super) fn new(root: &Root, read: impl FnOnce(&Root) -> (T, Vec<Source>)) -> Self {
        root.begin();
        let (value, sources) = read(root);
        Self { value, sources, seen: root.seen() }
    }

    /// Reads again if a file is another one than before; whether it did.
    pub(super) fn refresh(&mut self, root: &Root, read: impl FnOnce(&Root) -> (T, Vec<Source>)) -> bool {
        let differs = root.differs(&self.seen);
        if differs {
            *self = Self::new(root, read);
        }
        differs
    }
}

/// Packages of a root, of its system and of languages.
#[derive(Debug)]
pub(super) struct Packages {
    os: Kept<Os>,
    managers: Vec<Kept<Vec<Package>>>,
    languages: Vec<Package>,
    language_sources: Vec<Source>,
    tree: Tree,
    looked: Instant,
}

impl Packages {
    pub(super) fn read(root: &Root, limits: &Limits, now: TimeMicros) -> Self {
        let os = Kept::new(root, |r| (os::read(r, limits, now), Vec::new()));
        let manager = |read: fn(&Root, &Os, &Limits) -> Found| {
            Kept::new(root, |r| {
                let found = read(r, &os.value, limits);
                (found.packages, found.sources)
            })
        };
        let managers = MANAGERS.iter().map(|(_, read)| manager(*read)).collect();
        let (languages, language_sources, tree) = language::walk(root, limits);
        Self { os, managers, languages, language_sources, tree, looked: Instant::now() }
    }

    /// Reads again what changed; the names of those sources. Languages are looked at every `walk_every`.
    pub(super) fn refresh(
        &mut self,
        root: &Root,
        limits: &Limits,
        now: TimeMicros,
        walk_every: Duration,
    ) -> Vec<&'static str> {
        let mut changed = Vec::new();
        // Every package carries the name of its release.
        let upgraded = self.os.refresh(root, |r| (os::read(r, limits, now), Vec::new()));
        for ((name, read), kept) in MANAGERS.iter().zip(&mut self.managers) {
            let again = |r: &Root| {
                let found = read(r, &self.os.value, limits);
                (found.packages, found.sources)
            };
            if upgraded {
                *kept = Kept::new(root, again);
                changed.push(*name);
            } else if kept.refresh(root, again) {
                changed.push(*name);
            }
        }
        if self.looked.elapsed() >= walk_every {
            self.looked = Instant::now();
            if language::differs(root, &mut self.tree).unwrap_or(true) {
                (self.languages, self.language_sources, self.tree) = language::walk(root, limits);
                changed.push("languages");
            }
        }
        changed
    }

    /// The system; its support is judged anew each time.
    pub(super) fn os(&self, now: TimeMicros) -> Os {
        let mut os = self.os.value.clone();
        os.end_of_life = os::end_of_life(&os, now);
        os
    }

    pub(super) fn all(&self) -> Vec<Package> {
        self.managers.iter().flat_map(|k| &k.value).chain(&self.languages).cloned().collect()
    }

    pub(super) fn sources(&self) -> Vec<Source> {
        self.managers.iter().flat_map(|k| &k.sources).chain(&self.language_sources).cloned().collect()
    }
}
