//! Reading durable records, from any process.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::durable::Watcher;
use crate::record::{self, NoRecord, RECORD_HEADER, Record};
use crate::segment::{self, HEADER};
use crate::{LogError, Result};

/// How often a waiting reader looks at the durable offset.
const POLL: Duration = Duration::from_millis(20);
/// Bytes read at once, at most; one record larger than that is read by itself.
const CHUNK: usize = 8 << 20;

/// Reads durable records in order, from any process. It needs no writer to be running, and notices
/// nothing when the writer is restarted.
pub struct LogReader {
    dir: PathBuf,
    next: u64,
    watcher: Watcher,
    current: Option<Place>,
}

/// Where the record `LogReader::next` lies.
struct Place {
    path: PathBuf,
    file: File,
    salt: u64,
    position: u64,
}

impl LogReader {
    /// A reader whose first record is `from`. The folder may not exist yet: then there is nothing to
    /// read until a writer made it.
    ///
    /// # Errors
    /// [`LogError::Trimmed`] if `from` is no longer kept, [`LogError::Corrupt`], [`LogError::Io`].
    pub fn open(dir: &Path, from: u64) -> Result<Self> {
        let mut reader = Self { dir: dir.to_owned(), next: from, watcher: Watcher::new(dir), current: None };
        if reader.durable()? > from {
            reader.locate()?;
        }
        Ok(reader)
    }

    /// The offset of the record that comes next.
    pub fn position(&self) -> u64 {
        self.next
    }

    /// One past the last durable offset; 0 before the log's first start.
    ///
    /// # Errors
    /// [`LogError::Io`], or [`LogError::Corrupt`] if the durable file is damaged.
    pub fn durable(&mut self) -> Result<u64> {
        Ok(self.watcher.read()?.unwrap_or_default().next)
    }

    /// The next durable records: as many as fit in `max_bytes` of disk, at least one if there is
    /// one, none at the end.
    ///
    /// # Errors
    /// [`LogError::Trimmed`], [`LogError::Ahead`], [`LogError::Corrupt`], [`LogError::Io`]. The
    /// reader stays where it is and may be asked again.
    pub fn next_batch(&mut self, max_bytes: usize) -> Result<Vec<Record>> {
        let Some(state) = self.watcher.read()? else { return Ok(Vec::new()) };
        if self.next > state.next {
            return Err(LogError::Ahead { wanted: self.next, next: state.next });
        }
        let mut out = Vec::new();
        let mut budget = max_bytes;
        while self.next < state.next && (budget > 0 || out.is_empty()) {
            let taken = self.take(state.next, budget, &mut out)?;
            budget = budget.saturating_sub(taken);
            if taken == 0 && !out.is_empty() {
                break;
            }
        }
        Ok(out)
    }

