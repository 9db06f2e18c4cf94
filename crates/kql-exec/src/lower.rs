//! Bound programs to DataFusion plans and expressions; no SQL.

mod apply;
mod expression;
mod operator;
mod ordered;
mod predicate;
mod rows;

pub(crate) use expression::walk;
pub(crate) use operator::element;
pub(crate) use rows::{OrderKey, Rows};

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field};
use datafusion::catalog::TableProvider;
use datafusion::common::{Column, DFSchema, TableReference};
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{EmptyRelation, Expr, LogicalPlan, LogicalPlanBuilder, Projection};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::prelude::lit;
use palisade_kql::program::{self, Pipeline, Source};
use palisade_kql::{Schema, Type, Value};

use crate::error::ExecError;
use crate::value::{V, arrow_schema, arrow_type, carries, scalar};

/// Most rows that `range` makes.
const MAX_RANGE: usize = 5_000_000;

/// Rows in one batch of constants. Operators account each slice of a batch with all of its memory, so
/// one batch of everything would count many times over.
const BATCH_ROWS: usize = 8192;

/// The position of a row in memory; scans of memory are spread over partitions too.
const POSITION: &str = "$at";

/// Most sources of one query once `let` tables are put in place; each use of one repeats its sources.
const MAX_SOURCES: usize = 2000;

/// What is known of an earlier stage.
#[derive(Clone)]
pub(crate) enum StageResult {
    /// A table to be put in place.
    Table(Box<Pipeline>),
    /// Rows that were computed.
    Rows(Arc<MemTable>),
    /// A constant.
    Scalar(Value),
}

/// Tables by name, fetched before lowering.
pub(crate) type Tables = std::collections::HashMap<String, Arc<dyn TableProvider>>;

/// Rows from outside, fetched before lowering.
pub(crate) type Externals = std::collections::HashMap<program::External, Arc<MemTable>>;

pub(crate) struct Lowerer<'a> {
    pub tables: &'a Tables,
    pub externals: &'a Externals,
    pub stages: &'a [StageResult],
    /// The list values of stages used with `in` and `has_any`.
    pub lists: &'a std::collections::HashMap<usize, Vec<V<'static>>>,
    pub counters: &'a Counters,
    /// Where addresses are.
    pub addresses: Option<&'a Arc<dyn crate::address::AddressDatabase>>,
}

/// What is counted over all stages of a query.
#[derive(Default)]
pub(crate) struct Counters {
    names: AtomicUsize,
    sources: AtomicUsize,
}

/// An unqualified column; the name is taken as it is.
pub(crate) fn column(name: &str) -> Expr {
    Expr::Column(Column::new_unqualified(name))
}

