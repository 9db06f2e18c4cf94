//! Expressions as values, with the null rules of the language.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::StringViewArray;
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, Operator, binary_expr, cast, when};
use datafusion::prelude::{in_list, lit, not};
use palisade_kql::ast::{BinaryOp, TextOp};
use palisade_kql::program::{self, ExprKind, Step};
use palisade_kql::{Type, Value};
use palisade_schema::terms;

use super::{Lowerer, StageResult, column, value_cell};
use crate::address::AddressDatabase;
use crate::error::ExecError;
use crate::kernels::{self, convert};
use crate::path;
use crate::pattern::Pattern;
use crate::terms::{Needle, Search, TermSet, fold};
use crate::udf::{Input, call, cell_test, row_call, text_search, text_test};
use crate::value::{Column, V, arrow_type, scalar};

/// Lists up to this length stay plain, so that the store can prune with them.
const PLAIN_LIST: usize = 32;

/// The same of texts; the optimiser compares with each of so many.
const PLAIN_TEXTS: usize = 3;

/// Joins parts pairwise, so that the tree stays low.
pub(super) fn balanced(mut parts: Vec<Expr>, op: Operator) -> Option<Expr> {
    while parts.len() > 1 {
        let mut next = Vec::with_capacity(parts.len().div_ceil(2));
        let mut rest = parts.into_iter();
        while let Some(a) = rest.next() {
            next.push(match rest.next() {
                Some(b) => binary_expr(a, op, b),
                None => a,
            });
        }
        parts = next;
    }
    parts.pop()
}

/// Whether a value may be null; strings never are.
pub(super) fn nullable(expr: &program::Expr) -> bool {
    match &expr.kind {
        _ if expr.ty == Type::String => false,
        ExprKind::Literal(value) => matches!(value, Value::Null(_)),
        ExprKind::Text { .. } | ExprKind::Terms { .. } | ExprKind::In { .. } => false,
        ExprKind::Call { function, .. } => !matches!(
            *function,
            "isempty" | "isnotempty" | "isnull" | "isnotnull" | "strlen" | "isnan" | "isinf" | "isfinite"
        ),
        _ => true,
    }
}

/// A function that the binder or this module names.
fn function(name: &'static str, args: Vec<Expr>, types: Vec<Type>, returns: Type) -> Result<Expr, ExecError> {
    let kernel = kernels::lookup(name)
        .ok_or_else(|| ExecError::Internal(format!("the function {name} has no kernel")))?;
    Ok(row_call(name, kernel, types, returns, args))
}

