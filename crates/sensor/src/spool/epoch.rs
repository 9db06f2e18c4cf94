//! The epoch's name on disk, and the change to a new one.

use std::fs::File;
use std::path::{Path, PathBuf};

use palisade_types::{Epoch, Lane};

use super::lane::{LaneSpool, Store};
use super::{Inner, batch_path, index};

/// A new epoch, never zero.
fn random() -> std::io::Result<Epoch> {
    let mut bytes = [0u8; 8];
    crate::random::fill(&mut bytes)?;
    Ok(Epoch(u64::from_le_bytes(bytes).max(1)))
}

/// The folder of an epoch.
pub fn folder(root: &Path, epoch: Epoch) -> PathBuf {
    root.join(epoch.to_string())
}

/// The epoch that the spool is in; `None` for a new or unreadable spool.
pub fn current(root: &Path) -> Option<Epoch> {
    let text = std::fs::read_to_string(root.join("epoch")).ok()?;
    u64::from_str_radix(text.trim(), 16).ok().filter(|e| *e != 0).map(Epoch)
}

/// Names the epoch that counts from now on; the commit point of a change.
///
/// # Errors
/// Those of the file system.
pub fn name(root: &Path, epoch: Epoch) -> std::io::Result<()> {
    crate::files::write_atomic(&root.join("epoch"), format!("{epoch}\n").as_bytes(), 0o600)
}

impl Inner {
    /// Names all unsent batches anew in a new epoch. Their events keep their report ids. If the
    /// disk refuses, the old epoch stays and the change is tried again.
    pub(super) fn switch_epoch(&mut self) {
        for lane in Lane::ALL {
            self.seal(lane);
        }
        let Ok(epoch) = random() else { return };
        let dir = folder(&self.cfg.dir, epoch);
        if let Err(e) = self.link_into(&dir) {
            let _ = std::fs::remove_dir_all(&dir);
            self.disk_error(&e);
            return;
        }
        let old = (self.epoch, std::mem::replace(&mut self.dir, dir), self.given);
        self.epoch = epoch;
        self.given = 0;
        let open_sequences = [0, 1, 2].map(|i| self.lanes[i].open.sequence);
        let mut olds = Vec::new();
        let mut facts = 0;
        for lane in Lane::ALL {
            let l = &mut self.lanes[index(lane)];
            let fresh = LaneSpool::new(lane, l.sealed.len() as u64 + 1);
            let mut before = std::mem::replace(l, fresh);
            for (n, mut r) in before.sealed.drain(..).enumerate() {
                olds.push((lane, n, r.sequence, r.gap_before));
                facts += u64::from(r.facts);
                r.sequence = n as u64 + 1;
                r.gap_before = false;
                l.sealed.push_back(r);
            }
        }
        self.generation += 1;
        self.counters.add("epoch_changed", 1);
        self.counters.add("resealed_facts", facts);
        for i in 0..3 {
            self.fresh_journal(i);
        }
        let named =
            File::open(&self.dir).and_then(|d| d.sync_all()).and_then(|()| name(&self.cfg.dir, epoch));
        if let Err(e) = named {
            // The old name still counts: go back to it, so that a restart agrees with us.
            let failed = std::mem::replace(&mut self.dir, old.1);
            self.epoch = old.0;
            self.given = old.2;
            for (lane, n, sequence, gap) in olds {
                if let Some(r) = self.lanes[index(lane)].sealed.get_mut(n) {
                    r.sequence = sequence;
                    r.gap_before = gap;
                }
            }
            let _ = std::fs::remove_dir_all(failed);
            self.disk_error(&e);
            for (i, sequence) in open_sequences.into_iter().enumerate() {
                self.lanes[i].open.sequence = sequence;
                self.fresh_journal(i);
            }
            return;
        }
        let _ = std::fs::remove_dir_all(old.1);
        self.switching = false;
        tracing::warn!(epoch = %self.epoch, facts, "began a new epoch");
    }

    /// Links every sealed file into the new folder under its new sequence.
    fn link_into(&self, dir: &Path) -> std::io::Result<()> {
        crate::files::make_private_dir(dir)?;
        for lane in Lane::ALL {
            for (n, r) in self.lanes[index(lane)].sealed.iter().enumerate() {
                if matches!(r.store, Store::File) {
                    std::fs::hard_link(
                        batch_path(&self.dir, lane, r.sequence),
                        batch_path(dir, lane, n as u64 + 1),
                    )?;
                }
            }
        }
        Ok(())
    }
}

/// Begins the first epoch of a spool.
///
/// # Errors
/// Those of the file system.
pub fn begin(root: &Path) -> std::io::Result<Epoch> {
    let epoch = random()?;
    crate::files::make_private_dir(&folder(root, epoch))?;
    name(root, epoch)?;
    File::open(root)?.sync_all()?;
    Ok(epoch)
}
