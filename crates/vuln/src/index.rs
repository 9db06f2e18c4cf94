//! Advisories by the keys under which components look them up, and what is known of each vulnerability.

mod aliases;
mod build;
mod change;
mod facts;
pub(crate) mod names;
mod record;
mod texts;

use std::collections::{BTreeMap, HashMap, HashSet};

use palisade_advisory::{EndOfLife, Named, Remedy, Scheme, Severity, Status};
use palisade_types::TimeMicros;
use serde::Serialize;

pub use build::IndexBuilder;
pub use change::AdvisoryChange;
pub(crate) use change::Touched;
pub(crate) use facts::severity;
pub(crate) use names::{Names, Sym};

use crate::finding::Feed;

/// Which feeds are believed before others where they differ about a package of an operating system; 0 first.
///
/// A feed that is not named has rank 10, one whose name begins with `osv` 50: what a vendor publishes itself
/// is newer and says more than what is derived from it.
#[derive(Clone, Debug, Default)]
pub struct Ranks(pub BTreeMap<String, u8>);

impl Ranks {
    /// The rank of a feed.
    pub fn of(&self, feed: &str) -> u8 {
        self.0.get(feed).copied().unwrap_or(if feed.starts_with("osv") { 50 } else { 10 })
    }
}

/// A part of one of the lists that entries share.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct List {
    from: u32,
    len: u32,
}

impl List {
    pub fn range(self) -> std::ops::Range<usize> {
        self.from as usize..(self.from + self.len) as usize
    }

    pub fn numbers(self) -> std::ops::Range<u32> {
        self.from..self.from + self.len
    }
}

/// An advisory.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub id: Sym,
    pub feed: u16,
    pub title: Sym,
    pub reference: Sym,
    /// The vulnerabilities, under their common names.
    pub vulnerabilities: List,
    /// What it says itself that it covers.
    pub covers: List,
    pub aliases: List,
    pub weaknesses: List,
    pub severities: List,
    pub published: Option<TimeMicros>,
    pub modified: Option<TimeMicros>,
    pub statements: List,
    /// Another one of the same feed and id; `u32::MAX` is none.
    pub next: u32,
    pub dead: bool,
}

/// What an advisory says about one package.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub head: u32,
    pub ecosystem: Sym,
    pub package: Sym,
    pub named: Named,
    pub status: Status,
    pub remedy: Remedy,
    /// Whether its fixes are versions of a module.
    pub modular: bool,
    pub spans: List,
    pub versions: List,
    pub architectures: List,
    pub vendor_ids: List,
    pub reason: Sym,
    pub module: Sym,
    pub repository: Sym,
    pub urgency: Sym,
}

/// Affected versions, from one on up to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Span {
    pub from: Sym,
    pub end: SpanEnd,
    pub to: Sym,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SpanEnd {
    Open,
    Fixed,
    Last,
    Before,
}

/// A package of an ecosystem, and where its statements' numbers are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    pub ecosystem: Sym,
    pub package: Sym,
    pub postings: List,
}

/// Advisories by the keys under which components look them up.
pub struct Index {
    pub(crate) names: Names,
    pub(crate) feeds: Vec<Feed>,
    /// The rank of each feed.
    pub(crate) ranks: Vec<u8>,
    pub(crate) rules: Ranks,
    pub(crate) heads: Vec<Head>,
    pub(crate) statements: Vec<Statement>,
    pub(crate) spans: Vec<Span>,
    pub(crate) lists: Vec<Sym>,
    pub(crate) severities: Vec<Severity>,
    /// Sorted by ecosystem and package.
    pub(crate) keys: Vec<Key>,
    pub(crate) postings: Vec<u32>,
    /// What came after the keys were sorted.
    pub(crate) later: HashMap<(Sym, Sym), Vec<u32>>,
    pub(crate) by_id: HashMap<(u16, Sym), u32>,
    pub(crate) by_vulnerability: HashMap<Sym, Vec<u32>>,
    pub(crate) links: HashMap<Sym, Vec<Sym>>,
    pub(crate) facts: HashMap<Sym, facts::Facts>,
    pub(crate) rejected: HashSet<Sym>,
    /// What vulnerabilities are, in words.
    texts: texts::Texts,
    /// Names of weaknesses by their CWE ids, as the first record has them that names them.
    weakness_names: BTreeMap<String, String>,
    /// Statements of advisories that were replaced or removed.
    dead_statements: usize,
    /// Ecosystems that some statement is about: about others nothing can be said.
    pub(crate) ecosystems: BTreeMap<String, u32>,
    pub(crate) end_of_life: BTreeMap<(String, String), EndOfLife>,
}