impl Lowerer<'_> {
    pub fn value(&self, expr: &program::Expr) -> Result<Expr, ExecError> {
        Ok(match &expr.kind {
            ExprKind::Literal(value) => lit(scalar(value)),
            ExprKind::Column(name) => column(name),
            ExprKind::StageValue(stage) => match self.stages.get(*stage) {
                Some(StageResult::Scalar(value)) => lit(scalar(value)),
                _ => return Err(ExecError::Internal(format!("stage {stage} has no value"))),
            },
            ExprKind::Cast(inner) => self.cast(inner, expr.ty)?,
            ExprKind::Binary(op, left, right) => self.binary(*op, left, right, expr.ty)?,
            ExprKind::Text { op, negated, left, right } => self.text(*op, *negated, left, right)?,
            ExprKind::In { ignore_case, negated, left, items, stages } => {
                self.membership([*ignore_case, *negated, false], left, items, stages)?
            }
            ExprKind::Terms { all, left, items, stages } => self.terms(*all, left, items, stages)?,
            ExprKind::And(parts) => self.logic(parts, Operator::And)?,
            ExprKind::Or(parts) => self.logic(parts, Operator::Or)?,
            ExprKind::Not(inner) => not(self.value(inner)?),
            ExprKind::Path(base, steps) => self.path(base, steps, Type::Dynamic)?,
            ExprKind::Call { function: name, args } => self.call(name, args, expr.ty)?,
            ExprKind::Case { branches, otherwise } => {
                let mut rest = branches.iter();
                let (condition, value) =
                    rest.next().ok_or_else(|| ExecError::Internal("case without branches".to_owned()))?;
                let mut builder = when(self.predicate(condition, false)?, viewed(self.value(value)?));
                for (condition, value) in rest {
                    builder = builder.when(self.predicate(condition, false)?, viewed(self.value(value)?));
                }
                builder.otherwise(viewed(self.value(otherwise)?))?
            }
        })
    }

    fn logic(&self, parts: &[program::Expr], op: Operator) -> Result<Expr, ExecError> {
        let lowered = parts.iter().map(|p| self.value(p)).collect::<Result<Vec<_>, _>>()?;
        Ok(balanced(lowered, op).unwrap_or_else(|| lit(op == Operator::And)))
    }

    fn cast(&self, inner: &program::Expr, to: Type) -> Result<Expr, ExecError> {
        // `tostring(d.a)` needs no text of what lies between.
        if let ExprKind::Path(base, steps) = &inner.kind
            && inner.ty == Type::Dynamic
        {
            return self.path(base, steps, to);
        }
        let value = self.value(inner)?;
        Ok(match (inner.ty, to) {
            (Type::Int, Type::Long) | (Type::Int | Type::Long, Type::Real) | (Type::Bool, Type::Long) => {
                cast(value, arrow_type(to))
            }
            (Type::Guid, Type::String) => {
                datafusion::functions::core::expr_fn::coalesce(vec![value, lit("")])
            }
            (from, _) => function("to", vec![value], vec![from], to)?,
        })
    }

    fn binary(
        &self,
        op: BinaryOp,
        left: &program::Expr,
        right: &program::Expr,
        ty: Type,
    ) -> Result<Expr, ExecError> {
        use BinaryOp as B;
        let (a, b) = (self.value(left)?, self.value(right)?);
        let types = vec![left.ty, right.ty];
        let exact = left.ty == Type::Decimal && right.ty == Type::Decimal;
        let numeric = left.ty.is_numeric() && right.ty.is_numeric();
        let span = left.ty == Type::Timespan && right.ty == Type::Timespan;
        let plain = |operator| Ok(binary_expr(a.clone(), operator, b.clone()));
        match op {
            B::Add if exact => function("__decimal_add", vec![a, b], types, ty),
            B::Subtract if exact => function("__decimal_subtract", vec![a, b], types, ty),
            B::Multiply if exact => function("__decimal_multiply", vec![a, b], types, ty),
            B::Divide if exact => function("__decimal_divide", vec![a, b], types, ty),
            B::Modulo if exact => function("__decimal_modulo", vec![a, b], types, ty),
            B::Add if numeric => plain(Operator::Plus),
            B::Subtract if numeric => plain(Operator::Minus),
            B::Multiply if numeric => plain(Operator::Multiply),
            B::Divide if numeric && ty == Type::Real => plain(Operator::Divide),
            B::Divide if numeric => function("__divide", vec![a, b], types, ty),
            B::Modulo if left.ty == Type::Datetime => function("__time_modulo", vec![a, b], types, ty),
            B::Modulo if numeric || span => function("__modulo", vec![a, b], types, ty),
            B::Add => function("__time_add", vec![a, b], types, ty),
            B::Subtract => function("__time_subtract", vec![a, b], types, ty),
            B::Multiply => function("__time_multiply", vec![a, b], types, ty),
            B::Divide => function("__time_divide", vec![a, b], types, ty),
            B::Modulo => Err(ExecError::Internal("modulo of these types".to_owned())),
            B::Less => plain(Operator::Lt),
            B::LessOrEqual => plain(Operator::LtEq),
            B::Greater => plain(Operator::Gt),
            B::GreaterOrEqual => plain(Operator::GtEq),
            B::Equal | B::NotEqual => {
                let (operator, distinct) = if op == B::Equal {
                    (Operator::Eq, Operator::IsNotDistinctFrom)
                } else {
                    (Operator::NotEq, Operator::IsDistinctFrom)
                };
                match (nullable(left), nullable(right)) {
                    (false, false) => plain(operator),
                    // One null side: false (or true for !=). Two: null.
                    (true, true) => {
                        let both = a.clone().is_null().and(b.clone().is_null());
                        let null = lit(ScalarValue::Boolean(None));
                        Ok(when(both, null).otherwise(binary_expr(a, distinct, b))?)
                    }
                    _ => plain(distinct),
                }
            }
        }
    }

    pub(super) fn text(
        &self,
        op: TextOp,
        negated: bool,
        left: &program::Expr,
        right: &program::Expr,
    ) -> Result<Expr, ExecError> {
        let subject = self.value(left)?;
        let constant = match right.as_literal() {
            Some(Value::String(needle)) => Some(needle.clone()),
            _ => match &right.kind {
                ExprKind::StageValue(stage) => match self.stages.get(*stage) {
                    Some(StageResult::Scalar(Value::String(needle))) => Some(needle.clone()),
                    _ => None,
                },
                _ => None,
            },
        };
        let Some(text) = constant else {
            let needle = self.value(right)?;
            let key = format!("kql_{op:?}_{negated}");
            return Ok(call(
                "kql_text",
                key,
                DataType::Boolean,
                false,
                vec![subject, needle],
                move |inputs, rows| {
                    let mut column = Column::new(Type::Bool, rows);
                    for row in 0..rows {
                        let (hay, needle) = (inputs[0].get(row), inputs[1].get(row));
                        let found = if op == TextOp::MatchesRegex {
                            Pattern::cached(needle.text()).is_some_and(|p| p.is_match(hay.text()))
                        } else {
                            Needle::new(needle.text()).test(op, hay.text())
                        };
                        column.push(&V::Bool(found != negated));
                    }
                    column.finish()
                },
            ));
        };
        let key = format!("kql_{op:?}_{negated}[{text:?}]");
        if op == TextOp::MatchesRegex {
            let pattern = Pattern::compile(&text).map_err(|message| ExecError::InvalidRegex {
                pattern: text.chars().take(80).collect(),
                message,
            })?;
            return Ok(text_test("kql_text", key, vec![subject], move |hay| {
                pattern.is_match(hay) != negated
            }));
        }
        let needle = Arc::new(Needle::new(&text));
        let search = Search::of(&needle, op);
        let (own, other) = (Arc::clone(&needle), Arc::clone(&needle));
        let test = move |hay: &str| own.test(op, hay) != negated;
        let together = move |array: &StringViewArray| {
            let found = search.as_ref()?.rows(array, |hay| other.test(op, hay))?;
            Some(if negated { !&found } else { found })
        };
        Ok(match op {
            // The store knows which terms its files have; it finds the needle among the arguments.
            TextOp::Has | TextOp::HasCs if !negated => {
                text_search(terms::HAS, key, vec![subject, lit(text)], together, test)
            }
            _ => text_search("kql_text", key, vec![subject], together, test),
        })
    }

    /// Values of constant items and of list stages; none when some item is computed.
    fn constants(&self, items: &[program::Expr], stages: &[usize]) -> Option<Vec<V<'static>>> {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            values.push(match &item.kind {
                ExprKind::Literal(value) => value_cell(value),
                ExprKind::StageValue(stage) => match self.stages.get(*stage) {
                    Some(StageResult::Scalar(value)) => value_cell(value),
                    _ => return None,
                },
                _ => return None,
            });
        }
        for stage in stages {
            values.extend(self.lists.get(stage)?.iter().cloned());
        }
        Some(values)
    }

    pub(super) fn membership(
        &self,
        [ignore_case, negated, as_predicate]: [bool; 3],
        left: &program::Expr,
        items: &[program::Expr],
        stages: &[usize],
    ) -> Result<Expr, ExecError> {
        let subject = self.value(left)?;
        let Some(values) = self.constants(items, stages) else {
            // Computed items: one comparison each.
            let mut parts = Vec::new();
            for item in items {
                let span = item.span;
                let kind = if ignore_case {
                    ExprKind::Text {
                        op: TextOp::EqualIgnoreCase,
                        negated: false,
                        left: Box::new(left.clone()),
                        right: Box::new(item.clone()),
                    }
                } else {
                    ExprKind::Binary(BinaryOp::Equal, Box::new(left.clone()), Box::new(item.clone()))
                };
                let test = self.value(&program::Expr::new(kind, Type::Bool, span))?;
                parts.push(datafusion::functions::core::expr_fn::coalesce(vec![test, lit(false)]));
            }
            let any = balanced(parts, Operator::Or).unwrap_or_else(|| lit(false));
            return Ok(if negated { not(any) } else { any });
        };
        let values: Vec<V<'static>> = values.into_iter().filter(|v| !matches!(v, V::Null)).collect();
        if values.is_empty() {
            return Ok(lit(negated));
        }
        // A text that was just seen need not be looked up again; files are left out by devices only.
        let device = matches!(&left.kind, ExprKind::Column(name) if name == "DeviceId");
        let longest = if left.ty == Type::String && !device { PLAIN_TEXTS } else { PLAIN_LIST };
        let plain = !ignore_case && values.len() <= longest;
        if plain {
            let list = values.iter().map(|v| lit(crate::value::to_scalar(v, left.ty))).collect();
            let test = in_list(subject, list, negated);
            // A null is in no list.
            return Ok(if nullable(left) && (negated || !as_predicate) {
                datafusion::functions::core::expr_fn::coalesce(vec![test, lit(negated)])
            } else {
                test
            });
        }
        let ty = left.ty;
        let text = move |v: &V<'_>| if ignore_case { fold(v.text()) } else { convert::to_text(v, ty) };
        let set: HashSet<String> = values.iter().map(text).collect();
        let mut sorted: Vec<&String> = set.iter().collect();
        sorted.sort_unstable();
        let key = format!("kql_in_{ignore_case}_{negated}_{ty}{sorted:?}");
        Ok(cell_test("kql_in", key, vec![subject], move |cell| {
            let found = match (cell, ignore_case) {
                (V::Null, _) => false,
                (V::Str(s), false) if ty != Type::Dynamic => set.contains(s.as_ref()),
                _ => set.contains(&text(cell)),
            };
            found != negated
        }))
    }

    fn terms(
        &self,
        all: bool,
        left: &program::Expr,
        items: &[program::Expr],
        stages: &[usize],
    ) -> Result<Expr, ExecError> {
        let subject = self.value(left)?;
        let Some(values) = self.constants(items, stages) else {
            let mut parts = Vec::new();
            for item in items {
                parts.push(self.text(TextOp::Has, false, left, item)?);
            }
            let op = if all { Operator::And } else { Operator::Or };
            return Ok(balanced(parts, op).unwrap_or_else(|| lit(all)));
        };
        let texts: Vec<&str> = values.iter().map(V::text).collect();
        let key = format!("kql_terms_{all}{texts:?}");
        let mut args = vec![subject];
        let name = match all {
            _ if texts.len() > PLAIN_LIST => "kql_terms",
            true => terms::HAS_ALL,
            false => terms::HAS_ANY,
        };
        if texts.len() <= PLAIN_LIST {
            args.extend(texts.iter().map(|t| lit(*t)));
        }
        if all {
            let needles: Vec<Needle> = texts.into_iter().map(Needle::new).collect();
            return Ok(text_test(name, key, args, move |hay| {
                needles.iter().all(|n| n.test(TextOp::Has, hay))
            }));
        }
        let set = Arc::new(TermSet::new(texts));
        let other = Arc::clone(&set);
        Ok(text_search(name, key, args, move |array| other.rows(array), move |hay| set.any(hay)))
    }

    /// What a path leads to, as a cell of a type.
    fn path(&self, base: &program::Expr, steps: &[Step], to: Type) -> Result<Expr, ExecError> {
        if let (ExprKind::Call { function: "split", args }, [Step::Index(at)]) = (&base.kind, steps)
            && let [text, delimiter] = args.as_slice()
            && let Some(Value::String(delimiter)) = delimiter.as_literal()
            && !delimiter.is_empty()
        {
            return Ok(part(self.value(text)?, delimiter.clone(), *at, to));
        }
        let mut args = vec![self.value(base)?];
        let mut computed = Vec::new();
        for step in steps {
            if let Step::Computed(expr) = step {
                args.push(self.value(expr)?);
                computed.push(expr.ty);
            }
        }
        let steps: Vec<Step> = steps.to_vec();
        let shown: Vec<String> = steps
            .iter()
            .map(|s| match s {
                Step::Field(name) => format!("{name:?}"),
                Step::Index(n) => n.to_string(),
                Step::Computed(_) => "?".to_owned(),
            })
            .collect();
        let key = format!("kql_path[{}]:{to}", shown.join("."));
        Ok(call("kql_path", key, arrow_type(to), to != Type::String, args, move |inputs, rows| {
            let mut column = Column::new(to, rows);
            let keys: Option<Vec<path::Key<'_>>> = steps.iter().map(known).collect();
            for row in 0..rows {
                match (&inputs[0].get(row), &keys) {
                    (V::Str(text), Some(keys)) => column.push(&path::read(text, keys, to)),
                    (cell, _) => column.push(&walk(cell, &steps, &inputs[1..], &computed, row, to)),
                }
            }
            column.finish()
        }))
    }

    fn call(&self, name: &'static str, args: &[program::Expr], returns: Type) -> Result<Expr, ExecError> {
        let lowered = args.iter().map(|a| self.value(a)).collect::<Result<Vec<_>, _>>()?;
        let types: Vec<Type> = args.iter().map(|a| a.ty).collect();
        if matches!(
            name,
            "extract"
                | "extract_all"
                | "extract_all_groups"
                | "replace_regex"
                | "trim"
                | "trim_start"
                | "trim_end"
        ) {
            let at = usize::from(name == "replace_regex");
            if let Some(Value::String(pattern)) = args.get(at).and_then(program::Expr::as_literal) {
                Pattern::compile(pattern).map_err(|message| ExecError::InvalidRegex {
                    pattern: pattern.chars().take(80).collect(),
                    message,
                })?;
            }
        }
        if name == "__assert" {
            return Ok(call(name, name.to_owned(), DataType::Boolean, true, lowered, |inputs, rows| {
                let mut column = Column::new(Type::Bool, rows);
                for row in 0..rows {
                    let [condition, message] = inputs else { break };
                    if condition.get(row) != V::Bool(true) {
                        return Err(crate::error::assertion(message.get(row).text()));
                    }
                    column.push(&V::Bool(true));
                }
                column.finish()
            }));
        }
        // Plain forms that the store and the optimiser understand.
        let one = |f: fn(Expr) -> Expr| lowered.first().cloned().map(f);
        let plain = match (name, types.first()) {
            ("isempty", Some(Type::String)) => one(|a| a.eq(lit(""))),
            ("isnotempty", Some(Type::String)) => one(|a| a.not_eq(lit(""))),
            ("isnull", Some(Type::String)) => Some(lit(false)),
            ("isnotnull", Some(Type::String)) => Some(lit(true)),
            ("isnull" | "isempty", Some(ty)) if *ty != Type::Dynamic => one(Expr::is_null),
            ("isnotnull" | "isnotempty", Some(ty)) if *ty != Type::Dynamic => one(Expr::is_not_null),
            _ => None,
        };
        match (plain, self.addresses) {
            (Some(expr), _) => Ok(expr),
            (None, Some(addresses)) if name == "geo_info_from_ip_address" => {
                Ok(located(lowered, Arc::clone(addresses)))
            }
            (None, _) => function(name, lowered, types, returns),
        }
    }
}

