//! One lane of one upload: judge, open, append, mark.

use std::time::Instant;

use bytes::Bytes;
use palisade_log::{FLAG_CLOCK_OFF, KIND_BATCH, RecordMeta};
use palisade_types::{DeviceId, Epoch, Lane, TenantId, TimeMicros};
use palisade_wire::msg::SealedBatch;
use palisade_wire::{BatchLimits, DedupMark, Verdict, digest_of, open};

use crate::app::App;
use crate::refusal::Code;

/// A clock further off than this is flagged, microseconds.
const CLOCK_TOLERANCE: i64 = 24 * 3600 * 1_000_000;
/// The first instant of the year 2200, microseconds; times run from 1970 to here.
const TIME_END: i64 = 7_258_118_400 * 1_000_000;
/// A batch that opens to less than this many bytes is opened on the spot.
const SMALL: u64 = 256 << 10;

#[derive(Clone, Copy)]
pub(super) struct Who {
    pub tenant: TenantId,
    pub device: DeviceId,
}

/// What became of one batch.
pub(super) enum Outcome {
    Acked { facts: u64, bytes: u64, clock_off: bool },
    Duplicate,
    Refused { code: Code, message: String, expected: u64 },
}

impl Outcome {
    pub fn refused(code: Code, message: impl Into<String>) -> Self {
        Self::Refused { code, message: message.into(), expected: 0 }
    }
}

/// A batch that will be appended.
struct Taken {
    index: usize,
    mark: DedupMark,
    facts: u64,
    bytes: u64,
    clock_off: bool,
}

/// Takes the batches of one lane in their order; the outcome of each with its index.
pub(super) async fn take(
    app: &App,
    who: Who,
    lane: Lane,
    batches: Vec<(usize, SealedBatch)>,
    now: TimeMicros,
) -> Vec<(usize, Outcome)> {
    let _order = app.lanes.lock(who.tenant, who.device, lane).await;
    let _marking = app.dedup.enter(who.device).await;
    let mut outcomes = Vec::with_capacity(batches.len());
    let mut taken: Vec<Taken> = Vec::new();
    let mut records = Vec::new();
    for (index, batch) in batches {
        let Ok(digest) = <[u8; 32]>::try_from(batch.digest.as_ref()) else {
            outcomes.push((index, Outcome::refused(Code::BatchMalformed, "the digest has not 32 bytes")));
            continue;
        };
        let epoch = Epoch(batch.epoch);
        let mark = DedupMark {
            tenant: who.tenant,
            device: who.device,
            epoch,
            lane,
            sequence: batch.sequence,
            digest,
        };
        match judge(app, &taken, &mark, batch.dropped_below) {
            Verdict::Accept => {}
            Verdict::Duplicate => {
                outcomes.push((index, Outcome::Duplicate));
                continue;
            }
            Verdict::Fork => {
                let text = "this sequence is known with another content: begin a new epoch";
                outcomes.push((index, Outcome::refused(Code::NewEpochRequired, text)));
                continue;
            }
            Verdict::Gap { expected } => {
                let message = format!("sequence {expected} is expected");
                outcomes.push((index, Outcome::Refused { code: Code::SequenceGap, message, expected }));
                continue;
            }
        }
        let clock_off = batch.sealed_us.abs_diff(now.0) > CLOCK_TOLERANCE.unsigned_abs();
        let opened = open_batch(app, &batch, digest).await;
        let facts = match opened {
            Ok(facts) => facts,
            Err((code, message)) => {
                outcomes.push((index, Outcome::refused(code, message)));
                continue;
            }
        };
        let meta = RecordMeta {
            tenant: who.tenant,
            device: who.device,
            epoch: batch.epoch,
            lane: lane.number(),
            sequence: batch.sequence,
            digest,
            received_at: now.0,
            flags: if clock_off { FLAG_CLOCK_OFF } else { 0 },
            kind: KIND_BATCH,
            raw_length: batch.raw_length,
        };
        taken.push(Taken { index, mark, facts, bytes: batch.payload.len() as u64, clock_off });
        records.push((meta, batch.payload));
    }
    outcomes.extend(append(app, taken, records).await);
    outcomes
}

