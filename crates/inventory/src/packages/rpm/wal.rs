//! SQLite's log of writes that are committed and not yet in the file.

use std::collections::HashMap;

use crate::bytes::{ReadAt, u32_at};

const HEADER: usize = 32;
const FRAME: usize = 24;
const VERSION: u32 = 3_007_000;

/// Where the newest content of each page lies.
pub(super) struct Wal<'a> {
    pub(super) from: &'a dyn ReadAt,
    pub(super) frames: HashMap<u32, u64>,
    /// Pages of the database after the last commit.
    pub(super) pages: u32,
}

impl<'a> Wal<'a> {
    /// Reads up to the last commit that is whole; nothing if there is none.
    pub(super) fn read(from: &'a dyn ReadAt, page: usize) -> Option<Self> {
        let head = from.take(0, HEADER).ok()?;
        let number = |at| u32_at(&head, at, true);
        let big = match number(0)? {
            0x377f_0682 => false,
            0x377f_0683 => true,
            _ => return None,
        };
        if number(4)? != VERSION || number(8)? as usize != page {
            return None;
        }
        let mut sum = (0, 0);
        checksum(&head[..24], big, &mut sum);
        if (number(24)?, number(28)?) != sum {
            return None;
        }
        let (mut frames, mut open, mut pages) = (HashMap::new(), Vec::new(), 0);
        let mut at = HEADER as u64;
        while let Ok(frame) = from.take(at, FRAME + page) {
            let number = |at| u32_at(&frame, at, true);
            // Frames of an earlier round carry other salts.
            if frame[8..16] != head[16..24] {
                break;
            }
            checksum(&frame[..8], big, &mut sum);
            checksum(&frame[FRAME..], big, &mut sum);
            if (number(16)?, number(20)?) != sum {
                break;
            }
            open.push((number(0)?, at + FRAME as u64));
            if let Some(after) = number(4).filter(|n| *n > 0) {
                frames.extend(open.drain(..));
                pages = after;
            }
            at += (FRAME + page) as u64;
        }
        (pages > 0).then_some(Self { from, frames, pages })
    }
}

/// Continues the log's checksum over `data`, in words of either order of bytes.
fn checksum(data: &[u8], big: bool, sum: &mut (u32, u32)) {
    for pair in data.chunks_exact(8) {
        let word = |at| u32_at(pair, at, big).unwrap_or(0);
        sum.0 = sum.0.wrapping_add(word(0)).wrapping_add(sum.1);
        sum.1 = sum.1.wrapping_add(word(4)).wrapping_add(sum.0);
    }
}
