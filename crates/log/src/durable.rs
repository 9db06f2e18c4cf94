//! How far the log is durable, published by the writer for readers in other processes.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::{LogError, Result, segment};

const MAGIC: &[u8; 8] = b"PALSDDUR";
const SIZE: usize = 32;
/// A reader that meets a half-written state looks again that many times.
const TRIES: u32 = 1000;

/// How far the log is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Durable {
    /// One past the last durable offset.
    pub next: u64,
    /// Payload and overhead bytes made durable since the log began, across all segments.
    pub total_bytes: u64,
}

impl Durable {
    fn encode(self) -> [u8; SIZE] {
        let mut out = [0; SIZE];
        out[..8].copy_from_slice(MAGIC);
        out[8..16].copy_from_slice(&self.next.to_le_bytes());
        out[16..24].copy_from_slice(&self.total_bytes.to_le_bytes());
        let crc = crc32fast::hash(&out[..24]);
        out[24..28].copy_from_slice(&crc.to_le_bytes());
        out
    }

    fn decode(bytes: &[u8; SIZE]) -> Option<Self> {
        let u64_at = |at: usize| bytes[at..at + 8].try_into().ok().map(u64::from_le_bytes);
        let crc = u32::from_le_bytes([bytes[24], bytes[25], bytes[26], bytes[27]]);
        if !bytes.starts_with(MAGIC) || crc32fast::hash(&bytes[..24]) != crc {
            return None;
        }
        Some(Self { next: u64_at(8)?, total_bytes: u64_at(16)? })
    }
}

fn path_in(dir: &Path) -> PathBuf {
    dir.join("durable")
}

/// The writer's side of the file.
pub(crate) struct Publisher {
    file: File,
    path: PathBuf,
}

impl Publisher {
    pub fn open(dir: &Path) -> Result<Self> {
        let path = path_in(dir);
        Ok(Self { file: segment::open_file(&path, false)?, path })
    }

    /// Shows readers a new state. Never before the data itself is durable.
    pub fn publish(&self, state: Durable) -> Result<()> {
        self.file.write_all_at(&state.encode(), 0).map_err(|e| LogError::io("write", &self.path, &e))
    }

    pub fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(|e| LogError::io("sync", &self.path, &e))
    }
}

/// A reader's side of the file; it may not exist yet.
pub(crate) struct Watcher {
    path: PathBuf,
    file: Option<File>,
}

impl Watcher {
    pub fn new(dir: &Path) -> Self {
        Self { path: path_in(dir), file: None }
    }

    /// The published state; `None` while no writer has ever published one.
    pub fn read(&mut self) -> Result<Option<Durable>> {
        if self.file.is_none() {
            match File::open(&self.path) {
                Ok(file) => self.file = Some(file),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                Err(e) => return Err(LogError::io("open", &self.path, &e)),
            }
        }
        let Some(file) = &self.file else { return Ok(None) };
        let mut bytes = [0; SIZE];
        for attempt in 0..TRIES {
            match file.read_exact_at(&mut bytes, 0) {
                Ok(()) => {
                    if let Some(state) = Durable::decode(&bytes) {
                        return Ok(Some(state));
                    }
                }
                // Created and not yet filled.
                Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
                Err(e) => return Err(LogError::io("read", &self.path, &e)),
            }
            if attempt > 10 {
                std::thread::yield_now();
            }
        }
        Err(LogError::corrupt(&self.path, 0, "checksum differs"))
    }
}

/// How far the log in `dir` is durable, from any process; `None` before its first start.
///
/// # Errors
/// [`LogError::Io`], or [`LogError::Corrupt`] if the file is damaged.
pub fn durable(dir: &Path) -> Result<Option<Durable>> {
    Watcher::new(dir).read()
}
