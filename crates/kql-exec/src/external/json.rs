//! JSON: one object per line, several in a row, or one array of them.

use palisade_kql::Type;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::Value as Json;

use super::{Mapping, Place, Rows};
use crate::error::ExecError;
use crate::kernels::convert::{convert, from_json};
use crate::value::V;

/// Steps of a path such as `$.a['b']`.
pub(super) fn steps(path: &str) -> Vec<String> {
    let path = path.trim();
    path.strip_prefix('$')
        .unwrap_or(path)
        .split(['.', '[', ']'])
        .map(|step| step.trim_matches(['\'', '"']))
        .filter(|step| !step.is_empty())
        .take(64)
        .map(str::to_owned)
        .collect()
}

pub(super) fn read(bytes: &[u8], mapping: Option<&Mapping>, out: &mut Rows<'_>) -> Result<(), ExecError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let wrong = |e: serde_json::Error| ExecError::Data(format!("externaldata: this is not JSON: {e}"));
    let first = bytes.iter().find(|b| !b.is_ascii_whitespace());
    if first == Some(&b'[') {
        // An array is read element by element, so that it is never held as a whole.
        let mut failure = None;
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        let elements = Elements { mapping, out, failure: &mut failure };
        let done = deserializer.deserialize_seq(elements);
        return match failure {
            Some(error) => Err(error),
            None => done.map_err(wrong),
        };
    }
    for record in serde_json::Deserializer::from_slice(bytes).into_iter::<Json>() {
        push(&record.map_err(wrong)?, mapping, out)?;
    }
    Ok(())
}

struct Elements<'e, 'r> {
    mapping: Option<&'e Mapping>,
    out: &'e mut Rows<'r>,
    failure: &'e mut Option<ExecError>,
}

impl<'de> Visitor<'de> for Elements<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(record) = seq.next_element::<Json>()? {
            if let Err(error) = push(&record, self.mapping, self.out) {
                *self.failure = Some(error);
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(());
            }
        }
        Ok(())
    }
}

/// One record; columns go by name, or by their path.
fn push(record: &Json, mapping: Option<&Mapping>, out: &mut Rows<'_>) -> Result<(), ExecError> {
    let row = out.columns().iter().map(|column| {
        let value = match mapping.and_then(|m| m.place(&column.name)) {
            Some(Place::Path(steps)) => steps.iter().try_fold(record, |json, step| match json {
                Json::Array(items) => items.get(step.parse::<usize>().ok()?),
                other => other.get(step),
            }),
            Some(Place::Ordinal(at)) => record.get(*at),
            None => record.get(&column.name),
        };
        cell(value.unwrap_or(&Json::Null), column.ty)
    });
    let row: Vec<V<'static>> = row.collect();
    out.push_cells(&row)
}

fn cell(json: &Json, ty: Type) -> V<'static> {
    let value = from_json(json);
    if ty == Type::Dynamic { value } else { convert(&value, Type::Dynamic, ty) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split_into_steps() {
        assert_eq!(steps("$.a.b"), ["a", "b"]);
        assert_eq!(steps("$['a b'][0]"), ["a b", "0"]);
        assert_eq!(steps("$"), Vec::<String>::new());
    }
}
