//! A function once for each group of rows, inside sub-queries.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, UInt64Array};
use arrow::row::{RowConverter, SortField};
use datafusion::common::Result;

use super::{Budget, Function};

/// Splits the rows of the first input by its last columns and runs a function over each part.
#[derive(Debug)]
pub(crate) struct PerGroup {
    pub inner: Arc<dyn Function>,
    /// Columns behind the function's own by which rows are split.
    pub keys: usize,
    /// Columns behind those with values of the group, which are passed on.
    pub carried: usize,
}

impl Function for PerGroup {
    fn run(&self, inputs: &[RecordBatch], budget: &Budget) -> Result<Vec<ArrayRef>> {
        let whole = &inputs[0];
        let own = whole.num_columns() - self.keys - self.carried;
        let keys = &whole.columns()[own..own + self.keys];
        let fields = keys.iter().map(|k| SortField::new(k.data_type().clone())).collect();
        let rows = RowConverter::new(fields)?.convert_columns(keys)?;
        budget.grow(rows.size())?;
        let mut order: Vec<Vec<u64>> = Vec::new();
        let mut known: HashMap<&[u8], usize> = HashMap::new();
        let bytes: Vec<_> = rows.iter().collect();
        for (at, row) in bytes.iter().enumerate() {
            let group = *known.entry(row.as_ref()).or_insert_with(|| {
                order.push(Vec::new());
                order.len() - 1
            });
            order[group].push(at as u64);
        }
        let mut parts: Vec<Vec<ArrayRef>> = Vec::with_capacity(order.len());
        for places in order {
            budget.step(16)?;
            let first = places.first().copied().unwrap_or(0);
            let places = UInt64Array::from(places);
            let take = |c: &ArrayRef| arrow::compute::take(c.as_ref(), &places, None);
            let columns = whole.columns()[..own].iter().map(take).collect::<Result<Vec<_>, _>>()?;
            let schema = Arc::new(whole.schema().project(&(0..own).collect::<Vec<_>>())?);
            let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(places.len()));
            let group = RecordBatch::try_new_with_options(schema, columns, &options)?;
            let mut given = vec![group];
            given.extend(inputs[1..].iter().cloned());
            let mut out = self.inner.run(&given, budget)?;
            let n = out.first().map_or(0, |c| c.len());
            let again = UInt64Array::from(vec![first; n]);
            for column in &whole.columns()[own..] {
                out.push(arrow::compute::take(column.as_ref(), &again, None)?);
            }
            parts.push(out);
        }
        if parts.is_empty() {
            let none = whole.slice(0, 0);
            let schema = Arc::new(none.schema().project(&(0..own).collect::<Vec<_>>())?);
            let group = RecordBatch::try_new(schema, none.columns()[..own].to_vec())?;
            let mut given = vec![group];
            given.extend(inputs[1..].iter().cloned());
            let mut out = self.inner.run(&given, budget)?;
            // A function that makes rows of nothing makes none for no group.
            out.iter_mut().for_each(|c| *c = c.slice(0, 0));
            out.extend(none.columns()[own..].iter().cloned());
            return Ok(out);
        }
        let width = parts[0].len();
        (0..width)
            .map(|at| {
                let arrays: Vec<&dyn arrow::array::Array> = parts.iter().map(|p| p[at].as_ref()).collect();
                Ok(arrow::compute::concat(&arrays)?)
            })
            .collect()
    }
}
