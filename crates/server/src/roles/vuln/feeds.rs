//! The feeds that lie in the instance's folder, as an index to match by, and how old each is.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use palisade_advisory::Collected;
use palisade_feeds::{Catalogue, FeedHealth, FileEntry, Manifest, Site, Snapshot, Store, health};
use palisade_state::FeedStateRow;
use palisade_types::TimeMicros;
use palisade_vuln::{Feed, FeedUpdate, Index, IndexBuilder, Ranks};

use crate::instance::Instance;

/// What a feed serves that is about every ecosystem.
const EVERYBODY: &str = "*";

/// Above so many changed records everything is read anew: that is quicker then, and leaves no waste.
const MANY: usize = 400_000;

/// What feeds say otherwise than before.
pub enum Change {
    /// All that they say.
    Whole(Box<Index>),
    /// What changed of it.
    Part(Vec<FeedUpdate>),
}

/// What is new about the feeds.
#[derive(Default)]
pub struct News {
    /// What they say otherwise.
    pub change: Option<Change>,
    /// Whether a feed's state is another one.
    pub states_changed: bool,
}

/// The feeds as last read.
pub struct Feeds {
    store: Store,
    manifest: Option<Manifest>,
    /// With the families of ecosystems that each speaks about.
    states: Vec<(FeedStateRow, Vec<String>)>,
}

impl Feeds {
    /// Those of the instance; all regions share them, since nothing in them is about anybody.
    pub fn new(instance: &Instance) -> Self {
        Self::at(Store::open(instance.home()))
    }

    fn at(store: Store) -> Self {
        Self { store, manifest: None, states: Vec::new() }
    }

    /// How each feed is, for somebody who has packages of these families: what none of them needs may be missing.
    pub fn states(&self, families: &BTreeSet<&str>) -> Vec<FeedStateRow> {
        let of = |(row, serves): &(FeedStateRow, Vec<String>)| FeedStateRow {
            required: row.required && serves.iter().any(|s| s == EVERYBODY || families.contains(s.as_str())),
            ..row.clone()
        };
        self.states.iter().map(of).collect()
    }

    /// Has everything read anew the next time.
    pub fn forget(&mut self) {
        self.manifest = None;
    }

    /// Reads what changed.
    ///
    /// # Errors
    /// When the folder cannot be read; what was read before stays.
    pub async fn look(&mut self) -> Result<News> {
        let (store, before) = (self.store.clone(), self.manifest.clone());
        let read = tokio::task::spawn_blocking(move || read(&store, before.as_ref())).await??;
        let mut news = News::default();
        if let Some((manifest, change)) = read.newer {
            self.manifest = Some(manifest);
            news.change = Some(change);
        }
        // An age in hours alone is no news.
        let words = |rows: &[(FeedStateRow, Vec<String>)]| -> Vec<(String, String, i64)> {
            rows.iter().map(|(r, _)| (r.feed.clone(), r.state.clone(), r.records)).collect()
        };
        news.states_changed = words(&self.states) != words(&read.states);
        self.states = read.states;
        Ok(news)
    }
}

struct Read {
    newer: Option<(Manifest, Change)>,
    states: Vec<(FeedStateRow, Vec<String>)>,
}

fn read(store: &Store, before: Option<&Manifest>) -> Result<Read> {
    let site = Site::load(&store.site_file()).context("reading what the site says about feeds")?;
    let mut catalogue = site.apply(Catalogue::built_in())?;
    let current = store.current().context("reading the feeds' snapshot")?;
    let mut manifest = current.as_ref().map(|s| s.manifest().clone()).unwrap_or_default();
    // Where addresses are says nothing about vulnerabilities: another database of them is no news.
    catalogue.feeds.retain(|f| !f.holds_addresses());
    manifest.feeds.retain(|_, e| !e.files.values().any(FileEntry::holds_addresses));
    let states = health(&catalogue, &manifest, TimeMicros::now()).into_iter().map(state).collect();
    let newer = match current {
        Some(snapshot) if before.is_none_or(|b| b.content() != manifest.content()) => {
            let change = match before.and_then(|b| changed(&snapshot, &Snapshot::of(store, b.clone()))) {
                Some(updates) => Change::Part(updates),
                None => Change::Whole(Box::new(index(&snapshot)?)),
            };
            Some((manifest, change))
        }
        _ => None,
    };
    Ok(Read { newer, states })
}

fn index(snapshot: &Snapshot) -> Result<Index> {
    let began = std::time::Instant::now();
    let mut builder = IndexBuilder::new(Ranks::default());
    let mut records = 0;
    for feed in snapshot.feeds() {
        let read = feed.read(&mut builder).with_context(|| format!("reading the feed {}", feed.id))?;
        builder.feed(Feed { name: feed.id.to_owned(), as_of: feed.entry.as_of(), records: read });
        records += read;
    }
    let index = builder.finish();
    tracing::info!(records, seconds = began.elapsed().as_secs_f32(), "feeds are read");
    Ok(index)
}

