//! The bounded disk spool between the kernel's ring and the server.
//!
//! Each lane has one open journal and any number of sealed batches. A drain of the ring is one
//! generation: its frames go to the journals of the lanes that it touches, and the last frame is
//! its commit record, with the ring marks, counters and the report counter. Only then may the
//! ring advance. Sealing replaces the journal by the compressed batch under the same name by one
//! rename, so a sequence number never has two contents. A killed sensor finds either the whole
//! drain or none of it.

mod epoch;
mod frame;
mod keep;
mod lane;
pub mod read;
mod recover;
mod seal;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use palisade_types::{Epoch, Lane};
use palisade_wire::msg::{Fact, Process, SealedBatch};
use parking_lot::Mutex;
use prost::bytes::Bytes;
use tokio::sync::Notify;

use crate::counters::Counters;
use lane::LaneSpool;

/// Bounds and place of a spool.
#[derive(Clone, Debug)]
pub struct SpoolConfig {
    /// The folder; made if missing.
    pub dir: PathBuf,
    /// Most bytes on disk.
    pub max_bytes: u64,
    /// The machine's boot id, 16 bytes.
    pub boot_id: [u8; 16],
    /// A batch is sealed at this raw size, bytes.
    pub seal_bytes: usize,
    /// A batch is sealed at this number of facts.
    pub seal_facts: u32,
}

impl SpoolConfig {
    /// A spool in `dir` of at most `max_bytes`, with the usual batch size.
    pub fn new(dir: impl Into<PathBuf>, max_bytes: u64, boot_id: [u8; 16]) -> Self {
        Self { dir: dir.into(), max_bytes, boot_id, seal_bytes: 1 << 20, seal_facts: 20_000 }
    }
}

/// Where a spool cannot be opened at all; everything later is counted, never an error.
#[derive(Debug, thiserror::Error)]
#[error("spool at {path}: {source}")]
pub struct SpoolError {
    path: PathBuf,
    source: std::io::Error,
}

/// Facts for one lane, in the order in which they happened.
#[derive(Debug, Default)]
pub struct Part {
    /// Facts; those without a report id get one.
    pub facts: Vec<Fact>,
}

/// One drain of the ring: all of it is kept or none.
pub struct Drain<'a> {
    /// Facts by lane number.
    pub parts: [Part; 3],
    /// Dictionary entry of a process by its unique id.
    pub dictionary: &'a mut dyn FnMut(u64) -> Option<Process>,
    /// Highest kernel sequence by CPU that this drain holds; `None` leaves them as they are.
    pub marks: Option<Vec<u64>>,
    /// Number of the order whose receipt is among the facts.
    pub receipt: Option<u64>,
}

/// What status and heartbeat say of the spool.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct SpoolUsage {
    /// Hexadecimal.
    pub epoch: String,
    /// Bytes on disk.
    pub bytes: u64,
    /// The bound that is in force, bytes: less than the setting while the file system runs full.
    pub max_bytes: u64,
    /// The last disk error while it lasts.
    pub error: Option<String>,
    /// By lane.
    pub lanes: Vec<LaneUsage>,
}

/// What status says of one lane.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct LaneUsage {
    /// control, priority, bulk
    pub lane: String,
    /// Sealed batches that the server has not acknowledged.
    pub unsent_batches: u64,
    /// Facts in them.
    pub unsent_facts: u64,
    /// Facts in the open batch.
    pub open_facts: u64,
    /// Sequence of the open batch.
    pub sequence: u64,
    /// When the oldest unsent batch was sealed, microseconds UTC; 0 if there is none.
    pub oldest_us: i64,
}

/// A sealed batch on its way to the server. It is not dropped until released.
#[derive(Debug)]
pub struct Outgoing {
    /// Its epoch.
    pub epoch: Epoch,
    /// Its lane.
    pub lane: Lane,
    /// Its sequence.
    pub sequence: u64,
    /// Facts in it.
    pub facts: u32,
    sealed: SealedBatch,
    path: Option<PathBuf>,
}

