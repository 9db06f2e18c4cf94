//! `geo_line_lookup` and `geo_polygon_lookup`: rows by the shapes that are near.

use super::cast::cast;
use super::operator::call_over;
use super::{Binder, Relation, names};
use crate::ast::{ExprKind as K, NamedExpr};
use crate::diagnostic::Span;
use crate::program::{Expr, ExprKind, Operator, ShapeLookup, Source, TableFunction};
use crate::types::{Schema, Type, Value};

/// The optional arguments in order.
const OPTIONS: [&str; 4] = ["radius", "return_unmatched", "lookup_area_radius", "return_lookup_key"];

impl Binder<'_, '_, '_> {
    pub(super) fn shape_lookup(
        &mut self,
        input: Relation,
        args: &[NamedExpr],
        areas: bool,
        span: Span,
    ) -> Option<Relation> {
        let [table, shape, lng, lat, rest @ ..] = args else {
            let message = "this plugin takes a table, its column of shapes, a longitude and a latitude";
            self.wrong_arguments(span, message);
            return None;
        };
        let right = self.table(&table.expr)?;
        let shape = self.place_of(&right, shape, &[Type::Dynamic])?;
        let numbers = [Type::Real, Type::Long, Type::Int, Type::Decimal, Type::Dynamic];
        let place = (self.place_of(&input, lng, &numbers)?, self.place_of(&input, lat, &numbers)?);
        let (mut radius, mut unmatched, mut keeps_shape) = (None, false, false);
        // An area needs no radius: a flag may stand in its place.
        let skipped = usize::from(areas && rest.first().is_some_and(is_flag));
        for (at, arg) in rest.iter().enumerate() {
            let option = match arg.names.first() {
                Some(name) => OPTIONS.into_iter().find(|o| name.text.eq_ignore_ascii_case(o)),
                None => OPTIONS.get(at + skipped).copied(),
            };
            match option {
                Some("radius") => radius = Some(self.metres(arg)?),
                // How far apart shapes are does not change what is found.
                Some("lookup_area_radius") => {
                    self.metres(arg)?;
                }
                Some(option) => match self.constant(&arg.expr)? {
                    Value::Bool(flag) if option == "return_unmatched" => unmatched = flag,
                    Value::Bool(flag) => keeps_shape = flag,
                    _ => {
                        self.wrong_arguments(arg.expr.span, &format!("{option} is true or false"));
                        return None;
                    }
                },
                None => {
                    self.wrong_arguments(arg.expr.span, "this plugin does not take this argument");
                    return None;
                }
            }
        }
        if radius.is_none() && !areas {
            self.wrong_arguments(span, "geo_line_lookup() needs a radius in metres");
            return None;
        }
        let mut schema = input.schema.clone();
        let mut taken = Vec::new();
        for (at, column) in right.schema.columns.iter().enumerate() {
            if at != shape || keeps_shape {
                schema.push(names::unique(&schema, &column.name), column.ty);
                taken.push(at);
            }
        }
        let lookup = ShapeLookup { place, shape, areas, radius, taken, unmatched };
        let mut output = call_over(input, TableFunction::ShapeLookup(Box::new(lookup)));
        output.poisoned |= right.poisoned;
        output.open |= right.open;
        output.schema = schema.clone();
        if let Some(Operator::Call(call)) = output.operators.last_mut() {
            call.inputs.push(right.finish());
            call.schema = schema;
        }
        Some(output)
    }

    /// The position of a column that an argument names.
    fn place_of(&mut self, relation: &Relation, arg: &NamedExpr, types: &[Type]) -> Option<usize> {
        let bound = self.scalar(&arg.expr, relation)?;
        let ExprKind::Column(name) = &bound.kind else {
            self.error("column_expected", arg.expr.span, "a column is expected here");
            return None;
        };
        if !types.contains(&bound.ty) {
            let wanted = types.first().map_or("", |t| t.name());
            let message = format!("a column of type {wanted} is expected here, not one of type {}", bound.ty);
            self.error("type_mismatch", arg.expr.span, message);
            return None;
        }
        relation.schema.names().position(|n| n == name)
    }

    /// A distance without columns.
    fn metres(&mut self, arg: &NamedExpr) -> Option<Expr> {
        let row = Relation::new(Source::OneRow, Schema::default());
        let bound = self.scalar(&arg.expr, &row)?;
        if !bound.ty.is_numeric() {
            let message = format!("a radius is a number of metres, not a {}", bound.ty);
            self.error("type_mismatch", arg.expr.span, message);
            return None;
        }
        Some(cast(bound, Type::Real))
    }
}

/// Whether an argument without a name is true or false.
fn is_flag(arg: &NamedExpr) -> bool {
    arg.names.is_empty() && matches!(arg.expr.kind, K::Literal(Value::Bool(_)))
}
