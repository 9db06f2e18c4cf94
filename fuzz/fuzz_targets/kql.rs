//! The language from text to bound program: no input may crash it or take long.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = palisade_kql::compile(text, &palisade_kql::SchemaCatalogue, 1_700_000_000_000_000);
});
