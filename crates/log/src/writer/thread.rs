//! The writing thread: takes what waits as one group, writes it, syncs it, then answers.

use std::os::unix::fs::FileExt;
use std::sync::atomic::Ordering::{Relaxed, Release};
use std::time::Instant;

use super::recover::{Active, State};
use super::{Shared, Waiting};
use crate::record::{self, Place};
use crate::segment::{self, HEADER};
use crate::{LogError, Result};

/// A buffer larger than this is given back after its group.
const KEEP_BUFFER: usize = 4 << 20;

/// However the thread ends, nobody waits for it in vain: what is queued is answered as closed.
struct Ended<'a>(&'a Shared);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let left = {
            let mut queue = self.0.queue.lock();
            queue.closed = true;
            queue.bytes = 0;
            std::mem::take(&mut queue.waiting)
        };
        drop(left);
    }
}

pub(super) fn run(shared: &Shared, mut state: State) {
    let _ended = Ended(shared);
    let mut buffer = Vec::new();
    while let Some(group) = take_group(shared) {
        let size: usize = group.iter().map(|w| w.size).sum();
        let mut first = state.durable.next;
        let count: u64 = group.iter().map(|w| w.records.len() as u64).sum();
        let begun = Instant::now();
        let written = write_group(shared, &mut state, &group, &mut buffer);
        let c = &shared.counters;
        match &written {
            Ok(()) => {
                c.records.fetch_add(count, Relaxed);
                c.bytes.fetch_add(size as u64, Relaxed);
                c.groups.fetch_add(1, Relaxed);
                c.sync_us.fetch_add(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX), Relaxed);
                c.next.store(state.durable.next, Release);
            }
            Err(e) => {
                tracing::error!(error = %e, code = e.code(), records = count, "log refused records");
                let refused = if matches!(e, LogError::Full(_)) { &c.refused_full } else { &c.refused_io };
                refused.fetch_add(count, Relaxed);
            }
        }
        shared.queue.lock().bytes -= size;
        for waiting in group {
            waiting.resolver.resolve(written.clone().map(|()| first));
            first += waiting.records.len() as u64;
        }
        if buffer.capacity() > KEEP_BUFFER {
            buffer = Vec::new();
        }
    }
    if let Err(e) = state.publisher.sync() {
        tracing::warn!(error = %e, "durable file was not synced");
    }
}

/// Blocks for the next group; `None` once the log is closed and nothing waits.
fn take_group(shared: &Shared) -> Option<Vec<Waiting>> {
    let mut queue = shared.queue.lock();
    while queue.waiting.is_empty() {
        if queue.closed {
            return None;
        }
        shared.arrived.wait(&mut queue);
    }
    // A group lies in one segment.
    let most = shared
        .options
        .max_group_bytes
        .min(usize::try_from(shared.options.segment_bytes).unwrap_or(usize::MAX));
    let mut group = Vec::new();
    let mut bytes = 0;
    while let Some(next) = queue.waiting.front() {
        bytes += next.size;
        if bytes > most && !group.is_empty() {
            break;
        }
        group.extend(queue.waiting.pop_front());
    }
    Some(group)
}

/// Makes a group durable, or leaves the log as it was before.
fn write_group(shared: &Shared, state: &mut State, group: &[Waiting], buffer: &mut Vec<u8>) -> Result<()> {
    if state.dirty {
        clean(state)?;
    }
    let size: u64 = group.iter().map(|w| w.size as u64).sum();
    check_room(shared, state, size)?;
    if state.active.end > HEADER as u64 && state.active.end + size > shared.options.segment_bytes {
        roll(shared, state)?;
    }
    buffer.clear();
    let next = state.durable.next;
    let mut offset = next;
    for (meta, payload) in group.iter().flat_map(|w| &w.records) {
        record::encode(
            buffer,
            Place { salt: state.active.header.salt, committed: next, offset },
            meta,
            payload,
        );
        offset += 1;
    }
    let Active { file, path, end, .. } = &state.active;
    let written = file
        .write_all_at(buffer, *end)
        .map_err(|e| LogError::io("write", path, &e))
        .and_then(|()| file.sync_data().map_err(|e| LogError::io("sync", path, &e)));
    if let Err(e) = written {
        state.dirty = true;
        if let Err(again) = clean(state) {
            tracing::error!(error = %again, "a failed write could not be undone yet");
        }
        return Err(e);
    }
    state.active.end += size;
    state.durable.next = offset;
    state.durable.total_bytes += size;
    // The records are durable whether or not readers can be told now; the next group tells them.
    if let Err(e) = state.publisher.publish(state.durable) {
        tracing::error!(error = %e, "durable offset was not published");
    }
    Ok(())
}

/// Removes the traces of a failed write. Only after this is synced may the place be written again:
/// pages of a failed sync are in no known state.
fn clean(state: &mut State) -> Result<()> {
    let Active { file, path, end, .. } = &state.active;
    file.set_len(*end).map_err(|e| LogError::io("truncate", path, &e))?;
    file.sync_all().map_err(|e| LogError::io("sync", path, &e))?;
    state.dirty = false;
    Ok(())
}

/// Refuses a group that would pass the log's bound or leave too little of the file system.
fn check_room(shared: &Shared, state: &mut State, size: u64) -> Result<()> {
    let options = &shared.options;
    if state.older_bytes.saturating_add(state.active.end + size) > options.max_log_bytes {
        // Segments may have been trimmed since they were counted.
        state.older_bytes = crate::log_bytes(&shared.dir)?.saturating_sub(state.active.end);
        if state.older_bytes + state.active.end + size > options.max_log_bytes {
            return Err(LogError::Full(format!("the log's bound is {} bytes", options.max_log_bytes)));
        }
    }
    if options.min_free_bytes > 0
        && let Some(free) = free_bytes(&state.active)
        && free < options.min_free_bytes.saturating_add(size)
    {
        return Err(LogError::Full(format!("{free} bytes are free; {} are kept", options.min_free_bytes)));
    }
    Ok(())
}

fn free_bytes(active: &Active) -> Option<u64> {
    use std::os::fd::AsRawFd;
    // SAFETY: an all-zero statvfs is valid for the call to fill.
    let mut stat: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: the descriptor is open and `stat` outlives the call.
    let ok = unsafe { libc::fstatvfs(active.file.as_raw_fd(), &raw mut stat) } == 0;
    ok.then(|| stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Closes the active segment, all of which is durable, and begins the next.
fn roll(shared: &Shared, state: &mut State) -> Result<()> {
    let (path, file, header) = segment::create(&shared.dir, state.durable.next)?;
    state.older_bytes += state.active.end;
    state.active = Active { path, file, header, end: HEADER as u64 };
    if let Err(e) = state.publisher.sync() {
        tracing::warn!(error = %e, "durable file was not synced");
    }
    Ok(())
}
