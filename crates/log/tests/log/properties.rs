use palisade_log::{LogOptions, LogWriter, decode_segment, trim};
use proptest::prelude::*;

use crate::common::{meta, options, payload, read_all, segments};

#[derive(Debug, Clone)]
enum Step {
    Append(u8),
    Reopen,
    Trim(u8),
    /// Bytes of garbage after the last record, as a torn write leaves them.
    Tear(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (1u8..20).prop_map(Step::Append),
        1 => Just(Step::Reopen),
        1 => any::<u8>().prop_map(Step::Trim),
        1 => (1u8..200).prop_map(Step::Tear),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever happens between, readers see every acknowledged record once, in order, whole.
    #[test]
    fn the_log_is_a_list(steps in proptest::collection::vec(step(), 1..25), segment_bytes in 500u64..8000) {
        let dir = tempfile::tempdir().expect("temp dir");
        let reopen = || LogWriter::open(dir.path(), LogOptions { segment_bytes, ..options() }).expect("opens");
        let mut w = Some(reopen());
        let (mut next, mut oldest) = (0u64, 0u64);
        for step in steps {
            match step {
                Step::Append(n) => {
                    let w = w.as_ref().expect("open");
                    let tickets: Vec<_> = (0..u64::from(n)).map(|i| w.append(meta(next + i), payload(next + i))).collect();
                    for t in tickets {
                        prop_assert_eq!(t.wait(), Ok(next));
                        next += 1;
                    }
                }
                Step::Reopen => {
                    w = None;
                    w = w.or_else(|| Some(reopen()));
                }
                Step::Trim(n) => oldest = trim(dir.path(), next * u64::from(n) / 255).expect("trims").oldest,
                Step::Tear(n) => {
                    drop(w.take());
                    let last = segments(dir.path()).pop().expect("a segment");
                    let mut bytes = std::fs::read(&last).expect("reads");
                    bytes.extend((0..n).map(|i| i.wrapping_mul(31)));
                    std::fs::write(&last, bytes).expect("writes");
                    let opened = reopen();
                    prop_assert_eq!(opened.stats().torn_bytes, u64::from(n));
                    w = Some(opened);
                }
            }
            prop_assert_eq!(w.as_ref().expect("open").next_offset(), next);
        }
        let all = read_all(dir.path(), oldest);
        prop_assert_eq!(all.len() as u64, next - oldest);
        for (expected, r) in (oldest..).zip(all) {
            prop_assert_eq!(r.offset, expected);
            prop_assert_eq!(&r.meta, &meta(expected));
            prop_assert_eq!(r.payload, payload(expected));
        }
    }

    #[test]
    fn noise_never_panics_the_decoder(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = decode_segment(&bytes);
    }

    #[test]
    fn a_bent_segment_never_panics_the_decoder(at in 0usize..5000, with in any::<u8>(), cut in 0usize..5000) {
        let dir = tempfile::tempdir().expect("temp dir");
        let w = LogWriter::open(dir.path(), options()).expect("opens");
        let tickets: Vec<_> = (0..12).map(|s| w.append(meta(s), payload(s))).collect();
        for t in tickets {
            t.wait().expect("appends");
        }
        let mut bytes = std::fs::read(&segments(dir.path())[0]).expect("reads");
        let (at, cut) = (at % bytes.len(), cut % bytes.len());
        bytes[at] ^= with;
        let _ = decode_segment(&bytes);
        let _ = decode_segment(&bytes[..cut]);
    }
}
