//! What a query's own statements ask for: `set` an option, `declare query_parameters`.
//!
//! The engine knows neither, so both are taken out of the text here: an option goes to the properties,
//! a parameter becomes a `let` with its value. What stands behind stays at its line.

use serde_json::Value;

use crate::properties::{Properties, PropertyError, inner};

/// Most parameters of one query.
const MAX_PARAMETERS: usize = 200;

/// The text that the engine gets; options that it sets are in `properties` afterwards.
///
/// # Errors
/// A statement that cannot be read, an option that is wrong or not there, a parameter that has no value or
/// one of another type.
pub fn prepare(text: &str, properties: &mut Properties) -> Result<String, PropertyError> {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let start = skip_blank(text, at);
        let end = statement_end(text, start);
        let statement = text.get(start..end).unwrap_or_default();
        out.push_str(text.get(at..start).unwrap_or_default());
        let replaced = match word(statement) {
            "set" => Some(set(statement, properties).map(|()| String::new())?),
            "declare" => Some(declare(statement, properties)?),
            _ => None,
        };
        match replaced {
            None => out.push_str(text.get(start..(end + 1).min(text.len())).unwrap_or_default()),
            Some(lets) => {
                let whole = text.get(start..(end + 1).min(text.len())).unwrap_or_default();
                out.push_str(&lets);
                // Blanks, so that places in what follows are still right where that can be.
                let lines = whole.bytes().filter(|b| *b == b'\n').count();
                out.extend(std::iter::repeat_n('\n', lines));
                if lines == 0 {
                    out.extend(std::iter::repeat_n(
                        ' ',
                        whole.chars().count().saturating_sub(lets.chars().count()),
                    ));
                }
            }
        }
        at = end + 1;
    }
    Ok(out)
}

/// Past blanks and comments.
fn skip_blank(text: &str, mut at: usize) -> usize {
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let trimmed = rest.trim_start();
        at += rest.len() - trimmed.len();
        if !trimmed.starts_with("//") {
            return at;
        }
        at += trimmed.find('\n').map_or(trimmed.len(), |n| n + 1);
    }
}

/// The first word.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// Where the statement ends that begins here: at its semicolon, or with the text.
fn statement_end(text: &str, start: usize) -> usize {
    let mut at = start;
    while let Some(c) = text.get(at..).and_then(|t| t.chars().next()) {
        match c {
            ';' => return at,
            _ => at = after(text, at, c),
        }
    }
    text.len()
}

/// The place behind what begins here: a literal, a comment, or one letter.
fn after(text: &str, at: usize, c: char) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    match c {
        '/' if rest.starts_with("//") => at + rest.find('\n').unwrap_or(rest.len()),
        '`' if rest.starts_with("```") => after_fence(rest, at, "```"),
        '~' if rest.starts_with("~~~") => after_fence(rest, at, "~~~"),
        '"' | '\'' => {
            // In a verbatim text a backslash is none, and two quotes are one.
            let verbatim = text.get(..at).is_some_and(|before| before.ends_with('@'));
            let mut letters = rest.char_indices().skip(1).peekable();
            while let Some((place, letter)) = letters.next() {
                match letter {
                    '\\' if !verbatim => {
                        letters.next();
                    }
                    // What is not closed ends with its line, which the engine will say.
                    '\n' if !verbatim => return at + place,
                    letter
                        if letter == c
                            && (!verbatim || letters.next_if(|(_, next)| *next == c).is_none()) =>
                    {
                        return at + place + 1;
                    }
                    _ => {}
                }
            }
            text.len()
        }
        _ => at + c.len_utf8(),
    }
}

fn after_fence(rest: &str, at: usize, fence: &str) -> usize {
    let end = rest.get(3..).and_then(|r| r.find(fence)).map_or(rest.len(), |n| n + 6);
    at + end
}

