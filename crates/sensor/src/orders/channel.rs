//! The channel that orders come through: a long-lived stream, or asking again and again where
//! something between us and the server does not let a stream live.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Response;

use super::frames::Frames;
use crate::agent::Agent;
use crate::error::SensorError;
use crate::transport::backoff::Backoff;
use crate::transport::classify;

/// The server sends a frame every 15 s; three missing ones mean that the stream is dead.
const SILENCE: Duration = Duration::from_secs(45);

/// After so many streams that ended early we ask instead.
const STREAM_FAILURES: u32 = 2;

/// Answers faster than this, without an order, are followed by a pause.
const HASTE: Duration = Duration::from_secs(1);

/// So many questions later the stream is tried again.
const POLLS: u32 = 20;

/// Takes orders until the sensor stops.
pub async fn run(agent: Arc<Agent>) {
    let mut stop = agent.stop.subscribe();
    tokio::select! {
        () = take_orders(&agent) => {}
        _ = stop.wait_for(|s| s.ends()) => {}
    }
    agent.connection.update(|v| v.orders = "off".into());
}

async fn take_orders(agent: &Arc<Agent>) {
    let mut backoff = Backoff::default();
    let mut failures = 0;
    loop {
        let polling = failures >= STREAM_FAILURES;
        let began = Instant::now();
        let ended = if polling { poll(agent).await } else { stream(agent).await };
        match (polling, ended) {
            (true, Ok(any)) => {
                backoff.reset();
                failures += 1;
                if failures > STREAM_FAILURES + POLLS {
                    failures = 0;
                }
                // A server that does not wait when asked to must not be asked without a pause.
                if !any && began.elapsed() < HASTE {
                    tokio::time::sleep(HASTE).await;
                }
            }
            // A stream that gave frames and ended, such as at a restart of the server.
            (false, Ok(true)) => {
                backoff.reset();
                failures = 0;
                tokio::time::sleep(backoff.next(None)).await;
            }
            // A stream that was opened and never carried a frame.
            (false, Ok(false)) => {
                failures += 1;
                agent.counters.add("order_stream_failures", 1);
                tokio::time::sleep(backoff.next(None)).await;
            }
            (_, Err(e)) => {
                tracing::debug!(code = e.code(), error = %e, "the order channel failed");
                agent.counters.add("order_channel_failures", 1);
                agent.connection.update(|v| v.orders = "off".into());
                let asked = e.retry_after();
                tokio::select! {
                    () = tokio::time::sleep(backoff.next(asked)) => {}
                    () = agent.reconnected.notified(), if asked.is_none() => {}
                }
            }
        }
    }
}

/// Reads a stream to its end; whether it gave any frame.
async fn stream(agent: &Arc<Agent>) -> Result<bool, SensorError> {
    let answer = tokio::time::timeout(SILENCE, agent.link.get("/v1/orders", None)).await;
    let answer = answer.map_err(|_| SensorError::Unreachable("no answer to the order stream".into()))??;
    agent.connection.update(|v| v.orders = "stream".into());
    agent.reconnected.notify_waiters();
    let mut any = false;
    if let Err(e) = read(agent, answer, &mut any).await {
        tracing::debug!(code = e.code(), error = %e, "the order stream ended");
    }
    Ok(any)
}

/// Asks once and waits up to 30 s for an order; whether one came.
async fn poll(agent: &Arc<Agent>) -> Result<bool, SensorError> {
    let answer = agent.link.get("/v1/orders?wait=30", Some(Duration::from_secs(60))).await?;
    agent.connection.update(|v| v.orders = "poll".into());
    let mut any = false;
    read(agent, answer, &mut any).await?;
    Ok(any)
}

async fn read(agent: &Arc<Agent>, mut answer: Response, any: &mut bool) -> Result<(), SensorError> {
    let mut frames = Frames::default();
    loop {
        let chunk = tokio::time::timeout(SILENCE, answer.chunk())
            .await
            .map_err(|_| SensorError::Unreachable("the order stream went silent".into()))?;
        let Some(chunk) = chunk.map_err(|e| classify(&e))? else { return Ok(()) };
        frames.push(&chunk);
        while let Some(frame) = frames.next()? {
            *any = true;
            agent.connection.server_time_hint(frame.server_time_us);
            if let Some(signed) = &frame.order {
                agent.orders.handle(agent, signed).await;
            }
        }
    }
}
