//! Queries as documents: decoded with bounds, checked against the schema, and written in one way only,
//! so that the same question always has the same link.

mod bind;
mod decode;
mod document;
mod error;
mod link;
mod literal;
mod plan;
mod version;

pub use document::{Branch, Condition, Document, Negatable, Scope, Target, Where};
pub use error::{QueryCode, QueryError};
pub use literal::{Instant, Literal};

pub(crate) use plan::{About, CellPlan, Expr, Filter, NodeAt, Pick, Plan, PlanColumn, Step};
pub(crate) use version::compare as compare_versions;

/// Longest query document, bytes.
pub const MAX_QUERY_BYTES: usize = 64 * 1024;
/// Deepest nesting of targets and of `and` and `or`, together.
pub const MAX_DEPTH: usize = 12;
/// Most branches, conditions and types in a query, together.
pub const MAX_PARTS: usize = 256;
/// Most values of a list.
pub const MAX_VALUES: usize = 256;
/// Longest text of a value, bytes.
pub const MAX_VALUE: usize = 1024;

/// A query that fits the schema.
#[derive(Clone, Debug)]
pub struct Query {
    document: Document,
    pub(crate) plan: Plan,
}

impl Query {
    /// Reads a document.
    ///
    /// # Errors
    /// What is wrong with it, with the place as a JSON pointer.
    pub fn parse(json: &[u8]) -> Result<Self, QueryError> {
        Ok(Self::of(decode::from_bytes(json)?))
    }

    /// Reads a document that was parsed as JSON already.
    ///
    /// # Errors
    /// As [`Query::parse`].
    pub fn from_value(json: &serde_json::Value) -> Result<Self, QueryError> {
        Ok(Self::of(decode::from_value(json)?))
    }

    /// Reads what [`Query::link`] wrote.
    ///
    /// # Errors
    /// `bad_link` if it is no link, else as [`Query::parse`].
    pub fn from_link(link: &str) -> Result<Self, QueryError> {
        Self::parse(&link::read(link)?)
    }

    /// The document, as it was understood.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The document as JSON, always written the same way.
    pub fn to_json(&self) -> String {
        self.document.to_json()
    }

    /// The document in letters that an address can hold.
    pub fn link(&self) -> String {
        link::write(&self.to_json())
    }

    fn of(document: Document) -> Self {
        let plan = bind::plan(&document);
        Self { document, plan }
    }
}

impl serde::Serialize for Query {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.document.serialize(s)
    }
}

impl<'de> serde::Deserialize<'de> for Query {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(d)?;
        Self::from_value(&value).map_err(serde::de::Error::custom)
    }
}
