use std::collections::BTreeSet;
use std::path::Path;

use palisade_wire::msg::{FileEvent, Heartbeat, ProcessCreated, fact};
use palisade_wire::{BatchLimits, DedupMark, DedupTable, Verdict};
use tempfile::TempDir;

use super::*;

const BOOT: [u8; 16] = [7; 16];

fn config(dir: &Path) -> SpoolConfig {
    SpoolConfig::new(dir.join("spool"), 64 << 20, BOOT)
}

fn open(dir: &Path) -> (Spool, Arc<Counters>) {
    open_with(config(dir))
}

fn open_with(cfg: SpoolConfig) -> (Spool, Arc<Counters>) {
    let counters = Arc::new(Counters::default());
    (Spool::open(cfg, counters.clone()).expect("opens"), counters)
}

/// A fact of which the kernel's sequence is kept in its time, so that tests find it again.
fn made(sequence: u64, lane: Lane) -> Fact {
    let kind = match lane {
        Lane::Control => fact::Kind::Heartbeat(Heartbeat::default()),
        Lane::Priority => fact::Kind::ProcessCreated(ProcessCreated { created: sequence }),
        Lane::Bulk => {
            fact::Kind::File(FileEvent { path: format!("/some/path/{sequence}"), ..FileEvent::default() })
        }
    };
    Fact { time_us: sequence as i64, process: 1, kind: Some(kind), ..Fact::default() }
}

/// One drain with the sequences `range`: even ones are processes, odd ones files.
fn drain(spool: &Spool, range: std::ops::RangeInclusive<u64>) {
    let mark = *range.end();
    let mut parts: [Part; 3] = Default::default();
    for s in range {
        let lane = if s % 2 == 0 { Lane::Priority } else { Lane::Bulk };
        parts[index(lane)].facts.push(made(s, lane));
    }
    let dictionary =
        &mut |id| Some(Process { unique_id: id, path: format!("/bin/p{id}"), ..Process::default() });
    spool.append(Drain { parts, dictionary, marks: Some(vec![mark]), receipt: None });
}

/// Everything unsent, as (epoch, lane, sequence, facts), with each batch's dictionary checked.
fn contents(spool: &Spool) -> Vec<(Epoch, Lane, u64, Vec<Fact>)> {
    let mut out = Vec::new();
    for lane in Lane::ALL {
        spool.seal(lane);
        let batches = spool.take(lane, usize::MAX, u64::MAX);
        for b in &batches {
            let sealed = b.load().expect("loads");
            let batch = palisade_wire::open(&sealed.payload, sealed.raw_length, &BatchLimits::default())
                .expect("opens");
            assert_eq!(batch.facts.len(), b.facts as usize);
            out.push((b.epoch, lane, b.sequence, batch.facts));
        }
        spool.release(&batches);
    }
    out
}

fn kernel_sequences(spool: &Spool) -> Vec<u64> {
    let mut all: Vec<u64> = contents(spool).into_iter().flat_map(|c| c.3).map(|f| f.time_us as u64).collect();
    all.sort_unstable();
    all
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for e in std::fs::read_dir(from).expect("lists").flatten() {
        if e.path().is_dir() {
            copy(&e.path(), &to.join(e.file_name()));
        } else {
            std::fs::copy(e.path(), to.join(e.file_name())).expect("copied");
        }
    }
}

fn journals(dir: &Path, spool: &Spool) -> [PathBuf; 3] {
    let folder = epoch::folder(&dir.join("spool"), spool.epoch());
    let inner = spool.inner.lock();
    Lane::ALL.map(|l| batch_path(&folder, l, inner.lanes[index(l)].open.sequence))
}

#[test]
fn a_drain_cut_at_any_byte_is_whole_or_absent() {
    let dir = TempDir::new().expect("dir");
    let (spool, _) = open(dir.path());
    drain(&spool, 1..=4);
    drain(&spool, 5..=7);
    let [_, priority, bulk] = journals(dir.path(), &spool);
    let before = [&priority, &bulk].map(|p| std::fs::metadata(p).expect("there").len());
    drain(&spool, 8..=11);
    drop(spool);
    let after = [&priority, &bulk].map(|p| std::fs::metadata(p).expect("there").len());

    // The frames are written in the order of the lanes: priority first, then bulk with the commit.
    let cuts =
        (before[0]..=after[0]).map(|p| (p, before[1])).chain((before[1]..=after[1]).map(|b| (after[0], b)));
    let relative = |p: &Path| p.strip_prefix(dir.path()).expect("below").to_owned();
    for (n, (p, b)) in cuts.enumerate() {
        let again = TempDir::new().expect("dir");
        copy(dir.path(), again.path());
        for (path, len) in [(&priority, p), (&bulk, b)] {
            let file = std::fs::OpenOptions::new()
                .write(true)
                .open(again.path().join(relative(path)))
                .expect("opens");
            file.set_len(len).expect("cut");
        }
        let (spool, _) = open(again.path());
        let whole = b == after[1];
        let mark = spool.marks().expect("same boot")[0];
        assert_eq!(mark, if whole { 11 } else { 7 }, "cut {n}");
        // The ring would give again all that is above the mark.
        drain(&spool, mark + 1..=12);
        assert_eq!(kernel_sequences(&spool), (1..=12).collect::<Vec<_>>(), "cut {n}");
        let ids: BTreeSet<u64> =
            contents(&spool).into_iter().flat_map(|c| c.3).map(|f| f.report_id).collect();
        assert_eq!(ids.len(), 12, "cut {n}");
    }
}

