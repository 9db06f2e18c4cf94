//! The shapes on our own engine.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, anyhow};
use async_trait::async_trait;
use datafusion::catalog::TableProvider;
use futures::StreamExt;
use palisade_kql::SchemaCatalogue;
use palisade_kql_exec::{ExecError, LocalExecutor, QueryContext, QueryExecutor, TableSource, json_rows};
use palisade_lake::{Pin, PinnedCatalogue};

use crate::month::Month;
use crate::shapes::Shape;

/// Times in seconds, and what came out.
pub struct Measured {
    pub cold: f64,
    pub warm: f64,
    pub answer: Answer,
    /// The plans of the last run.
    pub plans: String,
}

/// What two engines must agree on.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
pub struct Answer {
    pub rows: u64,
    /// The sum of all whole numbers in all cells.
    pub sum: i128,
}

struct Source(PinnedCatalogue);

#[async_trait]
impl TableSource for Source {
    async fn table(&self, name: &str) -> Result<Arc<dyn TableProvider>, ExecError> {
        let table = self.0.table(name).await.map_err(|e| ExecError::Data(e.to_string()))?;
        Ok(table)
    }
}

/// With `forget`, the first run finds nothing in the system's cache.
pub fn measure(month: &Month, shape: &Shape, runs: usize, forget: bool) -> Result<Measured> {
    if forget {
        drop_caches();
    }
    let (cold, answer, mut plans) = once(month, &shape.kql)?;
    let mut warm = f64::INFINITY;
    for _ in 0..runs.max(1) {
        let (took, again, done) = once(month, &shape.kql)?;
        plans = done;
        anyhow::ensure!(again == answer, "{}: two runs differ", shape.name);
        warm = warm.min(took);
    }
    Ok(Measured { cold, warm, answer, plans })
}

/// From the text to the last row, the pin and the tables' logs included, as a query worker does it.
fn once(month: &Month, query: &str) -> Result<(f64, Answer, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let began = Instant::now();
    let program = palisade_kql::compile(query, &SchemaCatalogue, month.now_us)
        .map_err(|d| anyhow!("{query}: {:?}", d.first()))?;
    runtime.block_on(async {
        let pin = Pin::load(&month.lake.join("no-hot-rows"), &month.lake, month.tenant)?;
        let executor = LocalExecutor::new(Arc::new(Source(PinnedCatalogue::new(pin))));
        let context = QueryContext {
            row_cap: 1_000_000,
            memory_limit: 1 << 30,
            deadline: std::time::Duration::from_secs(600),
            ..QueryContext::default()
        };
        let mut stream = executor.execute(program, context).await?;
        let mut answer = Answer::default();
        let mut batches = Vec::new();
        while let Some(batch) = stream.next().await {
            batches.push(batch?);
        }
        let took = began.elapsed().as_secs_f64();
        for batch in &batches {
            answer.rows += batch.num_rows() as u64;
            for row in json_rows(batch, stream.schema()) {
                let cells = row.iter();
                answer.sum += cells.filter_map(serde_json::Value::as_i64).map(i128::from).sum::<i128>();
            }
        }
        Ok((took, answer, stream.explained()))
    })
}

/// Has the system forget the files that it has read; where it may not, cold is warm, and is said so.
fn drop_caches() {
    nix::unistd::sync();
    let dropped = std::fs::write("/proc/sys/vm/drop_caches", "3");
    static SAID: std::sync::Once = std::sync::Once::new();
    if let Err(error) = dropped {
        SAID.call_once(|| println!("cold: the system's cache could not be dropped ({error})"));
    }
}
