//! Functions that pick rows, or turn cells into rows.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt64Array};
use datafusion::common::Result;
use palisade_kql::Type;

use super::{Budget, Function, limit};
use crate::kernels::{self, Call};
use crate::value::{Cells, Column, V};

/// Rows of a batch by their places, without its last `dropped` columns.
pub(super) fn pick(batch: &RecordBatch, places: Vec<u64>, dropped: usize) -> Result<Vec<ArrayRef>> {
    let kept = batch.num_columns().saturating_sub(dropped);
    let places = UInt64Array::from(places);
    let take = |c: &ArrayRef| Ok(arrow::compute::take(c.as_ref(), &places, None)?);
    batch.columns().iter().take(kept).map(take).collect()
}

/// Rows near those whose last column is true.
#[derive(Debug)]
pub(super) struct Near {
    pub before: u64,
    pub after: u64,
}

impl Function for Near {
    fn run(&self, inputs: &[RecordBatch], _: &Budget) -> Result<Vec<ArrayRef>> {
        let batch = &inputs[0];
        let near = batch.column(batch.num_columns() - 1).as_boolean();
        let rows = batch.num_rows() as u64;
        let mut places = Vec::new();
        // The first row that is not chosen yet.
        let mut next = 0u64;
        for at in (0..near.len()).filter(|at| near.is_valid(*at) && near.value(*at)) {
            let at = at as u64;
            let from = at.saturating_sub(self.before).max(next);
            let to = at.saturating_add(self.after).saturating_add(1).min(rows);
            places.extend(from..to);
            next = next.max(to);
        }
        pick(batch, places, 1)
    }
}

/// The rows, then those of all further tables.
#[derive(Debug)]
pub(super) struct Append;

impl Function for Append {
    fn run(&self, inputs: &[RecordBatch], budget: &Budget) -> Result<Vec<ArrayRef>> {
        budget.grow(inputs.iter().map(|i| i.get_array_memory_size()).sum())?;
        (0..inputs[0].num_columns())
            .map(|at| {
                let ty = inputs[0].column(at).data_type();
                // Texts of several tables may have several layouts.
                let parts = inputs
                    .iter()
                    .map(|i| Ok(arrow::compute::cast(i.column(at), ty)?))
                    .collect::<Result<Vec<_>>>()?;
                let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
                Ok(arrow::compute::concat(&parts)?)
            })
            .collect()
    }
}

/// One row per cell.
#[derive(Debug)]
pub(super) struct Narrow(pub Vec<String>);

impl Function for Narrow {
    fn run(&self, inputs: &[RecordBatch], budget: &Budget) -> Result<Vec<ArrayRef>> {
        let batch = &inputs[0];
        let cells = batch.columns().iter().map(|c| Cells::new(c.as_ref())).collect::<Result<Vec<_>>>()?;
        let rows = batch.num_rows();
        budget.grow(rows.saturating_mul(cells.len()).saturating_mul(48))?;
        let mut names = Column::new(Type::String, rows);
        let mut numbers = Column::new(Type::Long, rows);
        let mut values = Column::new(Type::String, rows);
        for (row, number) in (0..rows).zip(0i64..) {
            for (cell, name) in cells.iter().zip(&self.0) {
                names.push(&V::string(name.as_str()));
                numbers.push(&V::Int(number));
                values.push(&cell.get(row));
            }
        }
        Ok(vec![names.finish()?, numbers.finish()?, values.finish()?])
    }
}

/// Sizes of intersections from the states of `hll()`, by inclusion and exclusion over their unions.
#[derive(Debug)]
pub(super) struct Intersections {
    /// How many states each row has, in its last columns.
    pub sets: usize,
}

/// Most sets: every subset of them is merged.
const MAX_SETS: usize = 10;

impl Function for Intersections {
    fn run(&self, inputs: &[RecordBatch], budget: &Budget) -> Result<Vec<ArrayRef>> {
        let batch = &inputs[0];
        let (Some(merge), Some(size)) = (kernels::lookup("hll_merge"), kernels::lookup("dcount_hll")) else {
            return Err(limit("dcount_intersect() needs hll_merge(), which is not carried out".to_owned()));
        };
        if self.sets > MAX_SETS {
            return Err(limit(format!("dcount_intersect() takes at most {MAX_SETS} sets")));
        }
        let first = batch.num_columns() - self.sets;
        let states =
            batch.columns()[first..].iter().map(|c| Cells::new(c.as_ref())).collect::<Result<Vec<_>>>()?;
        let types = [Type::Dynamic, Type::Dynamic];
        let call = Call { types: &types, returns: Type::Dynamic };
        let count = Call { types: &types[..1], returns: Type::Long };
        let mut outputs: Vec<Column> =
            states.iter().map(|_| Column::new(Type::Long, batch.num_rows())).collect();
        for row in 0..batch.num_rows() {
            budget.step(1 << (self.sets + 4))?;
            // The size of the union of each subset.
            let mut unions: Vec<(V<'static>, i64)> = vec![(V::Null, 0)];
            for subset in 1usize..1 << self.sets {
                let low = subset.trailing_zeros() as usize;
                let rest = subset & (subset - 1);
                let own = states[low].get(row).owned();
                let union = match &unions[rest].0 {
                    _ if rest == 0 => own,
                    other => merge(&call, &[other.clone(), own]),
                };
                let n = size(&count, std::slice::from_ref(&union)).int().unwrap_or(0);
                unions.push((union, n));
            }
            for (at, output) in outputs.iter_mut().enumerate() {
                let all = (1usize << (at + 1)) - 1;
                let sum: i64 = (1..=all)
                    .map(
                        |subset| {
                            if subset.count_ones() % 2 == 1 { unions[subset].1 } else { -unions[subset].1 }
                        },
                    )
                    .sum();
                output.push(&V::Int(sum.max(0)));
            }
        }
        let mut columns = batch.columns()[..first].to_vec();
        for output in outputs {
            columns.push(output.finish()?);
        }
        Ok(columns)
    }
}
