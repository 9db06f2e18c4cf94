//! RPM's own database: pages of slots, each of which says where a package's header lies.

use super::{Each, MAX_HEADER};
use crate::bytes::{ReadAt, u32_at};
use crate::error::{InventoryError, Result};

const MAGIC: &[u8; 4] = b"RpmP";
const SLOT_MAGIC: &[u8; 4] = b"Slot";
const BLOB_MAGIC: &[u8; 4] = b"BlbS";
const PAGE: u64 = 4096;
/// The first page starts with the file's own header, of two slots' size.
const SLOT: usize = 16;
const HEADER: usize = 32;
const BLOCK: u64 = 16;
/// Most pages of slots: a million packages.
const MAX_PAGES: u32 = 4096;

pub(super) fn each(db: &dyn ReadAt, f: Each<'_>) -> Result<()> {
    let bad = || InventoryError::Malformed("the database");
    let head = db.take(0, HEADER)?;
    if &head[..4] != MAGIC || u32_at(&head, 4, false) != Some(0) {
        return Err(InventoryError::Malformed("not a database of slots"));
    }
    let pages = u32_at(&head, 12, false).ok_or_else(bad)?;
    if pages == 0 || pages > MAX_PAGES {
        return Err(bad());
    }
    let mut spent = 0u64;
    for page in 0..pages {
        let slots = db.take(u64::from(page) * PAGE, PAGE as usize)?;
        let skip = if page == 0 { HEADER } else { 0 };
        for slot in slots[skip..].chunks_exact(SLOT) {
            if &slot[..4] != SLOT_MAGIC {
                return Err(bad());
            }
            let number = |at| u32_at(slot, at, false).unwrap_or(0);
            let (package, block, blocks) = (number(4), number(8), number(12));
            if block == 0 {
                continue;
            }
            let blob = read(db, package, u64::from(block) * BLOCK, u64::from(blocks) * BLOCK)?;
            // Slots that point at the same place again and again may not cost more than the file has.
            spent += blob.len() as u64;
            if spent > db.size().saturating_mul(2) {
                return Err(bad());
            }
            f(&blob)?;
        }
    }
    Ok(())
}

fn read(db: &dyn ReadAt, package: u32, at: u64, size: u64) -> Result<Vec<u8>> {
    let bad = || InventoryError::Malformed("a package's place in the database");
    let head = db.take(at, BLOCK as usize)?;
    let length = u32_at(&head, 12, false).ok_or_else(bad)?;
    let fits = u64::from(length) + 2 * BLOCK - 4 <= size;
    if &head[..4] != BLOB_MAGIC || u32_at(&head, 4, false) != Some(package) || !fits {
        return Err(bad());
    }
    if length as usize > MAX_HEADER {
        return Err(InventoryError::TooLarge("the header of a package"));
    }
    db.take(at + BLOCK, length as usize)
}
