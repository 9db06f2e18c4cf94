use std::sync::Arc;

use roaring::RoaringBitmap;

/// The neighbours of one node over one relation: a few in place, some in a sorted list, many in a
/// bitmap. Most nodes have one or two, machines have a thousand programs, and a program can be on
/// every machine.
#[derive(Clone)]
pub(crate) enum Adjacent {
    Few(u8, [u32; 3]),
    Some(Arc<Vec<u32>>),
    Many(Arc<RoaringBitmap>),
}

const FEW: usize = 3;
/// A longer list takes more memory than a bitmap.
const SOME: usize = 64;
/// A bitmap that gets this short is a list again.
const NOT_MANY: u64 = 32;

/// Neighbours in ascending order.
pub(crate) enum Neighbours<'a> {
    Listed(std::slice::Iter<'a, u32>),
    Mapped(Box<roaring::bitmap::Iter<'a>>),
}

impl Iterator for Neighbours<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            Self::Listed(list) => list.next().copied(),
            Self::Mapped(bitmap) => bitmap.next(),
        }
    }
}

impl Default for Adjacent {
    fn default() -> Self {
        Self::Few(0, [0; FEW])
    }
}

impl Adjacent {
    /// From numbers in ascending order.
    pub fn from_sorted(numbers: &[u32]) -> Self {
        if numbers.len() <= FEW {
            let mut few = [0; FEW];
            few[..numbers.len()].copy_from_slice(numbers);
            Self::Few(numbers.len() as u8, few)
        } else if numbers.len() <= SOME {
            Self::Some(Arc::new(numbers.to_vec()))
        } else {
            let mut bitmap = RoaringBitmap::new();
            // In ascending order, so that nothing is refused.
            let _ = bitmap.append(numbers.iter().copied());
            // A clone has no spare room, and bitmaps are where the memory goes.
            #[allow(clippy::redundant_clone)]
            Self::Many(Arc::new(bitmap.clone()))
        }
    }

    pub fn len(&self) -> u64 {
        match self {
            Self::Few(n, _) => u64::from(*n),
            Self::Some(list) => list.len() as u64,
            Self::Many(bitmap) => bitmap.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Few(0, _))
    }

    pub fn contains(&self, number: u32) -> bool {
        match self {
            Self::Few(n, few) => few[..usize::from(*n)].contains(&number),
            Self::Some(list) => list.binary_search(&number).is_ok(),
            Self::Many(bitmap) => bitmap.contains(number),
        }
    }

