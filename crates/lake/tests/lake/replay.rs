use palisade_lake::{LakeConfig, LakeError, LakeWriter};
use palisade_log::Record;
use proptest::prelude::*;

use crate::facts::{config, everything, numbered, tenant};

async fn reference(records: &[Record]) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    writer.apply(records).unwrap();
    writer.seal().unwrap();
    everything(&config).await
}

fn small(dir: &std::path::Path) -> LakeConfig {
    LakeConfig { merge_fan_in: 3, ..config(dir) }
}

/// (records per step, steps, whether it ends with a flush) for each life of the writer.
async fn live(lives: &[(usize, usize, bool)]) {
    let records: Vec<Record> = (0..60).map(numbered).collect();
    let expected = reference(&records).await;
    assert!(expected.len() > 150);
    let dir = tempfile::tempdir().unwrap();
    let config = small(dir.path());
    for (step, steps, flush) in lives.iter().copied().chain([(60, 1, true), (60, 1, false)]) {
        let mut writer = LakeWriter::open(config.clone()).await.unwrap();
        let mut at = usize::try_from(writer.resume_offset()).unwrap();
        for _ in 0..steps {
            let end = (at + step).min(records.len());
            // A reader may hand out what was applied before.
            writer.apply(&records[at.saturating_sub(2)..end]).unwrap();
            at = end;
            writer.seal().unwrap();
            writer.tick().await.unwrap();
        }
        if flush {
            writer.flush().await.unwrap();
            assert_eq!(writer.resume_offset(), at as u64);
        }
    }
    assert_eq!(everything(&config).await, expected);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(6) })]

    #[test]
    fn a_writer_dropped_anywhere_and_replayed_from_its_cursor_has_each_row_once(
        lives in proptest::collection::vec((1usize..12, 1usize..8, any::<bool>()), 1..5)
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(Box::pin(live(&lives)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_was_not_moved_after_a_commit_doubles_nothing() {
    let records: Vec<Record> = (0..20).map(numbered).collect();
    let dir = tempfile::tempdir().unwrap();
    let config = small(dir.path());
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    writer.apply(&records[..15]).unwrap();
    writer.flush().await.unwrap();
    drop(writer);
    // As if the process died between the commits and the cursor.
    palisade_log::Cursor::open(&config.cursors_dir, "lake").unwrap().set(0).unwrap();
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    assert_eq!(writer.resume_offset(), 0);
    writer.apply(&records).unwrap();
    writer.seal().unwrap();
    assert_eq!(everything(&config).await, reference(&records).await);
    writer.flush().await.unwrap();
    assert_eq!(everything(&config).await, reference(&records).await);
    assert_eq!(writer.resume_offset(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_rows_do_not_vanish_while_the_log_is_read_again() {
    let records: Vec<Record> = (0..20).map(numbered).collect();
    let dir = tempfile::tempdir().unwrap();
    let config = small(dir.path());
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    writer.apply(&records).unwrap();
    writer.seal().unwrap();
    drop(writer);
    let before = everything(&config).await;
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    writer.apply(&records[..5]).unwrap();
    writer.seal().unwrap();
    assert_eq!(everything(&config).await, before, "the old manifest stays until the new one has as much");
    writer.apply(&records[5..]).unwrap();
    writer.seal().unwrap();
    assert_eq!(everything(&config).await, before);
    let generations: std::collections::BTreeSet<String> =
        std::fs::read_dir(config.hot_dir.join(tenant(1).to_string()))
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
    assert!(generations.len() > 2, "old files stay for old pins: {generations:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_has_one_writer() {
    let dir = tempfile::tempdir().unwrap();
    let writer = LakeWriter::open(config(dir.path())).await.unwrap();
    assert!(matches!(LakeWriter::open(config(dir.path())).await, Err(LakeError::Locked)));
    drop(writer);
    LakeWriter::open(config(dir.path())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_no_batch_is_counted_and_passed() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    let mut noise = numbered(1);
    noise.payload = b"not a batch".as_slice().into();
    let mut foreign = numbered(2);
    foreign.meta.kind = 77;
    writer.apply(&[numbered(0), noise, foreign, numbered(3)]).unwrap();
    writer.flush().await.unwrap();
    let stats = writer.stats().lock().clone();
    assert_eq!(
        (stats.malformed_records, stats.unknown_records, stats.last_offset, stats.resume_offset),
        (1, 1, Some(3), 4)
    );
    assert_eq!(everything(&config).await, reference(&[numbered(0), numbered(3)]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn hot_files_stay_few() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    for i in 0..300 {
        writer.apply(&[numbered(i)]).unwrap();
        writer.seal().unwrap();
    }
    let stats = writer.stats().lock().clone();
    assert!(stats.hot_files <= 4 * 3 * 8, "{}", stats.hot_files);
    let records: Vec<Record> = (0..300).map(numbered).collect();
    assert_eq!(everything(&config).await, reference(&records).await);
}
