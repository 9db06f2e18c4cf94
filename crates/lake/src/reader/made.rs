//! What a query makes of a column whose texts repeat: made once for each text of a dictionary, not for each row.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type, Schema};
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use palisade_coded::code_type;
use parking_lot::Mutex;

use super::codes::{TEXTS_PER_ROW, of_texts, same};

/// A text that is made of one column that is read as numbers, as numbers of a dictionary of what is made.
#[derive(Debug)]
pub(super) struct MadeOfText {
    column: Arc<dyn PhysicalExpr>,
    /// Over a batch of one column of texts.
    made: Arc<dyn PhysicalExpr>,
    /// The same of each row's own text, where a dictionary has many more.
    plain: Arc<dyn PhysicalExpr>,
    /// The texts of the newest dictionary and what was made of them. Batches of a row group share it.
    kept: Mutex<Option<(ArrayRef, ArrayRef)>>,
}

impl MadeOfText {
    pub(super) fn new(
        column: Arc<dyn PhysicalExpr>,
        made: Arc<dyn PhysicalExpr>,
        plain: Arc<dyn PhysicalExpr>,
    ) -> Self {
        Self { column, made, plain, kept: Mutex::new(None) }
    }

    /// What is made of all texts of a dictionary; none where that is more work than the rows are.
    fn dictionary(&self, texts: &ArrayRef, rows: usize) -> Result<Option<ArrayRef>> {
        let mut kept = self.kept.lock();
        if let Some((_, made)) = kept.as_ref().filter(|(known, _)| same(known, texts)) {
            return Ok(Some(Arc::clone(made)));
        }
        if texts.len() > rows.saturating_mul(TEXTS_PER_ROW) {
            return Ok(None);
        }
        let made = cast(&of_texts(&self.made, texts)?, &DataType::Utf8View)?;
        *kept = Some((Arc::clone(texts), Arc::clone(&made)));
        Ok(Some(made))
    }
}

impl PhysicalExpr for MadeOfText {
    fn data_type(&self, _: &Schema) -> Result<DataType> {
        Ok(code_type())
    }

    fn nullable(&self, _: &Schema) -> Result<bool> {
        Ok(true)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let column = self.column.evaluate(batch)?.into_array(batch.num_rows())?;
        if let Some(coded) = column.as_dictionary_opt::<Int32Type>()
            && coded.null_count() == 0
            && let Some(made) = self.dictionary(coded.values(), column.len())?
        {
            return Ok(ColumnarValue::Array(Arc::new(coded.with_values(made))));
        }
        self.plain.evaluate(batch)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.column, &self.plain]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        let mut children = children.into_iter();
        let column = children.next().unwrap_or_else(|| Arc::clone(&self.column));
        let plain = children.next().unwrap_or_else(|| Arc::clone(&self.plain));
        Ok(Arc::new(Self::new(column, Arc::clone(&self.made), plain)))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.plain.fmt_sql(f)
    }
}

impl fmt::Display for MadeOfText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "made_of_text({}, {})", self.column, self.made)
    }
}

impl PartialEq for MadeOfText {
    fn eq(&self, other: &Self) -> bool {
        self.column.eq(&other.column) && self.made.eq(&other.made)
    }
}

impl Eq for MadeOfText {}

impl Hash for MadeOfText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.column.hash(state);
        self.made.hash(state);
    }
}
