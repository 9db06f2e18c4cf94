//! The query workers as the api sees them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use palisade_api::{
    ExportFormat, ExportPart, ExportParts, QueryAnswer, QueryClient, QueryFailure, QueryRequest, Views,
};
use palisade_feeds::Store;
use palisade_state::State;
use palisade_types::TenantId;
use parking_lot::Mutex;
use tokio::net::UnixStream;
use tokio::sync::oneshot;

use super::scans::Scans;
use crate::query_link::{self, Frame, Request};

/// Beyond the query's own deadline: for a worker to be free, and to answer.
const SLACK: Duration = Duration::from_secs(15);

/// The largest answer, bytes of JSON. It is held in memory whole, and the api has no limit of its own:
/// a hundred thousand rows of the widest table would be gigabytes.
const MAX_ANSWER: usize = 64 << 20;

type Running = Arc<Mutex<HashMap<(TenantId, String), oneshot::Sender<()>>>>;

/// Sends each query to whichever worker of the tenant's region accepts it.
#[derive(Clone)]
pub struct WorkerClient {
    route: Route,
    running: Running,
    max_answer: usize,
    /// What the workers know of addresses is in these.
    feeds: Store,
}

/// Which socket a tenant's queries go to.
#[derive(Clone)]
enum Route {
    /// By the tenant's region.
    Regions(State, Arc<HashMap<String, PathBuf>>),
    #[cfg(test)]
    Only(PathBuf),
}

impl Route {
    async fn socket(&self, tenant: TenantId) -> Result<PathBuf, QueryFailure> {
        match self {
            Self::Regions(state, sockets) => {
                let region = state.region_of(tenant).await.map_err(|e| unavailable(&e.to_string()))?;
                let socket = region.and_then(|region| sockets.get(&*region).cloned());
                socket.ok_or_else(|| unavailable("the tenant's region has no query workers"))
            }
            #[cfg(test)]
            Self::Only(socket) => Ok(socket.clone()),
        }
    }
}

impl WorkerClient {
    /// The workers of each region listen on that region's socket.
    pub fn new(state: State, sockets: HashMap<String, PathBuf>, feeds: Store) -> Self {
        let route = Route::Regions(state, Arc::new(sockets));
        Self { route, running: Running::default(), max_answer: MAX_ANSWER, feeds }
    }

    /// Hands a query to a worker.
    async fn begin(
        &self,
        request: &QueryRequest,
        views: Option<Arc<dyn Views>>,
        export: Option<ExportFormat>,
    ) -> Result<Talk, QueryFailure> {
        let mut stream = UnixStream::connect(self.route.socket(request.tenant).await?)
            .await
            .map_err(|e| unavailable(&e.to_string()))?;
        let asked = Request {
            tenant: request.tenant,
            devices: request.devices.clone(),
            query: request.query.clone(),
            functions: request.functions.clone(),
            now_us: request.now_us,
            row_cap: request.row_cap,
            deadline_ms: u64::try_from(request.deadline.as_millis()).unwrap_or(u64::MAX),
            views: views.is_some(),
            export,
        };
        let body = serde_json::to_vec(&asked).map_err(|e| unavailable(&e.to_string()))?;
        query_link::send(&mut stream, b'Q', &body).await.map_err(|e| unavailable(&e.to_string()))?;
        Ok(Talk { stream, scans: Scans::of(views), size: 0 })
    }

    async fn talk(
        &self,
        request: &QueryRequest,
        views: Option<Arc<dyn Views>>,
    ) -> Result<QueryAnswer, QueryFailure> {
        let mut talk = self.begin(request, views, None).await?;
        let mut answer = QueryAnswer::default();
        loop {
            let frame = talk.next().await?;
            if talk.size > self.max_answer {
                // Dropping the stream ends the worker's part.
                return Err(too_large());
            }
            match frame {
                Frame::Schema(schema) => answer.schema = schema,
                Frame::Rows(rows) => answer.rows.extend(rows),
                Frame::Statistics(end) => {
                    answer.stats = end.stats;
                    answer.truncated = end.truncated;
                    return Ok(answer);
                }
                Frame::Failure(failure) => return Err(failure),
                other => return Err(unreadable(&format!("{other:?} in an answer of rows"))),
            }
        }
    }
}

/// A connection to a worker that runs a query.
struct Talk {
    stream: UnixStream,
    scans: Scans,
    /// Bytes that the worker has sent.
    size: usize,
}

