//! Conditions that are cheap to try, tried as one.
//!
//! The Parquet reader tries conditions one after the other, and reads a column only where the columns before it left
//! rows. For numbers, and for numbers of a dictionary, keeping book of those rows takes longer than reading all.
//! Left alone is what pages can be left out by.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::and_kleene;
use arrow::datatypes::{DataType, Schema};
use datafusion::common::Result;
use datafusion::common::tree_node::TreeNode;
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::expressions::DynamicFilterPhysicalExpr;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr, conjunction, split_conjunction};

use crate::columns::STATISTICS;

/// Where fewer rows than one of so many are left, only those are tried further.
const SELDOM: usize = 8;

/// A condition on a file's columns, with its cheap parts in one.
pub(super) fn together(expr: Arc<dyn PhysicalExpr>, physical: &Schema) -> Arc<dyn PhysicalExpr> {
    let cheap = |part: &Arc<dyn PhysicalExpr>| {
        let computed = has::<ScalarFunctionExpr>(part);
        !has::<DynamicFilterPhysicalExpr>(part)
            && collect_columns(part).iter().all(|column| {
                let field = physical.fields().get(column.index());
                let number = field.is_some_and(|field| {
                    field.data_type().is_primitive() || matches!(field.data_type(), DataType::Dictionary(..))
                });
                number && (computed || !STATISTICS.contains(&column.name()))
            })
    };
    let (cheap, mut rest): (Vec<_>, Vec<_>) = split_conjunction(&expr).into_iter().cloned().partition(cheap);
    if cheap.len() < 2 {
        return expr;
    }
    rest.insert(0, Arc::new(Together(cheap)));
    conjunction(rest)
}

fn has<T: PhysicalExpr>(expr: &Arc<dyn PhysicalExpr>) -> bool {
    expr.exists(|part| Ok(part.downcast_ref::<T>().is_some())).unwrap_or(true)
}

/// All of these.
#[derive(Debug)]
struct Together(Vec<Arc<dyn PhysicalExpr>>);

impl PhysicalExpr for Together {
    fn data_type(&self, _: &Schema) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn nullable(&self, _: &Schema) -> Result<bool> {
        Ok(true)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let mut all: Option<BooleanArray> = None;
        for part in &self.0 {
            // Where it is not known yet, what comes may still say no.
            if all.as_ref().is_some_and(|all| all.null_count() == 0 && !all.has_true()) {
                break;
            }
            let few = all.as_ref().filter(|all| {
                all.null_count() == 0 && all.values().count_set_bits() < batch.num_rows() / SELDOM
            });
            let own = match few {
                Some(few) => part.evaluate_selection(batch, few)?,
                None => part.evaluate(batch)?,
            };
            let own = own.into_array(batch.num_rows())?;
            all = Some(match all {
                Some(all) => and_kleene(&all, own.as_boolean())?,
                None => own.as_boolean().clone(),
            });
        }
        let all = all.unwrap_or_else(|| vec![true; batch.num_rows()].into());
        Ok(ColumnarValue::Array(Arc::new(all)))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        self.0.iter().collect()
    }

    fn with_new_children(
        self: Arc<Self>,
        parts: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        Ok(Arc::new(Self(parts)))
    }

    /// For what leaves out row groups and pages by their statistics.
    fn snapshot(&self) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        Ok(Some(conjunction(self.0.iter().cloned())))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        conjunction(self.0.iter().cloned()).fmt_sql(f)
    }
}

impl fmt::Display for Together {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "together({})", conjunction(self.0.iter().cloned()))
    }
}

impl PartialEq for Together {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(|(a, b)| a.eq(b))
    }
}

impl Eq for Together {}

impl Hash for Together {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.iter().for_each(|part| part.hash(state));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringViewArray};
    use arrow::datatypes::Field;
    use datafusion::common::ScalarValue;
    use datafusion::logical_expr::Operator;
    use datafusion::physical_expr::expressions::{binary, col, lit};

    fn rows() -> RecordBatch {
        let numbers = |n| -> arrow::array::ArrayRef { Arc::new(Int64Array::from(n)) };
        let fields = [
            ("A", DataType::Int64),
            ("B", DataType::Int64),
            ("ReportId", DataType::Int64),
            ("T", DataType::Utf8View),
        ];
        let schema = Schema::new(fields.map(|(name, ty)| Field::new(name, ty, true)).to_vec());
        let columns = vec![
            numbers(vec![Some(1), Some(2), None, Some(2)]),
            numbers(vec![Some(5), Some(5), Some(5), None]),
            numbers(vec![Some(1); 4]),
            Arc::new(StringViewArray::from(vec!["x"; 4])),
        ];
        RecordBatch::try_new(Arc::new(schema), columns).expect("rows")
    }

    fn is(column: &str, value: i64, schema: &Schema) -> Arc<dyn PhysicalExpr> {
        binary(col(column, schema).expect("a column"), Operator::Eq, lit(value), schema).expect("compares")
    }

    #[test]
    fn cheap_conditions_are_one_and_say_what_they_said_apart() {
        let rows = rows();
        let schema = rows.schema();
        let text = binary(
            col("T", &schema).expect("a column"),
            Operator::Eq,
            lit(ScalarValue::Utf8View(Some("x".into()))),
            &schema,
        )
        .expect("compares");
        let apart = conjunction([is("A", 2, &schema), text, is("ReportId", 1, &schema), is("B", 5, &schema)]);
        let one = together(Arc::clone(&apart), &schema);
        let parts = split_conjunction(&one);
        assert_eq!(parts.len(), 3, "the text and what has statistics stay alone");
        assert!(parts[0].downcast_ref::<Together>().is_some());
        let said = |expr: &Arc<dyn PhysicalExpr>| {
            let array = expr.evaluate(&rows).and_then(|v| v.into_array(4)).expect("evaluates");
            array.as_boolean().iter().collect::<Vec<_>>()
        };
        assert_eq!(said(&one), [Some(false), Some(true), None, None]);
        assert_eq!(said(&one), said(&apart));
        let none = together(conjunction([is("A", 9, &schema), is("B", 5, &schema)]), &schema);
        assert_eq!(said(&none), [Some(false), Some(false), None, Some(false)]);
        let later = together(conjunction([is("A", 9, &schema), is("B", 6, &schema)]), &schema);
        assert_eq!(said(&later), [Some(false); 4], "null and false is false");
        let single = is("A", 2, &schema);
        assert!(together(single, &schema).downcast_ref::<Together>().is_none());
    }
}
