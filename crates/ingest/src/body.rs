//! Reading a request's body within bounds of size, time and memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::in_flight::Upload;
use crate::rate::jittered;
use crate::refusal::{Code, Refusal};

/// Memory is handed out in pieces of this size, bytes.
const PIECE: usize = 4096;
/// How long a request waits for memory.
const PATIENCE: Duration = Duration::from_secs(5);

/// The memory that bodies share.
#[derive(Clone)]
pub(crate) struct BodyMemory {
    pieces: Arc<Semaphore>,
    largest: usize,
    /// Most bytes of one device.
    share: usize,
    timeout: Duration,
}

/// A body with the memory that it takes.
pub(crate) struct Held {
    pub bytes: Bytes,
    _memory: OwnedSemaphorePermit,
}

impl BodyMemory {
    pub fn new(memory: usize, largest: usize, share: usize, timeout: Duration) -> Self {
        Self { pieces: Arc::new(Semaphore::new(memory.max(largest) / PIECE + 1)), largest, share, timeout }
    }

    /// Reads a body of at most `limit` bytes. All of its memory is taken before the first byte is
    /// read, so that bodies never wait for each other half-way.
    pub async fn read(
        &self,
        headers: &HeaderMap,
        body: Body,
        limit: usize,
        of: Option<&Upload>,
    ) -> Result<Held, Refusal> {
        let limit = limit.min(self.largest);
        let declared =
            headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
        if declared.is_some_and(|d| d > limit) {
            return Err(too_large(limit));
        }
        let pieces = declared.unwrap_or(limit).div_ceil(PIECE).max(1);
        if of.is_some_and(|upload| !upload.hold(pieces * PIECE, self.share)) {
            return Err(Refusal::new(Code::RateLimited, "too many bytes of this device at once")
                .after(jittered(Duration::from_secs(2))));
        }
        let pieces = u32::try_from(pieces).unwrap_or(u32::MAX);
        let memory = tokio::time::timeout(PATIENCE, self.pieces.clone().acquire_many_owned(pieces)).await;
        let Ok(Ok(memory)) = memory else {
            return Err(Refusal::new(Code::RateLimited, "too many uploads at once")
                .after(jittered(Duration::from_secs(2))));
        };
        match tokio::time::timeout(self.timeout, collect(body, limit, declared)).await {
            Ok(Ok(bytes)) => Ok(Held { bytes, _memory: memory }),
            Ok(Err(refusal)) => Err(refusal),
            Err(_) => Err(Refusal::new(Code::BodyIncomplete, "the body did not arrive in time")),
        }
    }
}

fn too_large(limit: usize) -> Refusal {
    Refusal::new(Code::BodyTooLarge, format!("the body is over the limit of {limit} bytes"))
}

/// Copies the body together as it comes: a list of frames of one byte each would take many times
/// the body's size.
async fn collect(body: Body, limit: usize, declared: Option<usize>) -> Result<Bytes, Refusal> {
    let mut body = Limited::new(body, limit);
    let mut out = Vec::with_capacity(declared.unwrap_or_default());
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => out.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data)),
            Err(e) if e.is::<LengthLimitError>() => return Err(too_large(limit)),
            Err(e) => {
                tracing::debug!(error = %e, "body ended early");
                return Err(Refusal::new(Code::BodyIncomplete, "the body ended early"));
            }
        }
    }
    Ok(out.into())
}
