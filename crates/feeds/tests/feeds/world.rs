//! A store of one's own and the built-in catalogue, with an upstream on loopback.

use std::collections::BTreeSet;
use std::path::Path;

use palisade_advisory::{Fault, Record, Sink};
use palisade_feeds::import::ImportOptions;
use palisade_feeds::{
    Accept, Catalogue, Limits, Outcome, Quiet, Report, Site, Store, SyncOptions, Verdict, Writer, sync,
};
use sha2::{Digest, Sha256};

use crate::upstream::Upstream;

pub struct World {
    pub folder: tempfile::TempDir,
    pub store: Store,
    pub site: Site,
    pub catalogue: Catalogue,
}

/// What is told to a site about an upstream on loopback. A feed's first address is all that it has.
pub fn site(base: &str) -> Site {
    let text = format!(
        r#"
        [limits]
        tries = 3
        backoff_ms = 1
        [mirrors]
        "https://osv-vulnerabilities.storage.googleapis.com/" = "{base}/osv/"
        "https://www.cisa.gov/sites/default/files/feeds/" = "{base}/kev/"
        "https://epss.empiricalsecurity.com/" = "{base}/epss/"
        "https://salsa.debian.org/debian/distro-info-data/-/raw/main/" = "{base}/distro/"
        "https://repo.almalinux.org/almalinux/" = "{base}/alma/"
        "https://cdn.amazonlinux.com/" = "{base}/amazon/"
        "https://security.access.redhat.com/data/csaf/v2/" = "{base}/redhat/"
        "https://secdb.alpinelinux.org/" = "{base}/alpine/"
        "#
    );
    Site::parse(&text).expect("the site parses")
}

impl World {
    pub fn new(upstream: Option<&Upstream>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path());
        let site = upstream.map_or_else(Site::default, |u| site(&u.base));
        let catalogue = site.apply(Catalogue::built_in()).expect("the site applies");
        Self { folder, store, site, catalogue }
    }

    pub async fn sync(&self, ids: &[&str]) -> Report {
        self.sync_with(ids, false).await
    }

    pub async fn sync_with(&self, ids: &[&str], accept_shrink: bool) -> Report {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        let options = SyncOptions { ids, accept_shrink };
        sync(&self.store, &self.catalogue, &self.site, &options, &Quiet).await.expect("it can begin")
    }

    /// Fetches one feed; returns how that ended and the code.
    pub async fn one(&self, id: &str) -> (Verdict, String) {
        let mut report = self.sync(&[id]).await;
        let outcome = report.feeds.pop().expect("an outcome");
        (outcome.verdict, outcome.code)
    }

    /// Takes a file by hand.
    pub fn import(&self, path: &Path, feed: Option<&str>) -> Result<Outcome, palisade_feeds::FeedError> {
        let mut writer = Writer::open(&self.store)?;
        palisade_feeds::import::import(&mut writer, &self.catalogue, path, &options(feed))
    }

    /// Takes bytes by hand, under that name.
    pub fn import_bytes(&self, name: &str, bytes: &[u8]) -> Result<Outcome, palisade_feeds::FeedError> {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        self.import(&path, None)
    }

    /// Digest of the only file of a feed in force.
    pub fn in_force(&self, feed: &str) -> Option<String> {
        let snapshot = self.store.current().expect("readable")?;
        let entry = snapshot.manifest().feeds.get(feed)?;
        entry.files.values().next().map(|f| f.sha256.clone())
    }

    /// Every object in force is there and is what it should be, and all of it decodes.
    pub fn assert_whole(&self) {
        let Some(snapshot) = self.store.current().expect("the store is readable") else { return };
        for sha256 in snapshot.manifest().objects() {
            let bytes = std::fs::read(self.store.object(sha256)).expect("the object is there");
            assert_eq!(sha(&bytes), sha256);
        }
        for feed in snapshot.feeds() {
            assert_eq!(
                feed.read(&mut Ids::default()).expect("it decodes"),
                feed.entry.records(),
                "{}",
                feed.id
            );
        }
    }
}

pub fn options(feed: Option<&str>) -> ImportOptions {
    let accept = Accept::from(&Limits::default());
    ImportOptions { feed: feed.map(str::to_owned), as_of: None, accept }
}

pub fn sha(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The ids of records, and of whom they are.
#[derive(Debug, Default)]
pub struct Ids {
    pub ids: BTreeSet<String>,
    pub sources: BTreeSet<String>,
    pub faults: u64,
}

impl Sink for Ids {
    fn record(&mut self, record: Record) {
        match record {
            Record::Advisory(a) => (self.ids.insert(a.id), self.sources.insert(a.source)),
            Record::Cve(c) => (self.ids.insert(c.id), self.sources.insert(c.source)),
            Record::EndOfLife(e) => (self.ids.insert(e.product), true),
        };
    }

    fn fault(&mut self, _: Fault) {
        self.faults += 1;
    }
}
