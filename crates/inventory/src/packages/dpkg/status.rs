//! The status file: paragraphs of fields.

use std::io::Read;

use crate::bytes::{Lines, text};
use crate::error::{InventoryError, Result};
use crate::model::{Ecosystem, Package};

/// Longest line that is looked at.
const MAX_LINE: usize = 16 << 10;
/// Longest value that is kept.
const MAX_VALUE: usize = 1024;
/// Most packages of one file.
const MAX_PACKAGES: usize = 500_000;

/// The packages of a status file that are there, whole or in part.
///
/// # Errors
/// When it is no status file at all.
pub fn installed(data: &[u8]) -> Result<Vec<Package>> {
    let (packages, error) = read(data, data.len() as u64)?;
    error.map_or(Ok(packages), Err)
}

/// The same, with what was read until an error.
pub(crate) fn read(from: impl Read, max: u64) -> Result<(Vec<Package>, Option<InventoryError>)> {
    let mut lines = Lines::new(from.take(max.saturating_add(1)), MAX_LINE);
    let (mut packages, mut paragraph, mut read) = (Vec::new(), Paragraph::default(), 0u64);
    let mut fields = 0usize;
    let error = loop {
        match lines.next() {
            Ok(Some(line)) => {
                read += line.len() as u64 + 1;
                if line.iter().all(u8::is_ascii_whitespace) {
                    paragraph.end(&mut packages);
                } else {
                    fields += usize::from(paragraph.field(line));
                }
            }
            Ok(None) => break None,
            Err(e) => break Some(e.into()),
        }
        if packages.len() > MAX_PACKAGES {
            break Some(InventoryError::TooMany("packages"));
        }
    };
    paragraph.end(&mut packages);
    if read > 1 && fields == 0 && error.is_none() {
        return Err(InventoryError::Malformed("no field of a package"));
    }
    let error =
        error.or((read > max.saturating_add(1)).then_some(InventoryError::TooLarge("the status file")));
    Ok((packages, error))
}

#[derive(Default)]
struct Paragraph {
    package: Package,
    status: String,
    source: String,
    any: bool,
}

impl Paragraph {
    /// Takes a line; whether it is a field that we know.
    fn field(&mut self, line: &[u8]) -> bool {
        self.any = true;
        if line[0].is_ascii_whitespace() {
            return false;
        }
        let Some(colon) = memchr::memchr(b':', line) else { return false };
        let value = || text(&line[colon + 1..], MAX_VALUE);
        let p = &mut self.package;
        let to = match &line[..colon] {
            b"Package" => &mut p.name,
            b"Version" => &mut p.version,
            b"Architecture" => &mut p.arch,
            b"Status" => &mut self.status,
            b"Source" => &mut self.source,
            b"Maintainer" => &mut p.vendor,
            b"Multi-Arch" => &mut p.multi_arch,
            b"Origin" => {
                p.origin_by = "header".into();
                &mut p.origin
            }
            _ => return false,
        };
        *to = value();
        true
    }

    fn end(&mut self, packages: &mut Vec<Package>) {
        if !std::mem::take(&mut self.any) {
            return;
        }
        let Self { mut package, status, source, .. } = std::mem::take(self);
        let mut words = status.split_whitespace();
        let (want, _, state) = (words.next(), words.next(), words.next());
        // Without a status the paragraph is of an image that has no dpkg: what is listed is there.
        let state = state.unwrap_or("installed");
        if package.name.is_empty()
            || package.version.is_empty()
            || matches!(state, "not-installed" | "config-files")
        {
            return;
        }
        package.ecosystem = Ecosystem::Deb;
        package.hold = want == Some("hold");
        if state != "installed" {
            state.clone_into(&mut package.state);
        }
        (package.source_name, package.source_version) = source_of(&source, &package.name, &package.version);
        packages.push(package);
    }
}

/// `Source: name (version)`: each part is left out where it is the package's own.
fn source_of(source: &str, name: &str, version: &str) -> (String, String) {
    let (source, own) = match source.split_once('(') {
        Some((s, v)) => (s.trim(), v.trim_end().trim_end_matches(')').trim()),
        None => (source.trim(), ""),
    };
    let or = |s: &str, other: &str| if s.is_empty() { other.to_owned() } else { s.to_owned() };
    (or(source, name), or(own, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "\
Package: libfoo1
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Source: foo (1:2.0-1)
Version: 1:2.0-1+b3
Maintainer: A B <a@example.org>
Description: short
 Version: 9 of the text is no field

Package: gone
Status: deinstall ok config-files
Version: 1

Package: kept
Status: hold ok half-configured
Architecture: all
Version: 3~rc1-2
Origin: Example
";

    #[test]
    fn sources_states_and_holds_are_read() {
        let all = installed(STATUS.as_bytes()).expect("a status file");
        assert_eq!(all.len(), 2);
        let foo = &all[0];
        assert_eq!(
            (foo.name.as_str(), foo.version.as_str(), foo.arch.as_str()),
            ("libfoo1", "1:2.0-1+b3", "amd64")
        );
        assert_eq!((foo.source_name.as_str(), foo.source_version.as_str()), ("foo", "1:2.0-1"));
        assert_eq!((foo.multi_arch.as_str(), foo.hold, foo.state.as_str()), ("same", false, ""));
        let kept = &all[1];
        assert_eq!((kept.source_name.as_str(), kept.source_version.as_str()), ("kept", "3~rc1-2"));
        assert_eq!(
            (kept.hold, kept.state.as_str(), kept.origin.as_str()),
            (true, "half-configured", "Example")
        );
    }

    #[test]
    fn another_file_is_no_empty_list() {
        assert_eq!(installed(b"\x7fELF and so on").expect_err("no status").code(), "malformed");
        assert!(installed(b"").expect("an empty one").is_empty());
        assert!(installed(b"\n").expect("an empty one").is_empty());
    }

    #[test]
    fn what_is_beyond_the_bound_is_said() {
        let (_, error) = read(STATUS.as_bytes(), 100).expect("a beginning");
        assert_eq!(error.expect("cut").code(), "too_large");
    }
}
