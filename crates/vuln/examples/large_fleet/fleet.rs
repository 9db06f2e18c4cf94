//! Devices that hold packages as real ones do: a base that all have, what comes with a role, and a long tail; each
//! device as far behind as its owners let it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use palisade_advisory::{Ecosystem, Scheme};
use palisade_vuln::{Component, Matcher};

/// A package and the versions of its source that were ever there, oldest first.
pub struct Package {
    pub name: String,
    pub source: String,
    pub base: bool,
    pub section: String,
}

/// All packages of a release.
pub struct Universe {
    pub packages: Vec<Package>,
    /// The versions of each source, oldest first.
    pub versions: HashMap<String, Vec<String>>,
}

pub fn unpacked(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text)?;
    Ok(text)
}

impl Universe {
    pub fn read(data: &Path) -> Result<Self> {
        let text = unpacked(&data.join("inventory/debian12-universe.tsv.gz"))?;
        let mut packages: BTreeMap<String, Package> = BTreeMap::new();
        let mut versions: HashMap<String, BTreeSet<String>> = HashMap::new();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split('\t').collect();
            let [name, version, source, source_version, _, section, priority, ..] = fields[..] else {
                continue;
            };
            // Kernels are added by themselves: only their images count.
            if source.starts_with("linux") || source.ends_with("-signed") {
                continue;
            }
            let _ = version;
            versions.entry(source.to_owned()).or_default().insert(source_version.to_owned());
            packages.insert(
                name.to_owned(),
                Package {
                    name: name.to_owned(),
                    source: source.to_owned(),
                    base: matches!(priority, "required" | "important" | "standard"),
                    section: section.to_owned(),
                },
            );
        }
        // What was there before, by the changelogs of those that have had fixes.
        for line in unpacked(&data.join("golden/debian-neighbours.jsonl.gz"))?.lines() {
            let row: serde_json::Value = serde_json::from_str(line)?;
            let field = |key: &str| row[key].as_str().unwrap_or_default();
            let of = versions.entry(field("source").to_owned()).or_default();
            of.insert(field("vulnerable_version").to_owned());
            of.insert(field("fixed_version").to_owned());
        }
        let versions = versions
            .into_iter()
            .map(|(source, all)| {
                let mut all: Vec<String> = all.into_iter().collect();
                all.sort_by(|a, b| Scheme::Deb.compare(a, b).unwrap_or(std::cmp::Ordering::Equal));
                // Of a source of which one version is known, earlier ones are made up, as updates have them.
                if let [only] = all.as_slice() {
                    let before = |n: u32| format!("{only}~u{n}");
                    all = vec![before(1), before(2), before(3), only.clone()];
                }
                // A release keeps a dozen versions of a source at most.
                let from = all.len().saturating_sub(if source == "linux" { 60 } else { 12 });
                (source, all.split_off(from))
            })
            .collect();
        Ok(Self { packages: packages.into_values().collect(), versions })
    }
}

/// A repeatable source of chance (xorshift).
pub struct Chance(u64);

impl Chance {
    pub fn of(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() >> 16).unwrap_or(0) % n.max(1)
    }

    /// From 0 up to 1.
    pub fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

const ROLES: usize = 40;

/// Which components there are, and how devices draw from them.
pub struct Fleet {
    /// Of each package the tuples of its versions, oldest first.
    tuples: Vec<Vec<u32>>,
    kernels: Vec<u32>,
    base: Vec<u32>,
    roles: Vec<Vec<u32>>,
    tail: Vec<u32>,
    packages: usize,
}

