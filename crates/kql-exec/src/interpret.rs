//! Expressions evaluated one row at a time, where their columns change from row to row (`scan`).
//!
//! The rules are those of `lower/expression.rs`: what a comparison with a null is, and that a condition
//! whose value is null does not hold.

use std::cmp::Ordering;
use std::sync::Arc;

use palisade_kql::Type;
use palisade_kql::ast::{BinaryOp, TextOp};
use palisade_kql::program::{self, ExprKind, Step};

use crate::error::ExecError;
use crate::kernels::{self, Call, RowFn};
use crate::lower::{Lowerer, value_cell, walk};
use crate::pattern::Pattern;
use crate::terms::Needle;
use crate::udf::Input;
use crate::value::V;

/// Where an expression's columns come from.
pub(crate) trait Cells {
    /// The cell of a slot that [`compile`]'s `slot` named.
    fn get(&self, slot: usize) -> V<'_>;
}

/// A compiled expression.
pub(crate) enum Node {
    Const(V<'static>),
    Slot(usize),
    Call { kernel: RowFn, types: Vec<Type>, returns: Type, args: Vec<Node> },
    Number(BinaryOp, Type, Box<[Node; 2]>),
    Compare(BinaryOp, Box<[Node; 2]>),
    Text { op: TextOp, negated: bool, sides: Box<[Node; 2]>, constant: Option<Needle> },
    Regex { negated: bool, text: Box<Node>, pattern: Arc<Pattern> },
    In { negated: bool, ignore_case: bool, left: Box<Node>, items: Vec<Node> },
    Terms { all: bool, left: Box<Node>, items: Vec<Node> },
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Path { base: Box<Node>, steps: Vec<Step>, computed: Vec<Node>, types: Vec<Type> },
    Case(Vec<(Node, Node)>, Box<Node>),
}

fn kernel(name: &str) -> Result<RowFn, ExecError> {
    kernels::lookup(name).ok_or_else(|| ExecError::Internal(format!("the function {name} has no kernel")))
}

/// Compiles an expression. `slot` names the slot of an expression that is not to be looked into: a column
/// at least.
pub(crate) fn compile(
    lowerer: &Lowerer<'_>,
    expr: &program::Expr,
    slot: &mut dyn FnMut(&program::Expr) -> Result<Option<usize>, ExecError>,
) -> Result<Node, ExecError> {
    if let Some(value) = lowerer.constant_cell(expr) {
        return Ok(Node::Const(value));
    }
    if let Some(at) = slot(expr)? {
        return Ok(Node::Slot(at));
    }
    let mut node = |e: &program::Expr| compile(lowerer, e, slot);
    let mut list =
        |items: &[program::Expr]| -> Result<Vec<Node>, ExecError> { items.iter().map(&mut node).collect() };
    Ok(match &expr.kind {
        ExprKind::Literal(value) => Node::Const(value_cell(value)),
        ExprKind::Column(name) => return Err(ExecError::Internal(format!("no column {name} in this row"))),
        ExprKind::StageValue(stage) => {
            return Err(ExecError::Internal(format!("stage {stage} has no value")));
        }
        ExprKind::Cast(inner) => Node::Call {
            kernel: kernel("to")?,
            types: vec![inner.ty],
            returns: expr.ty,
            args: list(std::slice::from_ref(inner))?,
        },
        ExprKind::Binary(op, left, right) => {
            let types = vec![left.ty, right.ty];
            let sides = Box::new([node(left)?, node(right)?]);
            binary(*op, types, expr.ty, sides)?
        }
        ExprKind::Text { op, negated, left, right } => {
            let sides = Box::new([node(left)?, node(right)?]);
            match (&sides[1], *op) {
                (Node::Const(V::Str(text)), TextOp::MatchesRegex) => {
                    let pattern = Pattern::compile(text).map_err(|message| ExecError::InvalidRegex {
                        pattern: text.chars().take(80).collect(),
                        message,
                    })?;
                    let [text, _] = *sides;
                    Node::Regex { negated: *negated, text: Box::new(text), pattern }
                }
                (Node::Const(text), _) => {
                    let constant = Some(Needle::new(text.text()));
                    Node::Text { op: *op, negated: *negated, sides, constant }
                }
                _ => Node::Text { op: *op, negated: *negated, sides, constant: None },
            }
        }
        ExprKind::In { ignore_case, negated, left, items, stages } => Node::In {
            negated: *negated,
            ignore_case: *ignore_case,
            left: Box::new(node(left)?),
            items: with_stages(lowerer, items.iter().map(&mut node).collect::<Result<_, _>>()?, stages)?,
        },
        ExprKind::Terms { all, left, items, stages } => Node::Terms {
            all: *all,
            left: Box::new(node(left)?),
            items: with_stages(lowerer, items.iter().map(&mut node).collect::<Result<_, _>>()?, stages)?,
        },
        ExprKind::And(parts) => Node::And(list(parts)?),
        ExprKind::Or(parts) => Node::Or(list(parts)?),
        ExprKind::Not(inner) => Node::Not(Box::new(node(inner)?)),
        ExprKind::Path(base, steps) => {
            let mut computed = Vec::new();
            let mut types = Vec::new();
            for step in steps {
                if let Step::Computed(e) = step {
                    computed.push(node(e)?);
                    types.push(e.ty);
                }
            }
            Node::Path { base: Box::new(node(base)?), steps: steps.clone(), computed, types }
        }
        ExprKind::Call { function, args } => Node::Call {
            kernel: kernel(function)?,
            types: args.iter().map(|a| a.ty).collect(),
            returns: expr.ty,
            args: list(args)?,
        },
        ExprKind::Case { branches, otherwise } => {
            let mut compiled = Vec::with_capacity(branches.len());
            for (condition, value) in branches {
                compiled.push((node(condition)?, node(value)?));
            }
            Node::Case(compiled, Box::new(node(otherwise)?))
        }
    })
}

/// The values of list stages come after the items.
fn with_stages(
    lowerer: &Lowerer<'_>,
    mut items: Vec<Node>,
    stages: &[usize],
) -> Result<Vec<Node>, ExecError> {
    for stage in stages {
        let list = lowerer.lists.get(stage);
        let list = list.ok_or_else(|| ExecError::Internal(format!("stage {stage} has no list")))?;
        items.extend(list.iter().cloned().map(Node::Const));
    }
    Ok(items)
}

fn binary(op: BinaryOp, types: Vec<Type>, ty: Type, sides: Box<[Node; 2]>) -> Result<Node, ExecError> {
    use BinaryOp as B;
    let numeric = types.iter().all(|t| t.is_numeric());
    let span = types.iter().all(|t| *t == Type::Timespan);
    let exact = types.iter().all(|t| *t == Type::Decimal);
    let name = match op {
        B::Add if exact => "__decimal_add",
        B::Subtract if exact => "__decimal_subtract",
        B::Multiply if exact => "__decimal_multiply",
        B::Divide if exact => "__decimal_divide",
        B::Modulo if exact => "__decimal_modulo",
        B::Add | B::Subtract | B::Multiply if numeric => return Ok(Node::Number(op, ty, sides)),
        B::Divide if numeric && ty == Type::Real => return Ok(Node::Number(op, ty, sides)),
        B::Divide if numeric => "__divide",
        B::Modulo if numeric || span => "__modulo",
        B::Add => "__time_add",
        B::Subtract => "__time_subtract",
        B::Multiply => "__time_multiply",
        B::Divide => "__time_divide",
        B::Modulo => return Err(ExecError::Internal("modulo of these types".to_owned())),
        _ => return Ok(Node::Compare(op, sides)),
    };
    Ok(Node::Call { kernel: kernel(name)?, types, returns: ty, args: Vec::from(*sides) })
}

fn arithmetic(op: BinaryOp, ty: Type, a: &V<'_>, b: &V<'_>) -> V<'static> {
    use BinaryOp as B;
    if ty == Type::Real {
        let (Some(a), Some(b)) = (a.real(), b.real()) else { return V::Null };
        return V::Real(match op {
            B::Add => a + b,
            B::Subtract => a - b,
            B::Multiply => a * b,
            _ => a / b,
        });
    }
    let (Some(a), Some(b)) = (a.int(), b.int()) else { return V::Null };
    V::Int(match op {
        B::Add => a.wrapping_add(b),
        B::Subtract => a.wrapping_sub(b),
        _ => a.wrapping_mul(b),
    })
}