/// Judges a batch as if those taken before it in this upload were known already.
fn judge(app: &App, taken: &[Taken], mark: &DedupMark, dropped_below: u64) -> Verdict {
    let before = || taken.iter().filter(|t| t.mark.epoch == mark.epoch);
    let Some(last) = before().map(|t| t.mark.sequence).max() else {
        return app.dedup.judge(mark, dropped_below);
    };
    if let Some(same) = before().find(|t| t.mark.sequence == mark.sequence) {
        return if same.mark.digest == mark.digest { Verdict::Duplicate } else { Verdict::Fork };
    }
    let expected = last.saturating_add(1);
    if mark.sequence > last {
        let next = mark.sequence == expected || dropped_below >= mark.sequence;
        return if next { Verdict::Accept } else { Verdict::Gap { expected } };
    }
    match app.dedup.judge(mark, dropped_below) {
        // Below one that was taken, with a declared hole between: its place is gone.
        Verdict::Accept | Verdict::Gap { .. } => Verdict::Gap { expected },
        known => known,
    }
}

/// Opens a batch once, so that nothing malformed enters the log; the number of its facts.
async fn open_batch(app: &App, batch: &SealedBatch, digest: [u8; 32]) -> Result<u64, (Code, String)> {
    let internal = || (Code::Internal, "the server failed".to_owned());
    let (payload, raw_length, sealed) = (batch.payload.clone(), batch.raw_length, batch.sealed_us);
    let limits = app.limits.batch;
    if raw_length < SMALL && payload.len() as u64 <= SMALL {
        let _one_of_few = app.opening_small.acquire().await.map_err(|_| internal())?;
        return inspect(&payload, raw_length, sealed, digest, &limits);
    }
    let _one_of_few = app.opening.acquire().await.map_err(|_| internal())?;
    tokio::task::spawn_blocking(move || inspect(&payload, raw_length, sealed, digest, &limits))
        .await
        .map_err(|_| internal())?
}

fn inspect(
    payload: &Bytes,
    raw_length: u64,
    sealed: i64,
    digest: [u8; 32],
    limits: &BatchLimits,
) -> Result<u64, (Code, String)> {
    if payload.len() as u64 <= limits.payload && digest_of(payload) != digest {
        return Err((Code::DigestMismatch, "the payload does not have its digest".into()));
    }
    let batch = open(payload, raw_length, limits).map_err(|e| (Code::of(e.code()), e.to_string()))?;
    let times = batch.facts.iter().map(|f| f.time_us).chain([sealed]);
    if let Some(bad) = times.into_iter().find(|t| !(0..TIME_END).contains(t)) {
        return Err((Code::TimeUnrepresentable, format!("{bad} µs lies outside the years 1970 to 2199")));
    }
    Ok(batch.facts.len() as u64)
}

/// Appends all or none, then marks them as known.
async fn append(app: &App, taken: Vec<Taken>, records: Vec<(RecordMeta, Bytes)>) -> Vec<(usize, Outcome)> {
    if taken.is_empty() {
        return Vec::new();
    }
    let begun = Instant::now();
    let appended = app.log.append_all(records).await;
    app.load.note(begun.elapsed());
    app.metrics.append.observe(begun.elapsed().as_secs_f64());
    match appended {
        Ok(_) => taken
            .into_iter()
            .map(|t| {
                app.dedup.mark(&t.mark);
                (t.index, Outcome::Acked { facts: t.facts, bytes: t.bytes, clock_off: t.clock_off })
            })
            .collect(),
        Err(e) => {
            tracing::error!(code = e.code(), error = %e, batches = taken.len(), "the log took no batches");
            let message = format!("the log takes nothing now ({})", e.code());
            taken
                .into_iter()
                .map(|t| (t.index, Outcome::refused(Code::LogUnavailable, message.clone())))
                .collect()
        }
    }
}
