//! Parquet, a row group at a time.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema as ArrowSchema, SchemaRef};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::properties::WriterProperties;
use palisade_kql::time::format_timespan;
use palisade_kql::{Schema, Type};
use serde::de::IgnoredAny;

use crate::error::ExecError;
use crate::value::{Cells, V, arrow_type};

/// Most rows and bytes of a row group: it is in memory until it is whole.
const GROUP_ROWS: usize = 128 << 10;
const GROUP_BYTES: usize = 8 << 20;

pub(super) struct Writer {
    types: Vec<Type>,
    schema: SchemaRef,
    inner: ArrowWriter<Vec<u8>>,
}

fn failed(error: &ParquetError) -> ExecError {
    ExecError::Internal(format!("writing Parquet: {error}"))
}

impl Writer {
    pub fn new(schema: &Schema) -> Result<Self, ExecError> {
        let types: Vec<Type> = schema.columns.iter().map(|c| c.ty).collect();
        let fields: Vec<Field> = schema
            .columns
            .iter()
            .map(|c| {
                let kind = if is_text(c.ty) { DataType::Utf8 } else { arrow_type(c.ty) };
                Field::new(&c.name, kind, c.ty != Type::String)
            })
            .collect();
        let schema = Arc::new(ArrowSchema::new(fields));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_max_row_group_bytes(Some(GROUP_BYTES))
            .build();
        let inner = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties));
        Ok(Self { types, schema, inner: inner.map_err(|e| failed(&e))? })
    }

    /// Writes rows; whole row groups go to `out`.
    pub fn write(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), ExecError> {
        let columns = batch.columns().iter().zip(&self.types).map(|(array, ty)| written(array, *ty));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        self.inner.write(&batch).map_err(|e| failed(&e))?;
        out.append(self.inner.inner_mut());
        Ok(())
    }

    /// Writes what is left, and the file's directory.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), ExecError> {
        self.inner.finish().map_err(|e| failed(&e))?;
        out.append(self.inner.inner_mut());
        Ok(())
    }
}

/// What is written as text, because readers know no type for it that would keep its meaning.
fn is_text(ty: Type) -> bool {
    matches!(ty, Type::Timespan | Type::Decimal | Type::Dynamic)
}

/// A column as it is written.
fn written(array: &ArrayRef, ty: Type) -> Result<ArrayRef, ExecError> {
    if !is_text(ty) {
        return Ok(Arc::clone(array));
    }
    let cells = Cells::new(array.as_ref())?;
    let mut texts = StringBuilder::with_capacity(array.len(), array.len() * 16);
    for row in 0..array.len() {
        match (cells.get(row), ty) {
            (V::Int(ticks), Type::Timespan) => texts.append_value(format_timespan(ticks)),
            (V::Dec(n), _) => texts.append_value(crate::decimal::text(n)),
            (V::Str(s), Type::Dynamic) if s.is_empty() => texts.append_null(),
            (V::Str(s), Type::Dynamic) if serde_json::from_str::<IgnoredAny>(&s).is_err() => {
                texts.append_value(serde_json::Value::String(s.into_owned()).to_string());
            }
            (V::Str(s), _) => texts.append_value(s),
            _ => texts.append_null(),
        }
    }
    Ok(Arc::new(texts.finish()))
}
