//! `externaldata`: formats, bounds, refusals.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use palisade_kql::MemoryCatalogue;
use palisade_kql_exec::{LocalExecutor, MemoryTables, QueryContext, QueryExecutor, Uploads, json_rows};
use serde_json::{Value as Json, json};

use super::run_plain;

fn uploads(files: &[(&str, &[u8])]) -> Uploads {
    let mut uploads = Uploads::new();
    for (name, bytes) in files {
        uploads.add(*name, bytes.to_vec());
    }
    uploads
}

async fn read(text: &str, files: &[(&str, &[u8])]) -> Result<Vec<Vec<Json>>, (&'static str, String)> {
    let program = palisade_kql::compile(text, &MemoryCatalogue::new(), super::NOW).expect("it compiles");
    let executor = LocalExecutor::new(Arc::new(MemoryTables::new()))
        .with_partitions(2)
        .with_external(Arc::new(uploads(files)));
    let mut stream =
        executor.execute(program, QueryContext::default()).await.map_err(|e| (e.code(), e.to_string()))?;
    let batches = stream.read_all().await.map_err(|e| (e.code(), e.to_string()))?;
    let schema = stream.schema().clone();
    Ok(batches.iter().flat_map(|b| json_rows(b, &schema)).collect())
}

#[tokio::test]
async fn without_a_source_every_host_is_refused_by_name() {
    let text = "externaldata(a: string)['https://Lists.example.com/a.csv?sig=secret'] | take 1";
    let (code, message) = run_plain(text).await.err().unwrap();
    assert_eq!(code, "external_refused");
    assert!(message.contains("lists.example.com may not be read"), "{message}");
    assert!(!message.contains("secret"), "{message}");
    // Uploads do not open the network.
    assert_eq!(read(text, &[]).await.unwrap_err().0, "external_refused");
    assert_eq!(read("externaldata(a: string)['nothing.csv']", &[]).await.unwrap_err().0, "external_missing");
}

#[tokio::test]
async fn delimited_formats() {
    let csv = b"\xef\xbb\xbfname,score,when,more\r\n\"a, b\",1,2024-02-03,\"{\"\"x\"\":1}\"\nplain,wrong,,text\n\nshort\n";
    let text = "externaldata(name: string, score: long, when: datetime, more: dynamic)['list.csv'] \
        with (ignoreFirstRecord=true) | extend x = more.x";
    let rows = read(text, &[("list.csv", csv)]).await.unwrap();
    assert_eq!(
        rows,
        [
            vec![json!("a, b"), json!(1), json!("2024-02-03T00:00:00.000000Z"), json!({"x": 1}), json!(1)],
            vec![json!("plain"), Json::Null, Json::Null, json!("text"), Json::Null],
            vec![json!("short"), Json::Null, Json::Null, Json::Null, Json::Null],
        ]
    );
    for (format, content) in
        [("tsv", "a\tb"), ("psv", "a|b"), ("scsv", "a;b"), ("sohsv", "a\u{1}b"), ("tsve", "a\tb")]
    {
        let text = format!("externaldata(x: string, y: string)['f'] with (format='{format}')");
        assert_eq!(
            read(&text, &[("f", content.as_bytes())]).await.unwrap(),
            [vec![json!("a"), json!("b")]],
            "{format}"
        );
    }
    let files: [(&str, &[u8]); 2] = [("a.txt", b"one,two\nthree"), ("b.txt", b"four")];
    let text = "externaldata(line: string)['a.txt', 'b.txt']";
    let lines = read(text, &files).await.unwrap();
    assert_eq!(lines, [[json!("one,two")], [json!("three")], [json!("four")]]);
    let raw = read("externaldata(all: string)['a.txt'] with (format=raw)", &files).await.unwrap();
    assert_eq!(raw, [[json!("one,two\nthree")]]);
}

