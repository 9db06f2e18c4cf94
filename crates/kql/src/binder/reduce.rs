//! `reduce`: texts by the patterns that they share.

use super::cast::cast;
use super::operator::spoiled;
use super::segments::number;
use super::{Binder, Relation, names};
use crate::ast;
use crate::program::{Expr, Operator, Reduce, Source, TableCall, TableFunction};
use crate::types::{Schema, Type, Value};

/// The share of the rows that a pattern has where none is given.
const THRESHOLD: f64 = 0.1;

impl Binder<'_, '_, '_> {
    pub(super) fn reduce(
        &mut self,
        mut input: Relation,
        settings: &[ast::Setting],
        text: &ast::Expr,
        options: &[(ast::Name, ast::Expr)],
    ) -> Relation {
        let Some((spec, text)) = self.reduction(&input, settings, text, options) else {
            return spoiled(input, true);
        };
        let mut schema = Schema::default();
        let mut columns: Vec<(String, Expr)> = Vec::new();
        if spec.source {
            schema = input.schema.clone();
            columns.extend(schema.columns.iter().map(|c| (c.name.clone(), Expr::column(&c.name, c.ty))));
            schema.push(names::unique(&schema, "Pattern"), Type::String);
        } else {
            schema.push("Pattern", Type::String);
            schema.push("Count", Type::Long);
            schema.push("Representative", Type::String);
            input.aliases.clear();
            input.open = false;
        }
        columns.push((names::unique(&input.schema, "$text"), text));
        input.hidden.clear();
        input.schema = schema.clone();
        let function = TableFunction::Reduce(Box::new(spec));
        let call = TableCall { function, columns, inputs: Vec::new(), schema };
        input.operators.push(Operator::Call(Box::new(call)));
        input
    }

    /// What `reduce` is told, and the text.
    fn reduction(
        &mut self,
        input: &Relation,
        settings: &[ast::Setting],
        text: &ast::Expr,
        options: &[(ast::Name, ast::Expr)],
    ) -> Option<(Reduce, Expr)> {
        let mut spec = Reduce { threshold: THRESHOLD, characters: String::new(), source: false };
        for setting in settings {
            match (setting.name.text.as_str(), setting.value.text.as_str()) {
                ("kind", "source") => spec.source = true,
                ("kind", _) => {
                    self.wrong_arguments(setting.value.span, "the only kind of reduce is 'source'");
                    return None;
                }
                (hint, _) if hint.starts_with("hint.") => {}
                (other, _) => {
                    let message = format!("'{other}' is not a setting of reduce");
                    self.error("unknown_setting", setting.name.span, message);
                    return None;
                }
            }
        }
        let bound = self.scalar(text, input)?;
        if !matches!(bound.ty, Type::String | Type::Dynamic) {
            let message = format!("reduce works on a text, not on a {}; see tostring()", bound.ty);
            self.error("type_mismatch", text.span, message);
            return None;
        }
        let row = Relation::new(Source::OneRow, Schema::default());
        for (name, expr) in options {
            let value = self.scalar(expr, &row)?;
            match (name.text.as_str(), value.as_literal()) {
                ("threshold", value) => match number(value, 0.0..=1.0) {
                    Some(share) => spec.threshold = share,
                    None => {
                        self.wrong_arguments(expr.span, "the threshold of reduce is a number from 0 to 1");
                        return None;
                    }
                },
                ("characters", Some(Value::String(characters))) => spec.characters.clone_from(characters),
                ("characters", _) => {
                    self.wrong_arguments(expr.span, "the characters of reduce are a constant text");
                    return None;
                }
                (other, _) => {
                    let suggestion = self.sink.nearest(other, ["threshold", "characters"]);
                    let message = format!("'{other}' is not an option of reduce");
                    self.sink.error("unknown_setting", name.span, message, suggestion);
                    return None;
                }
            }
        }
        Some((spec, cast(bound, Type::String)))
    }
}
