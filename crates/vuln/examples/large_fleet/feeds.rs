//! Feeds of the size that the real ones have: those of the pack, and for sources without a fact in it made-up ones.

use std::path::Path;

use anyhow::{Context, Result};
use palisade_advisory::{
    Advisory, Affected, Cve, Ecosystem, Format, Limits, Named, Origin, Range, Record, Sink, decode, documents,
};
use palisade_vuln::{Index, IndexBuilder, Ranks};

use crate::fleet::{Chance, Universe};

/// The feed of the statements that the fleet is judged by.
pub const FEED: &str = "debian-tracker";

/// A source of the release, a vulnerability, and its fix.
pub struct Statement {
    pub package: String,
    pub vulnerability: String,
    /// Nothing if there is none.
    pub fix: Option<String>,
}

impl Statement {
    pub fn advisory(&self) -> Advisory {
        Advisory {
            id: self.vulnerability.clone(),
            source: FEED.to_owned(),
            covers: vec![self.vulnerability.clone()],
            affected: vec![Affected {
                ecosystem: Ecosystem::parse("debian:12"),
                package: self.package.clone(),
                named: Named::Source,
                ranges: vec![self.fix.as_deref().map_or_else(Range::all, Range::before_fix)],
                ..Affected::default()
            }],
            ..Advisory::default()
        }
    }
}

/// Takes facts of the release as statements, and everything else as it is.
struct Take<'a> {
    builder: &'a mut IndexBuilder,
    statements: &'a mut Vec<Statement>,
    /// The words of those records that describe a vulnerability.
    described: Vec<String>,
    faults: u64,
}

impl Sink for Take<'_> {
    fn record(&mut self, record: Record) {
        if let Record::Advisory(advisory) = &record
            && advisory.source == FEED
        {
            for affected in &advisory.affected {
                self.statements.push(Statement {
                    package: affected.package.clone(),
                    vulnerability: advisory.id.clone(),
                    fix: affected.fixes().next().map(str::to_owned),
                });
            }
            return;
        }
        if let Record::Cve(cve) = &record
            && cve.source == "cve5"
            && !cve.description.is_empty()
        {
            self.described.push(cve.description.clone());
        }
        self.builder.add(record);
    }

    fn fault(&mut self, _: palisade_advisory::Fault) {
        self.faults += 1;
    }
}

pub fn index(data: &Path, universe: &Universe) -> Result<(Index, Vec<Statement>)> {
    let mut builder = IndexBuilder::new(Ranks::default());
    let mut statements = Vec::new();
    let mut take =
        Take { builder: &mut builder, statements: &mut statements, described: Vec::new(), faults: 0 };
    for (file, feed) in [
        ("feeds/debian-security-tracker.derived.json.gz", FEED),
        ("feeds/osv-PyPI.all.zip", "osv-PyPI"),
        ("feeds/osv-Go.all.zip", "osv-Go"),
        ("feeds/osv-Rust.all.zip", "osv-Rust"),
        ("feeds/osv-AlmaLinux-9.all.zip", "osv-AlmaLinux-9"),
        ("feeds/epss/epss_scores-2026-08-16.csv.gz", "epss"),
        ("feeds/kev/known_exploited_vulnerabilities.json", "kev"),
        ("feeds/vulnrichment-cve5.sample.zip", "cve5"),
    ] {
        let path = data.join(file);
        let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
        let origin = Origin { feed, file, ecosystem: None };
        documents(
            origin,
            &bytes,
            Limits::default(),
            &mut |name, bytes| match Format::recognise(name, bytes) {
                Some(format) => decode(format, Origin { file: name, ..origin }, bytes, &mut take),
                None => Ok(()),
            },
        )
        .map_err(|fault| anyhow::anyhow!("{fault}"))?;
    }
    let described = take.described;
    made_up(universe, &mut statements);
    for statement in &statements {
        builder.add(Record::Advisory(statement.advisory()));
    }
    // OSV of all ecosystems has some 300,000 records, most about packages that no device of this fleet has. Each is of
    // a vulnerability that is described, in words of those of the pack.
    let mut chance = Chance::of(23);
    for number in 0..300_000_u32 {
        let version = format!("{}.{}.{}", chance.below(20), chance.below(30), chance.below(30));
        builder.add(Record::Advisory(Advisory {
            id: format!("GHSA-{number:06x}"),
            source: "osv-npm".to_owned(),
            covers: vec![format!("CVE-2090-{number:06}")],
            aliases: vec![format!("CVE-2090-{number:06}")],
            summary: format!("A made-up hole of number {number} in a package of a registry of a language"),
            affected: vec![Affected {
                ecosystem: Ecosystem::parse("npm"),
                package: format!("package-{}", chance.below(60_000)),
                ranges: vec![Range::before_fix(&version)],
                ..Affected::default()
            }],
            ..Advisory::default()
        }));
        let half = |text: &str, first: bool| {
            let middle = text.floor_char_boundary(text.len() / 2);
            if first { text[..middle].to_owned() } else { text[middle..].to_owned() }
        };
        let [a, b] = [0; 2].map(|_: usize| described.get(chance.below(described.len())));
        let words = a.zip(b).map(|(a, b)| format!("{number}: {}{}", half(a, true), half(b, false)));
        builder.add(Record::Cve(Cve {
            id: format!("CVE-2090-{number:06}"),
            source: "cve5".to_owned(),
            description: words.unwrap_or_default(),
            ..Cve::default()
        }));
    }
    Ok((builder.finish(), statements))
}

/// As many as the tracker has for the release, on few sources many and on many sources few.
fn made_up(universe: &Universe, statements: &mut Vec<Statement>) {
    let known: std::collections::HashSet<String> = statements.iter().map(|s| s.package.clone()).collect();
    let mut sources: Vec<&String> = universe.versions.keys().filter(|s| !known.contains(*s)).collect();
    sources.sort();
    let mut chance = Chance::of(11);
    for number in 0..40_000_u32 {
        let source = sources[((sources.len() as f64) * chance.part().powi(3)) as usize % sources.len()];
        let versions = &universe.versions[source];
        // A fifth has no fix.
        let at = chance.below(versions.len() * 5 / 4 + 1);
        statements.push(Statement {
            package: source.clone(),
            vulnerability: format!("CVE-2091-{number:05}"),
            fix: versions.get(at).cloned(),
        });
    }
}
