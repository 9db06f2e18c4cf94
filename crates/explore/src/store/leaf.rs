use super::Packed;

/// The neighbours of a run of nodes over one relation in one direction. Most nodes have a few: their
/// lists lie one after the other, so that whoever goes through the nodes goes through memory in order.
/// Machines have a thousand programs, and a program can be on every machine: those are packed apart.
#[derive(Clone)]
pub(crate) struct Leaf {
    /// Where each node's part of `lists` ends.
    ends: [u16; Leaf::NODES],
    /// Which nodes have many neighbours: in `lists` is their place in `many`, and how many there are.
    apart: [u64; Leaf::NODES / 64],
    lists: Vec<u32>,
    many: Vec<Packed>,
}

/// A longer list takes more memory than what is packed.
const LIST: usize = 64;
/// What gets this short is a list again.
const NOT_MANY: usize = 32;
/// Lists get room for so many more at once.
const ROOM: usize = 16;

/// A node's neighbours.
#[derive(Clone, Copy)]
pub(crate) enum Neighbours<'a> {
    /// Few, in ascending order.
    List(&'a [u32]),
    /// Many, and how many.
    Packed(&'a Packed, u32),
}

impl Default for Leaf {
    fn default() -> Self {
        Self { ends: [0; Self::NODES], apart: [0; Self::NODES / 64], lists: Vec::new(), many: Vec::new() }
    }
}

impl Leaf {
    /// Nodes of a leaf. All their lists together have places that fit into sixteen bits.
    pub const NODES: usize = 256;

    pub fn of(&self, at: usize) -> Neighbours<'_> {
        let (from, to) = self.place(at);
        match self.lists[from..to] {
            [place, count] if self.is_apart(at) => Neighbours::Packed(&self.many[place as usize], count),
            ref list => Neighbours::List(list),
        }
    }

    fn place(&self, at: usize) -> (usize, usize) {
        let from = if at == 0 { 0 } else { self.ends[at - 1] };
        (usize::from(from), usize::from(self.ends[at]))
    }

    fn is_apart(&self, at: usize) -> bool {
        self.apart[at / 64] >> (at % 64) & 1 == 1
    }

    /// Makes these a node's neighbours, which are in ascending order.
    pub fn set(&mut self, at: usize, numbers: &[u32]) {
        if numbers.len() <= LIST {
            self.drop_apart(at);
            self.put(at, numbers);
        } else {
            self.set_apart(at, Packed::from_sorted(numbers), numbers.len() as u32);
        }
    }

    /// Whether it was not there before.
    pub fn insert(&mut self, at: usize, number: u32) -> bool {
        match self.of(at) {
            Neighbours::List(list) => {
                let Err(place) = list.binary_search(&number) else { return false };
                let mut list = list.to_vec();
                list.insert(place, number);
                self.set(at, &list);
            }
            Neighbours::Packed(packed, count) => {
                if packed.contains(number) {
                    return false;
                }
                let packed = packed.with(number);
                self.set_apart(at, packed, count + 1);
            }
        }
        true
    }

    /// Whether it was there.
    pub fn remove(&mut self, at: usize, number: u32) -> bool {
        match self.of(at) {
            Neighbours::List(list) => {
                let Ok(place) = list.binary_search(&number) else { return false };
                let mut list = list.to_vec();
                list.remove(place);
                self.set(at, &list);
            }
            Neighbours::Packed(packed, count) => {
                if !packed.contains(number) {
                    return false;
                }
                if count as usize <= NOT_MANY {
                    let list: Vec<u32> = packed.iter().filter(|n| *n != number).collect();
                    self.set(at, &list);
                } else {
                    let packed = packed.without(number);
                    self.set_apart(at, packed, count - 1);
                }
            }
        }
        true
    }

    fn set_apart(&mut self, at: usize, packed: Packed, count: u32) {
        if self.is_apart(at) {
            let (from, _) = self.place(at);
            self.many[self.lists[from] as usize] = packed;
            self.lists[from + 1] = count;
        } else {
            self.put(at, &[self.many.len() as u32, count]);
            self.many.reserve_exact(1);
            self.many.push(packed);
            self.apart[at / 64] |= 1 << (at % 64);
        }
    }

    /// Frees a node's place among the packed ones; the last of them takes it.
    fn drop_apart(&mut self, at: usize) {
        if !self.is_apart(at) {
            return;
        }
        self.apart[at / 64] &= !(1 << (at % 64));
        let free = self.lists[self.place(at).0];
        self.many.swap_remove(free as usize);
        let moved = self.many.len() as u32;
        for other in (0..Self::NODES).filter(|other| self.is_apart(*other)) {
            let (from, _) = self.place(other);
            if self.lists[from] == moved {
                self.lists[from] = free;
                return;
            }
        }
    }

    /// Replaces a node's part of the lists.
    fn put(&mut self, at: usize, numbers: &[u32]) {
        let (from, to) = self.place(at);
        if numbers.len() > to - from {
            // Not twice as much: leaves are many, and mostly stay as they are.
            let more = numbers.len() - (to - from);
            if self.lists.len() + more > self.lists.capacity() {
                self.lists.reserve_exact(more.next_multiple_of(ROOM));
            }
        }
        self.lists.splice(from..to, numbers.iter().copied());
        for end in &mut self.ends[at..] {
            *end = (usize::from(*end) + numbers.len() - (to - from)) as u16;
        }
    }

    /// Gives back room that is not used.
    pub fn shrink(&mut self) {
        self.lists.shrink_to_fit();
        self.many.shrink_to_fit();
    }

    /// Bytes on the heap and of itself, as far as can be known.
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.lists.capacity() * 4
            + self.many.capacity() * size_of::<Packed>()
            + self.many.iter().map(|p| p.bytes() + 8).sum::<usize>()
    }
}

