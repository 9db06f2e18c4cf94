//! `funnel_sequence` and `funnel_sequence_completion`: ids that go through states one after the other.

mod chain;
mod events;

use std::collections::{BTreeMap, HashMap};

use arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::Result;
use palisade_kql::Type;
use palisade_kql::program::{self, FunnelKind, array_of};
use serde_json::Value as Json;

use self::chain::Chain;
use self::events::{Event, Events, first_at};
use super::search::key;
use super::timeline::{self, Windows};
use super::{Budget, Constant, Function};
use crate::error::ExecError;
use crate::kernels::convert::{convert_json, dynamic_text, to_json};
use crate::value::{Cells, Column, V};

/// Most ids in a sample.
const SAMPLES: usize = 128;

/// What is asked, with its distances in the unit of the timeline.
#[derive(Debug)]
enum Kind {
    Neighbours { step: i64 },
    Completion { periods: Vec<i64> },
}

/// A plugin, its constants known.
#[derive(Debug)]
pub(super) struct Funnel {
    kind: Kind,
    bounds: (i64, i64),
    windows: Windows,
    /// The keys of the states, and what they are called.
    sequence: Vec<(String, String)>,
    id: Type,
    state: Type,
    /// The types of the outcome's columns.
    types: Vec<Type>,
}

/// A constant array.
fn array(
    expr: &program::Expr,
    what: &str,
    constant: &Constant<'_>,
) -> std::result::Result<Vec<Json>, ExecError> {
    let most = program::MAX_STEPS;
    array_of(constant(expr)?.text())
        .ok_or_else(|| ExecError::Limit(format!("the {what} are an array of 1 to {most} values")))
}

impl Funnel {
    /// # Errors
    /// Bounds that are null, widths that are not above zero and arrays that do not fit the columns.
    pub fn new(
        funnel: &program::Funnel,
        types: Vec<Type>,
        constant: &Constant<'_>,
    ) -> std::result::Result<Self, ExecError> {
        let axis = types.first().copied().unwrap_or(Type::Datetime);
        let (from, to) = &funnel.bounds;
        let bounds = (timeline::place(from, constant)?, timeline::place(to, constant)?);
        let window = program::Window::Width(funnel.window.clone());
        let windows = Windows::new(&window, axis, Some(bounds.0), constant)?;
        let mut sequence = Vec::new();
        for state in array(&funnel.sequence, "states", constant)? {
            let name = dynamic_text(&state.to_string());
            let value = convert_json(state, funnel.state);
            if value == V::Null {
                let message = format!("'{name}' in the array of states is no {}", funnel.state);
                return Err(ExecError::Limit(message));
            }
            sequence.push((key(&value), name));
        }
        let kind = match &funnel.kind {
            FunnelKind::Neighbours { step } => {
                Kind::Neighbours { step: timeline::way(step, axis, constant)? }
            }
            FunnelKind::Completion { periods } => {
                let ty = types.get(2).copied().unwrap_or(Type::Timespan);
                let mut known = Vec::new();
                for period in array(periods, "periods", constant)? {
                    let period = convert_json(period, ty).int().map(|n| n / timeline::unit(axis));
                    let wrong =
                        || ExecError::Limit(format!("the periods must be a {ty} of at least zero each"));
                    known.push(period.filter(|n| *n >= 0).ok_or_else(wrong)?);
                }
                Kind::Completion { periods: known }
            }
        };
        Ok(Self { kind, bounds, windows, sequence, id: funnel.id, state: funnel.state, types })
    }

    fn axis(&self) -> Type {
        self.types.first().copied().unwrap_or(Type::Datetime)
    }
}

/// The window with the state before and the one after, and the ids of that, in order.
type Neighbours = HashMap<(i64, Option<u32>, Option<u32>), Vec<u32>>;

impl Funnel {
    /// The shortest occurrences of the sequence in the rows of one id.
    fn occurrences(
        &self,
        sequence: &[u32],
        step: i64,
        rows: &[Event],
        budget: &Budget,
    ) -> Result<Vec<(i64, i64)>> {
        let mut chain = Chain::new(sequence);
        let mut found: Vec<(i64, i64)> = Vec::new();
        for batch in rows.chunk_by(|(_, a, _), (_, b, _)| a == b) {
            chain.advance(batch, |at, link| at.saturating_sub(link.at) <= step, budget)?;
            if let Some((start, end)) = chain.completed()
                // An occurrence that holds another one is not the shortest.
                && found.last().is_none_or(|(last, _)| *last < start)
            {
                budget.grow(16)?;
                found.push((start, end));
            }
        }
        Ok(found)
    }

    fn neighbours(&self, events: &Events, step: i64, budget: &Budget) -> Result<Neighbours> {
        let (Some(first), Some(last)) = (events.sequence.first(), events.sequence.last()) else {
            return Ok(Neighbours::new());
        };
        let mut found = Neighbours::new();
        for rows in events.all.chunk_by(|(a, _, _), (b, _, _)| a == b) {
            let occurrences = self.occurrences(&events.sequence, step, rows, budget)?;
            if occurrences.is_empty() {
                continue;
            }
            // A state that goes on is neither before nor after itself.
            let before: Vec<Event> = rows.iter().filter(|(_, _, state)| state != first).copied().collect();
            let after: Vec<Event> = rows.iter().filter(|(_, _, state)| state != last).copied().collect();
            budget.step(2 * rows.len() as u64)?;
            for (start, end) in occurrences {
                let known = before.partition_point(|(_, at, _)| *at < start);
                let nearest = known.checked_sub(1).and_then(|n| before.get(n)).map(|(_, at, _)| *at);
                let rest = after.partition_point(|(_, at, _)| *at <= end);
                let next = after.get(rest).map(|(_, _, state)| *state);
                let Some((id, _, _)) = rows.first() else { continue };
                let ids =
                    found.entry((self.windows.of(start), first_at(&before, nearest), next)).or_default();
                if ids.last() != Some(id) {
                    budget.grow(if ids.is_empty() { 128 } else { 8 })?;
                    ids.push(*id);
                }
            }
        }
        Ok(found)
    }

