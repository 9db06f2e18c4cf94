//! Behaviour of the executor: golden files, the public conformance set, limits.
#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::print_stdout)]

#[path = "behaviour/conformance.rs"]
mod conformance;
#[path = "behaviour/declared.rs"]
mod declared;
#[path = "behaviour/enrich.rs"]
mod enrich;
#[path = "behaviour/external.rs"]
mod external;
#[path = "behaviour/geo.rs"]
mod geo;
#[path = "behaviour/golden.rs"]
mod golden;
#[path = "behaviour/graphs.rs"]
mod graphs;
#[path = "behaviour/limits.rs"]
mod limits;
#[path = "behaviour/names.rs"]
mod names;
#[path = "behaviour/order.rs"]
mod order;
#[path = "behaviour/patterns.rs"]
mod patterns;
#[path = "behaviour/plans.rs"]
mod plans;
#[path = "behaviour/plugins.rs"]
mod plugins;
#[path = "behaviour/run.rs"]
mod run_lines;
#[path = "behaviour/scalar.rs"]
mod scalar;
#[path = "behaviour/sequences.rs"]
mod sequences;
#[path = "behaviour/series.rs"]
mod series;
#[path = "behaviour/subqueries.rs"]
mod subqueries;
#[path = "behaviour/timeline.rs"]
mod timeline;
#[path = "behaviour/windows.rs"]
mod windows;

use std::sync::Arc;

use palisade_kql::{Catalogue, MemoryCatalogue, Schema};
use palisade_kql_exec::{LocalExecutor, MemoryTables, QueryContext, QueryExecutor, QueryStats, json_rows};
use serde_json::Value as Json;

/// 2026-11-23T12:00:00Z.
const NOW: i64 = 1_795_435_200_000_000;

struct Outcome {
    schema: Schema,
    rows: Vec<Vec<Json>>,
    stats: QueryStats,
}

/// Compiles and runs; the error is (code, message).
async fn run(
    text: &str,
    catalogue: &dyn Catalogue,
    tables: Arc<MemoryTables>,
    context: QueryContext,
) -> Result<Outcome, (String, String)> {
    let program = palisade_kql::compile(text, catalogue, NOW).map_err(|found| {
        let first = &found[0];
        (first.code.clone(), format!("{}:{} {}", first.line, first.column, first.message))
    })?;
    let executor = LocalExecutor::new(tables).with_partitions(2);
    let failed = |e: palisade_kql_exec::ExecError| (e.code().to_owned(), e.to_string());
    let mut stream = executor.execute(program, context).await.map_err(failed)?;
    let batches = stream.read_all().await.map_err(failed)?;
    let schema = stream.schema().clone();
    let rows = batches.iter().flat_map(|b| json_rows(b, &schema)).collect();
    Ok(Outcome { schema, rows, stats: stream.stats() })
}

/// Runs a query that needs no stored table.
async fn run_plain(text: &str) -> Result<Outcome, (String, String)> {
    run(text, &MemoryCatalogue::new(), Arc::new(MemoryTables::new()), QueryContext::default()).await
}

/// The rows of a query that needs no stored table, as JSON lines; of one that fails, its code.
async fn lines(text: &str) -> Vec<String> {
    match run_plain(text).await {
        Ok(outcome) => outcome.rows.into_iter().map(|r| Json::Array(r).to_string()).collect(),
        Err((code, message)) => vec![format!("{code}: {message}")],
    }
}

/// Names and types of a query's result.
async fn schema(text: &str) -> Vec<String> {
    match run_plain(text).await {
        Ok(outcome) => outcome.schema.columns.iter().map(|c| format!("{}:{}", c.name, c.ty)).collect(),
        Err((code, message)) => vec![format!("{code}: {message}")],
    }
}
