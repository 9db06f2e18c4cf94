//! Between the api and a query worker: frames over a Unix socket.
//!
//! The client sends one frame, a [`Request`] in JSON. The worker answers with frames of a kind
//! byte and a body: `S` schema, `R` rows, `T` statistics (the last of a good answer), `E` failure
//! (the last of a bad one). Where the rows are wanted as a file, bytes of it (`D`) come in their place. A
//! frame is preceded by its length, u32 little-endian. A client that does not read on holds the query
//! up; closing the socket cancels it.
//!
//! Tables that are views lie with the client. The worker opens a scan of one (`O`, [`Open`]) and asks for
//! each batch (`N`, the scan's number); the client answers with rows (`B`, [`encode_rows`]), with the end
//! (`Z`, the number) or with a failure (`X`, [`Broken`]). Nothing comes that was not asked for, so that
//! neither side ever has more of a table than a batch. So do files, uploads and
//! those of hosts outside: `F` ([`OpenFile`]) opens one, and `B` brings its bytes behind the number.

use std::io;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, RecordBatch, RecordBatchOptions, StringArray,
    TimestampMicrosecondArray,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use palisade_api::{ExportFormat, QueryFailure, QueryStats, ResultColumn, TextColumn, TextRows, ViewScan};
use palisade_kql::FunctionDef;
use palisade_schema::{ColumnType, TableSpec};
use palisade_types::{DeviceId, TenantId};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Largest frame, bytes.
pub const MAX_FRAME: usize = 64 << 20;

/// What a worker is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// Whose data; the api has checked it.
    pub tenant: TenantId,
    /// Rows of these devices only; of every device when absent.
    pub devices: Option<Vec<DeviceId>>,
    /// The query text.
    pub query: String,
    /// The stored functions that it calls.
    pub functions: Vec<FunctionDef>,
    /// The instant that `now()` means, microseconds UTC.
    pub now_us: i64,
    /// Most rows.
    pub row_cap: u64,
    /// Milliseconds it may take.
    pub deadline_ms: u64,
    /// Whether the client has the tables that are views.
    pub views: bool,
    /// As which kind of file the rows are wanted; as rows when absent.
    #[serde(default)]
    pub export: Option<ExportFormat>,
}

/// Begins a scan of a view.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Open {
    /// The scan's number, the worker's choice.
    pub scan: u32,
    /// What is read.
    pub what: ViewScan,
}

/// A file that a query reads.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedFile {
    /// An upload, by its name.
    Upload(String),
    /// A file of a host outside, by its address.
    External(String),
}

/// Begins to read a file, which is numbered like a scan.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OpenFile {
    /// The number, the worker's choice.
    pub scan: u32,
    /// What is read.
    pub file: NamedFile,
    /// Most bytes that it may have.
    pub max_bytes: u64,
}

/// A scan that broke off.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Broken {
    /// The scan's number.
    pub scan: u32,
    /// Why.
    pub failure: QueryFailure,
}

/// What ends a good answer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Statistics {
    /// What the query cost.
    pub stats: QueryStats,
    /// Whether the row cap cut it.
    pub truncated: bool,
}

/// One frame of an answer.
#[derive(Debug)]
pub enum Frame {
    /// The columns.
    Schema(Vec<ResultColumn>),
    /// Some rows, a JSON array of arrays.
    Rows(Vec<Vec<serde_json::Value>>),
    /// Bytes of a file.
    Data(Vec<u8>),
    /// Statistics; ends a good answer.
    Statistics(Statistics),
    /// Ends a bad one.
    Failure(QueryFailure),
    /// The worker begins to read a view.
    Open(Open),
    /// It begins to read a file.
    OpenFile(OpenFile),
    /// It asks for the next rows of a scan, or bytes of a file.
    Next(u32),
}

/// Sends one frame.
pub async fn send<W: AsyncWrite + Unpin>(w: &mut W, kind: u8, body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len() + 1).map_err(|_| io::Error::other("frame too large"))?;
    w.write_all(&length.to_le_bytes()).await?;
    w.write_all(&[kind]).await?;
    w.write_all(body).await?;
    w.flush().await
}

