//! What somebody calls the texts of a dictionary.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, StringViewArray};
use arrow::datatypes::Int32Type;
use datafusion::common::{DataFusionError, Result};

/// Of a number of a dictionary that no row had yet.
pub const NEW: u32 = u32::MAX;

/// What somebody calls the texts of a dictionary, as long as rows have the same one.
#[derive(Debug, Default)]
pub struct Named {
    dictionary: Option<ArrayRef>,
    ids: Vec<u32>,
}

impl Named {
    /// Gives each row what its text is called. A text is looked for once, a null each time, and so is what is
    /// called [`NEW`].
    ///
    /// # Errors
    /// Those of `find`, and a number that its dictionary does not have.
    pub fn each(
        &mut self,
        array: &DictionaryArray<Int32Type>,
        mut find: impl FnMut(Option<(&StringViewArray, usize)>) -> Result<u32>,
        mut give: impl FnMut(usize, u32),
    ) -> Result<()> {
        let texts = array.values().as_string_view();
        if !self.dictionary.as_ref().is_some_and(|known| Arc::ptr_eq(known, array.values())) {
            self.dictionary = Some(Arc::clone(array.values()));
            self.ids.clear();
            self.ids.resize(texts.len(), NEW);
        }
        let nulls = array.nulls().filter(|n| n.null_count() > 0);
        for (row, code) in array.keys().values().iter().enumerate() {
            if nulls.is_some_and(|n| n.is_null(row)) {
                give(row, find(None)?);
                continue;
            }
            let known = usize::try_from(*code).ok().and_then(|code| Some((code, self.ids.get_mut(code)?)));
            let Some((code, id)) = known else {
                let message = "a number that its dictionary does not have".to_owned();
                return Err(DataFusionError::Internal(message));
            };
            if *id == NEW {
                *id = find(texts.is_valid(code).then_some((texts, code)))?;
            }
            give(row, *id);
        }
        Ok(())
    }

    /// Bytes that it takes besides the dictionary.
    pub fn bytes(&self) -> usize {
        self.ids.capacity() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Int32Array;

    #[test]
    fn a_text_is_looked_for_once_as_long_as_the_dictionary_is_the_same() {
        let texts: ArrayRef =
            Arc::new(StringViewArray::from(vec![Some("a"), Some("b"), None, Some("never")]));
        let batch = |codes: Vec<Option<i32>>, texts: &ArrayRef| {
            DictionaryArray::try_new(Int32Array::from(codes), Arc::clone(texts)).unwrap()
        };
        let mut named = Named::default();
        let (mut looked, mut given) = (Vec::new(), Vec::new());
        let other: ArrayRef = Arc::new(StringViewArray::from(vec!["b"]));
        for rows in [
            batch(vec![Some(1), Some(0), Some(1)], &texts),
            batch(vec![Some(0), None, Some(2)], &texts),
            batch(vec![Some(0)], &other),
        ] {
            let find = |text: Option<(&StringViewArray, usize)>| {
                let text = text.map(|(texts, at)| texts.value(at).to_owned());
                let id = text.as_deref().map_or(9, |t| if t == "a" { 0 } else { 1 });
                looked.push(text);
                Ok(id)
            };
            named.each(&rows, find, |row, id| given.push((row, id))).unwrap();
        }
        let text = |t: &str| Some(t.to_owned());
        assert_eq!(looked, [text("b"), text("a"), None, None, text("b")]);
        assert_eq!(given, [(0, 1), (1, 0), (2, 1), (0, 0), (1, 9), (2, 9), (0, 1)]);
        assert!(named.bytes() >= 4);
    }
}
