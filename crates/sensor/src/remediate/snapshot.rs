//! What the package database says, before and after.

use std::collections::BTreeMap;
use std::path::Path;

use palisade_inventory::{Ecosystem, Limits, Package, Root, SourceState};

use super::answer::{Change, Fault};
use super::request::Exact;

/// Every package of the operating system, by name and architecture.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    packages: Vec<Package>,
}

impl Snapshot {
    /// Reads the database of the root that this process is in.
    ///
    /// # Errors
    /// `remediation_unsupported` where it cannot be read whole: what is not known cannot be proved.
    pub fn read(kind: Ecosystem) -> Result<Self, Fault> {
        let root = Root::open(Path::new("/")).map_err(|e| Fault::unsupported(format!("/: {e}")))?;
        let (_, mut packages, sources) = palisade_inventory::system_packages(&root, &Limits::default());
        let database = match kind {
            Ecosystem::Rpm => "rpm",
            Ecosystem::Apk => "apk",
            _ => "dpkg",
        };
        if let Some(bad) = sources.iter().find(|s| s.name == database && s.state != SourceState::Read) {
            return Err(Fault::unsupported(format!("{} cannot be read: {}", bad.path, bad.detail)));
        }
        packages.retain(|p| p.ecosystem == kind);
        if packages.is_empty() {
            // Its manager is here, so this is no empty machine but one that cannot be read.
            return Err(Fault::unsupported(format!("the database of {database} lists no package")));
        }
        Ok(Self { packages })
    }

    /// Packages of a source.
    pub fn of_source(&self, source: &str) -> Vec<&Package> {
        self.packages.iter().filter(|p| p.source_name == source).collect()
    }

    /// One package; an architecture that the manager does not tell fits any.
    pub fn find(&self, name: &str, arch: &str) -> Option<&Package> {
        let same = |p: &&Package| p.name == name;
        self.packages.iter().filter(same).find(|p| p.arch == arch).or_else(|| {
            let free = |a: &str| matches!(a, "" | "all" | "noarch");
            self.packages.iter().filter(same).find(|p| free(arch) || free(&p.arch))
        })
    }

    /// Packages that are neither simply installed nor gone.
    pub fn unfinished(&self) -> impl Iterator<Item = &Package> {
        // A trigger that waits is run by the next transaction, whosever it is.
        self.packages
            .iter()
            .filter(|p| !matches!(p.state.as_str(), "" | "triggers-pending" | "triggers-awaited"))
    }

    /// The versions of some packages, as a proof has them.
    pub fn versions<'a>(&self, of: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Exact> {
        let mut all: Vec<Exact> = Vec::new();
        for (name, arch) in of {
            let Some(p) = self.find(name, arch) else { continue };
            let exact = exact(p);
            if !all.contains(&exact) {
                all.push(exact);
            }
        }
        all
    }

    /// What is another version in `after`.
    pub fn changes(&self, after: &Self) -> Vec<Change> {
        let keyed = |s: &Self| -> BTreeMap<(String, String), String> {
            // RPM keeps several versions of a kernel under one name; the whole list is the version then.
            let mut all: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
            for p in &s.packages {
                all.entry((p.name.clone(), p.arch.clone())).or_default().push(&p.version);
            }
            all.into_iter()
                .map(|(k, mut v)| {
                    v.sort_unstable();
                    (k, v.join(" "))
                })
                .collect()
        };
        let (before, after) = (keyed(self), keyed(after));
        let mut changes = Vec::new();
        for (key @ (name, arch), to) in &after {
            let from = before.get(key).cloned().unwrap_or_default();
            if from != *to {
                changes.push(Change { name: name.clone(), arch: arch.clone(), from, to: to.clone() });
            }
        }
        for (key @ (name, arch), from) in &before {
            if !after.contains_key(key) {
                changes.push(Change {
                    name: name.clone(),
                    arch: arch.clone(),
                    from: from.clone(),
                    to: String::new(),
                });
            }
        }
        changes
    }
}

/// A package with its version.
pub fn exact(p: &Package) -> Exact {
    Exact { name: p.name.clone(), arch: p.arch.clone(), version: p.version.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(all: &[(&str, &str, &str)]) -> Snapshot {
        let package = |(name, arch, version): &(&str, &str, &str)| Package {
            name: (*name).into(),
            arch: (*arch).into(),
            version: (*version).into(),
            source_name: "s".into(),
            ..Package::default()
        };
        Snapshot { packages: all.iter().map(package).collect() }
    }

    #[test]
    fn changes_are_upgrades_arrivals_and_departures() {
        let before = snapshot(&[("a", "amd64", "1"), ("b", "all", "1"), ("c", "all", "1"), ("k", "x", "1")]);
        let after = snapshot(&[
            ("a", "amd64", "2"),
            ("b", "all", "1"),
            ("d", "all", "1"),
            ("k", "x", "2"),
            ("k", "x", "1"),
        ]);
        let words: Vec<String> =
            before.changes(&after).iter().map(|c| format!("{} {}>{}", c.name, c.from, c.to)).collect();
        assert_eq!(words, ["a 1>2", "d >1", "k 1>1 2", "c 1>"]);
    }

    #[test]
    fn a_package_is_found_whatever_its_manager_calls_the_architecture() {
        let s = snapshot(&[("a", "amd64", "1"), ("a", "i386", "2"), ("b", "all", "3")]);
        let version = |name, arch| s.find(name, arch).map(|p| p.version.as_str());
        assert_eq!((version("a", "i386"), version("a", "amd64")), (Some("2"), Some("1")));
        assert_eq!((version("b", "amd64"), version("a", "arm64"), version("x", "")), (Some("3"), None, None));
        assert_eq!(s.versions([("b", "amd64"), ("b", "all")]).len(), 1);
    }
}
