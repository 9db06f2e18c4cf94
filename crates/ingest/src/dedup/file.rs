//! The saved form of one part: runs of marks of one lane, and a checksum.

use std::path::Path;

use palisade_types::{DeviceId, Epoch, Lane, TenantId};
use palisade_wire::DedupMark;
use sha2::{Digest, Sha256};

const MAGIC: &[u8; 8] = b"PALSDDUP";
const VERSION: u8 = 1;
/// Largest file that is read, bytes.
const MAX: u64 = 1 << 30;
const SUM: usize = 32;
const RUN: usize = 16 + 20 + 8 + 1 + 4;
const MARK: usize = 8 + 32;

fn lane_of(m: &DedupMark) -> (TenantId, DeviceId, Epoch, Lane) {
    (m.tenant, m.device, m.epoch, m.lane)
}

pub(super) fn save(path: &Path, offset: u64, marks: &[DedupMark], most: usize) -> palisade_log::Result<()> {
    let mut out = Vec::with_capacity(64 + marks.len() * MARK);
    out.extend_from_slice(MAGIC);
    out.push(VERSION);
    out.extend_from_slice(&offset.to_le_bytes());
    for run in marks.chunk_by(|a, b| lane_of(a) == lane_of(b)) {
        let run = &run[run.len().saturating_sub(most)..];
        let (tenant, device, epoch, lane) = lane_of(&run[0]);
        out.extend_from_slice(tenant.0.as_bytes());
        out.extend_from_slice(&device.0);
        out.extend_from_slice(&epoch.0.to_le_bytes());
        out.push(lane.number());
        out.extend_from_slice(&u32::try_from(run.len()).unwrap_or(0).to_le_bytes());
        for m in run {
            out.extend_from_slice(&m.sequence.to_le_bytes());
            out.extend_from_slice(&m.digest);
        }
    }
    let sum = Sha256::digest(&out);
    out.extend_from_slice(&sum);
    palisade_log::replace_file(path, &out)
}

/// The offset below which all marks are held, and the marks; `None` if nothing was saved.
pub(super) fn load(path: &Path) -> Result<Option<(u64, Vec<DedupMark>)>, &'static str> {
    match std::fs::metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(_) => return Err("unreadable"),
        Ok(meta) if meta.len() > MAX => return Err("impossibly large"),
        Ok(_) => {}
    }
    let bytes = std::fs::read(path).map_err(|_| "unreadable")?;
    let Some((body, sum)) = bytes.split_last_chunk::<SUM>() else { return Err("cut short") };
    let found: [u8; SUM] = Sha256::digest(body).into();
    if found != *sum {
        return Err("checksum differs");
    }
    decode(body).ok_or("malformed").map(Some)
}

fn decode(body: &[u8]) -> Option<(u64, Vec<DedupMark>)> {
    let rest = body.strip_prefix(MAGIC)?.strip_prefix(&[VERSION])?;
    let (offset, mut rest) = rest.split_first_chunk::<8>()?;
    let mut marks = Vec::new();
    while let Some((head, after)) = rest.split_at_checked(RUN) {
        let tenant = TenantId(uuid::Uuid::from_slice(&head[..16]).ok()?);
        let device = DeviceId::from_slice(&head[16..36])?;
        let epoch = Epoch(u64::from_le_bytes(head[36..44].try_into().ok()?));
        let lane = Lane::from_number(u32::from(head[44]))?;
        let count = u32::from_le_bytes(head[45..49].try_into().ok()?) as usize;
        let (run, after) = after.split_at_checked(count.checked_mul(MARK)?)?;
        for m in run.chunks_exact(MARK) {
            let sequence = u64::from_le_bytes(m[..8].try_into().ok()?);
            let digest = m[8..].try_into().ok()?;
            marks.push(DedupMark { tenant, device, epoch, lane, sequence, digest });
        }
        rest = after;
    }
    rest.is_empty().then_some((u64::from_le_bytes(*offset), marks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_marks_come_back_and_damage_is_noticed() {
        let dir = tempfile::tempdir().expect("temp dir");
        let path = dir.path().join("x.ckpt");
        assert_eq!(load(&path), Ok(None));
        let tenant = TenantId::random();
        let mark = |lane, sequence| DedupMark {
            tenant,
            device: DeviceId([1; 20]),
            epoch: Epoch(3),
            lane,
            sequence,
            digest: [sequence as u8; 32],
        };
        let marks: Vec<_> = (1..=10).map(|s| mark(Lane::Bulk, s)).chain([mark(Lane::Control, 1)]).collect();
        save(&path, 77, &marks, 4).expect("saves");
        let (offset, back) = load(&path).expect("loads").expect("is there");
        assert_eq!((offset, back.as_slice()), (77, &marks[6..]));
        let mut bytes = std::fs::read(&path).expect("reads");
        for i in [0, 9, 30, bytes.len() - 1] {
            bytes[i] ^= 1;
            std::fs::write(&path, &bytes).expect("writes");
            assert!(load(&path).is_err(), "byte {i}");
            bytes[i] ^= 1;
        }
        std::fs::write(&path, &bytes[..20]).expect("writes");
        assert!(load(&path).is_err());
    }
}