#[test]
fn a_kill_while_recovering_changes_nothing() {
    let dir = TempDir::new().expect("dir");
    let (spool, _) = open(dir.path());
    spool.append_facts(Lane::Control, vec![made(0, Lane::Control)], None);
    drain(&spool, 1..=4);
    let [_, _, bulk] = journals(dir.path(), &spool);
    let before = std::fs::metadata(&bulk).expect("there").len();
    drain(&spool, 5..=8);
    drop(spool);
    // The commit of 5..=8 is torn off; a recovery then gets as far as the control lane.
    std::fs::OpenOptions::new().write(true).open(&bulk).and_then(|f| f.set_len(before + 3)).expect("cut");
    let half = TempDir::new().expect("dir");
    copy(dir.path(), half.path());
    let (spool, _) = open(dir.path());
    let epoch = spool.epoch();
    drop(spool);
    // Only the control lane's outcome is carried over: as if the kill came right after it.
    let control = batch_path(&epoch::folder(Path::new("spool"), epoch), Lane::Control, 1);
    std::fs::copy(dir.path().join(&control), half.path().join(&control)).expect("copied");
    // The cut of the torn drain comes before any record is written.
    let relative = bulk.strip_prefix(dir.path()).expect("below").to_owned();
    let priority = batch_path(relative.parent().expect("folder"), Lane::Priority, 1);
    let frames = match frame::read(&half.path().join(&priority)).expect("reads") {
        frame::Found::Journal(f) => f,
        other => panic!("{other:?}"),
    };
    let committed = frames[frames.len() - 2].end;
    std::fs::OpenOptions::new()
        .write(true)
        .open(half.path().join(&priority))
        .and_then(|f| f.set_len(committed))
        .expect("cut");
    let (spool, _) = open(half.path());
    assert_eq!(spool.marks(), Some(vec![4]));
    assert_eq!(kernel_sequences(&spool), [0, 1, 2, 3, 4]);
}

#[test]
fn a_kill_around_sealing_gives_each_sequence_one_content() {
    let dir = TempDir::new().expect("dir");
    let (spool, _) = open(dir.path());
    drain(&spool, 1..=6);
    let unsealed = TempDir::new().expect("dir");
    copy(dir.path(), unsealed.path());
    spool.seal(Lane::Priority);
    let sent = spool.take(Lane::Priority, 9, u64::MAX)[0].load().expect("loads");
    let [_, next, _] = journals(dir.path(), &spool);
    drop(spool);

    // Killed after the rename, before the next journal was made.
    std::fs::remove_file(&next).expect("removed");
    let (spool, _) = open(dir.path());
    assert_eq!(spool.take(Lane::Priority, 9, u64::MAX)[0].load().expect("loads"), sent);
    assert_eq!(spool.marks(), Some(vec![6]));
    drop(spool);

    // Killed before the rename: a leftover of the sealed file is no batch.
    let (fresh, _) = open(unsealed.path());
    let journal = journals(unsealed.path(), &fresh)[1].clone();
    std::fs::write(journal.with_extension("tmp"), b"half a batch").expect("written");
    drop(fresh);
    let (spool, _) = open(unsealed.path());
    assert_eq!(kernel_sequences(&spool), [1, 2, 3, 4, 5, 6]);
    assert!(!journal.with_extension("tmp").exists());
}

#[test]
fn acked_sequences_are_never_used_again() {
    let dir = TempDir::new().expect("dir");
    for round in 1..=5u64 {
        let (spool, _) = open(dir.path());
        drain(&spool, round * 2..=round * 2);
        spool.seal(Lane::Priority);
        for b in spool.take(Lane::Priority, 9, u64::MAX) {
            assert_eq!(b.sequence, round);
            spool.ack(b.epoch, b.lane, b.sequence);
        }
        assert!(spool.is_empty());
    }
}

