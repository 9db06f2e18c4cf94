//! Flatpak's applications and runtimes, of the machine and of each user.

use super::{Found, belong};
use crate::accounts;
use crate::bytes::{c_str, text};
use crate::error::Result;
use crate::limits::Limits;
use crate::model::{Ecosystem, Os, Package};
use crate::root::Root;

const SYSTEM: &str = "/var/lib/flatpak";
const OF_USER: &str = ".local/share/flatpak";
/// Where the version stands in the record of a deployment.
const VERSION_KEY: &[u8] = b"appdata-version\0";

pub(crate) fn read(root: &Root, os: &Os, limits: &Limits) -> Found {
    let mut found = Found::default();
    let homes = accounts::homes(root, limits);
    let places =
        std::iter::once(SYSTEM.to_owned()).chain(homes.iter().map(|(_, h)| format!("{h}/{OF_USER}")));
    for place in places {
        let (before, mut last) = (found.packages.len(), None);
        for kind in ["app", "runtime"] {
            for id in root.names(format!("{place}/{kind}")) {
                for arch in root.names(format!("{place}/{kind}/{id}")) {
                    let folder = format!("{place}/{kind}/{id}/{arch}");
                    for branch in root.names(&folder) {
                        let path = format!("{folder}/{branch}/active/deploy");
                        match package(root, &path, limits) {
                            Ok(p) => found.packages.push(Package {
                                name: id.clone(),
                                arch: arch.clone(),
                                repository: branch,
                                path,
                                ..p
                            }),
                            // `current` is a link beside the branches' architectures.
                            Err(e) if e.is_absent() => {}
                            Err(e) => last = Some(e),
                        }
                    }
                }
            }
        }
        let new = found.packages.len() - before;
        if new > 0 || last.is_some() {
            belong(&mut found.packages[before..], os, &place);
            found.note("flatpak", &place, new, last.as_ref());
        }
    }
    found.bound("flatpak", SYSTEM, limits);
    found
}

fn package(root: &Root, path: &str, limits: &Limits) -> Result<Package> {
    let (record, place) = root.read(path, limits.text)?;
    let (origin, commit, version) = deployment(&record);
    Ok(Package {
        ecosystem: Ecosystem::Flatpak,
        version,
        source_version: commit,
        origin,
        origin_by: "record".into(),
        installed_us: Some(place.stamp.mtime.0.saturating_mul(1_000_000)),
        ..Package::default()
    })
}

/// Remote, commit and version out of a deployment's record: a GVariant whose first two members are texts,
/// and which has a dictionary of texts to values.
fn deployment(record: &[u8]) -> (String, String, String) {
    let origin = c_str(record);
    let commit = c_str(record.get(origin.len() + 1..).unwrap_or_default());
    let version = memchr::memmem::find(record, VERSION_KEY).and_then(|at| {
        // The value follows at the next multiple of eight, and its type behind it.
        let start = (at + VERSION_KEY.len()).next_multiple_of(8);
        let value = c_str(record.get(start..)?);
        record.get(start + value.len() + 1..)?.starts_with(b"\0s").then_some(value)
    });
    (text(origin, 256), text(commit, 128), text(version.unwrap_or_default(), 256))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_names_remote_commit_and_version() {
        let mut record = b"flathub\0abcdef\0".to_vec();
        record.resize(24, 0);
        record.extend(b"appdata-version\0");
        record.extend(b"43.2\0\0s");
        let read = deployment(&record);
        assert_eq!((read.0.as_str(), read.1.as_str(), read.2.as_str()), ("flathub", "abcdef", "43.2"));
        assert_eq!(deployment(b"x").0, "x");
    }
}
