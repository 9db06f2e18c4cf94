//! Tabular operators.

use super::cast::cast;
use super::{Binder, Binding, Relation, names};
use crate::ast::{self, ExprKind as K, NamedExpr, OperatorKind};
use crate::diagnostic::Span;
use crate::program::{Expr, Operator, Parse, ParsePart, SortKey};
use crate::types::{Column, Schema, Type, Value};

impl Binder<'_, '_, '_> {
    pub(super) fn operator(&mut self, input: Relation, operator: &ast::Operator) -> Relation {
        if !self.count(1 + input.schema.columns.len() / 8, operator.span) {
            return Relation::broken();
        }
        let seen = self.inferred.len();
        let open = input.open;
        let mut output = self.operator_kind(input, operator);
        if output.open && open {
            // What was named of a table that is not known whole is part of it from there on.
            for name in self.inferred.get(seen..).unwrap_or_default().to_vec() {
                if output.schema.get(&name).is_none() {
                    output.schema.push(name, Type::Dynamic);
                }
            }
        }
        output
    }

    fn operator_kind(&mut self, mut input: Relation, operator: &ast::Operator) -> Relation {
        if input.graph.is_some() {
            return self.graph_operator(input, operator);
        }
        match &operator.kind {
            OperatorKind::Where(predicate) => {
                let (predicate, before) = self.prepared(|b| b.predicate(predicate, &input));
                let Some(predicate) = predicate else { return spoiled(input, false) };
                let computed = !before.is_empty();
                input.operators.extend(before);
                input.operators.push(Operator::Filter(predicate));
                if computed {
                    // What was computed for the condition ends here.
                    let columns = input.schema.columns.iter().chain(&input.hidden);
                    let all = columns.map(|c| (c.name.clone(), Expr::column(&c.name, c.ty))).collect();
                    input.operators.push(Operator::Project(all));
                }
            }
            OperatorKind::Project(items) => return self.project(input, items),
            OperatorKind::ProjectAway(patterns) => return self.keep_or_away(input, patterns, false),
            OperatorKind::ProjectKeep(patterns) => return self.keep_or_away(input, patterns, true),
            OperatorKind::ProjectRename(renames) => return self.rename(input, renames),
            OperatorKind::ProjectReorder(patterns) => return self.reorder(input, patterns),
            OperatorKind::Extend(items) => return self.extend(input, items),
            OperatorKind::Serialize(items) if items.is_empty() => {}
            OperatorKind::Serialize(items) => return self.extend(input, items),
            OperatorKind::Summarize(items, by) => return self.summarize(input, items, by),
            OperatorKind::Sort(keys) => return self.sort(input, keys, None),
            OperatorKind::Top(n, keys) => {
                let n = self.constant_count(n);
                let failed = n.is_none();
                let sorted = self.sort(input, keys, n);
                return spoiled_if(sorted, failed);
            }
            OperatorKind::Take(n) => match self.constant_count(n) {
                Some(n) => input.operators.push(Operator::Take(n)),
                None => return spoiled(input, false),
            },
            OperatorKind::Distinct(items) => return self.distinct(input, items),
            OperatorKind::Count(name) => {
                let name = name.as_ref().map_or("Count", |n| n.text.as_str());
                let aggregate = crate::program::Aggregate {
                    function: "count",
                    args: Vec::new(),
                    filter: None,
                    outputs: vec![(name.to_owned(), Type::Long)],
                };
                input.schema = Schema { columns: vec![Column { name: name.to_owned(), ty: Type::Long }] };
                input.hidden.clear();
                input.aliases.clear();
                input.open = false;
                input.operators.push(Operator::Aggregate { group: Vec::new(), aggregates: vec![aggregate] });
            }
            OperatorKind::Union(union) => return self.union(Some(input), union, operator.span),
            OperatorKind::Join { settings, right, on } => {
                return self.join(input, settings, right, on, operator.span);
            }
            OperatorKind::Lookup { settings, right, on } => {
                return self.lookup(input, settings, right, on, operator.span);
            }
            OperatorKind::MvExpand { settings, items, limit } => {
                return self.mv_expand(input, settings, items, limit.as_ref(), operator.span);
            }
            OperatorKind::Parse { filter, settings, source, parts } => {
                return self.parse(input, *filter, settings, source, parts);
            }
            OperatorKind::MakeSeries(series) => return self.make_series(input, series, operator.span),
            OperatorKind::Scan(scan) => return self.scan(input, scan, operator.span),
            OperatorKind::Sample(n) => match self.constant_count(n) {
                Some(n) => input.operators.push(Operator::Sample(n)),
                None => return spoiled(input, false),
            },
            OperatorKind::SampleDistinct(n, of) => {
                let n = self.constant_count(n);
                let failed = n.is_none();
                let mut distinct = self.distinct(input, std::slice::from_ref(of));
                distinct.operators.extend(n.map(Operator::Take));
                return spoiled_if(distinct, failed);
            }
            OperatorKind::TopHitters { n, of, by } => return self.top_hitters(input, n, of, by.as_ref()),
            OperatorKind::Reduce { settings, text, options } => {
                return self.reduce(input, settings, text, options);
            }
            OperatorKind::As(name) => {
                if !input.poisoned {
                    let stage =
                        self.stage(Some(name.text.clone()), crate::program::StageOutput::Table, input);
                    self.define(&name.text, Binding::Stage(stage));
                    return self.of_stage(stage).unwrap_or_else(Relation::broken);
                }
            }
            OperatorKind::Search(search) => return self.search(Some(input), search, operator.span),
            OperatorKind::Invoke(name, args) => return self.invoke(input, name, args, operator.span),
            OperatorKind::GetSchema => return self.get_schema(input, operator.span),
            OperatorKind::Render(render) => self.render = Some(render.clone()),
            OperatorKind::Evaluate { name, args, schema } => {
                return self.evaluate(input, name, args, schema.as_ref(), operator.span);
            }
            OperatorKind::MvApply { settings, items, limit, operators } => {
                return self.mv_apply(input, (settings, items, limit.as_ref()), operators, operator.span);
            }
            OperatorKind::Partition { settings, by, query } => {
                return self.partition(input, settings, by, query);
            }
            OperatorKind::ParseKv { source, columns, options } => {
                return self.parse_kv(input, source, columns, options);
            }
            OperatorKind::TopNested(levels) => return self.top_nested(input, levels),
            OperatorKind::Consume => {
                input.project(Vec::new());
                input.operators.push(Operator::Take(0));
            }
            OperatorKind::ProjectByNames(list) => return self.project_by_names(input, list),
            OperatorKind::AssertSchema(columns) => return self.assert_schema(input, columns, operator.span),
            OperatorKind::MakeGraph { source, target, nodes, id } => {
                return self.make_graph(input, (source, target), nodes, id.as_ref());
            }
            OperatorKind::GraphMatch { .. }
            | OperatorKind::GraphToTable(_)
            | OperatorKind::GraphMarkComponents(_)
            | OperatorKind::GraphWhere(..) => {
                self.error("graph_expected", operator.span, "this operator needs a graph; see make-graph");
                return spoiled(input, true);
            }
            OperatorKind::Unsupported(name) => {
                self.unsupported(&format!("the operator '{name}'"), operator.span);
                return spoiled(input, true);
            }
            OperatorKind::Error => return spoiled(input, true),
        }
        input
    }

    fn project(&mut self, mut input: Relation, items: &[NamedExpr]) -> Relation {
        let ((columns, output, whole), before) = self.prepared(|b| b.projected(&input, items));
        input.operators.extend(before);
        // An alias stays usable while the stored column is there under its own name.
        input.project(columns);
        input.schema = output;
        input.open &= items.iter().any(|i| matches!(i.expr.kind, K::Star));
        spoiled_if(input, !whole)
    }

    /// The columns of `project`, their schema, and whether all were right.
    fn projected(&mut self, input: &Relation, items: &[NamedExpr]) -> (Vec<(String, Expr)>, Schema, bool) {
        let items = &*super::spread::several_sorted(items);
        let mut output = Schema::default();
        let mut columns = Vec::new();
        let mut unnamed = 0;
        let mut whole = true;
        for item in items {
            if let Some(several) = self.several(item, input, true) {
                whole &= several.is_some();
                for (name, expr) in several.unwrap_or_default() {
                    let name = names::unique(&output, &name);
                    output.push(&name, expr.ty);
                    columns.push((name, expr));
                }
                continue;
            }
            if matches!(item.expr.kind, K::Star) {
                for column in &input.schema.columns {
                    let name = names::unique(&output, &column.name);
                    output.push(&name, column.ty);
                    columns.push((name, Expr::column(&column.name, column.ty)));
                }
                continue;
            }
            let expr = self.scalar(&item.expr, input);
            if let Some(given) = item.names.first()
                && output.get(&given.text).is_some()
            {
                self.error(
                    "duplicate_column",
                    given.span,
                    format!("the column '{}' is given twice", given.text),
                );
                whole = false;
                continue;
            }
            let name = self.column_name(item, &mut unnamed, &output);
            output.push(&name, expr.as_ref().map_or(Type::Dynamic, |e| e.ty));
            match expr {
                Some(expr) => columns.push((name, expr)),
                None => whole = false,
            }
        }
        (columns, output, whole)
    }

    fn extend(&mut self, mut input: Relation, items: &[NamedExpr]) -> Relation {
        let ((changed, whole), before) = self.prepared(|b| b.extended(&mut input, items));
        input.operators.extend(before);
        self.apply_extend(&mut input, changed);
        spoiled_if(input, !whole)
    }

    /// The columns of `extend`, and whether all were right.
    fn extended(&mut self, input: &mut Relation, items: &[NamedExpr]) -> (Vec<(String, Expr)>, bool) {
        let items = &*super::spread::several_sorted(items);
        let mut unnamed = 0;
        let mut whole = true;
        let mut changed: Vec<(String, Expr)> = Vec::new();
        for item in items {
            if let Some(several) = self.several(item, input, false) {
                whole &= several.is_some();
                for (name, expr) in several.unwrap_or_default() {
                    changed.retain(|(known, _)| *known != name);
                    changed.push((name, expr));
                }
                continue;
            }
            let Some(expr) = self.scalar(&item.expr, input) else {
                whole = false;
                let name =
                    item.names.first().map(|n| n.text.clone()).or_else(|| names::automatic(&item.expr));
                if let Some(name) = name
                    && input.schema.get(&name).is_none()
                {
                    input.schema.push(name, Type::Dynamic);
                }
                continue;
            };
            let name = match item.names.first() {
                Some(given) => given.text.clone(),
                None => match names::automatic(&item.expr) {
                    Some(name) => name,
                    None => {
                        unnamed += 1;
                        let mut taken = input.schema.clone();
                        changed.iter().for_each(|(n, e)| taken.push(n, e.ty));
                        names::unique(&taken, &format!("Column{unnamed}"))
                    }
                },
            };
            if changed.iter().any(|(n, _)| *n == name) {
                if item.names.is_empty() {
                    let mut taken = input.schema.clone();
                    changed.iter().for_each(|(n, e)| taken.push(n, e.ty));
                    changed.push((names::unique(&taken, &name), expr));
                } else {
                    self.error(
                        "duplicate_column",
                        item.expr.span,
                        format!("the column '{name}' is given twice"),
                    );
                    whole = false;
                }
                continue;
            }
            changed.push((name, expr));
        }
        (changed, whole)
    }

    /// Replaces columns in place and appends new ones; hidden columns stay.
    pub(super) fn apply_extend(&mut self, input: &mut Relation, changed: Vec<(String, Expr)>) {
        if changed.is_empty() || !self.count(input.schema.columns.len() / 8, Span::default()) {
            return;
        }
        let mut columns: Vec<(String, Expr)> = Vec::new();
        for column in &input.schema.columns {
            let new = changed.iter().find(|(n, _)| *n == column.name);
            let expr = new.map_or_else(|| Expr::column(&column.name, column.ty), |(_, e)| e.clone());
            columns.push((column.name.clone(), expr));
        }
        for (name, expr) in &changed {
            if input.schema.get(name).is_none() {
                columns.push((name.clone(), expr.clone()));
            }
        }
        let schema =
            Schema { columns: columns.iter().map(|(n, e)| Column { name: n.clone(), ty: e.ty }).collect() };
        input.hidden.retain(|h| schema.get(&h.name).is_none());
        columns.extend(input.hidden.iter().map(|h| (h.name.clone(), Expr::column(&h.name, h.ty))));
        input.schema = schema;
        input.operators.push(Operator::Project(columns));
    }

    /// Columns that patterns name, in the order of the table.
    fn matching(&mut self, input: &Relation, pattern: &ast::Expr) -> Option<Vec<String>> {
        match &pattern.kind {
            K::Star => Some(input.schema.names().map(str::to_owned).collect()),
            K::Wildcard(text) => {
                Some(input.schema.names().filter(|n| names::wildcard(text, n)).map(str::to_owned).collect())
            }
            K::Name(name) => match input.resolve(name) {
                Some(column) => Some(vec![column.name.clone()]),
                None if input.open => {
                    self.inferred.push(name.clone());
                    Some(vec![name.clone()])
                }
                None => {
                    if !input.poisoned {
                        let suggestion = self.sink.nearest(name, input.schema.names());
                        let message = format!("there is no column '{name}'");
                        self.sink.error("unknown_column", pattern.span, message, suggestion);
                    }
                    None
                }
            },
            _ => {
                self.error("syntax_error", pattern.span, "a column or a pattern is expected here");
                None
            }
        }
    }

    fn keep_or_away(&mut self, mut input: Relation, patterns: &[ast::Expr], keep: bool) -> Relation {
        let mut named = Vec::new();
        let mut whole = true;
        for pattern in patterns {
            match self.matching(&input, pattern) {
                Some(columns) => named.extend(columns),
                None => whole = false,
            }
        }
        let columns: Vec<(String, Expr)> = input
            .schema
            .columns
            .iter()
            .filter(|c| named.contains(&c.name) == keep)
            .map(|c| (c.name.clone(), Expr::column(&c.name, c.ty)))
            .collect();
        input.project(columns);
        input.open &= !keep || patterns.iter().any(|p| !matches!(p.kind, K::Name(_)));
        spoiled_if(input, !whole)
    }

    fn rename(&mut self, mut input: Relation, renames: &[(ast::Name, ast::Name)]) -> Relation {
        let mut whole = true;
        let mut map: Vec<(String, String)> = Vec::new();
        for (new, old) in renames {
            match input.resolve(&old.text).map(|c| c.name.clone()) {
                Some(stored) => map.push((stored, new.text.clone())),
                None if input.open => self.inferred.push(new.text.clone()),
                None => {
                    whole = false;
                    if !input.poisoned {
                        let suggestion = self.sink.nearest(&old.text, input.schema.names());
                        let message = format!("there is no column '{}'", old.text);
                        self.sink.error("unknown_column", old.span, message, suggestion);
                    }
                }
            }
        }
        let mut columns = Vec::new();
        let mut output = Schema::default();
        for column in &input.schema.columns {
            let name = map.iter().find(|(old, _)| *old == column.name).map_or(&column.name, |(_, new)| new);
            if output.get(name).is_some() {
                let span = renames.first().map_or(Span::default(), |(n, _)| n.span);
                self.error("duplicate_column", span, format!("the column '{name}' is there already"));
                whole = false;
                continue;
            }
            output.push(name, column.ty);
            columns.push((name.clone(), Expr::column(&column.name, column.ty)));
        }
        input.project(columns);
        spoiled_if(input, !whole)
    }

    fn reorder(&mut self, mut input: Relation, patterns: &[(ast::Expr, Option<ast::NameOrder>)]) -> Relation {
        let mut whole = true;
        let explicit: Vec<String> = patterns
            .iter()
            .filter_map(|(p, _)| match &p.kind {
                K::Name(n) => input.resolve(n).map(|c| c.name.clone()),
                _ => None,
            })
            .collect();
        let mut order: Vec<String> = Vec::new();
        for (pattern, direction) in patterns {
            let Some(mut columns) = self.matching(&input, pattern) else {
                whole = false;
                continue;
            };
            if !matches!(pattern.kind, K::Name(_)) {
                columns.retain(|c| !explicit.contains(c));
            }
            match direction {
                Some(ast::NameOrder::Ascending) => columns.sort(),
                Some(ast::NameOrder::Descending) => columns.sort_by(|a, b| b.cmp(a)),
                Some(ast::NameOrder::NumbersAscending) => columns.sort_by(|a, b| names::granny(a, b)),
                Some(ast::NameOrder::NumbersDescending) => columns.sort_by(|a, b| names::granny(b, a)),
                None => {}
            }
            for column in columns {
                if !order.contains(&column) {
                    order.push(column);
                }
            }
        }
        let rest: Vec<String> =
            input.schema.names().filter(|n| !order.iter().any(|o| o == n)).map(str::to_owned).collect();
        order.extend(rest);
        let columns: Vec<(String, Expr)> = order
            .into_iter()
            .filter_map(|name| input.schema.get(&name).map(|c| (name.clone(), Expr::column(&c.name, c.ty))))
            .collect();
        input.project(columns);
        spoiled_if(input, !whole)
    }

    pub(super) fn sort(&mut self, mut input: Relation, keys: &[ast::SortKey], take: Option<u64>) -> Relation {
        let mut bound = Vec::new();
        let mut whole = true;
        for key in keys {
            let Some(expr) = self.scalar(&key.expr.expr, &input) else {
                whole = false;
                continue;
            };
            if expr.ty == Type::Dynamic && self.open.is_none() {
                self.error(
                    "type_mismatch",
                    expr.span,
                    "rows cannot be ordered by a dynamic; convert it first",
                );
                whole = false;
                continue;
            }
            let nulls_first = key.nulls_first.unwrap_or(key.ascending);
            bound.push(SortKey { expr, ascending: key.ascending, nulls_first });
        }
        input.operators.push(Operator::Sort(bound));
        input.operators.extend(take.map(Operator::Take));
        spoiled_if(input, !whole)
    }

    /// A constant whole number, not negative.
    pub(super) fn constant_count(&mut self, expr: &ast::Expr) -> Option<u64> {
        let row = Relation::new(crate::program::Source::OneRow, Schema::default());
        let bound = self.scalar(expr, &row)?;
        let n = match bound.as_literal() {
            Some(Value::Long(n)) => u64::try_from(*n).ok(),
            Some(Value::Int(n)) => u64::try_from(*n).ok(),
            _ => None,
        };
        if n.is_none() {
            self.error("constant_expected", expr.span, "the number of rows must be a constant, zero or more");
        }
        n
    }

    pub(super) fn distinct(&mut self, input: Relation, items: &[NamedExpr]) -> Relation {
        let mut relation = self.project(input, items);
        if !relation.poisoned {
            relation.settle();
            relation.operators.push(Operator::Distinct);
        }
        relation
    }

    fn parse(
        &mut self,
        mut input: Relation,
        filter: bool,
        settings: &[ast::Setting],
        source: &ast::Expr,
        parts: &[ast::ParsePart],
    ) -> Relation {
        let (mut regex, mut relaxed, mut flags) = (false, false, String::new());
        for setting in settings {
            match (setting.name.text.as_str(), setting.value.text.as_str()) {
                ("kind", "regex") => regex = true,
                ("kind", "relaxed") => relaxed = true,
                ("kind", "simple") => {}
                ("flags", value) => flags = value.to_owned(),
                (other, _) => self.unsupported(&format!("the setting '{other}' of parse"), setting.name.span),
            }
        }
        let Some(source) = self.scalar(source, &input) else { return spoiled(input, true) };
        let mut bound = Vec::new();
        for part in parts {
            bound.push(match part {
                ast::ParsePart::Star => ParsePart::Star,
                ast::ParsePart::Text(text) => ParsePart::Text(text.clone()),
                ast::ParsePart::Column(name, ty) => {
                    match input.schema.columns.iter_mut().find(|c| c.name == name.text) {
                        Some(column) => column.ty = *ty,
                        None => input.schema.push(&name.text, *ty),
                    }
                    ParsePart::Column(name.text.clone(), *ty)
                }
            });
        }
        let schema = &input.schema;
        input.hidden.retain(|h| schema.get(&h.name).is_none());
        let source = cast(source, Type::String);
        input.operators.push(Operator::Parse(Parse { source, parts: bound, regex, relaxed, flags, filter }));
        input
    }

    fn get_schema(&mut self, input: Relation, span: Span) -> Relation {
        if input.poisoned {
            return input;
        }
        let mut schema = Schema::default();
        schema.push("ColumnName", Type::String);
        schema.push("ColumnOrdinal", Type::Long);
        schema.push("DataType", Type::String);
        schema.push("ColumnType", Type::String);
        let text = |s: &str| Expr::literal(Value::String(s.to_owned()), span);
        let rows = input
            .schema
            .columns
            .iter()
            .zip(0i64..)
            .map(|(c, at)| {
                vec![
                    text(&c.name),
                    Expr::literal(Value::Long(at), span),
                    text(clr_name(c.ty)),
                    text(c.ty.name()),
                ]
            })
            .collect();
        Relation::new(crate::program::Source::Values { schema: schema.clone(), rows }, schema)
    }
}

