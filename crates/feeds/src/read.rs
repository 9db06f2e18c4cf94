//! Reading a snapshot: records, feed by feed, and what changed between two.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;

use palisade_advisory::{Ecosystem, Fault, Format, Limits, Origin, Record, Sink, decode, documents};
use palisade_types::TimeMicros;

use crate::code::{At, Code, FeedError};
use crate::index::{Index, id_of};
use crate::manifest::{Entry, FileEntry, Manifest};
use crate::store::Store;
use crate::writer::Mapped;

/// One snapshot. It stays readable while it is one of the last three.
#[derive(Clone, Debug)]
pub struct Snapshot {
    store: Store,
    manifest: Manifest,
}

/// One feed of a snapshot.
#[derive(Clone, Copy, Debug)]
pub struct FeedReader<'a> {
    snapshot: &'a Snapshot,
    /// Its id, which records carry as their source.
    pub id: &'a str,
    /// Its files and counts.
    pub entry: &'a Entry,
}

impl Snapshot {
    pub(crate) fn new(store: Store, manifest: Manifest) -> Self {
        Self { store, manifest }
    }

    /// The snapshot that a manifest describes which somebody kept. Of what it names some may have been removed since.
    pub fn of(store: &Store, manifest: Manifest) -> Self {
        Self::new(store.clone(), manifest)
    }

    /// What it says.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What it says, for keeping.
    pub fn into_manifest(self) -> Manifest {
        self.manifest
    }

    /// The feeds that have files with records: all but databases of addresses.
    pub fn feeds(&self) -> impl Iterator<Item = FeedReader<'_>> {
        let records = |e: &Entry| !e.files.is_empty() && !e.files.values().any(FileEntry::holds_addresses);
        let entries = self.manifest.feeds.iter().filter(move |(_, e)| records(e));
        entries.map(|(id, entry)| FeedReader { snapshot: self, id, entry })
    }

    /// The feed of that name, if it has files.
    pub fn feed(&self, id: &str) -> Option<FeedReader<'_>> {
        self.feeds().find(|f| f.id == id)
    }

    /// The file of the database of addresses that was built last, for mapping; none if no feed has one.
    pub fn address_database(&self) -> Option<PathBuf> {
        let files = self.manifest.feeds.values().flat_map(|e| e.files.values());
        let newest = files.filter(|f| f.holds_addresses()).max_by_key(|f| f.newest)?;
        Some(self.store.object(&newest.sha256))
    }

    /// Decodes everything; returns how many records there were.
    ///
    /// # Errors
    /// `io`, `store_damaged`.
    pub fn read(&self, sink: &mut dyn Sink) -> Result<u64, FeedError> {
        self.feeds().map(|feed| feed.read(sink)).sum()
    }

    /// The ids of the records that are new, changed or gone since another snapshot, by feed. Whoever keeps
    /// records forgets those of these ids and reads them anew with [`FeedReader::read_ids`].
    ///
    /// # Errors
    /// `io`, `store_damaged`; also if the other snapshot's objects were removed.
    pub fn changed_since(&self, old: &Self) -> Result<BTreeMap<String, BTreeSet<String>>, FeedError> {
        let empty = BTreeMap::new();
        let ids: BTreeSet<&String> = self.manifest.feeds.keys().chain(old.manifest.feeds.keys()).collect();
        let mut changes = BTreeMap::new();
        for id in ids {
            let files = |s: &'_ Self| s.manifest.feeds.get(id).map(|e| e.files.clone());
            let (new_files, old_files) =
                (files(self).unwrap_or_else(|| empty.clone()), files(old).unwrap_or_else(|| empty.clone()));
            let differs = |a: &BTreeMap<String, FileEntry>, b: &BTreeMap<String, FileEntry>| {
                let other = |n: &String, f: &FileEntry| b.get(n).is_none_or(|o| o.sha256 != f.sha256);
                a.iter().filter(|(n, f)| other(n, f)).map(|(_, f)| f.sha256.clone()).collect::<Vec<_>>()
            };
            let added = self.indexes(&differs(&new_files, &old_files))?;
            let gone = old.indexes(&differs(&old_files, &new_files))?;
            let mut sums = BTreeMap::new();
            added.iter().for_each(|index| index.sums(&mut sums, true));
            gone.iter().for_each(|index| index.sums(&mut sums, false));
            let changed: BTreeSet<String> =
                sums.into_iter().filter(|(_, sum)| *sum != 0).map(|(id, _)| id.to_owned()).collect();
            if !changed.is_empty() {
                changes.insert(id.clone(), changed);
            }
        }
        Ok(changes)
    }

    fn indexes(&self, objects: &[String]) -> Result<Vec<Index>, FeedError> {
        objects.iter().map(|sha| self.index(sha)).collect()
    }

    fn index(&self, sha256: &str) -> Result<Index, FeedError> {
        let path = self.store.index(sha256);
        let file = File::open(&path).at(&path)?;
        Index::read(&path.display().to_string(), std::io::BufReader::new(file))
    }
}

