//! `parse` and `parse-where`: a pattern as one regular expression.

use arrow::datatypes::DataType;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::prelude::lit;
use palisade_kql::Type;
use palisade_kql::program::{Parse, ParsePart};

use crate::error::ExecError;
use crate::kernels::convert::convert;
use crate::lower::{Lowerer, column, project};
use crate::pattern::Pattern;
use crate::udf;
use crate::value::{Column, V, arrow_type};

/// The regular expression of a pattern and the columns of its groups.
fn expression(parse: &Parse) -> (String, Vec<(String, Type, usize)>) {
    let mut pattern = String::from("(?s");
    for flag in parse.flags.chars().filter(|c| matches!(c, 'i' | 'm' | 's' | 'U')) {
        if flag != 's' {
            pattern.push(flag);
        }
    }
    pattern.push(')');
    let mut columns = Vec::new();
    let mut group = 0;
    let last = parse.parts.len().saturating_sub(1);
    let starts_open = matches!(parse.parts.first(), Some(ParsePart::Star));
    if !starts_open && !parse.regex {
        pattern.push('^');
    }
    for (at, part) in parse.parts.iter().enumerate() {
        match part {
            ParsePart::Star => pattern.push_str(if at == last { ".*" } else { ".*?" }),
            ParsePart::Text(text) if parse.regex => {
                let text = &balanced(text);
                pattern.push_str(&format!("(?:{text})"));
                // Groups of the user's own expression take numbers too.
                group += groups(text);
            }
            ParsePart::Text(text) => pattern.push_str(&crate::kernels::quote(text)),
            ParsePart::Column(name, ty) => {
                group += 1;
                let greedy = at == last || parse.regex;
                let open = matches!(parse.parts.get(at + 1), Some(ParsePart::Star));
                let shape = match ty {
                    Type::Long | Type::Int => Some(r"[-+]?\d+"),
                    Type::Real => Some(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"),
                    // Simple patterns take any text here, and convert it.
                    Type::Bool if parse.regex => Some("(?i:true|false)"),
                    _ => None,
                };
                match shape {
                    Some(shape) if parse.regex => pattern.push_str(&format!("({shape})")),
                    Some(shape) if !parse.relaxed || open => pattern.push_str(&format!(r"\s*({shape})")),
                    _ if greedy => pattern.push_str("(.*)"),
                    _ => pattern.push_str("(.*?)"),
                }
                columns.push((name.clone(), *ty, group));
            }
        }
    }
    if !matches!(parse.parts.last(), Some(ParsePart::Star)) && !parse.regex {
        pattern.push('$');
    }
    (pattern, columns)
}

/// The expression with parentheses that have no partner as texts.
fn balanced(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut open, mut alone) = (Vec::new(), Vec::new());
    let (mut at, mut class) = (0, false);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'[' => class = true,
            b']' => class = false,
            b'(' if !class => open.push(at),
            b')' if !class && open.pop().is_none() => alone.push(at),
            _ => {}
        }
        at += 1;
    }
    alone.extend(open);
    alone.sort_unstable();
    let mut out = String::with_capacity(text.len() + alone.len());
    for (at, c) in text.char_indices() {
        if alone.binary_search(&at).is_ok() {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// How many groups a user's expression opens.
fn groups(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut n = 0;
    let mut at = 0;
    let mut class = false;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'[' => class = true,
            b']' => class = false,
            b'(' if !class => {
                let rest = &text[at + 1..];
                n += usize::from(!rest.starts_with('?') || rest.starts_with("?P<") || rest.starts_with("?<"));
            }
            _ => {}
        }
        at += 1;
    }
    n
}

pub(crate) fn lower(
    lowerer: &Lowerer<'_>,
    plan: LogicalPlan,
    parse: &Parse,
) -> Result<LogicalPlan, ExecError> {
    let (text, columns) = expression(parse);
    let pattern = Pattern::compile(&text)
        .map_err(|message| ExecError::InvalidRegex { pattern: text.chars().take(80).collect(), message })?;
    let source = lowerer.value(&parse.source)?;
    let relaxed = parse.relaxed;
    let types: Vec<(Type, usize)> = columns.iter().map(|(_, ty, group)| (*ty, *group)).collect();
    let plan = if parse.filter {
        let (pattern, types) = (std::sync::Arc::clone(&pattern), types.clone());
        let key = format!("kql_parse_where[{text:?}]");
        let test = udf::text_test("kql_parse_where", key, vec![source.clone()], move |hay| {
            matched(&pattern, hay, &types, relaxed).is_some()
        });
        LogicalPlanBuilder::from(plan).filter(test)?.build()?
    } else {
        plan
    };
    let mut outputs: Vec<Expr> = Vec::new();
    for existing in plan.schema().columns() {
        let new = columns.iter().position(|(name, _, _)| *name == existing.name);
        outputs.push(match new {
            Some(at) => cell(&pattern, &text, &source, &types, at, relaxed).alias(&existing.name),
            None => column(&existing.name),
        });
    }
    for (at, (name, ..)) in columns.iter().enumerate() {
        if !plan.schema().has_column_with_unqualified_name(name) {
            outputs.push(cell(&pattern, &text, &source, &types, at, relaxed).alias(name));
        }
    }
    project(plan, outputs)
}

/// The cells of a text that matches; with a strict pattern all of them must fit their types.
fn matched(pattern: &Pattern, hay: &str, types: &[(Type, usize)], relaxed: bool) -> Option<Vec<V<'static>>> {
    let spans = pattern.captures_at(hay, 0)?;
    let mut cells = Vec::with_capacity(types.len());
    for (ty, group) in types {
        let text = spans.get(*group).copied().flatten().and_then(|(s, e)| hay.get(s..e)).unwrap_or_default();
        let cell = convert(&V::string(text), Type::String, *ty);
        if cell == V::Null && !relaxed && *ty != Type::String {
            return None;
        }
        cells.push(cell);
    }
    Some(cells)
}

fn cell(
    pattern: &std::sync::Arc<Pattern>,
    text: &str,
    source: &Expr,
    types: &[(Type, usize)],
    at: usize,
    relaxed: bool,
) -> Expr {
    let ty = types[at].0;
    let (pattern, types) = (std::sync::Arc::clone(pattern), types.to_vec());
    let key = format!("kql_parse[{text:?}]{at}{ty}{relaxed}");
    let returns: DataType = arrow_type(ty);
    udf::call(
        "kql_parse",
        key,
        returns,
        ty != Type::String,
        vec![source.clone(), lit(true)],
        move |inputs, rows| {
            let mut out = Column::new(ty, rows);
            for row in 0..rows {
                let hay = inputs[0].get(row);
                let cells = matched(&pattern, hay.text(), &types, relaxed);
                out.push(cells.as_ref().and_then(|c| c.get(at)).unwrap_or(&V::Null));
            }
            out.finish()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::balanced;

    #[test]
    fn parentheses_without_a_partner_are_texts() {
        for (text, same) in [
            (")", r"\)"),
            ("a(b", r"a\(b"),
            ("(a)", "(a)"),
            (r"\(a", r"\(a"),
            ("[(]x", "[(]x"),
            ("((é)", r"\((é)"),
        ] {
            assert_eq!(balanced(text), same);
        }
    }
}
