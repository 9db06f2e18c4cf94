//! Units of systemd, by their files and their control groups: systemd itself is not asked.

use std::path::Path;

use palisade_estate::edr::{HostFacts, Unit, UnitState, products_known};

use super::Place;
use crate::files::read_text;

const FOLDERS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// Where control groups are, in the second and in the first version.
const GROUPS: [&str; 2] = ["/sys/fs/cgroup/system.slice", "/sys/fs/cgroup/systemd/system.slice"];

pub(super) fn add(place: &Place<'_>, facts: &mut HostFacts) {
    let mut names: Vec<&String> = products_known().all.iter().flat_map(|p| &p.units).collect();
    names.sort();
    let wanted = wants(place);
    let group = GROUPS.iter().map(|g| place.at(g)).find(|g| g.is_dir()).filter(|_| !place.image);
    for name in names {
        // A template has one file for all its instances.
        let file = name.split_once('@').map_or_else(|| name.clone(), |(stem, _)| format!("{stem}@.service"));
        let found = FOLDERS.iter().map(|f| place.at(f).join(&file)).find(|p| p.symlink_metadata().is_ok());
        let Some(path) = found else { continue };
        let masked = std::fs::read_link(&path).is_ok_and(|to| to == Path::new("/dev/null"));
        let enabled = match (masked, wanted.contains(name)) {
            (true, _) => "masked",
            (false, true) => "enabled",
            (false, false) => "disabled",
        };
        let state = match &group {
            None => UnitState::Unknown,
            Some(group) if populated(&group.join(name)) => UnitState::Active,
            Some(_) => UnitState::Inactive,
        };
        facts.units.push(Unit { name: name.clone(), state, enabled: enabled.into() });
    }
}

/// Names of units that a target wants.
fn wants(place: &Place<'_>) -> Vec<String> {
    let folders = std::fs::read_dir(place.at("/etc/systemd/system")).into_iter().flatten().flatten();
    let links = folders
        .filter(|f| f.file_name().to_string_lossy().ends_with(".wants"))
        .take(256)
        .flat_map(|f| std::fs::read_dir(f.path()).into_iter().flatten().flatten().take(4096));
    links
        .filter(|l| l.file_type().is_ok_and(|t| t.is_symlink()))
        .filter_map(|l| l.file_name().into_string().ok())
        .collect()
}

/// Whether a group has processes, in itself or below.
fn populated(group: &Path) -> bool {
    read_text(group.join("cgroup.events")).lines().any(|l| l == "populated 1")
        || !read_text(group.join("cgroup.procs")).is_empty()
}
