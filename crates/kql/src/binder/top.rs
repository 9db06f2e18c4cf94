//! `top-nested`, written out as the operators that it is made of.

use super::operator::spoiled;
use super::{Binder, Relation, names};
use crate::ast::{self, NamedExpr, TopNested};
use crate::diagnostic::Span;
use crate::program::{Apply, Expr, ExprKind, Join, JoinKind, Operator, SortKey, Source, StageOutput};
use crate::types::{Column, Schema, Type, Value};

/// The internal columns of a level: what it is made of, and its aggregate.
fn level(at: usize) -> String {
    format!("$level{at}")
}

fn amount(at: usize) -> String {
    format!("$amount{at}")
}

/// Whether a row stands for the others of some level, and whether it is among the top of this one.
const OTHERS: &str = "$others";
const TOP: &str = "$top";

impl Binder<'_, '_, '_> {
    /// A relation that others can be made from any number of times.
    fn fork(&mut self, mut relation: Relation) -> Relation {
        relation.settle();
        let schema = relation.schema.clone();
        let poisoned = relation.poisoned;
        let stage = self.stage(Some("$levels".to_owned()), StageOutput::Table, relation);
        Relation { poisoned, ..Relation::new(Source::Stage(stage), schema) }
    }

    /// `top-nested`: of each group of a level the top ones, of each of those the top ones of the next.
    pub(super) fn top_nested(&mut self, input: Relation, levels: &[TopNested]) -> Relation {
        let mut whole = true;
        let mut list: Vec<(String, Expr)> =
            input.schema.columns.iter().map(|c| (c.name.clone(), Expr::column(&c.name, c.ty))).collect();
        let mut outcome = Schema::default();
        let mut types = Vec::new();
        let mut unnamed = 0;
        for (at, clause) in levels.iter().enumerate() {
            let Some(expr) = self.scalar(&clause.of.expr, &input) else {
                whole = false;
                continue;
            };
            types.push(expr.ty);
            let of = self.column_name(&clause.of, &mut unnamed, &outcome);
            outcome.push(&of, expr.ty);
            let by = clause.by.names.first().map_or_else(|| format!("aggregated_{of}"), |n| n.text.clone());
            let by = names::unique(&outcome, &by);
            outcome.push(by, Type::Dynamic);
            list.push((level(at), expr));
        }
        if !whole {
            return spoiled(input, true);
        }
        let others = levels.iter().any(|l| l.others.is_some());
        if others {
            list.push((OTHERS.to_owned(), Expr::literal(Value::Bool(false), Span::default())));
        }
        let open = input.open;
        let mut rows = input;
        rows.project(list);
        rows.open = open;
        rows = self.fork(rows);
        let mut results: Vec<Relation> = Vec::new();
        for (at, clause) in levels.iter().enumerate() {
            let Some((top, next)) = self.level(rows, at, clause, &types, others) else {
                return Relation::broken();
            };
            rows = next;
            results.push(top);
        }
        let mut results = results.into_iter().enumerate().rev();
        let Some((last, mut result)) = results.next() else { return Relation::broken() };
        for (at, upper) in results {
            let keys = (0..=at).map(|n| (Expr::column(level(n), types[n]), Expr::column(level(n), types[n])));
            let mut columns: Vec<(String, bool, String, Type)> =
                result.schema.columns.iter().map(|c| (c.name.clone(), true, c.name.clone(), c.ty)).collect();
            let added = upper.schema.get(&amount(at)).cloned();
            columns.extend(added.map(|c| (c.name.clone(), false, c.name, c.ty)));
            result.schema = Schema {
                columns: columns.iter().map(|(n, _, _, ty)| Column { name: n.clone(), ty: *ty }).collect(),
            };
            let keys = keys.collect();
            let join = Join { kind: JoinKind::Inner, right: upper.finish(), keys, columns };
            result.operators.push(Operator::Join(Box::new(join)));
        }
        // Top first, level by level.
        let mut keys = Vec::new();
        let mut finals = Vec::new();
        for (at, clause) in levels.iter().enumerate().take(last + 1) {
            let (of, by) = (result.schema.get(&level(at)).cloned(), result.schema.get(&amount(at)).cloned());
            let (Some(of), Some(by)) = (of, by) else { return Relation::broken() };
            let ascending = clause.ascending;
            let plain = |ty: Type| !matches!(ty, Type::Dynamic | Type::Bool);
            if plain(by.ty) {
                keys.push(SortKey { expr: Expr::column(&by.name, by.ty), ascending, nulls_first: false });
            }
            if plain(of.ty) {
                keys.push(SortKey {
                    expr: Expr::column(&of.name, of.ty),
                    ascending: true,
                    nulls_first: false,
                });
            }
            for (place, column) in [of, by].into_iter().enumerate() {
                let name = outcome.columns.get(2 * at + place).map(|c| c.name.clone()).unwrap_or_default();
                finals.push((name, Expr::column(&column.name, column.ty)));
            }
        }
        result.operators.push(Operator::Sort(keys));
        result.project(finals);
        result
    }

    /// One level: its groups with their amounts, and the rows that the next level sees.
    fn level(
        &mut self,
        rows: Relation,
        at: usize,
        clause: &TopNested,
        types: &[Type],
        others: bool,
    ) -> Option<(Relation, Relation)> {
        let span = clause.of.expr.span;
        let count = match &clause.count {
            Some(n) => Some(self.constant_count(n)?),
            None => None,
        };
        let mut top = rows.clone();
        if others {
            let not = ExprKind::Not(Box::new(Expr::column(OTHERS, Type::Bool)));
            top.operators.push(Operator::Filter(Expr::new(not, Type::Bool, span)));
        }
        let mut top = self.amounts(top, at, clause, false)?;
        let by = top.schema.get(&amount(at)).map_or(Type::Long, |c| c.ty);
        if let Some(count) = count {
            let key = Expr::column(amount(at), by);
            let key = SortKey { expr: key, ascending: clause.ascending, nulls_first: false };
            // Equal amounts in the order of their values, so that the choice is always the same.
            let mut keys = vec![key];
            if !matches!(types[at], Type::Dynamic | Type::Bool) {
                let expr = Expr::column(level(at), types[at]);
                keys.push(SortKey { expr, ascending: true, nulls_first: false });
            }
            let chosen = vec![Operator::Sort(keys), Operator::Take(count)];
            if at == 0 {
                top.operators.extend(chosen);
            } else {
                let groups = (0..at).map(|n| Expr::column(level(n), types[n])).collect();
                let columns =
                    top.schema.columns.iter().map(|c| (c.name.clone(), false, c.name.clone(), c.ty));
                let columns = columns.collect();
                top = super::apply::applied_to(
                    top,
                    Apply { by: groups, expand: None, operators: chosen, columns },
                );
            }
        }
        let top = self.fork(top);
        let keys: Vec<(Expr, Expr)> =
            (0..=at).map(|n| (Expr::column(level(n), types[n]), Expr::column(level(n), types[n]))).collect();
        let mut next = rows;
        let own = |c: &Column| (c.name.clone(), true, c.name.clone(), c.ty);
        let mut columns: Vec<_> = next.schema.columns.iter().map(own).collect();
        if !others {
            let join = Join { kind: JoinKind::LeftSemi, right: top.clone().finish(), keys, columns };
            next.operators.push(Operator::Join(Box::new(join)));
            let next = self.fork(next);
            return Some((top, next));
        }
        let mut right = top;
        let mut list: Vec<(String, Expr)> =
            (0..=at).map(|n| (level(n), Expr::column(level(n), types[n]))).collect();
        list.push((TOP.to_owned(), Expr::literal(Value::Bool(true), span)));
        right.project(list);
        columns.push((TOP.to_owned(), false, TOP.to_owned(), Type::Bool));
        next.operators.push(Operator::Join(Box::new(Join {
            kind: JoinKind::LeftOuter,
            right: right.finish(),
            keys,
            columns,
        })));
        let empty = Expr::new(
            ExprKind::Call { function: "isnull", args: vec![Expr::column(TOP, Type::Bool)] },
            Type::Bool,
            span,
        );
        // A row that stands for others already has no top ones.
        let beyond = Expr::new(ExprKind::Or(vec![empty, Expr::column(OTHERS, Type::Bool)]), Type::Bool, span);
        let row = Relation::new(Source::OneRow, Schema::default());
        let value = match &clause.others {
            Some(value) => Some(super::cast::cast(self.scalar(value, &row)?, types[at])),
            None => None,
        };
        let rest = match value.clone() {
            Some(value) => value,
            None if types[at] == Type::String => Expr::literal(Value::String(String::new()), span),
            None => Expr::literal(Value::Null(types[at]), span),
        };
        if value.is_none() {
            // Without a value for the others they are left out, unless a level above has them.
            let hit = Expr::new(ExprKind::Not(Box::new(beyond.clone())), Type::Bool, span);
            let keep = ExprKind::Or(vec![hit, Expr::column(OTHERS, Type::Bool)]);
            next.operators.push(Operator::Filter(Expr::new(keep, Type::Bool, span)));
        }
        let list: Vec<(String, Expr)> = next
            .schema
            .columns
            .iter()
            .map(|c| {
                let own = Expr::column(&c.name, c.ty);
                let expr = if c.name == level(at) {
                    let kind = ExprKind::Case {
                        branches: vec![(beyond.clone(), rest.clone())],
                        otherwise: Box::new(own),
                    };
                    Expr::new(kind, c.ty, span)
                } else if c.name == OTHERS {
                    beyond.clone()
                } else {
                    own
                };
                (c.name.clone(), expr)
            })
            .collect();
        next.project(list);
        let next = self.fork(next);
        let mut result = self.amounts(next.clone(), at, clause, true)?;
        let by = result.schema.get(&amount(at)).map_or(Type::Long, |c| c.ty);
        if value.is_none() {
            let list = result.schema.columns.clone().into_iter().map(|c| {
                let own = Expr::column(&c.name, c.ty);
                let expr = if c.name == amount(at) {
                    let null =
                        if by == Type::String { Value::String(String::new()) } else { Value::Null(by) };
                    let kind = ExprKind::Case {
                        branches: vec![(Expr::column(OTHERS, Type::Bool), Expr::literal(null, span))],
                        otherwise: Box::new(own),
                    };
                    Expr::new(kind, c.ty, span)
                } else {
                    own
                };
                (c.name, expr)
            });
            result.project(list.collect());
        }
        let list = result.schema.columns.iter().filter(|c| c.name != OTHERS);
        let list = list.map(|c| (c.name.clone(), Expr::column(&c.name, c.ty))).collect();
        result.project(list);
        Some((result, next))
    }

    /// The groups of a level with their amounts.
    fn amounts(&mut self, rows: Relation, at: usize, clause: &TopNested, others: bool) -> Option<Relation> {
        let span = clause.by.expr.span;
        let name = |text: String| ast::Name { text, span };
        let column = |text: String| NamedExpr {
            names: Vec::new(),
            expr: ast::Expr { kind: ast::ExprKind::Name(text), span, depth: 0 },
        };
        let item = NamedExpr { names: vec![name(amount(at))], expr: clause.by.expr.clone() };
        let mut groups: Vec<NamedExpr> = (0..=at).map(|n| column(level(n))).collect();
        if others {
            groups.push(column(OTHERS.to_owned()));
        }
        let result = self.summarize(rows, &[item], &groups);
        (!result.poisoned).then_some(result)
    }
}
