//! The type of a column from its cells.

use palisade_kql::Type;
use palisade_kql::time::parse_datetime;
use serde_json::Value as Json;

use crate::kernels::convert::{convert, from_json, json_of_text};
use crate::value::V;

/// What the cells of one column have been so far.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Types that all cells can be, one bit each in the order of [`CANDIDATES`].
    can: [bool; CANDIDATES.len()],
    any: bool,
    /// The declared type, where there is one and all cells can be read as it.
    declared: Option<Type>,
    /// The declared type holds, whatever the cells are.
    holds: bool,
}

/// From the narrowest to the widest; a string is what is left.
const CANDIDATES: [Type; 5] = [Type::Bool, Type::Long, Type::Real, Type::Datetime, Type::Dynamic];

impl Seen {
    /// With `holds` the declared type is not held against the cells.
    pub fn new(declared: Option<Type>, holds: bool) -> Self {
        Self { can: [true; CANDIDATES.len()], any: false, declared, holds }
    }

    /// A cell of a text file; an empty one says nothing.
    pub fn text(&mut self, cell: &str) {
        if cell.is_empty() {
            return;
        }
        self.any = true;
        self.can[0] &= is_bool(cell);
        self.can[1] &= is_long(cell);
        self.can[2] &= is_real(cell);
        self.can[3] &= is_datetime(cell);
        // Parsing is dear, and a text that is none of the above is mostly plain.
        self.can[4] = self.can[4] && is_json(cell);
        if let Some(ty) = self.declared
            && !self.holds
            && text_cell(cell, ty) == V::Null
        {
            self.declared = None;
        }
    }

    /// A value of a JSON file; null says nothing.
    pub fn json(&mut self, value: &Json) {
        let is = match value {
            Json::Null => return,
            Json::Bool(_) => [true, false, false, false, true],
            Json::Number(n) => [false, n.is_i64(), true, false, true],
            Json::String(s) => [false, false, false, is_datetime(s), true],
            Json::Array(_) | Json::Object(_) => [false, false, false, false, true],
        };
        // A column of texts is no dynamic, and one of texts and other things is.
        self.any = true;
        for (can, is) in self.can.iter_mut().zip(is) {
            *can &= is;
        }
        if let Some(ty) = self.declared
            && !self.holds
            && json_cell(value, ty) == V::Null
        {
            self.declared = None;
        }
    }

    /// The type, where `plain` says whether all cells were texts.
    pub fn ty(&self, plain: bool) -> Type {
        if let Some(ty) = self.declared {
            return ty;
        }
        if !self.any {
            return Type::String;
        }
        let found = CANDIDATES.iter().zip(self.can).find(|(_, can)| *can).map(|(ty, _)| *ty);
        match found {
            Some(Type::Dynamic) if plain => Type::String,
            found => found.unwrap_or(Type::String),
        }
    }
}

/// A cell of a text file as a value.
pub(super) fn text_cell(cell: &str, ty: Type) -> V<'static> {
    match ty {
        _ if cell.is_empty() => V::Null,
        Type::String => V::string(cell),
        Type::Dynamic => from_json(&json_of_text(cell)),
        ty => convert(&V::string(cell), Type::String, ty),
    }
}

/// A value of a JSON file as one of a type. The text of a dynamic column may be JSON itself.
pub(super) fn json_cell(value: &Json, ty: Type) -> V<'static> {
    match (value, ty) {
        (Json::Null, _) => V::Null,
        (Json::String(s), Type::String) => V::string(s.as_str()),
        (other, Type::String) => V::string(other.to_string()),
        (Json::String(s), Type::Dynamic) if s.starts_with(['{', '[']) => from_json(&json_of_text(s)),
        (other, Type::Dynamic) => from_json(other),
        (other, ty) => convert(&V::string(other.to_string()), Type::Dynamic, ty),
    }
}

fn is_bool(cell: &str) -> bool {
    cell.eq_ignore_ascii_case("true") || cell.eq_ignore_ascii_case("false")
}

/// A number that is written as numbers are: `007` and `+1` are names.
fn digits(cell: &str) -> Option<&str> {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    let bytes = digits.as_bytes();
    match bytes {
        [b'0', second, ..] if second.is_ascii_digit() => None,
        [first, ..] if first.is_ascii_digit() => Some(digits),
        _ => None,
    }
}

fn is_long(cell: &str) -> bool {
    digits(cell).is_some_and(|d| d.bytes().all(|b| b.is_ascii_digit())) && cell.parse::<i64>().is_ok()
}

fn is_real(cell: &str) -> bool {
    digits(cell).is_some() && cell.parse::<f64>().is_ok_and(f64::is_finite)
}

/// A date as ISO 8601 writes it, with or without a time of day.
fn is_datetime(cell: &str) -> bool {
    let date = cell.as_bytes();
    let shape = date.len() >= 10
        && date.iter().take(10).enumerate().all(|(at, b)| match at {
            4 | 7 => *b == b'-',
            _ => b.is_ascii_digit(),
        });
    shape && parse_datetime(cell).is_some()
}

fn is_json(cell: &str) -> bool {
    cell.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(cell).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_texts(cells: &[&str]) -> Type {
        let mut seen = Seen::new(None, false);
        cells.iter().for_each(|c| seen.text(c));
        seen.ty(false)
    }

    #[test]
    fn texts_have_the_narrowest_type_that_holds_all() {
        assert_eq!(of_texts(&["true", "", "False"]), Type::Bool);
        assert_eq!(of_texts(&["1", "-20", "9223372036854775807"]), Type::Long);
        assert_eq!(of_texts(&["1", "2.5", "1e3"]), Type::Real);
        assert_eq!(of_texts(&["9223372036854775808"]), Type::Real);
        assert_eq!(of_texts(&["2026-01-02", "2026-01-02T03:04:05.6Z"]), Type::Datetime);
        assert_eq!(of_texts(&["{\"a\":1}", "[]"]), Type::Dynamic);
        assert_eq!(of_texts(&["007", "1"]), Type::String);
        assert_eq!(of_texts(&["1", "x"]), Type::String);
        assert_eq!(of_texts(&["", ""]), Type::String);
    }

    #[test]
    fn a_declared_type_holds_while_all_cells_can_be_read_so() {
        let mut seen = Seen::new(Some(Type::String), false);
        seen.text("12");
        assert_eq!(seen.ty(false), Type::String);
        let mut seen = Seen::new(Some(Type::Int), false);
        seen.text("12");
        assert_eq!(seen.ty(false), Type::Int);
        seen.text("99999999999");
        assert_eq!(seen.ty(false), Type::Long);
    }

    #[test]
    fn values_of_several_kinds_are_dynamic() {
        let of = |values: &[Json]| {
            let mut seen = Seen::new(None, false);
            values.iter().for_each(|v| seen.json(v));
            seen.ty(values.iter().all(|v| v.is_string() || v.is_null()))
        };
        use serde_json::json;
        assert_eq!(of(&[json!(1), json!(2.5), Json::Null]), Type::Real);
        assert_eq!(of(&[json!("a"), json!("{}")]), Type::String);
        assert_eq!(of(&[json!("a"), json!(1)]), Type::Dynamic);
        assert_eq!(of(&[json!("2026-01-02T00:00:00Z")]), Type::Datetime);
        assert_eq!(of(&[Json::Null]), Type::String);
    }
}
