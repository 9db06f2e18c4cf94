//! What `extend` and its like compute before their columns: functions over the order of rows, and functions
//! that give several columns.

use super::cast::cast;
use super::{Binder, Relation, names};
use crate::ast::{self, ExprKind as K, NamedExpr};
use crate::diagnostic::Span;
use crate::functions;
use crate::program::{ColumnsCall, Expr, ExprKind, Operator, WindowFunction};
use crate::types::{Type, Value};

/// Calls collected while an operator's expressions are bound.
#[derive(Default)]
pub(super) struct Pending {
    windows: Vec<(String, Type, WindowFunction)>,
    columns: Vec<ColumnsCall>,
}

impl Pending {
    /// The operators that compute what was collected. A function whose argument is another one of them
    /// comes in a later operator.
    fn operators(self) -> Vec<Operator> {
        let mut operators = Vec::new();
        let mut layer: Vec<(String, Type, WindowFunction)> = Vec::new();
        for window in self.windows {
            let above = |name: &str| layer.iter().any(|(own, _, _)| own == name);
            if window.2.expressions().any(|e| e.mentions(&above)) {
                operators.push(Operator::Window(std::mem::take(&mut layer)));
            }
            layer.push(window);
        }
        if !layer.is_empty() {
            operators.push(Operator::Window(layer));
        }
        if !self.columns.is_empty() {
            operators.push(Operator::Columns(self.columns));
        }
        operators
    }
}

fn constant(expr: &Expr) -> Option<i64> {
    match expr.as_literal() {
        Some(Value::Long(n)) => Some(*n),
        Some(Value::Int(n)) => Some(i64::from(*n)),
        _ => None,
    }
}

