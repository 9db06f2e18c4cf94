//! What was computed for a text, kept while its batch is read.
//!
//! Columns such as `FileName` repeat few texts, and a Parquet dictionary gives equal texts equal views. So one
//! look at a view tells whether the row before had the same text, and neither is read again.

use arrow::array::StringViewArray;

/// Entries, a power of two; a text takes the place of another with the same hash.
const ENTRIES: usize = 1024;
/// After so many misses more than hits the texts do not repeat, and looking is given up.
const PATIENCE: i32 = 256;

/// A memory of one batch's texts.
pub(crate) struct Memo<'a, T> {
    views: Option<&'a [u128]>,
    table: Vec<Option<(u128, T)>>,
    patience: i32,
}

impl<'a, T: Clone> Memo<'a, T> {
    /// A memory of an array's texts; of other layouts than views it keeps nothing.
    pub fn new(array: Option<&'a StringViewArray>) -> Self {
        let views = array.map(|a| a.views().as_ref());
        let table = if views.is_some() { vec![None; ENTRIES] } else { Vec::new() };
        Self { views, table, patience: PATIENCE }
    }

    /// What `compute` gives for a row's text, from memory where it can be.
    pub fn get(&mut self, row: usize, compute: impl FnOnce() -> T) -> T {
        let Some(view) = self.views.and_then(|v| v.get(row).copied()) else { return compute() };
        if self.patience < 0 {
            return compute();
        }
        let Some(entry) = self.table.get_mut(slot(view, ENTRIES)) else { return compute() };
        if let Some((known, value)) = entry
            && *known == view
        {
            self.patience = (self.patience + 1).min(PATIENCE * 8);
            return value.clone();
        }
        self.patience -= 1;
        let value = compute();
        *entry = Some((view, value.clone()));
        value
    }
}

/// Where a view's entry is among so many, which are a power of two.
#[allow(clippy::cast_possible_truncation)] // the low half and the high bits are meant
#[inline]
pub(crate) fn slot(view: u128, entries: usize) -> usize {
    let mixed = ((view as u64) ^ ((view >> 64) as u64).rotate_left(23)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> (64 - entries.ilog2())) as usize % entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Array;
    use std::cell::Cell;

    #[test]
    fn equal_texts_are_computed_once_and_others_never_mixed() {
        let texts: Vec<String> =
            (0..4000).map(|n| format!("a text that is longer than a view {}", n % 7)).collect();
        let array = StringViewArray::from_iter_values(texts.iter().map(|t| t.as_str()));
        let short = StringViewArray::from_iter_values((0..4000).map(|n| format!("{}", n % 3000)));
        let calls = Cell::new(0);
        for array in [&array, &short] {
            let mut memo = Memo::new(Some(array));
            for row in 0..array.len() {
                let got = memo.get(row, || {
                    calls.set(calls.get() + 1);
                    array.value(row).to_owned()
                });
                assert_eq!(got, array.value(row));
            }
        }
        // Rows of a builder that does not repeat texts have views of their own; short texts are their views.
        assert!(calls.get() <= 8000);
        let repeated = StringViewArray::from_iter_values((0..4000).map(|n| format!("{}", n % 7)));
        let mut memo = Memo::new(Some(&repeated));
        calls.set(0);
        (0..4000).for_each(|row| {
            memo.get(row, || calls.set(calls.get() + 1));
        });
        assert_eq!(calls.get(), 7);
    }

    #[test]
    fn other_layouts_are_always_computed() {
        let mut memo: Memo<'_, usize> = Memo::new(None);
        assert_eq!((memo.get(0, || 1), memo.get(0, || 2)), (1, 2));
    }
}
