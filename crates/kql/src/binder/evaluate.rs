//! `evaluate`: plugins.
//!
//! A plugin whose columns depend on rows asks them ([`Binder::ask`]): the program then ends at the
//! question, and is bound again with the answer. With `: (schema)` there is no question.

use super::cast::cast;
use super::operator::{call_over, spoiled};
use super::{Binder, Relation, names};
use crate::ast::{self, ExprKind as K, NamedExpr};
use crate::diagnostic::Span;
use crate::program::{Aggregate, Expr, ExprKind, Operator, Question, Source, Step, TableCall, TableFunction};
use crate::types::{Schema, Type, Value};

/// What stands after the colon: whether with `*`, and the columns.
type Given = (bool, Vec<(ast::Name, Type)>);

/// Plugins of the language that are not carried out here.
const MISSING: [&str; 12] = [
    "azure_digital_twins_query_request",
    "cosmosdb_sql_request",
    "diffpatterns_text",
    "http_request",
    "http_request_post",
    "infer_storage_schema",
    "mysql_request",
    "postgresql_request",
    "python",
    "r",
    "schema_merge",
    "sql_request",
];

/// Plugins that are carried out here.
const PLUGINS: [&str; 24] = [
    "active_users_count",
    "activity_counts_metrics",
    "activity_engagement",
    "activity_metrics",
    "autocluster",
    "bag_unpack",
    "basket",
    "dcount_intersect",
    "diffpatterns",
    "funnel_sequence",
    "funnel_sequence_completion",
    "geo_line_lookup",
    "geo_polygon_lookup",
    "ipv4_lookup",
    "ipv6_lookup",
    "narrow",
    "new_activity_metrics",
    "pivot",
    "preview",
    "rolling_percentile",
    "rows_near",
    "sequence_detect",
    "session_count",
    "sliding_window_counts",
];

