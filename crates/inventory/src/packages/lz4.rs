//! LZ4 frames, in which apt keeps its lists on small systems. Only reading, within a bounded window.

use std::io::{self, Read};

use crate::error::{InventoryError, Result};

const MAGIC: u32 = 0x184d_2204;
/// How far back a copy reaches.
const WINDOW: usize = 64 << 10;
/// Largest block that the format has.
const MAX_BLOCK: usize = 4 << 20;

/// A frame that is unpacked as it is read. Checksums are not looked at: a damaged list gives wrong names,
/// which then fit no package.
pub(crate) struct Frame<R> {
    from: R,
    /// The window, and what is unpacked behind it.
    out: Vec<u8>,
    at: usize,
    packed: Vec<u8>,
    state: State,
    block_sums: bool,
    content_sum: bool,
}

enum State {
    Start,
    Blocks,
    End,
}

fn bad(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl<R: Read> Frame<R> {
    pub(crate) fn new(from: R) -> Self {
        let (out, packed) = (Vec::new(), Vec::new());
        Self { from, out, at: 0, packed, state: State::Start, block_sums: false, content_sum: false }
    }

    fn word(&mut self) -> io::Result<u32> {
        let mut word = [0; 4];
        self.from.read_exact(&mut word)?;
        Ok(u32::from_le_bytes(word))
    }

    fn start(&mut self) -> io::Result<()> {
        if self.word()? != MAGIC {
            return Err(bad("no LZ4 frame"));
        }
        let mut head = [0; 2];
        self.from.read_exact(&mut head)?;
        let flags = head[0];
        if flags >> 6 != 1 {
            return Err(bad("an unknown version of LZ4 frames"));
        }
        self.block_sums = flags & 0x10 != 0;
        self.content_sum = flags & 0x04 != 0;
        let more = if flags & 0x08 != 0 { 8 } else { 0 } + if flags & 0x01 != 0 { 4 } else { 0 } + 1;
        self.from.read_exact(&mut [0; 13][..more])
    }

    /// Unpacks the next block behind the window; nothing at the end.
    fn block(&mut self) -> io::Result<()> {
        let size = self.word()?;
        if size == 0 {
            if self.content_sum {
                self.word()?;
            }
            self.state = State::End;
            return Ok(());
        }
        let (stored, size) = (size >> 31 == 1, (size & 0x7fff_ffff) as usize);
        if size > MAX_BLOCK + MAX_BLOCK / 255 + 16 {
            return Err(bad("a block of LZ4 that is too large"));
        }
        self.packed.resize(size, 0);
        self.from.read_exact(&mut self.packed)?;
        let keep = self.out.len().saturating_sub(WINDOW);
        self.out.drain(..keep);
        self.at = self.out.len();
        if stored {
            self.out.extend_from_slice(&self.packed);
        } else {
            let limit = self.out.len() + MAX_BLOCK;
            sequences(&self.packed, &mut self.out, limit).ok_or_else(|| bad("a broken block of LZ4"))?;
        }
        if self.block_sums {
            self.word()?;
        }
        Ok(())
    }
}

impl<R: Read> Read for Frame<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.at == self.out.len() {
            match self.state {
                State::Start => {
                    self.start()?;
                    self.state = State::Blocks;
                }
                State::Blocks => self.block()?,
                State::End => return Ok(0),
            }
        }
        let n = buf.len().min(self.out.len() - self.at);
        buf[..n].copy_from_slice(&self.out[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

/// Literals and copies, until the block ends.
fn sequences(mut from: &[u8], out: &mut Vec<u8>, limit: usize) -> Option<()> {
    loop {
        let (&token, rest) = from.split_first()?;
        from = rest;
        let literals = length(usize::from(token >> 4), &mut from)?;
        out.extend_from_slice(from.get(..literals)?);
        from = &from[literals..];
        if out.len() > limit {
            return None;
        }
        if from.is_empty() {
            return Some(());
        }
        let back = usize::from(u16::from_le_bytes(*from.first_chunk()?));
        from = &from[2..];
        let copied = length(usize::from(token & 15), &mut from)?.checked_add(4)?;
        let start = out.len().checked_sub(back)?;
        if back == 0 || out.len().checked_add(copied)? > limit {
            return None;
        }
        if back >= copied {
            out.extend_from_within(start..start + copied);
        } else {
            // The copy reaches into itself: a pattern that repeats.
            for i in 0..copied {
                out.push(out[start + i]);
            }
        }
    }
}

fn length(first: usize, from: &mut &[u8]) -> Option<usize> {
    let mut n = first;
    if first == 15 {
        loop {
            let (&more, rest) = from.split_first()?;
            *from = rest;
            n = n.checked_add(usize::from(more))?;
            if more != 255 {
                break;
            }
        }
    }
    Some(n)
}

/// Unpacks a whole frame of at most `max` bytes.
///
/// # Errors
/// When it is no frame, is broken, or holds more.
pub fn unframe(data: &[u8], max: u64) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    Frame::new(data).take(max.saturating_add(1)).read_to_end(&mut out)?;
    if out.len() as u64 > max { Err(InventoryError::TooLarge("an LZ4 frame")) } else { Ok(out) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_copies_and_patterns_are_unpacked() {
        // "abc", copy 3 back for 7 (overlapping), then "xyz".
        let block = [0x33, b'a', b'b', b'c', 3, 0, 0x30, b'x', b'y', b'z'];
        let mut frame = MAGIC.to_le_bytes().to_vec();
        frame.extend([0x60, 0x40, 0]);
        frame.extend((block.len() as u32).to_le_bytes());
        frame.extend(block);
        frame.extend((0x8000_0002u32).to_le_bytes());
        frame.extend(*b"!!");
        frame.extend([0; 4]);
        assert_eq!(unframe(&frame, 100).expect("a frame"), b"abcabcabcaxyz!!");
        assert_eq!(unframe(&frame, 5).expect_err("longer").code(), "too_large");
        let mut broken = frame.clone();
        broken[15] = 9;
        assert_eq!(unframe(&broken, 100).expect_err("reaches before the start").code(), "unreadable");
    }
}
