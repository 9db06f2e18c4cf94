use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use palisade_log::{
    Cursor, CutOff, LogError, LogOptions, LogReader, LogWriter, lag_bytes, log_bytes, plan_trim, trim,
};

use crate::common::{fill, meta, open, options, payload, read_all, segments};

const ROLE: &str = "PALISADE_LOG_TEST_DIR";

fn small() -> LogOptions {
    LogOptions { segment_bytes: 4096, ..options() }
}

/// Runs one of the `child_` functions below in a process of its own.
fn child(name: &str, dir: &std::path::Path) -> Child {
    Command::new(std::env::current_exe().expect("own path"))
        .args(["--exact", &format!("processes::{name}"), "--nocapture", "--ignored"])
        .env(ROLE, dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("spawns")
}

#[test]
#[ignore = "a child process of another test"]
fn child_reads() {
    let dir = std::env::var_os(ROLE).expect("run by its parent");
    let mut reader = LogReader::open(dir.as_ref(), 0).expect("opens");
    let mut next = 0;
    while next < 300 {
        if !reader.wait(Duration::from_secs(60)).expect("waits") {
            return;
        }
        for r in reader.next_batch(2000).expect("reads") {
            assert_eq!((r.offset, r.meta.sequence), (next, next + 1));
            assert_eq!(r.payload, payload(next + 1));
            next += 1;
        }
    }
    println!("\nread {next}");
}

#[test]
#[ignore = "a child process of another test"]
fn child_writes() {
    let dir = std::env::var_os(ROLE).expect("run by its parent");
    let w = LogWriter::open(dir.as_ref(), small()).expect("opens");
    for s in w.next_offset() + 1.. {
        let offset = w.append(meta(s), payload(s)).wait().expect("appends");
        println!("\nacked {offset}");
    }
}

#[test]
fn a_reader_in_another_process_follows_rolls_and_a_writer_restart() {
    let dir = tempfile::tempdir().expect("temp dir");
    let reader = child("child_reads", dir.path());
    let w = LogWriter::open(dir.path(), small()).expect("opens");
    fill(&w, 1..151);
    drop(w);
    let w = LogWriter::open(dir.path(), small()).expect("opens again");
    fill(&w, 151..301);
    assert!(segments(dir.path()).len() > 5);
    let out = reader.wait_with_output().expect("ends");
    assert!(out.status.success() && String::from_utf8_lossy(&out.stdout).contains("read 300"));
}

#[test]
fn whatever_a_killed_writer_acknowledged_is_there() {
    let dir = tempfile::tempdir().expect("temp dir");
    let mut acked = None;
    for round in 1..=8u64 {
        let mut writer = child("child_writes", dir.path());
        let lines = BufReader::new(writer.stdout.take().expect("piped")).lines();
        let mut seen = 0;
        for line in lines {
            if let Some(n) = line.expect("reads").strip_prefix("acked ") {
                acked = Some(n.parse::<u64>().expect("number"));
                seen += 1;
            }
            if seen == 10 * round {
                writer.kill().expect("kills");
            }
        }
        writer.wait().expect("ends");
        let w = LogWriter::open(dir.path(), small()).expect("opens");
        assert!(Some(w.next_offset()) > acked);
        let sequences: Vec<u64> = read_all(dir.path(), 0).iter().map(|r| r.meta.sequence).collect();
        assert_eq!(sequences, (1..=w.next_offset()).collect::<Vec<_>>());
    }
}

#[test]
fn many_appends_at_once_share_syncs_and_keep_their_order() {
    let dir = tempfile::tempdir().expect("temp dir");
    let w = open(dir.path());
    std::thread::scope(|scope| {
        for device in 0..8u64 {
            let w = &w;
            scope.spawn(move || {
                let tickets: Vec<_> =
                    (1..=50).map(|s| w.append(meta(device * 1000 + s), payload(s))).collect();
                let offsets: Vec<u64> =
                    tickets.into_iter().map(|t| futures::executor::block_on(t).expect("appends")).collect();
                assert!(offsets.is_sorted());
            });
        }
    });
    assert_eq!(w.append_all(Vec::new()).wait().map_err(|e| e.code()), Err("log_record_too_large"));
    let stats = w.stats();
    assert_eq!((stats.records, stats.next, stats.queued_bytes), (400, 400, 0));
    assert!(stats.groups < 400, "{} groups", stats.groups);
    let mut scanned = 0;
    w.scan_metas(100, |offset, _| {
        assert_eq!(offset, 100 + scanned);
        scanned += 1;
    })
    .expect("scans");
    assert_eq!(scanned, 300);
    assert_eq!(read_all(dir.path(), 399).len(), 1);
    let together = (1..=3).map(|s| (meta(s), payload(s).into())).collect();
    assert_eq!(w.append_all(together).wait(), Ok(400));
    assert_eq!((w.next_offset(), read_all(dir.path(), 400).len()), (403, 3));
}

#[test]
fn trimming_keeps_what_the_slowest_consumer_wants_until_it_is_cut_off() {
    let dir = tempfile::tempdir().expect("temp dir");
    let cursors = dir.path().join("cursors");
    let log = dir.path().join("log");
    let w = LogWriter::open(&log, small()).expect("opens");
    fill(&w, 1..201);
    let mut lake = Cursor::open(&cursors, "lake").expect("opens");
    let mut detect = Cursor::open(&cursors, "detect").expect("opens");
    lake.set(180).expect("sets");
    detect.set(60).expect("sets");
    let generous = CutOff { max_lag_bytes: 1 << 30 };
    let plan = plan_trim(&log, &cursors, generous).expect("plans");
    assert_eq!((plan.min_offset, plan.newly_cut.len()), (60, 0));
    assert!(plan.consumers[0].bytes > plan.consumers[1].bytes);
    assert_eq!(lag_bytes(&log, 200), Ok(0));
    assert!(lag_bytes(&log, 0).expect("lag") > lag_bytes(&log, 100).expect("lag"));
    let before = log_bytes(&log).expect("size");
    let mut slow = LogReader::open(&log, 0).expect("opens");
    let report = trim(&log, plan.min_offset).expect("trims");
    assert!(report.segments > 0 && report.oldest <= 60);
    assert_eq!(before - report.bytes, log_bytes(&log).expect("size"));
    assert_eq!(read_all(&log, 60).len(), 140);
    // A reader below the kept part is told; one that had its segment open may finish it.
    assert_eq!(LogReader::open(&log, 0).err(), Some(LogError::Trimmed { oldest: report.oldest }));
    let told = loop {
        match slow.next_batch(1 << 20) {
            Ok(batch) if !batch.is_empty() => {}
            other => break other,
        }
    };
    assert!(told.is_ok() || told == Err(LogError::Trimmed { oldest: report.oldest }));

    let plan = plan_trim(&log, &cursors, CutOff { max_lag_bytes: lag_bytes(&log, 170).expect("lag") })
        .expect("plans");
    assert_eq!(plan.newly_cut, ["detect"]);
    assert!(detect.is_cut_off() && !lake.is_cut_off());
    // It loses what is beyond the bound, and no more.
    assert!((61..=170).contains(&plan.min_offset), "{}", plan.min_offset);
    assert!(lag_bytes(&log, plan.min_offset).expect("lag") <= lag_bytes(&log, 170).expect("lag") + 4096);
    let none = plan_trim(&log, &cursors, CutOff { max_lag_bytes: 0 }).expect("plans");
    assert!(none.min_offset > plan.min_offset, "the lower the bound, the less is kept");
    std::fs::remove_file(cursors.join("lake.cut")).expect("was cut by that");
    let again = plan_trim(&log, &cursors, generous).expect("plans");
    assert_eq!((again.min_offset, again.newly_cut.len()), (report.oldest, 0));
    detect.rejoin().expect("rejoins");
    assert_eq!(plan_trim(&log, &cursors, generous).expect("plans").min_offset, 60);
    let mut seen = 0;
    w.scan_metas(0, |_, _| seen += 1).expect("begins at the oldest kept record");
    assert_eq!(seen, 200 - report.oldest);
}

#[test]
fn a_reader_waits_for_a_log_that_does_not_exist_yet_and_an_alien_cursor_is_told() {
    let dir = tempfile::tempdir().expect("temp dir");
    let log = dir.path().join("later");
    let mut reader = LogReader::open(&log, 0).expect("opens");
    assert_eq!(reader.next_batch(100), Ok(vec![]));
    assert_eq!(reader.wait(Duration::ZERO), Ok(false));
    let w = open(&log);
    fill(&w, 1..3);
    assert_eq!(reader.wait(Duration::from_secs(30)), Ok(true));
    assert_eq!(reader.next_batch(usize::MAX).expect("reads").len(), 2);
    let mut alien = LogReader::open(&log, 50).expect("opens");
    assert_eq!(alien.next_batch(100), Err(LogError::Ahead { wanted: 50, next: 2 }));
    use std::os::unix::fs::PermissionsExt;
    let mode = |p: &std::path::Path| std::fs::metadata(p).expect("stat").permissions().mode() & 0o777;
    assert_eq!(mode(&segments(&log)[0]), 0o640);
    assert_eq!(mode(&log.join("durable")), 0o640);
    w.close();
    assert_eq!(w.append(meta(3), payload(3)).wait(), Err(LogError::Closed));
    std::io::stdout().flush().expect("flushes");
}
