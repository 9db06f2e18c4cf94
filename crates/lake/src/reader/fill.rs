//! What a file lacks, filled on reading: `''` for text that is never null, null for the rest.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Result, ScalarValue};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{Column, lit};
use datafusion::physical_expr_adapter::{
    DefaultPhysicalExprAdapter, PhysicalExprAdapter, PhysicalExprAdapterFactory,
};

/// For Parquet scans.
#[derive(Clone, Copy, Debug)]
pub(super) struct FillFactory;

impl PhysicalExprAdapterFactory for FillFactory {
    fn create(&self, logical: SchemaRef, physical: SchemaRef) -> Result<Arc<dyn PhysicalExprAdapter>> {
        let rest = DefaultPhysicalExprAdapter::new(Arc::clone(&logical), Arc::clone(&physical));
        Ok(Arc::new(Fill { logical, physical, rest }))
    }
}

#[derive(Debug)]
struct Fill {
    logical: SchemaRef,
    physical: SchemaRef,
    rest: DefaultPhysicalExprAdapter,
}

impl PhysicalExprAdapter for Fill {
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        let filled = expr
            .transform(|e| {
                let Some(column) = e.downcast_ref::<Column>() else { return Ok(Transformed::no(e)) };
                let Ok(field) = self.logical.field_with_name(column.name()) else {
                    return Ok(Transformed::no(e));
                };
                let empty = match field.data_type() {
                    _ if field.is_nullable() || self.physical.index_of(column.name()).is_ok() => None,
                    DataType::Utf8 => Some(ScalarValue::Utf8(Some(String::new()))),
                    DataType::Utf8View => Some(ScalarValue::Utf8View(Some(String::new()))),
                    _ => None,
                };
                Ok(empty.map_or(Transformed::no(e), |empty| Transformed::yes(lit(empty))))
            })
            .data()?;
        let tried = super::codes::by_text(self.rest.rewrite(filled)?, &self.physical)?;
        Ok(super::together::together(tried, &self.physical))
    }
}

/// For hot batches: the wanted columns in the wanted order.
pub(super) fn fill(batch: &RecordBatch, wanted: &SchemaRef) -> Result<RecordBatch> {
    let columns: Vec<ArrayRef> = wanted
        .fields()
        .iter()
        .map(|f| match batch.column_by_name(f.name()) {
            Some(column) if column.data_type() == f.data_type() => Ok(Arc::clone(column)),
            Some(column) => cast(column, f.data_type()),
            None => Ok(crate::project::missing(f.data_type(), f.is_nullable(), batch.num_rows())),
        })
        .collect::<std::result::Result<_, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(wanted), columns, &options)?)
}
