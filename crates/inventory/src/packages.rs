//! What the operating system's package managers wrote down.

pub(crate) mod apk;
pub(crate) mod dpkg;
pub(crate) mod flatpak;
pub(crate) mod lz4;
pub(crate) mod rpm;
pub(crate) mod snap;

use crate::error::InventoryError;
use crate::limits::Limits;
use crate::model::{Os, Package, Source};
use crate::root::Root;

/// Packages of one kind, and how their reading went.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) packages: Vec<Package>,
    pub(crate) sources: Vec<Source>,
}

/// A package manager: its name and how its packages are read.
pub(crate) type Manager = (&'static str, fn(&Root, &Os, &Limits) -> Found);

/// All of them.
pub(crate) const MANAGERS: [Manager; 5] = [
    ("dpkg", dpkg::read),
    ("rpm", rpm::read),
    ("apk", apk::read),
    ("snap", snap::read),
    ("flatpak", flatpak::read),
];

impl Found {
    /// Notes how the reading of `path` went: nothing where there is nothing.
    pub(crate) fn note(&mut self, name: &str, path: &str, items: usize, error: Option<&InventoryError>) {
        match error {
            Some(e) if e.is_absent() && items == 0 => {}
            Some(e) => self.sources.push(Source::failed(name, path, items, e)),
            None => self.sources.push(Source::read(name, path, items)),
        }
    }

    /// Cuts at the bound, and says so.
    pub(crate) fn bound(&mut self, name: &str, path: &str, limits: &Limits) {
        if self.packages.len() > limits.items {
            self.packages.truncate(limits.items);
            let error = InventoryError::TooMany("packages");
            self.sources.push(Source::failed(name, path, limits.items, &error));
        }
    }
}

/// Puts what os-release says on the packages of that system.
pub(crate) fn belong(packages: &mut [Package], os: &Os, database: &str) {
    for p in packages {
        p.distribution.clone_from(&os.id);
        p.release.clone_from(&os.version);
        database.clone_into(&mut p.database);
    }
}
