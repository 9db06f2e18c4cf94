//! What a feed tells a graph.

use std::borrow::Cow;

use palisade_types::TimeMicros;
use serde::{Serialize, Serializer};

use crate::schema::{Kind, PropertySpec, Reading, ValueType};
use crate::store::Cell;

/// Longest key of a node, bytes.
pub const MAX_KEY: usize = 512;
/// Longest text that a property keeps, bytes; what is longer is cut.
pub const MAX_TEXT: usize = 2048;

/// A property's value. In JSON a time is RFC 3339, the others are what they are.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text, a choice or a version.
    Text(String),
    /// An integer.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// True or false.
    Bool(bool),
    /// An instant.
    Time(TimeMicros),
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => s.serialize_str(text),
            Self::Integer(n) => s.serialize_i64(*n),
            Self::Real(n) => s.serialize_f64(*n),
            Self::Bool(b) => s.serialize_bool(*b),
            Self::Time(t) => s.collect_str(t),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Integer(n)
    }
}

impl From<f64> for Value {
    fn from(n: f64) -> Self {
        Self::Real(n)
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl From<TimeMicros> for Value {
    fn from(t: TimeMicros) -> Self {
        Self::Time(t)
    }
}

/// Which node: the key is unique within its type, and within its group where it is in one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NodeRef {
    /// Its type. To point at a node, the group will do.
    pub kind: Kind,
    /// What its feed calls it.
    pub key: String,
}

impl NodeRef {
    /// A node by type and key.
    pub fn new(kind: Kind, key: impl Into<String>) -> Self {
        Self { kind, key: key.into() }
    }
}

/// A node with everything that is known of it.
#[derive(Clone, Debug)]
pub struct Node {
    /// Which one; the type is no group.
    pub node: NodeRef,
    /// What people call it.
    pub name: String,
    /// Its properties by name; one that is not here is not known.
    pub properties: Vec<(Cow<'static, str>, Value)>,
}

impl Node {
    /// A node without properties.
    pub fn new(kind: Kind, key: impl Into<String>, name: impl Into<String>) -> Self {
        Self { node: NodeRef::new(kind, key), name: name.into(), properties: Vec::new() }
    }

    /// With one more property.
    #[must_use]
    pub fn with(mut self, property: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        self.properties.push((property.into(), value.into()));
        self
    }

    /// With one more property, where its value is known.
    #[must_use]
    pub fn maybe(self, property: impl Into<Cow<'static, str>>, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(property, value),
            None => self,
        }
    }
}

/// One change.
#[derive(Clone, Debug)]
pub enum Change {
    /// A node is there and is like this; what was known of it before is forgotten, its edges stay.
    Upsert(Node),
    /// A node is gone, and its edges with it.
    Remove(NodeRef),
    /// An edge is there.
    Connect {
        /// Where the reading begins.
        from: NodeRef,
        /// The connection, read from there.
        reading: Reading,
        /// Where it leads.
        to: NodeRef,
    },
    /// An edge is gone.
    Disconnect {
        /// Where the reading begins.
        from: NodeRef,
        /// The connection, read from there.
        reading: Reading,
        /// Where it leads.
        to: NodeRef,
    },
    /// These are all the neighbours of a node over a connection to one type; other edges of that kind are gone.
    Replace {
        /// Where the reading begins.
        from: NodeRef,
        /// The connection, read from there.
        reading: Reading,
        /// The type of the neighbours, or their group.
        to: Kind,
        /// Their keys.
        keys: Vec<String>,
    },
    /// A feed has delivered everything up to that time, or is no longer there.
    Source {
        /// Its name, as types of the schema give it.
        source: Cow<'static, str>,
        /// The time that its data speaks of.
        as_of: Option<TimeMicros>,
    },
}

/// Why a change was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// A group has no nodes of its own.
    #[error("{0} is a group and has no nodes of its own")]
    IsGroup(Kind),
    /// The key is empty or too long.
    #[error("a key has 1 to {MAX_KEY} bytes")]
    BadKey,
    /// The type has no such property.
    #[error("{0} has no property {1}")]
    UnknownProperty(Kind, String),
    /// The value is not of the property's type.
    #[error("{1} is no value of {0}")]
    WrongValue(&'static str, String),
    /// The node is not there.
    #[error("there is no {0} with the key {1}")]
    UnknownNode(Kind, String),
    /// The connection does not lead from there to there.
    #[error("{0} does not {1} {2}")]
    NotConnectable(Kind, Reading, Kind),
    /// There is no such feed.
    #[error("there is no source {0}")]
    UnknownSource(String),
    /// The type has as many nodes as can be counted.
    #[error("there is no room for another {0}")]
    Full(Kind),
}

impl ChangeError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::IsGroup(_) => "is_group",
            Self::BadKey => "bad_key",
            Self::UnknownProperty(..) => "unknown_property",
            Self::WrongValue(..) => "wrong_value",
            Self::UnknownNode(..) => "unknown_node",
            Self::NotConnectable(..) => "not_connectable",
            Self::UnknownSource(_) => "unknown_source",
            Self::Full(_) => "graph_full",
        }
    }
}

/// A value as it lies in a column, if it is of the property's type.
pub(crate) fn cell<'a>(spec: &PropertySpec, value: &'a Value) -> Option<Cell<'a>> {
    Some(match (spec.value, value) {
        (ValueType::Text | ValueType::Version, Value::Text(text)) => Cell::Text(cut(text)),
        (ValueType::Choice, Value::Text(text)) => {
            let at = spec.values.iter().position(|v| v == text)?;
            Cell::Small(u8::try_from(at + 1).ok()?)
        }
        (ValueType::Bool, Value::Bool(b)) => Cell::Small(if *b { 2 } else { 1 }),
        (ValueType::Integer, Value::Integer(n)) if *n != i64::MIN => Cell::Integer(*n),
        (ValueType::Time, Value::Time(t)) if t.0 != i64::MIN => Cell::Integer(t.0),
        (ValueType::Real, Value::Real(n)) if !n.is_nan() => Cell::Real(*n),
        (ValueType::Real, Value::Integer(n)) => Cell::Real(*n as f64),
        _ => return None,
    })
}

/// A text as far as it is kept.
pub(crate) fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT)]
}
