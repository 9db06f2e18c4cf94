//! Large JSON documents one element at a time: only the element that is looked at is in memory.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{FaultCode, Origin};
use crate::decode::Fault;

/// Walks to the list or object at a path of keys, and calls `each` with its elements: the key (or the
/// number) and the value. The values of `keep` beside the path are returned, whatever their order.
///
/// # Errors
/// `not_json` with line and column, `bad_record` if the path leads nowhere.
pub(super) fn elements(
    origin: Origin<'_>,
    bytes: &[u8],
    path: &[&str],
    keep: &[&str],
    each: &mut dyn FnMut(&str, Value),
) -> Result<Map<String, Value>, Fault> {
    let mut kept = Map::new();
    let mut found = false;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let walk = Walk { path, keep, kept: &mut kept, found: &mut found, each };
    walk.deserialize(&mut reader).map_err(|e| origin.fault("", FaultCode::NotJson, e))?;
    reader.end().map_err(|e| origin.fault("", FaultCode::NotJson, e))?;
    if !found {
        let reason = format!("there is no {}", path.join("."));
        return Err(origin.fault("", FaultCode::BadRecord, reason));
    }
    Ok(kept)
}

struct Walk<'a, 'b> {
    path: &'a [&'a str],
    keep: &'a [&'a str],
    kept: &'b mut Map<String, Value>,
    found: &'b mut bool,
    each: &'b mut dyn FnMut(&str, Value),
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.path.is_empty() { "a list or an object" } else { "an object" })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if !self.path.is_empty() {
            return Err(serde::de::Error::custom("a list where an object should be"));
        }
        *self.found = true;
        let mut number = 0_usize;
        while let Some(value) = list.next_element::<Value>()? {
            (self.each)(&number.to_string(), value);
            number += 1;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.path.is_empty() {
            *self.found = true;
        }
        while let Some(key) = map.next_key::<String>()? {
            match self.path.split_first() {
                None => (self.each)(&key, map.next_value()?),
                Some((first, rest)) if *first == key => map.next_value_seed(Walk {
                    path: rest,
                    keep: &[],
                    kept: &mut *self.kept,
                    found: &mut *self.found,
                    each: &mut *self.each,
                })?,
                Some(_) if self.keep.contains(&key.as_str()) => {
                    let value = map.next_value()?;
                    self.kept.insert(key, value);
                }
                Some(_) => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Reads a whole document into a type.
///
/// # Errors
/// `not_json` if it is none, `bad_record` if it is not of the type.
pub(super) fn whole<'de, T: serde::Deserialize<'de>>(
    origin: Origin<'_>,
    bytes: &'de [u8],
) -> Result<T, Fault> {
    serde_json::from_slice(bytes).map_err(|e| {
        let code = if e.is_data() { FaultCode::BadRecord } else { FaultCode::NotJson };
        origin.fault("", code, e)
    })
}

/// A field that may be null, as if it were not there.
pub(super) fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: serde::Deserialize<'de> + Default,
{
    Ok(<Option<T> as serde::Deserialize>::deserialize(deserializer)?.unwrap_or_default())
}
