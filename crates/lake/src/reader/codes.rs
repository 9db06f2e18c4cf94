//! Conditions on columns whose texts repeat: tried once for each text of a dictionary, not for each row.
//!
//! A column chunk whose pages all point into its dictionary can be read as numbers of that dictionary. A
//! condition that looks at one such column only has the same answer for equal numbers.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Int32Type, Schema, SchemaRef};
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{ColumnarValue, Expr};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{CastExpr, Column};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr_common::physical_expr::{is_volatile, snapshot_physical_expr};
use palisade_coded::{AsCodes, Coded};
use parking_lot::Mutex;
use parquet::arrow::{ARROW_SCHEMA_META_KEY, encode_arrow_schema, parquet_to_arrow_schema};
use parquet::basic::Encoding;
use parquet::errors::Result as ParquetResult;
use parquet::file::metadata::{FileMetaData, KeyValue, ParquetMetaData, ParquetMetaDataBuilder};

use super::limit::DEVICE;
use super::made::MadeOfText;

/// A dictionary with more texts than so many times a batch's rows is not worth trying whole.
pub(super) const TEXTS_PER_ROW: usize = 4;

/// The text columns that conditions look at.
pub(super) fn of_conditions(filters: &[Expr], projection: Option<&Vec<usize>>, schema: &Schema) -> Coded {
    let text = |name: &&str| {
        schema.field_with_name(name).is_ok_and(|field| *field.data_type() == DataType::Utf8View)
    };
    let columns: Vec<_> = filters.iter().map(Expr::column_refs).collect();
    let names = columns.iter().flatten().map(|column| column.name.as_str());
    // Joins look for devices, which shows only when they run.
    let device = schema.index_of(DEVICE).is_ok_and(|at| projection.is_none_or(|p| p.contains(&at)));
    Coded::new(names.chain(device.then_some(DEVICE)).filter(text).map(ToOwned::to_owned))
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
            if text && wanted.names().contains(field.name()) && only_codes(&footer, at, field.name()) {
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

/// Whether every page of a column of this name is numbers of a dictionary.
pub(super) fn repeats(footer: &ParquetMetaData, name: &str) -> bool {
    let columns = footer.file_metadata().schema_descr().columns();
    let at = columns.iter().position(|column| column.name() == name);
    at.is_some_and(|at| only_codes(footer, at, name))
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
        if let Some(wanted) = part.downcast_ref::<AsCodes>() {
            return Ok(match own_codes(wanted.text(), physical)? {
                Some(own) => Transformed::new(own, true, TreeNodeRecursion::Jump),
                None => Transformed::no(part),
            });
        }
        // A cast or a column alone is what such a condition is made of.
        let whole = part.children().is_empty() || part.downcast_ref::<CastExpr>().is_some();
        if whole || part.data_type(physical)? != DataType::Boolean {
            return Ok(Transformed::no(part));
        }
        Ok(match over_texts(&part, physical)? {
            Some(OverTexts { column, expr: test }) => {
                let tried = ByText { column, test, plain: Some(part), kept: Mutex::new(None) };
                Transformed::new(Arc::new(tried), true, TreeNodeRecursion::Jump)
            }
            None => Transformed::no(part),
        })
    });
    rewritten.data()
}

/// An expression that looks at one coded column and nothing else.
struct OverTexts {
    column: Arc<dyn PhysicalExpr>,
    /// The same over a batch of one column of texts.
    expr: Arc<dyn PhysicalExpr>,
}

/// None where an expression looks at other columns, also at the numbers, or is another for equal texts.
fn over_texts(part: &Arc<dyn PhysicalExpr>, physical: &Schema) -> Result<Option<OverTexts>> {
    let columns = collect_columns(part);
    let mut columns = columns.into_iter();
    let (Some(column), None) = (columns.next(), columns.next()) else { return Ok(None) };
    let coded = physical.fields().get(column.index()).is_some_and(|f| *f.data_type() == coded_type());
    if !coded || is_volatile(part) {
        return Ok(None);
    }
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
    Ok(plain.then(|| OverTexts { column: Arc::new(column), expr: test }))
}

/// A text that is made of one coded column, as numbers of a dictionary of what it is made to.
fn own_codes(text: &Arc<dyn PhysicalExpr>, physical: &Schema) -> Result<Option<Arc<dyn PhysicalExpr>>> {
    Ok(over_texts(text, physical)?.map(|OverTexts { column, expr: made }| {
        Arc::new(AsCodes::new(Arc::new(MadeOfText::new(column, made, Arc::clone(text))))) as _
    }))
}

/// What a condition said of each text of a dictionary.
#[derive(Debug)]
struct Tried {
    /// Kept, so that no other dictionary can come to lie at the same place.
    texts: ArrayRef,
    answers: Answers,
}

