//! Removing what no kept snapshot names.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, SystemTime};

use super::{Step, Store, names};
use crate::code::{At, FeedError};
use crate::manifest::Manifest;

/// How many snapshots with different content are kept.
const KEEP: usize = 3;
/// Parts of files that nobody went on with for this long are given up.
const STALE: Duration = Duration::from_secs(7 * 86_400);

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Snapshots.
    pub snapshots: u64,
    /// Objects and their indexes.
    pub objects: u64,
    /// Bytes of all of it.
    pub bytes: u64,
}

impl Store {
    /// Keeps the current snapshot and the last ones before it whose content differs, and their objects. The
    /// caller holds the lock.
    pub(crate) fn collect(&self) -> Result<Collected, FeedError> {
        let Some(current) = self.current()? else { return Ok(Collected::default()) };
        let newest = current.manifest().id.clone();
        let mut kept: Vec<Manifest> = vec![current.into_manifest()];
        let mut gone = Vec::new();
        for id in self.snapshot_ids()?.into_iter().rev().filter(|id| *id != newest) {
            // One that cannot be read is of no use to anybody.
            let Ok(snapshot) = self.snapshot(&id) else {
                gone.push(id);
                continue;
            };
            let manifest = snapshot.into_manifest();
            // Later than the current one: its command ended before it was made current.
            let lost = manifest.id > newest;
            let content = manifest.content();
            let known = kept.iter().any(|k| k.run == manifest.run || k.content() == content);
            if lost || known || kept.len() >= KEEP {
                gone.push(id);
            } else {
                kept.push(manifest);
            }
        }
        let mut done = Collected::default();
        for id in gone {
            done.bytes += self.remove(&self.snapshots().join(format!("{id}.json")))?;
            done.snapshots += 1;
        }
        self.remove_objects(&kept, &mut done)?;
        self.remove_parts(&mut done)?;
        Ok(done)
    }

    fn remove_objects(&self, kept: &[Manifest], done: &mut Collected) -> Result<(), FeedError> {
        let named: BTreeSet<&str> = kept.iter().flat_map(Manifest::objects).collect();
        let folder = self.root.join("objects");
        for name in names(&folder)? {
            if !named.contains(name.strip_suffix(".index").unwrap_or(&name)) {
                done.bytes += self.remove(&folder.join(name))?;
                done.objects += 1;
            }
        }
        Ok(())
    }

    fn remove_parts(&self, done: &mut Collected) -> Result<(), FeedError> {
        // What was being written when a command ended.
        for name in names(&self.snapshots())?.into_iter().filter(|n| n.ends_with(".part")) {
            done.bytes += self.remove(&self.snapshots().join(name))?;
        }
        for name in names(&self.incoming())? {
            let path = self.incoming().join(name);
            let changed = fs::metadata(&path).and_then(|m| m.modified()).at(&path)?;
            if SystemTime::now().duration_since(changed).is_ok_and(|age| age > STALE) {
                done.bytes += self.remove(&path)?;
            }
        }
        Ok(())
    }

    fn remove(&self, path: &std::path::Path) -> Result<u64, FeedError> {
        let size = fs::metadata(path).at(path)?.len();
        fs::remove_file(path).at(path)?;
        self.step(Step::Removed, path)?;
        Ok(size)
    }
}
