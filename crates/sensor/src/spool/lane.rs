//! One lane: its open batch and its sealed ones.

use std::collections::{HashSet, VecDeque};
use std::fs::File;
use std::io::{Error, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use palisade_types::{Epoch, Lane};
use palisade_wire::msg::SealedBatch;
use prost::bytes::Bytes;

use super::frame::{self, Head};
use super::{LaneUsage, Outgoing, SpoolConfig, batch_path};

/// With more unsent batches than this, a lane seals by size or every 30 s: the server is away or
/// slow, and many small batches would only cost disk.
const BACKLOG: usize = 4;

/// Where a sealed batch lies.
#[derive(Debug)]
pub enum Store {
    /// In its file.
    File,
    /// In memory, because the disk refused it.
    Memory(Bytes),
}

/// A sealed batch.
#[derive(Debug)]
pub struct SealedRef {
    pub sequence: u64,
    pub facts: u32,
    pub raw_length: u64,
    pub digest: [u8; 32],
    pub sealed_us: i64,
    /// Bytes of payload, about what it costs on disk.
    pub bytes: u64,
    pub heartbeats_only: bool,
    /// Batches right before it were dropped.
    pub gap_before: bool,
    pub inflight: bool,
    pub store: Store,
}

impl SealedRef {
    pub fn outgoing(&self, epoch: Epoch, lane: Lane, dir: &Path) -> Outgoing {
        let (payload, path) = match &self.store {
            Store::File => (Bytes::new(), Some(batch_path(dir, lane, self.sequence))),
            Store::Memory(bytes) => (bytes.clone(), None),
        };
        let sealed = SealedBatch {
            epoch: epoch.0,
            lane: u32::from(lane.number()),
            sequence: self.sequence,
            digest: Bytes::copy_from_slice(&self.digest),
            raw_length: self.raw_length,
            facts: self.facts,
            payload,
            dropped_below: if self.gap_before { self.sequence } else { 0 },
            sealed_us: self.sealed_us,
        };
        Outgoing { epoch, lane, sequence: self.sequence, facts: self.facts, sealed, path }
    }
}

/// The open batch of a lane.
#[derive(Debug)]
pub struct Open {
    pub sequence: u64,
    /// `None` where the disk refused it: the batch then lives in memory only.
    pub file: Option<File>,
    /// Bytes in the file.
    pub len: u64,
    /// The encoded parts so far.
    pub raw: Vec<u8>,
    pub facts: u32,
    /// Since when it holds facts.
    pub since: Option<Instant>,
    /// Since when bytes wait for fdatasync.
    pub dirty: Option<Instant>,
    /// Processes that the batch's dictionary holds.
    pub known: HashSet<u64>,
    pub heartbeats_only: bool,
    pub gap_before: bool,
    /// Facts that are in memory only.
    pub volatile: u64,
    /// When a journal was last created or tried.
    pub tried: Instant,
}

impl Open {
    pub fn new(sequence: u64) -> Self {
        Self {
            sequence,
            file: None,
            len: 0,
            raw: Vec::new(),
            facts: 0,
            since: None,
            dirty: None,
            known: HashSet::new(),
            heartbeats_only: true,
            gap_before: false,
            volatile: 0,
            tried: Instant::now(),
        }
    }

    /// Appends a frame. After a failure the file is left as it was before and is not used again:
    /// a hole in the middle would be read as the end.
    ///
    /// # Errors
    /// `None` where the journal was unusable already, else what the disk said.
    pub fn write(&mut self, head: &Head, raw: &[u8]) -> Result<(), Option<Error>> {
        let file = self.file.as_mut().ok_or(None)?;
        let mut bytes = Vec::new();
        frame::put(&mut bytes, head, raw);
        if let Err(e) = file.write_all(&bytes) {
            // If cutting fails too, the torn frame ends the journal, which recovery expects.
            let _ = file.set_len(self.len);
            self.file = None;
            return Err(Some(e));
        }
        self.len += bytes.len() as u64;
        self.dirty.get_or_insert_with(Instant::now);
        Ok(())
    }
}

/// A lane of the spool.
#[derive(Debug)]
pub struct LaneSpool {
    pub lane: Lane,
    pub open: Open,
    pub sealed: VecDeque<SealedRef>,
    pub dropped_below: u64,
}

impl LaneSpool {
    pub fn new(lane: Lane, sequence: u64) -> Self {
        Self { lane, open: Open::new(sequence), sealed: VecDeque::new(), dropped_below: 0 }
    }

    pub fn find(&mut self, sequence: u64) -> Option<&mut SealedRef> {
        self.sealed.iter_mut().find(|r| r.sequence == sequence)
    }

    pub fn is_full(&self, cfg: &SpoolConfig) -> bool {
        self.open.raw.len() >= cfg.seal_bytes || self.open.facts >= cfg.seal_facts
    }

    pub fn is_due(&self, now: Instant, flush: Duration) -> bool {
        let wait = if self.sealed.len() > BACKLOG { flush.max(Duration::from_secs(30)) } else { flush };
        self.open.since.is_some_and(|s| now.saturating_duration_since(s) >= wait)
    }

    /// Facts that a crash would lose.
    pub fn volatile(&self) -> u64 {
        let memory = |r: &SealedRef| if matches!(r.store, Store::Memory(_)) { u64::from(r.facts) } else { 0 };
        self.open.volatile + self.sealed.iter().map(memory).sum::<u64>()
    }

    pub fn usage(&self) -> LaneUsage {
        LaneUsage {
            lane: self.lane.to_string(),
            unsent_batches: self.sealed.len() as u64,
            unsent_facts: self.sealed.iter().map(|r| u64::from(r.facts)).sum(),
            open_facts: u64::from(self.open.facts),
            sequence: self.open.sequence,
            oldest_us: self.sealed.front().map_or(0, |r| r.sealed_us),
        }
    }
}