#[tokio::test]
async fn json_in_lines_arrays_and_by_path() {
    let lines = br#"{"a": 1, "b": {"c": "x"}, "d": [1]} {"a": "2"}
        {"b": 3}"#;
    let text = "externaldata(a: long, b: string, d: dynamic)['f.json']";
    let rows = read(text, &[("f.json", lines)]).await.unwrap();
    assert_eq!(
        rows,
        [
            vec![json!(1), json!("{\"c\":\"x\"}"), json!([1])],
            vec![json!(2), json!(""), Json::Null],
            vec![Json::Null, json!("3"), Json::Null],
        ]
    );
    let array = br#" [{"a": {"b": [7, 8]}}, {"a": null}]"#;
    let text = "externaldata(n: long)['x'] with (format='multijson', \
        ingestionMapping='[{\"Column\":\"n\",\"Properties\":{\"Path\":\"$.a.b[1]\"}}]')";
    assert_eq!(read(text, &[("x", array)]).await.unwrap(), [[json!(8)], [Json::Null]]);
    assert_eq!(read(text, &[("x", b"[{\"a\": 1}, oops")]).await.unwrap_err().0, "data_unreadable");
    let deep = "[".repeat(100_000);
    assert_eq!(read(text, &[("x", deep.as_bytes())]).await.unwrap_err().0, "data_unreadable");
}

#[tokio::test]
async fn gzip_and_its_bombs() {
    let zipped = |plain: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    };
    let file = zipped(b"a\nb");
    let rows = read("externaldata(x: string)['f.txt.gz'] | count", &[("f.txt.gz", &file)]).await.unwrap();
    assert_eq!(rows, [[json!(2)]]);
    let bomb = zipped(&vec![b'\n'; (128 << 20) + 1]);
    let failure =
        read("externaldata(x: string)['f.txt.gz'] | count", &[("f.txt.gz", &bomb)]).await.unwrap_err();
    assert_eq!(failure.0, "query_limit");
    let torn =
        read("externaldata(x: string)['f.gz']", &[("f.gz", &file[..file.len() / 2])]).await.unwrap_err();
    assert_eq!(torn.0, "data_unreadable");
}

#[tokio::test]
async fn rows_and_bytes_are_bounded() {
    let many = "x\n".repeat(5_000_001);
    let failure = read("externaldata(x: string)['f.txt'] | count", &[("f.txt", many.as_bytes())]).await;
    assert_eq!(failure.unwrap_err().0, "query_limit");
    // All files together count.
    let half = vec![b'x'; 40 << 20];
    let text = "externaldata(x: string)['a.txt', 'b.txt'] | count";
    let failure = read(text, &[("a.txt", &half), ("b.txt", &half)]).await.unwrap_err();
    assert_eq!(failure.0, "query_limit");
}

#[tokio::test]
async fn parquet_by_name() {
    let columns: [(&str, ArrayRef); 4] = [
        ("n", Arc::new(Int64Array::from(vec![Some(1), None]))),
        ("text", Arc::new(StringArray::from(vec![Some("a"), None]))),
        ("when", Arc::new(TimestampMillisecondArray::from(vec![Some(1_700_000_000_000), None]))),
        ("more", Arc::new(StringArray::from(vec!["{\"a\":[2]}", "plain"]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut file = Vec::new();
    let mut writer =
        datafusion::parquet::arrow::ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let text =
        "externaldata(text: string, n: real, when: datetime, more: dynamic, absent: string)['f.parquet']";
    let rows = read(text, &[("f.parquet", &file)]).await.unwrap();
    assert_eq!(
        rows,
        [
            vec![json!("a"), json!(1.0), json!("2023-11-14T22:13:20.000000Z"), json!({"a": [2]}), json!("")],
            vec![json!(""), Json::Null, Json::Null, json!("plain"), json!("")],
        ]
    );
    assert_eq!(read(text, &[("f.parquet", b"PAR1 no")]).await.unwrap_err().0, "data_unreadable");
}

#[tokio::test]
async fn lists_from_outside_filter_and_join() {
    let files: [(&str, &[u8]); 1] = [("bad.txt", b"evil.example\nworse.example")];
    let text = "let bad = externaldata(host: string)['bad.txt']; \
        datatable(url: string, n: long)['http://evil.example/x', 1, 'http://fine.example', 2] \
        | where url has_any (bad) or n in ((bad | project strlen(host))) | project n";
    assert_eq!(read(text, &files).await.unwrap(), [[json!(1)]]);
    let text = "let bad = externaldata(host: string)['bad.txt']; bad | join kind=inner bad on host | count";
    assert_eq!(read(text, &files).await.unwrap(), [[json!(2)]]);
}