    /// For each window, how many ids come to each step, period by period.
    fn completion(
        &self,
        events: &Events,
        periods: &[i64],
        budget: &Budget,
    ) -> Result<BTreeMap<i64, Vec<usize>>> {
        let steps = events.sequence.len();
        let mut found: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        let same = |(a, at, _): &Event, (b, then, _): &Event| {
            a == b && self.windows.of(*at) == self.windows.of(*then)
        };
        for rows in events.all.chunk_by(same) {
            let Some((_, at, _)) = rows.first() else { continue };
            let counts = match found.entry(self.windows.of(*at)) {
                std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::btree_map::Entry::Vacant(unknown) => {
                    budget.grow(8 * periods.len() * steps + 64)?;
                    unknown.insert(vec![0; periods.len() * steps])
                }
            };
            for (period, counts) in periods.iter().zip(counts.chunks_mut(steps.max(1))) {
                let mut chain = Chain::new(&events.sequence);
                for batch in rows.chunk_by(|(_, a, _), (_, b, _)| a == b) {
                    chain.advance(batch, |at, link| at.saturating_sub(link.start) <= *period, budget)?;
                    if chain.completed().is_some() {
                        break;
                    }
                }
                counts.iter_mut().take(chain.reached()).for_each(|count| *count += 1);
            }
        }
        Ok(found)
    }

    fn neighbour_columns(
        &self,
        batch: &RecordBatch,
        events: &Events,
        found: Neighbours,
        budget: &Budget,
    ) -> Result<Vec<ArrayRef>> {
        let id_cells = Cells::new(batch.column(0).as_ref())?;
        let state_cells = Cells::new(batch.column(2).as_ref())?;
        let mut rows: Vec<_> = found.into_iter().collect();
        rows.sort_unstable_by(|((w, p, n), ids), ((x, q, o), others)| {
            (w, others.len(), p, n).cmp(&(x, ids.len(), q, o))
        });
        let new = |ty| Column::new(ty, rows.len());
        let mut starts = new(self.axis());
        let (mut before, mut after) = (new(self.state), new(self.state));
        let (mut counts, mut samples) = (new(Type::Long), new(Type::Dynamic));
        let state = |state: &Option<u32>| {
            state.and_then(|state| events.states.get(&state)).map_or(V::Null, |row| state_cells.get(*row))
        };
        for ((window, prev, next), ids) in &rows {
            let sample = ids.iter().take(SAMPLES).filter_map(|id| events.ids.get(*id as usize));
            let sample: Vec<Json> = sample.map(|row| to_json(&id_cells.get(*row), self.id)).collect();
            let sample = Json::Array(sample).to_string();
            budget.step(1)?;
            budget.grow(64 + sample.len())?;
            starts.push(&V::Int(self.windows.start(*window)));
            before.push(&state(prev));
            after.push(&state(next));
            counts.push(&count(ids.len()));
            samples.push(&V::string(sample));
        }
        [starts, before, after, counts, samples].into_iter().map(Column::finish).collect()
    }

    fn completion_columns(
        &self,
        periods: &[i64],
        found: BTreeMap<i64, Vec<usize>>,
        budget: &Budget,
    ) -> Result<Vec<ArrayRef>> {
        let new = |ty| Column::new(ty, found.len());
        let (mut starts, mut states) = (new(self.axis()), new(Type::String));
        let (mut lengths, mut counts) =
            (new(self.types.get(2).copied().unwrap_or(Type::Timespan)), new(Type::Long));
        let unit = timeline::unit(self.axis());
        for (window, found) in &found {
            for (period, found) in periods.iter().zip(found.chunks(self.sequence.len().max(1))) {
                for ((_, state), ids) in self.sequence.iter().zip(found) {
                    budget.step(1)?;
                    budget.grow(48 + state.len())?;
                    starts.push(&V::Int(self.windows.start(*window)));
                    states.push(&V::string(state.as_str()));
                    lengths.push(&V::Int(period.saturating_mul(unit)));
                    counts.push(&count(*ids));
                }
            }
        }
        [starts, states, lengths, counts].into_iter().map(Column::finish).collect()
    }
}

fn count(n: usize) -> V<'static> {
    V::Int(i64::try_from(n).unwrap_or(i64::MAX))
}

impl Function for Funnel {
    fn run(&self, inputs: &[RecordBatch], budget: &Budget) -> Result<Vec<ArrayRef>> {
        let Some(batch) = inputs.first() else { return Ok(Vec::new()) };
        let events = Events::read(self, batch, budget)?;
        match &self.kind {
            Kind::Neighbours { step } => {
                let found = self.neighbours(&events, *step, budget)?;
                self.neighbour_columns(batch, &events, found, budget)
            }
            Kind::Completion { periods } => {
                let found = self.completion(&events, periods, budget)?;
                self.completion_columns(periods, found, budget)
            }
        }
    }
}
