//! dpkg's status file, and LZ4 frames of apt's lists.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_inventory::decode;

fuzz_target!(|data: &[u8]| {
    if let Ok(packages) = decode::dpkg_status(data) {
        assert!(packages.len() <= data.len());
        for p in packages {
            assert!(!p.name.is_empty() && !p.version.is_empty() && !p.source_name.is_empty());
        }
    }
    if let Ok(out) = decode::lz4_frame(data, 1 << 20) {
        assert!(out.len() <= 1 << 20);
    }
});
