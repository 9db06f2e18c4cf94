//! Functions over the order of rows that keep a small state: numbers, sums, ranks and sessions.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use datafusion::common::{DataFusionError, Result};
use palisade_kql::Type;

use crate::ordered::{Machine, Pass, field};
use crate::value::{Cells, Column, V};

/// What a function counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Rows, from a number on.
    Number(i64),
    /// The sum so far.
    Sum,
    /// Different values so far.
    DenseRank,
    /// The number of the first row of a run of equal values.
    MinRank,
    /// The beginning of a session; longest session and longest pause in microseconds.
    Session { from_first: i64, between: i64 },
}

/// One function: it reads columns of the input and appends one.
pub(crate) struct Running {
    pub kind: Kind,
    /// Name and type of the appended column.
    pub name: String,
    pub ty: Type,
    /// The column of the value.
    pub value: Option<String>,
    /// The column of the condition for a restart.
    pub restart: Option<String>,
}

/// The functions of one operator.
pub(crate) struct Windows {
    pub functions: Vec<Running>,
}

impl Machine for Windows {
    fn outcome(&self, input: &Schema) -> Vec<FieldRef> {
        let new = self.functions.iter().map(|f| field(&f.name, f.ty));
        input.fields().iter().cloned().chain(new).collect()
    }

    fn start(&self, input: &SchemaRef, outcome: &SchemaRef) -> Result<Box<dyn Pass>> {
        let place = |name: &Option<String>| name.as_ref().map(|n| input.index_of(n)).transpose();
        let mut functions = Vec::with_capacity(self.functions.len());
        for f in &self.functions {
            functions.push(State {
                kind: f.kind,
                ty: f.ty,
                value: place(&f.value)?,
                restart: place(&f.restart)?,
                begun: false,
                rows: 0,
                rank: 0,
                sum: V::Null,
                last: V::Null,
                start: None,
            });
        }
        Ok(Box::new(Going { functions, outcome: Arc::clone(outcome) }))
    }
}

struct State {
    kind: Kind,
    ty: Type,
    value: Option<usize>,
    restart: Option<usize>,
    /// There was a row in this run.
    begun: bool,
    rows: i64,
    rank: i64,
    sum: V<'static>,
    last: V<'static>,
    start: Option<i64>,
}

impl State {
    fn next(&mut self, value: &V<'_>, restart: bool) -> V<'static> {
        if restart {
            self.begun = false;
            self.rows = 0;
            self.rank = 0;
            self.sum = V::Null;
            self.start = None;
        }
        let first = !std::mem::replace(&mut self.begun, true);
        self.rows = self.rows.saturating_add(1);
        match self.kind {
            Kind::Number(start) => V::Int(start.saturating_add(self.rows - 1)),
            Kind::Sum => {
                self.sum = match (&self.sum, value) {
                    (V::Null, V::Int(n)) => V::Int(*n),
                    (V::Null, V::Real(n)) => V::Real(*n),
                    (V::Int(a), V::Int(b)) => V::Int(a.wrapping_add(*b)),
                    (V::Real(a), V::Real(b)) => V::Real(a + b),
                    // A null adds nothing.
                    (sum, _) => sum.clone(),
                };
                self.sum.clone()
            }
            Kind::DenseRank | Kind::MinRank => {
                if first || self.last != *value {
                    self.rank = if self.kind == Kind::DenseRank { self.rank + 1 } else { self.rows };
                    self.last = value.clone().owned();
                }
                V::Int(self.rank)
            }
            Kind::Session { from_first, between } => {
                let Some(at) = value.int() else {
                    self.start = None;
                    return V::Null;
                };
                let within = self.start.filter(|start| {
                    let before = self.last.int().unwrap_or(*start);
                    at < start.saturating_add(from_first) && at < before.saturating_add(between)
                });
                self.last = V::Int(at);
                let start = within.unwrap_or(at);
                self.start = Some(start);
                V::Int(start)
            }
        }
    }
}

struct Going {
    functions: Vec<State>,
    outcome: SchemaRef,
}

impl Pass for Going {
    fn rows(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        let mut columns = batch.columns().to_vec();
        for f in &mut self.functions {
            let cells = |at: Option<usize>| -> Result<Option<Cells<'_>>> {
                at.map(|at| column(batch, at).and_then(|c| Cells::new(c.as_ref()))).transpose()
            };
            let (values, restarts) = (cells(f.value)?, cells(f.restart)?);
            let mut out = Column::new(f.ty, batch.num_rows());
            for row in 0..batch.num_rows() {
                let value = values.as_ref().map_or(V::Null, |c| c.get(row));
                let restart = restarts.as_ref().is_some_and(|c| c.get(row) == V::Bool(true));
                out.push(&f.next(&value, restart));
            }
            columns.push(out.finish()?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.outcome), columns, &options)?)
    }
}

/// A column by its place.
pub(crate) fn column(batch: &RecordBatch, at: usize) -> Result<&ArrayRef> {
    batch.columns().get(at).ok_or_else(|| DataFusionError::Internal(format!("no column {at}")))
}
