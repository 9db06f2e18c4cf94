//! Go: each program says by which release it was built and from which modules.

use super::elf::Elf;
use super::package;
use crate::bytes::{u32_at, u64_at};
use crate::error::{InventoryError, Result};
use crate::model::{Ecosystem, Package};

const MAGIC: &[u8] = b"\xff Go buildinf:";
/// Where an information of the older form ends and one of the newer form has its texts.
const HEADER: usize = 32;
/// Bytes on both sides of the modules' text, by which debuggers find it in memory.
const SENTINEL: usize = 16;
const MAX_TEXT: u64 = 4 << 20;
/// Most modules of one program.
const MAX_MODULES: usize = 8192;
/// Where the information is looked for in a program that has no sections.
const MAX_SEARCH: u64 = 1 << 20;

/// The modules of the program at `path`; none if it is no program of Go.
pub(super) fn packages(elf: &Elf<'_>, path: &str) -> Result<Vec<Package>> {
    let Some((release, modules)) = information(elf)? else { return Ok(Vec::new()) };
    let mut all: Vec<Package> = Vec::new();
    // "go1.21.5 X:experiment", "devel go1.22-abcdef"
    let number = release.split_whitespace().find_map(|w| w.strip_prefix("go")).unwrap_or_default();
    all.extend(package(Ecosystem::Go, "stdlib", number, path));
    for line in modules.lines() {
        let mut words = line.split('\t');
        let (kind, name, version) =
            (words.next(), words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match kind {
            // A program built from a checked-out folder does not know its own version.
            Some("mod") if version == "(devel)" => {}
            Some("mod" | "dep") => all.extend(package(Ecosystem::Go, name, version, path)),
            Some("=>") => {
                // What stands in the place of the module before.
                let stands = all.pop().and_then(|_| package(Ecosystem::Go, name, version, path));
                all.extend(stands);
            }
            _ => {}
        }
        if all.len() > MAX_MODULES {
            return Err(InventoryError::TooMany("modules of a Go program"));
        }
    }
    Ok(all)
}

/// The release of Go and the text of the modules.
fn information(elf: &Elf<'_>) -> Result<Option<(String, String)>> {
    let place = match elf.section(".go.buildinfo") {
        Some(place) => Some(place),
        None if elf.has_sections() => None,
        None => search(elf),
    };
    let Some((at, bytes)) = place else { return Ok(None) };
    let data = elf.read((at, bytes.min(MAX_TEXT)))?;
    let bad = InventoryError::Malformed("Go's build information");
    if !data.starts_with(MAGIC) || data.len() < HEADER {
        return Err(bad);
    }
    let (width, flags) = (usize::from(data[14]), data[15]);
    let read =
        if flags & 2 != 0 { inline(&data[HEADER..]) } else { pointed(elf, &data, width, flags & 1 != 0) };
    let (release, modules) = read.ok_or(bad)?;
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    let inner =
        modules.len().checked_sub(SENTINEL).and_then(|end| modules.get(SENTINEL..end)).unwrap_or_default();
    Ok(Some((text(&release), text(inner))))
}

/// Looks for the information at the start of what the program may write to, where the linker puts it.
fn search(elf: &Elf<'_>) -> Option<(u64, u64)> {
    let (_, at, bytes, _) = *elf.segments.iter().find(|(_, _, _, writable)| *writable)?;
    let data = elf.read((at, bytes.min(MAX_SEARCH))).ok()?;
    let found = memchr::memmem::find_iter(&data, MAGIC).find(|i| i % 16 == 0)?;
    Some((at + found as u64, bytes - found as u64))
}

/// Two texts, each behind its length: since Go 1.18.
fn inline(mut data: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut next = || {
        let (length, used) = varint(data)?;
        let value = data.get(used..used.checked_add(length)?)?;
        data = &data[used + length..];
        Some(value.to_vec())
    };
    Some((next()?, next()?))
}

/// Two pointers to texts: before.
fn pointed(elf: &Elf<'_>, data: &[u8], width: usize, big: bool) -> Option<(Vec<u8>, Vec<u8>)> {
    if width != 4 && width != 8 || big != elf.big {
        return None;
    }
    let word = |data: &[u8], at| {
        if width == 8 { u64_at(data, at, big) } else { u32_at(data, at, big).map(u64::from) }
    };
    let text = |at| {
        let header = elf.memory(word(data, at)?, 2 * width)?;
        let length = word(&header, width).filter(|n| *n <= MAX_TEXT)?;
        elf.memory(word(&header, 0)?, usize::try_from(length).ok()?)
    };
    // A program without modules has no text of them.
    Some((text(16)?, text(16 + width).unwrap_or_default()))
}

fn varint(data: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0u64;
    for (i, b) in data.iter().enumerate().take(10) {
        value |= u64::from(b & 0x7f).checked_shl(7 * i as u32)?;
        if b & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, i + 1));
        }
    }
    None
}
