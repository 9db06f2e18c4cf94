//! The hash that older distributions keep their packages in (Berkeley DB): pages of keys and values, where
//! a value that does not fit lies in a chain of pages of its own.

use super::{Each, MAX_HEADER};
use crate::bytes::{ReadAt, u16_at, u32_at};
use crate::error::{InventoryError, Result};

const HASH_MAGIC: u32 = 0x0006_1561;
const META: usize = 512;
const PAGE_HEADER: usize = 26;

const HASH_UNSORTED: u8 = 2;
const OVERFLOW: u8 = 7;
const HASH_META: u8 = 8;
const HASH: u8 = 13;

const KEY_DATA: u8 = 1;
const OFF_PAGE: u8 = 3;

struct Db<'a> {
    from: &'a dyn ReadAt,
    big: bool,
    page: usize,
    last: u32,
    /// Pages that may still be read: no chain and no item may lead to more than the file has.
    budget: u64,
    /// Bytes of values that may still be handed on: places within a page may be named again and again.
    left: u64,
}

pub(super) fn each(from: &dyn ReadAt, f: Each<'_>) -> Result<()> {
    let meta = from.take(0, META)?;
    let big = match (u32_at(&meta, 12, false), u32_at(&meta, 12, true)) {
        (Some(HASH_MAGIC), _) => false,
        (_, Some(HASH_MAGIC)) => true,
        _ => return Err(InventoryError::Malformed("not a hash of Berkeley DB")),
    };
    let number = |at| u32_at(&meta, at, big).unwrap_or(0);
    let page = number(20) as usize;
    if !page.is_power_of_two() || !(512..=65536).contains(&page) || meta[24] != 0 || meta[25] != HASH_META {
        return Err(InventoryError::Malformed("the first page of the database"));
    }
    let pages = from.size() / page as u64;
    let last = number(32).min(u32::try_from(pages.saturating_sub(1)).unwrap_or(u32::MAX));
    let mut db =
        Db { from, big, page, last, budget: pages.saturating_mul(2), left: from.size().saturating_mul(2) };
    for n in 1..=last {
        let page = db.read(n)?;
        if matches!(page[25], HASH | HASH_UNSORTED) {
            db.items(&page, f)?;
        }
    }
    Ok(())
}

impl Db<'_> {
    fn read(&mut self, page: u32) -> Result<Vec<u8>> {
        self.budget = self.budget.checked_sub(1).ok_or(InventoryError::Malformed("pages in a circle"))?;
        self.from.take(u64::from(page) * self.page as u64, self.page)
    }

    fn charge(&mut self, bytes: usize) -> Result<()> {
        let left = self.left.checked_sub(bytes as u64);
        self.left = left.ok_or(InventoryError::Malformed("values that overlap"))?;
        Ok(())
    }

    /// The values of a page; keys and values take turns.
    fn items(&mut self, page: &[u8], f: Each<'_>) -> Result<()> {
        let bad = || InventoryError::Malformed("a page of the database");
        let big = self.big;
        let entries = usize::from(u16_at(page, 20, big).ok_or_else(bad)?);
        let place = |i: usize| u16_at(page, PAGE_HEADER + i * 2, big).map(usize::from);
        for i in (1..entries).step_by(2) {
            // Items fill the page from its end, so one ends where the one before it starts.
            let (start, end) = (place(i).ok_or_else(bad)?, place(i - 1).ok_or_else(bad)?);
            let item = page.get(start..end).ok_or_else(bad)?;
            match item.first() {
                // The value of key 0 is the last number that was given to a package.
                Some(&KEY_DATA) if item.len() > 16 => {
                    self.charge(item.len())?;
                    f(&item[1..])?;
                }
                Some(&OFF_PAGE) => {
                    let first = u32_at(item, 4, self.big).ok_or_else(bad)?;
                    let length = u32_at(item, 8, self.big).ok_or_else(bad)? as usize;
                    let blob = self.chain(first, length)?;
                    self.charge(blob.len())?;
                    f(&blob)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn chain(&mut self, first: u32, length: usize) -> Result<Vec<u8>> {
        let bad = || InventoryError::Malformed("a chain of pages");
        if length > MAX_HEADER {
            return Err(InventoryError::TooLarge("the header of a package"));
        }
        let (mut out, mut next) = (Vec::new(), first);
        while next != 0 && out.len() < length {
            if next > self.last {
                return Err(bad());
            }
            let page = self.read(next)?;
            if page[25] != OVERFLOW {
                return Err(bad());
            }
            let here = usize::from(u16_at(&page, 22, self.big).ok_or_else(bad)?);
            out.extend_from_slice(page.get(PAGE_HEADER..PAGE_HEADER + here).ok_or_else(bad)?);
            next = u32_at(&page, 16, self.big).ok_or_else(bad)?;
        }
        if out.len() != length { Err(bad()) } else { Ok(out) }
    }
}
