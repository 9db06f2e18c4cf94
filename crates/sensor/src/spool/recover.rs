//! Opening a spool: what a killed sensor left is made whole again.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use palisade_types::{Epoch, Lane};

use super::frame::{self, Found, Head, JournalFrame};
use super::lane::{LaneSpool, Open, SealedRef, Store};
use super::{Inner, SpoolConfig, batch_path, epoch, index};
use crate::counters::Counters;

/// Report ids skipped after an unclean boot: more than were ever given between two writes to the
/// disk, so that an id that was sent is not given again.
const UNCLEAN_SKIP: u64 = 1 << 20;

struct Batch {
    sequence: u64,
    found: Found,
}

/// Opens or creates the spool in `cfg.dir`.
///
/// # Errors
/// When the folder cannot be made, listed or written at all.
pub fn open(cfg: SpoolConfig, counters: Arc<Counters>) -> std::io::Result<Inner> {
    crate::files::make_private_dir(&cfg.dir)?;
    let current = match epoch::current(&cfg.dir) {
        Some(e) => e,
        None => epoch::begin(&cfg.dir)?,
    };
    let dir = epoch::folder(&cfg.dir, current);
    crate::files::make_private_dir(&dir)?;
    remove_other_epochs(&cfg.dir, current);
    let mut inner = Inner {
        lanes: Lane::ALL.map(|l| LaneSpool::new(l, 1)),
        cfg,
        counters,
        epoch: current,
        dir,
        generation: 0,
        given: 0,
        marks: Vec::new(),
        marks_boot: Vec::new(),
        last_receipt: 0,
        flush: Duration::from_secs(1),
        switching: false,
        error: None,
    };
    inner.recover()?;
    Ok(inner)
}

fn remove_other_epochs(root: &Path, current: Epoch) {
    let Ok(entries) = std::fs::read_dir(root) else { return };
    for e in entries.flatten() {
        let name = e.file_name();
        let other = name.to_str().is_some_and(|n| {
            n.len() == 16 && n != current.to_string() && n.bytes().all(|b| b.is_ascii_hexdigit())
        });
        if other {
            let _ = std::fs::remove_dir_all(e.path());
        }
    }
}

impl Inner {
    fn recover(&mut self) -> std::io::Result<()> {
        let mut lanes = list(&self.dir)?;
        let newest = lanes
            .iter()
            .flatten()
            .flat_map(|b| heads(&b.found))
            .filter(|h| h.commit)
            .max_by_key(|h| h.generation)
            .cloned();
        let state = newest.unwrap_or_default();
        // First what must never be seen again: an uncommitted drain and a batch that was counted
        // as dropped. Any record written before that would make them look valid.
        for (lane, batches) in Lane::ALL.into_iter().zip(&mut lanes) {
            batches.retain_mut(|b| {
                let path = batch_path(&self.dir, lane, b.sequence);
                let dropping =
                    state.dropping == b.sequence && state.dropping_lane == u32::from(lane.number());
                if dropping {
                    let _ = std::fs::remove_file(&path);
                } else if let Found::Journal(frames) = &mut b.found {
                    cut_uncommitted(&path, frames, state.generation);
                }
                !dropping
            });
        }
        self.counters.restore(&state.counters);
        self.counters.add("spool_lost_in_memory", state.volatile);
        self.generation = state.generation;
        self.given = state.given;
        self.marks.clone_from(&state.marks);
        self.marks_boot.clone_from(&state.boot_id);
        self.last_receipt = state.last_receipt;
        if !self.marks_boot.is_empty() && self.marks_boot != self.cfg.boot_id {
            self.given += UNCLEAN_SKIP;
            self.marks.clear();
        }
        self.marks_boot = self.cfg.boot_id.to_vec();
        for (i, l) in self.lanes.iter_mut().enumerate() {
            l.dropped_below = state.dropped_below.get(i).copied().unwrap_or(0);
            l.open.sequence = state.next_sequence.get(i).copied().unwrap_or(1).max(1);
        }
        for (lane, batches) in Lane::ALL.into_iter().zip(lanes) {
            self.recover_lane(lane, batches);
        }
        // Journals before the bounds, since each drop writes a record.
        for i in 0..3 {
            self.fresh_journal(i);
        }
        self.enforce_bounds();
        Ok(())
    }