impl Outgoing {
    /// Reads the payload; `None` if the file is gone or does not match its checksums.
    pub fn load(&self) -> Option<SealedBatch> {
        let mut sealed = self.sealed.clone();
        if let Some(path) = &self.path {
            sealed.payload = Bytes::from(frame::read_sealed_payload(path)?);
        }
        (palisade_wire::digest_of(&sealed.payload) == sealed.digest.as_ref()).then_some(sealed)
    }
}

/// The spool. All methods may be called from any thread.
pub struct Spool {
    inner: Mutex<Inner>,
    ready: [Notify; 3],
}

struct Inner {
    cfg: SpoolConfig,
    counters: Arc<Counters>,
    epoch: Epoch,
    dir: PathBuf,
    generation: u64,
    /// Report ids given in this epoch.
    given: u64,
    marks: Vec<u64>,
    marks_boot: Vec<u8>,
    last_receipt: u64,
    lanes: [LaneSpool; 3],
    flush: Duration,
    /// A new epoch was asked for and waits until nothing is in flight.
    switching: bool,
    error: Option<String>,
}

impl Spool {
    /// Opens or creates the spool, finishes what a killed sensor left half done, and takes over
    /// its counters.
    ///
    /// # Errors
    /// When the folder cannot be made or listed.
    pub fn open(cfg: SpoolConfig, counters: Arc<Counters>) -> Result<Self, SpoolError> {
        let path = cfg.dir.clone();
        let inner = recover::open(cfg, counters).map_err(|source| SpoolError { path, source })?;
        Ok(Self { inner: Mutex::new(inner), ready: [Notify::new(), Notify::new(), Notify::new()] })
    }

    /// The marks by CPU up to which the spool holds the kernel's events, if they are of this boot.
    pub fn marks(&self) -> Option<Vec<u64>> {
        let inner = self.inner.lock();
        (!inner.marks.is_empty()).then(|| inner.marks.clone())
    }

    /// Number of the last order whose receipt is in the spool or was sent from it.
    pub fn last_receipt(&self) -> u64 {
        self.inner.lock().last_receipt
    }

    /// The current epoch.
    #[cfg(test)]
    pub fn epoch(&self) -> Epoch {
        self.inner.lock().epoch
    }

    /// Keeps a drain; when this returns the ring may advance.
    pub fn append(&self, drain: Drain<'_>) {
        let mut inner = self.inner.lock();
        inner.append(drain);
        for lane in Lane::ALL {
            if inner.lanes[index(lane)].is_full(&inner.cfg) && inner.seal(lane).is_some() {
                self.ready[index(lane)].notify_one();
            }
        }
    }

    /// Keeps facts that need no dictionary.
    pub fn append_facts(&self, lane: Lane, facts: Vec<Fact>, receipt: Option<u64>) {
        let mut parts: [Part; 3] = Default::default();
        parts[index(lane)].facts = facts;
        self.append(Drain { parts, dictionary: &mut |_| None, marks: None, receipt });
    }

    /// Seals what is due and writes through what has waited for a second. Called every 100 ms or
    /// so.
    pub fn tick(&self, now: Instant) {
        let mut inner = self.inner.lock();
        for lane in Lane::ALL {
            if inner.lanes[index(lane)].is_due(now, inner.flush) && inner.seal(lane).is_some() {
                self.ready[index(lane)].notify_one();
            }
        }
        inner.write_through(now);
        if inner.switching {
            self.try_switch(&mut inner);
        }
    }

    /// Seals the open batch of a lane, if it holds anything; its sequence.
    pub fn seal(&self, lane: Lane) -> Option<u64> {
        let sequence = self.inner.lock().seal(lane);
        if sequence.is_some() {
            self.ready[index(lane)].notify_one();
        }
        sequence
    }

    /// Waits until a lane may have something to send.
    pub async fn ready(&self, lane: Lane) {
        self.ready[index(lane)].notified().await;
    }

