//! `case` between a few texts that the query names: the number of the branch is the number of the text.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, Int32Array, RecordBatch};
use arrow::array::{StringViewArray, StringViewBuilder};
use arrow::compute::prep_null_mask_filter;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, CaseExpr, Column, InListExpr, Literal, NotExpr};

/// Branches are few; more are left to what does them one by one.
const MOST: usize = 64;

/// The branches in order; the last text is that of the rows which no condition has.
#[derive(Debug)]
pub(super) struct Cases {
    conditions: Vec<Arc<dyn PhysicalExpr>>,
    /// The same for all batches: who knows the numbers of one knows those of the next.
    texts: ArrayRef,
}

impl Cases {
    /// None where a branch is not a constant text, or a condition may not be tried on every row.
    pub(super) fn of(expr: &Arc<dyn PhysicalExpr>) -> Option<Self> {
        let case = expr.downcast_ref::<CaseExpr>()?;
        let tried = case.when_then_expr().iter().all(|(when, _)| cannot_fail(when));
        if tried { Self::again(expr) } else { None }
    }

    /// Of a `case` whose conditions may be tried on every row, whatever has become of them.
    pub(super) fn again(expr: &Arc<dyn PhysicalExpr>) -> Option<Self> {
        let case = expr.downcast_ref::<CaseExpr>().filter(|case| case.expr().is_none())?;
        let branches = case.when_then_expr();
        if branches.len() > MOST {
            return None;
        }
        let mut texts = StringViewBuilder::new();
        for text in branches.iter().map(|(_, then)| then).chain(case.else_expr()) {
            texts.append_option(constant(text)?);
        }
        if case.else_expr().is_none() {
            texts.append_null();
        }
        let texts: StringViewArray = texts.finish();
        let conditions = branches.iter().map(|(when, _)| Arc::clone(when)).collect();
        Some(Self { conditions, texts: Arc::new(texts) })
    }

    pub(super) fn evaluate(&self, batch: &RecordBatch) -> Result<ArrayRef> {
        let rows = batch.num_rows();
        let last = i32::try_from(self.conditions.len()).unwrap_or(i32::MAX);
        let mut codes = vec![last; rows];
        // From the last to the first, which has the last word.
        for (code, condition) in (0..last).zip(&self.conditions).rev() {
            let holds = condition.evaluate(batch)?.into_array(rows)?;
            let holds: &BooleanArray = holds.as_boolean();
            let known = (holds.null_count() > 0).then(|| prep_null_mask_filter(holds));
            let holds = known.as_ref().unwrap_or(holds).values();
            holds.set_indices().for_each(|row| codes[row] = code);
        }
        // A branch may be null.
        let codes: Int32Array = match self.texts.nulls() {
            Some(_) => codes
                .into_iter()
                .map(|code| usize::try_from(code).is_ok_and(|at| self.texts.is_valid(at)).then_some(code))
                .collect(),
            None => codes.into(),
        };
        Ok(Arc::new(DictionaryArray::try_new(codes, Arc::clone(&self.texts))?))
    }
}

fn constant(expr: &Arc<dyn PhysicalExpr>) -> Option<Option<&str>> {
    match expr.downcast_ref::<Literal>()?.value() {
        ScalarValue::Utf8View(text) | ScalarValue::Utf8(text) => Some(text.as_deref()),
        ScalarValue::Null => Some(None),
        _ => None,
    }
}

/// Whether a condition compares columns and constants only, which goes well for every row.
fn cannot_fail(condition: &Arc<dyn PhysicalExpr>) -> bool {
    let mut plain = true;
    let visited = condition.apply(|part| {
        plain &= match part.downcast_ref::<BinaryExpr>() {
            Some(binary) => matches!(
                binary.op(),
                Operator::Eq
                    | Operator::NotEq
                    | Operator::Lt
                    | Operator::LtEq
                    | Operator::Gt
                    | Operator::GtEq
                    | Operator::IsDistinctFrom
                    | Operator::IsNotDistinctFrom
                    | Operator::And
                    | Operator::Or
            ),
            None => {
                part.downcast_ref::<Column>().is_some()
                    || part.downcast_ref::<Literal>().is_some()
                    || part.downcast_ref::<NotExpr>().is_some()
                    || part.downcast_ref::<InListExpr>().is_some()
            }
        };
        Ok(if plain { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    });
    plain && visited.is_ok()
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;
    use arrow::compute::cast;
    use arrow::datatypes::{DataType, Field, Schema};
    use datafusion::physical_expr::expressions::{binary, case, col, lit};

    use super::*;

    #[test]
    fn branches_are_those_of_the_case_itself() {
        let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]));
        let numbers = (0..40).map(|n| (n % 7 != 3).then_some(n)).collect::<Int64Array>();
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(numbers)]).unwrap();
        let than = |op, n: i64| binary(col("n", &schema).unwrap(), op, lit(n), &schema).unwrap();
        let text = |t: Option<&str>| lit(ScalarValue::Utf8View(t.map(ToOwned::to_owned)));
        for otherwise in [Some(text(Some("much"))), Some(text(None)), None] {
            let branches = vec![
                (than(Operator::Eq, 5), text(Some("five"))),
                (than(Operator::Lt, 10), text(Some("few, and a text that is long"))),
                (than(Operator::Lt, 20), text(None)),
                (than(Operator::Lt, 30), text(Some("five"))),
            ];
            let whole = case(None, branches, otherwise).unwrap();
            let cases = Cases::of(&whole).expect("constants");
            let ours = cast(&cases.evaluate(&batch).unwrap(), &DataType::Utf8View).unwrap();
            let theirs = whole.evaluate(&batch).unwrap().into_array(40).unwrap();
            assert_eq!(ours.as_ref(), theirs.as_ref());
        }
    }

    #[test]
    fn what_is_computed_is_left_alone() {
        let schema = Schema::new(vec![Field::new("n", DataType::Int64, true)]);
        let n = || col("n", &schema).unwrap();
        let divided = binary(lit(1_i64), Operator::Divide, n(), &schema).unwrap();
        let fails = binary(divided, Operator::Gt, lit(0_i64), &schema).unwrap();
        let branches = vec![(fails, lit(ScalarValue::Utf8View(Some("x".into()))))];
        assert!(Cases::of(&case(None, branches, None).unwrap()).is_none());
        let holds = binary(n(), Operator::Gt, lit(0_i64), &schema).unwrap();
        assert!(Cases::of(&case(None, vec![(holds, n())], None).unwrap()).is_none(), "no text");
    }
}
