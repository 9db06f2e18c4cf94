use std::sync::Arc;

/// Leaves that share a branch.
const FAN: usize = 64;

type Branch<L> = Vec<Arc<L>>;

/// Leaves in a tree of two levels, shared by clones. To write to one copies the leaf, its branch and
/// the trunk, if somebody else holds them: with one level, a large table would have thousands of
/// counters to raise for each change.
pub(crate) struct Spine<L> {
    trunk: Arc<Vec<Arc<Branch<L>>>>,
}

impl<L> Clone for Spine<L> {
    fn clone(&self) -> Self {
        Self { trunk: Arc::clone(&self.trunk) }
    }
}

impl<L> Default for Spine<L> {
    fn default() -> Self {
        Self { trunk: Arc::default() }
    }
}

impl<L> Spine<L> {
    pub fn get(&self, at: usize) -> Option<&L> {
        Some(&**self.trunk.get(at / FAN)?.get(at % FAN)?)
    }

    pub fn len(&self) -> usize {
        self.trunk.last().map_or(0, |last| (self.trunk.len() - 1) * FAN + last.len())
    }

    pub fn iter(&self) -> impl Iterator<Item = &L> + '_ {
        self.trunk.iter().flat_map(|b| b.iter().map(|l| &**l))
    }
}

impl<L: Clone> Spine<L> {
    /// A leaf for writing; leaves that are missing up to it are made.
    pub fn leaf(&mut self, at: usize, mut make: impl FnMut() -> L) -> &mut L {
        while self.len() <= at {
            let trunk = Arc::make_mut(&mut self.trunk);
            match trunk.last_mut() {
                Some(last) if last.len() < FAN => Arc::make_mut(last).push(Arc::new(make())),
                _ => trunk.push(Arc::new(vec![Arc::new(make())])),
            }
        }
        let branch = &mut Arc::make_mut(&mut self.trunk)[at / FAN];
        Arc::make_mut(&mut Arc::make_mut(branch)[at % FAN])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_copies_one_leaf_only() {
        let mut spine: Spine<u32> = Spine::default();
        for at in 0..300 {
            *spine.leaf(at, || 0) = at as u32;
        }
        let before = spine.clone();
        *spine.leaf(70, || 0) = 1000;
        assert_eq!((before.get(70), spine.get(70)), (Some(&70), Some(&1000)));
        assert!(before.iter().copied().eq(0..300));
        assert_eq!((spine.len(), spine.get(300)), (300, None));
        let same = |at: usize| std::ptr::eq(before.get(at).unwrap(), spine.get(at).unwrap());
        assert!(same(71) && same(0) && same(299) && !same(70));
        *spine.leaf(500, || 7) = 8;
        assert_eq!((spine.len(), spine.get(499), spine.get(500)), (501, Some(&7), Some(&8)));
    }
}
