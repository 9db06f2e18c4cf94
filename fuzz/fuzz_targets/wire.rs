//! Every decoder of what arrives at the sensors' door, and of what arrives at a sensor.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_types::DeviceId;
use palisade_wire::{BatchLimits, OrderCheck, msg, open, verify};
use prost::Message;

fuzz_target!(|data: &[u8]| {
    let limits = BatchLimits { payload: 1 << 16, raw: 1 << 18, facts: 1000 };
    if let Ok(upload) = msg::UploadRequest::decode(data) {
        for batch in &upload.batches {
            let _ = open(&batch.payload, batch.raw_length, &limits);
        }
    }
    let _ = msg::EnrolRequest::decode(data);
    let _ = msg::Batch::decode(data);
    let _ = open(data, data.len() as u64 * 4, &limits);
    if let Ok(signed) = msg::SignedOrder::decode(data) {
        let check = OrderCheck { key: &[1; 32], device: DeviceId([0; 20]), tenant: "t", last_number: 0, now_us: 0 };
        assert!(verify(&signed, &check).is_err(), "nothing is signed by a key that nobody has");
    }
});
