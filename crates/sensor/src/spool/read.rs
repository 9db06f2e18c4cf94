//! Reading a spool without touching it, also while a sensor runs on it: what it seals, sends or
//! drops meanwhile is met in its new form or not at all.

use std::io;
use std::path::{Path, PathBuf};

use palisade_types::{Epoch, Lane};
use palisade_wire::BatchLimits;
use palisade_wire::msg::Batch;
use prost::Message;

use super::frame::{self, Found};
use super::{epoch, recover};

/// A batch as it lies in the spool.
#[derive(Debug)]
pub struct Stored {
    /// Its lane.
    pub lane: Lane,
    /// Its place in epoch and lane.
    pub sequence: u64,
    /// When it was sealed, microseconds UTC; `None` while it is open.
    pub sealed_us: Option<i64>,
    /// Its content; `None` where the file is damaged.
    pub batch: Option<Batch>,
}

/// The batches of a spool's present epoch.
#[derive(Debug)]
pub struct Reader {
    epoch: Epoch,
    files: std::vec::IntoIter<(Lane, u64, PathBuf)>,
}

impl Reader {
    /// Lists a spool; `None` where there is none.
    ///
    /// # Errors
    /// When its folder cannot be listed.
    pub fn open(dir: &Path, only: Option<Lane>) -> io::Result<Option<Self>> {
        let Some(epoch) = epoch::current(dir) else {
            // A folder that may not be entered is not the same as none.
            return match std::fs::metadata(dir.join("epoch")) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
                _ => Ok(None),
            };
        };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(epoch::folder(dir, epoch))? {
            let entry = entry?;
            let name = entry.file_name();
            if let Some((lane, sequence)) = name.to_str().and_then(recover::parse_name)
                && only.is_none_or(|l| l == lane)
            {
                files.push((lane, sequence, entry.path()));
            }
        }
        files.sort();
        Ok(Some(Self { epoch, files: files.into_iter() }))
    }

    /// The epoch that is read.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }
}

impl Iterator for Reader {
    type Item = Stored;

    /// Reads the next batch, so that one is in memory at a time.
    fn next(&mut self) -> Option<Stored> {
        for (lane, sequence, path) in self.files.by_ref() {
            let (sealed_us, batch) = match frame::read(&path) {
                Ok(Found::Journal(frames)) => {
                    let raw: Vec<u8> = frames.into_iter().flat_map(|f| f.raw).collect();
                    (None, Batch::decode(raw.as_slice()).ok())
                }
                Ok(Found::Sealed(head, _)) => {
                    let payload = frame::read_sealed_payload(&path);
                    if payload.is_none() && !path.exists() {
                        continue;
                    }
                    let open =
                        |p: Vec<u8>| palisade_wire::open(&p, head.raw_length, &BatchLimits::default()).ok();
                    (Some(head.sealed_us), payload.and_then(open))
                }
                Ok(Found::Corrupt) => (None, None),
                // The server has it since we listed.
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(_) => (None, None),
            };
            return Some(Stored { lane, sequence, sealed_us, batch });
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use palisade_wire::msg::{Fact, FileEvent, fact};

    use super::*;
    use crate::counters::Counters;
    use crate::spool::{Spool, SpoolConfig};

    fn fact(n: i64) -> Fact {
        let file = FileEvent { path: format!("/f/{n}"), ..FileEvent::default() };
        Fact { time_us: n, kind: Some(fact::Kind::File(file)), ..Fact::default() }
    }

    fn times(dir: &Path) -> Vec<(bool, Vec<i64>)> {
        let reader = Reader::open(dir, Some(Lane::Bulk)).expect("lists").expect("a spool");
        reader
            .map(|s| {
                (s.sealed_us.is_some(), s.batch.expect("whole").facts.iter().map(|f| f.time_us).collect())
            })
            .collect()
    }

    #[test]
    fn sealed_and_open_batches_are_read_and_nothing_is_changed() {
        let dir = tempfile::TempDir::new().expect("dir");
        assert!(Reader::open(dir.path(), None).expect("lists").is_none());
        let config = SpoolConfig::new(dir.path(), 1 << 20, [7; 16]);
        let spool = Spool::open(config, Arc::new(Counters::default())).expect("opens");
        spool.append_facts(Lane::Bulk, vec![fact(1), fact(2)], None);
        spool.seal(Lane::Bulk);
        spool.append_facts(Lane::Bulk, vec![fact(3)], None);
        let seen = [(true, vec![1, 2]), (false, vec![3])];
        assert_eq!(times(dir.path()), seen);
        assert_eq!(times(dir.path()), seen);
        let epoch = spool.epoch();
        spool.ack(epoch, Lane::Bulk, 1);
        assert_eq!(times(dir.path()), seen[1..]);

        spool.seal(Lane::Bulk);
        let path = epoch::folder(dir.path(), epoch).join(format!("2-{:020}.batch", 2));
        let mut bytes = std::fs::read(&path).expect("there");
        *bytes.last_mut().expect("not empty") ^= 1;
        std::fs::write(&path, bytes).expect("bent");
        let damaged: Vec<_> = Reader::open(dir.path(), Some(Lane::Bulk))
            .expect("lists")
            .expect("a spool")
            .map(|s| (s.sequence, s.batch.is_some()))
            .collect();
        assert_eq!(damaged, [(2, false), (3, true)]);
    }
}
