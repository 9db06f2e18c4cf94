//! For machines that have no certificate yet: the sensor's executable, and what they report of a task.

use std::sync::Arc;

use axum::response::Response;
use http::{HeaderMap, Request, StatusCode, header};
use palisade_types::TimeMicros;
use tokio::io::AsyncReadExt;

use crate::app::App;
use crate::rate::jittered;
use crate::refusal::{Code, Refusal};

/// Downloads of the sensor at once; each holds one chunk in memory.
pub(crate) const DOWNLOADS: usize = 64;
/// Bytes of one chunk.
const CHUNK: usize = 256 << 10;
/// Largest report, bytes.
pub(crate) const MAX_REPORT: usize = 256 << 10;
/// Longest token, bytes.
const MAX_TOKEN: usize = 512;

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let token = text.strip_prefix("Bearer ")?.trim();
    (token.len() <= MAX_TOKEN).then_some(token)
}

/// Strangers share one allowance, whatever they ask for.
fn admit(app: &App) -> Result<(), Refusal> {
    let mut bucket = app.enrolments.lock();
    if let Some(wait) = bucket.wait(std::time::Instant::now()) {
        return Err(Refusal::new(Code::RateLimited, "too many strangers at once").after(jittered(wait)));
    }
    bucket.take(1.0);
    Ok(())
}

/// The sensor's executable, for whoever holds an enrolment token that is still good.
pub(super) async fn artefact(app: &Arc<App>, headers: &HeaderMap) -> Result<Response, Refusal> {
    admit(app)?;
    let token = bearer(headers).unwrap_or_default();
    let tenant = app.state.check_enrolment_token(token, TimeMicros::now()).await;
    let tenant = tenant.map_err(|e| Refusal::state(&e))?;
    let none = || Refusal::new(Code::NotFound, "there is no sensor to give").of(tenant);
    let path = app.sensor.as_ref().ok_or_else(none)?;
    let place = app.downloads.clone().try_acquire_owned();
    let place = place.map_err(|_| {
        let wait = std::time::Duration::from_secs(5);
        Refusal::new(Code::RateLimited, "too many downloads at once").after(jittered(wait)).of(tenant)
    })?;
    let file = tokio::fs::File::open(path).await.map_err(|_| none())?;
    let size = file.metadata().await.map_err(|_| none())?.len();
    let body = futures::stream::try_unfold((file.take(size), place), |(mut file, place)| async move {
        let mut chunk = vec![0; CHUNK];
        let n = file.read(&mut chunk).await?;
        chunk.truncate(n);
        Ok::<_, std::io::Error>((n > 0).then(|| (bytes::Bytes::from(chunk), (file, place))))
    });
    Response::builder()
        .status(StatusCode::OK)
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::CONTENT_LENGTH, size)
        .body(axum::body::Body::from_stream(body))
        .map_err(|e| Refusal::new(Code::Internal, e.to_string()))
}

/// What a machine says came of a task, by the task's own token.
pub(super) async fn report(app: &Arc<App>, request: Request<axum::body::Body>) -> Result<Response, Refusal> {
    admit(app)?;
    let (head, body) = request.into_parts();
    let Some(token) = bearer(&head.headers) else {
        return Err(Refusal::new(Code::TaskTokenInvalid, "the task's token is missing"));
    };
    let body = app.report_bodies.read(&head.headers, body, MAX_REPORT, None).await?;
    app.state.task_report(token, &body.bytes, TimeMicros::now()).await.map_err(|e| Refusal::state(&e))?;
    Response::builder()
        .status(StatusCode::NO_CONTENT)
        .body(axum::body::Body::empty())
        .map_err(|e| Refusal::new(Code::Internal, e.to_string()))
}
