//! A Bloom filter of a block's terms.

use std::collections::HashSet;

use palisade_schema::terms;

/// Bits for each different term, with three of them set: about one block in twenty is read in vain.
const BITS: usize = 6;

/// Bits that a term sets.
const PROBES: u32 = 3;

/// The terms of a block that is being written.
#[derive(Debug, Default)]
pub(super) struct Filter {
    hashes: HashSet<u64>,
}

impl Filter {
    pub(super) fn add(&mut self, text: &str) {
        terms::each(text, |hash| {
            self.hashes.insert(hash);
        });
    }

    /// The filter of what was added; empty where no term was. The next block begins.
    pub(super) fn take(&mut self) -> Vec<u64> {
        let words = (self.hashes.len() * BITS).div_ceil(64);
        let mut filter = vec![0; words];
        let length = u32::try_from(words).unwrap_or(u32::MAX);
        for hash in self.hashes.drain() {
            for (word, bit) in probes(hash, length) {
                filter[word as usize] |= bit;
            }
        }
        filter
    }
}

/// The bits of a term in a filter of so many words: a word and the bit in it.
#[allow(clippy::cast_possible_truncation)] // below `bits`, and a word's number below `words`
pub(super) fn probes(hash: u64, words: u32) -> impl Iterator<Item = (u32, u64)> {
    let bits = u64::from(words) * 64;
    (0..PROBES).map(move |n| {
        let own = hash.wrapping_add(u64::from(n).wrapping_mul(hash.rotate_left(32) | 1));
        let bit = ((u128::from(own) * u128::from(bits)) >> 64) as u64;
        ((bit / 64) as u32, 1 << (bit % 64))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(filter: &[u64], text: &str) -> bool {
        let mut all = !filter.is_empty();
        let length = u32::try_from(filter.len()).expect("short");
        terms::each(text, |hash| all &= probes(hash, length).all(|(w, bit)| filter[w as usize] & bit != 0));
        all
    }

    #[test]
    fn what_was_added_is_found_and_little_else() {
        let mut open = Filter::default();
        (0..20_000).for_each(|n| open.add(&format!("run-{n:x} in/{}", n % 7)));
        let filter = open.take();
        assert!((0..20_000).all(|n| has(&filter, &format!("{n:x}"))));
        let wrong = (0..10_000).filter(|n| has(&filter, &format!("other{n}"))).count();
        assert!(wrong < 1500, "{wrong} of 10000");
        assert!(open.take().is_empty(), "the next block begins without terms");
    }
}
