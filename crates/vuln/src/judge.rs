//! Which vulnerabilities a component has.

mod decide;
mod explain;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use palisade_advisory::{Named, Scheme};

use crate::component::{Component, KernelPart, Owner};
use crate::finding::Unassessed;
use crate::index::{Index, Statement, Sym, canonical_name};

/// A vulnerability that a component has, by numbers of the index that found it. [`Index::explain`] says it in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hit {
    pub(crate) vulnerability: Sym,
    /// The statement that decided.
    pub(crate) statement: u32,
    /// The range that the version lies in; `u32::MAX` if it is listed by itself.
    pub(crate) span: u32,
    /// The statement of a stream that the machine does not have and that has the fix; `u32::MAX` if none.
    pub(crate) needs: u32,
    pub(crate) by_source: bool,
    /// Whether it holds for every release, so that its fix is none of this one.
    pub(crate) elsewhere: bool,
}

/// What there is to say about a component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assessment {
    /// What it has, each vulnerability once.
    pub hits: Vec<Hit>,
    /// Why an empty list does not mean that it is clean.
    pub unassessed: Option<Unassessed>,
}

/// How near an ecosystem is to a component's own; the least counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// A stream of fixes that the machine has.
    Stream,
    /// The release.
    Release,
    /// What holds for every release.
    Any,
    /// A stream that the machine does not have: it only says where a fix is.
    Elsewhere,
}

/// A statement about a component.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub vulnerability: Sym,
    pub level: Level,
    pub rank: u8,
    pub statement: u32,
    pub by_source: bool,
}

/// A component's names and versions as statements have them.
pub(crate) struct Subject<'a> {
    pub component: &'a Component,
    pub scheme: Scheme,
    pub distribution: bool,
    pub module: Cow<'a, str>,
    pub source_version: Cow<'a, str>,
}

impl Index {
    /// What a component has, by all advisories.
    pub fn matches(&self, component: &Component) -> Assessment {
        Assessment { hits: self.hits(component), unassessed: self.unassessed(component) }
    }

    /// Why nothing can be said about a component; nothing if it can be judged.
    pub fn unassessed(&self, component: &Component) -> Option<Unassessed> {
        let family = component.ecosystem.family();
        if component.owner == Owner::Distribution {
            return None;
        }
        if component.version.is_empty() {
            return Some(Unassessed::NoVersion);
        }
        if component.ecosystem.scheme().is_none() {
            return Some(Unassessed::NoScheme);
        }
        if !component.foreign.is_empty() && component.ecosystem.is_distribution() {
            return Some(Unassessed::ForeignOrigin);
        }
        if family == "maven" && !component.name.contains(':') {
            return Some(Unassessed::NoGroup);
        }
        let known = self.ecosystems_of(component).iter().any(|(e, _)| self.covers_ecosystem(e));
        (!known).then_some(Unassessed::NoFeed)
    }

    /// What a component has, each vulnerability once, sorted.
    pub(crate) fn hits(&self, component: &Component) -> Vec<Hit> {
        self.hits_of(component, None)
    }

    /// As [`Self::hits`], of some vulnerabilities only.
    pub(crate) fn hits_of(&self, component: &Component, only: Option<&HashSet<Sym>>) -> Vec<Hit> {
        let mut hits = Vec::new();
        let Some(scheme) = component.ecosystem.scheme() else { return hits };
        // The distribution speaks about what its packages contain, and about none of somebody else's; nothing of a
        // kernel runs from its headers.
        let silent = component.owner == Owner::Distribution
            || component.version.is_empty()
            || (!component.foreign.is_empty() && component.ecosystem.is_distribution())
            || component.kernel_part() == Some(KernelPart::Files);
        if silent {
            return hits;
        }
        let subject = Subject::of(component, scheme);
        let mut candidates = self.candidates(&subject, only);
        candidates.sort_unstable_by_key(|c| (c.vulnerability, c.level, c.rank, c.statement, c.by_source));
        for group in candidates.chunk_by(|a, b| a.vulnerability == b.vulnerability) {
            hits.extend(self.decide(&subject, group));
        }
        hits
    }

    /// Where statements about a component may stand.
    pub(crate) fn ecosystems_of(&self, component: &Component) -> Vec<(String, Level)> {
        let own = &component.ecosystem;
        if !own.is_distribution() || own.release().is_empty() {
            return vec![(own.to_string(), Level::Release)];
        }
        if component.is_backport() {
            // It was built from a later release's source, which that release's statements are about.
            return vec![
                ("debian:sid".to_owned(), Level::Stream),
                (own.any_release().to_string(), Level::Release),
                (own.to_string(), Level::Any),
            ];
        }
        let mut out = vec![(own.to_string(), Level::Release), (own.any_release().to_string(), Level::Any)];
        for channel in &component.channels {
            out.push((own.with_channel(channel).to_string(), Level::Stream));
            if !component.minor.is_empty() {
                let minor = palisade_advisory::Ecosystem::new(own.family(), &component.minor, channel);
                out.push((minor.to_string(), Level::Stream));
            }
        }
        let further: &[&str] = match own.family() {
            "ubuntu" => &["esm"],
            "suse" => &["ltss"],
            "redhat" => &["els"],
            _ => &[],
        };
        for channel in further.iter().filter(|c| !component.channels.iter().any(|own| own == *c)) {
            out.push((own.with_channel(channel).to_string(), Level::Elsewhere));
        }
        out
    }