/// Receives one frame: its kind and body. `None` at the end of the stream.
pub async fn receive<R: AsyncRead + Unpin>(r: &mut R) -> io::Result<Option<(u8, Vec<u8>)>> {
    receive_within(r, MAX_FRAME).await
}

/// The same where a frame has at most so many bytes.
pub async fn receive_within<R: AsyncRead + Unpin>(
    r: &mut R,
    most: usize,
) -> io::Result<Option<(u8, Vec<u8>)>> {
    let mut length = [0u8; 4];
    match r.read_exact(&mut length).await {
        Ok(_) => {}
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(e) => return Err(e),
    }
    let length = u32::from_le_bytes(length) as usize;
    if length == 0 || length > most {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "frame length out of bounds"));
    }
    let mut body = vec![0u8; length];
    r.read_exact(&mut body).await?;
    let kind = body.remove(0);
    Ok(Some((kind, body)))
}

/// Reads a frame of an answer.
pub fn read_answer(kind: u8, body: Vec<u8>) -> io::Result<Frame> {
    Ok(match kind {
        b'S' => Frame::Schema(serde_json::from_slice(&body)?),
        b'R' => Frame::Rows(serde_json::from_slice(&body)?),
        b'D' => Frame::Data(body),
        b'T' => Frame::Statistics(serde_json::from_slice(&body)?),
        b'E' => Frame::Failure(serde_json::from_slice(&body)?),
        b'O' => Frame::Open(serde_json::from_slice(&body)?),
        b'F' => Frame::OpenFile(serde_json::from_slice(&body)?),
        b'N' => Frame::Next(scan_number(&body)?),
        _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "unknown kind of frame")),
    })
}

/// The number at the beginning of a frame about a scan.
pub fn scan_number(body: &[u8]) -> io::Result<u32> {
    let number = body.first_chunk::<4>().ok_or_else(|| invalid("a frame about no scan"))?;
    Ok(u32::from_le_bytes(*number))
}