impl Talk {
    /// The next frame that is part of the answer; what the worker asks for meanwhile is answered here.
    async fn next(&mut self) -> Result<Frame, QueryFailure> {
        loop {
            let (kind, body) = match query_link::receive(&mut self.stream).await {
                Ok(Some(frame)) => frame,
                // Its length alone says that it is too large.
                Err(e) if e.kind() == std::io::ErrorKind::InvalidData => return Err(too_large()),
                Ok(None) | Err(_) => return Err(lost()),
            };
            self.size = self.size.saturating_add(body.len());
            match query_link::read_answer(kind, body) {
                Ok(Frame::Open(open)) => self.scans.open(open).await,
                Ok(Frame::OpenFile(open)) => self.scans.open_file(open).await,
                Ok(Frame::Next(scan)) => {
                    let said = self.scans.next(scan).await;
                    let (kind, body) = said.map_err(|e| failure("data_unreadable", &e.to_string()))?;
                    // A worker that had enough has answered and left: what it said is still to be read.
                    let _ = query_link::send(&mut self.stream, kind, &body).await;
                }
                Ok(frame) => return Ok(frame),
                Err(e) => return Err(unreadable(&e.to_string())),
            }
        }
    }

    /// The next part of a file.
    async fn part(&mut self) -> Result<ExportPart, QueryFailure> {
        loop {
            match self.next().await? {
                Frame::Schema(_) => {}
                Frame::Data(bytes) => return Ok(ExportPart::Bytes(bytes.into())),
                Frame::Statistics(end) => {
                    return Ok(ExportPart::End { stats: end.stats, truncated: end.truncated });
                }
                Frame::Failure(failure) => return Err(failure),
                other => return Err(unreadable(&format!("{other:?} in a file"))),
            }
        }
    }
}

/// The parts of a file; the connection is let go with the last one, or with a failure.
fn parts(talk: Talk) -> ExportParts {
    Box::pin(futures::stream::unfold(Some(talk), |talk| async move {
        let mut talk = talk?;
        let part = talk.part().await;
        let more = matches!(part, Ok(ExportPart::Bytes(_)));
        Some((part, more.then_some(talk)))
    }))
}

#[async_trait]
impl QueryClient for WorkerClient {
    async fn run(
        &self,
        request: QueryRequest,
        views: Option<Arc<dyn Views>>,
    ) -> Result<QueryAnswer, QueryFailure> {
        let key = (request.tenant, request.query_id.clone());
        let (cancel, cancelled) = oneshot::channel();
        self.running.lock().insert(key.clone(), cancel);
        let _forget = Forget { running: &self.running, key };
        tokio::select! {
            answer = tokio::time::timeout(request.deadline + SLACK, self.talk(&request, views)) => {
                answer.unwrap_or_else(|_| Err(failure("query_timeout", "no worker finished the query in time")))
            }
            Ok(()) = cancelled => Err(failure("query_cancelled", "the query was cancelled")),
        }
    }

    async fn export(
        &self,
        request: QueryRequest,
        format: ExportFormat,
        views: Option<Arc<dyn Views>>,
    ) -> Result<ExportParts, QueryFailure> {
        Ok(parts(self.begin(&request, views, Some(format)).await?))
    }

