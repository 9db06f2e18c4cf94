//! What is evaluated: names are numbers, and every type has conditions of its own.

use super::Literal;
use crate::schema::{InsightId, Kind, Link, Operator, Reading, TableId};

/// A target's place in a plan.
pub(crate) type NodeAt = usize;

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Every target, and the steps of insights between them.
    pub nodes: Vec<Vec<Pick>>,
    pub root: NodeAt,
    pub columns: Vec<PlanColumn>,
    /// How cells are filled, from the root.
    pub cells: Vec<CellPlan>,
}

/// Nodes of one table.
#[derive(Clone, Debug)]
pub(crate) struct Pick {
    pub table: TableId,
    pub kinds: Vec<u8>,
    pub expr: Expr,
}

#[derive(Clone, Debug)]
pub(crate) enum Expr {
    Filter(Filter),
    /// Connected with a node of the target over one of the links.
    Follow {
        links: Vec<Link>,
        target: NodeAt,
    },
    /// All; of none, everything.
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
}

#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub column: usize,
    pub operator: Operator,
    pub value: Literal,
}

/// A column of the answer, beside the node itself.
#[derive(Clone, Debug)]
pub(crate) struct PlanColumn {
    pub about: About,
    pub types: Vec<Kind>,
    pub pointer: String,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum About {
    Insight(InsightId),
    Connection(Reading),
}

/// How the cells of a branch are filled.
#[derive(Clone, Debug)]
pub(crate) struct CellPlan {
    pub column: usize,
    pub how: Step,
    /// Branches of the target.
    pub then: Vec<CellPlan>,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// An insight about the node itself: whether it holds, and properties to show.
    Own { expr: Expr, properties: Vec<(&'static str, usize)> },
    /// Over links into targets, one hop after the other.
    Reach(Vec<(Vec<Link>, NodeAt)>),
}
