use std::cmp::Ordering;
use std::sync::Arc;

/// A leaf with more is split.
const MOST: usize = 2048;

/// Numbers in an order that the caller knows, in leaves that clones share.
#[derive(Clone, Default)]
pub(crate) struct Order {
    leaves: Arc<Vec<Arc<Vec<u32>>>>,
}

impl Order {
    /// From numbers that are in order.
    pub fn from_sorted(numbers: &[u32]) -> Self {
        let leaves = numbers.chunks(MOST * 3 / 4).map(|c| Arc::new(c.to_vec())).collect();
        Self { leaves: Arc::new(leaves) }
    }

    /// Adds a number; `compare` says how one that is there stands to it.
    pub fn insert(&mut self, number: u32, compare: impl Fn(u32) -> Ordering) {
        let (leaf, at) = self.place(&compare);
        let leaves = Arc::make_mut(&mut self.leaves);
        if leaves.is_empty() {
            leaves.push(Arc::default());
        }
        let own = Arc::make_mut(&mut leaves[leaf]);
        own.insert(at, number);
        if own.len() > MOST {
            let half = own.split_off(MOST / 2);
            leaves.insert(leaf + 1, Arc::new(half));
        }
    }

    /// Takes a number out; `compare` says how one that is there stands to it.
    pub fn remove(&mut self, number: u32, compare: impl Fn(u32) -> Ordering) {
        let (leaf, at) = self.place(&compare);
        if self.leaves.get(leaf).and_then(|l| l.get(at)) != Some(&number) {
            return;
        }
        let leaves = Arc::make_mut(&mut self.leaves);
        let own = Arc::make_mut(&mut leaves[leaf]);
        own.remove(at);
        if own.is_empty() {
            leaves.remove(leaf);
        }
    }

    /// Numbers from a place on.
    pub fn from(&self, (leaf, at): (usize, usize)) -> impl Iterator<Item = u32> + use<'_> {
        self.leaves.iter().skip(leaf).flat_map(|l| l.iter().copied()).skip(at)
    }

    /// Where something is or would be: in a leaf that is there, unless there is none.
    pub fn place(&self, compare: &impl Fn(u32) -> Ordering) -> (usize, usize) {
        let before = |l: &Arc<Vec<u32>>| l.last().is_some_and(|n| compare(*n) == Ordering::Less);
        let leaf = self.leaves.partition_point(before).min(self.leaves.len().saturating_sub(1));
        let at = self.leaves.get(leaf).map_or(0, |l| l.partition_point(|n| compare(*n) == Ordering::Less));
        (leaf, at)
    }

    pub fn bytes(&self) -> usize {
        self.leaves.iter().map(|l| l.capacity() * 4 + 48).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_in_order_however_they_come_and_go() {
        let mut order = Order::from_sorted(&(0..5000).map(|n| n * 2).collect::<Vec<u32>>());
        let mut plain: Vec<u32> = order.from((0, 0)).collect();
        let before = order.clone();
        for step in 0..20_000u32 {
            let n = step.wrapping_mul(2_654_435_761) >> 18;
            match plain.binary_search(&n) {
                Ok(at) => {
                    plain.remove(at);
                    order.remove(n, |m| m.cmp(&n));
                }
                Err(at) => {
                    order.remove(n, |m| m.cmp(&n));
                    plain.insert(at, n);
                    order.insert(n, |m| m.cmp(&n));
                }
            }
        }
        assert!(order.from((0, 0)).eq(plain.iter().copied()));
        let half: Vec<u32> = order.from(order.place(&|m| m.cmp(&9001))).collect();
        assert_eq!(half, plain[plain.partition_point(|n| *n < 9001)..]);
        assert_eq!(before.from((0, 0)).count(), 5000, "a clone does not see it");
        for n in plain {
            order.remove(n, |m| m.cmp(&n));
        }
        assert_eq!(order.from((0, 0)).count(), 0);
        order.insert(7, |m| m.cmp(&7));
        assert_eq!(order.from((0, 0)).collect::<Vec<_>>(), [7]);
    }
}
