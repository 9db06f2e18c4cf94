//! The table of packages in a SQLite file: only its pages are walked, nothing is asked in SQL.

use super::wal::Wal;
use super::{Each, MAX_HEADER};
use crate::bytes::{ReadAt, array, u16_at, u32_at};
use crate::error::{InventoryError, Result};

const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const FILE_HEADER: usize = 100;
const LEAF: u8 = 0x0d;
const INTERIOR: u8 = 0x05;
/// No tree is higher: SQLite itself allows as much.
const MAX_HEIGHT: usize = 20;

fn bad() -> InventoryError {
    InventoryError::Malformed("a page of the database")
}

struct Db<'a> {
    from: &'a dyn ReadAt,
    wal: Option<Wal<'a>>,
    page: usize,
    /// Bytes of a page that hold content.
    usable: usize,
    pages: u32,
    /// Pages that may still be read.
    budget: u64,
    /// Bytes of records that may still be read: cells of a page may overlap.
    left: u64,
}

pub(super) fn each(from: &dyn ReadAt, wal: Option<&dyn ReadAt>, f: Each<'_>) -> Result<()> {
    let mut db = Db::open(from, wal)?;
    let mut start = None;
    db.table(1, 0, &mut |record| {
        // type, name, tbl_name, rootpage, sql
        if column(record, 0)? == Value::Bytes(b"table") && column(record, 1)? == Value::Bytes(b"Packages") {
            start = column(record, 3)?.as_int();
        }
        Ok(())
    })?;
    let start = start.ok_or(InventoryError::Malformed("no table of packages"))?;
    let page = u32::try_from(start).map_err(|_| bad())?;
    db.table(page, 0, &mut |record| match column(record, 1)? {
        Value::Bytes(blob) => f(blob),
        Value::Int(_) | Value::Null => Ok(()),
    })
}

impl<'a> Db<'a> {
    fn open(from: &'a dyn ReadAt, wal: Option<&'a dyn ReadAt>) -> Result<Self> {
        let head = from.take(0, FILE_HEADER)?;
        let page = match u16_at(&head, 16, true) {
            Some(1) => 65536,
            Some(n) => usize::from(n),
            None => 0,
        };
        if &head[..16] != MAGIC || !page.is_power_of_two() || page < 512 {
            return Err(InventoryError::Malformed("not a SQLite file"));
        }
        let usable = page.saturating_sub(usize::from(head[20]));
        if usable < 480 {
            return Err(bad());
        }
        let wal = wal.and_then(|w| Wal::read(w, page));
        let in_file = u32::try_from(from.size() / page as u64).unwrap_or(u32::MAX);
        let pages = wal.as_ref().map_or(in_file, |w| w.pages.max(1));
        // As many as there are, whatever the log of writes claims.
        let there = u64::from(in_file) + wal.as_ref().map_or(0, |w| w.frames.len() as u64);
        let budget = there.saturating_mul(2).saturating_add(64);
        let left = there.saturating_mul(2 * page as u64);
        Ok(Self { from, wal, page, usable, pages, budget, left })
    }

    fn read(&mut self, page: u32) -> Result<Vec<u8>> {
        self.budget = self.budget.checked_sub(1).ok_or(InventoryError::Malformed("pages in a circle"))?;
        if page == 0 || page > self.pages {
            return Err(bad());
        }
        if let Some(wal) = &self.wal
            && let Some(at) = wal.frames.get(&page)
        {
            return wal.from.take(*at, self.page);
        }
        self.from.take(u64::from(page - 1) * self.page as u64, self.page)
    }

    /// Hands on each record of the table whose tree starts at `page`.
    fn table(&mut self, page: u32, height: usize, f: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        if height > MAX_HEIGHT {
            return Err(bad());
        }
        let data = self.read(page)?;
        let head = if page == 1 { FILE_HEADER } else { 0 };
        let kind = *data.get(head).ok_or_else(bad)?;
        let cells = usize::from(u16_at(&data, head + 3, true).ok_or_else(bad)?);
        let first = head + if kind == INTERIOR { 12 } else { 8 };
        for i in 0..cells {
            let at = usize::from(u16_at(&data, first + i * 2, true).ok_or_else(bad)?);
            match kind {
                INTERIOR => self.table(u32_at(&data, at, true).ok_or_else(bad)?, height + 1, f)?,
                LEAF => {
                    let record = self.record(&data, at)?;
                    f(&record)?;
                }
                _ => return Err(bad()),
            }
        }
        match kind {
            INTERIOR => self.table(u32_at(&data, head + 8, true).ok_or_else(bad)?, height + 1, f),
            LEAF => Ok(()),
            _ => Err(bad()),
        }
    }

