//! Fetches what vulnerability feeds publish, keeps it as immutable snapshots, carries it to sites without a network.
//!
//! [`Catalogue`] says which feeds there are, [`Store`] keeps what they said, [`sync()`] fetches, [`import`] and
//! [`bundle`] take files, [`health()`] judges, and [`Snapshot`] hands decoded records to whoever matches them.
//! Nothing replaces a good file but a whole, decodable one. `docs/feeds.md` explains it in plain words.

mod address;
pub mod bundle;
mod catalogue;
mod check;
mod client;
mod code;
mod download;
mod health;
pub mod import;
mod index;
pub mod keys;
mod locate;
mod manifest;
mod page;
mod read;
mod schedule;
mod site;
mod store;
mod sync;
mod writer;

pub use catalogue::{Catalogue, Feed, Fetch, Source, SourceFile, format_name};
pub use code::{Code, FeedError};
pub use health::{FeedHealth, State, alarms, health};
pub use manifest::{BundleMark, Entry, Failure, FileEntry, Manifest, Refusal};
pub use page::page;
pub use read::{FeedReader, Snapshot};
pub use schedule::{Course, Schedule, turn};
pub use site::{Limits, Site};
pub use store::{Collected, Step, Store};
pub use sync::{Event, Outcome, Progress, Quiet, Report, SyncOptions, Verdict, sync};
pub use writer::{Accept, Writer};
