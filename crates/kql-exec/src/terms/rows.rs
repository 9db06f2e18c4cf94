//! A search through the texts of many rows at once.
//!
//! Texts that were read together lie in one buffer in the order of their rows. One search runs from hit to hit, and
//! rows without one are passed over without being looked at.

use arrow::array::{Array, ByteView, StringViewArray};
use arrow::buffer::BooleanBuffer;

/// Texts of up to so many bytes are in their view, and not in a buffer.
const INLINE: u32 = 12;

/// Fewer rows are tried one by one.
const LEAST: usize = 64;

/// Bytes of a buffer that may be searched for each byte of a row: others lie between rows.
const BETWEEN: usize = 2;

/// The rows whose text passes `test`, of which each has a hit; none where the texts do not lie together.
///
/// `next` tells where the first hit from a place on begins, which may reach from one row into the next.
pub(super) fn rows_with(
    array: &StringViewArray,
    next: impl Fn(&[u8], usize) -> Option<usize>,
    test: impl Fn(&str) -> bool,
) -> Option<BooleanBuffer> {
    let spans = spans(array)?;
    let mut words = vec![0_u64; array.len().div_ceil(64)];
    // By buffer: what was found last, or that nothing is found any more. Rows may go to and fro between buffers.
    let mut hits: Vec<Option<Option<usize>>> = vec![None; spans.len()];
    for (row, view) in array.views().iter().enumerate() {
        let view = ByteView::from(*view);
        let found = if view.length <= INLINE {
            test(array.value(row))
        } else {
            let buffer = view.buffer_index as usize;
            let text = &array.data_buffers().get(buffer)?[..*spans.get(buffer)?];
            let (start, end) = (view.offset as usize, view.offset as usize + view.length as usize);
            let last = hits.get_mut(buffer)?;
            let hit = match *last {
                Some(None) => None,
                Some(Some(hit)) if hit >= start => Some(hit),
                _ => next(text, start),
            };
            *last = Some(hit);
            hit.is_some_and(|hit| hit < end) && test(array.value(row))
        };
        if found {
            words[row / 64] |= 1 << (row % 64);
        }
    }
    Some(BooleanBuffer::new(words.into(), 0, array.len()))
}

/// Where the last row ends in each buffer; none where rows are not in the order of their texts, or far between.
fn spans(array: &StringViewArray) -> Option<Vec<usize>> {
    if array.len() < LEAST || array.null_count() > 0 {
        return None;
    }
    let mut ends = vec![0; array.data_buffers().len()];
    let (mut bytes, mut reach) = (0, 0);
    for view in array.views().iter().map(|view| ByteView::from(*view)).filter(|v| v.length > INLINE) {
        let end = ends.get_mut(view.buffer_index as usize)?;
        let (start, length) = (view.offset as usize, view.length as usize);
        if start < *end {
            return None;
        }
        bytes += length;
        reach += if *end == 0 { length } else { start + length - *end };
        *end = start + length;
    }
    (reach <= bytes * BETWEEN).then_some(ends)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::StringViewBuilder;
    use arrow::compute::kernels::zip::zip;
    use arrow::compute::{filter, take};
    use palisade_kql::ast::TextOp;

    use crate::terms::{Needle, Search, TermSet};

    /// Texts with whole and half words, some of which only two rows together have.
    fn texts() -> Vec<String> {
        let words =
            ["stratum", "Stra", "tum", "xstratum", "STRATUM+tcp", "a longer text of no interest", "ß"];
        let word = |n: usize| words[n * 7919 % words.len()];
        (0..700)
            .map(|n| (0..n % 5).map(|k| format!("{}{}", word(n + k), [" ", "", "-"][(n + k) % 3])).collect())
            .collect()
    }

    /// In one buffer without anything between, and in buffers of a few rows each.
    fn arrays() -> Vec<StringViewArray> {
        let built = |block| {
            let mut builder = StringViewBuilder::new().with_fixed_block_size(block);
            texts().iter().for_each(|text| builder.append_value(text));
            builder.finish()
        };
        let (one, many) = (built(1 << 20), built(200));
        assert!(one.data_buffers().len() == 1 && many.data_buffers().len() > 10);
        let some = (0..700).map(|n| Some(n % 3 != 0)).collect();
        let fewer = filter(&one, &some).unwrap();
        // To and fro between the buffers of both.
        let mixed = zip(&some, &one, &many).unwrap();
        let mixed = mixed.as_any().downcast_ref::<StringViewArray>().unwrap().clone();
        vec![
            mixed,
            one.slice(3, 690),
            fewer.as_any().downcast_ref::<StringViewArray>().unwrap().clone(),
            one,
            many,
        ]
    }

    #[test]
    fn rows_are_those_that_pass_one_by_one() {
        use TextOp as T;
        for array in arrays() {
            let model = |test: &dyn Fn(&str) -> bool| -> Vec<bool> {
                array.iter().map(|text| test(text.unwrap())).collect()
            };
            for text in ["stratum", "Stra", "m", "tcp", "no such word", "interest", "mstra"] {
                for op in
                    [T::Contains, T::ContainsCs, T::Has, T::HasCs, T::HasPrefix, T::HasSuffix, T::HasSuffixCs]
                {
                    let needle = Needle::new(text);
                    let search = Search::of(&needle, op).expect("it can be searched for");
                    let found =
                        rows_with(&array, |hay, from| search.next(hay, from), |hay| needle.test(op, hay));
                    let found: Vec<bool> = found.expect("together").iter().collect();
                    assert_eq!(found, model(&|hay| needle.test(op, hay)), "{op:?} {text}");
                }
            }
            let set = TermSet::new(["stratum", "tcp", "tum"]);
            let found = rows_with(&array, |hay, from| set.next(hay, from), |hay| set.any(hay)).unwrap();
            assert_eq!(found.iter().collect::<Vec<_>>(), model(&|hay| set.any(hay)));
        }
    }

    #[test]
    fn texts_that_do_not_lie_together_are_left_to_others() {
        let one = arrays().remove(3);
        let nothing = |_: &[u8], _| None;
        let back: arrow::array::UInt32Array = (0..700).rev().collect();
        let back = take(&one, &back, None).unwrap();
        assert!(rows_with(back.as_any().downcast_ref().unwrap(), nothing, |_| true).is_none());
        let seldom = (0..700).map(|n| Some(n % 9 == 0)).collect();
        let seldom = filter(&one, &seldom).unwrap();
        assert!(rows_with(seldom.as_any().downcast_ref().unwrap(), nothing, |_| true).is_none());
        assert!(rows_with(&one.slice(0, 10), nothing, |_| true).is_none());
    }
}
