//! The language from text to bound program: no input may crash it or take long, and what it reports
//! lies within the text. The same text as a stored function, called by a query.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_kql::{Diagnostic, FunctionDef, FunctionError, Program, SchemaCatalogue, WithFunctions, stored};

const NOW: i64 = 1_700_000_000_000_000;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    check(text, palisade_kql::compile(text, &SchemaCatalogue, NOW));
    let function = FunctionDef {
        name: "F".to_owned(),
        parameters: "(T: (*), n: long = 5)".to_owned(),
        body: text.to_owned(),
    };
    match stored::check(&function, &SchemaCatalogue, NOW) {
        Err(FunctionError::Body(found)) => check(text, Err(found)),
        Err(error) => assert!(text.len() > stored::MAX_BODY, "{error}"),
        Ok(_) => {}
    }
    let functions = WithFunctions::new(&SchemaCatalogue, [&function]);
    for call in ["F(DeviceInfo)", "DeviceInfo | extend x = F(DeviceInfo, 1)"] {
        check(call, palisade_kql::compile(call, &functions, NOW));
    }
});

fn check(text: &str, compiled: Result<Program, Vec<Diagnostic>>) {
    match compiled {
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
}
