//! Sealing: a journal becomes a compressed batch under the same name.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use palisade_types::Lane;
use palisade_wire::SealParams;

use super::frame::{self, Head};
use super::lane::{Open, SealedRef, Store};
use super::{Inner, batch_path, index};

/// Most bytes of sealed batches kept in memory when the disk refuses them.
const MAX_MEMORY: u64 = 8 << 20;

/// A twentieth of the file system, at most this much, is left to others, bytes.
const MOST_RESERVE: u64 = 1 << 30;
/// The spool holds this much whatever the file system says, bytes.
const LEAST_ROOM: u64 = 16 << 20;

/// Most unsent batches of the control lane that hold nothing but heartbeats: an hour's worth.
const MAX_HEARTBEATS: usize = 120;

impl Inner {
    /// Seals the open batch of a lane if it holds facts, and begins the next; its sequence.
    pub(super) fn seal(&mut self, lane: Lane) -> Option<u64> {
        let sequence = self.close_open(lane)?;
        self.fresh_journal(index(lane));
        if let Err(e) = File::open(&self.dir).and_then(|d| d.sync_all()) {
            self.disk_error(&e);
        }
        self.enforce_bounds();
        Some(sequence)
    }

    /// Seals the open batch of a lane if it holds facts; the next has no journal yet.
    pub(super) fn close_open(&mut self, lane: Lane) -> Option<u64> {
        let i = index(lane);
        let open = &self.lanes[i].open;
        if open.facts == 0 {
            return None;
        }
        let sequence = open.sequence;
        let params = SealParams {
            epoch: self.epoch,
            lane,
            sequence,
            dropped_below: 0,
            sealed_us: Self::now_us(),
            facts: open.facts,
        };
        let sealed = match palisade_wire::seal(&open.raw, params) {
            Ok(s) => s,
            Err(e) => {
                self.error = Some(e.to_string());
                return None;
            }
        };
        let mut digest = [0u8; 32];
        digest.copy_from_slice(&sealed.digest);
        let mut r = SealedRef {
            sequence,
            facts: sealed.facts,
            raw_length: sealed.raw_length,
            digest,
            sealed_us: sealed.sealed_us,
            bytes: sealed.payload.len() as u64,
            heartbeats_only: open.heartbeats_only,
            gap_before: open.gap_before,
            inflight: false,
            store: Store::File,
        };
        self.generation += 1;
        // The sealed file carries the state as it is once it exists, so that a kill before the
        // next journal is made loses nothing.
        self.lanes[i].open =
            Open { raw: std::mem::take(&mut self.lanes[i].open.raw), ..Open::new(sequence + 1) };
        self.lanes[i].open.raw.clear();
        self.lanes[i].open.raw.shrink_to(4 << 20);
        let mut head = self.head(true, r.facts, r.heartbeats_only);
        head.raw_length = r.raw_length;
        head.digest = r.digest.to_vec();
        head.sealed_us = r.sealed_us;
        let path = batch_path(&self.dir, lane, sequence);
        if let Err(e) = write_sealed(&path, &head, &sealed.payload) {
            self.disk_error(&e);
            // The journal holds at most a part of it; were it sealed again after a kill, this
            // sequence would have two contents.
            let _ = std::fs::remove_file(&path);
            r.store = Store::Memory(sealed.payload);
        }
        self.lanes[i].sealed.push_back(r);
        Some(sequence)
    }

    /// Makes the journal of a lane's open batch, which holds no facts yet.
    pub(super) fn fresh_journal(&mut self, i: usize) {
        let lane = self.lanes[i].lane;
        let path = batch_path(&self.dir, lane, self.lanes[i].open.sequence);
        let head = self.head(true, 0, true);
        let mut bytes = frame::JOURNAL.to_vec();
        frame::put(&mut bytes, &head, &[]);
        let open = &mut self.lanes[i].open;
        open.tried = Instant::now();
        match create(&path, &bytes) {
            Ok(file) => {
                open.file = Some(file);
                open.len = bytes.len() as u64;
                open.dirty = Some(Instant::now());
            }
            Err(e) => {
                open.file = None;
                open.len = 0;
                self.disk_error(&e);
            }
        }
    }