impl Fleet {
    pub fn new(universe: &Universe, packages: usize, matcher: &mut Matcher) -> Self {
        let ecosystem = Ecosystem::parse("debian:12");
        let mut tuples = Vec::with_capacity(universe.packages.len());
        let mut make = |name: &str, source: &str, version: &str, binary: &str| {
            let own = source != name || version != binary;
            matcher.intern(&Component {
                ecosystem: ecosystem.clone(),
                name: name.to_owned(),
                version: binary.to_owned(),
                source: if own { source.to_owned() } else { String::new() },
                source_version: if own { version.to_owned() } else { String::new() },
                arch: "amd64".to_owned(),
                ..Component::default()
            })
        };
        let mut chance = Chance::of(7);
        for package in &universe.packages {
            let versions = &universe.versions[&package.source];
            // Every eighth was built again.
            let rebuilt = chance.below(8) == 0;
            let of = |v: &String| {
                let binary = if rebuilt { format!("{v}+b1") } else { v.clone() };
                (v.clone(), binary)
            };
            let all: Vec<(String, String)> = versions.iter().map(of).collect();
            tuples.push(all.iter().map(|(v, b)| make(&package.name, &package.source, v, b)).collect());
        }
        let kernels = universe.versions["linux"]
            .iter()
            .enumerate()
            .map(|(n, v)| make(&format!("linux-image-6.1.0-{n}-amd64"), "linux", v, v))
            .collect();
        let number = |n: usize| u32::try_from(n).unwrap_or(0);
        let all = || universe.packages.iter().enumerate();
        let base: Vec<u32> = all().filter(|(_, p)| p.base).map(|(n, _)| number(n)).collect();
        // A role is a slice of some sections.
        let mut by_section: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for (n, p) in all().filter(|(_, p)| !p.base) {
            by_section.entry(&p.section).or_default().push(number(n));
        }
        let sections: Vec<&Vec<u32>> = by_section.values().collect();
        let roles = (0..ROLES)
            .map(|_| {
                let mut own = BTreeSet::new();
                while own.len() < packages * 2 / 3 {
                    let section = sections[chance.below(sections.len())];
                    let from = chance.below(section.len());
                    own.extend(section.iter().skip(from).take(30));
                }
                own.into_iter().take(packages * 2 / 3).collect()
            })
            .collect();
        let mut tail: Vec<u32> = all().filter(|(_, p)| !p.base).map(|(n, _)| number(n)).collect();
        for at in (1..tail.len()).rev() {
            tail.swap(at, chance.below(at + 1));
        }
        Self { tuples, kernels, base, roles, tail, packages }
    }

    /// The components of a device, and whether they run.
    pub fn device(&self, device: u32) -> Vec<(u32, Option<bool>)> {
        let mut chance = Chance::of(u64::from(device));
        // Some roles are on half of all devices, most on few.
        let role = (ROLES as f64 * chance.part().powi(3)) as usize;
        // How far behind: most a little, some years.
        let lag = chance.part().powi(3) * 12.0;
        let mut seen: Vec<u32> = self.base.iter().chain(&self.roles[role]).copied().collect();
        let least = self.packages.saturating_sub(2);
        while seen.len() < least {
            while seen.len() < least + least / 20 {
                let at = (self.tail.len() as f64 * chance.part().powi(4)) as usize;
                seen.push(self.tail[at.min(self.tail.len() - 1)]);
            }
            seen.sort_unstable();
            seen.dedup();
        }
        let mut out = Vec::with_capacity(self.packages);
        for package in seen.into_iter().take(self.packages.saturating_sub(2)) {
            let versions = &self.tuples[package as usize];
            // One in twenty was held back or taken early.
            let own = if chance.below(20) == 0 { chance.part() * 12.0 } else { lag };
            let behind = (own / 12.0 * versions.len() as f64) as usize;
            let tuple = versions[versions.len() - 1 - behind.min(versions.len() - 1)];
            let running = match chance.below(10) {
                0 => Some(true),
                1..=6 => Some(false),
                _ => None,
            };
            out.push((tuple, running));
        }
        let last = self.kernels.len() - 1;
        let kernel = last - ((lag / 12.0 * last as f64) as usize).min(last);
        out.push((self.kernels[kernel], Some(true)));
        out.push((self.kernels[kernel.saturating_sub(1)], Some(false)));
        out
    }
}
