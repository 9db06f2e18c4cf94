//! The header of a package: an index of tags, and the data that it points into.

use crate::bytes::{c_str, text, u32_at};
use crate::error::{InventoryError, Result};
use crate::model::{Ecosystem, Package};
use crate::owners::Wanted;

/// Most tags of a header, as RPM has it.
const MAX_TAGS: u32 = 0xffff;
const ENTRY: usize = 16;

const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const INSTALL_TIME: u32 = 1008;
const DISTRIBUTION: u32 = 1010;
const VENDOR: u32 = 1011;
const ARCH: u32 = 1022;
const SOURCE_RPM: u32 = 1044;
const OLD_NAMES: u32 = 1027;
const DIR_INDEXES: u32 = 1116;
const BASE_NAMES: u32 = 1117;
const DIR_NAMES: u32 = 1118;
const MODULE: u32 = 5096;
/// Signatures: of the header by RSA and by DSA, of the whole package.
const SIGNATURES: [u32; 3] = [268, 267, 259];

const INT32: u32 = 4;
const STRING: u32 = 6;
const BINARY: u32 = 7;
const STRINGS: u32 = 8;
const I18N: u32 = 9;

/// A header whose index and data are within its bytes.
struct Header<'a> {
    index: &'a [u8],
    data: &'a [u8],
}

/// Type, offset and count of a tag.
struct Entry {
    kind: u32,
    at: usize,
    count: u32,
}

impl<'a> Header<'a> {
    fn parse(blob: &'a [u8]) -> Result<Self> {
        let bad = InventoryError::Malformed("the header of a package");
        let (Some(tags), Some(bytes)) = (u32_at(blob, 0, true), u32_at(blob, 4, true)) else {
            return Err(bad);
        };
        let end = 8 + tags as usize * ENTRY;
        if tags == 0 || tags > MAX_TAGS || (bytes as usize) > blob.len() {
            return Err(bad);
        }
        let (Some(index), Some(data)) = (blob.get(8..end), blob.get(end..end + bytes as usize)) else {
            return Err(bad);
        };
        Ok(Self { index, data })
    }

    /// The last entry of a tag: what was added at the installation comes after what was packed.
    fn entry(&self, tag: u32) -> Option<Entry> {
        let entry = self.index.chunks_exact(ENTRY).rev().find(|e| u32_at(e, 0, true) == Some(tag))?;
        let (kind, at, count) = (u32_at(entry, 4, true)?, u32_at(entry, 8, true)?, u32_at(entry, 12, true)?);
        let at = at as usize;
        (at <= self.data.len()).then_some(Entry { kind, at, count })
    }

    fn string(&self, tag: u32) -> String {
        let found = self.entry(tag).filter(|e| matches!(e.kind, STRING | STRINGS | I18N));
        found.map(|e| text(c_str(&self.data[e.at..]), 1024)).unwrap_or_default()
    }

    fn number(&self, tag: u32) -> Option<u32> {
        let entry = self.entry(tag).filter(|e| e.kind == INT32 && e.count >= 1)?;
        u32_at(self.data, entry.at, true)
    }

    fn binary(&self, tag: u32) -> Option<&'a [u8]> {
        let entry = self.entry(tag).filter(|e| e.kind == BINARY)?;
        self.data.get(entry.at..entry.at.checked_add(entry.count as usize)?)
    }

    fn strings(&self, tag: u32) -> impl Iterator<Item = &'a [u8]> {
        let entry = self.entry(tag).filter(|e| matches!(e.kind, STRING | STRINGS));
        let mut rest = entry.as_ref().map_or(&[][..], |e| &self.data[e.at..]);
        let count = entry.map_or(0, |e| e.count as usize).min(rest.len());
        (0..count).map_while(move |_| {
            let end = memchr::memchr(0, rest)?;
            let one = &rest[..end];
            rest = &rest[end + 1..];
            Some(one)
        })
    }
}

