//! Which feeds there are: `data/feeds.toml`, changed by what the site wants.

use std::collections::BTreeSet;

use palisade_advisory::{Ecosystem, Format};
use serde::{Deserialize, Serialize};

use crate::address;
use crate::code::{Code, FeedError};

/// All feeds.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// In the order of the file.
    pub feeds: Vec<Feed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    feed: Vec<Feed>,
}

/// One feed: what one publisher says, as one or more files.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// Its name everywhere; records carry it as their source.
    pub id: String,
    /// What it is, for people.
    pub title: String,
    /// Who publishes it.
    pub publisher: String,
    /// The ecosystems that it speaks about; `*` is all.
    pub serves: Vec<String>,
    /// The formats that its files may have.
    pub formats: Vec<String>,
    /// Whether it is fetched.
    pub enabled: bool,
    /// Whether its alarm makes `palisade feeds status` fail.
    pub required: bool,
    /// With fewer records than this it is not whole.
    pub minimum: u64,
    /// Hours without confirmation from upstream after which it is too old.
    pub max_age_hours: u64,
    /// Hours after which its newest record is too old; not every feed has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_content_age_hours: Option<u64>,
    /// Largest file, MiB.
    pub max_mib: u64,
    /// On which terms it may be used.
    pub licence: String,
    /// A page about it.
    pub site: String,
    /// Where its files come from.
    #[serde(rename = "source")]
    pub sources: Vec<Source>,
}

/// Where files come from.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The address; `{}` stands for each word of `each`. It may be empty where a site has to name one.
    pub url: String,
    /// The file's name in the feed; `{}` as in the address.
    pub name: String,
    /// The words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub each: Vec<String>,
    /// The words are the years from this one to the present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub years_from: Option<i16>,
    /// How the address leads to the file.
    #[serde(default)]
    pub fetch: Fetch,
    /// The release that the file is about, if it does not say it itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ecosystem: Option<String>,
    /// Whether upstream may not have it, without that being trouble.
    #[serde(default)]
    pub may_be_missing: bool,
    /// Whether the address was not seen documented.
    #[serde(default)]
    pub unsure: bool,
}

/// How an address leads to the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fetch {
    /// It is the file.
    #[default]
    File,
    /// It is a text with the file's name.
    Pointer,
    /// It is a repository's `repomd.xml`, which names `updateinfo`.
    Repomd,
    /// It is a list whose first line is a repository.
    Mirrors,
}

/// One file of a feed, with nothing left to fill in.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceFile {
    /// Its name in the feed.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// How to get there.
    pub fetch: Fetch,
    /// The release that it is about, if it does not say it itself.
    pub ecosystem: Option<Ecosystem>,
    /// Whether upstream may not have it.
    pub may_be_missing: bool,
}

