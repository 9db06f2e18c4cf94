//! Every decoder of what arrives at the sensors' door, and of what arrives at a sensor.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_types::{DeviceId, Epoch, Lane, TenantId};
use palisade_wire::{
    BatchLimits, DedupMark, DedupTable, OrderCheck, Verdict, check_upload, msg, open, verify,
};
use prost::Message;

fuzz_target!(|data: &[u8]| {
    let limits = BatchLimits { payload: 1 << 16, raw: 1 << 18, facts: 1000 };
    if check_upload(data, 64).is_ok()
        && let Ok(upload) = msg::UploadRequest::decode(data)
    {
        assert!(upload.batches.len() <= 64, "each batch was counted");
        for batch in &upload.batches {
            let _ = open(&batch.payload, batch.raw_length, &limits);
        }
        judge(&upload.batches);
    }
    let _ = msg::EnrolRequest::decode(data);
    let _ = msg::RenewRequest::decode(data);
    let _ = msg::Batch::decode(data);
    let _ = open(data, data.len() as u64 * 4, &limits);
    let _ = msg::UploadResponse::decode(data);
    let _ = msg::EnrolResponse::decode(data);
    let _ = msg::Error::decode(data);
    let _ = msg::OrderFrame::decode_length_delimited(data);
    let framed = msg::OrderFrame::decode(data).ok().and_then(|frame| frame.order);
    for signed in msg::SignedOrder::decode(data).ok().into_iter().chain(framed) {
        let check =
            OrderCheck { key: &[1; 32], device: DeviceId([0; 20]), tenant: "t", last_number: 0, now_us: 0 };
        assert!(verify(&signed, &check).is_err(), "nothing is signed by a key that nobody has");
    }
});

/// Whatever is claimed, what was accepted is known from then on.
fn judge(batches: &[msg::SealedBatch]) {
    let Ok(tenant) = "00000000-0000-0000-0000-000000000001".parse::<TenantId>() else { return };
    let mut table = DedupTable::new();
    for batch in batches {
        let Some(lane) = Lane::from_number(batch.lane) else { continue };
        let Ok(digest) = <[u8; 32]>::try_from(batch.digest.as_ref()) else { continue };
        let (device, epoch) = (DeviceId([0; 20]), Epoch(batch.epoch));
        let mark = DedupMark { tenant, device, epoch, lane, sequence: batch.sequence, digest };
        if table.judge(&mark, batch.dropped_below) == Verdict::Accept {
            table.mark(&mark);
            assert_eq!(table.judge(&mark, batch.dropped_below), Verdict::Duplicate);
        }
    }
}
