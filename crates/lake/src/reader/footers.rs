//! Footers of data files, kept from one query to the next.
//!
//! A data file never changes. What its footer says takes longer to read than the rows that a narrow query wants.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use lru::LruCache;
use parking_lot::Mutex;
use parquet::file::metadata::ParquetMetaData;

/// Bytes of all that is kept, for all tables of all tenants.
const MOST: usize = 64 << 20;

/// A file as it lies there, and the columns that are read as numbers of their dictionaries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    path: PathBuf,
    /// Its size, inode and time: a path says nothing of what somebody put in its place.
    state: (u64, u64, i64, i64),
    coded: Option<Arc<[String]>>,
    /// With where its pages are, and what they say of their rows.
    paged: bool,
}

impl Key {
    pub(super) fn new(path: PathBuf, state: &Metadata, coded: Option<Arc<[String]>>, paged: bool) -> Self {
        Self { path, state: (state.size(), state.ino(), state.mtime(), state.mtime_nsec()), coded, paged }
    }
}

#[derive(Debug)]
struct Footers {
    kept: LruCache<Key, Arc<ParquetMetaData>>,
    bytes: usize,
}

static FOOTERS: LazyLock<Mutex<Footers>> =
    LazyLock::new(|| Mutex::new(Footers { kept: LruCache::unbounded(), bytes: 0 }));

impl Footers {
    fn keep(&mut self, key: Key, footer: Arc<ParquetMetaData>, most: usize) {
        self.bytes += footer.memory_size();
        if let Some((_, old)) = self.kept.push(key, footer) {
            self.bytes = self.bytes.saturating_sub(old.memory_size());
        }
        while self.bytes > most
            && let Some((_, old)) = self.kept.pop_lru()
        {
            self.bytes = self.bytes.saturating_sub(old.memory_size());
        }
    }
}

/// What an earlier query read.
pub(super) fn kept(key: &Key) -> Option<Arc<ParquetMetaData>> {
    FOOTERS.lock().kept.get(key).cloned()
}

/// Keeps a footer as long as there is room for it.
pub(super) fn keep(key: Key, footer: Arc<ParquetMetaData>) {
    FOOTERS.lock().keep(key, footer, MOST);
}

#[cfg(test)]
mod tests {
    use parquet::file::metadata::{FileMetaData, ParquetMetaDataBuilder};
    use parquet::schema::types::{SchemaDescriptor, Type};

    use super::*;

    fn footer() -> Arc<ParquetMetaData> {
        let root = Type::group_type_builder("rows").build().expect("a type");
        let schema = Arc::new(SchemaDescriptor::new(Arc::new(root)));
        let file = FileMetaData::new(2, 0, None, None, schema, None);
        Arc::new(ParquetMetaDataBuilder::new(file).build())
    }

    #[test]
    fn what_was_not_asked_for_longest_makes_room() {
        let one = footer().memory_size();
        let key = |at: u64| Key { path: "f".into(), state: (at, 0, 0, 0), coded: None, paged: false };
        let mut footers = Footers { kept: LruCache::unbounded(), bytes: 0 };
        for at in [0, 1, 2, 1] {
            footers.keep(key(at), footer(), 3 * one);
        }
        assert_eq!((footers.kept.len(), footers.bytes), (3, 3 * one), "one that comes again replaces itself");
        footers.kept.get(&key(0)).expect("kept");
        footers.keep(key(3), footer(), 3 * one);
        assert!(footers.kept.contains(&key(0)) && !footers.kept.contains(&key(2)));
        assert_eq!(footers.bytes, 3 * one);
        footers.keep(key(4), footer(), one / 2);
        assert_eq!((footers.kept.len(), footers.bytes), (0, 0), "larger than all room");
    }
}
