//! Taking an upload apart into lanes and answering for each batch.

use std::sync::Arc;

use axum::response::Response;
use http::{Request, StatusCode};
use palisade_types::{Lane, TimeMicros};
use palisade_wire::msg::{BatchResult, SealedBatch, UploadRequest, UploadResponse};
use palisade_wire::{WireError, check_upload};
use prost::Message;

use super::lane::{self, Outcome, Who};
use crate::app::{App, check_protocol};
use crate::identity::Peer;
use crate::in_flight::Upload;
use crate::refusal::{Code, Refusal, protobuf};

/// A batch that announces more than so many times its size is charged for what it announces.
const MUCH: u64 = 8;

pub(super) async fn upload(
    app: &Arc<App>,
    peer: &Peer,
    request: Request<axum::body::Body>,
) -> Result<Response, Refusal> {
    let device = app.device(peer).await?;
    let who = Who { tenant: device.tenant, device: device.device };
    let place = app.admit(device)?;
    take(app, who, place, request).await.map_err(|r| r.of(who.tenant))
}

async fn take(
    app: &Arc<App>,
    who: Who,
    place: Upload,
    request: Request<axum::body::Body>,
) -> Result<Response, Refusal> {
    let (head, body) = request.into_parts();
    let body = app.bodies.read(&head.headers, body, app.limits.max_body, Some(&place)).await?;
    let size = body.bytes.len() as u64;
    app.rates.charge(who.tenant, who.device, size);
    let malformed = || Refusal::new(Code::BatchMalformed, "the body is no upload");
    // Before decoding: empty batches take many times their size in memory.
    check_upload(&body.bytes, app.limits.max_batches as u64).map_err(|e| match e {
        WireError::TooLarge { limit, .. } => {
            Refusal::new(Code::BodyTooLarge, format!("at most {limit} batches are taken at once"))
        }
        _ => malformed(),
    })?;
    let upload = UploadRequest::decode(body.bytes.clone()).map_err(|_| malformed())?;
    check_protocol(upload.protocol)?;
    // A few bytes can announce much to open: that work has a price too.
    let announced: u64 = upload.batches.iter().map(|b| b.raw_length.min(app.limits.batch.raw)).sum();
    app.rates.charge(who.tenant, who.device, (announced / MUCH).saturating_sub(size));
    // Who hangs up leaves batches on their way: until they are through, their memory is taken and
    // so is the device's place.
    let held = Arc::new((body, place));
    let now = TimeMicros::now();
    let mut results: Vec<BatchResult> = upload.batches.iter().map(nothing_yet).collect();
    let mut lanes: [Vec<(usize, SealedBatch)>; 3] = Default::default();
    for (i, batch) in upload.batches.into_iter().enumerate() {
        match Lane::from_number(batch.lane) {
            Some(lane) => lanes[usize::from(lane.number())].push((i, batch)),
            None => settle(
                app,
                who,
                &mut results[i],
                Outcome::refused(Code::BatchMalformed, "there is no such lane"),
            ),
        }
    }
    let mut running = Vec::new();
    for (lane, batches) in Lane::ALL.into_iter().zip(lanes) {
        if !batches.is_empty() {
            let (app, held) = (app.clone(), held.clone());
            // Its own task: once a batch is on its way to the log it must also be marked as known,
            // even if the sensor hangs up in between.
            running.push(tokio::spawn(async move {
                let outcomes = lane::take(&app, who, lane, batches, now).await;
                drop(held);
                outcomes
            }));
        }
    }
    for task in running {
        let outcomes = task.await.map_err(|e| {
            tracing::error!(error = %e, "a lane's task failed");
            Refusal::new(Code::Internal, "the server failed")
        })?;
        for (i, outcome) in outcomes {
            settle(app, who, &mut results[i], outcome);
        }
    }
    let events = results.iter().any(|r| r.lane != u32::from(Lane::Control.number()) && r.status == "acked");
    app.seen.note(who.tenant, who.device, now, events);
    let interval = app.flush_interval(who.tenant);
    let response = UploadResponse {
        results,
        flush_interval_ms: u32::try_from(interval.as_millis()).unwrap_or(u32::MAX),
        server_time_us: TimeMicros::now().0,
    };
    Ok(protobuf(StatusCode::OK, &response))
}

fn nothing_yet(batch: &SealedBatch) -> BatchResult {
    BatchResult { epoch: batch.epoch, lane: batch.lane, sequence: batch.sequence, ..BatchResult::default() }
}

/// Writes an outcome into the answer and counts it.
fn settle(app: &App, who: Who, result: &mut BatchResult, outcome: Outcome) {
    let status = match outcome {
        Outcome::Acked { facts, bytes, clock_off } => {
            app.metrics.acked(who.tenant, facts, bytes, clock_off);
            "acked"
        }
        Outcome::Duplicate => "duplicate",
        Outcome::Refused { code, message, expected } => {
            app.metrics.refuse(code, Some(who.tenant));
            tracing::debug!(device = %who.device, code = code.as_str(), message, sequence = result.sequence, "batch refused");
            result.code = code.as_str().into();
            result.message = message;
            result.expected = expected;
            "refused"
        }
    };
    app.metrics.batch(who.tenant, status);
    result.status = status.into();
}
