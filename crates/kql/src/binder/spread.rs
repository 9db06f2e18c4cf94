//! Calls that give several columns at once.

use std::borrow::Cow;

use crate::ast::{Expr, ExprKind as K, Name, NamedExpr};
use crate::types::Value;

use super::names;

/// `array_sort_asc(a, b, …)` as one item per array: all are put into the order of the first.
pub(super) fn several_sorted(items: &[NamedExpr]) -> Cow<'_, [NamedExpr]> {
    if !items.iter().any(|i| arrays(i).is_some()) {
        return Cow::Borrowed(items);
    }
    let mut out = Vec::with_capacity(items.len());
    for item in items {
        let Some((name, arrays, flag)) = arrays(item) else {
            out.push(item.clone());
            continue;
        };
        for (at, array) in arrays.iter().enumerate() {
            let function = if name.text == "array_sort_asc" { "__sort_by_asc" } else { "__sort_by_desc" };
            let mut args = vec![arrays[0].clone(), array.clone()];
            args.extend(flag.cloned());
            let own = names::automatic(&array.expr)
                .map(|n| Name { text: format!("{n}_sorted"), span: array.expr.span });
            let given = item.names.get(at).cloned();
            out.push(NamedExpr {
                names: given.or(own).into_iter().collect(),
                expr: Expr {
                    kind: K::Call { name: Name { text: function.to_owned(), span: name.span }, args },
                    span: item.expr.span,
                    depth: item.expr.depth,
                },
            });
        }
    }
    Cow::Owned(out)
}

/// The name, the arrays and the flag about nulls of a sort of several arrays.
fn arrays(item: &NamedExpr) -> Option<(&Name, &[NamedExpr], Option<&NamedExpr>)> {
    let K::Call { name, args } = &item.expr.kind else { return None };
    if !matches!(name.text.as_str(), "array_sort_asc" | "array_sort_desc") {
        return None;
    }
    let (arrays, flag) = match args.split_last() {
        Some((last, rest)) if matches!(last.expr.kind, K::Literal(Value::Bool(_))) => (rest, Some(last)),
        _ => (args.as_slice(), None),
    };
    (arrays.len() > 1).then_some((name, arrays, flag))
}
