//! Archives that Java's tools write: the table at the end, and single members by it.

use std::io::Read;

use crate::bytes::{Part, ReadAt, u16_at, u32_at, u64_at};
use crate::error::{InventoryError, Result};

const END: &[u8; 4] = b"PK\x05\x06";
const END_SIZE: usize = 22;
const MAX_COMMENT: usize = 65_535;
const LOCATOR: &[u8; 4] = b"PK\x06\x07";
const END64: &[u8; 4] = b"PK\x06\x06";
const ENTRY: &[u8; 4] = b"PK\x01\x02";
const ENTRY_SIZE: usize = 46;
const LOCAL: &[u8; 4] = b"PK\x03\x04";
const LOCAL_SIZE: usize = 30;
const MAX_TABLE: u64 = 64 << 20;
pub(super) const STORED: u16 = 0;
const DEFLATED: u16 = 8;

fn bad() -> InventoryError {
    InventoryError::Malformed("an archive")
}

/// An archive whose table was read.
pub(super) struct Archive<'a> {
    from: &'a dyn ReadAt,
    table: Vec<u8>,
    /// Bytes before the archive: a script that starts it.
    before: u64,
}

/// A member of an archive.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) method: u16,
    packed: u64,
    pub(super) size: u64,
    at: u64,
    encrypted: bool,
}

impl<'a> Archive<'a> {
    pub(super) fn open(from: &'a dyn ReadAt) -> Result<Self> {
        let size = from.size();
        let tail = (END_SIZE + MAX_COMMENT).min(usize::try_from(size).unwrap_or(usize::MAX));
        let start = size - tail as u64;
        let tail = from.take(start, tail)?;
        let found =
            memchr::memmem::rfind_iter(&tail, END).find(|i| tail.len() - i >= END_SIZE).ok_or_else(bad)?;
        let end = &tail[found..];
        let number = |at| u32_at(end, at, false).map(u64::from).ok_or_else(bad);
        let (mut bytes, mut at, mut ends) = (number(12)?, number(16)?, start + found as u64);
        let mut count = u64::from(u16_at(end, 10, false).ok_or_else(bad)?);
        if bytes == u64::from(u32::MAX) || at == u64::from(u32::MAX) || count == u64::from(u16::MAX) {
            (bytes, at, ends, count) = wide(from, ends).unwrap_or((bytes, at, ends, count));
        }
        if bytes > MAX_TABLE || count.saturating_mul(ENTRY_SIZE as u64) > bytes {
            return Err(bad());
        }
        // The table ends where its end starts, whatever lies before the archive.
        let really = ends.checked_sub(bytes).ok_or_else(bad)?;
        let before = really.checked_sub(at).ok_or_else(bad)?;
        let table = from.take(really, usize::try_from(bytes).map_err(|_| bad())?)?;
        Ok(Self { from, table, before })
    }

    /// Bytes that were read to open it.
    pub(super) fn cost(&self) -> u64 {
        self.table.len() as u64 + self.from.size().min((END_SIZE + MAX_COMMENT) as u64)
    }

    /// The members, in the order of the table, until it ends or makes no sense.
    pub(super) fn members(&self) -> impl Iterator<Item = Member> + '_ {
        let mut rest = &self.table[..];
        std::iter::from_fn(move || {
            let (member, size) = member(rest)?;
            rest = &rest[size..];
            Some(member)
        })
    }

    /// Where a member's bytes start.
    fn place(&self, m: &Member) -> Result<u64> {
        let at = self.before.checked_add(m.at).ok_or_else(bad)?;
        let local = self.from.take(at, LOCAL_SIZE)?;
        let (Some(name), Some(extra)) = (u16_at(&local, 26, false), u16_at(&local, 28, false)) else {
            return Err(bad());
        };
        if &local[..4] != LOCAL || m.encrypted {
            return Err(bad());
        }
        at.checked_add(LOCAL_SIZE as u64 + u64::from(name) + u64::from(extra)).ok_or_else(bad)
    }

    /// A member's content, of at most `max` bytes.
    pub(super) fn read(&self, m: &Member, max: u64) -> Result<Vec<u8>> {
        let at = self.place(m)?;
        if m.packed > max.saturating_add(1024) || m.size > max {
            return Err(InventoryError::TooLarge("a member of an archive"));
        }
        let packed = self.from.take(at, usize::try_from(m.packed).map_err(|_| bad())?)?;
        match m.method {
            STORED => Ok(packed),
            DEFLATED => {
                let mut out = Vec::new();
                flate2::read::DeflateDecoder::new(&packed[..])
                    .take(max + 1)
                    .read_to_end(&mut out)
                    .map_err(|_| bad())?;
                if out.len() as u64 > max {
                    Err(InventoryError::TooLarge("a member of an archive"))
                } else {
                    Ok(out)
                }
            }
            _ => Err(bad()),
        }
    }

    /// A stored member as a part of the archive, without a copy.
    pub(super) fn part(&self, m: &Member) -> Result<Part<'a>> {
        Ok(Part { of: self.from, start: self.place(m)?, size: m.packed })
    }
}

/// The same numbers out of the larger end that large archives have.
fn wide(from: &dyn ReadAt, end: u64) -> Option<(u64, u64, u64, u64)> {
    let locator = from.take(end.checked_sub(20)?, 20).ok().filter(|l| l.starts_with(LOCATOR))?;
    let at = u64_at(&locator, 8, false)?;
    let head = from.take(at, 56).ok().filter(|h| h.starts_with(END64))?;
    Some((u64_at(&head, 40, false)?, u64_at(&head, 48, false)?, at, u64_at(&head, 32, false)?))
}

fn member(data: &[u8]) -> Option<(Member, usize)> {
    if !data.starts_with(ENTRY) {
        return None;
    }
    let half = |at| u16_at(data, at, false).map(usize::from);
    let word = |at| u32_at(data, at, false).map(u64::from);
    let (name, extra, comment) = (half(28)?, half(30)?, half(32)?);
    let size = ENTRY_SIZE + name + extra + comment;
    let text = data.get(ENTRY_SIZE..ENTRY_SIZE + name)?;
    let mut m = Member {
        name: String::from_utf8_lossy(text).into_owned(),
        method: u16_at(data, 10, false)?,
        packed: word(20)?,
        size: word(24)?,
        at: word(42)?,
        encrypted: half(8)? & 1 != 0,
    };
    let mut rest = data.get(ENTRY_SIZE + name..ENTRY_SIZE + name + extra)?;
    while let (Some(kind), Some(length)) = (u16_at(rest, 0, false), u16_at(rest, 2, false)) {
        let Some(field) = rest.get(4..4 + usize::from(length)) else { break };
        if kind == 1 {
            // Those of the three that do not fit in 32 bits, in this order.
            let mut at = 0;
            for n in [&mut m.size, &mut m.packed, &mut m.at] {
                if *n == u64::from(u32::MAX) {
                    *n = u64_at(field, at, false)?;
                    at += 8;
                }
            }
        }
        rest = &rest[4 + usize::from(length)..];
    }
    (data.len() >= size).then_some((m, size))
}
