//! From which repository a package comes: apt's lists of what the repositories offer.

use std::collections::HashMap;
use std::io::Read;

use crate::bytes::Lines;
use crate::error::Result;
use crate::limits::Limits;
use crate::model::Package;
use crate::packages::{Found, lz4};
use crate::root::Root;

const LISTS: &str = "/var/lib/apt/lists";
/// Most bytes of one list after unpacking.
const MAX_LIST: u64 = 512 << 20;

/// How well a repository's entry fits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    No,
    Name,
    Version,
}

pub(super) fn add(root: &Root, limits: &Limits, found: &mut Found) {
    let names = root.names(LISTS);
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for (i, p) in found.packages.iter().enumerate() {
        by_name.entry(p.name.clone()).or_default().push(i);
    }
    let mut fits = vec![Fit::No; found.packages.len()];
    let mut lists = 0;
    for name in &names {
        let Some(stem) = list_stem(name) else { continue };
        let release = release(root, limits, &names, stem);
        let done = each(root, &format!("{LISTS}/{name}"), |offer| {
            for i in by_name.get(offer.name).into_iter().flatten() {
                release.fit(offer, &mut found.packages[*i], &mut fits[*i]);
            }
        });
        match done {
            Ok(()) => lists += 1,
            Err(e) => found.note("apt", &format!("{LISTS}/{name}"), 0, Some(&e)),
        }
    }
    if lists > 0 {
        found.note("apt", LISTS, lists, None);
    }
}

/// `…_main_binary-amd64` of a list of binary packages, packed or not.
fn list_stem(name: &str) -> Option<&str> {
    let plain = [".lz4", ".gz"].iter().find_map(|e| name.strip_suffix(e)).unwrap_or(name);
    plain.strip_suffix("_Packages")
}

/// What a repository says about itself.
#[derive(Default)]
struct Release {
    origin: String,
    suite: String,
}

/// The file that describes the repository which `stem` is a list of: the one with the longest name in common.
fn release(root: &Root, limits: &Limits, names: &[String], stem: &str) -> Release {
    let described = |n: &&String| {
        let base = n.strip_suffix("InRelease").or_else(|| n.strip_suffix("Release"))?;
        stem.starts_with(base).then_some(base.len())
    };
    let Some(name) = names.iter().filter(|n| described(n).is_some()).max_by_key(described) else {
        return Release::default();
    };
    let text = root.text(format!("{LISTS}/{name}"), limits.text).unwrap_or_default();
    let field = |key: &str| {
        let line = text.lines().take(64).find_map(|l| l.strip_prefix(key)?.strip_prefix(':'));
        line.map(|v| v.trim().to_owned()).unwrap_or_default()
    };
    let (suite, codename) = (field("Suite"), field("Codename"));
    let component = stem[described(&name).unwrap_or(0)..].split("_binary-").next().unwrap_or_default();
    let suite = if codename.is_empty() { suite } else { codename };
    Release { origin: field("Origin"), suite: format!("{suite}/{component}") }
}

impl Release {
    fn fit(&self, offer: &Offer<'_>, p: &mut Package, before: &mut Fit) {
        let arch = offer.arch == p.arch || offer.arch.is_empty();
        let fit = match (arch, offer.version == p.version) {
            (false, _) => Fit::No,
            (true, true) => Fit::Version,
            (true, false) => Fit::Name,
        };
        if fit <= *before {
            return;
        }
        *before = fit;
        self.origin.clone_into(&mut p.origin);
        self.suite.clone_into(&mut p.repository);
        p.origin_by = if fit == Fit::Version { "version" } else { "name" }.into();
    }
}

/// A package that a repository offers.
struct Offer<'a> {
    name: &'a str,
    version: &'a str,
    arch: &'a str,
}

fn each(root: &Root, path: &str, mut f: impl FnMut(&Offer<'_>)) -> Result<()> {
    let (file, _) = root.file(path)?;
    let file = file.file.take(MAX_LIST);
    let unpacked: Box<dyn Read> = match () {
        () if path.ends_with(".lz4") => Box::new(lz4::Frame::new(file)),
        () if path.ends_with(".gz") => Box::new(flate2::read::MultiGzDecoder::new(file)),
        () => Box::new(file),
    };
    let mut lines = Lines::new(unpacked.take(MAX_LIST), 512);
    let (mut name, mut version, mut arch) = (String::new(), String::new(), String::new());
    loop {
        let line = lines.next()?;
        if line.is_none_or(<[u8]>::is_empty) {
            if !name.is_empty() {
                f(&Offer { name: &name, version: &version, arch: &arch });
            }
            for s in [&mut name, &mut version, &mut arch] {
                s.clear();
            }
        }
        let Some(line) = line else { return Ok(()) };
        let (to, value) = match line {
            [b'P', b'a', b'c', b'k', b'a', b'g', b'e', b':', value @ ..] => (&mut name, value),
            [b'V', b'e', b'r', b's', b'i', b'o', b'n', b':', value @ ..] => (&mut version, value),
            [b'A', b'r', b'c', b'h', b'i', b't', b'e', b'c', b't', b'u', b'r', b'e', b':', value @ ..] => {
                (&mut arch, value)
            }
            _ => continue,
        };
        to.clear();
        to.push_str(std::str::from_utf8(value).unwrap_or_default().trim());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_that_has_the_very_version_wins() {
        let dir = tempfile::tempdir().expect("a folder");
        let lists = dir.path().join("var/lib/apt/lists");
        std::fs::create_dir_all(&lists).expect("writable");
        let write = |name: &str, text: &str| std::fs::write(lists.join(name), text).expect("writable");
        write("h_debian_dists_s_InRelease", "Origin: Debian\nSuite: stable\nCodename: s\n");
        write(
            "h_debian_dists_s_main_binary-amd64_Packages",
            "Package: a\nArchitecture: amd64\nVersion: 1\n\nPackage: b\nVersion: 2\nArchitecture: all\n",
        );
        write("x_Release", "Origin: Other\nSuite: any\n");
        write("x_c_binary-amd64_Packages", "Package: a\nVersion: 2\nArchitecture: amd64\n");
        let root = Root::open(dir.path()).expect("opens");
        let package = |name: &str, version: &str, arch: &str| Package {
            name: name.into(),
            version: version.into(),
            arch: arch.into(),
            ..Package::default()
        };
        let packages = vec![package("a", "2", "amd64"), package("b", "1", "all"), package("a", "1", "arm64")];
        let mut found = Found { packages, ..Found::default() };
        add(&root, &Limits::default(), &mut found);
        let said = |i: usize| {
            let p: &Package = &found.packages[i];
            [&p.origin, &p.repository, &p.origin_by].map(String::as_str)
        };
        assert_eq!(said(0), ["Other", "any/c", "version"]);
        assert_eq!(said(1), ["Debian", "s/main", "name"]);
        assert_eq!(said(2), ["", "", ""]);
    }
}
