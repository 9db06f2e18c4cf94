//! Records of one tenant are taken out; everything else stays where it was.

use palisade_log::{KIND_BATCH, KIND_ERASED, LogOptions, LogReader, LogWriter, erase};
use palisade_types::{DeviceId, TenantId};
use uuid::Uuid;

use crate::common::{meta, options, payload, read_all, segments};

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|w| w == wanted)
}

#[test]
fn what_is_chosen_is_gone_from_every_byte_and_offsets_stay() {
    let dir = tempfile::tempdir().expect("temp dir");
    let gone = TenantId(Uuid::from_u128(0x1122_3344_5566_7788_99aa_bbcc_ddee_ff01));
    let device = DeviceId([0x5a; 20]);
    let small = LogOptions { segment_bytes: 4 << 10, ..options() };
    let writer = LogWriter::open(dir.path(), small.clone()).expect("opens");
    for sequence in 0..60 {
        let mut about = meta(sequence);
        let mut body = payload(sequence);
        if sequence % 3 == 0 {
            about.tenant = gone;
            about.device = device;
            body.extend_from_slice(b"MARKER-OF-THE-GONE");
        }
        writer.append(about, body).wait().expect("appends");
    }
    assert_eq!(erase(dir.path(), |_| true).map_err(|e| e.code()), Err("log_locked"), "while it is written");
    drop(writer);
    let before = read_all(dir.path(), 0);
    assert!(segments(dir.path()).len() > 2);

    let report = erase(dir.path(), |m| m.tenant == gone).expect("erases");
    assert_eq!((report.records, report.erased), (60, 20));
    let again = erase(dir.path(), |m| m.tenant == gone).expect("erases");
    assert_eq!((again.records, again.erased, again.rewritten), (60, 0, 0), "nothing is left to do");
    for segment in segments(dir.path()) {
        let bytes = std::fs::read(&segment).expect("reads");
        for marker in [&b"MARKER-OF-THE-GONE"[..], gone.0.as_bytes(), &device.0] {
            assert!(!holds(&bytes, marker), "{}", segment.display());
        }
    }
    let after = read_all(dir.path(), 0);
    assert_eq!(after.len(), 60);
    for (old, new) in before.iter().zip(&after) {
        assert_eq!(old.offset, new.offset);
        if old.meta.tenant == gone {
            assert_eq!((new.meta.kind, new.payload.len()), (KIND_ERASED, 0));
        } else {
            assert_eq!((old, new.meta.kind), (new, KIND_BATCH));
        }
    }
    // Readers find their place in the middle, and the log goes on.
    let mut reader = LogReader::open(dir.path(), 31).expect("opens");
    assert_eq!(reader.next_batch(1).expect("reads")[0].offset, 31);
    let writer = LogWriter::open(dir.path(), small).expect("opens");
    assert_eq!(writer.append(meta(60), vec![1]).wait(), Ok(60));
}

#[test]
fn a_tail_that_was_never_acknowledged_goes_with_it() {
    let dir = tempfile::tempdir().expect("temp dir");
    let writer = LogWriter::open(dir.path(), options()).expect("opens");
    writer.append(meta(0), payload(9)).wait().expect("appends");
    drop(writer);
    let newest = segments(dir.path()).pop().expect("one");
    let mut bytes = std::fs::read(&newest).expect("reads");
    let whole = bytes.len();
    bytes.extend_from_slice(b"torn");
    std::fs::write(&newest, &bytes).expect("writes");
    erase(dir.path(), |_| false).expect("erases");
    assert_eq!(std::fs::metadata(&newest).expect("stat").len(), whole as u64);
    assert_eq!(read_all(dir.path(), 0).len(), 1);
}
