//! Expressions whose null counts as false: negation is pushed down, so that comparisons stay plain
//! and the store can prune with them.

use datafusion::logical_expr::{Expr, Operator, binary_expr};
use datafusion::prelude::{lit, not};
use palisade_kql::ast::BinaryOp;
use palisade_kql::program::{self, ExprKind};

use super::Lowerer;
use super::expression::{balanced, nullable};
use crate::error::ExecError;

impl Lowerer<'_> {
    /// True exactly where the language's value is true (or, negated, false).
    pub fn predicate(&self, expr: &program::Expr, negated: bool) -> Result<Expr, ExecError> {
        match &expr.kind {
            ExprKind::And(parts) => self.parts(parts, negated, Operator::And),
            ExprKind::Or(parts) => self.parts(parts, negated, Operator::Or),
            ExprKind::Not(inner) => self.predicate(inner, !negated),
            ExprKind::Binary(op, left, right) => self.comparison(*op, left, right, negated),
            ExprKind::Text { op, negated: own, left, right } => self.text(*op, *own != negated, left, right),
            ExprKind::In { ignore_case, negated: own, left, items, stages } => {
                self.membership([*ignore_case, *own != negated, true], left, items, stages)
            }
            _ => {
                let value = self.value(expr)?;
                Ok(if negated { not(value) } else { value })
            }
        }
    }

    fn parts(&self, parts: &[program::Expr], negated: bool, op: Operator) -> Result<Expr, ExecError> {
        let op = match (op, negated) {
            (Operator::And, false) | (Operator::Or, true) => Operator::And,
            _ => Operator::Or,
        };
        let lowered = parts.iter().map(|p| self.predicate(p, negated)).collect::<Result<Vec<_>, _>>()?;
        Ok(balanced(lowered, op).unwrap_or_else(|| lit(op == Operator::And)))
    }

    fn comparison(
        &self,
        op: BinaryOp,
        left: &program::Expr,
        right: &program::Expr,
        negated: bool,
    ) -> Result<Expr, ExecError> {
        use BinaryOp as B;
        let (a, b) = (self.value(left)?, self.value(right)?);
        let plain = !nullable(left) && !nullable(right);
        let operator = match (op, negated) {
            (B::Equal, false) | (B::NotEqual, true) => Operator::Eq,
            // One null side makes `!=` true, two make it null.
            (B::NotEqual, false) | (B::Equal, true) if plain => Operator::NotEq,
            (B::NotEqual, false) | (B::Equal, true) => Operator::IsDistinctFrom,
            (B::Less, false) | (B::GreaterOrEqual, true) => Operator::Lt,
            (B::LessOrEqual, false) | (B::Greater, true) => Operator::LtEq,
            (B::Greater, false) | (B::LessOrEqual, true) => Operator::Gt,
            (B::GreaterOrEqual, false) | (B::Less, true) => Operator::GtEq,
            _ => return Err(ExecError::Internal("arithmetic in a predicate".to_owned())),
        };
        Ok(binary_expr(a, operator, b))
    }
}
