//! Alpine's packages: paragraphs of one-letter fields.

use std::io::Read;

use super::{Found, belong};
use crate::bytes::{Lines, text};
use crate::error::{InventoryError, Result};
use crate::limits::Limits;
use crate::model::{Ecosystem, Os, Package};
use crate::owners::Wanted;
use crate::root::Root;

/// Where the database lies; the first one that is there counts.
const DATABASES: [&str; 2] = ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"];
const MAX_LINE: usize = 16 << 10;

pub(crate) fn read(root: &Root, os: &Os, limits: &Limits) -> Found {
    let mut found = Found::default();
    for path in DATABASES {
        let file = match root.file(path) {
            Ok((file, _)) => file.file,
            Err(e) if e.is_absent() => continue,
            Err(e) => {
                found.note("apk", path, 0, Some(&e));
                continue;
            }
        };
        let mut error = parse(file, limits.database, |p| found.packages.push(p), |_, _| {}).err();
        if error.is_none() && found.packages.is_empty() {
            error = Some(InventoryError::Malformed("no package in it"));
        }
        belong(&mut found.packages, os, path);
        found.note("apk", path, found.packages.len(), error.as_ref());
        found.bound("apk", path, limits);
        break;
    }
    found
}

/// Looks for `wanted` among the files of all packages.
pub(crate) fn owners(root: &Root, limits: &Limits, wanted: &mut Wanted) -> Result<()> {
    let (file, _) = root.file(DATABASES[0]).or_else(|_| root.file(DATABASES[1]))?;
    parse(
        file.file,
        limits.database,
        |_| {},
        |package, path| {
            wanted.offer(path, || format!("apk:{package}"));
        },
    )
}

/// Hands on each file with the name of its package before it.
pub(crate) fn each_file(root: &Root, limits: &Limits, file: impl FnMut(&str, &str)) -> Result<()> {
    let (from, _) = root.file(DATABASES[0]).or_else(|_| root.file(DATABASES[1]))?;
    parse(from.file, limits.database, |_| {}, file)
}

/// Hands each package on as it ends, and each file with the name of its package.
fn parse(
    from: impl Read,
    max: u64,
    mut package: impl FnMut(Package),
    mut file: impl FnMut(&str, &str),
) -> Result<()> {
    let mut lines = Lines::new(from.take(max.saturating_add(1)), MAX_LINE);
    let (mut p, mut folder, mut path) = (Package::default(), String::new(), String::new());
    let mut read = 0u64;
    loop {
        let line = lines.next()?;
        if line.is_none_or(<[u8]>::is_empty) {
            let mut done = std::mem::take(&mut p);
            if !done.name.is_empty() && !done.version.is_empty() {
                done.ecosystem = Ecosystem::Apk;
                if done.source_name.is_empty() {
                    done.source_name.clone_from(&done.name);
                }
                done.source_version.clone_from(&done.version);
                package(done);
            }
            folder.clear();
        }
        let Some(line) = line else { break };
        read += line.len() as u64 + 1;
        let [key, b':', value @ ..] = line else { continue };
        match key {
            b'P' => p.name = text(value, 1024),
            b'V' => p.version = text(value, 1024),
            b'A' => p.arch = text(value, 64),
            b'o' => p.source_name = text(value, 1024),
            b'm' => p.vendor = text(value, 1024),
            b's' => {
                p.repository = text(value, 256);
                p.origin_by = "record".into();
            }
            b'F' => folder = text(value, 4096),
            b'R' => {
                path.clear();
                for part in [folder.as_str(), text(value, 4096).as_str()] {
                    if !part.is_empty() {
                        path.push('/');
                        path.push_str(part);
                    }
                }
                file(&p.name, &path);
            }
            _ => {}
        }
    }
    if read > max.saturating_add(1) { Err(InventoryError::TooLarge("the database")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_and_their_files_are_read() {
        let db = "C:Q1x=\nP:libssl1.1\nV:1.1.1c-r0\nA:x86_64\no:openssl\nm:T <t@example.org>\nF:lib\nR:libssl.so.1.1\nZ:Q1\n\nP:musl\nV:1.1.22-r3\nA:x86_64\nF:\nR:x\n";
        let (mut all, mut files) = (Vec::new(), Vec::new());
        parse(db.as_bytes(), 1 << 20, |p| all.push(p), |p, f| files.push(format!("{p} {f}")))
            .expect("a database");
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].source_name.as_str(), all[0].source_version.as_str()), ("openssl", "1.1.1c-r0"));
        assert_eq!(all[1].source_name, "musl");
        assert_eq!(files, ["libssl1.1 /lib/libssl.so.1.1", "musl /x"]);
    }
}