/// The name of a format, such as `debian-tracker`.
pub fn format_name(format: Format) -> String {
    serde_json::to_value(format).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

impl Catalogue {
    /// The feeds that are built in.
    ///
    /// # Panics
    /// Never: a test reads the file.
    pub fn built_in() -> Self {
        Self::parse(include_str!("../data/feeds.toml")).expect("the built-in catalogue parses")
    }

    /// Reads a catalogue.
    ///
    /// # Errors
    /// `bad_config` with what is wrong.
    pub fn parse(text: &str) -> Result<Self, FeedError> {
        let file: File =
            toml::from_str(text).map_err(|e| FeedError::new(Code::BadConfig, "catalogue", e.message()))?;
        let catalogue = Self { feeds: file.feed };
        catalogue.check()?;
        Ok(catalogue)
    }

    /// The feed of that name.
    ///
    /// # Errors
    /// `no_feed`.
    pub fn feed(&self, id: &str) -> Result<&Feed, FeedError> {
        self.feeds.iter().find(|f| f.id == id).ok_or_else(|| {
            FeedError::new(Code::NoFeed, id, "there is no such feed: `palisade feeds list` names them")
        })
    }

    pub(crate) fn check(&self) -> Result<(), FeedError> {
        let mut ids = BTreeSet::new();
        for feed in &self.feeds {
            let bad = |reason: String| FeedError::new(Code::BadConfig, &feed.id, reason);
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            if feed.id.is_empty() || feed.id.len() > 64 || !feed.id.bytes().all(plain) {
                return Err(bad("an id is of small letters, digits and hyphens".to_owned()));
            }
            if !ids.insert(&feed.id) {
                return Err(bad("the id is there twice".to_owned()));
            }
            for name in &feed.formats {
                if *name != address::FORMAT && !Format::ALL.iter().any(|f| format_name(*f) == *name) {
                    return Err(bad(format!("unknown format {name:?}")));
                }
            }
            if feed.holds_addresses() && feed.formats.len() > 1 {
                return Err(bad(format!("{} goes with no other format", address::FORMAT)));
            }
            let mut names = BTreeSet::new();
            for file in feed.files(2026) {
                if file.url.is_empty() {
                    if feed.enabled {
                        return Err(bad(feed.without_address()));
                    }
                    names.insert(file.name);
                    continue;
                }
                url::Url::parse(&file.url).map_err(|e| bad(format!("{}: {e}", file.url)))?;
                if !names.insert(file.name.clone()) {
                    return Err(bad(format!("two files are called {}", file.name)));
                }
            }
            if names.is_empty() {
                return Err(bad("it has no file".to_owned()));
            }
        }
        Ok(())
    }
}

impl Feed {
    /// Its files, in the year that is given.
    pub fn files(&self, year: i16) -> Vec<SourceFile> {
        self.sources.iter().flat_map(|s| s.files(year)).collect()
    }

    /// Whether its files may have that format.
    pub fn has(&self, format: Format) -> bool {
        self.formats.contains(&format_name(format))
    }

    /// Whether its file is a database of where addresses are, and no records of vulnerabilities.
    pub fn holds_addresses(&self) -> bool {
        self.formats.iter().any(|f| f == address::FORMAT)
    }

    /// What somebody has to do who wants it fetched, if it has no address of its own.
    pub(crate) fn without_address(&self) -> String {
        format!("it has no address: name one as `urls` under [feeds.{}] in feeds.toml", self.id)
    }

    /// Largest file, bytes.
    pub fn max_bytes(&self) -> u64 {
        self.max_mib << 20
    }
}

impl Source {
    fn files(&self, year: i16) -> Vec<SourceFile> {
        let words: Vec<String> = match self.years_from {
            Some(from) => (from..=year).map(|y| y.to_string()).collect(),
            None if self.each.is_empty() => vec![String::new()],
            None => self.each.clone(),
        };
        let file = |word: &String| SourceFile {
            name: self.name.replace("{}", word),
            url: self.url.replace("{}", word),
            fetch: self.fetch,
            ecosystem: self.ecosystem.as_deref().map(Ecosystem::parse),
            may_be_missing: self.may_be_missing,
        };
        words.iter().map(file).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_catalogue_is_sound() {
        let catalogue = Catalogue::built_in();
        assert!(catalogue.feeds.len() > 40);
        for feed in &catalogue.feeds {
            assert!(feed.minimum > 0 && feed.max_age_hours > 0 && feed.max_mib > 0, "{}", feed.id);
            assert!(!feed.licence.is_empty() && !feed.serves.is_empty(), "{}", feed.id);
            assert!(!feed.required || feed.enabled, "{} is required but not fetched", feed.id);
            for file in feed.files(2026) {
                let own = file.url.is_empty() && !feed.enabled;
                assert!(own || file.url.starts_with("https://"), "{}: {}", feed.id, file.url);
            }
        }
        let nvd = catalogue.feed("nvd").expect("there").files(2004);
        assert_eq!(nvd.len(), 3);
        assert!(nvd[2].url.ends_with("nvdcve-2.0-2004.json.gz"));
    }

    #[test]
    fn what_is_no_catalogue_is_refused() {
        let good = include_str!("../data/feeds.toml");
        for (from, to) in [
            ("id = \"kev\"", "id = \"epss\""),
            ("id = \"kev\"", "id = \"../kev\""),
            ("\"kev\"]", "\"unheard-of\"]"),
            ("https://www.cisa.gov/sites", "no address"),
            ("minimum", "maximum"),
        ] {
            assert!(good.contains(from));
            let code = Catalogue::parse(&good.replace(from, to)).map(|_| ()).map_err(|e| e.code);
            assert_eq!(code, Err(Code::BadConfig), "{from} → {to}");
        }
    }
}
