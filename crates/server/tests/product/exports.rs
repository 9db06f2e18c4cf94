//! A million rows as a file of each kind, by real workers over a real connection: every row comes, and neither
//! the api nor a worker holds them. A file whose worker is killed does not look whole.

use std::collections::HashSet;

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use palisade_e2e::Product;
use serde_json::{Value, json};

use crate::console::Console;

const ROWS: u64 = 1_000_000;
/// All of a row follows from `x`, so that each one can be checked by itself.
const QUERY: &str = "range x from 1 to 1000000 step 1 \
    | extend s = strcat('row, ', x), t = datetime(2026-01-01) + x * 1s, d = bag_pack('k', x), n = decimal(0.5)";
/// How much the api may grow, bytes.
const API_GROWTH: u64 = 64 << 20;
/// How much more a worker may have for a million rows than for few, bytes: rows of a `range` come in order, and
/// what puts them in order holds them. It is half of what a query may have.
const WORKER_GROWTH: u64 = 512 << 20;
const FIRST: i64 = 1_767_225_600;

/// A line of `/proc/<pid>/status`, bytes.
fn memory(pid: i32, line: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let found = status.lines().find_map(|l| l.strip_prefix(line)).unwrap_or_default();
    found.trim_end_matches("kB").trim_matches([':', ' ', '\t']).parse().unwrap_or(0) << 10
}

/// Rows that came, and what they add up to.
#[derive(Default)]
struct Sum {
    rows: u64,
    sum: u64,
}

impl Sum {
    fn add(&mut self, x: i64, s: &str, seconds: i64, d: &Value, n: &str) {
        assert_eq!((s, seconds, n), (format!("row, {x}").as_str(), FIRST + x, "0.5"));
        assert_eq!(*d, json!({ "k": x }));
        self.rows += 1;
        self.sum += u64::try_from(x).expect("a number of a row");
    }

    fn object(&mut self, text: &str) {
        let row: Value = serde_json::from_str(text).expect("JSON");
        let at = row["t"].as_str().expect("an instant").parse::<palisade_types::TimeMicros>();
        let (x, at) = (row["x"].as_i64().expect("a number"), at.expect("an instant"));
        self.add(
            x,
            row["s"].as_str().expect("a text"),
            at.0 / 1_000_000,
            &row["d"],
            row["n"].as_str().expect("text"),
        );
    }

    fn whole(&self) {
        assert_eq!((self.rows, self.sum), (ROWS, ROWS * (ROWS + 1) / 2));
    }
}

/// Lines of a stream, put together again.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    fn each(&mut self, bytes: &[u8], mut line: impl FnMut(&str)) {
        self.0.extend_from_slice(bytes);
        let mut from = 0;
        while let Some(end) = self.0[from..].iter().position(|b| *b == b'\n') {
            line(std::str::from_utf8(&self.0[from..from + end]).expect("UTF-8"));
            from += end + 1;
        }
        self.0.drain(..from);
    }
}

/// The most memory that workers which are there now have had, bytes.
fn workers(product: &Product) -> u64 {
    product.role_pids("query").into_iter().map(|pid| memory(pid, "VmHWM")).max().unwrap_or(0)
}

/// Downloads a file; its bytes piece by piece. Gives the most memory that a worker had.
async fn fetch(product: &Product, console: &Console, body: Value, mut each: impl FnMut(&[u8])) -> u64 {
    let mut answer = console.export(&token(product), &body).await;
    assert_eq!(answer.status().as_u16(), 200);
    let (mut pieces, mut most) = (0u32, 0);
    while let Some(bytes) = answer.chunk().await.expect("a transfer that is not broken off") {
        each(&bytes);
        pieces += 1;
        if pieces.is_multiple_of(500) {
            most = most.max(workers(product));
        }
    }
    most
}

fn token(product: &Product) -> String {
    std::fs::read_to_string(product.home().join("secrets/cli.token")).expect("the token").trim().to_owned()
}

async fn text(product: &Product, console: &Console, format: &str) -> u64 {
    let (mut lines, mut sum, mut around) = (Lines::default(), Sum::default(), Vec::new());
    let most = fetch(product, console, json!({"query": QUERY, "format": format}), |bytes| {
        lines.each(bytes, |line| match line.trim_end_matches(',') {
            row if row.starts_with('{') => sum.object(row),
            // 1,"row, 1",2026-01-01T00:00:01.000000Z,"{""k"":1}",0.5
            row if row.ends_with(",0.5\r") => {
                let mut fields = row.trim_end().splitn(2, ",\"row, ");
                let x = fields.next().expect("a number").parse().expect("a number");
                let (s, rest) = fields.next().expect("more").split_once("\",").expect("a text");
                let (at, rest) = rest.split_once(",\"").expect("an instant");
                let at = at.parse::<palisade_types::TimeMicros>().expect("an instant");
                let (d, n) = rest.split_once("\",").expect("JSON");
                let d = serde_json::from_str(&d.replace("\"\"", "\"")).expect("JSON");
                sum.add(x, &format!("row, {s}"), at.0 / 1_000_000, &d, n);
            }
            other => around.push(other.to_owned()),
        });
    })
    .await;
    sum.whole();
    let expected: &[&str] = match format {
        "csv" => &["x,s,t,d,n\r"],
        "json" => &["[", "]"],
        _ => &[],
    };
    assert_eq!(around, expected, "{format}");
    assert!(lines.0.is_empty(), "{format} ends with a line");
    most
}

