//! The query workers as the api sees them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use palisade_api::{QueryAnswer, QueryClient, QueryFailure, QueryRequest};
use palisade_types::TenantId;
use parking_lot::Mutex;
use tokio::net::UnixStream;
use tokio::sync::oneshot;

use crate::query_link::{self, Frame, Request};

/// Beyond the query's own deadline: for a worker to be free, and to answer.
const SLACK: Duration = Duration::from_secs(15);

type Running = Arc<Mutex<HashMap<(TenantId, String), oneshot::Sender<()>>>>;

/// Sends each query to whichever worker accepts it.
#[derive(Clone)]
pub struct WorkerClient {
    socket: PathBuf,
    running: Running,
}

impl WorkerClient {
    /// Workers listen on this socket.
    pub fn new(socket: PathBuf) -> Self {
        Self { socket, running: Running::default() }
    }

    async fn talk(&self, request: &QueryRequest) -> Result<QueryAnswer, QueryFailure> {
        let mut stream = UnixStream::connect(&self.socket).await.map_err(|e| unavailable(&e.to_string()))?;
        let asked = Request {
            tenant: request.tenant,
            query: request.query.clone(),
            now_us: request.now_us,
            row_cap: request.row_cap,
            deadline_ms: u64::try_from(request.deadline.as_millis()).unwrap_or(u64::MAX),
        };
        let body = serde_json::to_vec(&asked).map_err(|e| unavailable(&e.to_string()))?;
        query_link::send(&mut stream, b'Q', &body).await.map_err(|e| unavailable(&e.to_string()))?;
        let mut answer = QueryAnswer::default();
        loop {
            match query_link::receive_answer(&mut stream).await {
                Ok(Some(Frame::Schema(schema))) => answer.schema = schema,
                Ok(Some(Frame::Rows(rows))) => answer.rows.extend(rows),
                Ok(Some(Frame::Statistics(end))) => {
                    answer.stats = end.stats;
                    answer.truncated = end.truncated;
                    return Ok(answer);
                }
                Ok(Some(Frame::Failure(failure))) => return Err(failure),
                Ok(None) | Err(_) => return Err(lost()),
            }
        }
    }
}

#[async_trait]
impl QueryClient for WorkerClient {
    async fn run(&self, request: QueryRequest) -> Result<QueryAnswer, QueryFailure> {
        let key = (request.tenant, request.query_id.clone());
        let (cancel, cancelled) = oneshot::channel();
        self.running.lock().insert(key.clone(), cancel);
        let _forget = Forget { running: &self.running, key };
        tokio::select! {
            answer = tokio::time::timeout(request.deadline + SLACK, self.talk(&request)) => {
                answer.unwrap_or_else(|_| Err(failure("query_timeout", "no worker finished the query in time")))
            }
            Ok(()) = cancelled => Err(failure("query_cancelled", "the query was cancelled")),
        }
    }

    async fn cancel(&self, tenant: TenantId, query_id: &str) {
        if let Some(cancel) = self.running.lock().remove(&(tenant, query_id.to_owned())) {
            let _ = cancel.send(());
        }
    }
}

/// Takes a run off the list also when its future is dropped.
struct Forget<'a> {
    running: &'a Running,
    key: (TenantId, String),
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.running.lock().remove(&self.key);
    }
}

fn failure(code: &str, message: &str) -> QueryFailure {
    QueryFailure { code: code.into(), message: message.into(), ..QueryFailure::default() }
}

fn unavailable(why: &str) -> QueryFailure {
    tracing::error!(error = why, "no query worker takes a query");
    failure("query_unavailable", "no query worker takes the query; it may be tried again")
}

fn lost() -> QueryFailure {
    failure(
        "query_lost",
        "the worker that ran this query ended (out of memory or killed); ask for less and try again",
    )
}
