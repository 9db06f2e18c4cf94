//! `search` and `find`: conditions over the columns of many tables.

use super::{Binder, Binding, Relation, names, union::nothing};
use crate::ast::{self, ExprKind as K, NamedExpr, TextOp};
use crate::diagnostic::Span;
use crate::functions;
use crate::program::{Expr, ExprKind, Operator, Source};
use crate::types::{Column, Schema, Type, Value};

/// The column in which `search` names the table of a row.
const TABLE: &str = "$table";
/// The column in which `find` names it.
const SOURCE: &str = "source_";
/// The bag of the columns that `find` does not show.
const PACK: &str = "pack_";

impl Binder<'_, '_, '_> {
    pub(super) fn search(&mut self, piped: Option<Relation>, search: &ast::Search, span: Span) -> Relation {
        let mut exact = false;
        for setting in &search.settings {
            match (setting.name.text.as_str(), setting.value.text.as_str()) {
                ("kind", "case_sensitive") => exact = true,
                ("kind", "default" | "case_insensitive") => {}
                (other, _) => {
                    self.unsupported(
                        &format!("the setting '{other}={}' of search", setting.value.text),
                        span,
                    );
                    return Relation::broken();
                }
            }
        }
        let mut relation = match piped {
            Some(input) if search.tables.is_empty() => {
                let table = match &input.source {
                    Source::Table { name, .. } => name.clone(),
                    _ => String::new(),
                };
                let mut columns = vec![(TABLE.to_owned(), Expr::literal(Value::String(table), span))];
                columns.extend(
                    input.schema.columns.iter().map(|c| (c.name.clone(), Expr::column(&c.name, c.ty))),
                );
                let mut input = input;
                input.project(columns);
                input
            }
            Some(_) => {
                self.error("syntax_error", span, "search in (…) stands at the beginning, not after '|'");
                return Relation::broken();
            }
            None => {
                let Some(inputs) = self.looked_in(&search.tables, span) else { return Relation::broken() };
                self.unite(inputs, false, Some(TABLE), span)
            }
        };
        if relation.poisoned {
            return relation;
        }
        match self.search_predicate(&search.condition, &relation, exact) {
            Some(predicate) => relation.operators.push(Operator::Filter(predicate)),
            None => relation.poisoned = true,
        }
        relation
    }

    /// The tables of `in (…)`; all when none is given.
    fn looked_in(&mut self, tables: &[ast::Expr], span: Span) -> Option<Vec<(String, Relation)>> {
        let everything = [ast::Expr { kind: K::Star, span, depth: 1 }];
        let tables = if tables.is_empty() { &everything } else { tables };
        let mut inputs = Vec::new();
        let whole = self.inputs(tables, false, &mut inputs);
        if inputs.is_empty() && whole {
            self.error("empty_union", span, "there is no table to look in");
        }
        (whole && !inputs.is_empty()).then_some(inputs)
    }

    fn search_predicate(&mut self, condition: &ast::Expr, row: &Relation, exact: bool) -> Option<Expr> {
        let written = self.written_out(condition, row, exact, 0)?;
        self.predicate(&written, row)
    }

    /// A condition in which texts that stand alone, and `column:"term"`, are ordinary operators.
    fn written_out(
        &mut self,
        expr: &ast::Expr,
        row: &Relation,
        exact: bool,
        depth: u16,
    ) -> Option<ast::Expr> {
        if depth > crate::MAX_DEPTH {
            self.error("too_deep", expr.span, "the condition is nested too deeply");
            return None;
        }
        let mut all = |parts: &[ast::Expr]| -> Option<Vec<ast::Expr>> {
            parts.iter().map(|p| self.written_out(p, row, exact, depth + 1)).collect()
        };
        let kind = match &expr.kind {
            K::And(parts) => K::And(all(parts)?),
            K::Or(parts) => K::Or(all(parts)?),
            K::Call { name, args } if name.text == "not" && args.len() == 1 => {
                let inner = self.written_out(&args.first()?.expr, row, exact, depth + 1)?;
                let args = vec![NamedExpr { names: Vec::new(), expr: inner }];
                K::Call { name: name.clone(), args }
            }
            K::Literal(Value::String(_)) => self.term(&star(expr.span), expr, exact)?,
            K::Name(name) if row.resolve(name).is_none() && self.is_text(name) => {
                self.term(&star(expr.span), expr, exact)?
            }
            K::Matches(left, right) => self.term(left, right, exact)?,
            _ => return Some(expr.clone()),
        };
        Some(ast::Expr { kind, span: expr.span, depth: expr.depth })
    }

    fn is_text(&self, name: &str) -> bool {
        matches!(self.scope.get(name), Some(Binding::Scalar(value)) if value.ty == Type::String)
    }

    /// A search for a term; `*` at its ends or inside it stands for any text.
    fn term(&mut self, left: &ast::Expr, right: &ast::Expr, exact: bool) -> Option<K> {
        let text = match &right.kind {
            K::Literal(Value::String(text)) => text.clone(),
            K::Name(name) => match self.scope.get(name) {
                Some(Binding::Scalar(value)) => match value.as_literal() {
                    Some(Value::String(text)) => text.clone(),
                    _ => return self.term_expected(right.span),
                },
                _ => return self.term_expected(right.span),
            },
            // A number is looked for as it is written in a row.
            K::Literal(Value::Long(n)) => n.to_string(),
            _ => return self.term_expected(right.span),
        };
        let pick = |plain: TextOp, cased: TextOp| if exact { cased } else { plain };
        let open = text.strip_prefix('*');
        let (start, rest) = (open.is_some(), open.unwrap_or(&text));
        let open = rest.strip_suffix('*');
        let (end, rest) = (open.is_some(), open.unwrap_or(rest));
        let (op, text) = if rest.contains('*') {
            // The pieces in order within one text.
            let pieces: Vec<String> = rest.split('*').map(quoted).collect();
            let mut pattern = String::from(if exact { "(?s)" } else { "(?is)" });
            pattern.push_str(if start { "" } else { "(?:^|[^0-9A-Za-z])" });
            pattern.push_str(&pieces.join(".*"));
            pattern.push_str(if end { "" } else { "(?:$|[^0-9A-Za-z])" });
            (TextOp::MatchesRegex, pattern)
        } else {
            let op = match (start, end) {
                (true, true) => pick(TextOp::Contains, TextOp::ContainsCs),
                (true, false) => pick(TextOp::HasSuffix, TextOp::HasSuffixCs),
                (false, true) => pick(TextOp::HasPrefix, TextOp::HasPrefixCs),
                (false, false) => pick(TextOp::Has, TextOp::HasCs),
            };
            (op, rest.to_owned())
        };
        let right = ast::Expr { kind: K::Literal(Value::String(text)), span: right.span, depth: 1 };
        Some(K::Text { op, negated: false, left: Box::new(left.clone()), right: Box::new(right) })
    }

    fn term_expected(&mut self, span: Span) -> Option<K> {
        self.error("constant_expected", span, "the term to search for must be a constant text");
        None
    }

    /// The language's rule: the columns that all tables share, those that the condition names, and the
    /// others of each table as one bag; only tables that have a column of the condition are read.
    pub(super) fn find(&mut self, find: &ast::Find, span: Span) -> Relation {
        let mut source = SOURCE.to_owned();
        for setting in &find.settings {
            match setting.name.text.as_str() {
                "withsource" | "with_source" => source.clone_from(&setting.value.text),
                other => {
                    self.unsupported(&format!("the setting '{other}' of find"), setting.name.span);
                    return Relation::broken();
                }
            }
        }
        let Some(mut inputs) = self.looked_in(&find.tables, span) else { return Relation::broken() };
        // What the condition names, in the order of the text.
        let mut named = Vec::new();
        let mut everywhere = false;
        mentioned(&find.condition, true, &mut named, &mut everywhere);
        everywhere |= named.iter().any(|(name, alone)| {
            *alone && self.is_text(name) && inputs.iter().all(|(_, r)| r.resolve(name).is_none())
        });
        let named: Vec<String> = named.into_iter().map(|(name, _)| name).collect();
        if inputs.len() > 1 && !everywhere {
            inputs.retain(|(_, r)| named.iter().any(|n| r.resolve(n).is_some()));
            if inputs.is_empty() {
                self.error("unknown_column", find.condition.span, "no table has a column of this condition");
                return Relation::broken();
            }
        }
        let mut shown = Schema::default();
        shown.push(&source, Type::String);
        let explicit = find.project.as_ref();
        let mut types: Vec<(String, Option<Type>)> = Vec::new();
        match explicit {
            Some(project) => {
                for (name, ty) in &project.columns {
                    types.push((name.text.clone(), *ty));
                }
            }
            None => {
                let (first, rest) = match inputs.split_first() {
                    Some((first, rest)) => (&first.1.schema, rest),
                    None => return Relation::broken(),
                };
                let shared = |c: &&Column| {
                    rest.iter().all(|(_, r)| r.schema.get(&c.name).is_some_and(|other| other.ty == c.ty))
                };
                types.extend(first.columns.iter().filter(shared).map(|c| (c.name.clone(), None)));
                for name in &named {
                    if !types.iter().any(|(n, _)| n == name)
                        && inputs.iter().any(|(_, r)| r.resolve(name).is_some())
                    {
                        types.push((name.clone(), None));
                    }
                }
            }
        }
        let left_over = |r: &Relation| -> Vec<Column> {
            r.schema.columns.iter().filter(|c| !types.iter().any(|(n, _)| *n == c.name)).cloned().collect()
        };
        let pack = match explicit {
            Some(project) => project.pack,
            None => inputs.iter().any(|(_, r)| !left_over(r).is_empty()),
        };
        if pack {
            for (_, relation) in &mut inputs {
                let rest = left_over(relation);
                if !self.count(rest.len(), span) {
                    return Relation::broken();
                }
                let Some(bag) = bag_of(&rest, span) else { continue };
                let mut list: Vec<(String, Expr)> = relation
                    .schema
                    .columns
                    .iter()
                    .map(|c| (c.name.clone(), Expr::column(&c.name, c.ty)))
                    .collect();
                list.push((names::unique(&relation.schema, PACK), bag));
                relation.project(list);
            }
        }
        let mut relation = self.unite(inputs, false, Some(&source), span);
        if relation.poisoned {
            return relation;
        }
        match self.search_predicate(&find.condition, &relation, false) {
            Some(predicate) => relation.operators.push(Operator::Filter(predicate)),
            None => return Relation { poisoned: true, ..relation },
        }
        let mut list = vec![(source.clone(), Expr::column(&source, Type::String))];
        let mut output = Schema::default();
        output.push(&source, Type::String);
        for (name, ty) in types {
            // A column with two types was split by the union: each is shown.
            let found: Vec<Column> = match relation.resolve(&name) {
                Some(column) => vec![column.clone()],
                None => {
                    let split = |c: &&Column| c.name == format!("{name}_{}", c.ty.name());
                    relation.schema.columns.iter().filter(split).cloned().collect()
                }
            };
            if found.is_empty() && explicit.is_some() {
                let what = explicit.and_then(|p| p.columns.iter().find(|(n, _)| n.text == name));
                let at = what.map_or(span, |(n, _)| n.span);
                let suggestion = self.sink.nearest(&name, relation.schema.names());
                self.sink.error("unknown_column", at, format!("there is no column '{name}'"), suggestion);
                relation.poisoned = true;
            }
            for column in found {
                let own =
                    if relation.schema.get(&name).is_some() { column.name.clone() } else { name.clone() };
                let own = names::unique(&output, &own);
                let expr = super::cast::cast(
                    Expr { span, ..Expr::column(&column.name, column.ty) },
                    ty.unwrap_or(column.ty),
                );
                output.push(&own, expr.ty);
                list.push((own, expr));
            }
        }
        if pack {
            let bag = match relation.schema.get(PACK) {
                Some(column) => Expr::column(&column.name, column.ty),
                None => nothing(Type::Dynamic, span),
            };
            list.push((PACK.to_owned(), bag));
        }
        list.retain(|(name, _)| {
            *name == source
                || !find.away.iter().any(|p| match &p.kind {
                    K::Star => !(*name == PACK && explicit.is_some_and(|e| e.pack)),
                    K::Name(n) => n == name,
                    K::Wildcard(pattern) => names::wildcard(pattern, name),
                    _ => false,
                })
        });
        relation.project(list);
        relation
    }
}

