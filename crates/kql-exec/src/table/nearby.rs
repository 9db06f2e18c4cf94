//! `geo_line_lookup` and `geo_polygon_lookup`: rows by the shapes that are near.

use arrow::array::{ArrayRef, RecordBatch, UInt64Array};
use datafusion::common::Result;
use palisade_kql::program::ShapeLookup;

use super::{Budget, Constant, Function};
use crate::error::ExecError;
use crate::kernels::convert::convert;
use crate::kernels::{Place, Target};
use crate::value::{Cells, V};

#[derive(Debug)]
pub(super) struct Nearby {
    place: (usize, usize),
    shape: usize,
    areas: bool,
    metres: Option<f64>,
    taken: Vec<usize>,
    unmatched: bool,
}

/// Memory of a shape in proportion to its text.
const SHAPE_MEMORY: usize = 4;

impl Nearby {
    /// # Errors
    /// A radius that is no number or below zero.
    pub fn new(lookup: &ShapeLookup, constant: &Constant<'_>) -> std::result::Result<Self, ExecError> {
        let metres = match &lookup.radius {
            Some(radius) => {
                let metres = constant(radius)?.real().filter(|m| *m >= 0.0 && m.is_finite());
                let wrong =
                    || ExecError::Limit("a radius must be a number of metres, zero or more".to_owned());
                Some(metres.ok_or_else(wrong)?)
            }
            None => None,
        };
        Ok(Self {
            place: lookup.place,
            shape: lookup.shape,
            areas: lookup.areas,
            metres,
            taken: lookup.taken.clone(),
            unmatched: lookup.unmatched,
        })
    }
}

impl Function for Nearby {
    fn run(&self, inputs: &[RecordBatch], budget: &Budget) -> Result<Vec<ArrayRef>> {
        let (left, right) = (&inputs[0], &inputs[1]);
        let texts = Cells::new(right.column(self.shape).as_ref())?;
        let mut targets: Vec<(u64, Target)> = Vec::new();
        for row in 0..right.num_rows() {
            let value = texts.get(row);
            budget.grow(value.text().len().saturating_mul(SHAPE_MEMORY))?;
            if let Some(target) = Target::read(value.text(), self.areas) {
                budget.step(target.vertices() as u64)?;
                targets.push((row as u64, target));
            }
        }
        let (lng, lat) = (
            Cells::new(left.column(self.place.0).as_ref())?,
            Cells::new(left.column(self.place.1).as_ref())?,
        );
        let metres = self.metres.unwrap_or(0.0);
        let mut from_left: Vec<u64> = Vec::new();
        let mut from_right: Vec<Option<u64>> = Vec::new();
        for row in 0..left.num_rows() {
            let before = from_left.len();
            budget.step(1 + targets.len() as u64)?;
            let place = number(&lng.get(row)).zip(number(&lat.get(row)));
            if let Some(place) = place.and_then(|(lng, lat)| Place::new(lng, lat)) {
                for (at, target) in targets.iter().filter(|(_, t)| t.may_be_near(&place, metres)) {
                    budget.step(target.vertices() as u64)?;
                    if target.is_near(&place, self.metres) {
                        from_left.push(row as u64);
                        from_right.push(Some(*at));
                    }
                }
            }
            if from_left.len() == before && self.unmatched {
                from_left.push(row as u64);
                from_right.push(None);
            }
            budget.grow((from_left.len() - before) * 24)?;
        }
        let (from_left, from_right) = (UInt64Array::from(from_left), UInt64Array::from(from_right));
        let mut columns = Vec::with_capacity(left.num_columns() + self.taken.len());
        for column in left.columns() {
            columns.push(arrow::compute::take(column.as_ref(), &from_left, None)?);
        }
        for at in &self.taken {
            columns.push(arrow::compute::take(right.column(*at).as_ref(), &from_right, None)?);
        }
        Ok(columns)
    }
}

/// A coordinate; a dynamic is read as a number.
fn number(value: &V<'_>) -> Option<f64> {
    match value {
        V::Str(_) => convert(value, palisade_kql::Type::Dynamic, palisade_kql::Type::Real).real(),
        other => other.real(),
    }
}
