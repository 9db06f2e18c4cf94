//! How a value is taken from a text. The script does the same with awk; a test compares them.

use super::ValueSpec;

/// Most bytes of a value.
const MAX_VALUE: usize = 200;

/// The value that a text has, as it stands there; `None` if it has none.
pub fn take(text: &str, spec: &ValueSpec) -> Option<String> {
    if spec.when.is_empty() { of_line(text, spec) } else { of_parts(text, spec) }
}

fn of_line(text: &str, spec: &ValueSpec) -> Option<String> {
    let rest = text.lines().find_map(|line| {
        if spec.anywhere {
            return line.split_once(spec.after.as_str()).map(|(_, rest)| rest);
        }
        line.trim_start_matches([' ', '\t']).strip_prefix(spec.after.as_str())
    })?;
    let value = match rest.split_once(spec.until.as_str()) {
        Some((value, _)) if !spec.until.is_empty() => value,
        _ => rest,
    };
    // Byte by byte, as awk does in the C locale.
    let seen = value.bytes().map(|b| if (b' '..=b'~').contains(&b) { char::from(b) } else { ' ' });
    Some(seen.take(MAX_VALUE).collect())
}

fn of_parts(text: &str, spec: &ValueSpec) -> Option<String> {
    let mut last: Option<u64> = None;
    let mut most: Option<u64> = None;
    for part in text.split('}') {
        let part: String = part
            .chars()
            .filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n'))
            .collect::<String>()
            .to_ascii_lowercase();
        if let Some((_, rest)) = part.rsplit_once(spec.after.as_str()) {
            let digits: String = rest
                .trim_start_matches([':', '"'])
                .chars()
                .take_while(char::is_ascii_digit)
                .take(16)
                .collect();
            last = if digits.len() <= 15 { digits.parse().ok() } else { None };
        }
        if part.contains(spec.when.as_str()) {
            most = most.max(last);
        }
    }
    most.filter(|n| *n > 0).map(|n| n.to_string())
}

/// A value without what surrounds it in files and outputs of all kinds.
pub fn tidy(raw: &str) -> String {
    let around = |c: char| c.is_whitespace() || matches!(c, ':' | '=' | '"' | '\'' | ',' | '.' | ';');
    let value = raw.trim().strip_suffix("[managed]").unwrap_or(raw);
    value.trim_matches(around).to_owned()
}
