//! Python: the folders and files in which an installer describes what it installed.

use super::walk::Read;
use super::{Found, package};
use crate::bytes::text;
use crate::model::Ecosystem;

/// Name and version stand at the start of a description.
const MAX_START: u64 = 64 << 10;

/// `x.dist-info`, `x.egg-info` or `EGG-INFO`.
pub(super) fn folder(found: &Found<'_>) -> Read {
    // pip renames what it could not remove: it is not installed any more.
    if found.name.starts_with(b"~") {
        return Ok(None);
    }
    let file = if found.name.ends_with(b".dist-info") { "METADATA" } else { "PKG-INFO" };
    let (start, stamp) = found.start(Some(file), MAX_START)?;
    let package = describe(&start, found.name, &format!("{}/{file}", found.path));
    Ok(package.map(|p| (vec![p], stamp_of_folder(stamp))))
}

/// `x.egg-info` as a file.
pub(super) fn file(found: &Found<'_>) -> Read {
    let (start, stamp) = found.start(None, MAX_START)?;
    Ok(describe(&start, found.name, found.path).map(|p| (vec![p], stamp)))
}

/// The file below lies in a folder of its own, which the tree does not keep: an installer replaces that
/// folder, and so changes the one above.
fn stamp_of_folder(stamp: crate::root::Stamp) -> crate::root::Stamp {
    crate::root::Stamp { mode: libc::S_IFDIR, ..stamp }
}

fn describe(start: &[u8], name: &[u8], path: &str) -> Option<crate::model::Package> {
    let field = |key: &[u8]| {
        let lines = start.split(|b| *b == b'\n').take_while(|l| !l.is_empty() && *l != b"\r");
        let value = lines.filter_map(|l| l.strip_prefix(key)).find_map(|v| v.strip_prefix(b":"))?;
        Some(text(value, 512))
    };
    let (mut called, mut version) =
        (field(b"Name").unwrap_or_default(), field(b"Version").unwrap_or_default());
    if called.is_empty() || version.is_empty() {
        // The folder's own name says the same.
        let stem = text(name, 512);
        let stem = stem.strip_suffix(".dist-info").or_else(|| stem.strip_suffix(".egg-info"))?;
        let mut parts = stem.splitn(3, '-');
        called = parts.next()?.to_owned();
        version = parts.next()?.to_owned();
    }
    package(Ecosystem::Pypi, &called, &version, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_read_and_else_the_name() {
        let p = describe(b"Metadata-Version: 2.1\nName: PyYAML\nVersion: 6.0\n\nVersion: 1\n", b"x", "/p");
        let p = p.expect("a package");
        assert_eq!((p.name.as_str(), p.version.as_str(), p.path.as_str()), ("PyYAML", "6.0", "/p"));
        let p = describe(b"", b"my_lib-1.2-py3.11.egg-info", "/p").expect("a package");
        assert_eq!((p.name.as_str(), p.version.as_str()), ("my_lib", "1.2"));
        assert!(describe(b"Name: x\n", b"x.egg-info", "/p").is_none());
    }
}
