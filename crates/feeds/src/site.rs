//! What a site changes about the catalogue: `feeds.toml` in the folder of the feeds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::catalogue::{Catalogue, Feed};
use crate::code::{At, Code, FeedError};

/// Largest file of a site, bytes.
const MAX_FILE: u64 = 1 << 20;

/// What a site wants otherwise.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Site {
    /// Feeds to fetch that are off in the catalogue.
    pub enable: Vec<String>,
    /// Feeds not to fetch.
    pub disable: Vec<String>,
    /// Feeds whose alarms count; if it is there, no others do.
    pub required: Option<Vec<String>>,
    /// The proxy for everything but this machine: `http://host:port`.
    pub proxy: Option<String>,
    /// A file with further certificate authorities, PEM.
    pub ca_file: Option<PathBuf>,
    /// Beginnings of addresses and what takes their place: a mirror of one's own.
    pub mirrors: BTreeMap<String, String>,
    /// Bounds.
    pub limits: Limits,
    /// Single values of feeds, by id.
    pub feeds: BTreeMap<String, Change>,
    /// Feeds of one's own, or in the place of built-in ones.
    pub feed: Vec<Feed>,
}

/// Single values of a feed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Change {
    minimum: Option<u64>,
    max_age_hours: Option<u64>,
    max_content_age_hours: Option<u64>,
    max_mib: Option<u64>,
    /// The addresses of its sources, in their order.
    urls: Vec<String>,
}

/// How much is borne, and how long is waited.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Feeds that are fetched at once.
    pub concurrency: usize,
    /// How often a file is tried that does not come on.
    pub tries: u32,
    /// Wait before the second try, milliseconds; it doubles each time.
    pub backoff_ms: u64,
    /// Seconds until a connection must stand.
    pub connect_seconds: u64,
    /// Seconds without a byte after which a transfer is given up.
    pub read_seconds: u64,
    /// A file must hold at least this share of the records of the one before, in percent.
    pub keep_percent: u64,
    /// Most faulty records of a file, in percent.
    pub fault_percent: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrency: 4,
            tries: 5,
            backoff_ms: 1000,
            connect_seconds: 20,
            read_seconds: 60,
            keep_percent: 50,
            fault_percent: 5,
        }
    }
}

impl Site {
    /// Reads a site's file; one that is not there changes nothing.
    ///
    /// # Errors
    /// `io`, `bad_config`.
    pub fn load(path: &Path) -> Result<Self, FeedError> {
        let text = match std::fs::metadata(path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Ok(m) if m.len() > MAX_FILE => {
                return Err(FeedError::new(Code::TooLarge, path.display().to_string(), "larger than 1 MiB"));
            }
            _ => std::fs::read_to_string(path).at(path)?,
        };
        Self::parse(&text).map_err(|e| FeedError { file: path.display().to_string(), ..e })
    }

    /// Reads a site's wishes.
    ///
    /// # Errors
    /// `bad_config`.
    pub fn parse(text: &str) -> Result<Self, FeedError> {
        let site: Self =
            toml::from_str(text).map_err(|e| FeedError::new(Code::BadConfig, "", e.to_string().trim()))?;
        let limits = &site.limits;
        if limits.concurrency == 0 || limits.tries == 0 || limits.keep_percent > 100 {
            return Err(FeedError::new(Code::BadConfig, "", "a limit is out of range"));
        }
        Ok(site)
    }

    /// The catalogue as this site wants it.
    ///
    /// # Errors
    /// `no_feed` if one is named that is not there; `bad_config`.
    pub fn apply(&self, mut catalogue: Catalogue) -> Result<Catalogue, FeedError> {
        for own in &self.feed {
            match catalogue.feeds.iter_mut().find(|f| f.id == own.id) {
                Some(feed) => *feed = own.clone(),
                None => catalogue.feeds.push(own.clone()),
            }
        }
        for (list, on) in [(&self.enable, true), (&self.disable, false)] {
            for id in list {
                let feed = find(&mut catalogue, id)?;
                feed.enabled = on;
                feed.required &= on;
            }
        }
        if let Some(required) = &self.required {
            catalogue.feeds.iter_mut().for_each(|f| f.required = false);
            for id in required {
                find(&mut catalogue, id)?.required = true;
            }
        }
        for (id, change) in &self.feeds {
            change.apply(find(&mut catalogue, id)?)?;
        }
        for source in catalogue.feeds.iter_mut().flat_map(|f| &mut f.sources) {
            let longest = self.mirrors.iter().filter(|(from, _)| source.url.starts_with(*from));
            if let Some((from, to)) = longest.max_by_key(|(from, _)| from.len()) {
                source.url = format!("{to}{}", &source.url[from.len()..]);
            }
        }
        catalogue.check()?;
        Ok(catalogue)
    }
}

impl Change {
    fn apply(&self, feed: &mut Feed) -> Result<(), FeedError> {
        feed.minimum = self.minimum.unwrap_or(feed.minimum);
        feed.max_age_hours = self.max_age_hours.unwrap_or(feed.max_age_hours);
        feed.max_content_age_hours = self.max_content_age_hours.or(feed.max_content_age_hours);
        feed.max_mib = self.max_mib.unwrap_or(feed.max_mib).min(1 << 20);
        if self.urls.len() > feed.sources.len() {
            let reason = format!("{} addresses for {} sources", self.urls.len(), feed.sources.len());
            return Err(FeedError::new(Code::BadConfig, &feed.id, reason));
        }
        for (source, url) in feed.sources.iter_mut().zip(&self.urls) {
            source.url.clone_from(url);
        }
        Ok(())
    }
}

fn find<'a>(catalogue: &'a mut Catalogue, id: &str) -> Result<&'a mut Feed, FeedError> {
    catalogue
        .feeds
        .iter_mut()
        .find(|f| f.id == id)
        .ok_or_else(|| FeedError::new(Code::NoFeed, id, "the site's file names a feed that is not there"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_says_what_it_wants() {
        let text = r#"
            enable = ["nvd"]
            disable = ["epss"]
            required = ["kev"]
            [mirrors]
            "https://osv-vulnerabilities.storage.googleapis.com/" = "https://mirror.example/osv/"
            [feeds.kev]
            urls = ["https://mirror.example/kev.json"]
            minimum = 7
        "#;
        let site = Site::parse(text).expect("it parses");
        let catalogue = site.apply(Catalogue::built_in()).expect("it applies");
        let feed = |id| catalogue.feed(id).expect("there");
        assert!(feed("nvd").enabled && !feed("epss").enabled && !feed("epss").required);
        assert_eq!(catalogue.feeds.iter().filter(|f| f.required).count(), 1);
        assert_eq!(
            (feed("kev").minimum, &*feed("kev").sources[0].url),
            (7, "https://mirror.example/kev.json")
        );
        assert_eq!(feed("osv-npm").sources[0].url, "https://mirror.example/osv/npm/all.zip");
        let unknown = Site::parse("disable = [\"nothing\"]").expect("it parses");
        assert_eq!(unknown.apply(Catalogue::built_in()).map_err(|e| e.code).err(), Some(Code::NoFeed));
        assert_eq!(Site::parse("disabled = []").map_err(|e| e.code).err(), Some(Code::BadConfig));
    }
}
