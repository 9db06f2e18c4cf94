use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::buffer::{Buffer, ScalarBuffer};
use futures::StreamExt;
use palisade_kql::{MemoryCatalogue, Type};
use palisade_kql_exec::{LocalExecutor, MemoryTables, QueryContext, QueryExecutor, json_rows};

use super::run_plain;

fn program(text: &str) -> palisade_kql::Program {
    palisade_kql::compile(text, &MemoryCatalogue::new(), super::NOW).unwrap()
}

fn executor() -> LocalExecutor {
    LocalExecutor::new(Arc::new(MemoryTables::new())).with_partitions(2)
}

#[tokio::test]
async fn the_row_cap_is_a_flag_and_not_an_error() {
    let context = QueryContext { row_cap: 10, ..QueryContext::default() };
    let mut stream = executor().execute(program("range x from 1 to 100 step 1"), context).await.unwrap();
    let rows: usize = stream.read_all().await.unwrap().iter().map(|b| b.num_rows()).sum();
    let stats = stream.stats();
    assert_eq!((rows, stats.rows_returned, stats.truncated), (10, 10, true));
    let context = QueryContext { row_cap: 100, ..QueryContext::default() };
    let mut stream = executor().execute(program("range x from 1 to 100 step 1"), context).await.unwrap();
    stream.read_all().await.unwrap();
    assert!(!stream.stats().truncated);
}

const ENDLESS: &str = "range x from 1 to 4000000 step 1 | extend k = 1 \
    | join kind=inner (range y from 1 to 4000000 step 1 | extend k = 1) on k | summarize count() by z = x * y % 7";

/// Its join never comes to a pause: the filter becomes part of it and lets no pair through.
const PAUSELESS: &str = "range x from 1 to 1000000 step 1 | extend k = 1 \
    | join kind=inner (range y from 1 to 1000000 step 1 | extend k = 1) on k | where x + y < 0 | count";

async fn code_of(text: &str, context: QueryContext) -> Result<usize, &'static str> {
    let mut stream = executor().execute(program(text), context).await.map_err(|e| e.code())?;
    let batches = stream.read_all().await.map_err(|e| e.code())?;
    Ok(batches.iter().map(|b| b.num_rows()).sum())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_deadline_ends_a_query() {
    let context = QueryContext { deadline: Duration::from_millis(300), ..QueryContext::default() };
    assert_eq!(code_of(ENDLESS, context).await, Err("query_timeout"));
}

#[tokio::test]
async fn the_deadline_ends_a_query_that_never_pauses() {
    // One thread here, and the query's own threads give nothing away.
    let context = QueryContext { deadline: Duration::from_millis(300), ..QueryContext::default() };
    assert_eq!(code_of(PAUSELESS, context).await, Err("query_timeout"));
}

