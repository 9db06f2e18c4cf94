use std::time::Duration;

use palisade_lake::{LakeConfig, LakeWriter};
use palisade_types::TimeMicros;

use crate::facts::{DAY, config, device, everything, numbered, record, rows, tenant};

fn parquet_files(config: &LakeConfig, table: &str) -> usize {
    fn count(dir: &std::path::Path) -> usize {
        std::fs::read_dir(dir)
            .unwrap()
            .map(|e| e.unwrap().path())
            .map(|p| {
                if p.is_dir() && !p.ends_with("_delta_log") {
                    count(&p)
                } else {
                    usize::from(p.extension().is_some_and(|e| e == "parquet"))
                }
            })
            .sum()
    }
    count(&config.lake_dir.join(tenant(1).to_string()).join(table))
}

#[tokio::test(flavor = "multi_thread")]
async fn compaction_changes_files_and_no_row_and_the_writer_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let config = LakeConfig { vacuum_grace: Duration::ZERO, ..config(dir.path()) };
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    // More commits than one checkpoint's interval.
    for i in 0..24 {
        writer.apply(&(i * 4..i * 4 + 4).map(numbered).collect::<Vec<_>>()).unwrap();
        writer.flush().await.unwrap();
    }
    let before = everything(&config).await;
    let files = parquet_files(&config, "DeviceProcessEvents");
    let report = writer.compactor().compact().await.unwrap();
    assert!(report.merged > 40 && report.made >= 4 && report.vacuumed > 0, "{report:?}");
    writer.tick().await.unwrap();
    assert_eq!(everything(&config).await, before);
    assert!(parquet_files(&config, "DeviceProcessEvents") <= 2 && files > 20);
    let again = writer.compactor().compact().await.unwrap();
    assert_eq!((again.merged, again.vacuumed), (0, 0), "nothing is left to do");
    writer.apply(&(96..100).map(numbered).collect::<Vec<_>>()).unwrap();
    writer.flush().await.unwrap();
    drop(writer);
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    assert_eq!(writer.resume_offset(), 100);
    writer.caught_up();
    writer.seal().unwrap();
    let after = everything(&config).await;
    assert!(after.len() > before.len());
    drop(writer);
    // The offsets of the commits survive checkpoints: a replay of everything changes nothing.
    palisade_log::Cursor::open(&config.cursors_dir, "lake").unwrap().set(0).unwrap();
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    writer.apply(&(0..100).map(numbered).collect::<Vec<_>>()).unwrap();
    writer.flush().await.unwrap();
    assert_eq!(everything(&config).await, after);
    let log = config.lake_dir.join(tenant(1).to_string()).join("DeviceProcessEvents/_delta_log");
    assert!(log.join("_last_checkpoint").exists(), "checkpoints are written");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_retention_removes_whole_days_by_ingest_time() {
    let dir = tempfile::tempdir().unwrap();
    let config = LakeConfig { retain_days: Some(30), ..config(dir.path()) };
    let mut writer = LakeWriter::open(config.clone()).await.unwrap();
    let now = TimeMicros::now().0;
    let batch = palisade_wire::open(
        &numbered(3).payload,
        numbered(3).meta.raw_length,
        &palisade_wire::BatchLimits::default(),
    )
    .unwrap();
    for (offset, age) in [(0, 40), (1, 31), (2, 29), (3, 0)] {
        writer.apply(&[record(offset, tenant(1), device(1), now - age * DAY, &batch)]).unwrap();
    }
    writer.flush().await.unwrap();
    assert_eq!(rows(&config, tenant(1), "DeviceProcessEvents").await.len(), 16);
    let report = writer.compactor().compact().await.unwrap();
    assert_eq!(report.expired, 4, "two days of two tables: {report:?}");
    writer.tick().await.unwrap();
    assert_eq!(rows(&config, tenant(1), "DeviceProcessEvents").await.len(), 8);
}
