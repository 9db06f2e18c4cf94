//! From JSON to a document that fits the schema. Nothing here recurses deeper than `MAX_DEPTH`, and
//! every list has a bound.

mod condition;
mod place;
mod target;

use serde_json::{Map, Value};

use super::document::{Document, Scope};
use super::{MAX_PARTS, MAX_QUERY_BYTES, MAX_VALUE, MAX_VALUES, QueryCode, QueryError};
use crate::schema::schema;
use place::Place;

pub(super) fn from_bytes(json: &[u8]) -> Result<Document, QueryError> {
    if json.len() > MAX_QUERY_BYTES {
        let message = format!("the query has {} bytes; at most {MAX_QUERY_BYTES} are accepted", json.len());
        return Err(QueryError::new(QueryCode::TooLong, message));
    }
    let value: Value = serde_json::from_slice(json)
        .map_err(|e| QueryError::new(QueryCode::NotJson, format!("the query is not JSON: {e}")))?;
    from_value(&value)
}

pub(super) fn from_value(value: &Value) -> Result<Document, QueryError> {
    let root = Place::root();
    let fields = object(value, &root)?;
    known(fields, &["version", "find", "scope"], &root)?;
    let at = root.field("version");
    let version = schema().version();
    if required(fields, "version", &root)?.as_u64() != Some(u64::from(version)) {
        return Err(at.error(QueryCode::UnknownVersion, format!("only version {version} is understood")));
    }
    let mut decoder = Decoder { parts: 0 };
    let find = decoder.target(required(fields, "find", &root)?, &root.field("find"), 0)?;
    let scope = match fields.get("scope") {
        Some(value) => scope(value, &root.field("scope"))?,
        None => Scope::default(),
    };
    Ok(Document { version, find, scope })
}

/// Counts what a query consists of.
struct Decoder {
    parts: usize,
}

impl Decoder {
    fn part(&mut self, at: &Place<'_>) -> Result<(), QueryError> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            return Err(at.error(QueryCode::TooManyParts, format!("a query has at most {MAX_PARTS} parts")));
        }
        Ok(())
    }
}

fn scope(value: &Value, at: &Place<'_>) -> Result<Scope, QueryError> {
    let fields = object(value, at)?;
    known(fields, &["subscriptions", "device_groups"], at)?;
    let keys = |name: &'static str| -> Result<Option<Vec<String>>, QueryError> {
        let Some(value) = fields.get(name) else { return Ok(None) };
        let at = at.field(name);
        let list = list(value, &at)?;
        if list.is_empty() || list.len() > MAX_VALUES {
            return Err(
                at.error(QueryCode::TooManyValues, format!("a scope names 1 to {MAX_VALUES} of them"))
            );
        }
        let mut keys = Vec::with_capacity(list.len());
        for (i, value) in list.iter().enumerate() {
            keys.push(text(value, &at.item(i))?.to_owned());
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(Some(keys))
    };
    Ok(Scope { subscriptions: keys("subscriptions")?, device_groups: keys("device_groups")? })
}

fn object<'v>(value: &'v Value, at: &Place<'_>) -> Result<&'v Map<String, Value>, QueryError> {
    value.as_object().ok_or_else(|| at.error(QueryCode::WrongShape, "an object is expected here"))
}

fn list<'v>(value: &'v Value, at: &Place<'_>) -> Result<&'v [Value], QueryError> {
    let list = value.as_array().ok_or_else(|| at.error(QueryCode::WrongShape, "a list is expected here"))?;
    Ok(list)
}

fn text<'v>(value: &'v Value, at: &Place<'_>) -> Result<&'v str, QueryError> {
    let text = value.as_str().ok_or_else(|| at.error(QueryCode::WrongShape, "a text is expected here"))?;
    if text.len() > MAX_VALUE {
        return Err(at.error(QueryCode::TooLong, format!("a text has at most {MAX_VALUE} bytes")));
    }
    Ok(text)
}

fn truth(value: &Value, at: &Place<'_>) -> Result<bool, QueryError> {
    value.as_bool().ok_or_else(|| at.error(QueryCode::WrongShape, "true or false is expected here"))
}

fn known(fields: &Map<String, Value>, names: &[&str], at: &Place<'_>) -> Result<(), QueryError> {
    match fields.keys().find(|k| !names.contains(&k.as_str())) {
        Some(_) => {
            let message = format!("a field here is none of {}", names.join(", "));
            Err(at.error(QueryCode::UnknownField, message))
        }
        None => Ok(()),
    }
}

fn required<'v>(
    fields: &'v Map<String, Value>,
    name: &'static str,
    at: &Place<'_>,
) -> Result<&'v Value, QueryError> {
    fields.get(name).ok_or_else(|| at.error(QueryCode::MissingField, format!("{name} is missing here")))
}
