//! RPM's databases of three formats, and the headers in them: no content may crash the reader, take long,
//! or give more than was there.
#![no_main]

use libfuzzer_sys::fuzz_target;
use palisade_inventory::decode;

fuzz_target!(|data: &[u8]| {
    header(data);
    let mut total = 0;
    let mut one = |blob: &[u8]| {
        total += blob.len();
        header(blob);
    };
    let _ = decode::bdb_blobs(data, &mut one);
    let _ = decode::ndb_blobs(data, &mut one);
    // The first half as the database, the second as its log of writes.
    let (db, wal) = data.split_at(data.len() / 2);
    let _ = decode::sqlite_blobs(db, Some(wal), &mut one);
    let _ = decode::sqlite_blobs(data, None, &mut one);
    assert!(total <= 16 * data.len() + 4096, "each page counts a few times at most");
});

fn header(blob: &[u8]) {
    if let Ok(Some(p)) = decode::rpm_header(blob) {
        assert!(!p.name.is_empty() && !p.version.is_empty());
        assert!(p.name.len() <= 4096 && p.module.len() <= 4096);
    }
}