    /// Every statement about a component, once for each vulnerability.
    pub(crate) fn candidates(&self, subject: &Subject<'_>, only: Option<&HashSet<Sym>>) -> Vec<Candidate> {
        let component = subject.component;
        let family = component.ecosystem.family();
        let own = canonical_name(family, &component.name);
        let (source, _) = component.source_key();
        let source = canonical_name(family, source);
        let one = own == source;
        let (own, source) = (self.names.find(&own), self.names.find(&source));
        let levels: Vec<(Sym, Level)> = self
            .ecosystems_of(component)
            .into_iter()
            .filter_map(|(ecosystem, level)| Some((self.names.find(&ecosystem)?, level)))
            .collect();
        let mut out = Vec::new();
        // What names the package as it is installed, then what names its source.
        let by_own = |number: u32, level: Level, out: &mut Vec<Candidate>| {
            let named = self.statements[number as usize].named;
            if one || named != Named::Source {
                self.take(subject, level, number, one && named == Named::Source, only, out);
            }
        };
        let by_source = |number: u32, level: Level, out: &mut Vec<Candidate>| {
            if self.statements[number as usize].named != Named::Binary {
                self.take(subject, level, number, true, only, out);
            }
        };
        let source = source.filter(|_| !one && subject.distribution);
        if let Some(only) = only {
            // Few vulnerabilities have fewer statements than the package may have.
            for number in self.statements_of(only) {
                let Statement { ecosystem, package, .. } = self.statements[number as usize];
                for (_, level) in levels.iter().filter(|(e, _)| *e == ecosystem) {
                    if own == Some(package) {
                        by_own(number, *level, &mut out);
                    }
                    if source == Some(package) {
                        by_source(number, *level, &mut out);
                    }
                }
            }
            return out;
        }
        for (ecosystem, level) in levels {
            let about =
                |package: Option<Sym>| package.into_iter().flat_map(move |p| self.about(ecosystem, p));
            about(own).for_each(|number| by_own(number, level, &mut out));
            about(source).for_each(|number| by_source(number, level, &mut out));
        }
        out
    }

    /// The statements about some vulnerabilities, each once.
    fn statements_of(&self, only: &HashSet<Sym>) -> BTreeSet<u32> {
        let heads = only.iter().filter_map(|v| self.by_vulnerability.get(v)).flatten();
        heads.flat_map(|h| self.heads[*h as usize].statements.numbers()).collect()
    }

    fn take(
        &self,
        subject: &Subject<'_>,
        level: Level,
        number: u32,
        by_source: bool,
        only: Option<&HashSet<Sym>>,
        out: &mut Vec<Candidate>,
    ) {
        let head = &self.heads[self.statements[number as usize].head as usize];
        let wanted = |v: &&Sym| only.is_none_or(|only| only.contains(v)) && !self.rejected.contains(v);
        let mut vulnerabilities = self.list(head.vulnerabilities).iter().filter(wanted).peekable();
        if vulnerabilities.peek().is_none() || !self.applies(subject, number) {
            return;
        }
        let rank = self.ranks[usize::from(head.feed)];
        let of = |v: &Sym| Candidate { vulnerability: *v, level, rank, statement: number, by_source };
        out.extend(vulnerabilities.map(of));
    }
}

impl<'a> Subject<'a> {
    pub fn of(component: &'a Component, scheme: Scheme) -> Self {
        let module = component.module.as_str();
        // `nodejs:18:8080020230718:63b34585` is the stream `nodejs:18`.
        let end = module.match_indices(':').nth(1).map_or(module.len(), |(at, _)| at);
        Self {
            component,
            scheme,
            distribution: component.ecosystem.is_distribution(),
            module: Cow::Borrowed(&module[..end]),
            source_version: component.source_key().1,
        }
    }

    /// Whether the fix of what holds for every release is one of another release: Debian's unstable, from which
    /// backports are built, is the one that it names.
    pub fn fixed_elsewhere(&self) -> bool {
        self.distribution && !self.component.is_backport() && self.component.ecosystem.release() != "sid"
    }

    pub fn version(&self, by_source: bool) -> &str {
        if by_source { &self.source_version } else { &self.component.version }
    }
}
