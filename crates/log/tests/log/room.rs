use std::process::Command;

use palisade_log::{LogError, LogOptions, LogWriter};

use crate::common::{fill, meta, open, options, read_all};

const ROLE: &str = "PALISADE_LOG_TEST_FULL";

#[test]
fn a_log_at_its_own_bound_refuses_and_goes_on_after_trimming() {
    let dir = tempfile::tempdir().expect("temp dir");
    let bounded = LogOptions { segment_bytes: 8 << 10, max_log_bytes: 32 << 10, ..options() };
    let w = LogWriter::open(dir.path(), bounded).expect("opens");
    let mut s = 0;
    let refused = loop {
        s += 1;
        if let Err(e) = w.append(meta(s), vec![1; 1000]).wait() {
            break e;
        }
    };
    assert_eq!(refused.code(), "log_full");
    assert_eq!(w.next_offset(), s - 1);
    assert!(w.stats().refused_full == 1);
    palisade_log::trim(dir.path(), s - 1).expect("trims");
    assert_eq!(w.append(meta(s), vec![1; 1000]).wait(), Ok(s - 1));
}

#[test]
fn free_space_that_must_stay_is_kept() {
    let dir = tempfile::tempdir().expect("temp dir");
    let w = LogWriter::open(dir.path(), LogOptions { min_free_bytes: u64::MAX, ..options() }).expect("opens");
    assert_eq!(w.append(meta(1), vec![1]).wait().map_err(|e| e.code()), Err("log_full"));
}

#[test]
fn bounds_on_one_record_and_on_the_queue_are_refusals_with_codes() {
    let dir = tempfile::tempdir().expect("temp dir");
    let w = LogWriter::open(dir.path(), LogOptions { max_payload: 10, ..options() }).expect("opens");
    assert_eq!(w.append(meta(1), vec![0; 11]).wait(), Err(LogError::TooLarge { size: 11, limit: 10 }));
    drop(w);
    let w = LogWriter::open(dir.path(), LogOptions { max_queued_bytes: 1, ..options() }).expect("opens");
    let tickets: Vec<_> = (0..2000).map(|s| w.append(meta(s), vec![0; 100])).collect();
    let results: Vec<_> = tickets.into_iter().map(palisade_log::Append::wait).collect();
    assert!(results.contains(&Err(LogError::Busy)));
    let fine = results.iter().filter(|r| r.is_ok()).count() as u64;
    assert_eq!(w.next_offset(), fine);
}

/// Writes under a file size limit, which the kernel enforces in the middle of a write.
#[test]
#[ignore = "a child process of another test"]
fn child_hits_a_limit() {
    let dir = std::env::var_os(ROLE).expect("run by its parent");
    // SAFETY: ignoring a signal is safe in a process with no handler for it.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    let w = open(dir.as_ref());
    fill(&w, 1..4);
    let set = |soft: u64| {
        let limit = libc::rlimit { rlim_cur: soft, rlim_max: libc::RLIM_INFINITY };
        // SAFETY: the struct outlives the call.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) }, 0);
    };
    set(50_000);
    for s in 4..7 {
        assert_eq!(w.append(meta(s), vec![5; 100_000]).wait().map_err(|e| e.code()), Err("log_full"));
    }
    assert_eq!(w.append(meta(4), vec![6; 10]).wait(), Ok(3));
    set(libc::RLIM_INFINITY);
    assert_eq!(w.append(meta(5), vec![5; 100_000]).wait(), Ok(4));
    let sequences: Vec<u64> = read_all(dir.as_ref(), 0).iter().map(|r| r.meta.sequence).collect();
    assert_eq!(sequences, [1, 2, 3, 4, 5]);
    drop(w);
    assert_eq!(open(dir.as_ref()).stats().torn_bytes, 0);
    println!("\nheld");
}

/// Writes into a file system of one megabyte until it is full.
#[test]
#[ignore = "a child process of another test"]
fn child_fills_a_disk() {
    let dir = std::env::var_os(ROLE).expect("run by its parent");
    let dir = std::path::Path::new(&dir);
    let ballast = dir.join("ballast");
    std::fs::write(&ballast, vec![0; 300_000]).expect("writes");
    let log = dir.join("log");
    let w = open(&log);
    let mut s = 0;
    let refused = loop {
        s += 1;
        if let Err(e) = w.append(meta(s), vec![1; 50_000]).wait() {
            break e;
        }
    };
    assert_eq!(refused.code(), "log_full");
    std::fs::remove_file(&ballast).expect("removes");
    assert_eq!(w.append(meta(s), vec![1; 50_000]).wait(), Ok(s - 1));
    assert_eq!(read_all(&log, 0).len() as u64, s);
    drop(w);
    assert_eq!(open(&log).stats().torn_bytes, 0);
    println!("\nheld");
}

fn run(command: &mut Command, name: &str, dir: &std::path::Path) -> String {
    let out = command.env(ROLE, dir).output().unwrap_or_else(|e| panic!("{name}: {e}"));
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

#[test]
fn a_write_that_the_kernel_stops_half_way_leaves_nothing_torn() {
    let dir = tempfile::tempdir().expect("temp dir");
    let mut command = Command::new(std::env::current_exe().expect("own path"));
    command.args(["--exact", "room::child_hits_a_limit", "--nocapture", "--ignored"]);
    let said = run(&mut command, "limit", dir.path());
    assert!(said.contains("held"), "{said}");
}

#[test]
fn a_full_disk_refuses_and_goes_on_when_there_is_room() {
    let dir = tempfile::tempdir().expect("temp dir");
    let me = std::env::current_exe().expect("own path");
    let script = "mount -t tmpfs -o size=1m tmpfs \"$1\" || exit 99; \
                  exec \"$2\" --exact room::child_fills_a_disk --nocapture --ignored";
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]).arg(dir.path()).arg(me);
    let said = run(command.env("LC_ALL", "C"), "unshare", dir.path());
    if said.contains("unshare failed")
        || said.contains("Operation not permitted")
        || said.contains("permission denied")
    {
        eprintln!("skipped: no user namespaces here: {said}");
        return;
    }
    assert!(said.contains("held"), "{said}");
}