#[test]
fn what_is_dropped_is_bulk_first_then_priority_never_control_and_is_counted() {
    let dir = TempDir::new().expect("dir");
    let (spool, counters) = open_with(SpoolConfig { max_bytes: 64 << 10, ..config(dir.path()) });
    spool.append_facts(
        Lane::Control,
        vec![Fact { kind: Some(fact::Kind::Receipt(Default::default())), ..Fact::default() }],
        Some(1),
    );
    spool.seal(Lane::Control);
    let mut last = 0;
    let mut payload = 0u64;
    while counters.get("spool_dropped_bulk") == 0
        || spool.usage().lanes[2].unsent_batches > 0
        || counters.get("spool_dropped_priority") < 50
    {
        // Hashes do not compress, so that the bound is soon reached.
        let mut parts: [Part; 3] = Default::default();
        for lane in [Lane::Priority, Lane::Bulk] {
            if lane == Lane::Bulk && counters.get("spool_dropped_bulk") > 0 {
                continue;
            }
            for _ in 0..20 {
                payload += 1;
                let path: String = (0..4)
                    .map(|n| hex::encode(palisade_wire::digest_of(&(payload * 4 + n).to_le_bytes())))
                    .collect();
                parts[index(lane)].facts.push(Fact {
                    kind: Some(fact::Kind::File(FileEvent { path, ..FileEvent::default() })),
                    ..Fact::default()
                });
            }
        }
        last += 1;
        spool.append(Drain { parts, dictionary: &mut |_| None, marks: Some(vec![last]), receipt: None });
        spool.seal(Lane::Priority);
        spool.seal(Lane::Bulk);
        let dropped_priority = counters.get("spool_dropped_priority");
        assert!(
            dropped_priority == 0 || spool.usage().lanes[2].unsent_batches == 0,
            "priority goes only when bulk is gone"
        );
        assert!(last < 10_000, "the bound is never reached");
    }
    assert_eq!(counters.get("spool_dropped_control"), 0);
    assert_eq!(spool.usage().lanes[0].unsent_batches, 1);

    // The server accepts what is left, since it is told about the gap; counters survive.
    let dropped = counters.get("spool_dropped_priority");
    drop(spool);
    let (spool, counters) = open_with(SpoolConfig { max_bytes: 64 << 10, ..config(dir.path()) });
    assert_eq!(counters.get("spool_dropped_priority"), dropped);
    let mut table = DedupTable::new();
    for b in spool.take(Lane::Priority, usize::MAX, u64::MAX) {
        let sealed = b.load().expect("loads");
        let mark = DedupMark {
            tenant: palisade_types::TenantId(uuid::Uuid::nil()),
            device: palisade_types::DeviceId([1; 20]),
            epoch: b.epoch,
            lane: b.lane,
            sequence: b.sequence,
            digest: sealed.digest.as_ref().try_into().expect("32 bytes"),
        };
        assert_eq!(table.judge(&mark, sealed.dropped_below), Verdict::Accept);
        table.mark(&mark);
    }
}

#[test]
fn the_control_lane_keeps_receipts_and_the_newest_heartbeats() {
    let dir = TempDir::new().expect("dir");
    let (spool, counters) = open(dir.path());
    let receipt = || Fact { kind: Some(fact::Kind::Receipt(Default::default())), ..Fact::default() };
    for n in 0..200 {
        let f = if n == 3 { receipt() } else { made(n, Lane::Control) };
        spool.append_facts(Lane::Control, vec![f], None);
        spool.seal(Lane::Control);
    }
    let kept = contents(&spool);
    assert!(kept.len() <= 122, "{}", kept.len());
    assert_eq!(kept.iter().filter(|c| matches!(c.3[0].kind, Some(fact::Kind::Receipt(_)))).count(), 1);
    assert_eq!(kept.last().map(|c| c.2), Some(200));
    assert_eq!(counters.get("spool_dropped_control") + kept.len() as u64, 200);
}