    pub fn iter(&self) -> Neighbours<'_> {
        match self {
            Self::Few(n, few) => Neighbours::Listed(few[..usize::from(*n)].iter()),
            Self::Some(list) => Neighbours::Listed(list.iter()),
            Self::Many(bitmap) => Neighbours::Mapped(Box::new(bitmap.iter())),
        }
    }

    /// Neighbours from one number to before another, in ascending order.
    pub fn range(&self, from: u32, to: u32) -> Neighbours<'_> {
        let part = |list: &[u32]| (list.partition_point(|n| *n < from), list.partition_point(|n| *n < to));
        match self {
            Self::Few(n, few) => {
                let few = &few[..usize::from(*n)];
                let (a, b) = part(few);
                Neighbours::Listed(few[a..b].iter())
            }
            Self::Some(list) => {
                let (a, b) = part(list);
                Neighbours::Listed(list[a..b].iter())
            }
            Self::Many(bitmap) => Neighbours::Mapped(Box::new(bitmap.range(from..to))),
        }
    }

    /// Whether it was not there before.
    pub fn insert(&mut self, number: u32) -> bool {
        match self {
            Self::Few(n, few) => {
                let count = usize::from(*n);
                let Err(at) = few[..count].binary_search(&number) else { return false };
                if count < FEW {
                    few.copy_within(at..count, at + 1);
                    few[at] = number;
                    *n += 1;
                } else {
                    let mut list = few.to_vec();
                    list.insert(at, number);
                    *self = Self::Some(Arc::new(list));
                }
                true
            }
            Self::Some(list) => {
                let Err(at) = list.binary_search(&number) else { return false };
                if list.len() < SOME {
                    Arc::make_mut(list).insert(at, number);
                } else {
                    let mut bitmap: RoaringBitmap = list.iter().copied().collect();
                    bitmap.insert(number);
                    *self = Self::Many(Arc::new(bitmap));
                }
                true
            }
            Self::Many(bitmap) => !bitmap.contains(number) && Arc::make_mut(bitmap).insert(number),
        }
    }

    /// Whether it was there.
    pub fn remove(&mut self, number: u32) -> bool {
        if !self.contains(number) {
            return false;
        }
        match self {
            Self::Few(n, few) => {
                let count = usize::from(*n);
                if let Ok(at) = few[..count].binary_search(&number) {
                    few.copy_within(at + 1..count, at);
                    *n -= 1;
                }
            }
            Self::Some(list) => {
                if list.len() <= FEW + 1 {
                    let rest: Vec<u32> = list.iter().copied().filter(|n| *n != number).collect();
                    *self = Self::from_sorted(&rest);
                } else if let Ok(at) = list.binary_search(&number) {
                    Arc::make_mut(list).remove(at);
                }
            }
            Self::Many(bitmap) => {
                let bitmap = Arc::make_mut(bitmap);
                bitmap.remove(number);
                if bitmap.len() < NOT_MANY {
                    let rest: Vec<u32> = bitmap.iter().collect();
                    *self = Self::from_sorted(&rest);
                }
            }
        }
        true
    }

    /// Adds all neighbours to a set.
    pub fn add_to(&self, set: &mut RoaringBitmap) {
        match self {
            Self::Many(bitmap) => *set |= &**bitmap,
            Self::Few(..) | Self::Some(_) => set.extend(self.iter()),
        }
    }

    /// Those neighbours that are in a set.
    pub fn within(&self, set: &RoaringBitmap) -> RoaringBitmap {
        match self {
            Self::Many(bitmap) => &**bitmap & set,
            Self::Few(..) | Self::Some(_) => self.iter().filter(|n| set.contains(*n)).collect(),
        }
    }

    /// Bytes outside of itself, as far as can be known.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Few(..) => 0,
            Self::Some(list) => 40 + list.capacity() * 4,
            Self::Many(bitmap) => {
                let s = bitmap.statistics();
                // Sixteen bytes of counters, a vector, a container each, and an allocation's head each.
                16 + 24
                    + s.n_containers as usize * 56
                    + s.n_values_array_containers as usize * 2
                    + s.n_bitset_containers as usize * 8192
                    + s.n_bytes_run_containers as usize
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn it_is_small() {
        assert_eq!(size_of::<Adjacent>(), 16);
    }

    #[test]
    fn it_is_a_set_in_every_form_and_between_them() {
        let mut plain = BTreeSet::new();
        let mut own = Adjacent::default();
        let mut state = 1u32;
        let mut forms = BTreeSet::new();
        for step in 0..6000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let number = (state >> 16) % 300;
            // Waves, so that it grows into a bitmap and shrinks to nothing again.
            if (state >> 8) % 100 < if (step / 1000) % 2 == 0 { 80 } else { 15 } {
                assert_eq!(own.insert(number), plain.insert(number));
            } else {
                assert_eq!(own.remove(number), plain.remove(&number));
            }
            forms.insert(match own {
                Adjacent::Few(..) => 0,
                Adjacent::Some(_) => 1,
                Adjacent::Many(_) => 2,
            });
            assert_eq!(own.len(), plain.len() as u64);
            assert_eq!(own.is_empty(), plain.is_empty());
            assert!(own.iter().eq(plain.iter().copied()));
            let again: Vec<u32> = plain.iter().copied().collect();
            assert!(Adjacent::from_sorted(&again).iter().eq(plain.iter().copied()));
        }
        assert_eq!(forms.len(), 3, "the test went through every form");
    }
}
