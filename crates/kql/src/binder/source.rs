//! Tabular expressions.

use super::cast::cast;
use super::{Binder, Binding, Relation, Scope, enrich, names};
use crate::ast::{self, ExprKind as K};
use crate::functions;
use crate::program::{Expr, Source};
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
        if let Some(call) = self.called_pattern(expr) {
            return self.pattern_table(&call, expr);
        }
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
                let mut relation = Relation::new(Source::OneRow, Schema::default());
                let ((columns, schema, whole), before) = self.prepared(|b| b.printed(&relation, items));
                relation.operators.extend(before);
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
            K::External(external) => self.external(external, expr.span),
            K::Search(search) => Some(self.search(None, search, expr.span)),
            K::Find(find) => Some(self.find(find, expr.span)),
            K::Call { name, args } => {
                if let Some((function, scope)) = self.called(&name.text) {
                    return self.table_function(&function, &scope, None, args, expr.span);
                }
                match (name.text.as_str(), args.as_slice()) {
                    ("materialize" | "totable", [only]) => self.table(&only.expr),
                    (name, args) if enrich::is_source(name) => self.enriched_source(name, args, expr.span),
                    ("table", [only]) => match &only.expr.kind {
                        K::Literal(Value::String(table)) => self.named_table(table, expr),
                        _ => {
                            self.unsupported("table() of a computed name", expr.span);
                            None
                        }
                    },
                    _ => {
                        let known = functions::UNSUPPORTED.contains(&name.text.as_str());
                        if known || self.is_tabular(expr) {
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

    /// The columns of `print`, their schema, and whether all were right.
    fn printed(&mut self, row: &Relation, items: &[ast::NamedExpr]) -> (Vec<(String, Expr)>, Schema, bool) {
        let items = &*super::spread::several_sorted(items);
        let mut columns = Vec::new();
        let mut schema = Schema::default();
        let mut whole = true;
        for (at, item) in items.iter().enumerate() {
            if let Some(several) = self.several(item, row, true) {
                whole &= several.is_some();
                for (name, expr) in several.unwrap_or_default() {
                    let name = names::unique(&schema, &name);
                    schema.push(&name, expr.ty);
                    columns.push((name, expr));
                }
                continue;
            }
            let value = self.scalar(&item.expr, row);
            let name = match item.names.first() {
                Some(given) => given.text.clone(),
                None => super::spread::sorted_name(item).unwrap_or_else(|| format!("print_{at}")),
            };
            let name = names::unique(&schema, &name);
            schema.push(&name, value.as_ref().map_or(Type::Dynamic, |v| v.ty));
            match value {
                Some(value) => columns.push((name, value)),
                None => whole = false,
            }
        }
        (columns, schema, whole)
    }

    pub(super) fn named_table(&mut self, name: &str, expr: &ast::Expr) -> Option<Relation> {
        match self.scope.get(name) {
            Some(Binding::Stage(stage)) => return self.of_stage(*stage),
            Some(Binding::Graph(graph)) => {
                let graph = Some(std::rc::Rc::clone(graph));
                return Some(Relation { graph, ..Relation::new(Source::OneRow, Schema::default()) });
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
            Some(Binding::Scalar(_) | Binding::Function(..) | Binding::Pattern(..)) => {
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
            let source = match table.empty {
                true => Source::Values { schema: all, rows: Vec::new() },
                false => Source::Table { name: table.name, schema: all },
            };
            let mut relation = Relation::new(source, Schema { columns: visible });
            relation.hidden = hidden;
            relation.aliases = table.aliases;
            return Some(relation);
        }
        if let Some(function) = self.stored(name) {
            return self.table_function(&function, &Scope::default(), None, &[], expr.span);
        }
        let mut candidates = self.catalogue.tables();
        candidates.extend(self.catalogue.functions());
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
}
