//! Fetching feeds from upstream, several at once. One that fails stops no other, and takes nothing away.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt;
use palisade_types::TimeMicros;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, Semaphore};

use crate::catalogue::{Catalogue, Feed, SourceFile};
use crate::client::client;
use crate::code::{Code, FeedError};
use crate::download::{Downloader, Got, Wish};
use crate::locate::{Located, locate};
use crate::manifest::{Failure, FileEntry, MAX_EXAMPLES, Refusal};
use crate::site::Site;
use crate::store::{Collected, Store};
use crate::writer::{Accept, Offer, Writer, examine};

/// Files that are looked into at once; it costs processor time and memory.
const LOOKED_INTO: usize = 2;

/// What to fetch.
#[derive(Clone, Debug, Default)]
pub struct SyncOptions {
    /// These feeds; none means all that are enabled.
    pub ids: Vec<String>,
    /// Take what holds much less than before.
    pub accept_shrink: bool,
}

/// Is told how it goes on.
pub trait Progress: Send + Sync {
    /// Something happened.
    fn event(&self, event: Event<'_>);
}

/// Says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn event(&self, _: Event<'_>) {}
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// So many feeds are to be fetched.
    Begun(usize),
    /// Bytes came of a file.
    Bytes {
        /// The feed.
        feed: &'a str,
        /// The file.
        file: &'a str,
        /// How many there are.
        done: u64,
        /// Of how many, if upstream says.
        total: Option<u64>,
    },
    /// A file is looked into.
    Checking {
        /// The feed.
        feed: &'a str,
        /// The file.
        file: &'a str,
    },
    /// A feed is done with.
    Done(&'a Outcome),
}

/// How a feed ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Something of it is new.
    Updated,
    /// It is what was here.
    Unchanged,
    /// Some of its files were taken, others not.
    Partial,
    /// None of its files was taken; what was here stays.
    Failed,
}

/// What became of a feed.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The feed.
    pub feed: String,
    /// How it ended.
    pub verdict: Verdict,
    /// `ok`, or the first trouble's code.
    pub code: String,
    /// The first trouble in words; empty if there is none.
    pub reason: String,
    /// Files with new bytes.
    pub new_files: u64,
    /// Bytes that were taken.
    pub bytes: u64,
    /// Records that are here now.
    pub records: u64,
    /// Faulty records that were left out.
    pub faults: u64,
    /// What was not taken.
    pub refused: Vec<Refusal>,
}

/// What became of all feeds.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// In the order of the catalogue.
    pub feeds: Vec<Outcome>,
    /// What was removed afterwards.
    #[serde(skip)]
    pub collected: Collected,
}

impl Report {
    /// Whether everything was taken.
    pub fn is_good(&self) -> bool {
        self.feeds.iter().all(|f| matches!(f.verdict, Verdict::Updated | Verdict::Unchanged))
    }
}

/// Fetches feeds. Each is in force as soon as it is done.
///
/// # Errors
/// What kept it from beginning or from writing; a feed's own trouble is in the report.
pub async fn sync(
    store: &Store,
    catalogue: &Catalogue,
    site: &Site,
    options: &SyncOptions,
    progress: &dyn Progress,
) -> Result<Report, FeedError> {
    let feeds: Vec<&Feed> = if options.ids.is_empty() {
        catalogue.feeds.iter().filter(|f| f.enabled).collect()
    } else {
        options.ids.iter().map(|id| catalogue.feed(id)).collect::<Result<_, _>>()?
    };
    let writer = Writer::open(store)?;
    let accept = Accept { shrink: options.accept_shrink, ..Accept::from(&site.limits) };
    let work = Work {
        store: store.clone(),
        from: Downloader { client: client(site)?, limits: site.limits.clone() },
        accept,
        progress,
        looking: Arc::new(Semaphore::new(LOOKED_INTO)),
        year: TimeMicros::now().to_rfc3339().get(..4).and_then(|y| y.parse().ok()).unwrap_or(2026),
        writer: Mutex::new(writer),
    };
    progress.event(Event::Begun(feeds.len()));
    let done = futures::stream::iter(feeds.iter().map(|feed| work.feed(feed)))
        .buffered(site.limits.concurrency.min(32))
        .collect::<Vec<_>>()
        .await;
    let feeds = done.into_iter().collect::<Result<Vec<_>, _>>()?;
    let collected = work.writer.into_inner().collect()?;
    Ok(Report { feeds, collected })
}

