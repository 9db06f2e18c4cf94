//! Operators that see rows in their order, and those that make arrays of them.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use arrow::datatypes::DataType;
use datafusion::functions_aggregate::expr_fn::first_value;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{Expr, ExprFunctionExt, LogicalPlan, LogicalPlanBuilder, cast};
use datafusion::prelude::lit;
use palisade_kql::program::{self, ColumnsCall, ExprKind, Scan, Series, WindowFunction, state_column};
use palisade_kql::{Type, Value};

use super::rows::{OrderKey, Rows};
use super::{Lowerer, StageResult, column, project, value_cell};
use crate::aggregates::series::{self, Bins, Plan};
use crate::error::ExecError;
use crate::interpret::{Node, compile};
use crate::kernels::convert::to_json;
use crate::ordered;
use crate::scan::{Scanning, Slot, Step};
use crate::value::V;
use crate::windows::{Kind, Running, Windows};

impl Lowerer<'_> {
    /// The value of an expression that is known before rows are read.
    pub(crate) fn constant_cell(&self, expr: &program::Expr) -> Option<V<'static>> {
        match &expr.kind {
            ExprKind::Literal(value) => Some(value_cell(value)),
            ExprKind::StageValue(stage) => match self.stages.get(*stage) {
                Some(StageResult::Scalar(value)) => Some(value_cell(value)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Functions that keep a state from row to row.
    pub(super) fn running(
        &self,
        rows: Rows,
        functions: Vec<&(String, Type, WindowFunction)>,
    ) -> Result<Rows, ExecError> {
        // All functions, here and later, must see the same order, also where keys are equal.
        let rows = self.number(rows)?;
        let mut list: Vec<Expr> = rows.plan.schema().columns().into_iter().map(Expr::Column).collect();
        let kept = list.clone();
        // Within a sub-query the rows of a group follow each other, and each group begins anew.
        let (plan, order, begins) = self.grouped(&rows)?;
        let mut running = Vec::with_capacity(functions.len());
        for (name, ty, function) in functions {
            let (kind, value, restart) = match function {
                WindowFunction::RowNumber { start, restart } => (Kind::Number(*start), None, restart),
                WindowFunction::CumulativeSum { value, restart } => (Kind::Sum, Some(value), restart),
                WindowFunction::DenseRank { value, restart } => (Kind::DenseRank, Some(value), restart),
                WindowFunction::MinRank { value, restart } => (Kind::MinRank, Some(value), restart),
                WindowFunction::Session { value, from_first, between, restart } => {
                    // Ticks become microseconds.
                    let kind = Kind::Session { from_first: from_first / 10, between: between / 10 };
                    (kind, Some(value), restart)
                }
                WindowFunction::Neighbour { .. } => {
                    return Err(ExecError::Internal("a neighbour keeps no state".to_owned()));
                }
            };
            let value = value.map(|v| self.value(v)).transpose()?;
            let restart = restart.as_ref().map(|r| self.predicate(r, false)).transpose()?;
            let restart = match (restart, &begins) {
                (Some(restart), Some(begins)) => Some(column(begins).or(restart)),
                (None, Some(begins)) => Some(column(begins)),
                (restart, None) => restart,
            };
            let mut input = |lowered: Option<Expr>| {
                lowered.map(|expr| {
                    let own = self.own("arg");
                    list.push(expr.alias(&own));
                    own
                })
            };
            let (value, restart) = (input(value), input(restart));
            running.push(Running { kind, name: name.clone(), ty: *ty, value, restart });
        }
        let mut kept = kept;
        kept.extend(running.iter().map(|r| column(&r.name)));
        let input = project(plan, list)?;
        let machine = Arc::new(Windows { functions: running });
        let plan = ordered::plan(self.own("windows"), input, order, machine)?;
        Ok(rows.over(project(plan, kept)?))
    }

    /// Numbered rows group by group: a plan, its order, and the column that is true where a group begins;
    /// that column is missing outside of sub-queries.
    fn grouped(&self, rows: &Rows) -> Result<(LogicalPlan, Vec<OrderKey>, Option<String>), ExecError> {
        if rows.groups.is_empty() {
            return Ok((rows.plan.clone(), rows.order.clone(), None));
        }
        let (number, begins) = (self.own("place"), self.own("begins"));
        let groups: Vec<Expr> = rows.groups.iter().map(|c| column(c)).collect();
        let call = row_number().partition_by(groups).order_by(rows.sort_keys()).build()?;
        let mut list: Vec<Expr> = rows.plan.schema().columns().into_iter().map(Expr::Column).collect();
        list.push(cast(column(&number), DataType::Int64).eq(lit(1i64)).alias(&begins));
        let plan = LogicalPlanBuilder::from(rows.plan.clone()).window(vec![call.alias(&number)])?.build()?;
        let key = |c: &String| OrderKey { column: c.clone(), ascending: true, nulls_first: true };
        let order = rows.groups.iter().map(key).chain(rows.order.iter().cloned()).collect();
        Ok((project(plan, list)?, order, Some(begins)))
    }

    /// Appends the columns of functions that give several.
    pub(super) fn columns(&self, rows: &Rows, calls: &[ColumnsCall]) -> Result<Rows, ExecError> {
        let own: Vec<Expr> = rows.plan.schema().columns().into_iter().map(Expr::Column).collect();
        let (mut list, mut outputs) = (own.clone(), own);
        for call in calls {
            let kernel = crate::kernels::columns(call.function)
                .ok_or_else(|| ExecError::Internal(format!("{} has no kernel", call.function)))?;
            let args = call.args.iter().map(|a| self.value(a)).collect::<Result<Vec<_>, _>>()?;
            let types = call.args.iter().map(|a| a.ty).collect();
            let results = call.outputs.iter().map(|(_, ty)| *ty).collect();
            let whole = self.own("columns");
            list.push(crate::udf::columns_call(call.function, kernel, types, results, args).alias(&whole));
            for (at, (name, _)) in call.outputs.iter().enumerate() {
                outputs.push(field(&whole, &format!("c{at}")).alias(name));
            }
        }
        let plan = project(rows.plan.clone(), list)?;
        Ok(rows.over(project(plan, outputs)?))
    }

    /// The arrays of `make-series`.
    pub(super) fn series(&self, rows: Rows, series: &Series) -> Result<Rows, ExecError> {
        let bins = self.bins(series)?;
        let mut list = Vec::new();
        for (name, expr) in &series.group {
            list.push(self.value(expr)?.alias(format!("$g.{name}")));
        }
        let axis = self.own("axis");
        list.push(self.value(&series.axis.1)?.alias(&axis));
        let mut args = vec![column(&axis)];
        let mut values = Vec::new();
        for value in &series.values {
            let own = self.own("value");
            list.push(self.value(&value.value)?.alias(&own));
            args.push(column(&own));
            let default = match &value.default {
                Value::Null(_) => "null".to_owned(),
                given => to_json(&value_cell(given), given.ty()).to_string(),
            };
            values.push((value.value.ty, default));
        }
        let plan = Plan {
            bins,
            inclusive: series.inclusive,
            axis: series.axis.1.ty,
            values,
            written: AtomicUsize::new(0),
        };
        let whole = self.own("series");
        list.extend(rows.fixed().map(|c| column(c)));
        let mut calls = vec![series::call(whole.clone(), plan, args).alias(&whole)];
        calls.extend(rows.carried.iter().map(|c| first_value(column(c), vec![]).alias(c)));
        let mut keys: Vec<Expr> =
            series.group.iter().map(|(name, _)| column(&format!("$g.{name}"))).collect();
        keys.extend(rows.groups.iter().map(|c| column(c)));
        let mut builder =
            LogicalPlanBuilder::from(project(rows.plan.clone(), list)?).aggregate(keys, calls)?;
        if !series.nonempty {
            builder = builder.filter(field(&whole, "rows").gt(lit(0i64)))?;
        }
        let mut outputs: Vec<Expr> =
            series.group.iter().map(|(name, _)| column(&format!("$g.{name}")).alias(name)).collect();
        for (at, value) in series.values.iter().enumerate() {
            outputs.push(field(&whole, &format!("c{at}")).alias(&value.name));
        }
        outputs.push(field(&whole, "axis").alias(&series.axis.0));
        outputs.extend(rows.fixed().map(|c| column(c)));
        let plan = project(builder.build()?, outputs)?;
        let single = series.group.is_empty() && rows.groups.is_empty();
        Ok(if single { Rows::single(plan) } else { rows.reopen(plan) })
    }

    fn bins(&self, series: &Series) -> Result<Bins, ExecError> {
        let ty = series.axis.1.ty;
        let bound = |expr: &Option<program::Expr>| expr.as_ref().map(|e| self.constant(e)).transpose();
        let (from, to, step) = (bound(&series.from)?, bound(&series.to)?, self.constant(&series.step)?);
        let wrong = |what: &str| ExecError::Limit(format!("make-series needs {what}"));
        if from == Some(V::Null) || to == Some(V::Null) {
            return Err(wrong("bounds that are not null"));
        }
        if ty == Type::Real {
            let real = |v: Option<V<'static>>| v.as_ref().and_then(V::real);
            let step = step.real().filter(|s| *s > 0.0 && s.is_finite());
            return Ok(Bins::Real {
                from: real(from),
                to: real(to),
                step: step.ok_or_else(|| wrong("a step above zero"))?,
            });
        }
        // The step of datetimes is in ticks, they are in microseconds.
        let unit = if ty == Type::Datetime { 10 } else { 1 };
        let step = step.int().map(|s| s / unit).filter(|s| *s > 0);
        let whole = |v: Option<V<'static>>| v.as_ref().and_then(V::int);
        Ok(Bins::Whole {
            from: whole(from),
            to: whole(to),
            step: step.ok_or_else(|| wrong("a step above zero"))?,
        })
    }

    /// `scan`. What does not depend on the state is computed before, for all rows at once.
    pub(super) fn scan(&self, rows: Rows, scan: &Scan) -> Result<Rows, ExecError> {
        let rows = self.number(rows)?;
        let passed = scan.input.columns.len();
        let mut inputs: Vec<String> = scan.input.names().map(str::to_owned).collect();
        let mut list: Vec<Expr> = rows.plan.schema().columns().into_iter().map(Expr::Column).collect();
        let mut slots: Vec<Slot> = Vec::new();
        let changing = |name: &str| name.starts_with("$s") || scan.declared.iter().any(|(d, _)| d == name);
        // States of all steps, by the name of their columns.
        let states: std::collections::HashMap<String, (usize, usize)> = (0..scan.steps.len())
            .flat_map(|step| {
                (0..passed + scan.declared.len()).map(move |at| (state_column(step, at), (step, at)))
            })
            .collect();
        let mut node = |expr: &program::Expr| -> Result<Node, ExecError> {
            compile(self, expr, &mut |e: &program::Expr| {
                let slot = if let ExprKind::Column(name) = &e.kind {
                    if let Some((step, column)) = states.get(name) {
                        Slot::State { step: *step, column: *column }
                    } else if let Some(at) = scan.declared.iter().position(|(d, _)| d == name) {
                        Slot::Declared(at)
                    } else if let Some(at) = inputs.iter().position(|i| i == name) {
                        Slot::Input(at)
                    } else {
                        return Ok(None);
                    }
                } else if e.mentions(&changing) {
                    return Ok(None);
                } else {
                    let own = self.own("given");
                    list.push(self.value(e)?.alias(&own));
                    inputs.push(own);
                    Slot::Input(inputs.len() - 1)
                };
                slots.push(slot);
                Ok(Some(slots.len() - 1))
            })
        };
        let mut steps = Vec::with_capacity(scan.steps.len());
        for step in &scan.steps {
            let condition = node(&step.condition)?;
            let mut assignments = Vec::with_capacity(step.assignments.len());
            for (at, value) in &step.assignments {
                assignments.push((*at, node(value)?));
            }
            steps.push(Step { output: step.output, condition, assignments });
        }
        let mut keys = Vec::with_capacity(scan.partition.len());
        for key in &scan.partition {
            let own = self.own("key");
            list.push(self.value(key)?.alias(&own));
            inputs.push(own);
            keys.push(inputs.len() - 1);
        }
        // Each group of a sub-query has states of its own.
        for group in &rows.groups {
            let own = self.own("key");
            let ty = rows.plan.schema().field_with_unqualified_name(group)?.data_type();
            list.push(match ty {
                // The number of a row.
                DataType::UInt64 => cast(column(group), DataType::Int64).alias(&own),
                _ => column(group).alias(&own),
            });
            inputs.push(own);
            keys.push(inputs.len() - 1);
        }
        let position = self.own("at");
        let declared = scan
            .declared
            .iter()
            .map(|(name, default)| (name.clone(), default.ty(), value_cell(default)))
            .collect();
        let compiled = crate::scan::Scan {
            inputs,
            passed: scan.input.clone(),
            declared,
            match_id: scan.match_id.clone(),
            keys,
            slots,
            steps,
            fixed: rows.fixed().cloned().collect(),
            position: position.clone(),
        };
        let input = project(rows.plan.clone(), list)?;
        let machine = Arc::new(Scanning(Arc::new(compiled)));
        let plan = ordered::plan(self.own("scan"), input, rows.order.clone(), machine)?;
        Ok(rows.reordered(plan, &position))
    }

    /// Some rows, each as likely as any other.
    pub(super) fn sample(&self, rows: &Rows, n: u64) -> Result<Rows, ExecError> {
        let chance = self.own("chance");
        let own: Vec<Expr> = rows.plan.schema().columns().into_iter().map(Expr::Column).collect();
        let mut list = own.clone();
        list.push(datafusion::functions::math::expr_fn::random().alias(&chance));
        if !rows.groups.is_empty() {
            let key = OrderKey { column: chance.clone(), ascending: true, nulls_first: true };
            let by_chance = Rows { order: vec![key], ..rows.reopen(project(rows.plan.clone(), list)?) };
            let taken = self.take_of_each(by_chance, n)?;
            return Ok(rows.over(project(taken.plan, own)?));
        }
        let plan = LogicalPlanBuilder::from(project(rows.plan.clone(), list)?)
            .sort_with_limit(
                vec![column(&chance).sort(true, true)],
                Some(usize::try_from(n).unwrap_or(usize::MAX)),
            )?
            .build()?;
        Ok(rows.over(project(plan, own)?))
    }
}

/// A field of a struct column.
fn field(whole: &str, name: &str) -> Expr {
    datafusion::functions::core::expr_fn::get_field(column(whole), name.to_owned())
}
