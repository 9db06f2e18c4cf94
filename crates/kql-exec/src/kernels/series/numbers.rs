//! Arrays of numbers out of dynamic values and back.

use std::fmt::{self, Write};

use palisade_kql::Type;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::kernels::convert::real_text;
use crate::value::V;

/// One element of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Num {
    /// null, or what is not a number.
    Missing,
    Int(i64),
    Real(f64),
}

impl Num {
    #[allow(clippy::cast_precision_loss)]
    pub fn real(self) -> Option<f64> {
        match self {
            Num::Missing => None,
            Num::Int(n) => Some(n as f64),
            Num::Real(n) => Some(n),
        }
    }

    /// The same number, however it is written.
    pub fn same(self, other: Num) -> bool {
        match (self.real(), other.real()) {
            (Some(a), Some(b)) => a == b || (a.is_nan() && b.is_nan()),
            (None, None) => true,
            _ => false,
        }
    }
}

struct NumVisitor;

impl<'de> Visitor<'de> for NumVisitor {
    type Value = Num;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an element of a series")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Num, E> {
        Ok(Num::Missing)
    }

    fn visit_i64<E>(self, n: i64) -> Result<Num, E> {
        Ok(Num::Int(n))
    }

    #[allow(clippy::cast_precision_loss)]
    fn visit_u64<E>(self, n: u64) -> Result<Num, E> {
        Ok(i64::try_from(n).map_or(Num::Real(n as f64), Num::Int))
    }

    fn visit_f64<E>(self, n: f64) -> Result<Num, E> {
        Ok(Num::Real(n))
    }

    fn visit_unit<E>(self) -> Result<Num, E> {
        Ok(Num::Missing)
    }

    /// JSON has no words for these; [`write`] writes them as texts.
    fn visit_str<E>(self, text: &str) -> Result<Num, E> {
        Ok(match text {
            "NaN" => Num::Real(f64::NAN),
            "∞" => Num::Real(f64::INFINITY),
            "-∞" => Num::Real(f64::NEG_INFINITY),
            _ => Num::Missing,
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Num, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Num::Missing)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Num, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Num::Missing)
    }
}

impl<'de> Deserialize<'de> for Num {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Num, D::Error> {
        deserializer.deserialize_any(NumVisitor)
    }
}

/// The elements of a dynamic array; none where it is not one.
pub(super) fn series(value: &V<'_>) -> Option<Vec<Num>> {
    match value {
        V::Str(text) if text.trim_start().starts_with('[') => serde_json::from_str(text).ok(),
        _ => None,
    }
}

/// The elements as reals; none where there is no array, or an element is missing.
pub(super) fn reals(value: &V<'_>) -> Option<Vec<f64>> {
    series(value)?.into_iter().map(Num::real).collect()
}

/// A number out of an argument of any type.
pub(super) fn number(value: &V<'_>, ty: Type) -> Num {
    match (value, ty) {
        (V::Int(n), _) => Num::Int(*n),
        (V::Real(n), _) => Num::Real(*n),
        (V::Dec(_), _) => value.real().map_or(Num::Missing, Num::Real),
        (V::Str(text), Type::Dynamic) => serde_json::from_str(text).unwrap_or(Num::Missing),
        _ => Num::Missing,
    }
}

/// Writes one element.
pub(super) fn write_num(out: &mut String, n: Num) {
    // Writing to a string never fails.
    let _ = match n {
        Num::Missing => out.write_str("null"),
        Num::Int(n) => write!(out, "{n}"),
        Num::Real(n) if n.is_finite() => write!(out, "{n:?}"),
        Num::Real(n) => write!(out, "\"{}\"", real_text(n)),
    };
}

/// An array with elements that a function writes.
pub(super) fn write_with<T>(
    items: impl IntoIterator<Item = T>,
    mut each: impl FnMut(&mut String, T),
) -> V<'static> {
    let mut out = String::from("[");
    for item in items {
        if out.len() > 1 {
            out.push(',');
        }
        each(&mut out, item);
    }
    out.push(']');
    V::string(out)
}

/// An array of elements.
pub(super) fn write(items: impl IntoIterator<Item = Num>) -> V<'static> {
    write_with(items, write_num)
}

/// An array of reals.
pub(super) fn write_reals(items: &[f64]) -> V<'static> {
    write(items.iter().map(|n| Num::Real(*n)))
}

/// A bag of named cells, each a number or an array as this module writes it.
pub(super) fn bag(pairs: &[(&str, &V<'_>)]) -> V<'static> {
    let mut out = String::from("{");
    for (name, value) in pairs {
        if out.len() > 1 {
            out.push(',');
        }
        out.push('"');
        out.push_str(name);
        out.push_str("\":");
        match value {
            V::Int(n) => write_num(&mut out, Num::Int(*n)),
            V::Real(n) => write_num(&mut out, Num::Real(*n)),
            V::Str(json) => out.push_str(json),
            _ => out.push_str("null"),
        }
    }
    out.push('}');
    V::string(out)
}

/// A position as a cell.
pub(super) fn index(at: usize) -> V<'static> {
    V::Int(i64::try_from(at).unwrap_or(i64::MAX))
}

/// A count as a real.
#[allow(clippy::cast_precision_loss)]
pub(super) fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_come_back_as_they_were_written() {
        let text = "[1,-2.5,null,\"NaN\",\"-∞\",1e300,9007199254740993]";
        let items = series(&V::string(text)).unwrap();
        assert_eq!(items.len(), 7);
        assert_eq!(items[6], Num::Int(9_007_199_254_740_993));
        assert_eq!(write(items).text(), text);
        // What is no number is missing; its place stays.
        let odd = series(&V::string("[true,\"x\",[1,[2]],{\"a\":1},3]")).unwrap();
        assert_eq!(odd, [Num::Missing, Num::Missing, Num::Missing, Num::Missing, Num::Int(3)]);
        assert!(series(&V::string("{\"a\":1}")).is_none() && series(&V::Null).is_none());
        assert!(series(&V::string("[1,")).is_none());
    }
}
