//! The language from text to bound program: no input may crash it or take long, and what it reports
//! lies within the text.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match palisade_kql::compile(text, &palisade_kql::SchemaCatalogue, 1_700_000_000_000_000) {
        Ok(program) => assert!(!program.stages.is_empty()),
        Err(found) => {
            assert!(!found.is_empty() && found.len() <= palisade_kql::MAX_DIAGNOSTICS);
            let (lines, characters) =
                (text.bytes().filter(|b| *b == b'\n').count() + 1, text.chars().count());
            for d in &found {
                assert!(d.line >= 1 && d.line as usize <= lines && d.column >= 1, "{d:?}");
                assert!((d.offset + d.length) as usize <= characters, "{d:?}");
            }
        }
    }
});
