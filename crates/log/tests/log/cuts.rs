use std::fs;

use palisade_log::{LogWriter, Tail, decode_segment, durable};

use crate::common::{fill, meta, open, options, payload, read_all, segments};

/// The log's folder as a crash leaves it: a segment cut at `at`, and how far it was published.
fn crash(segment: &[u8], published: &[u8], at: usize) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("temp dir");
    fs::write(dir.path().join(format!("{:020}.seg", 0)), &segment[..at]).expect("writes");
    fs::write(dir.path().join("durable"), published).expect("writes");
    dir
}

#[test]
fn a_tail_cut_at_any_byte_loses_only_what_was_never_acknowledged() {
    let dir = tempfile::tempdir().expect("temp dir");
    let w = open(dir.path());
    fill(&w, 1..4);
    let acked = fs::metadata(&segments(dir.path())[0]).expect("stat").len() as usize;
    let published = fs::read(dir.path().join("durable")).expect("reads");
    fill(&w, 4..6);
    w.close();
    let bytes = fs::read(&segments(dir.path())[0]).expect("reads");
    for at in acked..=bytes.len() {
        let crashed = crash(&bytes, &published, at);
        let w = open(crashed.path());
        let found = decode_segment(&bytes[..at]).expect("decodes");
        let whole = found.records.len() as u64;
        assert!(whole >= 3);
        assert_eq!(w.next_offset(), whole, "cut at {at}");
        assert_eq!(w.stats().torn_bytes, at as u64 - found.end);
        assert_eq!(found.tail == Tail::Clean, at as u64 == found.end);
        // The log goes on where it was cut.
        assert_eq!(w.append(meta(9), payload(9)).wait(), Ok(whole));
        let all = read_all(crashed.path(), 0);
        let sequences: Vec<u64> = all.iter().map(|r| r.meta.sequence).collect();
        assert_eq!(sequences, (1..=whole).chain([9]).collect::<Vec<_>>());
        assert!(all.iter().all(|r| r.payload == payload(r.meta.sequence)));
    }
    for at in 0..acked {
        let crashed = crash(&bytes, &published, at);
        let code = LogWriter::open(crashed.path(), options()).map_err(|e| e.code()).err();
        assert_eq!(code, Some("log_corrupt"), "durable records are gone at {at}");
    }
}

#[test]
fn a_flipped_bit_below_durable_records_is_an_error_even_without_the_durable_file() {
    let dir = tempfile::tempdir().expect("temp dir");
    let w = open(dir.path());
    for s in 1..5 {
        fill(&w, s..s + 1);
    }
    w.close();
    let path = &segments(dir.path())[0];
    let bytes = fs::read(path).expect("reads");
    let last = decode_segment(&bytes).expect("decodes").records[3].payload.len() + 132;
    for at in (0..bytes.len() - last).step_by(7) {
        let mut bent = bytes.clone();
        bent[at] ^= 4;
        let crashed = crash(&bent, &[], bent.len());
        let code = LogWriter::open(crashed.path(), options()).map_err(|e| e.code()).err();
        assert_eq!(code, Some("log_corrupt"), "bit at {at}");
        assert_eq!(decode_segment(&bent).map_err(|e| e.code()).err(), Some("log_corrupt"));
    }
}

#[test]
fn a_reader_reports_a_bit_flipped_under_it() {
    let dir = tempfile::tempdir().expect("temp dir");
    let w = open(dir.path());
    fill(&w, 1..9);
    let path = &segments(dir.path())[0];
    let mut bytes = fs::read(path).expect("reads");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, &bytes).expect("writes");
    let mut reader = palisade_log::LogReader::open(dir.path(), 0).expect("opens");
    assert_eq!(reader.next_batch(1 << 20).map_err(|e| e.code()), Err("log_corrupt"));
}

#[test]
fn a_damaged_or_missing_durable_file_is_rebuilt_and_the_lock_is_exclusive() {
    let dir = tempfile::tempdir().expect("temp dir");
    let w = open(dir.path());
    fill(&w, 1..4);
    assert_eq!(LogWriter::open(dir.path(), options()).map_err(|e| e.code()).err(), Some("log_locked"));
    drop(w);
    fs::write(dir.path().join("durable"), [9; 32]).expect("writes");
    fs::write(dir.path().join(".left.1.tmp"), b"x").expect("writes");
    let w = open(dir.path());
    assert_eq!(w.next_offset(), 3);
    assert_eq!(durable(dir.path()).expect("reads").map(|d| d.next), Some(3));
    assert!(!dir.path().join(".left.1.tmp").exists());
    for s in segments(dir.path()) {
        fs::remove_file(s).expect("removes");
    }
    drop(w);
    assert_eq!(LogWriter::open(dir.path(), options()).map_err(|e| e.code()).err(), Some("log_corrupt"));
}
