//! Keeping a drain: ids, dictionary, frames, and the commit record.

use std::time::{Duration, Instant};

use palisade_types::{Epoch, Lane, TimeMicros};
use palisade_wire::msg::{Batch, Fact, Process, fact};
use prost::Message;
use prost::bytes::Bytes;
use sha2::{Digest, Sha256};

use super::frame::Head;
use super::lane::{LaneSpool, SealedRef, Store};
use super::{Drain, Inner, Outgoing, batch_path, index};

/// Report ids below 2^53 for facts that have none: 21 bits from the epoch, 32 bits of counter. Past 2^32 ids the upper
/// bits are derived anew.
fn report_id(epoch: Epoch, given: u64) -> u64 {
    let round = given >> 32;
    let mut h = Sha256::new();
    h.update(epoch.0.to_le_bytes());
    h.update(round.to_le_bytes());
    let d = h.finalize();
    let prefix = u64::from_le_bytes([d[0], d[1], d[2], 0, 0, 0, 0, 0]) & 0x1f_ffff;
    (prefix << 32) | (given & 0xffff_ffff)
}

/// The processes that a fact names.
fn named(f: &Fact) -> [u64; 2] {
    let other = match &f.kind {
        Some(fact::Kind::ProcessCreated(p)) => p.created,
        Some(fact::Kind::ProcessTerminated(p)) => p.terminated,
        _ => 0,
    };
    [f.process, other]
}

impl Inner {
    pub(super) fn append(&mut self, drain: Drain<'_>) {
        let Drain { mut parts, dictionary, marks, receipt } = drain;
        let moved = marks.as_ref().is_some_and(|m| *m != self.marks);
        if let Some(m) = marks {
            self.marks = m;
        }
        if let Some(n) = receipt {
            self.last_receipt = self.last_receipt.max(n);
        }
        let filled: Vec<usize> = (0..3).filter(|i| !parts[*i].facts.is_empty()).collect();
        if filled.is_empty() && !moved {
            return;
        }
        self.generation += 1;
        let mut encoded = Vec::with_capacity(filled.len());
        for i in &filled {
            encoded.push(self.encode(*i, std::mem::take(&mut parts[*i].facts), dictionary));
        }
        // Where only marks moved, the priority journal takes the bare commit record.
        let targets = if filled.is_empty() { vec![index(Lane::Priority)] } else { filled };
        let last = targets.len() - 1;
        for (n, i) in targets.into_iter().enumerate() {
            let raw = encoded.get_mut(n).map(std::mem::take).unwrap_or_default();
            self.keep(i, raw, n == last);
        }
    }

    /// Gives ids, adds missing dictionary entries and encodes one lane's part.
    fn encode(
        &mut self,
        lane: usize,
        mut facts: Vec<Fact>,
        dictionary: &mut dyn FnMut(u64) -> Option<Process>,
    ) -> Encoded {
        let mut processes = Vec::new();
        let mut heartbeats_only = true;
        for f in &mut facts {
            // Capture's facts bring an id that is the same when the ring is read again.
            if f.report_id == 0 {
                f.report_id = report_id(self.epoch, self.given);
                self.given += 1;
            }
            heartbeats_only &= matches!(f.kind, Some(fact::Kind::Heartbeat(_)));
            for id in named(f) {
                if id != 0 && self.lanes[lane].open.known.insert(id) {
                    processes.extend(dictionary(id));
                }
            }
        }
        let count = u32::try_from(facts.len()).unwrap_or(u32::MAX);
        let batch = Batch { processes, facts, boot_id: Bytes::copy_from_slice(&self.cfg.boot_id) };
        Encoded { raw: batch.encode_to_vec(), facts: count, heartbeats_only }
    }

    /// Adds one encoded part to a lane: to its journal, and in any case to memory.
    fn keep(&mut self, lane: usize, part: Encoded, commit: bool) {
        let head = self.head(commit, part.facts, part.heartbeats_only);
        self.write_frame(lane, &head, &part.raw);
        let open = &mut self.lanes[lane].open;
        if part.facts > 0 {
            open.raw.extend_from_slice(&part.raw);
            open.facts += part.facts;
            open.since.get_or_insert_with(Instant::now);
            open.heartbeats_only &= part.heartbeats_only;
        } else if open.facts == 0 && open.len > 256 << 10 {
            self.fresh_journal(lane);
        }
    }

    pub(super) fn write_frame(&mut self, lane: usize, head: &Head, raw: &[u8]) {
        let open = &mut self.lanes[lane].open;
        match open.write(head, raw) {
            Ok(()) => {}
            Err(e) => {
                open.volatile += u64::from(head.facts);
                if let Some(e) = e {
                    self.disk_error(&e);
                }
            }
        }
    }

