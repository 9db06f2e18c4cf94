//! Bound programs to DataFusion plans and expressions; no SQL.

mod expression;
mod operator;
mod predicate;

pub(crate) use operator::element;

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::common::{Column, DFSchema, TableReference};
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{EmptyRelation, Expr, LogicalPlan, LogicalPlanBuilder, Projection};
use datafusion::prelude::lit;
use palisade_kql::program::{self, Pipeline, Source};
use palisade_kql::{Schema, Type, Value};

use crate::error::ExecError;
use crate::value::{V, arrow_schema, arrow_type, carries, scalar};

/// Most rows that `range` makes.
const MAX_RANGE: usize = 5_000_000;

/// What is known of an earlier stage.
#[derive(Clone)]
pub(crate) enum StageResult {
    /// A plan to be put in place.
    Plan(LogicalPlan),
    /// Rows that were computed.
    Rows(Arc<MemTable>),
    /// A constant.
    Scalar(Value),
}

/// Tables by name, fetched before lowering.
pub(crate) type Tables = std::collections::HashMap<String, Arc<dyn TableProvider>>;

pub(crate) struct Lowerer<'a> {
    pub tables: &'a Tables,
    pub stages: &'a [StageResult],
    /// The list values of stages used with `in` and `has_any`.
    pub lists: &'a std::collections::HashMap<usize, Vec<V<'static>>>,
}

/// An unqualified column; the name is taken as it is.
pub(crate) fn column(name: &str) -> Expr {
    Expr::Column(Column::new_unqualified(name))
}

impl Lowerer<'_> {
    pub fn pipeline(&self, pipeline: &Pipeline) -> Result<LogicalPlan, ExecError> {
        let mut plan = self.source(&pipeline.source)?;
        let mut order = Vec::new();
        for operator in &pipeline.operators {
            plan = self.operator(plan, operator, &mut order)?;
        }
        Ok(plan)
    }

    fn source(&self, source: &Source) -> Result<LogicalPlan, ExecError> {
        match source {
            Source::Table { name, schema } => self.table(name, schema),
            Source::Stage(stage) => match self.stages.get(*stage) {
                Some(StageResult::Plan(plan)) => Ok(plan.clone()),
                Some(StageResult::Rows(table)) => {
                    let provider: Arc<dyn TableProvider> = Arc::clone(table) as _;
                    let name = TableReference::bare(format!("stage{stage}"));
                    let scan = LogicalPlanBuilder::scan(name, provider_as_source(provider), None)?.build()?;
                    unqualified(scan)
                }
                _ => Err(ExecError::Internal(format!("stage {stage} has no table"))),
            },
            Source::Values { schema, rows } => self.values(schema, rows),
            Source::OneRow => Ok(LogicalPlanBuilder::empty(true).build()?),
            Source::Range { name, ty, from, to, step } => {
                range(name, *ty, [self.constant(from)?, self.constant(to)?, self.constant(step)?])
            }
            Source::Union(inputs) => {
                let mut plans = inputs.iter().map(|i| self.pipeline(i));
                let first = plans.next().ok_or_else(|| ExecError::Internal("empty union".to_owned()))??;
                let mut builder = LogicalPlanBuilder::from(first);
                for plan in plans {
                    builder = builder.union(plan?)?;
                }
                Ok(builder.build()?)
            }
        }
    }

    /// The value of an expression without columns.
    fn constant(&self, expr: &program::Expr) -> Result<V<'static>, ExecError> {
        if let Some(value) = expr.as_literal() {
            return Ok(value_cell(value));
        }
        let lowered = self.value(expr)?;
        let schema = DFSchema::empty();
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
        let scan = LogicalPlanBuilder::scan(reference, provider_as_source(Arc::clone(provider)), None)?;
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
            let mut columns: Vec<crate::value::Column> =
                schema.columns.iter().map(|c| crate::value::Column::new(c.ty, rows.len())).collect();
            for row in rows {
                for (cell, column) in row.iter().zip(&mut columns) {
                    column.push(&cell.as_literal().map_or(V::Null, value_cell));
                }
            }
            let arrays = columns.into_iter().map(crate::value::Column::finish).collect();
            let batch = RecordBatch::try_new(arrow_schema(schema), arrays)?;
            return memory_plan("datatable", batch);
        }
        let mut lowered = Vec::with_capacity(rows.len());
        for row in rows {
            lowered.push(row.iter().map(|e| self.value(e)).collect::<Result<Vec<_>, _>>()?);
        }
        let plan = LogicalPlanBuilder::values(lowered)?;
        let names: Vec<Expr> = schema
            .columns
            .iter()
            .enumerate()
            .map(|(at, c)| {
                let cell = column(&format!("column{}", at + 1));
                datafusion::logical_expr::cast(cell, arrow_type(c.ty)).alias(&c.name)
            })
            .collect();
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
        (V::Str(s), Type::String) => Value::String(s.to_string()),
        (V::Str(s), Type::Dynamic) => Value::Dynamic(s.to_string()),
        (V::Str(s), Type::Guid) => Value::Guid(s.to_string()),
        (_, Type::String) => Value::String(String::new()),
        _ => Value::Null(ty),
    }
}

/// A plan over rows in memory, with unqualified columns.
fn memory_plan(name: &str, batch: RecordBatch) -> Result<LogicalPlan, ExecError> {
    let table = MemTable::try_new(batch.schema(), vec![vec![batch]])?;
    let provider: Arc<dyn TableProvider> = Arc::new(table);
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

#[allow(clippy::cast_precision_loss)]
fn range(name: &str, ty: Type, bounds: [V<'static>; 3]) -> Result<LogicalPlan, ExecError> {
    let [from, to, step] = bounds;
    let mut cells = crate::value::Column::new(ty, 0);
    let too_long = || ExecError::Limit(format!("range makes more than {MAX_RANGE} rows"));
    let mut made = 0usize;
    match (from, to, step) {
        (V::Int(from), V::Int(to), V::Int(step)) => {
            let step = if ty == Type::Datetime { step / 10 } else { step };
            let mut at = from;
            while step != 0 && if step > 0 { at <= to } else { at >= to } {
                cells.push(&V::Int(at));
                made += 1;
                if made > MAX_RANGE {
                    return Err(too_long());
                }
                let Some(next) = at.checked_add(step) else { break };
                at = next;
            }
        }
        (from, to, step) => {
            let (Some(from), Some(to), Some(step)) = (from.real(), to.real(), step.real()) else {
                return Err(ExecError::Limit(
                    "the bounds of range must be constants that are not null".to_owned(),
                ));
            };
            loop {
                let at = from + made as f64 * step;
                if step == 0.0 || at.is_nan() || if step > 0.0 { at > to } else { at < to } {
                    break;
                }
                cells.push(&V::Real(at));
                made += 1;
                if made > MAX_RANGE {
                    return Err(too_long());
                }
            }
        }
    }
    let mut schema = Schema::default();
    schema.push(name, ty);
    let batch = RecordBatch::try_new(arrow_schema(&schema), vec![cells.finish()])?;
    memory_plan("range", batch)
}