impl Binder<'_, '_, '_> {
    pub(super) fn evaluate(
        &mut self,
        input: Relation,
        name: &ast::Name,
        args: &[NamedExpr],
        schema: Option<&Given>,
        span: Span,
    ) -> Relation {
        let output = match name.text.as_str() {
            "bag_unpack" => self.bag_unpack(input, args, schema, span),
            "pivot" => self.pivot(input, args, schema, span),
            "narrow" => self.narrow(input),
            "preview" => self.preview(input, args, span),
            "rows_near" => self.rows_near(input, args, span),
            "ipv4_lookup" => self.address_lookup(input, args, false, span),
            "ipv6_lookup" => self.address_lookup(input, args, true, span),
            "dcount_intersect" => self.dcount_intersect(input, args, span),
            "basket" => self.basket(input, args, span),
            "autocluster" => self.autocluster(input, args, span),
            "diffpatterns" => self.diffpatterns(input, args, span),
            "geo_line_lookup" => self.shape_lookup(input, args, false, span),
            "geo_polygon_lookup" => self.shape_lookup(input, args, true, span),
            "rolling_percentile" => self.rolling_percentile(input, args, span),
            "sequence_detect" => self.sequence_detect(input, args, span),
            plugin @ ("funnel_sequence" | "funnel_sequence_completion") => {
                self.funnel(input, plugin, args, span)
            }
            plugin @ ("active_users_count"
            | "activity_counts_metrics"
            | "activity_engagement"
            | "activity_metrics"
            | "new_activity_metrics"
            | "session_count"
            | "sliding_window_counts") => self.activity(input, plugin, args, span),
            other if MISSING.contains(&other) => {
                self.unsupported(&format!("the plugin {other}()"), name.span);
                return spoiled(input, true);
            }
            other => {
                let suggestion = self.sink.nearest(other, PLUGINS);
                self.sink.error(
                    "unknown_plugin",
                    name.span,
                    format!("'{other}' is not a plugin"),
                    suggestion,
                );
                return spoiled(input, true);
            }
        };
        output.unwrap_or_else(Relation::broken)
    }

    pub(super) fn wrong_arguments(&mut self, span: Span, message: &str) {
        self.error("wrong_arguments", span, message);
    }

    /// A constant text or bool among the arguments of a plugin.
    pub(super) fn constant(&mut self, expr: &ast::Expr) -> Option<Value> {
        let row = Relation::new(Source::OneRow, Schema::default());
        let bound = self.scalar(expr, &row)?;
        let value = bound.as_literal().cloned();
        if value.is_none() {
            self.error("constant_expected", expr.span, "a constant is expected here");
        }
        value
    }

    fn bag_unpack(
        &mut self,
        input: Relation,
        args: &[NamedExpr],
        given: Option<&Given>,
        span: Span,
    ) -> Option<Relation> {
        let Some((bag, rest)) = args.split_first() else {
            self.wrong_arguments(span, "bag_unpack() takes the column to unpack");
            return None;
        };
        let bag_expr = self.scalar(&bag.expr, &input)?;
        let ExprKind::Column(bag_name) = bag_expr.kind.clone() else {
            self.error("column_expected", bag.expr.span, "bag_unpack() unpacks a column");
            return None;
        };
        if bag_expr.ty != Type::Dynamic {
            let message = format!("bag_unpack() unpacks a dynamic, not a {}", bag_expr.ty);
            self.error("type_mismatch", bag.expr.span, message);
            return None;
        }
        let (mut prefix, mut conflict, mut ignored) = (String::new(), "error".to_owned(), Vec::new());
        for (at, arg) in rest.iter().enumerate() {
            let option = match arg.names.first().map(|n| n.text.as_str()) {
                Some("columnsConflict") => 1,
                Some("ignoredProperties") => 2,
                Some("OutputColumnPrefix") => 0,
                Some(other) => {
                    self.wrong_arguments(arg.expr.span, &format!("bag_unpack() has no argument '{other}'"));
                    return None;
                }
                None => at,
            };
            match (option, self.constant(&arg.expr)?) {
                (0, Value::String(text)) => prefix = text,
                (1, Value::String(text)) => conflict = text,
                (2, Value::Dynamic(json)) => {
                    ignored = serde_json::from_str::<Vec<String>>(&json).unwrap_or_default();
                }
                _ => {
                    self.wrong_arguments(arg.expr.span, "bag_unpack() does not take this argument");
                    return None;
                }
            }
        }
        if !["error", "replace_source", "keep_source"].contains(&conflict.as_str()) {
            self.wrong_arguments(span, "columnsConflict is 'error', 'replace_source' or 'keep_source'");
            return None;
        }
        let (mut relation, keys) = match given {
            Some((_, columns)) => {
                let keys = columns.iter().map(|(n, ty)| (n.text.clone(), *ty));
                (input, Some(keys.collect::<Vec<_>>()))
            }
            None => {
                let (relation, answer) = self.asked(input, &bag_name, Question::Keys);
                let own = |c: crate::types::Column| (format!("{prefix}{}", c.name), c.ty);
                (relation, answer.map(|a| a.columns.into_iter().map(own).collect()))
            }
        };
        let others: Vec<_> = relation.schema.columns.iter().filter(|c| c.name != bag_name).cloned().collect();
        let mut list: Vec<(String, Expr)> = Vec::new();
        let keep_others = given.is_none_or(|(star, _)| *star);
        if keep_others {
            list.extend(others.iter().map(|c| (c.name.clone(), Expr::column(&c.name, c.ty))));
        }
        let Some(keys) = keys else {
            relation.project(list);
            relation.open = true;
            return Some(relation);
        };
        for (name, ty) in keys {
            let property = name.strip_prefix(prefix.as_str()).unwrap_or(&name).to_owned();
            if ignored.contains(&property) {
                continue;
            }
            let source = others.iter().find(|c| c.name == name);
            let base = Box::new(Expr::column(&bag_name, Type::Dynamic));
            let path = Expr::new(ExprKind::Path(base, vec![Step::Field(property)]), Type::Dynamic, span);
            let unpacked = cast(path, ty);
            match (source, conflict.as_str()) {
                (Some(source), "keep_source") => {
                    if !keep_others {
                        list.push((name, cast(Expr::column(&source.name, source.ty), ty)));
                    }
                }
                (Some(_), "replace_source") => {
                    list.retain(|(n, _)| *n != name);
                    list.push((name, unpacked));
                }
                (Some(source), _) if given.is_some() && !keep_others => {
                    // A column of the input that the schema names is passed on.
                    list.push((name, cast(Expr::column(&source.name, source.ty), ty)));
                }
                (Some(_), _) => {
                    let message = format!(
                        "the bags have a property '{name}', and the table such a column; set columnsConflict"
                    );
                    self.error("duplicate_column", span, message);
                    return None;
                }
                (None, _) => list.push((name, unpacked)),
            }
        }
        relation.project(list);
        Some(relation)
    }

    /// The table as a stage of its own, and what a column of it says.
    fn asked(&mut self, mut input: Relation, column: &str, question: Question) -> (Relation, Option<Schema>) {
        input.settle();
        let schema = input.schema.clone();
        let (aliases, poisoned) = (input.aliases.clone(), input.poisoned);
        let at = schema.names().position(|n| n == column).unwrap_or(0);
        let open = input.open;
        let (stage, answer) = self.ask(input, at, question);
        let relation = Relation { aliases, poisoned, open, ..Relation::new(Source::Stage(stage), schema) };
        (relation, answer)
    }

    fn pivot(
        &mut self,
        input: Relation,
        args: &[NamedExpr],
        given: Option<&Given>,
        span: Span,
    ) -> Option<Relation> {
        let Some((pivot, rest)) = args.split_first() else {
            self.wrong_arguments(span, "pivot() takes the column whose values become columns");
            return None;
        };
        let pivot_expr = self.scalar(&pivot.expr, &input)?;
        let ExprKind::Column(pivot_name) = pivot_expr.kind.clone() else {
            self.error("column_expected", pivot.expr.span, "pivot() turns a column");
            return None;
        };
        let called = |e: &ast::Expr| {
            matches!(&e.kind, K::Call { name, .. }
            if crate::aggregates::lookup(&name.text).is_some())
        };
        let (aggregate, groups) = match rest.split_first() {
            Some((first, groups)) if called(&first.expr) => (first.expr.clone(), groups),
            _ => {
                let name = ast::Name { text: "count".to_owned(), span };
                (ast::Expr { kind: K::Call { name, args: Vec::new() }, span, depth: 0 }, rest)
            }
        };
        let outer = self.aggregates.replace(super::aggregate::Collected::default());
        let value = self.scalar(&aggregate, &input);
        let found = std::mem::replace(&mut self.aggregates, outer).unwrap_or_default().found;
        let value = value?;
        let ([aggregate], ExprKind::Column(_)) = (found.as_slice(), &value.kind) else {
            self.wrong_arguments(span, "pivot() takes one aggregate function");
            return None;
        };
        let mut group: Vec<(String, Expr)> = Vec::new();
        if groups.is_empty() {
            let mut used = vec![pivot_name.clone()];
            aggregate.args.iter().chain(&aggregate.filter).for_each(|e| columns_of(e, &mut used));
            for column in input.schema.columns.iter().filter(|c| !used.contains(&c.name)) {
                group.push((column.name.clone(), Expr::column(&column.name, column.ty)));
            }
        } else {
            for key in groups {
                let expr = self.scalar(&key.expr, &input)?;
                let name =
                    names::automatic(&key.expr).unwrap_or_else(|| format!("Column{}", group.len() + 1));
                group.push((name, expr));
            }
        }
        let (mut relation, values) = match given {
            Some((star, columns)) => {
                if !star {
                    group.retain(|(n, _)| columns.iter().any(|(c, _)| c.text == *n));
                }
                let values = columns.iter().filter(|(c, _)| group.iter().all(|(n, _)| *n != c.text));
                (input, Some(values.map(|(c, ty)| (c.text.clone(), *ty)).collect::<Vec<_>>()))
            }
            None => {
                let (relation, answer) = self.asked(input, &pivot_name, Question::Values);
                (relation, answer.map(|a| a.columns.into_iter().map(|c| (c.name, value.ty)).collect()))
            }
        };
        let mut outputs: Vec<(String, Expr)> =
            group.iter().map(|(n, e)| (n.clone(), Expr::column(n, e.ty))).collect();
        let mut schema = Schema::default();
        group.iter().for_each(|(n, e)| schema.push(n, e.ty));
        let mut aggregates: Vec<Aggregate> = Vec::new();
        let open = values.is_none();
        let text = cast(Expr::column(&pivot_name, pivot_expr.ty), Type::String);
        for (name, ty) in values.unwrap_or_default() {
            let is = ExprKind::Binary(
                ast::BinaryOp::Equal,
                Box::new(text.clone()),
                Box::new(Expr::literal(Value::String(name.clone()), span)),
            );
            let mut filter = Expr::new(is, Type::Bool, span);
            if let Some(own) = &aggregate.filter {
                filter = Expr::new(ExprKind::And(vec![own.clone(), filter]), Type::Bool, span);
            }
            let inner = format!("$p{}", aggregates.len());
            let unique = names::unique(&schema, &name);
            aggregates.push(Aggregate {
                filter: Some(filter),
                outputs: vec![(inner.clone(), value.ty)],
                ..aggregate.clone()
            });
            schema.push(&unique, ty);
            outputs.push((unique, cast(Expr::column(inner, value.ty), ty)));
        }
        if let Some((false, columns)) = given {
            // In the order of the schema.
            let place = |name: &str| columns.iter().position(|(c, _)| c.text == name).unwrap_or(usize::MAX);
            outputs.sort_by_key(|(name, _)| place(name));
            for (column, _) in columns.iter().filter(|(c, _)| !outputs.iter().any(|(n, _)| *n == c.text)) {
                self.error(
                    "unknown_column",
                    column.span,
                    format!("pivot() gives no column '{}'", column.text),
                );
            }
        }
        relation.operators.push(Operator::Aggregate { group, aggregates });
        relation.aliases.clear();
        relation.hidden.clear();
        relation.project(outputs);
        relation.open = open;
        Some(relation)
    }

    fn narrow(&mut self, mut input: Relation) -> Option<Relation> {
        let list: Vec<(String, Expr)> = input
            .schema
            .columns
            .iter()
            .map(|c| (c.name.clone(), cast(Expr::column(&c.name, c.ty), Type::String)))
            .collect();
        let columns = list.iter().map(|(n, _)| n.clone()).collect();
        let mut schema = Schema::default();
        schema.push("Column", Type::String);
        schema.push("Row", Type::Long);
        schema.push("Value", Type::String);
        input.schema = schema.clone();
        input.hidden.clear();
        input.aliases.clear();
        let function = TableFunction::Narrow(columns);
        let call = TableCall { function, columns: list, inputs: Vec::new(), schema };
        input.operators.push(Operator::Call(Box::new(call)));
        Some(input)
    }

    /// The first rows; the count of all rows, which the language gives as a second result, is left out.
    fn preview(&mut self, mut input: Relation, args: &[NamedExpr], span: Span) -> Option<Relation> {
        let [n] = args else {
            self.wrong_arguments(span, "preview() takes the number of rows");
            return None;
        };
        let n = self.constant_count(&n.expr)?;
        input.operators.push(Operator::Take(n));
        Some(input)
    }

    fn rows_near(&mut self, mut input: Relation, args: &[NamedExpr], span: Span) -> Option<Relation> {
        let (condition, before, after) = match args {
            [condition, both] => (condition, both, both),
            [condition, before, after] => (condition, before, after),
            _ => {
                self.wrong_arguments(span, "rows_near() takes a condition and one or two numbers of rows");
                return None;
            }
        };
        let condition = self.predicate(&condition.expr, &input)?;
        let (before, after) = (self.constant_count(&before.expr)?, self.constant_count(&after.expr)?);
        let mut columns: Vec<(String, Expr)> =
            input.schema.columns.iter().map(|c| (c.name.clone(), Expr::column(&c.name, c.ty))).collect();
        columns.push((names::unique(&input.schema, "$near"), condition));
        let schema = input.schema.clone();
        input.hidden.clear();
        let function = TableFunction::RowsNear { before, after };
        let call = TableCall { function, columns, inputs: Vec::new(), schema };
        input.operators.push(Operator::Call(Box::new(call)));
        Some(input)
    }

    fn address_lookup(
        &mut self,
        input: Relation,
        args: &[NamedExpr],
        v6: bool,
        span: Span,
    ) -> Option<Relation> {
        let [table, address, network, rest @ ..] = args else {
            self.wrong_arguments(span, "this plugin takes a table, an address and the table's network");
            return None;
        };
        let right = self.table(&table.expr)?;
        let text = |b: &mut Self, relation: &Relation, arg: &NamedExpr| {
            let expr = b.scalar(&arg.expr, relation)?;
            match &expr.kind {
                ExprKind::Column(name) if expr.ty == Type::String => {
                    relation.schema.names().position(|n| n == name).map(|at| (at, name.clone()))
                }
                _ => {
                    b.error("column_expected", arg.expr.span, "a column of texts is expected here");
                    None
                }
            }
        };
        let (address, _) = text(self, &input, address)?;
        let (network, _) = text(self, &right, network)?;
        let mut keys = Vec::new();
        let mut unmatched = false;
        for arg in rest {
            let flag = arg.names.first().is_some_and(|n| n.text == "return_unmatched")
                || matches!(arg.expr.kind, K::Literal(Value::Bool(_)));
            if flag {
                match self.constant(&arg.expr)? {
                    Value::Bool(b) => unmatched = b,
                    _ => {
                        self.wrong_arguments(arg.expr.span, "return_unmatched is true or false");
                        return None;
                    }
                }
                continue;
            }
            let K::Name(name) = &arg.expr.kind else {
                self.error(
                    "column_expected",
                    arg.expr.span,
                    "a column that both tables have is expected here",
                );
                return None;
            };
            let places =
                (input.schema.names().position(|n| n == name), right.schema.names().position(|n| n == name));
            let (Some(a), Some(b)) = places else {
                let message = format!("the column '{name}' must be in both tables");
                self.error("unknown_column", arg.expr.span, message);
                return None;
            };
            keys.push((a, b));
        }
        let mut schema = input.schema.clone();
        let mut taken = Vec::new();
        for (at, column) in right.schema.columns.iter().enumerate() {
            if keys.iter().any(|(_, b)| *b == at) {
                continue;
            }
            let name = names::unique(&schema, &column.name);
            schema.push(name, column.ty);
            taken.push(at);
        }
        let function = TableFunction::AddressLookup { address, network, keys, taken, unmatched, v6 };
        let poisoned = right.poisoned;
        let mut output = call_over(input, function);
        output.poisoned |= poisoned;
        output.open |= right.open;
        output.schema = schema.clone();
        if let Some(Operator::Call(call)) = output.operators.last_mut() {
            call.inputs.push(right.finish());
            call.schema = schema;
        }
        Some(output)
    }

    fn dcount_intersect(&mut self, mut input: Relation, args: &[NamedExpr], span: Span) -> Option<Relation> {
        if args.len() < 2 || args.len() > 16 {
            self.wrong_arguments(span, "dcount_intersect() takes 2 to 16 columns of hll() states");
            return None;
        }
        let mut columns = Vec::new();
        let mut schema = input.schema.clone();
        let own = input.schema.columns.iter().map(|c| (c.name.clone(), Expr::column(&c.name, c.ty)));
        let mut list: Vec<(String, Expr)> = own.collect();
        for (at, arg) in args.iter().enumerate() {
            let expr = self.scalar(&arg.expr, &input)?;
            columns.push((format!("$hll{at}"), cast(expr, Type::Dynamic)));
            schema.push(names::unique(&schema, &format!("s{at}")), Type::Long);
        }
        list.extend(columns);
        input.schema = schema.clone();
        input.hidden.clear();
        let function = TableFunction::IntersectionSizes(args.len());
        let call = TableCall { function, columns: list, inputs: Vec::new(), schema };
        input.operators.push(Operator::Call(Box::new(call)));
        Some(input)
    }
}

