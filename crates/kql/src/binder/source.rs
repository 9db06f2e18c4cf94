//! Tabular expressions.

use super::cast::cast;
use super::{Binder, Binding, Relation, names};
use crate::ast::{self, ExprKind as K};
use crate::program::{Expr, Pipeline, Source};
use crate::types::{Column, Schema, Type, Value};

impl Binder<'_, '_, '_> {
    /// Binds a table; none when its source is wrong (already reported).
    pub(super) fn table(&mut self, expr: &ast::Expr) -> Option<Relation> {
        if !self.count(1, expr.span) {
            return None;
        }
        self.deeper(expr.span, |b| b.table_kind(expr))
    }

    fn table_kind(&mut self, expr: &ast::Expr) -> Option<Relation> {
        match &expr.kind {
            K::Name(name) => self.named_table(name, expr),
            K::Pipe(source, operators) => {
                let mut relation = self.table(source).unwrap_or_else(Relation::broken);
                for operator in operators {
                    relation = self.operator(relation, operator);
                }
                Some(relation)
            }
            K::Datatable(columns, cells) => self.datatable(columns, cells, expr),
            K::Print(items) => {
                let items = &*super::spread::several_sorted(items);
                let row = Relation::new(Source::OneRow, Schema::default());
                let mut columns = Vec::new();
                let mut schema = Schema::default();
                for (at, item) in items.iter().enumerate() {
                    let value = self.scalar(&item.expr, &row);
                    let name = item.names.first().map_or_else(|| format!("print_{at}"), |n| n.text.clone());
                    let name = names::unique(&schema, &name);
                    schema.push(&name, value.as_ref().map_or(Type::Dynamic, |v| v.ty));
                    columns.extend(value.map(|v| (name, v)));
                }
                let mut relation = row;
                let whole = columns.len() == items.len();
                relation.project(columns);
                relation.schema = schema;
                relation.poisoned = !whole;
                Some(relation)
            }
            K::Range { name, from, to, step } => {
                let row = Relation::new(Source::OneRow, Schema::default());
                let bounds = [from, to, step].map(|e| self.scalar(e, &row));
                let [from, to, step] = bounds;
                let (from, to, step) = (from?, to?, step?);
                let ty = match (from.ty, step.ty) {
                    (Type::Datetime, _) => Type::Datetime,
                    (Type::Timespan, _) => Type::Timespan,
                    _ if [from.ty, to.ty, step.ty].contains(&Type::Real) => Type::Real,
                    _ => Type::Long,
                };
                let step_ty = if ty == Type::Datetime { Type::Timespan } else { ty };
                let source = Source::Range {
                    name: name.text.clone(),
                    ty,
                    from: cast(from, ty),
                    to: cast(to, ty),
                    step: cast(step, step_ty),
                };
                let schema = Schema { columns: vec![Column { name: name.text.clone(), ty }] };
                Some(Relation::new(source, schema))
            }
            K::Union(union) => Some(self.union(None, union, expr.span)),
            K::Call { name, args } => {
                if let Some(Binding::Function(function, scope)) = self.scope.get(&name.text).cloned() {
                    let inner = self.enter(&function, &scope, args, None, expr.span)?;
                    let outer = std::mem::replace(&mut self.scope, inner);
                    let result = self.deeper(expr.span, |b| b.statements(&function.body));
                    self.scope = outer;
                    return result;
                }
                match (name.text.as_str(), args.as_slice()) {
                    ("materialize", [only]) => self.table(&only.expr),
                    ("table", [only]) => match &only.expr.kind {
                        K::Literal(Value::String(table)) => self.named_table(table, expr),
                        _ => {
                            self.unsupported("table() of a computed name", expr.span);
                            None
                        }
                    },
                    _ => {
                        if self.is_tabular(expr) {
                            self.unsupported(&format!("the source {}()", name.text), name.span);
                        } else {
                            self.error("table_expected", expr.span, "a table is expected here");
                        }
                        None
                    }
                }
            }
            K::Path(..) if self.is_tabular(expr) => {
                self.unsupported("a table of another cluster or database", expr.span);
                None
            }
            K::Unsupported(word) => {
                self.unsupported(&format!("'{word}'"), expr.span);
                None
            }
            K::Error => None,
            _ => {
                self.error("table_expected", expr.span, "a table is expected here");
                None
            }
        }
    }

    fn named_table(&mut self, name: &str, expr: &ast::Expr) -> Option<Relation> {
        match self.scope.get(name) {
            Some(Binding::Stage(stage)) => {
                let schema = self.stages.get(*stage)?.pipeline.schema.clone();
                return Some(Relation::new(Source::Stage(*stage), schema));
            }
            Some(Binding::Broken) => return None,
            Some(Binding::Function(function, _))
                if function.parameters.iter().all(|p| p.default.is_some()) =>
            {
                // A function without arguments can be named like a table.
                let call =
                    K::Call { name: ast::Name { text: name.to_owned(), span: expr.span }, args: Vec::new() };
                return self.table(&ast::Expr { kind: call, span: expr.span, depth: expr.depth });
            }
            Some(Binding::Scalar(_) | Binding::Function(..)) => {
                self.error("table_expected", expr.span, format!("'{name}' is not a table"));
                return None;
            }
            None => {}
        }
        if let Some(table) = self.catalogue.table(name) {
            let column = |c: &crate::catalogue::ColumnDef| Column { name: c.name.clone(), ty: c.ty };
            let visible: Vec<Column> = table.columns.iter().map(column).collect();
            let hidden: Vec<Column> = table.hidden.iter().map(column).collect();
            let all = Schema { columns: visible.iter().chain(&hidden).cloned().collect() };
            let mut relation =
                Relation::new(Source::Table { name: table.name, schema: all }, Schema { columns: visible });
            relation.hidden = hidden;
            relation.aliases = table.aliases;
            return Some(relation);
        }
        let mut candidates = self.catalogue.tables();
        candidates.extend(
            self.scope.iter().filter(|(_, b)| matches!(b, Binding::Stage(_))).map(|(n, _)| n.clone()),
        );
        let suggestion = self.sink.nearest(name, candidates.iter().map(String::as_str));
        let message = match &suggestion {
            Some(near) => format!("there is no table '{name}'; did you mean '{near}'?"),
            None => format!("there is no table '{name}'"),
        };
        self.sink.error("unknown_table", expr.span, message, suggestion);
        None
    }

    fn datatable(
        &mut self,
        columns: &[(ast::Name, Type)],
        cells: &[ast::Expr],
        expr: &ast::Expr,
    ) -> Option<Relation> {
        if columns.is_empty() {
            self.error("syntax_error", expr.span, "a datatable needs columns");
            return None;
        }
        if !cells.len().is_multiple_of(columns.len()) {
            let message = format!("{} values do not fill rows of {} columns", cells.len(), columns.len());
            self.error("syntax_error", expr.span, message);
            return None;
        }
        let mut schema = Schema::default();
        for (name, ty) in columns {
            if schema.get(&name.text).is_some() {
                self.error(
                    "duplicate_column",
                    name.span,
                    format!("the column '{}' is given twice", name.text),
                );
                return None;
            }
            schema.push(&name.text, *ty);
        }
        let row = Relation::new(Source::OneRow, Schema::default());
        let mut rows = Vec::new();
        let mut whole = true;
        for line in cells.chunks(columns.len()) {
            let mut values = Vec::with_capacity(columns.len());
            for (cell, (_, ty)) in line.iter().zip(columns) {
                match self.scalar(cell, &row) {
                    Some(value) => values.push(cast(value, *ty)),
                    None => whole = false,
                }
            }
            rows.push(values);
        }
        let relation = Relation::new(Source::Values { schema: schema.clone(), rows }, schema);
        Some(Relation { poisoned: !whole, ..relation })
    }

    /// Union by column name; a column that has two types splits into `name_type`.
    pub(super) fn union(
        &mut self,
        first: Option<Relation>,
        union: &ast::Union,
        span: crate::diagnostic::Span,
    ) -> Relation {
        let mut inner_kind = false;
        let mut with_source: Option<String> = None;
        let mut fuzzy = false;
        for setting in &union.settings {
            match setting.name.text.as_str() {
                "kind" => inner_kind = setting.value.text == "inner",
                "withsource" | "with_source" => with_source = Some(setting.value.text.clone()),
                "isfuzzy" => fuzzy = setting.value.text == "true",
                other if other.starts_with("hint.") => {}
                other => self.unsupported(&format!("the setting '{other}' of union"), setting.name.span),
            }
        }
        let mut inputs: Vec<(String, Relation)> = Vec::new();
        let mut poisoned = false;
        if let Some(first) = first {
            inputs.push(("union_arg0".to_owned(), first));
        }
        for table in &union.tables {
            match &table.kind {
                K::Wildcard(pattern) => {
                    let mut matching = self.catalogue.tables();
                    let lets = self
                        .scope
                        .iter()
                        .filter(|(_, b)| matches!(b, Binding::Stage(_) | Binding::Function(..)));
                    let mut own: Vec<String> = lets.map(|(n, _)| n.clone()).collect();
                    own.sort();
                    matching.extend(own);
                    matching.retain(|t| names::wildcard(pattern, t));
                    for name in matching {
                        inputs.extend(self.named_table(&name, table).map(|r| (name, r)));
                    }
                }
                K::Star => {
                    for name in self.catalogue.tables() {
                        inputs.extend(self.named_table(&name, table).map(|r| (name, r)));
                    }
                }
                // A fuzzy union leaves out tables that are not there.
                K::Name(name) if fuzzy && !self.is_tabular(table) && !self.scope.contains_key(name) => {
                    self.sink.warning(
                        "table_left_out",
                        table.span,
                        format!("the union leaves out '{name}', which is not there"),
                    );
                }
                _ => match self.table(table) {
                    Some(relation) => {
                        let name = match &table.kind {
                            K::Name(name) => name.clone(),
                            _ => format!("union_arg{}", inputs.len()),
                        };
                        inputs.push((name, relation));
                    }
                    None => poisoned = true,
                },
            }
        }
        poisoned |= inputs.iter().any(|(_, r)| r.poisoned);
        if inputs.is_empty() {
            if !poisoned {
                self.error("empty_union", span, "the union has no table");
            }
            return Relation::broken();
        }
        let width: usize = inputs.iter().map(|(_, r)| r.schema.columns.len()).sum();
        if !self.count(width, span) {
            return Relation::broken();
        }
        let columns = union_columns(&inputs, inner_kind);
        let mut schema = Schema::default();
        if let Some(name) = &with_source {
            schema.push(name, Type::String);
        }
        for (name, _, ty) in &columns {
            let name = names::unique(&schema, name);
            schema.push(name, *ty);
        }
        let aliases = inputs.first().map(|(_, r)| r.aliases.clone()).unwrap_or_default();
        let pipelines: Vec<Pipeline> = inputs
            .into_iter()
            .map(|(table, mut relation)| {
                let mut list: Vec<(String, Expr)> = Vec::new();
                if let Some(name) = &with_source {
                    list.push((name.clone(), Expr::literal(Value::String(table), span)));
                }
                let offset = list.len();
                for (at, (_, from, ty)) in columns.iter().enumerate() {
                    let name = schema.columns[at + offset].name.clone();
                    let expr = match relation.schema.get(from) {
                        Some(c) if c.ty == *ty => Expr::column(from, *ty),
                        _ if *ty == Type::String => Expr::literal(Value::String(String::new()), span),
                        _ => Expr::literal(Value::Null(*ty), span),
                    };
                    list.push((name, expr));
                }
                relation.project(list);
                relation.finish()
            })
            .collect();
        let mut relation = Relation::new(Source::Union(pipelines), schema);
        relation.poisoned = poisoned;
        relation.aliases = aliases;
        relation
    }
}

/// (output name, input name, type) by first appearance.
fn union_columns(inputs: &[(String, Relation)], inner: bool) -> Vec<(String, String, Type)> {
    let mut found: Vec<(String, Type)> = Vec::new();
    for (_, relation) in inputs {
        for column in &relation.schema.columns {
            if found.iter().any(|(n, t)| *n == column.name && *t == column.ty) {
                continue;
            }
            // The types of one name stand side by side.
            let at = found.iter().rposition(|(n, _)| *n == column.name).map_or(found.len(), |at| at + 1);
            found.insert(at, (column.name.clone(), column.ty));
        }
    }
    if inner {
        found.retain(|(n, t)| inputs.iter().all(|(_, r)| r.schema.get(n).is_some_and(|c| c.ty == *t)));
    }
    let split = |name: &str| found.iter().filter(|(n, _)| n == name).count() > 1;
    found
        .iter()
        .map(|(name, ty)| {
            let out = if split(name) { format!("{name}_{}", ty.name()) } else { name.clone() };
            (out, name.clone(), *ty)
        })
        .collect()
}
