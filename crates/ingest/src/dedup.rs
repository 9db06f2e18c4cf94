//! Which batches are known: in memory, saved now and then, completed from the log at start.

mod file;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use palisade_log::{Cursor, KIND_BATCH, LogWriter, RecordMeta};
use palisade_types::{DeviceId, Epoch, Lane, TenantId};
use palisade_wire::{DedupMark, DedupTable, Verdict};
use parking_lot::Mutex;
use tokio::sync::{OwnedRwLockReadGuard, RwLock};

use crate::server::IngestError;

/// The table is cut into parts by device, so that saving one holds up few.
const PARTS: usize = 16;
/// Marks that are saved of each lane: the newest.
const SAVED: usize = 256;
/// The name under which this consumer holds back trimming.
const CONSUMER: &str = "ingest-dedup";

#[derive(Default)]
struct Part {
    table: Mutex<DedupTable>,
    /// Read from judging to marking; written while a checkpoint takes its picture, so that the
    /// picture holds exactly what lies below its offset.
    gate: Arc<RwLock<()>>,
}

/// The knowledge of all devices' batches.
pub(crate) struct Dedup {
    parts: Vec<Part>,
    dir: PathBuf,
    cursor: Mutex<Cursor>,
}

impl Dedup {
    /// Reads what was saved and completes it from the log. A damaged file costs a longer scan.
    pub fn restore(dir: &Path, cursors: &Path, log: &LogWriter) -> Result<Self, IngestError> {
        std::fs::create_dir_all(dir).map_err(|e| IngestError::Io(format!("{}: {e}", dir.display())))?;
        let cursor = Cursor::open(cursors, CONSUMER)?;
        let dedup = Self {
            parts: (0..PARTS).map(|_| Part::default()).collect(),
            dir: dir.to_owned(),
            cursor: Mutex::new(cursor),
        };
        let mut saved = [0; PARTS];
        for (i, part) in dedup.parts.iter().enumerate() {
            let path = dedup.path(i);
            let offset = match file::load(&path) {
                Ok(Some((offset, marks))) => {
                    let mut table = part.table.lock();
                    marks.iter().for_each(|m| table.mark(m));
                    offset
                }
                Ok(None) => 0,
                Err(what) => {
                    tracing::warn!(file = %path.display(), what, "saved marks are damaged; the log is scanned instead");
                    0
                }
            };
            saved[i] = offset;
        }
        let from = saved.into_iter().min().unwrap_or_default();
        let mut scanned = 0u64;
        log.scan_metas(from, |offset, meta| {
            scanned += 1;
            // A part has its own records of before already; once more, they would look like newer
            // epochs than they are.
            if let Some(mark) = mark_of(meta)
                && offset >= saved[part_of(meta.device)]
            {
                dedup.mark(&mark);
            }
        })?;
        tracing::info!(from, scanned, "known batches restored");
        Ok(dedup)
    }

    fn path(&self, part: usize) -> PathBuf {
        part_path(&self.dir, part)
    }

    fn part(&self, device: DeviceId) -> &Part {
        &self.parts[part_of(device)]
    }

    /// To be held from the first judgement to the last mark of a device's batches.
    pub async fn enter(&self, device: DeviceId) -> OwnedRwLockReadGuard<()> {
        self.part(device).gate.clone().read_owned().await
    }

    pub fn judge(&self, mark: &DedupMark, dropped_below: u64) -> Verdict {
        self.part(mark.device).table.lock().judge(mark, dropped_below)
    }

    pub fn mark(&self, mark: &DedupMark) {
        self.part(mark.device).table.lock().mark(mark);
    }

    /// Saves everything and lets the log be trimmed up to there.
    pub async fn save(&self, log: &LogWriter) -> Result<(), IngestError> {
        let mut least = u64::MAX;
        for (i, part) in self.parts.iter().enumerate() {
            let (offset, marks) = {
                let _alone = part.gate.write().await;
                (log.next_offset(), part.table.lock().marks())
            };
            least = least.min(offset);
            let path = self.path(i);
            tokio::task::spawn_blocking(move || file::save(&path, offset, &marks, SAVED))
                .await
                .map_err(|e| IngestError::Io(e.to_string()))??;
        }
        let mut cursor = self.cursor.lock();
        if cursor.get() != least {
            cursor.set(least)?;
        }
        Ok(())
    }
}

/// Takes a tenant out of what was saved in `dir`, while ingest does not run: how many batches it knew.
///
/// # Errors
/// [`IngestError::Log`] when a file cannot be written. A damaged one is removed: ingest reads the log
/// instead, as it does at its start.
pub fn forget_tenant(dir: &Path, tenant: TenantId) -> Result<u64, IngestError> {
    let mut forgotten = 0;
    for part in 0..PARTS {
        let path = part_path(dir, part);
        match file::load(&path) {
            Ok(None) => {}
            Ok(Some((offset, mut marks))) => {
                let before = marks.len();
                marks.retain(|mark| mark.tenant != tenant);
                if marks.len() < before {
                    forgotten += (before - marks.len()) as u64;
                    file::save(&path, offset, &marks, SAVED)?;
                }
            }
            Err(what) => {
                tracing::warn!(file = %path.display(), what, "saved marks are damaged and removed");
                std::fs::remove_file(&path)
                    .map_err(|e| IngestError::Io(format!("{}: {e}", path.display())))?;
            }
        }
    }
    Ok(forgotten)
}

fn part_path(dir: &Path, part: usize) -> PathBuf {
    dir.join(format!("dedup-{part:02}.ckpt"))
}

fn part_of(device: DeviceId) -> usize {
    usize::from(device.0[19]) % PARTS
}

/// The mark that a record in the log stands for.
fn mark_of(meta: &RecordMeta) -> Option<DedupMark> {
    (meta.kind == KIND_BATCH).then_some(())?;
    Some(DedupMark {
        tenant: meta.tenant,
        device: meta.device,
        epoch: Epoch(meta.epoch),
        lane: Lane::from_number(u32::from(meta.lane))?,
        sequence: meta.sequence,
        digest: meta.digest,
    })
}
