//! One record: its meta data, its bytes, and a decoder that trusts nothing.

use bytes::Bytes;
use palisade_types::{DeviceId, TenantId};
use uuid::Uuid;

/// The payload is the zstd body of a sealed batch, as received.
pub const KIND_BATCH: u8 = 1;

/// Nothing: the record that was here was erased. Every reader passes over it.
pub const KIND_ERASED: u8 = 0;

/// Flag: the sensor's clock was more than 24 hours off when the batch was sealed.
pub const FLAG_CLOCK_OFF: u32 = 1;

/// Largest record that any reader takes, bytes on disk; a writer's limit lies below it.
pub const MAX_RECORD: usize = 64 << 20;

/// Bytes before the payload: length, CRC, committed, and the meta data.
pub(crate) const RECORD_HEADER: usize = 8 + 8 + META;
const META: usize = 8 + 1 + 1 + 2 + 4 + 16 + 20 + 8 + 8 + 32 + 8 + 8;

/// What is known about a record besides its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordMeta {
    /// Whose data it is.
    pub tenant: TenantId,
    /// The device that sent it.
    pub device: DeviceId,
    /// Epoch of the device's spool.
    pub epoch: u64,
    /// The lane's number.
    pub lane: u8,
    /// Sequence in epoch and lane.
    pub sequence: u64,
    /// SHA-256 of the payload.
    pub digest: [u8; 32],
    /// When the server received it, microseconds since 1970, UTC.
    pub received_at: i64,
    /// See [`FLAG_CLOCK_OFF`].
    pub flags: u32,
    /// See [`KIND_BATCH`].
    pub kind: u8,
    /// Length of the payload once decompressed, bytes: what `palisade_wire::open` asks for.
    pub raw_length: u64,
}

/// A durable record as a reader gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number, rising by one from 0.
    pub offset: u64,
    /// What is known about it.
    pub meta: RecordMeta,
    /// The body as it was received.
    pub payload: Bytes,
}

/// Where a record is written.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// The segment's salt: a sender who cannot know it cannot forge records inside payloads.
    pub salt: u64,
    pub committed: u64,
    pub offset: u64,
}

/// Appends the record's bytes to `out`.
pub(crate) fn encode(out: &mut Vec<u8>, at: Place, meta: &RecordMeta, payload: &[u8]) {
    let start = out.len();
    let length = u32::try_from(RECORD_HEADER - 8 + payload.len()).expect("the writer bounds payloads");
    out.reserve(RECORD_HEADER + payload.len());
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&at.committed.to_le_bytes());
    out.extend_from_slice(&at.offset.to_le_bytes());
    out.extend_from_slice(&[meta.kind, meta.lane, 0, 0]);
    out.extend_from_slice(&meta.flags.to_le_bytes());
    out.extend_from_slice(meta.tenant.0.as_bytes());
    out.extend_from_slice(&meta.device.0);
    out.extend_from_slice(&meta.epoch.to_le_bytes());
    out.extend_from_slice(&meta.sequence.to_le_bytes());
    out.extend_from_slice(&meta.digest);
    out.extend_from_slice(&meta.received_at.to_le_bytes());
    out.extend_from_slice(&meta.raw_length.to_le_bytes());
    out.extend_from_slice(payload);
    let crc = checksum(at.salt, &out[start..start + 4], &out[start + 8..]);
    out[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
}

fn checksum(salt: u64, length: &[u8], body: &[u8]) -> u32 {
    let mut h = crc32fast::Hasher::new();
    h.update(&salt.to_le_bytes());
    h.update(length);
    h.update(body);
    h.finalize()
}

/// A record whose checksum holds, borrowed from the bytes it was found in.
pub(crate) struct Found {
    /// Bytes that the record takes in all.
    pub size: usize,
    /// Everything below this offset was durable when the record was written.
    pub committed: u64,
    pub offset: u64,
    pub meta: RecordMeta,
}

