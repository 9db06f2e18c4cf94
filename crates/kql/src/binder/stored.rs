//! Stored functions: found by the catalogue, read once, and bound in place of their calls.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::cast::cast;
use super::{Binder, Binding, Relation, Scope};
use crate::ast;
use crate::catalogue::Catalogue;
use crate::diagnostic::{Sink, Span, Within};
use crate::program::{Expr, Source, StageOutput};
use crate::stored::{self, FunctionDef, FunctionShape};
use crate::types::{Schema, Type, Value};

/// Most stored functions that may call each other in a row.
const MAX_CALLS: usize = 32;

/// What may be wrong with a body whatever the columns of its tables are.
const OF_NAMES: [&str; 4] = ["unknown_table", "unknown_function", "function_cycle", "not_supported"];

/// Stored functions by name as they were read; none where there is no such function.
#[derive(Default)]
pub(super) struct Read(RefCell<HashMap<String, Option<Rc<ast::Function>>>>);

impl Binder<'_, '_, '_> {
    /// The stored function of that name. One whose text is wrong has no statements: its call tells why.
    pub(super) fn stored(&self, name: &str) -> Option<Rc<ast::Function>> {
        if let Some(known) = self.stored.0.borrow().get(name) {
            return known.clone();
        }
        let found = self.catalogue.function(name).map(|def| {
            let read = stored::read(&def);
            let (parameters, body) = read.unwrap_or_default();
            let stored = Some(def.into());
            Rc::new(ast::Function { parameters, body, view: false, span: Span::default(), stored })
        });
        self.stored.0.borrow_mut().insert(name.to_owned(), found.clone());
        found
    }

    /// The function that a call means: one of the query, or a stored one.
    pub(super) fn called(&self, name: &str) -> Option<(Rc<ast::Function>, Scope)> {
        match self.scope.get(name) {
            Some(Binding::Function(function, scope)) => Some((function.clone(), scope.clone())),
            Some(_) => None,
            None => self.stored(name).map(|function| (function, Scope::default())),
        }
    }

    /// Binds the body of a function; what is wrong in that of a stored one is told as such.
    pub(super) fn in_body<T>(
        &mut self,
        function: &ast::Function,
        span: Span,
        rule: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let Some(def) = &function.stored else { return rule(self) };
        let chain: Vec<&str> = self.sink.called().map(|f| f.name.as_str()).collect();
        if let Some(at) = chain.iter().position(|name| *name == def.name) {
            let circle = chain[at..].join(" → ");
            let message = format!("functions call each other in a circle: {circle} → {}", def.name);
            self.error("function_cycle", span, message);
            return None;
        }
        if chain.len() >= MAX_CALLS {
            let message = format!("more than {MAX_CALLS} stored functions call each other in a row");
            self.error("too_deep", span, message);
            return None;
        }
        self.sink.enter(Within::Stored(def.clone(), span));
        let result = rule(self);
        self.sink.leave();
        result
    }

    /// Whether a function could be read: a stored one could when it was stored. Says why not.
    pub(super) fn readable(&mut self, function: &ast::Function, span: Span) -> bool {
        let Some(def) = function.stored.as_deref().filter(|_| function.body.is_empty()) else { return true };
        let (place, wrong) = match stored::read(def) {
            Err(stored::FunctionError::Body(found)) => {
                let first = found.into_iter().next();
                let place = first.as_ref().map(|d| format!(", line {}, column {}", d.line, d.column));
                (place.unwrap_or_default(), first.map_or_else(String::new, |d| d.message))
            }
            Err(other) => (String::new(), other.to_string()),
            Ok(_) => (String::new(), "it has no statement".to_owned()),
        };
        self.error("function_invalid", span, format!("in function {}{place}: {wrong}", def.name));
        false
    }

    /// The default of a stored function's parameter, which sees no name of the query.
    pub(super) fn stored_default(
        &mut self,
        default: &ast::Expr,
        ty: Option<Type>,
        span: Span,
    ) -> Option<Binding> {
        let outer = std::mem::take(&mut self.scope);
        self.sink.enter(Within::Own(span));
        let row = Relation::new(Source::OneRow, Schema::default());
        let value = match ty {
            Some(ty) => self.scalar(default, &row).map(|value| Binding::Scalar(cast(value, ty))),
            None => {
                self.error("wrong_arguments", span, "a tabular parameter has no default");
                None
            }
        };
        self.sink.leave();
        self.scope = outer;
        value
    }

    /// What a parameter stands for while nobody calls the function.
    fn placeholder(&mut self, parameter: &ast::Parameter) -> Option<Binding> {
        let name = &parameter.name.text;
        let Some(ty) = parameter.ty else {
            let mut schema = Schema::default();
            for (column, ty) in &parameter.columns {
                schema.push(&column.text, *ty);
            }
            let any = schema.columns.is_empty();
            let source = Source::Values { schema: schema.clone(), rows: Vec::new() };
            let relation = Relation { open: any, ..Relation::new(source, schema) };
            return Some(Binding::Stage(self.stage(Some(name.clone()), StageOutput::Table, relation)));
        };
        match &parameter.default {
            Some(default) => self.stored_default(default, Some(ty), Span::default()),
            None => Some(Binding::Scalar(Expr::literal(sample(ty, self.now), Span::default()))),
        }
    }
}

