//! What a snapshot says: per feed its files, when they came, what is in them, what was refused.

use std::collections::BTreeMap;

use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::code::{Code, FeedError};

/// How many examples of trouble are kept of a file or feed.
pub(crate) const MAX_EXAMPLES: usize = 20;

/// One snapshot of all feeds. Never changed once it is written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of this description; 1.
    pub version: u32,
    /// Its name; later ones sort later.
    pub id: String,
    /// The command that wrote it; a command writes one after each feed.
    pub run: String,
    /// When.
    pub made: TimeMicros,
    /// The newest bundle that was taken, if any was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<BundleMark>,
    /// The feeds by id.
    pub feeds: BTreeMap<String, Entry>,
}

/// A bundle that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleMark {
    /// When it was made.
    pub made: TimeMicros,
    /// The public key that it was checked with, hexadecimal.
    pub key: String,
}

/// One feed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its files by name.
    pub files: BTreeMap<String, FileEntry>,
    /// When it last came as it should.
    pub last_success: Option<TimeMicros>,
    /// How it last did not.
    pub last_failure: Option<Failure>,
    /// What the last attempt did not take; the good ones stayed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refusal>,
}

/// An attempt that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// When.
    pub at: TimeMicros,
    /// What kind of trouble it was.
    pub code: Code,
    /// In words.
    pub reason: String,
}

/// A file or record that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// When.
    pub at: TimeMicros,
    /// What kind of trouble it is.
    pub code: Code,
    /// The file.
    pub file: String,
    /// The record within it; empty if it is the whole file.
    pub record: String,
    /// In words.
    pub reason: String,
}

/// One file, as it was fetched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Of its bytes; also the name of the object.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// Where it came from; empty if from a person.
    pub url: String,
    /// What upstream calls this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// When upstream changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// When these bytes came.
    pub fetched_at: TimeMicros,
    /// When upstream last confirmed them; the feed's age counts from here.
    pub checked_at: TimeMicros,
    /// The release that it is about, if it does not say it itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ecosystem: Option<String>,
    /// Documents by format.
    pub formats: BTreeMap<String, u64>,
    /// Documents of no format that is known, such as a README.
    pub unknown: u64,
    /// Records.
    pub records: u64,
    /// Faults by code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub faults: BTreeMap<String, u64>,
    /// The first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Refusal>,
    /// The newest date in it that has come.
    pub newest: Option<TimeMicros>,
}

impl FileEntry {
    /// Whether it is a database of where addresses are.
    pub fn holds_addresses(&self) -> bool {
        self.formats.contains_key(crate::address::FORMAT)
    }

    /// Documents of known formats.
    pub fn documents(&self) -> u64 {
        self.formats.values().sum()
    }
}

impl Entry {
    /// Records of all files.
    pub fn records(&self) -> u64 {
        self.files.values().map(|f| f.records).sum()
    }

    /// Documents of all files.
    pub fn documents(&self) -> u64 {
        self.files.values().map(FileEntry::documents).sum()
    }

    /// Faulty records of all files.
    pub fn faults(&self) -> u64 {
        self.files.values().flat_map(|f| f.faults.values()).sum()
    }

    /// Since when the whole feed has not been confirmed; nothing if there is no file.
    pub fn as_of(&self) -> Option<TimeMicros> {
        self.files.values().map(|f| f.checked_at).min()
    }

    /// The newest date in it.
    pub fn newest(&self) -> Option<TimeMicros> {
        self.files.values().filter_map(|f| f.newest).max()
    }
}

impl Refusal {
    pub(crate) fn of(error: &FeedError, at: TimeMicros) -> Self {
        Self {
            at,
            code: error.code,
            file: error.file.clone(),
            record: error.record.clone(),
            reason: error.reason.clone(),
        }
    }
}

impl Manifest {
    /// Every object that it names.
    pub fn objects(&self) -> impl Iterator<Item = &str> {
        self.feeds.values().flat_map(|e| e.files.values()).map(|f| f.sha256.as_str())
    }

    /// The same for two snapshots that hold the same bytes of the same feeds.
    pub fn content(&self) -> String {
        let mut hash = Sha256::new();
        for (id, entry) in &self.feeds {
            for (name, file) in &entry.files {
                hash.update(format!("{id}\0{name}\0{}\n", file.sha256));
            }
        }
        hex::encode(hash.finalize())
    }
}
