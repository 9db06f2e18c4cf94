//! Scalar expressions.

use super::cast::{array_items, cast};
use super::{Binder, Binding, Relation, size};
use crate::ast::{self, BinaryOp, ListOp, TextOp};
use crate::diagnostic::Span;
use crate::program::{Expr, ExprKind, StageOutput, Step};
use crate::types::{Type, Value};

impl Binder<'_, '_, '_> {
    /// Binds a scalar expression against a row; what is wrong is reported.
    pub(super) fn scalar(&mut self, expr: &ast::Expr, row: &Relation) -> Option<Expr> {
        if !self.count(1, expr.span) {
            return None;
        }
        self.deeper(expr.span, |b| b.scalar_kind(expr, row))
    }

    fn scalar_kind(&mut self, expr: &ast::Expr, row: &Relation) -> Option<Expr> {
        use ast::ExprKind as K;
        let span = expr.span;
        match &expr.kind {
            K::Literal(value) => Some(Expr::literal(value.clone(), span)),
            K::Name(name) => self.name(name, row, span),
            K::Path(base, steps) => self.path(base, steps, row, span),
            K::Call { name, args } => self.call(name, args, row, span),
            K::Negate(inner) => self.negate(inner, row, span),
            K::Binary(op, left, right) => {
                let (left, right) = (self.scalar(left, row), self.scalar(right, row));
                let (left, right) = (left?, right?);
                match op {
                    BinaryOp::Add
                    | BinaryOp::Subtract
                    | BinaryOp::Multiply
                    | BinaryOp::Divide
                    | BinaryOp::Modulo => self.arithmetic(*op, left, right, span),
                    _ => self.comparison(*op, left, right, span),
                }
            }
            K::Text { op, negated, left, right } => self.text(*op, *negated, left, right, row, span),
            K::List { op, negated, left, items } => self.list(*op, *negated, left, items, row, span),
            K::Between { negated, value, low, high } => self.between(*negated, [value, low, high], row, span),
            K::And(parts) => self.logic(parts, row, span, ExprKind::And),
            K::Or(parts) => self.logic(parts, row, span, ExprKind::Or),
            K::TypeOf(_) => {
                self.error("syntax_error", span, "typeof() does not belong here");
                None
            }
            K::Star | K::Wildcard(_) => {
                self.error("syntax_error", span, "'*' does not belong here");
                None
            }
            K::Unsupported(word) => {
                self.unsupported(&format!("'{word}'"), span);
                None
            }
            K::Matches(..) => {
                self.error("syntax_error", span, "':' belongs into a search");
                None
            }
            K::Pipe(..)
            | K::Datatable(..)
            | K::Print(_)
            | K::Range { .. }
            | K::Union(_)
            | K::External(_)
            | K::Search(_)
            | K::Find(_) => {
                self.error(
                    "scalar_expected",
                    span,
                    "a table stands where a value is expected; use toscalar()",
                );
                None
            }
            K::Error => None,
        }
    }

    fn name(&mut self, name: &str, row: &Relation, span: Span) -> Option<Expr> {
        if let Some(variable) = self.pattern_name(name, span) {
            return variable;
        }
        if let Some(column) = row.resolve(name) {
            let mut expr = Expr::column(&column.name, column.ty);
            expr.span = span;
            return Some(expr);
        }
        match self.scope.get(name).cloned() {
            Some(Binding::Scalar(value)) => {
                let nodes = size(&value);
                if !self.count(nodes, span) {
                    return None;
                }
                return Some(Expr { span, ..value });
            }
            Some(Binding::Broken) => return None,
            Some(Binding::Stage(_)) => {
                self.error("scalar_expected", span, format!("'{name}' is a table; a value is expected here"));
                return None;
            }
            Some(Binding::Graph(_)) => {
                self.error("scalar_expected", span, format!("'{name}' is a graph; a value is expected here"));
                return None;
            }
            Some(Binding::Pattern(..)) => {
                self.error(
                    "scalar_expected",
                    span,
                    format!("'{name}' is a pattern; a value is expected here"),
                );
                return None;
            }
            Some(Binding::Function(..)) => {
                self.error("scalar_expected", span, format!("'{name}' is a function; call it with ()"));
                return None;
            }
            None => {}
        }
        if row.poisoned {
            return None;
        }
        if row.open {
            self.inferred.push(name.to_owned());
            return Some(Expr { span, ..Expr::column(name, Type::Dynamic) });
        }
        if name == "null" {
            self.sink.error(
                "unknown_column",
                span,
                "a null has a type, such as int(null)".to_owned(),
                Some("dynamic(null)".into()),
            );
            return None;
        }
        if self.stored(name).is_some() {
            self.error("scalar_expected", span, format!("'{name}' is a function; call it with ()"));
            return None;
        }
        let columns = row.schema.names().chain(row.aliases.iter().map(|(a, _)| a.as_str()));
        let candidates = columns.chain(self.scope.keys().map(String::as_str));
        let suggestion = self.sink.nearest(name, candidates);
        let message = match &suggestion {
            Some(near) => format!("there is no column '{name}'; did you mean '{near}'?"),
            None => format!("there is no column '{name}'"),
        };
        self.sink.error("unknown_column", span, message, suggestion);
        None
    }

    fn path(&mut self, base: &ast::Expr, steps: &[ast::Step], row: &Relation, span: Span) -> Option<Expr> {
        if let ast::ExprKind::Name(side) = &base.kind
            && (side == "$left" || side == "$right")
        {
            self.error("syntax_error", span, format!("'{side}' belongs after 'on' of a join"));
            return None;
        }
        if let Some(state) = self.state_path(base, steps, row, span) {
            return state;
        }
        if let Some(property) = self.pattern_path(base, steps, span) {
            return property;
        }
        let base = self.scalar(base, row)?;
        if base.ty != Type::Dynamic {
            // A path into a text reads it as JSON in Kusto's tables of dynamic columns only.
            self.error(
                "type_mismatch",
                span,
                format!("a path needs a dynamic, not a {}; use parse_json()", base.ty),
            );
            return None;
        }
        let bound = self.path_steps(steps, row)?;
        Some(Expr::new(ExprKind::Path(Box::new(base), bound), Type::Dynamic, span))
    }

    pub(super) fn path_steps(&mut self, steps: &[ast::Step], row: &Relation) -> Option<Vec<Step>> {
        let mut bound = Vec::new();
        for step in steps {
            bound.push(match step {
                ast::Step::Field(name) => Step::Field(name.text.clone()),
                ast::Step::Index(index) => {
                    let index = self.scalar(index, row)?;
                    match index.as_literal() {
                        Some(Value::String(key)) => Step::Field(key.clone()),
                        Some(Value::Long(n)) => Step::Index(*n),
                        Some(Value::Int(n)) => Step::Index(i64::from(*n)),
                        _ => Step::Computed(index),
                    }
                }
            });
        }
        Some(bound)
    }

    fn negate(&mut self, inner: &ast::Expr, row: &Relation, span: Span) -> Option<Expr> {
        let value = self.scalar(inner, row)?;
        let negated = match value.as_literal() {
            Some(Value::Long(n)) => n.checked_neg().map(Value::Long),
            Some(Value::Int(n)) => n.checked_neg().map(Value::Int),
            Some(Value::Real(n)) => Some(Value::Real(-n)),
            Some(Value::Decimal(n)) => crate::decimal::canonical(&match n.strip_prefix('-') {
                Some(positive) => positive.to_owned(),
                None => format!("-{n}"),
            })
            .map(Value::Decimal),
            Some(Value::Timespan(n)) => n.checked_neg().map(Value::Timespan),
            _ => None,
        };
        if let Some(negated) = negated {
            return Some(Expr::literal(negated, span));
        }
        let zero = match value.ty {
            Type::Real => Value::Real(0.0),
            Type::Decimal => Value::Decimal("0".to_owned()),
            Type::Timespan => Value::Timespan(0),
            _ => Value::Long(0),
        };
        self.arithmetic(BinaryOp::Subtract, Expr::literal(zero, span), value, span)
    }

    fn logic(
        &mut self,
        parts: &[ast::Expr],
        row: &Relation,
        span: Span,
        make: fn(Vec<Expr>) -> ExprKind,
    ) -> Option<Expr> {
        let mut bound = Vec::with_capacity(parts.len());
        let mut whole = true;
        for part in parts {
            match self.predicate(part, row) {
                Some(expr) => bound.push(expr),
                None => whole = false,
            }
        }
        whole.then(|| Expr::new(make(bound), Type::Bool, span))
    }

    /// An expression that must be a bool.
    pub(super) fn predicate(&mut self, expr: &ast::Expr, row: &Relation) -> Option<Expr> {
        let bound = self.scalar(expr, row)?;
        match bound.ty {
            Type::Bool => Some(bound),
            Type::Dynamic | Type::Int | Type::Long => Some(cast(bound, Type::Bool)),
            other => {
                self.error("type_mismatch", expr.span, format!("a bool is expected here, not a {other}"));
                None
            }
        }
    }

    fn text(
        &mut self,
        op: TextOp,
        negated: bool,
        left: &ast::Expr,
        right: &ast::Expr,
        row: &Relation,
        span: Span,
    ) -> Option<Expr> {
        // `* has "x"` searches all text columns.
        if matches!(left.kind, ast::ExprKind::Star) {
            let right = cast(self.scalar(right, row)?, Type::String);
            let parts: Vec<Expr> = row
                .schema
                .columns
                .iter()
                .filter(|c| matches!(c.ty, Type::String | Type::Dynamic))
                .map(|c| {
                    let left = Box::new(cast(Expr::column(&c.name, c.ty), Type::String));
                    Expr::new(
                        ExprKind::Text { op, negated: false, left, right: Box::new(right.clone()) },
                        Type::Bool,
                        span,
                    )
                })
                .collect();
            let any = Expr::new(ExprKind::Or(parts), Type::Bool, span);
            return Some(if negated {
                Expr::new(ExprKind::Not(Box::new(any)), Type::Bool, span)
            } else {
                any
            });
        }
        let (left, right) = (self.scalar(left, row), self.scalar(right, row));
        let (left, right) = (Box::new(cast(left?, Type::String)), Box::new(cast(right?, Type::String)));
        Some(Expr::new(ExprKind::Text { op, negated, left, right }, Type::Bool, span))
    }

    /// Items in a list: constants of dynamic arrays are spread, tables become stages.
    fn list_items(&mut self, items: &[ast::Expr], row: &Relation) -> Option<(Vec<Expr>, Vec<usize>)> {
        let mut bound = Vec::new();
        let mut stages = Vec::new();
        let mut whole = true;
        for item in items {
            if self.is_tabular(item) {
                match self.list_stage(item) {
                    Some(stage) => stages.push(stage),
                    None => whole = false,
                }
                continue;
            }
            match self.scalar(item, row) {
                Some(expr) => match expr.as_literal().and_then(|v| array_items(v, expr.span)) {
                    Some(spread) => {
                        if !self.count(spread.len(), item.span) {
                            return None;
                        }
                        bound.extend(spread);
                    }
                    None => bound.push(expr),
                },
                None => whole = false,
            }
        }
        whole.then_some((bound, stages))
    }

    /// A table whose first column is a list.
    fn list_stage(&mut self, item: &ast::Expr) -> Option<usize> {
        let relation = self.table(item)?;
        if relation.poisoned {
            return None;
        }
        if relation.schema.columns.is_empty() {
            self.error("type_mismatch", item.span, "this table has no column to take values from");
            return None;
        }
        Some(self.stage(None, StageOutput::Materialized, relation))
    }

    fn list(
        &mut self,
        op: ListOp,
        negated: bool,
        left: &ast::Expr,
        items: &[ast::Expr],
        row: &Relation,
        span: Span,
    ) -> Option<Expr> {
        let bound = self.scalar(left, row);
        let (items, stages) = self.list_items(items, row)?;
        let left = bound?;
        let expr = match op {
            ListOp::HasAny | ListOp::HasAll => {
                let all = op == ListOp::HasAll;
                let left = cast(left, Type::String);
                // A computed array cannot be spread.
                if let [only] = items.as_slice()
                    && only.ty == Type::Dynamic
                    && only.as_literal().is_none()
                    && stages.is_empty()
                {
                    let function = if all { "__has_all_of" } else { "__has_any_of" };
                    let call = ExprKind::Call { function, args: vec![left, only.clone()] };
                    Expr::new(call, Type::Bool, span)
                } else {
                    let items = items.into_iter().map(|i| cast(i, Type::String)).collect();
                    Expr::new(ExprKind::Terms { all, left: Box::new(left), items, stages }, Type::Bool, span)
                }
            }
            ListOp::In | ListOp::InIgnoreCase => {
                return self.membership(op == ListOp::InIgnoreCase, negated, left, items, stages, span);
            }
        };
        Some(if negated { Expr::new(ExprKind::Not(Box::new(expr)), Type::Bool, span) } else { expr })
    }

    fn membership(
        &mut self,
        ignore_case: bool,
        negated: bool,
        left: Expr,
        items: Vec<Expr>,
        stages: Vec<usize>,
        span: Span,
    ) -> Option<Expr> {
        if let [only] = items.as_slice()
            && only.ty == Type::Dynamic
            && only.as_literal().is_none()
            && stages.is_empty()
        {
            let function = if ignore_case { "__in_array_ignore_case" } else { "__in_array" };
            let call =
                Expr::new(ExprKind::Call { function, args: vec![left, only.clone()] }, Type::Bool, span);
            return Some(if negated {
                Expr::new(ExprKind::Not(Box::new(call)), Type::Bool, span)
            } else {
                call
            });
        }
        let mut left = if ignore_case { cast(left, Type::String) } else { left };
        if left.ty == Type::Dynamic {
            let ty = items
                .first()
                .map_or(Type::String, |i| if i.ty == Type::Dynamic { Type::String } else { i.ty });
            left = cast(left, ty);
        }
        // A real among integers makes the comparison real.
        if left.ty.is_integer() && items.iter().any(|i| i.ty == Type::Real) {
            left = cast(left, Type::Real);
        } else if left.ty == Type::Int && items.iter().any(|i| i.ty == Type::Long) {
            let fits = |i: &Expr| matches!(i.as_literal(), Some(Value::Long(n)) if i32::try_from(*n).is_ok());
            if !items.iter().all(|i| i.ty == Type::Int || fits(i)) {
                left = cast(left, Type::Long);
            }
        }
        let texts = items.iter().any(|i| i.ty == Type::String);
        let mut items = items;
        if texts && super::cast::plain(left.ty) {
            let converted: Option<Vec<Expr>> = items
                .iter()
                .map(|i| {
                    if i.ty == Type::String { super::cast::constant_as(i, left.ty) } else { Some(i.clone()) }
                })
                .collect();
            match converted {
                Some(constants) => items = constants,
                None => left = cast(left, Type::String),
            }
        }
        let mut cast_items = Vec::with_capacity(items.len());
        for item in items {
            let text = left.ty == Type::String && super::cast::plain(item.ty);
            if item.ty != left.ty && !text && super::common_type(left.ty, item.ty).is_none() {
                let message = format!("a {} is compared with a list that holds a {}", left.ty, item.ty);
                self.error("type_mismatch", span, message);
                return None;
            }
            cast_items.push(cast(item, left.ty));
        }
        let kind = ExprKind::In { ignore_case, negated, left: Box::new(left), items: cast_items, stages };
        Some(Expr::new(kind, Type::Bool, span))
    }

    fn between(&mut self, negated: bool, parts: [&ast::Expr; 3], row: &Relation, span: Span) -> Option<Expr> {
        let [value, low, high] = parts.map(|p| self.scalar(p, row));
        let (value, low, mut high) = (value?, low?, high?);
        // `between (start .. 3d)` means up to start + 3d.
        if value.ty == Type::Datetime && low.ty == Type::Datetime && high.ty == Type::Timespan {
            high = self.arithmetic(BinaryOp::Add, low.clone(), high, span)?;
        }
        let nodes = size(&value);
        if !self.count(nodes, span) {
            return None;
        }
        let from = self.comparison(BinaryOp::GreaterOrEqual, value.clone(), low, span)?;
        let to = self.comparison(BinaryOp::LessOrEqual, value, high, span)?;
        let both = Expr::new(ExprKind::And(vec![from, to]), Type::Bool, span);
        Some(if negated { Expr::new(ExprKind::Not(Box::new(both)), Type::Bool, span) } else { both })
    }
}
