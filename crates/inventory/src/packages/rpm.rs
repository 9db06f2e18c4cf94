//! RPM's packages, in each of the three databases that distributions have: a table of SQLite, a file of
//! slots (ndb), a hash of Berkeley DB. All hold the same headers.

mod bdb;
pub(crate) mod header;
mod ndb;
mod signer;
mod sqlite;
mod wal;

use super::{Found, belong};
use crate::bytes::{ReadAt, Sized};
use crate::error::{InventoryError, Result};
use crate::limits::Limits;
use crate::model::{Os, Package};
use crate::owners::Wanted;
use crate::root::{Place, Root};
pub use header::read as header;

/// Folders that hold the database; the first one that has any counts.
const FOLDERS: [&str; 3] = ["/usr/lib/sysimage/rpm", "/var/lib/rpm", "/usr/share/rpm"];
/// Largest header of one package.
pub(crate) const MAX_HEADER: usize = 64 << 20;
/// Tries to read a database that is written to.
const TRIES: usize = 3;

/// Hands on the header of each package.
type Each<'a> = &'a mut dyn FnMut(&[u8]) -> Result<()>;

#[derive(Clone, Copy)]
enum Format {
    Sqlite,
    Ndb,
    Bdb,
}

const FILES: [(&str, Format); 3] =
    [("rpmdb.sqlite", Format::Sqlite), ("Packages.db", Format::Ndb), ("Packages", Format::Bdb)];

pub(crate) fn read(root: &Root, os: &Os, limits: &Limits) -> Found {
    let mut found = Found::default();
    for folder in FOLDERS {
        for (name, format) in FILES {
            let path = format!("{folder}/{name}");
            let (packages, error) = steady(root, &path, format, limits);
            if error.as_ref().is_some_and(|e| e.is_absent()) {
                continue;
            }
            found.packages = packages;
            belong(&mut found.packages, os, &path);
            found.note("rpm", &path, found.packages.len(), error.as_ref());
            found.bound("rpm", &path, limits);
            return found;
        }
    }
    found
}

/// Reads until nothing was written meanwhile.
fn steady(
    root: &Root,
    path: &str,
    format: Format,
    limits: &Limits,
) -> (Vec<Package>, Option<InventoryError>) {
    let mut last = (Vec::new(), None);
    for _ in 0..TRIES {
        let before = stamps(root, path);
        let mut packages = Vec::new();
        let done = each(root, path, format, limits, &mut |blob| {
            // A key that was imported is kept as a package; it is none.
            packages.extend(header::read(blob)?.filter(|p| p.name != "gpg-pubkey"));
            if packages.len() > limits.items { Err(InventoryError::TooMany("packages")) } else { Ok(()) }
        });
        let error = match done {
            Ok(()) if packages.is_empty() => Some(InventoryError::Malformed("no package in it")),
            other => other.err(),
        };
        if stamps(root, path) == before {
            return (packages, error);
        }
        last = (packages, Some(InventoryError::Unsteady));
    }
    last
}

fn stamps(root: &Root, path: &str) -> [Option<crate::root::Stamp>; 2] {
    [path.to_owned(), format!("{path}-wal")].map(|p| root.place(p).ok().map(|p| p.stamp))
}

/// Looks for `wanted` among the files of all packages.
pub(crate) fn owners(root: &Root, limits: &Limits, wanted: &mut Wanted) -> Result<()> {
    let places = FOLDERS.iter().flat_map(|folder| FILES.map(|(name, f)| (format!("{folder}/{name}"), f)));
    for (path, format) in places {
        let done = each(root, &path, format, limits, &mut |blob| header::files(blob, wanted));
        match done {
            Err(e) if e.is_absent() => {}
            other => return other,
        }
    }
    Err(std::io::Error::from(std::io::ErrorKind::NotFound).into())
}

/// What is done with a file of a package.
type EachFile<'a> = &'a mut dyn FnMut(&Package, &str) -> Result<()>;

/// Hands on each file of each package.
pub(crate) fn each_file(root: &Root, limits: &Limits, f: EachFile<'_>) -> Result<()> {
    let places = FOLDERS.iter().flat_map(|folder| FILES.map(|(name, f)| (format!("{folder}/{name}"), f)));
    for (path, format) in places {
        let done = each(root, &path, format, limits, &mut |blob| {
            let Some(package) = header::read(blob)? else { return Ok(()) };
            header::each_file(blob, &mut |path| f(&package, path))
        });
        match done {
            Err(e) if e.is_absent() => {}
            other => return other,
        }
    }
    Err(std::io::Error::from(std::io::ErrorKind::NotFound).into())
}

fn each(root: &Root, path: &str, format: Format, limits: &Limits, f: Each<'_>) -> Result<()> {
    let open = |path: &str| -> Result<(Sized, Place)> {
        let (file, place) = root.file(path)?;
        if file.size > limits.database {
            Err(InventoryError::TooLarge("the database"))
        } else {
            Ok((file, place))
        }
    };
    let (file, place) = open(path)?;
    match format {
        Format::Ndb => ndb::each(&file, f),
        Format::Bdb => bdb::each(&file, f),
        Format::Sqlite => {
            // What was committed and not yet moved into the file lies beside it.
            let wal = open(&format!("{}-wal", place.path)).ok().map(|(file, _)| file);
            sqlite::each(&file, wal.as_ref().map(|w| w as &dyn ReadAt), f)
        }
    }
}

/// The blobs of a Berkeley DB hash, in memory.
///
/// # Errors
/// When it is no such file, or a broken one.
pub fn bdb_blobs(data: &[u8], f: &mut dyn FnMut(&[u8])) -> Result<()> {
    bdb::each(&data, &mut |blob| {
        f(blob);
        Ok(())
    })
}

/// The blobs of an ndb file, in memory.
///
/// # Errors
/// When it is no such file, or a broken one.
pub fn ndb_blobs(data: &[u8], f: &mut dyn FnMut(&[u8])) -> Result<()> {
    ndb::each(&data, &mut |blob| {
        f(blob);
        Ok(())
    })
}

/// The blobs of a SQLite database's table of packages and of its log of writes, in memory.
///
/// # Errors
/// When it is no such file, or a broken one.
pub fn sqlite_blobs(data: &[u8], wal: Option<&[u8]>, f: &mut dyn FnMut(&[u8])) -> Result<()> {
    let wal = wal.as_ref().map(|w| w as &dyn ReadAt);
    sqlite::each(&data, wal, &mut |blob| {
        f(blob);
        Ok(())
    })
}
