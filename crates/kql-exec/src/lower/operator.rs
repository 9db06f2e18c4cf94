//! Tabular operators to plans.

use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::{Column, JoinType, NullEquality};
use datafusion::functions_aggregate::expr_fn as agg;
use datafusion::logical_expr::{Expr, ExprFunctionExt, LogicalPlanBuilder, cast};
use datafusion::prelude::lit;
use palisade_kql::Type;
use palisade_kql::program::{self, Aggregate, Expand, Join, JoinKind, Operator, SortKey, WindowFunction};

use super::rows::{OrderKey, Rows};
use super::{Lowerer, column, project};
use crate::aggregates;
use crate::error::ExecError;
use crate::value::{V, arrow_type};

impl Lowerer<'_> {
    /// Adds one operator.
    pub(super) fn operator(&self, rows: Rows, operator: &Operator) -> Result<Rows, ExecError> {
        let builder = LogicalPlanBuilder::from(rows.plan.clone());
        Ok(match operator {
            Operator::Filter(predicate) => {
                rows.over(builder.filter(self.predicate(predicate, false)?)?.build()?)
            }
            Operator::Project(columns) => {
                let mut list = Vec::with_capacity(columns.len() + rows.order.len());
                for (name, expr) in columns {
                    list.push(self.value(expr)?.alias(name));
                }
                list.extend(rows.hidden().map(|c| column(c)));
                rows.over(project(builder.build()?, list)?)
            }
            Operator::Aggregate { group, aggregates } => self.aggregate(rows, group, aggregates)?,
            Operator::Sort(keys) => self.sort(rows, keys)?,
            Operator::Take(n) if !rows.groups.is_empty() => self.take_of_each(rows, *n)?,
            Operator::Take(n) => {
                let sorted = LogicalPlanBuilder::from(rows.sorted()?);
                rows.over(sorted.limit(0, Some(usize::try_from(*n).unwrap_or(usize::MAX)))?.build()?)
            }
            Operator::Distinct if !rows.groups.is_empty() => self.distinct_of_each(rows)?,
            Operator::Distinct => {
                let visible: Vec<Expr> = visible(&rows).collect();
                Rows::open(LogicalPlanBuilder::from(project(rows.plan, visible)?).distinct()?.build()?)
            }
            Operator::Join(join) => self.join(rows, join)?,
            Operator::Expand(expand) => self.expand(rows, expand)?,
            Operator::Parse(parse) => rows.over(crate::parse::lower(self, builder.build()?, parse)?),
            Operator::Window(functions) => self.window(rows, functions)?,
            Operator::Columns(calls) => self.columns(&rows, calls)?,
            Operator::Series(series) => self.series(rows, series)?,
            Operator::Scan(scan) => self.scan(rows, scan)?,
            Operator::Sample(n) => self.sample(&rows, *n)?,
            Operator::Call(call) => self.call_over(rows, call)?,
            Operator::Apply(apply) => self.apply(rows, apply)?,
        })
    }

    /// Keys become hidden columns, which give the order from here on.
    fn sort(&self, rows: Rows, keys: &[SortKey]) -> Result<Rows, ExecError> {
        let mut list: Vec<Expr> = visible(&rows).collect();
        let mut order = Vec::with_capacity(keys.len());
        for key in keys {
            let name = self.own("key");
            list.push(self.value(&key.expr)?.alias(&name));
            order.push(OrderKey { column: name, ascending: key.ascending, nulls_first: key.nulls_first });
        }
        list.extend(rows.fixed().map(|c| column(c)));
        Ok(Rows { order, ..rows.reopen(project(rows.plan.clone(), list)?) })
    }

    /// Keys and arguments become columns first, so that aggregation works on plain columns.
    fn aggregate(
        &self,
        rows: Rows,
        group: &[(String, program::Expr)],
        list: &[Aggregate],
    ) -> Result<Rows, ExecError> {
        // Lists keep the order of rows where there is one.
        let ordered = !rows.order.is_empty() && list.iter().any(aggregates::is_list);
        let rows = if ordered { self.number(rows)? } else { rows };
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
        if ordered {
            inputs.push(cast(self.position(&rows)?, DataType::Int64).alias(POSITION));
        }
        inputs.extend(rows.fixed().map(|c| column(c)));
        let builder = LogicalPlanBuilder::from(project(rows.plan.clone(), inputs)?);
        let mut keys: Vec<Expr> = (0..group.len()).map(|at| column(&format!("$g{at}"))).collect();
        keys.extend(rows.groups.iter().map(|c| column(c)));
        let mut calls = Vec::new();
        for (at, aggregate) in list.iter().enumerate() {
            calls.push(aggregate_call(at, aggregate, ordered, !keys.is_empty())?.alias(format!("$o{at}")));
        }
        calls.extend(rows.carried.iter().map(|c| agg::first_value(column(c), vec![]).alias(c)));
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
        outputs.extend(rows.fixed().map(|c| column(c)));
        let plan = project(plan.build()?, outputs)?;
        let single = group.is_empty() && rows.groups.is_empty();
        Ok(if single { Rows::single(plan) } else { rows.reopen(plan) })
    }

    fn join(&self, rows: Rows, join: &Join) -> Result<Rows, ExecError> {
        let keeps_left = !matches!(
            join.kind,
            JoinKind::RightOuter | JoinKind::FullOuter | JoinKind::RightSemi | JoinKind::RightAnti
        );
        if !rows.groups.is_empty() && !keeps_left {
            return Err(ExecError::Limit(
                "a join inside a sub-query keeps the rows of its left side; use inner, leftouter, leftsemi or \
                 leftanti"
                    .to_owned(),
            ));
        }
        let left = rows.plan.clone();
        let right = self.pipeline(&join.right, false)?;
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
        left_list.extend(rows.fixed().map(|c| column(c)));
        let mut left = LogicalPlanBuilder::from(project(left, left_list)?);
        let right = project(right, right_list)?;
        if join.kind == JoinKind::InnerUnique {
            // One left row per key.
            let mut keys: Vec<Expr> = left_keys.iter().cloned().map(Expr::Column).collect();
            let groups: Vec<Column> = rows.groups.iter().map(Column::new_unqualified).collect();
            keys.extend(groups.iter().cloned().map(Expr::Column));
            let rest: Vec<Expr> = left
                .schema()
                .columns()
                .into_iter()
                .filter(|c| !left_keys.contains(c) && !groups.contains(c))
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
        let mut outputs: Vec<Expr> = join
            .columns
            .iter()
            .enumerate()
            .map(|(at, (name, _, _, ty))| {
                let cell = column(&format!("$c{at}"));
                // A string stays a string where the other side has no row.
                if outer { never_null(cell, *ty) } else { cell }.alias(name)
            })
            .collect();
        outputs.extend(rows.fixed().map(|c| column(c)));
        Ok(rows.reopen(project(joined.build()?, outputs)?))
    }

    /// Adds the columns of functions over the order of rows.
    fn window(&self, rows: Rows, functions: &[(String, Type, WindowFunction)]) -> Result<Rows, ExecError> {
        use datafusion::functions_window::expr_fn as window;
        // All functions, here and later, must see the same order, also where keys are equal.
        let mut rows = self.number(rows)?;
        let groups: Vec<Expr> = rows.groups.iter().map(|c| column(c)).collect();
        let mut calls = Vec::new();
        let mut running = Vec::new();
        let mut outputs: Vec<Expr> = rows.plan.schema().columns().into_iter().map(Expr::Column).collect();
        for entry in functions {
            let (name, ty, WindowFunction::Neighbour { value, offset, default }) = entry else {
                running.push(entry);
                continue;
            };
            let default = default.as_ref().map(crate::value::scalar);
            let default = default.or_else(|| (*ty == Type::String).then(|| crate::value::null_scalar(*ty)));
            let value = self.value(value)?;
            let call = if *offset < 0 {
                window::lag(value, Some(-offset), default)
            } else {
                window::lead(value, Some(*offset), default)
            };
            let own = self.own("window");
            let call = call.partition_by(groups.clone()).order_by(rows.sort_keys());
            calls.push(call.build()?.alias(&own));
            outputs.push(never_null(column(&own), *ty).alias(name));
        }
        if !calls.is_empty() {
            let plan = LogicalPlanBuilder::from(rows.plan.clone()).window(calls)?.build()?;
            rows = rows.over(project(plan, outputs)?);
        }
        if running.is_empty() { Ok(rows) } else { self.running(rows, running) }
    }

    pub(super) fn expand(&self, rows: Rows, expand: &Expand) -> Result<Rows, ExecError> {
        let mut args = Vec::new();
        let mut fields = Vec::new();
        let mut types = Vec::new();
        for (at, (_, expr, ty)) in expand.items.iter().enumerate() {
            args.push(self.value(expr)?);
            fields.push(Field::new(format!("c{at}"), arrow_type(*ty), true));
            types.push(*ty);
        }
        fields.push(Field::new("index", DataType::Int64, true));
        let list = crate::expand::call(args, Fields::from(fields), types, expand.array_bags, expand.limit);
        let name = self.own("rows");
        let mut kept: Vec<Expr> = rows.plan.schema().columns().into_iter().map(Expr::Column).collect();
        kept.push(list.alias(&name));
        let plan = project(rows.plan.clone(), kept)?;
        let plan = LogicalPlanBuilder::from(plan).unnest_column(Column::new_unqualified(&name))?;
        let field = |cell: String| datafusion::functions::core::expr_fn::get_field(column(&name), cell);
        let unnested = plan.schema().clone();
        let mut outputs: Vec<Expr> = expand
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
        outputs.extend(rows.hidden().map(|c| column(c)));
        let mut order = rows.order.clone();
        if rows.total || !order.is_empty() {
            // Elements follow each other as they stand in their array.
            let index = self.own("index");
            outputs.push(field("index".to_owned()).alias(&index));
            order.push(OrderKey { column: index, ascending: true, nulls_first: true });
        }
        Ok(Rows { order, total: rows.total, ..rows.reopen(project(plan.build()?, outputs)?) })
    }

    /// Where a row stands in a total order, as one number.
    fn position(&self, rows: &Rows) -> Result<Expr, ExecError> {
        match rows.order.as_slice() {
            [key] => Ok(column(&key.column)),
            _ => Err(ExecError::Internal("rows without a number".to_owned())),
        }
    }
}