    fn recover_lane(&mut self, lane: Lane, batches: Vec<Batch>) {
        let i = index(lane);
        let mut next = self.lanes[i].open.sequence;
        let mut previous: Option<u64> = None;
        let mut empty = Vec::new();
        for b in batches {
            let gap_before =
                previous.map_or(self.lanes[i].dropped_below >= b.sequence, |p| p + 1 != b.sequence);
            let kept = match b.found {
                Found::Sealed(head, bytes) => self.adopt_sealed(i, b.sequence, &head, bytes, gap_before),
                Found::Journal(frames) if frames.iter().all(|f| f.head.facts == 0) => {
                    empty.push(b.sequence);
                    continue;
                }
                Found::Journal(frames) => self.adopt_journal(lane, b.sequence, frames, gap_before),
                Found::Corrupt => false,
            };
            next = next.max(b.sequence + 1);
            if kept {
                previous = Some(b.sequence);
            } else {
                self.counters.add("spool_corrupt_files", 1);
                self.lanes[i].dropped_below = self.lanes[i].dropped_below.max(b.sequence + 1);
                let _ = std::fs::remove_file(batch_path(&self.dir, lane, b.sequence));
            }
        }
        let open = &mut self.lanes[i].open;
        *open = Open::new(next);
        open.gap_before = previous.map_or(self.lanes[i].dropped_below >= next, |p| p + 1 != next);
        // The one under `next` is replaced by its successor in one step, never missing in between.
        for sequence in empty.into_iter().filter(|s| *s != next) {
            let _ = std::fs::remove_file(batch_path(&self.dir, lane, sequence));
        }
    }

    fn adopt_sealed(&mut self, i: usize, sequence: u64, head: &Head, bytes: u64, gap_before: bool) -> bool {
        let Ok(digest) = <[u8; 32]>::try_from(head.digest.as_slice()) else { return false };
        self.lanes[i].sealed.push_back(SealedRef {
            sequence,
            facts: head.facts,
            raw_length: head.raw_length,
            digest,
            sealed_us: head.sealed_us,
            bytes,
            heartbeats_only: head.heartbeats_only,
            gap_before,
            inflight: false,
            store: Store::File,
        });
        true
    }

    /// Seals what a journal holds, under the journal's own sequence.
    fn adopt_journal(
        &mut self,
        lane: Lane,
        sequence: u64,
        frames: Vec<JournalFrame>,
        gap_before: bool,
    ) -> bool {
        let open = &mut self.lanes[index(lane)].open;
        *open = Open::new(sequence);
        open.gap_before = gap_before;
        for f in frames.into_iter().filter(|f| f.head.facts > 0) {
            open.raw.extend_from_slice(&f.raw);
            open.facts += f.head.facts;
            open.heartbeats_only &= f.head.heartbeats_only;
        }
        self.close_open(lane).is_some()
    }
}

/// Cuts the frames of a generation without its commit record off a journal.
fn cut_uncommitted(path: &Path, frames: &mut Vec<JournalFrame>, committed: u64) {
    let whole = frames.iter().take_while(|f| f.head.generation <= committed).count();
    if whole < frames.len() {
        let end = whole.checked_sub(1).map_or(8, |last| frames[last].end);
        frames.truncate(whole);
        let cut = OpenOptions::new().write(true).open(path).and_then(|f| f.set_len(end));
        if let Err(e) = cut {
            tracing::warn!(error = %e, "could not cut an unfinished drain off a journal");
        }
    }
}

fn heads(found: &Found) -> Vec<&Head> {
    match found {
        Found::Journal(frames) => frames.iter().map(|f| &f.head).collect(),
        Found::Sealed(head, _) => vec![head],
        Found::Corrupt => Vec::new(),
    }
}

/// Reads all batch files of an epoch's folder by lane, in the order of their sequences.
fn list(dir: &Path) -> std::io::Result<[Vec<Batch>; 3]> {
    let mut lanes: [Vec<Batch>; 3] = Default::default();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if name.ends_with(".tmp") {
            let _ = std::fs::remove_file(entry.path());
            continue;
        }
        let Some((lane, sequence)) = parse_name(name) else { continue };
        // An unreadable file is counted like a corrupt one: the spool must open.
        let found = frame::read(&entry.path()).unwrap_or(Found::Corrupt);
        lanes[index(lane)].push(Batch { sequence, found });
    }
    for l in &mut lanes {
        l.sort_by_key(|b| b.sequence);
    }
    Ok(lanes)
}

pub(super) fn parse_name(name: &str) -> Option<(Lane, u64)> {
    let (lane, sequence) = name.strip_suffix(".batch")?.split_once('-')?;
    let lane = Lane::from_number(lane.parse().ok()?)?;
    let sequence = sequence.parse().ok().filter(|s| (1..u64::MAX - 2).contains(s))?;
    Some((lane, sequence))
}
