//! What exports by the clock gave.

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use palisade_state::hunting_exports as state;
use palisade_types::TimeMicros;
use serde::Serialize;
use tokio_util::io::ReaderStream;
use utoipa::ToSchema;
use uuid::Uuid;

use super::hunting_exports::attachment;
use super::scheduled_exports::reached;
use crate::error::ApiError;
use crate::exports::files;
use crate::extract::{Id, Ids, Params};
use crate::gate::{Authorized, HuntingRun, audit};
use crate::instant::Instant;
use crate::page::{self, Paging, page};
use crate::query::ExportFormat;
use crate::state::Api;

/// A run of an export by the clock.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HuntingExportRun {
    /// Identifier.
    id: String,
    /// The kind of file.
    format: String,
    /// When it was due, or asked for.
    started_at: Instant,
    /// When it was over.
    #[schema(required = true)]
    ended_at: Option<Instant>,
    /// `running`, `done` or `failed`.
    state: String,
    /// Stable code of what went wrong; null where nothing did.
    #[schema(required = true)]
    code: Option<String>,
    /// The same for people.
    #[schema(required = true)]
    message: Option<String>,
    /// Rows of the file.
    rows: u64,
    /// Its bytes.
    bytes: u64,
    /// Whether the bound of ten million rows cut it.
    truncated: bool,
    /// SHA-256 of the file, hexadecimal; null where there is none.
    #[schema(required = true)]
    sha256: Option<String>,
}

impl From<state::ExportRun> for HuntingExportRun {
    fn from(r: state::ExportRun) -> Self {
        let told = |text: String| Some(text).filter(|t| !t.is_empty());
        Self {
            id: r.id.to_string(),
            format: r.format,
            started_at: r.started_at.into(),
            ended_at: Instant::maybe(r.ended_at),
            state: r.state,
            code: told(r.code),
            message: told(r.message),
            rows: r.rows,
            bytes: r.bytes,
            truncated: r.truncated,
            sha256: told(r.sha256),
        }
    }
}

page! {
    /// Runs of an export by the clock.
    HuntingExportRunPage of HuntingExportRun
}

/// Lists runs of an export by the clock, newest first.
#[utoipa::path(get, path = "/api/v1/hunting/scheduled-exports/{id}/runs", operation_id = "scheduled_exports_runs",
    tag = "hunting", params(("id" = String, Path, description = "The export."), Paging),
    responses((status = 200, description = "Runs.", body = HuntingExportRunPage)))]
pub(crate) async fn list(
    caller: Authorized<HuntingRun, audit::Unaudited>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
    Params(paging): Params<Paging>,
) -> Result<Json<HuntingExportRunPage>, ApiError> {
    reached(&caller, &api, id).await?;
    let (limit, cursor) = (page::limit(paging.limit)?, page::cursor(paging.cursor)?);
    let runs = api.config.state.export_runs(caller.tenant(), id, limit, cursor.as_deref()).await?;
    Ok(Json(runs.into()))
}

/// Has an export by the clock made as soon as it can be.
#[utoipa::path(post, path = "/api/v1/hunting/scheduled-exports/{id}/runs", operation_id = "scheduled_exports_run",
    tag = "hunting", params(("id" = String, Path, description = "The export.")),
    responses((status = 202, description = "The run, which begins in a moment.", body = HuntingExportRun)))]
pub(crate) async fn run(
    caller: Authorized<HuntingRun, audit::ScheduledExportRun>,
    State(api): State<Api>,
    Id(id): Id<Uuid>,
) -> Result<(StatusCode, Json<HuntingExportRun>), ApiError> {
    reached(&caller, &api, id).await?;
    let asked = api.config.state.request_export_run(caller.tenant(), id, TimeMicros::now()).await;
    let asked = asked.map_err(|e| match e.code() {
        "export_running" => ApiError { status: StatusCode::CONFLICT, ..e.into() },
        _ => e.into(),
    })?;
    Ok((StatusCode::ACCEPTED, Json(asked.into())))
}

/// Reads the file of a run.
#[utoipa::path(get, path = "/api/v1/hunting/scheduled-exports/{id}/runs/{run}/content",
    operation_id = "scheduled_exports_content", tag = "hunting",
    params(("id" = String, Path, description = "The export."), ("run" = String, Path, description = "The run.")),
    responses((status = 200, description = "The file.", content(
        (String = "text/csv"), (String = "application/json"), (String = "application/jsonl"),
        (Vec<u8> = "application/vnd.apache.parquet")))))]
pub(crate) async fn content(
    caller: Authorized<HuntingRun, audit::ScheduledExportRead>,
    State(api): State<Api>,
    Ids(id, run): Ids<Uuid, Uuid>,
) -> Result<Response, ApiError> {
    let export = reached(&caller, &api, id).await?;
    let run = api.config.state.export_run(caller.tenant(), id, run).await?;
    caller.scope.detail("run", run.id.to_string());
    let missing = || ApiError::not_found("file: the run is not over, or failed");
    let folder = files::folder(&api, caller.tenant()).await?;
    let folder = folder.filter(|_| run.state == "done").ok_or_else(missing)?;
    let file = match tokio::fs::File::open(files::of_run(&folder, &run)).await {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(missing()),
        Err(e) => return Err(ApiError::internal("an export's file", &e)),
    };
    let format = ExportFormat::named(&run.format)
        .ok_or_else(|| ApiError::internal("export", &"a run of an unknown format"))?;
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let name: String = export.what.name.chars().map(|c| if good(c) { c } else { '-' }).take(80).collect();
    let day = run.started_at.to_rfc3339().chars().take(16).collect::<String>().replace(':', "-");
    let body = HttpBody::from_stream(ReaderStream::with_capacity(file, 256 << 10));
    let mut response = attachment(body, format, &format!("{name}-{day}.{}", format.as_str()));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(run.bytes));
    Ok(response)
}
