//! `basket`, `autocluster`, `diffpatterns`: values that rows have in common.

use std::ops::RangeInclusive;

use super::cast::cast;
use super::operator::call_over;
use super::{Binder, Relation, names};
use crate::ast::NamedExpr;
use crate::diagnostic::Span;
use crate::program::{Autocluster, Basket, Differences, Expr, ExprKind, Operator, TableFunction};
use crate::types::{Schema, Type, Value};

/// Least share of the rows, and the one where none is given.
const LEAST_THRESHOLD: f64 = 0.015;
const THRESHOLD: f64 = 0.05;
/// Values of a pattern of `basket()` where no number is given.
const DIMENSIONS: u32 = 5;
/// `autocluster()` where nothing is given.
const SIZE_WEIGHT: f64 = 0.5;
const SEEDS: u32 = 25;

/// An argument of these plugins; after those that each has, wildcards follow.
#[derive(Clone, Copy)]
enum Want {
    /// A number in these bounds, and what it is.
    Share(&'static str, f64, f64),
    /// The column of the weights.
    Weight,
    /// A whole number from one on, and what it is.
    Count(&'static str),
}

/// What was given; `'~'` stands for what is not.
#[derive(Default)]
struct Given {
    share: Option<f64>,
    weight: Option<usize>,
    count: Option<u32>,
    wildcards: Vec<Value>,
}

impl Given {
    /// What stands in each column that a pattern says nothing about; the last one given for a type counts.
    fn wildcards(&self, schema: &Schema) -> Vec<Value> {
        let own = |ty: Type| self.wildcards.iter().rev().find(|w| w.ty() == ty).cloned();
        schema.columns.iter().map(|c| own(c.ty).unwrap_or(Value::Null(c.ty))).collect()
    }
}

/// A constant number.
pub(super) fn number(value: Option<&Value>, within: RangeInclusive<f64>) -> Option<f64> {
    let number = match value? {
        Value::Real(n) => *n,
        Value::Long(n) => f64::from(i32::try_from(*n).ok()?),
        Value::Int(n) => f64::from(*n),
        Value::Decimal(text) => text.parse().ok()?,
        _ => return None,
    };
    within.contains(&number).then_some(number)
}

impl Binder<'_, '_, '_> {
    /// `basket(threshold, weight, dimensions, wildcards…)`
    pub(super) fn basket(&mut self, input: Relation, args: &[NamedExpr], span: Span) -> Option<Relation> {
        let wanted =
            [Want::Share("threshold", LEAST_THRESHOLD, 1.0), Want::Weight, Want::Count("size of a pattern")];
        let given = self.given(&input, "basket", args, &wanted, span)?;
        let basket = Basket {
            threshold: given.share.unwrap_or(THRESHOLD),
            weight: given.weight,
            dimensions: given.count.unwrap_or(DIMENSIONS),
            wildcards: given.wildcards(&input.schema),
        };
        let head = [("SegmentId", Type::Long), ("Count", Type::Long), ("Percent", Type::Real)];
        Some(segments(input, TableFunction::Basket(Box::new(basket)), &head, None))
    }

    /// `autocluster(size weight, weight, seeds, wildcards…)`
    pub(super) fn autocluster(
        &mut self,
        input: Relation,
        args: &[NamedExpr],
        span: Span,
    ) -> Option<Relation> {
        let wanted = [Want::Share("size weight", 0.0, 1.0), Want::Weight, Want::Count("number of seeds")];
        let given = self.given(&input, "autocluster", args, &wanted, span)?;
        let autocluster = Autocluster {
            size_weight: given.share.unwrap_or(SIZE_WEIGHT),
            weight: given.weight,
            seeds: given.count.unwrap_or(SEEDS),
            wildcards: given.wildcards(&input.schema),
        };
        let head = [("SegmentId", Type::Long), ("Count", Type::Long), ("Percent", Type::Real)];
        Some(segments(input, TableFunction::Autocluster(Box::new(autocluster)), &head, None))
    }

    /// `diffpatterns(split column, its value in A, in B, weight, threshold, dimensions, wildcards…)`
    pub(super) fn diffpatterns(
        &mut self,
        input: Relation,
        args: &[NamedExpr],
        span: Span,
    ) -> Option<Relation> {
        let [split, a, b, rest @ ..] = args else {
            let message = "diffpatterns() takes a column and two of its values, which tell the rows apart";
            self.wrong_arguments(span, message);
            return None;
        };
        let split_expr = self.scalar(&split.expr, &input)?;
        let ExprKind::Column(name) = &split_expr.kind else {
            self.error("column_expected", split.expr.span, "diffpatterns() tells rows apart by a column");
            return None;
        };
        let place = input.schema.names().position(|n| n == name);
        let mut values: [String; 2] = Default::default();
        for (arg, value) in [a, b].into_iter().zip(&mut values) {
            let Value::String(text) = self.constant(&arg.expr)? else {
                let message = "the values that tell the rows of diffpatterns() apart are texts";
                self.wrong_arguments(arg.expr.span, message);
                return None;
            };
            *value = text;
        }
        if values[0] == values[1] {
            self.wrong_arguments(b.expr.span, "the two values of diffpatterns() are the same");
            return None;
        }
        let wanted =
            [Want::Weight, Want::Share("threshold", LEAST_THRESHOLD, 1.0), Want::Count("size of a pattern")];
        let given = self.given(&input, "diffpatterns", rest, &wanted, span)?;
        let differences = Differences {
            values,
            split: place,
            weight: given.weight,
            threshold: given.share.unwrap_or(THRESHOLD),
            dimensions: given.count.unwrap_or(u32::MAX),
            wildcards: given.wildcards(&input.schema),
        };
        let head = [
            ("SegmentId", Type::Long),
            ("CountA", Type::Long),
            ("CountB", Type::Long),
            ("PercentA", Type::Real),
            ("PercentB", Type::Real),
            ("PercentDiffAB", Type::Real),
        ];
        let text = cast(split_expr, Type::String);
        Some(segments(input, TableFunction::Differences(Box::new(differences)), &head, Some(text)))
    }

    fn given(
        &mut self,
        input: &Relation,
        plugin: &str,
        args: &[NamedExpr],
        wanted: &[Want],
        span: Span,
    ) -> Option<Given> {
        if input.schema.columns.is_empty() && !input.open {
            self.wrong_arguments(span, &format!("{plugin}() needs columns"));
            return None;
        }
        let mut given = Given::default();
        for (at, arg) in args.iter().enumerate() {
            let bound = self.scalar(&arg.expr, input)?;
            let value = bound.as_literal();
            if matches!(value, Some(Value::String(text)) if text == "~") {
                continue;
            }
            let wrong = match (wanted.get(at), &bound.kind) {
                (Some(Want::Share(what, from, to)), _) => {
                    given.share = number(value, *from..=*to);
                    let message = || format!("the {what} of {plugin}() is a number from {from} to {to}");
                    given.share.is_none().then(message)
                }
                (Some(Want::Weight), ExprKind::Column(name)) if bound.ty.is_numeric() => {
                    given.weight = input.schema.names().position(|n| n == name);
                    let message = || format!("the weight of {plugin}() is a column of the table");
                    given.weight.is_none().then(message)
                }
                (Some(Want::Weight), _) => Some(format!("the weight of {plugin}() is a column of numbers")),
                (Some(Want::Count(what)), _) => {
                    given.count = match value {
                        Some(Value::Long(n)) => u32::try_from(*n).ok(),
                        Some(Value::Int(n)) => u32::try_from(*n).ok(),
                        _ => None,
                    };
                    given.count = given.count.filter(|n| *n > 0);
                    let message = || format!("the {what} of {plugin}() is a whole number from 1 on");
                    given.count.is_none().then(message)
                }
                (None, _) => match value {
                    Some(value) => {
                        given.wildcards.push(value.clone());
                        None
                    }
                    None => Some(format!("a wildcard of {plugin}() is a constant")),
                },
            };
            if let Some(message) = wrong {
                self.wrong_arguments(arg.expr.span, &message);
                return None;
            }
        }
        Some(given)
    }
}

/// A function whose outcome has columns of its own before those of the table; with one further column of the
/// rows that come in.
fn segments(
    input: Relation,
    function: TableFunction,
    head: &[(&str, Type)],
    further: Option<Expr>,
) -> Relation {
    let mut schema = Schema::default();
    head.iter().for_each(|(name, ty)| schema.push(*name, *ty));
    for column in &input.schema.columns {
        schema.push(names::unique(&schema, &column.name), column.ty);
    }
    let further = further.map(|expr| (names::unique(&input.schema, "$split"), expr));
    let mut output = call_over(input, function);
    output.aliases.clear();
    output.schema = schema.clone();
    if let Some(Operator::Call(call)) = output.operators.last_mut() {
        call.columns.extend(further);
        call.schema = schema;
    }
    output
}
