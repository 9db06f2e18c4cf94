//! Our own inventory.

use std::collections::{BTreeSet, HashMap};

use palisade_advisory::Ecosystem;
use palisade_inventory::{Ecosystem as Kind, Inventory, Os, Package};

use super::origin::{Origin, Said, origin};
use super::{InventoryFormat, ReadInventory};
use crate::component::{Component, Installed, Owner};
use crate::index::canonical_name;

/// An inventory's packages, and those of its containers, as components.
pub fn from_inventory(inventory: &Inventory) -> ReadInventory {
    let mut installed = Vec::with_capacity(inventory.packages.len());
    all(&inventory.os, &inventory.packages, "", &mut installed);
    for container in &inventory.containers {
        all(&container.os, &container.packages, &container.id, &mut installed);
    }
    ReadInventory {
        format: InventoryFormat::Palisade,
        installed,
        bad: Vec::new(),
        os: (inventory.os.id.clone(), inventory.os.version.clone()),
    }
}

fn all(os: &Os, packages: &[Package], container: &str, out: &mut Vec<Installed>) {
    let channels = channels(packages);
    let made: Vec<Option<Component>> = packages.iter().map(|p| component(os, p, &channels)).collect();
    let foreign: HashMap<String, bool> = packages
        .iter()
        .zip(&made)
        .filter(|(p, _)| p.ecosystem.is_os())
        .map(|(p, c)| {
            let own = c.as_ref().is_some_and(|c| c.foreign.is_empty());
            (format!("{}:{}", p.ecosystem.as_str(), p.name), !own)
        })
        .collect();
    for (package, component) in packages.iter().zip(made) {
        let Some(mut component) = component else { continue };
        if !package.owner.is_empty() {
            component.owner = match foreign.get(&package.owner) {
                Some(true) => Owner::Foreign,
                // What snaps and Flatpaks hold no distribution speaks about.
                _ if ["snap:", "flatpak:"].iter().any(|k| package.owner.starts_with(k)) => Owner::Foreign,
                _ => Owner::Distribution,
            };
        }
        let path = if package.path.is_empty() { &package.database } else { &package.path };
        out.push(Installed {
            component,
            path: path.clone(),
            running: package.running,
            container: container.to_owned(),
        });
    }
}

/// Streams of fixes that the machine takes: it has packages of them.
fn channels(packages: &[Package]) -> Vec<String> {
    let of = |p: &Package| match p.ecosystem {
        Kind::Deb if p.origin.starts_with("UbuntuESM") || p.version.contains("+esm") => Some("esm"),
        Kind::Rpm if p.repository.contains("-eus-") => Some("eus"),
        _ => None,
    };
    packages.iter().filter_map(of).collect::<BTreeSet<_>>().into_iter().map(str::to_owned).collect()
}

/// A package as a component; nothing for what no advisory names (snaps, Flatpaks).
fn component(os: &Os, package: &Package, channels: &[String]) -> Option<Component> {
    let mut out =
        Component { version: package.version.clone(), arch: package.arch.clone(), ..Component::default() };
    let family = match package.ecosystem {
        Kind::Deb | Kind::Rpm | Kind::Apk => return Some(of_os(os, package, channels, out)),
        Kind::Snap => "snap",
        Kind::Flatpak => "flatpak",
        Kind::Pypi => "pypi",
        Kind::Npm => "npm",
        Kind::Gem => "gem",
        Kind::Go => "go",
        Kind::Cargo => "cargo",
        Kind::Maven => "maven",
    };
    out.ecosystem = Ecosystem::new(family, "", "");
    out.name = canonical_name(family, &package.name).into_owned();
    // An architecture decides nothing there.
    out.arch.clear();
    Some(out)
}

fn of_os(os: &Os, package: &Package, channels: &[String], mut out: Component) -> Component {
    let id = if package.distribution.is_empty() { &os.id } else { &package.distribution };
    let release = if package.release.is_empty() { &os.version } else { &package.release };
    out.ecosystem = host(id, release, &os.id_like);
    out.name.clone_from(&package.name);
    out.source.clone_from(&package.source_name);
    out.source_version.clone_from(&package.source_version);
    out.module.clone_from(&package.module);
    if !channels.is_empty() && release.contains('.') {
        out.minor.clone_from(release);
    }
    out.channels = channels.to_vec();
    if package.ecosystem == Kind::Rpm {
        out.repository.clone_from(&package.repository);
    }
    let said = Said {
        origin: &package.origin,
        by: &package.origin_by,
        vendor: &package.vendor,
        version: &package.version,
    };
    match origin(&out.ecosystem, &said) {
        Origin::Distribution => {}
        Origin::Foreign(by) => out.foreign = by,
        Origin::Of(ecosystem) => out.ecosystem = ecosystem,
    }
    out
}

/// The release of a machine; a distribution that only takes over another one's packages is that one.
pub(super) fn host(id: &str, release: &str, like: &[String]) -> Ecosystem {
    let own = Ecosystem::of_host(id, release);
    if own.scheme().is_some() || id.is_empty() {
        return own;
    }
    // CentOS Stream, EuroLinux and the like: packages of the same release number.
    let known = like.iter().find(|l| matches!(l.as_str(), "rhel" | "centos"));
    known.map_or(own, |l| Ecosystem::of_host(l, release))
}
