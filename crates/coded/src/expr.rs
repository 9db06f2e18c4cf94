//! The word to a scan, or to whatever else has texts: give their numbers.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, DictionaryArray, Int32Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;

use crate::cases::Cases;
use crate::code_type;

/// A text as the number that it has in a dictionary, which is that of its batch.
///
/// The dictionary may have texts twice, and such as no row has.
#[derive(Debug)]
pub struct AsCodes {
    text: Arc<dyn PhysicalExpr>,
    cases: Option<Cases>,
}

impl AsCodes {
    /// Of an expression whose type is one of texts, or of numbers of texts.
    pub fn new(text: Arc<dyn PhysicalExpr>) -> Self {
        let cases = Cases::of(&text);
        Self { text, cases }
    }

    /// The expression.
    pub fn text(&self) -> &Arc<dyn PhysicalExpr> {
        &self.text
    }

    /// Whether the texts are a few that the query names.
    pub fn of_cases(&self) -> bool {
        self.cases.is_some()
    }
}

/// Texts that have no dictionary: each row has a number of its own.
fn alone(texts: &ArrayRef) -> Result<ArrayRef> {
    let texts = cast(texts, &DataType::Utf8View)?;
    let rows = i32::try_from(texts.len())
        .map_err(|_| DataFusionError::Internal("more than 2^31 rows in a batch".to_owned()))?;
    let codes: Int32Array = match texts.nulls() {
        Some(nulls) => (0..rows).zip(nulls).map(|(row, known)| known.then_some(row)).collect(),
        None => (0..rows).collect::<Vec<_>>().into(),
    };
    Ok(Arc::new(DictionaryArray::try_new(codes, texts)?))
}

impl PhysicalExpr for AsCodes {
    fn data_type(&self, _: &Schema) -> Result<DataType> {
        Ok(code_type())
    }

    fn nullable(&self, schema: &Schema) -> Result<bool> {
        self.text.nullable(schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        if let Some(cases) = &self.cases {
            return Ok(ColumnarValue::Array(cases.evaluate(batch)?));
        }
        let texts = self.text.evaluate(batch)?.into_array(batch.num_rows())?;
        let coded = if *texts.data_type() == code_type() { texts } else { alone(&texts)? };
        Ok(ColumnarValue::Array(coded))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.text]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        let text = children.into_iter().next().unwrap_or_else(|| Arc::clone(&self.text));
        let cases = self.cases.as_ref().and_then(|_| Cases::again(&text));
        Ok(Arc::new(Self { text, cases }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt_sql(f)
    }
}

impl fmt::Display for AsCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "as_codes({})", self.text)
    }
}

impl PartialEq for AsCodes {
    fn eq(&self, other: &Self) -> bool {
        self.text.eq(&other.text)
    }
}

impl Eq for AsCodes {}

impl Hash for AsCodes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{codes, texts};
    use arrow::array::StringViewArray;
    use arrow::datatypes::Field;
    use datafusion::physical_expr::expressions::Column;

    #[test]
    fn texts_without_a_dictionary_have_numbers_and_come_back() {
        let texts_: ArrayRef =
            Arc::new(StringViewArray::from(vec![Some("a"), None, Some("a text that is longer"), Some("a")]));
        let schema = Arc::new(Schema::new(vec![Field::new("t", DataType::Utf8View, true)]));
        let batch = RecordBatch::try_new(schema, vec![Arc::clone(&texts_)]).unwrap();
        let coded = AsCodes::new(Arc::new(Column::new("t", 0)));
        let coded = coded.evaluate(&batch).unwrap().into_array(4).unwrap();
        assert_eq!(*coded.data_type(), code_type());
        assert_eq!(codes(&coded).unwrap().null_count(), 1);
        assert_eq!(texts(&coded).unwrap().as_ref(), texts_.as_ref());
    }
}
