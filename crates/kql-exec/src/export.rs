//! Results as files that are written while their rows come: CSV, a JSON array, JSON lines, Parquet.
//!
//! A [`FileEncoder`] never holds more than what [`FileEncoder::take`] has not taken yet and, of Parquet, one
//! row group. Values are written as [`json_rows`](crate::json_rows) shows them; what Parquet has a type for has it.

mod parquet;

use std::io::Write;

use arrow::array::RecordBatch;
use palisade_kql::time::{format_rfc3339, format_timespan};
use palisade_kql::{Schema, Type};

use crate::error::ExecError;
use crate::kernels::convert::{json_of_text, real_text};
use crate::value::{Cells, V};

/// Bytes that are worth being sent.
const WORTH_SENDING: usize = 256 << 10;
/// Rows that are written between two looks at the buffer, and bytes of memory that they may come from.
const STEP_ROWS: usize = 1024;
const STEP_BYTES: usize = 8 << 20;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// RFC 4180 with a head line, UTF-8. A null is an empty field, a dynamic JSON text.
    Csv,
    /// One array of objects, each on a line of its own.
    Json,
    /// One object per line.
    Jsonl,
    /// Parquet, compressed with Zstandard. Timespans, decimals, guids and dynamics are texts.
    Parquet,
}

/// Writes rows as a file.
pub struct FileEncoder {
    schema: Schema,
    format: FileFormat,
    /// The keys of an object as they are written, each with its colon.
    keys: Vec<Vec<u8>>,
    out: Vec<u8>,
    parquet: Option<parquet::Writer>,
    rows: u64,
}

