//! `make-series`: bins and aggregates, then arrays.

use super::aggregate::{Collected, aggregate_name};
use super::cast::cast;
use super::{Binder, Relation, common_type, names};
use crate::ast;
use crate::diagnostic::Span;
use crate::program::{Expr, ExprKind, Operator, Series, SeriesValue, Source};
use crate::types::{Column, Schema, Type, Value};

/// The bounds and the step, of types that fit the axis.
struct Bins {
    axis: Expr,
    bin: Expr,
    from: Option<Expr>,
    to: Option<Expr>,
    step: Expr,
}

impl Binder<'_, '_, '_> {
    pub(super) fn make_series(
        &mut self,
        mut input: Relation,
        series: &ast::MakeSeries,
        span: Span,
    ) -> Relation {
        let mut nonempty = false;
        for setting in &series.settings {
            match setting.value.text.as_str() {
                "nonempty" => nonempty = true,
                other => self.unsupported(&format!("make-series of the kind '{other}'"), setting.value.span),
            }
        }
        let mut output = Schema::default();
        let mut unnamed = 0;
        let mut whole = true;
        let mut group = Vec::new();
        for key in &series.by {
            let expr = self.scalar(&key.expr, &input);
            let name = self.column_name(key, &mut unnamed, &output);
            output.push(&name, expr.as_ref().map_or(Type::Dynamic, |e| e.ty));
            match expr {
                Some(expr) => group.push((name, expr)),
                None => whole = false,
            }
        }
        let group_columns: Vec<(String, Expr)> =
            group.iter().map(|(n, e)| (n.clone(), Expr::column(n, e.ty))).collect();
        let mut finals = group_columns.clone();
        let mut collected = Collected::default();
        let mut values = Vec::new();
        for item in &series.items {
            let outer = self.aggregates.replace(std::mem::take(&mut collected));
            let expr = self.scalar(&item.expr.expr, &input);
            collected = std::mem::replace(&mut self.aggregates, outer).unwrap_or_default();
            let name = match item.expr.names.first() {
                Some(given) => given.text.clone(),
                None => match aggregate_name(&item.expr.expr) {
                    Some(name) => names::unique(&output, &name),
                    None => self.column_name(&item.expr, &mut unnamed, &output),
                },
            };
            if output.get(&name).is_some() {
                let message = format!("the column '{name}' is given twice");
                self.error("duplicate_column", item.expr.expr.span, message);
                whole = false;
                continue;
            }
            output.push(&name, Type::Dynamic);
            let default = self.series_default(item.default.as_ref());
            let (Some(expr), Some(default)) = (expr, default) else {
                whole = false;
                continue;
            };
            #[allow(clippy::cast_precision_loss)]
            let default = match (default, expr.ty) {
                (Value::Long(n), Type::Real) => Value::Real(n as f64),
                (Value::Int(n), Type::Real) => Value::Real(f64::from(n)),
                (other, _) => other,
            };
            values.push(SeriesValue { name: name.clone(), value: Expr::column(&name, expr.ty), default });
            finals.push((name, expr));
        }
        let bins = self.bins(&input, series, span);
        let axis_name = self.column_name(&series.axis, &mut unnamed, &output);
        output.push(&axis_name, Type::Dynamic);
        let Some(bins) = bins.filter(|_| whole && !input.poisoned) else {
            input.schema = output;
            input.hidden.clear();
            input.aliases.clear();
            input.poisoned = true;
            return input;
        };
        let axis = (axis_name.clone(), Expr::column(&axis_name, bins.axis.ty));
        if let Some(filter) = self.within(&bins, series.inclusive, span) {
            input.operators.push(Operator::Filter(filter));
        }
        let own = "$bin".to_owned();
        finals.push((axis_name, Expr::column(&own, bins.axis.ty)));
        group.push((own, bins.bin));
        input.operators.push(Operator::Aggregate { group, aggregates: collected.found });
        input.project(finals);
        input.operators.push(Operator::Series(Box::new(Series {
            group: group_columns,
            values,
            axis,
            from: bins.from,
            to: bins.to,
            inclusive: series.inclusive,
            step: bins.step,
            nonempty,
        })));
        input.aliases.clear();
        input.schema = output;
        input
    }

    fn series_default(&mut self, default: Option<&ast::Expr>) -> Option<Value> {
        let Some(default) = default else { return Some(Value::Long(0)) };
        let row = Relation::new(Source::OneRow, Schema::default());
        let bound = self.scalar(default, &row)?;
        let constant = bound.as_literal().cloned();
        if constant.is_none() {
            self.error("constant_expected", default.span, "the default must be a constant");
        }
        constant
    }

    /// Binds the axis, its bounds and its bins.
    fn bins(&mut self, input: &Relation, series: &ast::MakeSeries, span: Span) -> Option<Bins> {
        let row = Relation::new(Source::OneRow, Schema::default());
        let axis = self.scalar(&series.axis.expr, input);
        let mut bound = |expr: &Option<ast::Expr>| match expr {
            Some(expr) => self.scalar(expr, &row).map(Some),
            None => Some(None),
        };
        let (from, to) = (bound(&series.from), bound(&series.to));
        let step = self.scalar(&series.step, &row);
        let (axis, from, to, step) = (axis?, from?, to?, step?);
        let (axis, step_ty) = match axis.ty {
            Type::Datetime => (axis, Type::Timespan),
            Type::Timespan => (axis, Type::Timespan),
            ty if ty.is_numeric() && step.ty.is_numeric() => {
                let ty = match common_type(common_type(ty, step.ty)?, Type::Long)? {
                    Type::Decimal => Type::Real,
                    other => other,
                };
                (cast(axis, ty), ty)
            }
            ty if ty.is_numeric() => {
                self.error(
                    "type_mismatch",
                    step.span,
                    format!("a step of {ty} is a number, not a {}", step.ty),
                );
                return None;
            }
            other => {
                let message = format!("a series is made over a datetime, timespan or number, not a {other}");
                self.error("type_mismatch", axis.span, message);
                return None;
            }
        };
        if step_ty == Type::Timespan && !matches!(step.ty, Type::Timespan | Type::Dynamic) {
            self.error("type_mismatch", step.span, format!("the step must be a timespan, not a {}", step.ty));
            return None;
        }
        let ty = axis.ty;
        let fits = |given: &Option<Expr>| match given {
            Some(e) => e.ty == ty || e.ty == Type::Dynamic || (e.ty.is_numeric() && ty.is_numeric()),
            None => true,
        };
        if !fits(&from) || !fits(&to) {
            self.error(
                "type_mismatch",
                span,
                format!("the bounds of a series over a {ty} must be of that type"),
            );
            return None;
        }
        let step = cast(step, step_ty);
        let (mut from, mut to) = (from.map(|e| cast(e, ty)), to.map(|e| cast(e, ty)));
        let kind = match ty {
            Type::Datetime => "datetime",
            Type::Timespan => "timespan",
            _ => "number",
        };
        let bin = |b: &mut Self, value: Expr| {
            let name = ast::Name { text: "bin".to_owned(), span };
            b.build(&format!("__bin_{kind}"), vec![value, step.clone()], &name, span)
        };
        let bin = match &from {
            Some(from) if !series.inclusive => {
                let name = ast::Name { text: "bin_at".to_owned(), span };
                let args = vec![axis.clone(), step.clone(), from.clone()];
                self.build(&format!("__bin_at_{kind}"), args, &name, span)?
            }
            _ => {
                if series.inclusive {
                    from = from.map(|e| bin(self, e).ok_or(())).transpose().ok()?;
                    to = to.map(|e| bin(self, e).ok_or(())).transpose().ok()?;
                }
                bin(self, axis.clone())?
            }
        };
        Some(Bins { axis, bin, from, to, step })
    }

    /// Rows outside the bounds are in no bin.
    fn within(&mut self, bins: &Bins, inclusive: bool, span: Span) -> Option<Expr> {
        use ast::BinaryOp::{GreaterOrEqual, Less, LessOrEqual};
        let value = if inclusive { &bins.bin } else { &bins.axis };
        let mut parts = Vec::new();
        if let Some(from) = &bins.from {
            parts.push(self.comparison(GreaterOrEqual, value.clone(), from.clone(), span)?);
        }
        if let Some(to) = &bins.to {
            let op = if inclusive { LessOrEqual } else { Less };
            parts.push(self.comparison(op, value.clone(), to.clone(), span)?);
        }
        (!parts.is_empty()).then(|| Expr::new(ExprKind::And(parts), Type::Bool, span))
    }

    /// `top-hitters`: exact here.
    pub(super) fn top_hitters(
        &mut self,
        mut input: Relation,
        n: &ast::Expr,
        of: &ast::NamedExpr,
        by: Option<&ast::Expr>,
    ) -> Relation {
        let n = self.constant_count(n);
        let value = self.scalar(&of.expr, &input);
        let by_name = by.and_then(names::automatic).unwrap_or_default();
        let by = by.map(|by| self.scalar(by, &input));
        let mut schema = Schema::default();
        let name = self.column_name(of, &mut 0, &schema);
        let (Some(n), Some(value), false) = (n, value, matches!(by, Some(None))) else {
            return Relation { poisoned: true, ..input };
        };
        let (function, args, counted) = match by.flatten() {
            Some(by) => {
                let ty = match by.ty {
                    Type::Int => Type::Long,
                    Type::Long | Type::Real | Type::Timespan => by.ty,
                    _ => Type::Real,
                };
                ("sum", vec![cast(by, ty)], (format!("approximate_sum_{by_name}"), ty))
            }
            None => ("count", Vec::new(), (format!("approximate_count_{name}"), Type::Long)),
        };
        schema.columns = vec![
            Column { name: name.clone(), ty: value.ty },
            Column { name: counted.0.clone(), ty: counted.1 },
        ];
        let expr = Expr::column(&counted.0, counted.1);
        let aggregate = crate::program::Aggregate { function, args, filter: None, outputs: vec![counted] };
        input.operators.push(Operator::Aggregate { group: vec![(name, value)], aggregates: vec![aggregate] });
        let key = crate::program::SortKey { expr, ascending: false, nulls_first: false };
        input.operators.push(Operator::Sort(vec![key]));
        input.operators.push(Operator::Take(n));
        input.schema = schema;
        input.hidden.clear();
        input.aliases.clear();
        input
    }
}
