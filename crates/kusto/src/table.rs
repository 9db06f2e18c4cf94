//! Tables, and how their cells are written.

use serde_json::{Number, Value, json};

use crate::properties::DynamicForm;

/// A scalar type as the protocol names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// true or false.
    Bool,
    /// 32 bits.
    Int,
    /// 64 bits.
    Long,
    /// Floating point.
    Real,
    /// A decimal number, as text.
    Decimal,
    /// Text.
    String,
    /// An instant, ISO 8601 with a Z.
    Datetime,
    /// `d.hh:mm:ss.fffffff`.
    Timespan,
    /// JSON.
    Dynamic,
    /// An id.
    Guid,
}

impl Kind {
    /// The type of a KQL name; a name that is not known is a string's.
    pub fn of(name: &str) -> Self {
        match name {
            "bool" => Kind::Bool,
            "int" => Kind::Int,
            "long" => Kind::Long,
            "real" => Kind::Real,
            "decimal" => Kind::Decimal,
            "datetime" => Kind::Datetime,
            "timespan" => Kind::Timespan,
            "dynamic" => Kind::Dynamic,
            "guid" => Kind::Guid,
            _ => Kind::String,
        }
    }

    /// The KQL name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Bool => "bool",
            Kind::Int => "int",
            Kind::Long => "long",
            Kind::Real => "real",
            Kind::Decimal => "decimal",
            Kind::String => "string",
            Kind::Datetime => "datetime",
            Kind::Timespan => "timespan",
            Kind::Dynamic => "dynamic",
            Kind::Guid => "guid",
        }
    }

    /// The name in the first version's `DataType`.
    pub fn data_type(self) -> &'static str {
        match self {
            Kind::Bool => "SByte",
            Kind::Int => "Int32",
            Kind::Long => "Int64",
            Kind::Real => "Double",
            Kind::Decimal => "SqlDecimal",
            Kind::String => "String",
            Kind::Datetime => "DateTime",
            Kind::Timespan => "TimeSpan",
            Kind::Dynamic => "Object",
            Kind::Guid => "Guid",
        }
    }

    /// The name in schemas.
    pub fn system_type(self) -> String {
        match self {
            Kind::Decimal => "System.Data.SqlTypes.SqlDecimal".to_owned(),
            other => format!("System.{}", other.data_type()),
        }
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Kind,
}

/// A table with its rows. Cells are as the query engine gives them: an instant as ISO text, a timespan as
/// text, a dynamic as JSON itself, a real that is no number as `NaN`, `∞` or `-∞`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The columns in order.
    pub columns: Vec<Column>,
    /// The rows; each has one cell per column.
    pub rows: Vec<Vec<Value>>,
}

impl Table {
    /// A table without rows.
    pub fn new(columns: &[(&str, Kind)]) -> Self {
        let columns = columns.iter().map(|(name, kind)| Column { name: (*name).to_owned(), kind: *kind });
        Self { columns: columns.collect(), rows: Vec::new() }
    }

    /// The same with one more row; missing cells are null, and further ones dropped.
    #[must_use]
    pub fn with(mut self, mut row: Vec<Value>) -> Self {
        row.resize(self.columns.len(), Value::Null);
        self.rows.push(row);
        self
    }
}

/// How a version writes cells.
#[derive(Clone, Copy)]
pub(crate) struct Encoding {
    /// Truth values are 1 and 0.
    pub bool_as_number: bool,
    pub dynamic: DynamicForm,
}

/// Rows as they are written.
pub(crate) fn encoded(table: &mut Table, encoding: Encoding) {
    for (at, column) in table.columns.iter().enumerate() {
        let plain = match column.kind {
            Kind::Bool => !encoding.bool_as_number,
            Kind::Dynamic => encoding.dynamic == DynamicForm::Json,
            Kind::Real | Kind::Decimal => false,
            _ => true,
        };
        if plain {
            continue;
        }
        for cell in table.rows.iter_mut().filter_map(|row| row.get_mut(at)) {
            let old = std::mem::take(cell);
            *cell = encode(old, column.kind);
        }
    }
}

/// A cell that is not written as it is.
fn encode(cell: Value, kind: Kind) -> Value {
    match (kind, cell) {
        (_, Value::Null) => Value::Null,
        (Kind::Bool, Value::Bool(b)) => json!(u8::from(b)),
        (Kind::Dynamic, value) => Value::String(value.to_string()),
        (Kind::Real, Value::String(text)) => Value::String(match text.as_str() {
            "∞" | "inf" => "Infinity".to_owned(),
            "-∞" | "-inf" => "-Infinity".to_owned(),
            _ => text,
        }),
        (Kind::Decimal, Value::Number(number)) => Value::String(Number::to_string(&number)),
        (_, other) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(encoding: Encoding) -> Value {
        let kinds =
            [Kind::Bool, Kind::Real, Kind::Real, Kind::Decimal, Kind::Dynamic, Kind::Dynamic, Kind::Long];
        let columns = kinds.iter().map(|kind| Column { name: "c".to_owned(), kind: *kind }).collect();
        let cells = json!([true, "∞", 1.5, 2.25, {"a": [1]}, "text", 7]);
        let Value::Array(cells) = cells else { unreachable!() };
        let mut table = Table { columns, rows: vec![cells, vec![Value::Null; 7]] };
        encoded(&mut table, encoding);
        assert!(table.rows[1].iter().all(Value::is_null));
        json!(table.rows[0])
    }

    #[test]
    fn each_version_writes_cells_its_own_way() {
        let first = Encoding { bool_as_number: true, dynamic: DynamicForm::Text };
        assert_eq!(row(first), json!([1, "Infinity", 1.5, "2.25", "{\"a\":[1]}", "\"text\"", 7]));
        let second = Encoding { bool_as_number: false, dynamic: DynamicForm::Json };
        assert_eq!(row(second), json!([true, "Infinity", 1.5, "2.25", {"a": [1]}, "text", 7]));
    }
}
