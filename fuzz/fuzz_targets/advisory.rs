//! What vulnerability feeds send: archives, documents of every format, recognised and not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_advisory::{Collected, Format, Limits, Origin, Record, decode, documents};

fuzz_target!(|data: &[u8]| {
    let origin = Origin { feed: "fuzz", file: "fuzz", ecosystem: None };
    let limits = Limits { document: 1 << 20, total: 8 << 20, entries: 64 };
    let mut documents_seen = 0_u64;
    let _ = documents(origin, data, limits, &mut |_, bytes| {
        documents_seen += 1;
        assert!(bytes.len() <= limits.document && documents_seen <= limits.entries);
        if let Some(format) = Format::recognise("fuzz", bytes) {
            check(format, origin, bytes);
        }
        Ok(())
    });
    // The first byte chooses a format that would not be recognised.
    if let Some((first, rest)) = data.split_first() {
        check(Format::ALL[usize::from(*first) % Format::ALL.len()], origin, rest);
    }
});

fn check(format: Format, origin: Origin<'_>, bytes: &[u8]) {
    let mut sink = Collected::default();
    let done = decode(format, origin, bytes, &mut sink);
    for fault in sink.faults.iter().chain(done.as_ref().err()) {
        assert!(!fault.reason.is_empty() && fault.reason.len() <= 400 && fault.record.len() <= 200);
    }
    for record in &sink.records {
        if let Record::Advisory(advisory) = record {
            assert!(!advisory.covers.is_empty() && advisory.summary.len() <= 512);
        }
    }
}