fn star(span: Span) -> ast::Expr {
    ast::Expr { kind: K::Star, span, depth: 1 }
}

/// A text as a regular expression that matches it alone.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Columns as one bag.
fn bag_of(columns: &[Column], span: Span) -> Option<Expr> {
    let function = functions::lookup("bag_pack")?.name;
    let mut args = Vec::new();
    for column in columns {
        args.push(Expr::literal(Value::String(column.name.clone()), span));
        args.push(Expr::column(&column.name, column.ty));
    }
    if args.is_empty() {
        return None;
    }
    Some(Expr::new(ExprKind::Call { function, args }, Type::Dynamic, span))
}

/// Names that a condition mentions, each with whether it stands alone as a condition; `everywhere` is set when
/// it looks in all columns.
fn mentioned(expr: &ast::Expr, condition: bool, names: &mut Vec<(String, bool)>, everywhere: &mut bool) {
    let mut note = |name: &str, alone: bool| {
        if !names.iter().any(|(n, _)| n == name) {
            names.push((name.to_owned(), alone));
        }
    };
    match &expr.kind {
        K::Name(name) => note(name, condition),
        K::Star => *everywhere = true,
        K::Literal(Value::String(_)) if condition => *everywhere = true,
        K::And(parts) | K::Or(parts) => parts.iter().for_each(|p| mentioned(p, condition, names, everywhere)),
        K::Path(base, _) | K::Negate(base) => mentioned(base, false, names, everywhere),
        K::Call { name, args } => {
            let inner = condition && name.text == "not";
            args.iter().for_each(|a| mentioned(&a.expr, inner, names, everywhere));
        }
        K::Binary(_, left, right) | K::Matches(left, right) | K::Text { left, right, .. } => {
            mentioned(left, false, names, everywhere);
            mentioned(right, false, names, everywhere);
        }
        K::List { left, items, .. } => {
            mentioned(left, false, names, everywhere);
            items.iter().for_each(|i| mentioned(i, false, names, everywhere));
        }
        K::Between { value, low, high, .. } => {
            [value, low, high].into_iter().for_each(|e| mentioned(e, false, names, everywhere));
        }
        _ => {}
    }
}
