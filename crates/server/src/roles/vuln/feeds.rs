//! The feeds that lie in the instance's folder, as an index to match by, and how old each is.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use palisade_feeds::{Catalogue, FeedHealth, Manifest, Site, Snapshot, Store, health};
use palisade_state::FeedStateRow;
use palisade_types::TimeMicros;
use palisade_vuln::{Feed, Index, IndexBuilder, Ranks};

use crate::instance::Instance;

/// What a feed serves that is about every ecosystem.
const EVERYBODY: &str = "*";

/// What is new about the feeds.
#[derive(Default)]
pub struct News {
    /// Another index.
    pub index: Option<Index>,
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
        Self { store: Store::open(instance.home()), manifest: None, states: Vec::new() }
    }

    /// How each feed is, for somebody who has packages of these families: what none of them needs may be missing.
    pub fn states(&self, families: &BTreeSet<&str>) -> Vec<FeedStateRow> {
        let of = |(row, serves): &(FeedStateRow, Vec<String>)| FeedStateRow {
            required: row.required && serves.iter().any(|s| s == EVERYBODY || families.contains(s.as_str())),
            ..row.clone()
        };
        self.states.iter().map(of).collect()
    }

    /// Reads what changed.
    ///
    /// # Errors
    /// When the folder cannot be read; what was read before stays.
    pub async fn look(&mut self) -> Result<News> {
        let (store, before) = (self.store.clone(), self.manifest.clone());
        let read = tokio::task::spawn_blocking(move || read(&store, before.as_ref())).await??;
        let mut news = News::default();
        if let Some((manifest, index)) = read.newer {
            self.manifest = Some(manifest);
            news.index = Some(index);
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
    newer: Option<(Manifest, Index)>,
    states: Vec<(FeedStateRow, Vec<String>)>,
}

fn read(store: &Store, before: Option<&Manifest>) -> Result<Read> {
    let site = Site::load(&store.site_file()).context("reading what the site says about feeds")?;
    let catalogue = site.apply(Catalogue::built_in())?;
    let current = store.current().context("reading the feeds' snapshot")?;
    let manifest = current.as_ref().map(|s| s.manifest().clone()).unwrap_or_default();
    let states = health(&catalogue, &manifest, TimeMicros::now()).into_iter().map(state).collect();
    let newer = match current {
        Some(snapshot) if before.is_none_or(|b| b.content() != manifest.content()) => {
            Some((manifest, index(&snapshot)?))
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
