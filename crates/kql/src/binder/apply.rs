//! Sub-queries over groups of rows: `mv-apply` and `partition`.

use super::operator::spoiled;
use super::{Binder, Relation};
use crate::ast;
use crate::diagnostic::Span;
use crate::program::{Apply, Expr, ExprKind, Join, JoinKind, Operator, Source, TableCall, TableFunction};
use crate::types::{Column, Schema, Type, Value};

impl Binder<'_, '_, '_> {
    /// The operators of a sub-query and the columns of its outcome.
    fn sub_query(
        &mut self,
        schema: Schema,
        hidden: Vec<Column>,
        operators: &[ast::Operator],
    ) -> Option<Relation> {
        let span = operators.first().map_or(Span::default(), |o| o.span);
        self.deeper(span, |b| {
            let mut relation = Relation { hidden, ..Relation::new(Source::Rows, schema) };
            for operator in operators {
                relation = b.operator(relation, operator);
                if !b.appended(&mut relation, operator.span) {
                    return None;
                }
                if relation.source != Source::Rows && !relation.poisoned {
                    let message = "this operator inside a sub-query over groups of rows";
                    b.unsupported(message, operator.span);
                    return None;
                }
            }
            (!relation.poisoned).then_some(relation)
        })
    }

    /// A union inside a sub-query: the further rows join those of each group. False when that cannot be
    /// (reported).
    fn appended(&mut self, relation: &mut Relation, span: Span) -> bool {
        let Source::Union(inputs) = &mut relation.source else { return true };
        if inputs.first().is_none_or(|first| first.source != Source::Rows) {
            return true;
        }
        let first = inputs.remove(0);
        let further = std::mem::take(inputs);
        // Groups are known by their rows: one that has lost them all would miss the further ones.
        if !first.operators.iter().all(keeps_groups) {
            let message =
                "a union inside a sub-query, behind an operator that may leave a group without rows,";
            self.unsupported(message, span);
            return false;
        }
        let columns = first.schema.columns.iter().map(|c| (c.name.clone(), Expr::column(&c.name, c.ty)));
        let call = TableCall {
            function: TableFunction::Append,
            columns: columns.collect(),
            inputs: further,
            schema: first.schema.clone(),
        };
        relation.source = Source::Rows;
        let behind = std::mem::replace(&mut relation.operators, first.operators);
        relation.operators.push(Operator::Call(Box::new(call)));
        relation.operators.extend(behind);
        true
    }

    pub(super) fn mv_apply(
        &mut self,
        mut input: Relation,
        (settings, items, limit): (&[ast::Setting], &[ast::ExpandItem], Option<&ast::Expr>),
        operators: &[ast::Operator],
        span: Span,
    ) -> Relation {
        let Some((expand, true)) = self.expansion(&input, settings, items, limit, span) else {
            return spoiled(input, true);
        };
        let Some(sub) = self.sub_query(expand.schema.clone(), Vec::new(), operators) else {
            return spoiled(input, true);
        };
        // A column that is expanded under its own name belongs to the elements only.
        let applied: Vec<&str> = items
            .iter()
            .filter(|i| i.expr.names.is_empty())
            .filter_map(|i| match &i.expr.expr.kind {
                ast::ExprKind::Name(name) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        let mut columns: Vec<(String, bool, String, Type)> = Vec::new();
        for column in input.schema.columns.iter().filter(|c| !applied.contains(&c.name.as_str())) {
            columns.push((column.name.clone(), true, column.name.clone(), column.ty));
        }
        for column in &sub.schema.columns {
            let own = (column.name.clone(), false, column.name.clone(), column.ty);
            match columns.iter_mut().find(|(n, ..)| *n == column.name) {
                Some(outer) => *outer = own,
                None => columns.push(own),
            }
        }
        input.open |= sub.open;
        let apply = Apply { by: Vec::new(), expand: Some(expand), operators: sub.operators, columns };
        applied_to(input, apply)
    }

    pub(super) fn partition(
        &mut self,
        input: Relation,
        settings: &[ast::Setting],
        by: &ast::Expr,
        query: &ast::SubQuery,
    ) -> Relation {
        if let Some(setting) = settings.iter().find(|s| !s.name.text.starts_with("hint.")) {
            let message = format!("'{}' is not a setting of partition", setting.name.text);
            self.error("unknown_setting", setting.name.span, message);
            return spoiled(input, true);
        }
        let Some(key) = self.scalar(by, &input) else { return spoiled(input, true) };
        let ExprKind::Column(name) = &key.kind else {
            self.error("column_expected", by.span, "the groups of partition are those of a column");
            return spoiled(input, true);
        };
        if key.ty == Type::Dynamic && self.open.is_none() {
            self.error("type_mismatch", by.span, "partition cannot be by a dynamic; convert it first");
            return spoiled(input, true);
        }
        match query {
            ast::SubQuery::Operators(operators) => {
                let Some(sub) = self.sub_query(input.schema.clone(), Vec::new(), operators) else {
                    return spoiled(input, true);
                };
                let columns = own_columns(&sub.schema);
                let mut input = input;
                input.open |= sub.open;
                let apply = Apply { by: vec![key], expand: None, operators: sub.operators, columns };
                applied_to(input, apply)
            }
            ast::SubQuery::Query(query) => {
                let name = name.clone();
                self.partition_query(input, &name, key, query)
            }
        }
    }

    /// `partition by Key { Source | … }`: the query once per value of the key, which it may name.
    fn partition_query(&mut self, input: Relation, name: &str, key: Expr, query: &ast::Expr) -> Relation {
        let (source, operators): (&ast::Expr, &[ast::Operator]) = match &query.kind {
            ast::ExprKind::Pipe(source, operators) => (source, operators),
            _ => (query, &[]),
        };
        let Some(right) = self.table(source) else { return spoiled(input, true) };
        let mut left = input;
        left.hidden.clear();
        left.project(vec![(name.to_owned(), key.clone())]);
        left.operators.push(Operator::Distinct);
        left.aliases.clear();
        let own = super::names::unique(&right.schema, name);
        let hidden = Column { name: own.clone(), ty: key.ty };
        if own != name {
            // The source's column of that name stands before the key.
            left.project(vec![(own.clone(), Expr::column(name, key.ty))]);
        }
        let Some(sub) = self.sub_query(right.schema.clone(), vec![hidden], operators) else {
            return spoiled(left, true);
        };
        let mut columns = vec![(own.clone(), true, own.clone(), key.ty)];
        columns.extend(right.schema.columns.iter().map(|c| (c.name.clone(), false, c.name.clone(), c.ty)));
        left.poisoned |= right.poisoned;
        left.open |= right.open | sub.open;
        let one = Expr::literal(Value::Long(1), key.span);
        let join =
            Join { kind: JoinKind::Inner, right: right.finish(), keys: vec![(one.clone(), one)], columns };
        left.operators.push(Operator::Join(Box::new(join)));
        let columns = own_columns(&sub.schema);
        let by = vec![Expr::column(own, key.ty)];
        applied_to(left, Apply { by, expand: None, operators: sub.operators, columns })
    }
}

/// Whether each group that has rows still has some behind an operator.
fn keeps_groups(operator: &Operator) -> bool {
    match operator {
        Operator::Project(_)
        | Operator::Aggregate { .. }
        | Operator::Sort(_)
        | Operator::Distinct
        | Operator::Window(_)
        | Operator::Columns(_) => true,
        Operator::Parse(parse) => !parse.filter,
        Operator::Take(n) | Operator::Sample(n) => *n > 0,
        Operator::Call(call) => call.function == TableFunction::Append,
        _ => false,
    }
}

fn own_columns(schema: &Schema) -> Vec<(String, bool, String, Type)> {
    schema.columns.iter().map(|c| (c.name.clone(), false, c.name.clone(), c.ty)).collect()
}

/// The relation with an applied sub-query.
pub(super) fn applied_to(mut input: Relation, apply: Apply) -> Relation {
    let column = |(name, _, _, ty): &(String, bool, String, Type)| Column { name: name.clone(), ty: *ty };
    input.schema = Schema { columns: apply.columns.iter().map(column).collect() };
    input.hidden.clear();
    input.aliases.clear();
    input.operators.push(Operator::Apply(Box::new(apply)));
    input
}
