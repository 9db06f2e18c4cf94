//! `arg_max`, `arg_min`, `take_any`: one consistent row of a group.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StructArray};
use arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::Accumulator;

use super::Spec;
use crate::value::{Cells, Column, V};

#[derive(Debug)]
pub(super) struct Pick {
    spec: Spec,
    returns: DataType,
    /// The row held so far; none when no row came.
    best: Option<Vec<V<'static>>>,
}

impl Pick {
    pub fn new(spec: Spec, returns: DataType) -> Self {
        Self { spec, returns, best: None }
    }

    /// Whether a key replaces the held one. A row with a null key is taken only when there is no other.
    fn wins(&self, key: &V<'_>) -> bool {
        let Some(best) = &self.best else { return true };
        let held = best.first().unwrap_or(&V::Null);
        match (self.spec.function, held, key) {
            ("take_any", ..) => false,
            (_, _, V::Null) => false,
            (_, V::Null, _) => true,
            ("arg_max", held, key) => compare(key, held) == Ordering::Greater,
            (_, held, key) => compare(key, held) == Ordering::Less,
        }
    }

    fn offer(&mut self, columns: &[Cells<'_>], row: usize) {
        let key = columns.first().map_or(V::Null, |c| c.get(row));
        if self.wins(&key) {
            self.best = Some(columns.iter().map(|c| c.get(row).owned()).collect());
        }
    }

    fn scalar(&self) -> Result<ScalarValue> {
        let DataType::Struct(fields) = &self.returns else {
            return Err(DataFusionError::Internal("a picked row is a struct".to_owned()));
        };
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(fields.len());
        for (at, ty) in self.spec.types.iter().enumerate() {
            let mut column = Column::new(*ty, 1);
            column.push(self.best.as_ref().and_then(|b| b.get(at)).unwrap_or(&V::Null));
            arrays.push(column.finish()?);
        }
        Ok(ScalarValue::Struct(Arc::new(StructArray::try_new(fields.clone(), arrays, None)?)))
    }
}

pub(super) fn compare(a: &V<'_>, b: &V<'_>) -> Ordering {
    match (a, b) {
        (V::Int(x), V::Int(y)) => x.cmp(y),
        (V::Bool(x), V::Bool(y)) => x.cmp(y),
        (V::Str(x), V::Str(y)) => x.cmp(y),
        (V::Real(x), V::Real(y)) => x.total_cmp(y),
        (V::Dec(x), V::Dec(y)) => x.cmp(y),
        _ => Ordering::Equal,
    }
}

impl Accumulator for Pick {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let columns = values.iter().map(|v| Cells::new(v.as_ref())).collect::<Result<Vec<_>>>()?;
        let rows = values.first().map_or(0, |v| v.len());
        if self.spec.function == "take_any" && self.best.is_some() {
            return Ok(());
        }
        // The best row of the batch first, so that only one row is copied.
        let Some(key) = columns.first() else { return Ok(()) };
        let mut leader: Option<usize> = None;
        for row in 0..rows {
            let better = match leader {
                None => true,
                Some(at) => match (self.spec.function, key.get(at), key.get(row)) {
                    ("take_any", ..) | (_, _, V::Null) => false,
                    (_, V::Null, _) => true,
                    ("arg_max", held, new) => compare(&new, &held) == Ordering::Greater,
                    (_, held, new) => compare(&new, &held) == Ordering::Less,
                },
            };
            if better {
                leader = Some(row);
            }
        }
        if let Some(row) = leader {
            self.offer(&columns, row);
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.scalar()
    }

    fn size(&self) -> usize {
        let text = |v: &V<'_>| match v {
            V::Str(s) => s.len(),
            _ => 0,
        };
        size_of::<Self>()
            + self.best.as_ref().map_or(0, |b| b.iter().map(|v| size_of::<V<'_>>() + text(v)).sum())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.scalar()?, ScalarValue::Boolean(Some(self.best.is_some()))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let rows = states[0].as_struct();
        let seen = states[1].as_boolean();
        let columns = rows.columns().iter().map(|c| Cells::new(c.as_ref())).collect::<Result<Vec<_>>>()?;
        for row in 0..rows.len() {
            if seen.is_valid(row) && seen.value(row) {
                self.offer(&columns, row);
            }
        }
        Ok(())
    }
}