    pub(super) fn disk_error(&mut self, e: &std::io::Error) {
        self.counters.add("spool_write_errors", 1);
        self.error = Some(e.to_string());
    }

    /// The state that a commit record carries.
    pub(super) fn head(&self, commit: bool, facts: u32, heartbeats_only: bool) -> Head {
        let mut h = Head { generation: self.generation, commit, facts, heartbeats_only, ..Head::default() };
        if commit {
            h.given = self.given;
            h.boot_id = self.marks_boot.clone();
            h.marks = self.marks.clone();
            h.counters = self.counters.snapshot();
            h.dropped_below = self.lanes.iter().map(|l| l.dropped_below).collect();
            h.next_sequence = self.lanes.iter().map(|l| l.open.sequence).collect();
            h.volatile = self.lanes.iter().map(LaneSpool::volatile).sum();
            h.last_receipt = self.last_receipt;
        }
        h
    }

    /// Writes a bare commit record to a lane's journal.
    pub(super) fn commit_state(&mut self, lane: usize, dropping: Option<(Lane, u64)>) {
        self.generation += 1;
        let mut head = self.head(true, 0, true);
        if let Some((l, s)) = dropping {
            head.dropping_lane = u32::from(l.number());
            head.dropping = s;
        }
        self.write_frame(lane, &head, &[]);
    }

    pub(super) fn checkpoint(&mut self) {
        self.commit_state(index(Lane::Control), None);
        self.write_through(Instant::now() + Duration::from_secs(60));
    }

    /// Writes journals through to the disk once a second, and tries again what failed.
    pub(super) fn write_through(&mut self, now: Instant) {
        for i in 0..3 {
            let open = &mut self.lanes[i].open;
            if open.file.is_none()
                && open.facts == 0
                && now.saturating_duration_since(open.tried) > Duration::from_secs(5)
            {
                self.fresh_journal(i);
                continue;
            }
            if open.dirty.is_some_and(|d| now.saturating_duration_since(d) >= Duration::from_secs(1)) {
                open.dirty = None;
                let synced = open.file.as_ref().map_or(Ok(()), std::fs::File::sync_data);
                if let Err(e) = synced {
                    self.disk_error(&e);
                }
            }
        }
        if self.error.is_some() && self.lanes.iter().all(|l| l.open.file.is_some() && l.volatile() == 0) {
            self.error = None;
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.lanes.iter().map(|l| l.open.len + l.sealed.iter().map(|r| r.bytes).sum::<u64>()).sum()
    }

    pub(super) fn take(&mut self, lane: Lane, max_batches: usize, max_bytes: u64) -> Vec<Outgoing> {
        let (epoch, dir) = (self.epoch, self.dir.clone());
        let mut out = Vec::new();
        let mut bytes = 0;
        for r in self.lanes[index(lane)].sealed.iter_mut().take_while(|r| !r.inflight).take(max_batches) {
            bytes += r.bytes;
            if !out.is_empty() && bytes > max_bytes {
                break;
            }
            r.inflight = true;
            out.push(r.outgoing(epoch, lane, &dir));
        }
        out
    }

    pub(super) fn remove_acked(&mut self, epoch: Epoch, lane: Lane, sequence: u64) {
        if epoch != self.epoch {
            return;
        }
        let sealed = &mut self.lanes[index(lane)].sealed;
        let Some(i) = sealed.iter().position(|r| r.sequence == sequence) else { return };
        if let Some(SealedRef { store: Store::File, .. }) = sealed.remove(i)
            && let Err(e) = std::fs::remove_file(batch_path(&self.dir, lane, sequence))
        {
            self.disk_error(&e);
        }
    }

    /// Drops a sealed batch: first the record that counts it, then the file.
    pub(super) fn drop_batch(&mut self, lane: Lane, i: usize) {
        let l = &mut self.lanes[index(lane)];
        let Some(r) = l.sealed.remove(i) else { return };
        match l.sealed.get_mut(i) {
            Some(next) => next.gap_before = true,
            None => l.open.gap_before = true,
        }
        l.dropped_below = l.dropped_below.max(r.sequence + 1);
        self.counters.add(format!("spool_dropped_{lane}"), u64::from(r.facts));
        self.commit_state(index(lane), Some((lane, r.sequence)));
        if matches!(r.store, Store::File) {
            // On a full disk this is what makes room, so its failure is all that is left to say.
            if let Err(e) = std::fs::remove_file(batch_path(&self.dir, lane, r.sequence)) {
                self.disk_error(&e);
            }
        }
    }

    pub(super) fn now_us() -> i64 {
        TimeMicros::now().0
    }
}

/// One lane's part of a drain, encoded.
#[derive(Default)]
struct Encoded {
    raw: Vec<u8>,
    facts: u32,
    heartbeats_only: bool,
}
