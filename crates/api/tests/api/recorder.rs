//! A query client that compiles what it is asked, remembers it, and answers from a script. The real
//! one is tested with the whole product.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::StreamExt;
use palisade_api::{
    ExportFormat, ExportPart, ExportParts, QueryAnswer, QueryClient, QueryFailure, QueryRequest, QueryStats,
    ResultColumn, Views,
};
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
    /// The formats of files that were asked for.
    pub formats: Mutex<Vec<ExportFormat>>,
    /// While set, a file fails with this code behind its first row.
    pub cut: Mutex<Option<String>>,
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
            formats: Mutex::default(),
            cut: Mutex::default(),
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

    /// Rows as lines of JSON, whatever the format: files are made by workers.
    async fn export(
        &self,
        request: QueryRequest,
        format: ExportFormat,
        views: Option<Arc<dyn Views>>,
    ) -> Result<ExportParts, QueryFailure> {
        *self.views.lock() = views;
        self.formats.lock().push(format);
        self.seen.lock().push(request.clone());
        let objects = (self.script.lock())(&request.query);
        let mut parts: Vec<Result<ExportPart, QueryFailure>> =
            objects.iter().map(|o| Ok(ExportPart::Bytes(format!("{o}\n").into()))).collect();
        let failed = |code: &str| QueryFailure { code: code.to_owned(), ..QueryFailure::default() };
        let cut = self.cut.lock().clone();
        if let Some((code, _)) = self.failure.lock().clone() {
            parts = vec![Err(failed(&code))];
        } else if let Some(code) = cut {
            parts.truncate(1);
            parts.push(Err(failed(&code)));
        } else {
            let stats = QueryStats { rows_returned: objects.len() as u64, ..QueryStats::default() };
            parts.push(Ok(ExportPart::End { stats, truncated: false }));
        }
        let mut run = Run { dropped: self.dropped.clone(), ended: false };
        let hang = *self.hang.lock();
        let parts = futures::stream::iter(parts).then(move |part| async move {
            if hang && !matches!(part, Ok(ExportPart::Bytes(_))) {
                Notify::new().notified().await;
            }
            part
        });
        Ok(Box::pin(parts.inspect(move |part| {
            // The whole of it goes with the stream.
            let run = &mut run;
            run.ended = !matches!(part, Ok(ExportPart::Bytes(_)));
        })))
    }

    async fn cancel(&self, tenant: TenantId, query_id: &str) {
        self.cancelled.lock().push((tenant, query_id.to_owned()));
    }
}
