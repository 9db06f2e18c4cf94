//! `scan`: rows in order against steps, with a state for each step.
//!
//! Each row meets the steps from the last to the first. A step takes over the state of the step before it
//! when that is active and the row fulfils the condition; else it goes on with its own state, and the
//! first step begins. The rules are public in the language's reference of `scan`.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::common::Result;
use palisade_kql::program::ScanOutput;
use palisade_kql::{Schema as Columns, Type};

use crate::interpret::{self, Node, lend};
use crate::ordered::{Machine, Pass, field};
use crate::value::{Cells, Column, V};
use crate::windows::column;

/// Where a slot of an expression takes its cell from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Slot {
    /// A column of the input batch, by its place in [`Scan::inputs`].
    Input(usize),
    /// A declared column of the row at hand.
    Declared(usize),
    /// A column in the state of a step.
    State { step: usize, column: usize },
}

/// A step, compiled.
pub(crate) struct Step {
    pub output: ScanOutput,
    pub condition: Node,
    /// Declared columns, by position, and their values.
    pub assignments: Vec<(usize, Node)>,
}

/// A scan, compiled.
pub(crate) struct Scan {
    /// Names of the columns of the input that are read: first those of the outcome, then what was computed
    /// before and the keys of partitions.
    pub inputs: Vec<String>,
    /// Columns of the outcome that come from the input; the first ones of `inputs`.
    pub passed: Columns,
    /// Declared columns with their types and defaults.
    pub declared: Vec<(String, Type, V<'static>)>,
    pub match_id: Option<String>,
    /// Places in `inputs` of the keys of partitions.
    pub keys: Vec<usize>,
    pub slots: Vec<Slot>,
    pub steps: Vec<Step>,
    /// Columns of the input that have one value in each partition, and are passed on.
    pub fixed: Vec<String>,
    /// The column of the outcome's order.
    pub position: String,
}

/// The machine of a scan.
pub(crate) struct Scanning(pub Arc<Scan>);

impl Machine for Scanning {
    fn outcome(&self, input: &Schema) -> Vec<FieldRef> {
        let scan = &self.0;
        let mut fields: Vec<FieldRef> = scan.passed.columns.iter().map(|c| field(&c.name, c.ty)).collect();
        fields.extend(scan.declared.iter().map(|(name, ty, _)| field(name, *ty)));
        fields.extend(scan.match_id.iter().map(|name| field(name, Type::Long)));
        let passed = |name: &String| input.fields().iter().find(|f| f.name() == name).cloned();
        fields.extend(scan.fixed.iter().filter_map(passed));
        fields.push(Arc::new(Field::new(&scan.position, DataType::Int64, false)));
        fields
    }

    fn start(&self, input: &SchemaRef, outcome: &SchemaRef) -> Result<Box<dyn Pass>> {
        let places = |names: &[String]| {
            names.iter().map(|name| input.index_of(name)).collect::<std::result::Result<Vec<_>, _>>()
        };
        Ok(Box::new(Going {
            scan: Arc::clone(&self.0),
            places: places(&self.0.inputs)?,
            fixed: places(&self.0.fixed)?,
            values: Vec::new(),
            outcome: Arc::clone(outcome),
            partitions: HashMap::new(),
            out: Vec::new(),
            position: 0,
            bytes: 0,
            value_bytes: 0,
            uncounted: 0,
        }))
    }
}

/// A row as a step keeps it: the columns of the input, then the declared ones.
type Kept = Arc<[V<'static>]>;

/// The state of one step: what each step up to it matched last.
#[derive(Clone, Default)]
struct State {
    rows: Vec<Option<Kept>>,
    match_id: i64,
    active: bool,
}

/// A row that comes out.
struct Emitted {
    row: Kept,
    match_id: i64,
    /// The number of its partition.
    partition: usize,
}

/// The states of one partition.
struct Partition {
    number: usize,
    states: Vec<State>,
    /// Of steps that give their last match only: the row that waits, with its match id.
    waiting: Vec<Option<Emitted>>,
    next_id: i64,
}

struct Going {
    scan: Arc<Scan>,
    places: Vec<usize>,
    /// Places of the columns that have one value in each partition.
    fixed: Vec<usize>,
    /// Their values, by the number of the partition.
    values: Vec<Vec<ArrayRef>>,
    outcome: SchemaRef,
    partitions: HashMap<String, Partition>,
    out: Vec<Emitted>,
    position: i64,
    /// Roughly what the states hold.
    bytes: usize,
    /// What the values hold.
    value_bytes: usize,
    /// Rows since that was counted.
    uncounted: usize,
}

/// What an expression sees.
struct Sight<'a> {
    scan: &'a Scan,
    columns: &'a [Cells<'a>],
    row: usize,
    state: Option<&'a State>,
    declared: &'a [V<'static>],
}

