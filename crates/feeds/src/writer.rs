//! Taking files into the store, and writing the snapshots that name them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use palisade_advisory::Ecosystem;
use palisade_types::TimeMicros;

use crate::address;
use crate::catalogue::Feed;
use crate::check::check;
use crate::code::{At, Code, FeedError};
use crate::manifest::{FileEntry, Manifest};
use crate::site::Limits;
use crate::store::{Collected, Step, Store};

/// What is borne of a new file.
#[derive(Clone, Copy, Debug)]
pub struct Accept {
    /// Take it even if it holds much less than the one before.
    pub shrink: bool,
    /// Take a bundle even if it is older than what is here.
    pub older: bool,
    /// Share of the records before that must be there, percent.
    pub keep_percent: u64,
    /// Most faulty records, percent.
    pub fault_percent: u64,
}

impl From<&Limits> for Accept {
    fn from(limits: &Limits) -> Self {
        Self {
            shrink: false,
            older: false,
            keep_percent: limits.keep_percent,
            fault_percent: limits.fault_percent,
        }
    }
}

/// Holds the store's lock, and writes snapshots.
#[derive(Debug)]
pub struct Writer {
    store: Store,
    manifest: Manifest,
    run: String,
    _lock: File,
}

/// A file that came, before it is looked into.
#[derive(Debug)]
pub(crate) struct Offer<'a> {
    pub feed: &'a Feed,
    /// Its name in the feed.
    pub name: &'a str,
    pub ecosystem: Option<&'a Ecosystem>,
    /// Where its bytes are; gone afterwards.
    pub part: &'a Path,
    /// Digest, size, where from and when; the counts are filled in.
    pub entry: FileEntry,
}

impl Writer {
    /// Begins to write.
    ///
    /// # Errors
    /// `busy` if somebody else does; `io`, `store_damaged`.
    pub fn open(store: &Store) -> Result<Self, FeedError> {
        let lock = store.lock()?;
        let manifest = store.current()?.map(crate::read::Snapshot::into_manifest).unwrap_or_default();
        let run = random_name()?;
        Ok(Self { store: store.clone(), manifest, run, _lock: lock })
    }

    /// What is in force.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Writes a snapshot with a change and puts it in force. If that fails, the one before stays.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Manifest)) -> Result<(), FeedError> {
        let mut next = self.manifest.clone();
        change(&mut next);
        next.version = 1;
        // Also where the clock was set back, later ones sort later.
        next.made = TimeMicros::now().max(self.manifest.made.plus_micros(1));
        let time: String = next.made.to_rfc3339().chars().filter(char::is_ascii_alphanumeric).collect();
        next.id = format!("{time}-{}", self.run);
        next.run.clone_from(&self.run);
        let bytes = serde_json::to_vec_pretty(&next).map_err(|e| FeedError::new(Code::Io, "manifest", e))?;
        let path = self.store.snapshots().join(format!("{}.json", next.id));
        let steps = (Some(Step::SnapshotWritten), Some(Step::SnapshotNamed));
        self.store.put(&path, steps, |out| out.write_all(&bytes))?;
        self.store.put_current(&next.id)?;
        self.manifest = next;
        Ok(())
    }

    /// Removes what no kept snapshot names.
    ///
    /// # Errors
    /// `io`.
    pub fn collect(&self) -> Result<Collected, FeedError> {
        self.store.collect()
    }
}

/// Looks into a file and, if it is good, puts it among the objects. `before` is what is in force under its
/// name. The file is gone afterwards in any case.
pub(crate) fn examine(
    store: &Store,
    offer: Offer<'_>,
    before: Option<&FileEntry>,
    accept: Accept,
) -> Result<FileEntry, FeedError> {
    let part = offer.part.to_owned();
    let done = examined(store, offer, before, accept);
    match fs::remove_file(&part) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(FeedError::io(&part, &e)),
        _ => done,
    }
}

fn examined(
    store: &Store,
    mut offer: Offer<'_>,
    before: Option<&FileEntry>,
    accept: Accept,
) -> Result<FileEntry, FeedError> {
    let addresses = offer.feed.holds_addresses();
    if addresses {
        address::unpack(offer.name, offer.part, &mut offer.entry)?;
    }
    let sha = offer.entry.sha256.clone();
    if let Some(same) = before.filter(|b| b.sha256 == sha)
        && store.object(&sha).exists()
        && store.index(&sha).exists()
    {
        let FileEntry { formats, unknown, records, faults, examples, newest, ecosystem, .. } = same.clone();
        return Ok(FileEntry {
            formats,
            unknown,
            records,
            faults,
            examples,
            newest,
            ecosystem,
            ..offer.entry
        });
    }
    let map = Mapped::open(offer.part)?;
    let checked = if addresses {
        address::check(offer.name, map.bytes())?
    } else {
        check(Some(offer.feed), offer.name, offer.ecosystem, map.bytes(), accept.fault_percent)?
    };
    drop(map);
    let counts = checked.counts;
    if let Some(old) = before.map(|b| b.records).filter(|_| !accept.shrink)
        && counts.records * 100 < old * accept.keep_percent
    {
        let reason = format!("{} records where there were {old}", counts.records);
        return Err(FeedError::new(Code::FeedShrank, offer.name, reason));
    }
    store.take_object(offer.part, &sha)?;
    store.put(&store.index(&sha), (None, Some(Step::IndexNamed)), |out| checked.index.write(out))?;
    let FileEntry { formats, unknown, records, faults, examples, newest, .. } = counts;
    let ecosystem = offer.ecosystem.map(ToString::to_string);
    Ok(FileEntry { formats, unknown, records, faults, examples, newest, ecosystem, ..offer.entry })
}

/// A file that nobody changes, in memory.
pub(crate) struct Mapped(Option<memmap2::Mmap>);

impl Mapped {
    pub fn open(path: &Path) -> Result<Self, FeedError> {
        let file = File::open(path).at(path)?;
        if file.metadata().at(path)?.len() == 0 {
            return Ok(Self(None));
        }
        // SAFETY: objects and parts belong to the holder of the store's lock, objects are read-only and never
        // written again; a removed one stays until it is unmapped.
        let map = unsafe { memmap2::Mmap::map(&file) }.at(path)?;
        Ok(Self(Some(map)))
    }

    pub fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}

/// A name for a file in `incoming`.
pub(crate) fn part_path(store: &Store) -> Result<PathBuf, FeedError> {
    Ok(store.incoming().join(format!("{}.part", random_name()?)))
}

fn random_name() -> Result<String, FeedError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|e| FeedError::new(Code::Io, "random numbers", e))?;
    Ok(hex::encode(bytes))
}