impl FeedReader<'_> {
    /// Hours since all of it was last confirmed by upstream.
    pub fn age_hours(&self, now: TimeMicros) -> u64 {
        self.entry.as_of().map_or(u64::MAX, |then| hours_between(then, now))
    }

    /// Decodes all records; returns how many there were.
    ///
    /// # Errors
    /// `io`, `store_damaged`. What decodes differently than when it was taken goes to the sink as a fault.
    pub fn read(&self, sink: &mut dyn Sink) -> Result<u64, FeedError> {
        let mut only = Only { sink, ids: None, records: 0 };
        for (name, file) in &self.entry.files {
            self.file(name, file, None, &mut only)?;
        }
        Ok(only.records)
    }

    /// Decodes the records with these ids, and no document without one; returns how many there were.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_ids(&self, ids: &BTreeSet<String>, sink: &mut dyn Sink) -> Result<u64, FeedError> {
        let mut only = Only { sink, ids: Some(ids), records: 0 };
        for (name, file) in &self.entry.files {
            self.file(name, file, Some(ids), &mut only)?;
        }
        Ok(only.records)
    }

    fn file(
        &self,
        name: &str,
        file: &FileEntry,
        ids: Option<&BTreeSet<String>>,
        sink: &mut dyn Sink,
    ) -> Result<(), FeedError> {
        let index = self.snapshot.index(&file.sha256)?;
        let bad = index.bad_docs();
        let wanted = ids.map(|ids| index.docs_with(ids));
        if wanted.as_ref().is_some_and(BTreeSet::is_empty) {
            return Ok(());
        }
        let path = self.snapshot.store.object(&file.sha256);
        let map = Mapped::open(&path)?;
        let damaged = |e: &dyn std::fmt::Display| {
            FeedError::new(
                Code::StoreDamaged,
                path.display().to_string(),
                format!("{}: {name}: {e}", self.id),
            )
        };
        if map.bytes().len() as u64 != file.size {
            return Err(damaged(&"it has another size than when it was taken"));
        }
        let ecosystem = file.ecosystem.as_deref().map(Ecosystem::parse);
        let origin = Origin { feed: self.id, file: name, ecosystem: ecosystem.as_ref() };
        documents(origin, map.bytes(), Limits::default(), &mut |doc, bytes| {
            let key = crate::index::plain(doc);
            if bad.contains(key.as_str()) || wanted.as_ref().is_some_and(|w| !w.contains(key.as_str())) {
                return Ok(());
            }
            let Some(format) = Format::recognise(doc, bytes) else { return Ok(()) };
            if let Err(fault) = decode(format, Origin { file: doc, ..origin }, bytes, sink) {
                sink.fault(fault);
            }
            Ok(())
        })
        .map_err(|fault| damaged(&fault))
    }
}

/// Passes on the records that are wanted, and counts them.
struct Only<'a> {
    sink: &'a mut dyn Sink,
    ids: Option<&'a BTreeSet<String>>,
    records: u64,
}

impl Sink for Only<'_> {
    fn record(&mut self, record: Record) {
        if self.ids.is_none_or(|ids| ids.contains(&crate::index::plain(&id_of(&record)))) {
            self.records += 1;
            self.sink.record(record);
        }
    }

    fn fault(&mut self, fault: Fault) {
        // With single records, the others' faults are known already.
        if self.ids.is_none() {
            self.sink.fault(fault);
        }
    }
}

pub(crate) fn hours_between(then: TimeMicros, now: TimeMicros) -> u64 {
    u64::try_from((now.0 - then.0) / 3_600_000_000).unwrap_or(0)
}