    fn locates_addresses(&self) -> bool {
        // One that cannot be read is no reason to warn of none: the query's worker says what is wrong.
        self.feeds.address_database().map_or(true, |path| path.is_some())
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

fn unreadable(why: &str) -> QueryFailure {
    let why: String = why.chars().take(200).collect();
    tracing::error!(error = why, "a worker's answer cannot be read");
    lost()
}

fn lost() -> QueryFailure {
    failure(
        "query_lost",
        "the worker that ran this query ended (out of memory or killed); ask for less and try again",
    )
}

fn too_large() -> QueryFailure {
    failure(
        "query_limit",
        "the answer is too large to be sent: project fewer columns, summarize, or take fewer rows",
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use palisade_types::TimeMicros;
    use tokio::net::UnixListener;

    use super::*;

    /// A client of one socket, whatever the tenant.
    fn only(socket: PathBuf) -> WorkerClient {
        let feeds = Store::at(Path::new("/nonexistent"));
        WorkerClient {
            route: Route::Only(socket),
            running: Running::default(),
            max_answer: MAX_ANSWER,
            feeds,
        }
    }

    fn request(query_id: &str) -> QueryRequest {
        QueryRequest {
            tenant: TenantId::random(),
            devices: None,
            query: "DeviceInfo".into(),
            functions: Vec::new(),
            row_cap: 100_000,
            deadline: Duration::from_secs(30),
            query_id: query_id.into(),
            now_us: TimeMicros::now().0,
        }
    }

    /// A worker that sends rows for ever; ends when the client has gone.
    async fn endless(listener: UnixListener) -> u64 {
        let (mut stream, _) = listener.accept().await.expect("a client");
        query_link::receive(&mut stream).await.expect("readable").expect("a request");
        let rows = serde_json::to_vec(&vec![vec!["x".repeat(1000)]; 100]).expect("JSON");
        let mut sent = 0;
        while query_link::send(&mut stream, b'R', &rows).await.is_ok() {
            sent += rows.len() as u64;
        }
        sent
    }

    #[tokio::test]
    async fn an_answer_without_end_is_refused_and_its_worker_let_go() {
        let dir = tempfile::tempdir().expect("a folder");
        let socket = dir.path().join("q");
        let worker = tokio::spawn(endless(UnixListener::bind(&socket).expect("bound")));
        let client = WorkerClient { max_answer: 2 << 20, ..only(socket) };
        let refused = client.run(request("endless"), None).await.expect_err("too large");
        assert_eq!(refused.code, "query_limit");
        let sent = worker.await.expect("the worker noticed that its client went");
        assert!(sent >= 2 << 20, "{sent}");
        assert!(client.running.lock().is_empty());
    }

    #[tokio::test]
    async fn a_cancelled_query_lets_its_worker_go() {
        let dir = tempfile::tempdir().expect("a folder");
        let socket = dir.path().join("q");
        let listener = UnixListener::bind(&socket).expect("bound");
        let client = only(socket);
        let request = request("mine");
        let tenant = request.tenant;
        let run = tokio::spawn({
            let client = client.clone();
            async move { client.run(request, None).await }
        });
        let (mut stream, _) = listener.accept().await.expect("a client");
        query_link::receive(&mut stream).await.expect("readable").expect("a request");
        client.cancel(TenantId::random(), "mine").await;
        client.cancel(tenant, "another").await;
        client.cancel(tenant, "mine").await;
        assert_eq!(run.await.expect("joined").expect_err("cancelled").code, "query_cancelled");
        assert!(
            query_link::receive(&mut stream).await.expect("readable").is_none(),
            "the connection is closed"
        );
    }

    /// A worker that asks for one batch more than it needs, answers, and leaves.
    async fn hasty(listener: UnixListener) {
        let (mut stream, _) = listener.accept().await.expect("a client");
        query_link::receive(&mut stream).await.expect("readable").expect("a request");
        query_link::send(&mut stream, b'N', &7u32.to_le_bytes()).await.expect("sent");
        query_link::send(&mut stream, b'R', b"[[1]]").await.expect("sent");
        let end = serde_json::to_vec(&query_link::Statistics::default()).expect("JSON");
        query_link::send(&mut stream, b'T', &end).await.expect("sent");
    }

    #[tokio::test]
    async fn what_a_worker_answered_before_it_left_is_read() {
        let dir = tempfile::tempdir().expect("a folder");
        let socket = dir.path().join("q");
        let listener = UnixListener::bind(&socket).expect("bound");
        let client = only(socket);
        // On one thread the client reads only when the worker has gone.
        let ((), answer) = tokio::join!(hasty(listener), client.run(request("hasty"), None));
        assert_eq!(answer.expect("answered").rows.len(), 1);
    }

    /// A worker that sends so many frames of a file and then leaves, with its end said or not.
    async fn file(listener: UnixListener, frames: u32, whole: bool) -> u64 {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let (_, body) = query_link::receive(&mut stream).await.expect("readable").expect("a request");
        let asked: Request = serde_json::from_slice(&body).expect("a request");
        assert_eq!(asked.export, Some(ExportFormat::Csv));
        query_link::send(&mut stream, b'S', b"[]").await.expect("sent");
        let mut sent = 0;
        for _ in 0..frames {
            if query_link::send(&mut stream, b'D', &[b'x'; 100_000]).await.is_err() {
                break;
            }
            sent += 100_000;
        }
        if whole {
            let end = serde_json::to_vec(&query_link::Statistics::default()).expect("JSON");
            query_link::send(&mut stream, b'T', &end).await.expect("sent");
        }
        sent
    }

    #[tokio::test]
    async fn a_file_comes_part_by_part_and_is_whole_only_with_its_end() {
        use futures::StreamExt;
        for whole in [true, false] {
            let dir = tempfile::tempdir().expect("a folder");
            let socket = dir.path().join("q");
            let worker = tokio::spawn(file(UnixListener::bind(&socket).expect("bound"), 30, whole));
            let mut parts =
                only(socket).export(request("file"), ExportFormat::Csv, None).await.expect("begun");
            let (mut bytes, mut end) = (0, None);
            while let Some(part) = parts.next().await {
                match part {
                    Ok(ExportPart::Bytes(more)) => bytes += more.len(),
                    other => end = Some(other.map(|_| ()).map_err(|f| f.code)),
                }
            }
            assert_eq!(bytes, 3_000_000);
            assert_eq!(end, Some(if whole { Ok(()) } else { Err("query_lost".to_owned()) }));
            assert_eq!(worker.await.expect("joined"), 3_000_000);
        }
    }

    #[tokio::test]
    async fn a_worker_waits_for_whoever_reads_its_file() {
        use futures::StreamExt;
        let dir = tempfile::tempdir().expect("a folder");
        let socket = dir.path().join("q");
        let worker = tokio::spawn(file(UnixListener::bind(&socket).expect("bound"), u32::MAX, false));
        let client = only(socket);
        let mut parts = client.export(request("file"), ExportFormat::Csv, None).await.expect("begun");
        for _ in 0..10 {
            assert!(matches!(parts.next().await, Some(Ok(ExportPart::Bytes(_)))));
        }
        drop(parts);
        // What was not read it did not send: only as much as a socket holds.
        let sent = worker.await.expect("the worker noticed that its client went");
        assert!((1_000_000..8_000_000).contains(&sent), "{sent}");
    }
}