/// What changed between two snapshots; nothing if that cannot be told any more, or is too much.
fn changed(now: &Snapshot, before: &Snapshot) -> Option<Vec<FeedUpdate>> {
    let changes = now
        .changed_since(before)
        .inspect_err(|e| tracing::info!(error = %e, "what was read before is gone: all feeds are read"))
        .ok()?;
    if changes.values().map(BTreeSet::len).sum::<usize>() > MANY {
        return None;
    }
    let mut updates = Vec::with_capacity(changes.len());
    for (id, ids) in changes {
        let mut records = Collected::default();
        let mut feed = Feed { name: id.clone(), ..Feed::default() };
        if let Some(reader) = now.feed(&id) {
            reader
                .read_ids(&ids, &mut records)
                .inspect_err(
                    |e| tracing::warn!(error = %e, "what changed cannot be read: all feeds are read"),
                )
                .ok()?;
            (feed.as_of, feed.records) = (reader.entry.as_of(), reader.entry.records());
        }
        tracing::info!(feed = %id, changed = ids.len(), "a feed changed");
        updates.push(FeedUpdate { feed, ids, records: records.records });
    }
    Some(updates)
}

fn state(h: FeedHealth) -> (FeedStateRow, Vec<String>) {
    let failure = h.last_failure.as_ref();
    let row = FeedStateRow {
        feed: h.id,
        title: h.title,
        state: h.state.as_str().to_owned(),
        records: i64::try_from(h.records).unwrap_or(i64::MAX),
        fetched_at: h.last_success.map(|t| t.0),
        failed_at: failure.map(|f| f.at.0),
        failure: failure.map_or(h.reason, |f| f.reason.clone()),
        required: h.required,
    };
    (row, h.serves)
}

#[cfg(test)]
mod tests {
    use palisade_advisory::Record;
    use palisade_feeds::import::{ImportOptions, import};
    use palisade_feeds::{Accept, Limits, Writer};
    use serde_json::json;

    use super::*;

    /// CISA's catalogue with these entries: id, and what should be done.
    fn bring(store: &Store, folder: &std::path::Path, entries: &[(&str, &str)]) {
        let entry = |(id, action): &(&str, &str)| {
            json!({"cveID": id, "vendorProject": "a", "product": "b", "vulnerabilityName": "c",
                "dateAdded": "2021-11-03", "shortDescription": "d", "requiredAction": action,
                "dueDate": "2021-11-17", "knownRansomwareCampaignUse": "Unknown", "notes": "", "cwes": []})
        };
        let list: Vec<_> = entries.iter().map(entry).collect();
        let whole = json!({"title": "CISA Catalog of Known Exploited Vulnerabilities", "catalogVersion": "2026.11.23",
            "dateReleased": "2026-11-23T00:00:00.0000Z", "count": list.len(), "vulnerabilities": list});
        let path = folder.join("known_exploited_vulnerabilities.json");
        std::fs::write(&path, whole.to_string()).expect("written");
        let accept = Accept { shrink: true, ..Accept::from(&Limits::default()) };
        let options = ImportOptions { feed: Some("kev".into()), as_of: None, accept };
        let mut writer = Writer::open(store).expect("nobody else writes");
        let outcome = import(&mut writer, &Catalogue::built_in(), &path, &options).expect("taken");
        assert_eq!(outcome.code, "ok", "{outcome:?}");
        writer.collect().expect("collected");
    }

    #[tokio::test]
    async fn only_what_a_feed_says_otherwise_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::at(&folder.path().join("feeds"));
        let mut feeds = Feeds::at(store.clone());
        assert!(feeds.look().await.expect("looked").change.is_none(), "there is nothing");
        let first = [("CVE-2020-0001", "update"), ("CVE-2020-0002", "update"), ("CVE-2020-0003", "update")];
        bring(&store, folder.path(), &first);
        let Some(Change::Whole(index)) = feeds.look().await.expect("looked").change else {
            panic!("the first time all of it is read")
        };
        assert_eq!(index.sizes().facts, 3);
        assert!(feeds.look().await.expect("looked").change.is_none(), "nothing is new");

        let second = [("CVE-2020-0001", "update"), ("CVE-2020-0002", "unplug"), ("CVE-2020-0004", "update")];
        bring(&store, folder.path(), &second);
        let Some(Change::Part(updates)) = feeds.look().await.expect("looked").change else {
            panic!("what changed can be told")
        };
        assert_eq!(updates.len(), 1);
        assert_eq!((updates[0].feed.name.as_str(), updates[0].feed.records), ("kev", 3));
        let ids: Vec<&str> = updates[0].ids.iter().map(String::as_str).collect();
        assert_eq!(ids, ["CVE-2020-0002", "CVE-2020-0003", "CVE-2020-0004"]);
        let told: Vec<&str> = updates[0]
            .records
            .iter()
            .map(|r| if let Record::Cve(cve) = r { cve.id.as_str() } else { "" })
            .collect();
        assert_eq!(told, ["CVE-2020-0002", "CVE-2020-0004"], "what is gone is not among the records");

        feeds.forget();
        assert!(matches!(feeds.look().await.expect("looked").change, Some(Change::Whole(_))));
    }
}
