//! Taking records out of the log for good, while nobody writes it: each leaves an empty record at its
//! offset, so that cursors and readers go on as if nothing had happened.

use std::path::Path;

use palisade_types::{DeviceId, TenantId};
use uuid::Uuid;

use crate::durable::Watcher;
use crate::record::{self, KIND_ERASED, Place, RECORD_HEADER, RecordMeta};
use crate::segment::{self, HEADER};
use crate::{LogError, Result, writer};

/// What [`erase`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EraseReport {
    /// Segments that were read.
    pub segments: u64,
    /// Segments that were written anew.
    pub rewritten: u64,
    /// Records that were looked at.
    pub records: u64,
    /// Records that are empty now.
    pub erased: u64,
}

/// Empties every record that `which` chooses. It takes the writer's lock; readers must be stopped too,
/// since one that has a segment open still sees what it held. A torn tail of the newest segment, which
/// was never acknowledged, goes as well. It may be repeated after it was interrupted: each segment is
/// the old one or the new one, whole.
///
/// # Errors
/// [`LogError::Locked`] while a writer runs, [`LogError::Corrupt`], [`LogError::Io`],
/// [`LogError::Full`].
pub fn erase(dir: &Path, mut which: impl FnMut(&RecordMeta) -> bool) -> Result<EraseReport> {
    let _lock = writer::lock(dir)?;
    let durable = Watcher::new(dir).read()?.unwrap_or_default();
    let segments = segment::list(dir)?;
    let mut report = EraseReport::default();
    for (i, found) in segments.iter().enumerate() {
        let bytes = segment::read_all(&found.path)?;
        let newest = i + 1 == segments.len();
        let mut out = Vec::with_capacity(bytes.len());
        out.extend_from_slice(bytes.get(..HEADER).unwrap_or_default());
        let salt =
            segment::check_header(&bytes).map_err(|what| LogError::corrupt(&found.path, 0, what))?.salt;
        let mut erased = 0;
        let walked = segment::walk(&found.path, &bytes, |at, record| {
            report.records += 1;
            let place = Place { salt, committed: record.committed, offset: record.offset };
            if record.meta.kind != KIND_ERASED && which(&record.meta) {
                erased += 1;
                record::encode(&mut out, place, &nothing(record.meta.received_at), b"");
            } else {
                record::encode(&mut out, place, &record.meta, &bytes[at + RECORD_HEADER..at + record.size]);
            }
        })?;
        if walked.end < bytes.len() && (!newest || walked.next < durable.next) {
            let what = "records that were durable are missing";
            return Err(LogError::corrupt(&found.path, walked.end as u64, what));
        }
        report.segments += 1;
        if erased > 0 || walked.end < bytes.len() {
            segment::replace_file(&found.path, &out)?;
            report.rewritten += 1;
            report.erased += erased;
        }
    }
    Ok(report)
}

/// What stands where a record was: nobody's, with nothing in it.
fn nothing(received_at: i64) -> RecordMeta {
    RecordMeta {
        tenant: TenantId(Uuid::nil()),
        device: DeviceId([0; 20]),
        epoch: 0,
        lane: 0,
        sequence: 0,
        digest: [0; 32],
        received_at,
        flags: 0,
        kind: KIND_ERASED,
        raw_length: 0,
    }
}
