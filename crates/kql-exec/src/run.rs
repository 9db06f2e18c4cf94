//! Many queries in, one answer each: lines of JSON, for other programs and for tests.
//!
//! A line is `{"id": anything, "query": "KQL"}`; other keys are not read. Its answer is
//! `{"id", "ok": true, "columns": [{"name", "type"}], "rows": [[…]], "truncated"}` or
//! `{"id", "ok": false, "error": {"code", "message", "line", "column"}}`, where line and column are null
//! for what has no place in the text. Answers come in the order of their lines. A line that is no such
//! object is answered as well, with `"id": null` and the number of the line in the message.

use std::io::{self, BufRead, Read, Write};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::{FutureExt, StreamExt};
use palisade_kql::{Catalogue, Diagnostic, Severity};
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::error::ExecError;
use crate::executor::{LocalExecutor, QueryContext, QueryExecutor};
use crate::json::{json_rows, json_schema};
use crate::source::TableSource;

/// Longest line, bytes: the longest query with every byte escaped, and some more.
const MAX_LINE: usize = 4 * 1024 * 1024;

/// Limits of each query, and how many run at a time.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Longest running time of a query.
    pub deadline: Duration,
    /// Most rows of an answer; more are cut off and flagged.
    pub row_cap: usize,
    /// Most bytes of working memory of a query.
    pub memory_limit: usize,
    /// Most bytes of an answer's rows as text; an answer that has more is an error.
    pub answer_limit: usize,
    /// Queries that run side by side.
    pub parallel: usize,
    /// What `now()` means, microseconds since 1970, UTC; the clock's time at each query when absent.
    pub now_us: Option<i64>,
}

impl Default for RunOptions {
    /// 60 s, 500,000 rows, 512 MiB, answers of 64 MiB, as many queries as there are processors.
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(60),
            row_cap: 500_000,
            memory_limit: 512 * 1024 * 1024,
            answer_limit: 64 * 1024 * 1024,
            parallel: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            now_us: None,
        }
    }
}

/// How many lines were answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// With rows.
    pub ok: u64,
    /// With an error.
    pub failed: u64,
}

/// What queries see.
#[derive(Clone)]
pub struct RunTables {
    /// What the binder knows.
    pub catalogue: Arc<dyn Catalogue + Send + Sync>,
    /// What the executor reads.
    pub source: Arc<dyn TableSource>,
}

/// Answers every line of `reader`, in order, each as soon as it and those before it are done.
///
/// # Errors
/// When a line cannot be read or an answer not be written; what a line says is never one.
pub async fn run(
    reader: impl BufRead + Send + 'static,
    mut writer: impl Write,
    tables: RunTables,
    options: RunOptions,
) -> io::Result<RunCounts> {
    let parallel = options.parallel.clamp(1, 64);
    // Reading waits for the other side, so it has a thread of its own: answers go out meanwhile.
    let (send, receive) = mpsc::channel(parallel);
    std::thread::Builder::new().name("lines".to_owned()).spawn(move || read_lines(reader, &send))?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let executor = LocalExecutor::new(Arc::clone(&tables.source)).with_partitions(cores.div_ceil(parallel));
    let lines = futures::stream::unfold(receive, |mut r| async move { r.recv().await.map(|l| (l, r)) });
    let answers = lines
        .map(|line| {
            let (executor, catalogue, options) =
                (executor.clone(), Arc::clone(&tables.catalogue), options.clone());
            // As tasks they go on while an earlier one is waited for.
            let task = tokio::spawn(answer(line, executor, catalogue, options));
            async move { task.await.map_err(io::Error::other)? }
        })
        .buffered(parallel);
    let mut answers = std::pin::pin!(answers);
    let mut counts = RunCounts::default();
    while let Some(answer) = answers.next().await {
        let (ok, text) = answer?;
        *if ok { &mut counts.ok } else { &mut counts.failed } += 1;
        writer.write_all(text.as_bytes())?;
        writer.write_all(b"\n")?;
        // Who asks one query at a time waits for its answer.
        writer.flush()?;
    }
    Ok(counts)
}

/// A line and its number from 1.
enum Line {
    Text(u64, Vec<u8>),
    TooLong(u64),
}

fn read_lines(mut reader: impl BufRead, send: &mpsc::Sender<io::Result<Line>>) {
    for number in 1_u64.. {
        let line = match read_line(&mut reader, number) {
            Ok(Some(line)) => Ok(line),
            Ok(None) => return,
            Err(e) => Err(e),
        };
        let last = line.is_err();
        if matches!(&line, Ok(Line::Text(_, text)) if text.trim_ascii().is_empty()) {
            continue;
        }
        if send.blocking_send(line).is_err() || last {
            return;
        }
    }
}

