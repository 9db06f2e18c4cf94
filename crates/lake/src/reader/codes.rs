//! Conditions on columns whose texts repeat: tried once for each text of a dictionary, not for each row.
//!
//! A column chunk whose pages all point into its dictionary can be read as numbers of that dictionary. A
//! condition that looks at one such column only has the same answer for equal numbers.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Int32Type, Schema, SchemaRef};
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{ColumnarValue, Expr};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{CastExpr, Column};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr_common::physical_expr::snapshot_physical_expr;
use parking_lot::Mutex;
use parquet::arrow::{ARROW_SCHEMA_META_KEY, encode_arrow_schema, parquet_to_arrow_schema};
use parquet::basic::Encoding;
use parquet::errors::Result as ParquetResult;
use parquet::file::metadata::{FileMetaData, KeyValue, ParquetMetaData, ParquetMetaDataBuilder};

use super::limit::DEVICE;

/// A dictionary with more texts than so many times a batch's rows is not worth trying whole.
const TEXTS_PER_ROW: usize = 4;

/// Columns that a scan wants as numbers, for the reader; an extension of the file that it names.
#[derive(Clone, Debug)]
pub(super) struct Coded(pub(super) Arc<[String]>);

impl Coded {
    /// The text columns that conditions look at; none where there are none.
    pub(super) fn of(filters: &[Expr], projection: Option<&Vec<usize>>, schema: &Schema) -> Option<Self> {
        let text = |name: &str| {
            schema.field_with_name(name).is_ok_and(|field| *field.data_type() == DataType::Utf8View)
        };
        let mut names: Vec<String> = Vec::new();
        let mut add = |name: &str| {
            if text(name) && !names.iter().any(|n| n == name) {
                names.push(name.to_owned());
            }
        };
        filters.iter().for_each(|filter| filter.column_refs().iter().for_each(|column| add(&column.name)));
        // Joins look for devices, which shows only when they run.
        if schema.index_of(DEVICE).is_ok_and(|at| projection.is_none_or(|p| p.contains(&at))) {
            add(DEVICE);
        }
        // In one order: what is kept for the one serves the other.
        names.sort_unstable();
        (!names.is_empty()).then(|| Self(names.into()))
    }
}

fn coded_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// The footer with a note that the wanted columns are to be read as numbers, where all their pages are such.
pub(super) fn with_codes(footer: ParquetMetaData, wanted: &Coded) -> ParquetResult<ParquetMetaData> {
    let file = footer.file_metadata();
    let plain = parquet_to_arrow_schema(file.schema_descr(), None)?;
    let mut changed = false;
    let fields: Vec<FieldRef> = plain
        .fields()
        .iter()
        .enumerate()
        .map(|(at, field)| {
            let text = *field.data_type() == DataType::Utf8;
            if text && wanted.0.contains(field.name()) && only_codes(&footer, at, field.name()) {
                changed = true;
                return Arc::new(field.as_ref().clone().with_data_type(coded_type()));
            }
            Arc::clone(field)
        })
        .collect();
    if !changed {
        return Ok(footer);
    }
    let note = KeyValue::new(ARROW_SCHEMA_META_KEY.to_owned(), encode_arrow_schema(&Schema::new(fields)));
    let mut notes = file.key_value_metadata().cloned().unwrap_or_default();
    notes.retain(|n| n.key != ARROW_SCHEMA_META_KEY);
    notes.push(note);
    let file = FileMetaData::new(
        file.version(),
        file.num_rows(),
        file.created_by().map(ToOwned::to_owned),
        Some(notes),
        file.schema_descr_ptr(),
        file.column_orders().cloned(),
    );
    let (columns, offsets) = (footer.column_index().cloned(), footer.offset_index().cloned());
    let mut old = footer.into_builder();
    Ok(ParquetMetaDataBuilder::new(file)
        .set_row_groups(old.take_row_groups())
        .set_column_index(columns)
        .set_offset_index(offsets)
        .build())
}

/// Whether every page of a column is numbers of a dictionary. Our tables are flat: the leaf is the field.
fn only_codes(footer: &ParquetMetaData, at: usize, name: &str) -> bool {
    footer.row_groups().iter().all(|group| {
        group.columns().get(at).is_some_and(|chunk| {
            chunk.column_path().string() == name
                && chunk.dictionary_page_offset().is_some()
                && chunk.page_encoding_stats_mask().is_some_and(|mask| {
                    mask.is_only(Encoding::RLE_DICTIONARY) || mask.is_only(Encoding::PLAIN_DICTIONARY)
                })
        })
    })
}

/// An expression of a file's own columns, with each part that is a condition on one coded column tried by text.
pub(super) fn by_text(expr: Arc<dyn PhysicalExpr>, physical: &SchemaRef) -> Result<Arc<dyn PhysicalExpr>> {
    if !physical.fields().iter().any(|f| *f.data_type() == coded_type()) {
        return Ok(expr);
    }
    let rewritten = expr.transform_down(|part| {
        // A cast or a column alone is what such a condition is made of.
        let whole = part.children().is_empty() || part.downcast_ref::<CastExpr>().is_some();
        if whole || part.data_type(physical)? != DataType::Boolean {
            return Ok(Transformed::no(part));
        }
        let columns = collect_columns(&part);
        let mut columns = columns.into_iter();
        let (Some(column), None) = (columns.next(), columns.next()) else {
            return Ok(Transformed::no(part));
        };
        if physical.fields().get(column.index()).is_none_or(|f| *f.data_type() != coded_type()) {
            return Ok(Transformed::no(part));
        }
        Ok(match over_texts(&part)? {
            Some(test) => {
                let column = Arc::new(column);
                let tried = ByText { column, test, plain: Some(part), kept: Mutex::new(None) };
                Transformed::new(Arc::new(tried), true, TreeNodeRecursion::Jump)
            }
            None => Transformed::no(part),
        })
    });
    rewritten.data()
}

