//! CSV and JSON lines. Each file is read twice: once for the types, once for the rows.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::csv::reader::Format;
use arrow::datatypes::{DataType, Field, Schema as ArrowSchema};
use palisade_kql::{ColumnDef, Schema, Type};
use serde_json::{Map, Value as Json};

use super::infer::{Seen, json_cell, text_cell};
use super::{BATCH_ROWS, Declared, FilesError, MAX_COLUMNS, MAX_TEXT_FILE, io, unreadable};
use crate::value::{Column, V, arrow_schema};

/// A table that lies in memory.
type Table = (Vec<ColumnDef>, Vec<RecordBatch>);

/// A file with a header and one row a line, cells quoted as in RFC 4180. Short rows end in empty cells.
pub(super) fn separated(path: &Path, by: u8, declared: &Declared) -> Result<Table, FilesError> {
    let open = || File::open(path).map(BufReader::new).map_err(|e| io(path, e));
    let bad = |e: arrow::error::ArrowError| unreadable(path, e);
    let format = Format::default().with_header(true).with_delimiter(by).with_truncated_rows(true);
    let (header, _) = format.infer_schema(open()?, Some(0)).map_err(bad)?;
    let mut names: Vec<String> = header
        .fields()
        .iter()
        .enumerate()
        // A mark that says nothing but the byte order comes before the first name.
        .map(|(at, f)| if at == 0 { f.name().trim_start_matches('\u{feff}') } else { f.name() }.to_owned())
        .collect();
    distinct(path, &names)?;
    let texts: Vec<Field> = names.iter().map(|n| Field::new(n, DataType::Utf8, true)).collect();
    let texts = Arc::new(ArrowSchema::new(texts));
    let batches = || -> Result<_, FilesError> {
        arrow::csv::ReaderBuilder::new(Arc::clone(&texts))
            .with_format(format.clone())
            .with_batch_size(BATCH_ROWS)
            .build_buffered(open()?)
            .map_err(bad)
    };
    // Columns that the file lacks come after those that it has.
    let lacking = declared.certain().iter().map(|c| &c.name).filter(|n| !names.contains(n));
    let lacking: Vec<String> = lacking.cloned().collect();
    let known = names.len();
    names.extend(lacking);
    let mut seen: Vec<Seen> = names.iter().map(|n| Seen::new(declared.column(n), declared.holds)).collect();
    for batch in batches()? {
        let batch = batch.map_err(bad)?;
        for (array, seen) in batch.columns().iter().zip(&mut seen) {
            array.as_string::<i32>().iter().flatten().for_each(|cell| seen.text(cell));
        }
    }
    let types: Vec<Type> = seen.iter().map(|s| s.ty(false)).collect();
    let mut rows = Rows::new(&names, &types);
    for batch in batches()? {
        let batch = batch.map_err(bad)?;
        for at in 0..batch.num_rows() {
            for (array, ty) in batch.columns().iter().zip(&types) {
                let cells = array.as_string::<i32>();
                rows.cell(if cells.is_null(at) { V::Null } else { text_cell(cells.value(at), *ty) });
            }
            (known..names.len()).for_each(|_| rows.cell(V::Null));
            rows.end().map_err(|e| unreadable(path, e))?;
        }
    }
    rows.finish().map_err(|e| unreadable(path, e))
}

/// Objects one after another, mostly one a line, or one array of them. A column is there for each key of
/// any object, in the order in which they first come.
pub(super) fn json(path: &Path, declared: &Declared) -> Result<Table, FilesError> {
    let certain = declared.certain();
    let mut names: Vec<String> = certain.iter().map(|c| c.name.clone()).collect();
    let mut places: HashMap<String, usize> = names.iter().cloned().zip(0..).collect();
    let mut seen: Vec<Seen> = certain.iter().map(|c| Seen::new(Some(c.ty), true)).collect();
    let mut plain: Vec<bool> = certain.iter().map(|_| true).collect();
    objects(path, &mut |object| {
        for (name, value) in object {
            let at = match places.get(name) {
                Some(at) => *at,
                None if names.len() == MAX_COLUMNS => return Err(format!("more than {MAX_COLUMNS} columns")),
                None => {
                    names.push(name.clone());
                    seen.push(Seen::new(declared.column(name), declared.holds));
                    plain.push(true);
                    places.insert(name.clone(), names.len() - 1);
                    names.len() - 1
                }
            };
            if let (Some(seen), Some(plain)) = (seen.get_mut(at), plain.get_mut(at)) {
                seen.json(value);
                *plain &= value.is_string() || value.is_null();
            }
        }
        Ok(())
    })?;
    if names.is_empty() {
        return Err(unreadable(path, "it holds no object with a key"));
    }
    let types: Vec<Type> = seen.iter().zip(plain).map(|(s, plain)| s.ty(plain)).collect();
    let mut rows = Rows::new(&names, &types);
    objects(path, &mut |object| {
        for (name, ty) in names.iter().zip(&types) {
            rows.cell(object.get(name).map_or(V::Null, |value| json_cell(value, *ty)));
        }
        rows.end().map_err(|e| e.to_string())
    })?;
    rows.finish().map_err(|e| unreadable(path, e))
}