    /// Blocks until there is a record to read or the time is over; whether there is one.
    ///
    /// # Errors
    /// As [`Self::durable`].
    pub fn wait(&mut self, timeout: Duration) -> Result<bool> {
        let until = Instant::now() + timeout;
        loop {
            if self.durable()? > self.next {
                return Ok(true);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            std::thread::sleep(left.min(POLL));
        }
    }

    /// Reads from the current segment what is durable and fits; the bytes taken.
    fn take(&mut self, durable: u64, budget: usize, out: &mut Vec<Record>) -> Result<usize> {
        if self.current.is_none() {
            self.locate()?;
        }
        let Some(place) = &mut self.current else { return Ok(0) };
        let size = place.file.metadata().map_err(|e| LogError::io("stat", &place.path, &e))?.len();
        let left = usize::try_from(size.saturating_sub(place.position)).unwrap_or(usize::MAX);
        if left == 0 {
            // Durable records remain, so they are in the next segment.
            self.current = None;
            return if segment::path_of(&self.dir, self.next).exists() {
                self.locate()?;
                self.take(durable, budget, out)
            } else {
                Err(self.missing()?)
            };
        }
        let chunk = place.read(left.min(budget.clamp(RECORD_HEADER, CHUNK)))?;
        let mut at = 0;
        while self.next < durable {
            let found = match record::decode(place.salt, &chunk[at..]) {
                Ok(found) => found,
                Err(NoRecord::Short(size))
                    if at == 0 && size > chunk.len() && size <= left && out.is_empty() =>
                {
                    return self.take_one(size, out);
                }
                // The rest of the chunk is the beginning of a record for the next call.
                Err(NoRecord::Short(size)) if size <= left - at => break,
                Err(NoRecord::End) => break,
                Err(why) => {
                    return Err(LogError::corrupt(&place.path, place.position + at as u64, why.text()));
                }
            };
            if found.offset != self.next {
                let what = "record has an unexpected offset";
                return Err(LogError::corrupt(&place.path, place.position + at as u64, what));
            }
            let payload = chunk.slice(at + RECORD_HEADER..at + found.size);
            out.push(Record { offset: found.offset, meta: found.meta, payload });
            at += found.size;
            self.next += 1;
        }
        place.position += at as u64;
        Ok(at)
    }

    /// Reads one record that is larger than a chunk or the budget.
    fn take_one(&mut self, size: usize, out: &mut Vec<Record>) -> Result<usize> {
        let Some(place) = &mut self.current else { return Ok(0) };
        let bytes = place.read(size)?;
        let found = record::decode(place.salt, &bytes)
            .map_err(|why| LogError::corrupt(&place.path, place.position, why.text()))?;
        if found.offset != self.next || found.size != size {
            return Err(LogError::corrupt(&place.path, place.position, "record has an unexpected offset"));
        }
        out.push(Record { offset: found.offset, meta: found.meta, payload: bytes.slice(RECORD_HEADER..) });
        place.position += size as u64;
        self.next += 1;
        Ok(size)
    }

    /// Opens the segment that holds the next record and walks to it.
    fn locate(&mut self) -> Result<()> {
        let segments = segment::list(&self.dir)?;
        let Some(holder) = segments.iter().rev().find(|s| s.first <= self.next) else {
            return Err(self.missing()?);
        };
        let file = match File::open(&holder.path) {
            Ok(file) => file,
            // Trimmed between the listing and now.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(self.missing()?),
            Err(e) => return Err(LogError::io("open", &holder.path, &e)),
        };
        let mut place = Place { path: holder.path.clone(), file, salt: 0, position: 0 };
        let header = segment::check_header(&place.read(HEADER)?)
            .map_err(|what| LogError::corrupt(&holder.path, 0, what))?;
        if header.first != holder.first {
            return Err(LogError::corrupt(&holder.path, 0, "header and name differ"));
        }
        place.salt = header.salt;
        place.position = HEADER as u64;
        for offset in header.first..self.next {
            let bytes = place.read(RECORD_HEADER)?;
            let size = match record::size_at(&bytes) {
                Ok(size) => size,
                Err(why) => return Err(LogError::corrupt(&place.path, place.position, why.text())),
            };
            if record::offset_at(&bytes) != Some(offset) {
                return Err(LogError::corrupt(
                    &place.path,
                    place.position,
                    "record has an unexpected offset",
                ));
            }
            place.position += size as u64;
        }
        self.current = Some(place);
        Ok(())
    }

    /// Why the segment of a durable record is not there.
    fn missing(&self) -> Result<LogError> {
        let segments = segment::list(&self.dir)?;
        Ok(match segments.first() {
            Some(oldest) if oldest.first > self.next => LogError::Trimmed { oldest: oldest.first },
            _ => LogError::corrupt(&segment::path_of(&self.dir, self.next), 0, "segment is missing"),
        })
    }
}

impl Place {
    fn read(&self, size: usize) -> Result<Bytes> {
        let mut bytes = vec![0; size];
        let mut filled = 0;
        while filled < size {
            match self.file.read_at(&mut bytes[filled..], self.position + filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(LogError::io("read", &self.path, &e)),
            }
        }
        bytes.truncate(filled);
        Ok(Bytes::from(bytes))
    }
}
