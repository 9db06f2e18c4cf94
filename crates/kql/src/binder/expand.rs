//! `mv-expand`, and the arrays that `mv-apply` goes through.

use super::cast::cast;
use super::operator::{spoiled, spoiled_if};
use super::{Binder, Relation, names};
use crate::ast;
use crate::diagnostic::Span;
use crate::program::{Expand, Operator};
use crate::types::Type;

impl Binder<'_, '_, '_> {
    pub(super) fn mv_expand(
        &mut self,
        mut input: Relation,
        settings: &[ast::Setting],
        items: &[ast::ExpandItem],
        limit: Option<&ast::Expr>,
        span: Span,
    ) -> Relation {
        let Some((mut expand, whole)) = self.expansion(&input, settings, items, limit, span) else {
            return spoiled(input, false);
        };
        let schema = &mut expand.schema;
        input.hidden.retain(|h| h.name == super::INGEST_TIME && schema.get(&h.name).is_none());
        input.schema = schema.clone();
        schema.columns.extend(input.hidden.iter().cloned());
        input.operators.push(Operator::Expand(expand));
        spoiled_if(input, !whole)
    }

    /// The arrays of `mv-expand` and `mv-apply`; false where one of them is wrong.
    pub(super) fn expansion(
        &mut self,
        input: &Relation,
        settings: &[ast::Setting],
        items: &[ast::ExpandItem],
        limit: Option<&ast::Expr>,
        span: Span,
    ) -> Option<(Expand, bool)> {
        let mut index = None;
        let mut array_bags = false;
        for setting in settings {
            match setting.name.text.as_str() {
                "with_itemindex" => index = Some(setting.value.text.clone()),
                _ => array_bags = setting.value.text == "array",
            }
        }
        let limit = match limit {
            Some(expr) => Some(self.constant_count(expr)?),
            None => None,
        };
        let mut schema = input.schema.clone();
        let mut bound = Vec::new();
        let mut whole = true;
        for item in items {
            let Some(expr) = self.scalar(&item.expr.expr, input) else {
                whole = false;
                continue;
            };
            let name = match item.expr.names.first() {
                Some(given) => given.text.clone(),
                None => {
                    names::automatic(&item.expr.expr).unwrap_or_else(|| names::unique(&schema, "Column1"))
                }
            };
            let ty = item.to.unwrap_or(Type::Dynamic);
            match schema.columns.iter_mut().find(|c| c.name == name) {
                Some(column) => column.ty = ty,
                None => schema.push(&name, ty),
            }
            bound.push((name, cast(expr, Type::Dynamic), ty));
        }
        if let Some(index) = &index {
            if schema.get(index).is_some() {
                self.error("duplicate_column", span, format!("the column '{index}' is there already"));
                whole = false;
            } else {
                schema.push(index, Type::Long);
            }
        }
        Some((Expand { items: bound, index, array_bags, limit, schema }, whole))
    }
}
