//! Trees of criteria, and the packages that they lead to.

use std::collections::BTreeMap;

use super::tables::{Tables, Test};
use crate::decode::xml::Element;
use crate::ecosystem::Ecosystem;
use crate::model::{Affected, Named, Range, Remedy, Status};

/// A part of a tree.
pub(super) enum Node {
    Group { or: bool, children: Vec<Node> },
    Leaf { test: String, comment: String },
}

impl Node {
    pub(super) fn group(element: &Element) -> Self {
        Self::Group { or: element.get("operator") == "OR", children: Vec::new() }
    }

    pub(super) fn leaf(element: &Element) -> Self {
        Self::Leaf { test: element.get("test_ref").to_owned(), comment: element.get("comment").to_owned() }
    }
}

/// What holds for all that is below a place in the tree.
#[derive(Clone, Default)]
struct Context {
    releases: Vec<Ecosystem>,
    module: Option<String>,
    architectures: Vec<String>,
}

/// What a leaf says.
enum Said {
    Release(Ecosystem),
    Module(String),
    Architecture(String),
    Packages {
        names: Vec<String>,
        status: Status,
        range: Option<Range>,
        architectures: Vec<String>,
    },
    /// Signatures, files, "must be installed".
    Nothing,
}

pub(super) struct Reading<'a> {
    pub tables: &'a Tables,
    /// Whether the definition lists what is not affected.
    pub unaffected: bool,
    /// The release, where the document does not say it.
    pub ecosystem: Option<&'a Ecosystem>,
}

/// Release, package, module, status, range.
type Key = (Ecosystem, String, Option<String>, Status, Option<Range>);

#[derive(Default)]
struct Found(Vec<Key>, BTreeMap<usize, Vec<String>>);

impl Found {
    fn add(&mut self, key: Key, architectures: &[String]) {
        let at = self.0.iter().position(|k| *k == key).unwrap_or_else(|| {
            self.0.push(key);
            self.0.len() - 1
        });
        let known = self.1.entry(at).or_default();
        known.extend(architectures.iter().cloned());
    }
}

impl Reading<'_> {
    pub(super) fn affected(
        &self,
        node: &Node,
        platforms: &[String],
        unknown: &mut Vec<String>,
    ) -> Vec<Affected> {
        let releases = match self.ecosystem {
            Some(ecosystem) => vec![ecosystem.clone()],
            None => {
                let mut all: Vec<Ecosystem> =
                    platforms.iter().filter_map(|p| Ecosystem::of_product(p)).collect();
                all.sort();
                all.dedup();
                all
            }
        };
        let mut found = Found::default();
        self.collect(node, &Context { releases, ..Context::default() }, &mut found, unknown);
        let Found(keys, mut architectures) = found;
        let one = |(at, key): (usize, Key)| {
            let (ecosystem, package, module, status, range) = key;
            let mut architectures = architectures.remove(&at).unwrap_or_default();
            architectures.sort();
            architectures.dedup();
            let remedy = match (&range, status) {
                (Some(range), Status::Affected) if range.fix().is_none() => Remedy::None,
                _ => Remedy::Update,
            };
            Affected {
                // Debian's definitions name the source in the place of the package.
                named: if ecosystem.family() == "debian" { Named::Either } else { Named::Binary },
                ecosystem,
                package,
                module,
                status,
                ranges: range.into_iter().collect(),
                remedy,
                architectures,
                ..Affected::default()
            }
        };
        keys.into_iter().enumerate().map(one).collect()
    }

    fn collect(&self, node: &Node, context: &Context, found: &mut Found, unknown: &mut Vec<String>) {
        match node {
            Node::Leaf { test, comment } => match self.said(test, comment) {
                Some(Said::Packages { names, status, range, architectures }) => {
                    let architectures =
                        if architectures.is_empty() { context.architectures.clone() } else { architectures };
                    for release in &context.releases {
                        for name in &names {
                            let key = (
                                release.clone(),
                                name.clone(),
                                context.module.clone(),
                                status,
                                range.clone(),
                            );
                            found.add(key, &architectures);
                        }
                    }
                }
                Some(_) => {}
                None => unknown.push(format!("no test {test} ({comment})")),
            },
            Node::Group { or: true, children } => {
                for child in children {
                    self.collect(child, context, found, unknown);
                }
            }
            Node::Group { or: false, children } => {
                let mut inner = context.clone();
                for child in children {
                    self.narrow(child, &mut inner);
                }
                if self.contradicts(children) {
                    return self.unaffected(children, &inner, found);
                }
                for child in children {
                    self.collect(child, &inner, found, unknown);
                }
            }
        }
    }

    /// What an element of an AND says about releases, modules and architectures.
    fn narrow(&self, node: &Node, context: &mut Context) {
        match node {
            Node::Leaf { test, comment } => match self.said(test, comment) {
                Some(Said::Release(release)) => context.releases = vec![release],
                Some(Said::Module(module)) => context.module = Some(module),
                Some(Said::Architecture(arch)) => context.architectures = vec![arch],
                _ => {}
            },
            Node::Group { or: true, children } => {
                let said: Vec<Option<Said>> = children
                    .iter()
                    .map(|c| match c {
                        Node::Leaf { test, comment } => self.said(test, comment),
                        Node::Group { .. } => None,
                    })
                    .collect();
                if said.iter().all(|s| matches!(s, Some(Said::Release(_)) | Some(Said::Nothing))) {
                    let mut all: Vec<Ecosystem> = said
                        .into_iter()
                        .filter_map(|s| if let Some(Said::Release(r)) = s { Some(r) } else { None })
                        .collect();
                    all.sort();
                    all.dedup();
                    if !all.is_empty() {
                        context.releases = all;
                    }
                }
            }
            Node::Group { or: false, .. } => {}
        }
    }

    /// Red Hat says "not affected" by asking for a package that is installed and is not.
    fn contradicts(&self, children: &[Node]) -> bool {
        children.iter().any(|c| match c {
            Node::Leaf { test, .. } => self.tables.test(test).is_some_and(|t| t.none_exist),
            Node::Group { .. } => false,
        })
    }

    fn unaffected(&self, children: &[Node], context: &Context, found: &mut Found) {
        for child in children {
            let Node::Leaf { test, .. } = child else { continue };
            let Some(test) = self.tables.test(test) else { continue };
            for name in self.tables.names(&test.object) {
                for release in &context.releases {
                    let key =
                        (release.clone(), name.clone(), context.module.clone(), Status::NotAffected, None);
                    found.add(key, &[]);
                }
            }
        }
    }

    /// Nothing if the test is not in the document and its comment does not say enough.
    fn said(&self, id: &str, comment: &str) -> Option<Said> {
        if let Some(said) = by_comment(comment) {
            return Some(said);
        }
        match self.tables.test(id) {
            Some(test) => Some(self.by_test(test, comment)),
            None => earlier(comment),
        }
    }

    fn by_test(&self, test: &Test, comment: &str) -> Said {
        if !matches!(test.kind.as_str(), "rpminfo_test" | "dpkginfo_test" | "textfilecontent54_test") {
            return Said::Nothing;
        }
        let names = self.tables.names(&test.object);
        if names.is_empty() {
            return earlier(comment).unwrap_or(Said::Nothing);
        }
        let mut architectures = Vec::new();
        let mut range = None;
        let mut status = if self.unaffected { Status::NotAffected } else { Status::Affected };
        let mut other = false;
        for compared in self.tables.compared(test) {
            let value = compared.value.as_str();
            match (compared.entity.as_str(), compared.operation.as_str()) {
                ("evr" | "subexpression", "less than") => range = Some(before(value)),
                ("evr" | "version", "equals") if matches!(value, "0" | "0:0-0") => {
                    status = Status::NotAffected
                }
                ("evr" | "version", "greater than") if matches!(value, "0" | "0:0-0") => {
                    range = Some(Some(Range::all()));
                }
                ("arch", _) => {
                    let list = value.trim_matches(['(', ')']).split('|');
                    architectures = list.map(str::to_owned).filter(|a| a != "noarch").collect();
                }
                _ => other = true,
            }
        }
        match (range, status) {
            // Before version 0 is never: Debian writes that where it knows nothing.
            (Some(Some(range)), status) => {
                Said::Packages { names, status, range: Some(range), architectures }
            }
            (Some(None), _) => Said::Nothing,
            (None, Status::NotAffected) => Said::Packages { names, status, range: None, architectures },
            // A test without a state asks only whether the package is there.
            (None, status) if !other && test.states.is_empty() => {
                Said::Packages { names, status, range: Some(Range::all()), architectures }
            }
            (None, _) => Said::Nothing,
        }
    }
}

