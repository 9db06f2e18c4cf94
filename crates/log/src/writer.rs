//! The one writer of a log: a queue, a thread, one `fdatasync` per group.

mod recover;
mod thread;

use std::collections::VecDeque;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use bytes::Bytes;
use parking_lot::{Condvar, Mutex};

use crate::record::RECORD_HEADER;
use crate::ticket::{self, Append, Resolver};
use crate::{LogError, LogReader, RecordMeta, Result, segment};

/// Bounds of a log.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// A segment that would grow past this is closed and a new one begun, bytes.
    pub segment_bytes: u64,
    /// Largest payload, bytes.
    pub max_payload: usize,
    /// Most bytes that wait for the disk; beyond it appends are refused as `log_busy`.
    pub max_queued_bytes: usize,
    /// Most bytes written with one `fdatasync`.
    pub max_group_bytes: usize,
    /// Largest size of the whole log on disk, bytes; beyond it appends are refused as `log_full`.
    pub max_log_bytes: u64,
    /// Free bytes that the log leaves on its file system; below it appends are refused as
    /// `log_full`, so that a full disk does not take the database with it.
    pub min_free_bytes: u64,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            max_payload: 8 << 20,
            max_queued_bytes: 128 << 20,
            max_group_bytes: 8 << 20,
            max_log_bytes: u64::MAX,
            min_free_bytes: 64 << 20,
        }
    }
}

/// What the writer did since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriterStats {
    /// One past the last durable offset.
    pub next: u64,
    /// Records made durable.
    pub records: u64,
    /// Bytes made durable.
    pub bytes: u64,
    /// Groups, which is the number of `fdatasync`s that succeeded.
    pub groups: u64,
    /// Time in writing and syncing them, microseconds.
    pub sync_us: u64,
    /// Records refused for want of room.
    pub refused_full: u64,
    /// Records refused by another error of the system.
    pub refused_io: u64,
    /// Bytes cut from a torn tail when it was opened; none of them was ever acknowledged.
    pub torn_bytes: u64,
    /// Bytes waiting for the disk now.
    pub queued_bytes: u64,
}

#[derive(Default)]
struct Counters {
    next: AtomicU64,
    records: AtomicU64,
    bytes: AtomicU64,
    groups: AtomicU64,
    sync_us: AtomicU64,
    refused_full: AtomicU64,
    refused_io: AtomicU64,
    torn_bytes: AtomicU64,
}

/// Records on their way to the disk: all of them become durable together, or none.
struct Waiting {
    records: Vec<(RecordMeta, Bytes)>,
    size: usize,
    resolver: Resolver,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    closed: bool,
}

struct Shared {
    dir: PathBuf,
    options: LogOptions,
    queue: Mutex<Queue>,
    arrived: Condvar,
    counters: Counters,
}

/// Ends the thread when the last handle goes.
struct Owner {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// The writing end of a log; clones share one queue. At most one process has it open.
#[derive(Clone)]
pub struct LogWriter(Arc<Owner>);

impl LogWriter {
    /// Opens or creates the log in `dir`, cuts a torn tail, and starts the writing thread.
    ///
    /// # Errors
    /// [`LogError::Locked`] if another process writes it; [`LogError::Corrupt`] if something that
    /// was durable is damaged or gone; [`LogError::Io`], [`LogError::Full`].
    pub fn open(dir: &Path, options: LogOptions) -> Result<Self> {
        segment::make_dir(dir)?;
        let lock = lock(dir)?;
        let max = u32::MAX as usize / 2 - RECORD_HEADER;
        let options = LogOptions {
            max_payload: options.max_payload.min(crate::MAX_RECORD - RECORD_HEADER).min(max),
            ..options
        };
        let state = recover::recover(dir, lock)?;
        let shared = Arc::new(Shared {
            dir: dir.to_owned(),
            options,
            queue: Mutex::default(),
            arrived: Condvar::new(),
            counters: Counters::default(),
        });
        shared.counters.next.store(state.durable.next, Ordering::Release);
        shared.counters.torn_bytes.store(state.torn_bytes, Ordering::Relaxed);
        let theirs = shared.clone();
        let thread = std::thread::Builder::new()
            .name("log-writer".into())
            .spawn(move || thread::run(&theirs, state))
            .map_err(|e| LogError::io("start the writer of", dir, &e))?;
        Ok(Self(Arc::new(Owner { shared, thread: Mutex::new(Some(thread)) })))
    }

