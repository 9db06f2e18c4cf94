use super::Neighbours;

/// A set of a table's numbers as bits in one piece. A table has at most some millions of nodes, so that a
/// union or a cut of any two sets is a few thousand words, and a look costs next to nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Set {
    words: Vec<u64>,
}

impl Set {
    /// Empty, with room for numbers below `count`.
    pub fn with_room(count: u32) -> Self {
        Self { words: vec![0; (count as usize).div_ceil(64)] }
    }

    /// Makes it empty, with room for numbers below `count`.
    pub fn clear(&mut self, count: u32) {
        self.words.clear();
        self.words.resize((count as usize).div_ceil(64), 0);
    }

    /// From words of which the first has the numbers below 64.
    pub fn from_words(words: Vec<u64>) -> Self {
        Self { words }
    }

    pub fn has(&self, n: u32) -> bool {
        self.words.get(n as usize / 64).is_some_and(|w| w >> (n % 64) & 1 == 1)
    }

    /// Adds a number, and room for it if need be.
    pub fn insert(&mut self, n: u32) {
        let at = n as usize / 64;
        if at >= self.words.len() {
            self.words.resize(at + 1, 0);
        }
        self.words[at] |= 1 << (n % 64);
    }

    /// Adds all numbers from one to before another.
    pub fn insert_range(&mut self, from: u32, to: u32) {
        (from..to).for_each(|n| self.insert(n));
    }

    pub fn len(&self) -> u64 {
        self.words.iter().map(|w| u64::from(w.count_ones())).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|w| *w == 0)
    }

    /// Numbers in ascending order.
    pub fn iter(&self) -> Numbers<'_> {
        Numbers { words: &self.words, at: 0, word: self.words.first().copied().unwrap_or(0) }
    }

    /// Adds the other's numbers.
    pub fn add_all(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (own, other) in self.words.iter_mut().zip(&other.words) {
            *own |= other;
        }
    }

    /// Keeps what is in the other too.
    pub fn keep(&mut self, other: &Self) {
        self.words.truncate(other.words.len());
        for (own, other) in self.words.iter_mut().zip(&other.words) {
            *own &= other;
        }
    }

    /// Takes the other's numbers out.
    pub fn take_out(&mut self, other: &Self) {
        for (own, other) in self.words.iter_mut().zip(&other.words) {
            *own &= !other;
        }
    }

    /// Adds neighbours for which there is room; the others are left out.
    pub fn add(&mut self, neighbours: Neighbours<'_>) {
        match neighbours {
            Neighbours::List(list) => {
                for n in list {
                    if let Some(word) = self.words.get_mut(*n as usize / 64) {
                        *word |= 1 << (n % 64);
                    }
                }
            }
            Neighbours::Packed(packed, _) => packed.add_to(&mut self.words),
        }
    }

    /// Puts those neighbours that are in it behind others, in ascending order.
    pub fn pick(&self, neighbours: Neighbours<'_>, picked: &mut Vec<u32>) {
        match neighbours {
            Neighbours::List(list) => picked.extend(list.iter().copied().filter(|n| self.has(*n))),
            Neighbours::Packed(packed, _) => packed.pick(&self.words, picked),
        }
    }

    /// Whether one of the neighbours is in it, and how many were looked at.
    pub fn meets(&self, neighbours: Neighbours<'_>) -> (bool, u64) {
        match neighbours {
            Neighbours::List(list) => match list.iter().position(|n| self.has(*n)) {
                Some(at) => (true, at as u64 + 1),
                None => (false, list.len() as u64),
            },
            Neighbours::Packed(packed, _) => packed.meets(&self.words),
        }
    }
}

impl FromIterator<u32> for Set {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        let mut set = Self::default();
        numbers.into_iter().for_each(|n| set.insert(n));
        set
    }
}

/// A set's numbers in ascending order.
pub(crate) struct Numbers<'s> {
    words: &'s [u64],
    at: usize,
    word: u64,
}

impl Iterator for Numbers<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        while self.word == 0 {
            self.at += 1;
            self.word = *self.words.get(self.at)?;
        }
        let bit = self.word.trailing_zeros();
        self.word &= self.word - 1;
        Some(self.at as u32 * 64 + bit)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::store::Packed;

    /// Numbers below a bound, always the same.
    fn some(seed: u32, bound: u32, count: usize) -> BTreeSet<u32> {
        let mut z = seed;
        std::iter::repeat_with(|| {
            z = z.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (z >> 8) % bound
        })
        .take(count)
        .collect()
    }

    fn numbers(set: &Set) -> Vec<u32> {
        set.iter().collect()
    }

    #[test]
    fn it_is_a_set_whatever_the_room() {
        for (room, other_room) in [(10u32, 5000u32), (5000, 10), (640, 640), (1, 1)] {
            let (a, b) = (some(1, room, 300), some(2, other_room, 300));
            let make = |s: &BTreeSet<u32>| s.iter().copied().collect::<Set>();
            let is = |set: &Set, plain: BTreeSet<u32>| {
                assert_eq!(numbers(set), plain.iter().copied().collect::<Vec<_>>());
                assert_eq!((set.len(), set.is_empty()), (plain.len() as u64, plain.is_empty()));
                assert!((0..6000).all(|n| set.has(n) == plain.contains(&n)));
            };
            let mut set = make(&a);
            set.keep(&make(&b));
            is(&set, &a & &b);
            let mut set = make(&a);
            set.take_out(&make(&b));
            is(&set, &a - &b);
            let mut set = make(&a);
            set.add_all(&make(&b));
            is(&set, &a | &b);
            set.insert_range(100, 300);
            is(&set, &(&a | &b) | &(100..300).collect());
        }
    }

    #[test]
    fn neighbours_in_both_forms_are_added_and_met() {
        for (bound, count) in [(200_000u32, 90), (200_000, 60_000), (70_000, 69_000)] {
            let plain = some(3, bound, count);
            let list: Vec<u32> = plain.iter().copied().collect();
            let packed = Packed::from_sorted(&list);
            for neighbours in [Neighbours::List(&list), Neighbours::Packed(&packed, list.len() as u32)] {
                let mut set = Set::with_room(bound);
                set.add(neighbours);
                assert_eq!(numbers(&set), list);
                let mut narrow = Set::with_room(65_600);
                narrow.add(neighbours);
                let inside: Vec<u32> = list.iter().copied().filter(|n| *n < 65_600 / 64 * 64).collect();
                assert_eq!(numbers(&narrow), inside, "numbers without room are left out");
                for probe in [some(4, bound, 40), some(5, bound, 3), BTreeSet::from([bound - 1])] {
                    let meets = !probe.is_disjoint(&plain);
                    let set: Set = probe.into_iter().collect();
                    let both: Vec<u32> = list.iter().copied().filter(|n| set.has(*n)).collect();
                    let mut picked = vec![7];
                    set.pick(neighbours, &mut picked);
                    assert_eq!((picked[0], &picked[1..]), (7, &both[..]));
                    let (met, looked) = set.meets(neighbours);
                    assert_eq!(met, meets);
                    assert!(looked > 0 && looked <= list.len().max(2048) as u64);
                }
            }
        }
    }
}
