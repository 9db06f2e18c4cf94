//! Debian's packages: the status file, or one file for each package where there is no dpkg.

pub(crate) mod files;
mod origin;
pub(crate) mod status;

use super::{Found, belong};
use crate::limits::Limits;
use crate::model::{Os, Package};
use crate::root::{Kind, Root};

const STATUS: &str = "/var/lib/dpkg/status";
/// Images without a package manager have one file for each package here.
const FOLDER: &str = "/var/lib/dpkg/status.d";

pub(crate) fn read(root: &Root, os: &Os, limits: &Limits) -> Found {
    let mut found = Found::default();
    whole(root, os, limits, &mut found);
    single(root, os, limits, &mut found);
    found.bound("dpkg", STATUS, limits);
    if !found.packages.is_empty() {
        origin::add(root, limits, &mut found);
    }
    found
}

fn whole(root: &Root, os: &Os, limits: &Limits, found: &mut Found) {
    let read = root.file(STATUS).and_then(|(file, _)| status::read(file.file, limits.database));
    match read {
        Ok((mut packages, error)) => {
            belong(&mut packages, os, STATUS);
            // The list of a package's files is written when it is unpacked.
            for p in &mut packages {
                p.installed_us = unpacked(root, p);
            }
            found.note("dpkg", STATUS, packages.len(), error.as_ref());
            found.packages.append(&mut packages);
        }
        Err(e) => found.note("dpkg", STATUS, 0, Some(&e)),
    }
    // These come and go with every installation; they are no part of the fingerprint.
    root.forget(|path| path.starts_with(files::INFO));
}

fn unpacked(root: &Root, p: &Package) -> Option<i64> {
    let names =
        [format!("{}/{}.list", files::INFO, p.name), format!("{}/{}:{}.list", files::INFO, p.name, p.arch)];
    let place = names.iter().find_map(|n| root.place(n).ok())?;
    Some(place.stamp.mtime.0.saturating_mul(1_000_000))
}

fn single(root: &Root, os: &Os, limits: &Limits, found: &mut Found) {
    let Ok((entries, _)) = root.folder(FOLDER) else { return };
    let (mut packages, mut last) = (Vec::new(), None);
    for (name, kind) in entries.into_iter().take(limits.items) {
        let name = String::from_utf8_lossy(&name).into_owned();
        if kind == Kind::Folder || name.ends_with(".md5sums") {
            continue;
        }
        let path = format!("{FOLDER}/{name}");
        match root.read(&path, limits.text).and_then(|(text, _)| status::read(&text[..], limits.text)) {
            Ok((mut some, error)) => {
                belong(&mut some, os, &path);
                packages.append(&mut some);
                last = error.or(last);
            }
            Err(e) => last = Some(e),
        }
    }
    found.note("dpkg", FOLDER, packages.len(), last.as_ref());
    found.packages.append(&mut packages);
}