#[tokio::test]
async fn a_query_that_never_pauses_is_cancelled() {
    let context = QueryContext::default();
    let cancel = context.cancel.clone();
    let (code, ()) = tokio::join!(code_of(PAUSELESS, context), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        cancel.cancel();
    });
    assert_eq!(code, Err("query_cancelled"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handle_cancels_a_query() {
    let mut stream = executor().execute(program(ENDLESS), QueryContext::default()).await.unwrap();
    stream.cancel_handle().cancel();
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), "query_cancelled");
    assert!(stream.next().await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_memory_limit_ends_a_query() {
    let context = QueryContext { memory_limit: 2 * 1024 * 1024, ..QueryContext::default() };
    let text = "range x from 1 to 400000 step 1 | summarize count() by s = strcat('a long text that takes room ', x) | count";
    assert_eq!(code_of(text, context).await, Err("query_memory"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_into_memory_is_put_aside_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let text = "range x from 1 to 600000 step 1 \
        | summarize n = count() by s = strcat('a text that takes its room in memory ', x) | summarize count(), sum(n)";
    let ask = async |room: Option<u64>| {
        let executor = LocalExecutor::new(Arc::new(MemoryTables::new())).with_partitions(2);
        let executor = match room {
            Some(room) => executor.with_spill(folder.path().to_owned(), room),
            None => executor,
        };
        let context = QueryContext { memory_limit: 32 << 20, ..QueryContext::default() };
        let mut stream = executor.execute(program(text), context).await?;
        let batches = stream.read_all().await?;
        let rows: Vec<_> = batches.iter().flat_map(|b| json_rows(b, stream.schema())).collect();
        Ok::<_, palisade_kql_exec::ExecError>(rows)
    };
    let without = ask(None).await.unwrap_err();
    assert_eq!(without.code(), "query_memory");
    assert!(without.to_string().contains("limit of 32 MiB"), "{without}");
    let rows = ask(Some(1 << 30)).await.unwrap();
    assert_eq!(serde_json::json!(rows), serde_json::json!([[600_000, 600_000]]));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing stays");
    let full = ask(Some(64 << 10)).await.unwrap_err();
    assert_eq!(full.code(), "query_memory");
    assert!(full.to_string().contains("on disk"), "{full}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passing_rows_need_no_memory() {
    // Many times the limit passes through; at most some batches wait between operators.
    let context = QueryContext { memory_limit: 4 * 1024 * 1024, ..QueryContext::default() };
    let text = "range x from 1 to 1000000 step 1 | extend s = strcat(x, '-', x, '-', x) \
        | where s matches regex '(1.*2.*3.*4.*){3,}' or s has 'nothing' | summarize max(s)";
    assert_eq!(code_of(text, context).await, Ok(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_count_as_what_they_are_and_not_as_the_file_that_holds_them() {
    // As hot files are: columns are parts of one large mapping.
    let rows = 100_000;
    let mapping = Buffer::from_vec(vec![7i64; 8 << 20]);
    let column = |at: usize| -> ArrayRef {
        Arc::new(Int64Array::new(ScalarBuffer::new(mapping.clone(), at * rows, rows), None))
    };
    let batch = RecordBatch::try_from_iter([("a", column(0)), ("b", column(1)), ("c", column(2))]).unwrap();
    let mut tables = MemoryTables::new();
    tables.add("T", vec![batch.clone(), batch.clone(), batch]).unwrap();
    let mut catalogue = MemoryCatalogue::new();
    catalogue.add("T", &[("a", Type::Long), ("b", Type::Long), ("c", Type::Long)]);
    let context = QueryContext { memory_limit: 32 << 20, row_cap: 1_000_000, ..QueryContext::default() };
    let sorted = super::run("T | sort by a asc, b desc", &catalogue, Arc::new(tables), context).await;
    let outcome = sorted.map_err(|e| e.0).unwrap();
    assert_eq!(outcome.rows.len(), 3 * rows);
}

#[tokio::test]
async fn tables_that_multiply_are_refused() {
    let mut text = "let T0 = range x from 1 to 2 step 1;\n".to_owned();
    for n in 1..20 {
        text.push_str(&format!("let T{n} = union T{0}, T{0};\n", n - 1));
    }
    let error = run_plain(&format!("{text} T19 | count")).await.err().unwrap();
    assert_eq!(error.0, "query_limit", "{}", error.1);
}

#[tokio::test]
async fn statistics_are_there() {
    let outcome = run_plain("range x from 1 to 1000 step 1 | where x > 990 | sort by x asc").await.unwrap();
    assert_eq!((outcome.stats.rows_scanned, outcome.stats.rows_returned), (1000, 10));
    assert!(outcome.stats.wall_us > 0);
}

#[tokio::test]
async fn a_wrong_regular_expression_has_a_code() {
    let error = run_plain("print x = 'a' | where x matches regex '('").await.err().unwrap();
    assert_eq!(error.0, "invalid_regex");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tall_and_wide_expressions_run() {
    let sum = run_plain(&format!("print x = {}1", "1 + ".repeat(120))).await.unwrap();
    assert_eq!(sum.rows[0][0], 121);
    let nested =
        format!("range n from 1 to 3 step 1 | extend x = {}0{}", "iff(n > 1, n, ".repeat(60), ")".repeat(60));
    assert_eq!(run_plain(&nested).await.unwrap().rows.len(), 3);
    let wide = format!("range n from 1 to 3 step 1 | where {}", vec!["n == 2"; 3_000].join(" or "));
    assert_eq!(run_plain(&wide).await.unwrap().rows.len(), 1);
    let list: Vec<String> = (0..20_000).map(|n| n.to_string()).collect();
    let long = format!("range n from 1 to 3 step 1 | where n in ({})", list.join(","));
    assert_eq!(run_plain(&long).await.unwrap().rows.len(), 3);
    let pipes = format!("range n from 1 to 3 step 1 {}", "| extend n = n + 1 ".repeat(100));
    let mut rows = run_plain(&pipes).await.unwrap().rows;
    rows.sort_by_key(|r| r[0].as_i64());
    assert_eq!(rows[0][0], 101);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_that_no_array_holds_are_too_much_memory() {
    // 8192 rows of 4 MB each would be one array of 32 GB.
    let text = "range x from 1 to 8192 step 1 | extend s = strrep('0123456789abcdef', 262144 - x % 2) \
        | where s has 'nothing' | count";
    assert_eq!(code_of(text, QueryContext::default()).await, Err("query_memory"));
}
