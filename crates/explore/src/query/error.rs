use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// Why a query is not understood or not answered.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum QueryCode { $($(#[$doc])* $name,)* }

        impl QueryCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable text.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

codes! {
    /// The document is too long.
    TooLong = "too_long";
    /// The document is not JSON.
    NotJson = "not_json";
    /// Something else is expected at that place.
    WrongShape = "wrong_shape";
    /// There is no such field.
    UnknownField = "unknown_field";
    /// A field is missing.
    MissingField = "missing_field";
    /// The document is of a version that is not understood.
    UnknownVersion = "unknown_version";
    /// Too deep.
    TooDeep = "too_deep";
    /// Too many branches, conditions and types.
    TooManyParts = "too_many_parts";
    /// Too many values.
    TooManyValues = "too_many_values";
    /// There is no such type.
    UnknownType = "unknown_type";
    /// There is no such insight.
    UnknownInsight = "unknown_insight";
    /// The insight cannot be had of that type.
    InsightNotApplicable = "insight_not_applicable";
    /// There is no such connection.
    UnknownConnection = "unknown_connection";
    /// The connection does not begin at that type.
    ConnectionNotApplicable = "connection_not_applicable";
    /// The connection does not lead to that type.
    TargetNotApplicable = "target_not_applicable";
    /// There is no such property.
    UnknownProperty = "unknown_property";
    /// There is no such operator.
    UnknownOperator = "unknown_operator";
    /// The operator does not go with the property.
    OperatorNotApplicable = "operator_not_applicable";
    /// The value does not go with the property.
    WrongValue = "wrong_value";
    /// The link is none.
    BadLink = "bad_link";
    /// The cursor is none, or of another query.
    BadCursor = "bad_cursor";
    /// Answering would take too much work.
    TooMuchWork = "too_much_work";
}

impl fmt::Display for QueryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for QueryCode {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

/// What is wrong with a query, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}{}", if .pointer.is_empty() { String::new() } else { format!(" (at {})", .pointer) })]
pub struct QueryError {
    /// The stable code.
    pub code: QueryCode,
    /// One sentence for people.
    pub message: String,
    /// The place in the document as a JSON pointer; empty for the whole.
    pub pointer: String,
}

impl QueryError {
    pub(crate) fn new(code: QueryCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), pointer: String::new() }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code.as_str()
    }
}