#[test]
fn a_new_epoch_names_unsent_batches_anew_and_keeps_report_ids() {
    let dir = TempDir::new().expect("dir");
    let (spool, counters) = open(dir.path());
    for n in 0..5u64 {
        drain(&spool, n * 4 + 1..=n * 4 + 4);
        spool.seal(Lane::Priority);
        spool.seal(Lane::Bulk);
    }
    let first = spool.take(Lane::Priority, 2, u64::MAX);
    for b in &first {
        spool.ack(b.epoch, b.lane, b.sequence);
    }
    let before = contents(&spool);
    let old = spool.epoch();
    // Nothing changes while a batch is in flight.
    let inflight = spool.take(Lane::Bulk, 1, u64::MAX);
    spool.begin_new_epoch(old);
    assert_eq!(spool.epoch(), old);
    assert!(spool.take(Lane::Priority, 1, u64::MAX).is_empty());
    spool.release(&inflight);
    assert_ne!(spool.epoch(), old);
    // A late request for the same change changes nothing.
    let epoch = spool.epoch();
    spool.begin_new_epoch(old);
    assert_eq!(spool.epoch(), epoch);
    drop(spool);

    let (spool, again) = open(dir.path());
    let after = contents(&spool);
    let facts = |c: &[(Epoch, Lane, u64, Vec<Fact>)]| c.iter().map(|c| c.3.clone()).collect::<Vec<_>>();
    assert_eq!(facts(&before), facts(&after));
    let sequences: Vec<u64> = after.iter().filter(|c| c.1 == Lane::Priority).map(|c| c.2).collect();
    assert_eq!(sequences, [1, 2, 3]);
    assert!(after.iter().all(|c| c.0 == epoch));
    assert_eq!((counters.get("epoch_changed"), again.get("epoch_changed")), (1, 1));
    drain(&spool, 21..=22);
    let new =
        contents(&spool).into_iter().flat_map(|c| c.3).filter(|f| f.time_us > 20).map(|f| f.report_id).next();
    assert!(facts(&before).into_iter().flatten().all(|f| Some(f.report_id) != new));
}

#[test]
fn a_new_boot_drops_the_marks_and_skips_report_ids() {
    let dir = TempDir::new().expect("dir");
    let (spool, _) = open(dir.path());
    drain(&spool, 1..=4);
    drop(spool);
    let (spool, _) = open_with(SpoolConfig { boot_id: [8; 16], ..config(dir.path()) });
    assert_eq!(spool.marks(), None);
    drain(&spool, 1..=2);
    let all: Vec<u64> = contents(&spool).into_iter().flat_map(|c| c.3).map(|f| f.report_id).collect();
    assert_eq!(all.len(), 6);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 6);
    assert!(all.iter().all(|id| *id < 1 << 53));
}

#[test]
fn a_process_is_in_the_dictionary_of_each_batch_once() {
    let dir = TempDir::new().expect("dir");
    let (spool, _) = open(dir.path());
    for round in 0..2 {
        drain(&spool, round * 10 + 2..=round * 10 + 2);
        drain(&spool, round * 10 + 4..=round * 10 + 4);
        spool.seal(Lane::Priority);
    }
    for b in spool.take(Lane::Priority, 9, u64::MAX) {
        let sealed = b.load().expect("loads");
        let batch =
            palisade_wire::open(&sealed.payload, sealed.raw_length, &BatchLimits::default()).expect("opens");
        assert_eq!(batch.processes.iter().filter(|p| p.unique_id == 1).count(), 1);
        assert_eq!(batch.processes.len(), 3);
        assert_eq!(batch.boot_id.as_ref(), BOOT);
    }
}

#[test]
fn a_refusing_disk_is_counted_and_events_go_on_from_memory() {
    let dir = TempDir::new().expect("dir");
    let (spool, counters) = open(dir.path());
    drain(&spool, 1..=2);
    // A folder that is gone refuses every new file, as a full or failed disk does, for root too.
    let folder = epoch::folder(&dir.path().join("spool"), spool.epoch());
    std::fs::remove_dir_all(&folder).expect("removed");
    spool.seal(Lane::Priority);
    drain(&spool, 3..=4);
    assert!(counters.get("spool_write_errors") > 0);
    assert!(spool.usage().error.is_some());
    assert_eq!(kernel_sequences(&spool), [1, 2, 3, 4]);
    std::fs::create_dir_all(&folder).expect("made");
    for b in Lane::ALL.into_iter().flat_map(|l| spool.take(l, 9, u64::MAX)) {
        spool.ack(b.epoch, b.lane, b.sequence);
    }
    spool.tick(Instant::now() + Duration::from_secs(60));
    assert_eq!(spool.usage().error, None);
}

#[test]
fn a_corrupt_batch_is_counted_and_left_out() {
    let dir = TempDir::new().expect("dir");
    let (spool, _) = open(dir.path());
    drain(&spool, 2..=2);
    spool.seal(Lane::Priority);
    drain(&spool, 4..=4);
    spool.seal(Lane::Priority);
    let path = batch_path(&epoch::folder(&dir.path().join("spool"), spool.epoch()), Lane::Priority, 1);
    drop(spool);
    std::fs::write(&path, b"PALSEA1\nnot a frame at all, but long enough").expect("written");
    let (spool, counters) = open(dir.path());
    assert_eq!(counters.get("spool_corrupt_files"), 1);
    let left = spool.take(Lane::Priority, 9, u64::MAX);
    let sealed = left[0].load().expect("loads");
    assert_eq!((left.len(), sealed.sequence, sealed.dropped_below), (1, 2, 2));
}