/// A fix as a range; nothing for version 0. An epoch of 0 is left out, as packages do.
fn before(version: &str) -> Option<Range> {
    let version = version.strip_prefix("0:").unwrap_or(version);
    (version != "0").then(|| Range::before_fix(version))
}

/// What vendors' comments say the same way everywhere.
fn by_comment(comment: &str) -> Option<Said> {
    if comment.ends_with(" must be installed") || comment.contains(" is signed with ") {
        return Some(Said::Nothing);
    }
    if let Some(module) = comment.strip_prefix("Module ").and_then(|c| c.strip_suffix(" is enabled")) {
        return Some(Said::Module(module.to_owned()));
    }
    if let Some((_, arch)) = comment.split_once(" Linux arch is ") {
        return Some(Said::Architecture(arch.to_owned()));
    }
    if matches!(comment, "all architecture" | "Installed architecture is all") {
        return Some(Said::Nothing);
    }
    let product = comment.strip_suffix(" is installed")?;
    Ecosystem::of_product(product).map(Said::Release).or_else(|| {
        // Products of the vendor that are no release of it (`SUSE Manager Server 4.1`).
        let other =
            ["Open Enterprise Server", "SUSE ", "Red Hat ", "Oracle "].iter().any(|p| product.starts_with(p));
        other.then_some(Said::Nothing)
    })
}

/// `bind is earlier than 30:9.3.3-8.el5`, `389-ds-base DPKG is earlier than 1.3.5`, `tar is not affected`.
fn earlier(comment: &str) -> Option<Said> {
    let packages = |name: &str, status, range| {
        let names = vec![name.trim_end_matches(" DPKG").to_owned()];
        Said::Packages { names, status, range, architectures: Vec::new() }
    };
    if let Some((name, version)) = comment.split_once(" is earlier than ") {
        return Some(match before(version) {
            Some(range) => packages(name, Status::Affected, Some(range)),
            None => Said::Nothing,
        });
    }
    if let Some(name) = comment.strip_suffix(" is not affected") {
        return Some(packages(name, Status::NotAffected, None));
    }
    if let Some(name) = comment.strip_suffix(" is affected") {
        return Some(packages(name, Status::Affected, Some(Range::all())));
    }
    // SUSE: `389-ds-3.0.6~git86.dce421a0d-160000.2.2 is installed` stands for "less than".
    let full = comment.strip_suffix(" is installed")?;
    let mut hyphens = full.rmatch_indices('-').map(|(at, _)| at);
    let (_, at) = (hyphens.next()?, hyphens.next()?);
    Some(packages(&full[..at], Status::Affected, before(&full[at + 1..])))
}
