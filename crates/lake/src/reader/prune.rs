//! Which files a filter can match, by the statistics that the Delta log and the manifest carry.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, StringArray, TimestampMicrosecondArray, UInt64Array};
use arrow::datatypes::SchemaRef;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, ScalarValue};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::not;
use datafusion::physical_expr::simplifier::PhysicalExprSimplifier;
use datafusion::physical_expr::utils::{collect_columns, conjunction, split_conjunction};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;

use crate::columns::STATISTICS;

/// What is known of one file.
#[derive(Clone, Debug)]
pub(super) struct Known<'a> {
    pub(super) rows: u64,
    pub(super) time: Option<(i64, i64)>,
    pub(super) device: Option<(&'a str, &'a str)>,
}

struct Files<'a>(&'a [Known<'a>]);

impl Files<'_> {
    fn bounds(&self, column: &Column, low: bool) -> Option<ArrayRef> {
        let pick = |(l, h)| if low { l } else { h };
        match column.name.as_str() {
            "Timestamp" => {
                let values = self.0.iter().map(|k| k.time.map(pick));
                Some(Arc::new(values.collect::<TimestampMicrosecondArray>().with_timezone("UTC")))
            }
            "DeviceId" => {
                let values = self.0.iter().map(|k| k.device.map(|(l, h)| if low { l } else { h }));
                Some(Arc::new(values.collect::<StringArray>()))
            }
            _ => None,
        }
    }
}

impl PruningStatistics for Files<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, true)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.bounds(column, false)
    }

    fn num_containers(&self) -> usize {
        self.0.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        // Every row has both columns.
        matches!(column.name.as_str(), "Timestamp" | "DeviceId")
            .then(|| Arc::new(UInt64Array::from(vec![0; self.0.len()])) as ArrayRef)
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(self.0.iter().map(|k| k.rows).collect::<UInt64Array>()))
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}

/// For each file, whether what its pages say of their rows may leave some of them out: where all rows match what is
/// asked of columns of which pages say something, or nothing is asked of these, they leave none out.
pub(super) fn parted(
    predicate: Option<&Arc<dyn PhysicalExpr>>,
    schema: &SchemaRef,
    files: &[Known<'_>],
) -> Vec<bool> {
    let told = |part: &&Arc<dyn PhysicalExpr>| {
        collect_columns(part).iter().any(|column| STATISTICS.contains(&column.name()))
    };
    let parts: Vec<_> =
        predicate.map(split_conjunction).unwrap_or_default().into_iter().filter(told).cloned().collect();
    if parts.is_empty() {
        return vec![false; files.len()];
    }
    // As conditions that statistics can be held against: they say nothing of what is negated as a whole.
    let simplifier = PhysicalExprSimplifier::new(schema);
    match not(conjunction(parts)).and_then(|other| simplifier.simplify(other)) {
        Ok(other) => may_match(Some(&other), schema, files),
        Err(_) => vec![true; files.len()],
    }
}

/// For each file, whether it may have a row that matches. In doubt it may.
pub(super) fn may_match(
    predicate: Option<&Arc<dyn PhysicalExpr>>,
    schema: &SchemaRef,
    files: &[Known<'_>],
) -> Vec<bool> {
    let all = || vec![true; files.len()];
    let Some(predicate) = predicate else { return all() };
    match PruningPredicateBuilder::new().with_file_schema(Arc::clone(schema)).try_build(Arc::clone(predicate))
    {
        Ok(p) => p.prune(&Files(files)).unwrap_or_else(|_| all()),
        Err(_) => all(),
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field, Schema};
    use datafusion::common::DFSchema;
    use datafusion::logical_expr::ident;
    use datafusion::prelude::{Expr, SessionContext, lit};

    use super::*;

    #[test]
    fn pages_are_looked_at_where_they_may_leave_rows_out() {
        let schema = Arc::new(Schema::new(vec![
            Field::new("DeviceId", DataType::Utf8View, true),
            Field::new("ReportId", DataType::Int64, true),
            Field::new("FileName", DataType::Utf8View, true),
        ]));
        let known = |low, high| Known { rows: 9, time: None, device: Some((low, high)) };
        let files = [known("a", "c"), known("b", "b"), known("d", "e")];
        let session = SessionContext::new();
        let said = |asked: Expr| {
            let known = DFSchema::try_from(Arc::clone(&schema)).expect("a schema");
            let asked = session.create_physical_expr(asked, &known).expect("an expression");
            parted(Some(&asked), &schema, &files)
        };
        assert_eq!(parted(None, &schema, &files), [false; 3]);
        assert_eq!(said(ident("FileName").eq(lit("x"))), [false; 3]);
        assert_eq!(said(ident("DeviceId").eq(lit("b"))), [true, false, true]);
        assert_eq!(
            said(ident("DeviceId").gt_eq(lit("b")).and(ident("FileName").eq(lit("x")))),
            [true, false, false]
        );
        assert_eq!(said(ident("ReportId").gt(lit(1i64))), [true; 3], "nothing is known of it");
    }
}
