//! Programs that carry a list of what they were built from: Go's build information, cargo-auditable's list.

use super::walk::Read;
use super::{Found, go, rust};
use crate::bytes::{ReadAt, Sized, c_str, u16_at, u32_at, u64_at};
use crate::error::{InventoryError, Result};
use crate::model::Package;
use crate::root::Stamp;

/// A smaller file is no program of these languages.
const MIN_SIZE: u64 = 4096;
const MAX_SECTIONS: usize = 4096;
const MAX_NAMES: usize = 1 << 20;
/// Longest name of a section that is kept.
const MAX_NAME: usize = 64;
/// Largest section that is read.
const MAX_SECTION: u64 = 16 << 20;

/// Whether a file may be a program of these languages.
pub(super) fn may_be(stamp: &Stamp) -> bool {
    stamp.mode & 0o111 != 0 && stamp.size >= MIN_SIZE
}

pub(super) fn file(found: &Found<'_>) -> Read {
    let (file, stamp) = found.open(None)?;
    if !may_be(&stamp) {
        return Ok(None);
    }
    let program = Sized { file, size: stamp.size };
    let mut magic = [0; 4];
    if program.fill(&mut magic, 0).is_err() || &magic != b"\x7fELF" {
        return Ok(None);
    }
    let packages = contents(&program, found.path)?;
    Ok((!packages.is_empty()).then_some((packages, stamp)))
}

fn contents(program: &dyn ReadAt, path: &str) -> Result<Vec<Package>> {
    // A file that is only half an ELF file is a test's or an obfuscator's; no package can be named.
    let Ok(elf) = Elf::parse(program) else { return Ok(Vec::new()) };
    let mut packages = go::packages(&elf, path)?;
    packages.extend(rust::packages(&elf, path)?);
    Ok(packages)
}

/// Packages that Go's build information in a program names.
///
/// # Errors
/// When there is such information and it is broken.
pub fn go_build_info(program: &[u8]) -> Result<Vec<Package>> {
    go::packages(&Elf::parse(&program)?, "/program")
}

/// Packages that cargo-auditable's list in a program names.
///
/// # Errors
/// When there is such a list and it is broken.
pub fn cargo_auditable(program: &[u8]) -> Result<Vec<Package>> {
    rust::packages(&Elf::parse(&program)?, "/program")
}

/// A program's sections and what of it is loaded where.
pub(super) struct Elf<'a> {
    pub(super) from: &'a dyn ReadAt,
    pub(super) big: bool,
    sections: Vec<(String, u64, u64)>,
    /// Address, place in the file, bytes, writable.
    pub(super) segments: Vec<(u64, u64, u64, bool)>,
}

/// Where the fields are in files of one word size.
struct Layout {
    wide: bool,
    big: bool,
}

impl Layout {
    /// A number as wide as an address, at `narrow` or `wide`.
    fn word(&self, data: &[u8], narrow: usize, wide: usize) -> Option<u64> {
        if self.wide { u64_at(data, wide, self.big) } else { u32_at(data, narrow, self.big).map(u64::from) }
    }
}

impl<'a> Elf<'a> {
    fn parse(from: &'a dyn ReadAt) -> Result<Self> {
        let bad = || InventoryError::Malformed("an ELF file");
        let head = from.take(0, 52)?;
        if &head[..4] != b"\x7fELF" {
            return Err(bad());
        }
        let layout = Layout { wide: head[4] == 2, big: head[5] == 2 };
        let head = from.take(0, if layout.wide { 64 } else { 52 })?;
        let half = |narrow, wide| {
            u16_at(&head, if layout.wide { wide } else { narrow }, layout.big)
                .map(usize::from)
                .ok_or_else(bad)
        };
        let segments_at = layout.word(&head, 28, 32).ok_or_else(bad)?;
        let sections_at = layout.word(&head, 32, 40).ok_or_else(bad)?;
        let (segment_size, segment_count) = (half(42, 54)?, half(44, 56)?);
        let (section_size, section_count, names) = (half(46, 58)?, half(48, 60)?, half(50, 62)?);
        let mut elf = Self { from, big: layout.big, sections: Vec::new(), segments: Vec::new() };
        if segment_size >= if layout.wide { 56 } else { 32 } && segment_count <= MAX_SECTIONS {
            let table = from.take(segments_at, segment_size * segment_count)?;
            elf.segments = table.chunks_exact(segment_size).filter_map(|s| segment(s, &layout)).collect();
        }
        let smallest = if layout.wide { 64 } else { 40 };
        if sections_at > 0 && section_size >= smallest && section_count <= MAX_SECTIONS {
            // A program without its table of sections, or with half of one, can still be run.
            let table = from.take(sections_at, section_size * section_count).unwrap_or_default();
            elf.name_sections(&table, section_size, names, &layout);
        }
        Ok(elf)
    }

    fn name_sections(&mut self, table: &[u8], size: usize, names: usize, layout: &Layout) {
        let place = |s: &[u8]| Some((layout.word(s, 16, 24)?, layout.word(s, 20, 32)?));
        let read = table.chunks_exact(size).nth(names).and_then(place).and_then(|(at, bytes)| {
            let bytes = usize::try_from(bytes).ok().filter(|n| *n <= MAX_NAMES)?;
            self.from.take(at, bytes).ok()
        });
        let Some(text) = read else { return };
        for section in table.chunks_exact(size) {
            let name = u32_at(section, 0, layout.big).and_then(|n| text.get(n as usize..));
            let name = name.map(|n| &n[..n.len().min(MAX_NAME)]);
            if let (Some(name), Some((at, bytes))) = (name, place(section)) {
                self.sections.push((String::from_utf8_lossy(c_str(name)).into_owned(), at, bytes));
            }
        }
    }

    /// Whether there is a table of sections.
    pub(super) fn has_sections(&self) -> bool {
        !self.sections.is_empty()
    }

    /// A section's place and bytes.
    pub(super) fn section(&self, name: &str) -> Option<(u64, u64)> {
        self.sections.iter().find(|(n, _, _)| n == name).map(|(_, at, bytes)| (*at, *bytes))
    }

    /// A section's content.
    pub(super) fn read(&self, (at, bytes): (u64, u64)) -> Result<Vec<u8>> {
        let bytes = usize::try_from(bytes.min(MAX_SECTION)).unwrap_or(0);
        self.from.take(at, bytes)
    }

    /// `len` bytes at an address of the running program.
    pub(super) fn memory(&self, address: u64, len: usize) -> Option<Vec<u8>> {
        let (start, at, _, _) = self.segments.iter().find(|(start, _, bytes, _)| {
            address
                .checked_sub(*start)
                .is_some_and(|off| off.checked_add(len as u64).is_some_and(|e| e <= *bytes))
        })?;
        self.from.take(at.checked_add(address - start)?, len).ok()
    }
}

fn segment(s: &[u8], layout: &Layout) -> Option<(u64, u64, u64, bool)> {
    const LOAD: u32 = 1;
    const WRITE: u32 = 2;
    let kind = u32_at(s, 0, layout.big)?;
    let flags = u32_at(s, if layout.wide { 4 } else { 24 }, layout.big)?;
    let (at, address) = (layout.word(s, 4, 8)?, layout.word(s, 8, 16)?);
    let bytes = layout.word(s, 16, 32)?;
    (kind == LOAD).then_some((address, at, bytes, flags & WRITE != 0))
}
