//! `summarize`.

use super::cast::cast;
use super::{Binder, Relation, names, percentile};
use crate::aggregates::{self, AggregateDef, Outcome};
use crate::ast::{self, ExprKind as K, NamedExpr};
use crate::diagnostic::Span;
use crate::functions::Naming;
use crate::program::{Aggregate, Expr, ExprKind, Operator};
use crate::types::{Schema, Type, Value};

/// Aggregates found inside expressions.
#[derive(Default)]
pub(super) struct Collected {
    pub found: Vec<Aggregate>,
}

impl Binder<'_, '_, '_> {
    pub(super) fn summarize(
        &mut self,
        mut input: Relation,
        items: &[NamedExpr],
        by: &[NamedExpr],
    ) -> Relation {
        let mut output = Schema::default();
        let mut group = Vec::new();
        let mut unnamed = 0;
        let mut broken = false;
        for key in by {
            let Some(expr) = self.scalar(&key.expr, &input) else {
                broken = true;
                let name = key.names.first().map(|n| n.text.clone()).or_else(|| names::automatic(&key.expr));
                output.push(name.unwrap_or_default(), Type::Dynamic);
                continue;
            };
            let name = self.column_name(key, &mut unnamed, &output);
            output.push(&name, expr.ty);
            group.push((name, expr));
        }
        let group_names: Vec<String> = group.iter().map(|(n, _)| n.clone()).collect();
        let plain_keys: Vec<String> = group
            .iter()
            .filter_map(|(_, e)| match &e.kind {
                ExprKind::Column(c) => Some(c.clone()),
                _ => None,
            })
            .collect();
        // (final name, expression over group columns and "$n" columns)
        let mut finals: Vec<(String, Expr)> =
            group.iter().map(|(n, e)| (n.clone(), Expr::column(n, e.ty))).collect();
        let mut collected = Collected::default();
        // Names that came by themselves: one that is given gives way to them.
        let mut spread = std::collections::HashSet::new();
        for item in items {
            if let Some(mut columns) =
                self.multi_column(item, &input, &group_names, &plain_keys, &mut collected, &output)
            {
                match columns.as_mut() {
                    Some(columns) => {
                        for (name, expr) in columns.drain(..) {
                            let name = names::unique(&output, &name);
                            spread.insert(name.clone());
                            output.push(&name, expr.ty);
                            finals.push((name, expr));
                        }
                    }
                    None => broken = true,
                }
                continue;
            }
            let outer = self.aggregates.replace(std::mem::take(&mut collected));
            let expr = self.scalar(&item.expr, &input);
            collected = std::mem::replace(&mut self.aggregates, outer).unwrap_or_default();
            let name = match item.names.first() {
                Some(given) if spread.contains(&given.text) => names::unique(&output, &given.text),
                Some(given) => given.text.clone(),
                None => match aggregate_name(&item.expr) {
                    Some(name) => names::unique(&output, &name),
                    None => self.column_name(item, &mut unnamed, &output),
                },
            };
            if output.get(&name).is_some() {
                self.error("duplicate_column", item.expr.span, format!("the column '{name}' is given twice"));
                broken = true;
                continue;
            }
            match expr {
                Some(expr) => {
                    output.push(&name, expr.ty);
                    finals.push((name, expr));
                }
                None => {
                    broken = true;
                    output.push(&name, Type::Dynamic);
                }
            }
        }
        input.schema = output;
        input.hidden.clear();
        input.aliases.clear();
        input.open = false;
        if broken {
            input.poisoned = true;
            return input;
        }
        input.operators.push(Operator::Aggregate { group, aggregates: collected.found });
        input.operators.push(Operator::Project(finals));
        input
    }

    /// The name of a grouping or computed column.
    pub(super) fn column_name(&mut self, item: &NamedExpr, unnamed: &mut usize, schema: &Schema) -> String {
        let name = match item.names.first() {
            Some(given) => given.text.clone(),
            None => match names::automatic(&item.expr) {
                Some(name) => name,
                None => {
                    *unnamed += 1;
                    return names::unique(schema, &format!("Column{unnamed}"));
                }
            },
        };
        names::unique(schema, &name)
    }

    /// An aggregate inside an expression: it becomes a column "$n" of the aggregation.
    pub(super) fn nested_aggregate(
        &mut self,
        name: &ast::Name,
        args: &[NamedExpr],
        row: &Relation,
        span: Span,
    ) -> Option<Expr> {
        let def = aggregates::lookup(&name.text)?;
        let mut collected = self.aggregates.take()?;
        let result = if def.outcome == Outcome::Columns {
            self.single_column(def, args, row, span)
        } else {
            self.aggregate(def, args, row, span)
        };
        let column = result.map(|(mut aggregate, ty)| {
            let column = format!("${}", collected.found.len());
            aggregate.outputs = vec![(column.clone(), ty)];
            collected.found.push(aggregate);
            Expr { span, ..Expr::column(column, ty) }
        });
        self.aggregates = Some(collected);
        column
    }

    /// `take_any(x)` and the like with one column, inside an expression.
    fn single_column(
        &mut self,
        def: &'static AggregateDef,
        args: &[NamedExpr],
        row: &Relation,
        span: Span,
    ) -> Option<(Aggregate, Type)> {
        let [only] = args else {
            self.unsupported(&format!("{}() of several columns inside an expression", def.name), span);
            return None;
        };
        let expr = self.scalar(&only.expr, row)?;
        let ty = expr.ty;
        let function = match def.function {
            "arg_max" => "max",
            "arg_min" => "min",
            other => other,
        };
        Some((Aggregate { function, args: vec![expr], filter: None, outputs: Vec::new() }, ty))
    }

    fn aggregate(
        &mut self,
        def: &'static AggregateDef,
        args: &[NamedExpr],
        row: &Relation,
        span: Span,
    ) -> Option<(Aggregate, Type)> {
        if let Some(percentile) = self.percentile(def, args, row, span) {
            return percentile;
        }
        let bound: Option<Vec<Expr>> = args.iter().map(|a| self.scalar(&a.expr, row)).collect();
        let mut bound = bound?;
        let conditions = usize::from(def.conditional);
        let needed = def.values + conditions;
        if bound.len() < needed || bound.len() > needed + usize::from(def.limit) {
            self.error(
                "wrong_arguments",
                span,
                format!("{}() takes {needed} arguments, not {}", def.name, bound.len()),
            );
            return None;
        }
        let limit = if bound.len() > needed { bound.pop() } else { None };
        let filter = if def.conditional { bound.pop().map(|f| cast(f, Type::Bool)) } else { None };
        if let Some(value) = bound.first_mut() {
            let ty = match (def.function, value.ty) {
                ("sum" | "avg", Type::Dynamic | Type::Bool) => Type::Real,
                ("hll_merge" | "tdigest_merge" | "buildschema", _) => Type::Dynamic,
                ("tdigest", Type::Bool | Type::Dynamic | Type::Decimal) => Type::Real,
                ("covariance" | "covariancep", _) => Type::Real,
                ("sum", Type::Int) => Type::Long,
                ("stdev" | "stdevp" | "variance" | "variancep", _) => Type::Real,
                ("binary_all_and" | "binary_all_or" | "binary_all_xor", Type::Int) => Type::Int,
                ("binary_all_and" | "binary_all_or" | "binary_all_xor", _) => Type::Long,
                ("make_bag", _) => Type::Dynamic,
                (_, ty) => ty,
            };
            let fits = match def.function {
                "sum" => ty.is_numeric() || ty == Type::Timespan,
                "tdigest" => ty.is_numeric() || matches!(ty, Type::Timespan | Type::Datetime),
                "avg" => !matches!(ty, Type::String | Type::Guid),
                _ => true,
            };
            if !fits {
                let message = format!("{}() does not work on a {}", def.name, value.ty);
                self.error("type_mismatch", span, message);
                return None;
            }
            *value = cast(value.clone(), ty);
        }
        if let ("covariance" | "covariancep", Some(other)) = (def.function, bound.get_mut(1)) {
            *other = cast(other.clone(), Type::Real);
        }
        // The weight of a digest is a column.
        if let ("tdigest", Some(weight)) = (def.function, &limit) {
            bound.push(cast(weight.clone(), Type::Long));
        }
        if let Some(limit) = limit
            && matches!(def.function, "make_set" | "make_list" | "make_list_with_nulls" | "make_bag" | "hll")
        {
            match limit.as_literal() {
                Some(Value::Long(n)) => bound.push(Expr::literal(Value::Long(*n), limit.span)),
                _ => {
                    self.error("constant_expected", limit.span, "the size must be a constant number");
                    return None;
                }
            }
        }
        let first = bound.first().map_or(Type::Long, |a| a.ty);
        let ty = match def.outcome {
            Outcome::Is(ty) => ty,
            Outcome::Argument | Outcome::Columns | Outcome::Sum => first,
            Outcome::Mean => match first {
                Type::Datetime | Type::Timespan | Type::Decimal => first,
                _ => Type::Real,
            },
        };
        if def.function == "avg" && ty == Type::Real {
            bound[0] = cast(bound[0].clone(), Type::Real);
        }
        Some((Aggregate { function: def.function, args: bound, filter, outputs: Vec::new() }, ty))
    }

    /// `arg_max`, `arg_min`, `take_any` with their several columns. None when the item is another
    /// aggregate; `Some(None)` when it is wrong.
    #[allow(clippy::option_option, clippy::type_complexity)]
    fn multi_column(
        &mut self,
        item: &NamedExpr,
        input: &Relation,
        group: &[String],
        plain_keys: &[String],
        collected: &mut Collected,
        output: &Schema,
    ) -> Option<Option<Vec<(String, Expr)>>> {
        let K::Call { name, args } = &item.expr.kind else { return None };
        let def = aggregates::lookup(&name.text)?;
        if def.outcome != Outcome::Columns || self.scope.contains_key(&name.text) {
            return None;
        }
        let mut values: Vec<(String, Expr)> = Vec::new();
        let mut whole = !args.is_empty();
        if def.function.starts_with("percentiles") {
            return Some(self.percentiles(def, item, args, input, collected));
        }
        if args.is_empty() {
            self.error("wrong_arguments", item.expr.span, format!("{}() needs arguments", name.text));
        }
        for (at, arg) in args.iter().enumerate() {
            if matches!(arg.expr.kind, K::Star) {
                let taken: Vec<String> = values.iter().map(|(n, _)| n.clone()).collect();
                for column in &input.schema.columns {
                    let skip = group.contains(&column.name)
                        || plain_keys.contains(&column.name)
                        || taken.contains(&column.name);
                    if !skip {
                        values.push((column.name.clone(), Expr::column(&column.name, column.ty)));
                    }
                }
                continue;
            }
            match self.scalar(&arg.expr, input) {
                Some(expr) => {
                    let own = names::automatic(&arg.expr);
                    let fallback = if at == 0 && def.function != "take_any" { "arg" } else { "Column" };
                    let own = own.unwrap_or_else(|| format!("{fallback}{}", at + 1));
                    values.push((
                        if def.prefix.is_empty() { own } else { format!("{}{own}", def.prefix) },
                        expr,
                    ));
                }
                None => whole = false,
            }
        }
        if !whole || values.is_empty() {
            return Some(None);
        }
        // Given names apply in order.
        for (given, value) in item.names.iter().zip(values.iter_mut()) {
            value.0.clone_from(&given.text);
        }
        let mut seen = Schema::default();
        let mut outputs = Vec::new();
        let mut finals = Vec::new();
        let base = collected.found.len();
        for (at, (name, expr)) in values.iter().enumerate() {
            let column = format!("${base}_{at}");
            outputs.push((column.clone(), expr.ty));
            let mut name = names::unique(&seen, name);
            if output.get(&name).is_some() {
                name = names::unique(output, &name);
            }
            seen.push(&name, expr.ty);
            finals.push((name, Expr::column(column, expr.ty)));
        }
        let args = values.into_iter().map(|(_, e)| e).collect();
        collected.found.push(Aggregate { function: def.function, args, filter: None, outputs });
        Some(Some(finals))
    }
}

/// The name of an unnamed aggregate's column.
pub(super) fn aggregate_name(expr: &ast::Expr) -> Option<String> {
    let K::Call { name, args } = &expr.kind else { return None };
    let Some(def) = aggregates::lookup(&name.text) else {
        // `tostring(make_set(x))` keeps the aggregate's name.
        let inner = || {
            let first = args.first()?;
            first.names.first().map(|n| n.text.clone()).or_else(|| aggregate_name(&first.expr))
        };
        return match crate::functions::lookup(&name.text).map(|f| f.naming) {
            _ if names::keeps_name(&name.text) => inner(),
            Some(Naming::Prefixed(prefix)) => inner().map(|n| format!("{prefix}_{n}")),
            _ => None,
        };
    };
    if def.values == 0 && def.outcome != Outcome::Columns {
        return Some(def.prefix.to_owned());
    }
    let argument = args.first().and_then(|a| names::automatic(&a.expr)).unwrap_or_default();
    let mut full = format!("{}{argument}", def.prefix);
    full.extend(percentile::name_end(def, args));
    (!full.is_empty()).then_some(full)
}