/// What is said of the texts of a dictionary.
#[derive(Clone, Debug)]
enum Answers {
    All(bool),
    /// By number: 1 for yes. A byte each is found faster than a bit.
    Some(Arc<[u8]>),
    /// Of one it is not known.
    Unknown,
}

impl Answers {
    fn new(answers: &BooleanArray) -> Self {
        match answers.values().count_set_bits() {
            _ if answers.null_count() > 0 => Self::Unknown,
            0 => Self::All(false),
            all if all == answers.len() => Self::All(true),
            _ => Self::Some(answers.values().iter().map(u8::from).collect()),
        }
    }
}

/// 1 for yes; a number that the dictionary does not have is a no.
fn answer(answers: &[u8], code: i32) -> u64 {
    let known = usize::try_from(code).ok().and_then(|code| answers.get(code));
    known.copied().map_or(0, u64::from)
}

/// For which numbers it is yes.
fn found(codes: &[i32], answers: &[u8]) -> BooleanBuffer {
    let answer = |code: i32| answer(answers, code);
    // The last first: so each is moved by one.
    let word = |codes: &[i32]| codes.iter().rev().fold(0_u64, |word, code| (word << 1) | answer(*code));
    let (whole, rest) = codes.as_chunks::<64>();
    let mut words: Vec<u64> = Vec::with_capacity(whole.len() + 1);
    words.extend(whole.iter().map(|codes| word(codes)));
    words.push(word(rest));
    BooleanBuffer::new(words.into(), 0, codes.len())
}

/// The same of some rows only; of the others it says no.
fn found_among(codes: &[i32], answers: &[u8], rows: &BooleanBuffer) -> BooleanBuffer {
    let mut words = vec![0_u64; codes.len().div_ceil(64)];
    for (row, code) in rows.set_indices().filter_map(|row| Some((row, codes.get(row)?))) {
        words[row / 64] |= answer(answers, *code) << (row % 64);
    }
    BooleanBuffer::new(words.into(), 0, codes.len())
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
        Ok(of_texts(&self.test, texts)?.as_boolean().clone())
    }

    /// The numbers, where their dictionary is worth trying whole.
    fn tried_whole(column: &ArrayRef) -> Option<&DictionaryArray<Int32Type>> {
        let worth = column.len().saturating_mul(TEXTS_PER_ROW);
        let coded = column.as_dictionary_opt::<Int32Type>();
        coded.filter(|coded| coded.null_count() == 0 && coded.values().len() <= worth)
    }

    fn answers(&self, texts: &ArrayRef) -> Result<Answers> {
        let mut kept = self.kept.lock();
        if let Some(tried) = kept.as_ref().filter(|tried| same(&tried.texts, texts)) {
            return Ok(tried.answers.clone());
        }
        let answers = Answers::new(&self.ask(texts)?);
        *kept = Some(Tried { texts: Arc::clone(texts), answers: answers.clone() });
        Ok(answers)
    }
}

/// An expression over a batch of one column, of these texts.
pub(super) fn of_texts(expr: &Arc<dyn PhysicalExpr>, texts: &ArrayRef) -> Result<ArrayRef> {
    let texts = cast(texts, &DataType::Utf8View)?;
    let rows = texts.len();
    let schema = Schema::new(vec![Field::new("text", DataType::Utf8View, true)]);
    let batch = RecordBatch::try_new(Arc::new(schema), vec![texts])?;
    expr.evaluate(&batch)?.into_array(rows)
}

/// Whether both are the same dictionary in memory.
pub(super) fn same(a: &ArrayRef, b: &ArrayRef) -> bool {
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
        let Some(coded) = Self::tried_whole(&column) else {
            return Ok(ColumnarValue::Array(Arc::new(self.ask(&column)?)));
        };
        let codes = coded.keys().values();
        let found = match self.answers(coded.values())? {
            Answers::Unknown => return Ok(ColumnarValue::Array(Arc::new(self.ask(&column)?))),
            Answers::All(true) => BooleanBuffer::new_set(codes.len()),
            Answers::All(false) => BooleanBuffer::new_unset(codes.len()),
            Answers::Some(answers) => found(codes, &answers),
        };
        Ok(ColumnarValue::Array(Arc::new(BooleanArray::new(found, None))))
    }

    fn evaluate_selection(&self, batch: &RecordBatch, selection: &BooleanArray) -> Result<ColumnarValue> {
        let column = self.column.evaluate(batch)?.into_array(batch.num_rows())?;
        if selection.null_count() == 0
            && let Some(coded) = Self::tried_whole(&column)
            && let Answers::Some(answers) = self.answers(coded.values())?
        {
            let found = found_among(coded.keys().values(), &answers, selection.values());
            return Ok(ColumnarValue::Array(Arc::new(BooleanArray::new(found, None))));
        }
        self.evaluate(batch)
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
