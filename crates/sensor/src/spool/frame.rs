//! The bytes on disk: a file is a magic and frames; a frame is a head and raw bytes, each with a
//! CRC of its own, so that a start reads only the heads of sealed batches.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use palisade_wire::msg::Counter;
use prost::Message;

/// Begins a journal.
pub const JOURNAL: [u8; 8] = *b"PALJNL1\n";
/// Begins a sealed batch: one frame whose raw bytes are the payload.
pub const SEALED: [u8; 8] = *b"PALSEA1\n";

const PREFIX: usize = 16;
const MAX_HEAD: u32 = 1 << 20;
const MAX_RAW: u32 = 64 << 20;

/// What a frame says besides its raw bytes. Where `commit` is set it holds the spool's whole
/// small state, so that the newest one is all that a restart needs.
#[derive(Clone, PartialEq, Message)]
pub struct Head {
    /// Rising over all lanes; frames of one drain share it.
    #[prost(uint64, tag = "1")]
    pub generation: u64,
    /// The last frame of its generation.
    #[prost(bool, tag = "2")]
    pub commit: bool,
    /// Report ids given in this epoch.
    #[prost(uint64, tag = "3")]
    pub given: u64,
    /// The boot that `marks` belong to.
    #[prost(bytes = "vec", tag = "4")]
    pub boot_id: Vec<u8>,
    /// Highest kernel sequence kept, by CPU.
    #[prost(uint64, repeated, tag = "5")]
    pub marks: Vec<u64>,
    /// All counters.
    #[prost(message, repeated, tag = "6")]
    pub counters: Vec<Counter>,
    /// By lane: below this, batches were dropped.
    #[prost(uint64, repeated, tag = "7")]
    pub dropped_below: Vec<u64>,
    /// By lane: sequence of the open batch.
    #[prost(uint64, repeated, tag = "8")]
    pub next_sequence: Vec<u64>,
    /// Facts that are only in memory because the disk refused them.
    #[prost(uint64, tag = "9")]
    pub volatile: u64,
    /// The highest order whose receipt was spooled.
    #[prost(uint64, tag = "10")]
    pub last_receipt: u64,
    /// Facts in this frame, or in the sealed batch.
    #[prost(uint32, tag = "11")]
    pub facts: u32,
    /// Set in a sealed batch.
    #[prost(uint64, tag = "12")]
    pub raw_length: u64,
    /// Digest of a sealed batch's payload.
    #[prost(bytes = "vec", tag = "13")]
    pub digest: Vec<u8>,
    /// When it was sealed, microseconds UTC.
    #[prost(int64, tag = "14")]
    pub sealed_us: i64,
    /// It holds heartbeats only and may be dropped from the control lane.
    #[prost(bool, tag = "15")]
    pub heartbeats_only: bool,
    /// A batch that is being dropped; its file goes right after this record.
    #[prost(uint64, tag = "16")]
    pub dropping: u64,
    /// The lane of `dropping`.
    #[prost(uint32, tag = "17")]
    pub dropping_lane: u32,
}

/// Appends a frame to `out`.
pub fn put(out: &mut Vec<u8>, head: &Head, raw: &[u8]) {
    let h = head.encode_to_vec();
    out.reserve(PREFIX + h.len() + raw.len());
    for n in [h.len() as u32, raw.len() as u32, crc32fast::hash(&h), crc32fast::hash(raw)] {
        out.extend_from_slice(&n.to_le_bytes());
    }
    out.extend_from_slice(&h);
    out.extend_from_slice(raw);
}

/// Splits the first frame off `bytes`: head, raw, length in bytes. `None` where it is torn.
pub fn split(bytes: &[u8]) -> Option<(Head, &[u8], usize)> {
    let (h_len, r_len, h_crc, r_crc) = prefix(bytes.get(..PREFIX)?)?;
    let head_end = PREFIX + h_len;
    let head = bytes.get(PREFIX..head_end)?;
    let raw = bytes.get(head_end..head_end + r_len)?;
    if crc32fast::hash(head) != h_crc || crc32fast::hash(raw) != r_crc {
        return None;
    }
    Some((Head::decode(head).ok()?, raw, head_end + r_len))
}

