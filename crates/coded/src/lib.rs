//! Texts as numbers of a dictionary: what a scan gives to those that only tell texts apart.
//!
//! A scan of dictionary pages has the numbers anyhow. Made into texts, they would have to be found again by
//! everybody who groups or counts. Here is what both sides agree on: a word to the scan ([`Coded`], [`AsCodes`]), and
//! what comes of it ([`codes`], [`Named`]).

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type};
use datafusion::common::Result;

mod cases;
mod expr;
mod named;

pub use expr::AsCodes;
pub use named::{NEW, Named};

/// Columns that a scan is to read as numbers of their dictionaries; an extension of each file that it names.
///
/// A scan whose files have none does not know of this.
#[derive(Clone, Debug, Default)]
pub struct Coded {
    names: Arc<[String]>,
    layout: Option<Arc<dyn Layout>>,
}

/// How the rows of a scan lie in its files, for whoever plans what to read.
pub trait Layout: fmt::Debug + Send + Sync {
    /// Whether the texts of a column are numbers of a dictionary, and reading them all takes next to nothing.
    fn repeats(&self, column: &str) -> bool;

    /// Whether rows lie in the order of a column, so that those with one value are in few places.
    fn sorted(&self, column: &str) -> bool;
}

impl Coded {
    /// Of columns of these names, in whatever order.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        let mut names: Vec<String> = names.into_iter().collect();
        // In one order: what is kept for the one serves the other.
        names.sort_unstable();
        names.dedup();
        Self { names: names.into(), layout: None }
    }

    /// With somebody who knows the files.
    #[must_use]
    pub fn told_by(self, layout: Arc<dyn Layout>) -> Self {
        Self { layout: Some(layout), ..self }
    }

    /// Those columns, and more.
    #[must_use]
    pub fn and(&self, more: &[String]) -> Self {
        let layout = self.layout.clone();
        Self { layout, ..Self::new(self.names.iter().chain(more).cloned()) }
    }

    /// The names in order.
    pub fn names(&self) -> &Arc<[String]> {
        &self.names
    }

    /// Who knows the files; none where nobody does.
    pub fn layout(&self) -> Option<&Arc<dyn Layout>> {
        self.layout.as_ref()
    }
}

/// The type of texts as numbers.
pub fn code_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8View))
}

/// The texts themselves again; of other arrays nothing changes.
///
/// # Errors
/// A number that its dictionary does not have.
pub fn texts(array: &ArrayRef) -> Result<ArrayRef> {
    Ok(if *array.data_type() == code_type() { cast(array, &DataType::Utf8View)? } else { Arc::clone(array) })
}

/// The numbers and what they stand for.
pub fn codes(array: &ArrayRef) -> Option<&DictionaryArray<Int32Type>> {
    array.as_dictionary_opt::<Int32Type>().filter(|d| *d.values().data_type() == DataType::Utf8View)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_one_order_and_there_once() {
        let coded = Coded::new(["b".to_owned(), "a".to_owned()]).and(&["a".to_owned(), "c".to_owned()]);
        assert_eq!(coded.names().as_ref(), ["a", "b", "c"]);
    }
}
