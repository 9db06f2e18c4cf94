//! Small helpers for reading rows and cleaning text that goes into them.

use palisade_types::{DeviceId, TimeMicros};
use serde_json::Value;
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::{Result, StateError};

/// An instant.
pub(crate) fn time(row: &PgRow, column: &str) -> Result<TimeMicros> {
    Ok(TimeMicros(row.try_get::<i64, _>(column)?))
}

/// An instant that may be absent.
pub(crate) fn time_opt(row: &PgRow, column: &str) -> Result<Option<TimeMicros>> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(TimeMicros))
}

/// A device's identifier.
pub(crate) fn device(row: &PgRow, column: &str) -> Result<DeviceId> {
    parsed(row, column)
}

/// A text column whose values a check constraint bounds.
pub(crate) fn parsed<T: std::str::FromStr>(row: &PgRow, column: &str) -> Result<T> {
    let text: &str = row.try_get(column)?;
    text.parse().map_err(|_| StateError::Internal(format!("column {column} holds an unknown value")))
}

/// Text as PostgreSQL accepts it: no NUL, at most `max` characters.
pub(crate) fn text(value: &str, max: usize) -> String {
    value.chars().filter(|c| *c != '\0').take(max).collect()
}

/// JSON as PostgreSQL accepts it: no NUL in any text or key.
pub(crate) fn json(value: &Value) -> Value {
    match value {
        Value::String(s) if s.contains('\0') => Value::String(s.replace('\0', "")),
        Value::Array(items) => Value::Array(items.iter().map(json).collect()),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(k, v)| (k.replace('\0', ""), json(v))).collect())
        }
        other => other.clone(),
    }
}

/// The same, replaced by a mark where its text is longer than `max` bytes.
pub(crate) fn json_bounded(value: &Value, max: usize) -> Value {
    let cleaned = json(value);
    if cleaned.to_string().len() > max { serde_json::json!({"omitted": "too_large"}) } else { cleaned }
}

/// A name that people read: trimmed, 1 to 200 characters, no control characters.
pub(crate) fn name(value: &str) -> Result<String> {
    let trimmed = value.trim();
    let chars = trimmed.chars().count();
    if chars == 0 || chars > 200 || trimmed.chars().any(char::is_control) {
        return Err(StateError::NameInvalid);
    }
    Ok(trimmed.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nul_never_reaches_postgresql() {
        assert_eq!(text("a\0b", 10), "ab");
        assert_eq!(text("abcdef", 3), "abc");
        assert_eq!(json(&json!({"k\0": ["x\0y", 1]})), json!({"k": ["xy", 1]}));
        assert_eq!(json_bounded(&json!("aaaaaaaaaa"), 5), json!({"omitted": "too_large"}));
    }

    #[test]
    fn a_name_is_trimmed_and_bounded() {
        assert_eq!(name("  Ann ").expect("a good name"), "Ann");
        assert!(name(" ").is_err());
        assert!(name("a\nb").is_err());
        assert!(name(&"x".repeat(201)).is_err());
    }
}
