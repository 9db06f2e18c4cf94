//! Instants as JSON: RFC 3339, UTC, microseconds.

use palisade_types::TimeMicros;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{KnownFormat, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// An instant in an answer or a request, such as `2026-11-23T22:10:00.000000Z`.
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

impl From<Instant> for TimeMicros {
    fn from(instant: Instant) -> Self {
        instant.0
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
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
