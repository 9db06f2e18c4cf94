//! Lists of machines that people wrote: an inventory or an error, and no name in it is an option.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_estate::inventory::{parse_ini, parse_json, parse_list};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for read in [parse_ini(text), parse_json(text), parse_list(text)].into_iter().flatten() {
        for t in read.targets {
            assert!(!t.name.starts_with('-') && !t.address.starts_with('-'));
            assert!(t.user.is_none_or(|u| !u.starts_with('-')));
        }
    }
});