/// What is done with an object; the error says what is wrong with it.
type Each<'a> = dyn FnMut(&Map<String, Json>) -> Result<(), String> + 'a;

/// Calls `each` with every object of the file.
fn objects(path: &Path, each: &mut Each<'_>) -> Result<(), FilesError> {
    let file = File::open(path).map_err(|e| io(path, e))?;
    // A file that grows is still read to its bound only.
    let reader = BufReader::new(std::io::Read::take(file, MAX_TEXT_FILE));
    let mut number = 0_u64;
    let mut object = |value: Json| -> Result<(), FilesError> {
        number += 1;
        match value {
            Json::Object(object) => each(&object).map_err(|e| unreadable(path, e)),
            _ => Err(unreadable(path, format!("value {number} is not an object"))),
        }
    };
    for value in serde_json::Deserializer::from_reader(reader).into_iter::<Json>() {
        match value.map_err(|e| unreadable(path, e))? {
            Json::Array(items) => items.into_iter().try_for_each(&mut object)?,
            other => object(other)?,
        }
    }
    Ok(())
}

fn distinct(path: &Path, names: &[String]) -> Result<(), FilesError> {
    if names.is_empty() || names.len() > MAX_COLUMNS {
        return Err(unreadable(path, format!("{} columns; 1 to {MAX_COLUMNS} can be", names.len())));
    }
    let mut known = std::collections::HashSet::new();
    match names.iter().find(|name| name.is_empty() || !known.insert(name.as_str())) {
        Some(name) if name.is_empty() => Err(unreadable(path, "a column has no name")),
        Some(name) => Err(unreadable(path, format!("two columns have the name {name}"))),
        None => Ok(()),
    }
}

/// Builds batches cell by cell.
struct Rows {
    schema: Schema,
    columns: Vec<Column>,
    /// The column of the next cell.
    next: usize,
    /// Rows of the batch that is built.
    rows: usize,
    batches: Vec<RecordBatch>,
}

impl Rows {
    fn new(names: &[String], types: &[Type]) -> Self {
        let mut schema = Schema::default();
        for (name, ty) in names.iter().zip(types) {
            schema.push(name.as_str(), *ty);
        }
        let columns = fresh(&schema);
        Self { schema, columns, next: 0, rows: 0, batches: Vec::new() }
    }

    fn cell(&mut self, value: V<'static>) {
        if let Some(column) = self.columns.get_mut(self.next) {
            column.push(&value);
        }
        self.next += 1;
    }

    fn end(&mut self) -> datafusion::common::Result<()> {
        self.next = 0;
        self.rows += 1;
        if self.rows == BATCH_ROWS { self.batch() } else { Ok(()) }
    }

    fn batch(&mut self) -> datafusion::common::Result<()> {
        let columns = std::mem::replace(&mut self.columns, fresh(&self.schema));
        let arrays = columns.into_iter().map(Column::finish).collect::<Result<Vec<_>, _>>()?;
        self.batches.push(RecordBatch::try_new(arrow_schema(&self.schema), arrays)?);
        self.rows = 0;
        Ok(())
    }

    fn finish(mut self) -> datafusion::common::Result<Table> {
        // A table without rows has a batch as well: its schema is in it.
        if self.rows > 0 || self.batches.is_empty() {
            self.batch()?;
        }
        let columns = self.schema.columns.into_iter().map(|c| ColumnDef { name: c.name, ty: c.ty });
        Ok((columns.collect(), self.batches))
    }
}

fn fresh(schema: &Schema) -> Vec<Column> {
    schema.columns.iter().map(|c| Column::new(c.ty, 0)).collect()
}