/// One part of a split text, without the others; from the end where `at` is negative.
fn part(text: Expr, delimiter: String, at: i64, to: Type) -> Expr {
    let key = format!("kql_part[{delimiter:?}][{at}]:{to}");
    let mut chars = delimiter.chars();
    let single = chars.next().filter(|_| chars.next().is_none());
    let back = usize::try_from(at.unsigned_abs().saturating_sub(1)).unwrap_or(usize::MAX - 1);
    call("kql_part", key, arrow_type(to), to != Type::String, vec![text], move |inputs, rows| {
        let mut column = Column::new(to, rows);
        for row in 0..rows {
            let cell = inputs.first().map_or(V::Null, |i| i.get(row));
            let text = cell.text();
            let found = match (usize::try_from(at), single) {
                (Ok(at), _) => text.split(delimiter.as_str()).nth(at),
                (Err(_), Some(single)) => text.rsplit(single).nth(back),
                // From the end, delimiters that overlap would be found elsewhere.
                (Err(_), None) => {
                    let parts = text.split(delimiter.as_str()).count();
                    parts.checked_sub(back + 1).and_then(|at| text.split(delimiter.as_str()).nth(at))
                }
            };
            match (found, to) {
                (Some(found), Type::String) => column.push(&V::Str(found.into())),
                (found, _) => column.push(&path::cell(found.map(|f| f.to_owned().into()), to)),
            }
        }
        column.finish()
    })
}

