//! Functions that look at the shape of a table or row, not at values.

use super::{Binder, Relation, names};
use crate::ast::{self, ExprKind as K, NamedExpr};
use crate::diagnostic::Span;
use crate::program::{Expr, ExprKind};
use crate::types::{Type, Value};

impl Binder<'_, '_, '_> {
    /// None when the function is none of these; `Some(None)` when it is wrong.
    #[allow(clippy::option_option)]
    pub(super) fn shape_function(
        &mut self,
        name: &ast::Name,
        args: &[NamedExpr],
        row: &Relation,
        span: Span,
    ) -> Option<Option<Expr>> {
        match name.text.as_str() {
            "bag_pack_columns" => Some(self.pack_columns(args, row, span)),
            "estimate_data_size" => {
                let mut sized = Vec::new();
                for arg in args {
                    match arg.expr.kind {
                        K::Star => {
                            sized.extend(row.schema.columns.iter().map(|c| Expr::column(&c.name, c.ty)))
                        }
                        _ => match self.scalar(&arg.expr, row) {
                            Some(value) => sized.push(value),
                            None => return Some(None),
                        },
                    }
                }
                let call = ExprKind::Call { function: "__data_size", args: sized };
                Some(Some(Expr::new(call, Type::Long, span)))
            }
            "column_names_of" => {
                let [only] = args else { return None };
                let table = self.table(&only.expr)?;
                let names: Vec<&str> = table.schema.names().collect();
                let json = serde_json::Value::from(names).to_string();
                Some((!table.poisoned).then(|| Expr::literal(Value::Dynamic(json), span)))
            }
            "iscolumnexists" => match args.first().map(|a| &a.expr.kind) {
                Some(K::Literal(Value::String(column))) if args.len() == 1 => {
                    Some(Some(Expr::literal(Value::Bool(row.resolve(column).is_some()), span)))
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn pack_columns(&mut self, args: &[NamedExpr], row: &Relation, span: Span) -> Option<Expr> {
        let mut pairs = Vec::new();
        for arg in args {
            let value = self.scalar(&arg.expr, row)?;
            let Some(key) = names::automatic(&arg.expr) else {
                self.error("column_expected", arg.expr.span, "bag_pack_columns() takes columns");
                return None;
            };
            pairs.push(Expr::literal(Value::String(key), arg.expr.span));
            pairs.push(value);
        }
        Some(Expr::new(ExprKind::Call { function: "bag_pack", args: pairs }, Type::Dynamic, span))
    }

    /// `bin_auto(x)`: the bins that the options of the query say.
    pub(super) fn bin_auto(&mut self, mut args: Vec<Expr>, name: &ast::Name, span: Span) -> Option<Expr> {
        let kept = |b: &Self, option: &str| match b.scope.get(option) {
            Some(super::Binding::Scalar(value)) => Some(value.clone()),
            _ => None,
        };
        let Some(size) = kept(self, "set query_bin_auto_size") else {
            self.error(
                "wrong_arguments",
                span,
                "bin_auto() needs 'set query_bin_auto_size' before the query",
            );
            return None;
        };
        args.truncate(1);
        args.push(size);
        let at = kept(self, "set query_bin_auto_at");
        let function = if at.is_some() { "bin_at" } else { "bin" };
        args.extend(at);
        self.bin(&ast::Name { text: function.to_owned(), span: name.span }, args, span)
    }
}
