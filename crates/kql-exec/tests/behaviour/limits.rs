use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use palisade_kql::MemoryCatalogue;
use palisade_kql_exec::{LocalExecutor, MemoryTables, QueryContext, QueryExecutor};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_deadline_ends_a_query() {
    let context = QueryContext { deadline: Duration::from_millis(300), ..QueryContext::default() };
    let text = "range x from 1 to 3000000 step 1 | extend s = strcat(x, '-', x, '-', x) \
        | where s matches regex '(1.*2.*3.*4.*){3,}' | summarize max(s)";
    let code = match executor().execute(program(text), context).await {
        Ok(mut stream) => stream.read_all().await.unwrap_err().code(),
        Err(error) => error.code(),
    };
    assert_eq!(code, "query_timeout");
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
    let code = match executor().execute(program(text), context).await {
        Ok(mut stream) => stream.read_all().await.unwrap_err().code(),
        Err(error) => error.code(),
    };
    assert_eq!(code, "query_memory");
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

#[ignore = "repeated extends with the same words add once: see docs/kql.md, Known defects"]
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