fn read_line(reader: &mut impl BufRead, number: u64) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    (&mut *reader).take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.len() <= MAX_LINE || line.ends_with(b"\n") {
        return Ok(Some(Line::Text(number, line)));
    }
    // The rest is read over, without keeping it.
    loop {
        let buffer = reader.fill_buf()?;
        let (used, found) = match buffer.iter().position(|b| *b == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        reader.consume(used);
        if found {
            return Ok(Some(Line::TooLong(number)));
        }
    }
}

/// Why a line has no rows.
struct Failure {
    code: String,
    message: String,
    place: Option<(u32, u32)>,
}

impl Failure {
    fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), place: None }
    }
}

impl From<ExecError> for Failure {
    fn from(error: ExecError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<Vec<Diagnostic>> for Failure {
    fn from(found: Vec<Diagnostic>) -> Self {
        match found.into_iter().find(|d| d.severity == Severity::Error) {
            Some(first) => {
                Self { code: first.code, message: first.message, place: Some((first.line, first.column)) }
            }
            None => Self::new("internal", "the query does not compile, and nothing says why"),
        }
    }
}

/// The answer's text, and whether it has rows.
async fn answer(
    line: io::Result<Line>,
    executor: LocalExecutor,
    catalogue: Arc<dyn Catalogue + Send + Sync>,
    options: RunOptions,
) -> io::Result<(bool, String)> {
    let (id, query) = asked(line?);
    let query = match query {
        Ok(query) => query,
        Err(failure) => return Ok((false, failed(&id, failure))),
    };
    let work = result(&id, query, &executor, catalogue, &options);
    // A defect in one query costs its own answer only.
    let done = AssertUnwindSafe(work).catch_unwind().await;
    let broken = |_| Err(Failure::new("internal", "the query broke the executor"));
    Ok(match done.unwrap_or_else(broken) {
        Ok(text) => (true, text),
        Err(failure) => (false, failed(&id, failure)),
    })
}

fn failed(id: &Json, failure: Failure) -> String {
    let Failure { code, message, place } = failure;
    let (line, column) = place.unzip();
    let error = json!({"code": code, "message": message, "line": line, "column": column});
    json!({"id": id, "ok": false, "error": error}).to_string()
}

/// The id that a line holds, and its query.
fn asked(line: Line) -> (Json, Result<String, Failure>) {
    let bad = |id, message| (id, Err(Failure::new("invalid_line", message)));
    let (number, text) = match line {
        Line::Text(number, text) => (number, text),
        Line::TooLong(number) => {
            let message = format!("line {number} is longer than {MAX_LINE} bytes");
            return (Json::Null, Err(Failure::new("line_too_long", message)));
        }
    };
    let parsed: Result<Json, _> = serde_json::from_slice(&text);
    let mut object = match parsed {
        Ok(Json::Object(object)) => object,
        Ok(_) => return bad(Json::Null, format!("line {number} is not an object")),
        Err(e) => return bad(Json::Null, format!("line {number} is not JSON: {e}")),
    };
    let id = object.remove("id").unwrap_or_default();
    match object.remove("query") {
        Some(Json::String(query)) => (id, Ok(query)),
        _ => bad(id, format!("line {number} has no text \"query\"")),
    }
}

async fn result(
    id: &Json,
    query: String,
    executor: &LocalExecutor,
    catalogue: Arc<dyn Catalogue + Send + Sync>,
    options: &RunOptions,
) -> Result<String, Failure> {
    let now = options.now_us.unwrap_or_else(clock);
    let work = move || palisade_kql::compile(&query, catalogue.as_ref(), now);
    let program = tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Failure::new("internal", "the query broke the compiler"))??;
    let context = QueryContext {
        deadline: options.deadline,
        row_cap: options.row_cap,
        memory_limit: options.memory_limit,
        cancel: CancellationToken::new(),
        ..QueryContext::default()
    };
    let mut stream = executor.execute(program, context).await?;
    let schema = stream.schema().clone();
    let mut text = format!("{{\"id\":{id},\"ok\":true,\"columns\":{},\"rows\":[", json_schema(&schema));
    let start = text.len();
    while let Some(batch) = stream.next().await {
        for row in json_rows(&batch?, &schema) {
            if text.len() > start {
                text.push(',');
            }
            text.push_str(&Json::Array(row).to_string());
            if text.len() - start > options.answer_limit {
                let message = format!("the answer is longer than {} bytes", options.answer_limit);
                return Err(Failure::new("query_limit", message));
            }
        }
    }
    text.push_str(if stream.stats().truncated { "],\"truncated\":true}" } else { "],\"truncated\":false}" });
    Ok(text)
}

/// Microseconds since 1970, UTC.
fn clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
