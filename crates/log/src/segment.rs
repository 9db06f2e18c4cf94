//! Segment files: names, headers, creation, and a decoder for whole segments.

use std::fs::{self, File, OpenOptions, Permissions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::record::{self, NoRecord, Record};
use crate::{LogError, Result};

const MAGIC: &[u8; 8] = b"PALSDLOG";
const VERSION: u32 = 1;
/// Bytes of a segment's header.
pub(crate) const HEADER: usize = 32;
/// Largest segment that is decoded from memory, bytes.
const MAX_SEGMENT: u64 = 4 << 30;
const FILE_MODE: u32 = 0o640;
/// How many times a damaged tail's bytes are summed at most, in the search for records behind it.
const SUMMED: usize = 64;

/// A segment file found in the log's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    pub first: u64,
    pub path: PathBuf,
}

/// The path of the segment that begins with that offset.
pub(crate) fn path_of(dir: &Path, first: u64) -> PathBuf {
    dir.join(format!("{first:020}.seg"))
}

/// All segments, oldest first. A folder that does not exist holds none.
pub(crate) fn list(dir: &Path) -> Result<Vec<Segment>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(LogError::io("list", dir, &e)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| LogError::io("list", dir, &e))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(digits) = name.strip_suffix(".seg")
            && digits.len() == 20
            && let Ok(first) = digits.parse()
        {
            found.push(Segment { first, path });
        }
    }
    found.sort_by_key(|s| s.first);
    Ok(found)
}

/// Makes the folder (0750) and those above it if they are not there, durably: a power cut must not
/// take a folder whose files were synced. An existing one keeps its mode and group.
pub(crate) fn make_dir(dir: &Path) -> Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    make_dir(parent)?;
    match fs::DirBuilder::new().mode(0o750).create(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => Err(LogError::io("create", dir, &e)),
        _ => sync_dir(parent),
    }
}

/// Creates or opens a file for writing with our mode, whatever the umask says.
pub(crate) fn open_file(path: &Path, truncate: bool) -> Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(truncate)
        .mode(FILE_MODE)
        .open(path)
        .map_err(|e| LogError::io("open", path, &e))?;
    // A file of another owner was made readable by that owner.
    let _ = file.set_permissions(Permissions::from_mode(FILE_MODE));
    Ok(file)
}

/// Makes names in a folder durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<()> {
    File::open(dir).and_then(|d| d.sync_all()).map_err(|e| LogError::io("sync", dir, &e))
}

/// Writes a file (mode 0640) so that after a crash it is the old one or the new one, whole. The new one
/// belongs to whom the old one belonged: root may do this to a file of another user.
///
/// # Errors
/// [`LogError::Io`], [`LogError::Full`]; the old file is then still there.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    let temp = dir.join(name);
    let before = fs::metadata(path).ok();
    let written = open_file(&temp, true).and_then(|mut f| {
        if let (Some(old), Ok(new)) = (&before, f.metadata())
            && (old.uid(), old.gid()) != (new.uid(), new.gid())
        {
            fchown(&f, Some(old.uid()), Some(old.gid())).map_err(|e| LogError::io("hand over", &temp, &e))?;
        }
        f.write_all(bytes).and_then(|()| f.sync_all()).map_err(|e| LogError::io("write", &temp, &e))
    });
    let renamed =
        written.and_then(|()| fs::rename(&temp, path).map_err(|e| LogError::io("rename", path, &e)));
    if renamed.is_err() {
        let _ = fs::remove_file(&temp);
    }
    renamed?;
    sync_dir(dir)
}

/// Creates an empty segment; its header is whole before its name exists.
pub(crate) fn create(dir: &Path, first: u64) -> Result<(PathBuf, File, Header)> {
    // The standard library's hash keys are the randomness that costs no dependency.
    let salt = RandomState::new().build_hasher().finish();
    let mut header = Vec::with_capacity(HEADER);
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(&VERSION.to_le_bytes());
    header.extend_from_slice(&first.to_le_bytes());
    header.extend_from_slice(&salt.to_le_bytes());
    header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
    let path = path_of(dir, first);
    replace_file(&path, &header)?;
    let file =
        OpenOptions::new().read(true).write(true).open(&path).map_err(|e| LogError::io("open", &path, &e))?;
    Ok((path, file, Header { first, salt }))
}

/// What a segment's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub first: u64,
    pub salt: u64,
}

/// A segment's header, or what is wrong with it.
pub(crate) fn check_header(bytes: &[u8]) -> Result<Header, &'static str> {
    let header = bytes.first_chunk::<HEADER>().ok_or("header is cut short")?;
    if !header.starts_with(MAGIC) {
        return Err("not a log segment");
    }
    let u32_at = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    if crc32fast::hash(&header[..HEADER - 4]) != u32_at(HEADER - 4) {
        return Err("header checksum differs");
    }
    if u32_at(8) != VERSION {
        return Err("unknown segment version");
    }
    let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
    Ok(Header { first: u64_at(12), salt: u64_at(20) })
}

