//! Lines of queries, and files as tables.

use std::io::{BufReader, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::{
    ArrayRef, BinaryArray, Date32Array, DurationSecondArray, FixedSizeBinaryArray, Int16Array, ListArray,
    RecordBatch, StringArray, StructArray, TimestampNanosecondArray, UInt64Array,
};
use datafusion::arrow::datatypes::{DataType, Field, Int64Type};
use palisade_kql_exec::files;
use palisade_kql_exec::run::{RunCounts, RunOptions, RunTables, run};
use serde_json::{Value as Json, json};

async fn answers(input: String, tables: RunTables, options: RunOptions) -> (RunCounts, Vec<Json>) {
    let mut out = Vec::new();
    let counts = run(std::io::Cursor::new(input), &mut out, tables, options).await.unwrap();
    let lines = String::from_utf8(out).unwrap();
    (counts, lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect())
}

fn asked(queries: &[&str]) -> String {
    let line = |(id, query): (usize, &&str)| json!({"id": id, "query": query}).to_string();
    queries.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_has_its_answer_in_its_place() {
    let input = [
        json!({"id": "a", "query": "range x from 1 to 3000000 step 1 | summarize n = count(), s = sum(x)"}).to_string(),
        json!({"id": 2, "query": "print a = 1, b = 'x', c = datetime(2026-01-02), d = 1d, e = dynamic({\"k\":[1]}), f = real(nan)", "more": 1}).to_string(),
        String::new(),
        "no json".to_owned(),
        json!({"id": [3], "query": 4}).to_string(),
        json!({"id": "b", "query": "print 1\n| wher x"}).to_string(),
        json!({"id": "c", "query": "print x = '(' | where 'a' matches regex x"}).to_string(),
        "7".to_owned(),
        format!("{{\"id\":\"long\",\"query\":\"{}\"}}", "x".repeat(5 * 1024 * 1024)),
        json!({"query": "print 5"}).to_string(),
    ]
    .join("\n");
    let (counts, said) = answers(input, files::none(), RunOptions::default()).await;
    assert_eq!(said.len(), 9);
    assert_eq!(
        said[0],
        json!({"id": "a", "ok": true, "columns": [{"name": "n", "type": "long"}, {"name": "s", "type": "long"}],
            "rows": [[3_000_000, 4_500_001_500_000_i64]], "truncated": false})
    );
    assert_eq!(
        said[1]["rows"],
        json!([[1, "x", "2026-01-02T00:00:00.000000Z", "1.00:00:00", {"k": [1]}, "NaN"]])
    );
    assert_eq!((&said[2]["id"], &said[2]["error"]["code"]), (&Json::Null, &json!("invalid_line")));
    assert!(said[2]["error"]["message"].as_str().unwrap().starts_with("line 4 "));
    assert_eq!((&said[3]["id"], &said[3]["error"]["code"]), (&json!([3]), &json!("invalid_line")));
    assert_eq!((&said[4]["id"], &said[4]["ok"]), (&json!("b"), &json!(false)));
    assert_eq!((&said[4]["error"]["line"], &said[4]["error"]["column"]), (&json!(2), &json!(3)));
    assert!(said[5]["error"].is_object() || said[5]["ok"] == true);
    assert_eq!(said[6]["error"]["code"], "invalid_line");
    assert_eq!((&said[7]["id"], &said[7]["error"]["code"]), (&Json::Null, &json!("line_too_long")));
    assert_eq!((&said[8]["id"], &said[8]["rows"]), (&Json::Null, &json!([[5]])));
    assert_eq!(counts.ok + counts.failed, 9);
    assert_eq!(counts.failed, said.iter().filter(|a| a["ok"] == false).count() as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_hold_for_each_query_alone() {
    let options = RunOptions {
        deadline: Duration::from_millis(700),
        row_cap: 3,
        memory_limit: 32 * 1024 * 1024,
        answer_limit: 1000,
        ..RunOptions::default()
    };
    let (_, said) = answers(
        asked(&[
            "range x from 1 to 2000000 step 1 | extend k = 1 | join kind=inner (range y from 1 to 2000000 step 1 | extend k = 1) on k | where x + y < 0 | count",
            "range x from 1 to 10 step 1 | sort by x asc",
            "range x from 1 to 40000000 step 1 | sort by x desc | take 1",
            "print strrep('x', 900), strrep('y', 900)",
            "print 1",
        ]),
        files::none(),
        options,
    )
    .await;
    let code = |at: usize| said[at]["error"]["code"].as_str().unwrap_or("none").to_owned();
    assert!(["query_timeout", "query_memory"].contains(&code(0).as_str()), "{}", code(0));
    assert_eq!((&said[1]["rows"], &said[1]["truncated"]), (&json!([[1], [2], [3]]), &json!(true)));
    assert!(["query_timeout", "query_memory", "query_limit"].contains(&code(2).as_str()), "{}", said[2]);
    assert_eq!(code(3), "query_limit");
    assert_eq!(said[4]["rows"], json!([[1]]));
}

/// A reader that gives a second line once the answer to the first one was written.
struct Dialogue(std::sync::mpsc::Receiver<Vec<u8>>);

impl Read for Dialogue {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let line = self.0.recv().unwrap_or_default();
        buffer[..line.len()].copy_from_slice(&line);
        Ok(line.len())
    }
}

struct Other(std::sync::mpsc::SyncSender<Vec<u8>>, u32);

impl Write for Other {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        if text == b"\n" {
            self.1 += 1;
            let next = if self.1 < 3 {
                format!("{{\"id\":{},\"query\":\"print 1\"}}\n", self.1)
            } else {
                String::new()
            };
            self.0.send(next.into_bytes()).unwrap();
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_an_answer_before_asking_again_gets_it() {
    let (send, receive) = std::sync::mpsc::sync_channel(4);
    send.send(b"{\"id\":0,\"query\":\"print 1\"}\n".to_vec()).unwrap();
    let talk = run(BufReader::new(Dialogue(receive)), Other(send, 0), files::none(), RunOptions::default());
    let counts = tokio::time::timeout(Duration::from_secs(30), talk).await.unwrap().unwrap();
    assert_eq!(counts, RunCounts { ok: 3, failed: 0 });
}

fn parquet(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = datafusion::parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_a_folder_are_tables() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("README.md"), "no table").unwrap();
    std::fs::write(
        at("Plain.csv"),
        "\u{feff}n,r,b,t,s,d,code\n1,1.5,true,2026-01-02T03:04:05Z,\"a, \"\"b\"\"\nc\",\"{\"\"k\"\": 1}\",007\n2,2,,,,\n",
    )
    .unwrap();
    std::fs::write(at("empty.tsv"), "a\tb\n").unwrap();
    std::fs::write(
        at("lines.jsonl"),
        "{\"a\":1,\"n\":{\"x\":[1,2]},\"m\":\"text\"}\n{\"late\":\"2026-01-02\",\"a\":2.5,\"m\":3}\n\n{}",
    )
    .unwrap();
    std::fs::write(at("array.json"), "[{\"a\":1},{\"a\":2}]").unwrap();
    // A table of our own schema: its types hold.
    std::fs::write(
        at("DeviceNetworkEvents.csv"),
        "Timestamp,DeviceName,InitiatingProcessAccountName,AdditionalFields,RemotePort\n2026-01-02 03:04:05,7,8,\"{\"\"a\"\":5}\",22\n",
    )
    .unwrap();
    let list = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1), None]), None]);
    let inner: ArrayRef = Arc::new(StringArray::from(vec![Some("v"), None]));
    let bag = StructArray::from(vec![(Arc::new(Field::new("k", DataType::Utf8, true)), inner)]);
    parquet(
        &at("odd [name]*.parquet"),
        vec![
            ("small", Arc::new(Int16Array::from(vec![Some(-3), None])) as ArrayRef),
            ("big", Arc::new(UInt64Array::from(vec![5, u64::MAX]))),
            ("time", Arc::new(TimestampNanosecondArray::from(vec![1_500, 0]))),
            ("day", Arc::new(Date32Array::from(vec![1, 2]))),
            ("text", Arc::new(StringArray::from(vec![Some("x"), None]))),
            ("bytes", Arc::new(BinaryArray::from(vec![b"raw".as_slice(), b"y"]))),
            ("list", Arc::new(list)),
            ("bag", Arc::new(bag)),
            ("span", Arc::new(DurationSecondArray::from(vec![60, -1]))),
            (
                "id",
                Arc::new(FixedSizeBinaryArray::try_from_iter([[0xab_u8; 16], [1; 16]].into_iter()).unwrap()),
            ),
        ],
    );
    parquet(
        &at("DeviceEvents.parquet"),
        vec![
            ("ActionType", Arc::new(StringArray::from(vec!["A", "B"])) as ArrayRef),
            ("AdditionalFields", Arc::new(StringArray::from(vec!["{\"a\":{\"b\":7}}", "plain"]))),
        ],
    );
    let tables = files::mount(folder.path(), None).await.unwrap();
    let (_, said) = answers(
        asked(&[
            "Plain | getschema | project ColumnName, ColumnType",
            "Plain | where n == 1 | project s, k = d.k, t, code",
            "empty | count",
            "lines | sort by a asc",
            "array | summarize sum(a)",
            "DeviceNetworkEvents | project DeviceName, InitiatingProcessAccountName, a = AdditionalFields.a, RemotePort, Timestamp",
            "['odd [name]*'] | where small == -3",
            "['odd [name]*'] | where isnull(small) | project big, text, list, bag, span",
            "DeviceEvents | where tostring(AdditionalFields.a.b) == '7' | project ActionType",
            "Nothing | count",
        ]),
        tables,
        RunOptions::default(),
    )
    .await;
    let rows = |at: usize| said[at]["rows"].clone();
    // Without `getschema` the types are seen in the answer below.
    if said[0]["ok"] == true {
        let types: Vec<&str> =
            said[0]["rows"].as_array().unwrap().iter().map(|r| r[1].as_str().unwrap()).collect();
        assert_eq!(types, ["long", "real", "bool", "datetime", "string", "dynamic", "string"]);
    }
    assert_eq!(rows(1), json!([["a, \"b\"\nc", 1, "2026-01-02T03:04:05.000000Z", "007"]]), "{}", said[1]);
    assert_eq!(rows(2), json!([[0]]));
    assert_eq!(
        said[3]["columns"],
        json!([{"name": "a", "type": "real"}, {"name": "n", "type": "dynamic"}, {"name": "m", "type": "dynamic"},
            {"name": "late", "type": "datetime"}])
    );
    assert_eq!(
        rows(3),
        json!([[null, null, null, null], [1.0, {"x": [1, 2]}, "text", null], [2.5, null, 3, "2026-01-02T00:00:00.000000Z"]])
    );
    assert_eq!(rows(4), json!([[3]]));
    assert_eq!(rows(5), json!([["7", "8", 5, 22, "2026-01-02T03:04:05.000000Z"]]), "{}", said[5]);
    let guid = "abababab-abab-abab-abab-abababababab";
    assert_eq!(
        rows(6),
        json!([[-3, 5, "1970-01-01T00:00:00.000001Z", "1970-01-02T00:00:00.000000Z", "x", "raw", [1, null], {"k": "v"},
            "00:01:00", guid]]),
        "{}",
        said[6]
    );
    assert_eq!(rows(7), json!([[null, "", null, {"k": null}, "-00:00:01"]]), "{}", said[7]);
    assert_eq!(rows(8), json!([["A"]]), "{}", said[8]);
    assert_eq!(said[9]["error"]["code"], "unknown_table");
}