    /// The record of a leaf's cell, with what did not fit into the page.
    fn record(&mut self, page: &[u8], at: usize) -> Result<Vec<u8>> {
        let cell = page.get(at..self.usable).ok_or_else(bad)?;
        let (length, used) = varint(cell).ok_or_else(bad)?;
        let (_, more) = varint(&cell[used..]).ok_or_else(bad)?;
        let cell = &cell[used + more..];
        let length = usize::try_from(length).map_err(|_| bad())?;
        if length > MAX_HEADER {
            return Err(InventoryError::TooLarge("the header of a package"));
        }
        let left = self.left.checked_sub(length as u64);
        self.left = left.ok_or(InventoryError::Malformed("records that overlap"))?;
        let most = self.usable - 35;
        if length <= most {
            return Ok(cell.get(..length).ok_or_else(bad)?.to_vec());
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let fits = least + (length - least) % (self.usable - 4);
        let here = if fits <= most { fits } else { least };
        let mut out = cell.get(..here).ok_or_else(bad)?.to_vec();
        let mut next = u32_at(cell, here, true).ok_or_else(bad)?;
        while out.len() < length {
            let page = self.read(next)?;
            let part = (length - out.len()).min(self.usable - 4);
            out.extend_from_slice(page.get(4..4 + part).ok_or_else(bad)?);
            next = u32_at(&page, 0, true).ok_or_else(bad)?;
        }
        Ok(out)
    }
}

/// A number of one to nine bytes, and how many.
fn varint(data: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for (i, b) in data.iter().enumerate().take(9) {
        if i == 8 {
            return Some((value << 8 | u64::from(*b), 9));
        }
        value = value << 7 | u64::from(b & 0x7f);
        if b & 0x80 == 0 {
            return Some((value, i + 1));
        }
    }
    None
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Value<'a> {
    Null,
    Int(i64),
    Bytes(&'a [u8]),
}

impl Value<'_> {
    fn as_int(self) -> Option<i64> {
        if let Value::Int(n) = self { Some(n) } else { None }
    }
}

/// A column of a record.
fn column(record: &[u8], index: usize) -> Result<Value<'_>> {
    let (head, mut at) = varint(record).ok_or_else(bad)?;
    let head = usize::try_from(head).ok().filter(|h| *h <= record.len()).ok_or_else(bad)?;
    let mut body = head;
    for i in 0.. {
        if at >= head {
            return Ok(Value::Null);
        }
        let (kind, used) = varint(&record[at..head]).ok_or_else(bad)?;
        at += used;
        let size = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind as usize,
            5 => 6,
            6 | 7 => 8,
            // SQLite keeps them for itself and never writes them.
            10 | 11 => return Err(bad()),
            n => usize::try_from((n - 12) / 2).map_err(|_| bad())?,
        };
        let value = record.get(body..body.checked_add(size).ok_or_else(bad)?).ok_or_else(bad)?;
        body += size;
        if i == index {
            return Ok(match kind {
                0 | 7 => Value::Null,
                8 => Value::Int(0),
                9 => Value::Int(1),
                1..=6 => Value::Int(integer(value)),
                _ => Value::Bytes(value),
            });
        }
    }
    Ok(Value::Null)
}

fn integer(bytes: &[u8]) -> i64 {
    let negative = bytes.first().is_some_and(|b| b & 0x80 != 0);
    let mut whole = if negative { [0xff; 8] } else { [0; 8] };
    whole[8 - bytes.len()..].copy_from_slice(bytes);
    array(&whole, 0).map_or(0, i64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_all_lengths_are_read() {
        assert_eq!(varint(&[0x7f]), Some((127, 1)));
        assert_eq!(varint(&[0x81, 0x00]), Some((128, 2)));
        assert_eq!(varint(&[0xff; 9]), Some((u64::MAX, 9)));
        assert_eq!(varint(&[0x80]), None);
        assert_eq!((integer(&[0xff, 0xfe]), integer(&[0x01, 0x00]), integer(&[])), (-2, 256, 0));
    }

    #[test]
    fn columns_are_found_behind_their_types() {
        // Three columns: the number 1 as a constant, "ab", and two bytes of a number.
        let record = [4, 9, 17, 2, b'a', b'b', 1, 2];
        assert_eq!(column(&record, 0).expect("there"), Value::Int(1));
        assert_eq!(column(&record, 1).expect("there"), Value::Bytes(b"ab"));
        assert_eq!(column(&record, 2).expect("there"), Value::Int(258));
        assert_eq!(column(&record, 3).expect("absent"), Value::Null);
        assert!(column(&record[..6], 2).is_err());
        // Types that are no types, also before the column that is wanted.
        assert!(column(&[3, 10, 9], 0).is_err() && column(&[3, 11, 9], 1).is_err());
    }
}
