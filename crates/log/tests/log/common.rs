use std::path::Path;

use palisade_log::{KIND_BATCH, LogOptions, LogReader, LogWriter, Record, RecordMeta};
use palisade_types::{DeviceId, TenantId};

pub fn meta(sequence: u64) -> RecordMeta {
    RecordMeta {
        tenant: TenantId("6f0e3c9a-9d0f-4d8e-8f5e-0d8b1c2d3e4f".parse::<TenantId>().expect("uuid").0),
        device: DeviceId([7; 20]),
        epoch: 11,
        lane: 1,
        sequence,
        digest: [sequence as u8; 32],
        received_at: 1_700_000_000_000_000,
        flags: 0,
        kind: KIND_BATCH,
        raw_length: 100,
    }
}

pub fn options() -> LogOptions {
    LogOptions { min_free_bytes: 0, ..LogOptions::default() }
}

pub fn open(dir: &Path) -> LogWriter {
    LogWriter::open(dir, options()).expect("opens")
}

pub fn payload(sequence: u64) -> Vec<u8> {
    (0..(sequence * 37) % 400).map(|i| (i * sequence) as u8).collect()
}

/// Appends the sequences and waits for each.
pub fn fill(writer: &LogWriter, sequences: std::ops::Range<u64>) {
    let tickets: Vec<_> = sequences.map(|s| writer.append(meta(s), payload(s))).collect();
    for t in tickets {
        t.wait().expect("appends");
    }
}

pub fn read_all(dir: &Path, from: u64) -> Vec<Record> {
    let mut reader = LogReader::open(dir, from).expect("opens");
    let mut out = Vec::new();
    loop {
        let batch = reader.next_batch(1000).expect("reads");
        if batch.is_empty() {
            return out;
        }
        out.extend(batch);
    }
}

pub fn segments(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(dir)
        .expect("lists")
        .map(|e| e.expect("entry").path())
        .filter(|p| p.extension().is_some_and(|e| e == "seg"))
        .collect();
    found.sort();
    found
}
