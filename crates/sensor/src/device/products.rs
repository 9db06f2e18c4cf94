//! Facts about security products, read from files alone: no child, no shell, no command of a product.
//! The estate's script gathers the same where there is no sensor; a test compares them.

mod packages;
mod processes;
mod units;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use palisade_estate::edr::{FileFact, HostFacts, Product, Section, SourceState, products_known, take, tidy};
use palisade_estate::machine::OsFacts;
use palisade_types::TimeMicros;

use crate::files::{read_bounded, read_text};

/// Most bytes of a file of settings.
const MAX_SETTINGS: u64 = 1 << 20;
/// Most bytes of the list of kernel modules.
const MAX_MODULES: u64 = 1 << 20;

/// The root that is looked at, and whether it is a running machine's.
struct Place<'a> {
    root: &'a Path,
    image: bool,
}

impl Place<'_> {
    /// An absolute path below the root.
    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }
}

/// Looks for security products on this machine, or in the file system below another root. Who watches
/// files is left out.
pub fn gather(other_root: Option<&Path>) -> HostFacts {
    let place = Place { root: other_root.unwrap_or(Path::new("/")), image: other_root.is_some() };
    let root = nix::unistd::geteuid().is_root();
    let mut facts = HostFacts {
        taken_at: TimeMicros::now().0 / 1_000_000,
        root,
        image: place.image,
        os: system(&place),
        complete: true,
        ..HostFacts::default()
    };
    facts.blind.insert(Section::Commands, "no command of a product was run".into());
    packages::add(&place, &mut facts);
    units::add(&place, &mut facts);
    modules(&place, &mut facts);
    processes::add(&place, &mut facts);
    let known = &products_known().all;
    for path in known.iter().flat_map(|p| &p.paths) {
        match look(&place, path) {
            Seen::There => facts.paths.push(path.clone()),
            Seen::Hidden => facts.hidden.push(path.clone()),
            Seen::Absent => {}
        }
    }
    for path in known.iter().flat_map(|p| &p.checks).flat_map(|c| &c.newest) {
        match std::fs::metadata(place.at(path)) {
            Ok(m) if m.is_file() => {
                facts.files.push(FileFact { path: path.clone(), modified: m.mtime(), size: m.size() });
            }
            _ if look(&place, path) == Seen::Hidden => facts.hidden.push(path.clone()),
            _ => {}
        }
    }
    known.iter().for_each(|p| settings(&place, p, &mut facts));
    facts
}

fn system(place: &Place<'_>) -> OsFacts {
    let text = ["/etc/os-release", "/usr/lib/os-release"].map(|p| read_text(place.at(p)));
    let text = text.iter().find(|t| !t.is_empty()).map_or("", String::as_str);
    let uts = nix::sys::utsname::uname().ok();
    let word = |f: fn(&nix::sys::utsname::UtsName) -> &std::ffi::OsStr| {
        uts.as_ref().map(|u| f(u).to_string_lossy().into_owned()).unwrap_or_default()
    };
    let kernel = if place.image { String::new() } else { word(nix::sys::utsname::UtsName::release) };
    OsFacts::from_os_release(text, &kernel, &word(nix::sys::utsname::UtsName::machine))
}

/// Whether something is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    There,
    Absent,
    /// A folder above it cannot be looked into.
    Hidden,
}

fn look(place: &Place<'_>, path: &str) -> Seen {
    match std::fs::metadata(place.at(path)) {
        Ok(_) => Seen::There,
        Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => Seen::Hidden,
        Err(_) => Seen::Absent,
    }
}

fn modules(place: &Place<'_>, facts: &mut HostFacts) {
    let text = match read_bounded(place.at("/proc/modules"), MAX_MODULES) {
        Ok(text) if !place.image => text,
        _ => {
            facts.blind.insert(Section::Modules, "the list of kernel modules cannot be read".into());
            return;
        }
    };
    let text = String::from_utf8_lossy(&text);
    let names = text.lines().filter_map(|l| l.split_whitespace().next());
    let wanted = |name: &&str| products_known().all.iter().any(|p| p.has_module(name));
    facts.modules.extend(names.filter(wanted).take(32).map(str::to_owned));
}

fn settings(place: &Place<'_>, product: &Product, facts: &mut HostFacts) {
    for source in &product.sources {
        let Some(file) = &source.file else { continue };
        let id = format!("{}.{}", product.id, source.id);
        let path = place.at(file);
        // Only plain files: opening a pipe would wait for ever.
        let plain = std::fs::metadata(&path).is_ok_and(|m| m.is_file());
        let text = if plain { read_bounded(&path, MAX_SETTINGS).ok() } else { None };
        let Some(text) = text else {
            if look(place, file) != Seen::Absent {
                facts.sources.insert(id, SourceState::Denied);
            }
            continue;
        };
        let text = String::from_utf8_lossy(&text);
        for spec in &source.values {
            let value = take(&text, spec).map(|v| tidy(&v)).filter(|v| !v.is_empty());
            facts.values.extend(value.map(|v| (format!("{id}.{}", spec.key), v)));
        }
        facts.sources.insert(id, SourceState::Ok);
    }
}

#[cfg(test)]
mod tests;
