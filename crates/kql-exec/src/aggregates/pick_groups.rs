//! `arg_max`, `arg_min`, `take_any` for many groups at once.
//!
//! Of each batch only the rows that lead a group are copied, so memory grows with the groups and not with
//! the rows.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StructArray, UInt32Array, new_null_array};
use arrow::compute::{cast, interleave, take};
use arrow::datatypes::{DataType, Fields};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::Spec;
use super::pick::compare;
use crate::value::{Cells, V};

/// A group that has seen no row.
const NONE: u32 = u32::MAX;

/// Where a group's row is held.
#[derive(Clone, Copy, Debug)]
struct Place {
    batch: u32,
    row: u32,
}

#[derive(Debug)]
pub(super) struct PickGroups {
    spec: Spec,
    fields: Fields,
    keys: Vec<V<'static>>,
    places: Vec<Place>,
    /// Held rows, column by column.
    batches: Vec<Vec<ArrayRef>>,
    held: usize,
    bytes: usize,
}

impl PickGroups {
    pub fn new(spec: Spec, returns: &DataType) -> Result<Self> {
        let DataType::Struct(fields) = returns else {
            return Err(DataFusionError::Internal("a picked row is a struct".to_owned()));
        };
        let fields = fields.clone();
        Ok(Self {
            spec,
            fields,
            keys: Vec::new(),
            places: Vec::new(),
            batches: Vec::new(),
            held: 0,
            bytes: 0,
        })
    }

    /// Whether a key replaces the one that its group holds. A row with a null key is taken only when
    /// there is no other.
    fn wins(&self, group: usize, key: &V<'_>) -> bool {
        if self.places[group].batch == NONE {
            return true;
        }
        match (self.spec.function, &self.keys[group], key) {
            ("take_any", ..) | (_, _, V::Null) => false,
            (_, V::Null, _) => true,
            ("arg_max", held, key) => compare(key, held) == Ordering::Greater,
            (_, held, key) => compare(key, held) == Ordering::Less,
        }
    }

    fn offer(
        &mut self,
        columns: &[ArrayRef],
        groups: &[usize],
        total: usize,
        counts: impl Fn(usize) -> bool,
    ) -> Result<()> {
        self.keys.resize(total, V::Null);
        self.places.resize(total, Place { batch: NONE, row: 0 });
        let Some(first) = columns.first() else { return Ok(()) };
        let key = Cells::new(first.as_ref())?;
        let batch = u32::try_from(self.batches.len()).unwrap_or(NONE - 1);
        let mut led: Vec<usize> = Vec::new();
        for (row, group) in groups.iter().enumerate() {
            if !counts(row) {
                continue;
            }
            let value = key.get(row);
            if !self.wins(*group, &value) {
                continue;
            }
            if self.places[*group].batch != batch {
                led.push(*group);
            }
            self.keys[*group] = value.owned();
            self.places[*group] = Place { batch, row: u32::try_from(row).unwrap_or(0) };
        }
        if led.is_empty() {
            return Ok(());
        }
        let rows: UInt32Array = led.iter().map(|g| self.places[*g].row).collect();
        for (at, group) in led.iter().enumerate() {
            self.places[*group].row = u32::try_from(at).unwrap_or(0);
        }
        let copied = columns
            .iter()
            .zip(&self.fields)
            .map(|(c, f)| Ok(cast(&take(c.as_ref(), &rows, None)?, f.data_type())?))
            .collect::<Result<Vec<_>>>()?;
        self.held += led.len();
        self.bytes += copied.iter().map(|c| c.get_array_memory_size()).sum::<usize>();
        self.batches.push(copied);
        if self.held > 2 * self.places.len() + 8192 || self.batches.len() > 512 {
            self.compact()?;
        }
        Ok(())
    }

    /// The held rows of these groups; nulls where a group has none.
    fn rows(&self, places: &[Place]) -> Result<Vec<ArrayRef>> {
        let none = self.batches.len();
        let at: Vec<(usize, usize)> = places
            .iter()
            .map(|p| if p.batch == NONE { (none, 0) } else { (p.batch as usize, p.row as usize) })
            .collect();
        let column = |n: usize| {
            let empty = new_null_array(self.fields[n].data_type(), 1);
            let mut arrays: Vec<&dyn Array> = self.batches.iter().map(|b| b[n].as_ref()).collect();
            arrays.push(empty.as_ref());
            Ok(interleave(&arrays, &at)?)
        };
        (0..self.fields.len()).map(column).collect()
    }

    /// Drops rows that lead no longer.
    fn compact(&mut self) -> Result<()> {
        let rows = self.rows(&self.places)?;
        self.bytes = rows.iter().map(|c| c.get_array_memory_size()).sum();
        self.held = self.places.len();
        self.batches = vec![rows];
        for (at, place) in self.places.iter_mut().enumerate() {
            if place.batch != NONE {
                *place = Place { batch: 0, row: u32::try_from(at).unwrap_or(0) };
            }
        }
        Ok(())
    }

    /// The rows of the groups that leave, and which of them have one.
    fn emit(&mut self, to: EmitTo) -> Result<(ArrayRef, BooleanArray)> {
        let places = to.take_needed(&mut self.places);
        // Their keys go with them.
        drop(to.take_needed(&mut self.keys));
        let rows = self.rows(&places)?;
        if self.places.is_empty() {
            self.batches.clear();
            (self.held, self.bytes) = (0, 0);
        }
        let seen: BooleanArray = places.iter().map(|p| Some(p.batch != NONE)).collect();
        let out = StructArray::try_new_with_length(self.fields.clone(), rows, None, places.len())?;
        Ok((Arc::new(out), seen))
    }
}

impl GroupsAccumulator for PickGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.offer(values, groups, total, |row| filter.is_none_or(|f| f.is_valid(row) && f.value(row)))
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        let [rows, seen] = states else {
            return Err(DataFusionError::Internal("a picked row's state has two columns".to_owned()));
        };
        let (rows, seen) = (rows.as_struct(), seen.as_boolean());
        self.offer(rows.columns(), groups, total, |row| seen.is_valid(row) && seen.value(row))
    }

    fn evaluate(&mut self, to: EmitTo) -> Result<ArrayRef> {
        Ok(self.emit(to)?.0)
    }

    fn state(&mut self, to: EmitTo) -> Result<Vec<ArrayRef>> {
        let (rows, seen) = self.emit(to)?;
        Ok(vec![rows, Arc::new(seen)])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, |v| v.len());
        let cells = values
            .iter()
            .zip(&self.fields)
            .map(|(v, f)| Ok(cast(v, f.data_type())?))
            .collect::<Result<Vec<_>>>()?;
        let seen: BooleanArray =
            (0..rows).map(|row| Some(filter.is_none_or(|f| f.is_valid(row) && f.value(row)))).collect();
        let out = StructArray::try_new_with_length(self.fields.clone(), cells, None, rows)?;
        Ok(vec![Arc::new(out), Arc::new(seen)])
    }

    fn size(&self) -> usize {
        let keys: usize = self.keys.iter().map(|k| k.text().len()).sum();
        size_of::<Self>()
            + self.keys.capacity() * size_of::<V<'_>>()
            + self.places.capacity() * size_of::<Place>()
            + keys
            + self.bytes
    }
}
