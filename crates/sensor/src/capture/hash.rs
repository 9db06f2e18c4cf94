//! Digests of executed files, one pass for three of them, cached by identity and change time.

use std::fs::File;
use std::io::Read;
use std::num::NonZeroUsize;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lru::LruCache;
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;

const KEPT: usize = 8192;
const CHUNK: usize = 128 << 10;
/// One file may take no longer.
const FILE_TIME: Duration = Duration::from_secs(1);
/// Within one window all files together may take no longer, so that the ring is drained in time.
const WINDOW: Duration = Duration::from_secs(5);
const WINDOW_TIME: Duration = Duration::from_secs(3);

/// Why digests are absent; the numbers are those of the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Absent {
    /// They are there.
    #[default]
    No = 0,
    /// The file is larger than the bound.
    TooLarge = 1,
    /// The file, as it was executed, is gone.
    Gone = 2,
    /// It could not be read.
    Unreadable = 3,
    /// Time or knowledge was missing.
    NotAttempted = 4,
}

/// Digests and size of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hashes {
    /// Bytes.
    pub size: Option<u64>,
    /// SHA-256.
    pub sha256: Option<[u8; 32]>,
    /// SHA-1.
    pub sha1: Option<[u8; 20]>,
    /// MD5.
    pub md5: Option<[u8; 16]>,
    /// Why there are no digests.
    pub absent: Absent,
}

impl Hashes {
    fn without(size: u64, absent: Absent) -> Arc<Self> {
        Arc::new(Self { size: Some(size), absent, ..Self::default() })
    }

    /// Nothing is known of the file.
    pub(crate) fn unknown() -> Arc<Self> {
        Arc::new(Self { absent: Absent::NotAttempted, ..Self::default() })
    }
}

/// What names the content of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    pub(crate) dev: u32,
    pub(crate) ino: u64,
    pub(crate) ctime: i64,
    pub(crate) ctime_ns: u32,
    pub(crate) size: u64,
}

impl Identity {
    /// The device is left out: stat shows another one than the kernel on stacked file systems.
    fn is(&self, file: &File) -> bool {
        file.metadata().is_ok_and(|m| {
            m.ino() == self.ino
                && m.len() == self.size
                && m.ctime() == self.ctime
                && m.ctime_nsec() == i64::from(self.ctime_ns)
        })
    }
}

/// Bounded cache of digests.
#[derive(Debug)]
pub(crate) struct HashCache {
    known: LruCache<Identity, Arc<Hashes>>,
    max_bytes: u64,
    buffer: Vec<u8>,
    window: (Instant, Duration),
}

impl HashCache {
    pub(crate) fn new(max_bytes: u64) -> Self {
        Self {
            known: LruCache::new(NonZeroUsize::new(KEPT).expect("not zero")),
            max_bytes,
            buffer: Vec::new(),
            window: (Instant::now(), Duration::ZERO),
        }
    }

    /// Digests of the file `identity`, which process `pid` runs or which lies at `path`.
    pub(crate) fn get(&mut self, identity: &Identity, pid: u32, path: &str) -> Arc<Hashes> {
        if let Some(known) = self.known.get(identity) {
            return Arc::clone(known);
        }
        if identity.size > self.max_bytes {
            let none = Hashes::without(identity.size, Absent::TooLarge);
            self.known.put(*identity, Arc::clone(&none));
            return none;
        }
        if self.window.0.elapsed() > WINDOW {
            self.window = (Instant::now(), Duration::ZERO);
        }
        if self.window.1 > WINDOW_TIME {
            return Hashes::without(identity.size, Absent::NotAttempted);
        }
        let begin = Instant::now();
        let (hashes, keep) = self.compute(identity, pid, path);
        self.window.1 += begin.elapsed();
        if keep {
            self.known.put(*identity, Arc::clone(&hashes));
        }
        hashes
    }

    fn compute(&mut self, identity: &Identity, pid: u32, path: &str) -> (Arc<Hashes>, bool) {
        let places = [format!("/proc/{pid}/exe"), format!("/proc/{pid}/root{path}"), path.to_owned()];
        let found = places.iter().filter_map(|place| open(place)).find(|file| identity.is(file));
        let Some(mut file) = found else {
            return (Hashes::without(identity.size, Absent::Gone), false);
        };
        let begin = Instant::now();
        let (mut sha256, mut sha1, mut md5) = (Sha256::new(), Sha1::new(), Md5::new());
        self.buffer.resize(CHUNK, 0);
        let mut left = identity.size;
        loop {
            match file.read(&mut self.buffer) {
                Ok(0) => break,
                Ok(n) => {
                    left = left.saturating_sub(n as u64);
                    sha256.update(&self.buffer[..n]);
                    sha1.update(&self.buffer[..n]);
                    md5.update(&self.buffer[..n]);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return (Hashes::without(identity.size, Absent::Unreadable), false),
            }
            if left > 0 && begin.elapsed() > FILE_TIME {
                // Too slow a store: it would be as slow the next time.
                return (Hashes::without(identity.size, Absent::NotAttempted), true);
            }
        }
        if !identity.is(&file) {
            return (Hashes::without(identity.size, Absent::Gone), false);
        }
        let hashes = Hashes {
            size: Some(identity.size),
            sha256: Some(sha256.finalize().into()),
            sha1: Some(sha1.finalize().into()),
            md5: Some(md5.finalize().into()),
            absent: Absent::No,
        };
        (Arc::new(hashes), true)
    }
}

fn open(path: &str) -> Option<File> {
    // A pipe under a replaced name must not hold the drain.
    let file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
        .ok()?;
    file.metadata().ok()?.is_file().then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(path: &std::path::Path) -> Identity {
        let m = std::fs::metadata(path).expect("exists");
        Identity { dev: 0, ino: m.ino(), ctime: m.ctime(), ctime_ns: m.ctime_nsec() as u32, size: m.len() }
    }

    #[test]
    fn digests_are_right_bounded_and_bound_to_the_identity() {
        let path = std::env::temp_dir().join(format!("pal-hash-{}", std::process::id()));
        std::fs::write(&path, "abc").expect("writable");
        let id = identity(&path);
        let name = path.to_str().expect("text");
        let mut cache = HashCache::new(1024);
        let hashes = cache.get(&id, u32::MAX, name);
        assert_eq!(hex::encode(hashes.md5.expect("md5")), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(hex::encode(hashes.sha1.expect("sha1")), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert!(hex::encode(hashes.sha256.expect("sha256")).starts_with("ba7816bf8f01cfea"));

        std::fs::write(&path, "abcd").expect("writable");
        assert_eq!(HashCache::new(1024).get(&id, u32::MAX, name).absent, Absent::Gone);
        let id = identity(&path);
        assert_eq!(HashCache::new(3).get(&id, u32::MAX, name).absent, Absent::TooLarge);
        std::fs::remove_file(&path).expect("removable");
        assert_eq!(cache.get(&id, u32::MAX, name).absent, Absent::Gone);
    }
}
