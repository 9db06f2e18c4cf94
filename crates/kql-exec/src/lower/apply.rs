//! Sub-queries over groups of rows, and functions over whole tables.
//!
//! A sub-query does not run once per group: its operators run over all rows, and hidden columns tell
//! the groups apart. Each operator then works within its group: `take` takes from each, `summarize`
//! groups by them too, and so on.

use arrow::compute::SortOptions;
use arrow::datatypes::DataType;
use datafusion::functions_aggregate::expr_fn as agg;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{Expr, ExprFunctionExt, LogicalPlanBuilder, cast};
use datafusion::prelude::lit;
use palisade_kql::program::{Apply, TableCall};

use super::operator::{never_null, visible};
use super::rows::{OrderKey, Rows};
use super::{Lowerer, column, project};
use crate::error::ExecError;
use crate::table;
use crate::value::arrow_type;

impl Lowerer<'_> {
    /// Groups of a sub-query inside another one lie within the outer ones.
    pub(super) fn apply(&self, rows: Rows, apply: &Apply) -> Result<Rows, ExecError> {
        let (outer_groups, outer_carried) = (rows.groups.clone(), rows.carried.clone());
        let mut rows = if apply.expand.is_some() { self.number(rows)? } else { rows };
        let mut list: Vec<Expr> = rows.plan.schema().columns().into_iter().map(Expr::Column).collect();
        let mut groups = outer_groups.clone();
        let mut carried = outer_carried.clone();
        let mut outer_order = Vec::new();
        if apply.expand.is_some() {
            let name = self.own("group");
            if let Some(key) = rows.order.first() {
                list.push(column(&key.column).alias(&name));
                outer_order.push(OrderKey { column: name.clone(), ascending: true, nulls_first: true });
            }
            groups.push(name);
        }
        for expr in &apply.by {
            let name = self.own("group");
            list.push(self.value(expr)?.alias(&name));
            groups.push(name);
        }
        // What the outcome has of the outer row, whatever the sub-query does to its columns.
        let mut kept = Vec::new();
        for (_, outer, name, _) in &apply.columns {
            kept.push(outer.then(|| {
                let own = self.own("kept");
                list.push(column(name).alias(&own));
                carried.push(own.clone());
                own
            }));
        }
        rows = Rows { groups, carried, ..rows.over(project(rows.plan.clone(), list)?) };
        if let Some(expand) = &apply.expand {
            rows = self.expand(rows, expand)?;
        }
        for operator in &apply.operators {
            rows = self.operator(rows, operator)?;
        }
        let mut outputs: Vec<Expr> = Vec::with_capacity(apply.columns.len());
        for ((name, _, inner, _), kept) in apply.columns.iter().zip(kept) {
            outputs.push(column(kept.as_ref().unwrap_or(inner)).alias(name));
        }
        outputs.extend(outer_groups.iter().chain(&outer_carried).map(|c| column(c)));
        let mut order = outer_order;
        if !order.is_empty() {
            order.extend(rows.order.iter().cloned());
        }
        outputs.extend(order.iter().map(|k| column(&k.column)));
        let plan = project(rows.plan, outputs)?;
        Ok(Rows { order, groups: outer_groups, carried: outer_carried, ..Rows::open(plan) })
    }

    /// The first rows of each group.
    pub(super) fn take_of_each(&self, rows: Rows, n: u64) -> Result<Rows, ExecError> {
        let name = self.own("place");
        let groups: Vec<Expr> = rows.groups.iter().map(|c| column(c)).collect();
        let call = row_number().partition_by(groups).order_by(rows.sort_keys()).build()?;
        let kept: Vec<Expr> = rows.plan.schema().columns().into_iter().map(Expr::Column).collect();
        let plan = LogicalPlanBuilder::from(rows.plan.clone()).window(vec![call.alias(&name)])?;
        let most = lit(i64::try_from(n).unwrap_or(i64::MAX));
        let plan = plan.filter(cast(column(&name), DataType::Int64).lt_eq(most))?.build()?;
        Ok(rows.over(project(plan, kept)?))
    }

    /// Each row of a group once.
    pub(super) fn distinct_of_each(&self, rows: Rows) -> Result<Rows, ExecError> {
        let mut keys: Vec<Expr> = visible(&rows).collect();
        keys.extend(rows.groups.iter().map(|c| column(c)));
        let kept = keys.clone();
        let calls: Vec<Expr> =
            rows.carried.iter().map(|c| agg::first_value(column(c), vec![]).alias(c)).collect();
        let plan = LogicalPlanBuilder::from(rows.plan.clone()).aggregate(keys, calls)?.build()?;
        let mut list = kept;
        list.extend(rows.carried.iter().map(|c| column(c)));
        Ok(rows.reopen(project(plan, list)?))
    }

    /// A function over the rows and further tables.
    pub(super) fn call_over(&self, rows: Rows, call: &TableCall) -> Result<Rows, ExecError> {
        let mut list = Vec::with_capacity(call.columns.len());
        for (at, (_, expr)) in call.columns.iter().enumerate() {
            list.push(self.value(expr)?.alias(format!("$in{at}")));
        }
        list.extend(rows.fixed().map(|c| column(c)));
        let input = arranged(&rows, list)?;
        self.table_call(vec![input], call, Some(&rows))
    }

    /// A function over tables.
    pub(super) fn table_call(
        &self,
        mut inputs: Vec<table::Input>,
        call: &TableCall,
        rows: Option<&Rows>,
    ) -> Result<Rows, ExecError> {
        for input in &call.inputs {
            let rows = self.rows(input)?;
            inputs.push(arranged(&rows, input.schema.names().map(column).collect())?);
        }
        let mut function = table::function(&call.function, &call.schema, &|e| self.constant(e))?;
        let mut columns: Vec<(String, DataType)> = call
            .schema
            .columns
            .iter()
            .enumerate()
            .map(|(at, c)| (format!("$out{at}"), arrow_type(c.ty)))
            .collect();
        let fixed: Vec<String> = rows.map(|r| r.fixed().cloned().collect()).unwrap_or_default();
        if let Some(rows) = rows
            && !rows.groups.is_empty()
        {
            let (keys, carried) = (rows.groups.len(), rows.carried.len());
            function = std::sync::Arc::new(table::PerGroup { inner: function, keys, carried });
            for name in &fixed {
                let field = rows.plan.schema().field_with_unqualified_name(name)?;
                columns.push((name.clone(), field.data_type().clone()));
            }
        }
        let place = self.own("place");
        let plan = table::plan(call.function.name(), function, inputs, &columns, &place)?;
        let mut outputs: Vec<Expr> = call
            .schema
            .columns
            .iter()
            .enumerate()
            .map(|(at, c)| never_null(column(&format!("$out{at}")), c.ty).alias(&c.name))
            .collect();
        outputs.extend(fixed.iter().map(|c| column(c)));
        outputs.push(column(&place));
        let plan = project(plan, outputs)?;
        Ok(match rows {
            Some(rows) => rows.reordered(plan, &place),
            None => Rows::by_position(plan, &place),
        })
    }
}

/// Columns that a function reads, with those that give the order behind them.
fn arranged(rows: &Rows, mut list: Vec<Expr>) -> Result<table::Input, ExecError> {
    let width = list.len();
    // They may be among the columns already.
    for (at, key) in rows.order.iter().enumerate() {
        list.push(column(&key.column).alias(format!("$order{at}")));
    }
    let order = rows
        .order
        .iter()
        .map(|k| SortOptions { descending: !k.ascending, nulls_first: k.nulls_first })
        .collect();
    Ok(table::Input { plan: project(rows.plan.clone(), list)?, width, order })
}
