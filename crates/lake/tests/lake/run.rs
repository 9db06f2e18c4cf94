use std::time::{Duration, Instant};

use palisade_lake::{LakeWriter, RunOptions, run};
use palisade_log::{LogOptions, LogWriter};
use tokio::sync::watch;

use crate::facts::{catalogue, config, everything, numbered, tenant};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_appended_to_the_log_becomes_queryable_and_a_stop_leaves_it_in_delta() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let log_dir = dir.path().join("log");
    let log = LogWriter::open(&log_dir, LogOptions { min_free_bytes: 0, ..LogOptions::default() }).unwrap();
    let (stop, stopped) = watch::channel(false);
    let mut options = RunOptions::new(&log_dir);
    options.seal_every = Duration::from_millis(20);
    let writer = LakeWriter::open(config.clone()).await.unwrap();
    let stats = writer.stats();
    let running = tokio::spawn(run(writer, options.clone(), stopped));
    for i in 0..40 {
        let r = numbered(i);
        log.append(r.meta, r.payload).await.unwrap();
    }
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let pinned = catalogue(&config, tenant(1)).await;
        let other = catalogue(&config, tenant(2)).await;
        if pinned.pin().offset().max(other.pin().offset()) == Some(39) {
            break;
        }
        assert!(Instant::now() < end, "rows did not become queryable");
        tokio::task::yield_now().await;
    }
    let seen = everything(&config).await;
    assert!(seen.len() > 100);
    stop.send(true).unwrap();
    running.await.unwrap().unwrap();
    assert_eq!(everything(&config).await, seen);
    let stats = stats.lock().clone();
    assert_eq!((stats.resume_offset, stats.hot_rows, stats.last_offset), (40, 0, Some(39)));
    assert!(stats.freshness.iter().sum::<u64>() > 0);

    // The next life goes on behind it.
    let writer = LakeWriter::open(config.clone()).await.unwrap();
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(run(writer, options, stopped));
    let r = numbered(40);
    log.append(r.meta, r.payload).await.unwrap();
    while everything(&config).await.len() <= seen.len() {
        assert!(Instant::now() < end, "the next row did not become queryable");
    }
    drop(stop);
    running.await.unwrap().unwrap();
    log.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_were_trimmed_unread_are_counted_and_the_rest_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let log_dir = dir.path().join("log");
    let log = LogWriter::open(
        &log_dir,
        LogOptions { min_free_bytes: 0, segment_bytes: 1, ..LogOptions::default() },
    )
    .unwrap();
    for i in 0..20 {
        let r = numbered(i);
        log.append(r.meta, r.payload).await.unwrap();
    }
    let oldest = palisade_log::trim(&log_dir, 10).unwrap().oldest;
    assert!(oldest > 0 && oldest <= 10, "{oldest}");
    let writer = LakeWriter::open(config.clone()).await.unwrap();
    let stats = writer.stats();
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(run(writer, RunOptions::new(&log_dir), stopped));
    let end = Instant::now() + Duration::from_secs(30);
    while stats.lock().last_offset != Some(19) {
        assert!(Instant::now() < end, "the kept records were not read");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.send(true).unwrap();
    running.await.unwrap().unwrap();
    let stats = stats.lock().clone();
    assert_eq!((stats.trimmed_records, stats.resume_offset), (oldest, 20));
    assert!(!everything(&config).await.is_empty());
    log.close();
}
