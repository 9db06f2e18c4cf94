//! The lake process's loop: read the log, apply, seal, flush, compact, until told to stop.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use palisade_log::{LogError, LogReader, Record};
use tokio::sync::watch;

use crate::error::LakeError;
use crate::writer::LakeWriter;

/// Bytes of log read at once: little enough to be projected between two seals.
const READ_BYTES: usize = 1 << 20;

/// Wait after an error that time may heal.
const PAUSE: Duration = Duration::from_secs(1);

/// How the loop runs.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The region's log.
    pub log_dir: PathBuf,
    /// Time between seals.
    pub seal_every: Duration,
    /// Time between rounds of compaction.
    pub compact_every: Duration,
    /// Whether a stop moves all rows to Delta first.
    pub flush_on_stop: bool,
}

impl RunOptions {
    /// The defaults of a server.
    pub fn new(log_dir: impl Into<PathBuf>) -> Self {
        Self {
            log_dir: log_dir.into(),
            seal_every: Duration::from_millis(250),
            compact_every: Duration::from_secs(600),
            flush_on_stop: true,
        }
    }
}

/// Runs until `stop` turns true or its sender is gone.
///
/// # Errors
/// What time does not heal: a trimmed or damaged log, a tier that cannot be written at stop.
pub async fn run(
    mut writer: LakeWriter,
    options: RunOptions,
    mut stop: watch::Receiver<bool>,
) -> Result<(), LakeError> {
    let mut reader = open_reader(&options.log_dir, &mut writer, &mut stop).await?;
    let stats = writer.stats();
    let compactor = writer.compactor();
    let mut compaction = tokio::spawn(async {});
    let mut compacted = Instant::now();
    let mut last_seal = Instant::now();
    // Records that were read and are not applied; the reader is past them.
    let mut waiting: Vec<Record> = Vec::new();
    while !*stop.borrow() && stop.has_changed().is_ok() {
        let pause = options.seal_every.saturating_sub(last_seal.elapsed());
        if !waiting.is_empty() || writer.is_full() {
            // Nothing more is read until there is room: the log keeps it.
            if let Some(durable) = reader.as_mut().and_then(|r| r.durable().ok()) {
                stats.lock().lag_records = durable.saturating_sub(writer.next_offset());
            }
            stats.lock().held_back += 1;
            tokio::time::sleep(pause).await;
            if !writer.is_full() {
                take(&mut writer, &mut waiting);
            }
            turn(&mut writer, &mut last_seal).await;
            continue;
        }
        let Some(taken) = reader.take() else { break };
        let (mut back, records) = tokio::task::spawn_blocking(move || {
            let mut reader = taken;
            let records = reader
                .wait(pause)
                .and_then(|ready| if ready { reader.next_batch(READ_BYTES) } else { Ok(Vec::new()) });
            (reader, records)
        })
        .await
        .map_err(|e| LakeError::Task(e.to_string()))?;
        if let Ok(durable) = back.durable() {
            stats.lock().lag_records = durable.saturating_sub(back.position());
        }
        reader = Some(back);
        match records {
            Ok(records) if records.is_empty() => writer.caught_up(),
            Ok(records) => {
                waiting = records;
                take(&mut writer, &mut waiting);
            }
            Err(e) if e.is_transient() || matches!(e, LogError::Io { .. }) => {
                tracing::warn!(code = e.code(), error = %e, "the log could not be read; trying again");
                tokio::time::sleep(PAUSE).await;
            }
            Err(e) => return Err(e.into()),
        }
        if last_seal.elapsed() >= options.seal_every {
            turn(&mut writer, &mut last_seal).await;
            if compacted.elapsed() >= options.compact_every && compaction.is_finished() {
                compacted = Instant::now();
                let compactor = compactor.clone();
                compaction = tokio::spawn(async move {
                    match compactor.compact().await {
                        Ok(report) => tracing::info!(?report, "compaction round"),
                        Err(e) => tracing::error!(code = e.code(), error = %e, "compaction round failed"),
                    }
                });
            }
        }
    }
    // A compaction that has not committed leaves scraps that the next vacuum removes.
    compaction.abort();
    let _ = compaction.await;
    if options.flush_on_stop { writer.flush().await } else { writer.seal() }
}

/// Applies what was read; what could not be applied goes on waiting.
fn take(writer: &mut LakeWriter, waiting: &mut Vec<Record>) {
    match tokio::task::block_in_place(|| writer.apply(waiting)) {
        Ok(()) => waiting.clear(),
        Err(e) => {
            tracing::error!(code = e.code(), error = %e, "rows could not be sealed; the log is not read on");
        }
    }
}

/// One seal and what belongs to it.
async fn turn(writer: &mut LakeWriter, last_seal: &mut Instant) {
    *last_seal = Instant::now();
    if let Err(e) = tokio::task::block_in_place(|| writer.seal()) {
        tracing::error!(code = e.code(), error = %e, "rows could not be sealed; they wait in memory");
    }
    if let Err(e) = writer.tick().await {
        tracing::error!(code = e.code(), error = %e, "the lake's housekeeping failed; trying again");
    }
}

/// Opens the log where the cursor points. While ingest has not brought the log up again its end
/// may lie before the cursor.
async fn open_reader(
    dir: &Path,
    writer: &mut LakeWriter,
    stop: &mut watch::Receiver<bool>,
) -> Result<Option<LogReader>, LakeError> {
    loop {
        match LogReader::open(dir, writer.resume_offset()) {
            Ok(reader) => {
                writer.rejoin()?;
                return Ok(Some(reader));
            }
            Err(LogError::Trimmed { oldest }) => writer.skip_trimmed(oldest)?,
            Err(e) if e.is_transient() => {
                tracing::warn!(code = e.code(), error = %e, "the log is not ready");
                tokio::select! {
                    () = tokio::time::sleep(PAUSE) => {}
                    _ = stop.changed() => return Ok(None),
                }
            }
            Err(e) => return Err(e.into()),
        }
    }
}
