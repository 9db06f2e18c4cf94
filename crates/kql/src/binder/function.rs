//! Calls of functions that a query or somebody before it wrote.

use super::cast::cast;
use super::{Binder, Binding, Relation, Scope, size};
use crate::ast::{self, NamedExpr};
use crate::diagnostic::Span;
use crate::program::{Expr, Source, StageOutput};
use crate::types::Schema;

impl Binder<'_, '_, '_> {
    /// The scope of a function's body with its arguments in place.
    fn enter(
        &mut self,
        function: &ast::Function,
        scope: &Scope,
        mut piped: Option<Relation>,
        args: &[NamedExpr],
        row: Option<&Relation>,
        span: Span,
    ) -> Option<Scope> {
        let mut parameters = function.parameters.as_slice();
        let mut inner = std::collections::HashMap::clone(scope);
        if let Some(rows) = piped.take() {
            let first = parameters.split_first().filter(|(first, _)| first.ty.is_none());
            let Some((first, rest)) = first else {
                let message = "after 'invoke' stands a function whose first parameter is a table";
                self.error("wrong_arguments", span, message);
                return None;
            };
            if rows.poisoned {
                return None;
            }
            let stage = self.stage(Some(first.name.text.clone()), StageOutput::Table, rows);
            inner.insert(first.name.text.clone(), Binding::Stage(stage));
            parameters = rest;
        }
        if args.len() > parameters.len() {
            let message = format!("this function takes {} arguments, not {}", parameters.len(), args.len());
            self.error("wrong_arguments", span, message);
            return None;
        }
        let unknown = args
            .iter()
            .flat_map(|a| a.names.first())
            .find(|n| !parameters.iter().any(|p| p.name.text == n.text));
        if let Some(name) = unknown {
            let suggestion = self.sink.nearest(&name.text, parameters.iter().map(|p| p.name.text.as_str()));
            let message = format!("this function has no parameter '{}'", name.text);
            self.sink.error("wrong_arguments", name.span, message, suggestion);
            return None;
        }
        let empty = Relation::new(Source::OneRow, Schema::default());
        for (at, parameter) in parameters.iter().enumerate() {
            let named = args.iter().find(|a| a.names.first().is_some_and(|n| n.text == parameter.name.text));
            let arg = named.or_else(|| args.get(at).filter(|a| a.names.is_empty())).map(|a| &a.expr);
            if let (None, Some(default), Some(_)) = (arg, &parameter.default, &function.stored) {
                let binding = self.stored_default(default, parameter.ty, span)?;
                inner.insert(parameter.name.text.clone(), binding);
                continue;
            }
            let binding = match (parameter.ty, arg.or(parameter.default.as_ref())) {
                (_, None) => {
                    let message = format!("the argument '{}' is missing", parameter.name.text);
                    self.error("wrong_arguments", span, message);
                    return None;
                }
                (Some(ty), Some(expr)) => {
                    let value = self.scalar(expr, row.unwrap_or(&empty))?;
                    Binding::Scalar(cast(value, ty))
                }
                (None, Some(expr)) => {
                    let relation = self.table(expr)?;
                    if relation.poisoned {
                        return None;
                    }
                    Binding::Stage(self.stage(
                        Some(parameter.name.text.clone()),
                        StageOutput::Table,
                        relation,
                    ))
                }
            };
            inner.insert(parameter.name.text.clone(), binding);
        }
        Some(Scope::new(inner))
    }

    /// A user function that gives rows; `piped` are those before `invoke`.
    pub(super) fn table_function(
        &mut self,
        function: &ast::Function,
        scope: &Scope,
        piped: Option<Relation>,
        args: &[NamedExpr],
        span: Span,
    ) -> Option<Relation> {
        if !self.readable(function, span) {
            return None;
        }
        let inner = self.enter(function, scope, piped, args, None, span)?;
        self.in_body(function, span, |b| {
            let outer = std::mem::replace(&mut b.scope, inner);
            let result = b.gives(function, span).then(|| b.deeper(span, |b| b.statements(&function.body)));
            b.scope = outer;
            result?
        })
    }

    /// `T | invoke f(a)`.
    pub(super) fn invoke(
        &mut self,
        input: Relation,
        name: &ast::Name,
        args: &[NamedExpr],
        span: Span,
    ) -> Relation {
        let binding = self.scope.get(&name.text).cloned();
        let stored = || self.stored(&name.text).map(|f| Binding::Function(f, Scope::default()));
        match binding.or_else(stored) {
            Some(Binding::Function(function, scope)) => {
                let poisoned = input.poisoned;
                let result = self.table_function(&function, &scope, Some(input), args, span);
                let result = result.unwrap_or_else(Relation::broken);
                return Relation { poisoned: result.poisoned || poisoned, ..result };
            }
            Some(Binding::Broken) => return Relation::broken(),
            Some(_) => {
                let message = format!("'{}' is not a function", name.text);
                self.error("function_expected", name.span, message);
                return Relation::broken();
            }
            None if super::enrich::is_invoked(&name.text) => {}
            None => {
                let known = super::enrich::INVOKED.into_iter().chain(self.scope.keys().map(String::as_str));
                let suggestion = self.sink.nearest(&name.text, known);
                let message = format!("there is no table function '{}'", name.text);
                self.sink.error("unknown_function", name.span, message, suggestion);
                return Relation::broken();
            }
        }
        self.enrich(input, name, args, span)
    }

    pub(super) fn scalar_function(
        &mut self,
        function: &ast::Function,
        scope: &Scope,
        args: &[NamedExpr],
        row: &Relation,
        span: Span,
    ) -> Option<Expr> {
        if !self.readable(function, span) {
            return None;
        }
        let inner = self.enter(function, scope, None, args, Some(row), span)?;
        let value = self.in_body(function, span, |b| {
            let outer = std::mem::replace(&mut b.scope, inner);
            let result =
                b.gives(function, span).then(|| b.deeper(span, |b| b.scalar_statements(&function.body)));
            b.scope = outer;
            result?
        })?;
        let nodes = size(&value);
        // Its place is one of another text: what is said of the value later is said of the call.
        let place = if function.stored.is_some() { span } else { value.span };
        self.count(nodes, span).then_some(Expr { span: place, ..value })
    }

    /// Whether a function has a statement that gives something; if not, that is reported.
    fn gives(&mut self, function: &ast::Function, span: Span) -> bool {
        let gives = function.body.iter().any(|s| matches!(s, ast::Statement::Query(_)));
        if !gives {
            self.error("empty_query", span, "the function has no statement that gives something");
        }
        gives
    }

    /// Statements of which the last one is a value.
    pub(super) fn scalar_statements(&mut self, statements: &[ast::Statement]) -> Option<Expr> {
        let mut value = None;
        let empty = Relation::new(Source::OneRow, Schema::default());
        for statement in statements {
            match statement {
                ast::Statement::Let { name, value } => self.bind_let(name, value),
                ast::Statement::Set { name, value } => self.option(name, value.as_ref()),
                ast::Statement::Query(expr) => value = self.scalar(expr, &empty),
                ast::Statement::Declare(parameters) => self.declare(parameters),
                ast::Statement::DeclarePattern { name, .. } => {
                    self.unsupported("a pattern in a function that gives a value", name.span);
                }
                ast::Statement::Unsupported { word, .. } => {
                    self.unsupported(&format!("'{}' in a function", word.text), word.span)
                }
            }
        }
        value
    }
}
