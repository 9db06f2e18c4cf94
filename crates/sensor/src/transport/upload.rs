//! One loop per lane that sends sealed batches in order, so that no lane waits for another.

use std::sync::Arc;
use std::time::Duration;

use palisade_types::{Epoch, Lane, TimeMicros};
use palisade_wire::PROTOCOL;
use palisade_wire::msg::{BatchResult, UploadRequest, UploadResponse};

use super::backoff::Backoff;
use crate::agent::Agent;
use crate::error::SensorError;
use crate::spool::Outgoing;

/// Most batches and bytes in one request.
const MOST_BATCHES: usize = 16;
const MOST_BYTES: u64 = 3 << 20;

/// What a round came to.
enum Round {
    /// There was nothing to send.
    Idle,
    /// All was taken.
    Sent,
    /// Try again after a wait.
    Wait(Option<Duration>),
}

/// Sends a lane's batches until the sensor stops.
pub async fn run(agent: Arc<Agent>, lane: Lane) {
    let mut backoff = Backoff::default();
    let mut most = MOST_BATCHES;
    let mut stop = agent.stop.subscribe();
    loop {
        let patient;
        let wait = match round(&agent, lane, &mut most).await {
            Round::Sent => {
                backoff.reset();
                continue;
            }
            Round::Idle => {
                tokio::select! {
                    () = agent.spool.ready(lane) => {}
                    _ = stop.wait_for(|s| s.ends_now()) => return,
                }
                continue;
            }
            Round::Wait(asked) => {
                patient = asked.is_some();
                backoff.next(asked)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            // What the server asked for is waited out, whatever the other lanes come to.
            () = agent.reconnected.notified(), if !patient => {}
            _ = stop.wait_for(|s| s.ends_now()) => return,
        }
    }
}

async fn round(agent: &Agent, lane: Lane, most: &mut usize) -> Round {
    let taken = agent.spool.take(lane, *most, MOST_BYTES);
    if taken.is_empty() {
        return Round::Idle;
    }
    let mut request = UploadRequest { protocol: PROTOCOL, batches: Vec::with_capacity(taken.len()) };
    for b in &taken {
        match b.load() {
            Some(sealed) => request.batches.push(sealed),
            None => {
                agent.spool.refuse(b.epoch, b.lane, b.sequence, "spool_corrupt");
                agent.spool.release(&taken);
                return Round::Sent;
            }
        }
    }
    let asked_us = TimeMicros::now().0;
    let answer: Result<UploadResponse, SensorError> = agent.link.post("/v1/batches", &request).await;
    let outcome = match answer {
        Ok(response) => {
            agent.connection.server_time(response.server_time_us, asked_us);
            if response.flush_interval_ms > 0 {
                agent.spool.set_flush_interval(Duration::from_millis(u64::from(response.flush_interval_ms)));
                let in_force = agent.spool.flush_interval();
                agent.connection.update(|v| v.flush_interval_ms = in_force.as_millis() as u64);
            }
            *most = MOST_BATCHES.min(*most * 2);
            settle(agent, lane, &taken, &response.results)
        }
        Err(e) => {
            agent.counters.add("upload_failures", 1);
            agent.connection.failed(&e);
            match e.code() {
                "body_too_large" if taken.len() > 1 => *most = (taken.len() / 2).max(1),
                "body_too_large" => {
                    agent.spool.refuse(taken[0].epoch, lane, taken[0].sequence, "body_too_large")
                }
                "certificate_expired" | "certificate_required" | "tls_failed" => {
                    agent.wake_renewal.notify_one()
                }
                "rate_limited" => agent.counters.add("upload_rate_limited", 1),
                _ => {}
            }
            Round::Wait(e.retry_after())
        }
    };
    agent.spool.release(&taken);
    outcome
}

/// Goes through the server's results. One that is not taken does not hide those after it: a
/// server takes what follows a fork or a refusal, and that must not be sent again.
fn settle(agent: &Agent, lane: Lane, taken: &[Outgoing], results: &[BatchResult]) -> Round {
    let mut round = Round::Sent;
    let mut fork = None;
    for b in taken {
        let result = results.iter().find(|r| {
            Epoch(r.epoch) == b.epoch && r.sequence == b.sequence && r.lane == u32::from(lane.number())
        });
        let Some(result) = result else {
            agent.connection.failed(&SensorError::Malformed("no result for a batch"));
            round = Round::Wait(None);
            continue;
        };
        match (result.status.as_str(), result.code.as_str()) {
            ("acked", _) => taken_by_server(agent, b, "batches_acked"),
            ("duplicate", _) => taken_by_server(agent, b, "batches_duplicate"),
            (_, "new_epoch_required") => {
                tracing::warn!(%lane, sequence = b.sequence, "the server knows this sequence with another content");
                fork = Some(b.epoch);
            }
            (_, "sequence_gap") => {
                // What it waits for may still be here, then order alone cures it; else it lost
                // what it had acknowledged.
                if taken.first().is_some_and(|f| f.sequence == b.sequence) && result.expected < b.sequence {
                    tracing::warn!(%lane, sequence = b.sequence, expected = result.expected, "the server lacks batches that it had acknowledged");
                    agent.spool.declare_gap(b.epoch, lane, b.sequence);
                }
                round = Round::Wait(None);
            }
            (_, code @ ("rate_limited" | "log_unavailable" | "internal" | "")) => {
                agent.connection.failed(&refusal(code, &result.message));
                round = Round::Wait(None);
            }
            (_, code) => {
                tracing::error!(%lane, sequence = b.sequence, code, "the server refuses a batch for good");
                agent.spool.refuse(b.epoch, lane, b.sequence, code);
            }
        }
    }
    if let Some(epoch) = fork {
        agent.spool.begin_new_epoch(epoch);
        return Round::Wait(None);
    }
    round
}

fn taken_by_server(agent: &Agent, b: &Outgoing, kind: &'static str) {
    agent.spool.ack(b.epoch, b.lane, b.sequence);
    agent.counters.add(kind, 1);
    agent.counters.add("facts_sent", u64::from(b.facts));
    if agent.connection.succeeded() {
        // The other lanes and the order channel may still wait out a long pause.
        agent.reconnected.notify_waiters();
    }
}

fn refusal(code: &str, message: &str) -> SensorError {
    let code = if code.is_empty() { "internal" } else { code };
    SensorError::Refused { code: code.to_owned(), message: message.to_owned(), retry_after: None }
}
