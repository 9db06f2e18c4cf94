//! Plugins over what follows on each other: sequences of events, and funnels of states.
//!
//! Names, order and types of the columns are those of the official binder, but that distances on a timeline of
//! whole numbers are whole numbers. docs/kql.md tells what the pages of the plugins leave open.

use super::timeline::over_timeline;
use super::{Binder, Relation, names};
use crate::ast::NamedExpr;
use crate::diagnostic::Span;
use crate::program::{Expr, Funnel, FunnelKind, MAX_STEPS, Sequences, Source, TableFunction, array_of};
use crate::types::{Schema, Type, Value};

/// The type of distances on a timeline.
fn distance(axis: Type) -> Type {
    if axis.is_integer() { Type::Long } else { Type::Timespan }
}

impl Binder<'_, '_, '_> {
    /// `sequence_detect(timeline, step, span, predicate…, dimension…)`.
    pub(super) fn sequence_detect(
        &mut self,
        input: Relation,
        args: &[NamedExpr],
        span: Span,
    ) -> Option<Relation> {
        let [timeline, step, whole, first, rest @ ..] = args else {
            let message = "sequence_detect() takes a timeline, the longest way between two steps, the longest way \
                of all, a condition for each step, then columns";
            self.wrong_arguments(span, message);
            return None;
        };
        let (timeline_name, axis) = self.axis_of(&input, timeline)?;
        let step = self.distance(step, axis.ty)?;
        let whole = self.distance(whole, axis.ty)?;
        let mut steps = vec![self.predicate(&first.expr, &input)?];
        let mut dimensions = rest;
        // What is no condition begins the columns; a column of bools in front of them is a condition.
        while let [next, behind @ ..] = dimensions {
            let bound = self.scalar(&next.expr, &input)?;
            if bound.ty != Type::Bool {
                break;
            }
            steps.push(bound);
            dimensions = behind;
        }
        if steps.len() > MAX_STEPS {
            let message = format!("sequence_detect() takes at most {MAX_STEPS} steps, not {}", steps.len());
            self.wrong_arguments(span, &message);
            return None;
        }
        let dimensions = self.dimensions(&input, dimensions)?;
        let mut schema = Schema::default();
        for (name, dimension) in &dimensions {
            schema.push(names::unique(&schema, name), dimension.ty);
        }
        for (at, arg) in std::iter::once(first).chain(rest).take(steps.len()).enumerate() {
            let given = arg.names.first().map(|n| n.text.clone());
            let name =
                given.or_else(|| names::automatic(&arg.expr)).unwrap_or_else(|| format!("Expr{}", at + 1));
            schema.push(names::unique(&schema, &format!("{name}_{timeline_name}")), axis.ty);
        }
        schema.push(names::unique(&schema, "Duration"), distance(axis.ty));
        let sequences = Sequences { steps: steps.len(), step, span: whole };
        let mut columns: Vec<(String, Expr)> =
            steps.into_iter().enumerate().map(|(at, e)| (format!("$step{at}"), e)).collect();
        columns.insert(1, ("$at".to_owned(), axis));
        let function = TableFunction::Sequences(Box::new(sequences));
        Some(over_timeline(input, function, columns, dimensions, None, schema))
    }

    /// `funnel_sequence` and `funnel_sequence_completion`.
    pub(super) fn funnel(
        &mut self,
        input: Relation,
        plugin: &str,
        args: &[NamedExpr],
        span: Span,
    ) -> Option<Relation> {
        let neighbours = plugin == "funnel_sequence";
        let [id, timeline, from, to, fifth, sixth, seventh, eighth] = args else {
            let message = if neighbours {
                "funnel_sequence() takes an id, a timeline, start, end, the longest way between two steps, the \
                 width of a window, a state and the array of states"
            } else {
                "funnel_sequence_completion() takes an id, a timeline, start, end, the width of a window, a state, \
                 the array of states and the array of periods"
            };
            self.wrong_arguments(span, message);
            return None;
        };
        let (_, id) = self.groupable(&input, id)?;
        let (timeline_name, axis) = self.axis_of(&input, timeline)?;
        let bounds = (self.bound(from, axis.ty)?, self.bound(to, axis.ty)?);
        let (kind, window, state, sequence) = if neighbours {
            let step = self.distance(fifth, axis.ty)?;
            (FunnelKind::Neighbours { step }, self.distance(sixth, axis.ty)?, seventh, eighth)
        } else {
            let window = self.distance(fifth, axis.ty)?;
            (FunnelKind::Completion { periods: self.array(eighth, "periods")? }, window, sixth, seventh)
        };
        let (state_name, state) = self.groupable(&input, state)?;
        let sequence = self.array(sequence, "states")?;
        let mut schema = Schema::default();
        schema.push(&timeline_name, axis.ty);
        let columns = if neighbours {
            [("prev", state.ty), ("next", state.ty), ("dcount", Type::Long), ("samples", Type::Dynamic)]
                .to_vec()
        } else {
            let period = distance(axis.ty);
            [(state_name.as_str(), Type::String), ("Period", period), ("dcount", Type::Long)].to_vec()
        };
        for (name, ty) in columns {
            schema.push(names::unique(&schema, name), ty);
        }
        let funnel = Funnel { kind, bounds, window, sequence, id: id.ty, state: state.ty };
        let columns = vec![("$id".to_owned(), id), ("$at".to_owned(), axis), ("$state".to_owned(), state)];
        let function = TableFunction::Funnel(Box::new(funnel));
        Some(over_timeline(input, function, columns, Vec::new(), None, schema))
    }

    /// A column whose values can be compared.
    fn groupable(&mut self, input: &Relation, arg: &NamedExpr) -> Option<(String, Expr)> {
        let (name, column) = self.column_of(input, arg)?;
        if column.ty == Type::Dynamic {
            let message = "ids and states cannot be dynamic; convert them first";
            self.error("type_mismatch", arg.expr.span, message);
            return None;
        }
        Some((name, column))
    }

    /// An argument without columns.
    fn free(&mut self, arg: &NamedExpr) -> Option<Expr> {
        let row = Relation::new(Source::OneRow, Schema::default());
        let bound = self.scalar(&arg.expr, &row)?;
        Some(Expr { span: arg.expr.span, ..bound })
    }

    fn bound(&mut self, arg: &NamedExpr, axis: Type) -> Option<Expr> {
        let bound = self.free(arg)?;
        self.place(&bound, axis)
    }

    fn distance(&mut self, arg: &NamedExpr, axis: Type) -> Option<Expr> {
        let bound = self.free(arg)?;
        self.width(&bound, axis)
    }

    /// An array without columns; what it holds is checked here where it is known.
    fn array(&mut self, arg: &NamedExpr, what: &str) -> Option<Expr> {
        let bound = self.free(arg)?;
        if bound.ty != Type::Dynamic {
            let message = format!("an array of {what} is expected here, not a {}", bound.ty);
            self.error("type_mismatch", arg.expr.span, message);
            return None;
        }
        if let Some(value) = bound.as_literal()
            && !matches!(value, Value::Dynamic(json) if array_of(json).is_some())
        {
            let message = format!("the {what} are an array of 1 to {MAX_STEPS} values");
            self.wrong_arguments(arg.expr.span, &message);
            return None;
        }
        Some(bound)
    }
}