/// How much an index holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IndexSizes {
    /// Advisories.
    pub advisories: usize,
    /// Statements about packages.
    pub statements: usize,
    /// Packages of ecosystems.
    pub packages: usize,
    /// Vulnerabilities of which something is known by itself.
    pub facts: usize,
    /// Ids that were given back.
    pub rejected: usize,
    /// About how many bytes the advisories take.
    pub bytes: usize,
}

impl Index {
    /// How much it holds.
    pub fn sizes(&self) -> IndexSizes {
        let bytes = self.names.bytes()
            + self.heads.capacity() * size_of::<Head>()
            + self.statements.capacity() * size_of::<Statement>()
            + self.spans.capacity() * size_of::<Span>()
            + self.lists.capacity() * 4
            + self.keys.capacity() * size_of::<Key>()
            + self.postings.capacity() * 4
            + self.texts.bytes();
        IndexSizes {
            advisories: self.heads.iter().filter(|h| !h.dead).count(),
            statements: self.statements.len(),
            packages: self.keys.len() + self.later.len(),
            facts: self.facts.len(),
            rejected: self.rejected.len(),
            bytes,
        }
    }

    /// The feeds that it was made from.
    pub fn feeds(&self) -> &[Feed] {
        &self.feeds
    }

    /// Whether some advisory is about the ecosystem (`debian:12`, `npm`).
    pub fn covers_ecosystem(&self, ecosystem: &str) -> bool {
        self.ecosystems.get(ecosystem).is_some_and(|n| *n > 0)
    }

    /// When a product's release, or a package within one (`debian/NAME`), is no longer supported.
    pub fn end_of_life(&self, product: &str, cycle: &str) -> Option<&EndOfLife> {
        self.end_of_life.get(&(product.to_owned(), cycle.to_owned()))
    }

    /// What vulnerabilities are, in the words of a feed, by their ids; those that no feed describes are left out.
    pub fn descriptions<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, String> {
        let known = ids.into_iter().filter_map(|id| self.names.find(id));
        self.texts.all(known).into_iter().map(|(sym, text)| (self.text(sym).to_owned(), text)).collect()
    }

    /// What a weakness is called (`CWE-79`); nothing if no record says it.
    pub fn weakness_name(&self, id: &str) -> Option<&str> {
        self.weakness_names.get(id).map(String::as_str)
    }

    /// Whether so much of it was replaced that making it anew is worth its cost.
    pub fn is_worn(&self) -> bool {
        self.dead_statements * 4 > self.statements.len() || self.texts.is_worn()
    }

    pub(crate) fn text(&self, sym: Sym) -> &str {
        self.names.get(sym)
    }

    pub(crate) fn list(&self, list: List) -> &[Sym] {
        &self.lists[list.range()]
    }

    pub(crate) fn texts(&self, list: List) -> Vec<String> {
        self.list(list).iter().map(|s| self.text(*s).to_owned()).collect()
    }

