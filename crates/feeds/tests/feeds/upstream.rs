//! An upstream on loopback that does as a test tells it: tags, dates, ranges, and every kind of trouble.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::Response;
use futures::StreamExt;
use sha2::{Digest, Sha256};

/// What a path does on its next request, in the place of serving its bytes.
#[derive(Clone, Debug)]
pub enum Act {
    /// Answers with that status.
    Status(u16),
    /// Sends so many bytes of the rest, then breaks the connection.
    Cut(usize),
    /// Says that there are so many bytes more than there are.
    Overstate(usize),
    /// Sends on to that address.
    Redirect(String),
}

/// One request.
#[derive(Clone, Debug)]
pub struct Asked {
    pub range: Option<String>,
    pub conditional: bool,
    pub status: u16,
}

#[derive(Default)]
struct Shelf {
    files: BTreeMap<String, Vec<u8>>,
    acts: BTreeMap<String, VecDeque<Act>>,
    asked: Vec<Asked>,
}

type Shared = Arc<Mutex<Shelf>>;

/// The server; it ends when it is dropped.
pub struct Upstream {
    pub base: String,
    shelf: Shared,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Upstream {
    pub async fn start() -> Self {
        let shelf = Shared::default();
        let app = Router::new().fallback(answer).with_state(Arc::clone(&shelf));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let task = tokio::spawn(async move { axum::serve(listener, app).await.expect("served") });
        Self { base, shelf, task }
    }

    /// Puts a file there, or another in its place.
    pub fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.shelf.lock().expect("lock").files.insert(path.to_owned(), bytes.into());
    }

    /// Takes a file away.
    pub fn remove(&self, path: &str) {
        self.shelf.lock().expect("lock").files.remove(path);
    }

    /// What that path does next.
    pub fn next(&self, path: &str, acts: impl IntoIterator<Item = Act>) {
        self.shelf.lock().expect("lock").acts.entry(path.to_owned()).or_default().extend(acts);
    }

    /// What was asked since the last time.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.shelf.lock().expect("lock").asked)
    }
}

async fn answer(State(shelf): State<Shared>, request: Request<Body>) -> Response {
    let path = request.uri().path().replace("%20", " ");
    let headers = request.headers();
    let mut shelf = shelf.lock().expect("lock");
    let act = shelf.acts.get_mut(&path).and_then(VecDeque::pop_front);
    let response = reply(shelf.files.get(&path), act, headers);
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    shelf.asked.push(Asked {
        range: text(header::RANGE),
        conditional: headers.contains_key(header::IF_NONE_MATCH),
        status: response.status().as_u16(),
    });
    response
}

fn status(code: u16) -> Response {
    Response::builder().status(code).body(Body::from("<html>sorry</html>")).expect("a response")
}

fn reply(file: Option<&Vec<u8>>, act: Option<Act>, headers: &HeaderMap) -> Response {
    match &act {
        Some(Act::Status(code)) => return status(*code),
        Some(Act::Redirect(to)) => {
            let response = Response::builder().status(302).header(header::LOCATION, to);
            return response.body(Body::empty()).expect("a response");
        }
        _ => {}
    }
    let Some(bytes) = file else { return status(404) };
    let etag = format!("\"{}\"", &hex::encode(Sha256::digest(bytes))[..16]);
    let is = |name| headers.get(name).is_some_and(|v| v.as_bytes() == etag.as_bytes());
    if is(header::IF_NONE_MATCH) {
        return Response::builder().status(304).header(header::ETAG, &etag).body(Body::empty()).expect("one");
    }
    let range = headers.get(header::RANGE).and_then(|v| v.to_str().ok()).filter(|_| is(header::IF_RANGE));
    let from: usize =
        range.and_then(|r| r.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()).unwrap_or(0);
    let rest = &bytes[from.min(bytes.len())..];
    let announced = rest.len() + if let Some(Act::Overstate(more)) = act { more } else { 0 };
    let mut response =
        Response::builder().header(header::ETAG, &etag).header(header::CONTENT_LENGTH, announced);
    if range.is_some() {
        let content = format!("bytes {from}-{}/{}", bytes.len().saturating_sub(1), bytes.len());
        response = response.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, content);
    }
    let sent = if let Some(Act::Cut(most)) = act { &rest[..most.min(rest.len())] } else { rest };
    let breaks = sent.len() < announced;
    let mut pieces: Vec<Option<Bytes>> =
        sent.chunks(16 << 10).map(|c| Some(Bytes::copy_from_slice(c))).collect();
    pieces.extend(breaks.then_some(None));
    let body = futures::stream::iter(pieces).then(|piece| async {
        if piece.is_none() {
            // What was sent goes out before the connection breaks.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        piece.ok_or_else(|| std::io::Error::other("the connection breaks"))
    });
    response.body(Body::from_stream(body)).expect("a response")
}