/// `set name [= value]`.
fn set(statement: &str, properties: &mut Properties) -> Result<(), PropertyError> {
    let rest = statement.get("set".len()..).unwrap_or_default().trim();
    let (name, value) = match rest.split_once('=') {
        None => (rest, "true"),
        Some((name, value)) => (name.trim(), value.trim()),
    };
    if name.is_empty() || word(name) != name {
        return Err(PropertyError::invalid(format!("'set {rest}' is not an option with a value")));
    }
    let value = match quoted(value) {
        Some(text) => Value::String(text),
        None => serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned())),
    };
    properties.set(name, &value)
}

/// The text that a simple literal holds.
fn quoted(literal: &str) -> Option<String> {
    let quote = literal.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    let within = literal.strip_prefix(quote)?.strip_suffix(quote)?;
    (!within.contains(['\\', quote, '\n'])).then(|| within.to_owned())
}

/// `declare query_parameters(name:type [= default], …)` as `let` statements.
fn declare(statement: &str, properties: &Properties) -> Result<String, PropertyError> {
    let rest = statement.get("declare".len()..).unwrap_or_default().trim();
    let list = rest
        .strip_prefix("query_parameters")
        .map(str::trim)
        .and_then(|list| list.strip_prefix('(')?.strip_suffix(')'))
        .ok_or_else(|| {
            let what = word(rest);
            PropertyError { code: "not_supported", message: format!("'declare {what}' is not supported") }
        })?;
    let mut lets = String::new();
    for (at, one) in items(list).into_iter().enumerate() {
        if at == MAX_PARAMETERS {
            return Err(PropertyError::invalid(format!("more than {MAX_PARAMETERS} query parameters")));
        }
        let (declared, default) = match split_at_equals(one) {
            (declared, Some(default)) => (declared, Some(default.trim())),
            (declared, None) => (declared, None),
        };
        let (name, kind) = declared
            .split_once(':')
            .map(|(name, kind)| (name.trim(), kind.trim()))
            .filter(|(name, _)| !name.is_empty() && word(name) == *name)
            .ok_or_else(|| PropertyError::invalid(format!("'{}' is no parameter with a type", one.trim())))?;
        let value = match (properties.parameters.get(name), default) {
            (Some(given), _) => literal(name, kind, given)?,
            (None, Some(default)) if default.parse::<f64>().is_ok() => format!("{kind}({default})"),
            (None, Some(default)) => default.replace('\n', " "),
            (None, None) => {
                return Err(PropertyError::invalid(format!("the query parameter {name} has no value")));
            }
        };
        lets.push_str(&format!("let {name} = {value}; "));
    }
    Ok(lets)
}

/// What stands between commas that are in no literal and no brackets.
fn items(list: &str) -> Vec<&str> {
    let (mut found, mut from, mut at, mut depth) = (Vec::new(), 0, 0, 0_usize);
    while let Some(c) = list.get(at..).and_then(|t| t.chars().next()) {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.push(list.get(from..at).unwrap_or_default());
                from = at + 1;
            }
            _ => {}
        }
        at = after(list, at, c);
    }
    found.push(list.get(from..).unwrap_or_default());
    found.retain(|item| !item.trim().is_empty());
    found
}

fn split_at_equals(item: &str) -> (&str, Option<&str>) {
    match item.split_once('=') {
        Some((declared, default)) => (declared.trim(), Some(default)),
        None => (item.trim(), None),
    }
}

