//! Instants as JSON: RFC 3339, UTC, microseconds.

use palisade_types::TimeMicros;
use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{KnownFormat, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// An instant in an answer, such as `2026-11-23T22:10:00.000000Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instant(pub TimeMicros);

impl Instant {
    /// The same where there may be none.
    pub(crate) fn maybe(time: Option<TimeMicros>) -> Option<Self> {
        time.map(Self)
    }
}

impl From<TimeMicros> for Instant {
    fn from(time: TimeMicros) -> Self {
        Self(time)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.to_rfc3339())
    }
}

impl PartialSchema for Instant {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339, UTC, microseconds."))
            .into()
    }
}

impl ToSchema for Instant {}
