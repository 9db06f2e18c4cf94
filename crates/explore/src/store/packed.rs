use std::sync::Arc;

/// Many numbers in one piece of memory that clones share. For each 65,536 numbers that have any there is a
/// part: a sorted list of their lower halves or, where that would be longer, a bit for each.
///
/// First stands the number of parts less one, then each part's upper half and its count less one, then
/// what is in them. It is never empty, and a change makes a new one: somebody else mostly holds the old.
#[derive(Clone)]
pub(crate) struct Packed(Arc<[u16]>);

/// A longer list takes more than bits do.
const LIST: usize = 4096;
/// Halves that the bits of a part take.
const BITS: usize = 4096;

#[derive(Clone, Copy)]
struct Part<'p> {
    /// The upper half of its numbers.
    upper: u16,
    count: usize,
    /// Lower halves or bits.
    data: &'p [u16],
}

impl<'p> Part<'p> {
    fn is_list(&self) -> bool {
        self.count <= LIST
    }

    fn base(&self) -> u32 {
        u32::from(self.upper) << 16
    }

    fn has(&self, lower: u16) -> bool {
        if self.is_list() {
            self.data.binary_search(&lower).is_ok()
        } else {
            self.data[usize::from(lower) / 16] >> (lower % 16) & 1 == 1
        }
    }

    /// Words of sixty-four bits, if it has bits.
    fn words(&self) -> impl Iterator<Item = u64> + use<'p> {
        self.data
            .chunks_exact(4)
            .map(|c| u64::from(c[0]) | u64::from(c[1]) << 16 | u64::from(c[2]) << 32 | u64::from(c[3]) << 48)
    }
}

fn halves(number: u32) -> (u16, u16) {
    ((number >> 16) as u16, number as u16)
}

fn as_bits(list: &[u16]) -> Vec<u16> {
    let mut bits = vec![0; BITS];
    list.iter().for_each(|l| bits[usize::from(*l) / 16] |= 1 << (l % 16));
    bits
}

impl Packed {
    /// From numbers in ascending order, at least one.
    pub fn from_sorted(numbers: &[u32]) -> Self {
        let lists: Vec<Vec<u16>> = numbers
            .chunk_by(|a, b| a >> 16 == b >> 16)
            .map(|part| {
                let list: Vec<u16> = part.iter().map(|n| *n as u16).collect();
                if list.len() > LIST { as_bits(&list) } else { list }
            })
            .collect();
        let parts: Vec<Part<'_>> = numbers
            .chunk_by(|a, b| a >> 16 == b >> 16)
            .zip(&lists)
            .map(|(part, data)| Part { upper: halves(part[0]).0, count: part.len(), data })
            .collect();
        Self::assemble(&parts)
    }

    fn assemble(parts: &[Part<'_>]) -> Self {
        let length: usize = parts.iter().map(|p| p.data.len()).sum();
        let mut all = Vec::with_capacity(1 + parts.len() * 2 + length);
        all.push((parts.len() - 1) as u16);
        all.extend(parts.iter().flat_map(|p| [p.upper, (p.count - 1) as u16]));
        parts.iter().for_each(|p| all.extend_from_slice(p.data));
        Self(all.into())
    }

    fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let count = usize::from(self.0[0]) + 1;
        let (heads, mut rest) = self.0[1..].split_at(count * 2);
        heads.chunks_exact(2).map(move |head| {
            let count = usize::from(head[1]) + 1;
            let (data, behind) = rest.split_at(if count <= LIST { count } else { BITS });
            rest = behind;
            Part { upper: head[0], count, data }
        })
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.parts().map(|p| p.count).sum()
    }

    pub fn contains(&self, number: u32) -> bool {
        let (upper, lower) = halves(number);
        self.parts().find(|p| p.upper >= upper).is_some_and(|p| p.upper == upper && p.has(lower))
    }

    /// The same with a number that was not in it.
    pub fn with(&self, number: u32) -> Self {
        let (upper, lower) = halves(number);
        let changed: Vec<u16>;
        let mut parts: Vec<Part<'_>> = self.parts().collect();
        match parts.binary_search_by_key(&upper, |p| p.upper) {
            Ok(at) => {
                let old = parts[at];
                let mut data = old.data.to_vec();
                if old.is_list() {
                    data.insert(data.partition_point(|l| *l < lower), lower);
                    changed = if data.len() > LIST { as_bits(&data) } else { data };
                } else {
                    data[usize::from(lower) / 16] |= 1 << (lower % 16);
                    changed = data;
                }
                parts[at] = Part { upper, count: old.count + 1, data: &changed };
            }
            Err(at) => {
                changed = vec![lower];
                parts.insert(at, Part { upper, count: 1, data: &changed });
            }
        }
        Self::assemble(&parts)
    }

    /// The same without a number that was in it beside others.
    pub fn without(&self, number: u32) -> Self {
        let (upper, lower) = halves(number);
        let changed: Vec<u16>;
        let mut parts: Vec<Part<'_>> = self.parts().collect();
        if let Ok(at) = parts.binary_search_by_key(&upper, |p| p.upper) {
            let old = parts[at];
            if old.count == 1 {
                parts.remove(at);
            } else {
                if old.is_list() {
                    changed = old.data.iter().copied().filter(|l| *l != lower).collect();
                } else if old.count == LIST + 1 {
                    changed = Numbers::of(old).map(|n| n as u16).filter(|l| *l != lower).collect();
                } else {
                    let mut data = old.data.to_vec();
                    data[usize::from(lower) / 16] &= !(1 << (lower % 16));
                    changed = data;
                }
                parts[at] = Part { upper, count: old.count - 1, data: &changed };
            }
        }
        Self::assemble(&parts)
    }