fn order(a: &V<'_>, b: &V<'_>) -> Option<Ordering> {
    match (a, b) {
        (V::Int(a), V::Int(b)) => Some(a.cmp(b)),
        (V::Bool(a), V::Bool(b)) => Some(a.cmp(b)),
        (V::Dec(a), V::Dec(b)) => Some(a.cmp(b)),
        (V::Str(a), V::Str(b)) => Some(a.cmp(b)),
        _ => a.real()?.partial_cmp(&b.real()?),
    }
}

fn compare(op: BinaryOp, a: &V<'_>, b: &V<'_>) -> V<'static> {
    use BinaryOp as B;
    let nulls = usize::from(*a == V::Null) + usize::from(*b == V::Null);
    let equal = || order(a, b) == Some(Ordering::Equal);
    let test = |wanted: fn(Ordering) -> bool| {
        if nulls > 0 { V::Null } else { V::Bool(order(a, b).is_some_and(wanted)) }
    };
    match op {
        // One null side: false, and true for the negation. Two: null.
        B::Equal | B::NotEqual => match nulls {
            2 => V::Null,
            1 => V::Bool(op == B::NotEqual),
            _ => V::Bool(equal() == (op == B::Equal)),
        },
        B::Less => test(Ordering::is_lt),
        B::LessOrEqual => test(Ordering::is_le),
        B::Greater => test(Ordering::is_gt),
        _ => test(Ordering::is_ge),
    }
}

