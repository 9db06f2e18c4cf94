//! Which files a filter can match, by the statistics that the Delta log and the manifest carry.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, StringArray, TimestampMicrosecondArray, UInt64Array};
use arrow::datatypes::SchemaRef;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, ScalarValue};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;

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
