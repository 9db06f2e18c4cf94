//! Columns by their names, checked, or read from keys and values.

use super::cast::cast;
use super::operator::spoiled;
use super::{Binder, Relation, names};
use crate::ast::{self, ExprKind as K};
use crate::diagnostic::Span;
use crate::program::{Expr, ExprKind, Operator, Source, Step};
use crate::types::{Schema, Type, Value};

impl Binder<'_, '_, '_> {
    /// `project-by-names`: columns whose names, or patterns of them, are constants.
    pub(super) fn project_by_names(&mut self, mut input: Relation, list: &[ast::Expr]) -> Relation {
        let mut patterns: Vec<String> = Vec::new();
        let row = Relation::new(Source::OneRow, Schema::default());
        for item in list {
            if let K::Call { name, args } = &item.kind
                && name.text == "column_names_of"
                && let [only] = args.as_slice()
            {
                match self.table(&only.expr) {
                    Some(table) => patterns.extend(table.schema.names().map(str::to_owned)),
                    None => return spoiled(input, true),
                }
                continue;
            }
            let Some(expr) = self.scalar(item, &row) else { return spoiled(input, true) };
            match expr.as_literal() {
                Some(Value::String(text)) => patterns.push(text.clone()),
                Some(Value::Dynamic(json)) => match serde_json::from_str::<Vec<String>>(json) {
                    Ok(names) => patterns.extend(names),
                    Err(_) => {
                        self.error(
                            "type_mismatch",
                            item.span,
                            "a text or an array of texts is expected here",
                        );
                        return spoiled(input, true);
                    }
                },
                _ => {
                    self.error("constant_expected", item.span, "the names of columns must be constants");
                    return spoiled(input, true);
                }
            }
        }
        let mut columns: Vec<(String, Expr)> = Vec::new();
        for pattern in &patterns {
            for column in input.schema.columns.iter().filter(|c| names::wildcard(pattern, &c.name)) {
                if !columns.iter().any(|(n, _)| *n == column.name) {
                    columns.push((column.name.clone(), Expr::column(&column.name, column.ty)));
                }
            }
        }
        input.project(columns);
        input
    }

    /// `assert-schema`: the columns are these, in any order.
    pub(super) fn assert_schema(
        &mut self,
        input: Relation,
        wanted: &[(ast::Name, Type)],
        span: Span,
    ) -> Relation {
        if input.poisoned || input.open {
            return input;
        }
        for (name, ty) in wanted {
            match input.schema.get(&name.text) {
                Some(column) if column.ty == *ty => {}
                Some(column) => {
                    let message = format!("the column '{}' is a {}, not a {ty}", name.text, column.ty);
                    self.error("schema_differs", name.span, message);
                }
                None => {
                    let message = format!("there is no column '{}'", name.text);
                    self.error("schema_differs", name.span, message);
                }
            }
        }
        if let Some(other) = input.schema.names().find(|n| wanted.iter().all(|(w, _)| w.text != *n)) {
            let message = format!("the column '{other}' is not part of the schema");
            self.error("schema_differs", span, message);
        }
        input
    }

    /// `parse-kv`: a bag of the keys and values, and its properties as columns.
    pub(super) fn parse_kv(
        &mut self,
        mut input: Relation,
        source: &ast::Expr,
        columns: &[(ast::Name, Type)],
        options: &[(ast::Name, ast::Expr)],
    ) -> Relation {
        let Some(text) = self.scalar(source, &input) else { return spoiled(input, true) };
        let row = Relation::new(Source::OneRow, Schema::default());
        let mut args = vec![cast(text, Type::String)];
        let mut values: [Option<Value>; 6] = Default::default();
        for (name, expr) in options {
            let known = ["pair_delimiter", "kv_delimiter", "quote", "escape", "greedy", "regex"];
            let Some(at) = known.iter().position(|k| *k == name.text) else {
                let suggestion = self.sink.nearest(&name.text, known);
                let message = format!("'{}' is not an option of parse-kv", name.text);
                self.sink.error("unknown_setting", name.span, message, suggestion);
                return spoiled(input, true);
            };
            let Some(value) = self.scalar(expr, &row) else { return spoiled(input, true) };
            match value.as_literal() {
                Some(value @ (Value::String(_) | Value::Bool(_))) => values[at] = Some(value.clone()),
                _ => {
                    self.error("constant_expected", expr.span, "an option of parse-kv is a constant");
                    return spoiled(input, true);
                }
            }
        }
        let span = source.span;
        for value in &values[..4] {
            let text = match value {
                Some(Value::String(text)) => text.clone(),
                _ => String::new(),
            };
            args.push(Expr::literal(Value::String(text), span));
        }
        let greedy = matches!(values[4], Some(Value::Bool(true)));
        args.push(Expr::literal(Value::Bool(greedy), span));
        let regex = match &values[5] {
            Some(Value::String(text)) => text.clone(),
            _ => String::new(),
        };
        args.push(Expr::literal(Value::String(regex), span));
        let keys: Vec<&str> = columns.iter().map(|(n, _)| n.text.as_str()).collect();
        let keys = serde_json::to_string(&keys).unwrap_or_default();
        args.push(Expr::literal(Value::Dynamic(keys), span));
        let kind = ExprKind::Call { function: "__parse_kv", args };
        let bag = Expr::new(kind, Type::Dynamic, span);
        // The bag is a column of its own first, so that it is made once per row.
        let own = names::unique(&input.schema, "$pairs");
        let mut list: Vec<(String, Expr)> =
            input.schema.columns.iter().map(|c| (c.name.clone(), Expr::column(&c.name, c.ty))).collect();
        list.push((own.clone(), bag));
        list.extend(input.hidden.iter().map(|h| (h.name.clone(), Expr::column(&h.name, h.ty))));
        input.operators.push(Operator::Project(list));
        let changed: Vec<(String, Expr)> = columns
            .iter()
            .map(|(name, ty)| {
                let base = Box::new(Expr::column(&own, Type::Dynamic));
                let steps = vec![Step::Field(name.text.clone())];
                let value = Expr::new(ExprKind::Path(base, steps), Type::Dynamic, span);
                let text = cast(value, Type::String);
                (name.text.clone(), if *ty == Type::String { text } else { cast(text, *ty) })
            })
            .collect();
        self.apply_extend(&mut input, changed);
        input
    }
}