/// A cell that is borrowed where it is a text.
pub(crate) fn lend<'v>(value: &'v V<'_>) -> V<'v> {
    match value {
        V::Null => V::Null,
        V::Bool(b) => V::Bool(*b),
        V::Int(n) => V::Int(*n),
        V::Real(n) => V::Real(*n),
        V::Dec(n) => V::Dec(*n),
        V::Str(s) => V::Str(std::borrow::Cow::Borrowed(s)),
    }
}

impl Node {
    /// Whether the value is true.
    pub fn holds(&self, cells: &dyn Cells) -> bool {
        self.value(cells) == V::Bool(true)
    }

    /// The value.
    pub fn value<'v>(&'v self, cells: &'v dyn Cells) -> V<'v> {
        match self {
            Node::Const(value) => lend(value),
            Node::Slot(at) => cells.get(*at),
            Node::Call { kernel, types, returns, args } => {
                let args: Vec<V<'_>> = args.iter().map(|a| a.value(cells)).collect();
                kernel(&Call { types, returns: *returns }, &args)
            }
            Node::Number(op, ty, sides) => {
                arithmetic(*op, *ty, &sides[0].value(cells), &sides[1].value(cells))
            }
            Node::Compare(op, sides) => compare(*op, &sides[0].value(cells), &sides[1].value(cells)),
            Node::Text { op, negated, sides, constant } => {
                let hay = sides[0].value(cells);
                let found = match constant {
                    Some(needle) => needle.test(*op, hay.text()),
                    None => text_test(*op, hay.text(), sides[1].value(cells).text()),
                };
                V::Bool(found != *negated)
            }
            Node::Regex { negated, text, pattern } => {
                V::Bool(pattern.is_match(text.value(cells).text()) != *negated)
            }
            Node::In { negated, ignore_case, left, items } => {
                let left = left.value(cells);
                let found = left != V::Null
                    && items.iter().any(|item| {
                        let item = item.value(cells);
                        if *ignore_case {
                            text_test(TextOp::EqualIgnoreCase, left.text(), item.text())
                        } else {
                            item != V::Null && order(&left, &item) == Some(Ordering::Equal)
                        }
                    });
                V::Bool(found != *negated)
            }
            Node::Terms { all, left, items } => {
                let left = left.value(cells);
                let mut has =
                    items.iter().map(|i| text_test(TextOp::Has, left.text(), i.value(cells).text()));
                V::Bool(if *all { has.all(|h| h) } else { has.any(|h| h) })
            }
            Node::And(parts) => all_of(parts, cells, true),
            Node::Or(parts) => all_of(parts, cells, false),
            Node::Not(inner) => match inner.value(cells) {
                V::Bool(b) => V::Bool(!b),
                _ => V::Null,
            },
            Node::Path { base, steps, computed, types } => {
                let computed: Vec<Input<'_>> =
                    computed.iter().map(|c| Input::Const(c.value(cells).owned())).collect();
                walk(&base.value(cells), steps, &computed, types, 0, Type::Dynamic)
            }
            Node::Case(branches, otherwise) => {
                let found = branches.iter().find(|(condition, _)| condition.holds(cells));
                found.map_or(otherwise.as_ref(), |(_, value)| value).value(cells)
            }
        }
    }
}

/// `and` (or with false, `or`) of three-valued parts.
fn all_of(parts: &[Node], cells: &dyn Cells, and: bool) -> V<'static> {
    let mut open = false;
    for part in parts {
        match part.value(cells) {
            V::Bool(b) if b != and => return V::Bool(!and),
            V::Bool(_) => {}
            _ => open = true,
        }
    }
    if open { V::Null } else { V::Bool(and) }
}

fn text_test(op: TextOp, hay: &str, needle: &str) -> bool {
    if op == TextOp::MatchesRegex {
        return Pattern::cached(needle).is_some_and(|p| p.is_match(hay));
    }
    Needle::new(needle).test(op, hay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_compare_as_in_the_language() {
        use BinaryOp as B;
        let one = V::Int(1);
        assert_eq!(compare(B::Equal, &one, &V::Null), V::Bool(false));
        assert_eq!(compare(B::NotEqual, &one, &V::Null), V::Bool(true));
        assert_eq!(compare(B::Equal, &V::Null, &V::Null), V::Null);
        assert_eq!(compare(B::Less, &one, &V::Null), V::Null);
        assert_eq!(compare(B::Less, &one, &V::Real(1.5)), V::Bool(true));
        assert_eq!(compare(B::GreaterOrEqual, &V::string("b"), &V::string("a")), V::Bool(true));
    }
}