impl Lowerer<'_> {
    /// The rows of a pipeline with exactly its columns; with `ordered`, in the order that the language
    /// gives them.
    pub fn pipeline(&self, pipeline: &Pipeline, ordered: bool) -> Result<LogicalPlan, ExecError> {
        let rows = self.rows(pipeline)?;
        let plan = if ordered { rows.sorted()? } else { rows.plan };
        project(plan, pipeline.schema.names().map(column).collect())
    }

    fn rows(&self, pipeline: &Pipeline) -> Result<Rows, ExecError> {
        let mut rows = self.source(&pipeline.source)?;
        for operator in &pipeline.operators {
            rows = self.operator(rows, operator)?;
        }
        Ok(rows)
    }

    /// A name that nothing else has.
    pub(crate) fn own(&self, kind: &str) -> String {
        format!("${kind}{}", self.counters.names.fetch_add(1, Ordering::Relaxed))
    }

    fn source(&self, source: &Source) -> Result<Rows, ExecError> {
        if self.counters.sources.fetch_add(1, Ordering::Relaxed) >= MAX_SOURCES {
            return Err(ExecError::Limit(format!(
                "the query has more than {MAX_SOURCES} sources once its tables are put in place; use materialize()"
            )));
        }
        match source {
            Source::Table { name, schema } => Ok(Rows::open(self.table(name, schema)?)),
            Source::Stage(stage) => match self.stages.get(*stage) {
                Some(StageResult::Table(pipeline)) => self.rows(pipeline),
                Some(StageResult::Rows(table)) => in_memory(&format!("stage{stage}"), table),
                _ => Err(ExecError::Internal(format!("stage {stage} has no table"))),
            },
            Source::Values { schema, rows } => {
                let plan = self.values(schema, rows)?;
                Ok(if rows.is_empty() { Rows::single(plan) } else { Rows::by_position(plan, POSITION) })
            }
            Source::External(external) => match self.externals.get(external) {
                Some(table) => in_memory("externaldata", table),
                None => Err(ExecError::Internal("external data was not fetched".to_owned())),
            },
            Source::OneRow => Ok(Rows::single(LogicalPlanBuilder::empty(true).build()?)),
            Source::Range { name, ty, from, to, step } => {
                let bounds = [self.constant(from)?, self.constant(to)?, self.constant(step)?];
                Ok(Rows::by_position(range(name, *ty, bounds)?, POSITION))
            }
            Source::Union(inputs) => {
                let mut plans = inputs.iter().map(|i| self.pipeline(i, false));
                let first = plans.next().ok_or_else(|| ExecError::Internal("empty union".to_owned()))??;
                let mut builder = LogicalPlanBuilder::from(first);
                for plan in plans {
                    builder = builder.union(plan?)?;
                }
                Ok(Rows::open(builder.build()?))
            }
            Source::Call(call) => self.table_call(Vec::new(), call, None),
            Source::Rows => Err(ExecError::Internal("a sub-query outside its operator".to_owned())),
        }
    }

    /// The value of an expression without columns.
    fn constant(&self, expr: &program::Expr) -> Result<V<'static>, ExecError> {
        if let Some(value) = expr.as_literal() {
            return Ok(value_cell(value));
        }
        let schema = DFSchema::empty();
        let lowered = ExprSimplifier::new(SimplifyContext::default()).coerce(self.value(expr)?, &schema)?;
        let physical = datafusion::physical_expr::create_physical_expr(
            &lowered,
            &schema,
            &ExecutionProps::new(),
            &PhysicalPlanningContext::default(),
        )?;
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(1));
        let empty = Arc::new(arrow::datatypes::Schema::empty());
        let row = RecordBatch::try_new_with_options(empty, Vec::new(), &options)?;
        let array = physical.evaluate(&row)?.into_array(1)?;
        Ok(crate::value::Cells::new(array.as_ref())?.get(0).owned())
    }

    fn table(&self, name: &str, schema: &Schema) -> Result<LogicalPlan, ExecError> {
        let provider = self.tables.get(name).ok_or_else(|| ExecError::TableMissing(name.to_owned()))?;
        let stored = provider.schema();
        let reference = TableReference::bare(name);
        let mut columns = Vec::new();
        for wanted in &schema.columns {
            let expr = match stored.field_with_name(&wanted.name) {
                Ok(field) => {
                    let expr = Expr::Column(Column::new(Some(reference.clone()), &wanted.name));
                    if !carries(field.data_type(), wanted.ty) {
                        return Err(ExecError::PlanSchemaMismatch(format!(
                            "the column {}.{} is stored as {}, not as {}",
                            name,
                            wanted.name,
                            field.data_type(),
                            wanted.ty
                        )));
                    }
                    // A string is never null; where the store says so, the plan stays prunable.
                    if wanted.ty == Type::String && field.is_nullable() {
                        datafusion::functions::core::expr_fn::coalesce(vec![expr, lit("")])
                    } else {
                        expr
                    }
                }
                // A column that the store does not have yet is empty (additive schema changes).
                Err(_) => lit(scalar(&Value::Null(wanted.ty))),
            };
            columns.push(expr.alias(&wanted.name));
        }
        let read = schema.columns.iter().filter_map(|c| stored.index_of(&c.name).ok()).collect();
        let scan = LogicalPlanBuilder::scan(reference, provider_as_source(Arc::clone(provider)), Some(read))?;
        project(scan.build()?, columns)
    }

    fn values(&self, schema: &Schema, rows: &[Vec<program::Expr>]) -> Result<LogicalPlan, ExecError> {
        if rows.is_empty() {
            let schema = DFSchema::try_from(arrow_schema(schema).as_ref().clone())?;
            return Ok(LogicalPlan::EmptyRelation(EmptyRelation {
                produce_one_row: false,
                schema: Arc::new(schema),
            }));
        }
        let constant = rows.iter().flatten().all(|e| e.as_literal().is_some());
        if constant {
            let mut batches = Vec::new();
            for rows in rows.chunks(BATCH_ROWS) {
                let mut columns: Vec<crate::value::Column> =
                    schema.columns.iter().map(|c| crate::value::Column::new(c.ty, rows.len())).collect();
                for row in rows {
                    for (cell, column) in row.iter().zip(&mut columns) {
                        column.push(&cell.as_literal().map_or(V::Null, value_cell));
                    }
                }
                let arrays: Vec<_> =
                    columns.into_iter().map(crate::value::Column::finish).collect::<Result<_, _>>()?;
                batches.push(RecordBatch::try_new(arrow_schema(schema), arrays)?);
            }
            return memory_plan("datatable", batches);
        }
        let mut lowered = Vec::with_capacity(rows.len());
        for (row, at) in rows.iter().zip(0i64..) {
            let mut cells = row.iter().map(|e| self.value(e)).collect::<Result<Vec<_>, _>>()?;
            cells.push(lit(at));
            lowered.push(cells);
        }
        let plan = LogicalPlanBuilder::values(lowered)?;
        let mut names: Vec<Expr> = schema
            .columns
            .iter()
            .enumerate()
            .map(|(at, c)| {
                let cell = column(&format!("column{}", at + 1));
                datafusion::logical_expr::cast(cell, arrow_type(c.ty)).alias(&c.name)
            })
            .collect();
        names.push(column(&format!("column{}", schema.columns.len() + 1)).alias(POSITION));
        project(plan.build()?, names)
    }
}

