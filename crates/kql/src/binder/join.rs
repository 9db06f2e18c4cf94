//! `join` and `lookup`.

use std::collections::HashSet;

use super::{Binder, Relation};
use crate::ast::{self, BinaryOp, ExprKind as K};
use crate::diagnostic::Span;
use crate::program::{Expr, ExprKind, Join, JoinKind, Operator};
use crate::types::{Column, Schema, Type, Value};

impl Binder<'_, '_, '_> {
    fn join_kind(&mut self, settings: &[ast::Setting], default: JoinKind, lookup: bool) -> Option<JoinKind> {
        let mut kind = default;
        for setting in settings {
            let name = setting.name.text.as_str();
            if name == "kind" {
                kind = match setting.value.text.to_ascii_lowercase().as_str() {
                    "innerunique" if !lookup => JoinKind::InnerUnique,
                    "inner" => JoinKind::Inner,
                    "leftouter" => JoinKind::LeftOuter,
                    "rightouter" if !lookup => JoinKind::RightOuter,
                    "fullouter" if !lookup => JoinKind::FullOuter,
                    "leftsemi" if !lookup => JoinKind::LeftSemi,
                    "rightsemi" if !lookup => JoinKind::RightSemi,
                    "leftanti" | "anti" | "leftantisemi" if !lookup => JoinKind::LeftAnti,
                    "rightanti" | "rightantisemi" if !lookup => JoinKind::RightAnti,
                    other => {
                        let kinds = [
                            "innerunique",
                            "inner",
                            "leftouter",
                            "rightouter",
                            "fullouter",
                            "leftsemi",
                            "rightsemi",
                            "leftanti",
                            "rightanti",
                        ];
                        let suggestion = self.sink.nearest(other, kinds);
                        self.sink.error(
                            "unknown_setting",
                            setting.value.span,
                            format!("'{other}' is not a kind of join"),
                            suggestion,
                        );
                        return None;
                    }
                };
            } else if !name.starts_with("hint.") {
                self.error(
                    "unknown_setting",
                    setting.name.span,
                    format!("'{name}' is not a setting of join"),
                );
                return None;
            }
        }
        Some(kind)
    }

    pub(super) fn join(
        &mut self,
        left: Relation,
        settings: &[ast::Setting],
        right: &ast::Expr,
        on: &[ast::Expr],
        span: Span,
    ) -> Relation {
        let kind = self.join_kind(settings, JoinKind::InnerUnique, false);
        let Some((right, keys)) = self.join_sides(&left, right, on, span) else {
            return Relation { poisoned: true, ..left };
        };
        let Some(kind) = kind else { return Relation { poisoned: true, ..left } };
        let mut columns = Vec::new();
        let left_rows = !matches!(kind, JoinKind::RightSemi | JoinKind::RightAnti);
        let right_rows = !matches!(kind, JoinKind::LeftSemi | JoinKind::LeftAnti);
        let mut schema = Schema::default();
        if left_rows {
            for column in &left.schema.columns {
                schema.push(&column.name, column.ty);
                columns.push((column.name.clone(), true, column.name.clone(), column.ty));
            }
        }
        if right_rows {
            for column in &right.schema.columns {
                let name = right_name(&schema, &right.schema, &column.name);
                schema.push(&name, column.ty);
                columns.push((name, false, column.name.clone(), column.ty));
            }
        }
        self.joined(left, right, kind, keys, columns)
    }

    pub(super) fn lookup(
        &mut self,
        left: Relation,
        settings: &[ast::Setting],
        right: &ast::Expr,
        on: &[ast::Expr],
        span: Span,
    ) -> Relation {
        let kind = self.join_kind(settings, JoinKind::LeftOuter, true);
        let Some((right, keys)) = self.join_sides(&left, right, on, span) else {
            return Relation { poisoned: true, ..left };
        };
        let Some(kind) = kind else { return Relation { poisoned: true, ..left } };
        let right_keys: Vec<&str> = keys
            .iter()
            .filter_map(|(_, r)| match &r.kind {
                ExprKind::Column(name) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        let mut schema = Schema::default();
        let mut columns = Vec::new();
        for column in &left.schema.columns {
            schema.push(&column.name, column.ty);
            columns.push((column.name.clone(), true, column.name.clone(), column.ty));
        }
        for column in right.schema.columns.iter().filter(|c| !right_keys.contains(&c.name.as_str())) {
            let name = right_name(&schema, &right.schema, &column.name);
            schema.push(&name, column.ty);
            columns.push((name, false, column.name.clone(), column.ty));
        }
        self.joined(left, right, kind, keys, columns)
    }

    fn joined(
        &mut self,
        mut left: Relation,
        right: Relation,
        kind: JoinKind,
        keys: Vec<(Expr, Expr)>,
        columns: Vec<(String, bool, String, Type)>,
    ) -> Relation {
        left.poisoned |= right.poisoned;
        left.open |= right.open;
        left.schema = Schema {
            columns: columns.iter().map(|(n, _, _, ty)| Column { name: n.clone(), ty: *ty }).collect(),
        };
        left.hidden.clear();
        let join = Join { kind, right: right.finish(), keys, columns };
        left.operators.push(Operator::Join(Box::new(join)));
        left
    }

    fn join_sides(
        &mut self,
        left: &Relation,
        right: &ast::Expr,
        on: &[ast::Expr],
        span: Span,
    ) -> Option<(Relation, Vec<(Expr, Expr)>)> {
        let right = self.table(right)?;
        if on.is_empty() {
            self.error("syntax_error", span, "a join needs 'on' with its keys");
            return None;
        }
        let mut keys = Vec::new();
        let mut whole = true;
        for condition in on {
            whole &= self.join_condition(left, &right, condition, &mut keys);
        }
        whole.then_some((right, keys))
    }

    fn join_condition(
        &mut self,
        left: &Relation,
        right: &Relation,
        condition: &ast::Expr,
        keys: &mut Vec<(Expr, Expr)>,
    ) -> bool {
        match &condition.kind {
            K::Name(name) => {
                let a = self.side(left, name, "left", condition.span);
                let b = self.side(right, name, "right", condition.span);
                match (a, b) {
                    (Some(a), Some(b)) => self.key(a, b, condition.span, keys),
                    _ => false,
                }
            }
            K::And(parts) => {
                let mut whole = true;
                for part in parts {
                    whole &= self.join_condition(left, right, part, keys);
                }
                whole
            }
            K::Binary(BinaryOp::Equal, a, b) => {
                let a = self.qualified(left, right, a);
                let b = self.qualified(left, right, b);
                match (a, b) {
                    (Some((true, a)), Some((false, b))) | (Some((false, b)), Some((true, a))) => {
                        self.key(a, b, condition.span, keys)
                    }
                    (Some(_), Some(_)) => {
                        self.error(
                            "syntax_error",
                            condition.span,
                            "one side of '==' must be $left and the other $right",
                        );
                        false
                    }
                    _ => false,
                }
            }
            K::Literal(Value::Bool(true)) => true,
            _ => {
                self.error("syntax_error", condition.span, "a join is on columns, or on $left.A == $right.B");
                false
            }
        }
    }

    fn side(&mut self, relation: &Relation, name: &str, side: &str, span: Span) -> Option<Expr> {
        if let Some(column) = relation.resolve(name) {
            return Some(Expr { span, ..Expr::column(&column.name, column.ty) });
        }
        if relation.open {
            self.inferred.push(name.to_owned());
            return Some(Expr { span, ..Expr::column(name, Type::Dynamic) });
        }
        if !relation.poisoned {
            let suggestion = self.sink.nearest(name, relation.schema.names());
            let message = format!("the {side} side of the join has no column '{name}'");
            self.sink.error("unknown_column", span, message, suggestion);
        }
        None
    }

    /// `$left.A` (true) or `$right.B` (false).
    fn qualified(&mut self, left: &Relation, right: &Relation, expr: &ast::Expr) -> Option<(bool, Expr)> {
        if let K::Path(base, steps) = &expr.kind
            && let K::Name(side) = &base.kind
            && let [ast::Step::Field(name)] = steps.as_slice()
        {
            match side.as_str() {
                "$left" => return self.side(left, &name.text, "left", name.span).map(|e| (true, e)),
                "$right" => return self.side(right, &name.text, "right", name.span).map(|e| (false, e)),
                _ => {}
            }
        }
        self.error("syntax_error", expr.span, "write $left.Column or $right.Column");
        None
    }

    fn key(&mut self, left: Expr, right: Expr, span: Span, keys: &mut Vec<(Expr, Expr)>) -> bool {
        if (left.ty == Type::Dynamic || right.ty == Type::Dynamic) && self.open.is_none() {
            self.error("type_mismatch", span, "a join key cannot be dynamic; use tostring()");
            return false;
        }
        match self.meet(left, right, span) {
            Some(pair) => {
                keys.push(pair);
                true
            }
            None => false,
        }
    }
}

/// The name of a column from the right: one that the left has gets a number (`Key1`) which no column of
/// either side has.
fn right_name(so_far: &Schema, right: &Schema, name: &str) -> String {
    if so_far.get(name).is_none() {
        return name.to_owned();
    }
    let both = so_far.names().chain(right.names());
    let taken: HashSet<&str> = both.filter(|n| n.starts_with(name)).collect();
    let mut numbered = (1..).map(|n: u32| format!("{name}{n}"));
    numbered.find(|n| !taken.contains(n.as_str())).unwrap_or_else(|| name.to_owned())
}