    /// Queues a record. The returned future resolves to its offset after `fdatasync`. Records are
    /// written in the order of the calls; dropping the future does not take a record back.
    ///
    /// # Errors
    /// Through the future: [`LogError::Full`] (nothing was written, later appends may work),
    /// [`LogError::Busy`], [`LogError::TooLarge`], [`LogError::Closed`], [`LogError::Io`].
    pub fn append(&self, meta: RecordMeta, payload: impl Into<Bytes>) -> Append {
        self.append_all(vec![(meta, payload.into())])
    }

    /// Queues records that become durable together: either all are acknowledged, with rising
    /// offsets from the one that the future resolves to, or none is. A sender's sequence can so
    /// never have a hole in the log.
    ///
    /// # Errors
    /// As [`Self::append`]; an empty list is refused as [`LogError::TooLarge`] of size 0.
    pub fn append_all(&self, records: Vec<(RecordMeta, Bytes)>) -> Append {
        let shared = &self.0.shared;
        let options = &shared.options;
        let largest = records.iter().map(|(_, p)| p.len()).max();
        let limit = options.max_payload as u64;
        match largest {
            Some(size) if size <= options.max_payload => {}
            other => {
                let size = other.unwrap_or_default() as u64;
                return ticket::resolved(Err(LogError::TooLarge { size, limit }));
            }
        }
        let size: usize = records.iter().map(|(_, p)| RECORD_HEADER + p.len()).sum();
        let mut queue = shared.queue.lock();
        if queue.closed {
            return ticket::resolved(Err(LogError::Closed));
        }
        if queue.bytes.saturating_add(size) > options.max_queued_bytes && !queue.waiting.is_empty() {
            return ticket::resolved(Err(LogError::Busy));
        }
        let (append, resolver) = ticket::ticket();
        queue.bytes += size;
        queue.waiting.push_back(Waiting { records, size, resolver });
        drop(queue);
        shared.arrived.notify_one();
        append
    }

    /// Visits the meta data of all durable records from an offset on, for rebuilding what was known.
    /// An offset that was trimmed begins at the oldest kept record.
    ///
    /// # Errors
    /// [`LogError::Corrupt`], [`LogError::Io`].
    pub fn scan_metas(&self, from: u64, mut visit: impl FnMut(u64, &RecordMeta)) -> Result<()> {
        let end = self.next_offset();
        let mut from = from;
        while from < end {
            let mut reader = match LogReader::open(&self.0.shared.dir, from) {
                Err(LogError::Trimmed { oldest }) => {
                    from = oldest;
                    continue;
                }
                other => other?,
            };
            loop {
                let batch = match reader.next_batch(4 << 20) {
                    Err(LogError::Trimmed { oldest }) => {
                        from = oldest;
                        break;
                    }
                    other => other?,
                };
                if batch.is_empty() {
                    return Ok(());
                }
                batch.iter().for_each(|r| visit(r.offset, &r.meta));
            }
        }
        Ok(())
    }

    /// One past the last durable offset.
    pub fn next_offset(&self) -> u64 {
        self.0.shared.counters.next.load(Ordering::Acquire)
    }

    /// The log's folder.
    pub fn dir(&self) -> &Path {
        &self.0.shared.dir
    }

    /// What was done since it was opened.
    pub fn stats(&self) -> WriterStats {
        let c = &self.0.shared.counters;
        let get = |a: &AtomicU64| a.load(Ordering::Relaxed);
        WriterStats {
            next: get(&c.next),
            records: get(&c.records),
            bytes: get(&c.bytes),
            groups: get(&c.groups),
            sync_us: get(&c.sync_us),
            refused_full: get(&c.refused_full),
            refused_io: get(&c.refused_io),
            torn_bytes: get(&c.torn_bytes),
            queued_bytes: self.0.shared.queue.lock().bytes as u64,
        }
    }

    /// Refuses new records, makes what is queued durable, and ends the thread. Idempotent.
    pub fn close(&self) {
        self.0.end();
    }
}

impl Owner {
    fn end(&self) {
        self.shared.queue.lock().closed = true;
        self.shared.arrived.notify_all();
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("log writer thread panicked");
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.end();
    }
}

/// Takes the log's lock; it is held as long as the file is open, and goes with the process.
pub(crate) fn lock(dir: &Path) -> Result<File> {
    let path = dir.join("writer.lock");
    let file = segment::open_file(&path, false)?;
    // SAFETY: the descriptor is open for the whole call and flock touches no memory.
    if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
        return Ok(file);
    }
    let e = std::io::Error::last_os_error();
    if e.kind() == std::io::ErrorKind::WouldBlock {
        Err(LogError::Locked)
    } else {
        Err(LogError::io("lock", &path, &e))
    }
}
