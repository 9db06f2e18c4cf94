//! What may be removed, and who holds it back.

use std::fs;
use std::path::Path;

use crate::segment::{self, HEADER, Segment};
use crate::{LogError, Result, cursor, durable};

/// When a consumer that lags is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutOff {
    /// Most bytes of log that a consumer may be behind.
    pub max_lag_bytes: u64,
}

/// One consumer's distance to the durable end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerLag {
    /// The consumer.
    pub name: String,
    /// What it wants next.
    pub offset: u64,
    /// How many records it is behind.
    pub records: u64,
    /// How many bytes it is behind; within its segment an estimate by proportion.
    pub bytes: u64,
    /// Whether it is cut off.
    pub cut_off: bool,
}

/// What [`plan_trim`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrimPlan {
    /// Everything below it may go; 0 without any consumer. See [`plan_trim`].
    pub min_offset: u64,
    /// All consumers, by name.
    pub consumers: Vec<ConsumerLag>,
    /// Names of those who were cut off just now: an alarm.
    pub newly_cut: Vec<String>,
}

/// What [`trim`] removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrimReport {
    /// Segments removed.
    pub segments: u64,
    /// Bytes removed.
    pub bytes: u64,
    /// The oldest offset that is kept.
    pub oldest: u64,
}

/// Removes whole segments that hold only offsets below `min_offset`; never the newest segment.
///
/// # Errors
/// [`LogError::Io`]; what was removed before it stays removed.
pub fn trim(dir: &Path, min_offset: u64) -> Result<TrimReport> {
    let segments = segment::list(dir)?;
    let mut report = TrimReport { oldest: segments.first().map_or(0, |s| s.first), ..TrimReport::default() };
    for pair in segments.windows(2) {
        if pair[1].first > min_offset {
            break;
        }
        let size = size_of(&pair[0])?;
        fs::remove_file(&pair[0].path).map_err(|e| LogError::io("remove", &pair[0].path, &e))?;
        report.segments += 1;
        report.bytes += size;
        report.oldest = pair[1].first;
    }
    if report.segments > 0 {
        segment::sync_dir(dir)?;
        tracing::info!(
            segments = report.segments,
            bytes = report.bytes,
            oldest = report.oldest,
            "log trimmed"
        );
    }
    Ok(report)
}

/// Bytes that the whole log takes on disk.
///
/// # Errors
/// [`LogError::Io`].
pub fn log_bytes(dir: &Path) -> Result<u64> {
    segment::list(dir)?.iter().map(size_of).sum()
}

/// How many bytes of durable records lie at or above `offset`; within one segment an estimate by
/// proportion.
///
/// # Errors
/// [`LogError::Io`], [`LogError::Corrupt`].
pub fn lag_bytes(dir: &Path, offset: u64) -> Result<u64> {
    let next = durable(dir)?.unwrap_or_default().next;
    Ok(lag(&sizes(dir)?, next, offset))
}

/// Looks at all consumers, flags those who lag beyond the bound as cut off, and says what may go.
/// Who is cut off no longer holds back trimming by its place, but the bound's bytes stay: it loses
/// what is beyond the bound and no more.
///
/// # Errors
/// [`LogError::Io`], [`LogError::Corrupt`], [`LogError::Cursor`]: then nothing should be trimmed.
pub fn plan_trim(dir: &Path, cursors_dir: &Path, policy: CutOff) -> Result<TrimPlan> {
    let next = durable(dir)?.unwrap_or_default().next;
    let sizes = sizes(dir)?;
    let mut plan = TrimPlan { min_offset: 0, consumers: Vec::new(), newly_cut: Vec::new() };
    let mut min = None;
    for c in cursor::cursors(cursors_dir)? {
        let bytes = lag(&sizes, next, c.offset);
        let mut cut_off = c.cut_off;
        if !cut_off && bytes > policy.max_lag_bytes {
            cursor::cut_off(cursors_dir, &c.name)?;
            tracing::error!(consumer = %c.name, lag_bytes = bytes, "consumer lags too far and was cut off");
            plan.newly_cut.push(c.name.clone());
            cut_off = true;
        }
        if !cut_off {
            min = Some(min.map_or(c.offset, |m: u64| m.min(c.offset)));
        }
        let records = next.saturating_sub(c.offset);
        plan.consumers.push(ConsumerLag { name: c.name, offset: c.offset, records, bytes, cut_off });
    }
    // Without any consumer nothing may go.
    plan.min_offset = min.unwrap_or(if plan.consumers.is_empty() { 0 } else { u64::MAX });
    if plan.consumers.iter().any(|c| c.cut_off) {
        plan.min_offset = plan.min_offset.min(cut_floor(&sizes, policy.max_lag_bytes));
    }
    Ok(plan)
}

/// The segment from which on at least `bytes` of records lie, or the oldest.
fn cut_floor(sizes: &[(Segment, u64)], bytes: u64) -> u64 {
    let mut kept = 0u64;
    let mut floor = 0;
    for (segment, size) in sizes.iter().rev() {
        floor = segment.first;
        kept = kept.saturating_add(size.saturating_sub(HEADER as u64));
        if kept >= bytes {
            break;
        }
    }
    floor
}

fn sizes(dir: &Path) -> Result<Vec<(Segment, u64)>> {
    segment::list(dir)?.into_iter().map(|s| size_of(&s).map(|size| (s, size))).collect()
}

fn size_of(s: &Segment) -> Result<u64> {
    match fs::metadata(&s.path) {
        Ok(meta) => Ok(meta.len()),
        // Trimmed meanwhile.
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(e) => Err(LogError::io("stat", &s.path, &e)),
    }
}

fn lag(sizes: &[(Segment, u64)], next: u64, offset: u64) -> u64 {
    let mut bytes = 0;
    for (i, (segment, size)) in sizes.iter().enumerate() {
        let end = sizes.get(i + 1).map_or(next, |(s, _)| s.first).max(segment.first);
        let count = end - segment.first;
        let wanted = end.saturating_sub(offset.max(segment.first)).min(count);
        if count > 0 {
            let body = u128::from(size.saturating_sub(HEADER as u64));
            bytes += u64::try_from(body * u128::from(wanted) / u128::from(count)).unwrap_or(u64::MAX);
        }
    }
    bytes
}