impl Binder<'_, '_, '_> {
    /// Binds expressions in which such functions may stand; with the operators that go before.
    pub(super) fn prepared<T>(&mut self, bind: impl FnOnce(&mut Self) -> T) -> (T, Vec<Operator>) {
        let outer = self.pending.replace(Pending::default());
        let bound = bind(self);
        let pending = std::mem::replace(&mut self.pending, outer).unwrap_or_default();
        (bound, pending.operators())
    }

    /// A function over the order of rows: a column that is computed first.
    pub(super) fn window(&mut self, name: &ast::Name, mut args: Vec<Expr>, span: Span) -> Option<Expr> {
        let given = args.len();
        let (fewest, most) = match name.text.as_str() {
            "row_number" => (0, 2),
            "row_cumsum" | "row_rank_dense" | "row_rank_min" => (1, 2),
            "row_window_session" => (3, 4),
            _ => (1, 3),
        };
        if !(fewest..=most).contains(&given) {
            self.arguments_error(name, &format!("{fewest} to {most} arguments"), given, span);
            return None;
        }
        // The last argument, where it is the condition for a restart.
        let mut restart = None;
        if given == most && !matches!(name.text.as_str(), "prev" | "next") {
            restart = args.pop().map(|r| cast(r, Type::Bool));
        }
        let (ty, function) = match name.text.as_str() {
            "row_number" => match args.first().map_or(Some(1), constant) {
                Some(start) => (Type::Long, WindowFunction::RowNumber { start, restart }),
                None => {
                    self.error("constant_expected", span, "row_number() starts with a constant number");
                    return None;
                }
            },
            "row_cumsum" => {
                let value = args.remove(0);
                let ty = match value.ty {
                    Type::Int => Type::Long,
                    Type::Long | Type::Real | Type::Timespan => value.ty,
                    _ => Type::Real,
                };
                (ty, WindowFunction::CumulativeSum { value: cast(value, ty), restart })
            }
            "row_rank_dense" => (Type::Long, WindowFunction::DenseRank { value: args.remove(0), restart }),
            "row_rank_min" => (Type::Long, WindowFunction::MinRank { value: args.remove(0), restart }),
            "row_window_session" => {
                let value = args.remove(0);
                let ticks = |e: &Expr| match e.as_literal() {
                    Some(Value::Timespan(ticks)) => Some(*ticks),
                    _ => None,
                };
                let bounds = (args.first().and_then(ticks), args.get(1).and_then(ticks));
                let (Some(from_first), Some(between)) = bounds else {
                    self.error("constant_expected", span, "the distances must be constant timespans");
                    return None;
                };
                if !matches!(value.ty, Type::Datetime | Type::Dynamic) {
                    let message = format!("row_window_session() needs a datetime, not a {}", value.ty);
                    self.error("type_mismatch", value.span, message);
                    return None;
                }
                let value = cast(value, Type::Datetime);
                (Type::Datetime, WindowFunction::Session { value, from_first, between, restart })
            }
            _ => self.neighbour(name, args, span)?,
        };
        let Some(pending) = &mut self.pending else {
            let message = format!("{}() outside extend, project, where and serialize", name.text);
            self.unsupported(&message, span);
            return None;
        };
        let column = format!("$w{}", pending.windows.len());
        pending.windows.push((column.clone(), ty, function));
        Some(Expr { span, ..Expr::column(column, ty) })
    }

    fn neighbour(
        &mut self,
        name: &ast::Name,
        mut args: Vec<Expr>,
        span: Span,
    ) -> Option<(Type, WindowFunction)> {
        let default = args.get(2).map(|d| cast(d.clone(), args[0].ty));
        let default = match default.as_ref().map(Expr::as_literal) {
            None => None,
            Some(Some(value)) => Some(value.clone()),
            Some(None) => {
                self.error("constant_expected", span, "the default must be a constant");
                return None;
            }
        };
        let Some(offset) = args.get(1).map_or(Some(1), constant).filter(|n| *n >= 0) else {
            self.error("constant_expected", span, "the offset must be a constant, zero or more");
            return None;
        };
        let value = args.remove(0);
        let offset = if name.text == "prev" { -offset } else { offset };
        Some((value.ty, WindowFunction::Neighbour { value, offset, default }))
    }

    /// The columns of a function that gives several. None when the item is something else, `Some(None)`
    /// when it is wrong. Names that are given apply in order; with `rest`, what has none comes too.
    #[allow(clippy::option_option, clippy::type_complexity)]
    pub(super) fn several(
        &mut self,
        item: &NamedExpr,
        row: &Relation,
        rest: bool,
    ) -> Option<Option<Vec<(String, Expr)>>> {
        let K::Call { name, args } = &item.expr.kind else { return None };
        if self.scope.contains_key(&name.text) || self.pending.is_none() {
            return None;
        }
        let known = functions::columns(&name.text)?;
        let span = item.expr.span;
        let bound: Vec<Option<Expr>> = args.iter().map(|a| self.scalar(&a.expr, row)).collect();
        let Some(bound) = bound.into_iter().collect::<Option<Vec<_>>>() else { return Some(None) };
        let Some(call) = self.apply(&known.function, bound, name, span) else { return Some(None) };
        let ExprKind::Call { function, args: cast_args } = call.kind else { return Some(None) };
        if item.names.len() > known.outputs.len() {
            let message = format!("{}() gives {} columns", name.text, known.outputs.len());
            self.error("wrong_arguments", span, message);
            return Some(None);
        }
        let pending = self.pending.as_mut()?;
        let at = pending.columns.len();
        let outputs: Vec<(String, Type)> =
            known.outputs.iter().enumerate().map(|(n, (_, ty))| (format!("$t{at}_{n}"), *ty)).collect();
        let argument = args.first().and_then(|a| names::automatic(&a.expr)).unwrap_or_default();
        let wanted = match item.names.len() {
            0 => outputs.len(),
            // `x = f()` is the first column only.
            1 => 1,
            given if !rest => given,
            _ => outputs.len(),
        };
        let columns = outputs
            .iter()
            .zip(known.outputs)
            .enumerate()
            .take(wanted)
            .map(|(n, ((own, ty), (output, _)))| {
                let name = match item.names.get(n) {
                    Some(given) => given.text.clone(),
                    None => format!("{}_{argument}_{output}", name.text),
                };
                (name, Expr { span, ..Expr::column(own, *ty) })
            })
            .collect();
        pending.columns.push(ColumnsCall { function, args: cast_args, outputs });
        Some(Some(columns))
    }
}
