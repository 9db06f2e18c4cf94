//! What happens while there is no room, on the hot tier or in the lake, and afterwards.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use palisade_lake::{LakeConfig, LakeWriter, RunOptions, run};
use palisade_log::{LogOptions, LogWriter, Record};
use tokio::sync::watch;

use crate::facts::{config, everything, numbered, tenant};

/// A folder with a file in its place, so that nothing can be written in it, whoever asks.
struct Blocked {
    folder: PathBuf,
    aside: PathBuf,
}

impl Blocked {
    fn new(folder: &Path) -> Self {
        let aside = folder.with_extension("aside");
        if folder.exists() {
            fs::rename(folder, &aside).unwrap();
        }
        fs::write(folder, b"").unwrap();
        Self { folder: folder.to_owned(), aside }
    }

    fn lift(self) {
        fs::remove_file(&self.folder).unwrap();
        if self.aside.exists() {
            fs::rename(&self.aside, &self.folder).unwrap();
        }
    }
}

async fn reference(records: u64) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    writer.apply(&(0..records).map(numbered).collect::<Vec<_>>()).unwrap();
    writer.seal().unwrap();
    everything(&config).await
}

fn records(range: std::ops::Range<u64>) -> Vec<Record> {
    range.map(numbered).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_without_room_wait_in_memory_and_none_is_lost_or_doubled() {
    let dir = tempfile::tempdir().unwrap();
    let config = LakeConfig { merge_fan_in: 2, ..config(dir.path()) };
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    writer.apply(&records(0..10)).unwrap();
    writer.seal().unwrap();
    let before = everything(&config).await;
    let blocked: Vec<Blocked> =
        [1, 2].map(|n| Blocked::new(&config.hot_dir.join(tenant(n).to_string()))).into();
    for from in [10, 20] {
        writer.apply(&records(from..from + 10)).unwrap();
        assert_eq!(writer.seal().map_err(|e| e.code()), Err("lake_io"));
        // What fails here must not keep the cursor from staying behind the rows.
        let _ = writer.tick().await;
        assert!(writer.resume_offset() < 10);
    }
    blocked.into_iter().for_each(Blocked::lift);
    assert_eq!(everything(&config).await, before, "what was shown is still shown");
    writer.seal().unwrap();
    assert_eq!(everything(&config).await, reference(30).await);
    writer.flush().await.unwrap();
    assert_eq!(writer.resume_offset(), 30);
    assert_eq!(everything(&config).await, reference(30).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_was_made_but_reported_as_failed_doubles_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    writer.apply(&records(0..1)).unwrap();
    writer.flush().await.unwrap();
    // The checkpoint after version 19 cannot be written: its commit stands all the same.
    let log = config.lake_dir.join(tenant(1).to_string()).join("DeviceProcessEvents/_delta_log");
    fs::create_dir(log.join("00000000000000000019.checkpoint.parquet")).unwrap();
    let mut failed = 0;
    for i in 1..50 {
        writer.apply(&records(i..i + 1)).unwrap();
        // After a failure there are newer rows, which must not take the older with them again.
        failed += u64::from(writer.flush().await.is_err());
    }
    assert!(failed > 0, "the checkpoint was to fail");
    writer.flush().await.unwrap();
    assert_eq!(everything(&config).await, reference(50).await);
    assert_eq!(writer.resume_offset(), 50);
    drop(writer);
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    writer.caught_up();
    writer.seal().unwrap();
    assert_eq!(everything(&config).await, reference(50).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_hot_tier_leaves_the_rest_in_the_log_until_the_lake_takes_rows_again() {
    let dir = tempfile::tempdir().unwrap();
    // Any file at all is too much.
    let config = LakeConfig { max_hot_bytes: 1, ..config(dir.path()) };
    let log_dir = dir.path().join("log");
    let log = LogWriter::open(&log_dir, LogOptions { min_free_bytes: 0, ..LogOptions::default() }).unwrap();
    let append = async |range| {
        for r in records(range) {
            log.append(r.meta, r.payload).await.unwrap();
        }
    };
    fs::create_dir_all(&config.lake_dir).unwrap();
    let blocked: Vec<Blocked> =
        [1, 2].map(|n| Blocked::new(&config.lake_dir.join(tenant(n).to_string()))).into();
    append(0..10).await;
    let writer = LakeWriter::open(config.clone()).await.unwrap();
    let stats = writer.stats();
    let (stop, stopped) = watch::channel(false);
    let options = RunOptions { seal_every: Duration::from_millis(20), ..RunOptions::new(&log_dir) };
    let running = tokio::spawn(run(writer, options, stopped));
    let until = async |what: &str, holds: &dyn Fn(&palisade_lake::LakeStats) -> bool| {
        let end = std::time::Instant::now() + Duration::from_secs(60);
        while !holds(&stats.lock()) {
            assert!(std::time::Instant::now() < end, "{what}: {:?}", stats.lock());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    until("the lake holds back", &|s| s.held_back > 0 && s.flush_failures > 0).await;
    append(10..30).await;
    until("the rest waits in the log", &|s| s.lag_records >= 20).await;
    assert_eq!(stats.lock().last_offset, Some(9));
    assert_eq!(everything(&config).await, reference(10).await, "what is hot is still shown");
    blocked.into_iter().for_each(Blocked::lift);
    until("all is read", &|s| s.last_offset == Some(29)).await;
    stop.send(true).unwrap();
    running.await.unwrap().unwrap();
    assert_eq!(everything(&config).await, reference(30).await);
    log.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_dead_processes_left_do_not_pile_up() {
    let dir = tempfile::tempdir().unwrap();
    let config = LakeConfig { hot_grace: Duration::ZERO, ..config(dir.path()) };
    let hot = config.hot_dir.join(tenant(1).to_string());
    let files = || {
        let names = fs::read_dir(&hot).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        names.filter(|n| n.ends_with(".arrow")).count()
    };
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    writer.apply(&records(0..20)).unwrap();
    writer.seal().unwrap();
    drop(writer);
    let before = everything(&config).await;
    // Each ends before it has read enough to show what it has.
    let mut most = 0;
    for _ in 0..6 {
        let mut writer = LakeWriter::open(config.clone()).await.unwrap();
        writer.apply(&records(0..8)).unwrap();
        writer.seal().unwrap();
        most = most.max(files());
        assert_eq!(everything(&config).await, before);
    }
    assert_eq!(most, files(), "the first life and the last, and none between");
}