/// A value as a literal of a type. Whatever it holds stays within that literal.
fn literal(name: &str, kind: &str, value: &Value) -> Result<String, PropertyError> {
    let wrong = || PropertyError::invalid(format!("the query parameter {name} is no {kind}: {value}"));
    let plain = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match kind {
        "string" => Ok(text_literal(&plain)),
        "dynamic" => {
            let text = inner(&plain, "dynamic");
            let parsed: Value = match value {
                Value::String(_) => serde_json::from_str(text).unwrap_or(Value::String(plain.clone())),
                other => other.clone(),
            };
            Ok(format!("dynamic({parsed})"))
        }
        "bool" | "boolean" | "int" | "long" | "real" | "double" | "decimal" | "datetime" | "date"
        | "timespan" | "time" | "guid" => {
            let mut text = inner(&plain, kind);
            for other in
                ["datetime", "timespan", "time", "long", "int", "real", "double", "decimal", "bool", "guid"]
            {
                if text == plain.trim() {
                    text = inner(&plain, other);
                }
            }
            let text = text.trim_matches(['"', '\'']);
            let harmless =
                |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | ':' | '+' | '-' | '/' | ',');
            if text.is_empty() || text.len() > 100 || !text.chars().all(harmless) {
                return Err(wrong());
            }
            Ok(format!("{kind}({text})"))
        }
        _ => Err(PropertyError::invalid(format!("the query parameter {name} has no known type: {kind}"))),
    }
}

pub(crate) fn text_literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(parameters: Value) -> Properties {
        Properties {
            parameters: parameters.as_object().cloned().unwrap_or_default(),
            ..Properties::default()
        }
    }

    #[test]
    fn options_in_the_text_are_options() -> Result<(), PropertyError> {
        let mut properties = Properties::default();
        let text = "set notruncation;\nset truncationmaxrecords = 5;\nset query_now=\"2026-01-01\"; // set x;\nT | where a == \"set b;\"; U";
        let out = prepare(text, &mut properties)?;
        assert_eq!((properties.no_truncation, properties.max_records), (true, Some(5)));
        assert_eq!(properties.now.as_deref(), Some("2026-01-01"));
        assert_eq!(out.lines().count(), text.lines().count());
        assert_eq!(out.trim_start(), "// set x;\nT | where a == \"set b;\"; U");
        assert_eq!(out.find("T |"), text.find("T |"));
        Ok(())
    }

    #[test]
    fn parameters_become_values_and_nothing_else() -> Result<(), PropertyError> {
        let text = "declare query_parameters(n:long = 3, s:string, t:timespan = 1d, d:dynamic=dynamic([1,2]), when:datetime, id:guid = guid(null));\nT";
        let mut given =
            with(json!({"s": "a\"; drop", "when": "datetime(2026-01-01 10:00)", "d": {"k": [1]}}));
        let out = prepare(text, &mut given)?;
        assert_eq!(
            out.trim_end(),
            "let n = long(3); let s = \"a\\\"; drop\"; let t = 1d; let d = dynamic({\"k\":[1]}); let when = datetime(2026-01-01 10:00); let id = guid(null); \nT"
        );
        let typed = prepare(
            "declare query_parameters(n:int, b:bool, r:real);",
            &mut with(json!({"n": 5, "b": true, "r": "1.5"})),
        )?;
        assert_eq!(typed.trim_end(), "let n = int(5); let b = bool(true); let r = real(1.5);");
        Ok(())
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        let text = "declare query_parameters(n:long); print n";
        for value in [json!("5); drop(1"), json!("1;2"), json!([1]), json!("")] {
            assert!(prepare(text, &mut with(json!({"n": value}))).is_err(), "{value}");
        }
        let missing = prepare(text, &mut Properties::default()).err().map(|e| e.message);
        assert_eq!(missing.as_deref(), Some("the query parameter n has no value"));
        let pattern = prepare("declare pattern p;", &mut Properties::default()).err().map(|e| e.code);
        assert_eq!(pattern, Some("not_supported"));
        assert!(prepare("declare query_parameters(n)", &mut Properties::default()).is_err());
    }

    #[test]
    fn any_text_ends() -> Result<(), PropertyError> {
        for text in [
            "",
            ";",
            ";;",
            "'",
            "\"\\",
            "@'a''b;c';d",
            "@'\\''; set x = 1;'",
            "```a;b",
            "//",
            "/",
            "é;ü",
            "h@\"\\\";x",
            "~~~;",
        ] {
            let out = prepare(text, &mut Properties::default())?;
            assert_eq!(out, text);
        }
        Ok(())
    }
}