struct Work<'a> {
    store: Store,
    from: Downloader,
    accept: Accept,
    progress: &'a dyn Progress,
    looking: Arc<Semaphore>,
    year: i16,
    writer: Mutex<Writer>,
}

/// What became of a file.
enum Taken {
    New(FileEntry),
    Same(FileEntry),
    /// Upstream does not have it, and need not.
    Absent,
}

impl Work<'_> {
    async fn feed(&self, feed: &Feed) -> Result<Outcome, FeedError> {
        let before = self.writer.lock().await.manifest().feeds.get(&feed.id).cloned().unwrap_or_default();
        let files = feed.files(self.year);
        let (mut taken, mut errors) = (BTreeMap::new(), Vec::new());
        for file in &files {
            match self.file(feed, file, before.files.get(&file.name)).await {
                Ok(done) => {
                    taken.insert(file.name.clone(), done);
                }
                Err(e) if e.code == Code::StoreDamaged => return Err(e),
                Err(e) => errors.push(e),
            }
        }
        let now = TimeMicros::now();
        let mut outcome = outcome(feed, &taken, &errors, now);
        if errors.is_empty() && taken.values().all(|t| matches!(t, Taken::Absent)) {
            errors.push(FeedError::new(Code::Empty, &feed.id, "upstream has none of its files"));
            outcome = self::outcome(feed, &taken, &errors, now);
        }
        let mut writer = self.writer.lock().await;
        writer.change(|manifest| {
            let entry = manifest.feeds.entry(feed.id.clone()).or_default();
            for (name, done) in taken {
                match done {
                    Taken::New(file) | Taken::Same(file) => drop(entry.files.insert(name, file)),
                    // What it once had stays true of what it was about; that it ended is now confirmed.
                    Taken::Absent => {
                        if let Some(file) = entry.files.get_mut(&name) {
                            file.checked_at = now;
                        }
                    }
                }
            }
            entry.refused.clone_from(&outcome.refused);
            match errors.first() {
                None => {
                    entry.last_success = Some(now);
                    // What the catalogue no longer names would stay behind and grow old.
                    entry.files.retain(|name, _| files.iter().any(|f| f.name == *name));
                }
                Some(e) => {
                    entry.last_failure = Some(Failure { at: now, code: e.code, reason: e.to_string() });
                }
            }
            outcome.records = entry.records();
            outcome.faults = entry.faults();
        })?;
        drop(writer);
        self.progress.event(Event::Done(&outcome));
        Ok(outcome)
    }

    async fn file(
        &self,
        feed: &Feed,
        file: &SourceFile,
        before: Option<&FileEntry>,
    ) -> Result<Taken, FeedError> {
        let missing = |status: u16| {
            if file.may_be_missing {
                return Ok(Taken::Absent);
            }
            Err(FeedError::new(
                Code::HttpStatus,
                &file.url,
                format!("the answer was {status}: there is no such file"),
            ))
        };
        if file.url.is_empty() {
            return Err(FeedError::new(Code::BadConfig, &feed.id, feed.without_address()));
        }
        let Some(Located { url, sha256 }) = locate(&self.from, &self.store, file).await? else {
            return missing(404);
        };
        let here = before.filter(|b| {
            b.url == url.as_str()
                && self.store.object(&b.sha256).exists()
                && self.store.index(&b.sha256).exists()
        });
        let key = hex::encode(Sha256::digest(format!("{}\0{}\0{url}", feed.id, file.name)));
        let wish = Wish {
            url: &url,
            etag: here.and_then(|b| b.etag.as_deref()),
            last_modified: here.and_then(|b| b.last_modified.as_deref()),
            max_bytes: feed.max_bytes(),
            part: self.store.incoming().join(format!("{key}.part")),
        };
        let on_bytes = |done, total| {
            self.progress.event(Event::Bytes { feed: &feed.id, file: &file.name, done, total });
        };
        let got = match self.from.fetch(&wish, &on_bytes).await? {
            Got::File(got) => got,
            Got::Missing(status) => return missing(status),
            Got::Same => {
                let same = here.ok_or_else(|| {
                    FeedError::new(
                        Code::HttpStatus,
                        url.as_str(),
                        "unchanged, said upstream, but nothing is here",
                    )
                })?;
                return Ok(Taken::Same(FileEntry { checked_at: TimeMicros::now(), ..same.clone() }));
            }
        };
        if let Some(expected) = sha256.filter(|s| *s != got.sha256) {
            // Without its note, one that stays is written over by the next try.
            let _ = std::fs::remove_file(&wish.part);
            let reason = format!("its index says {expected}, its bytes are {}", got.sha256);
            return Err(FeedError::new(Code::ChecksumMismatch, url.as_str(), reason));
        }
        let now = TimeMicros::now();
        let entry = FileEntry {
            sha256: got.sha256,
            size: got.size,
            url: url.to_string(),
            etag: got.etag,
            last_modified: got.last_modified,
            fetched_at: now,
            checked_at: now,
            ..FileEntry::default()
        };
        self.progress.event(Event::Checking { feed: &feed.id, file: &file.name });
        let done = self.look_into(feed, file, entry, wish.part, before).await?;
        // Its digest may have become that of what was packed in it.
        Ok(match before.filter(|b| b.sha256 == done.sha256) {
            Some(same) => Taken::Same(FileEntry { fetched_at: same.fetched_at, ..done }),
            None => Taken::New(done),
        })
    }

    async fn look_into(
        &self,
        feed: &Feed,
        file: &SourceFile,
        entry: FileEntry,
        part: std::path::PathBuf,
        before: Option<&FileEntry>,
    ) -> Result<FileEntry, FeedError> {
        let stopped = |e: &dyn std::fmt::Display| FeedError::new(Code::Io, &file.name, e);
        let _turn = self.looking.acquire().await.map_err(|e| stopped(&e))?;
        let (store, feed, file2) = (self.store.clone(), feed.clone(), file.clone());
        let (before, accept) = (before.cloned(), self.accept);
        let done = tokio::task::spawn_blocking(move || {
            let ecosystem = file2.ecosystem.as_ref();
            let offer = Offer { feed: &feed, name: &file2.name, ecosystem, part: &part, entry };
            examine(&store, offer, before.as_ref(), accept)
        });
        done.await.map_err(|e| stopped(&e))?
    }
}

fn outcome(feed: &Feed, taken: &BTreeMap<String, Taken>, errors: &[FeedError], now: TimeMicros) -> Outcome {
    let new: Vec<&FileEntry> =
        taken.values().filter_map(|t| if let Taken::New(file) = t { Some(file) } else { None }).collect();
    let verdict = match (errors.is_empty(), taken.is_empty(), new.is_empty()) {
        (true, _, true) => Verdict::Unchanged,
        (true, _, false) => Verdict::Updated,
        (false, false, _) if taken.values().any(|t| !matches!(t, Taken::Absent)) => Verdict::Partial,
        (false, _, _) => Verdict::Failed,
    };
    Outcome {
        feed: feed.id.clone(),
        verdict,
        code: errors.first().map_or("ok", |e| e.code.as_str()).to_owned(),
        reason: errors.first().map_or_else(String::new, ToString::to_string),
        new_files: new.len() as u64,
        bytes: new.iter().map(|f| f.size).sum(),
        records: 0,
        faults: 0,
        refused: errors.iter().take(MAX_EXAMPLES).map(|e| Refusal::of(e, now)).collect(),
    }
}
