//! The schema crate's tables as Arrow and Delta schemas.
//!
//! A data file holds only the columns that something fills, and `_IngestTime`; the partition
//! `_day` is in the Delta log. What a file lacks is filled on reading: `''` for text, null for
//! the rest. So a column that begins to be filled changes nothing about files already written.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use deltalake_core::kernel::{DataType as DeltaType, StructField};
use palisade_schema::{ColumnSpec, ColumnType, Fill, TableKind, TableSpec};

/// When the server received the row; hidden from queries.
pub const INGEST_TIME: &str = "_IngestTime";

/// The partition: the UTC day on which the server received the row; hidden from queries.
pub const DAY: &str = "_day";

/// The tables that the lake keeps, in the order of their numbers.
pub(crate) const TABLES: [&str; 6] = [
    "DeviceEvents",
    "DeviceFileEvents",
    "DeviceInfo",
    "DeviceNetworkEvents",
    "DeviceProcessEvents",
    "PalisadeSensorCounters",
];

/// Columns with statistics in the Delta log and per page.
pub(crate) const STATISTICS: [&str; 4] = ["Timestamp", "DeviceId", "ReportId", INGEST_TIME];

/// One table's schemas.
#[derive(Debug)]
pub struct TableSchemas {
    /// The table as declared.
    pub spec: &'static TableSpec,
    /// What queries can read: the declared columns, then `_IngestTime`.
    pub visible: SchemaRef,
    /// What a data file of today holds.
    pub stored: SchemaRef,
}

static SCHEMAS: LazyLock<HashMap<&'static str, TableSchemas>> = LazyLock::new(|| {
    palisade_schema::tables()
        .iter()
        .filter(|t| t.kind != TableKind::View)
        .map(|spec| (spec.name.as_str(), TableSchemas::new(spec)))
        .collect()
});

/// The schemas of a table that the lake keeps.
pub fn schemas(table: &str) -> Option<&'static TableSchemas> {
    SCHEMAS.get(table)
}

/// The type of an instant: microseconds, UTC.
pub(crate) fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn arrow_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Int => DataType::Int32,
        ColumnType::Long | ColumnType::Timespan => DataType::Int64,
        ColumnType::Real => DataType::Float64,
        ColumnType::String | ColumnType::Dynamic | ColumnType::Guid => DataType::Utf8,
        ColumnType::Datetime => instant(),
    }
}

/// The mark for types that Arrow does not tell apart.
fn mark(kind: ColumnType) -> Option<(String, String)> {
    matches!(kind, ColumnType::Dynamic | ColumnType::Timespan | ColumnType::Guid)
        .then(|| ("kql".to_owned(), kind.to_string()))
}

fn field(c: &ColumnSpec) -> Field {
    Field::new(&c.name, arrow_type(c.kind), c.kind != ColumnType::String)
        .with_metadata(mark(c.kind).into_iter().collect())
}

/// Text as queries read it: Parquet dictionaries become views without a copy of each row's text.
fn viewed(field: Field) -> Field {
    match field.data_type() {
        DataType::Utf8 => field.with_data_type(DataType::Utf8View),
        _ => field,
    }
}

impl TableSchemas {
    fn new(spec: &'static TableSpec) -> Self {
        let mut visible: Vec<Field> = spec.columns.iter().map(|c| viewed(field(c))).collect();
        visible.push(Field::new(INGEST_TIME, instant(), true));
        let mut stored: Vec<Field> = spec.columns.iter().filter(|c| c.fill != Fill::Na).map(field).collect();
        stored.push(Field::new(INGEST_TIME, instant(), true));
        Self { spec, visible: Arc::new(Schema::new(visible)), stored: Arc::new(Schema::new(stored)) }
    }

    /// The Delta table's columns. All are nullable, so that a file need not hold each.
    pub(crate) fn delta_fields(&self) -> Vec<StructField> {
        let declared = self.spec.columns.iter().map(|c| {
            let kind = match c.kind {
                ColumnType::Bool => DeltaType::BOOLEAN,
                ColumnType::Int => DeltaType::INTEGER,
                ColumnType::Long | ColumnType::Timespan => DeltaType::LONG,
                ColumnType::Real => DeltaType::DOUBLE,
                ColumnType::String | ColumnType::Dynamic | ColumnType::Guid => DeltaType::STRING,
                ColumnType::Datetime => DeltaType::TIMESTAMP,
            };
            StructField::new(&c.name, kind, true).with_metadata(mark(c.kind))
        });
        declared
            .chain([
                StructField::new(INGEST_TIME, DeltaType::TIMESTAMP, true),
                StructField::new(DAY, DeltaType::DATE, true),
            ])
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lake_keeps_each_declared_table() {
        let mut declared: Vec<&str> = SCHEMAS.keys().copied().collect();
        declared.sort_unstable();
        assert_eq!(declared, TABLES);
    }

    #[test]
    fn text_is_never_null_and_dynamic_is_marked() {
        let s = schemas("DeviceProcessEvents").expect("declared");
        assert!(!s.visible.field_with_name("SHA1").expect("declared").is_nullable());
        let bag = s.visible.field_with_name("AdditionalFields").expect("declared");
        assert_eq!(bag.metadata().get("kql").map(String::as_str), Some("dynamic"));
        let last = |schema: &Schema| schema.fields().last().map(|f| f.name().clone());
        assert_eq!((last(&s.visible), last(&s.stored)), (Some(INGEST_TIME.into()), Some(INGEST_TIME.into())));
    }
}
