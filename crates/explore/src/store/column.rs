use std::hash::RandomState;

use palisade_types::TimeMicros;

use super::{Chunked, Dictionary};
use crate::change::Value;
use crate::schema::{PropertySpec, ValueType};

/// The values of one property, by a node's number.
#[derive(Clone)]
pub(crate) enum Column {
    /// Codes of a dictionary; 0 is no value.
    Text { codes: Chunked<u32, 1024>, words: Dictionary },
    /// The place in a choice's list and one, or 1 for false and 2 for true; 0 is no value.
    Small(Chunked<u8, 4096>),
    /// Integers, and instants in microseconds; the smallest is no value.
    Integer(Chunked<Absent<i64>, 512>),
    /// Not a number is no value.
    Real(Chunked<Absent<f64>, 512>),
}

/// A number whose default means that there is none.
#[derive(Clone, Copy)]
pub(crate) struct Absent<T>(pub T);

impl Default for Absent<i64> {
    fn default() -> Self {
        Self(i64::MIN)
    }
}

impl Default for Absent<f64> {
    fn default() -> Self {
        Self(f64::NAN)
    }
}

impl Absent<i64> {
    pub fn cell<'a>(self) -> Cell<'a> {
        if self.0 == i64::MIN { Cell::None } else { Cell::Integer(self.0) }
    }
}

impl Absent<f64> {
    pub fn cell<'a>(self) -> Cell<'a> {
        if self.0.is_nan() { Cell::None } else { Cell::Real(self.0) }
    }
}

/// One value as it lies in a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cell<'a> {
    None,
    Text(&'a str),
    Small(u8),
    Integer(i64),
    Real(f64),
}

impl Column {
    pub fn new(spec: &PropertySpec) -> Self {
        match spec.value {
            ValueType::Text | ValueType::Version => {
                Self::Text { codes: Chunked::default(), words: Dictionary::default() }
            }
            ValueType::Choice | ValueType::Bool => Self::Small(Chunked::default()),
            ValueType::Integer | ValueType::Time => Self::Integer(Chunked::default()),
            ValueType::Real => Self::Real(Chunked::default()),
        }
    }

    pub fn get(&self, at: u32) -> Cell<'_> {
        match self {
            Self::Text { codes, words } => match codes.get(at) {
                None | Some(0) => Cell::None,
                Some(code) => Cell::Text(words.get(*code)),
            },
            Self::Small(values) => match values.get(at) {
                None | Some(0) => Cell::None,
                Some(value) => Cell::Small(*value),
            },
            Self::Integer(values) => values.get(at).map_or(Cell::None, |v| v.cell()),
            Self::Real(values) => values.get(at).map_or(Cell::None, |v| v.cell()),
        }
    }

    /// Sets a value that was checked to be of the column's type, or takes it away. Chunks are only
    /// touched by what changes.
    pub fn set(&mut self, at: u32, value: Cell<'_>, hasher: &RandomState) {
        if self.get(at) == value {
            return;
        }
        match self {
            Self::Text { codes, words } => {
                let code = match value {
                    Cell::Text(text) => words.take(text, hasher),
                    _ => 0,
                };
                let old = std::mem::replace(codes.slot(at), code);
                words.release(old, hasher);
            }
            Self::Small(values) => {
                *values.slot(at) = if let Cell::Small(v) = value { v } else { 0 };
            }
            Self::Integer(values) => {
                *values.slot(at) = Absent(if let Cell::Integer(v) = value { v } else { i64::MIN });
            }
            Self::Real(values) => {
                *values.slot(at) = Absent(if let Cell::Real(v) = value { v } else { f64::NAN });
            }
        }
    }

    pub fn bytes(&self) -> usize {
        match self {
            Self::Text { codes, words } => codes.capacity() * 4 + words.bytes(),
            Self::Small(values) => values.capacity(),
            Self::Integer(values) => values.capacity() * 8,
            Self::Real(values) => values.capacity() * 8,
        }
    }
}

impl Cell<'_> {
    /// As a value of the property.
    pub fn value(self, spec: &PropertySpec) -> Option<Value> {
        Some(match self {
            Cell::None => return None,
            Cell::Text(text) => Value::Text(text.to_owned()),
            Cell::Small(n) if spec.value == ValueType::Bool => Value::Bool(n == 2),
            Cell::Small(n) => Value::Text((*spec.values.get(usize::from(n) - 1)?).to_owned()),
            Cell::Integer(n) if spec.value == ValueType::Time => Value::Time(TimeMicros(n)),
            Cell::Integer(n) => Value::Integer(n),
            Cell::Real(n) => Value::Real(n),
        })
    }
}
