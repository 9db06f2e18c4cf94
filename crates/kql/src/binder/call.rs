//! Function calls in scalar expressions.

use super::cast::cast;
use super::{Binder, Relation, common_type};
use crate::aggregates;
use crate::ast::{self, BinaryOp, NamedExpr};
use crate::diagnostic::Span;
use crate::functions::{self, Function, Param, Returns};
use crate::program::{Expr, ExprKind, Source, StageOutput};
use crate::types::{Schema, Type, Value};

impl Binder<'_, '_, '_> {
    pub(super) fn call(
        &mut self,
        name: &ast::Name,
        args: &[NamedExpr],
        row: &Relation,
        span: Span,
    ) -> Option<Expr> {
        if let Some(result) = self.pattern_call(name, args, span) {
            return result;
        }
        if let Some((function, scope)) = self.called(&name.text) {
            return self.scalar_function(&function, &scope, args, row, span);
        }
        if matches!(self.scope.get(&name.text), Some(super::Binding::Pattern(..))) {
            let message = format!("the pattern '{}' gives a table; a value is expected here", name.text);
            self.error("scalar_expected", span, message);
            return None;
        }
        // `hll_merge(a, b)` of several is a function, of one an aggregate.
        let function = args.len() > 1 && functions::lookup(&name.text).is_some();
        if self.aggregates.is_some() && aggregates::lookup(&name.text).is_some() && !function {
            return self.nested_aggregate(name, args, row, span);
        }
        if let Some(ty) = conversion(&name.text) {
            let value = self.one(name, args, row, span)?;
            let value = cast(value, ty);
            return Some(Expr { span, ..value });
        }
        match name.text.as_str() {
            "toscalar" => return self.scalar_stage(args, span),
            "materialize" => {
                self.error(
                    "scalar_expected",
                    span,
                    "a table stands where a value is expected; use toscalar()",
                );
                return None;
            }
            _ => {}
        }
        if let Some(shape) = self.shape_function(name, args, row, span) {
            return shape;
        }
        let bound: Vec<Option<Expr>> = args
            .iter()
            .map(|a| match a.expr.kind {
                ast::ExprKind::TypeOf(ty) => Some(Expr::literal(Value::Null(ty), a.expr.span)),
                _ => self.scalar(&a.expr, row),
            })
            .collect();
        let known =
            functions::lookup(&name.text).is_some() || functions::SPECIAL.contains(&name.text.as_str());
        if !known {
            self.unknown_function(name);
            return None;
        }
        let mut bound: Vec<Expr> = bound.into_iter().collect::<Option<_>>()?;
        // The old form has the pattern first and the text last.
        if name.text == "replace" && bound.len() == 3 {
            bound.rotate_right(1);
        }
        if let Some(special) = self.special(name, bound.clone(), row, span) {
            return special;
        }
        let function = functions::lookup(&name.text)?;
        if function.name == "geo_info_from_ip_address" && !self.catalogue.locates_addresses() {
            let message = "no address database: nothing is known of any address; see docs/kql.md";
            self.sink.warning("no_address_database", name.span, message.to_owned());
        }
        self.apply(function, bound, name, span)
    }

    fn unknown_function(&mut self, name: &ast::Name) {
        if functions::columns(&name.text).is_some() {
            let message =
                format!("{}() gives several columns; it stands alone in extend, project or print", name.text);
            self.error("several_columns", name.span, message);
            return;
        }
        if functions::UNSUPPORTED.contains(&name.text.as_str())
            || name.text.starts_with("geo_")
            || name.text.starts_with("series_")
        {
            self.unsupported(&format!("the function {}()", name.text), name.span);
            return;
        }
        if aggregates::lookup(&name.text).is_some() {
            if self.aggregates.is_some() {
                self.unsupported(&format!("the aggregate {}()", name.text), name.span);
            } else {
                let message = format!("{}() is an aggregate and belongs into summarize", name.text);
                self.error("aggregate_outside_summarize", name.span, message);
            }
            return;
        }
        let mut candidates: Vec<&str> = functions::names().collect();
        candidates.extend(self.scope.keys().map(String::as_str));
        let stored = self.catalogue.functions();
        candidates.extend(stored.iter().map(String::as_str));
        let suggestion = self.sink.nearest(&name.text, candidates);
        let message = match &suggestion {
            Some(near) => format!("there is no function '{}'; did you mean '{near}'?", name.text),
            None => format!("there is no function '{}'", name.text),
        };
        self.sink.error("unknown_function", name.span, message, suggestion);
    }

    fn one(&mut self, name: &ast::Name, args: &[NamedExpr], row: &Relation, span: Span) -> Option<Expr> {
        match args {
            [only] => self.scalar(&only.expr, row),
            _ => {
                self.arguments_error(name, "1 argument", args.len(), span);
                None
            }
        }
    }

    pub(super) fn arguments_error(&mut self, name: &ast::Name, wanted: &str, got: usize, span: Span) {
        self.error("wrong_arguments", span, format!("{}() takes {wanted}, not {got}", name.text));
    }

    /// Casts arguments as the table of functions says.
    pub(super) fn apply(
        &mut self,
        function: &'static Function,
        args: Vec<Expr>,
        name: &ast::Name,
        span: Span,
    ) -> Option<Expr> {
        let most = function.params.len();
        if args.len() < function.required || (args.len() > most && function.rest.is_none()) {
            let wanted = match (function.rest, function.required == most) {
                (Some(_), _) => format!("at least {} arguments", function.required),
                (None, true) => format!("{most} arguments"),
                (None, false) => format!("{} to {most} arguments", function.required),
            };
            self.arguments_error(name, &wanted, args.len(), span);
            return None;
        }
        let param = |at: usize| function.params.get(at).copied().or(function.rest).unwrap_or(Param::Any);
        let mut common: Option<Type> = None;
        for (at, arg) in args.iter().enumerate().filter(|(at, _)| param(*at) == Param::Common) {
            let _ = at;
            common = match common {
                None => Some(arg.ty),
                Some(ty) => match common_type(ty, arg.ty) {
                    Some(ty) => Some(ty),
                    None => {
                        let message = format!("{}() cannot mix {ty} and {}", name.text, arg.ty);
                        self.error("type_mismatch", arg.span, message);
                        return None;
                    }
                },
            };
        }
        let mut cast_args = Vec::with_capacity(args.len());
        for (at, arg) in args.into_iter().enumerate() {
            let arg = match param(at) {
                Param::Is(ty) => cast(arg, ty),
                Param::Any => arg,
                Param::Common => cast(arg, common.unwrap_or(Type::Dynamic)),
                Param::Number => match arg.ty {
                    ty if ty.is_numeric() || ty == Type::Timespan => arg,
                    Type::Dynamic => cast(arg, Type::Real),
                    other => {
                        self.error(
                            "type_mismatch",
                            arg.span,
                            format!("{}() needs a number, not a {other}", name.text),
                        );
                        return None;
                    }
                },
            };
            cast_args.push(arg);
        }
        let ty = match function.returns {
            Returns::Is(ty) => ty,
            Returns::Argument(at) => cast_args.get(at).map_or(Type::Dynamic, |a| a.ty),
            Returns::Common => common.unwrap_or(Type::Dynamic),
        };
        Some(Expr::new(ExprKind::Call { function: function.name, args: cast_args }, ty, span))
    }

    pub(super) fn build(
        &mut self,
        function: &str,
        args: Vec<Expr>,
        name: &ast::Name,
        span: Span,
    ) -> Option<Expr> {
        self.apply(functions::lookup(function)?, args, name, span)
    }

    /// Functions with rules of their own; none when the table of functions says it all.
    fn special(
        &mut self,
        name: &ast::Name,
        mut args: Vec<Expr>,
        row: &Relation,
        span: Span,
    ) -> Option<Option<Expr>> {
        let count = args.len();
        let wrong = |b: &mut Self, wanted: &str| {
            b.arguments_error(name, wanted, count, span);
            Some(None)
        };
        match name.text.as_str() {
            "not" => match args.pop() {
                Some(arg) if count == 1 => {
                    let arg = cast(arg, Type::Bool);
                    Some(Some(Expr::new(ExprKind::Not(Box::new(arg)), Type::Bool, span)))
                }
                _ => wrong(self, "1 argument"),
            },
            "now" | "ago" => {
                let now = Expr::literal(Value::Datetime(self.now), span);
                match (name.text.as_str(), args.pop(), count) {
                    ("now", None, 0) => Some(Some(now)),
                    ("now", Some(offset), 1) => Some(self.arithmetic(BinaryOp::Add, now, offset, span)),
                    (_, Some(offset), 1) => {
                        let offset =
                            if offset.ty == Type::Dynamic { cast(offset, Type::Timespan) } else { offset };
                        Some(self.arithmetic(BinaryOp::Subtract, now, offset, span))
                    }
                    _ => wrong(self, "1 timespan"),
                }
            }
            "iff" | "iif" => {
                if count != 3 {
                    return wrong(self, "3 arguments");
                }
                Some(self.cases(args, span))
            }
            "case" => {
                if count < 3 || count.is_multiple_of(2) {
                    return wrong(self, "pairs of condition and value, and a default");
                }
                Some(self.cases(args, span))
            }
            "bin" | "floor" | "bin_at" => Some(self.bin(name, args, span)),
            "extract" if count == 4 => {
                let ty = args.pop().map_or(Type::String, |t| t.ty);
                let call = self.build("extract", args, name, span);
                Some(call.map(|c| cast(c, ty)))
            }
            "extract_all" if count == 3 => Some(self.build("extract_all_groups", args, name, span)),
            "extractjson" | "extract_json" => Some(self.extract_json(args, name, span)),
            "make_timespan" if count == 4 => Some(self.build("make_timespan_days", args, name, span)),
            "ipv4_is_in_any_range" | "ipv6_is_in_any_range" | "has_any_ipv4" | "has_any_ipv4_prefix" => {
                // The others stand in one array, or one by one.
                let array = args.get(1).is_some_and(|a| a.ty == Type::Dynamic);
                let function = format!("{}_{}", name.text, if array { "array" } else { "list" });
                Some(self.build(&function, args, name, span))
            }
            "array_sort_asc" | "array_sort_desc" if args.iter().skip(1).any(|a| a.ty == Type::Dynamic) => {
                Some(self.sorted_arrays(name, args, span))
            }
            "abs" if count == 1 => {
                // The amount of an int is a long, as the official binder has it.
                let ty = args.first().map(|a| a.ty)?;
                match ty {
                    Type::Int => args[0] = cast(args[0].clone(), Type::Long),
                    Type::Dynamic => args[0] = cast(args[0].clone(), Type::Real),
                    Type::Long | Type::Real | Type::Decimal | Type::Timespan => {}
                    other => {
                        self.error("type_mismatch", span, format!("abs() needs a number, not a {other}"));
                        return Some(None);
                    }
                }
                Some(self.build("abs", args, name, span))
            }
            "around" if count == 3 => {
                let (delta, centre, value) = (args.pop()?, args.pop()?, args.pop()?);
                let low = self.arithmetic(BinaryOp::Subtract, centre.clone(), delta.clone(), span);
                let high = self.arithmetic(BinaryOp::Add, centre, delta, span);
                let (Some(low), Some(high)) = (low, high) else { return Some(None) };
                let from = self.comparison(BinaryOp::GreaterOrEqual, value.clone(), low, span);
                let to = self.comparison(BinaryOp::LessOrEqual, value, high, span);
                let (Some(from), Some(to)) = (from, to) else { return Some(None) };
                Some(Some(Expr::new(ExprKind::And(vec![from, to]), Type::Bool, span)))
            }
            "percentile_tdigest" if count == 3 => {
                let ty = args.pop().map_or(Type::Dynamic, |t| t.ty);
                let call = self.build("__percentile_of_digest", args, name, span);
                Some(call.map(|c| Expr { ty, ..c }))
            }
            "percentiles_array_tdigest" if args.get(1).is_some_and(|a| a.ty != Type::Dynamic) => {
                let shares = args.split_off(1);
                match self.build("pack_array", shares, name, span) {
                    Some(shares) => args.push(shares),
                    None => return Some(None),
                }
                Some(self.build("percentiles_array_tdigest", args, name, span))
            }
            "make_datetime" if count == 1 => args.pop().map(|a| Some(cast(a, Type::Datetime))),
            "make_timespan" if count == 1 => args.pop().map(|a| Some(cast(a, Type::Timespan))),
            "bin_auto" if count == 1 => Some(self.bin_auto(args, name, span)),
            "pack_all" => {
                let mut pairs = Vec::new();
                for column in &row.schema.columns {
                    pairs.push(Expr::literal(Value::String(column.name.clone()), span));
                    pairs.push(Expr::column(&column.name, column.ty));
                }
                let filled = match args.first().map(Expr::as_literal) {
                    None | Some(Some(Value::Bool(false))) => false,
                    Some(Some(Value::Bool(true))) => true,
                    Some(_) => return wrong(self, "a constant bool"),
                };
                let function = if filled { "__bag_pack_filled" } else { "bag_pack" };
                Some(self.build(function, pairs, name, span))
            }
            "column_ifexists" | "columnifexists" => {
                match (args.first().and_then(Expr::as_literal).cloned(), count) {
                    (Some(Value::String(column)), 2) => match row.resolve(&column) {
                        Some(found) => Some(Some(Expr { span, ..Expr::column(&found.name, found.ty) })),
                        None => Some(args.pop()),
                    },
                    _ => wrong(self, "the name of a column as text, and a default"),
                }
            }
            "ingestion_time" => match row.resolve(super::INGEST_TIME) {
                Some(column) if column.ty == Type::Datetime => {
                    Some(Some(Expr { span, ..Expr::column(&column.name, column.ty) }))
                }
                // Rows that were computed did not come in.
                _ => Some(Some(Expr::literal(Value::Null(Type::Datetime), span))),
            },
            "row_number" | "prev" | "next" | "row_cumsum" | "row_rank_dense" | "row_rank_min"
            | "row_window_session" => Some(self.window(name, args, span)),
            "assert" => match (args.first().and_then(Expr::as_literal), count) {
                (Some(Value::Bool(true)), 2) => Some(Some(Expr::literal(Value::Bool(true), span))),
                _ => Some(self.build("__assert", args, name, span)),
            },
            "parse_user_agent" if count == 2 && !looks_for_agent_parts(&args) => {
                let message = "parse_user_agent() looks for 'browser', 'os', 'device' or an array of these";
                self.wrong_arguments(span, message);
                Some(None)
            }
            "parse_json" | "todynamic" | "parsejson" | "toobject"
                if args.first().is_some_and(|a| a.ty == Type::Dynamic) && count == 1 =>
            {
                Some(args.pop())
            }
            _ => None,
        }
    }

    /// `iff` and `case`: conditions and values in turn, then the default.
    fn cases(&mut self, mut args: Vec<Expr>, span: Span) -> Option<Expr> {
        let otherwise = args.pop()?;
        let mut ty = otherwise.ty;
        let mut null_default = matches!(otherwise.as_literal(), Some(Value::Null(_)));
        for value in args.iter().skip(1).step_by(2) {
            ty = if null_default
                && !matches!(value.as_literal(), Some(Value::Null(_)))
                && common_type(ty, value.ty).is_none()
            {
                null_default = false;
                value.ty
            } else if let Some(common) = common_type(ty, value.ty) {
                common
            } else if matches!(value.as_literal(), Some(Value::Null(_))) {
                ty
            } else {
                let message = format!("the branches have different types: {ty} and {}", value.ty);
                self.error("type_mismatch", value.span, message);
                return None;
            };
        }
        let mut branches = Vec::new();
        let mut rest = args.into_iter();
        while let (Some(condition), Some(value)) = (rest.next(), rest.next()) {
            if !matches!(condition.ty, Type::Bool | Type::Dynamic | Type::Int | Type::Long) {
                self.error(
                    "type_mismatch",
                    condition.span,
                    format!("a condition must be a bool, not a {}", condition.ty),
                );
                return None;
            }
            branches.push((cast(condition, Type::Bool), cast(value, ty)));
        }
        let otherwise = Box::new(cast(otherwise, ty));
        Some(Expr::new(ExprKind::Case { branches, otherwise }, ty, span))
    }

    pub(super) fn bin(&mut self, name: &ast::Name, mut args: Vec<Expr>, span: Span) -> Option<Expr> {
        if name.text == "floor" && args.len() == 1 {
            args.push(Expr::literal(Value::Long(1), span));
        }
        let at = name.text == "bin_at";
        if args.len() != if at { 3 } else { 2 } {
            self.arguments_error(name, if at { "3 arguments" } else { "2 arguments" }, args.len(), span);
            return None;
        }
        let (value, step) = (args[0].ty, args[1].ty);
        let function = match (value, step) {
            (Type::Datetime | Type::Dynamic, Type::Timespan) => ["__bin_datetime", "__bin_at_datetime"],
            (Type::Timespan, Type::Timespan) => ["__bin_timespan", "__bin_at_timespan"],
            (a, b) if a.is_numeric() && b.is_numeric() => ["__bin_number", "__bin_at_number"],
            (Type::Dynamic, b) if b.is_numeric() => {
                args[0] = cast(args[0].clone(), b);
                ["__bin_number", "__bin_at_number"]
            }
            (a, b) => {
                self.error("type_mismatch", span, format!("{}() does not work on {a} and {b}", name.text));
                return None;
            }
        };
        // A long step does not widen an int.
        if value == Type::Int
            && let Some(Value::Long(n)) = args[1].as_literal()
            && let Ok(n) = i32::try_from(*n)
        {
            args[1] = Expr::literal(Value::Int(n), args[1].span);
        }
        self.build(function[usize::from(at)], args, name, span)
    }

    /// `extractjson("$.a.b", text, typeof(x))` as a path.
    fn extract_json(&mut self, mut args: Vec<Expr>, name: &ast::Name, span: Span) -> Option<Expr> {
        let ty = if args.len() == 3 { args.pop().map(|t| t.ty) } else { Some(Type::String) };
        let (Some(ty), [path, source]) = (ty, args.as_slice()) else {
            self.arguments_error(name, "2 or 3 arguments", args.len(), span);
            return None;
        };
        let steps = match path.as_literal() {
            Some(Value::String(path)) => json_path(path),
            _ => None,
        };
        let Some(steps) = steps else {
            self.unsupported("this form of JSON path (only $.a['b'][0] with constants)", path.span);
            return None;
        };
        let source = source.clone();
        let parsed = if source.ty == Type::Dynamic {
            source
        } else {
            self.build("parse_json", vec![source], name, span)?
        };
        Some(cast(Expr::new(ExprKind::Path(Box::new(parsed), steps), Type::Dynamic, span), ty))
    }

    fn scalar_stage(&mut self, args: &[NamedExpr], span: Span) -> Option<Expr> {
        let [only] = args else {
            self.error("wrong_arguments", span, "toscalar() takes one table");
            return None;
        };
        if !self.is_tabular(&only.expr) {
            let row = Relation::new(Source::OneRow, Schema::default());
            return self.scalar(&only.expr, &row);
        }
        let outer = self.aggregates.take();
        let relation = self.table(&only.expr);
        self.aggregates = outer;
        let relation = relation?;
        if relation.poisoned {
            return None;
        }
        let Some(ty) = relation.schema.columns.first().map(|c| c.ty) else {
            self.error("type_mismatch", span, "toscalar() of a table without columns");
            return None;
        };
        let stage = self.stage(None, StageOutput::Scalar, relation);
        Some(Expr::new(ExprKind::StageValue(stage), ty, span))
    }
}

