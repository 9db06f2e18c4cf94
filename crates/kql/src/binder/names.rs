//! Names of unnamed columns.

use std::collections::HashSet;

use crate::ast::{Expr, ExprKind, Step};
use crate::functions::{self, Naming};
use crate::types::{Schema, Value};

/// The name that an expression gives to its column; none when it has none of its own.
pub(super) fn automatic(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name.clone()),
        ExprKind::Path(base, steps) => {
            let mut name = automatic(base)?;
            for step in steps {
                match step {
                    Step::Field(field) => name = format!("{name}_{}", field.text),
                    Step::Index(index) => match &index.kind {
                        ExprKind::Literal(Value::String(key)) => name = format!("{name}_{key}"),
                        ExprKind::Literal(Value::Long(n)) => name = format!("{name}_{n}"),
                        _ => return None,
                    },
                }
            }
            Some(name)
        }
        ExprKind::Call { name, args } if keeps_name(&name.text) => {
            let first = args.first()?;
            // `bin(Hour = Timestamp, 1h)` names its column.
            first.names.first().map(|n| n.text.clone()).or_else(|| automatic(&first.expr))
        }
        ExprKind::Call { name, args }
            if matches!(name.text.as_str(), "column_ifexists" | "columnifexists") =>
        {
            match &args.first()?.expr.kind {
                ExprKind::Literal(Value::String(column)) => Some(column.clone()),
                _ => None,
            }
        }
        ExprKind::Call { name, args } if name.text.starts_with("__sort_by_") => {
            Some(format!("{}_sorted", automatic(&args.get(1)?.expr)?))
        }
        ExprKind::Call { name, args } if name.text == "ingestion_time" && args.is_empty() => {
            Some("$IngestionTime".to_owned())
        }
        ExprKind::Call { name, args } => {
            let first = || args.first().and_then(|a| automatic(&a.expr));
            match functions::lookup(&name.text)?.naming {
                Naming::Prefixed(prefix) => Some(format!("{prefix}_{}", first().unwrap_or_default())),
                Naming::Suffixed(suffix) => Some(format!("{}{suffix}", first()?)),
                Naming::Fixed(fixed) => Some(fixed.to_owned()),
                Naming::Numbered | Naming::First => None,
            }
        }
        _ => None,
    }
}

pub(super) fn keeps_name(function: &str) -> bool {
    matches!(
        function,
        "tostring"
            | "toint"
            | "tolong"
            | "todouble"
            | "toreal"
            | "tobool"
            | "toboolean"
            | "todatetime"
            | "totimespan"
            | "todynamic"
            | "toguid"
            | "bin"
            | "floor"
            | "bin_at"
            | "todecimal"
            | "todate"
            | "totime"
            | "tofloat"
            | "round"
            | "bin_auto"
    ) || functions::lookup(function).is_some_and(|f| f.naming == Naming::First)
}

/// A name that the schema does not have yet: `a`, `a1`, `a2`…
pub(super) fn unique(schema: &Schema, name: &str) -> String {
    if schema.get(name).is_none() {
        return name.to_owned();
    }
    let taken: HashSet<&str> = schema.names().filter(|n| n.starts_with(name)).collect();
    let mut n = 1;
    loop {
        let candidate = format!("{name}{n}");
        if !taken.contains(candidate.as_str()) {
            return candidate;
        }
        n += 1;
    }
}

/// Order of names in which runs of digits count as numbers.
pub(super) fn granny(a: &str, b: &str) -> std::cmp::Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
        let (m, n) = (digits(a), digits(b));
        let order = if m > 0 && n > 0 {
            let (x, y) = (a[..m].trim_start_matches('0'), b[..n].trim_start_matches('0'));
            (a, b) = (&a[m..], &b[n..]);
            x.len().cmp(&y.len()).then_with(|| x.cmp(y))
        } else {
            let (x, y) = (a.chars().next(), b.chars().next());
            if x.is_none() && y.is_none() {
                return std::cmp::Ordering::Equal;
            }
            a = &a[x.map_or(0, char::len_utf8)..];
            b = &b[y.map_or(0, char::len_utf8)..];
            x.cmp(&y)
        };
        if order != std::cmp::Ordering::Equal {
            return order;
        }
    }
}

/// Whether a pattern with `*` matches a name.
pub(super) fn wildcard(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count_as_numbers() {
        let mut names = ["a10", "a2", "b1", "a", "a02x"];
        names.sort_by(|a, b| granny(a, b));
        assert_eq!(names, ["a", "a2", "a02x", "a10", "b1"]);
    }

    #[test]
    fn wildcards_match_as_in_file_names() {
        assert!(wildcard("Device*", "DeviceName"));
        assert!(wildcard("*Name", "DeviceName"));
        assert!(wildcard("D*ce*me", "DeviceName"));
        assert!(!wildcard("*Id", "DeviceName"));
        assert!(wildcard("*", "x"));
    }
}
