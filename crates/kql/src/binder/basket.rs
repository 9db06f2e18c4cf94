//! `basket`: values that occur together in many rows.

use super::operator::call_over;
use super::{Binder, Relation, names};
use crate::ast::NamedExpr;
use crate::diagnostic::Span;
use crate::program::{Basket, ExprKind, Operator, TableFunction};
use crate::types::{Schema, Type, Value};

/// Least share of the rows, and the one where none is given.
const LEAST_THRESHOLD: f64 = 0.015;
const THRESHOLD: f64 = 0.05;
/// Values of a pattern where no number is given.
const DIMENSIONS: u32 = 5;

impl Binder<'_, '_, '_> {
    /// `basket(threshold, weight, dimensions, wildcards…)`; `'~'` stands for what is not given.
    pub(super) fn basket(&mut self, input: Relation, args: &[NamedExpr], span: Span) -> Option<Relation> {
        let (mut threshold, mut weight, mut dimensions) = (THRESHOLD, None, DIMENSIONS);
        let mut wildcards: Vec<Value> = Vec::new();
        for (at, arg) in args.iter().enumerate() {
            let bound = self.scalar(&arg.expr, &input)?;
            if matches!(bound.as_literal(), Some(Value::String(text)) if text == "~") {
                continue;
            }
            let wrong = match (at, bound.as_literal(), &bound.kind) {
                (0, value, _) => {
                    threshold = match value {
                        Some(Value::Real(share)) => *share,
                        Some(Value::Long(1) | Value::Int(1)) => 1.0,
                        _ => 0.0,
                    };
                    let within = (LEAST_THRESHOLD..=1.0).contains(&threshold);
                    (!within).then_some("the threshold of basket() is a number from 0.015 to 1")
                }
                (1, _, ExprKind::Column(name)) if bound.ty.is_numeric() => {
                    weight = input.schema.names().position(|n| n == name);
                    weight.is_none().then_some("the weight of basket() is a column of the table")
                }
                (1, _, _) => Some("the weight of basket() is a column of numbers"),
                (2, Some(Value::Long(n)), _) => {
                    dimensions = u32::try_from(*n).unwrap_or(0);
                    (dimensions == 0).then_some("a pattern of basket() has at least one value")
                }
                (2, _, _) => Some("basket() takes the number of values of a pattern as a constant"),
                (_, Some(value), _) => {
                    wildcards.push(value.clone());
                    None
                }
                _ => Some("a wildcard of basket() is a constant"),
            };
            if let Some(message) = wrong {
                self.wrong_arguments(arg.expr.span, message);
                return None;
            }
        }
        if input.schema.columns.is_empty() && !input.open {
            self.wrong_arguments(span, "basket() needs columns");
            return None;
        }
        let mut schema = Schema::default();
        for (name, ty) in [("SegmentId", Type::Long), ("Count", Type::Long), ("Percent", Type::Real)] {
            schema.push(name, ty);
        }
        let mut own = Vec::with_capacity(input.schema.columns.len());
        for column in &input.schema.columns {
            schema.push(names::unique(&schema, &column.name), column.ty);
            // The last one of a type counts.
            let given = wildcards.iter().rev().find(|w| w.ty() == column.ty).cloned();
            own.push(given.unwrap_or(Value::Null(column.ty)));
        }
        let basket = Basket { threshold, weight, dimensions, wildcards: own };
        let mut output = call_over(input, TableFunction::Basket(Box::new(basket)));
        output.aliases.clear();
        output.schema = schema.clone();
        if let Some(Operator::Call(call)) = output.operators.last_mut() {
            call.schema = schema;
        }
        Some(output)
    }
}
