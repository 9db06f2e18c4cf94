//! Rows as a Parquet file in memory, with the statistics that go into the Delta log.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{self, SortColumn, concat_batches, lexsort_to_indices, take_record_batch};
use arrow::datatypes::{DataType, Int64Type, SchemaRef, TimeUnit, TimestampMicrosecondType};
use palisade_types::TimeMicros;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::columns::{INGEST_TIME, STATISTICS};
use crate::error::LakeError;
use crate::terms::{BLOCK_ROWS, Indexer};

/// Microseconds in a day.
const DAY_US: i64 = 86_400_000_000;

/// Rows of a page, so that the page index can skip what a filter on device and time excludes.
const PAGE_ROWS: usize = BLOCK_ROWS;

/// Rows of a row group.
const GROUP_ROWS: usize = 256 << 10;

/// A column with no more new text in a row than this is left as it is packed: as numbers, of a dictionary mostly.
/// Compressed, a file would be a tenth smaller, and slower to read.
const PACKED: usize = 2;

/// With more than this a dictionary is full before a row group is, and would only have to be read besides.
const OWN_TEXT: usize = 8;

/// Bytes of a text that is longer than names and identifiers mostly are.
const LONG: usize = 32;

/// A file that is not in the lake yet.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) bytes: Vec<u8>,
    pub(crate) rows: u64,
    /// The Delta log's `stats`.
    pub(crate) stats: String,
}

/// How rows like these are written.
fn properties(rows: &RecordBatch) -> WriterProperties {
    let mut p = WriterProperties::builder()
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by(format!("palisade-lake {}", env!("CARGO_PKG_VERSION")));
    for name in STATISTICS {
        p = p.set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::Page);
    }
    for (field, column) in rows.schema_ref().fields().iter().zip(rows.columns()) {
        let path = ColumnPath::from(field.name().as_str());
        let new = new_text(column);
        if new > OWN_TEXT {
            p = p.set_column_dictionary_enabled(path.clone(), false);
        }
        let codec =
            if new > PACKED || long_text(column) { Compression::LZ4_RAW } else { Compression::UNCOMPRESSED };
        p = p.set_column_compression(path, codec);
    }
    // Rising numbers: their differences take less room than a dictionary.
    for name in ["ReportId", INGEST_TIME] {
        p = p
            .set_column_dictionary_enabled(ColumnPath::from(name), false)
            .set_column_encoding(ColumnPath::from(name), Encoding::DELTA_BINARY_PACKED);
    }
    // Nearly every query reads it, and differences would have to be added up.
    p = p
        .set_column_dictionary_enabled(ColumnPath::from("Timestamp"), false)
        .set_column_encoding(ColumnPath::from("Timestamp"), Encoding::PLAIN);
    p.build()
}

/// Bytes of text that a row of a column brings which no row before had; 0 where it has no texts.
fn new_text(column: &ArrayRef) -> usize {
    let Some(texts) = column.as_string_opt::<i32>() else { return 0 };
    let mut seen = HashSet::new();
    let half = texts.len().min(PAGE_ROWS) / 2;
    seen.extend(texts.iter().take(half).flatten());
    let new = texts.iter().skip(half).take(half).flatten().filter(|text| seen.insert(*text));
    new.map(str::len).sum::<usize>().checked_div(half).unwrap_or(0)
}

/// Whether a column has long texts of different lengths, such as command lines. The first rows are of one machine
/// perhaps, and that it repeats itself says nothing of the others.
fn long_text(column: &ArrayRef) -> bool {
    let Some(texts) = column.as_string_opt::<i32>() else { return false };
    let lengths = || texts.iter().take(PAGE_ROWS).flatten().map(str::len).filter(|length| *length > 0);
    let rows = lengths().count();
    lengths().sum::<usize>() > LONG * rows && lengths().min() != lengths().max()
}

/// Writes batches one after the other, gathering the statistics of the whole.
pub(crate) struct Encoder {
    schema: SchemaRef,
    /// Made for the first rows.
    writer: Option<ArrowWriter<Vec<u8>>>,
    ranges: Ranges,
    terms: Option<Indexer>,
    rows: u64,
}

impl Encoder {
    pub(crate) fn new(schema: &SchemaRef) -> Self {
        let schema = Arc::clone(schema);
        Self { schema, writer: None, ranges: Ranges::default(), terms: None, rows: 0 }
    }

