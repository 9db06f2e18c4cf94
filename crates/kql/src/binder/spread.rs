//! Calls that give several columns at once.

use std::borrow::Cow;

use crate::ast::{Expr, ExprKind as K, Name, NamedExpr};
use crate::diagnostic::Span;
use crate::program;
use crate::types::{Type, Value};

use super::{Binder, names, size};

/// Most bytes of text that a sort of several arrays may come to.
const MAX_SPREAD: usize = 1 << 20;

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
            let given = item.names.get(at).cloned();
            out.push(NamedExpr {
                names: given.into_iter().collect(),
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

/// The name that `print` gives to one of these columns; it numbers the others.
pub(super) fn sorted_name(item: &NamedExpr) -> Option<String> {
    match &item.expr.kind {
        K::Call { name, .. } if name.text.starts_with("__sort_by_") => names::automatic(&item.expr),
        _ => None,
    }
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
    // The first array is written out for each: its text counts as often.
    let first = arrays.first()?.expr.span;
    let size = first.end.saturating_sub(first.start).saturating_mul(arrays.len());
    (arrays.len() > 1 && size <= MAX_SPREAD).then_some((name, arrays, flag))
}

impl Binder<'_, '_, '_> {
    /// A sort of several arrays by the first, as one array with all of them.
    pub(super) fn sorted_arrays(
        &mut self,
        name: &Name,
        mut args: Vec<program::Expr>,
        span: Span,
    ) -> Option<program::Expr> {
        let nulls_last = args.pop_if(|last| last.ty == Type::Bool);
        let first = args.first()?.clone();
        if !self.count(size(&first).saturating_mul(args.len()), span) {
            return None;
        }
        let sort = if name.text == "array_sort_asc" { "__sort_by_asc" } else { "__sort_by_desc" };
        let mut sorted = Vec::with_capacity(args.len());
        for array in args {
            let mut own = vec![first.clone(), array];
            own.extend(nulls_last.clone());
            sorted.push(self.build(sort, own, name, span)?);
        }
        self.build("pack_array", sorted, name, span)
    }
}
