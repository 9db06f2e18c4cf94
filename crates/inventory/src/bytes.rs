//! Reading at a place, and numbers out of bytes; everything is checked against the end.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::error::{InventoryError, Result};

/// Bytes that can be read at any place.
pub(crate) trait ReadAt {
    /// How many there are.
    fn size(&self) -> u64;
    /// Fills `buf` from `at`; an error beyond the end.
    fn fill(&self, buf: &mut [u8], at: u64) -> Result<()>;

    /// `len` bytes from `at`; the caller has bounded `len`.
    fn take(&self, at: u64, len: usize) -> Result<Vec<u8>> {
        if at.checked_add(len as u64).is_none_or(|end| end > self.size()) {
            return Err(InventoryError::Malformed("a place beyond the end"));
        }
        let mut out = vec![0; len];
        self.fill(&mut out, at)?;
        Ok(out)
    }
}

/// A file with the size that it had when it was opened.
#[derive(Debug)]
pub(crate) struct Sized {
    pub(crate) file: File,
    pub(crate) size: u64,
}

impl ReadAt for Sized {
    fn size(&self) -> u64 {
        self.size
    }

    fn fill(&self, buf: &mut [u8], at: u64) -> Result<()> {
        Ok(self.file.read_exact_at(buf, at)?)
    }
}

impl ReadAt for &[u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn fill(&self, buf: &mut [u8], at: u64) -> Result<()> {
        let from = usize::try_from(at).ok().and_then(|at| self.get(at..)?.get(..buf.len()));
        buf.copy_from_slice(from.ok_or(InventoryError::Malformed("a place beyond the end"))?);
        Ok(())
    }
}

/// A part of something that can be read at any place.
pub(crate) struct Part<'a> {
    pub(crate) of: &'a dyn ReadAt,
    pub(crate) start: u64,
    pub(crate) size: u64,
}

impl ReadAt for Part<'_> {
    fn size(&self) -> u64 {
        self.size
    }

    fn fill(&self, buf: &mut [u8], at: u64) -> Result<()> {
        if at.checked_add(buf.len() as u64).is_none_or(|end| end > self.size) {
            return Err(InventoryError::Malformed("a place beyond the end"));
        }
        self.of
            .fill(buf, self.start.checked_add(at).ok_or(InventoryError::Malformed("a place beyond the end"))?)
    }
}

/// `N` bytes at `at`.
pub(crate) fn array<const N: usize>(data: &[u8], at: usize) -> Option<[u8; N]> {
    data.get(at..)?.first_chunk::<N>().copied()
}

/// A 16-bit number at `at`, of either order of bytes.
pub(crate) fn u16_at(data: &[u8], at: usize, big: bool) -> Option<u16> {
    array(data, at).map(if big { u16::from_be_bytes } else { u16::from_le_bytes })
}

/// A 32-bit number at `at`.
pub(crate) fn u32_at(data: &[u8], at: usize, big: bool) -> Option<u32> {
    array(data, at).map(if big { u32::from_be_bytes } else { u32::from_le_bytes })
}

/// A 64-bit number at `at`.
pub(crate) fn u64_at(data: &[u8], at: usize, big: bool) -> Option<u64> {
    array(data, at).map(if big { u64::from_be_bytes } else { u64::from_le_bytes })
}

/// Text up to the first zero byte.
pub(crate) fn c_str(data: &[u8]) -> &[u8] {
    memchr::memchr(0, data).map_or(data, |end| &data[..end])
}

/// Bytes as text; what is no text becomes a replacement character, and it is cut at `max` bytes.
pub(crate) fn text(data: &[u8], max: usize) -> String {
    let cut = &data[..data.len().min(max)];
    String::from_utf8_lossy(cut).trim().to_owned()
}

/// Lines without their end; a longer one than `max` is cut there.
pub(crate) struct Lines<R> {
    from: std::io::BufReader<R>,
    line: Vec<u8>,
    max: usize,
}

impl<R: std::io::Read> Lines<R> {
    pub(crate) fn new(from: R, max: usize) -> Self {
        Self { from: std::io::BufReader::with_capacity(64 << 10, from), line: Vec::new(), max }
    }

    /// The next line, or nothing at the end.
    pub(crate) fn next(&mut self) -> std::io::Result<Option<&[u8]>> {
        use std::io::BufRead;
        self.line.clear();
        let mut any = false;
        loop {
            let have = self.from.fill_buf()?;
            if have.is_empty() {
                return Ok(any.then_some(&self.line[..]));
            }
            any = true;
            let (part, used, ended) = match memchr::memchr(b'\n', have) {
                Some(end) => (&have[..end], end + 1, true),
                None => (have, have.len(), false),
            };
            let room = self.max.saturating_sub(self.line.len());
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            self.from.consume(used);
            if ended {
                if self.line.last() == Some(&b'\r') {
                    self.line.pop();
                }
                return Ok(Some(&self.line));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_and_the_last_needs_no_end() {
        let mut lines = Lines::new(&b"ab\r\n\nabcdef\nend"[..], 4);
        let mut all = Vec::new();
        while let Some(line) = lines.next().expect("memory") {
            all.push(line.to_vec());
        }
        assert_eq!(all, [&b"ab"[..], b"", b"abcd", b"end"]);
    }

    #[test]
    fn a_part_ends_where_it_ends() {
        let whole: &[u8] = b"0123456789";
        let part = Part { of: &whole, start: 2, size: 4 };
        assert_eq!(part.take(1, 3).expect("inside"), b"345");
        assert!(part.take(2, 3).is_err());
        assert!(whole.take(u64::MAX, 2).is_err());
    }
}