impl<'a> Neighbours<'a> {
    pub fn len(self) -> u64 {
        match self {
            Self::List(list) => list.len() as u64,
            Self::Packed(_, count) => u64::from(count),
        }
    }

    pub fn is_empty(self) -> bool {
        matches!(self, Self::List([]))
    }

    pub fn contains(self, number: u32) -> bool {
        match self {
            Self::List(list) => list.binary_search(&number).is_ok(),
            Self::Packed(packed, _) => packed.contains(number),
        }
    }

    /// In ascending order.
    pub fn iter(self) -> impl Iterator<Item = u32> + use<'a> {
        let (list, packed) = match self {
            Self::List(list) => (list, None),
            Self::Packed(packed, _) => (&[][..], Some(packed)),
        };
        list.iter().copied().chain(packed.into_iter().flat_map(Packed::iter))
    }

    /// Neighbours from one number to before another, in ascending order.
    pub fn range(self, from: u32, to: u32) -> impl Iterator<Item = u32> + use<'a> {
        let (list, packed) = match self {
            Self::List(list) => {
                let (a, b) = (list.partition_point(|n| *n < from), list.partition_point(|n| *n < to));
                (&list[a..b.max(a)], None)
            }
            Self::Packed(packed, _) => (&[][..], Some(packed)),
        };
        list.iter().copied().chain(packed.into_iter().flat_map(move |p| p.range(from, to)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn each_node_has_its_own_neighbours_in_every_form() {
        let mut plain: BTreeMap<usize, BTreeSet<u32>> = BTreeMap::new();
        let mut own = Leaf::default();
        let mut z = 1u32;
        let mut forms = BTreeSet::new();
        for step in 0..60_000u32 {
            z = z.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (at, number) = ([0, 1, 7, 63, 64, 200, 255][(z >> 8) as usize % 7], (z >> 16) % 300);
            let there = plain.entry(at).or_default();
            // Waves, so that all grow until they are packed and shrink to nothing again.
            match (z >> 12) % 100 {
                0 => {
                    let some: BTreeSet<u32> = (0..300).filter(|n| n * 7 % 5 == z % 5).collect();
                    own.set(at, &some.iter().copied().collect::<Vec<_>>());
                    *there = some;
                }
                1 => {
                    own.set(at, &[number]);
                    *there = BTreeSet::from([number]);
                }
                n if n < if step / 10_000 % 2 == 0 { 90 } else { 10 } => {
                    assert_eq!(own.insert(at, number), there.insert(number));
                }
                _ => assert_eq!(own.remove(at, number), there.remove(&number)),
            }
            forms.insert((at, matches!(own.of(at), Neighbours::Packed(..))));
            let seen = own.of(at);
            assert_eq!(seen.contains(number), plain[&at].contains(&number));
            if step % 50 == 0 {
                for (at, there) in &plain {
                    let seen = own.of(*at);
                    assert_eq!((seen.len(), seen.is_empty()), (there.len() as u64, there.is_empty()));
                    assert!(seen.iter().eq(there.iter().copied()));
                    assert!(seen.range(50, 200).eq(there.range(50..200).copied()));
                }
                assert!((2..6).all(|at| own.of(at).is_empty()));
            }
        }
        assert_eq!(forms.len(), 14, "each went through both forms");
    }
}