    /// Numbers in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.parts().flat_map(Numbers::of)
    }

    /// Numbers from one to before another, in ascending order.
    pub fn range(&self, from: u32, to: u32) -> impl Iterator<Item = u32> + '_ {
        let parts = self.parts().filter(move |p| p.base() < to && p.base() | 0xFFFF >= from);
        parts.flat_map(Numbers::of).skip_while(move |n| *n < from).take_while(move |n| *n < to)
    }

    /// Adds the numbers to a set's words; those beyond its end are left out.
    pub fn add_to(&self, words: &mut [u64]) {
        for part in self.parts() {
            let Some(own) = words.get_mut(part.base() as usize / 64..) else { return };
            if part.is_list() {
                for lower in part.data {
                    if let Some(word) = own.get_mut(usize::from(lower >> 6)) {
                        *word |= 1 << (lower & 63);
                    }
                }
            } else {
                own.iter_mut().zip(part.words()).for_each(|(own, word)| *own |= word);
            }
        }
    }

    /// Puts those numbers that a set's words have behind others, in ascending order.
    pub fn pick(&self, words: &[u64], picked: &mut Vec<u32>) {
        for part in self.parts() {
            let base = part.base();
            let Some(own) = words.get(base as usize / 64..) else { return };
            if part.is_list() {
                let has = |l: &u16| own.get(usize::from(l >> 6)).is_some_and(|w| w >> (l & 63) & 1 == 1);
                picked.extend(part.data.iter().copied().filter(has).map(|l| base | u32::from(l)));
            } else {
                for (at, (own, word)) in own.iter().zip(part.words()).enumerate() {
                    let mut both = own & word;
                    while both != 0 {
                        picked.push(base + at as u32 * 64 + both.trailing_zeros());
                        both &= both - 1;
                    }
                }
            }
        }
    }

    /// Whether a set's words have one of the numbers, and how much was looked at.
    pub fn meets(&self, words: &[u64]) -> (bool, u64) {
        let mut looked = 0;
        for part in self.parts() {
            let own = words.get(part.base() as usize / 64..).unwrap_or(&[]);
            if part.is_list() {
                let has = |l: &u16| own.get(usize::from(l >> 6)).is_some_and(|w| w >> (l & 63) & 1 == 1);
                match part.data.iter().position(has) {
                    Some(at) => return (true, looked + at as u64 + 1),
                    None => looked += part.data.len() as u64,
                }
            } else {
                looked += 1024;
                if own.iter().zip(part.words()).any(|(own, word)| own & word != 0) {
                    return (true, looked);
                }
            }
        }
        (false, looked)
    }

    /// Bytes that it takes on the heap: counters and halves.
    pub fn bytes(&self) -> usize {
        16 + self.0.len() * 2
    }
}

/// The numbers of a part in ascending order.
enum Numbers<'p> {
    List { base: u32, list: std::slice::Iter<'p, u16> },
    Bits { base: u32, rest: &'p [u16], half: u16 },
}

impl<'p> Numbers<'p> {
    fn of(part: Part<'p>) -> Self {
        let base = part.base();
        if part.is_list() {
            Self::List { base, list: part.data.iter() }
        } else {
            Self::Bits { base, rest: &part.data[1..], half: part.data[0] }
        }
    }
}

impl Iterator for Numbers<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            Self::List { base, list } => list.next().map(|l| *base | u32::from(*l)),
            Self::Bits { base, rest, half } => {
                while *half == 0 {
                    let (next, behind) = rest.split_first()?;
                    (*half, *rest, *base) = (*next, behind, *base + 16);
                }
                let bit = half.trailing_zeros();
                *half &= *half - 1;
                Some(*base + bit)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn it_is_a_set_through_lists_and_bits() {
        // Two dense parts, one sparse, one at the very end; waves cross from list to bits and back.
        let mut plain: BTreeSet<u32> = (0..200).map(|n| n * 3).collect();
        let mut own = Packed::from_sorted(&plain.iter().copied().collect::<Vec<_>>());
        let mut z = 1u32;
        let mut most = 0;
        for step in 0..40_000u32 {
            z = z.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let number = match (z >> 8) % 8 {
                0..6 => (z >> 12) % 6000,
                6 => 65_536 + (z >> 12) % 5000,
                _ => u32::MAX - 2 - (z >> 12) % 50,
            };
            let grows = step / 10_000 % 2 == 0;
            if plain.contains(&number) {
                assert!(own.contains(number));
                if !grows && plain.len() > 1 {
                    plain.remove(&number);
                    own = own.without(number);
                }
            } else {
                assert!(!own.contains(number));
                if grows {
                    plain.insert(number);
                    own = own.with(number);
                }
            }
            if step % 500 == 0 {
                let numbers: Vec<u32> = plain.iter().copied().collect();
                assert!(own.iter().eq(numbers.iter().copied()));
                assert_eq!(own.len(), plain.len());
                most = most.max(plain.range(..65_536).count());
                assert_eq!(own.0, Packed::from_sorted(&numbers).0, "one form for each set");
                for (from, to) in [(0, 10), (500, 70_000), (65_535, 65_537), (66_000, u32::MAX), (9, 9)] {
                    assert!(own.range(from, to).eq(plain.range(from..to).copied()), "{from} {to}");
                }
            }
        }
        assert!(most > LIST + 100, "it went through bits: {most}");
    }
}