/// Names of the columns in an expression.
pub(super) fn columns_of(expr: &Expr, names: &mut Vec<String>) {
    match &expr.kind {
        ExprKind::Column(name) => names.push(name.clone()),
        ExprKind::Literal(_) | ExprKind::StageValue(_) => {}
        ExprKind::Cast(e) | ExprKind::Not(e) => columns_of(e, names),
        ExprKind::Binary(_, a, b) | ExprKind::Text { left: a, right: b, .. } => {
            columns_of(a, names);
            columns_of(b, names);
        }
        ExprKind::In { left, items, .. } | ExprKind::Terms { left, items, .. } => {
            columns_of(left, names);
            items.iter().for_each(|e| columns_of(e, names));
        }
        ExprKind::And(items) | ExprKind::Or(items) | ExprKind::Call { args: items, .. } => {
            items.iter().for_each(|e| columns_of(e, names));
        }
        ExprKind::Path(base, steps) => {
            columns_of(base, names);
            for step in steps {
                if let Step::Computed(e) = step {
                    columns_of(e, names);
                }
            }
        }
        ExprKind::Case { branches, otherwise } => {
            for (condition, value) in branches {
                columns_of(condition, names);
                columns_of(value, names);
            }
            columns_of(otherwise, names);
        }
    }
}
