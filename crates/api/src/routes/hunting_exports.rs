//! Downloads: a query's rows as a file, sent while they come.

use std::time::Duration;

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use palisade_kql::without_hidden;
use palisade_state::hunting_exports::NewExportTicket;
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::time::timeout_at;
use utoipa::ToSchema;
use uuid::Uuid;

use super::hunting::compiled;
use crate::error::ApiError;
use crate::exports::{self, Growing, MAX_DEADLINE_MS, MAX_ROWS, Wanted};
use crate::extract::{Body, Id};
use crate::functions;
use crate::gate::{Authorized, HuntingRun, audit};
use crate::instant::Instant;
use crate::query::{ExportFormat, ExportPart, QueryFailure};
use crate::scope::{Left, Scope};
use crate::state::Api;

/// How long a download waits for a slot before its maker is told that all are taken.
const PATIENCE: Duration = Duration::from_secs(3);
/// Parts that wait for a client.
const WAITING: usize = 2;
/// Longest name of a file, characters.
const MAX_NAME: usize = 100;

/// A file to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HuntingExportRequest {
    /// KQL.
    query: String,
    /// The kind of file.
    format: ExportFormat,
    /// Most rows, 1 to 10000000, and that many when absent; the file ends there.
    #[schema(minimum = 1, maximum = 10_000_000)]
    max_rows: Option<u64>,
    /// How long the query and the download may take together, milliseconds, up to ten minutes, and that long
    /// when absent.
    #[schema(minimum = 1, maximum = 600_000)]
    deadline_ms: Option<u64>,
    /// The file's name, at most 100 ASCII letters, digits, spaces, `-`, `_` and `.`; its ending is added where
    /// it is missing.
    file_name: Option<String>,
}

/// What is ready to be downloaded.
#[derive(Serialize, ToSchema)]
pub(crate) struct HuntingExport {
    /// Identifier; it also cancels the query while it runs.
    id: String,
    /// When it ends; it is ten minutes good, for whom it was made.
    expires_at: Instant,
    /// Where the file is, below this server's address.
    download: String,
}

impl ExportFormat {
    /// As it is written everywhere.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
        }
    }

    /// The format of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Csv, Self::Json, Self::Jsonl, Self::Parquet].into_iter().find(|f| f.as_str() == name)
    }

    /// What HTTP calls it.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Json => "application/json",
            Self::Jsonl => "application/jsonl",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// Most rows that are asked for, checked.
pub(super) fn max_rows(asked: Option<u64>) -> Result<u64, ApiError> {
    match asked.unwrap_or(MAX_ROWS) {
        rows @ 1..=MAX_ROWS => Ok(rows),
        _ => Err(ApiError::invalid(format!("max_rows must be 1 to {MAX_ROWS}"))),
    }
}

/// A name that is good in a header and in every file system, with the format's ending.
fn file_name(asked: Option<String>, format: ExportFormat) -> Result<String, ApiError> {
    let name = asked.unwrap_or_else(|| "query-results".to_owned());
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.');
    if name.is_empty() || name.chars().count() > MAX_NAME || !name.chars().all(good) || name.starts_with('.')
    {
        return Err(ApiError::invalid(format!(
            "file_name must be 1 to {MAX_NAME} ASCII letters, digits, spaces, -, _ or . and not begin with one"
        )));
    }
    let ending = format!(".{}", format.as_str());
    Ok(if name.to_ascii_lowercase().ends_with(&ending) { name } else { name + &ending })
}

/// A text that can be kept.
pub(super) fn keepable(query: &str) -> Result<(), ApiError> {
    if query.contains('\0') {
        return Err(ApiError::invalid("the query must not hold the character U+0000"));
    }
    Ok(())
}

/// Prepares a download of a query's rows. The query is compiled and not run yet.
#[utoipa::path(post, path = "/api/v1/hunting/exports", operation_id = "hunting_exports_create", tag = "hunting",
    request_body = HuntingExportRequest,
    responses((status = 201, description = "Where the file is.", body = HuntingExport)))]
