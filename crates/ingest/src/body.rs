//! Reading a request's body within bounds of size, time and memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::refusal::{Code, Refusal};

/// Memory is handed out in pieces of this size, bytes.
const PIECE: usize = 4096;
/// How long a request waits for memory.
const PATIENCE: Duration = Duration::from_secs(5);

/// The memory that all bodies share.
#[derive(Clone)]
pub(crate) struct BodyMemory {
    pieces: Arc<Semaphore>,
    largest: usize,
    timeout: Duration,
}

/// A body with the memory that it takes.
pub(crate) struct Held {
    pub bytes: Bytes,
    _memory: OwnedSemaphorePermit,
}

impl BodyMemory {
    pub fn new(memory: usize, largest: usize, timeout: Duration) -> Self {
        Self { pieces: Arc::new(Semaphore::new(memory.max(largest) / PIECE + 1)), largest, timeout }
    }

    /// Reads a body of at most `limit` bytes.
    pub async fn read(&self, headers: &HeaderMap, body: Body, limit: usize) -> Result<Held, Refusal> {
        let limit = limit.min(self.largest);
        let declared =
            headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
        let too_large =
            || Refusal::new(Code::BodyTooLarge, format!("the body is over the limit of {limit} bytes"));
        if declared.is_some_and(|d| d > limit) {
            return Err(too_large());
        }
        let pieces = u32::try_from(declared.unwrap_or(limit).div_ceil(PIECE).max(1)).unwrap_or(u32::MAX);
        let memory = tokio::time::timeout(PATIENCE, self.pieces.clone().acquire_many_owned(pieces)).await;
        let Ok(Ok(memory)) = memory else {
            let wait = crate::rate::jittered(Duration::from_secs(2));
            return Err(Refusal::new(Code::RateLimited, "too many uploads at once").after(wait));
        };
        match tokio::time::timeout(self.timeout, Limited::new(body, limit).collect()).await {
            Ok(Ok(collected)) => Ok(Held { bytes: collected.to_bytes(), _memory: memory }),
            Ok(Err(e)) if e.is::<LengthLimitError>() => Err(too_large()),
            Ok(Err(e)) => {
                tracing::debug!(error = %e, "body ended early");
                Err(Refusal::new(Code::BodyIncomplete, "the body ended early"))
            }
            Err(_) => Err(Refusal::new(Code::BodyIncomplete, "the body did not arrive in time")),
        }
    }
}
