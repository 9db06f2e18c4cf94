//! Casts and constant folding.

use super::Binder;
use crate::ast::BinaryOp;
use crate::diagnostic::Span;
use crate::program::{Expr, ExprKind};
use crate::time;
use crate::types::{Type, Value};

/// Converts an expression; constants are converted here.
pub(super) fn cast(expr: Expr, ty: Type) -> Expr {
    if expr.ty == ty {
        return expr;
    }
    let span = expr.span;
    if let ExprKind::Literal(value) = &expr.kind
        && let Some(folded) = fold_cast(value, ty)
    {
        return Expr::literal(folded, span);
    }
    Expr::new(ExprKind::Cast(Box::new(expr)), ty, span)
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn fold_cast(value: &Value, ty: Type) -> Option<Value> {
    Some(match (value, ty) {
        (Value::Null(_), Type::String) => Value::String(String::new()),
        (Value::Null(_), _) => Value::Null(ty),
        (Value::Int(n), Type::Long) => Value::Long(i64::from(*n)),
        (Value::Int(n), Type::Real) => Value::Real(f64::from(*n)),
        (Value::Long(n), Type::Real) => Value::Real(*n as f64),
        (Value::Long(n), Type::Int) => i32::try_from(*n).map_or(Value::Null(Type::Int), Value::Int),
        (Value::Int(n), Type::Decimal) => Value::Decimal(n.to_string()),
        (Value::Long(n), Type::Decimal) => Value::Decimal(n.to_string()),
        (Value::Real(n), Type::Decimal) => {
            crate::decimal::canonical(&n.to_string()).map_or(Value::Null(ty), Value::Decimal)
        }
        (Value::String(s), Type::Decimal) => {
            crate::decimal::canonical(s).map_or(Value::Null(ty), Value::Decimal)
        }
        (Value::Decimal(s), Type::String) => Value::String(s.clone()),
        (Value::Long(n), Type::String) => Value::String(n.to_string()),
        (Value::Int(n), Type::String) => Value::String(n.to_string()),
        (Value::Guid(s), Type::String) => Value::String(s.clone()),
        (Value::String(s), Type::Guid) => {
            crate::literal::guid(s).map_or(Value::Null(Type::Guid), Value::Guid)
        }
        (Value::String(s), Type::Datetime) => {
            time::parse_datetime(s).map_or(Value::Null(ty), Value::Datetime)
        }
        (Value::String(s), Type::Timespan) => {
            time::parse_timespan(s).map_or(Value::Null(ty), Value::Timespan)
        }
        (Value::String(s), Type::Dynamic) => Value::Dynamic(serde_json::Value::String(s.clone()).to_string()),
        (Value::Long(n), Type::Dynamic) => Value::Dynamic(n.to_string()),
        (Value::Int(n), Type::Dynamic) => Value::Dynamic(n.to_string()),
        (Value::Bool(b), Type::Dynamic) => Value::Dynamic(b.to_string()),
        (Value::Bool(b), Type::Long) => Value::Long(i64::from(*b)),
        (Value::Dynamic(json), _) => fold_dynamic(json, ty)?,
        _ => return None,
    })
}

/// A scalar held in a dynamic constant.
fn fold_dynamic(json: &str, ty: Type) -> Option<Value> {
    let parsed: serde_json::Value = serde_json::from_str(json).ok()?;
    match (&parsed, ty) {
        (serde_json::Value::String(s), Type::String) => Some(Value::String(s.clone())),
        (serde_json::Value::Number(n), Type::Long) => n.as_i64().map(Value::Long),
        (serde_json::Value::Number(n), Type::Real) => n.as_f64().map(Value::Real),
        _ => None,
    }
}

/// The items of a dynamic array constant as constants of their own.
pub(super) fn array_items(value: &Value, span: Span) -> Option<Vec<Expr>> {
    let Value::Dynamic(json) = value else { return None };
    let serde_json::Value::Array(items) = serde_json::from_str(json).ok()? else { return None };
    let item = |json: serde_json::Value| match json {
        serde_json::Value::String(s) => Value::String(s),
        serde_json::Value::Bool(b) => Value::Bool(b),
        serde_json::Value::Null => Value::Null(Type::Dynamic),
        serde_json::Value::Number(n) => match n.as_i64() {
            Some(long) => Value::Long(long),
            None => n.as_f64().map_or(Value::Null(Type::Real), Value::Real),
        },
        other => Value::Dynamic(other.to_string()),
    };
    Some(items.into_iter().map(|json| Expr::literal(item(json), span)).collect())
}

/// Arithmetic on two constants, where it is needed to know the outcome while binding.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn fold_arithmetic(op: BinaryOp, a: &Value, b: &Value) -> Option<Value> {
    use BinaryOp::{Add, Divide, Modulo, Multiply, Subtract};
    Some(match (a, b) {
        (Value::Long(x), Value::Long(y)) => Value::Long(match op {
            Add => x.checked_add(*y)?,
            Subtract => x.checked_sub(*y)?,
            Multiply => x.checked_mul(*y)?,
            _ => return None,
        }),
        (Value::Datetime(x), Value::Timespan(y)) => {
            let at = match op {
                Add => x.checked_add(y.div_euclid(10))?,
                Subtract => x.checked_sub(y.div_euclid(10))?,
                _ => return None,
            };
            if !(time::MIN_DATETIME..=time::MAX_DATETIME).contains(&at) {
                return Some(Value::Null(Type::Datetime));
            }
            Value::Datetime(at)
        }
        (Value::Timespan(_), Value::Datetime(_)) if op == Add => return fold_arithmetic(op, b, a),
        (Value::Datetime(x), Value::Datetime(y)) if op == Subtract => {
            Value::Timespan((x - y).checked_mul(10)?)
        }
        (Value::Timespan(x), Value::Timespan(y)) => match op {
            Add => Value::Timespan(x.checked_add(*y)?),
            Subtract => Value::Timespan(x.checked_sub(*y)?),
            Modulo | Divide => return None,
            _ => return None,
        },
        (Value::Timespan(x), Value::Long(n)) | (Value::Long(n), Value::Timespan(x)) if op == Multiply => {
            Value::Timespan(x.checked_mul(*n)?)
        }
        _ => return None,
    })
}