fn invalid(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// A view's columns in Arrow's words, of all columns or of some: text, for JSON text that may be null, and
/// instants, truths and numbers that may be null.
pub fn view_schema(table: &TableSpec, columns: &[String]) -> io::Result<SchemaRef> {
    let field = |name: &String| {
        let column = table.column(name).ok_or_else(|| invalid(format!("there is no column {name}")))?;
        let json = column.kind == ColumnType::Dynamic;
        let field = match column.kind {
            ColumnType::Bool => Field::new(name, DataType::Boolean, true),
            ColumnType::Datetime => Field::new(name, instant(), true),
            ColumnType::Real => Field::new(name, DataType::Float64, true),
            _ => Field::new(name, DataType::Utf8, json),
        };
        let mark = json.then(|| ("kql".to_owned(), column.kind.to_string()));
        Ok(field.with_metadata(mark.into_iter().collect()))
    };
    let fields = columns.iter().map(field).collect::<io::Result<Vec<_>>>()?;
    Ok(Arc::new(Schema::new(fields)))
}

/// The type of an instant: microseconds, UTC.
fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// Cells that are instants, as microseconds since 1970; an empty one is null.
fn instants(column: &TextColumn) -> io::Result<ArrayRef> {
    let cells = column.iter().map(|cell| match cell {
        "" => Ok(None),
        text => text.parse::<i64>().map(Some).map_err(invalid),
    });
    let cells = cells.collect::<io::Result<Vec<_>>>()?;
    Ok(Arc::new(TimestampMicrosecondArray::from(cells).with_timezone("UTC")))
}

/// Cells that are true or false; an empty one is null.
fn truths(column: &TextColumn) -> io::Result<ArrayRef> {
    let cells = column.iter().map(|cell| match cell {
        "" => Ok(None),
        text => text.parse::<bool>().map(Some).map_err(invalid),
    });
    Ok(Arc::new(BooleanArray::from(cells.collect::<io::Result<Vec<_>>>()?)))
}

/// Cells that are numbers; an empty one is null.
fn numbers(column: &TextColumn) -> io::Result<ArrayRef> {
    let cells = column.iter().map(|cell| match cell {
        "" => Ok(None),
        text => text.parse::<f64>().map(Some).map_err(invalid),
    });
    Ok(Arc::new(Float64Array::from(cells.collect::<io::Result<Vec<_>>>()?)))
}

/// Rows of a scan as a frame's body: the scan, how many there are, and the columns as an Arrow stream,
/// unless there is none. An empty cell of a column that may be null is null.
pub fn encode_rows(scan: u32, schema: &SchemaRef, rows: TextRows) -> io::Result<Vec<u8>> {
    let mut body = scan.to_le_bytes().to_vec();
    body.extend_from_slice(&(rows.rows as u64).to_le_bytes());
    if schema.fields().is_empty() {
        return Ok(body);
    }
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(rows.columns.len());
    for (column, field) in rows.columns.into_iter().zip(schema.fields()) {
        match field.data_type() {
            DataType::Boolean => {
                columns.push(truths(&column)?);
                continue;
            }
            DataType::Timestamp(..) => {
                columns.push(instants(&column)?);
                continue;
            }
            DataType::Float64 => {
                columns.push(numbers(&column)?);
                continue;
            }
            _ => {}
        }
        let (text, ends) = column.into_parts();
        let mut offsets = Vec::with_capacity(ends.len() + 1);
        offsets.push(0i32);
        for end in ends {
            offsets.push(i32::try_from(end).map_err(invalid)?);
        }
        let nulls = field
            .is_nullable()
            .then(|| offsets.windows(2).map(|w| w[0] != w[1]).collect::<NullBuffer>())
            .filter(|n| n.null_count() > 0);
        // They rise, because each is where a longer text ends.
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        let text = Buffer::from_vec(text.into_bytes());
        columns.push(Arc::new(StringArray::try_new(offsets, text, nulls).map_err(invalid)?));
    }
    let batch = RecordBatch::try_new(Arc::clone(schema), columns).map_err(invalid)?;
    let mut writer = StreamWriter::try_new(&mut body, schema).map_err(invalid)?;
    writer.write(&batch).and_then(|()| writer.finish()).map_err(invalid)?;
    drop(writer);
    Ok(body)
}

/// What [`encode_rows`] made, behind the scan's number.
pub fn decode_rows(schema: &SchemaRef, body: &[u8]) -> io::Result<RecordBatch> {
    let (count, stream) =
        body.split_first_chunk::<8>().ok_or_else(|| invalid("rows without their number"))?;
    let rows = usize::try_from(u64::from_le_bytes(*count)).map_err(invalid)?;
    if schema.fields().is_empty() {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        return RecordBatch::try_new_with_options(Arc::clone(schema), Vec::new(), &options).map_err(invalid);
    }
    let mut reader = StreamReader::try_new(stream, None).map_err(invalid)?;
    let batch = reader.next().ok_or_else(|| invalid("an Arrow stream without rows"))?.map_err(invalid)?;
    if batch.num_rows() != rows || batch.schema().fields().len() != schema.fields().len() {
        return Err(invalid("rows of another shape than was asked for"));
    }
    RecordBatch::try_new(Arc::clone(schema), batch.columns().to_vec()).map_err(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_view_come_over_as_they_were() {
        let table = palisade_schema::table("ExposureGraphNodes").expect("declared");
        let names = ["NodeName", "EntityIds"].map(str::to_owned);
        let schema = view_schema(table, &names).expect("two columns");
        assert!(view_schema(table, &["Nothing".to_owned()]).is_err());
        let (mut text, mut json) = (TextColumn::default(), TextColumn::default());
        for (t, j) in [("", "[]"), ("ä", ""), ("b", "{}")] {
            text.push(t);
            json.push(j);
        }
        let body = encode_rows(7, &schema, TextRows { rows: 3, columns: vec![text, json] }).expect("encoded");
        assert_eq!(scan_number(&body).expect("a number"), 7);
        let batch = decode_rows(&schema, &body[4..]).expect("decoded");
        let cells = |at: usize| {
            let column = batch.column(at).as_any().downcast_ref::<StringArray>().expect("text");
            column.iter().map(|c| c.map(str::to_owned)).collect::<Vec<_>>()
        };
        assert_eq!(cells(0), [Some(String::new()), Some("ä".into()), Some("b".into())]);
        assert_eq!(cells(1), [Some("[]".into()), None, Some("{}".into())]);

        let none = view_schema(table, &[]).expect("no column");
        let counted = encode_rows(1, &none, TextRows { rows: 5_000_000, columns: vec![] }).expect("encoded");
        assert_eq!(decode_rows(&none, &counted[4..]).expect("decoded").num_rows(), 5_000_000);

        for bad in [&body[4..8], &body[4..40], &body[4..body.len() - 30]] {
            assert!(decode_rows(&schema, bad).is_err(), "{} bytes", bad.len());
        }
        assert!(decode_rows(&none, &[1, 2]).is_err() && scan_number(&[1, 2]).is_err());
        let other = view_schema(table, &["NodeName".to_owned()]).expect("one column");
        assert!(decode_rows(&other, &body[4..]).is_err());
    }

    #[test]
    fn instants_and_truths_come_over_typed() {
        let table = palisade_schema::table("DeviceTvmSoftwareVulnerabilitiesKB").expect("declared");
        let names = ["PublishedDate", "IsExploitAvailable"].map(str::to_owned);
        let schema = view_schema(table, &names).expect("two columns");
        let column = |cells: [&str; 2]| {
            let mut column = TextColumn::default();
            cells.iter().for_each(|c| column.push(c));
            column
        };
        let rows =
            |at: &str, is: &str| TextRows { rows: 2, columns: vec![column([at, ""]), column([is, ""])] };
        let body = encode_rows(1, &schema, rows("1700000000000000", "true")).expect("encoded");
        let batch = decode_rows(&schema, &body[4..]).expect("decoded");
        let at = batch.column(0).as_any().downcast_ref::<TimestampMicrosecondArray>().expect("instants");
        assert_eq!(at.iter().collect::<Vec<_>>(), [Some(1_700_000_000_000_000), None]);
        let is = batch.column(1).as_any().downcast_ref::<BooleanArray>().expect("truths");
        assert_eq!(is.iter().collect::<Vec<_>>(), [Some(true), None]);
        assert!(encode_rows(1, &schema, rows("yesterday", "true")).is_err());
        assert!(encode_rows(1, &schema, rows("1", "maybe")).is_err());
    }

    #[test]
    fn numbers_come_over_typed() {
        let table = palisade_schema::table("DeviceTvmSecureConfigurationAssessmentKB").expect("declared");
        let schema = view_schema(table, &["ConfigurationImpact".to_owned()]).expect("a column");
        let rows = |cells: [&str; 2]| {
            let mut column = TextColumn::default();
            cells.iter().for_each(|c| column.push(c));
            TextRows { rows: 2, columns: vec![column] }
        };
        let body = encode_rows(1, &schema, rows(["5.5", ""])).expect("encoded");
        let batch = decode_rows(&schema, &body[4..]).expect("decoded");
        let cells = batch.column(0).as_any().downcast_ref::<Float64Array>().expect("numbers");
        assert_eq!(cells.iter().collect::<Vec<_>>(), [Some(5.5), None]);
        assert!(encode_rows(1, &schema, rows(["much", ""])).is_err());
    }

    #[tokio::test]
    async fn frames_round_trip_and_bad_lengths_are_refused() {
        let mut wire = Vec::new();
        send(&mut wire, b'R', b"[[1]]").await.unwrap();
        let (kind, body) = receive(&mut wire.as_slice()).await.unwrap().unwrap();
        let frame = read_answer(kind, body.clone()).unwrap();
        assert!(matches!(frame, Frame::Rows(rows) if rows == [[serde_json::json!(1)]]));
        assert!(matches!(read_answer(b'D', body.clone()), Ok(Frame::Data(bytes)) if bytes == body));
        assert!(read_answer(b'X', body).is_err() && read_answer(b'R', b"[[1".to_vec()).is_err());
        assert!(receive(&mut [].as_slice()).await.unwrap().is_none());
        assert!(receive(&mut u32::MAX.to_le_bytes().as_slice()).await.is_err());
        assert!(receive(&mut [9, 0, 0, 0, 1].as_slice()).await.is_err());
    }
}