#[tokio::test]
async fn a_schema_holds_whatever_the_files_have() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("Csv.csv"), "more,n,s\n1,x,\n2,7,007\n").unwrap();
    std::fs::write(at("Lines.jsonl"), "{\"more\":1,\"s\":5,\"d\":\"{\\\"k\\\":1}\"}\n{\"n\":\"8\"}\n")
        .unwrap();
    parquet(
        &at("Stored.parquet"),
        vec![
            ("d", Arc::new(StringArray::from(vec!["{\"k\":[1]}"])) as ArrayRef),
            ("s", Arc::new(Int16Array::from(vec![3]))),
        ],
    );
    let columns = r#"{"n":"int","s":"string","d":"dynamic"}"#;
    let text = format!(r#"{{"Csv":{columns},"Lines":{columns},"Stored":{columns},"Absent":{columns}}}"#);
    let schema = palisade_kql::analyze::Schema::read(&text).unwrap();
    let ask = async |tables, query: &str| {
        let (_, said) = answers(asked(&[query]), tables, RunOptions::default()).await;
        assert_eq!(said[0]["ok"], true, "{query}: {}", said[0]);
        said[0].clone()
    };
    let mounted = || async { files::mount(folder.path(), Some(&schema)).await.unwrap() };
    let csv = ask(mounted().await, "Csv | sort by more asc").await;
    assert_eq!(csv["rows"], json!([[null, "", null, 1], [7, "007", null, 2]]));
    let lines = ask(mounted().await, "Lines | extend k = d.k | sort by n asc").await;
    assert_eq!(lines["rows"], json!([[null, "5", {"k": 1}, 1, 1], [8, "", null, null, null]]));
    let stored = ask(mounted().await, "Stored | extend k = d.k[0]").await;
    assert_eq!(stored["rows"], json!([[null, "3", {"k": [1]}, 1]]));
    assert_eq!(stored["columns"][0], json!({"name": "n", "type": "int"}));
    let whole = "union Absent, Stored | where isnull(n) and s != '' | project d.k";
    assert_eq!(ask(mounted().await, whole).await["rows"], json!([[[1]]]));
    assert_eq!(
        ask(files::empty(&schema), "Csv | summarize count(), max(n)").await["rows"],
        json!([[0, null]])
    );
}

#[tokio::test]
async fn files_that_are_no_tables_are_named() {
    let message = async |files: &[(&str, &str)]| {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        files::mount(folder.path(), None).await.err().unwrap().to_string()
    };
    assert!(message(&[("t.csv", "a,a\n1,2\n")]).await.contains("t.csv: two columns have the name a"));
    assert!(message(&[("t.csv", "a\n1,2\n")]).await.contains("t.csv: "));
    assert!(message(&[("t.csv", "")]).await.contains("t.csv: "));
    assert!(message(&[("t.jsonl", "{\"a\":1}\n{\"a\":\n")]).await.contains("t.jsonl: "));
    assert!(message(&[("t.jsonl", "3\n")]).await.contains("value 1 is not an object"));
    assert!(message(&[("t.parquet", "no")]).await.contains("t.parquet: "));
    assert!(message(&[("t.csv", "a\n1\n"), ("t.json", "{\"a\":1}")]).await.contains("two files"));
}
