//! Tabular operators to plans.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::{Column, JoinType, NullEquality, ScalarValue};
use datafusion::functions_aggregate::expr_fn as agg;
use datafusion::logical_expr::expr_rewriter::normalize_sorts;
use datafusion::logical_expr::{
    Expr, ExprFunctionExt, LogicalPlan, LogicalPlanBuilder, Sort, SortExpr, WindowFrame, WindowFrameBound,
    WindowFrameUnits, WindowFunctionDefinition,
};
use datafusion::prelude::lit;
use palisade_kql::Type;
use palisade_kql::program::{self, Aggregate, Expand, Join, JoinKind, Operator, WindowFunction};

use super::{Lowerer, column, project};
use crate::aggregates;
use crate::error::ExecError;
use crate::value::{V, arrow_type};

impl Lowerer<'_> {
    /// Adds one operator; `order` is the row order that earlier operators left.
    pub(super) fn operator(
        &self,
        plan: LogicalPlan,
        operator: &Operator,
        order: &mut Vec<SortExpr>,
    ) -> Result<LogicalPlan, ExecError> {
        let builder = LogicalPlanBuilder::from(plan);
        let plan = match operator {
            Operator::Filter(predicate) => builder.filter(self.predicate(predicate, false)?)?.build()?,
            Operator::Project(columns) => {
                if !keeps_order(columns, order) {
                    order.clear();
                }
                let list = columns
                    .iter()
                    .map(|(n, e)| Ok(self.value(e)?.alias(n)))
                    .collect::<Result<Vec<_>, ExecError>>()?;
                project(builder.build()?, list)?
            }
            Operator::Aggregate { group, aggregates } => {
                order.clear();
                self.aggregate(builder.build()?, group, aggregates)?
            }
            Operator::Sort(keys) => {
                let keys = keys
                    .iter()
                    .map(|k| Ok(SortExpr::new(self.value(&k.expr)?, k.ascending, k.nulls_first)))
                    .collect::<Result<Vec<_>, ExecError>>()?;
                order.clone_from(&keys);
                // The builder would take `n + 1` for a column that was computed by the same words.
                let input = builder.build()?;
                LogicalPlan::Sort(Sort {
                    expr: normalize_sorts(keys, &input)?,
                    input: Arc::new(input),
                    fetch: None,
                })
            }
            Operator::Take(n) => {
                builder.limit(0, Some(usize::try_from(*n).unwrap_or(usize::MAX)))?.build()?
            }
            Operator::Distinct => {
                order.clear();
                builder.distinct()?.build()?
            }
            Operator::Join(join) => {
                order.clear();
                self.join(builder.build()?, join)?
            }
            Operator::Expand(expand) => self.expand(builder.build()?, expand)?,
            Operator::Parse(parse) => crate::parse::lower(self, builder.build()?, parse)?,
            Operator::Window(functions) => self.window(builder.build()?, functions, order)?,
        };
        Ok(plan)
    }

    /// Keys and arguments become columns first, so that aggregation works on plain columns.
    fn aggregate(
        &self,
        plan: LogicalPlan,
        group: &[(String, program::Expr)],
        list: &[Aggregate],
    ) -> Result<LogicalPlan, ExecError> {
        let mut inputs = Vec::new();
        for (at, (_, expr)) in group.iter().enumerate() {
            inputs.push(self.value(expr)?.alias(format!("$g{at}")));
        }
        for (at, aggregate) in list.iter().enumerate() {
            for (n, arg) in aggregate.args.iter().enumerate() {
                inputs.push(self.value(arg)?.alias(format!("$a{at}_{n}")));
            }
            if let Some(filter) = &aggregate.filter {
                inputs.push(self.predicate(filter, false)?.alias(format!("$f{at}")));
            }
        }
        let builder = LogicalPlanBuilder::from(project(plan, inputs)?);
        let keys: Vec<Expr> = (0..group.len()).map(|at| column(&format!("$g{at}"))).collect();
        let mut calls = Vec::new();
        for (at, aggregate) in list.iter().enumerate() {
            calls.push(aggregate_call(at, aggregate)?.alias(format!("$o{at}")));
        }
        let plan = if keys.is_empty() && calls.is_empty() {
            // `summarize` of nothing by nothing has no columns.
            builder.limit(0, Some(0))?
        } else {
            builder.aggregate(keys, calls)?
        };
        let mut outputs: Vec<Expr> =
            group.iter().enumerate().map(|(at, (name, _))| column(&format!("$g{at}")).alias(name)).collect();
        for (at, aggregate) in list.iter().enumerate() {
            let whole = column(&format!("$o{at}"));
            match aggregate.outputs.as_slice() {
                [(name, ty)] if !aggregates::is_struct(aggregate) => {
                    outputs.push(finish(aggregate, whole, *ty).alias(name))
                }
                several => {
                    for (n, (name, ty)) in several.iter().enumerate() {
                        let cell =
                            datafusion::functions::core::expr_fn::get_field(whole.clone(), format!("c{n}"));
                        outputs.push(never_null(cell, *ty).alias(name));
                    }
                }
            }
        }
        project(plan.build()?, outputs)
    }

    fn join(&self, left: LogicalPlan, join: &Join) -> Result<LogicalPlan, ExecError> {
        let right = self.pipeline(&join.right)?;
        let mut left_list = Vec::new();
        let mut right_list = Vec::new();
        let mut left_keys = Vec::new();
        let mut right_keys = Vec::new();
        for (at, (a, b)) in join.keys.iter().enumerate() {
            left_list.push(self.value(a)?.alias(format!("$lk{at}")));
            right_list.push(self.value(b)?.alias(format!("$rk{at}")));
            left_keys.push(Column::new_unqualified(format!("$lk{at}")));
            right_keys.push(Column::new_unqualified(format!("$rk{at}")));
        }
        for (at, (_, from_left, name, _)) in join.columns.iter().enumerate() {
            let list = if *from_left { &mut left_list } else { &mut right_list };
            list.push(column(name).alias(format!("$c{at}")));
        }
        let mut left = LogicalPlanBuilder::from(project(left, left_list)?);
        let right = project(right, right_list)?;
        if join.kind == JoinKind::InnerUnique {
            // One left row per key.
            let keys: Vec<Expr> = left_keys.iter().cloned().map(Expr::Column).collect();
            let rest: Vec<Expr> = left
                .schema()
                .columns()
                .into_iter()
                .filter(|c| !left_keys.contains(c))
                .map(|c| agg::first_value(Expr::Column(c.clone()), vec![]).alias(c.name))
                .collect();
            left = left.aggregate(keys, rest)?;
        }
        let kind = match join.kind {
            JoinKind::InnerUnique | JoinKind::Inner => JoinType::Inner,
            JoinKind::LeftOuter => JoinType::Left,
            JoinKind::RightOuter => JoinType::Right,
            JoinKind::FullOuter => JoinType::Full,
            JoinKind::LeftSemi => JoinType::LeftSemi,
            JoinKind::RightSemi => JoinType::RightSemi,
            JoinKind::LeftAnti => JoinType::LeftAnti,
            JoinKind::RightAnti => JoinType::RightAnti,
        };
        let joined =
            left.join_detailed(right, kind, (left_keys, right_keys), None, NullEquality::NullEqualsNull)?;
        let outer = matches!(join.kind, JoinKind::LeftOuter | JoinKind::RightOuter | JoinKind::FullOuter);
        let outputs: Vec<Expr> = join
            .columns
            .iter()
            .enumerate()
            .map(|(at, (name, _, _, ty))| {
                let cell = column(&format!("$c{at}"));
                // A string stays a string where the other side has no row.
                if outer { never_null(cell, *ty) } else { cell }.alias(name)
            })
            .collect();
        project(joined.build()?, outputs)
    }

    /// Adds the columns of functions over the order of rows.
    fn window(
        &self,
        plan: LogicalPlan,
        functions: &[(String, Type, WindowFunction)],
        order: &[SortExpr],
    ) -> Result<LogicalPlan, ExecError> {
        use datafusion::functions_window::expr_fn as window;
        let mut calls = Vec::new();
        let mut outputs: Vec<Expr> = plan.schema().columns().into_iter().map(Expr::Column).collect();
        for (at, (name, ty, function)) in functions.iter().enumerate() {
            let mut call = match function {
                WindowFunction::RowNumber(_) => window::row_number(),
                WindowFunction::Neighbour { value, offset, default } => {
                    let default = default.as_ref().map(crate::value::scalar);
                    let default =
                        default.or_else(|| (*ty == Type::String).then(|| crate::value::null_scalar(*ty)));
                    let value = self.value(value)?;
                    if *offset < 0 {
                        window::lag(value, Some(-offset), default)
                    } else {
                        window::lead(value, Some(*offset), default)
                    }
                }
                WindowFunction::CumulativeSum(value) => {
                    let sum = WindowFunctionDefinition::AggregateUDF(
                        datafusion::functions_aggregate::sum::sum_udaf(),
                    );
                    let rows = WindowFrame::new_bounds(
                        WindowFrameUnits::Rows,
                        WindowFrameBound::Preceding(ScalarValue::UInt64(None)),
                        WindowFrameBound::CurrentRow,
                    );
                    let call = Expr::from(datafusion::logical_expr::expr::WindowFunction::new(
                        sum,
                        vec![self.value(value)?],
                    ));
                    call.window_frame(rows).build()?
                }
            };
            if !order.is_empty() {
                call = call.order_by(order.to_vec()).build()?;
            }
            let own = format!("$n{at}");
            calls.push(call.alias(&own));
            outputs.push(match function {
                WindowFunction::RowNumber(start) => {
                    let number = datafusion::logical_expr::cast(column(&own), DataType::Int64);
                    (number + lit(start - 1)).alias(name)
                }
                _ => never_null(column(&own), *ty).alias(name),
            });
        }
        project(LogicalPlanBuilder::from(plan).window(calls)?.build()?, outputs)
    }

    fn expand(&self, plan: LogicalPlan, expand: &Expand) -> Result<LogicalPlan, ExecError> {
        let mut args = Vec::new();
        let mut fields = Vec::new();
        let mut types = Vec::new();
        for (at, (_, expr, ty)) in expand.items.iter().enumerate() {
            args.push(self.value(expr)?);
            fields.push(Field::new(format!("c{at}"), arrow_type(*ty), true));
            types.push(*ty);
        }
        fields.push(Field::new("index", DataType::Int64, true));
        let rows = crate::expand::call(args, Fields::from(fields), types, expand.array_bags, expand.limit);
        let mut kept: Vec<Expr> = plan.schema().columns().into_iter().map(Expr::Column).collect();
        kept.push(rows.alias("$rows"));
        let plan = project(plan, kept)?;
        let rows = plan.schema().columns().into_iter().find(|c| c.name == "$rows");
        let rows = rows.ok_or_else(|| ExecError::Internal("the expanded column is missing".to_owned()))?;
        let plan = LogicalPlanBuilder::from(plan).unnest_column(rows)?;
        let field = |name: String| datafusion::functions::core::expr_fn::get_field(column("$rows"), name);
        let unnested = plan.schema().clone();
        let outputs: Vec<Expr> = expand
            .schema
            .columns
            .iter()
            .map(|c| {
                if let Some(at) = expand.items.iter().position(|(name, _, _)| *name == c.name) {
                    return never_null(field(format!("c{at}")), c.ty).alias(&c.name);
                }
                if expand.index.as_deref() == Some(c.name.as_str())
                    && !unnested.has_column_with_unqualified_name(&c.name)
                {
                    return field("index".to_owned()).alias(&c.name);
                }
                column(&c.name).alias(&c.name)
            })
            .collect();
        project(plan.build()?, outputs)
    }
}