/// A constant of the language as a cell.
pub(crate) fn value_cell(value: &Value) -> V<'static> {
    match value {
        Value::Null(_) => V::Null,
        Value::Bool(b) => V::Bool(*b),
        Value::Int(n) => V::Int(i64::from(*n)),
        Value::Long(n) | Value::Datetime(n) | Value::Timespan(n) => V::Int(*n),
        Value::Real(n) => V::Real(*n),
        Value::Decimal(text) => crate::decimal::parse(text).map_or(V::Null, V::Dec),
        Value::String(s) | Value::Dynamic(s) | Value::Guid(s) => V::string(s.as_str()),
    }
}

/// A cell as a constant of the language.
pub(crate) fn cell_value(cell: &V<'_>, ty: Type) -> Value {
    match (cell, ty) {
        (V::Bool(b), Type::Bool) => Value::Bool(*b),
        (V::Int(n), Type::Int) => i32::try_from(*n).map_or(Value::Null(ty), Value::Int),
        (V::Int(n), Type::Long) => Value::Long(*n),
        (V::Int(n), Type::Datetime) => Value::Datetime(*n),
        (V::Int(n), Type::Timespan) => Value::Timespan(*n),
        (V::Real(n), Type::Real) => Value::Real(*n),
        (V::Dec(n), Type::Decimal) => Value::Decimal(crate::decimal::text(*n)),
        (V::Str(s), Type::String) => Value::String(s.to_string()),
        (V::Str(s), Type::Dynamic) => Value::Dynamic(s.to_string()),
        (V::Str(s), Type::Guid) => Value::Guid(s.to_string()),
        (_, Type::String) => Value::String(String::new()),
        _ => Value::Null(ty),
    }
}

/// Rows as a table that also holds their positions.
pub(crate) fn positioned(
    schema: &arrow::datatypes::SchemaRef,
    batches: Vec<RecordBatch>,
) -> Result<MemTable, ExecError> {
    let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(POSITION, DataType::Int64, false)));
    let schema = Arc::new(arrow::datatypes::Schema::new(fields));
    let mut positions = 0i64..;
    let mut out = Vec::with_capacity(batches.len());
    for batch in batches {
        let own: Int64Array = positions.by_ref().take(batch.num_rows()).collect();
        let mut columns = batch.columns().to_vec();
        columns.push(Arc::new(own));
        out.push(RecordBatch::try_new(Arc::clone(&schema), columns)?);
    }
    Ok(MemTable::try_new(schema, vec![out])?)
}