    /// The statements about a package, live ones only.
    pub(crate) fn about(&self, ecosystem: Sym, package: Sym) -> impl Iterator<Item = u32> + '_ {
        let at = self.keys.binary_search_by_key(&(ecosystem, package), |k| (k.ecosystem, k.package));
        let sorted = at.map_or(&[][..], |at| &self.postings[self.keys[at].postings.range()]);
        let later = self.later.get(&(ecosystem, package)).map_or(&[][..], Vec::as_slice);
        let live = |s: &&u32| !self.heads[self.statements[**s as usize].head as usize].dead;
        sorted.iter().chain(later).filter(live).copied()
    }

    /// The advisories of a feed's id.
    pub(crate) fn of_id(&self, feed: u16, id: Sym) -> impl Iterator<Item = u32> + '_ {
        let mut at = self.by_id.get(&(feed, id)).copied().unwrap_or(u32::MAX);
        std::iter::from_fn(move || {
            let here = (at != u32::MAX).then_some(at)?;
            at = self.heads[here as usize].next;
            Some(here)
        })
    }

    /// Whether a version lies in a span; what is no version lies in none.
    pub(crate) fn within(&self, scheme: Scheme, span: Span, version: &str) -> bool {
        let from = self.text(span.from);
        if !matches!(from, "" | "0") && !scheme.compare(version, from).is_ok_and(|o| o.is_ge()) {
            return false;
        }
        let to = self.text(span.to);
        if scheme == Scheme::Deb && rebuilt_from(version) == Some(to) && span.end != SpanEnd::Last {
            return span.end == SpanEnd::Open;
        }
        match span.end {
            SpanEnd::Open => true,
            SpanEnd::Fixed | SpanEnd::Before => scheme.compare(version, to).is_ok_and(|o| o.is_lt()),
            SpanEnd::Last => scheme.compare(version, to).is_ok_and(|o| o.is_le()),
        }
    }
}

/// What was built again for an older release (`590-2.1~deb12u2`, `2.0-3~bpo12+1`) sorts before the version that it
/// was built from, and yet has what that one has.
fn rebuilt_from(version: &str) -> Option<&str> {
    let (base, mark) = version.rsplit_once('~')?;
    let rest = mark.strip_prefix("deb").or_else(|| mark.strip_prefix("bpo"))?;
    rest.starts_with(|c: char| c.is_ascii_digit()).then_some(base)
}

/// A package's name as both feeds and inventories write it here.
pub(crate) fn canonical_name<'a>(family: &str, name: &'a str) -> std::borrow::Cow<'a, str> {
    match family {
        "pypi" => {
            let mut out = String::with_capacity(name.len());
            for c in name.chars() {
                match c {
                    '-' | '_' | '.' if out.ends_with('-') => {}
                    '-' | '_' | '.' => out.push('-'),
                    c => out.push(c.to_ascii_lowercase()),
                }
            }
            out.into()
        }
        "go" | "npm" | "nuget" | "packagist" | "hex" => name.to_ascii_lowercase().into(),
        "swift" => {
            let name = name.trim_start_matches("https://").trim_end_matches(".git");
            name.to_ascii_lowercase().into()
        }
        _ => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_registries() {
        for (family, name, expected) in [
            ("pypi", "Zope.Interface__x", "zope-interface-x"),
            ("go", "github.com/Masterminds/semver", "github.com/masterminds/semver"),
            ("swift", "https://github.com/Apple/swift-nio.git", "github.com/apple/swift-nio"),
            ("maven", "a.B:C", "a.B:C"),
            ("debian", "Xorg", "Xorg"),
        ] {
            assert_eq!(canonical_name(family, name), expected);
        }
    }

    #[test]
    fn rebuilds_for_older_releases() {
        for (version, base) in [
            ("590-2.1~deb12u2", Some("590-2.1")),
            ("2.0-3~bpo12+1", Some("2.0-3")),
            ("1.0~rc1-1", None),
            ("1.0-1+deb12u1", None),
        ] {
            assert_eq!(rebuilt_from(version), base, "{version}");
        }
    }

    #[test]
    fn vendors_are_believed_before_what_is_derived_from_them() {
        let ranks = Ranks([("mine".to_owned(), 1)].into());
        assert!(ranks.of("mine") < ranks.of("debian-tracker"));
        assert!(ranks.of("debian-tracker") < ranks.of("osv-Debian"));
    }
}