impl Binder<'_, '_, '_> {
    /// Arithmetic with the casts that its operands need.
    pub(super) fn arithmetic(&mut self, op: BinaryOp, left: Expr, right: Expr, span: Span) -> Option<Expr> {
        use BinaryOp::{Add, Divide, Modulo, Multiply, Subtract};
        use Type::{Datetime, Decimal, Dynamic, Long, Real, Timespan};
        let (mut left, mut right) = (left, right);
        // A dynamic operand becomes what the other side suggests.
        match (left.ty, right.ty) {
            (Dynamic, Dynamic) => {
                left = cast(left, Real);
                right = cast(right, Real);
            }
            (Dynamic, other) => left = cast(left, dynamic_operand(op, other)),
            (other, Dynamic) => right = cast(right, dynamic_operand(op, other)),
            _ => {}
        }
        let (a, b) = (left.ty, right.ty);
        let ty = match (op, a, b) {
            (_, x, y) if x.is_numeric() && y.is_numeric() => {
                let ty = if x == Decimal || y == Decimal {
                    Decimal
                } else if x == Real || y == Real {
                    Real
                } else {
                    Long
                };
                left = cast(left, ty);
                right = cast(right, ty);
                ty
            }
            (Add | Subtract, Datetime, Timespan) | (Add, Timespan, Datetime) => Datetime,
            (Subtract, Datetime, Datetime) => Timespan,
            (Add | Subtract | Modulo, Timespan, Timespan) => Timespan,
            // What is left of the time since the beginning of the calendar.
            (Modulo, Datetime, Timespan) => Timespan,
            (Divide, Timespan, Timespan) => Real,
            (Multiply | Divide, Timespan, n) if n.is_numeric() => {
                right = cast(right, if n.is_integer() { Long } else { Real });
                Timespan
            }
            (Multiply, n, Timespan) if n.is_numeric() => {
                left = cast(left, if n.is_integer() { Long } else { Real });
                std::mem::swap(&mut left, &mut right);
                Timespan
            }
            _ => {
                let hint =
                    if op == Add && (a == Type::String || b == Type::String) { "; use strcat()" } else { "" };
                let sign = match op {
                    Add => "+",
                    Subtract => "-",
                    Multiply => "*",
                    Divide => "/",
                    _ => "%",
                };
                self.error("type_mismatch", span, format!("'{sign}' does not work on {a} and {b}{hint}"));
                return None;
            }
        };
        if let (Some(x), Some(y)) = (left.as_literal(), right.as_literal())
            && let Some(value) = fold_arithmetic(op, x, y)
        {
            return Some(Expr::literal(value, span));
        }
        Some(Expr::new(ExprKind::Binary(op, Box::new(left), Box::new(right)), ty, span))
    }

    /// A comparison with the casts that its operands need.
    pub(super) fn comparison(&mut self, op: BinaryOp, left: Expr, right: Expr, span: Span) -> Option<Expr> {
        let (left, right) = self.meet(left, right, span)?;
        Some(Expr::new(ExprKind::Binary(op, Box::new(left), Box::new(right)), Type::Bool, span))
    }

    /// Both sides cast to a type in which they can be compared.
    pub(super) fn meet(&mut self, left: Expr, right: Expr, span: Span) -> Option<(Expr, Expr)> {
        let (a, b) = (left.ty, right.ty);
        if a == Type::Dynamic && b == Type::Dynamic {
            return Some((cast(left, Type::String), cast(right, Type::String)));
        }
        // A small constant keeps an int column plain, so that statistics can prune.
        if a == Type::Int
            && b == Type::Long
            && let Some(Value::Long(n)) = right.as_literal()
            && let Ok(n) = i32::try_from(*n)
        {
            let right = Expr::literal(Value::Int(n), right.span);
            return Some((left, right));
        }
        // A guid constant in its canonical form compares with a guid column as it is.
        if a == Type::Guid && b == Type::String && right.as_literal().is_some() {
            return Some((left, cast(right, Type::Guid)));
        }
        match super::common_type(a, b) {
            Some(ty) => Some((cast(left, ty), cast(right, ty))),
            None if plain(a) && b == Type::String => Some(match constant_as(&right, a) {
                Some(constant) => (left, constant),
                None => (cast(left, Type::String), right),
            }),
            None if a == Type::String && plain(b) => Some(match constant_as(&left, b) {
                Some(constant) => (constant, right),
                None => (left, cast(right, Type::String)),
            }),
            None => {
                let hint = match (a, b) {
                    (Type::Datetime, Type::String) => "; write datetime(...) or todatetime()",
                    (Type::Timespan, Type::Long) | (Type::Long, Type::Timespan) => {
                        "; write a timespan such as 1d or 10s"
                    }
                    _ => "",
                };
                self.error("type_mismatch", span, format!("{a} and {b} cannot be compared{hint}"));
                None
            }
        }
    }
}

