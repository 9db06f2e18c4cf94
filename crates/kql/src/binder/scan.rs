//! `scan`: steps, their conditions and what they assign.

use std::collections::HashSet;

use super::cast::cast;
use super::{Binder, Relation};
use crate::ast;
use crate::diagnostic::Span;
use crate::program::{Expr, ExprKind, Operator, Scan, ScanOutput, ScanStep, Source, state_column};
use crate::types::{Column, Schema, Type, Value};

/// What the steps of a `scan` may name.
pub(super) struct States {
    /// Steps up to the one whose expressions are bound.
    steps: Vec<String>,
    /// Columns of a state.
    columns: Schema,
}

impl Binder<'_, '_, '_> {
    pub(super) fn scan(&mut self, mut input: Relation, scan: &ast::Scan, span: Span) -> Relation {
        let mut match_id = None;
        let mut whole = true;
        for setting in &scan.settings {
            match setting.name.text.as_str() {
                "with_match_id" => match_id = Some(setting.value.clone()),
                other => self.unsupported(&format!("the setting '{other}' of scan"), setting.name.span),
            }
        }
        if !scan.order.is_empty() {
            input = self.sort(input, &scan.order, None);
        }
        let mut partition = Vec::new();
        for key in &scan.partition {
            match self.scalar(&key.expr, &input) {
                Some(expr) => partition.push(expr),
                None => whole = false,
            }
        }
        let before = input.schema.clone();
        let mut columns = before.clone();
        let mut declared = Vec::new();
        for column in &scan.declared {
            if columns.get(&column.name.text).is_some() {
                let message = format!("the column '{}' is there already", column.name.text);
                self.error("duplicate_column", column.name.span, message);
                whole = false;
                continue;
            }
            columns.push(&column.name.text, column.ty);
            match self.scan_default(column) {
                Some(value) => declared.push((column.name.text.clone(), value)),
                None => whole = false,
            }
        }
        let mut row = Relation::new(Source::OneRow, columns.clone());
        row.aliases.clone_from(&input.aliases);
        row.poisoned = input.poisoned;
        let steps = self.scan_steps(scan, &row, before.columns.len());
        if scan.steps.is_empty() {
            self.error("syntax_error", span, "scan needs a step");
        }
        let mut schema = columns;
        if let Some(name) = &match_id {
            if schema.get(&name.text).is_some() {
                let message = format!("the column '{}' is there already", name.text);
                self.error("duplicate_column", name.span, message);
                whole = false;
            } else {
                schema.push(&name.text, Type::Long);
            }
        }
        let Some(steps) = steps.filter(|s| whole && !s.is_empty() && !input.poisoned) else {
            input.schema = schema;
            input.poisoned = true;
            return input;
        };
        // The hidden columns end here.
        let all = before.columns.iter().map(|c| (c.name.clone(), Expr::column(&c.name, c.ty))).collect();
        let keys: Vec<(String, Expr)> =
            partition.iter().enumerate().map(|(at, e)| (format!("$p{at}"), e.clone())).collect();
        if keys.is_empty() {
            input.project(all);
        } else {
            let mut with_keys: Vec<(String, Expr)> = all;
            with_keys.extend(keys.iter().cloned());
            input.project(with_keys);
        }
        let partition = keys.into_iter().map(|(name, e)| Expr::column(name, e.ty)).collect();
        input.operators.push(Operator::Scan(Box::new(Scan {
            input: before,
            declared,
            match_id: match_id.map(|n| n.text),
            partition,
            steps,
        })));
        input.schema = schema;
        input
    }

    fn scan_default(&mut self, column: &ast::ScanColumn) -> Option<Value> {
        let null = match column.ty {
            Type::String => Value::String(String::new()),
            ty => Value::Null(ty),
        };
        let Some(default) = &column.default else { return Some(null) };
        let row = Relation::new(Source::OneRow, Schema::default());
        let bound = cast(self.scalar(default, &row)?, column.ty);
        let constant = bound.as_literal().cloned();
        if constant.is_none() {
            self.error("constant_expected", default.span, "the default must be a constant");
        }
        constant
    }

    fn scan_steps(&mut self, scan: &ast::Scan, row: &Relation, own: usize) -> Option<Vec<ScanStep>> {
        let mut names: Vec<String> = Vec::new();
        let mut steps = Vec::new();
        let mut whole = true;
        for step in &scan.steps {
            if names.contains(&step.name.text) {
                let message = format!("the step '{}' is there already", step.name.text);
                self.error("duplicate_step", step.name.span, message);
                whole = false;
            }
            names.push(step.name.text.clone());
            let mut output = ScanOutput::All;
            for setting in &step.settings {
                match (setting.name.text.as_str(), setting.value.text.as_str()) {
                    ("output", "all") => output = ScanOutput::All,
                    ("output", "last") => output = ScanOutput::Last,
                    ("output", "none") => output = ScanOutput::None,
                    (name, value) => {
                        self.unsupported(
                            &format!("the setting '{name}={value}' of a step"),
                            setting.name.span,
                        );
                    }
                }
            }
            let states = States { steps: names.clone(), columns: row.schema.clone() };
            let outer = self.states.replace(states);
            let condition = self.predicate(&step.condition, row);
            let mut assignments = Vec::new();
            let mut seen = HashSet::new();
            for (column, value) in &step.assignments {
                let value = self.scalar(value, row);
                let at = row.schema.columns.iter().position(|c| c.name == column.text);
                let Some((at, known)) = at
                    .filter(|at| *at >= own)
                    .and_then(|at| row.schema.columns.get(at).map(|c: &Column| (at - own, c.ty)))
                else {
                    let message = format!("'{}' is not a declared column of this scan", column.text);
                    self.error("unknown_column", column.span, message);
                    whole = false;
                    continue;
                };
                if !seen.insert(at) {
                    let message = format!("the column '{}' is given twice", column.text);
                    self.error("duplicate_column", column.span, message);
                    whole = false;
                }
                match value {
                    Some(value) => assignments.push((at, cast(value, known))),
                    None => whole = false,
                }
            }
            self.states = outer;
            match condition {
                Some(condition) => {
                    steps.push(ScanStep { name: step.name.text.clone(), output, condition, assignments });
                }
                None => whole = false,
            }
        }
        whole.then_some(steps)
    }

    /// `step.column` inside a `scan`. None when it is something else, `Some(None)` when it is wrong.
    #[allow(clippy::option_option)]
    pub(super) fn state_path(
        &mut self,
        base: &ast::Expr,
        steps: &[ast::Step],
        row: &Relation,
        span: Span,
    ) -> Option<Option<Expr>> {
        let (ast::ExprKind::Name(name), Some((ast::Step::Field(column), rest))) =
            (&base.kind, steps.split_first())
        else {
            return None;
        };
        let states = self.states.as_ref()?;
        let step = states.steps.iter().position(|s| s == name)?;
        let Some(at) = states.columns.columns.iter().position(|c| c.name == column.text) else {
            let suggestion = self.sink.nearest(&column.text, states.columns.names());
            let message = format!("the step '{name}' has no column '{}'", column.text);
            self.sink.error("unknown_column", column.span, message, suggestion);
            return Some(None);
        };
        let ty = states.columns.columns.get(at).map_or(Type::Dynamic, |c| c.ty);
        let state = Expr { span, ..Expr::column(state_column(step, at), ty) };
        if rest.is_empty() {
            return Some(Some(state));
        }
        if ty != Type::Dynamic {
            self.error(
                "type_mismatch",
                span,
                format!("a path needs a dynamic, not a {ty}; use parse_json()"),
            );
            return Some(None);
        }
        let bound = self.path_steps(rest, row);
        Some(bound.map(|steps| Expr::new(ExprKind::Path(Box::new(state), steps), Type::Dynamic, span)))
    }
}