/// A string is never null.
pub(crate) fn never_null(expr: Expr, ty: Type) -> Expr {
    if ty == Type::String {
        datafusion::functions::core::expr_fn::coalesce(vec![expr, lit("")])
    } else {
        expr
    }
}

/// Sums of nothing are zero.
fn finish(aggregate: &Aggregate, expr: Expr, ty: Type) -> Expr {
    match (aggregate.function, ty) {
        ("sum", Type::Real) => datafusion::functions::core::expr_fn::coalesce(vec![expr, lit(0.0f64)]),
        ("sum", _) => datafusion::functions::core::expr_fn::coalesce(vec![expr, lit(0i64)]),
        ("avg", Type::Real) => datafusion::functions::core::expr_fn::coalesce(vec![expr, lit(f64::NAN)]),
        (_, ty) => never_null(expr, ty),
    }
}

fn aggregate_call(at: usize, aggregate: &Aggregate) -> Result<Expr, ExecError> {
    let arg = |n: usize| column(&format!("$a{at}_{n}"));
    let args: Vec<Expr> = (0..aggregate.args.len()).map(arg).collect();
    let first = aggregate.args.first().map_or(Type::Long, |a| a.ty);
    let plain_order = !matches!(first, Type::Bool | Type::Dynamic);
    let call = match aggregate.function {
        "count" => agg::count(lit(1i64)),
        "dcount" => agg::count_distinct(arg(0)),
        "sum" => agg::sum(arg(0)),
        "avg" if first == Type::Real => agg::avg(arg(0)),
        "min" if plain_order => agg::min(arg(0)),
        "max" if plain_order => agg::max(arg(0)),
        _ => aggregates::call(aggregate, args)?,
    };
    Ok(match &aggregate.filter {
        Some(_) => call.filter(column(&format!("$f{at}"))).build()?,
        None => call,
    })
}

/// Whether a projection leaves the columns of a row order as they are.
fn keeps_order(columns: &[(String, program::Expr)], order: &[SortExpr]) -> bool {
    let same = |name: &str| {
        columns.iter().any(|(n, e)| n == name && matches!(&e.kind, program::ExprKind::Column(c) if c == name))
    };
    order.iter().all(|key| key.expr.column_refs().into_iter().all(|c| same(&c.name)))
}

/// Converts a cell of `mv-expand` to its type.
pub(crate) fn element(cell: &V<'_>, ty: Type) -> V<'static> {
    crate::kernels::convert::convert(cell, Type::Dynamic, ty)
}
