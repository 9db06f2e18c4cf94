//! `basket`: patterns of values that many rows have.
//!
//! Each pattern is told once, with all values that come with it in every row.

use arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::Result;
use palisade_kql::Type;
use palisade_kql::program::Basket;

use super::items::{Pattern, Shared};
use super::{Budget, Function};
use crate::value::Cells;

#[derive(Debug)]
pub(super) struct Baskets {
    pub spec: Basket,
    /// The types of the outcome's columns.
    pub types: Vec<Type>,
}

impl Function for Baskets {
    #[allow(clippy::cast_precision_loss)]
    fn run(&self, inputs: &[RecordBatch], budget: &Budget) -> Result<Vec<ArrayRef>> {
        let batch = &inputs[0];
        let cells = batch.columns().iter().map(|c| Cells::new(c.as_ref())).collect::<Result<Vec<_>>>()?;
        // A share that is hit exactly counts, however it was rounded.
        let least = |total: f64| self.spec.threshold * total * (1.0 - 1e-12);
        let shared = Shared::of_one_set(&cells, batch.num_rows(), self.spec.weight, least, budget)?;
        let [total, _] = shared.total;
        let mut patterns = Vec::new();
        if total > 0.0 {
            let least = least(total);
            let heavy = |_: &Pattern<()>, [weight, _]: [f64; 2]| (weight >= least).then_some(());
            patterns = shared.patterns(self.spec.dimensions, (), heavy, budget)?;
            patterns.retain(|p| !p.items.is_empty());
        }
        // What says much about many rows comes first.
        let rank = |p: &Pattern<()>| p.weight[0] * p.items.len() as f64;
        patterns.sort_by(|a, b| rank(b).total_cmp(&rank(a)).then_with(|| a.items.cmp(&b.items)));
        let segments = patterns.iter().map(|p| (p.weight[0], p.items.as_slice()));
        shared.numbered(&self.types, &cells, &self.spec.wildcards, segments)
    }
}
