//! A matcher that looks at every statement by itself, for comparison.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Result, ensure};
use palisade_advisory::Scheme;
use palisade_vuln::Matcher;

use crate::feeds::Statement;
use crate::fleet::Chance;

pub struct Naive<'a> {
    by_package: HashMap<&'a str, Vec<&'a Statement>>,
}

impl<'a> Naive<'a> {
    pub fn new(statements: &'a [Statement]) -> Self {
        let mut by_package: HashMap<&str, Vec<&Statement>> = HashMap::new();
        for statement in statements {
            by_package.entry(&statement.package).or_default().push(statement);
        }
        Self { by_package }
    }

    fn found(&self, source: &str, version: &str) -> BTreeSet<&'a str> {
        let all = self.by_package.get(source).into_iter().flatten();
        let hit = |s: &&&Statement| match &s.fix {
            // What was built again for the release has what it was built from.
            Some(fix) if version.starts_with(&format!("{fix}~deb")) => false,
            Some(fix) => Scheme::Deb.compare(version, fix).is_ok_and(|o| o.is_lt()),
            None => true,
        };
        all.filter(hit).map(|s| s.vulnerability.as_str()).collect()
    }

    /// Compares all rows of devices, taken by chance, until there were so many rows; answers how many.
    pub fn check(&self, matcher: &Matcher, devices: u32, rows: u64) -> Result<u64> {
        let mut chance = Chance::of(5);
        let mut known: HashMap<u32, BTreeSet<&str>> = HashMap::new();
        let mut checked = 0;
        for _ in 0..devices {
            let device = u32::try_from(chance.below(devices as usize))?;
            let mut ours: HashMap<u32, BTreeSet<&str>> = HashMap::new();
            for row in matcher.rows_of(device) {
                ensure!(
                    matcher.devices(row.tuple).is_some_and(|d| d.contains(device)),
                    "a row of another device"
                );
                ours.entry(row.tuple).or_default().insert(matcher.index().vulnerability(&row.hit));
                checked += 1;
            }
            for tuple in matcher.tuples_of(device) {
                let theirs = known.entry(tuple).or_insert_with(|| {
                    let component = matcher.component(tuple).cloned().unwrap_or_default();
                    let plain =
                        |s: &str, other: &str| if s.is_empty() { other.to_owned() } else { s.to_owned() };
                    let source = plain(&component.source, &component.name);
                    self.found(&source, &plain(&component.source_version, &component.version))
                });
                let none = BTreeSet::new();
                let own = ours.get(&tuple).unwrap_or(&none);
                ensure!(
                    own == theirs,
                    "device {device}, {:?}: {own:?} for {theirs:?}",
                    matcher.component(tuple)
                );
            }
            if checked >= rows {
                break;
            }
        }
        Ok(checked)
    }
}