async fn parquet(product: &Product, console: &Console) -> u64 {
    let mut file = Vec::new();
    let body = json!({"query": QUERY, "format": "parquet"});
    let most = fetch(product, console, body, |bytes| file.extend_from_slice(bytes)).await;
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file)).expect("Parquet");
    assert!(reader.metadata().num_row_groups() > 4, "several row groups");
    let mut sum = Sum::default();
    for batch in reader.build().expect("Parquet") {
        let batch = batch.expect("rows");
        let column = |name: &str| batch.column_by_name(name).expect("a column");
        let (x, t) =
            (column("x").as_primitive::<Int64Type>(), column("t").as_primitive::<TimestampMicrosecondType>());
        let text = |name: &str| column(name).as_string::<i32>();
        let (s, d, n) = (text("s"), text("d"), text("n"));
        for row in 0..batch.num_rows() {
            let bag = serde_json::from_str(d.value(row)).expect("JSON");
            sum.add(x.value(row), s.value(row), t.value(row) / 1_000_000, &bag, n.value(row));
        }
    }
    sum.whole();
    most
}

/// A transfer that lost its worker in the middle.
async fn cut(product: &Product, console: &Console) {
    for format in ["json", "csv", "parquet"] {
        let before: HashSet<i32> = product.role_pids("query").into_iter().collect();
        let mut answer = console.export(&token(product), &json!({"query": QUERY, "format": format})).await;
        assert_eq!(answer.status().as_u16(), 200);
        assert!(answer.chunk().await.expect("the beginning").is_some());
        for pid in before {
            let pid = nix::unistd::Pid::from_raw(pid);
            // One that had ended meanwhile is not there.
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
        }
        let end = loop {
            match answer.chunk().await {
                Ok(Some(_)) => {}
                end => break end,
            }
        };
        assert!(end.is_err(), "{format}: a file that is not whole must not look whole");
    }
}

/// A file that was uploaded, read by its name, beside rows and as a file again.
async fn uploaded(product: &Product, console: &Console) {
    let mut lines = String::from("name,score\n");
    for row in 0..200_000 {
        lines.push_str(&format!("host-{row},{row}\n"));
    }
    let token = token(product);
    assert_eq!(console.upload(&token, "list.csv", lines.into_bytes()).await, 201);
    for name in ["upload:list.csv", "list.csv"] {
        let read =
            format!("externaldata(name: string, score: long)[@'{name}'] with (ignoreFirstRecord=true)");
        let query = format!(
            "{read} | where name endswith '9' | summarize n = count(), s = sum(score), m = max(name)"
        );
        let (status, answer) = console.ask(Some(&token), &query).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["rows"], json!([[20_000, 2_000_080_000u64, "host-99999"]]));
        let (mut lines, mut rows) = (Lines::default(), 0);
        fetch(product, console, json!({"query": read, "format": "csv"}), |b| lines.each(b, |_| rows += 1))
            .await;
        assert_eq!(rows, 200_001);
    }
    for (query, status, code) in [
        ("externaldata(a: string)['nothing.csv']", 400, "external_missing"),
        ("externaldata(a: string)['https://lists.example/a.csv']", 400, "external_refused"),
    ] {
        let (told, answer) = console.ask(Some(&token), query).await;
        assert_eq!((told, answer["error"]["code"].as_str()), (status, Some(code)), "{answer}");
    }
}

/// The command line writes the same file, and none where the query fails.
fn by_command(product: &Product) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("rows.csv");
    let export = |query: &str, name: &std::path::Path| {
        let name = name.to_str().expect("a name");
        product.palisade(&["query", query, "--export", name]).output().expect("it runs")
    };
    let out = export("range x from 1 to 200000 step 1", &file);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(std::fs::read_to_string(&file).expect("written").lines().count(), 200_001);
    for (query, name) in [
        ("Nothing", "a.csv"),
        ("print 1", "a.xls"),
        ("range x from 1 to 9 step 1 | assert-schema (y: long)", "a.json"),
    ] {
        let out = export(query, &folder.path().join(name));
        assert!(!out.status.success(), "{query} {name}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 1, "nothing half is left");
}

#[test]
fn a_million_rows_are_exported_and_nobody_holds_them() {
    let product = Product::up(false).expect("up");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let console = Console::of(&product);
        let few = "range x from 1 to 100000 step 1 | extend s = strcat('row, ', x)";
        let small = fetch(&product, &console, json!({"query": few, "format": "csv"}), |_| {})
            .await
            .max(workers(&product));
        let api = product.role_pids("api")[0];
        // From now on, the peak is that of the exports.
        std::fs::write(format!("/proc/{api}/clear_refs"), "5").expect("the peak is forgotten");
        let before = memory(api, "VmRSS");
        for format in ["csv", "json", "jsonl"] {
            let most = text(&product, &console, format).await;
            assert!(
                most < small + WORKER_GROWTH,
                "{format}: a worker had {most} bytes, {small} for less rows"
            );
        }
        let most = parquet(&product, &console).await;
        assert!(most < small + WORKER_GROWTH, "parquet: a worker had {most} bytes, {small} for less rows");
        let peak = memory(api, "VmHWM");
        assert!(before > 0 && peak < before + API_GROWTH, "the api had {before} bytes and then {peak}");

        // By request it ends earlier.
        let (mut lines, mut rows) = (Lines::default(), 0);
        let body = json!({"query": QUERY, "format": "csv", "max_rows": 12_345});
        fetch(&product, &console, body, |bytes| lines.each(bytes, |_| rows += 1)).await;
        assert_eq!(rows, 12_345 + 1);
        cut(&product, &console).await;
        uploaded(&product, &console).await;
        by_command(&product);
    });
}