    /// The writer of a file that begins with these rows.
    fn writer(&self, rows: &RecordBatch) -> Result<ArrowWriter<Vec<u8>>, LakeError> {
        // The Arrow schema in each file would be larger than a small file's rows, and the table has it.
        let options =
            ArrowWriterOptions::new().with_properties(properties(rows)).with_skip_arrow_metadata(true);
        Ok(ArrowWriter::try_new_with_options(Vec::new(), Arc::clone(&self.schema), options)?)
    }

    /// The same with an index of terms; for files that stay.
    pub(crate) fn indexed(self) -> Self {
        Self { terms: Some(Indexer::new()), ..self }
    }

    pub(crate) fn push(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        let mut writer = match self.writer.take() {
            Some(writer) => writer,
            None => self.writer(batch)?,
        };
        writer.write(batch)?;
        self.writer = Some(writer);
        self.ranges.add(batch);
        if let Some(terms) = &mut self.terms {
            terms.add(batch);
        }
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<Encoded, LakeError> {
        let stats = self.ranges.json(self.rows);
        let writer = match self.writer {
            Some(writer) => writer,
            None => self.writer(&RecordBatch::new_empty(Arc::clone(&self.schema)))?,
        };
        let mut bytes = writer.into_inner()?;
        if let Some(terms) = self.terms {
            bytes = terms.finish(bytes).map_err(|e| LakeError::Task(format!("the index of terms: {e}")))?;
        }
        Ok(Encoded { bytes, rows: self.rows, stats })
    }
}

/// Lowest and highest value of each column with statistics.
#[derive(Debug, Default)]
struct Ranges {
    instants: [Option<(i64, i64)>; 2],
    report: Option<(i64, i64)>,
    device: Option<(String, String)>,
    nulls: [u64; 4],
}

fn widen(range: &mut Option<(i64, i64)>, found: Option<(i64, i64)>) {
    if let Some((low, high)) = found {
        *range = Some(range.map_or((low, high), |(l, h)| (l.min(low), h.max(high))));
    }
}

impl Ranges {
    fn add(&mut self, batch: &RecordBatch) {
        for (i, name) in STATISTICS.iter().enumerate() {
            self.nulls[i] += batch.column_by_name(name).map_or(0, |c| c.null_count() as u64);
        }
        let instant = |name: &str| -> Option<(i64, i64)> {
            let c = batch.column_by_name(name)?.as_primitive_opt::<TimestampMicrosecondType>()?;
            Some((compute::min(c)?, compute::max(c)?))
        };
        widen(&mut self.instants[0], instant("Timestamp"));
        widen(&mut self.instants[1], instant(INGEST_TIME));
        let report = batch.column_by_name("ReportId").and_then(|c| {
            let c = c.as_primitive_opt::<Int64Type>()?;
            Some((compute::min(c)?, compute::max(c)?))
        });
        widen(&mut self.report, report);
        let device = batch.column_by_name("DeviceId").and_then(|c| {
            let c = c.as_string_opt::<i32>()?;
            Some((compute::min_string(c)?.to_owned(), compute::max_string(c)?.to_owned()))
        });
        if let Some((low, high)) = device {
            self.device = Some(match self.device.take() {
                Some((l, h)) => (l.min(low), h.max(high)),
                None => (low, high),
            });
        }
    }