/// The condition over one column of plain texts; none where it also looks at the numbers.
fn over_texts(part: &Arc<dyn PhysicalExpr>) -> Result<Option<Arc<dyn PhysicalExpr>>> {
    let mut plain = true;
    let test = Arc::clone(part)
        .transform_down(|e| {
            if let Some(column) = e.downcast_ref::<CastExpr>().and_then(|c| c.expr().downcast_ref::<Column>())
            {
                let text: Arc<dyn PhysicalExpr> = Arc::new(Column::new(column.name(), 0));
                return Ok(Transformed::new(text, true, TreeNodeRecursion::Jump));
            }
            plain &= e.downcast_ref::<Column>().is_none();
            Ok(Transformed::no(e))
        })
        .data()?;
    Ok(plain.then_some(test))
}

/// What a condition said of each text of a dictionary.
#[derive(Debug)]
struct Tried {
    /// Kept, so that no other dictionary can come to lie at the same place.
    texts: ArrayRef,
    answers: BooleanArray,
}

/// A condition on one coded column.
#[derive(Debug)]
struct ByText {
    column: Arc<dyn PhysicalExpr>,
    /// Over a batch of one column of texts.
    test: Arc<dyn PhysicalExpr>,
    /// The same over the column itself, for what leaves out row groups and pages by their statistics.
    plain: Option<Arc<dyn PhysicalExpr>>,
    /// Batches of a row group share their dictionary.
    kept: Mutex<Option<Tried>>,
}

impl ByText {
    fn ask(&self, texts: &ArrayRef) -> Result<BooleanArray> {
        let texts = cast(texts, &DataType::Utf8View)?;
        let rows = texts.len();
        let schema = Schema::new(vec![Field::new("text", DataType::Utf8View, true)]);
        let batch = RecordBatch::try_new(Arc::new(schema), vec![texts])?;
        let answers = self.test.evaluate(&batch)?.into_array(rows)?;
        Ok(answers.as_boolean().clone())
    }

    fn answers(&self, texts: &ArrayRef) -> Result<BooleanArray> {
        let mut kept = self.kept.lock();
        if let Some(tried) = kept.as_ref().filter(|tried| same(&tried.texts, texts)) {
            return Ok(tried.answers.clone());
        }
        let answers = self.ask(texts)?;
        *kept = Some(Tried { texts: Arc::clone(texts), answers: answers.clone() });
        Ok(answers)
    }
}

/// Whether both are the same dictionary in memory.
fn same(a: &ArrayRef, b: &ArrayRef) -> bool {
    let (a, b) = (a.as_string::<i32>(), b.as_string::<i32>());
    a.len() == b.len()
        && std::ptr::eq(a.values().as_ptr(), b.values().as_ptr())
        && std::ptr::eq(a.value_offsets().as_ptr(), b.value_offsets().as_ptr())
}

impl PhysicalExpr for ByText {
    fn data_type(&self, _: &Schema) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn nullable(&self, _: &Schema) -> Result<bool> {
        Ok(true)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let column = self.column.evaluate(batch)?.into_array(batch.num_rows())?;
        let coded = column.as_dictionary_opt::<Int32Type>().filter(|coded| {
            coded.null_count() == 0 && coded.values().len() <= column.len().saturating_mul(TEXTS_PER_ROW)
        });
        let Some(coded) = coded else { return Ok(ColumnarValue::Array(Arc::new(self.ask(&column)?))) };
        let answers = self.answers(coded.values())?;
        if answers.null_count() > 0 {
            return Ok(ColumnarValue::Array(Arc::new(self.ask(&column)?)));
        }
        let (answers, codes) = (answers.values(), coded.keys().values());
        let found = match answers.count_set_bits() {
            0 => BooleanBuffer::new_unset(codes.len()),
            all if all == answers.len() => BooleanBuffer::new_set(codes.len()),
            _ => BooleanBuffer::collect_bool(codes.len(), |row| {
                usize::try_from(codes[row]).is_ok_and(|code| answers.value(code))
            }),
        };
        Ok(ColumnarValue::Array(Arc::new(BooleanArray::new(found, None))))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.column]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        let column = children.into_iter().next().unwrap_or_else(|| Arc::clone(&self.column));
        // The column now is that of a batch, of which there are no statistics.
        Ok(Arc::new(Self { column, test: Arc::clone(&self.test), plain: None, kept: Mutex::new(None) }))
    }

    fn snapshot(&self) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        self.plain.clone().map(snapshot_physical_expr).transpose()
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.test.fmt_sql(f)
    }
}

impl fmt::Display for ByText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "by_text({}, {})", self.column, self.test)
    }
}

impl PartialEq for ByText {
    fn eq(&self, other: &Self) -> bool {
        self.column.eq(&other.column) && self.test.eq(&other.test)
    }
}

impl Eq for ByText {}

impl Hash for ByText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.column.hash(state);
        self.test.hash(state);
    }
}
