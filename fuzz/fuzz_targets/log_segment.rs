//! A log segment with any content: an error or records, never a crash.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = palisade_log::decode_segment(data);
});
