//! Programs with Go's build information or the list of cargo-auditable.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_inventory::decode;

fuzz_target!(|data: &[u8]| {
    for read in [decode::go_build_info(data), decode::cargo_auditable(data)] {
        for p in read.unwrap_or_default() {
            assert!(!p.name.is_empty() && !p.version.is_empty() && p.name.len() <= 512);
        }
    }
});
