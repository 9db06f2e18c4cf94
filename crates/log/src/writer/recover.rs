//! What the writer does when it opens a log: find the end, cut what was torn, refuse what is corrupt.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use crate::durable::{Durable, Publisher, Watcher};
use crate::segment::{self, HEADER, Header, Tail};
use crate::{LogError, Result};

/// The segment that grows.
pub(super) struct Active {
    pub path: PathBuf,
    pub file: File,
    pub header: Header,
    /// Bytes that are durable.
    pub end: u64,
}

/// All that the writing thread owns.
pub(super) struct State {
    pub active: Active,
    pub durable: Durable,
    pub publisher: Publisher,
    pub torn_bytes: u64,
    /// Bytes of all segments but the active one.
    pub older_bytes: u64,
    /// A failed write whose traces are not yet removed from the active segment.
    pub dirty: bool,
    _lock: File,
}

pub(super) fn recover(dir: &Path, lock: File) -> Result<State> {
    remove_temporaries(dir)?;
    // A torn state file only costs the proof that nothing durable went missing.
    let published = match Watcher::new(dir).read() {
        Ok(published) => published.unwrap_or_default(),
        Err(e @ LogError::Corrupt { .. }) => {
            tracing::warn!(error = %e, "durable file is damaged and will be rewritten");
            Durable::default()
        }
        Err(e) => return Err(e),
    };
    let segments = segment::list(dir)?;
    for s in &segments {
        let header = read_header(&s.path)?;
        if header.first != s.first {
            return Err(LogError::corrupt(&s.path, 0, "header and name differ"));
        }
    }
    let (active, next, torn_bytes) = match segments.last() {
        Some(last) => open_last(&last.path, published)?,
        None if published.next > 0 => {
            return Err(LogError::corrupt(
                &segment::path_of(dir, published.next),
                0,
                "all segments are missing",
            ));
        }
        None => {
            let (path, file, header) = segment::create(dir, 0)?;
            (Active { path, file, header, end: HEADER as u64 }, 0, 0)
        }
    };
    let mut older_bytes = 0;
    for s in segments.iter().rev().skip(1) {
        older_bytes += fs::metadata(&s.path).map_err(|e| LogError::io("stat", &s.path, &e))?.len();
    }
    let publisher = Publisher::open(dir)?;
    let durable = Durable { next, total_bytes: published.total_bytes.max(active.end) };
    publisher.publish(durable)?;
    publisher.sync()?;
    segment::sync_dir(dir)?;
    Ok(State { active, durable, publisher, torn_bytes, older_bytes, dirty: false, _lock: lock })
}

/// Walks the newest segment, cuts its torn tail, and makes the rest durable: the active segment,
/// the next offset, the bytes cut.
fn open_last(path: &Path, published: Durable) -> Result<(Active, u64, u64)> {
    let bytes = segment::read_all(path)?;
    let walked = segment::walk(path, &bytes, |_, _| {})?;
    let end = walked.end as u64;
    let torn = bytes.len() as u64 - end;
    if walked.next < published.next {
        let what = match walked.tail {
            Tail::Clean => "records that were durable are missing",
            Tail::Torn { what } => what,
        };
        return Err(LogError::corrupt(path, end, what));
    }
    let file =
        OpenOptions::new().read(true).write(true).open(path).map_err(|e| LogError::io("open", path, &e))?;
    if let Tail::Torn { what } = walked.tail {
        tracing::warn!(bytes = torn, position = end, what, "cut a torn tail that was never acknowledged");
        file.set_len(end).map_err(|e| LogError::io("truncate", path, &e))?;
    }
    // Records of a group that was written but not yet synced become durable here.
    file.sync_all().map_err(|e| LogError::io("sync", path, &e))?;
    Ok((Active { path: path.to_owned(), file, header: walked.header, end }, walked.next, torn))
}

fn read_header(path: &Path) -> Result<Header> {
    use std::io::Read;
    let mut bytes = Vec::with_capacity(HEADER);
    File::open(path)
        .and_then(|f| f.take(HEADER as u64).read_to_end(&mut bytes))
        .map_err(|e| LogError::io("read", path, &e))?;
    segment::check_header(&bytes).map_err(|what| LogError::corrupt(path, 0, what))
}

/// Files that a crash left half-written under a temporary name.
fn remove_temporaries(dir: &Path) -> Result<()> {
    for entry in fs::read_dir(dir).map_err(|e| LogError::io("list", dir, &e))? {
        let path = entry.map_err(|e| LogError::io("list", dir, &e))?.path();
        if path.extension().is_some_and(|e| e == "tmp") {
            fs::remove_file(&path).map_err(|e| LogError::io("remove", &path, &e))?;
        }
    }
    Ok(())
}