/// Why there is no record at the start of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRecord {
    /// Nothing at all follows.
    End,
    /// The bytes end before the record does; it takes that many in all (8 where that is unknown).
    Short(usize),
    /// The length is impossible.
    Length,
    /// The checksum differs.
    Checksum,
}

impl NoRecord {
    pub fn text(self) -> &'static str {
        match self {
            Self::End => "records are missing",
            Self::Short(_) => "record is cut short",
            Self::Length => "impossible record length",
            Self::Checksum => "checksum differs",
        }
    }
}

/// Reads the record at the start of `bytes`; never panics, whatever they are.
pub(crate) fn decode(salt: u64, bytes: &[u8]) -> Result<Found, NoRecord> {
    let size = size_at(bytes)?;
    let Some(all) = bytes.get(..size) else { return Err(NoRecord::Short(size)) };
    let mut r = Fields(&all[4..]);
    let crc = r.u32();
    if checksum(salt, &all[..4], &all[8..]) != crc {
        return Err(NoRecord::Checksum);
    }
    let committed = r.u64();
    let offset = r.u64();
    let [kind, lane, ..] = r.array::<4>();
    let meta = RecordMeta {
        kind,
        lane,
        flags: r.u32(),
        tenant: TenantId(Uuid::from_bytes(r.array())),
        device: DeviceId(r.array()),
        epoch: r.u64(),
        sequence: r.u64(),
        digest: r.array(),
        received_at: i64::from_le_bytes(r.array()),
        raw_length: r.u64(),
    };
    Ok(Found { size, committed, offset, meta })
}

/// The announced size of the record at the start of `bytes`, if it is a possible one.
pub(crate) fn size_at(bytes: &[u8]) -> Result<usize, NoRecord> {
    if bytes.is_empty() {
        return Err(NoRecord::End);
    }
    let Some(length) = bytes.first_chunk::<4>() else { return Err(NoRecord::Short(8)) };
    let size = (u32::from_le_bytes(*length) as usize).saturating_add(8);
    if (RECORD_HEADER..=MAX_RECORD).contains(&size) { Ok(size) } else { Err(NoRecord::Length) }
}

/// The offset field of a record, unchecked: for skipping to a place within a segment.
pub(crate) fn offset_at(bytes: &[u8]) -> Option<u64> {
    bytes.get(16..24)?.try_into().ok().map(u64::from_le_bytes)
}

/// Takes fields off the front of a slice whose length was checked before.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn array<const N: usize>(&mut self) -> [u8; N] {
        let (head, rest) = self.0.split_first_chunk::<N>().expect("size_at demands a whole header");
        self.0 = rest;
        *head
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn meta(sequence: u64) -> RecordMeta {
        RecordMeta {
            tenant: TenantId(Uuid::from_u128(7)),
            device: DeviceId([3; 20]),
            epoch: 9,
            lane: 1,
            sequence,
            digest: [4; 32],
            received_at: -5,
            flags: FLAG_CLOCK_OFF,
            kind: KIND_BATCH,
            raw_length: 77,
        }
    }

    #[test]
    fn a_record_is_read_as_it_was_written_and_a_flipped_bit_is_noticed() {
        let mut bytes = Vec::new();
        encode(&mut bytes, Place { salt: 1, committed: 5, offset: 6 }, &meta(8), b"payload");
        assert_eq!(bytes.len(), RECORD_HEADER + 7);
        let Ok(found) = decode(1, &bytes) else { panic!("does not decode") };
        assert_eq!((found.committed, found.offset, found.size), (5, 6, bytes.len()));
        assert_eq!(found.meta, meta(8));
        assert_eq!(offset_at(&bytes), Some(6));
        assert!(decode(2, &bytes).is_err(), "another segment's salt");
        for i in 0..bytes.len() {
            let mut bent = bytes.clone();
            bent[i] ^= 0x10;
            assert!(decode(1, &bent).is_err(), "byte {i}");
            assert!(decode(1, &bytes[..i]).is_err(), "cut at {i}");
        }
    }
}
