//! Which package of the operating system brought a file.

use std::collections::HashMap;

use crate::error::InventoryError;
use crate::limits::Limits;
use crate::model::Source;
use crate::packages::{apk, dpkg, rpm};
use crate::root::Root;

/// Files whose owner is asked for; lists of files are held against them one by one, so that no list of
/// all files is ever in memory.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    owners: HashMap<String, Option<String>>,
    /// `/bin`, `/lib` and so on where they are links into `/usr`, as `/bin/`.
    merged: Vec<&'static str>,
    buffer: String,
}

const MERGED: [(&str, &str); 5] =
    [("/bin/", "bin"), ("/sbin/", "sbin"), ("/lib/", "lib"), ("/lib64/", "lib64"), ("/lib32/", "lib32")];

impl Wanted {
    pub(crate) fn new(root: &Root) -> Self {
        let into_usr =
            |name: &str| root.link("/", name).is_ok_and(|to| to.trim_start_matches('/').starts_with("usr/"));
        let merged = MERGED.iter().filter(|(_, name)| into_usr(name)).map(|(prefix, _)| *prefix).collect();
        Self { owners: HashMap::new(), merged, buffer: String::new() }
    }

    /// Asks for the owner of `path`.
    pub(crate) fn ask(&mut self, path: &str) {
        if path.starts_with('/') {
            let mut buffer = String::new();
            let path = real(&self.merged, path, &mut buffer).to_owned();
            self.owners.entry(path).or_default();
        }
    }

    /// A package's list has `path`.
    pub(crate) fn offer(&mut self, path: &str, owner: impl FnOnce() -> String) {
        let mut buffer = std::mem::take(&mut self.buffer);
        let path = real(&self.merged, path, &mut buffer);
        if let Some(slot @ None) = self.owners.get_mut(path) {
            *slot = Some(owner());
        }
        self.buffer = buffer;
    }

    /// The owner of `path`, as `ecosystem:name`; empty if it has none.
    pub(crate) fn owner(&self, path: &str) -> String {
        let mut buffer = String::new();
        self.owners.get(real(&self.merged, path, &mut buffer)).cloned().flatten().unwrap_or_default()
    }
}

/// Where a file of a list really lies, on a system whose `/bin` is `/usr/bin`.
fn real<'a>(merged: &[&str], path: &'a str, buffer: &'a mut String) -> &'a str {
    if !merged.iter().any(|prefix| path.starts_with(prefix)) {
        return path;
    }
    buffer.clear();
    buffer.push_str("/usr");
    buffer.push_str(path);
    buffer
}

/// Fills in the owners of all that is wanted, from each package manager that is there.
type Reader = fn(&Root, &Limits, &mut Wanted) -> Result<(), InventoryError>;

pub(crate) fn find(root: &Root, limits: &Limits, wanted: &mut Wanted) -> Vec<Source> {
    if wanted.owners.is_empty() {
        return Vec::new();
    }
    let readers: [(&str, Reader); 3] =
        [("dpkg", dpkg::files::owners), ("rpm", rpm::owners), ("apk", apk::owners)];
    let mut sources = Vec::new();
    for (name, read) in readers {
        match read(root, limits, wanted) {
            Err(e) if !e.is_absent() => sources.push(Source::failed("owners", name, 0, &e)),
            _ => {}
        }
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_folders_are_one_place() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(dir.path().join("usr/lib")).expect("writable");
        std::os::unix::fs::symlink("usr/lib", dir.path().join("lib")).expect("writable");
        let root = Root::open(dir.path()).expect("opens");
        let mut wanted = Wanted::new(&root);
        for path in ["/usr/lib/libc.so.6", "/lib/ld.so", "/bin/sh", "not absolute"] {
            wanted.ask(path);
        }
        wanted.offer("/lib/libc.so.6", || "deb:libc6".into());
        wanted.offer("/usr/lib/ld.so", || "deb:libc6".into());
        wanted.offer("/bin/sh", || "deb:dash".into());
        wanted.offer("/bin/sh", || "deb:other".into());
        wanted.offer("/bin/cat", || unreachable!("nobody asked"));
        assert_eq!(wanted.owner("/usr/lib/libc.so.6"), "deb:libc6");
        assert_eq!(wanted.owner("/lib/ld.so"), "deb:libc6");
        assert_eq!(wanted.owner("/bin/sh"), "deb:dash");
        assert_eq!(wanted.owner("/bin/ls"), "");
    }
}
