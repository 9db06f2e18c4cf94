//! Plugins over a timeline: ids window by window, and rolling percentiles.
//!
//! Names, order and types of the columns are those of the official binder; what is counted is what
//! Microsoft's page of each plugin says. docs/kql.md tells what the pages leave open.

use super::cast::cast;
use super::{Binder, Relation, names};
use crate::ast::NamedExpr;
use crate::diagnostic::Span;
use crate::program::{
    Activity, Expr, ExprKind, Metric, Operator, Pipeline, RollingPercentile, TableCall, TableFunction, Window,
};
use crate::types::{Schema, Type, Value};

/// The arguments of a plugin over a timeline.
struct Arguments {
    id: Expr,
    /// The name of the timeline's column, and the column.
    timeline: (String, Expr),
    /// What has no columns, behind those.
    constants: Vec<Expr>,
    /// Columns with their names.
    dimensions: Vec<(String, Expr)>,
    /// Ids of a further table.
    known: Option<Pipeline>,
}

impl Binder<'_, '_, '_> {
    /// `active_users_count` and its kin.
    pub(super) fn activity(
        &mut self,
        input: Relation,
        plugin: &str,
        args: &[NamedExpr],
        span: Span,
    ) -> Option<Relation> {
        let given = self.activity_arguments(&input, plugin, args, span)?;
        let axis = given.timeline.1.ty;
        let mut constants = given.constants.iter();
        // Start and end may be left out where the page says so.
        let bounded = match plugin {
            "activity_metrics" => constants.len() > 1,
            "activity_engagement" => constants.len() > 2,
            _ => true,
        };
        let left_out = if bounded { 0 } else { 2 };
        let (least, most) = match plugin {
            "active_users_count" => (6, 6),
            "activity_counts_metrics" => (3, 3),
            "activity_metrics" => (3 - left_out, 3 - left_out),
            "activity_engagement" => (4 - left_out, 4 - left_out),
            "session_count" | "sliding_window_counts" => (4, 4),
            _ => (3, 4),
        };
        if !(least..=most).contains(&constants.len()) {
            let message = format!(
                "{plugin}() takes an id, a timeline, then constants, then columns; {} constants are too {}",
                constants.len(),
                if constants.len() < least { "few" } else { "many" }
            );
            self.wrong_arguments(span, &message);
            return None;
        }
        let bounds = match bounded {
            true => Some((self.place(constants.next()?, axis)?, self.place(constants.next()?, axis)?)),
            false => None,
        };
        let (metric, window) = match plugin {
            "active_users_count" => {
                let lookback = self.width(constants.next()?, axis)?;
                let period = self.width(constants.next()?, axis)?;
                let periods = self.place(constants.next()?, Type::Long)?;
                (
                    Metric::ActiveUsers { lookback, period, periods },
                    self.timeline_window(constants.next()?, axis)?,
                )
            }
            "activity_counts_metrics" => (Metric::Counts, self.timeline_window(constants.next()?, axis)?),
            "activity_metrics" => (Metric::Changes, self.timeline_window(constants.next()?, axis)?),
            "activity_engagement" => {
                let inner = Window::Width(self.width(constants.next()?, axis)?);
                (Metric::Engagement { outer: self.width(constants.next()?, axis)? }, inner)
            }
            "session_count" => {
                let window = self.timeline_window(constants.next()?, axis)?;
                (Metric::Sessions { lookback: self.width(constants.next()?, axis)? }, window)
            }
            "sliding_window_counts" => {
                let lookback = self.width(constants.next()?, axis)?;
                (Metric::Sliding { lookback }, self.timeline_window(constants.next()?, axis)?)
            }
            _ => {
                let window = self.timeline_window(constants.next()?, axis)?;
                let only = match constants.next() {
                    Some(place) => Some(self.place(place, axis)?),
                    None => None,
                };
                (Metric::Cohorts { only }, window)
            }
        };
        let name = &given.timeline.0;
        let counts: &[(&str, Type)] = match metric {
            Metric::ActiveUsers { .. } => &[("dcount", Type::Long)],
            Metric::Counts => &[
                ("count", Type::Long),
                ("dcount", Type::Long),
                ("new_dcount", Type::Long),
                ("aggregated_dcount", Type::Long),
            ],
            Metric::Changes => &[
                ("dcount_values", Type::Long),
                ("dcount_newvalues", Type::Long),
                ("retention_rate", Type::Real),
                ("churn_rate", Type::Real),
            ],
            Metric::Engagement { .. } => &[
                ("dcount_activities_inner", Type::Long),
                ("dcount_activities_outer", Type::Long),
                ("activity_ratio", Type::Real),
            ],
            Metric::Sliding { .. } => &[("Count", Type::Long), ("Dcount", Type::Long)],
            Metric::Sessions { .. } => &[("count_sessions", Type::Long)],
            Metric::Cohorts { .. } => &[
                ("dcount_new_values", Type::Long),
                ("dcount_retained_values", Type::Long),
                ("dcount_churn_values", Type::Long),
                ("retention_rate", Type::Real),
                ("churn_rate", Type::Real),
            ],
        };
        let dimensions = given.dimensions.iter().map(|(name, e)| (name.clone(), e.ty));
        let counts = counts.iter().map(|(name, ty)| ((*name).to_owned(), *ty));
        let mut columns: Vec<(String, Type)> = Vec::new();
        if matches!(metric, Metric::Cohorts { .. }) {
            columns.push((format!("from_{name}"), axis));
            columns.push((format!("to_{name}"), axis));
            columns.extend(counts.chain(dimensions));
        } else {
            columns.push((name.clone(), axis));
            columns.extend(dimensions.chain(counts));
        }
        let mut schema = Schema::default();
        for (name, ty) in columns {
            let name = names::unique(&schema, &name);
            schema.push(name, ty);
        }
        let function = TableFunction::Activity(Box::new(Activity { metric, bounds, window }));
        let columns = vec![("$id".to_owned(), given.id), ("$at".to_owned(), given.timeline.1)];
        Some(over_timeline(input, function, columns, given.dimensions, given.known, schema))
    }

    pub(super) fn rolling_percentile(
        &mut self,
        input: Relation,
        args: &[NamedExpr],
        span: Span,
    ) -> Option<Relation> {
        let [value, share, axis, width, bins, dimensions @ ..] = args else {
            let message = "rolling_percentile() takes a value, a percentile, an axis, the width of a bin, a \
                number of bins, then columns";
            self.wrong_arguments(span, message);
            return None;
        };
        let (value_name, value) = self.column_of(&input, value)?;
        let sortable = value.ty.is_numeric() || matches!(value.ty, Type::Datetime | Type::Timespan);
        if !sortable {
            let message = format!("rolling_percentile() does not work on a {}", value.ty);
            self.error("type_mismatch", value.span, message);
            return None;
        }
        let (axis_name, axis) = self.axis_of(&input, axis)?;
        let row = Relation::new(crate::program::Source::OneRow, Schema::default());
        let (share_span, width_span) = (share.expr.span, width.expr.span);
        let share = cast(self.scalar(&share.expr, &row)?, Type::Real);
        let Some(Value::Real(share)) = share.as_literal().cloned() else {
            self.error("constant_expected", share_span, "a percentile is a constant between 0 and 100");
            return None;
        };
        if !(0.0..=100.0).contains(&share) {
            self.error("constant_expected", share_span, "a percentile is a constant between 0 and 100");
            return None;
        }
        let width = self.scalar(&width.expr, &row)?;
        let width = self.width(&Expr { span: width_span, ..width }, axis.ty)?;
        let count = self.constant_count(&bins.expr)?;
        let Some(bins) = u32::try_from(count).ok().filter(|n| *n > 0) else {
            self.wrong_arguments(bins.expr.span, "the number of bins must be at least one");
            return None;
        };
        let dimensions = self.dimensions(&input, dimensions)?;
        let mut schema = Schema::default();
        schema.push(&axis_name, axis.ty);
        for (name, dimension) in &dimensions {
            schema.push(names::unique(&schema, name), dimension.ty);
        }
        let name = format!("rolling_{bins}_percentile_{value_name}_{share}");
        schema.push(names::unique(&schema, &name), value.ty);
        let function = TableFunction::RollingPercentile(Box::new(RollingPercentile { share, width, bins }));
        let columns = vec![("$value".to_owned(), value), ("$at".to_owned(), axis)];
        Some(over_timeline(input, function, columns, dimensions, None, schema))
    }

    fn activity_arguments(
        &mut self,
        input: &Relation,
        plugin: &str,
        args: &[NamedExpr],
        span: Span,
    ) -> Option<Arguments> {
        let [id, timeline, rest @ ..] = args else {
            self.wrong_arguments(span, &format!("{plugin}() takes an id and a timeline first"));
            return None;
        };
        let (id_name, id) = self.column_of(input, id)?;
        if id.ty == Type::Dynamic {
            self.error("type_mismatch", id.span, "an id cannot be a dynamic; convert it first");
            return None;
        }
        let timeline = self.axis_of(input, timeline)?;
        let (rest, known) = match rest.split_last() {
            Some((last, before)) if plugin == "new_activity_metrics" && self.is_tabular(&last.expr) => {
                (before, Some(self.known_ids(&last.expr, &id_name, id.ty)?))
            }
            _ => (rest, None),
        };
        let mut constants = Vec::new();
        let mut columns = rest.len();
        for (at, arg) in rest.iter().enumerate() {
            let bound = self.scalar(&arg.expr, input)?;
            if bound.mentions(&|_| true) {
                columns = at;
                break;
            }
            constants.push(bound);
        }
        let dimensions = self.dimensions(input, rest.get(columns..).unwrap_or_default())?;
        Some(Arguments { id, timeline, constants, dimensions, known })
    }

    /// The ids of a table, in its column of that name.
    fn known_ids(&mut self, table: &crate::ast::Expr, name: &str, ty: Type) -> Option<Pipeline> {
        let mut known = self.table(table)?;
        let Some(column) = known.resolve(name).cloned() else {
            if !known.poisoned {
                let message = format!("the ids that are not new must stand in a column '{name}'");
                self.error("unknown_column", table.span, message);
            }
            return None;
        };
        known.project(vec![("$id".to_owned(), cast(Expr::column(&column.name, column.ty), ty))]);
        Some(known.finish())
    }

    /// A column with its name.
    pub(super) fn column_of(&mut self, input: &Relation, arg: &NamedExpr) -> Option<(String, Expr)> {
        let bound = self.scalar(&arg.expr, input)?;
        match &bound.kind {
            ExprKind::Column(name) => Some((name.clone(), bound)),
            _ => {
                self.error("column_expected", arg.expr.span, "a column is expected here");
                None
            }
        }
    }

    pub(super) fn axis_of(&mut self, input: &Relation, arg: &NamedExpr) -> Option<(String, Expr)> {
        let (name, axis) = self.column_of(input, arg)?;
        if !matches!(axis.ty, Type::Datetime | Type::Timespan | Type::Int | Type::Long) {
            let message = format!("a timeline has times or whole numbers, not values of type {}", axis.ty);
            self.error("type_mismatch", arg.expr.span, message);
            return None;
        }
        Some((name, axis))
    }

    pub(super) fn dimensions(&mut self, input: &Relation, args: &[NamedExpr]) -> Option<Vec<(String, Expr)>> {
        let mut dimensions = Vec::with_capacity(args.len());
        for arg in args {
            let (name, column) = self.column_of(input, arg)?;
            if column.ty == Type::Dynamic {
                let message = "rows cannot be grouped by a dynamic; convert it first";
                self.error("type_mismatch", arg.expr.span, message);
                return None;
            }
            dimensions.push((name, column));
        }
        Some(dimensions)
    }

    /// A constant as a place on the timeline.
    pub(super) fn place(&mut self, expr: &Expr, axis: Type) -> Option<Expr> {
        let fits = expr.ty == axis || (expr.ty.is_integer() && axis.is_integer());
        if !fits {
            self.error("type_mismatch", expr.span, format!("a {axis} is expected here, not a {}", expr.ty));
            return None;
        }
        Some(cast(expr.clone(), axis))
    }

    /// A constant as a distance on the timeline.
    pub(super) fn width(&mut self, expr: &Expr, axis: Type) -> Option<Expr> {
        self.place(expr, if axis.is_integer() { Type::Long } else { Type::Timespan })
    }

    /// A width, or the name of a unit of the calendar.
    fn timeline_window(&mut self, expr: &Expr, axis: Type) -> Option<Window> {
        match expr.as_literal() {
            Some(Value::String(unit)) if axis == Type::Datetime => match unit.as_str() {
                "week" => Some(Window::Week),
                "month" => Some(Window::Month),
                "year" => Some(Window::Year),
                other => {
                    let message = format!("a window is a timespan, 'week', 'month' or 'year', not '{other}'");
                    self.wrong_arguments(expr.span, &message);
                    None
                }
            },
            _ => self.width(expr, axis).map(Window::Width),
        }
    }
}

/// The outcome of a plugin as rows; the dimensions stand behind its columns.
pub(super) fn over_timeline(
    mut input: Relation,
    function: TableFunction,
    mut columns: Vec<(String, Expr)>,
    dimensions: Vec<(String, Expr)>,
    further: Option<Pipeline>,
    schema: Schema,
) -> Relation {
    columns.extend(dimensions.into_iter().enumerate().map(|(at, (_, e))| (format!("$d{at}"), e)));
    input.schema = schema.clone();
    input.hidden.clear();
    input.aliases.clear();
    input.open = false;
    let call = TableCall { function, columns, inputs: further.into_iter().collect(), schema };
    input.operators.push(Operator::Call(Box::new(call)));
    input
}
