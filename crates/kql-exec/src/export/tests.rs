use std::sync::Arc;

use arrow::array::{Array, AsArray, StringArray};
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use palisade_kql::MemoryCatalogue;

use super::*;
use crate::{LocalExecutor, MemoryTables, QueryContext, QueryExecutor};

/// A file of a query's rows as it comes, piece by piece; and the longest piece.
async fn file(format: FileFormat, query: &str) -> (Vec<u8>, usize) {
    let program = palisade_kql::compile(query, &MemoryCatalogue::new(), 1_800_000_000_000_000).unwrap();
    let executor = LocalExecutor::new(Arc::new(MemoryTables::new())).with_partitions(2);
    let context = QueryContext { row_cap: 10_000_000, ..QueryContext::default() };
    let mut stream = executor.execute(program, context).await.unwrap();
    let mut encoder = FileEncoder::new(format, stream.schema()).unwrap();
    let (mut out, mut longest) = (Vec::new(), 0);
    while let Some(batch) = futures::StreamExt::next(&mut stream).await {
        for piece in FileEncoder::pieces(&batch.unwrap()) {
            encoder.write(&piece).unwrap();
            if let Some(bytes) = encoder.take() {
                longest = longest.max(bytes.len());
                out.extend(bytes);
            }
        }
    }
    out.extend(encoder.finish().unwrap());
    (out, longest)
}

const TYPES: &str = "print b = true, i = int(7), l = 9007199254740993, r = 1.5, nan = real(nan), \
    s = 'a \"b\",\\n=1+1', t = datetime(2026-01-02 03:04:05.678901), d = 1d + 1h, m = decimal(1.50), \
    j = dynamic({\"k\": [1, \"x\"]}), js = dynamic('plain'), n = long(null), e = ''";

#[tokio::test]
async fn each_type_is_written_as_the_service_shows_it() {
    let (csv, _) = file(FileFormat::Csv, TYPES).await;
    assert_eq!(
        String::from_utf8(csv).unwrap(),
        "b,i,l,r,nan,s,t,d,m,j,js,n,e\r\n\
         true,7,9007199254740993,1.5,NaN,\"a \"\"b\"\",\n=1+1\",2026-01-02T03:04:05.678901Z,1.01:00:00,1.5,\
         \"{\"\"k\"\":[1,\"\"x\"\"]}\",plain,,\r\n"
    );
    let object = "{\"b\":true,\"i\":7,\"l\":9007199254740993,\"r\":1.5,\"nan\":\"NaN\",\"s\":\"a \\\"b\\\",\\n=1+1\",\
        \"t\":\"2026-01-02T03:04:05.678901Z\",\"d\":\"1.01:00:00\",\"m\":\"1.5\",\"j\":{\"k\":[1,\"x\"]},\
        \"js\":\"plain\",\"n\":null,\"e\":\"\"}";
    let (jsonl, _) = file(FileFormat::Jsonl, TYPES).await;
    assert_eq!(String::from_utf8(jsonl).unwrap(), format!("{object}\n"));
    let (json, _) = file(FileFormat::Json, TYPES).await;
    assert_eq!(String::from_utf8(json).unwrap(), format!("[\n{object}\n]\n"));
}

#[tokio::test]
async fn parquet_keeps_types_and_has_the_rest_as_text() {
    let (bytes, _) = file(FileFormat::Parquet, TYPES).await;
    let mut reader =
        ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap().build().unwrap();
    let batch = reader.next().unwrap().unwrap();
    assert!(reader.next().is_none());
    let kinds: Vec<String> =
        batch.schema().fields().iter().map(|f| format!("{} {}", f.name(), f.data_type())).collect();
    assert_eq!(
        kinds,
        [
            "b Boolean",
            "i Int32",
            "l Int64",
            "r Float64",
            "nan Float64",
            "s Utf8",
            "t Timestamp(µs, \"UTC\")",
            "d Utf8",
            "m Utf8",
            "j Utf8",
            "js Utf8",
            "n Int64",
            "e Utf8"
        ]
    );
    let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().value(0).to_owned();
    assert_eq!(
        [text("d"), text("m"), text("j"), text("js")],
        ["1.01:00:00", "1.5", "{\"k\":[1,\"x\"]}", "\"plain\""]
    );
    assert!(batch.column_by_name("n").unwrap().is_null(0) && !batch.column_by_name("e").unwrap().is_null(0));
}

#[tokio::test]
async fn files_without_rows_are_whole() {
    let none = "range x from 1 to 10 step 1 | where x > 10";
    assert_eq!(file(FileFormat::Csv, none).await.0, b"x\r\n");
    assert_eq!(file(FileFormat::Json, none).await.0, b"[]\n");
    assert_eq!(file(FileFormat::Jsonl, none).await.0, b"");
    let (bytes, _) = file(FileFormat::Parquet, none).await;
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap();
    assert_eq!(builder.metadata().file_metadata().num_rows(), 0);
}

#[tokio::test]
async fn a_lone_empty_field_is_no_empty_line() {
    let query = "datatable(s: string) ['a', '', 'c']";
    assert_eq!(file(FileFormat::Csv, query).await.0, b"s\r\na\r\n\"\"\r\nc\r\n");
}

#[tokio::test]
async fn a_long_file_comes_in_short_pieces() {
    let query = "range x from 1 to 300000 step 1 | extend s = strcat('row number ', x)";
    for format in [FileFormat::Csv, FileFormat::Json, FileFormat::Jsonl] {
        let (bytes, longest) = file(format, query).await;
        assert_eq!(bytes.iter().filter(|b| **b == b'\n').count() as u64, 300_000 + lines_around(format));
        assert!((WORTH_SENDING..WORTH_SENDING * 2).contains(&longest), "{longest}");
    }
    let (bytes, longest) = file(FileFormat::Parquet, query).await;
    assert!(longest > 0 && longest < 2 * GROUP_BOUND, "{longest}");
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap();
    assert!(reader.metadata().num_row_groups() > 1);
    let texts: usize = reader
        .build()
        .unwrap()
        .map(|b| {
            b.unwrap().column(1).as_any().downcast_ref::<StringArray>().unwrap().iter().flatten().count()
        })
        .sum();
    assert_eq!(texts, 300_000);
}

/// Bytes of a row group, with its directory.
const GROUP_BOUND: usize = 9 << 20;

fn lines_around(format: FileFormat) -> u64 {
    match format {
        FileFormat::Csv => 1,
        // Each row but the first begins on a line of its own, and the brackets have two.
        FileFormat::Json => 2,
        _ => 0,
    }
}
