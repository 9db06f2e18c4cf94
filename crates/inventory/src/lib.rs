//! What a root file system holds, and what of it runs: the sensor's inventory, shared with the scan of
//! disks and container layers that nothing runs from.
//!
//! Everything here only reads. No link leads out of the root, no network or pseudo file system is
//! entered, nothing is executed, and every file, list and walk has a bound; what was cut or could not be
//! read is said in the answer ([`Source`]), so that an empty list is never taken for a clean one.

mod accounts;
mod belongings;
mod bytes;
mod certificates;
mod error;
mod extensions;
mod host;
mod language;
mod limits;
mod live;
mod model;
mod owners;
mod packages;
pub mod parts;
mod root;
mod scan;
mod shares;
pub mod told;

pub use belongings::package_files;
pub use error::{InventoryError, Result};
pub use extensions::risk;
pub use limits::Limits;
pub use model::{
    Boot, BrowserExtension, Certificate, Container, Cpu, Ecosystem, EndOfLife, Endpoint, FORMAT, Group,
    Hardware, InstalledKernel, Inventory, Kernel, Loaded, LoadedKind, Os, Package, PasswordState, Service,
    Share, Source, SourceState, Support, User,
};
pub use parts::{join, split};
pub use root::{Class, FolderEntry, Kind, Listing, Mounts, Place, Root, Stamp, open_at, stamp_at};
pub use scan::{Changes, Options, Scanner};
pub use told::told;

/// The system of `root` and what its package managers wrote down, without a walk for languages.
pub fn system_packages(root: &Root, limits: &Limits) -> (Os, Vec<Package>, Vec<Source>) {
    let os = host::os::read(root, limits, palisade_types::TimeMicros::now());
    let (mut packages, mut sources) = (Vec::new(), Vec::new());
    for (_, read) in packages::MANAGERS {
        let found = read(root, &os, limits);
        packages.extend(found.packages);
        sources.extend(found.sources);
    }
    (os, packages, sources)
}

/// Programs and libraries in memory of this root's own processes, each with the package that brought it.
/// `proc` is where the kernel shows processes.
pub fn loaded(root: &Root, proc: &std::path::Path, limits: &Limits) -> Vec<Loaded> {
    let mut loaded = live::read(proc, limits).loaded;
    let mut wanted = owners::Wanted::new(root);
    for l in &loaded {
        wanted.ask(&l.path);
    }
    owners::find(root, limits, &mut wanted);
    for l in &mut loaded {
        l.package = wanted.owner(&l.path);
    }
    loaded
}

/// Decoders of what other programs wrote, one by one: for tests of hostile input.
pub mod decode {
    pub use crate::language::elf::{cargo_auditable, go_build_info};
    pub use crate::language::java::archive;
    pub use crate::packages::dpkg::status::installed as dpkg_status;
    pub use crate::packages::lz4::unframe as lz4_frame;
    pub use crate::packages::rpm::{bdb_blobs, header as rpm_header, ndb_blobs, sqlite_blobs};
}
