use roaring::RoaringBitmap;

use super::Adjacent;

/// A set as bits in one piece, where a look and a change cost least; for the time of a query.
#[derive(Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// With room for numbers below `count`.
    pub fn new(count: u32) -> Self {
        Self { words: vec![0; count as usize / 64 + 1] }
    }

    pub fn of(set: &RoaringBitmap) -> Self {
        let mut bits = Self::new(set.max().unwrap_or(0));
        set.iter().for_each(|n| bits.insert(n));
        bits
    }

    pub fn has(&self, n: u32) -> bool {
        self.words.get(n as usize / 64).is_some_and(|w| w >> (n % 64) & 1 == 1)
    }

    /// Numbers beyond the room are left out.
    pub fn insert(&mut self, n: u32) {
        if let Some(word) = self.words.get_mut(n as usize / 64) {
            *word |= 1 << (n % 64);
        }
    }

    /// Adds all neighbours.
    pub fn add(&mut self, neighbours: &Adjacent) {
        match neighbours {
            Adjacent::Many(bitmap) => bitmap.iter().for_each(|n| self.insert(n)),
            few => few.iter().for_each(|n| self.insert(n)),
        }
    }

    pub fn into_set(self) -> RoaringBitmap {
        let bytes: Vec<u8> = self.words.iter().flat_map(|w| w.to_le_bytes()).collect();
        RoaringBitmap::from_lsb0_bytes(0, &bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_what_a_bitmap_holds() {
        let set: RoaringBitmap = (0..5000).filter(|n| n % 7 == 3).collect();
        let bits = Bits::of(&set);
        assert!((0..6000).all(|n| bits.has(n) == set.contains(n)));
        assert_eq!(bits.into_set(), set);
        let mut none = Bits::new(10);
        none.insert(5000);
        assert!(!none.has(5000) && none.into_set().is_empty() && Bits::default().into_set().is_empty());
    }
}
