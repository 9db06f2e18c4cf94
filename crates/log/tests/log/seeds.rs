//! The fuzz target's seeds: each is what its name says, so that fuzzing begins behind the
//! checksums. `PALISADE_BLESS=1` writes them anew.

use std::path::PathBuf;

use palisade_log::{LogOptions, LogWriter, Tail, decode_segment};

use crate::common::{fill, meta, options, payload, segments};

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/log_segment")).join(name)
}

/// A segment as the writer leaves it: each record in a group of its own.
fn segment(records: u64) -> Vec<u8> {
    let dir = tempfile::tempdir().expect("temp dir");
    let w = LogWriter::open(dir.path(), options()).expect("opens");
    for s in 1..=records {
        fill(&w, s..s + 1);
    }
    w.close();
    std::fs::read(&segments(dir.path())[0]).expect("reads")
}

/// A segment that does not begin at 0, with records that share a group.
fn later() -> Vec<u8> {
    let dir = tempfile::tempdir().expect("temp dir");
    let w = LogWriter::open(dir.path(), LogOptions { segment_bytes: 1000, ..options() }).expect("opens");
    for s in (1..20).step_by(2) {
        let pair = [s, s + 1].map(|s| (meta(s), payload(s).into())).to_vec();
        w.append_all(pair).wait().expect("appends");
    }
    w.close();
    std::fs::read(segments(dir.path()).last().expect("a segment")).expect("reads")
}

fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let whole = segment(6);
    let torn = whole[..whole.len() - 3].to_vec();
    let mut bent = whole.clone();
    bent[200] ^= 1;
    let mut garbage = segment(3);
    garbage.extend((0..=255u8).rev());
    let mut header = segment(1);
    header[9] = 2;
    vec![
        ("whole", whole),
        ("empty", segment(0)),
        ("later", later()),
        ("torn", torn),
        ("bent", bent),
        ("garbage", garbage),
        ("header", header),
    ]
}

#[test]
fn the_seeds_reach_what_they_are_named_after() {
    if std::env::var_os("PALISADE_BLESS").is_some() {
        std::fs::create_dir_all(path("")).expect("makes the folder");
        for (name, bytes) in seeds() {
            std::fs::write(path(name), bytes).expect("writes");
        }
    }
    let read = |name: &str| std::fs::read(path(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    let found = |name: &str| {
        decode_segment(&read(name))
            .map(|d| (d.first > 0, d.records.len(), d.tail == Tail::Clean))
            .map_err(|e| e.code())
    };
    assert_eq!(found("whole"), Ok((false, 6, true)));
    assert_eq!(found("empty"), Ok((false, 0, true)));
    assert_eq!(found("later"), Ok((true, 2, true)));
    assert_eq!(found("torn"), Ok((false, 5, false)));
    assert_eq!(found("bent"), Err("log_corrupt"));
    assert_eq!(found("garbage"), Ok((false, 3, false)));
    assert_eq!(found("header"), Err("log_corrupt"));
}
