//! The rows of a funnel.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use arrow::array::RecordBatch;
use datafusion::common::Result;

use super::Funnel;
use crate::table::Budget;
use crate::table::timeline::{Ids, NOBODY, groups};
use crate::value::Cells;

/// A row of an id. States have numbers in the order of their keys.
pub(super) type Event = (u32, i64, u32);

/// The rows that count, by id, place and state.
pub(super) struct Events {
    pub all: Vec<Event>,
    /// The numbers of the sequence's states.
    pub sequence: Vec<u32>,
    /// A row of each id, and of each state that some row has.
    pub ids: Vec<usize>,
    pub states: HashMap<u32, usize>,
}

impl Events {
    pub fn read(funnel: &Funnel, batch: &RecordBatch, budget: &Budget) -> Result<Self> {
        let id_cells = Cells::new(batch.column(0).as_ref())?;
        let state_cells = Cells::new(batch.column(2).as_ref())?;
        let (mut ids, mut states) = (Ids::default(), Ids::default());
        let mut sequence = Vec::with_capacity(funnel.sequence.len());
        for (key, _) in &funnel.sequence {
            sequence.push(states.named(key.clone(), budget)?);
        }
        let mut id_rows: Vec<usize> = Vec::new();
        let mut state_rows: HashMap<u32, usize> = HashMap::new();
        let (from, to) = funnel.bounds;
        let groups = groups(&batch.project(&[0, 1])?, budget, |row, at| {
            if at < from || at > to {
                return Ok(None);
            }
            // Ids of rows that do not count have no number, so that each number has a row.
            let state = states.number(&state_cells, row, budget)?;
            if state == NOBODY {
                return Ok(None);
            }
            let id = ids.number(&id_cells, row, budget)?;
            if id == NOBODY {
                return Ok(None);
            }
            if id as usize >= id_rows.len() {
                budget.grow(8)?;
                id_rows.resize(id as usize + 1, row);
            }
            if let Entry::Vacant(unknown) = state_rows.entry(state) {
                budget.grow(32)?;
                unknown.insert(row);
            }
            Ok(Some((id, state)))
        })?;
        budget.grow(groups.iter().map(|g| g.rows.len()).sum::<usize>().saturating_mul(size_of::<Event>()))?;
        let places = states.places();
        let place = |state: u32| places.get(state as usize).copied().unwrap_or(NOBODY);
        let mut all: Vec<Event> = Vec::new();
        for group in groups {
            all.extend(group.rows.into_iter().map(|(at, (id, state))| (id, at, place(state))));
        }
        all.sort_unstable();
        budget.step(all.len() as u64)?;
        let states = state_rows.into_iter().map(|(state, row)| (place(state), row)).collect();
        Ok(Self { all, sequence: sequence.into_iter().map(place).collect(), ids: id_rows, states })
    }
}

/// What stands at some place, if anything does: the first of the states there.
pub(super) fn first_at(events: &[Event], at: Option<i64>) -> Option<u32> {
    let at = at?;
    let first = events.partition_point(|(_, place, _)| *place < at);
    events.get(first).map(|(_, _, state)| *state)
}