/// Rows in memory that hold their positions.
fn in_memory(name: &str, table: &Arc<MemTable>) -> Result<Rows, ExecError> {
    let provider: Arc<dyn TableProvider> = Arc::clone(table) as _;
    let scan = LogicalPlanBuilder::scan(TableReference::bare(name), provider_as_source(provider), None)?;
    Ok(Rows::by_position(unqualified(scan.build()?)?, POSITION))
}

/// A plan over rows in memory, with unqualified columns and the rows' positions.
fn memory_plan(name: &str, batches: Vec<RecordBatch>) -> Result<LogicalPlan, ExecError> {
    let schema = batches.first().map(RecordBatch::schema);
    let schema = schema.ok_or_else(|| ExecError::Internal("a table without batches".to_owned()))?;
    let provider: Arc<dyn TableProvider> = Arc::new(positioned(&schema, batches)?);
    let scan =
        LogicalPlanBuilder::scan(TableReference::bare(name), provider_as_source(provider), None)?.build()?;
    unqualified(scan)
}

/// A projection of exactly these expressions. The plan builder must not do it: it replaces an
/// expression by a column that was computed by the same words, so `n + 1` twice would add once.
pub(crate) fn project(plan: LogicalPlan, columns: Vec<Expr>) -> Result<LogicalPlan, ExecError> {
    Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?))
}

/// Drops the table's name from the columns, so that all later names are plain.
pub(crate) fn unqualified(plan: LogicalPlan) -> Result<LogicalPlan, ExecError> {
    let columns: Vec<Expr> = plan
        .schema()
        .iter()
        .map(|(table, field)| Expr::Column(Column::new(table.cloned(), field.name())).alias(field.name()))
        .collect();
    project(plan, columns)
}

fn range(name: &str, ty: Type, bounds: [V<'static>; 3]) -> Result<LogicalPlan, ExecError> {
    let mut schema = Schema::default();
    schema.push(name, ty);
    let mut batches = Vec::new();
    let mut values = series(ty, bounds)?.peekable();
    let mut made = 0usize;
    while values.peek().is_some() {
        let mut cells = crate::value::Column::new(ty, BATCH_ROWS);
        for value in values.by_ref().take(BATCH_ROWS) {
            cells.push(&value);
            made += 1;
        }
        if made > MAX_RANGE {
            return Err(ExecError::Limit(format!("range makes more than {MAX_RANGE} rows")));
        }
        batches.push(RecordBatch::try_new(arrow_schema(&schema), vec![cells.finish()?])?);
    }
    if batches.is_empty() {
        batches.push(RecordBatch::new_empty(arrow_schema(&schema)));
    }
    memory_plan("range", batches)
}

/// The values of a `range`; it may have no end.
fn series(ty: Type, bounds: [V<'static>; 3]) -> Result<Box<dyn Iterator<Item = V<'static>>>, ExecError> {
    match bounds {
        [V::Int(from), V::Int(to), V::Int(step)] => {
            let step = if ty == Type::Datetime { step / 10 } else { step };
            let inside = move |at: &i64| step != 0 && if step > 0 { *at <= to } else { *at >= to };
            let values = std::iter::successors(Some(from), move |at| at.checked_add(step));
            Ok(Box::new(values.take_while(inside).map(V::Int)))
        }
        [from, to, step] => {
            let (Some(from), Some(to), Some(step)) = (from.real(), to.real(), step.real()) else {
                return Err(ExecError::Limit(
                    "the bounds of range must be constants that are not null".to_owned(),
                ));
            };
            // Not by adding up: the error would grow.
            let values = (0u32..).map(move |n| from + f64::from(n) * step);
            let inside =
                move |at: &f64| step != 0.0 && !at.is_nan() && if step > 0.0 { *at <= to } else { *at >= to };
            Ok(Box::new(values.take_while(inside).map(V::Real)))
        }
    }
}