fn prefix(p: &[u8]) -> Option<(usize, usize, u32, u32)> {
    let n = |i: usize| Some(u32::from_le_bytes(p.get(i * 4..i * 4 + 4)?.try_into().ok()?));
    let (h, r) = (n(0)?, n(1)?);
    // An all-zero prefix is what a file system leaves after a power cut; a real head is never empty.
    (h > 0 && h <= MAX_HEAD && r <= MAX_RAW).then_some((h as usize, r as usize, n(2)?, n(3)?))
}

/// A whole frame of a journal.
#[derive(Debug)]
pub struct JournalFrame {
    pub head: Head,
    pub raw: Vec<u8>,
    /// Where it ends in its file.
    pub end: u64,
}

/// A batch file as found on disk.
#[derive(Debug)]
pub enum Found {
    /// A journal and its whole frames.
    Journal(Vec<JournalFrame>),
    /// A sealed batch's head and payload length.
    Sealed(Box<Head>, u64),
    /// Neither.
    Corrupt,
}

/// Reads a batch file; of a sealed one only the head.
///
/// # Errors
/// Those of the file system.
pub fn read(path: &Path) -> std::io::Result<Found> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut magic = [0u8; 8];
    if length < 8 {
        return Ok(Found::Journal(Vec::new()));
    }
    file.read_exact(&mut magic)?;
    match magic {
        JOURNAL => read_journal(file, length),
        SEALED => Ok(read_sealed_head(&mut file, length)
            .map_or(Found::Corrupt, |(h, n)| Found::Sealed(Box::new(h), n))),
        _ => Ok(Found::Corrupt),
    }
}

fn read_journal(mut file: File, length: u64) -> std::io::Result<Found> {
    // A journal is sealed near 1 MB; one past this bound is not ours.
    if length > 256 << 20 {
        return Ok(Found::Corrupt);
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let mut rest = bytes.as_slice();
    let mut frames = Vec::new();
    let mut end = 8;
    while let Some((head, raw, n)) = split(rest) {
        end += n as u64;
        frames.push(JournalFrame { head, raw: raw.to_vec(), end });
        rest = &rest[n..];
    }
    Ok(Found::Journal(frames))
}

fn read_sealed_head(file: &mut File, length: u64) -> Option<(Head, u64)> {
    let mut p = [0u8; PREFIX];
    file.read_exact(&mut p).ok()?;
    let (h_len, r_len, h_crc, _) = prefix(&p)?;
    if length != (8 + PREFIX + h_len + r_len) as u64 {
        return None;
    }
    let mut h = vec![0u8; h_len];
    file.read_exact(&mut h).ok()?;
    (crc32fast::hash(&h) == h_crc).then_some(())?;
    Some((Head::decode(h.as_slice()).ok()?, r_len as u64))
}

/// The payload of a sealed batch; `None` where it is unreadable or does not match its CRC.
pub fn read_sealed_payload(path: &Path) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    let mut start = [0u8; 8 + PREFIX];
    file.read_exact(&mut start).ok()?;
    let (h_len, r_len, _, r_crc) = prefix(start.get(8..)?)?;
    if start[..8] != SEALED || length != (8 + PREFIX + h_len + r_len) as u64 {
        return None;
    }
    file.seek(SeekFrom::Current(h_len as i64)).ok()?;
    let mut payload = vec![0u8; r_len];
    file.read_exact(&mut payload).ok()?;
    (crc32fast::hash(&payload) == r_crc).then_some(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_whole_or_absent() {
        let head = Head { generation: 9, commit: true, ..Head::default() };
        let mut bytes = Vec::new();
        put(&mut bytes, &head, b"raw bytes");
        let (h, raw, n) = split(&bytes).expect("whole");
        assert_eq!((h, raw, n), (head, b"raw bytes".as_slice(), bytes.len()));
        for cut in 0..bytes.len() {
            assert!(split(&bytes[..cut]).is_none(), "cut at {cut}");
        }
        for i in 0..bytes.len() {
            let mut bent = bytes.clone();
            bent[i] ^= 0x40;
            assert!(split(&bent).is_none(), "bent at {i}");
        }
        assert!(split(&[0; 64]).is_none());
    }
}
