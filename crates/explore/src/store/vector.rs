use super::Spine;

/// A vector in chunks of `N`. Clones share them; reading beyond the end gives nothing.
pub(crate) struct Chunked<T, const N: usize> {
    chunks: Spine<[T; N]>,
}

impl<T, const N: usize> Clone for Chunked<T, N> {
    fn clone(&self) -> Self {
        Self { chunks: self.chunks.clone() }
    }
}

impl<T, const N: usize> Default for Chunked<T, N> {
    fn default() -> Self {
        Self { chunks: Spine::default() }
    }
}

impl<T: Clone + Default, const N: usize> Chunked<T, N> {
    pub fn get(&self, at: u32) -> Option<&T> {
        let at = at as usize;
        self.chunks.get(at / N).map(|c| &c[at % N])
    }

    /// For writing; grows as far as needed.
    pub fn slot(&mut self, at: u32) -> &mut T {
        let at = at as usize;
        &mut self.chunks.leaf(at / N, || std::array::from_fn(|_| T::default()))[at % N]
    }

    /// How many places there are, used or not.
    pub fn capacity(&self) -> usize {
        self.chunks.len() * N
    }

    /// Every place in order, a chunk at a time.
    pub fn chunks(&self) -> impl Iterator<Item = &[T]> + '_ {
        self.chunks.iter().map(|c| &c[..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_does_not_see_later_changes() {
        let mut v: Chunked<u32, 4> = Chunked::default();
        for i in 0..10 {
            *v.slot(i) = i + 1;
        }
        let before = v.clone();
        *v.slot(3) = 99;
        *v.slot(20) = 7;
        assert_eq!((before.get(3), v.get(3)), (Some(&4), Some(&99)));
        assert_eq!((before.get(20), v.get(20), v.get(19)), (None, Some(&7), Some(&0)));
        assert_eq!(v.capacity(), 24);
    }
}
