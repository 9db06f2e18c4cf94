//! Sealing a batch on the sensor and opening it on the server, with a bound on every size.

use prost::Message;
use prost::bytes::Bytes;
use sha2::{Digest, Sha256};

use palisade_types::{Epoch, Lane};

use crate::bounds::check_batch;
use crate::msg::{Batch, SealedBatch};

/// Why a sealed batch was not opened; `code()` is stable and goes over the wire.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum WireError {
    /// The payload, its announced size, or the number of its parts is over the limit.
    #[error("batch is too large: {size} where {limit} is the limit")]
    TooLarge {
        /// Announced or found size in bytes, or so many parts.
        size: u64,
        /// The limit of that.
        limit: u64,
    },
    /// More came out of decompression than was announced.
    #[error("decompression passed the announced {announced} bytes")]
    Bomb {
        /// What the sender announced, bytes.
        announced: u64,
    },
    /// The payload does not have the digest that the sender named.
    #[error("payload does not match its digest")]
    Digest,
    /// Not zstd, not a batch, or one whose facts contradict each other.
    #[error("malformed batch: {0}")]
    Malformed(&'static str),
}

impl WireError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "batch_too_large",
            Self::Bomb { .. } => "decompression_limit",
            Self::Digest => "digest_mismatch",
            Self::Malformed(_) => "batch_malformed",
        }
    }
}

/// Size bounds for one batch.
#[derive(Clone, Copy, Debug)]
pub struct BatchLimits {
    /// Largest compressed payload, bytes.
    pub payload: u64,
    /// Largest decompressed size, bytes.
    pub raw: u64,
    /// Most facts; as many processes, and as many entries of lists in facts.
    pub facts: u32,
}

impl Default for BatchLimits {
    fn default() -> Self {
        Self { payload: 4 << 20, raw: 32 << 20, facts: 200_000 }
    }
}

/// What names a batch besides its content.
#[derive(Clone, Copy, Debug)]
pub struct SealParams {
    /// The spool's epoch.
    pub epoch: Epoch,
    /// The lane it travels in.
    pub lane: Lane,
    /// Its place in epoch and lane, from 1.
    pub sequence: u64,
    /// See `SealedBatch.dropped_below`.
    pub dropped_below: u64,
    /// The sensor's clock, microseconds UTC.
    pub sealed_us: i64,
    /// How many facts `raw` holds.
    pub facts: u32,
}

/// SHA-256 of a payload, which is a batch's digest.
pub fn digest_of(payload: &[u8]) -> [u8; 32] {
    Sha256::digest(payload).into()
}

/// Compresses an encoded [`Batch`] and names it.
///
/// # Errors
/// [`WireError::Malformed`] if zstd refuses, which takes a lack of memory.
pub fn seal(raw: &[u8], p: SealParams) -> Result<SealedBatch, WireError> {
    let payload = zstd::bulk::compress(raw, 1).map_err(|_| WireError::Malformed("zstd"))?;
    Ok(SealedBatch {
        epoch: p.epoch.0,
        lane: u32::from(p.lane.number()),
        sequence: p.sequence,
        digest: Bytes::copy_from_slice(&digest_of(&payload)),
        raw_length: raw.len() as u64,
        facts: p.facts,
        payload: payload.into(),
        dropped_below: p.dropped_below,
        sealed_us: p.sealed_us,
    })
}

/// Decompresses and decodes a payload within `limits`.
///
/// # Errors
/// Each variant of [`WireError`] but `Digest`, which the caller checks with [`digest_of`] before
/// the payload is stored.
pub fn open(payload: &[u8], raw_length: u64, limits: &BatchLimits) -> Result<Batch, WireError> {
    if payload.len() as u64 > limits.payload {
        return Err(WireError::TooLarge { size: payload.len() as u64, limit: limits.payload });
    }
    if raw_length > limits.raw {
        return Err(WireError::TooLarge { size: raw_length, limit: limits.raw });
    }
    let capacity = usize::try_from(raw_length).map_err(|_| WireError::Malformed("length"))?;
    // The announced length is the output buffer: a bomb ends where the buffer ends.
    let raw = zstd::bulk::decompress(payload, capacity).map_err(|e| {
        if e.to_string().contains("too small") {
            WireError::Bomb { announced: raw_length }
        } else {
            WireError::Malformed("not zstd")
        }
    })?;
    if raw.len() as u64 != raw_length {
        return Err(WireError::Malformed("length differs from the announced one"));
    }
    // Before decoding, which makes hundreds of bytes in memory of two.
    check_batch(&raw, limits)?;
    let batch = Batch::decode(raw.as_slice()).map_err(|_| WireError::Malformed("not a batch"))?;
    if batch.facts.iter().any(|f| f.report_id >= 1 << 53) {
        return Err(WireError::Malformed("report id is not below 2^53"));
    }
    Ok(batch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::msg::Fact;

    fn params() -> SealParams {
        SealParams {
            epoch: Epoch(7),
            lane: Lane::Priority,
            sequence: 1,
            dropped_below: 0,
            sealed_us: 0,
            facts: 1,
        }
    }

    #[test]
    fn a_sealed_batch_opens_to_what_it_was() {
        let batch =
            Batch { facts: vec![Fact { time_us: 5, report_id: 9, ..Fact::default() }], ..Batch::default() };
        let sealed = seal(&batch.encode_to_vec(), params()).expect("seals");
        assert_eq!(open(&sealed.payload, sealed.raw_length, &BatchLimits::default()), Ok(batch));
        assert_eq!(sealed.digest.as_ref(), digest_of(&sealed.payload));
    }

    #[test]
    fn parts_of_a_batch_concatenate() {
        let part = |id| Batch { facts: vec![Fact { report_id: id, ..Fact::default() }], ..Batch::default() };
        let mut raw = part(1).encode_to_vec();
        raw.extend(part(2).encode_to_vec());
        let ids: Vec<u64> =
            Batch::decode(raw.as_slice()).expect("decodes").facts.iter().map(|f| f.report_id).collect();
        assert_eq!(ids, [1, 2]);
    }

    #[test]
    fn a_bomb_ends_at_the_announced_size() {
        let bomb = zstd::bulk::compress(&vec![0u8; 64 << 20], 1).expect("compresses");
        let limits = BatchLimits::default();
        assert_eq!(open(&bomb, 1000, &limits), Err(WireError::Bomb { announced: 1000 }));
        assert_eq!(open(&bomb, 64 << 20, &limits).map_err(|e| e.code()), Err("batch_too_large"));
    }

    #[test]
    fn millions_of_empty_parts_are_refused_before_they_become_memory() {
        let limits = BatchLimits::default();
        for part in [[0x0a, 0], [0x12, 0]] {
            let raw = part.repeat(12 << 20);
            let payload = zstd::bulk::compress(&raw, 1).expect("compresses");
            assert!(payload.len() < 8192, "a few kilobytes on the wire");
            assert_eq!(
                open(&payload, raw.len() as u64, &limits),
                Err(WireError::TooLarge { size: 200_001, limit: 200_000 })
            );
        }
    }

    #[test]
    fn noise_is_malformed() {
        let limits = BatchLimits::default();
        assert_eq!(open(b"not zstd at all", 10, &limits).map_err(|e| e.code()), Err("batch_malformed"));
        let noise = zstd::bulk::compress(&[0xff; 32], 1).expect("compresses");
        assert_eq!(open(&noise, 32, &limits).map_err(|e| e.code()), Err("batch_malformed"));
    }
}
