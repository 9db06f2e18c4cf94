//! What follows from two sources together: the package that brought a file, and whether it runs.

use std::collections::{BTreeSet, HashSet};

use crate::limits::Limits;
use crate::live::{Live, units};
use crate::model::{Container, Ecosystem, Inventory, Kernel, Loaded, LoadedKind, Package, Source};
use crate::owners::{self, Wanted};
use crate::root::Root;

/// Fills in the owners of all files that an inventory names.
pub(super) fn owners(root: &Root, limits: &Limits, inventory: &mut Inventory) -> Vec<Source> {
    let mut wanted = Wanted::new(root);
    for p in inventory.packages.iter().filter(|p| !p.ecosystem.is_os()) {
        wanted.ask(outer(&p.path));
    }
    for path in inventory
        .loaded
        .iter()
        .map(|l| &l.path)
        .chain(inventory.endpoints.iter().map(|e| &e.program))
        .chain(inventory.services.iter().map(|s| &s.path))
        .chain(inventory.certificates.iter().filter_map(|c| c.paths.first()))
        .chain(inventory.kernel.iter().flat_map(|k| &k.installed).map(|k| &k.path))
    {
        wanted.ask(path);
    }
    let failed = owners::find(root, limits, &mut wanted);
    own(&mut inventory.packages, &wanted);
    for l in &mut inventory.loaded {
        l.package = wanted.owner(&l.path);
    }
    for e in inventory.endpoints.iter_mut().filter(|e| e.container.is_empty()) {
        e.package = wanted.owner(&e.program);
    }
    for s in &mut inventory.services {
        s.package = wanted.owner(&s.path);
    }
    for c in &mut inventory.certificates {
        c.package = c.paths.first().map(|p| wanted.owner(p)).unwrap_or_default();
    }
    if let Some(kernel) = &mut inventory.kernel {
        for k in &mut kernel.installed {
            k.package = wanted.owner(&k.path);
        }
        let running = kernel.installed.iter().find(|k| k.running);
        kernel.package = running.map(|k| k.package.clone()).unwrap_or_default();
    }
    failed
}

fn own(packages: &mut [Package], wanted: &Wanted) {
    for p in packages.iter_mut().filter(|p| !p.ecosystem.is_os()) {
        p.owner = wanted.owner(outer(&p.path));
    }
}

/// The file on the disk of what lies within an archive.
fn outer(path: &str) -> &str {
    path.split("!/").next().unwrap_or(path)
}

/// Fills in what runs.
pub(super) fn running(live: &Live, inventory: &mut Inventory) {
    let memory = Memory::new(&inventory.loaded);
    for p in &mut inventory.packages {
        p.running = memory.has(p);
        if p.ecosystem == Ecosystem::Snap {
            let prefix = format!("snap.{}.", p.name);
            p.running = live.units.keys().any(|u| u.starts_with(&prefix)).then_some(true);
        }
    }
    if let Some(kernel) = &inventory.kernel {
        kernel_packages(kernel, &mut inventory.packages);
    }
    units::run(&mut inventory.services, &live.units, &live.names);
    for s in &mut inventory.shares {
        let server = if s.kind == "smb" { "smbd" } else { "nfsd" };
        s.running = Some(live.names.contains(server));
    }
}

/// A kernel counts where it runs. RPM installs several of one name: the release tells them apart.
fn kernel_packages(kernel: &Kernel, packages: &mut [Package]) {
    let brought: BTreeSet<&str> =
        kernel.installed.iter().map(|k| k.package.as_str()).filter(|p| !p.is_empty()).collect();
    for p in packages {
        let name = p.as_owner();
        if !brought.contains(name.as_str()) {
            continue;
        }
        let version = p.version.split_once(':').map_or(p.version.as_str(), |(_, v)| v);
        p.running = Some(
            name == kernel.package && (p.ecosystem != Ecosystem::Rpm || kernel.running.contains(version)),
        );
    }
}

/// Fills in owners and what runs of a container.
pub(super) fn container(root: &Root, limits: &Limits, loaded: &[Loaded], c: &mut Container) {
    let mut wanted = Wanted::new(root);
    for path in c.packages.iter().filter(|p| !p.ecosystem.is_os()).map(|p| outer(&p.path)) {
        wanted.ask(path);
    }
    for l in loaded {
        wanted.ask(&l.path);
    }
    c.sources.extend(owners::find(root, limits, &mut wanted));
    own(&mut c.packages, &wanted);
    let mut loaded = loaded.to_vec();
    for l in &mut loaded {
        l.package = wanted.owner(&l.path);
    }
    let memory = Memory::new(&loaded);
    for p in &mut c.packages {
        p.running = memory.has(p);
    }
}

/// What is in memory, arranged for questions about packages.
struct Memory<'a> {
    /// Packages one of whose files is mapped or open.
    packages: HashSet<&'a str>,
    programs: HashSet<&'a str>,
    archives: HashSet<&'a str>,
    /// Folders of Python and Node packages one of whose libraries is mapped, in small letters.
    folders: HashSet<String>,
}

impl<'a> Memory<'a> {
    fn new(loaded: &'a [Loaded]) -> Self {
        let mut memory = Self {
            packages: HashSet::new(),
            programs: HashSet::new(),
            archives: HashSet::new(),
            folders: HashSet::new(),
        };
        for l in loaded {
            if !l.package.is_empty() {
                memory.packages.insert(&l.package);
            }
            match l.kind {
                LoadedKind::Program => memory.programs.insert(&l.path),
                LoadedKind::Archive | LoadedKind::Library => memory.archives.insert(&l.path),
            };
            for mark in ["/site-packages/", "/dist-packages/", "/node_modules/"] {
                if let Some(at) = l.path.rfind(mark) {
                    let start = at + mark.len();
                    let parts = if l.path[start..].starts_with('@') { 2 } else { 1 };
                    let end = l.path[start..].match_indices('/').nth(parts - 1).map(|(i, _)| start + i);
                    memory.folders.extend(end.map(|e| l.path[..e].to_lowercase()));
                }
            }
        }
        memory
    }

    /// Whether a package is in memory; nothing where that cannot be told.
    fn has(&self, p: &Package) -> Option<bool> {
        let folder = |path: &str| self.folders.contains(&path.to_lowercase()).then_some(true);
        match p.ecosystem {
            Ecosystem::Deb | Ecosystem::Rpm | Ecosystem::Apk => {
                Some(self.packages.contains(p.as_owner().as_str()))
            }
            Ecosystem::Go | Ecosystem::Cargo => Some(self.programs.contains(p.path.as_str())),
            Ecosystem::Maven => Some(self.archives.contains(outer(&p.path))),
            Ecosystem::Npm => folder(p.path.strip_suffix("/package.json")?),
            Ecosystem::Pypi => {
                // `…/site-packages/x.dist-info/METADATA`: the modules lie beside the description.
                let description = p.path.rsplit_once('/').map(|(folder, _)| folder)?;
                let (site, _) = description.rsplit_once('/')?;
                folder(&format!("{site}/{}", p.name.replace(['-', '.'], "_")))
            }
            Ecosystem::Gem | Ecosystem::Snap | Ecosystem::Flatpak => None,
        }
    }
}