/// The package that a header describes; nothing if it names none.
///
/// # Errors
/// When the bytes are no header.
pub fn read(blob: &[u8]) -> Result<Option<Package>> {
    let header = Header::parse(blob)?;
    let (name, version, release) = (header.string(NAME), header.string(VERSION), header.string(RELEASE));
    if name.is_empty() || version.is_empty() {
        return Ok(None);
    }
    let epoch = header.number(EPOCH).filter(|e| *e > 0).map(|e| format!("{e}:")).unwrap_or_default();
    let whole = |version: &str, release: &str| {
        if release.is_empty() { format!("{epoch}{version}") } else { format!("{epoch}{version}-{release}") }
    };
    let source = header.string(SOURCE_RPM);
    // The source package's file names no epoch; it is the binary one's nearly always.
    let (source_name, source_version) = match source_of(&source) {
        Some((n, v, r)) => (n.to_owned(), whole(v, r)),
        None => (String::new(), String::new()),
    };
    let vendor = header.string(VENDOR);
    let module = header.string(MODULE);
    Ok(Some(Package {
        ecosystem: Ecosystem::Rpm,
        version: whole(&version, &release),
        name,
        arch: header.string(ARCH),
        source_name,
        source_version,
        origin_by: if vendor.is_empty() { String::new() } else { "header".into() },
        origin: vendor.clone(),
        repository: header.string(DISTRIBUTION),
        vendor,
        signer: SIGNATURES
            .iter()
            .find_map(|tag| super::signer::key_id(header.binary(*tag)?))
            .map(hex::encode)
            .unwrap_or_default(),
        module: if module == "(none)" { String::new() } else { module },
        installed_us: header.number(INSTALL_TIME).map(|s| i64::from(s) * 1_000_000),
        ..Package::default()
    }))
}

/// `name-version-release.src.rpm`.
fn source_of(file: &str) -> Option<(&str, &str, &str)> {
    let stem = file.strip_suffix(".src.rpm").or_else(|| file.strip_suffix(".nosrc.rpm"))?;
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    (!name.is_empty()).then_some((name, version, release))
}

/// Looks for `wanted` among the files of the package.
pub(super) fn files(blob: &[u8], wanted: &mut Wanted) -> Result<()> {
    let name = Header::parse(blob)?.string(NAME);
    each_file(blob, &mut |path| {
        wanted.offer(path, || format!("rpm:{name}"));
        Ok(())
    })
}

/// Hands on each path of the package that is a text.
pub(super) fn each_file(blob: &[u8], f: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
    let header = Header::parse(blob)?;
    let mut path = Vec::new();
    let folders: Vec<&[u8]> = header.strings(DIR_NAMES).collect();
    let indexes = header.entry(DIR_INDEXES).filter(|e| e.kind == INT32);
    for (i, base) in header.strings(BASE_NAMES).enumerate() {
        let folder = indexes
            .as_ref()
            .filter(|e| i < e.count as usize)
            .and_then(|e| u32_at(header.data, e.at + i * 4, true))
            .and_then(|i| folders.get(i as usize));
        let Some(folder) = folder else { continue };
        path.clear();
        path.extend_from_slice(folder);
        path.extend_from_slice(base);
        if let Ok(path) = std::str::from_utf8(&path) {
            f(path)?;
        }
    }
    for path in header.strings(OLD_NAMES) {
        if let Ok(path) = std::str::from_utf8(path) {
            f(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A header of strings and numbers.
    pub(crate) fn build(tags: &[(u32, &str)], numbers: &[(u32, u32)]) -> Vec<u8> {
        let (mut index, mut data) = (Vec::new(), Vec::new());
        for (tag, value) in tags {
            for n in [*tag, STRING, data.len() as u32, 1] {
                index.extend(n.to_be_bytes());
            }
            data.extend(value.as_bytes());
            data.push(0);
        }
        for (tag, value) in numbers {
            while data.len() % 4 != 0 {
                data.push(0);
            }
            for n in [*tag, INT32, data.len() as u32, 1] {
                index.extend(n.to_be_bytes());
            }
            data.extend(value.to_be_bytes());
        }
        let mut out = ((tags.len() + numbers.len()) as u32).to_be_bytes().to_vec();
        out.extend((data.len() as u32).to_be_bytes());
        out.extend(index);
        out.extend(data);
        out
    }

    #[test]
    fn a_header_gives_its_package() {
        let strings = [
            (NAME, "openssl-libs"),
            (VERSION, "3.0.7"),
            (RELEASE, "27.el9"),
            (ARCH, "x86_64"),
            (VENDOR, "Example"),
            (SOURCE_RPM, "openssl-3.0.7-27.el9.src.rpm"),
        ];
        let blob = build(&strings, &[(EPOCH, 1), (INSTALL_TIME, 1_700_000_000)]);
        let p = read(&blob).expect("a header").expect("a package");
        assert_eq!((p.name.as_str(), p.version.as_str()), ("openssl-libs", "1:3.0.7-27.el9"));
        assert_eq!((p.source_name.as_str(), p.source_version.as_str()), ("openssl", "1:3.0.7-27.el9"));
        assert_eq!((p.origin.as_str(), p.installed_us), ("Example", Some(1_700_000_000_000_000)));
        for cut in 0..blob.len() {
            assert!(read(&blob[..cut]).is_err());
        }
    }

    #[test]
    fn sources_are_split_from_their_end() {
        assert_eq!(source_of("a-b-1.0-2.el8.src.rpm"), Some(("a-b", "1.0", "2.el8")));
        assert_eq!(source_of("(none)"), None);
        assert_eq!(source_of("1.0-2.src.rpm"), None);
    }
}