impl FileEncoder {
    /// A file without rows.
    ///
    /// # Errors
    /// [`ExecError::Internal`] when Parquet cannot hold such columns.
    pub fn new(format: FileFormat, schema: &Schema) -> Result<Self, ExecError> {
        let mut out = Vec::new();
        let mut keys = Vec::new();
        let mut parquet = None;
        match format {
            FileFormat::Csv => {
                for (at, name) in schema.names().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    csv_text(name, &mut out);
                }
                out.extend_from_slice(b"\r\n");
            }
            FileFormat::Json | FileFormat::Jsonl => {
                for (at, name) in schema.names().enumerate() {
                    let mut key = if at == 0 { b"{".to_vec() } else { b",".to_vec() };
                    json_text(name, &mut key);
                    key.push(b':');
                    keys.push(key);
                }
                if format == FileFormat::Json {
                    out.push(b'[');
                }
            }
            FileFormat::Parquet => parquet = Some(parquet::Writer::new(schema)?),
        }
        Ok(Self { schema: schema.clone(), format, keys, out, parquet, rows: 0 })
    }

    /// A batch in pieces that are small enough to be written one after the other.
    pub fn pieces(batch: &RecordBatch) -> impl Iterator<Item = RecordBatch> + '_ {
        let rows = batch.num_rows();
        let steps = batch.get_array_memory_size().div_ceil(STEP_BYTES).max(1);
        let step = rows.div_ceil(steps).clamp(1, STEP_ROWS);
        (0..rows).step_by(step).map(move |from| batch.slice(from, step.min(rows - from)))
    }

    /// Writes rows; their columns are those of the schema.
    ///
    /// # Errors
    /// [`ExecError::Internal`] when a column has another type than the schema says.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), ExecError> {
        if let Some(parquet) = &mut self.parquet {
            parquet.write(batch, &mut self.out)?;
            self.rows += batch.num_rows() as u64;
            return Ok(());
        }
        let cells = batch.columns().iter().map(|c| Cells::new(c.as_ref())).collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            match self.format {
                FileFormat::Csv => self.csv_row(&cells, row),
                _ => self.json_row(&cells, row),
            }
            self.rows += 1;
        }
        Ok(())
    }

    fn csv_row(&mut self, cells: &[Cells<'_>], row: usize) {
        let begin = self.out.len();
        for (at, (cell, column)) in cells.iter().zip(&self.schema.columns).enumerate() {
            if at > 0 {
                self.out.push(b',');
            }
            csv_cell(&cell.get(row), column.ty, &mut self.out);
        }
        // An empty line would be no row for many readers.
        if cells.len() == 1 && self.out.len() == begin {
            self.out.extend_from_slice(b"\"\"");
        }
        self.out.extend_from_slice(b"\r\n");
    }

    fn json_row(&mut self, cells: &[Cells<'_>], row: usize) {
        if self.format == FileFormat::Json {
            self.out.extend_from_slice(if self.rows == 0 { b"\n" } else { b",\n" });
        }
        if cells.is_empty() {
            self.out.push(b'{');
        }
        for ((cell, column), key) in cells.iter().zip(&self.schema.columns).zip(&self.keys) {
            self.out.extend_from_slice(key);
            json_cell(&cell.get(row), column.ty, &mut self.out);
        }
        self.out.push(b'}');
        if self.format == FileFormat::Jsonl {
            self.out.push(b'\n');
        }
    }

    /// The next bytes of the file, once there are some that are worth being sent.
    pub fn take(&mut self) -> Option<Vec<u8>> {
        (self.out.len() >= WORTH_SENDING).then(|| std::mem::take(&mut self.out))
    }

    /// Ends the file; its last bytes.
    ///
    /// # Errors
    /// [`ExecError::Internal`].
    pub fn finish(mut self) -> Result<Vec<u8>, ExecError> {
        if let Some(parquet) = self.parquet.take() {
            parquet.finish(&mut self.out)?;
        }
        if self.format == FileFormat::Json {
            self.out.extend_from_slice(if self.rows == 0 { b"]\n" } else { b"\n]\n" });
        }
        Ok(self.out)
    }
}

/// A text as JSON.
fn json_text(text: &str, out: &mut Vec<u8>) {
    // Writing a text to memory does not fail.
    let _ = serde_json::to_writer(out, text);
}

fn json_cell(value: &V<'_>, ty: Type, out: &mut Vec<u8>) {
    let written = match (value, ty) {
        (V::Null, Type::String) => out.write_all(b"\"\""),
        (V::Null, _) => out.write_all(b"null"),
        (V::Bool(b), _) => write!(out, "{b}"),
        (V::Int(at), Type::Datetime) => write!(out, "\"{}\"", format_rfc3339(*at)),
        (V::Int(ticks), Type::Timespan) => write!(out, "\"{}\"", format_timespan(*ticks)),
        (V::Int(n), _) => write!(out, "{n}"),
        (V::Real(n), _) if n.is_finite() => serde_json::to_writer(&mut *out, n).map_err(Into::into),
        (V::Real(n), _) => write!(out, "\"{}\"", real_text(*n)),
        (V::Dec(n), _) => write!(out, "\"{}\"", crate::decimal::text(*n)),
        // Anew, because the text may have line ends between its values.
        (V::Str(s), Type::Dynamic) => serde_json::to_writer(&mut *out, &json_of_text(s)).map_err(Into::into),
        (V::Str(s), _) => {
            json_text(s, out);
            Ok(())
        }
    };
    // Writing to memory does not fail.
    let _ = written;
}

fn csv_cell(value: &V<'_>, ty: Type, out: &mut Vec<u8>) {
    match (value, ty) {
        (V::Null, _) => {}
        (V::Int(at), Type::Datetime) => out.extend_from_slice(format_rfc3339(*at).as_bytes()),
        (V::Int(ticks), Type::Timespan) => out.extend_from_slice(format_timespan(*ticks).as_bytes()),
        (V::Real(n), _) if !n.is_finite() => out.extend_from_slice(real_text(*n).as_bytes()),
        (V::Dec(n), _) => out.extend_from_slice(crate::decimal::text(*n).as_bytes()),
        (V::Str(s), Type::Dynamic) => match json_of_text(s) {
            serde_json::Value::Null => {}
            serde_json::Value::String(text) => csv_text(&text, out),
            other => csv_text(&other.to_string(), out),
        },
        (V::Str(s), _) => csv_text(s, out),
        (V::Bool(_) | V::Int(_) | V::Real(_), _) => json_cell(value, ty, out),
    }
}

/// A text as a field: in quotes where it holds what ends a field.
fn csv_text(text: &str, out: &mut Vec<u8>) {
    if !text.contains([',', '"', '\n', '\r']) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests;