    /// Drops oldest bulk, then oldest priority, until the spool fits its bound; of the control
    /// lane only old heartbeats go.
    pub(super) fn enforce_bounds(&mut self) {
        let allowed = self.allowed();
        while self.bytes() > allowed {
            let oldest =
                |l: Lane| self.lanes[index(l)].sealed.iter().position(|r| !r.inflight).map(|i| (l, i));
            let Some((lane, i)) = oldest(Lane::Bulk).or_else(|| oldest(Lane::Priority)) else { break };
            self.drop_batch(lane, i);
        }
        while self.memory() > MAX_MEMORY {
            let in_memory = |l: Lane| {
                self.lanes[index(l)]
                    .sealed
                    .iter()
                    .position(|r| !r.inflight && matches!(r.store, Store::Memory(_)))
                    .map(|i| (l, i))
            };
            let Some((lane, i)) = in_memory(Lane::Bulk).or_else(|| in_memory(Lane::Priority)) else { break };
            self.drop_batch(lane, i);
        }
        let control = &self.lanes[index(Lane::Control)].sealed;
        if control.iter().filter(|r| r.heartbeats_only).count() > MAX_HEARTBEATS
            && let Some(i) = control.iter().position(|r| r.heartbeats_only && !r.inflight)
        {
            self.drop_batch(Lane::Control, i);
        }
    }

    /// What the spool may hold: its bound, and less while the file system runs full, so that it is
    /// not we who take a machine's last room.
    pub(super) fn allowed(&self) -> u64 {
        let most = self.cfg.max_bytes;
        let Ok(fs) = nix::sys::statvfs::statvfs(&self.dir) else { return most };
        let unit = fs.fragment_size();
        let reserve = (fs.blocks() / 20).saturating_mul(unit).min(MOST_RESERVE);
        let free = fs.blocks_available().saturating_mul(unit);
        shrunk(most, self.bytes(), free, reserve)
    }

    fn memory(&self) -> u64 {
        self.lanes
            .iter()
            .flat_map(|l| &l.sealed)
            .filter(|r| matches!(r.store, Store::Memory(_)))
            .map(|r| r.bytes)
            .sum()
    }
}

fn shrunk(most: u64, held: u64, free: u64, reserve: u64) -> u64 {
    most.min(held.saturating_add(free).saturating_sub(reserve).max(LEAST_ROOM))
}

fn write_sealed(path: &Path, head: &Head, payload: &[u8]) -> std::io::Result<()> {
    let tmp = path.with_extension("tmp");
    let mut bytes = frame::SEALED.to_vec();
    frame::put(&mut bytes, head, payload);
    let written = File::create(&tmp).and_then(|mut f| {
        f.write_all(&bytes)?;
        f.sync_data()?;
        std::fs::rename(&tmp, path)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&tmp);
    }
    written
}

/// Puts a whole new journal under its name at once and opens it for appending.
fn create(path: &Path, bytes: &[u8]) -> std::io::Result<File> {
    let tmp = path.with_extension("tmp");
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).open(&tmp)?;
    let made = file.write_all(bytes).and_then(|()| std::fs::rename(&tmp, path));
    if let Err(e) = made {
        let _ = std::fs::remove_file(&tmp);
        return Err(e);
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_that_runs_full_gets_its_room_back() {
        const MB: u64 = 1 << 20;
        assert_eq!(shrunk(512 * MB, 100 * MB, 9000 * MB, 1000 * MB), 512 * MB);
        assert_eq!(shrunk(512 * MB, 100 * MB, 1100 * MB, 1000 * MB), 200 * MB);
        assert_eq!(shrunk(512 * MB, 100 * MB, 950 * MB, 1000 * MB), 50 * MB);
        assert_eq!(shrunk(512 * MB, 100 * MB, 0, 1000 * MB), LEAST_ROOM);
        assert_eq!(shrunk(4 * MB, MB, 0, 1000 * MB), 4 * MB);
    }
}