/// Where an address is, by the query's database.
fn located(args: Vec<Expr>, addresses: Arc<dyn AddressDatabase>) -> Expr {
    let name = "geo_info_from_ip_address";
    call(name, name.to_owned(), arrow_type(Type::Dynamic), true, args, move |inputs, rows| {
        let mut column = Column::new(Type::Dynamic, rows);
        for row in 0..rows {
            let address = inputs.first().map_or(V::Null, |i| i.get(row));
            column.push(&crate::address::answer(&addresses, address.text()).map_or(V::Null, V::string));
        }
        column.finish()
    })
}

/// A step that is the same for all rows.
fn known(step: &Step) -> Option<path::Key<'_>> {
    match step {
        Step::Field(name) => Some(path::Key::Field(name)),
        Step::Index(at) => Some(path::Key::Index(*at)),
        Step::Computed(_) => None,
    }
}

pub(crate) fn walk(
    base: &V<'_>,
    steps: &[Step],
    computed: &[Input<'_>],
    types: &[Type],
    row: usize,
    to: Type,
) -> V<'static> {
    let V::Str(text) = base else { return path::cell(None, to) };
    let names: Vec<Option<Computed>> =
        computed.iter().zip(types).map(|(input, ty)| Computed::new(&input.get(row), *ty)).collect();
    let mut next = names.iter();
    let mut keys = Vec::with_capacity(steps.len());
    for step in steps {
        keys.push(match step {
            Step::Field(name) => path::Key::Field(name),
            Step::Index(at) => path::Key::Index(*at),
            Step::Computed(_) => match next.next() {
                Some(Some(Computed::Field(name))) => path::Key::Field(name),
                Some(Some(Computed::Index(at))) => path::Key::Index(*at),
                _ => return path::cell(None, to),
            },
        });
    }
    path::cell(path::follow(text, &keys), to)
}

/// A step that was computed for a row.
enum Computed {
    Field(String),
    Index(i64),
}

impl Computed {
    fn new(value: &V<'_>, ty: Type) -> Option<Self> {
        match (value, ty) {
            (V::Int(at), _) => Some(Self::Index(*at)),
            (V::Str(s), Type::Dynamic) => Some(Self::Field(convert::dynamic_text(s))),
            (V::Str(s), _) => Some(Self::Field(s.to_string())),
            _ => None,
        }
    }
}

/// A constant text as a view: what chooses between texts copies views instead of the texts.
fn viewed(expr: Expr) -> Expr {
    match expr {
        Expr::Literal(ScalarValue::Utf8(text), notes) => Expr::Literal(ScalarValue::Utf8View(text), notes),
        other => other,
    }
}
