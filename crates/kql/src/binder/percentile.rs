//! `percentile` and its kin: values, weights, and constant shares.

use super::aggregate::Collected;
use super::cast::{array_items, cast};
use super::{Binder, Relation, names};
use crate::aggregates::AggregateDef;
use crate::ast::{self, ExprKind as K, NamedExpr};
use crate::diagnostic::Span;
use crate::program::{Aggregate, Expr};
use crate::types::{Schema, Type, Value};

/// Most shares of one call.
const MAX_SHARES: usize = 100;

impl Binder<'_, '_, '_> {
    /// The value, the weight where there is one, and the shares as constants of type real.
    fn percentile_parts(
        &mut self,
        def: &AggregateDef,
        args: &[NamedExpr],
        row: &Relation,
        span: Span,
    ) -> Option<(Vec<Expr>, Vec<Expr>)> {
        let weighted =
            usize::from(def.function.starts_with("percentilew") || def.function.starts_with("percentilesw"));
        if args.len() < 2 + weighted || args.len() > 1 + weighted + MAX_SHARES {
            let message = format!("{}() takes a value, its weight where it has one, and shares", def.name);
            self.error("wrong_arguments", span, message);
            return None;
        }
        let bound: Option<Vec<Expr>> = args.iter().map(|a| self.scalar(&a.expr, row)).collect();
        let mut bound = bound?;
        let mut shares = bound.split_off(1 + weighted);
        if let [only] = shares.as_slice()
            && let Some(items) = only.as_literal().and_then(|v| array_items(v, only.span))
        {
            shares = items;
        }
        let value = bound.first_mut()?;
        let ty = match value.ty {
            Type::Int | Type::Bool => Type::Long,
            Type::Decimal | Type::Dynamic => Type::Real,
            ty @ (Type::Long | Type::Real | Type::Datetime | Type::Timespan) => ty,
            other => {
                self.error("type_mismatch", value.span, format!("{}() does not work on a {other}", def.name));
                return None;
            }
        };
        *value = cast(value.clone(), ty);
        if let Some(weight) = bound.get_mut(1) {
            *weight = cast(weight.clone(), Type::Long);
        }
        let mut constants = Vec::with_capacity(shares.len());
        for share in shares {
            let share = cast(share, Type::Real);
            match share.as_literal() {
                Some(Value::Real(p)) if (0.0..=100.0).contains(p) => constants.push(share),
                _ => {
                    self.error(
                        "constant_expected",
                        share.span,
                        "a percentile is a constant between 0 and 100",
                    );
                    return None;
                }
            }
        }
        Some((bound, constants))
    }

    /// An aggregate of one column; none when the function is no percentile, `Some(None)` when it is wrong.
    #[allow(clippy::option_option)]
    pub(super) fn percentile(
        &mut self,
        def: &'static AggregateDef,
        args: &[NamedExpr],
        row: &Relation,
        span: Span,
    ) -> Option<Option<(Aggregate, Type)>> {
        if !def.function.starts_with("percentile") {
            return None;
        }
        let Some((mut values, shares)) = self.percentile_parts(def, args, row, span) else {
            return Some(None);
        };
        let first = values.first().map_or(Type::Long, |v| v.ty);
        let ty = if def.function.ends_with("_array") { Type::Dynamic } else { first };
        values.extend(shares);
        Some(Some((
            Aggregate { function: def.function, args: values, filter: None, outputs: Vec::new() },
            ty,
        )))
    }

    /// `percentiles(x, 5, 50)`: one column per share.
    pub(super) fn percentiles(
        &mut self,
        def: &'static AggregateDef,
        item: &NamedExpr,
        args: &[NamedExpr],
        row: &Relation,
        collected: &mut Collected,
    ) -> Option<Vec<(String, Expr)>> {
        let (values, shares) = self.percentile_parts(def, args, row, item.expr.span)?;
        let function = if values.len() > 1 { "percentilew" } else { "percentile" };
        let ty = values.first()?.ty;
        let own = args.first().and_then(|a| names::automatic(&a.expr)).unwrap_or_default();
        let mut columns = Vec::new();
        let mut seen = Schema::default();
        for (at, share) in shares.into_iter().enumerate() {
            let name = match (item.names.get(at), share.as_literal()) {
                (Some(given), _) => given.text.clone(),
                (None, Some(Value::Real(p))) => format!("{}{own}_{}", def.prefix, share_name(*p)),
                (None, _) => return None,
            };
            let name = names::unique(&seen, &name);
            seen.push(&name, ty);
            let column = format!("${}", collected.found.len());
            let mut args = values.clone();
            args.push(share);
            let outputs = vec![(column.clone(), ty)];
            collected.found.push(Aggregate { function, args, filter: None, outputs });
            columns.push((name, Expr::column(column, ty)));
        }
        Some(columns)
    }
}

/// A share as part of a name: `99.9` is `99_9`.
fn share_name(share: f64) -> String {
    share.to_string().replace('.', "_")
}

/// The end of the name of an unnamed percentile: `_50`.
pub(super) fn name_end(def: &AggregateDef, args: &[NamedExpr]) -> Option<String> {
    let at = match def.function {
        "percentile" => 1,
        "percentilew" => 2,
        _ => return None,
    };
    match args.get(at).map(|a: &NamedExpr| -> &ast::ExprKind { &a.expr.kind })? {
        K::Literal(Value::Long(n)) => Some(format!("_{n}")),
        K::Literal(Value::Int(n)) => Some(format!("_{n}")),
        K::Literal(Value::Real(n)) => Some(format!("_{}", share_name(*n))),
        _ => None,
    }
}