impl interpret::Cells for Sight<'_> {
    fn get(&self, slot: usize) -> V<'_> {
        match self.scan.slots.get(slot) {
            Some(Slot::Input(at)) => self.columns.get(*at).map_or(V::Null, |c| c.get(self.row)),
            Some(Slot::Declared(at)) => self.declared.get(*at).map_or(V::Null, lend),
            Some(Slot::State { step, column }) => {
                let kept = self.state.and_then(|s| s.rows.get(*step)).and_then(Option::as_ref);
                match kept {
                    Some(row) => row.get(*column).map_or(V::Null, lend),
                    None => self.scan.missing(*column),
                }
            }
            None => V::Null,
        }
    }
}

impl Scan {
    /// What a column reads as in a state without a row.
    fn missing(&self, column: usize) -> V<'_> {
        let passed = self.passed.columns.len();
        match (self.passed.columns.get(column), column.checked_sub(passed)) {
            (Some(c), _) if c.ty == Type::String => V::Str(std::borrow::Cow::Borrowed("")),
            (None, Some(at)) => self.declared.get(at).map_or(V::Null, |(_, _, default)| lend(default)),
            _ => V::Null,
        }
    }
}

fn weight(row: &Kept) -> usize {
    row.iter().map(|v| size_of::<V<'_>>() + v.text().len()).sum::<usize>() + 32
}

impl Partition {
    fn new(number: usize, steps: usize) -> Self {
        Self {
            number,
            states: (0..steps).map(|_| State::default()).collect(),
            waiting: (0..steps).map(|_| None).collect(),
            next_id: 0,
        }
    }

    /// The row that waits for a step comes out.
    fn flush(&mut self, step: usize, out: &mut Vec<Emitted>) {
        out.extend(self.waiting.get_mut(step).and_then(Option::take));
    }

    /// Matches one row.
    fn row(&mut self, scan: &Scan, columns: &[Cells<'_>], row: usize, out: &mut Vec<Emitted>) {
        let defaults: Vec<V<'static>> = scan.declared.iter().map(|(_, _, d)| d.clone()).collect();
        let mut later: Vec<Emitted> = Vec::new();
        for at in (0..scan.steps.len()).rev() {
            let Some(step) = scan.steps.get(at) else { continue };
            let holds = |state: Option<&State>| {
                step.condition.holds(&Sight { scan, columns, row, state, declared: &defaults })
            };
            // The step before hands its state over.
            let before = at.checked_sub(1).and_then(|b| self.states.get(b)).filter(|s| s.active);
            let taken = before.is_some_and(|b| holds(Some(b)));
            if taken {
                let handed = at.checked_sub(1).and_then(|b| self.states.get_mut(b)).map(std::mem::take);
                self.flush(at - 1, out);
                self.flush(at, out);
                if let (Some(own), Some(handed)) = (self.states.get_mut(at), handed) {
                    *own = handed;
                }
            } else {
                let own = self.states.get(at).filter(|s| s.active || at == 0);
                if !own.is_some_and(|own| holds(Some(own))) {
                    continue;
                }
            }
            let Some(state) = self.states.get_mut(at) else { continue };
            if at == 0 && !state.active {
                state.match_id = self.next_id;
                self.next_id += 1;
            }
            // Later assignments see earlier ones.
            let mut declared = defaults.clone();
            for (place, value) in &step.assignments {
                let sight = Sight { scan, columns, row, state: Some(state), declared: &declared };
                let value = value.value(&sight).owned();
                if let Some(cell) = declared.get_mut(*place) {
                    *cell = value;
                }
            }
            let passed = scan.passed.columns.len();
            let kept: Kept =
                columns.iter().take(passed).map(|c| c.get(row).owned()).chain(declared).collect();
            state.active = true;
            state.rows.resize(at + 1, None);
            if let Some(place) = state.rows.get_mut(at) {
                *place = Some(Arc::clone(&kept));
            }
            let emitted = Emitted { row: kept, match_id: state.match_id, partition: self.number };
            match step.output {
                ScanOutput::All => later.push(emitted),
                ScanOutput::Last => {
                    if let Some(waiting) = self.waiting.get_mut(at) {
                        *waiting = Some(emitted);
                    }
                }
                ScanOutput::None => {}
            }
        }
        // The steps were met backwards; their rows come forwards.
        out.extend(later.into_iter().rev());
    }
}

impl Going {
    fn batch(&mut self) -> Result<RecordBatch> {
        let scan = Arc::clone(&self.scan);
        let rows = std::mem::take(&mut self.out);
        let types =
            scan.passed.columns.iter().map(|c| c.ty).chain(scan.declared.iter().map(|(_, ty, _)| *ty));
        let mut arrays = Vec::new();
        for (at, ty) in types.enumerate() {
            let mut out = Column::new(ty, rows.len());
            rows.iter().for_each(|e| out.push(e.row.get(at).unwrap_or(&V::Null)));
            arrays.push(out.finish()?);
        }
        if scan.match_id.is_some() {
            let mut out = Column::new(Type::Long, rows.len());
            rows.iter().for_each(|e| out.push(&V::Int(e.match_id)));
            arrays.push(out.finish()?);
        }
        arrays.extend(self.passed_on(&rows)?);
        let mut out = Column::new(Type::Long, rows.len());
        for _ in &rows {
            out.push(&V::Int(self.position));
            self.position += 1;
        }
        arrays.push(out.finish()?);
        Ok(RecordBatch::try_new(Arc::clone(&self.outcome), arrays)?)
    }

    /// The columns that have one value in each partition, for rows that come out.
    fn passed_on(&self, rows: &[Emitted]) -> Result<Vec<ArrayRef>> {
        if self.fixed.is_empty() {
            return Ok(Vec::new());
        }
        // Only the partitions at hand are looked at.
        let mut order: HashMap<usize, usize> = HashMap::new();
        let mut known: Vec<usize> = Vec::new();
        let mut indices = Vec::with_capacity(rows.len());
        for row in rows {
            let place = *order.entry(row.partition).or_insert_with(|| {
                known.push(row.partition);
                known.len() - 1
            });
            indices.push((place, 0));
        }
        (0..self.fixed.len())
            .map(|at| {
                let values: Vec<&dyn Array> = known
                    .iter()
                    .filter_map(|n| self.values.get(*n).and_then(|v| v.get(at)))
                    .map(AsRef::as_ref)
                    .collect();
                match values.is_empty() {
                    true => {
                        let place = self.outcome.fields().len() - 1 - self.fixed.len() + at;
                        Ok(arrow::array::new_empty_array(self.outcome.field(place).data_type()))
                    }
                    false => Ok(arrow::compute::interleave(&values, &indices)?),
                }
            })
            .collect()
    }

    /// The partition of a row, as text: every cell with its length.
    fn key(&self, columns: &[Cells<'_>], row: usize) -> String {
        let mut key = String::new();
        for at in &self.scan.keys {
            let cell = columns.get(*at).map_or(V::Null, |c| c.get(row));
            match cell {
                V::Str(s) => key.push_str(&format!("s{}:{s}", s.len())),
                other => key.push_str(&format!("{other:?};")),
            }
        }
        key
    }
}

impl Pass for Going {
    fn rows(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        let columns = self
            .places
            .iter()
            .map(|at| column(batch, *at).and_then(|c| Cells::new(c.as_ref())))
            .collect::<Result<Vec<_>>>()?;
        let scan = Arc::clone(&self.scan);
        for row in 0..batch.num_rows() {
            let key = self.key(&columns, row);
            let partition = match self.partitions.get_mut(&key) {
                Some(known) => known,
                None => {
                    self.bytes += key.len() + 128 * scan.steps.len();
                    let number = self.partitions.len();
                    if !self.fixed.is_empty() {
                        let place = UInt64Array::from(vec![row as u64]);
                        let value = |at: &usize| {
                            Ok(arrow::compute::take(column(batch, *at)?.as_ref(), &place, None)?)
                        };
                        let values = self.fixed.iter().map(value).collect::<Result<Vec<_>>>()?;
                        self.value_bytes += values.iter().map(|v| v.get_array_memory_size()).sum::<usize>();
                        self.values.push(values);
                    }
                    self.partitions.entry(key).or_insert_with(|| Partition::new(number, scan.steps.len()))
                }
            };
            partition.row(&scan, &columns, row, &mut self.out);
        }
        // Counting takes as long as there are partitions, so it waits for as many rows.
        self.uncounted += batch.num_rows();
        if self.uncounted >= self.partitions.len() {
            self.uncounted = 0;
            self.bytes = self.held();
        }
        self.batch()
    }

    fn end(&mut self) -> Result<Option<RecordBatch>> {
        let mut partitions: Vec<(String, Partition)> = self.partitions.drain().collect();
        partitions.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (_, mut partition) in partitions {
            for step in 0..self.scan.steps.len() {
                partition.flush(step, &mut self.out);
            }
        }
        if self.out.is_empty() { Ok(None) } else { self.batch().map(Some) }
    }

    fn size(&self) -> usize {
        self.bytes
    }
}

impl Going {
    /// Bytes of the rows that states keep; a row in several states counts in each.
    fn held(&self) -> usize {
        let of = |p: &Partition| {
            let kept = p.states.iter().flat_map(|s| s.rows.iter().flatten()).map(weight).sum::<usize>();
            kept + p.waiting.iter().flatten().map(|e| weight(&e.row)).sum::<usize>() + 128 * p.states.len()
        };
        self.value_bytes + self.partitions.iter().map(|(key, p)| key.len() + of(p)).sum::<usize>()
    }
}
