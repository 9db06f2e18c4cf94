//! Which files a package brought, by its package manager's own lists.

use std::collections::HashMap;

use crate::bytes::Lines;
use crate::error::{InventoryError, Result};
use crate::limits::Limits;
use crate::model::{Ecosystem, Package};
use crate::packages::{apk, dpkg, rpm};
use crate::root::Root;

/// Longest path of a list, bytes.
const MAX_PATH: usize = 4096;

/// The paths that belong to each of `packages`, in their order: files, folders and links alike, as the lists
/// have them. Only what a distribution's package manager installed (deb, rpm, apk) has such a list.
///
/// # Errors
/// When a list cannot be read, or all lists together have more paths than `limits.items`.
pub fn package_files(root: &Root, limits: &Limits, packages: &[&Package]) -> Result<Vec<Vec<String>>> {
    let mut found = Gather { paths: vec![Vec::new(); packages.len()], left: limits.items };
    let of = |ecosystem| packages.iter().enumerate().filter(move |(_, p)| p.ecosystem == ecosystem);
    let moved = dpkg::files::diversions(root, limits);
    for (i, package) in of(Ecosystem::Deb) {
        deb(root, limits, package, &moved, i, &mut found)?;
    }
    let wanted: HashMap<(&str, &str, &str), usize> = of(Ecosystem::Rpm)
        .map(|(i, p)| ((p.name.as_str(), p.version.as_str(), p.arch.as_str()), i))
        .collect();
    if !wanted.is_empty() {
        rpm::each_file(root, limits, &mut |package, path| {
            let key = (package.name.as_str(), package.version.as_str(), package.arch.as_str());
            wanted.get(&key).map_or(Ok(()), |i| found.add(*i, path))
        })?;
    }
    let wanted: HashMap<&str, usize> = of(Ecosystem::Apk).map(|(i, p)| (p.name.as_str(), i)).collect();
    if !wanted.is_empty() {
        let mut fault = None;
        apk::each_file(root, limits, |name, path| {
            if let Some(i) = wanted.get(name)
                && let Err(e) = found.add(*i, path)
            {
                fault = Some(e);
            }
        })?;
        if let Some(e) = fault {
            return Err(e);
        }
    }
    Ok(found.paths)
}

struct Gather {
    paths: Vec<Vec<String>>,
    left: usize,
}

impl Gather {
    fn add(&mut self, package: usize, path: &str) -> Result<()> {
        self.left = self.left.checked_sub(1).ok_or(InventoryError::TooMany("files of packages"))?;
        self.paths[package].push(path.to_owned());
        Ok(())
    }
}

fn deb(
    root: &Root,
    limits: &Limits,
    package: &Package,
    moved: &HashMap<String, (String, String)>,
    i: usize,
    found: &mut Gather,
) -> Result<()> {
    // Where several architectures may be installed at once the list's name has the architecture.
    let names = [format!("{}:{}", package.name, package.arch), package.name.clone()];
    let mut file = None;
    for name in names.iter().filter(|n| !n.contains('/')) {
        match root.file(format!("{}/{name}.list", dpkg::files::INFO)) {
            Ok((opened, _)) => {
                file = Some(opened.file);
                break;
            }
            Err(e) if e.is_absent() => {}
            Err(e) => return Err(e),
        }
    }
    let Some(file) = file else { return Ok(()) };
    let mut lines = Lines::new(std::io::Read::take(file, limits.database), MAX_PATH);
    while let Some(line) = lines.next()? {
        let Ok(path) = std::str::from_utf8(line) else { continue };
        let path = match moved.get(path) {
            Some((to, by)) if *by != package.name => to.as_str(),
            _ => path,
        };
        found.add(i, path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_of_dpkg_and_apk_say_which_files_are_whose() {
        let dir = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, text).expect("written");
        };
        write("var/lib/dpkg/info/one.list", "/.\n/usr\n/usr/bin/one\n/usr/bin/moved\n");
        write("var/lib/dpkg/info/two:amd64.list", "/usr/lib/libtwo.so\n");
        write("var/lib/dpkg/info/other.list", "/usr/bin/other\n");
        write("var/lib/dpkg/diversions", "/usr/bin/moved\n/usr/bin/moved.distrib\nother\n");
        write("lib/apk/db/installed", "P:three\nV:1\nF:bin\nR:three\n\nP:four\nV:1\nF:bin\nR:four\n\n");
        let root = Root::open(dir.path()).expect("opens");
        let package = |ecosystem, name: &str, arch: &str| Package {
            ecosystem,
            name: name.into(),
            arch: arch.into(),
            ..Package::default()
        };
        let all = [
            package(Ecosystem::Deb, "one", "amd64"),
            package(Ecosystem::Deb, "two", "amd64"),
            package(Ecosystem::Apk, "three", "x86_64"),
            package(Ecosystem::Deb, "gone", "amd64"),
        ];
        let asked: Vec<&Package> = all.iter().collect();
        let files = package_files(&root, &Limits::default(), &asked).expect("read");
        assert_eq!(files[0], ["/.", "/usr", "/usr/bin/one", "/usr/bin/moved.distrib"]);
        assert_eq!(files[1], ["/usr/lib/libtwo.so"]);
        assert_eq!(files[2], ["/bin/three"]);
        assert!(files[3].is_empty());
        let few = Limits { items: 3, ..Limits::default() };
        assert_eq!(package_files(&root, &few, &asked).expect_err("too many").code(), "too_many");
    }
}