/// Types that compare with text: as that type when the text is a constant of it, else as text.
pub(super) fn plain(ty: Type) -> bool {
    matches!(ty, Type::Bool | Type::Int | Type::Long | Type::Real | Type::Decimal)
}

/// A constant text as a constant of another type; none when it is not one.
pub(super) fn constant_as(expr: &Expr, ty: Type) -> Option<Expr> {
    let Some(Value::String(text)) = expr.as_literal() else { return None };
    let value = match ty {
        Type::Bool => Value::Bool(text.to_ascii_lowercase().parse().ok()?),
        Type::Int => Value::Int(text.parse().ok()?),
        Type::Long => Value::Long(text.parse().ok()?),
        Type::Real => Value::Real(text.parse().ok()?),
        Type::Decimal => Value::Decimal(crate::decimal::canonical(text)?),
        _ => return None,
    };
    Some(Expr::literal(value, expr.span))
}

fn dynamic_operand(op: BinaryOp, other: Type) -> Type {
    match (op, other) {
        (BinaryOp::Multiply | BinaryOp::Divide, Type::Timespan) => Type::Real,
        (_, Type::Int) => Type::Long,
        (_, Type::Datetime) if op == BinaryOp::Subtract => Type::Datetime,
        (_, Type::Datetime) => Type::Timespan,
        _ => other,
    }
}
