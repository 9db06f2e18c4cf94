//! The log as a consumer follows it: from its cursor on, past what was trimmed under it, and
//! through a log that is not up yet.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use palisade_log::{Cursor, LogError, LogReader, Record};

/// How long a log that is not ready is left alone.
const PAUSE: Duration = Duration::from_millis(200);

/// A reader with its cursor. Its calls block.
pub struct Follower {
    dir: PathBuf,
    cursor: Cursor,
    reader: Option<LogReader>,
}

impl Follower {
    /// Begins at the cursor; the log need not be there yet.
    pub fn new(dir: PathBuf, cursor: Cursor) -> Self {
        Self { dir, cursor, reader: None }
    }

    /// The next records, none when none came within `patience`. Records that were trimmed before
    /// they were read are added to `trimmed`.
    ///
    /// # Errors
    /// A log or cursor that only a person can mend.
    pub fn next(
        &mut self,
        max_bytes: usize,
        patience: Duration,
        trimmed: &AtomicU64,
    ) -> Result<Vec<Record>, LogError> {
        match self.read(max_bytes, patience) {
            Err(LogError::Trimmed { oldest }) => {
                let wanted = self.position();
                let lost = oldest.saturating_sub(wanted);
                tracing::error!(wanted, oldest, lost, "the log was trimmed before it was read");
                trimmed.fetch_add(lost, Ordering::Relaxed);
                self.reader = None;
                self.cursor.set(oldest)?;
                Ok(Vec::new())
            }
            Err(e) if e.is_transient() => {
                tracing::warn!(code = e.code(), error = %e, "the log is not ready");
                std::thread::sleep(PAUSE);
                Ok(Vec::new())
            }
            read => read,
        }
    }

    fn read(&mut self, max_bytes: usize, patience: Duration) -> Result<Vec<Record>, LogError> {
        if self.reader.is_none() {
            let reader = LogReader::open(&self.dir, self.cursor.get())?;
            // Behind again by less than the bound: trimming has to wait for it from now on.
            self.cursor.rejoin()?;
            self.reader = Some(reader);
        }
        let Some(reader) = &mut self.reader else { return Ok(Vec::new()) };
        let records = reader.next_batch(max_bytes)?;
        if !records.is_empty() || !reader.wait(patience)? {
            return Ok(records);
        }
        reader.next_batch(max_bytes)
    }

    /// The offset of the record that comes next.
    pub fn position(&self) -> u64 {
        self.reader.as_ref().map_or(self.cursor.get(), LogReader::position)
    }

    /// Makes the position durable: what lies before it is done.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn keep(&mut self) -> Result<(), LogError> {
        let position = self.position();
        if position > self.cursor.get() { self.cursor.set(position) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use palisade_log::{CutOff, KIND_BATCH, LogOptions, LogWriter, RecordMeta, plan_trim, trim};
    use palisade_types::{DeviceId, TenantId};

    use super::*;

    fn record(n: u64) -> RecordMeta {
        RecordMeta {
            tenant: TenantId::random(),
            device: DeviceId::random(),
            epoch: 1,
            lane: 0,
            sequence: n,
            digest: [0; 32],
            received_at: 0,
            flags: 0,
            kind: KIND_BATCH,
            raw_length: 0,
        }
    }

    fn read(f: &mut Follower, trimmed: &AtomicU64) -> Vec<u64> {
        let records = f.next(1 << 20, Duration::ZERO, trimmed).expect("reads");
        records.iter().map(|r| r.offset).collect()
    }

    #[test]
    fn a_consumer_that_was_cut_off_goes_on_behind_what_was_trimmed_and_counts_it() {
        let dir = tempfile::tempdir().expect("dir");
        let (log, cursors) = (dir.path().join("log"), dir.path().join("cursors"));
        let trimmed = AtomicU64::new(0);
        let follower = || Follower::new(log.clone(), Cursor::open(&cursors, "projections").expect("opens"));
        assert_eq!(read(&mut follower(), &trimmed), Vec::<u64>::new());

        let options = LogOptions { min_free_bytes: 0, segment_bytes: 1, ..LogOptions::default() };
        let writer = LogWriter::open(&log, options).expect("opens");
        for n in 0..20 {
            futures::executor::block_on(writer.append(record(n), vec![7; 100])).expect("appends");
        }
        // Cut off after it had read a little, while it was away.
        let mut early = follower();
        let first = early.next(1, Duration::ZERO, &trimmed).expect("reads");
        assert_eq!(first.len(), 1);
        early.keep().expect("kept");
        drop(early);
        plan_trim(&log, &cursors, CutOff { max_lag_bytes: 0 }).expect("plans");
        let oldest = trim(&log, 10).expect("trims").oldest;
        assert!((2..=10).contains(&oldest), "{oldest}");

        let mut late = follower();
        assert_eq!(read(&mut late, &trimmed), Vec::<u64>::new());
        assert_eq!(read(&mut late, &trimmed), (oldest..20).collect::<Vec<_>>());
        assert_eq!(trimmed.load(Ordering::Relaxed), oldest - 1);
        late.keep().expect("kept");
        let cursor = Cursor::open(&cursors, "projections").expect("opens");
        assert!(!cursor.is_cut_off());
        assert_eq!(cursor.get(), 20);
    }
}