pub(crate) async fn create(
    caller: Authorized<HuntingRun, audit::HuntingExportCreate>,
    State(api): State<Api>,
    Body(body): Body<HuntingExportRequest>,
) -> Result<(StatusCode, Json<HuntingExport>), ApiError> {
    caller.no_devices();
    caller.scope.detail("query", without_hidden(&body.query));
    caller.scope.detail("format", body.format.as_str());
    let max_rows = max_rows(body.max_rows)?;
    let deadline_ms = body.deadline_ms.unwrap_or(MAX_DEADLINE_MS);
    if !(1..=MAX_DEADLINE_MS).contains(&deadline_ms) {
        return Err(ApiError::invalid(format!("deadline_ms must be 1 to {MAX_DEADLINE_MS}")));
    }
    let file_name = file_name(body.file_name, body.format)?;
    keepable(&body.query)?;
    let now = TimeMicros::now();
    let functions = functions::named_in(&api, caller.tenant(), &body.query).await?;
    let query = compiled(&api, body.query, functions, now).await?.query;
    let format = body.format.as_str().to_owned();
    let new = NewExportTicket { query, format, max_rows, deadline_ms, file_name };
    let made = api.config.state.create_export_ticket(&caller.principal, new, now).await?;
    caller.scope.target(made.id);
    let export = HuntingExport {
        id: made.id.to_string(),
        expires_at: made.expires_at.into(),
        download: format!("/api/v1/hunting/exports/{}/content", made.id),
    };
    Ok((StatusCode::CREATED, Json(export)))
}

/// Runs the query and sends its rows as a file while they come. A transfer that is broken off is of a query
/// that failed or was cancelled in the middle: the file is not whole.
#[utoipa::path(get, path = "/api/v1/hunting/exports/{id}/content", operation_id = "hunting_exports_content",
    tag = "hunting", params(("id" = String, Path, description = "The export.")),
    responses((status = 200, description = "The file.", content(
        (String = "text/csv"), (String = "application/json"), (String = "application/jsonl"),
        (Vec<u8> = "application/vnd.apache.parquet")))))]