    /// The oldest unsent batches of a lane, marked as in flight.
    pub fn take(&self, lane: Lane, max_batches: usize, max_bytes: u64) -> Vec<Outgoing> {
        let mut inner = self.inner.lock();
        if inner.switching {
            self.try_switch(&mut inner);
            if inner.switching {
                return Vec::new();
            }
        }
        inner.take(lane, max_batches, max_bytes)
    }

    /// Gives back batches that were neither acknowledged nor refused.
    pub fn release(&self, batches: &[Outgoing]) {
        let mut inner = self.inner.lock();
        for b in batches {
            if b.epoch == inner.epoch
                && let Some(r) = inner.lanes[index(b.lane)].find(b.sequence)
            {
                r.inflight = false;
            }
        }
        if inner.switching {
            self.try_switch(&mut inner);
        }
    }

    /// Forgets a batch that the server has.
    pub fn ack(&self, epoch: Epoch, lane: Lane, sequence: u64) {
        self.inner.lock().remove_acked(epoch, lane, sequence);
    }

    /// Drops a batch that the server will never take; its facts are counted as dropped in the
    /// lane and as `refused_<code>`.
    pub fn refuse(&self, epoch: Epoch, lane: Lane, sequence: u64, code: &str) {
        let mut inner = self.inner.lock();
        if epoch != inner.epoch {
            return;
        }
        if let Some(i) = inner.lanes[index(lane)].sealed.iter().position(|r| r.sequence == sequence) {
            let facts = u64::from(inner.lanes[index(lane)].sealed[i].facts);
            inner.counters.add(format!("refused_{code}"), facts);
            inner.drop_batch(lane, i);
        }
    }

    /// The server lacks sequences that it once acknowledged: lets this lane go on from what it
    /// still has, and counts the gap.
    pub fn declare_gap(&self, epoch: Epoch, lane: Lane, sequence: u64) {
        let mut inner = self.inner.lock();
        if epoch == inner.epoch
            && let Some(r) = inner.lanes[index(lane)].find(sequence)
        {
            r.gap_before = true;
            inner.counters.add("server_sequence_gap", 1);
        }
    }

    /// Begins a new epoch as soon as nothing is in flight: unsent batches are named anew in it.
    pub fn begin_new_epoch(&self, of: Epoch) {
        let mut inner = self.inner.lock();
        if inner.epoch == of {
            inner.switching = true;
            self.try_switch(&mut inner);
        }
    }

    fn try_switch(&self, inner: &mut Inner) {
        if inner.lanes.iter().all(|l| l.sealed.iter().all(|r| !r.inflight)) {
            inner.switch_epoch();
            for n in &self.ready {
                n.notify_one();
            }
        }
    }

    /// How long a batch stays open at most, as the server wishes; bounded to 1–30 s.
    pub fn set_flush_interval(&self, interval: Duration) {
        self.inner.lock().flush = interval.clamp(Duration::from_secs(1), Duration::from_secs(30));
    }

    /// The present flush interval.
    pub fn flush_interval(&self) -> Duration {
        self.inner.lock().flush
    }

    /// Seals everything and writes it through: the end of a clean run.
    pub fn close(&self) {
        for lane in Lane::ALL {
            self.seal(lane);
        }
        self.inner.lock().checkpoint();
    }

    /// Whether anything waits to be sent.
    pub fn is_empty(&self) -> bool {
        self.inner.lock().lanes.iter().all(|l| l.sealed.is_empty() && l.open.facts == 0)
    }

    /// Sizes and positions.
    pub fn usage(&self) -> SpoolUsage {
        let inner = self.inner.lock();
        SpoolUsage {
            epoch: inner.epoch.to_string(),
            bytes: inner.bytes(),
            max_bytes: inner.allowed(),
            error: inner.error.clone(),
            lanes: inner.lanes.iter().map(LaneSpool::usage).collect(),
        }
    }
}

/// Position of a lane in our arrays.
fn index(lane: Lane) -> usize {
    usize::from(lane.number())
}

/// The file of a batch, whether journal or sealed.
fn batch_path(dir: &Path, lane: Lane, sequence: u64) -> PathBuf {
    dir.join(format!("{}-{sequence:020}.batch", lane.number()))
}
