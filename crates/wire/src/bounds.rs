//! How many parts an encoded message has, found before it is decoded: two bytes on the wire become
//! hundreds in memory, so that a small body of empty parts could take all of it.

use crate::batch::{BatchLimits, WireError};

/// `Batch.processes` and `Batch.facts`.
const PROCESSES: u64 = 1;
const FACTS: u64 = 2;
/// `Fact.device_info`, `Fact.heartbeat` and `Fact.inventory_list`, which hold lists.
const WITH_LISTS: [u64; 3] = [14, 15, 19];
/// `UploadRequest.batches`.
const BATCHES: u64 = 2;

const NOT: WireError = WireError::Malformed("not a message");

/// Counts up to a limit.
struct Count {
    found: u64,
    limit: u64,
}

impl Count {
    fn one(&mut self) -> Result<(), WireError> {
        self.found += 1;
        if self.found > self.limit {
            return Err(WireError::TooLarge { size: self.found, limit: self.limit });
        }
        Ok(())
    }
}

/// Checks that an encoded `UploadRequest` has at most so many batches.
///
/// # Errors
/// [`WireError::TooLarge`] in batches, [`WireError::Malformed`].
pub fn check_upload(body: &[u8], most: u64) -> Result<(), WireError> {
    let mut batches = Count { found: 0, limit: most };
    fields(body, |number, _| if number == BATCHES { batches.one() } else { Ok(()) })
}

/// Checks that an encoded `Batch` has at most `limits.facts` processes, facts, and entries in the
/// lists of facts, each.
pub(crate) fn check_batch(raw: &[u8], limits: &BatchLimits) -> Result<(), WireError> {
    let count = || Count { found: 0, limit: u64::from(limits.facts) };
    let (mut processes, mut facts, mut entries) = (count(), count(), count());
    fields(raw, |number, content| match number {
        PROCESSES => processes.one(),
        FACTS => {
            facts.one()?;
            fields(content, |number, content| {
                if WITH_LISTS.contains(&number) { fields(content, |_, _| entries.one()) } else { Ok(()) }
            })
        }
        _ => Ok(()),
    })
}

/// Visits the length-delimited fields of an encoded message; the others are passed over.
fn fields(
    mut rest: &[u8],
    mut visit: impl FnMut(u64, &[u8]) -> Result<(), WireError>,
) -> Result<(), WireError> {
    while !rest.is_empty() {
        let key = varint(&mut rest)?;
        let length = match key & 7 {
            0 => {
                varint(&mut rest)?;
                continue;
            }
            1 => 8,
            2 => varint(&mut rest)?,
            5 => 4,
            // Groups are in no message of ours, nor will they be.
            _ => return Err(NOT),
        };
        let length = usize::try_from(length).map_err(|_| NOT)?;
        let (content, after) = rest.split_at_checked(length).ok_or(NOT)?;
        if key & 7 == 2 {
            visit(key >> 3, content)?;
        }
        rest = after;
    }
    Ok(())
}

fn varint(rest: &mut &[u8]) -> Result<u64, WireError> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first().ok_or(NOT)?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(NOT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::msg::{
        Batch, Component, DeviceInfo, Fact, Heartbeat, Process, SealedBatch, UploadRequest, fact::Kind,
    };
    use prost::Message;

    fn limits(facts: u32) -> BatchLimits {
        BatchLimits { facts, ..BatchLimits::default() }
    }

    fn fact(kind: Kind) -> Fact {
        Fact { time_us: -1, report_id: 1 << 52, kind: Some(kind), ..Fact::default() }
    }

    #[test]
    fn parts_are_counted_at_each_level() {
        let info = DeviceInfo { ip_addresses: vec![String::new(); 3], cpus: 300, ..DeviceInfo::default() };
        let beat = Heartbeat { components: vec![Component::default(); 4], cpu_us: 9, ..Heartbeat::default() };
        let batch = Batch {
            processes: vec![Process::default(); 5],
            facts: vec![fact(Kind::DeviceInfo(info)), fact(Kind::Heartbeat(beat))],
            boot_id: vec![7; 16].into(),
        };
        let raw = batch.encode_to_vec();
        assert_eq!(check_batch(&raw, &limits(7)), Ok(()), "seven entries, five processes");
        assert_eq!(check_batch(&raw, &limits(6)), Err(WireError::TooLarge { size: 7, limit: 6 }));
        let few = Batch { facts: vec![], ..batch };
        assert_eq!(check_batch(&few.encode_to_vec(), &limits(5)), Ok(()));
        assert_eq!(
            check_batch(&few.encode_to_vec(), &limits(4)).map_err(|e| e.code()),
            Err("batch_too_large")
        );
    }

    #[test]
    fn an_upload_s_batches_are_counted_and_noise_is_malformed() {
        let upload = |n| UploadRequest { protocol: 1, batches: vec![SealedBatch::default(); n] };
        assert_eq!(check_upload(&upload(64).encode_to_vec(), 64), Ok(()));
        assert!(matches!(check_upload(&upload(65).encode_to_vec(), 64), Err(WireError::TooLarge { .. })));
        for noise in [&[0xff; 20][..], &[0x12, 0x05, 0], &[0x0b], &[0x12], &[0x09, 1, 2]] {
            assert_eq!(check_upload(noise, 64), Err(NOT), "{noise:?}");
        }
    }

    proptest::proptest! {
        /// Whatever the decoder takes is counted rightly.
        #[test]
        fn what_decodes_has_the_parts_that_were_counted(bytes in proptest::collection::vec(0u8..32, 0..60)) {
            if check_upload(&bytes, 3).is_ok() && let Ok(upload) = UploadRequest::decode(bytes.as_slice()) {
                proptest::prop_assert!(upload.batches.len() <= 3);
            }
            if check_batch(&bytes, &limits(3)).is_ok() && let Ok(batch) = Batch::decode(bytes.as_slice()) {
                proptest::prop_assert!(batch.facts.len() <= 3 && batch.processes.len() <= 3);
            }
        }
    }
}