pub(crate) async fn content(
    caller: Authorized<HuntingRun, audit::HuntingExport>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<Response, ApiError> {
    caller.scope.target(id);
    let devices = caller.devices().clone();
    let ticket = api.config.state.export_ticket(&caller.principal, id, TimeMicros::now()).await?;
    caller.scope.detail("query", without_hidden(&ticket.what.query));
    caller.scope.detail("format", ticket.what.format.as_str());
    let format = ExportFormat::named(&ticket.what.format)
        .ok_or_else(|| ApiError::internal("export", &"a ticket of an unknown format"))?;
    let wanted = Wanted {
        query: ticket.what.query,
        format,
        max_rows: ticket.what.max_rows,
        deadline: Duration::from_millis(ticket.what.deadline_ms),
        query_id: id.to_string(),
        patience: PATIENCE,
    };
    let mut growing = exports::begin(&api, &caller.principal, &devices, wanted).await?;
    // What goes wrong before there is anything to send is an answer like every other.
    let first = growing.part().await?;
    let body = sent(growing, first, caller.scope.clone());
    Ok(attachment(body, format, &ticket.what.file_name))
}

/// The answer that is a file.
pub(super) fn attachment(body: HttpBody, format: ExportFormat, name: &str) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// What a body is made of; the mark of its good end is not sent.
type Piece = Option<Bytes>;

/// A body that is sent as the client takes it. A task of its own lets the query go when its time is over,
/// also where nobody reads on.
fn sent(growing: Growing, first: ExportPart, scope: Scope) -> HttpBody {
    let (send, receive) = mpsc::channel::<Piece>(WAITING);
    let entry = scope.outlive();
    tokio::spawn(pump(growing, first, send, scope, entry));
    HttpBody::from_stream(pieces(receive))
}

/// The bytes as they come. HTTP/2 asks again after the end, which then is the end still.
fn pieces(receive: mpsc::Receiver<Piece>) -> impl Stream<Item = std::io::Result<Bytes>> + Send {
    let pieces = futures::stream::unfold(Some(receive), |receive| async move {
        let mut receive = receive?;
        match receive.recv().await {
            Some(Some(bytes)) => Some((Ok(bytes), Some(receive))),
            // The good end.
            Some(None) => None,
            // An error aborts the transfer, so that no cut file looks whole.
            None => Some((Err(std::io::Error::other("the export broke off")), None)),
        }
    });
    pieces.fuse()
}

async fn pump(mut growing: Growing, first: ExportPart, send: mpsc::Sender<Piece>, scope: Scope, entry: Left) {
    let mut bytes_sent = 0u64;
    let mut part: Result<ExportPart, QueryFailure> = Ok(first);
    let failure = loop {
        match part {
            Ok(ExportPart::Bytes(bytes)) => {
                bytes_sent += bytes.len() as u64;
                match timeout_at(growing.until(), send.send(Some(bytes))).await {
                    Ok(Ok(())) => {}
                    // Dropped, the entry says that the client left.
                    Ok(Err(_)) => return,
                    Err(_) => break Some("query_timeout".to_owned()),
                }
            }
            Ok(ExportPart::End { stats, truncated }) => {
                scope.detail("rows", stats.rows_returned);
                scope.detail("truncated", truncated);
                scope.detail("wall_ms", stats.wall_ms);
                break None;
            }
            Err(failed) => {
                tracing::info!(code = failed.code, "an export broke off");
                break Some(failed.code);
            }
        }
        part = tokio::select! {
            part = growing.part() => part,
            // The same, while the query has nothing to say.
            () = send.closed() => return,
        };
    };
    scope.detail("bytes", bytes_sent);
    // The slot is free before the client knows that all is over.
    let until = growing.until();
    drop(growing);
    entry.end(failure.as_deref()).await;
    if failure.is_none() {
        // A client that has left, or does not read on, has no whole file; there is nobody to tell.
        let _ = timeout_at(until, send.send(None)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_name_that_is_good_everywhere_and_its_ending() {
        let name = |text: &str| file_name(Some(text.to_owned()), ExportFormat::Csv);
        assert_eq!(name("a b").expect("good"), "a b.csv");
        assert_eq!(name("A.CSV").expect("good"), "A.CSV");
        assert_eq!(file_name(None, ExportFormat::Parquet).expect("good"), "query-results.parquet");
        for bad in ["", "a/b", "..", "a\"b", "é", "a\nb", &"x".repeat(101)] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn the_end_stays_the_end_and_what_broke_off_is_an_error_once() {
        let (send, receive) = mpsc::channel(3);
        send.send(Some(Bytes::from_static(b"a"))).await.expect("taken");
        send.send(None).await.expect("taken");
        let mut whole = std::pin::pin!(pieces(receive));
        assert_eq!(whole.next().await.expect("bytes").expect("good"), "a");
        assert!(whole.next().await.is_none() && whole.next().await.is_none());

        let (send, receive) = mpsc::channel(3);
        send.send(Some(Bytes::from_static(b"a"))).await.expect("taken");
        drop(send);
        let mut cut = std::pin::pin!(pieces(receive));
        assert!(cut.next().await.is_some_and(|p| p.is_ok()) && cut.next().await.is_some_and(|p| p.is_err()));
        assert!(cut.next().await.is_none() && cut.next().await.is_none());
    }

    #[test]
    fn formats_are_found_by_their_names() {
        for format in [ExportFormat::Csv, ExportFormat::Json, ExportFormat::Jsonl, ExportFormat::Parquet] {
            assert_eq!(ExportFormat::named(format.as_str()), Some(format));
            assert_eq!(serde_json::to_value(format).expect("JSON"), format.as_str());
        }
        assert_eq!(ExportFormat::named("CSV"), None);
        assert!(max_rows(Some(0)).is_err() && max_rows(Some(MAX_ROWS + 1)).is_err());
    }
}
