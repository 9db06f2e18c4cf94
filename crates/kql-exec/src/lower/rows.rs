//! Rows with their order.
//!
//! DataFusion keeps no order below the top of a plan: it may spread rows over partitions between any
//! two operators. So the order that `sort` gives is held in hidden columns, which every later operator
//! carries along, and rows are sorted by them where their order shows: before `take`, under functions
//! that look at neighbours, and at the end. Rows in memory bring their positions with them.

use std::sync::Arc;

use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::expr_rewriter::normalize_sorts;
use datafusion::logical_expr::{ExprFunctionExt, LogicalPlan, LogicalPlanBuilder, Sort, SortExpr};

use super::{Lowerer, column};
use crate::error::ExecError;

/// A hidden column by which rows are ordered.
#[derive(Clone)]
pub(crate) struct OrderKey {
    pub column: String,
    pub ascending: bool,
    pub nulls_first: bool,
}

/// A plan and the order of its rows.
pub(crate) struct Rows {
    pub plan: LogicalPlan,
    /// Most significant first; empty where the order is open.
    pub order: Vec<OrderKey>,
    /// No two rows are equal in the order; without keys, there is one row at most.
    pub total: bool,
    /// Inside a sub-query: hidden columns whose values tell the groups of rows apart. Each operator
    /// works on each group for itself.
    pub groups: Vec<String>,
    /// Hidden columns that have one value per group.
    pub carried: Vec<String>,
}

impl Rows {
    /// Rows in any order.
    pub fn open(plan: LogicalPlan) -> Self {
        Self { plan, order: Vec::new(), total: false, groups: Vec::new(), carried: Vec::new() }
    }

    /// One row at most.
    pub fn single(plan: LogicalPlan) -> Self {
        Self { total: true, ..Self::open(plan) }
    }

    /// Rows in the order of a column that holds their positions.
    pub fn by_position(plan: LogicalPlan, position: &str) -> Self {
        let key = OrderKey { column: position.to_owned(), ascending: true, nulls_first: true };
        Self { order: vec![key], total: true, ..Self::open(plan) }
    }

    /// The same order over a plan that still has its columns.
    pub fn over(&self, plan: LogicalPlan) -> Self {
        Self { order: self.order.clone(), total: self.total, ..self.reopen(plan) }
    }

    /// The same groups over a plan that still has their columns, in any order.
    pub fn reopen(&self, plan: LogicalPlan) -> Self {
        Self { groups: self.groups.clone(), carried: self.carried.clone(), ..Self::open(plan) }
    }

    /// The same groups in the order of a column.
    pub fn reordered(&self, plan: LogicalPlan, position: &str) -> Self {
        Self {
            groups: self.groups.clone(),
            carried: self.carried.clone(),
            ..Self::by_position(plan, position)
        }
    }

    /// Columns that no operator sees: those of the order, of the groups and what they carry.
    pub fn hidden(&self) -> impl Iterator<Item = &String> {
        self.order.iter().map(|k| &k.column).chain(&self.groups).chain(&self.carried)
    }

    /// The columns of the groups and what they carry.
    pub fn fixed(&self) -> impl Iterator<Item = &String> {
        self.groups.iter().chain(&self.carried)
    }

    pub fn sort_keys(&self) -> Vec<SortExpr> {
        self.order.iter().map(|k| SortExpr::new(column(&k.column), k.ascending, k.nulls_first)).collect()
    }

    /// The plan with its rows in order.
    pub fn sorted(&self) -> Result<LogicalPlan, ExecError> {
        if self.order.is_empty() {
            return Ok(self.plan.clone());
        }
        // The plan builder would take a key for a column that was computed by the same words.
        Ok(LogicalPlan::Sort(Sort {
            expr: normalize_sorts(self.sort_keys(), &self.plan)?,
            input: Arc::new(self.plan.clone()),
            fetch: None,
        }))
    }
}

impl Lowerer<'_> {
    /// Numbers the rows in their order, which is one total key from then on.
    pub(super) fn number(&self, rows: Rows) -> Result<Rows, ExecError> {
        if rows.total && rows.order.len() == 1 {
            return Ok(rows);
        }
        let name = self.own("row");
        let keys = rows.sort_keys();
        let call = if keys.is_empty() { row_number() } else { row_number().order_by(keys).build()? };
        let plan = LogicalPlanBuilder::from(rows.plan.clone()).window(vec![call.alias(&name)])?.build()?;
        Ok(rows.reordered(plan, &name))
    }
}