/// The position of a row, for aggregates that keep the order.
const POSITION: &str = "$position";

/// The columns without those that only give the order or tell groups apart.
pub(super) fn visible(rows: &Rows) -> impl Iterator<Item = Expr> + '_ {
    let hidden = |c: &Column| rows.hidden().any(|h| *h == c.name);
    rows.plan.schema().columns().into_iter().filter(move |c| !hidden(c)).map(Expr::Column)
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
        ("sum", Type::Decimal) => {
            let zero = crate::decimal::scalar(crate::decimal::parse("0"));
            datafusion::functions::core::expr_fn::coalesce(vec![expr, lit(zero)])
        }
        ("sum", Type::Real) => datafusion::functions::core::expr_fn::coalesce(vec![expr, lit(0.0f64)]),
        ("sum", _) => datafusion::functions::core::expr_fn::coalesce(vec![expr, lit(0i64)]),
        ("avg", Type::Real) => datafusion::functions::core::expr_fn::coalesce(vec![expr, lit(f64::NAN)]),
        (_, ty) => never_null(expr, ty),
    }
}

fn aggregate_call(at: usize, aggregate: &Aggregate, ordered: bool, grouped: bool) -> Result<Expr, ExecError> {
    let arg = |n: usize| column(&format!("$a{at}_{n}"));
    let position = (ordered && aggregates::is_list(aggregate)).then(|| column(POSITION));
    let args: Vec<Expr> = (0..aggregate.args.len()).map(arg).collect();
    let first = aggregate.args.first().map_or(Type::Long, |a| a.ty);
    let plain_order = !matches!(first, Type::Bool | Type::Dynamic);
    let call = match aggregate.function {
        "count" => agg::count(lit(1i64)),
        // Of everything, the optimiser makes groups by value, which it counts side by side.
        "dcount" if !grouped || !aggregates::counts_distinct(first) => agg::count_distinct(arg(0)),
        "sum" => agg::sum(arg(0)),
        "avg" if first == Type::Real => agg::avg(arg(0)),
        "min" if plain_order => agg::min(arg(0)),
        "max" if plain_order => agg::max(arg(0)),
        _ => aggregates::call(aggregate, args, position)?,
    };
    Ok(match &aggregate.filter {
        Some(_) => call.filter(column(&format!("$f{at}"))).build()?,
        None => call,
    })
}

/// Converts a cell of `mv-expand` to its type.
pub(crate) fn element(cell: &V<'_>, ty: Type) -> V<'static> {
    crate::kernels::convert::convert(cell, Type::Dynamic, ty)
}