    /// Statistics by the Delta protocol. A range that RFC 3339 cannot write is left out: then
    /// readers do not prune, which is right.
    fn json(&self, rows: u64) -> String {
        let mut low = serde_json::Map::new();
        let mut high = serde_json::Map::new();
        for (name, range) in [(STATISTICS[0], self.instants[0]), (STATISTICS[3], self.instants[1])] {
            if let Some((l, h)) = range
                && let (Some(l), Some(h)) = (rfc3339(l), rfc3339(h))
            {
                low.insert(name.into(), l.into());
                high.insert(name.into(), h.into());
            }
        }
        if let Some((l, h)) = &self.device {
            low.insert(STATISTICS[1].into(), l.as_str().into());
            high.insert(STATISTICS[1].into(), h.as_str().into());
        }
        if let Some((l, h)) = self.report {
            low.insert(STATISTICS[2].into(), l.into());
            high.insert(STATISTICS[2].into(), h.into());
        }
        let nulls: serde_json::Map<String, serde_json::Value> =
            STATISTICS.iter().zip(self.nulls).map(|(n, c)| ((*n).to_owned(), c.into())).collect();
        serde_json::json!({ "numRecords": rows, "minValues": low, "maxValues": high, "nullCount": nulls })
            .to_string()
    }
}

fn rfc3339(us: i64) -> Option<String> {
    let text = TimeMicros(us).to_rfc3339();
    // Years beyond four digits and clamped instants are not what other readers expect.
    (text.len() == 27 && text.parse() == Ok(TimeMicros(us))).then_some(text)
}

/// The day number since 1970 of an instant.
pub(crate) fn day_of(us: i64) -> i64 {
    us.div_euclid(DAY_US)
}

/// A day as the partition writes it, such as `2026-11-23`.
pub(crate) fn day_text(day: i64) -> String {
    TimeMicros(day.saturating_mul(DAY_US)).to_rfc3339().chars().take_while(|c| *c != 'T').collect()
}

/// Rows by ingest day, each sorted by device and time.
pub(crate) fn sorted_by_day(
    schema: &SchemaRef,
    batches: &[RecordBatch],
) -> Result<Vec<(i64, RecordBatch)>, LakeError> {
    let all = concat_batches(schema, batches)?;
    if all.num_rows() == 0 {
        return Ok(Vec::new());
    }
    let days = days(&all)?;
    let distinct: BTreeSet<i64> = days.iter().copied().collect();
    let mut out = Vec::new();
    for day in &distinct {
        let part = if distinct.len() == 1 {
            all.clone()
        } else {
            let keep: arrow::array::BooleanArray = days.iter().map(|d| Some(d == day)).collect();
            compute::filter_record_batch(&all, &keep)?
        };
        out.push((*day, sorted(&part)?));
    }
    Ok(out)
}

fn days(batch: &RecordBatch) -> Result<Vec<i64>, LakeError> {
    let column = column(batch, INGEST_TIME)?;
    let column = compute::cast(column, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
    Ok(column.as_primitive::<TimestampMicrosecondType>().values().iter().map(|us| day_of(*us)).collect())
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, LakeError> {
    batch.column_by_name(name).ok_or_else(|| LakeError::Task(format!("rows without {name}")))
}

/// Rows in the order of device and time.
pub(crate) fn sorted(batch: &RecordBatch) -> Result<RecordBatch, LakeError> {
    let by = |name| column(batch, name).map(|c| SortColumn { values: Arc::clone(c), options: None });
    let order = lexsort_to_indices(&[by("DeviceId")?, by("Timestamp")?], None)?;
    Ok(take_record_batch(batch, &order)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_long_or_go_on_being_others_are_told_from_names() {
        let column = |text: &dyn Fn(usize) -> String| -> ArrayRef {
            Arc::new(arrow::array::StringArray::from_iter_values((0..8192).map(text)))
        };
        let names = column(&|n| format!("program{}", n % 300));
        let hashes = column(&|n| format!("{:064x}", n % 300));
        let lines = column(&|n| format!("/usr/bin/program --with-an-option={n} --and-another"));
        let same = column(&|n| "/usr/bin/program --of one machine --and again".repeat(1 + n % 2));
        let said = |c: &ArrayRef| (new_text(c) > PACKED, new_text(c) > OWN_TEXT, long_text(c));
        assert_eq!(said(&names), (false, false, false));
        assert_eq!(said(&hashes), (false, false, false));
        assert_eq!(said(&lines), (true, true, true));
        assert_eq!(said(&same), (false, false, true));
        let none: ArrayRef = Arc::new(arrow::array::Int64Array::from(vec![1]));
        assert_eq!(said(&none), (false, false, false));
        assert_eq!(said(&column(&|_| String::new())), (false, false, false));
    }

    #[test]
    fn days_are_written_as_dates() {
        assert_eq!(day_text(day_of(1_700_000_000_000_001)), "2023-11-14");
        assert_eq!(day_text(day_of(-1)), "1969-12-31");
        assert_eq!(rfc3339(i64::MAX), None);
        assert_eq!(rfc3339(1_700_000_000_000_001).as_deref(), Some("2023-11-14T22:13:20.000001Z"));
    }
}
