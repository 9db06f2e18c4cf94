//! Long texts, packed: there are hundreds of thousands, of which few are ever read.

use std::collections::{BTreeMap, HashMap};
use std::io;

use super::Sym;

/// Bytes that are packed together: enough that words repeat, little enough to be unpacked for one text.
const BLOCK: usize = 128 << 10;
/// A fast level: what it saves less than higher ones is not worth their time.
const LEVEL: i32 = 3;

/// Where a text is, and who said it.
#[derive(Clone, Copy, Debug)]
struct Place {
    block: u32,
    from: u32,
    len: u32,
    feed: u16,
}

/// What vulnerabilities are, in words; of several feeds' texts the longest.
#[derive(Default)]
pub(crate) struct Texts {
    packed: Vec<Box<[u8]>>,
    /// The block that is being filled.
    open: Vec<u8>,
    places: HashMap<Sym, Place>,
    /// Bytes of texts that were replaced.
    wasted: usize,
    written: usize,
}

impl Texts {
    /// Takes what a feed says of a vulnerability now; an empty text takes back what it said before.
    pub fn put(&mut self, of: Sym, feed: u16, text: &str) {
        let before = self.places.get(&of).copied();
        if let Some(before) = before {
            let len = before.len as usize;
            let other = before.feed != feed;
            if (other && text.len() <= len)
                || (text.len() == len && self.read(before).as_deref() == Some(text))
            {
                return;
            }
            self.wasted += len;
            self.places.remove(&of);
        }
        if text.is_empty() {
            return;
        }
        let (Ok(block), Ok(from), Ok(len)) =
            (u32::try_from(self.packed.len()), u32::try_from(self.open.len()), u32::try_from(text.len()))
        else {
            return;
        };
        self.open.extend_from_slice(text.as_bytes());
        self.written += text.len();
        self.places.insert(of, Place { block, from, len, feed });
        if self.open.len() >= BLOCK {
            // Packing to memory fails only for want of it; then the block is kept as it is not, empty.
            let packed = zstd::bulk::compress(&self.open, LEVEL).unwrap_or_default();
            self.packed.push(packed.into_boxed_slice());
            self.open.clear();
        }
    }

    /// The texts of some vulnerabilities; each block is unpacked once.
    pub fn all(&self, of: impl Iterator<Item = Sym>) -> Vec<(Sym, String)> {
        let mut by_block: BTreeMap<u32, Vec<(Sym, Place)>> = BTreeMap::new();
        for sym in of {
            if let Some(place) = self.places.get(&sym) {
                by_block.entry(place.block).or_default().push((sym, *place));
            }
        }
        let mut out = Vec::new();
        for (block, places) in by_block {
            let Ok(bytes) = self.block(block) else { continue };
            out.extend(places.into_iter().filter_map(|(sym, place)| Some((sym, cut(&bytes, place)?))));
        }
        out
    }

    fn read(&self, place: Place) -> Option<String> {
        cut(&self.block(place.block).ok()?, place)
    }

    fn block(&self, number: u32) -> io::Result<std::borrow::Cow<'_, [u8]>> {
        match self.packed.get(number as usize) {
            // A text may be as long as its feed's bound beyond the end of a block.
            Some(packed) => Ok(zstd::bulk::decompress(packed, 2 * BLOCK)?.into()),
            None => Ok(self.open.as_slice().into()),
        }
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        let packed: usize = self.packed.iter().map(|b| b.len()).sum();
        packed + self.open.capacity() + self.places.capacity() * (size_of::<(Sym, Place)>() + 1)
    }

    /// Whether much of it is of texts that were replaced.
    pub fn is_worn(&self) -> bool {
        self.wasted > BLOCK && self.wasted * 4 > self.written
    }
}

fn cut(bytes: &[u8], place: Place) -> Option<String> {
    let from = place.from as usize;
    let text = bytes.get(from..from + place.len as usize)?;
    std::str::from_utf8(text).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_they_were_written() {
        let mut texts = Texts::default();
        let text = |n: u32| format!("In version {n} of the library a length is not checked. ").repeat(9);
        for n in 0..2000 {
            texts.put(Sym(n), 0, &text(n));
        }
        assert!(texts.packed.len() > 5);
        let some = [1999, 3, 700, 5000];
        let mut read = texts.all(some.iter().map(|n| Sym(*n)));
        read.sort();
        assert_eq!(read, [(Sym(3), text(3)), (Sym(700), text(700)), (Sym(1999), text(1999))]);
        assert!(texts.bytes() < texts.written / 3, "{} of {}", texts.bytes(), texts.written);
        assert!(!texts.is_worn());
    }

    #[test]
    fn the_longest_text_counts_and_a_feed_can_take_its_own_back() {
        let mut texts = Texts::default();
        let mut said = |feed: u16, text: &str| {
            texts.put(Sym(1), feed, text);
            texts.all([Sym(1)].into_iter()).into_iter().next().map(|(_, text)| text).unwrap_or_default()
        };
        assert_eq!(said(0, "short"), "short");
        assert_eq!(said(1, "sho"), "short");
        assert_eq!(said(1, "longer text"), "longer text");
        assert_eq!(said(0, ""), "longer text");
        assert_eq!(said(1, "new"), "new");
        assert_eq!(said(1, ""), "");
    }
}
