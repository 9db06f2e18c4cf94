//! Patterns of `declare pattern`: the query that constant texts stand for.

use std::rc::Rc;

use super::{Binder, Binding, Relation, Scope};
use crate::ast::{self, ExprKind as K, NamedExpr, Pattern, Step};
use crate::types::Value;

/// A call of a pattern.
pub(super) struct PatternCall<'e> {
    pattern: Rc<Pattern>,
    /// The names that its cases see.
    scope: Scope,
    name: &'e ast::Name,
    args: &'e [NamedExpr],
    path: &'e [Step],
}

impl Binder<'_, '_, '_> {
    /// The call of a pattern that an expression is.
    pub(super) fn called_pattern<'e>(&self, expr: &'e ast::Expr) -> Option<PatternCall<'e>> {
        let (call, path): (&ast::Expr, &[Step]) = match &expr.kind {
            K::Path(base, steps) => (base, steps),
            _ => (expr, &[]),
        };
        let K::Call { name, args } = &call.kind else { return None };
        match self.scope.get(&name.text) {
            Some(Binding::Pattern(pattern, scope)) => {
                let (pattern, scope) = (Rc::clone(pattern), Scope::clone(scope));
                Some(PatternCall { pattern, scope, name, args, path })
            }
            _ => None,
        }
    }

    /// The rows of the case that a call means.
    pub(super) fn pattern_table(&mut self, call: &PatternCall<'_>, expr: &ast::Expr) -> Option<Relation> {
        let mut values = Vec::with_capacity(call.args.len());
        for arg in call.args {
            values.push(self.pattern_text(&arg.expr)?);
        }
        let property = match call.path {
            [] => None,
            [Step::Field(field)] => Some(field.text.clone()),
            [Step::Index(index)] => Some(self.pattern_text(index)?),
            _ => {
                self.error("wrong_arguments", expr.span, "the path of a pattern has one part");
                return None;
            }
        };
        let case = call.pattern.cases.iter().find(|c| c.arguments == values && c.path == property);
        let Some(case) = case else {
            let values: Vec<String> = values.iter().map(|v| format!("'{v}'")).collect();
            let property = property.map(|p| format!(".['{p}']")).unwrap_or_default();
            let message =
                format!("the pattern has no case for {}({}){property}", call.name.text, values.join(", "));
            self.error("unknown_pattern", expr.span, message);
            return None;
        };
        self.table_function(&case.body, &call.scope, None, &[], expr.span)
    }

    fn pattern_text(&mut self, expr: &ast::Expr) -> Option<String> {
        match self.constant(expr)? {
            Value::String(text) => Some(text),
            other => {
                let message = format!("a pattern takes strings, not a {}", other.ty());
                self.error("type_mismatch", expr.span, message);
                None
            }
        }
    }
}
