//! Steps into dynamic values: only what the steps lead to is built, the rest of the JSON is skipped.

mod scan;

use std::borrow::Cow;
use std::fmt;

use palisade_kql::Type;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

use crate::kernels;
use crate::value::V;

/// One step of a path whose computed parts are known.
#[derive(Clone, Debug)]
pub(crate) enum Key<'k> {
    Field(&'k str),
    /// From the end where it is negative.
    Index(i64),
}

/// What a path leads to in a JSON text; none where it leads nowhere, or the text is no JSON. Of equal
/// names the last counts.
pub(crate) fn follow(text: &str, keys: &[Key<'_>]) -> Option<Json> {
    // A text that is no array or bag has no inside.
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let found = At(keys).deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    found
}

struct At<'k>(&'k [Key<'k>]);

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Option<Json>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Option<Json>, D::Error> {
        match self.0.first() {
            None => Json::deserialize(from).map(Some),
            // An end-relative position needs the length first.
            Some(Key::Index(at)) if *at < 0 => {
                let whole = Json::deserialize(from)?;
                Ok(self.0.iter().try_fold(whole, |json, key| match key {
                    Key::Field(name) => json.get(*name).cloned(),
                    Key::Index(at) => kernels::element(&json, *at),
                }))
            }
            Some(_) => from.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = Option<Json>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<Json>, A::Error> {
        let Some((Key::Field(name), rest)) = self.0.split_first() else {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(None);
        };
        let mut found = None;
        while let Some(same) = map.next_key_seed(Named(name))? {
            if same {
                found = map.next_value_seed(At(rest))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Option<Json>, A::Error> {
        let mut found = None;
        if let Some((Key::Index(wanted), rest)) = self.0.split_first()
            && let Ok(wanted) = usize::try_from(*wanted)
        {
            for _ in 0..wanted {
                if items.next_element::<IgnoredAny>()?.is_none() {
                    return Ok(None);
                }
            }
            found = items.next_element_seed(At(rest))?.flatten();
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Option<Json>, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Option<Json>, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Option<Json>, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Option<Json>, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Option<Json>, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Option<Json>, E> {
        Ok(None)
    }
}

/// Whether a key has this name, without a copy of it.
struct Named<'k>(&'k str);

impl<'de> DeserializeSeed<'de> for Named<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Named<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}

/// What a path leads to, as a cell of a type.
pub(crate) fn read<'t>(text: &'t str, keys: &[Key<'_>], to: Type) -> V<'t> {
    // A text that is no array or bag has no inside.
    if !text.starts_with(['{', '[']) {
        return cell(None, to);
    }
    match scan::find(text, keys) {
        Err(scan::NotPlain) => cell(follow(text, keys), to),
        Ok(None) => cell(None, to),
        Ok(Some(found)) => match (scan::string(found), found.parse(), to) {
            (Some(string), _, Type::String) => V::Str(Cow::Borrowed(string)),
            (None, Ok(n), Type::Int | Type::Long) => kernels::convert::convert(&V::Int(n), Type::Long, to),
            // A part of plain JSON is plain JSON.
            _ => cell(serde_json::from_str(found).ok(), to),
        },
    }
}

/// What was found as a cell of a type.
pub(crate) fn cell(found: Option<Json>, to: Type) -> V<'static> {
    match (found, to) {
        (None | Some(Json::Null), Type::String) => V::string(""),
        (None | Some(Json::Null), _) => V::Null,
        (Some(Json::String(text)), Type::String) => V::string(text),
        (Some(json), Type::Dynamic) => kernels::convert::from_json(&json),
        (Some(json), _) => kernels::convert::convert_json(json, to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn steps(text: &str, keys: &[Key<'_>]) -> Option<Json> {
        follow(text, keys)
    }

    #[test]
    fn a_path_leads_to_what_the_whole_value_has() {
        let text = r#"{"a":{"b":[1,{"c":"x\n"},[2,3]]},"n":null,"a.b":4,"d":{"e":1},"d":{"f":2}}"#;
        let whole: Json = serde_json::from_str(text).unwrap();
        use Key::{Field as F, Index as I};
        for (keys, expected) in [
            (vec![F("a"), F("b"), I(1), F("c")], Some(json!("x\n"))),
            (vec![F("a"), F("b"), I(-1), I(0)], Some(json!(2))),
            (vec![F("a"), F("b"), I(7)], None),
            (vec![F("a"), F("b"), F("c")], None),
            (vec![F("a"), I(0)], None),
            (vec![F("n")], Some(Json::Null)),
            (vec![F("n"), F("x")], None),
            (vec![F("a.b")], Some(json!(4))),
            (vec![F("d"), F("e")], None),
            (vec![F("d"), F("f")], Some(json!(2))),
            (vec![F("zz")], None),
            (vec![], Some(whole)),
        ] {
            assert_eq!(steps(text, &keys), expected, "{keys:?}");
        }
    }

    #[test]
    fn plain_and_other_texts_give_the_same_cells() {
        let values = [
            "0",
            "-17",
            "1.5",
            "-0",
            "9223372036854775807",
            "12345678901234567890",
            "\"x\"",
            "\"\"",
            "\"a\\nb\"",
            "\" 12 \"",
            "true",
            "null",
            "{\"c\":1}",
            "[1, 2]",
            "\"ä€\"",
            "01",
            "nul",
            "2147483648",
        ];
        let types = [
            Type::String,
            Type::Dynamic,
            Type::Int,
            Type::Long,
            Type::Real,
            Type::Bool,
            Type::Datetime,
            Type::Guid,
        ];
        for value in values {
            for text in [
                format!("{{\"k\":{value}}}"),
                format!(" {{ \"k\" : {value} , \"l\":\"\" }}"),
                format!("{{\"k\":{{\"k\":1}},\"k\":{value}}}"),
                format!("[{value}]"),
                value.to_owned(),
            ] {
                for keys in
                    [&[Key::Field("k")][..], &[Key::Field("k"), Key::Field("c")], &[Key::Index(0)], &[]]
                {
                    for to in types {
                        let slow = cell(follow(&text, keys), to);
                        assert_eq!(read(&text, keys, to), slow, "{text} {keys:?} {to}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_no_json_has_no_inside() {
        for text in ["", "x", "\"a\"", "{\"a\":1", "{\"a\":1} x", "{\"a\":1,}", "[1,2"] {
            assert_eq!(steps(text, &[Key::Field("a")]), None, "{text}");
        }
    }
}
