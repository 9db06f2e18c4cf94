//! A set of small numbers that is a list while it is short, bits while it is dense, and a hash set between.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use super::distinct::mix;

/// Most numbers of a list.
const FEW: usize = 16;

/// Spreads numbers that were given out in turn.
#[derive(Debug, Default)]
pub(super) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.write_u32(u32::from(*b)));
    }

    fn write_u32(&mut self, id: u32) {
        self.0 = mix(self.0 ^ u64::from(id) ^ 0xD6E8_FEB8_6659_FD93, 0x9E37_79B9_7F4A_7C15);
    }
}

/// Numbers that were given out in turn.
#[derive(Debug)]
pub(super) enum IdSet {
    Few(Vec<u32>),
    Many(HashSet<u32, BuildHasherDefault<Spread>>),
    Dense { bits: Vec<u64>, count: usize },
}

impl Default for IdSet {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

/// A number's word and its bit there.
fn place(id: u32) -> (usize, u64) {
    (id as usize / 64, 1 << (id % 64))
}

/// Whether bits up to a number take no more than eight bytes for each number in the set.
fn is_dense(highest: usize, count: usize) -> bool {
    highest / 64 <= count
}

impl IdSet {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Few(ids) => ids.len(),
            Self::Many(ids) => ids.len(),
            Self::Dense { count, .. } => *count,
        }
    }

    /// Bytes of its contents.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Few(ids) => ids.capacity() * size_of::<u32>(),
            Self::Many(ids) => ids.capacity() * (size_of::<u32>() + 1),
            Self::Dense { bits, .. } => bits.capacity() * size_of::<u64>(),
        }
    }

    pub(super) fn contains(&self, id: u32) -> bool {
        match self {
            Self::Few(ids) => ids.contains(&id),
            Self::Many(ids) => ids.contains(&id),
            Self::Dense { bits, .. } => {
                let (word, bit) = place(id);
                bits.get(word).is_some_and(|w| w & bit != 0)
            }
        }
    }

    /// Adds a number that is not in it; `given` were given out so far.
    pub(super) fn insert(&mut self, id: u32, given: usize) {
        match self {
            Self::Few(ids) if ids.len() < FEW => ids.push(id),
            Self::Few(_) => {
                *self = if is_dense(given, FEW) { self.dense() } else { self.many() };
                self.insert(id, given);
            }
            Self::Many(ids) => {
                ids.insert(id);
                if ids.len() % FEW == 0 && is_dense(given, ids.len()) {
                    *self = self.dense();
                }
            }
            Self::Dense { bits, count } => {
                let (word, bit) = place(id);
                if word >= bits.len() {
                    // Twice as sparse as what becomes bits: it does not go to and fro.
                    if word > 2 * (*count + FEW) {
                        *self = self.many();
                        self.insert(id, given);
                        return;
                    }
                    bits.resize(word + 1, 0);
                }
                bits[word] |= bit;
                *count += 1;
            }
        }
    }

    pub(super) fn each(&self, mut with: impl FnMut(u32)) {
        match self {
            Self::Few(ids) => ids.iter().copied().for_each(with),
            Self::Many(ids) => ids.iter().copied().for_each(with),
            Self::Dense { bits, .. } => {
                for (at, word) in (0u32..).step_by(64).zip(bits) {
                    let mut left = *word;
                    while left != 0 {
                        with(at + left.trailing_zeros());
                        left &= left - 1;
                    }
                }
            }
        }
    }

    fn dense(&self) -> Self {
        let mut bits = Vec::new();
        self.each(|id| {
            let (word, bit) = place(id);
            if word >= bits.len() {
                bits.resize(word + 1, 0);
            }
            bits[word] |= bit;
        });
        Self::Dense { bits, count: self.len() }
    }

    fn many(&self) -> Self {
        let mut ids = HashSet::with_capacity_and_hasher(self.len() + FEW, BuildHasherDefault::default());
        self.each(|id| {
            ids.insert(id);
        });
        Self::Many(ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Numbers in an order that makes the set change its form.
    fn check(ids: impl Iterator<Item = u32>, form: fn(&IdSet) -> bool) {
        let (mut set, mut model, mut given) = (IdSet::default(), BTreeSet::new(), 0);
        for id in ids {
            given = given.max(id as usize + 1);
            assert_eq!(set.contains(id), model.contains(&id));
            if model.insert(id) {
                set.insert(id, given);
            }
            assert_eq!(set.len(), model.len());
        }
        let mut all = BTreeSet::new();
        set.each(|id| assert!(all.insert(id), "{id} twice"));
        assert_eq!(all, model);
        assert!(form(&set), "{set:?}");
        // Its room is a small multiple of what it holds.
        assert!(set.bytes() <= 64 * (set.len() + 64), "{} bytes for {}", set.bytes(), set.len());
    }

    #[test]
    fn each_form_holds_what_was_added() {
        check((0..10).chain(5..15), |s| matches!(s, IdSet::Few(_)));
        check(0..5000, |s| matches!(s, IdSet::Dense { .. }));
        check((0..40).map(|n| n * 100_000), |s| matches!(s, IdSet::Many(_)));
        // Dense, then a number far away.
        check((0..500).chain([4_000_000_000, 3]), |s| matches!(s, IdSet::Many(_)));
        // Sparse, then all between.
        check((0..40).map(|n| n * 1000).chain(0..40_000), |s| matches!(s, IdSet::Dense { .. }));
    }
}