/// Some value of a type: operators that need a constant take it.
fn sample(ty: Type, now: i64) -> Value {
    match ty {
        Type::Bool => Value::Bool(true),
        Type::Int => Value::Int(1),
        Type::Long => Value::Long(1),
        Type::Real => Value::Real(1.0),
        Type::Decimal => Value::Decimal("1".to_owned()),
        Type::String => Value::String(String::new()),
        Type::Datetime => Value::Datetime(now),
        Type::Timespan => Value::Timespan(36_000_000_000),
        Type::Dynamic => Value::Dynamic("{}".to_owned()),
        Type::Guid => Value::Guid("00000000-0000-0000-0000-000000000000".to_owned()),
    }
}

/// Binds a function's body with something in place of its parameters; places are those of the body.
pub(crate) fn check(
    def: &FunctionDef,
    (parameters, body): (Vec<ast::Parameter>, Vec<ast::Statement>),
    catalogue: &dyn Catalogue,
    now: i64,
    sink: &mut Sink<'_>,
) -> Option<FunctionShape> {
    let any = parameters.iter().any(|p| p.ty.is_none() && p.columns.is_empty());
    let whole = parameters.iter().all(|p| p.default.is_some());
    let mut binder = Binder::new(catalogue, now, &[], sink);
    let mut scope = HashMap::new();
    for parameter in &parameters {
        scope.insert(parameter.name.text.clone(), binder.placeholder(parameter)?);
    }
    let function = ast::Function { parameters, body, view: false, span: Span::default(), stored: None };
    binder.scope = Scope::new(scope);
    binder.sink.enter(Within::Itself(def.clone().into()));
    let tabular = binder.function_is_tabular(&function, &binder.scope.clone(), super::MAX_LOOKS);
    let columns = match tabular {
        true => binder.statements(&function.body).filter(|r| !r.poisoned && !r.open && r.graph.is_none()),
        false => {
            binder.scalar_statements(&function.body);
            None
        }
    };
    if any {
        // Its columns come from the argument: whether they fit is known at a call.
        binder.sink.retain(|d| OF_NAMES.contains(&d.code.as_str()));
    }
    let gives = function.body.iter().any(|s| matches!(s, ast::Statement::Query(_)));
    if !binder.sink.has_errors() && !gives {
        binder.error("empty_query", Span::default(), "the function has no statement that gives something");
    }
    if binder.sink.has_errors() {
        return None;
    }
    let certain = columns.filter(|_| whole && binder.open.is_none());
    let columns = certain.map(|relation| relation.schema.columns);
    Some(FunctionShape { tabular, columns })
}
