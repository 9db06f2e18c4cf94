//! `union`.

use super::{Binder, Binding, INGEST_TIME, Relation, names};
use crate::ast::{self, ExprKind as K};
use crate::diagnostic::Span;
use crate::program::{Expr, Pipeline, Source};
use crate::types::{Column, Schema, Type, Value};

impl Binder<'_, '_, '_> {
    /// Union by column name; a column that has two types splits into `name_type`.
    pub(super) fn union(&mut self, first: Option<Relation>, union: &ast::Union, span: Span) -> Relation {
        let mut inner_kind = false;
        let mut with_source: Option<String> = None;
        let mut fuzzy = false;
        for setting in &union.settings {
            match setting.name.text.as_str() {
                "kind" => inner_kind = setting.value.text.eq_ignore_ascii_case("inner"),
                "withsource" | "with_source" => with_source = Some(setting.value.text.clone()),
                "isfuzzy" => fuzzy = setting.value.text.eq_ignore_ascii_case("true"),
                other if other.starts_with("hint.") => {}
                other => self.unsupported(&format!("the setting '{other}' of union"), setting.name.span),
            }
        }
        let mut inputs: Vec<(String, Relation)> = Vec::new();
        if let Some(first) = first {
            inputs.push(("union_arg0".to_owned(), first));
        }
        let whole = self.inputs(&union.tables, fuzzy, &mut inputs);
        if inputs.is_empty() && whole {
            self.error("empty_union", span, "the union has no table");
        }
        let united = self.unite(inputs, inner_kind, with_source.as_deref(), span);
        Relation { poisoned: united.poisoned || !whole, ..united }
    }

    /// The tables that operands name; false when one is wrong (already reported).
    pub(super) fn inputs(
        &mut self,
        tables: &[ast::Expr],
        fuzzy: bool,
        inputs: &mut Vec<(String, Relation)>,
    ) -> bool {
        let mut whole = true;
        for table in tables {
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
                    let mut everything = self.catalogue.tables();
                    let mut views = self.views();
                    views.retain(|view| !everything.contains(view));
                    everything.extend(views);
                    for name in everything {
                        inputs.extend(self.named_table(&name, table).map(|r| (name, r)));
                    }
                }
                // A fuzzy union leaves out tables that are not there.
                _ if fuzzy && self.missing(table).is_some() => {
                    let name = self.missing(table).unwrap_or_default().to_owned();
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
                    None => whole = false,
                },
            }
        }
        whole
    }

    /// Functions that are written as views, in order of name.
    fn views(&self) -> Vec<String> {
        let view = |b: &Binding| matches!(b, Binding::Function(f, _) if f.view && f.parameters.is_empty());
        let mut views: Vec<String> =
            self.scope.iter().filter(|(_, b)| view(b)).map(|(n, _)| n.clone()).collect();
        views.sort();
        views
    }

    /// The name of the table that an operand begins with, when there is no such table.
    fn missing<'e>(&self, operand: &'e ast::Expr) -> Option<&'e str> {
        let mut first = operand;
        while let K::Pipe(source, _) = &first.kind {
            first = source;
        }
        let name = match &first.kind {
            K::Name(name) => name,
            K::Call { name, args } if name.text == "table" => match args.first().map(|a| &a.expr.kind) {
                Some(K::Literal(Value::String(table))) => table,
                _ => return None,
            },
            _ => return None,
        };
        let there = self.scope.contains_key(name)
            || self.catalogue.table(name).is_some()
            || self.stored(name).is_some();
        (!there).then_some(name.as_str())
    }

    /// All rows of all inputs.
    pub(super) fn unite(
        &mut self,
        inputs: Vec<(String, Relation)>,
        inner_kind: bool,
        with_source: Option<&str>,
        span: Span,
    ) -> Relation {
        if inputs.is_empty() {
            return Relation::broken();
        }
        let poisoned = inputs.iter().any(|(_, r)| r.poisoned);
        let open = inputs.iter().any(|(_, r)| r.open);
        let columns = union_columns(&inputs, inner_kind);
        // Each input gets every column.
        if !self.count(inputs.len().saturating_mul(columns.len()) / 4, span) {
            return Relation::broken();
        }
        let mut schema = Schema::default();
        if let Some(name) = with_source {
            schema.push(name, Type::String);
        }
        for (name, _, ty) in &columns {
            let name = names::unique(&schema, name);
            schema.push(name, *ty);
        }
        let aliases = inputs.first().map(|(_, r)| r.aliases.clone()).unwrap_or_default();
        let ingested = schema.get(INGEST_TIME).is_none()
            && inputs.iter().any(|(_, r)| r.hidden.iter().any(|h| h.name == INGEST_TIME));
        let hidden = match ingested {
            true => vec![Column { name: INGEST_TIME.to_owned(), ty: Type::Datetime }],
            false => Vec::new(),
        };
        let pipelines: Vec<Pipeline> = inputs
            .into_iter()
            .map(|(table, mut relation)| {
                let mut list: Vec<(String, Expr)> = Vec::new();
                if let Some(name) = with_source {
                    list.push((name.to_owned(), Expr::literal(Value::String(table), span)));
                }
                let offset = list.len();
                for (at, (_, from, ty)) in columns.iter().enumerate() {
                    let name = schema.columns[at + offset].name.clone();
                    let expr = match relation.schema.get(from) {
                        Some(c) if c.ty == *ty => Expr::column(from, *ty),
                        _ => nothing(*ty, span),
                    };
                    list.push((name, expr));
                }
                for column in &hidden {
                    let own = relation.hidden.iter().any(|h| h.name == column.name);
                    let expr = match own {
                        true => Expr::column(&column.name, column.ty),
                        false => nothing(column.ty, span),
                    };
                    list.push((column.name.clone(), expr));
                }
                relation.hidden.clear();
                relation.project(list);
                relation.finish()
            })
            .collect();
        let mut relation = Relation::new(Source::Union(pipelines), schema);
        relation.hidden = hidden;
        relation.poisoned = poisoned;
        relation.open = open;
        relation.aliases = aliases;
        relation
    }
}

/// A missing value.
pub(super) fn nothing(ty: Type, span: Span) -> Expr {
    let value = if ty == Type::String { Value::String(String::new()) } else { Value::Null(ty) };
    Expr::literal(value, span)
}

/// (output name, input name, type) by first appearance.
fn union_columns(inputs: &[(String, Relation)], inner: bool) -> Vec<(String, String, Type)> {
    // Names in order of appearance, each with its types in theirs.
    let mut at: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
    let mut found: Vec<(&str, Vec<Type>)> = Vec::new();
    for (_, relation) in inputs {
        for column in &relation.schema.columns {
            let place = *at.entry(column.name.as_str()).or_insert_with(|| {
                found.push((column.name.as_str(), Vec::new()));
                found.len() - 1
            });
            let types = &mut found[place].1;
            if !types.contains(&column.ty) {
                types.push(column.ty);
            }
        }
    }
    let everywhere =
        |name: &str, ty: Type| inputs.iter().all(|(_, r)| r.schema.get(name).is_some_and(|c| c.ty == ty));
    let mut columns = Vec::new();
    for (name, mut types) in found {
        if inner {
            types.retain(|ty| everywhere(name, *ty));
        }
        let split = types.len() > 1;
        for ty in types {
            let out = if split { format!("{name}_{}", ty.name()) } else { name.to_owned() };
            columns.push((out, name.to_owned(), ty));
        }
    }
    columns
}
