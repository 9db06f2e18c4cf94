//! A query client that compiles what it is asked, remembers it, and answers from a script. The real
//! one is tested with the whole product.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use palisade_api::{QueryAnswer, QueryClient, QueryFailure, QueryRequest, ResultColumn, Views};
use palisade_kql::{SchemaCatalogue, WithFunctions};
use palisade_types::TenantId;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::Notify;

type Script = Box<dyn Fn(&str) -> Vec<Value> + Send + Sync>;

pub struct Recorder {
    pub seen: Mutex<Vec<QueryRequest>>,
    pub cancelled: Mutex<Vec<(TenantId, String)>>,
    /// The views that the last run was given.
    pub views: Mutex<Option<Arc<dyn Views>>>,
    /// How many runs were dropped before their end.
    pub dropped: Arc<AtomicUsize>,
    /// Rows, as objects, for the query's text.
    script: Mutex<Script>,
    /// While set, a run fails with this code and message.
    pub failure: Mutex<Option<(String, String)>>,
    /// While set, a run waits for ever.
    pub hang: Mutex<bool>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            seen: Mutex::default(),
            cancelled: Mutex::default(),
            views: Mutex::default(),
            dropped: Arc::default(),
            script: Mutex::new(Box::new(|_| Vec::new())),
            failure: Mutex::default(),
            hang: Mutex::new(false),
        }
    }
}

impl Recorder {
    pub fn answer(&self, script: impl Fn(&str) -> Vec<Value> + Send + Sync + 'static) {
        *self.script.lock() = Box::new(script);
    }

    pub fn count(&self) -> usize {
        self.seen.lock().len()
    }
}

/// Counts a run that did not reach its end.
struct Run {
    dropped: Arc<AtomicUsize>,
    ended: bool,
}

impl Drop for Run {
    fn drop(&mut self) {
        if !self.ended {
            self.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[async_trait]
impl QueryClient for Recorder {
    async fn run(
        &self,
        request: QueryRequest,
        views: Option<Arc<dyn Views>>,
    ) -> Result<QueryAnswer, QueryFailure> {
        *self.views.lock() = views;
        let mut run = Run { dropped: self.dropped.clone(), ended: false };
        self.seen.lock().push(request.clone());
        if *self.hang.lock() {
            Notify::new().notified().await;
        }
        run.ended = true;
        if let Some((code, message)) = self.failure.lock().clone() {
            return Err(QueryFailure { code, message, ..QueryFailure::default() });
        }
        let tables = WithFunctions::new(&SchemaCatalogue, &request.functions);
        let program = palisade_kql::compile(&request.query, &tables, request.now_us).map_err(|found| {
            let first = found[0].clone();
            QueryFailure {
                code: first.code,
                message: first.message,
                line: first.line,
                ..QueryFailure::default()
            }
        })?;
        let columns = &program.schema().columns;
        let objects = (self.script.lock())(&request.query);
        let row = |object: &Value| {
            columns.iter().map(|c| object.get(&c.name).cloned().unwrap_or(json!(null))).collect()
        };
        Ok(QueryAnswer {
            schema: columns
                .iter()
                .map(|c| ResultColumn { name: c.name.clone(), kind: c.ty.to_string() })
                .collect(),
            rows: objects.iter().map(row).collect(),
            ..QueryAnswer::default()
        })
    }

    async fn cancel(&self, tenant: TenantId, query_id: &str) {
        self.cancelled.lock().push((tenant, query_id.to_owned()));
    }
}