fn clr_name(ty: Type) -> &'static str {
    match ty {
        Type::Bool => "System.SByte",
        Type::Int => "System.Int32",
        Type::Long => "System.Int64",
        Type::Real => "System.Double",
        Type::Decimal => "System.Data.SqlTypes.SqlDecimal",
        Type::String => "System.String",
        Type::Datetime => "System.DateTime",
        Type::Timespan => "System.TimeSpan",
        Type::Dynamic => "System.Object",
        Type::Guid => "System.Guid",
    }
}

/// A function over all columns, which its outcome has too.
pub(super) fn call_over(mut input: Relation, function: crate::program::TableFunction) -> Relation {
    let columns =
        input.schema.columns.iter().map(|c| (c.name.clone(), Expr::column(&c.name, c.ty))).collect();
    let schema = input.schema.clone();
    input.hidden.clear();
    let call = crate::program::TableCall { function, columns, inputs: Vec::new(), schema };
    input.operators.push(Operator::Call(Box::new(call)));
    input
}

/// Marks a relation whose operator was wrong. With `unknown`, its columns are not known any more.
pub(super) fn spoiled(mut relation: Relation, unknown: bool) -> Relation {
    // Else the schema still holds, so that later mistakes are found too; the sink has the error.
    relation.poisoned |= unknown;
    relation
}

pub(super) fn spoiled_if(relation: Relation, failed: bool) -> Relation {
    if failed { spoiled(relation, true) } else { relation }
}