/// The type that a conversion function converts to.
fn conversion(name: &str) -> Option<Type> {
    Some(match name {
        "tostring" => Type::String,
        "toint" => Type::Int,
        "tolong" => Type::Long,
        "todouble" | "toreal" | "tofloat" => Type::Real,
        "tobool" | "toboolean" => Type::Bool,
        "todatetime" | "todate" => Type::Datetime,
        "totimespan" | "totime" => Type::Timespan,
        "toguid" => Type::Guid,
        "todecimal" => Type::Decimal,
        _ => return None,
    })
}

/// Whether what `parse_user_agent` looks for is known to it, or not known yet.
fn looks_for_agent_parts(args: &[Expr]) -> bool {
    let part = |text: &str| ["browser", "os", "device"].iter().any(|part| part.eq_ignore_ascii_case(text));
    let Some(wanted) = args.get(1) else { return false };
    match wanted.as_literal() {
        Some(Value::String(text)) => part(text),
        Some(Value::Dynamic(json)) => match serde_json::from_str::<Vec<String>>(json) {
            Ok(list) => !list.is_empty() && list.iter().all(|text| part(text)),
            Err(_) => serde_json::from_str::<String>(json).is_ok_and(|text| part(&text)),
        },
        Some(_) => false,
        None => matches!(wanted.ty, Type::String | Type::Dynamic),
    }
}

fn json_path(path: &str) -> Option<Vec<crate::program::Step>> {
    use crate::program::Step;
    let mut rest = path.trim().strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            steps.push(Step::Field(after[..end].to_owned()));
            rest = &after[end..];
        } else {
            let after = rest.strip_prefix('[')?;
            let end = after.find(']')?;
            let inner = after[..end].trim();
            let quoted = inner.strip_prefix(['\'', '"']).and_then(|i| i.strip_suffix(['\'', '"']));
            steps.push(match quoted {
                Some(key) => Step::Field(key.to_owned()),
                None => Step::Index(inner.parse().ok()?),
            });
            rest = &after[end + 1..];
        }
        if steps.len() > 64 {
            return None;
        }
    }
    Some(steps)
}
