use super::Chunked;

/// From a hash to the number of what has it: open addressing over a shared vector. Zero is a free slot,
/// one a deleted one, anything else a number and two.
#[derive(Clone, Default)]
pub(crate) struct Index {
    slots: Chunked<u32, 1024>,
    size: u32,
    /// Slots that are not free, deleted ones among them.
    filled: u32,
    live: u32,
}

const DELETED: u32 = 1;
const FIRST: u32 = 2;
/// Numbers that an index can hold.
pub(crate) const MAX_NUMBER: u32 = u32::MAX - FIRST;

impl Index {
    pub fn find(&self, hash: u64, mut is: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut at = self.start(hash)?;
        loop {
            match self.slots.get(at).copied().unwrap_or(0) {
                0 => return None,
                DELETED => {}
                n if is(n - FIRST) => return Some(n - FIRST),
                _ => {}
            }
            at = (at + 1) & (self.size - 1);
        }
    }

    /// Adds a number that is not there. `hash_of` is asked when the index grows.
    pub fn insert(&mut self, hash: u64, number: u32, hash_of: impl Fn(u32) -> u64) {
        if u64::from(self.filled + 1) * 8 > u64::from(self.size) * 7 {
            self.rebuild(&hash_of);
        }
        self.place(hash, number);
        self.live += 1;
    }

    pub fn remove(&mut self, hash: u64, number: u32) {
        let Some(mut at) = self.start(hash) else { return };
        loop {
            match self.slots.get(at).copied().unwrap_or(0) {
                0 => return,
                n if n == number + FIRST => break,
                _ => {}
            }
            at = (at + 1) & (self.size - 1);
        }
        *self.slots.slot(at) = DELETED;
        self.live -= 1;
    }

    pub fn bytes(&self) -> usize {
        self.slots.capacity() * 4
    }

    fn start(&self, hash: u64) -> Option<u32> {
        (self.size > 0).then(|| hash as u32 & (self.size - 1))
    }

    fn place(&mut self, hash: u64, number: u32) {
        let mut at = hash as u32 & (self.size - 1);
        loop {
            match self.slots.get(at).copied().unwrap_or(0) {
                0 => {
                    self.filled += 1;
                    break;
                }
                DELETED => break,
                _ => at = (at + 1) & (self.size - 1),
            }
        }
        *self.slots.slot(at) = number + FIRST;
    }

    fn rebuild(&mut self, hash_of: &impl Fn(u32) -> u64) {
        let old = std::mem::take(self);
        // At most half full afterwards, so that the next one is far away.
        self.size = ((old.live + 1).saturating_mul(2)).next_power_of_two().max(1024);
        for n in old.slots.chunks().flatten().filter(|n| **n >= FIRST) {
            self.place(hash_of(n - FIRST), n - FIRST);
        }
        self.live = old.live;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_what_was_added_and_not_what_was_removed() {
        let hash = |n: u32| u64::from(n % 97).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        let mut index = Index::default();
        assert_eq!(index.find(hash(1), |n| n == 1), None);
        for n in 0..5000 {
            index.insert(hash(n), n, hash);
        }
        for n in (0..5000).step_by(3) {
            index.remove(hash(n), n);
        }
        for n in 0..5000 {
            assert_eq!(index.find(hash(n), |m| m == n).is_some(), n % 3 != 0, "{n}");
        }
        for round in 0..20 {
            for n in 10_000..11_000 {
                index.insert(hash(n), n, hash);
            }
            for n in 10_000..11_000 {
                index.remove(hash(n), n);
            }
            assert!(index.size <= 16_384, "deleted slots are used again: round {round}");
        }
    }
}
