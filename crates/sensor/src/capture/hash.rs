//! Digests of executed files, one pass for three of them, cached by identity and change time.

use std::fs::File;
use std::io::Read;
use std::num::NonZeroUsize;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lru::LruCache;
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;

const KEPT: usize = 8192;
const SLOW_KEPT: usize = 256;
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

    /// The size is known, the content was left alone.
    pub(crate) fn unread(size: u64) -> Arc<Self> {
        Self::without(size, Absent::NotAttempted)
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
    /// Files that took too long once.
    slow: LruCache<Identity, ()>,
    max_bytes: u64,
    buffer: Vec<u8>,
    window: (Instant, Duration),
}

impl HashCache {
    pub(crate) fn new(max_bytes: u64) -> Self {
        Self {
            known: LruCache::new(NonZeroUsize::new(KEPT).expect("not zero")),
            slow: LruCache::new(NonZeroUsize::new(SLOW_KEPT).expect("not zero")),
            max_bytes,
            buffer: Vec::new(),
            window: (Instant::now(), Duration::ZERO),
        }
    }

    /// Digests of the file `identity`, which process `pid` runs from `path` of its mount namespace;
    /// `ours` says that the path means the same to us and can be walked without waiting.
    pub(crate) fn get(&mut self, identity: &Identity, pid: u32, path: &str, ours: bool) -> Arc<Hashes> {
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
        let (hashes, keep) = self.compute(identity, pid, path, ours);
        self.window.1 += begin.elapsed();
        if keep {
            self.known.put(*identity, Arc::clone(&hashes));
        }
        hashes
    }

    fn compute(&mut self, identity: &Identity, pid: u32, path: &str, ours: bool) -> (Arc<Hashes>, bool) {
        let process = [format!("/proc/{pid}/exe"), format!("/proc/{pid}/root{path}")];
        let mut places = process.iter().map(String::as_str).chain(ours.then_some(path));
        let Some(mut file) = places.find_map(|place| open(place, identity)) else {
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
                // What was read is in memory now, so that a second try may do; a third is too much.
                let again = self.slow.put(*identity, ()).is_some();
                return (Hashes::without(identity.size, Absent::NotAttempted), again);
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

/// Opens the file at `path` if it is the one that is meant. It is looked at before it is opened: a
/// replaced name may be a pipe that blocks, or a device that acts when it is opened.
fn open(path: &str, identity: &Identity) -> Option<File> {
    let open = |path: &str, flags| {
        std::fs::OpenOptions::new().read(true).custom_flags(flags | libc::O_NOCTTY).open(path).ok()
    };
    let seen = open(path, libc::O_PATH)?;
    if !seen.metadata().is_ok_and(|m| m.is_file()) || !identity.is(&seen) {
        return None;
    }
    // A lease that somebody holds on it must not block either.
    open(&format!("/proc/self/fd/{}", seen.as_raw_fd()), libc::O_NONBLOCK)
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
        let hashes = cache.get(&id, u32::MAX, name, true);
        assert_eq!(hex::encode(hashes.md5.expect("md5")), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(hex::encode(hashes.sha1.expect("sha1")), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert!(hex::encode(hashes.sha256.expect("sha256")).starts_with("ba7816bf8f01cfea"));

        std::fs::write(&path, "abcd").expect("writable");
        assert_eq!(HashCache::new(1024).get(&id, u32::MAX, name, true).absent, Absent::Gone);
        let id = identity(&path);
        assert_eq!(HashCache::new(3).get(&id, u32::MAX, name, true).absent, Absent::TooLarge);
        std::fs::remove_file(&path).expect("removable");
        assert_eq!(cache.get(&id, u32::MAX, name, true).absent, Absent::Gone);
    }

    #[test]
    fn only_the_very_file_is_opened_and_only_where_the_path_is_ours() {
        let dir = tempfile::TempDir::new().expect("a folder");
        let path = dir.path().join("x");
        std::fs::write(&path, "abc").expect("writable");
        let id = identity(&path);
        let name = path.to_str().expect("text");
        assert_eq!(HashCache::new(1024).get(&id, u32::MAX, name, false).absent, Absent::Gone);
        assert!(open(name, &id).is_some());
        std::fs::remove_file(&path).expect("removable");
        // A pipe without a writer would block who opens it.
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        let pipe = identity(&path);
        assert!(open(name, &pipe).is_none());
        assert!(open(name, &id).is_none());
    }
}