/// How a segment ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// Right after a whole record, or after the header.
    Clean,
    /// In bytes that are no whole record; nothing in them was ever durable.
    Torn {
        /// What is wrong with them.
        what: &'static str,
    },
}

/// What [`decode_segment`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedSegment {
    /// Offset of the first record, from the header.
    pub first: u64,
    /// All whole records.
    pub records: Vec<Record>,
    /// Byte position after the last whole record.
    pub end: u64,
    /// How it ends.
    pub tail: Tail,
}

/// Decodes a whole segment from memory; never panics, whatever the bytes are.
///
/// # Errors
/// [`LogError::Corrupt`] if the header is wrong, a record has an unexpected offset, or a damaged
/// record is followed by one that was written after it had been durable.
pub fn decode_segment(bytes: &[u8]) -> Result<DecodedSegment> {
    let mut records = Vec::new();
    let owned = Bytes::copy_from_slice(bytes);
    let walked = walk(Path::new("segment"), bytes, |at, found| {
        let payload = owned.slice(at + record::RECORD_HEADER..at + found.size);
        records.push(Record { offset: found.offset, meta: found.meta.clone(), payload });
    })?;
    Ok(DecodedSegment { first: walked.header.first, records, end: walked.end as u64, tail: walked.tail })
}

/// Where a walk over a segment ended.
pub(crate) struct Walked {
    pub header: Header,
    pub next: u64,
    pub end: usize,
    pub tail: Tail,
}

/// Visits every whole record with its byte position.
pub(crate) fn walk(
    path: &Path,
    bytes: &[u8],
    mut visit: impl FnMut(usize, &record::Found),
) -> Result<Walked> {
    let header = check_header(bytes).map_err(|what| LogError::corrupt(path, 0, what))?;
    let (mut next, mut at) = (header.first, HEADER);
    loop {
        match record::decode(header.salt, &bytes[at..]) {
            Ok(found) if found.offset == next => {
                visit(at, &found);
                at += found.size;
                next = next
                    .checked_add(1)
                    .ok_or_else(|| LogError::corrupt(path, at as u64, "offset overflows"))?;
            }
            Ok(_) => return Err(LogError::corrupt(path, at as u64, "record has an unexpected offset")),
            Err(NoRecord::End) => return Ok(Walked { header, next, end: at, tail: Tail::Clean }),
            Err(why) => {
                if was_durable(header.salt, &bytes[at..], next) {
                    return Err(LogError::corrupt(path, at as u64, why.text()));
                }
                return Ok(Walked { header, next, end: at, tail: Tail::Torn { what: why.text() } });
            }
        }
    }
}

/// Whether a whole record somewhere in `bytes` was written after `offset` had become durable.
fn was_durable(salt: u64, bytes: &[u8], offset: u64) -> bool {
    // A payload may be made of what looks like records, so that summing them takes hours: the work
    // is bounded. Beyond it the published offset still tells whether something durable is missing.
    let mut budget = bytes.len().saturating_mul(SUMMED);
    (1..bytes.len().saturating_sub(record::RECORD_HEADER - 1)).any(|i| {
        let rest = &bytes[i..];
        let later = record::offset_at(rest).is_some_and(|o| o > offset && o - offset < 1 << 24);
        match record::size_at(rest) {
            Ok(size) if later && size <= rest.len() && size <= budget => {
                budget -= size;
                record::decode(salt, rest).is_ok_and(|found| found.committed > offset)
            }
            _ => false,
        }
    })
}

/// Reads a segment file into memory.
pub(crate) fn read_all(path: &Path) -> Result<Vec<u8>> {
    let size = fs::metadata(path).map_err(|e| LogError::io("stat", path, &e))?.len();
    if size > MAX_SEGMENT {
        return Err(LogError::corrupt(path, 0, "segment is impossibly large"));
    }
    fs::read(path).map_err(|e| LogError::io("read", path, &e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::meta;

    #[test]
    fn folders_are_made_one_by_one_and_an_existing_one_is_left_alone() {
        let dir = tempfile::tempdir().expect("temp dir");
        let deep = dir.path().join("a/b/c");
        make_dir(&deep).expect("makes");
        make_dir(&deep).expect("is there");
        assert_eq!(fs::metadata(&deep).expect("stat").permissions().mode() & 0o777, 0o750);
        fs::write(dir.path().join("file"), b"").expect("writes");
        assert!(make_dir(&dir.path().join("file/x")).is_err());
    }

    #[test]
    fn a_tail_full_of_what_looks_like_records_is_judged_in_bounded_work() {
        let place = |offset| record::Place { salt: 3, committed: offset, offset };
        let mut durable = Vec::new();
        record::encode(&mut durable, place(9), &meta(9), b"payload");
        // Each eighth byte begins a plausible record of 4 MiB.
        let mut tail: Vec<u8> = [0, 0, 0x40, 0, 0, 0, 0, 0].repeat(3 << 20);
        assert!(!was_durable(3, &tail, 0x40_0000 - 1));
        // What the budget is for is still found.
        tail.truncate(1000);
        tail.extend_from_slice(&durable);
        assert!(was_durable(3, &tail, 5));
        assert!(!was_durable(4, &tail, 5), "another segment's");
    }
}
