//! Tabular operators to plans.

use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::{Column, JoinType, NullEquality};
use datafusion::functions_aggregate::expr_fn as agg;
use datafusion::logical_expr::{Expr, ExprFunctionExt, LogicalPlan, LogicalPlanBuilder, SortExpr};
use datafusion::prelude::lit;
use palisade_kql::Type;
use palisade_kql::program::{self, Aggregate, Expand, Join, JoinKind, Operator, WindowFunction};

use super::{Lowerer, column};
use crate::aggregates;
use crate::error::ExecError;
use crate::value::{V, arrow_type};

impl Lowerer<'_> {
    /// Adds one operator; `order` is the row order that earlier operators left.
    pub(super) fn operator(&self, plan: LogicalPlan, operator: &Operator, order: &mut Vec<SortExpr>) -> Result<LogicalPlan, ExecError> {
        let builder = LogicalPlanBuilder::from(plan);
        let plan = match operator {
            Operator::Filter(predicate) => builder.filter(self.predicate(predicate, false)?)?.build()?,
            Operator::Project(columns) => {
                let list = columns.iter().map(|(n, e)| Ok(self.value(e)?.alias(n))).collect::<Result<Vec<_>, ExecError>>()?;
                builder.project(list)?.build()?
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
                builder.sort(keys)?.build()?
            }
            Operator::Take(n) => builder.limit(0, Some(usize::try_from(*n).unwrap_or(usize::MAX)))?.build()?,
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
            Operator::Window(functions) => window(builder.build()?, functions, order)?,
        };
        Ok(plan)
    }

    /// Keys and arguments become columns first, so that aggregation works on plain columns.
    fn aggregate(&self, plan: LogicalPlan, group: &[(String, program::Expr)], list: &[Aggregate]) -> Result<LogicalPlan, ExecError> {
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
        let builder = LogicalPlanBuilder::from(plan).project(inputs)?;
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
                [(name, ty)] if !aggregates::is_struct(aggregate) => outputs.push(finish(aggregate, whole, *ty).alias(name)),
                several => {
                    for (n, (name, ty)) in several.iter().enumerate() {
                        let cell = datafusion::functions::core::expr_fn::get_field(whole.clone(), format!("c{n}"));
                        outputs.push(never_null(cell, *ty).alias(name));
                    }
                }
            }
        }
        Ok(plan.project(outputs)?.build()?)
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
        let mut left = LogicalPlanBuilder::from(left).project(left_list)?;
        let right = LogicalPlanBuilder::from(right).project(right_list)?.build()?;
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
        let joined = left.join_detailed(right, kind, (left_keys, right_keys), None, NullEquality::NullEqualsNull)?;
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
        Ok(joined.project(outputs)?.build()?)
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
        let plan = LogicalPlanBuilder::from(plan).project(kept)?.unnest_column("$rows")?;
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
                if expand.index.as_deref() == Some(c.name.as_str()) && !unnested.has_column_with_unqualified_name(&c.name) {
                    return field("index".to_owned()).alias(&c.name);
                }
                column(&c.name).alias(&c.name)
            })
            .collect();
        Ok(plan.project(outputs)?.build()?)
    }
}

/// A string is never null.
pub(crate) fn never_null(expr: Expr, ty: Type) -> Expr {
    if ty == Type::String { datafusion::functions::core::expr_fn::coalesce(vec![expr, lit("")]) } else { expr }
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

fn window(plan: LogicalPlan, functions: &[(String, Type, WindowFunction)], order: &[SortExpr]) -> Result<LogicalPlan, ExecError> {
    let mut calls = Vec::new();
    let mut outputs: Vec<Expr> = Vec::new();
    for c in plan.schema().columns() {
        if !functions.iter().any(|(name, _, _)| *name == c.name) {
            outputs.push(Expr::Column(c));
        }
    }
    for (at, (name, _, function)) in functions.iter().enumerate() {
        let WindowFunction::RowNumber(start) = function;
        let mut call = datafusion::functions_window::expr_fn::row_number();
        if !order.is_empty() {
            call = call.order_by(order.to_vec()).build()?;
        }
        let own = format!("$w{at}");
        calls.push(call.alias(&own));
        let number = datafusion::logical_expr::cast(column(&own), DataType::Int64);
        outputs.push((number + lit(start - 1)).alias(name));
    }
    let plan = LogicalPlanBuilder::from(plan).window(calls)?;
    Ok(plan.project(outputs)?.build()?)
}

/// Converts a cell of `mv-expand` to its type.
pub(crate) fn element(cell: &V<'_>, ty: Type) -> V<'static> {
    crate::kernels::convert::convert(cell, Type::Dynamic, ty)
}
