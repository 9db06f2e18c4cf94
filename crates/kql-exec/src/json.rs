//! Rows as JSON values.

use arrow::array::RecordBatch;
use palisade_kql::time::{format_rfc3339, format_timespan};
use palisade_kql::{Schema, Type};
use serde_json::{Number, Value as Json, json};

use crate::kernels::convert::{json_of_text, real_text};
use crate::value::{Cells, V};

/// The schema as `[{"name":…,"type":…}]`.
pub fn json_schema(schema: &Schema) -> Json {
    Json::Array(schema.columns.iter().map(|c| json!({"name": c.name, "type": c.ty.name()})).collect())
}

/// Rows of a batch, each with its cells in column order. A datetime is RFC 3339 with microseconds, a
/// timespan `d.hh:mm:ss.fffffff`, a dynamic JSON itself, a decimal text, a
/// real that is no number its name as text.
pub fn json_rows(batch: &RecordBatch, schema: &Schema) -> Vec<Vec<Json>> {
    let mut rows: Vec<Vec<Json>> =
        (0..batch.num_rows()).map(|_| Vec::with_capacity(schema.columns.len())).collect();
    for (array, column) in batch.columns().iter().zip(&schema.columns) {
        match Cells::new(array.as_ref()) {
            Ok(cells) => {
                rows.iter_mut().enumerate().for_each(|(at, row)| row.push(cell(&cells.get(at), column.ty)))
            }
            Err(_) => rows.iter_mut().for_each(|row| row.push(Json::Null)),
        }
    }
    rows
}

fn cell(value: &V<'_>, ty: Type) -> Json {
    match (value, ty) {
        (V::Null, Type::String) => Json::String(String::new()),
        (V::Null, _) => Json::Null,
        (V::Bool(b), _) => Json::Bool(*b),
        (V::Int(at), Type::Datetime) => Json::String(format_rfc3339(*at)),
        (V::Int(ticks), Type::Timespan) => Json::String(format_timespan(*ticks)),
        (V::Int(n), _) => Json::from(*n),
        (V::Real(n), _) => Number::from_f64(*n).map_or_else(|| Json::String(real_text(*n)), Json::Number),
        (V::Dec(n), _) => Json::String(crate::decimal::text(*n)),
        (V::Str(s), Type::Dynamic) => json_of_text(s),
        (V::Str(s), _) => Json::String(s.to_string()),
    }
}
