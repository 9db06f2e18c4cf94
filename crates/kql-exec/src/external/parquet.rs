//! Parquet files.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use palisade_kql::Type;

use super::{Mapping, Place, Rows};
use crate::error::ExecError;
use crate::value::{Cells, V, arrow_type};

/// Rows that are decoded at once: a dictionary can make each of them large.
const BATCH_ROWS: usize = 1024;

pub(super) fn read(bytes: &[u8], mapping: Option<&Mapping>, out: &mut Rows<'_>) -> Result<(), ExecError> {
    let wrong =
        |e: &dyn std::fmt::Display| ExecError::Data(format!("externaldata: this is not Parquet: {e}"));
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::copy_from_slice(bytes));
    let reader = builder.map_err(|e| wrong(&e))?.with_batch_size(BATCH_ROWS).build();
    let mut read = 0;
    for batch in reader.map_err(|e| wrong(&e))? {
        let batch = batch.map_err(|e| wrong(&e))?;
        // A small file can hold a column of very many bytes.
        read += batch.get_array_memory_size();
        if read > super::MAX_PLAIN {
            let limit = super::MAX_PLAIN;
            return Err(ExecError::Limit(format!("externaldata: a file has more than {limit} bytes")));
        }
        let columns: Vec<Option<ArrayRef>> = out
            .columns()
            .iter()
            .map(|column| {
                let name = match mapping.and_then(|m| m.place(&column.name)) {
                    Some(Place::Path(steps)) => steps.last().map_or(column.name.as_str(), String::as_str),
                    _ => column.name.as_str(),
                };
                batch.column_by_name(name).and_then(|array| as_type(array, column.ty))
            })
            .collect();
        let cells = columns.iter().map(|c| c.as_ref().map(|c| Cells::new(c.as_ref())).transpose());
        let cells = cells.collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            let values: Vec<V<'_>> =
                cells.iter().map(|c| c.as_ref().map_or(V::Null, |c| c.get(row))).collect();
            out.push_cells(&values)?;
        }
    }
    Ok(())
}

/// A column as it carries a type of the language; none when it cannot.
fn as_type(array: &ArrayRef, ty: Type) -> Option<ArrayRef> {
    let plain = match array.data_type() {
        DataType::Dictionary(_, value) => cast(array, value).ok()?,
        _ => ArrayRef::clone(array),
    };
    if ty == Type::Dynamic {
        return json(&plain);
    }
    // Text of other types is read as such; an instant without a zone is UTC.
    cast(&plain, &arrow_type(ty)).ok()
}

/// Texts as they are when they hold JSON, else as JSON strings; numbers and truths as JSON.
fn json(array: &ArrayRef) -> Option<ArrayRef> {
    let text = cast(array, &DataType::Utf8).ok()?;
    let cells = text.as_string::<i32>();
    let values = (0..cells.len()).map(|row| {
        if cells.is_null(row) {
            return None;
        }
        let value = cells.value(row);
        let known = serde_json::from_str::<serde_json::Value>(value).is_ok();
        Some(if known { value.to_owned() } else { serde_json::Value::String(value.to_owned()).to_string() })
    });
    Some(std::sync::Arc::new(values.collect::<arrow::array::StringArray>()))
}
